//! What a network accepted and works on: it is asked, never sent again, and not
//! waited for without end.

use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;

use crate::stand_in::{Asked, Stage};
use crate::world::minutes;

/// A post that the network accepted, and the stage.
async fn accepted() -> (Stage, DeliveryId) {
    let stage = Stage::new(1, 1).await;
    stage.network.work_slowly();
    let channel = &stage.channels[0];
    let post = stage.world.schedule(channel, "a film", minutes(1)).await;
    stage.world.advance(minutes(1));
    stage.pass().await;
    assert_eq!(stage.delivery(&post).await.state, State::Confirming);
    (stage, post)
}

/// Hours in which cron starts a publisher every ten minutes.
async fn hours(stage: &Stage, n: usize) {
    for _ in 0..6 * n {
        stage.world.advance(minutes(10));
        stage.pass().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_network_works_on_for_hours_is_published_when_it_is_done() {
    let (stage, post) = accepted().await;
    hours(&stage, 3).await;
    assert_eq!(stage.delivery(&post).await.state, State::Confirming);
    stage.network.finish();
    hours(&stage, 1).await;
    assert_eq!(stage.delivery(&post).await.state, State::Published);
    assert_eq!(stage.network.calls(Asked::Post), 1, "sent once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_network_never_finishes_asks_a_person_after_a_day_and_is_not_sent_again() {
    let (stage, post) = accepted().await;
    hours(&stage, 23).await;
    assert_eq!(stage.delivery(&post).await.state, State::Confirming);
    hours(&stage, 2).await;
    assert_eq!(stage.delivery(&post).await.state, State::NeedsDecision);
    let notices = stage.world.notices().await;
    let asks = "Did it go out? Mastodon accepted a post on @a0 and never said that it was finished: it needs your decision";
    assert_eq!(
        notices.iter().filter(|one| *one == asks).count(),
        1,
        "{notices:?}"
    );
    // Nobody is so clever as to send it again, and it is a fact when it comes.
    hours(&stage, 3).await;
    assert_eq!(stage.delivery(&post).await.state, State::NeedsDecision);
    assert_eq!(stage.network.calls(Asked::Post), 1, "sent once");
}
