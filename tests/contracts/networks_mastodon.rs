//! Our Mastodon client against the simulated instance. Which test shows what; a
//! name with a file is one of the stories:
//!
//! | what | shown by |
//! |---|---|
//! | connect | `a_token_is_connected_never_ends_…`; in a browser and by paste `logging_in::b2_the_browser_…`, `logging_in::b2_the_dead_address_…` |
//! | pick | none, because a login gives the one account it was made as |
//! | publish each kind | `each_kind_of_post_goes_out_…`, `a_post_with_a_video_…` |
//! | expire | none of Mastodon, because its tokens do not end; where a server ends them, `mastodon::a5_a_token_that_its_server_ended_…` |
//! | refresh | none of Mastodon, because there is nothing to refresh; where a server gives that, `logging_in::row_35_ten_who_refresh_…` |
//! | revoke | `a_token_is_connected_never_ends_…`; `logging_in::a_login_taken_away_…` |
//! | hold | `mastodon::c2_a_revoked_token_…` |
//! | reconnect | the same; `logging_in::a_login_taken_away_…` |
//! | wrong account | `mastodon::b4_another_accounts_token_…`, `logging_in::b4_another_account_…` |
//! | missing scope | of a token `mastodon::a7_a_token_that_may_only_read_…`, of a login `logging_in::a7_a_scope_…` |
//! | role lost | none, because the account is the person: there are no roles in it |
//! | restricted | `a_token_is_connected_never_ends_…`; `mastodon::a_frozen_account_…` |
//! | rate limit | `the_limit_says_when_to_come_back_…`; `mastodon::whatever_happens_to_the_answer_…` |
//! | lost answer | `a_lost_answer_is_found_and_…`, `a_lost_answer_is_found_behind_…`; `mastodon::a_lost_answer_…`, `mastodon::what_never_arrived_…` |
//! | lying answer | `what_the_server_takes_for_spam_…`; `mastodon::whatever_happens_to_the_answer_…`, `mastodon::what_is_taken_for_spam_…` |
//! | disconnect | of a token `mastodon::e_a_token_made_by_hand_…`, of a login `logging_in::e_a_disconnect_…` |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod reads;

use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::Expiry;
use allgreen::domain::network::Network;
use allgreen::domain::post_options::{PostOptions, Visibility};
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Credential, Found, MediaItem, Net, Networked, Outcome, Publish, Renewal, ReplyTo, Session,
    SignInError, SignedIn, Step, StepRecord,
};
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::mastodon::Mastodon;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use sha2::{Digest, Sha256};

struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    networked: Arc<dyn Networked>,
    net: Net,
    token: String,
    account: String,
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:00:00Z").unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let account = sandbox.mastodon().create_account("acme").unwrap();
        let scopes = ["read", "write"];
        let token = sandbox.mastodon().create_token("acme", &scopes).unwrap();
        let mut config = Config::default();
        let settings = NetworkSettings {
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        config.networks.insert("mastodon".into(), settings);
        let timing = Timing {
            call_timeout: Duration::from_secs(5),
            ..Timing::default()
        };
        let http = Http::new(&timing, clock.clone()).unwrap();
        let registry = Registry::new(http, clock.clone(), &config);
        let (networked, net) = registry.get(Network::Mastodon).unwrap();
        Self {
            sandbox,
            clock,
            networked,
            net,
            token,
            account,
        }
    }

    fn mastodon(&self) -> &Mastodon {
        self.sandbox.mastodon()
    }

    async fn sign_in(&self) -> Result<SignedIn, SignInError> {
        let credential = Credential::AccessToken {
            server: format!("{}/@acme", self.sandbox.mastodon_base()),
            token: Secret::new(self.token.clone()),
        };
        self.networked.sign_in(&self.net, &credential).await
    }

    async fn session(&self) -> Session {
        let signed_in = self.sign_in().await.unwrap();
        Session {
            server: signed_in.server,
            client_id: signed_in.client_id,
            remote_user_id: signed_in.remote_user_id,
            tokens: Arc::new(signed_in.tokens),
        }
    }

    fn publish(&self, text: &str) -> Publish {
        let now = self.clock.now();
        Publish {
            key: self.networked.key("dlv_1", now, 0),
            account: self.account.clone(),
            text: text.into(),
            media: Vec::new(),
            options: PostOptions::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now,
        }
    }

    /// Sends as the engine does; the frozen request stays in `publish`.
    async fn send(&self, session: &Session, publish: &mut Publish) -> Outcome {
        let mut steps = Vec::new();
        loop {
            publish.now = self.clock.now();
            let call = match self.networked.next(publish, &steps) {
                Step::Invisible(call) => call,
                Step::PollAfter(at, call) => {
                    self.clock.advance(at.since(self.clock.now()));
                    call
                }
                Step::Visible(call) => {
                    publish.rendered = Some(call.rendered.clone());
                    let run = self.networked.run(&self.net, session, publish, &call);
                    return run.await;
                }
                other => panic!("{other:?}"),
            };
            let run = self.networked.run(&self.net, session, publish, &call);
            match run.await {
                Outcome::Recorded { handle } => steps.push(StepRecord {
                    name: call.name,
                    handle,
                }),
                Outcome::Accepted { .. } => {}
                other => return other,
            }
        }
    }

    async fn lookup(&self, session: &Session, publish: &Publish) -> Found {
        let server = &session.server;
        let lookup = self
            .networked
            .lookup(&self.net, server, Some(session), publish);
        lookup.await
    }
}

