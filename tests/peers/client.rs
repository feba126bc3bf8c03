//! The Bluesky client alone against the real server: what the simulated one
//! taught it must hold here.

use std::sync::Arc;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::Cause;
use allgreen::domain::network::Network;
use allgreen::domain::post_options::PostOptions;
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::networks::{
    Credential, Found, MediaItem, Net, Networked, Outcome, Publish, Refusal, Renewal, STEPS_GONE,
    Session, SignInError, SignedIn, Step, StepRecord,
};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::secret::Secret;
use allgreen::support::timing::Timing;
use sha2::{Digest, Sha256};

use crate::common::runtime;
use crate::server::{Account, Peer};

/// A PNG of one pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

struct Client {
    networked: Arc<dyn Networked>,
    net: Net,
}

impl Client {
    fn new(peer: &Peer) -> Self {
        let mut config = Config::default();
        let settings = NetworkSettings {
            api_base: Some(peer.pds.clone()),
            directory_url: Some(peer.plc.clone()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        config.networks.insert("bluesky".into(), settings);
        let clock = Clock::real();
        let http = Http::new(&Timing::default(), clock.clone()).unwrap();
        let (networked, net) = Registry::new(http, clock, &config)
            .get(Network::Bluesky)
            .unwrap();
        Self { networked, net }
    }

    fn sign_in(&self, who: &str, password: &str) -> Result<SignedIn, SignInError> {
        let credential = Credential::AppPassword {
            handle: who.into(),
            server: None,
            password: Secret::new(password),
        };
        runtime().block_on(self.networked.sign_in(&self.net, &credential))
    }

    fn session(&self, account: &Account<'_>, password: &str) -> Session {
        let signed_in = self.sign_in(&account.handle, password).unwrap();
        assert_eq!(signed_in.remote_user_id, account.did);
        Session {
            server: signed_in.server,
            client_id: signed_in.client_id,
            remote_user_id: signed_in.remote_user_id,
            tokens: Arc::new(signed_in.tokens),
        }
    }

    fn refresh(&self, session: &Session) -> Renewal {
        runtime().block_on(self.networked.refresh(&self.net, session))
    }

    fn refused(&self, session: &Session) -> Refusal {
        match self.refresh(session) {
            Renewal::Refused(refusal) => refusal,
            other => panic!("renewed: {other:?}"),
        }
    }

    /// Does what is invisible, freezes the request and sends it.
    fn send(
        &self,
        session: &Session,
        publish: &mut Publish,
        steps: &mut Vec<StepRecord>,
    ) -> Outcome {
        loop {
            let (call, visible) = match self.networked.next(publish, steps) {
                Step::Invisible(call) => (call, false),
                Step::Visible(call) => (call, true),
                other => panic!("{other:?}"),
            };
            if visible {
                publish.rendered = Some(call.rendered.clone());
            }
            let run = self.networked.run(&self.net, session, publish, &call);
            match runtime().block_on(run) {
                Outcome::Recorded { handle } => steps.push(StepRecord {
                    name: call.name,
                    handle,
                }),
                other => return other,
            }
        }
    }

    fn look(&self, session: &Session, publish: &Publish) -> Found {
        let look = self
            .networked
            .lookup(&self.net, &session.server, None, publish);
        runtime().block_on(look)
    }

    fn publish(&self, account: &Account<'_>, text: &str, media: Vec<MediaItem>) -> Publish {
        let now = self.net.clock.now();
        Publish {
            key: self.networked.key(text, now, 0),
            account: account.did.clone(),
            text: text.into(),
            media,
            options: PostOptions::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now,
        }
    }
}

fn image(directory: &std::path::Path) -> MediaItem {
    let path = directory.join("one.png");
    std::fs::write(&path, PNG).unwrap();
    MediaItem {
        path,
        mime: "image/png".into(),
        bytes: PNG.len() as u64,
        size: Some((1, 1)),
        sha256: Sha256::digest(PNG)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        alt: "one pixel".into(),
    }
}

#[test]
fn a_post_with_an_image_is_taken_as_it_is_written_and_repeats_are_harmless() {
    let peer = Peer::shared();
    let account = peer.account("client-post");
    let client = Client::new(peer);
    let session = client.session(&account, &account.app_password("allgreen"));
    let spool = tempfile::tempdir().unwrap();
    let text = "Größe 👍 https://example.org/a #tag";
    let mut publish = client.publish(&account, text, vec![image(spool.path())]);
    assert_eq!(client.look(&session, &publish), Found::Absent);

    let mut steps = Vec::new();
    let first = client.send(&session, &mut publish, &mut steps);
    let Outcome::Published(remote) = &first else {
        panic!("{first:?}");
    };
    // Again from the journal, and again with the image uploaded anew.
    assert_eq!(client.send(&session, &mut publish, &mut steps), first);
    steps.clear();
    assert_eq!(client.send(&session, &mut publish, &mut steps), first);
    assert_eq!(
        client.look(&session, &publish),
        Found::Published(remote.clone())
    );

    let posts = account.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].uri, remote.id);
    assert_eq!(posts[0].text(), text);
    assert_eq!(posts[0].value["facets"].as_array().unwrap().len(), 2);
    assert_eq!(posts[0].value["embed"]["images"][0]["alt"], "one pixel");

