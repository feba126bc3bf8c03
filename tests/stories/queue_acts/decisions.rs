//! What only a person decides: drafts, unknown outcomes, failures, late posts.

use allgreen::domain::delivery::{Shown, State};
use allgreen::ops::ErrorKind;
use allgreen::ops::pause::{pause, resume};
use allgreen::ops::posts::{
    self, Answer, How, PostTime, cancel, delete, reschedule, resolve, retry, undo_last,
};
use allgreen::ops::probe::probe;
use allgreen::ops::release::{LateAnswer, MissedAnswer, ReleaseAnswer, plan, release};
use allgreen::ops::views;
use allgreen::sandbox::faults::Fault;

use crate::office::{Office, minutes};

use super::{breaks, delivery};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_scheduled_by_giving_it_a_time_and_deleted_for_good() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let draft = |text: &'static str| office.try_post(&channel, text, PostTime::Draft);
    let one = draft("one").await.unwrap().deliveries[0]
        .delivery
        .id
        .clone();
    let two = draft("two").await.unwrap().deliveries[0]
        .delivery
        .id
        .clone();
    office.clock.advance(minutes(10));
    office.pass().await;
    assert!(
        office
            .sandbox
            .bluesky()
            .live_posts(&ann.did)
            .unwrap()
            .is_empty()
    );
    let at = How::At("2026-11-21T15:00:00Z".into());
    let moved = reschedule(&office.hub, std::slice::from_ref(&one), at)
        .await
        .unwrap();
    assert_eq!(moved[0].shown, Shown::Scheduled);
    let post = delivery(&office, &two).await.post_id;
    assert_eq!(delete(&office.hub, &[two]).await.unwrap(), 1);
    let why = views::why(&office.hub, &one).await.unwrap();
    assert_eq!(
        why.sentence,
        "Not as things are. It is due on @ann.test at 2026-11-21 15:00 UTC. Proof 10 m ago, login renewed by itself, text checked, nobody publishes now (start allgreen daemon)."
    );
    let gone = views::post(&office.hub, &post).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    let refused = delete(&office.hub, std::slice::from_ref(&one)).await;
    assert_eq!(refused.unwrap_err().code, "not_a_draft");
    cancel(&office.hub, std::slice::from_ref(&one))
        .await
        .unwrap();
    assert_eq!(delete(&office.hub, &[one]).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_a_person_decides_what_nobody_could_read() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let ask = async |text: &str| {
        let id = office.post(&channel, text, minutes(0)).await;
        let bluesky = office.sandbox.bluesky();
        bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropBeforeProcessing);
        office.pass().await;
        office
            .raw()
            .execute(
                "UPDATE delivery SET state = 'needs_decision', asked = 'unresolved' WHERE id = ?1",
                [id.as_str()],
            )
            .unwrap();
        id
    };
    let again = ask("again").await;
    let early = resolve(&office.hub, &again, Answer::NotLive)
        .await
        .unwrap_err();
    assert_eq!(
        early.code, "not_settled",
        "whoever looks too early orders the second one"
    );
    office.clock.advance(minutes(5));
    let view = resolve(&office.hub, &again, Answer::NotLive).await.unwrap();
    assert_eq!(view.shown, Shown::Scheduled);
    assert_eq!(view.delivery.key_number, 1);
    office.pass().await;
    assert_eq!(
        office.sandbox.bluesky().live_posts(&ann.did).unwrap(),
        ["again"]
    );

    let live = ask("live").await;
    let bad = resolve(
        &office.hub,
        &live,
        Answer::Live(Some("javascript:alert(1)".into())),
    );
    assert_eq!(bad.await.unwrap_err().code, "bad_link");
    let link = "https://bsky.app/profile/ann.test/post/3abc".to_owned();
    let view = resolve(&office.hub, &live, Answer::Live(Some(link.clone())))
        .await
        .unwrap();
    assert_eq!(
        (view.shown, view.delivery.permalink),
        (Shown::Published, Some(link))
    );

    let left = ask("left").await;
    let view = resolve(&office.hub, &left, Answer::Leave).await.unwrap();
    assert_eq!(view.shown, Shown::NeedsDecision);
    assert_eq!(
        view.delivery.decision,
        Some(allgreen::domain::delivery::Decision::Left)
    );
    let none = resolve(&office.hub, &again, Answer::Leave).await;
    assert_eq!(none.unwrap_err().code, "nothing_to_decide");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_failed_one_goes_out_again_when_a_person_says_so() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let id = office.post(&channel, "second chance", minutes(0)).await;
    office
        .raw()
        .execute(
            "UPDATE delivery SET state = 'failed' WHERE id = ?1",
            [id.as_str()],
        )
        .unwrap();
    let scheduled = office.post(&channel, "by itself", minutes(60)).await;
    let refused = retry(&office.hub, &[scheduled]).await.unwrap_err();
    assert_eq!(refused.code, "is_scheduled");
    office.clock.advance(minutes(60 * 30));
    retry(&office.hub, &[id]).await.unwrap();
    office.pass().await;
    let live = office.sandbox.bluesky().live_posts(&ann.did).unwrap();
    assert!(live.contains(&"second chance".to_owned()), "{live:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_the_release_plan_is_answered_once_for_late_and_missed() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let missed = office.post(&channel, "missed", minutes(10)).await;
    let late = office.post(&channel, "late", minutes(60 * 20)).await;
    let to_come = office.post(&channel, "to come", minutes(60 * 40)).await;
    breaks(&office, &channel).await;
    office.clock.advance(minutes(60 * 30));
    let held = plan(&office.hub, &channel).await.unwrap();
    assert_eq!(
        (held.on_time, held.late, held.missed),
        (
            vec![to_come.clone()],
            vec![late.clone()],
            vec![missed.clone()]
        )
    );
    let credential = Office::credential(&ann);
    allgreen::ops::connect::reconnect(&office.hub, &channel, credential)
        .await
        .unwrap();
    office.pass().await;
    assert!(
        office
            .sandbox
            .bluesky()
            .live_posts(&ann.did)
            .unwrap()
            .is_empty(),
        "late ones wait for the answer"
    );
    let answer = ReleaseAnswer {
        late: LateAnswer::Send,
        missed: MissedAnswer::ShiftBy("+2d".into()),
        spread: None,
    };
    let after = release(&office.hub, &channel, answer).await.unwrap();
    assert_eq!(after.wait_until, None);
    assert!(after.missed.is_empty());
    office.pass().await;
    assert_eq!(
        office.sandbox.bluesky().live_posts(&ann.did).unwrap(),
        ["late"]
    );
    let moved = delivery(&office, &missed).await;
    assert_eq!(moved.state, State::Scheduled);
    assert!(moved.due > office.clock.now());
    undo_last(&office.hub).await.unwrap();
    let _ = posts::cancel(&office.hub, &[to_come]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_what_a_pause_left_undecided_is_looked_at_again_when_the_channel_is_resumed() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bluesky = office.sandbox.bluesky();
    let post = office.post(&channel, "once", minutes(0)).await;
    bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropBeforeProcessing);
    office.pass().await;
    assert_eq!(delivery(&office, &post).await.state, State::Unknown);
    pause(&office.hub, &channel).await.unwrap();
    // It is not there, and may not be sent again: nobody can go on.
    for _ in 0..10 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    assert_eq!(delivery(&office, &post).await.state, State::NeedsDecision);
    assert_eq!(bluesky.live_posts(&ann.did).unwrap(), [""; 0]);

    resume(&office.hub, &channel).await.unwrap();
    assert_eq!(delivery(&office, &post).await.state, State::Unknown);
    office.pass().await;
    assert_eq!(delivery(&office, &post).await.state, State::Published);
    assert_eq!(bluesky.live_posts(&ann.did).unwrap(), ["once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_what_asks_for_another_reason_still_asks_after_a_pause() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let post = office.post(&channel, "once", minutes(0)).await;
    let bluesky = office.sandbox.bluesky();
    bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropBeforeProcessing);
    office.pass().await;
    office
        .raw()
        .execute(
            "UPDATE delivery SET state = 'needs_decision', asked = 'different' WHERE id = ?1",
            [post.as_str()],
        )
        .unwrap();
    pause(&office.hub, &channel).await.unwrap();
    resume(&office.hub, &channel).await.unwrap();
    assert_eq!(delivery(&office, &post).await.state, State::NeedsDecision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_what_a_restriction_left_undecided_is_looked_at_again_when_it_is_lifted() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let bluesky = office.sandbox.bluesky();
    let post = office.post(&channel, "once", minutes(0)).await;
    bluesky.fault_once("com.atproto.repo.putRecord", Fault::DropBeforeProcessing);
    office.pass().await;
    bluesky.deactivate(&ann.did, true).unwrap();
    probe(&office.hub, &channel).await.unwrap();
    // What became of the post cannot be read, nor may it be sent again.
    for _ in 0..10 {
        office.clock.advance(minutes(5));
        office.pass().await;
    }
    assert_eq!(delivery(&office, &post).await.state, State::NeedsDecision);
    bluesky.deactivate(&ann.did, false).unwrap();
    probe(&office.hub, &channel).await.unwrap();
    office.commands().await;
    assert_eq!(delivery(&office, &post).await.state, State::Unknown);
    office.pass().await;
    assert_eq!(delivery(&office, &post).await.state, State::Published);
    assert_eq!(bluesky.live_posts(&ann.did).unwrap(), ["once"]);
}
