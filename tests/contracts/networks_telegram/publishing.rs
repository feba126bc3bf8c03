//! Publishing: what is sent, and what each answer means for the post.

use allgreen::domain::answer::AnswerClass;
use allgreen::networks::{
    Found, MediaItem, Outcome, Publish, Refusal, Remote, ReplyTo, Session, Step,
};
use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::telegram::{Message, Rights};
use sha2::{Digest, Sha256};

use super::{BOT, POSTS, Scene};

/// The head of a PNG of one pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89,
];

/// One delivery on its way, as the engine drives it.
struct Send {
    scene: Scene,
    session: Session,
    publish: Publish,
    spool: tempfile::TempDir,
}

impl Send {
    async fn new(scene: Scene, text: &str) -> Self {
        let session = scene.session().await;
        let now = scene.clock.now();
        let publish = Publish {
            key: scene.networked.key("dlv_1", now, 0),
            account: scene.chat.clone(),
            text: text.into(),
            media: Vec::new(),
            options: Default::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now,
        };
        Self {
            scene,
            session,
            publish,
            spool: tempfile::tempdir().unwrap(),
        }
    }

    async fn channel(text: &str) -> Self {
        Self::new(Scene::channel().await, text).await
    }

    fn with(mut self, mimes: &[&str]) -> Self {
        for (n, mime) in mimes.iter().enumerate() {
            let path = self.spool.path().join(n.to_string());
            std::fs::write(&path, PNG).unwrap();
            let hash = Sha256::digest(PNG);
            self.publish.media.push(MediaItem {
                path,
                mime: (*mime).into(),
                bytes: PNG.len() as u64,
                size: Some((1, 1)),
                sha256: hash.iter().map(|b| format!("{b:02x}")).collect(),
                alt: String::new(),
            });
        }
        self
    }

    async fn send(&mut self) -> Outcome {
        let scene = &self.scene;
        match scene.networked.next(&self.publish, &[]) {
            Step::Visible(call) => {
                scene.keeps_the_token(&call.rendered);
                self.publish.rendered = Some(call.rendered.clone());
                let outcome = scene
                    .networked
                    .run(&scene.net, &self.session, &self.publish, &call)
                    .await;
                scene.keeps_the_token(&format!("{outcome:?}"));
                scene.never_stole_updates();
                outcome
            }
            Step::Refused(refusal) => Outcome::Refused(refusal),
            other => panic!("{other:?}"),
        }
    }

    fn messages(&self) -> Vec<Message> {
        self.scene.telegram().messages()
    }
}

fn published(outcome: Outcome) -> Remote {
    match outcome {
        Outcome::Published(remote) => remote,
        other => panic!("{other:?}"),
    }
}