    // Another text under the key edits nothing.
    let mut other = Publish {
        text: "other".into(),
        media: Vec::new(),
        rendered: None,
        ..publish
    };
    let outcome = client.send(&session, &mut other, &mut Vec::new());
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(refusal.class, AnswerClass::Duplicate);
    assert!(matches!(client.look(&session, &other), Found::Different(_)));
    assert_eq!(account.texts(), [text]);
}

/// The first bytes of an MP4 file, which is what it is known by.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";

#[test]
fn a_video_is_taken_as_it_is_and_a_video_service_is_vouched_to() {
    let peer = Peer::shared();
    let account = peer.account("client-video");
    let mut client = Client::new(peer);
    let session = client.session(&account, &account.app_password("allgreen"));
    let spool = tempfile::tempdir().unwrap();
    let path = spool.path().join("one.mp4");
    std::fs::write(&path, MP4).unwrap();
    let digest = Sha256::digest(MP4);
    let video = MediaItem {
        path,
        mime: "video/mp4".into(),
        bytes: MP4.len() as u64,
        size: Some((16, 9)),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        alt: "a clip".into(),
    };
    let mut publish = client.publish(&account, "look", vec![video]);
    let sent = client.send(&session, &mut publish, &mut Vec::new());
    assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    let embed = &account.posts()[0].value["embed"];
    assert_eq!(embed["$type"], "app.bsky.embed.video");
    assert_eq!(embed["alt"], "a clip");

    // Nobody is at home there, but the server gave a token for it.
    client.net.settings.upload_base = Some("http://127.0.0.1:1".into());
    publish.rendered = None;
    let Outcome::NotProcessed(refusal) = client.send(&session, &mut publish, &mut Vec::new())
    else {
        panic!("sent");
    };
    assert_eq!(
        refusal.evidence.seen_by.as_deref(),
        Some("getUploadLimits"),
        "{refusal:?}"
    );
}

