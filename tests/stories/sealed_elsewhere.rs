//! Row 45: tokens that were moved to another login or damaged open nothing.
//! What they belong to is held and said; everybody else goes on.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Status};
use allgreen::domain::delivery::State;

use crate::world::{World, minutes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_45_tokens_that_do_not_open_hold_their_channel_alone_and_a_person_is_told() {
    for damage in [
        // A bit of the seal, and the seal of another login.
        "UPDATE secret SET sealed = CAST(substr(sealed, 1, 40) || x'00' || substr(sealed, 42) AS BLOB) WHERE owner_id = ?1",
        "UPDATE secret SET sealed = (SELECT o.sealed FROM secret o WHERE o.owner_id <> ?1 AND o.field = secret.field LIMIT 1) WHERE owner_id = ?1",
    ] {
        let mut world = World::new().await;
        let (ann, bob) = (world.person("ann"), world.person("bob"));
        let (hers, his) = (world.connect(&ann).await, world.connect(&bob).await);
        let login = world.channel(&hers).await.login_id.unwrap();
        let raw = rusqlite::Connection::open(world.home.path().join("allgreen.db")).unwrap();
        assert!(raw.execute(damage, [login.as_str()]).unwrap() > 0);
        let held = world.schedule(&hers, "never with these", minutes(1)).await;
        let goes = world.schedule(&his, "unharmed", minutes(1)).await;
        world.publish().await;
        world.advance(Duration::from_secs(61));
        world.until_state(&goes, State::Published).await;
        world
            .until("her channel is held", async || {
                !world.channel(&hers).await.publishable
            })
            .await;
        let channel = world.channel(&hers).await;
        assert_eq!(
            (channel.status, channel.cause),
            (Status::TokenExpired, Cause::Expired)
        );
        assert!(world.channel(&his).await.publishable);
        assert_eq!(world.delivery(&held).await.state, State::Scheduled);
        assert!(world.live(&ann).is_empty());
        let id = hers.clone();
        let history = world.store.read(move |q| q.history(&id, 10)).await.unwrap();
        assert!(
            history
                .iter()
                .any(|row| format!("{row:?}").contains("do not open")),
            "kept for good: {history:#?}"
        );
        let notices = world.notices().await;
        assert!(!notices.is_empty(), "{notices:#?}");
        // The sealed bytes are left as they are.
        let left: i64 = raw
            .query_row(
                "SELECT count(*) FROM secret WHERE owner_id = ?1",
                [login.as_str()],
                |row| row.get(0),
            )
            .unwrap();
        assert!(left > 0);
        world.stop().await;
    }
}
