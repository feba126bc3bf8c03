//! Threads: parts that answer each other, in order, each once; what happens to
//! one part is what the others wait for.

use allgreen::domain::delivery::{Blocker, Shown, State};
use allgreen::domain::ids::{ChannelId, DeliveryId, PostId};
use allgreen::ops::pause::{pause, resume};
use allgreen::ops::posts::{
    How, NewPost, PostChange, PostTime, behind, cancel, create, delete, edit, reschedule, retry,
    send_now, undo_last,
};
use allgreen::ops::release::{LateAnswer, ReleaseAnswer, plan, release};
use allgreen::ops::views::{self, DeliveryView, QueueFilter};
use allgreen::sandbox::faults::{Fault, Times};
use serde_json::Value;

use crate::office::{Office, Person, minutes, new_post};

const PUT: &str = "com.atproto.repo.putRecord";
const REFUSED: &str =
    r#"{"error":"InvalidRequest","message":"Invalid app.bsky.feed.post record: no"}"#;

/// An office with a thread of three parts on one channel, due in five minutes.
struct Scene {
    office: Office,
    person: Person,
    channel: ChannelId,
    post: PostId,
    parts: Vec<DeliveryId>,
}

impl Scene {
    async fn new() -> Self {
        Self::at("in 5m").await
    }

    async fn at(when: &str) -> Self {
        let office = Office::open().await;
        let (person, channel) = office.channel("ann").await;
        let when = match when {
            "draft" => PostTime::Draft,
            at => PostTime::At(at.into()),
        };
        let new = NewPost {
            then: vec!["two".into(), "three".into()],
            ..new_post(&channel, "one", when)
        };
        let view = create(&office.hub, new).await.unwrap();
        let parts = view.deliveries.iter().map(|one| one.delivery.id.clone());
        Self {
            parts: parts.collect(),
            post: view.post.id,
            office,
            person,
            channel,
        }
    }

    async fn views(&self) -> Vec<DeliveryView> {
        let found = views::post(&self.office.hub, &self.post).await.unwrap();
        found.deliveries
    }

    async fn states(&self) -> Vec<State> {
        let views = self.views().await;
        views.iter().map(|one| one.delivery.state).collect()
    }

    async fn shown(&self) -> Vec<Shown> {
        let views = self.views().await;
        views.iter().map(|one| one.shown).collect()
    }

    async fn pass_after(&self, minutes_: u64) {
        self.office.clock.advance(minutes(minutes_));
        self.office.pass().await;
    }

    /// The records that are live, oldest first.
    fn live(&self) -> Vec<Value> {
        let bluesky = self.office.sandbox.bluesky();
        bluesky.live_records(&self.person.did).unwrap()
    }