#[test]
fn an_upload_the_server_does_not_have_asks_for_the_steps_anew() {
    let peer = Peer::shared();
    let account = peer.account("client-blob");
    let client = Client::new(peer);
    let session = client.session(&account, &account.app_password("allgreen"));
    let spool = tempfile::tempdir().unwrap();
    let mut publish = client.publish(&account, "lost image", vec![image(spool.path())]);
    // A blob of this shape that nobody ever uploaded.
    let mut steps = vec![StepRecord {
        name: "uploadBlob:0".into(),
        handle: concat!(
            r#"{"$type":"blob","ref":{"$link":"#,
            r#""bafkreih5aznjvttude6c3wbvqeebb6rlx5wkbzyppv7garjiubll2ceym4"},"#,
            r#""mimeType":"image/png","size":70}"#
        )
        .into(),
    }];
    let outcome = client.send(&session, &mut publish, &mut steps);
    let Outcome::NotProcessed(refusal) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(refusal.evidence.network_code.as_deref(), Some(STEPS_GONE));
    assert_eq!(client.look(&session, &publish), Found::Absent);
}

#[test]
fn each_way_of_losing_access_is_told_apart() {
    let peer = Peer::shared();
    let client = Client::new(peer);

    let mut account = peer.account("client-healed");
    let session = client.session(&account, &account.app_password("allgreen"));
    account.change_password("another-main-password");
    let Renewal::Renewed { healed, .. } = client.refresh(&session) else {
        panic!("not healed");
    };
    assert!(healed.is_some());

    let account = peer.account("client-removed");
    let session = client.session(&account, &account.app_password("allgreen"));
    account.revoke_app_password("allgreen");
    let refusal = client.refused(&session);
    assert_eq!(refusal.cause(), Some(Cause::AppRemoved));
    assert!(refusal.confirmed);

    let account = peer.account("client-taken");
    let session = client.session(&account, &account.app_password("allgreen"));
    let mut publish = client.publish(&account, "hidden", Vec::new());
    let sent = client.send(&session, &mut publish, &mut Vec::new());
    assert!(matches!(sent, Outcome::Published(_)), "{sent:?}");
    account.take_down();
    assert_eq!(client.refused(&session).cause(), Some(Cause::Restricted));
    let found = client.look(&session, &publish);
    assert!(matches!(found, Found::Unreadable(_)), "{found:?}");
    let sent = client.send(&session, &mut publish, &mut Vec::new());
    let Outcome::NotProcessed(refusal) = sent else {
        panic!("{sent:?}");
    };
    assert_eq!(refusal.class, AnswerClass::Restricted);
    account.lift_takedown();
    let Renewal::Renewed { blocked: None, .. } = client.refresh(&session) else {
        panic!("did not heal");
    };

    let account = peer.account("client-asleep");
    let session = client.session(&account, &account.app_password("allgreen"));
    account.deactivate();
    let Renewal::Renewed {
        blocked: Some(refusal),
        ..
    } = client.refresh(&session)
    else {
        panic!("not blocked");
    };
    assert_eq!(refusal.cause(), Some(Cause::Restricted));

    let account = peer.account("client-gone");
    let session = client.session(&account, &account.app_password("allgreen"));
    account.delete();
    assert_eq!(client.refused(&session).cause(), Some(Cause::AccountGone));
}

#[test]
fn a_login_that_cannot_be_is_refused_by_name() {
    let peer = Peer::shared();
    let client = Client::new(peer);
    let mut account = peer.account("client-login");
    let code = |who: &str, word: &str| client.sign_in(who, word).unwrap_err().code;
    assert_eq!(
        code(&account.handle, &account.password),
        "not_an_app_password"
    );
    assert_eq!(
        code(&account.handle, "aaaa-bbbb-cccc-dddd"),
        "wrong_password"
    );
    assert_eq!(code("nobody.test", "aaaa-bbbb-cccc-dddd"), "unknown_handle");
    // A main password in the shape of an app password.
    account.change_password("aaaa-bbbb-cccc-eeee");
    assert_eq!(
        code(&account.handle, "aaaa-bbbb-cccc-eeee"),
        "main_password"
    );
    let word = account.app_password("allgreen");
    let session = client.session(&account, &word);
    let revoke = client.networked.revoke(&client.net, &session);
    runtime().block_on(revoke).unwrap();
    account.take_down();
    assert_eq!(code(&account.did, &word), "restricted");
}