#[tokio::test]
async fn a_token_is_connected_never_ends_and_each_loss_of_it_is_named() {
    let scene = Scene::new().await;
    let signed = scene.sign_in().await.unwrap();
    assert_eq!(signed.server, scene.sandbox.mastodon_base());
    assert_eq!(signed.accounts[0].remote_id, scene.account);
    assert!(signed.accounts[0].handle.starts_with("acme@127.0.0.1:"));
    assert_eq!(signed.tokens.grant_ends.expiry, Expiry::Never);
    assert!(!format!("{signed:?}").contains(&scene.token));
    let session = scene.session().await;
    let class = async || {
        let accounts = [scene.account.clone()];
        match scene.networked.probe(&scene.net, &session, &accounts).await {
            Renewal::Refused(refusal) => Some(refusal.class),
            Renewal::Proved { checked } if checked[0].blocked.is_none() => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(class().await, None);
    scene.mastodon().freeze("acme", true).unwrap();
    assert_eq!(class().await, Some(AnswerClass::Restricted));
    scene.mastodon().freeze("acme", false).unwrap();
    scene.mastodon().unconfirmed("acme", true).unwrap();
    assert_eq!(class().await, Some(AnswerClass::SecurityReview));
    scene.mastodon().unconfirmed("acme", false).unwrap();
    scene.mastodon().password_reset("acme").unwrap();
    assert_eq!(class().await, Some(AnswerClass::Revoked));
    assert_eq!(scene.sign_in().await.unwrap_err().code, "bad_token");
}

#[tokio::test]
async fn an_account_that_moved_is_not_posted_to_and_where_it_went_is_said() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let to = Some("acme@example.org");
    scene.mastodon().moved("acme", to).unwrap();
    let accounts = [scene.account.clone()];
    let proof = scene.networked.probe(&scene.net, &session, &accounts);
    let Renewal::Proved { checked } = proof.await else {
        panic!("the token is fine");
    };
    let blocked = checked[0].blocked.as_ref().unwrap();
    assert_eq!(blocked.class, AnswerClass::Restricted);
    let said = blocked.evidence.message.as_deref().unwrap();
    assert!(said.contains("moved to acme@example.org"), "{said}");
    let refused = scene.sign_in().await.unwrap_err();
    assert_eq!(refused.code, "restricted");
}

#[tokio::test]
async fn a_post_with_a_video_waits_for_it_and_keeps_its_options() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut publish = scene.publish("hello");
    publish.options.visibility = Some(Visibility::Unlisted);
    publish.options.content_warning = Some("news".into());
    publish.options.language = Some("en".into());
    let bytes = b"\0\0\0\x18ftypmp42";
    let spool = tempfile::tempdir().unwrap();
    let path = spool.path().join("0");
    std::fs::write(&path, bytes).unwrap();
    let hash = Sha256::digest(bytes);
    publish.media.push(MediaItem {
        path,
        mime: "video/mp4".into(),
        bytes: bytes.len() as u64,
        size: None,
        sha256: hash.iter().map(|b| format!("{b:02x}")).collect(),
        alt: "a film".into(),
    });
    let sent = scene.send(&session, &mut publish).await;
    assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    let statuses = scene.mastodon().statuses();
    let [status] = statuses.as_slice() else {
        panic!("{statuses:?}");
    };
    assert_eq!(
        (status.visibility.as_str(), status.spoiler_text.as_str()),
        ("unlisted", "news")
    );
    assert_eq!(
        (status.language.as_deref(), status.media.len()),
        (Some("en"), 1)
    );
}