fn not_processed(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::NotProcessed(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn text_goes_out_as_it_was_written_with_a_public_link() {
    let text = "Sale <b>now</b> & _here_ *only* \u{1f389}";
    let mut send = Send::channel(text).await;
    let remote = published(send.send().await);
    assert_eq!(
        remote.permalink.as_deref(),
        Some("https://t.me/acme_news/1")
    );
    let messages = send.messages();
    assert_eq!((messages.len(), messages[0].text.as_str()), (1, text));
}

#[tokio::test]
async fn each_kind_of_medium_goes_out_by_its_own_call() {
    for (mimes, method) in [
        (&["image/png"][..], "sendPhoto"),
        (&["video/mp4"], "sendVideo"),
        (&["image/gif"], "sendDocument"),
        (&["image/png", "video/mp4", "image/jpeg"], "sendMediaGroup"),
    ] {
        let mut send = Send::channel("look").await.with(mimes);
        assert_eq!(published(send.send().await).id, "1");
        let messages = send.messages();
        assert_eq!(messages.len(), mimes.len());
        assert!(
            messages
                .iter()
                .all(|one| one.method == method && one.bytes == PNG.len())
        );
        let texts: Vec<&str> = messages.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts[0], "look", "the caption is on the first item");
        assert!(texts[1..].iter().all(|text| text.is_empty()));
    }
}

#[tokio::test]
async fn a_later_part_of_a_thread_answers_the_one_before() {
    let mut send = Send::channel("one").await;
    let parent = published(send.send().await).id;
    send.publish.rendered = None;
    send.publish.text = "two".into();
    send.publish.reply_to = Some(ReplyTo {
        root: parent.clone(),
        parent,
    });
    send.scene.clock.advance(std::time::Duration::from_secs(2));
    published(send.send().await);
    assert_eq!(send.messages()[1].reply_to, Some(1));
}

#[tokio::test]
async fn what_is_over_a_limit_is_never_sent() {
    let mut send = Send::channel(&"x".repeat(4097)).await;
    assert!(matches!(send.send().await, Outcome::Refused(_)));
    let mut send = Send::channel(&"x".repeat(1025)).await.with(&["image/png"]);
    assert!(matches!(send.send().await, Outcome::Refused(_)));
    assert!(send.messages().is_empty());
    let calls = send.scene.telegram().calls();
    assert!(calls.iter().all(|call| !call.endpoint.starts_with("send")));
}

#[tokio::test]
async fn a_medium_that_changed_is_not_sent() {
    let mut send = Send::channel("x").await.with(&["image/png"]);
    std::fs::write(&send.publish.media[0].path, b"other").unwrap();
    assert!(matches!(send.send().await, Outcome::Refused(_)));
    assert!(send.messages().is_empty());
}

#[tokio::test]
async fn a_lost_right_or_token_proves_that_nothing_went_out() {
    for (rights, class) in [
        (Rights::Kicked, AnswerClass::LostRole),
        (Rights::Left, AnswerClass::LostRole),
        (
            Rights::Administrator { post: false },
            AnswerClass::MissingScope,
        ),
    ] {
        let mut send = Send::channel("x").await;
        let chat = send.scene.chat.clone();
        let telegram = send.scene.telegram().clone();
        telegram.set_rights(BOT, &chat, rights).unwrap();
        assert_eq!(not_processed(send.send().await).class, class);
        assert!(send.messages().is_empty());
        telegram.set_rights(BOT, &chat, POSTS).unwrap();
        published(send.send().await);
        assert_eq!(send.messages().len(), 1);
    }
    let mut send = Send::channel("x").await;
    send.scene.telegram().freeze(BOT, true).unwrap();
    assert_eq!(
        not_processed(send.send().await).class,
        AnswerClass::Restricted
    );
    send.scene.telegram().freeze(BOT, false).unwrap();
    send.scene.telegram().revoke_token(BOT).unwrap();
    assert_eq!(not_processed(send.send().await).class, AnswerClass::Revoked);
    assert!(send.messages().is_empty());
}

#[tokio::test]
async fn a_restricted_member_is_told_which_right_is_missing() {
    let mut send = Send::new(Scene::group().await, "x")
        .await
        .with(&["image/png"]);
    let rights = Rights::Restricted {
        messages: true,
        photos: false,
        videos: true,
        documents: true,
    };
    let telegram = send.scene.telegram();
    telegram.set_rights(BOT, &send.scene.chat, rights).unwrap();
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.class, AnswerClass::MissingScope);
    assert!(refusal.evidence.message.unwrap().contains("photos"));
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_the_body_says() {
    let mut send = Send::channel("x").await;
    let fault = Fault::RateLimited { retry_after: 35 };
    send.scene.telegram().fault_once("sendMessage", fault);
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.class, AnswerClass::RateLimited);
    assert_eq!(refusal.retry_after.unwrap().as_secs(), 35);
    assert!(send.messages().is_empty());
    // The body alone is enough.
    let body = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
    send.scene
        .telegram()
        .fault_once("sendMessage", Fault::Status(429, body.into()));
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.retry_after.unwrap().as_secs(), 7);
    // And the network's own pace is met by itself.
    published(send.send().await);
    assert_eq!(
        not_processed(send.send().await).class,
        AnswerClass::RateLimited
    );
}

