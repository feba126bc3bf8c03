//! What happens to posts whose time passed while they could not go out (C3).

use std::time::Duration;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;

use crate::stand_in::{Asked, Stage, refusal};
use crate::world::{World, minutes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_posts_go_out_oldest_first_and_a_minute_apart() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    let one = world.schedule(&channel, "one", minutes(10)).await;
    let two = world.schedule(&channel, "two", minutes(20)).await;
    let three = world.schedule(&channel, "three", minutes(30)).await;
    // Nobody publishes for three hours.
    world.advance(minutes(180));
    world.publish().await;
    world.until_state(&one, State::Published).await;
    let first_at = world.clock.now();
    for post in [&two, &three] {
        world
            .pass_until(Duration::from_secs(10), "the next is out", async || {
                world.delivery(post).await.state == State::Published
            })
            .await;
    }
    let at = |delivery: allgreen::domain::delivery::Delivery| delivery.published_at.unwrap();
    let (second, third) = (
        at(world.delivery(&two).await),
        at(world.delivery(&three).await),
    );
    assert!(
        second.since(first_at) >= minutes(1),
        "{second} after {first_at}"
    );
    assert!(third.since(second) >= minutes(1), "{third} after {second}");
    assert_eq!(world.live(&ann), ["one", "two", "three"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_a_day_late_is_missed_and_asks_instead() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    let old = world.schedule(&channel, "old news", minutes(10)).await;
    let fresh = world.schedule(&channel, "fresh", minutes(60 * 26)).await;
    world.advance(minutes(60 * 25));
    world.publish().await;
    world.until_state(&old, State::Missed).await;
    world.advance(minutes(60));
    world.until_state(&fresh, State::Published).await;
    assert_eq!(world.live(&ann), ["fresh"]);
    let notices = world.notices().await;
    assert!(
        notices.contains(&"A post on @ann.test was missed: its time passed".to_owned()),
        "{notices:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_of_the_present_does_not_wait_behind_late_ones() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    for n in 0..5 {
        world
            .schedule(&channel, &format!("late {n}"), minutes(10 + n))
            .await;
    }
    let live = world.schedule(&channel, "now", minutes(181)).await;
    world.advance(minutes(180));
    world.publish().await;
    world
        .until("the first late one is out", async || {
            world.live(&ann).len() == 1
        })
        .await;
    world.advance(minutes(1));
    world.until_state(&live, State::Published).await;
    let out = world.live(&ann);
    assert!(
        out.len() <= 3,
        "the present went out before the backlog: {out:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_heals_releases_its_posts_at_their_own_times() {
    let mut world = World::new().await;
    let ann = world.person("ann");
    let channel = world.connect(&ann).await;
    world.publish().await;
    let due: Vec<_> = [90, 120, 150].map(minutes).to_vec();
    let mut posts = Vec::new();
    for after in &due {
        posts.push(
            world
                .schedule(&channel, &format!("{} min", after.as_secs() / 60), *after)
                .await,
        );
    }
    let wanted: Vec<_> = due
        .iter()
        .map(|after| world.clock.now().plus(*after))
        .collect();
    world.sandbox.bluesky().deactivate(&ann.did, true).unwrap();
    world.advance(minutes(65));
    world
        .until("it is restricted", async || {
            !world.channel(&channel).await.publishable
        })
        .await;
    for (post, due) in posts.iter().zip(&wanted) {
        assert_eq!(world.delivery(post).await.due, *due);
    }
    world.sandbox.bluesky().deactivate(&ann.did, false).unwrap();
    world
        .pass_until(minutes(1), "all are out", async || {
            let mut out = 0;
            for post in &posts {
                out += usize::from(world.delivery(post).await.state == State::Published);
            }
            out == 3
        })
        .await;
    for (post, due) in posts.iter().zip(&wanted) {
        let sent = world.delivery(post).await.published_at.unwrap();
        assert!(
            sent >= *due && sent.since(*due) < minutes(65),
            "{sent} for {due}"
        );
    }
    world.stop().await;
}

/// A stage on which these posts of one channel are late, by so many minutes, and
/// the network answers the first posts so.
async fn after_an_outage(late: &[(&str, u64)], first: &[AnswerClass]) -> (Stage, Vec<DeliveryId>) {
    let stage = Stage::new(1, 1).await;
    let longest = late.iter().map(|(_, late)| *late).max().unwrap();
    let mut posts = Vec::new();
    for (text, late) in late {
        let after = minutes(longest - late + 1);
        let channel = &stage.channels[0];
        posts.push(stage.world.schedule(channel, text, after).await);
    }
    stage.world.advance(minutes(longest + 1));
    let mut first = first.to_vec();
    first.reverse();
    stage.network.answer(move |asked, _| match asked {
        Asked::Post => first.pop().map(|class| refusal(class, None)),
        _ => None,
    });
    (stage, posts)
}

/// What is live, in the order in which it went out.
fn went_out(stage: &Stage, posts: &[DeliveryId]) -> Vec<usize> {
    let live = stage.network.posts().into_iter();
    live.map(|(_, key)| {
        let is_of = |post: &DeliveryId| key.starts_with(post.as_str());
        posts.iter().position(is_of).unwrap()
    })
    .collect()
}

/// Passes a few seconds apart until so many are live.
async fn passes_until(stage: &Stage, posts: &[DeliveryId], live: usize) -> Vec<usize> {
    for _ in 0..200 {
        stage.pass().await;
        let out = went_out(stage, posts);
        if out.len() >= live {
            return out;
        }
        stage.world.advance(Duration::from_secs(5));
    }
    panic!("only {:?} are live", went_out(stage, posts));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_late_post_that_the_network_put_off_is_not_overtaken_by_newer_late_ones() {
    use AnswerClass::{RateLimited, Transient};
    // The outage is not over at once: the first tries do not get through.
    for trouble in [&[Transient; 1][..], &[Transient; 4], &[RateLimited; 2]] {
        let late = [("one", 180), ("two", 120), ("three", 60)];
        let (stage, posts) = after_an_outage(&late, trouble).await;
        stage.pass().await;
        assert!(went_out(&stage, &posts).is_empty(), "{trouble:?}");
        let out = passes_until(&stage, &posts, 3).await;
        assert_eq!(out, [0, 1, 2], "{trouble:?}: oldest first");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_late_post_in_trouble_keeps_no_post_of_the_present_waiting() {
    let late = [("late", 180), ("later", 120)];
    let (stage, mut posts) = after_an_outage(&late, &[AnswerClass::Transient]).await;
    stage.pass().await;
    assert!(went_out(&stage, &posts).is_empty());
    let channel = &stage.channels[0];
    posts.push(stage.world.schedule(channel, "now", minutes(0)).await);
    stage.pass().await;
    assert_eq!(went_out(&stage, &posts), [2]);
    let out = passes_until(&stage, &posts, 3).await;
    assert_eq!(out, [2, 0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_late_post_refused_for_its_own_sake_keeps_no_other_waiting() {
    let late = [("one", 180), ("two", 120)];
    let own = [AnswerClass::Unclassified];
    let (stage, posts) = after_an_outage(&late, &own).await;
    let out = passes_until(&stage, &posts, 2).await;
    assert_eq!(out, [1, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_nothing_is_missed_for_the_sake_of_the_order() {
    // The lateness limit is a day; the network never takes the first one.
    let late = [("never", 13 * 60), ("soon too late", 12 * 60 - 1)];
    let (stage, posts) = after_an_outage(&late, &[AnswerClass::Transient; 50]).await;
    let first = posts[0].clone();
    stage.pass().await;
    assert_eq!(stage.delivery(&posts[1]).await.next_attempt_at, None);
    let mut tried = false;
    for _ in 0..10 {
        stage.world.advance(minutes(1));
        stage.pass().await;
        tried |= stage.delivery(&posts[1]).await.next_attempt_at.is_some();
    }
    assert!(tried, "the newer one has its own tries");
    assert_eq!(stage.delivery(&first).await.state, State::Scheduled);
}
