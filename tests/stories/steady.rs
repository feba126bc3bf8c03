//! Trouble that stays: nothing is asked for without a pause, nothing is stuck,
//! nothing hides what is due elsewhere.

use std::time::Duration;

use allgreen::domain::channel::Cause;
use allgreen::domain::delivery::State;
use allgreen::sandbox::faults::{Fault, Times};
use allgreen::support::clock::Clock;

use crate::world::{World, minutes};

const REFRESH: &str = "com.atproto.server.refreshSession";
const PUT: &str = "com.atproto.repo.putRecord";

fn calls(world: &World, endpoint: &str) -> usize {
    let calls = world.sandbox.bluesky().calls();
    calls
        .iter()
        .filter(|call| call.endpoint == endpoint)
        .count()
}

fn database(world: &World) -> rusqlite::Connection {
    let raw = rusqlite::Connection::open(world.home.path().join("allgreen.db")).unwrap();
    raw.busy_timeout(Duration::from_secs(5)).unwrap();
    raw
}

/// Real time in which nothing should happen; the clock of the story stands.
async fn a_moment() {
    Clock::real().sleep(Duration::from_millis(400)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_restricted_account_is_probed_at_its_turns_and_not_without_a_pause() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    world.sandbox.bluesky().deactivate(&ann.did, true).unwrap();
    world.advance(minutes(70));
    world
        .until("it is restricted", async || {
            world.channel(&channel).await.cause == Cause::Restricted
        })
        .await;
    a_moment().await;
    let asked = calls(&world, REFRESH);
    assert!(asked <= 4, "the network was asked {asked} times at once");
    world.sandbox.bluesky().deactivate(&ann.did, false).unwrap();
    world
        .pass_until(minutes(10), "it is healed", async || {
            world.channel(&channel).await.publishable
        })
        .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_refused_write_waits_while_nobody_can_say_whether_the_login_lives() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "patience", minutes(5)).await;
    let expired = r#"{"error":"ExpiredToken","message":"Token has expired"}"#;
    let bluesky = world.sandbox.bluesky();
    let refused = Fault::Status(400, expired.into());
    bluesky.fault(PUT, None, refused, Times::UntilCleared);
    bluesky.fault(REFRESH, None, Fault::Down, Times::UntilCleared);
    world.advance(minutes(5));
    world
        .until("the write was refused", async || calls(&world, PUT) > 0)
        .await;
    a_moment().await;
    let tried = calls(&world, PUT);
    assert!(tried <= 2, "the post was sent {tried} times at once");
    world.sandbox.bluesky().clear_faults();
    world
        .pass_until(Duration::from_secs(30), "it is out", async || {
            world.delivery(&post).await.state == State::Published
        })
        .await;
    assert!(world.channel(&channel).await.publishable);
    assert_eq!(world.live(&ann), ["patience"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_could_not_be_written_down_is_read_from_the_network_later() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "once", minutes(5)).await;
    let raw = database(&world);
    raw.execute_batch(
        "CREATE TRIGGER story BEFORE INSERT ON verdict WHEN NEW.kind = 'published'
         BEGIN SELECT RAISE(ABORT, 'the disk is in trouble'); END",
    )
    .unwrap();
    world.advance(minutes(5));
    world
        .until("it is live", async || world.live(&ann).len() == 1)
        .await;
    a_moment().await;
    raw.execute_batch("DROP TRIGGER story").unwrap();
    world
        .pass_until(Duration::from_secs(15), "it is known", async || {
            world.delivery(&post).await.state == State::Published
        })
        .await;
    assert_eq!(world.live(&ann), ["once"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_of_one_channel_hides_no_post_of_another() {
    let mut world = World::new().await;
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let (busy, quiet) = (world.connect(&ann).await, world.connect(&bob).await);
    let first = world.schedule(&busy, "late", minutes(10)).await;
    database(&world)
        .execute(
            "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, created_by, created_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
             SELECT id || i, post_id, workspace_id, channel_id, handle, state, due + i, civil, timezone, created_by, created_at
             FROM delivery, n WHERE id = ?1",
            [first.as_str()],
        )
        .unwrap();
    let live = world.schedule(&quiet, "now", minutes(180)).await;
    world.advance(minutes(180));
    world.publish().await;
    world.until_state(&live, State::Published).await;
    assert_eq!(world.live(&bob), ["now"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_published_before_is_watched_like_any_other() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let first = world.schedule(&channel, "first", minutes(5)).await;
    world.advance(minutes(5));
    world.until_state(&first, State::Published).await;
    let second = world.schedule(&channel, "second", minutes(30)).await;
    world
        .sandbox
        .bluesky()
        .fault(REFRESH, None, Fault::Down, Times::UntilCleared);
    world.advance(minutes(30));
    world
        .pass_until(Duration::from_secs(15), "it is said", async || {
            let said = world.notices().await;
            said.iter().any(|text| text.contains("is late"))
        })
        .await;
    assert_eq!(world.delivery(&second).await.state, State::Scheduled);
    world.stop().await;
}
