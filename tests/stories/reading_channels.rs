//! Reading channels: what is shown, what a refusal does and does not do, and
//! that nothing of it outlives a disconnect.

use std::time::Duration;

use allgreen::domain::channel::Status;
use allgreen::domain::delivery::State;
use allgreen::domain::ids::ChannelId;
use allgreen::domain::publisher::CommandKind;
use allgreen::domain::reading::{Count, Reading};
use allgreen::ops::disconnect::disconnect;
use allgreen::ops::probe::{Asked, ask, wait};
use allgreen::ops::views::{self, Lamp};
use allgreen::sandbox::faults::{Fault, Times};
use allgreen::store::reading::Standing;
use allgreen::support::clock::Clock;

use crate::office::{Office, Person};
use crate::world::{World, minutes};

const FEED: &str = "app.bsky.feed.getAuthorFeed";
const NOTIFICATIONS: &str = "app.bsky.notification.listNotifications";
const SCOPE: &str = r#"{"error":"InvalidToken","message":"Bad token scope"}"#;

fn calls(world: &World, endpoint: &str) -> usize {
    let calls = world.sandbox.bluesky().calls();
    calls
        .iter()
        .filter(|call| call.endpoint == endpoint)
        .count()
}

async fn standing(world: &World, channel: &ChannelId, what: Reading) -> Standing {
    let id = channel.clone();
    let standing = world.store.read(move |q| q.standing(&id, what)).await;
    standing.unwrap().unwrap()
}

/// Asks for a reading and has it done; how it went.
async fn read(office: &Office, channel: &ChannelId) -> (bool, String) {
    let id = ask(&office.hub, CommandKind::Read, channel.as_str())
        .await
        .unwrap();
    office.commands().await;
    match wait(&office.hub, &id, Duration::from_secs(30))
        .await
        .unwrap()
    {
        Asked::Done { ok, text } => (ok, text),
        other => panic!("{other:?}"),
    }
}

