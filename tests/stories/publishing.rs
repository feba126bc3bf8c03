//! What becomes of a scheduled post.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::machine::Rules;
use allgreen::sandbox::faults::{Fault, Times};

use crate::world::{World, minutes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_post_goes_out_at_its_time_and_its_link_is_kept() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world
        .schedule(
            &channel,
            "Hello from a terminal https://example.com #news",
            minutes(5),
        )
        .await;
    world.advance(minutes(4));
    assert!(
        world.live(&ann).is_empty(),
        "nothing goes out before its time"
    );
    world.advance(minutes(1));
    world.until_state(&post, State::Published).await;
    assert_eq!(
        world.live(&ann),
        ["Hello from a terminal https://example.com #news"]
    );
    let delivery = world.delivery(&post).await;
    let key = delivery.idem_key.unwrap();
    assert_eq!(
        delivery.remote_id.unwrap(),
        format!("at://{}/app.bsky.feed.post/{key}", ann.did)
    );
    assert_eq!(
        delivery.permalink.unwrap(),
        format!("https://bsky.app/profile/{}/post/{key}", ann.did)
    );
    assert_eq!(delivery.published_at.unwrap(), world.clock.now());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_posts_are_held_not_failed_when_the_app_password_is_revoked_and_one_notice_says_so() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let soon = world.schedule(&channel, "soon", minutes(30)).await;
    let later = world.schedule(&channel, "later", minutes(300)).await;
    world
        .sandbox
        .bluesky()
        .revoke_app_password(&ann.did, &ann.app_password)
        .unwrap();
    world.advance(minutes(30));
    world
        .until("the channel is broken", async || {
            !world.channel(&channel).await.publishable
        })
        .await;
    let broken = world.channel(&channel).await;
    assert_eq!(
        (broken.status, broken.cause),
        (Status::Revoked, Cause::AppRemoved)
    );
    assert_eq!(broken.evidence.http_status, Some(401));
    assert_eq!(
        broken.evidence.message.as_deref(),
        Some("Invalid identifier or password")
    );
    for post in [&soon, &later] {
        assert_eq!(world.delivery(post).await.state, State::Scheduled);
    }
    world.advance(minutes(120));
    assert!(world.live(&ann).is_empty());
    assert_eq!(
        world.notices().await,
        ["Please reconnect @ann.test: 2 posts held"]
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_takedown_holds_the_posts_and_heals_by_itself_when_it_is_lifted() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "patience", minutes(90)).await;
    world.sandbox.bluesky().takedown(&ann.did, true).unwrap();
    world.advance(minutes(70));
    world
        .until("it is restricted", async || {
            world.channel(&channel).await.cause == Cause::Restricted
        })
        .await;
    assert_eq!(
        world.channel(&channel).await.status,
        Status::Active,
        "the access itself is not gone"
    );
    world.sandbox.bluesky().takedown(&ann.did, false).unwrap();
    world.advance(minutes(70));
    world
        .until("it is healed", async || {
            world.channel(&channel).await.publishable
        })
        .await;
    world.advance(minutes(2));
    world.until_state(&post, State::Published).await;
    assert_eq!(world.live(&ann), ["patience"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_main_password_heals_silently() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "still here", minutes(90)).await;
    world
        .sandbox
        .bluesky()
        .change_main_password(&ann.did, "main-password-2")
        .unwrap();
    world.advance(minutes(90));
    world.until_state(&post, State::Published).await;
    assert!(world.channel(&channel).await.publishable);
    let notices = world.notices().await;
    assert!(
        notices
            .iter()
            .all(|text| text.starts_with("Access token refreshed for @ann.test")),
        "{notices:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_account_is_gone_and_its_posts_stay_held() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world.schedule(&channel, "too late", minutes(90)).await;
    world.sandbox.bluesky().delete_account(&ann.did).unwrap();
    world.advance(minutes(90));
    world
        .until("it is gone", async || {
            world.channel(&channel).await.cause == Cause::AccountGone
        })
        .await;
    assert_eq!(world.delivery(&post).await.state, State::Scheduled);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_an_outage_never_flips_a_channel_and_the_post_goes_out_when_it_ends() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let post = world
        .schedule(&channel, "after the storm", minutes(30))
        .await;
    world.sandbox.bluesky().down(true);
    let six_hours_on = world.clock.now().plus(minutes(360));
    world
        .pass_until(minutes(10), "six hours are over", async || {
            world.clock.now() >= six_hours_on
        })
        .await;
    assert!(
        world.sandbox.bluesky().calls().len() >= 5,
        "it went on trying"
    );
    let during = world.channel(&channel).await;
    assert!(
        during.publishable && during.cause == Cause::None && during.token.refresh_failures == 0
    );
    assert_eq!(world.delivery(&post).await.state, State::Scheduled);
    world.sandbox.bluesky().down(false);
    world
        .pass_until(minutes(5), "it is out", async || {
            world.delivery(&post).await.state == State::Published
        })
        .await;
    world.until_state(&post, State::Published).await;
    assert_eq!(world.live(&ann), ["after the storm"]);
    world.stop().await;
}

/// Answers that lie or get lost, one by one; each ends in exactly one post.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_the_answer_there_is_one_post_and_we_know_it() {
    for fault in [
        Fault::DropBeforeProcessing,
        Fault::DropAnswer,
        Fault::ProcessLater(300),
        Fault::Status(
            500,
            r#"{"error":"InternalServerError","message":"Internal Server Error"}"#.into(),
        ),
        Fault::StatusThoughDone(
            500,
            r#"{"error":"InternalServerError","message":"Internal Server Error"}"#.into(),
        ),
        Fault::BrokenJson,
        Fault::HugeJson(8 << 20),
        Fault::RateLimited { retry_after: 30 },
        Fault::Down,
    ] {
        let mut world = World::new().await;
        let ann = world.person("ann");
        let channel = world.connect(&ann).await;
        world.publish().await;
        let post = world.schedule(&channel, "once", minutes(5)).await;
        let name = format!("{fault:?}");
        world
            .sandbox
            .bluesky()
            .fault("com.atproto.repo.putRecord", None, fault, Times::Count(1));
        world.advance(minutes(5));
        world
            .until("the fault was met", async || {
                world.sandbox.bluesky().waiting_faults() == 0
            })
            .await;
        world
            .pass_until(Duration::from_secs(30), &name, async || {
                world.delivery(&post).await.state == State::Published
            })
            .await;
        world.until_state(&post, State::Published).await;
        assert_eq!(world.live(&ann), ["once"], "after {name}");
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_protocol_posts_twice_so_the_story_above_can_fail() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    let broken = Rules {
        blind_retry: true,
        new_key_per_attempt: true,
        ..Rules::default()
    };
    world.publish_with(broken).await;
    let post = world.schedule(&channel, "twice", minutes(5)).await;
    world.sandbox.bluesky().fault(
        "com.atproto.repo.putRecord",
        None,
        Fault::DropAnswer,
        Times::Count(1),
    );
    world.advance(minutes(5));
    world
        .pass_until(Duration::from_secs(30), "it is out", async || {
            world.delivery(&post).await.state == State::Published
        })
        .await;
    assert_eq!(world.live(&ann), ["twice", "twice"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_handle_is_taken_over_by_the_next_proof_and_the_channel_stays_itself() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    world
        .sandbox
        .bluesky()
        .rename_handle(&ann.did, "anna.test")
        .unwrap();
    world
        .pass_until(minutes(5), "the new handle is known", async || {
            world.channel(&channel).await.handle == "anna.test"
        })
        .await;
    assert_eq!(world.channel(&channel).await.remote_id, ann.did);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_the_third_counted_failure_gives_up_and_the_end_of_the_token_turns_it_red() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let body = r#"{"error":"Surprise","message":"Nobody wrote this down"}"#;
    for call in ["refreshSession", "createSession"] {
        let fault = Fault::Status(418, body.into());
        let endpoint = format!("com.atproto.server.{call}");
        world
            .sandbox
            .bluesky()
            .fault(&endpoint, None, fault, Times::UntilCleared);
    }
    world
        .pass_until(minutes(5), "the first failure is counted", async || {
            world.channel(&channel).await.token.refresh_failures == 1
        })
        .await;
    assert!(
        world.channel(&channel).await.publishable,
        "one is no reason"
    );
    world
        .pass_until(
            minutes(5),
            "it is given up and its token has ended",
            async || world.channel(&channel).await.status == Status::TokenExpired,
        )
        .await;
    let expired = world.channel(&channel).await;
    assert_eq!(
        (expired.cause, expired.token.refresh_failures),
        (Cause::Expired, 3)
    );
    let notices = world.notices().await;
    assert!(
        notices.contains(&"@ann.test expired. Please reconnect.".to_owned()),
        "{notices:?}"
    );
    world.stop().await;
}
