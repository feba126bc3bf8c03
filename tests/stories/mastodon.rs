//! A Mastodon channel: held while its token is gone, mended by a new one, and
//! never posting twice although an answer was lost, or lied.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Channel, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::network::Network;
use allgreen::domain::post_options::{PostOptions, Visibility};
use allgreen::domain::publisher::PublisherKind;
use allgreen::networks::Credential;
use allgreen::ops::connect::{connect, reconnect};
use allgreen::ops::disconnect::{Revoked, disconnect};
use allgreen::ops::hub::HubOptions;
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::ops::probe::probe;
use allgreen::ops::views::{PostView, pages};
use allgreen::ops::{Hub, Paths};
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use tokio::sync::watch;

use crate::office::{NOON, Office, minutes, new_post};

const POST: &str = "post_status";

/// An office with a connected account on a simulated instance.
struct Scene {
    office: Office,
    token: String,
    channel: ChannelId,
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        sandbox.mastodon().create_account("acme").unwrap();
        let token = token(&sandbox);
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::in_home(home.path());
        paths.create().unwrap();
        let settings = NetworkSettings {
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        let hub = Hub::open(HubOptions {
            paths,
            config: Config {
                networks: [("mastodon".to_owned(), settings)].into(),
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
        let credential = credential(&office, &token);
        let main = office.main().await;
        let connected = connect(&office.hub, &main, Network::Mastodon, credential)
            .await
            .unwrap();
        let channel = connected.channel.channel.id;
        Self {
            office,
            token,
            channel,
        }
    }

    /// A new token mends the channel, and what was held goes out, once.
    async fn mended_sends(&self, held: &DeliveryId) {
        let fresh = token(&self.office.sandbox);
        let credential = credential(&self.office, &fresh);
        let mended = reconnect(&self.office.hub, &self.channel, credential);
        mended.await.unwrap();
        self.passes(2).await;
        assert_eq!(self.state(held).await, State::Published);
        assert_eq!(self.texts(), ["once"]);
    }

    async fn channel(&self) -> Channel {
        let id = self.channel.clone();
        let store = &self.office.hub.store;
        store.read(move |q| q.channel(&id)).await.unwrap()
    }

    async fn state(&self, id: &DeliveryId) -> State {
        let id = id.clone();
        let store = &self.office.hub.store;
        store.read(move |q| q.delivery(&id)).await.unwrap().state
    }

    fn texts(&self) -> Vec<String> {
        let statuses = self.office.sandbox.mastodon().statuses();
        statuses.into_iter().map(|status| status.text).collect()
    }

    /// Passes, five minutes apart.
    async fn passes(&self, times: usize) {
        for _ in 0..times {
            self.office.clock.advance(minutes(5));
            self.office.pass().await;
        }
    }
}

fn token(sandbox: &Sandbox) -> String {
    sandbox
        .mastodon()
        .create_token("acme", &["read", "write"])
        .unwrap()
}

fn credential(office: &Office, token: &str) -> Credential {
    Credential::AccessToken {
        server: office.sandbox.mastodon_base().to_owned(),
        token: Secret::new(token),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_a_revoked_token_holds_the_posts_and_a_new_one_sends_them() {
    let scene = Scene::new().await;
    let first = scene.office.post(&scene.channel, "first", minutes(5)).await;
    scene.passes(1).await;
    assert_eq!(scene.state(&first).await, State::Published);

    let held = scene
        .office
        .post(&scene.channel, "second", minutes(5))
        .await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.revoke_token(&scene.token).unwrap();
    // The proof of the connect is too old by then.
    scene.office.clock.advance(minutes(20));
    scene.office.pass().await;
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    assert!(!scene.channel().await.publishable);

    let fresh = token(&scene.office.sandbox);
    let credential = credential(&scene.office, &fresh);
    let again = reconnect(&scene.office.hub, &scene.channel, credential)
        .await
        .unwrap();
    assert!(again.reconnected);
    assert!(scene.channel().await.publishable);
    scene.passes(1).await;
    assert_eq!(scene.state(&held).await, State::Published);
    assert_eq!(scene.texts(), ["first", "second"]);
    assert!(!scene.office.dump().join("\n").contains(&fresh), "sealed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_found_among_the_accounts_statuses_and_nothing_is_sent_again() {
    for keeps_keys in [true, false] {
        let scene = Scene::new().await;
        let mastodon = scene.office.sandbox.mastodon();
        mastodon.ignore_idempotency(!keeps_keys);
        mastodon.fault_once(POST, Fault::DropAnswer);
        let post = scene.office.post(&scene.channel, "once", minutes(5)).await;
        scene.passes(1).await;
        assert_eq!(scene.state(&post).await, State::Unknown);
        scene.passes(4).await;
        assert_eq!(scene.state(&post).await, State::Published);
        assert_eq!(scene.texts(), ["once"], "keeps keys: {keeps_keys}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_arrived_is_absent_twice_and_goes_out_once() {
    for keeps_keys in [true, false] {
        let scene = Scene::new().await;
        let mastodon = scene.office.sandbox.mastodon();
        mastodon.ignore_idempotency(!keeps_keys);
        mastodon.fault_once(POST, Fault::DropBeforeProcessing);
        let post = scene.office.post(&scene.channel, "once", minutes(5)).await;
        scene.passes(1).await;
        assert_eq!(scene.state(&post).await, State::Unknown);
        assert_eq!(scene.texts(), Vec::<String>::new());
        scene.passes(6).await;
        assert_eq!(scene.state(&post).await, State::Published);
        assert_eq!(scene.texts(), ["once"], "keeps keys: {keeps_keys}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_reading_that_is_refused_turns_the_channel_red_though_the_refused_post_was_not_answered()
 {
    for keeps_keys in [true, false] {
        let scene = Scene::new().await;
        let mastodon = scene.office.sandbox.mastodon();
        mastodon.ignore_idempotency(!keeps_keys);
        let post = scene.office.post(&scene.channel, "once", minutes(5)).await;
        mastodon.fault_once(POST, Fault::DropBeforeProcessing);
        mastodon.revoke_token(&scene.token).unwrap();
        scene.passes(1).await;
        assert_eq!(scene.state(&post).await, State::Unknown);
        assert!(scene.channel().await.publishable, "nobody was refused yet");

        // The first reading possible, long before the next proof of the login.
        scene.office.clock.advance(Duration::from_secs(91));
        scene.office.pass().await;
        let channel = scene.channel().await;
        assert!(!channel.publishable, "keeps keys: {keeps_keys}");
        assert_eq!(channel.cause, Cause::AccessWithdrawn);
        assert_eq!(scene.state(&post).await, State::Unknown);
        assert_eq!(scene.texts(), Vec::<String>::new());

        let fresh = credential(&scene.office, &token(&scene.office.sandbox));
        let mended = reconnect(&scene.office.hub, &scene.channel, fresh).await;
        assert!(mended.unwrap().reconnected);
        scene.passes(6).await;
        assert_eq!(scene.state(&post).await, State::Published);
        assert_eq!(scene.texts(), ["once"], "keeps keys: {keeps_keys}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_another_accounts_token_changes_nothing() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.create_account("birch").unwrap();
    let other = mastodon.create_token("birch", &["read", "write"]).unwrap();
    let before = scene.channel().await;
    let refused = reconnect(
        &scene.office.hub,
        &scene.channel,
        credential(&scene.office, &other),
    )
    .await
    .unwrap_err();
    assert_eq!(refused.code, "another_account");
    assert_eq!(scene.channel().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_thread_answers_itself_and_a_lost_answer_holds_the_rest() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.fault_once(POST, Fault::DropAnswer);
    let options = PostOptions {
        visibility: Some(Visibility::Unlisted),
        ..PostOptions::default()
    };
    let new = NewPost {
        then: vec!["two".into(), "three".into()],
        options,
        ..new_post(&scene.channel, "one", PostTime::At("in 5m".into()))
    };
    let thread = create(&scene.office.hub, new).await.unwrap();
    scene.passes(1).await;
    assert_eq!(
        scene.texts(),
        ["one"],
        "the rest waits for what is known of it"
    );
    scene.passes(4).await;
    for part in &thread.deliveries {
        assert_eq!(scene.state(&part.delivery.id).await, State::Published);
    }
    let live = mastodon.statuses();
    assert_eq!(scene.texts(), ["one", "two", "three"]);
    let answers: Vec<_> = live.iter().map(|one| one.in_reply_to.as_deref()).collect();
    let ids: Vec<_> = live.iter().map(|one| Some(one.id.as_str())).collect();
    assert_eq!(answers, [None, ids[0], ids[1]]);
    assert!(live.iter().all(|one| one.visibility == "unlisted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_a_token_that_may_only_read_holds_the_posts_until_one_comes_that_may_write() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.drop_scope(&scene.token, "write").unwrap();
    let held = scene.office.post(&scene.channel, "once", minutes(5)).await;
    // One publisher, which remembers that it was refused before.
    let engine = scene.office.engine();
    let (stop, stopped) = watch::channel(false);
    let running = engine.clone();
    let daemon = tokio::spawn(async move { running.run(PublisherKind::Daemon, stopped).await });
    let real = Clock::real();
    for _ in 0..600 {
        if !scene.channel().await.publishable {
            break;
        }
        scene.office.clock.advance(Duration::from_secs(15));
        engine.wake();
        real.sleep(Duration::from_millis(15)).await;
    }
    stop.send(true).unwrap();
    daemon.await.unwrap().unwrap();
    let channel = scene.channel().await;
    assert_eq!(
        (channel.cause, channel.publishable),
        (Cause::ScopeMissing, false)
    );
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    scene.mended_sends(&held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a7_posts_refused_beside_good_proofs_turn_red_in_the_second_run_of_cron() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.drop_scope(&scene.token, "write").unwrap();
    let held = scene.office.post(&scene.channel, "once", minutes(5)).await;
    // Each pass is a publisher of its own, as cron starts it.
    scene.passes(1).await;
    assert!(scene.channel().await.publishable, "one is no reason");
    scene.passes(1).await;
    let channel = scene.channel().await;
    assert_eq!(
        (channel.cause, channel.publishable),
        (Cause::ScopeMissing, false)
    );
    // The login is as good as before, which says nothing about posts.
    probe(&scene.office.hub, &scene.channel).await.unwrap();
    scene.office.commands().await;
    let channel = scene.channel().await;
    assert!(!channel.publishable, "{:?}", channel.cause);
    assert!(
        scene
            .office
            .dump()
            .join("\n")
            .contains("Only a reconnect mends that.")
    );
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    scene.mended_sends(&held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_38_the_first_refusal_in_a_batch_holds_the_rest_and_is_said_once() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    let mut batch = Vec::new();
    for n in 1..=6 {
        let text = format!("{n}");
        batch.push(
            scene
                .office
                .post(&scene.channel, &text, minutes(5 * n))
                .await,
        );
    }
    scene.passes(2).await;
    assert_eq!(scene.texts(), ["1", "2"]);
    mastodon.revoke_token(&scene.token).unwrap();
    let posts = || {
        let calls = mastodon.calls();
        calls.iter().filter(|one| one.endpoint == POST).count()
    };
    let before = posts();
    scene.passes(6).await;
    assert_eq!(posts() - before, 1, "the first refusal, and none after it");
    assert!(!scene.channel().await.publishable);
    for held in &batch[2..] {
        assert_eq!(scene.state(held).await, State::Scheduled, "held");
    }
    assert_eq!(scene.texts(), ["1", "2"]);
    let notices = scene.office.hub.store.read(|q| q.notices(None, false, 100));
    let notices = notices.await.unwrap();
    let said = notices.iter().filter(|one| one.kind == "reconnect").count();
    assert_eq!(said, 1, "{notices:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_41_a_reconnect_with_fewer_permissions_keeps_the_posts_held() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    let held = scene.office.post(&scene.channel, "once", minutes(5)).await;
    mastodon.revoke_token(&scene.token).unwrap();
    scene.passes(2).await;
    assert!(!scene.channel().await.publishable);
    let less = mastodon.create_token("acme", &["read"]).unwrap();
    let mended = reconnect(
        &scene.office.hub,
        &scene.channel,
        credential(&scene.office, &less),
    );
    // A token made by hand does not say what it may do: its first post does.
    let told = mended.await.is_ok();
    scene.passes(4).await;
    let channel = scene.channel().await;
    assert!(!channel.publishable, "reconnect said {told}");
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    assert_eq!(scene.texts(), [""; 0]);
    scene.mended_sends(&held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_account_holds_the_posts_and_is_green_with_the_next_proof_after_that_is_lifted() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.freeze("acme", true).unwrap();
    let held = scene
        .office
        .post(&scene.channel, "patience", minutes(20))
        .await;
    scene.passes(5).await;
    let channel = scene.channel().await;
    assert_eq!(
        (channel.status, channel.cause),
        (Status::Active, Cause::Restricted)
    );
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    mastodon.freeze("acme", false).unwrap();
    probe(&scene.office.hub, &scene.channel).await.unwrap();
    scene.office.commands().await;
    assert!(scene.channel().await.publishable);
    scene.passes(3).await;
    assert_eq!(scene.state(&held).await, State::Published);
    assert_eq!(scene.texts(), ["patience"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_the_answer_there_is_one_status_and_we_know_it() {
    let broken = r#"{"error":"Something went wrong on our end"}"#;
    for fault in [
        Fault::ProcessLater(300),
        Fault::Status(500, broken.into()),
        Fault::StatusThoughDone(500, broken.into()),
        Fault::BrokenJson,
        Fault::HugeJson(8 << 20),
        Fault::RateLimited { retry_after: 600 },
        Fault::Down,
    ] {
        for keeps_keys in [true, false] {
            let scene = Scene::new().await;
            let mastodon = scene.office.sandbox.mastodon();
            mastodon.ignore_idempotency(!keeps_keys);
            let name = format!("{fault:?}, keeps keys: {keeps_keys}");
            mastodon.fault_once(POST, fault.clone());
            let post = scene.office.post(&scene.channel, "once", minutes(5)).await;
            scene.passes(1).await;
            assert_ne!(scene.state(&post).await, State::Published, "{name}");
            // The clock of this story jumps; what is late on the wire comes all
            // the same before we look.
            while matches!(fault, Fault::ProcessLater(_)) && scene.texts().is_empty() {
                Clock::real().sleep(Duration::from_millis(5)).await;
            }
            scene.passes(7).await;
            assert_eq!(scene.state(&post).await, State::Published, "{name}");
            assert_eq!(scene.texts(), ["once"], "{name}");
            assert!(scene.channel().await.publishable, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_held_by_a_request_under_way_is_waited_for_and_makes_one_status() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.differ(|server| server.keys_locked = true);
    let post = scene.office.post(&scene.channel, "once", minutes(5)).await;
    scene.passes(4).await;
    assert_ne!(scene.state(&post).await, State::Published);
    mastodon.differ(|server| server.keys_locked = false);
    scene.passes(6).await;
    assert_eq!(scene.state(&post).await, State::Published);
    assert_eq!(scene.texts(), ["once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_for_spam_is_said_and_not_sent_again_by_itself() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.antispam("acme", true).unwrap();
    let post = scene
        .office
        .post(&scene.channel, "cheap watches", minutes(5))
        .await;
    scene.passes(1).await;
    assert_eq!(scene.state(&post).await, State::Failed);
    assert!(scene.channel().await.publishable, "the login is fine");
    let dump = scene.office.dump().join("\n");
    assert!(dump.contains("protection against spam refused it"));
    mastodon.antispam("acme", false).unwrap();
    scene.passes(12).await;
    assert_eq!(scene.state(&post).await, State::Failed);
    assert_eq!(scene.texts(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_as_long_as_its_server_takes_it_and_that_is_asked_once_a_day() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    let asked = || {
        let calls = mastodon.calls();
        calls
            .iter()
            .filter(|one| one.endpoint == "instance")
            .count()
    };
    assert_eq!(asked(), 1, "at the login");
    let long = "x".repeat(900);
    let write = async |after: &str| {
        let when = PostTime::At(after.into());
        scene.office.try_post(&scene.channel, &long, when).await
    };
    let refused = write("in 5m").await.unwrap_err();
    assert!(
        refused.what.contains("400 characters too long"),
        "{refused:?}"
    );
    mastodon.differ(|server| server.limits.max_characters = 1000);
    for (hours, times) in [(1, 1), (24, 2)] {
        // A post that is due brings a proof.
        let due = minutes(60 * hours);
        scene.office.post(&scene.channel, "short", due).await;
        scene.office.clock.advance(due);
        scene.office.pass().await;
        assert_eq!(asked(), times, "after {hours} h");
    }
    let sent = write("in 5m").await.unwrap();
    scene.passes(1).await;
    let state = async |post: PostView| scene.state(&post.deliveries[0].delivery.id).await;
    assert_eq!(state(sent).await, State::Published);
    assert_eq!(scene.texts().len(), 3);

    // What the server takes back meanwhile is seen before anything is sent.
    let later = write("in 25h").await.unwrap();
    mastodon.differ(|server| server.limits.max_characters = 500);
    scene.office.clock.advance(minutes(25 * 60));
    scene.office.pass().await;
    assert_eq!(state(later).await, State::Failed);
    assert_eq!(scene.texts().len(), 3);
    assert!(scene.channel().await.publishable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_a_token_that_its_server_ended_holds_the_posts_and_only_a_new_one_mends_that() {
    let scene = Scene::new().await;
    let mastodon = scene.office.sandbox.mastodon();
    let held = scene.office.post(&scene.channel, "once", minutes(20)).await;
    // It is asked twice before anything turns red.
    for _ in 0..2 {
        let ended = r#"{"error":"The access token expired"}"#;
        let fault = Fault::Status(401, ended.into());
        mastodon.fault_once("verify_credentials", fault);
    }
    scene.office.clock.advance(minutes(20));
    scene.office.pass().await;
    let channel = scene.channel().await;
    assert_eq!(
        (channel.status, channel.publishable),
        (Status::TokenExpired, false)
    );
    assert_eq!(scene.state(&held).await, State::Scheduled, "held");
    scene.mended_sends(&held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_a_channel_are_those_of_its_own_server() {
    let scene = Scene::new().await;
    let server = scene.office.sandbox.mastodon_base();
    let hub = &scene.office.hub;
    let found = pages(hub, &scene.channel().await).await.unwrap();
    let permissions = format!("{server}/oauth/authorized_applications");
    assert_eq!(found.permissions, Some(permissions));
    assert_eq!(found.status, None, "it names none");
    let told = Some("https://status.example.org/".to_owned());
    let mastodon = scene.office.sandbox.mastodon();
    mastodon.differ(|server| server.limits.status_url.clone_from(&told));
    let fresh = token(&scene.office.sandbox);
    let credential = credential(&scene.office, &fresh);
    reconnect(hub, &scene.channel, credential).await.unwrap();
    let found = pages(hub, &scene.channel().await).await.unwrap();
    assert_eq!(found.status, told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_a_token_made_by_hand_is_forgotten_and_whoever_can_end_it_is_named() {
    let scene = Scene::new().await;
    let receipt = disconnect(&scene.office.hub, &scene.channel).await.unwrap();
    match receipt.revoked {
        Revoked::NotAsked(how) => assert!(how.contains("Preferences, Development"), "{how}"),
        other => panic!("{other:?}"),
    }
    let dump = scene.office.dump().join("\n");
    assert!(!dump.contains(&scene.token));
    assert_eq!(scene.channel().await.status, Status::Disconnected);
}
