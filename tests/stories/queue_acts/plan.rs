//! A release plan is answered post by post, in one act that undo takes back.

use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::release::Then;
use allgreen::domain::role::Role;
use allgreen::ops::ErrorKind;
use allgreen::ops::posts::{cancel, undo_last};
use allgreen::ops::release::{ChannelPlan, plans, settle};

use crate::office::{Office, minutes};

use super::delivery;

/// One missed, one late, one late and dated, one to come.
async fn backlog(office: &Office, channel: &ChannelId) -> [DeliveryId; 4] {
    let missed = office.post(channel, "missed", minutes(10)).await;
    office.clock.advance(minutes(24 * 60));
    let late = office.post(channel, "late", minutes(10)).await;
    let dated = office.post(channel, "dated", minutes(20)).await;
    let to_come = office.post(channel, "to come", minutes(200)).await;
    office.clock.advance(minutes(60));
    [missed, late, dated, to_come]
}

async fn plan_of(office: &Office, channel: &ChannelId) -> ChannelPlan {
    let all = plans(&office.hub, std::slice::from_ref(channel)).await;
    all.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_each_post_gets_its_answer_and_one_undo_takes_all_of_it_back() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let [missed, late, dated, to_come] = backlog(&office, &channel).await;
    let plan = plan_of(&office, &channel).await;
    assert_eq!(plan.on_time, [delivery(&office, &to_come).await.due]);
    let texts: Vec<_> = plan.posts.iter().map(|post| &post.view.text).collect();
    assert_eq!(texts, ["late", "dated", "missed"]);
    let before = delivery(&office, &missed).await.due;
    let moved = office.clock.now().plus(minutes(3 * 24 * 60));
    let answers = [
        (late.clone(), Then::Send),
        (dated.clone(), Then::Cancel),
        (missed.clone(), Then::MoveTo(moved)),
    ];
    let settled = settle(&office.hub, &answers).await.unwrap();
    assert_eq!((settled.sent, settled.cancelled, settled.moved), (1, 1, 1));
    assert!(settled.kept.is_empty());
    assert_eq!(delivery(&office, &missed).await.due, moved);
    assert_eq!(delivery(&office, &dated).await.state, State::Cancelled);
    undo_last(&office.hub).await.unwrap();
    assert_eq!(delivery(&office, &missed).await.due, before);
    assert_eq!(delivery(&office, &dated).await.state, State::Scheduled);
    // Answered again, the late one goes out and the dated one never does.
    settle(&office.hub, &answers).await.unwrap();
    office.pass().await;
    let live = office.sandbox.bluesky().live_posts(&ann.did).unwrap();
    assert_eq!(live, ["late"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_missed_post_is_sent_when_somebody_says_so_and_only_then() {
    let office = Office::open().await;
    let (ann, channel) = office.channel("ann").await;
    let [missed, late, dated, _] = backlog(&office, &channel).await;
    let cancelled = [late, dated].map(|id| (id, Then::Cancel));
    settle(&office.hub, &cancelled).await.unwrap();
    let later = [(missed.clone(), Then::Later)];
    settle(&office.hub, &later).await.unwrap();
    office.pass().await;
    let live = || office.sandbox.bluesky().live_posts(&ann.did).unwrap();
    assert!(live().is_empty());
    settle(&office.hub, &[(missed, Then::Send)]).await.unwrap();
    office.pass().await;
    assert_eq!(live(), ["missed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_what_changed_meanwhile_stays_and_is_named_while_the_rest_is_done() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let [missed, late, dated, _] = backlog(&office, &channel).await;
    cancel(&office.hub, std::slice::from_ref(&late))
        .await
        .unwrap();
    let answers = [(late.clone(), Then::Send), (dated.clone(), Then::Cancel)];
    let settled = settle(&office.hub, &answers).await.unwrap();
    assert_eq!((settled.sent, settled.cancelled), (0, 1));
    let [(id, why)] = settled.kept.as_slice() else {
        panic!("{settled:?}");
    };
    assert!(*id == late && why.contains("cancelled by now"), "{why}");
    // A time that has passed is refused, and then nothing is done.
    let past = office.clock.now().minus(minutes(1));
    let answers = [(missed.clone(), Then::MoveTo(past))];
    let refused = settle(&office.hub, &answers).await.unwrap_err();
    assert_eq!(refused.code, "past");
    let main = office.main().await;
    let viewer = office.colleague("vera", &main, Role::Viewer).await;
    let answers = [(missed, Then::Cancel)];
    let refused = settle(&viewer, &answers).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotAllowed);
    assert_eq!(plans(&viewer, &[channel]).await.unwrap().len(), 1);
}
