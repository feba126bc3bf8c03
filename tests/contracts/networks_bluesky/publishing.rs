use std::sync::Arc;

use allgreen::domain::answer::AnswerClass;
use allgreen::networks::{
    Call, Found, MediaItem, Outcome, Publish, Refusal, STEPS_GONE, Session, Step, StepRecord,
};
use allgreen::sandbox::faults::{Fault, Times};
use sha2::{Digest, Sha256};

use super::{ALICE, Scene};

const PUT: &str = "com.atproto.repo.putRecord";
const UPLOAD: &str = "com.atproto.repo.uploadBlob";
/// A PNG of one pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54,
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

/// One delivery on its way, as the engine drives it.
struct Send {
    scene: Scene,
    session: Session,
    publish: Publish,
    steps: Vec<StepRecord>,
    _spool: tempfile::TempDir,
}

impl Send {
    async fn new(text: &str, images: usize) -> Self {
        let scene = Scene::new().await;
        let session = scene.session().await;
        let spool = tempfile::tempdir().unwrap();
        let media = (0..images).map(|n| {
            let path = spool.path().join(format!("{n}.png"));
            std::fs::write(&path, PNG).unwrap();
            MediaItem {
                path,
                mime: "image/png".into(),
                bytes: PNG.len() as u64,
                size: Some((1, 1)),
                sha256: Sha256::digest(PNG)
                    .iter()
                    .map(|b| format!("{b:02x}"))
                    .collect(),
                alt: format!("image {n}"),
            }
        });
        let now = scene.clock.now();
        let publish = Publish {
            key: scene.networked.key("dlv_1", now, 0),
            account: scene.did.clone(),
            text: text.into(),
            media: media.collect(),
            options: Default::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now,
        };
        scene.bluesky().forget_calls();
        Self {
            scene,
            session,
            publish,
            steps: Vec::new(),
            _spool: spool,
        }
    }

    async fn run(&self, call: &Call) -> Outcome {
        let scene = &self.scene;
        scene
            .networked
            .run(&scene.net, &self.session, &self.publish, call)
            .await
    }

    /// Does every invisible step, freezes the request and sends it.
    async fn send(&mut self) -> Outcome {
        loop {
            match self.scene.networked.next(&self.publish, &self.steps) {
                Step::Invisible(call) => match self.run(&call).await {
                    Outcome::Recorded { handle } => self.steps.push(StepRecord {
                        name: call.name,
                        handle,
                    }),
                    other => return other,
                },
                Step::Visible(call) => {
                    self.publish.rendered = Some(call.rendered.clone());
                    return self.run(&call).await;
                }
                Step::Refused(refusal) => return Outcome::Refused(refusal),
                other => panic!("{other:?}"),
            }
        }
    }

    async fn look(&self) -> Found {
        let scene = &self.scene;
        let server = &self.session.server;
        scene
            .networked
            .lookup(&scene.net, server, None, &self.publish)
            .await
    }

    /// How often the post was created.
    fn live(&self) -> usize {
        self.scene.bluesky().ledger().len()
    }
}

fn is_live(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Published(_))
}