#[tokio::test]
async fn a_lost_or_lying_answer_is_unclear_and_cannot_be_looked_up() {
    let lie = r#"{"ok":false,"error_code":500,"description":"Internal Server Error"}"#;
    let page = "<html>502 Bad Gateway</html>";
    for fault in [
        Fault::DropAnswer,
        Fault::BrokenJson,
        Fault::HugeJson(3 << 20),
        Fault::StatusThoughDone(500, lie.into()),
        Fault::StatusThoughDone(502, page.into()),
        Fault::StatusThoughDone(403, "<html>Forbidden</html>".into()),
        Fault::StatusThoughDone(200, r#"{"ok":true,"result":{}}"#.into()),
    ] {
        let mut send = Send::channel("once").await;
        send.scene
            .telegram()
            .fault_once("sendMessage", fault.clone());
        let outcome = send.send().await;
        assert!(
            matches!(outcome, Outcome::Unclear(_)),
            "{fault:?}: {outcome:?}"
        );
        assert_eq!(send.messages().len(), 1, "{fault:?}");
        send.scene.telegram().forget_calls();
        let scene = &send.scene;
        let session = Some(&send.session);
        let server = &send.session.server;
        let found = scene
            .networked
            .lookup(&scene.net, server, session, &send.publish)
            .await;
        assert!(matches!(found, Found::Unreadable(_)));
        assert!(scene.telegram().calls().is_empty());
    }
}

#[tokio::test]
async fn a_refusal_that_is_new_to_us_is_final_because_nothing_was_done() {
    let mut send = Send::channel("x").await;
    let body = r#"{"ok":false,"error_code":400,"description":"Bad Request: BRAND_NEW"}"#;
    send.scene
        .telegram()
        .fault_once("sendMessage", Fault::Status(400, body.into()));
    match send.send().await {
        Outcome::Refused(refusal) => assert_eq!(refusal.class, AnswerClass::Unclassified),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_token_does_not_leak_it() {
    let mut send = Send::channel("x").await;
    let (_, secret) = send.scene.token.split_once(':').unwrap();
    for told in [send.scene.token.as_str(), secret] {
        let body = format!(r#"{{"ok":false,"error_code":400,"description":"bad {told}"}}"#);
        let telegram = send.scene.telegram();
        telegram.fault_once("sendMessage", Fault::Status(400, body));
    }
    // `send` looks for the token in what comes back.
    for _ in 0..2 {
        assert!(matches!(send.send().await, Outcome::Refused(_)));
    }
}

#[tokio::test]
async fn a_group_that_was_upgraded_gets_the_post_once_under_its_new_id() {
    let mut send = Send::new(Scene::group().await, "x").await;
    let old = send.scene.chat.clone();
    let new = send.scene.telegram().migrate(&old).unwrap();
    let link = published(send.send().await).permalink.unwrap();
    let private = new.to_string();
    let private = private.strip_prefix("-100").unwrap();
    assert_eq!(link, format!("https://t.me/c/{private}/1"));
    let messages = send.messages();
    assert_eq!((messages.len(), messages[0].chat), (1, new));
    // Thrown out of the new one: the refusal names it.
    let telegram = send.scene.telegram().clone();
    telegram
        .set_rights(BOT, &new.to_string(), Rights::Kicked)
        .unwrap();
    let refusal = not_processed(send.send().await);
    assert_eq!(refusal.class, AnswerClass::LostRole);
    assert_eq!(
        refusal.evidence.network_code,
        Some(format!("migrated:{new}"))
    );
    // An answer lost at the new id is as unclear as any.
    telegram
        .set_rights(BOT, &new.to_string(), Rights::Member)
        .unwrap();
    telegram.rate_limits(false);
    telegram.fault(
        "sendMessage",
        Some(&new.to_string()),
        Fault::DropAnswer,
        allgreen::sandbox::faults::Times::Count(1),
    );
    assert!(matches!(send.send().await, Outcome::Unclear(_)));
    assert_eq!(send.messages().len(), 2);
}