#[tokio::test]
async fn each_kind_of_post_goes_out_as_it_was_written() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let spool = tempfile::tempdir().unwrap();
    let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x04\0\0\0\x03";
    let path = spool.path().join("0");
    std::fs::write(&path, bytes).unwrap();
    let hash = Sha256::digest(bytes);
    let image = MediaItem {
        path,
        mime: "image/png".into(),
        bytes: bytes.len() as u64,
        size: Some((4, 3)),
        sha256: hash.iter().map(|b| format!("{b:02x}")).collect(),
        alt: "four by three".into(),
    };
    for (text, images) in [("a text alone", 0), ("with pictures", 4), ("", 1)] {
        let mut publish = scene.publish(text);
        publish.key = format!("{images}");
        publish.media = vec![image.clone(); images];
        let sent = scene.send(&session, &mut publish).await;
        let Outcome::Published(remote) = sent else {
            panic!("{text}: {sent:?}");
        };
        assert!(remote.permalink.unwrap().ends_with(&remote.id));
        let statuses = scene.mastodon().statuses();
        let status = statuses.last().unwrap();
        assert_eq!((status.text.as_str(), status.media.len()), (text, images));
        assert_eq!(status.visibility, "public");
    }
    let mut publish = scene.publish("an answer");
    publish.reply_to = Some(ReplyTo {
        root: scene.mastodon().statuses()[0].id.clone(),
        parent: scene.mastodon().statuses()[1].id.clone(),
    });
    let sent = scene.send(&session, &mut publish).await;
    assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    let statuses = scene.mastodon().statuses();
    assert_eq!(statuses[3].in_reply_to.as_ref(), Some(&statuses[1].id));
}

#[tokio::test]
async fn a_lost_answer_is_found_and_a_repeat_makes_no_second_status() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut publish = scene.publish("once");
    scene
        .mastodon()
        .fault_once("post_status", Fault::DropBeforeProcessing);
    let lost = scene.send(&session, &mut publish).await;
    assert!(matches!(lost, Outcome::Unclear(_)), "{lost:?}");
    assert_eq!(scene.lookup(&session, &publish).await, Found::Absent);
    scene
        .mastodon()
        .fault_once("post_status", Fault::DropAnswer);
    let lost = scene.send(&session, &mut publish).await;
    assert!(matches!(lost, Outcome::Unclear(_)), "{lost:?}");
    let found = scene.lookup(&session, &publish).await;
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    let again = scene.send(&session, &mut publish).await;
    assert!(matches!(again, Outcome::Published(_)), "{again:?}");
    assert_eq!(scene.mastodon().statuses().len(), 1);
    // A server that ignores keys made two: a person decides.
    scene.mastodon().ignore_idempotency(true);
    scene.send(&session, &mut publish).await;
    let found = scene.lookup(&session, &publish).await;
    assert!(matches!(found, Found::Different(_)), "{found:?}");
}

#[tokio::test]
async fn a_lost_answer_is_found_behind_newer_posts_however_short_a_page_is() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.mastodon().page(2);
    let mut lost = scene.publish("once");
    scene
        .mastodon()
        .fault_once("post_status", Fault::DropAnswer);
    let outcome = scene.send(&session, &mut lost).await;
    assert!(matches!(outcome, Outcome::Unclear(_)), "{outcome:?}");
    for text in ["newer", "newest", "last"] {
        let mut other = scene.publish(text);
        other.key = text.into();
        let outcome = scene.send(&session, &mut other).await;
        assert!(matches!(outcome, Outcome::Published(_)), "{outcome:?}");
    }
    let found = scene.lookup(&session, &lost).await;
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    // More than is read: nobody knows, so nothing is sent again.
    for n in 0..10 {
        let mut other = scene.publish(&format!("more {n}"));
        other.key = format!("more {n}");
        scene.send(&session, &mut other).await;
    }
    let found = scene.lookup(&session, &lost).await;
    assert!(matches!(found, Found::Unreadable(_)), "{found:?}");
}

#[tokio::test]
async fn the_limit_says_when_to_come_back_and_refusals_prove_that_nothing_is_live() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut publish = scene.publish("later");
    scene
        .mastodon()
        .fault_once("post_status", Fault::RateLimited { retry_after: 90 });
    match scene.send(&session, &mut publish).await {
        Outcome::NotProcessed(refusal) => {
            assert_eq!(refusal.class, AnswerClass::RateLimited);
            assert_eq!(refusal.retry_after, Some(Duration::from_secs(90)));
        }
        other => panic!("{other:?}"),
    }
    let body = r#"{"error":"Validation failed: Text character limit of 500 exceeded"}"#;
    scene
        .mastodon()
        .fault_once("post_status", Fault::Status(422, body.into()));
    let refused = scene.send(&session, &mut publish).await;
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    scene.mastodon().revoke_token(&scene.token).unwrap();
    let held = scene.send(&session, &mut publish).await;
    assert!(matches!(held, Outcome::NotProcessed(_)), "{held:?}");
    assert!(scene.mastodon().statuses().is_empty());
}

