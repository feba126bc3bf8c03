//! Copies of media are kept for as long as something needs them, and no longer.

use std::fs;
use std::time::{Duration, SystemTime};

use allgreen::domain::ids::DeliveryId;

use crate::world::{World, minutes};

const DAY: Duration = Duration::from_secs(86_400);

/// A copy in the media directory, written long ago by the world's clock.
fn copy(world: &World, name: &str) -> std::path::PathBuf {
    let media = world.home.path().join("media");
    fs::create_dir_all(&media).unwrap();
    let path = media.join(name);
    fs::write(&path, name).unwrap();
    let long_ago = u64::try_from(world.clock.now().minus(2 * DAY).0).unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(long_ago);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(at)
        .unwrap();
    path
}

async fn with_media(world: &World, delivery: &DeliveryId, file: &str) {
    let post = world.delivery(delivery).await.post_id;
    let raw = rusqlite::Connection::open(world.home.path().join("allgreen.db")).unwrap();
    raw.execute(
        "INSERT INTO media (id, post_id, position, file, name, mime, bytes, sha256, alt) VALUES (?1, ?2, 0, ?1, 'a.png', 'image/png', 1, '', '')",
        (file, post.as_str()),
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_kept_a_week_after_publishing_and_a_day_after_cancelling_and_while_it_waits() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    let far = DAY * 400;
    let mut cases = Vec::new();
    for (name, state, days, needed) in [
        ("scheduled", "scheduled", 0, true),
        ("published-today", "published", 6, true),
        ("published-long-ago", "published", 8, false),
        ("cancelled-now", "cancelled", 0, true),
        ("cancelled-long-ago", "cancelled", 2, false),
    ] {
        let delivery = world.schedule(&channel, name, far).await;
        with_media(&world, &delivery, name).await;
        cases.push((copy(&world, name), delivery, state, days, needed));
    }
    let raw = rusqlite::Connection::open(world.home.path().join("allgreen.db")).unwrap();
    for (_, delivery, state, days, _) in &cases {
        let values = (delivery.as_str(), world.clock.now().minus(DAY * *days).0);
        let run = |sql: &str| raw.execute(sql, values).unwrap();
        match *state {
            "published" => {
                run(
                    "INSERT INTO attempt (id, delivery_id, attempt_no, term, channel_epoch, generation, idem_key, phase, prepared_at)
                     VALUES (?1, ?1, 1, 1, 1, 1, 'k', 'closed', ?2)",
                );
                run(
                    "INSERT INTO verdict (attempt_id, delivery_id, at, kind) VALUES (?1, ?1, ?2, 'published')",
                );
                run("UPDATE delivery SET state = 'published', published_at = ?2 WHERE id = ?1");
            }
            "cancelled" => {
                run(
                    "UPDATE delivery SET state = 'cancelled', cancelled_from = 'scheduled', cancelled_at = ?2 WHERE id = ?1",
                );
            }
            _ => {}
        }
    }
    let orphan = copy(&world, "of-nobody");
    let fresh = copy(&world, "of-a-post-that-is-being-made");
    let now =
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(world.clock.now().0).unwrap());
    fs::File::options()
        .write(true)
        .open(&fresh)
        .unwrap()
        .set_modified(now)
        .unwrap();
    world.publish().await;
    world
        .until("the copy of nobody is swept", async || !orphan.exists())
        .await;
    world.advance(minutes(1));
    world.stop().await;
    for (path, _, _, _, needed) in &cases {
        assert_eq!(path.exists(), *needed, "{}", path.display());
    }
    assert!(fresh.exists());
}