/// An office with a post that went out and was answered.
async fn answered() -> (Office, ChannelId, String) {
    let office = Office::open().await;
    let bluesky = office.sandbox.bluesky().clone();
    bluesky.app_view(true);
    let (_, channel) = office.channel("ann").await;
    let sent = office.post(&channel, "hello world", minutes(0)).await;
    office.pass().await;
    let delivery = office.hub.store.read(move |q| q.delivery(&sent)).await;
    let uri = delivery.unwrap().remote_id.unwrap();
    let bob = bluesky.create_account("bob.test", "p", "Bob").unwrap();
    bluesky
        .reply(&bob, &uri, "nice \u{1b}]0;pwned\u{7}\u{202e}one")
        .unwrap();
    bluesky.like(&uri, 3).unwrap();
    (office, channel, uri)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j_posts_counts_and_comments_are_read_when_asked_for_and_shown_with_their_time() {
    let (office, channel, uri) = answered().await;
    let before = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert_eq!((before.posts.len(), before.state.fetched_at), (0, None));

    let (ok, text) = read(&office, &channel).await;
    assert!(ok, "{text}");
    let posts = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert_eq!(posts.state.fetched_at, Some(office.clock.now()));
    assert!(!posts.own && posts.state.why_not.is_none());
    assert_eq!(posts.posts[0].post.id, uri);
    assert_eq!(posts.posts[0].post.text, "hello world");
    assert!(posts.posts[0].post.permalink.is_some());
    let metrics = views::metrics(&office.hub, &channel).await.unwrap();
    assert_eq!(metrics.posts[0].post.counts[0], (Count::Likes, 3));
    let comments = views::comments(&office.hub, &channel).await.unwrap();
    let [comment] = comments.comments.as_slice() else {
        panic!("{comments:?}");
    };
    assert_eq!(comment.author, "bob.test");
    assert_eq!(comment.text, "nice ␛]0;pwned␇one", "made harmless");
    assert_eq!(comment.post.as_deref(), Some(uri.as_str()));

    // Later counts replace those of the same day, and are kept per day.
    office.sandbox.bluesky().like(&uri, 1).unwrap();
    read(&office, &channel).await;
    office.clock.advance(minutes(60 * 24));
    office.sandbox.bluesky().like(&uri, 1).unwrap();
    let (ok, text) = read(&office, &channel).await;
    assert!(ok, "{text}");
    let likes: Vec<i64> = office
        .raw()
        .prepare("SELECT value FROM metric WHERE name = 'likes' ORDER BY fetched_at")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(likes, [4, 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j_what_is_deleted_at_the_network_is_no_longer_shown() {
    let (office, channel, _) = answered().await;
    read(&office, &channel).await;
    office.sandbox.bluesky().delete_account("bob.test").unwrap();
    let (ok, text) = read(&office, &channel).await;
    assert!(ok, "{text}");
    let comments = views::comments(&office.hub, &channel).await.unwrap();
    assert_eq!(comments.comments, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_a_disconnect_deletes_everything_that_was_read() {
    let (office, channel, uri) = answered().await;
    read(&office, &channel).await;
    assert!(office.dump().iter().any(|row| row.contains("pwned")));
    let receipt = disconnect(&office.hub, &channel).await.unwrap();
    let counts = receipt.counts;
    assert_eq!((counts.cached_posts, counts.comments), (1, 1));
    assert!(counts.metrics >= 5, "{counts:?}");
    for table in ["recent_post", "metric", "comment", "reading"] {
        let rows = office.dump();
        let left: Vec<_> = rows
            .iter()
            .filter(|row| row.starts_with(&format!("{table}:")))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let comments = views::comments(&office.hub, &channel).await.unwrap();
    assert!(comments.state.is_gone() && comments.comments.is_empty());
    // The history of what went out stays.
    let posts = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert!(posts.own);
    assert_eq!(posts.posts[0].post.id, uri);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_refused_reading_is_amber_once_and_the_channel_goes_on_publishing() {
    let (office, channel, _) = answered().await;
    let bluesky = office.sandbox.bluesky().clone();
    bluesky.fault(
        NOTIFICATIONS,
        None,
        Fault::Status(400, SCOPE.into()),
        Times::Count(2),
    );
    let (ok, text) = read(&office, &channel).await;
    assert!(
        !ok && text.contains("No comments read: Bad token scope"),
        "{text}"
    );
    let view = views::channel(&office.hub, &channel).await.unwrap();
    assert_eq!(
        (view.lamp, view.words.as_str()),
        (Lamp::Attention, "reading refused")
    );
    assert!(
        view.fix.starts_with("allgreen channel reconnect "),
        "{}",
        view.fix
    );
    assert_eq!(view.summary.channel.status, Status::Active);
    let comments = views::comments(&office.hub, &channel).await.unwrap();
    let failure = comments.state.failure.unwrap();
    assert!(failure.refused);
    assert_eq!(failure.evidence.http_status, Some(400));
    let posts = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert_eq!(posts.posts.len(), 1, "the others are read all the same");
    read(&office, &channel).await;
    let told = |rows: Vec<String>, what: &str| {
        let about = rows.iter().filter(|row| row.contains(what));
        about.count()
    };
    assert_eq!(told(office.dump(), "| reading_refused |"), 1, "said once");

    let post = office.post(&channel, "still here", minutes(0)).await;
    office.pass().await;
    let sent = office.hub.store.read(move |q| q.delivery(&post)).await;
    assert_eq!(sent.unwrap().state, State::Published);

    let (ok, text) = read(&office, &channel).await;
    assert!(ok, "{text}");
    let view = views::channel(&office.hub, &channel).await.unwrap();
    assert_eq!(view.lamp, Lamp::Green);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_an_outage_of_what_is_read_changes_no_lamp() {
    let (office, channel, _) = answered().await;
    office.sandbox.bluesky().app_view(false);
    let (ok, text) = read(&office, &channel).await;
    assert!(!ok && text.contains("No metrics read"), "{text}");
    let view = views::channel(&office.hub, &channel).await.unwrap();
    assert_eq!(view.lamp, Lamp::Green);
    let metrics = views::metrics(&office.hub, &channel).await.unwrap();
    assert!(!metrics.state.failure.unwrap().refused);
    let posts = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert_eq!(posts.posts.len(), 1, "the server has them all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_an_ended_token_is_renewed_and_the_reading_made_again() {
    let (office, channel, _) = answered().await;
    office
        .sandbox
        .bluesky()
        .expire_access_tokens("ann.test")
        .unwrap();
    let (ok, text) = read(&office, &channel).await;
    assert!(ok, "{text}");
    let view = views::channel(&office.hub, &channel).await.unwrap();
    assert_eq!(view.lamp, Lamp::Green);
    assert_eq!(office.calls("getAuthorFeed"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_cannot_publish_is_not_read() {
    let (office, channel, _) = answered().await;
    office
        .sandbox
        .bluesky()
        .deactivate("ann.test", true)
        .unwrap();
    ask(&office.hub, CommandKind::Probe, channel.as_str())
        .await
        .unwrap();
    office.commands().await;
    let (ok, text) = read(&office, &channel).await;
    assert!(!ok && text.contains("cannot publish now"), "{text}");
    assert_eq!(office.calls("getAuthorFeed"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_a_publisher_reads_every_hour_by_itself_and_not_more_often() {
    let mut world = World::new().await;
    world.sandbox.bluesky().app_view(true);
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    world
        .until("it is read", async || {
            let comments = standing(&world, &channel, Reading::Comments).await;
            comments.fetched_at.is_some()
        })
        .await;
    Clock::real().sleep(Duration::from_millis(300)).await;
    assert_eq!(calls(&world, FEED), 1);
    world
        .pass_until(minutes(10), "it is read again", async || {
            calls(&world, FEED) >= 2
        })
        .await;
    let passed = world
        .clock
        .now()
        .since(allgreen::support::time::UtcMs::parse_rfc3339(crate::world::NOON).unwrap());
    assert!(passed >= minutes(54), "after {passed:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_server_with_trouble_is_left_alone_and_a_post_is_sent_all_the_same() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    // No AppView behind it: there is nobody to ask for comments.
    world.publish().await;
    world
        .until("the trouble is known", async || {
            let comments = standing(&world, &channel, Reading::Comments).await;
            comments.failure.is_some()
        })
        .await;
    let post = world.schedule(&channel, "on time", minutes(0)).await;
    world.until_state(&post, State::Published).await;
    for _ in 0..5 {
        world.advance(minutes(2));
        Clock::real().sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(calls(&world, NOTIFICATIONS), 1, "within its rest");
    let comments = standing(&world, &channel, Reading::Comments).await;
    assert!(!comments.failure.unwrap().refused);
    world
        .pass_until(minutes(3), "it is tried again", async || {
            calls(&world, NOTIFICATIONS) >= 2
        })
        .await;
    // The longer it lasts, the rarer it is tried: not every quarter of an hour.
    for _ in 0..24 {
        world.advance(minutes(30));
        Clock::real().sleep(Duration::from_millis(50)).await;
    }
    let asked = calls(&world, NOTIFICATIONS);
    assert!(asked <= 12, "asked {asked} times in half a day");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_cannot_be_renewed_is_not_tried_without_a_pause_by_readings() {
    let mut world = World::new().await;
    world.sandbox.bluesky().app_view(true);
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    // The token has ended, and nobody can read what a refresh is answered.
    world.clock.advance(minutes(60 * 3));
    let odd = Fault::Status(418, "new".into());
    let endpoint = "com.atproto.server.refreshSession";
    let bluesky = world.sandbox.bluesky();
    bluesky.fault(endpoint, None, odd, Times::UntilCleared);
    world.publish().await;
    world
        .until("it was tried", async || calls(&world, endpoint) >= 1)
        .await;
    for _ in 0..20 {
        Clock::real().sleep(Duration::from_millis(25)).await;
        world.wake();
    }
    let tried = calls(&world, endpoint);
    assert!(tried <= 4, "tried {tried} times at one instant");
    assert_eq!(calls(&world, FEED), 0);
    assert!(world.channel(&channel).await.publishable);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_what_was_read_leaves_the_log_and_the_backups_too() {
    let (office, channel, _) = answered().await;
    read(&office, &channel).await;
    // The login goes on for another channel, so that no token is wiped.
    let other = office.workspace("Other").await;
    let ann = Person {
        did: String::new(),
        handle: "ann.test".into(),
        app_password: office
            .sandbox
            .bluesky()
            .create_app_password("ann.test", "second")
            .unwrap(),
    };
    office.connect_in(&other, &ann).await;
    office.hub.store.backup_daily("2026-11-22").await.unwrap();
    let holds = || {
        let home = office.home.path();
        let mut files = vec![home.join("allgreen.db"), home.join("allgreen.db-wal")];
        for entry in std::fs::read_dir(home.join("backups")).unwrap() {
            files.push(entry.unwrap().path());
        }
        files.retain(|file| {
            let bytes = std::fs::read(file).unwrap_or_default();
            bytes.windows(5).any(|window| window == b"pwned")
        });
        files.len()
    };
    assert!(holds() >= 2, "the scan finds what is there");
    let receipt = disconnect(&office.hub, &channel).await.unwrap();
    assert_eq!(receipt.counts.siblings, 1);
    assert_eq!(
        (receipt.backups_rewritten, receipt.wipe_pending),
        (2, false)
    );
    assert_eq!(holds(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_that_hangs_keeps_no_post_and_no_publisher_waiting() {
    let mut world = World::new().await;
    let bluesky = world.sandbox.bluesky().clone();
    bluesky.app_view(true);
    let (ann, bob) = (world.person("ann"), world.person("bob"));
    let channel = world.connect(&ann).await;
    world.connect(&bob).await;
    // The clock stands, so the answer never comes.
    let hangs = Fault::Delay(3_600_000);
    bluesky.fault(FEED, None, hangs, Times::UntilCleared);
    world.publish().await;
    world
        .until("a reading is under way", async || calls(&world, FEED) >= 1)
        .await;
    let post = world.schedule(&channel, "on time", minutes(0)).await;
    world.until_state(&post, State::Published).await;
    assert_eq!(calls(&world, FEED), 1, "one at a time from one server");
    assert_eq!(world.live(&ann), ["on time"]);
    // It ends at once, although the answer is still out.
    world.stop().await;
}
