//! A Telegram channel from its connection to a post that was held and went out.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::network::Network;
use allgreen::domain::publisher::CommandKind;
use allgreen::networks::Credential;
use allgreen::ops::connect::{connect, reconnect};
use allgreen::ops::disconnect::{Revoked, disconnect};
use allgreen::ops::hub::HubOptions;
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::ops::probe::{ask, probe};
use allgreen::ops::views::{self, Lamp};
use allgreen::ops::{Hub, Paths};
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::telegram::{ChatKind, Rights};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;

use crate::office::{NOON, Office, minutes, new_post};

const BOT: &str = "acme_bot";
const CHAT: &str = "@acme_news";

/// An office that knows where Telegram answers, with a bot that may post.
async fn office() -> (Office, String) {
    let clock = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
    let options = SandboxOptions {
        clock: clock.clone(),
        seed: 7,
        port: 0,
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let telegram = sandbox.telegram();
    let token = telegram.create_bot(BOT, "Acme").unwrap();
    let name = Some("acme_news");
    telegram
        .create_chat(ChatKind::Channel, "Acme", name)
        .unwrap();
    let posts = Rights::Administrator { post: true };
    telegram.set_rights(BOT, CHAT, posts).unwrap();
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::in_home(home.path());
    paths.create().unwrap();
    let settings = NetworkSettings {
        api_base: Some(sandbox.telegram_base().to_owned()),
        allow_private_hosts: true,
        ..NetworkSettings::default()
    };
    let hub = Hub::open(HubOptions {
        paths,
        config: Config {
            networks: [("telegram".to_owned(), settings)].into(),
            // The clock moves only between passes.
            engine: Timing {
                refused_retry: Duration::ZERO,
                ..Timing::default()
            },
            ..Config::default()
        },
        clock: clock.clone(),
        entropy: Entropy::seeded(11),
        operator: Some("ann".into()),
        read_only: false,
        passkey: None,
        hears: None,
    })
    .await
    .unwrap();
    let office = Office {
        clock,
        sandbox,
        home,
        hub,
    };
    (office, token)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_is_connected_posts_is_thrown_out_and_its_post_waits_until_it_is_back() {
    let (office, token) = office().await;
    let telegram = office.sandbox.telegram().clone();
    let credential = Credential::BotToken {
        chat: CHAT.into(),
        token: Secret::new(token.clone()),
    };
    let main = office.main().await;
    let connected = connect(&office.hub, &main, Network::Telegram, credential)
        .await
        .unwrap();
    let channel = connected.channel.channel;
    assert_eq!(
        (channel.status, channel.handle.as_str()),
        (Status::Active, "acme_news")
    );
    let of = async |id| {
        office
            .hub
            .store
            .read(move |q| q.delivery(&id))
            .await
            .unwrap()
    };

    let first = office.post(&channel.id, "first", minutes(5)).await;
    office.clock.advance(minutes(5));
    office.pass().await;
    let sent = of(first).await;
    assert_eq!(sent.state, State::Published);
    assert_eq!(sent.permalink.as_deref(), Some("https://t.me/acme_news/1"));

    let held = office.post(&channel.id, "second", minutes(5)).await;
    telegram.set_rights(BOT, CHAT, Rights::Kicked).unwrap();
    office.clock.advance(minutes(5));
    office.pass().await;
    assert_eq!(
        of(held.clone()).await.state,
        State::Scheduled,
        "held, not failed"
    );
    let id = channel.id.clone();
    let broken = office
        .hub
        .store
        .read(move |q| q.channel(&id))
        .await
        .unwrap();
    assert_eq!((broken.cause, broken.publishable), (Cause::RoleLost, false));

    let posts = Rights::Administrator { post: true };
    telegram.set_rights(BOT, CHAT, posts).unwrap();
    probe(&office.hub, &channel.id).await.unwrap();
    office.commands().await;
    let id = channel.id.clone();
    let healed = office
        .hub
        .store
        .read(move |q| q.channel(&id))
        .await
        .unwrap();
    assert_eq!((healed.cause, healed.publishable), (Cause::None, true));
    // It goes out with its next try, a little late.
    office.clock.advance(minutes(10));
    office.pass().await;
    assert_eq!(of(held).await.state, State::Published);
    let texts: Vec<String> = telegram.messages().into_iter().map(|m| m.text).collect();
    assert_eq!(texts, ["first", "second"]);

    let (_, secret) = token.split_once(':').unwrap();
    assert!(!office.dump().join("\n").contains(secret), "sealed only");
    let receipt = disconnect(&office.hub, &channel.id).await.unwrap();
    match receipt.revoked {
        Revoked::NotAsked(why) => assert!(why.contains("/revoke"), "{why}"),
        other => panic!("{other:?}"),
    }
    let calls = telegram.calls();
    assert!(
        calls.iter().all(|call| {
            !["getUpdates", "logOut", "leaveChat"].contains(&call.endpoint.as_str())
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_a_persons_to_decide_and_never_sent_again_by_itself() {
    let (office, token) = office().await;
    let telegram = office.sandbox.telegram().clone();
    let credential = Credential::BotToken {
        chat: CHAT.into(),
        token: Secret::new(token),
    };
    let main = office.main().await;
    let connected = connect(&office.hub, &main, Network::Telegram, credential)
        .await
        .unwrap();
    let channel = connected.channel.channel.id;
    let thread = NewPost {
        then: vec!["more".into()],
        ..new_post(&channel, "one", PostTime::Now)
    };
    let refused = create(&office.hub, thread).await.unwrap_err();
    assert!(refused.what.ends_with("Telegram has no threads."));
    let post = office.post(&channel, "once", minutes(5)).await;
    telegram.fault_once("sendMessage", Fault::DropAnswer);
    for _ in 0..6 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    let delivery = office.hub.store.read(move |q| q.delivery(&post)).await;
    assert_eq!(delivery.unwrap().state, State::NeedsDecision);
    assert_eq!(telegram.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_what_a_bot_cannot_read_is_said_and_its_own_history_shown_without_a_call() {
    let (office, token) = office().await;
    let credential = Credential::BotToken {
        chat: CHAT.into(),
        token: Secret::new(token),
    };
    let main = office.main().await;
    let connected = connect(&office.hub, &main, Network::Telegram, credential)
        .await
        .unwrap();
    let channel = connected.channel.channel.id;
    office.post(&channel, "first", minutes(5)).await;
    office.clock.advance(minutes(5));
    office.pass().await;
    let calls = office.sandbox.telegram().calls().len();
    ask(&office.hub, CommandKind::Read, channel.as_str())
        .await
        .unwrap();
    office.commands().await;
    assert_eq!(office.sandbox.telegram().calls().len(), calls);
    let posts = views::recent_posts(&office.hub, &channel).await.unwrap();
    assert!(posts.own);
    assert!(posts.state.why_not.unwrap().contains("went out from here"));
    let texts: Vec<_> = posts
        .posts
        .iter()
        .map(|one| one.post.text.as_str())
        .collect();
    assert_eq!(texts, ["first"]);
    let link = posts.posts[0].post.permalink.as_deref();
    assert_eq!(link, Some("https://t.me/acme_news/1"));
    let metrics = views::metrics(&office.hub, &channel).await.unwrap();
    let comments = views::comments(&office.hub, &channel).await.unwrap();
    for why in [metrics.state.why_not, comments.state.why_not] {
        assert!(why.unwrap().starts_with("Not available on Telegram"));
    }
    let view = views::channel(&office.hub, &channel).await.unwrap();
    assert_eq!(view.lamp, Lamp::Green);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_a_revoked_token_holds_the_posts_and_only_one_for_the_same_chat_sends_them() {
    let (office, token) = office().await;
    let telegram = office.sandbox.telegram().clone();
    let credential = |chat: &str, token: &str| Credential::BotToken {
        chat: chat.into(),
        token: Secret::new(token),
    };
    let main = office.main().await;
    let connected = connect(
        &office.hub,
        &main,
        Network::Telegram,
        credential(CHAT, &token),
    );
    let channel = connected.await.unwrap().channel.channel.id;
    let of = async |id| {
        let read = office.hub.store.read(move |q| q.delivery(&id));
        read.await.unwrap().state
    };
    let stored = async || {
        let id = channel.clone();
        let read = office.hub.store.read(move |q| q.channel(&id));
        read.await.unwrap()
    };
    let held = office.post(&channel, "held", minutes(20)).await;
    telegram.revoke_token(BOT).unwrap();
    office.clock.advance(minutes(20));
    office.pass().await;
    assert_eq!(of(held.clone()).await, State::Scheduled, "held");
    let broken = stored().await;
    assert_eq!(
        (broken.status, broken.publishable),
        (Status::Revoked, false)
    );

    // A bot that may post, but elsewhere.
    let other = telegram.create_bot("birch_bot", "Birch").unwrap();
    let name = Some("birch_news");
    telegram
        .create_chat(ChatKind::Channel, "Birch", name)
        .unwrap();
    let posts = Rights::Administrator { post: true };
    telegram
        .set_rights("birch_bot", "@birch_news", posts)
        .unwrap();
    let elsewhere = reconnect(&office.hub, &channel, credential("@birch_news", &other));
    assert_eq!(elsewhere.await.unwrap_err().code, "another_account");
    assert_eq!(stored().await, broken, "nothing was changed");

    // Another bot for the same chat is the same channel.
    let posts = Rights::Administrator { post: true };
    telegram.set_rights("birch_bot", CHAT, posts).unwrap();
    let again = reconnect(&office.hub, &channel, credential(CHAT, &other));
    assert!(again.await.unwrap().reconnected);
    for _ in 0..2 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    assert_eq!(of(held).await, State::Published);
    let texts: Vec<String> = telegram.messages().into_iter().map(|m| m.text).collect();
    assert_eq!(texts, ["held"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_delays_a_post_as_long_as_it_says_and_breaks_nothing() {
    let (office, token) = office().await;
    let telegram = office.sandbox.telegram().clone();
    let credential = Credential::BotToken {
        chat: CHAT.into(),
        token: Secret::new(token),
    };
    let main = office.main().await;
    let connected = connect(&office.hub, &main, Network::Telegram, credential);
    let channel = connected.await.unwrap().channel.channel.id;
    let post = office.post(&channel, "later", minutes(5)).await;
    telegram.fault_once("sendMessage", Fault::RateLimited { retry_after: 600 });
    for _ in 0..2 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    assert_eq!(telegram.messages().len(), 0);
    for _ in 0..3 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    let read = office
        .hub
        .store
        .read(move |q| Ok((q.delivery(&post)?, q.channel(&channel)?)));
    let (delivery, channel) = read.await.unwrap();
    assert_eq!(delivery.state, State::Published);
    assert!(channel.publishable);
    assert_eq!(telegram.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_a_login_for_one_chat_does_not_mend_the_right_that_is_missing_in_another() {
    let (office, token) = office().await;
    let telegram = office.sandbox.telegram().clone();
    let other = "@acme_jobs";
    let made = telegram.create_chat(ChatKind::Channel, "Jobs", Some("acme_jobs"));
    made.unwrap();
    let posts = |post| Rights::Administrator { post };
    telegram.set_rights(BOT, other, posts(true)).unwrap();
    let credential = |chat: &str| Credential::BotToken {
        chat: chat.into(),
        token: Secret::new(&token),
    };
    let main = office.main().await;
    let mut channels = Vec::new();
    for chat in [CHAT, other] {
        let connected = connect(&office.hub, &main, Network::Telegram, credential(chat));
        channels.push(connected.await.unwrap().channel.channel.id);
    }
    let lamp = async || {
        let id = channels[0].clone();
        let read = office.hub.store.read(move |q| q.channel(&id));
        let channel = read.await.unwrap();
        (channel.publishable, channel.cause)
    };
    telegram.set_rights(BOT, CHAT, posts(false)).unwrap();
    let held = office.post(&channels[0], "held", minutes(20)).await;
    for _ in 0..2 {
        office.clock.advance(minutes(20));
        office.pass().await;
    }
    assert_eq!(lamp().await, (false, Cause::ScopeMissing));

    let again = async || {
        let done = reconnect(&office.hub, &channels[1], credential(other));
        assert!(done.await.unwrap().reconnected);
    };
    again().await;
    assert_eq!(lamp().await, (false, Cause::ScopeMissing), "nobody looked");
    office.pass().await;
    assert_eq!(lamp().await, (false, Cause::ScopeMissing), "still missing");

    // Once the right is back, the look that such a login asks for finds it.
    telegram.set_rights(BOT, CHAT, posts(true)).unwrap();
    again().await;
    let planned: i64 = office
        .raw()
        .query_row(
            "SELECT next_probe_at FROM channel WHERE id = ?1",
            [channels[0].as_str()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(planned, office.clock.now().0, "looked at at once");
    probe(&office.hub, &channels[0]).await.unwrap();
    office.commands().await;
    assert_eq!(lamp().await, (true, Cause::None));
    for _ in 0..2 {
        office.pass().await;
        office.clock.advance(minutes(5));
    }
    let read = office.hub.store.read(move |q| q.delivery(&held));
    assert_eq!(read.await.unwrap().state, State::Published);
}
