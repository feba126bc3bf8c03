//! What happens to posts whose time passed while they could not go out (C3).

use std::time::Duration;

use allgreen::domain::delivery::State;

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
