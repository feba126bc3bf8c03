//! A Mastodon channel: held while its token is gone, mended by a new one, and
//! never posting twice although an answer was lost.

use std::time::Duration;

use allgreen::domain::channel::Channel;
use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::network::Network;
use allgreen::domain::post_options::{PostOptions, Visibility};
use allgreen::networks::Credential;
use allgreen::ops::connect::{connect, reconnect};
use allgreen::ops::hub::HubOptions;
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::ops::{Hub, Paths};
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;

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
