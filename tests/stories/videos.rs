//! A video: prepared by the network's service, then posted once; what was done
//! is not done again after trouble on the way.

use std::path::PathBuf;
use std::time::Duration;

use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::post_options::{LinkCard, PostOptions};
use allgreen::ops::posts::{NewPost, PostTime, create};
use allgreen::sandbox::faults::{Fault, Times};
use serde_json::Value;

use crate::office::{Office, Person, minutes, new_post};

/// The first bytes of an MP4 file, which is what it is known by.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";
const STATUS: &str = "app.bsky.video.getJobStatus";

struct Scene {
    office: Office,
    person: Person,
    channel: ChannelId,
    file: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let office = Office::open().await;
        let (person, channel) = office.channel("ann").await;
        office.sandbox.bluesky().confirm_email(&person.did).unwrap();
        let file = office.home.path().join("clip.mp4");
        std::fs::write(&file, MP4).unwrap();
        Self {
            office,
            person,
            channel,
            file,
        }
    }

    async fn post(&self, text: &str) -> DeliveryId {
        let new = NewPost {
            media: vec![(self.file.clone(), "a clip".into())],
            ..new_post(&self.channel, text, PostTime::Now)
        };
        let view = create(&self.office.hub, new).await.unwrap();
        view.deliveries[0].delivery.id.clone()
    }

    /// One pass, while time goes by, slowly enough for calls to be in time.
    async fn pass(&self) {
        let pass = self.office.pass();
        tokio::pin!(pass);
        let real = allgreen::support::clock::Clock::real();
        loop {
            tokio::select! {
                _ = &mut pass => return,
                () = real.sleep(Duration::from_millis(20)) => {
                    self.office.clock.advance(Duration::from_millis(500));
                }
            }
        }
    }

    async fn state(&self, id: &DeliveryId) -> (State, Option<String>) {
        let id = id.clone();
        let store = &self.office.hub.store;
        let found = store.read(move |q| q.delivery(&id)).await.unwrap();
        let said = found.last_error.and_then(|error| error.evidence.message);
        (found.state, said)
    }

    fn live(&self) -> Vec<Value> {
        let bluesky = self.office.sandbox.bluesky();
        bluesky.live_records(&self.person.did).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_a_video_is_prepared_by_the_service_and_posted_once() {
    let scene = Scene::new().await;
    let post = scene.post("look").await;
    scene.pass().await;
    assert_eq!(scene.state(&post).await.0, State::Published);
    let live = scene.live();
    assert_eq!(live.len(), 1);
    let embed = &live[0]["value"]["embed"];
    assert_eq!(embed["$type"], "app.bsky.embed.video");
    assert_eq!(embed["alt"], "a clip");
    assert_eq!(embed["video"]["mimeType"], "video/mp4");
    assert_eq!(scene.office.calls("uploadVideo"), 1);
    assert_eq!(scene.office.calls("uploadBlob"), 0, "the service does that");
    let database = scene.office.dump().join("\n");
    assert!(
        !database.contains("\"lxm\"") && !database.contains("eyJ"),
        "no token is kept"
    );

    // The same file again is known to the service, which says so in an error.
    let again = scene.post("look again").await;
    scene.office.clock.advance(minutes(1));
    scene.pass().await;
    assert_eq!(scene.state(&again).await.0, State::Published);
    let live = scene.live();
    assert_eq!(live.len(), 2);
    assert_eq!(
        live[0]["value"]["embed"]["video"],
        live[1]["value"]["embed"]["video"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_trouble_while_the_video_is_prepared_does_not_send_it_again() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.fault(
        STATUS,
        None,
        Fault::Status(502, "<html>".into()),
        Times::Count(2),
    );
    let post = scene.post("look").await;
    for _ in 0..4 {
        scene.pass().await;
        scene.office.clock.advance(minutes(2));
    }
    assert_eq!(scene.state(&post).await.0, State::Published);
    assert_eq!(scene.office.calls("uploadVideo"), 1, "its record was kept");
    assert_eq!(scene.live().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_what_the_service_refuses_fails_the_post_and_never_the_channel() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.fail_video("encoding_failure");
    let broken = scene.post("broken").await;
    scene.pass().await;
    let (state, said) = scene.state(&broken).await;
    assert_eq!(state, State::Failed);
    assert_eq!(
        said.as_deref(),
        Some("The video could not be prepared: Failed to process video")
    );

    // Trouble of theirs is tried again.
    bluesky.fail_video("pds_upload_failure");
    let again = scene.post("again").await;
    for _ in 0..2 {
        scene.office.clock.advance(minutes(1));
        scene.pass().await;
    }
    assert_eq!(scene.state(&again).await.0, State::Published);

    // Its own refusal of a token says nothing about the account's access.
    let no = r#"{"error":"InvalidToken","message":"Token could not be verified"}"#;
    bluesky.fault(
        "app.bsky.video.uploadVideo",
        None,
        Fault::Status(401, no.into()),
        Times::Count(1),
    );
    let waits = scene.post("waits").await;
    scene.office.clock.advance(minutes(1));
    scene.pass().await;
    assert_eq!(scene.state(&waits).await.0, State::Scheduled);
    let id = scene.channel.clone();
    let store = &scene.office.hub.store;
    assert!(
        store
            .read(move |q| q.channel(&id))
            .await
            .unwrap()
            .can_send()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_the_limits_of_the_service_hold_for_videos_and_are_said() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.video_limits(0, 1_000_000);
    let post = scene.post("tomorrow").await;
    scene.pass().await;
    let (state, said) = scene.state(&post).await;
    assert_eq!(state, State::Scheduled);
    assert!(said.unwrap().contains("exceeded daily upload videos limit"));
    let text = scene
        .office
        .post(&scene.channel, "no video", minutes(1))
        .await;
    scene.office.clock.advance(minutes(2));
    scene.pass().await;
    assert_eq!(
        scene.state(&text).await.0,
        State::Published,
        "it waits for no video"
    );
    bluesky.video_limits(25, 1_000_000);
    scene.office.clock.advance(minutes(70));
    scene.pass().await;
    assert_eq!(scene.state(&post).await.0, State::Published);

    let scene = Scene::new().await;
    let other = scene.office.channel("birch").await;
    let new = NewPost {
        media: vec![(scene.file.clone(), String::new())],
        ..new_post(&other.1, "no mail", PostTime::Now)
    };
    let view = create(&scene.office.hub, new).await.unwrap();
    scene.pass().await;
    let (state, said) = scene.state(&view.deliveries[0].delivery.id).await;
    assert_eq!(state, State::Failed);
    assert!(said.unwrap().contains("e-mail address is confirmed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_link_card_is_posted_as_it_was_written_and_nobody_fetches_the_page() {
    let scene = Scene::new().await;
    let card = PostOptions {
        link_card: Some(LinkCard {
            url: "https://acme.example/news?id=1".into(),
            title: "News".into(),
            description: "What is new.".into(),
        }),
        ..PostOptions::default()
    };
    let new = NewPost {
        options: card.clone(),
        then: vec!["more".into()],
        ..new_post(&scene.channel, "read", PostTime::Now)
    };
    create(&scene.office.hub, new).await.unwrap();
    scene.pass().await;
    let live = scene.live();
    assert_eq!(
        live[0]["value"]["embed"],
        serde_json::json!({ "$type": "app.bsky.embed.external", "external": {
            "uri": "https://acme.example/news?id=1", "title": "News", "description": "What is new.",
        } })
    );
    assert_eq!(
        live[1]["value"].get("embed"),
        None,
        "the card is the first part's"
    );

    let both = NewPost {
        media: vec![(scene.file.clone(), String::new())],
        options: card,
        ..new_post(&scene.channel, "read", PostTime::Now)
    };
    let refused = create(&scene.office.hub, both).await.unwrap_err();
    assert_eq!(refused.code, "invalid_post");
}