fn not_processed(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::NotProcessed(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn unclear(outcome: Outcome, what: &str) -> Refusal {
    match outcome {
        Outcome::Unclear(refusal) => refusal,
        other => panic!("{what}: {other:?}"),
    }
}

fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_post_with_two_images_goes_out_once_and_a_repeat_changes_nothing() {
    let mut send = Send::new("Größe 👍 https://example.org #tag", 2).await;
    let Outcome::Published(remote) = send.send().await else {
        panic!("not live");
    };
    assert_eq!(
        send.scene.calls(),
        ["uploadBlob", "uploadBlob", "putRecord"]
    );
    let (did, key) = (&send.scene.did, &send.publish.key);
    assert_eq!(remote.id, format!("at://{did}/app.bsky.feed.post/{key}"));
    let link = format!("https://bsky.app/profile/{did}/post/{key}");
    assert_eq!(remote.permalink, Some(link));

    // The same key and the same frozen request, after a restart a day later.
    send.scene.clock.advance(std::time::Duration::from_secs(60));
    send.publish.now = send.scene.clock.now();
    assert!(is_live(&send.send().await));
    assert_eq!(send.live(), 1);
    assert_eq!(send.look().await, Found::Published(remote.clone()));

    send.steps.push(StepRecord {
        name: "putRecord".into(),
        handle: remote.id.clone(),
    });
    let next = send.scene.networked.next(&send.publish, &send.steps);
    assert_eq!(next, Step::Done(remote));
}

#[tokio::test]
async fn f4_whatever_hides_the_answer_the_outcome_is_unclear_and_the_post_is_found() {
    for fault in [
        Fault::DropAnswer,
        Fault::BrokenJson,
        Fault::HugeJson(3_000_000),
        Fault::StatusThoughDone(500, "{\"error\":\"InternalServerError\"}".into()),
        Fault::StatusThoughDone(502, "<html>".into()),
        Fault::StatusThoughDone(200, "{}".into()),
        Fault::StatusThoughDone(204, String::new()),
    ] {
        let mut send = Send::new("hello", 0).await;
        let what = format!("{fault:?}");
        send.scene.bluesky().fault_once(PUT, fault);
        let refusal = unclear(send.send().await, &what);
        assert_eq!(refusal.cause(), None, "{what}");
        assert!(matches!(send.look().await, Found::Published(_)), "{what}");
        assert!(is_live(&send.send().await), "{what}");
        assert_eq!(send.live(), 1, "{what}");
    }
}

#[tokio::test]
async fn f3_what_never_arrived_is_unclear_and_proven_absent() {
    for fault in [Fault::DropBeforeProcessing, Fault::Down] {
        let mut send = Send::new("hello", 0).await;
        send.scene.bluesky().fault_once(PUT, fault);
        unclear(send.send().await, "lost");
        assert_eq!(send.look().await, Found::Absent);
        assert_eq!(send.live(), 0);
    }
}

#[tokio::test]
async fn f7_a_refusal_nobody_knows_is_looked_up_at_once() {
    let strange = "{\"error\":\"BrandNew\",\"message\":\"Never seen\"}";
    let mut send = Send::new("hello", 0).await;
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::StatusThoughDone(400, strange.into()));
    assert!(is_live(&send.send().await), "it lied");

    let mut send = Send::new("hello", 0).await;
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::Status(400, strange.into()));
    assert_eq!(refused(send.send().await).class, AnswerClass::Unclassified);

    let mut send = Send::new("hello", 0).await;
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::StatusThoughDone(400, strange.into()));
    send.scene
        .bluesky()
        .fault_once("com.atproto.repo.getRecord", Fault::Down);
    unclear(send.send().await, "unreadable");
}

#[tokio::test]
async fn f11_a_redirect_is_not_followed_and_the_post_is_looked_up() {
    let mut send = Send::new("hello", 0).await;
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::Status(307, String::new()));
    assert_eq!(refused(send.send().await).class, AnswerClass::Unclassified);
    assert_eq!(send.live(), 0);
}

#[tokio::test]
async fn f38_what_the_access_lacks_is_proven_not_processed() {
    for (break_it, class) in [
        (0, AnswerClass::TokenExpired),
        (1, AnswerClass::Restricted),
        (2, AnswerClass::Restricted),
        (3, AnswerClass::AccountGone),
        (4, AnswerClass::Revoked),
    ] {
        let mut send = Send::new("hello", 0).await;
        let bluesky = send.scene.bluesky();
        match break_it {
            0 => bluesky.expire_access_tokens(ALICE).unwrap(),
            1 => bluesky.takedown(ALICE, true).unwrap(),
            2 => bluesky.deactivate(ALICE, true).unwrap(),
            3 => bluesky.delete_account(ALICE).unwrap(),
            _ => bluesky.change_signing_key(),
        }
        assert_eq!(not_processed(send.send().await).class, class, "{break_it}");
        assert_eq!(send.live(), 0);
    }
}

#[tokio::test]
async fn f9_a_rate_limit_and_a_closed_port_are_proven_not_processed() {
    let mut send = Send::new("hello", 0).await;
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::RateLimited { retry_after: 30 });
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.class, AnswerClass::RateLimited);
    assert_eq!(refusal.retry_after.unwrap().as_secs(), 30);

    send.session.server = "http://127.0.0.1:9".into();
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.class, AnswerClass::Transient);
    assert_eq!(refusal.cause(), None);
}

#[tokio::test]
async fn another_post_under_the_key_is_never_edited() {
    let mut first = Send::new("first", 0).await;
    assert!(is_live(&first.send().await));
    first.publish.text = "second".into();
    first.publish.rendered = None;
    assert_eq!(refused(first.send().await).class, AnswerClass::Duplicate);
    let Found::Different(evidence) = first.look().await else {
        panic!("the same");
    };
    assert!(evidence.message.unwrap().contains("first"));
    assert_eq!(first.live(), 1);
}

