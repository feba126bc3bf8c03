//! Steps on the way of a video and of a part of a thread: each is recorded, and
//! what is recorded is not done again.

use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::networks::{
    Call, MediaItem, Outcome, Publish, ReplyTo, STEPS_GONE, Session, Step, StepRecord,
};
use allgreen::sandbox::faults::Fault;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ALICE, Scene};

/// The first bytes of an MP4 file, which is what it is known by.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";

/// A video on its way, as the engine drives it.
struct Way {
    scene: Scene,
    session: Session,
    publish: Publish,
    steps: Vec<StepRecord>,
    _spool: tempfile::TempDir,
}

impl Way {
    async fn new() -> Self {
        let scene = Scene::new().await;
        scene.bluesky().confirm_email(ALICE).unwrap();
        let session = scene.session().await;
        let spool = tempfile::tempdir().unwrap();
        let path = spool.path().join("clip.mp4");
        std::fs::write(&path, MP4).unwrap();
        let now = scene.clock.now();
        let digest = Sha256::digest(MP4);
        let publish = Publish {
            limits: Default::default(),
            key: scene.networked.key("dlv_1", now, 0),
            account: scene.did.clone(),
            text: "look".into(),
            media: vec![MediaItem {
                path,
                mime: "video/mp4".into(),
                bytes: MP4.len() as u64,
                size: Some((16, 9)),
                sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                alt: "a clip".into(),
            }],
            options: Default::default(),
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

    fn next(&self) -> Step {
        self.scene.networked.next(&self.publish, &self.steps)
    }

    async fn run(&self, call: &Call) -> Outcome {
        let scene = &self.scene;
        scene
            .networked
            .run(&scene.net, &self.session, &self.publish, call)
            .await
    }

    /// Takes the next step, which must be this one, and records what it brought.
    async fn take(&mut self, name: &str) -> Outcome {
        let call = match self.next() {
            Step::Invisible(call) | Step::Visible(call) => call,
            Step::PollAfter(until, call) => {
                self.scene
                    .clock
                    .advance(until.since(self.scene.clock.now()));
                self.publish.now = self.scene.clock.now();
                call
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(call.name, name);
        let outcome = self.run(&call).await;
        if let Outcome::Recorded { handle } = &outcome {
            self.steps.push(StepRecord {
                name: call.name,
                handle: handle.clone(),
            });
        }
        outcome
    }

    async fn recorded(&mut self, name: &str) -> String {
        match self.take(name).await {
            Outcome::Recorded { handle } => handle,
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn not_processed(outcome: Outcome) -> allgreen::networks::Refusal {
    match outcome {
        Outcome::NotProcessed(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn i_a_video_goes_step_by_step_and_every_step_is_recorded() {
    let mut way = Way::new().await;
    way.recorded("videoWay").await;
    way.recorded("uploadVideo").await;
    assert!(matches!(
        way.take("getJobStatus").await,
        Outcome::Accepted { .. }
    ));
    let blob: Value = serde_json::from_str(&way.recorded("getJobStatus").await).unwrap();
    assert_eq!(blob["mimeType"], "video/mp4");
    assert!(matches!(way.take("putRecord").await, Outcome::Published(_)));
    assert_eq!(
        way.scene.calls(),
        [
            "describeServer",
            "getServiceAuth",
            "getUploadLimits",
            "getServiceAuth",
            "uploadVideo",
            "getJobStatus",
            "getJobStatus",
            "putRecord"
        ]
    );
    let records = way.scene.bluesky().live_records(ALICE).unwrap();
    let embed = &records[0]["value"]["embed"];
    assert_eq!(embed["video"], blob);
    assert_eq!(embed["aspectRatio"]["width"], 16);
    for step in &way.steps {
        assert!(!step.handle.contains("eyJ"), "no token is kept: {step:?}");
    }
}

#[tokio::test]
async fn i_a_file_the_service_knows_needs_no_second_preparation() {
    let mut way = Way::new().await;
    for name in ["videoWay", "uploadVideo"] {
        way.recorded(name).await;
    }
    way.scene.clock.advance(Duration::from_secs(5));
    way.recorded("getJobStatus").await;
    // The records were lost: the service says that it exists, and which it is.
    let first = std::mem::take(&mut way.steps);
    way.recorded("videoWay").await;
    way.recorded("uploadVideo").await;
    let blob = way.recorded("getJobStatus").await;
    assert_eq!(Some(&blob), first.last().map(|step| &step.handle));
}

#[tokio::test]
async fn i_without_a_service_the_accounts_server_takes_the_video_as_it_is() {
    let mut way = Way::new().await;
    way.scene.net.settings.upload_base = None;
    way.recorded("videoWay").await;
    way.recorded("uploadBlob:0").await;
    assert!(matches!(way.take("putRecord").await, Outcome::Published(_)));
    assert_eq!(
        way.scene.calls(),
        ["describeServer", "uploadBlob", "putRecord"]
    );

    let mut way = Way::new().await;
    way.scene.net.settings.upload_base = None;
    way.scene.bluesky().blob_limit(10);
    match way.take("videoWay").await {
        Outcome::Refused(refusal) => {
            let said = refusal.evidence.message.unwrap();
            assert!(said.contains("takes at most 10"), "{said}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn i_a_job_that_is_lost_or_never_ends_begins_anew() {
    let mut way = Way::new().await;
    way.recorded("videoWay").await;
    way.recorded("uploadVideo").await;
    let gone = r#"{"error":"JobNotFound","message":"job not found"}"#;
    let status = "app.bsky.video.getJobStatus";
    let bluesky = way.scene.bluesky();
    bluesky.fault_once(status, Fault::Status(400, gone.into()));
    let refusal = not_processed(way.take("getJobStatus").await);
    assert_eq!(refusal.evidence.network_code.as_deref(), Some(STEPS_GONE));

    way.scene.bluesky().video_takes(Duration::from_secs(86_400));
    way.scene.clock.advance(Duration::from_secs(601));
    let refusal = not_processed(way.take("getJobStatus").await);
    assert_eq!(refusal.evidence.network_code.as_deref(), Some(STEPS_GONE));
    assert_eq!(refusal.class, AnswerClass::Transient);
}

#[tokio::test]
async fn i_no_answer_of_the_video_service_speaks_of_the_accounts_access() {
    for (status, body) in [
        (401, r#"{"error":"AuthenticationRequired","message":"x"}"#),
        (
            400,
            r#"{"error":"ExpiredToken","message":"Token has expired"}"#,
        ),
        (401, r#"{"error":"AccountTakedown","message":"x"}"#),
        (403, r#"{"error":"AccountNotFound","message":"x"}"#),
        (429, r#"{"error":"RateLimitExceeded","message":"x"}"#),
        (200, "[]"),
        (500, ""),
    ] {
        for (endpoint, step) in [
            ("app.bsky.video.getUploadLimits", "videoWay"),
            ("app.bsky.video.uploadVideo", "uploadVideo"),
            ("app.bsky.video.getJobStatus", "getJobStatus"),
        ] {
            let mut way = Way::new().await;
            let bluesky = way.scene.bluesky().clone();
            bluesky.fault_once(endpoint, Fault::Status(status, body.into()));
            for before in ["videoWay", "uploadVideo", "getJobStatus"] {
                if before == step {
                    break;
                }
                way.recorded(before).await;
            }
            let refusal = not_processed(way.take(step).await);
            assert_eq!(refusal.cause(), None, "{endpoint} {status}");
            assert_ne!(refusal.class, AnswerClass::RateLimited, "{endpoint}");
        }
    }
}

#[tokio::test]
async fn d_what_a_part_answers_is_read_and_recorded_before_it_is_sent() {
    let mut way = Way::new().await;
    way.publish.media.clear();
    assert!(matches!(way.take("putRecord").await, Outcome::Published(_)));
    let first = way.scene.bluesky().live_records(ALICE).unwrap().remove(0);
    let named = |uri: &Value| ReplyTo {
        root: uri.as_str().unwrap().into(),
        parent: uri.as_str().unwrap().into(),
    };
    way.publish.key = way.scene.networked.key("dlv_2", way.publish.now, 0);
    way.publish.reply_to = Some(named(&first["uri"]));
    let read = way.recorded("getRecord:root").await;
    assert_eq!(
        serde_json::from_str::<Value>(&read).unwrap(),
        serde_json::json!({ "uri": first["uri"], "cid": first["cid"] })
    );
    assert!(matches!(way.take("putRecord").await, Outcome::Published(_)));

    // One that is not there, and one that is somebody else's, are answered by
    // nothing; a server that cannot be read is asked again.
    let gone = format!("at://{}/app.bsky.feed.post/3n2rzpbzt3k2z", way.scene.did);
    for address in [gone.as_str(), "at://did:plc:other/app.bsky.feed.post/1"] {
        way.steps.clear();
        way.publish.reply_to = Some(named(&Value::String(address.into())));
        assert!(
            matches!(way.take("getRecord:root").await, Outcome::Refused(_)),
            "{address}"
        );
    }
    way.publish.reply_to = Some(named(&first["uri"]));
    let get = "com.atproto.repo.getRecord";
    way.scene.bluesky().fault_once(get, Fault::Down);
    not_processed(way.take("getRecord:root").await);
}