    fn texts(&self) -> Vec<String> {
        let texts = self.live().into_iter();
        texts
            .map(|one| one["value"]["text"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_thread_goes_out_in_order_and_each_part_answers_the_one_before_it() {
    let scene = Scene::new().await;
    let views = scene.views().await;
    let places: Vec<_> = views
        .iter()
        .map(|one| (one.delivery.part_no, one.parts, one.marked_text()))
        .collect();
    let said = |number: u32, text: &str| (number, 3, format!("{number}/3 {text}"));
    assert_eq!(places, [said(1, "one"), said(2, "two"), said(3, "three")]);
    assert_eq!(views[2].delivery.root_id.as_ref(), Some(&scene.parts[0]));
    assert_eq!(views[2].delivery.after_id.as_ref(), Some(&scene.parts[1]));
    assert_eq!(
        scene.shown().await,
        [Shown::Scheduled; 3],
        "nothing is in the way"
    );

    scene.pass_after(5).await;
    assert_eq!(scene.states().await, [State::Published; 3]);
    let live = scene.live();
    assert_eq!(
        scene.texts(),
        ["one", "two", "three"],
        "the keys rise with the parts"
    );
    let named = |at: usize| serde_json::json!({ "uri": live[at]["uri"], "cid": live[at]["cid"] });
    assert_eq!(live[0]["value"].get("reply"), None);
    assert_eq!(live[1]["value"]["reply"]["root"], named(0));
    assert_eq!(live[1]["value"]["reply"]["parent"], named(0));
    assert_eq!(live[2]["value"]["reply"]["root"], named(0));
    assert_eq!(live[2]["value"]["reply"]["parent"], named(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_other_posts_of_the_channel_do_not_come_between_the_parts() {
    let scene = Scene::new().await;
    scene.office.post(&scene.channel, "other", minutes(5)).await;
    scene.pass_after(5).await;
    let ledger = scene.office.sandbox.bluesky().ledger();
    let order: Vec<_> = ledger.iter().map(|entry| entry.text.as_str()).collect();
    let first = order.iter().position(|text| *text == "one").unwrap();
    assert_eq!(order[first..first + 3], ["one", "two", "three"]);
    assert_eq!(order.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_lost_answer_of_one_part_is_looked_up_before_the_next_goes_out() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.fault_once(PUT, Fault::DropAnswer);
    scene.pass_after(5).await;
    assert_eq!(
        scene.states().await,
        [State::Unknown, State::Scheduled, State::Scheduled]
    );
    assert_eq!(scene.texts(), ["one"]);
    scene.pass_after(2).await;
    assert_eq!(scene.states().await, [State::Published; 3]);
    assert_eq!(scene.texts(), ["one", "two", "three"]);
    assert_eq!(scene.office.calls("putRecord"), 3, "none is sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f3_a_part_that_never_arrived_is_sent_again_before_the_next_goes_out() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.fault_once(PUT, Fault::DropBeforeProcessing);
    scene.pass_after(5).await;
    assert_eq!(scene.texts(), Vec::<String>::new());
    for _ in 0..3 {
        scene.pass_after(5).await;
    }
    assert_eq!(scene.states().await, [State::Published; 3]);
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_a_part_that_failed_holds_those_behind_it_until_it_is_out() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    bluesky.fault_once(PUT, Fault::Status(400, REFUSED.into()));
    scene.pass_after(5).await;
    assert_eq!(
        scene.shown().await,
        [Shown::Failed, Shown::Held, Shown::Held]
    );
    let views = scene.views().await;
    assert_eq!(views[2].blocker, Some(Blocker::EarlierPart));
    let why = views::why(&scene.office.hub, &scene.parts[2])
        .await
        .unwrap();
    assert_eq!(why.verdict, "held");
    let said = format!("part 1 of its thread, {}, is failed", scene.parts[0]);
    assert!(why.sentence.contains(&said), "{}", why.sentence);
    let held = QueueFilter {
        states: vec![Shown::Held],
        ..QueueFilter::default()
    };
    assert_eq!(
        views::queue(&scene.office.hub, held).await.unwrap().len(),
        2
    );

    retry(&scene.office.hub, &scene.parts[..1]).await.unwrap();
    scene.pass_after(0).await;
    assert_eq!(scene.states().await, [State::Published; 3]);
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_a_thread_that_went_out_late_goes_on_at_once_however_late_it_is() {
    let scene = Scene::new().await;
    pause(&scene.office.hub, &scene.channel).await.unwrap();
    // Part two would be over the limit of 24 hours a moment later.
    scene.office.clock.advance(minutes(24 * 60 + 4));
    resume(&scene.office.hub, &scene.channel).await.unwrap();
    for _ in 0..3 {
        scene.pass_after(1).await;
        if scene.states().await[0] == State::Published {
            break;
        }
    }
    assert_eq!(scene.states().await, [State::Published; 3]);
    let ledger = scene.office.sandbox.bluesky().ledger();
    let first = ledger[0].at;
    assert!(
        ledger.iter().all(|entry| entry.at == first),
        "none is paced"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_the_lateness_of_a_part_counts_from_the_part_before_it() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    let read = "com.atproto.repo.getRecord";
    bluesky.fault(
        read,
        None,
        Fault::Status(503, String::new()),
        Times::UntilCleared,
    );
    scene.pass_after(5).await;
    let waits = [State::Published, State::Scheduled, State::Scheduled];
    assert_eq!(scene.states().await, waits);
    // Within a day of part one it goes out; after that a person says.
    scene.pass_after(23 * 60).await;
    assert_eq!(scene.states().await, waits);
    scene.pass_after(2 * 60).await;
    let missed = [State::Published, State::Missed, State::Scheduled];
    assert_eq!(scene.states().await, missed);
    assert_eq!(scene.shown().await[2], Shown::Held);
    bluesky.clear_faults();
    send_now(&scene.office.hub, &scene.parts[1..2])
        .await
        .unwrap();
    scene.pass_after(0).await;
    assert_eq!(scene.states().await, [State::Published; 3]);
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_cancelling_a_part_cancels_what_could_never_follow_it_and_undo_brings_all_back() {
    let scene = Scene::new().await;
    let hub = &scene.office.hub;
    let along = behind(hub, &scene.parts[1..2]).await.unwrap();
    assert_eq!(along.len(), 2, "two and three");
    cancel(hub, &scene.parts[1..2]).await.unwrap();
    let rest = [State::Scheduled, State::Cancelled, State::Cancelled];
    assert_eq!(scene.states().await, rest);
    undo_last(hub).await.unwrap();
    assert_eq!(scene.states().await, [State::Scheduled; 3]);
    // All of them named, as with the id of the post.
    cancel(hub, &scene.parts).await.unwrap();
    assert_eq!(scene.states().await, [State::Cancelled; 3]);
    undo_last(hub).await.unwrap();
    assert_eq!(scene.states().await, [State::Scheduled; 3]);
    scene.pass_after(5).await;
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_a_thread_is_moved_and_sent_as_a_whole() {
    let scene = Scene::new().await;
    let hub = &scene.office.hub;
    let moved = reschedule(hub, &scene.parts[..1], How::By("2h".into()))
        .await
        .unwrap();
    assert_eq!(moved.len(), 3);
    let dues: Vec<_> = scene
        .views()
        .await
        .iter()
        .map(|one| one.delivery.due)
        .collect();
    assert_eq!(dues, [scene.office.clock.now().plus(minutes(125)); 3]);
    scene.pass_after(10).await;
    assert_eq!(scene.states().await, [State::Scheduled; 3]);
    // Naming the last part means the thread: it cannot go out alone.
    send_now(hub, &scene.parts[2..]).await.unwrap();
    scene.pass_after(0).await;
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_draft_of_a_thread_is_sent_or_deleted_as_a_whole() {
    let scene = Scene::at("draft").await;
    assert_eq!(scene.states().await, [State::Draft; 3]);
    send_now(&scene.office.hub, &scene.parts[..1])
        .await
        .unwrap();
    scene.pass_after(0).await;
    assert_eq!(scene.texts(), ["one", "two", "three"]);

    let scene = Scene::at("draft").await;
    assert_eq!(
        delete(&scene.office.hub, &scene.parts[..1]).await.unwrap(),
        3
    );
    assert!(
        views::post(&scene.office.hub, &scene.post).await.is_err(),
        "gone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_disconnecting_cancels_every_part_and_removes_every_draft_of_one() {
    let scene = Scene::new().await;
    let draft = NewPost {
        then: vec!["b".into()],
        ..new_post(&scene.channel, "a", PostTime::Draft)
    };
    let draft = create(&scene.office.hub, draft).await.unwrap().post.id;
    allgreen::ops::disconnect::disconnect(&scene.office.hub, &scene.channel)
        .await
        .unwrap();
    assert_eq!(scene.states().await, [State::Cancelled; 3]);
    let left = views::post(&scene.office.hub, &draft).await;
    assert!(left.is_err() || left.unwrap().deliveries.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_a_part_that_is_too_long_is_named_before_anything_is_stored() {
    let office = Office::open().await;
    let (_, channel) = office.channel("ann").await;
    let before = office.dump();
    let new = NewPost {
        then: vec!["fine".into(), "x".repeat(301)],
        ..new_post(&channel, "one", PostTime::Now)
    };
    let refused = create(&office.hub, new).await.unwrap_err();
    assert_eq!(refused.code, "invalid_post");
    assert!(
        refused
            .what
            .ends_with("Part 3: The text is 1 character too long for Bluesky."),
        "{}",
        refused.what
    );
    assert_eq!(office.dump(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_whose_earlier_one_has_no_known_id_does_not_go_out_alone() {
    let scene = Scene::new().await;
    let bluesky = scene.office.sandbox.bluesky();
    let read = "com.atproto.repo.getRecord";
    bluesky.fault_once(read, Fault::Status(503, String::new()));
    scene.pass_after(5).await;
    // As when a person said that it is live, without a link.
    scene
        .office
        .raw()
        .execute("UPDATE delivery SET remote_id = NULL WHERE part_no = 1", [])
        .unwrap();
    scene.pass_after(30).await;
    let failed = [State::Published, State::Failed, State::Scheduled];
    assert_eq!(scene.states().await, failed);
    assert_eq!(scene.texts(), ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_the_release_plan_moves_and_cancels_a_thread_as_one() {
    let scene = Scene::new().await;
    let hub = &scene.office.hub;
    let single = scene
        .office
        .post(&scene.channel, "single", minutes(6))
        .await;
    pause(hub, &scene.channel).await.unwrap();
    scene.office.clock.advance(minutes(60));
    let late = plan(hub, &scene.channel).await.unwrap().late;
    assert_eq!(
        late,
        [scene.parts[0].clone(), single],
        "parts follow their first"
    );
    let spread = ReleaseAnswer {
        late: LateAnswer::Send,
        spread: Some(minutes(20)),
        ..ReleaseAnswer::default()
    };
    release(hub, &scene.channel, spread).await.unwrap();
    let now = scene.office.clock.now();
    let views = scene.views().await;
    assert!(
        views.iter().all(|one| one.delivery.due == now),
        "one place for all"
    );
    undo_last(hub).await.unwrap();
    let cancelled = ReleaseAnswer {
        late: LateAnswer::Cancel,
        ..ReleaseAnswer::default()
    };
    release(hub, &scene.channel, cancelled).await.unwrap();
    assert_eq!(scene.states().await, [State::Cancelled; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_each_part_is_edited_by_itself_and_media_stay_with_the_first() {
    let scene = Scene::new().await;
    let hub = &scene.office.hub;
    let of_part = PostChange {
        only_for: vec![(scene.parts[1].clone(), Some("two anew".into()))],
        ..PostChange::default()
    };
    edit(hub, &scene.post, of_part).await.unwrap();
    let of_post = PostChange {
        text: Some("one anew".into()),
        ..PostChange::default()
    };
    edit(hub, &scene.post, of_post).await.unwrap();
    let long = PostChange {
        only_for: vec![(scene.parts[2].clone(), Some("x".repeat(301)))],
        ..PostChange::default()
    };
    assert_eq!(
        edit(hub, &scene.post, long).await.unwrap_err().code,
        "invalid_post"
    );
    scene.pass_after(5).await;
    assert_eq!(scene.texts(), ["one anew", "two anew", "three"]);
}