#[tokio::test]
async fn a_post_of_an_account_nobody_may_read_is_not_called_absent() {
    let mut send = Send::new("hello", 0).await;
    assert!(is_live(&send.send().await));
    for _ in 0..2 {
        send.scene.bluesky().takedown(ALICE, true).unwrap();
        assert!(matches!(send.look().await, Found::Unreadable(_)));
        // Some servers answer "not found" for what they hide.
        let hidden = "{\"error\":\"RecordNotFound\",\"message\":\"Could not locate record\"}";
        send.scene.bluesky().fault(
            "com.atproto.repo.getRecord",
            None,
            Fault::Status(400, hidden.into()),
            Times::Count(1),
        );
    }
    let Found::Unreadable(refusal) = send.look().await else {
        panic!("readable");
    };
    assert_eq!(refusal.class, AnswerClass::Restricted);
}

#[tokio::test]
async fn c3_an_upload_is_invisible_so_a_lost_answer_is_simply_repeated() {
    let mut send = Send::new("", 1).await;
    for fault in [
        Fault::DropAnswer,
        Fault::BrokenJson,
        Fault::Down,
        Fault::StatusThoughDone(200, "{\"blob\":7}".into()),
    ] {
        send.scene.bluesky().fault_once(UPLOAD, fault);
        assert_eq!(not_processed(send.send().await).cause(), None);
    }
    assert!(is_live(&send.send().await));
}

#[tokio::test]
async fn uploads_the_server_forgot_are_made_anew_under_the_same_request() {
    let mut send = Send::new("hello", 1).await;
    let gone = "{\"error\":\"BlobNotFound\",\"message\":\"Could not find blob: bafkrei\"}";
    send.scene
        .bluesky()
        .fault_once(PUT, Fault::Status(400, gone.into()));
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.evidence.network_code.as_deref(), Some(STEPS_GONE));
    assert_eq!(refusal.cause(), None);
    let frozen = send.publish.rendered.clone();
    send.steps.clear();
    send.scene.bluesky().forget_calls();
    assert!(is_live(&send.send().await));
    assert_eq!(send.publish.rendered, frozen);
    assert_eq!(send.scene.calls(), ["uploadBlob", "putRecord"]);
}

#[tokio::test]
async fn what_can_never_go_out_is_refused_with_a_sentence() {
    let mut send = Send::new("hello", 1).await;
    send.scene.bluesky().blob_limit(10);
    let refusal = refused(send.send().await);
    assert_eq!(refusal.class, AnswerClass::InvalidPost);
    assert_eq!(refusal.evidence.http_status, Some(413));
    send.scene.bluesky().blob_limit(5_000_000);

    std::fs::write(&send.publish.media[0].path, b"other bytes").unwrap();
    let refusal = refused(send.send().await);
    assert_eq!(refusal.class, AnswerClass::InvalidPost);
    let said = refusal.evidence.message.unwrap();
    assert!(said.contains("0.png was changed"), "{said}");

    std::fs::remove_file(&send.publish.media[0].path).unwrap();
    let said = refused(send.send().await).evidence.message.unwrap();
    assert!(said.contains("0.png cannot be read"), "{said}");

    // Nothing is sent for what we can count ourselves.
    let mut send = Send::new(&"x".repeat(301), 0).await;
    let refusal = refused(send.send().await);
    assert_eq!(refusal.class, AnswerClass::InvalidPost);
    assert_eq!(send.scene.calls(), [""; 0]);
    assert_eq!(
        send.scene.networked.problems(
            &send.publish.text,
            &[],
            &send.publish.options,
            &send.publish.limits
        )[0]
        .what,
        "The text is 1 character too long for Bluesky."
    );
    // Yet what may be live already is judged by the network alone.
    send.publish.rendered = Some("{}".into());
    let next = send.scene.networked.next(&send.publish, &[]);
    assert!(matches!(next, Step::Visible(_)));
}

#[tokio::test]
async fn sends_of_one_key_at_once_make_one_post() {
    let mut send = Send::new("hello", 0).await;
    let Step::Visible(call) = send.scene.networked.next(&send.publish, &[]) else {
        panic!("not visible");
    };
    send.publish.rendered = Some(call.rendered.clone());
    let send = Arc::new(send);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (send, call) = (Arc::clone(&send), call.clone());
        all.spawn(async move { is_live(&send.run(&call).await) });
    }
    assert!(all.join_all().await.into_iter().all(|live| live));
    assert_eq!(send.live(), 1);
}