#[tokio::test]
async fn what_the_server_takes_for_spam_is_refused_and_never_called_published() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.mastodon().antispam("acme", true).unwrap();
    let mut publish = scene.publish("cheap watches");
    match scene.send(&session, &mut publish).await {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal.class, AnswerClass::InvalidPost);
            assert_eq!(refusal.cause(), None, "the channel is not to blame");
            let said = refusal.evidence.message.unwrap();
            assert!(
                said.contains("protection against spam refused it"),
                "{said}"
            );
        }
        other => panic!("{other:?}"),
    }
    // Anything else than "not there" leaves the answer as it was.
    scene.mastodon().antispam("acme", false).unwrap();
    for fault in [
        Fault::Status(503, "<html>busy</html>".into()),
        Fault::Status(404, "<html>no such page</html>".into()),
        Fault::DropBeforeProcessing,
        Fault::RateLimited { retry_after: 300 },
    ] {
        let text = format!("{fault:?}");
        scene.mastodon().fault_once("get_status", fault);
        let mut publish = scene.publish(&text);
        publish.key.clone_from(&text);
        let sent = scene.send(&session, &mut publish).await;
        assert!(matches!(sent, Outcome::Published(_)), "{text}: {sent:?}");
    }
    assert_eq!(scene.mastodon().statuses().len(), 4);
}

#[tokio::test]
async fn the_limits_of_a_server_are_read_where_it_tells_them() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let limits = async || {
        let token = &session.tokens.access;
        let told = scene.networked.limits(&scene.net, &session.server, token);
        told.await
    };
    let usual = limits().await.unwrap();
    assert_eq!(
        (usual.characters, usual.media, usual.description),
        (Some(500), Some(4), Some(1500))
    );
    scene.mastodon().differ(|server| {
        server.limits.max_characters = 1000;
        server.limits.max_media_attachments = 16;
        server.limits.image_size_limit = 1 << 20;
    });
    let told = limits().await.unwrap();
    assert_eq!((told.characters, told.media), (Some(1000), Some(16)));
    assert_eq!(told.image_bytes, Some(1 << 20));
    // The older page lacks the length of descriptions.
    scene.mastodon().differ(|server| server.instance_v2 = false);
    let older = limits().await.unwrap();
    assert_eq!((older.characters, older.description), (Some(1000), None));
    // One that has neither says nothing; one that did not answer is asked again.
    let none = r#"{"error":"Not Found"}"#;
    let fault = Fault::Status(404, none.into());
    scene.mastodon().fault_once("instance_v1", fault);
    assert!(!limits().await.unwrap().told());
    scene.mastodon().fault_once("instance", Fault::DropAnswer);
    assert_eq!(limits().await, None);
    let busy = Fault::Status(503, "<html></html>".into());
    scene.mastodon().fault_once("instance_v1", busy);
    assert_eq!(limits().await, None);
}

#[tokio::test]
async fn what_the_server_does_not_take_is_refused_before_anything_is_sent() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene
        .mastodon()
        .differ(|server| server.limits.max_characters = 1000);
    let token = &session.tokens.access;
    let told = scene.networked.limits(&scene.net, &session.server, token);
    let told = told.await.unwrap();
    let mention = "@ann@a-very-long-name.example.org https://example.org/a/long/path.";
    for (length, sent) in [(1000, true), (1001, false)] {
        let mut publish = scene.publish(&format!("{} {mention}", "x".repeat(length - 30)));
        publish.key = length.to_string();
        // Before it was asked, a server is taken for one as they mostly are.
        assert!(matches!(
            scene.networked.next(&publish, &[]),
            Step::Refused(_)
        ));
        publish.limits.clone_from(&told);
        match (scene.networked.next(&publish, &[]), sent) {
            (Step::Visible(_), true) => {
                let sent = scene.send(&session, &mut publish).await;
                assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
            }
            (Step::Refused(refusal), false) => {
                let said = refusal.evidence.message.unwrap();
                assert!(said.contains("Shorten it to 1000"), "{said}");
            }
            (step, _) => panic!("{length}: {step:?}"),
        }
    }
    assert_eq!(scene.mastodon().statuses().len(), 1);
}

#[tokio::test]
async fn a_key_in_the_hands_of_a_request_under_way_is_repeated_and_makes_one_status() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let mut publish = scene.publish("once");
    scene.mastodon().differ(|server| server.keys_locked = true);
    let busy = scene.send(&session, &mut publish).await;
    let Outcome::Unclear(refusal) = busy else {
        panic!("that request may make it: {busy:?}");
    };
    assert_eq!(refusal.class, AnswerClass::Transient);
    scene.mastodon().differ(|server| server.keys_locked = false);
    for _ in 0..2 {
        let sent = scene.send(&session, &mut publish).await;
        assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    }
    assert_eq!(scene.mastodon().statuses().len(), 1);
}
