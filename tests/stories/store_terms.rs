//! Terms, attempts and the fence (reliability 2.3, 2.6): intents want the
//! current term and an unchanged channel, evidence is taken from anybody.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::delivery::{Delivery, State};
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::domain::machine::{Ask, Rules};
use allgreen::domain::publisher::CommandKind;
use allgreen::store::attempts::{Attempt, NewVerdict, Record};
use allgreen::store::{Store, StoreError, Tx};

use crate::store_room::{NOW, Room, later, number, options, process, said};

pub struct Scene {
    pub room: Room,
    pub channel: ChannelId,
    pub ids: Vec<DeliveryId>,
    pub term: i64,
}

pub async fn scene(posts: u32) -> Scene {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    let ids = room.schedule(&channel, posts, NOW);
    let term = room.term(1).await;
    Scene {
        room,
        channel,
        ids,
        term,
    }
}

impl Scene {
    pub async fn epoch(&self) -> i64 {
        let id = self.channel.clone();
        let channel = self.room.store.read(move |q| q.channel(&id)).await;
        channel.unwrap().epoch
    }

    pub async fn prepare(&self, at: usize, term: i64) -> Result<Attempt, StoreError> {
        let (id, entropy) = (self.ids[at].clone(), self.room.store.entropy().clone());
        let epoch = self.epoch().await;
        self.room
            .store
            .write(move |tx| tx.prepare(&id, term, epoch, 1, &format!("key-{id}"), NOW, &entropy))
            .await
    }

    pub async fn arm(&self, attempt: &Attempt, term: i64, epoch: i64) -> Result<(), StoreError> {
        self.arm_with(attempt, term, epoch, "the request").await
    }

    pub async fn arm_with(
        &self,
        attempt: &Attempt,
        term: i64,
        epoch: i64,
        rendered: &str,
    ) -> Result<(), StoreError> {
        let (attempt, rendered) = (attempt.clone(), rendered.to_owned());
        self.room
            .store
            .write(move |tx| {
                tx.arm(
                    &attempt,
                    term,
                    epoch,
                    &rendered,
                    "hash",
                    &Rules::default(),
                    later(5),
                )
            })
            .await
    }

    pub async fn armed(&self, at: usize) -> Attempt {
        let attempt = self.prepare(at, self.term).await.unwrap();
        self.arm(&attempt, self.term, self.epoch().await)
            .await
            .unwrap();
        attempt
    }

    pub async fn delivery(&self, at: usize) -> Delivery {
        let id = self.ids[at].clone();
        self.room
            .store
            .read(move |q| q.delivery(&id))
            .await
            .unwrap()
    }

    pub async fn record(
        &self,
        attempt: &Attempt,
        to: State,
        kind: &'static str,
        remote: Option<&'static str>,
    ) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        self.room
            .store
            .write(move |tx| {
                let record = Record {
                    attempt: Some(&attempt.id),
                    verdict: Some(NewVerdict {
                        kind,
                        class: (kind != "published").then_some(AnswerClass::Transient),
                        evidence: said(200, kind),
                        remote_id: remote,
                        by: None,
                    }),
                    close: matches!(to, State::Published | State::Scheduled | State::Failed),
                    ..Record::new(&attempt.delivery_id, to)
                };
                tx.record(&record, later(9))
            })
            .await
    }

    pub async fn hold(&self) {
        let (id, entropy) = (self.channel.clone(), self.room.store.entropy().clone());
        self.room
            .write(move |tx| tx.break_channel(&id, Cause::Expired, &said(401, "x"), NOW, &entropy))
            .await;
    }
}

pub fn stale<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Stale(_))), "{result:?}");
}

#[tokio::test]
async fn terms_only_grow_and_only_the_last_unended_one_counts() {
    let scene = scene(1).await;
    let room = &scene.room;
    let second = room.term(2).await;
    let third = room.term(3).await;
    assert!(scene.term < second && second < third);
    for (term, holds) in [
        (scene.term, false),
        (second, false),
        (third, true),
        (third + 1, false),
    ] {
        let fenced = room.store.write(move |tx| tx.fence(term)).await;
        assert_eq!(fenced.is_ok(), holds, "term {term}");
        let beat = room
            .store
            .write(move |tx| tx.heartbeat(term, later(10), std::time::Duration::ZERO))
            .await;
        assert_eq!(beat.is_ok(), holds, "term {term}");
    }
    let latest = room.store.read(|q| q.latest_term()).await.unwrap().unwrap();
    assert_eq!(
        (latest.n, latest.pid, latest.heartbeat_at),
        (third, 3, later(10))
    );
    // The end of an old term is no end of the current one.
    room.write(move |tx| tx.end_term(second, later(11))).await;
    room.write(move |tx| tx.fence(third)).await;
    room.write(move |tx| tx.end_term(third, later(12))).await;
    stale(room.store.write(move |tx| tx.fence(third)).await);
    let latest = room.store.read(|q| q.latest_term()).await.unwrap().unwrap();
    assert_eq!(latest.ended_at, Some(later(12)));
    assert!(room.term(4).await > third);
}

#[tokio::test]
async fn an_older_or_ended_term_neither_prepares_nor_arms() {
    let scene = scene(2).await;
    let attempt = scene.prepare(0, scene.term).await.unwrap();
    let epoch = scene.epoch().await;
    let newer = scene.room.term(2).await;
    stale(scene.prepare(1, scene.term).await);
    stale(scene.arm(&attempt, scene.term, epoch).await);
    let raw = scene.room.raw();
    assert_eq!(number(&raw, "SELECT count(*) FROM attempt"), 1);
    assert_eq!(scene.delivery(0).await.state, State::Scheduled);
    // The new holder takes the same attempt up and arms it.
    let taken = scene.prepare(0, newer).await.unwrap();
    assert_eq!(taken.id, attempt.id);
    scene.room.write(move |tx| tx.end_term(newer, NOW)).await;
    stale(scene.arm(&taken, newer, epoch).await);
    stale(scene.prepare(1, newer).await);
    // Nor may commands be taken.
    let by = scene.room.operator.clone();
    let entropy = scene.room.store.entropy().clone();
    scene
        .room
        .write(move |tx| tx.ask(CommandKind::Wake, "", &by, NOW, &entropy))
        .await;
    stale(
        scene
            .room
            .store
            .write(move |tx| tx.take_commands(newer, true))
            .await,
    );
}

#[tokio::test]
async fn evidence_of_an_older_term_is_still_taken() {
    let scene = scene(2).await;
    let published = scene.armed(0).await;
    let unclear = scene.armed(1).await;
    scene.room.term(2).await;
    scene
        .record(&published, State::Published, "published", Some("at://1"))
        .await
        .unwrap();
    scene
        .record(&unclear, State::Unknown, "unclear", None)
        .await
        .unwrap();
    let first = scene.delivery(0).await;
    assert_eq!(first.state, State::Published);
    assert_eq!(first.remote_id.as_deref(), Some("at://1"));
    assert_eq!(first.published_at, Some(later(9)));
    let second = scene.delivery(1).await;
    assert_eq!(
        (second.state, second.unknown_since),
        (State::Unknown, Some(later(9)))
    );
    assert_eq!(second.last_error.unwrap().class, AnswerClass::Transient);
    let id = scene.ids[0].clone();
    let seen = scene
        .room
        .store
        .read(move |q| q.verdicts(&id))
        .await
        .unwrap();
    assert_eq!(
        seen,
        vec![(later(9), "published".into(), said(200, "published"))]
    );
}

#[tokio::test]
async fn a_success_is_a_fact_even_after_a_cancel_or_a_decision() {
    let scene = scene(1).await;
    let attempt = scene.armed(0).await;
    scene
        .record(&attempt, State::Scheduled, "not_processed", None)
        .await
        .unwrap();
    scene
        .room
        .raw()
        .execute(
            "UPDATE delivery SET cancelled_from = state, state = 'cancelled'",
            [],
        )
        .unwrap();
    scene
        .record(&attempt, State::Published, "published", Some("at://late"))
        .await
        .unwrap();
    assert_eq!(scene.delivery(0).await.state, State::Published);
    // Afterwards nothing unpublishes it, and the refused move leaves no verdict.
    let id = scene.ids[0].clone();
    let before = scene
        .room
        .store
        .read(move |q| q.verdicts(&id))
        .await
        .unwrap();
    let refused = scene
        .record(&attempt, State::Scheduled, "not_processed", None)
        .await;
    assert!(matches!(refused, Err(StoreError::Rule(_))), "{refused:?}");
    let id = scene.ids[0].clone();
    let after = scene
        .room
        .store
        .read(move |q| q.verdicts(&id))
        .await
        .unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn arming_wants_the_epoch_it_was_prepared_under() {
    let scene = scene(1).await;
    let attempt = scene.prepare(0, scene.term).await.unwrap();
    let epoch = scene.epoch().await;
    scene.hold().await;
    stale(scene.arm(&attempt, scene.term, epoch).await);
    // Not even with the new epoch while it is held.
    stale(scene.arm(&attempt, scene.term, scene.epoch().await).await);
    let (id, entropy) = (scene.channel.clone(), scene.room.store.entropy().clone());
    scene
        .room
        .write(move |tx| tx.prove_channel(&id, NOW, None, NOW, &entropy))
        .await;
    stale(scene.arm(&attempt, scene.term, epoch).await);
    let again = scene.prepare(0, scene.term).await.unwrap();
    scene
        .arm(&again, scene.term, scene.epoch().await)
        .await
        .unwrap();
    assert_eq!(scene.delivery(0).await.state, State::Sending);
}

#[tokio::test]
async fn nothing_is_armed_while_paused_without_tokens_disconnected_or_restored() {
    for blocker in [
        "UPDATE channel SET paused_at = 1",
        "UPDATE login SET generation = 0",
        "UPDATE channel SET status = 'DISCONNECTED', publishable = 0, disconnected_at = 1",
        "UPDATE channel SET publishable = 0",
        "INSERT INTO setting VALUES ('restored', 'studio')",
        "UPDATE delivery SET state = 'cancelled'",
        "UPDATE delivery SET state = 'missed'",
    ] {
        let scene = scene(1).await;
        let attempt = scene.prepare(0, scene.term).await.unwrap();
        let epoch = scene.epoch().await;
        // Without touching the epoch, as a defect elsewhere might.
        scene.room.raw().execute(blocker, []).unwrap();
        stale(scene.arm(&attempt, scene.term, epoch).await);
        assert_ne!(scene.delivery(0).await.state, State::Sending, "{blocker}");
    }
}

/// Two processes: one holds the channel, one arms, both at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_arm_commits_after_a_hold_has_committed() {
    let scene = scene(40).await;
    let other = Store::open(options(scene.room.dir.path(), 5)).unwrap();
    let raw = scene.room.raw();
    let (mut armed, mut refused) = (0, 0);
    for at in 0..scene.ids.len() {
        let attempt = scene.prepare(at, scene.term).await.unwrap();
        let (term, epoch) = (scene.term, scene.epoch().await);
        let (channel, entropy) = (scene.channel.clone(), scene.room.store.entropy().clone());
        let hold = {
            let (channel, entropy, other) = (channel.clone(), entropy.clone(), other.clone());
            tokio::spawn(async move {
                other
                    .write(move |tx| {
                        tx.break_channel(
                            &channel,
                            Cause::Expired,
                            &Evidence::default(),
                            NOW,
                            &entropy,
                        )
                    })
                    .await
            })
        };
        // Now before, now after the other process took the lock.
        for _ in 0..(at % 8) * 40 {
            tokio::task::yield_now().await;
        }
        let result = scene.arm(&attempt, term, epoch).await;
        hold.await.unwrap().unwrap();
        // The feed numbers commits in their true order.
        let of = |kind: &str, id: &str| {
            number(
                &raw,
                &format!(
                    "SELECT coalesce(max(id), 0) FROM event WHERE kind = '{kind}' AND object = '{id}'"
                ),
            )
        };
        let held = number(&raw, "SELECT max(id) FROM event WHERE kind = 'incident'");
        match result {
            Ok(()) => {
                armed += 1;
                assert!(of("delivery", scene.ids[at].as_str()) < held);
                assert_eq!(scene.delivery(at).await.state, State::Sending);
            }
            Err(error) => {
                refused += 1;
                assert!(matches!(error, StoreError::Stale(_)), "{error}");
                assert_eq!(scene.delivery(at).await.state, State::Scheduled);
            }
        }
        scene
            .room
            .write(move |tx| tx.prove_channel(&channel, NOW, None, NOW, &entropy))
            .await;
    }
    assert!(armed + refused == 40, "{armed} armed, {refused} refused");
}

#[tokio::test]
async fn row_40_whatever_ends_after_a_disconnect_is_still_written_down() {
    let scene = scene(3).await;
    let (live, lost) = (scene.armed(0).await, scene.armed(1).await);
    let (id, by) = (scene.channel.clone(), scene.room.operator.clone());
    scene
        .room
        .write(move |tx| tx.disconnect_channel(&id, &by, later(6), true))
        .await;
    assert_eq!(scene.delivery(0).await.state, State::Unknown);
    assert_eq!(scene.delivery(2).await.state, State::Cancelled);
    let epoch = scene.epoch().await;
    stale(scene.arm(&lost, scene.term, epoch).await);
    scene
        .record(&live, State::Published, "published", Some("at://1"))
        .await
        .unwrap();
    scene
        .record(&lost, State::NeedsDecision, "unreadable", None)
        .await
        .unwrap();
    assert_eq!(scene.delivery(0).await.state, State::Published);
    assert_eq!(scene.delivery(1).await.state, State::NeedsDecision);
}

#[tokio::test]
async fn a_question_keeps_its_reason_when_more_evidence_comes() {
    let scene = scene(1).await;
    let attempt = scene.armed(0).await;
    let id = scene.ids[0].clone();
    for (to, ask) in [
        (State::Unknown, None),
        (State::NeedsDecision, Some(Ask::Unreadable)),
        // The answer everybody had given up on, after the question.
        (State::NeedsDecision, None),
    ] {
        let (id, attempt) = (id.clone(), attempt.id.clone());
        let write = move |tx: &Tx<'_>| {
            let mut record = Record::new(&id, to);
            record.attempt = Some(&attempt);
            record.ask = ask;
            tx.record(&record, later(9))
        };
        scene.room.write(write).await;
    }
    let store = &scene.room.store;
    assert!(store.read(move |q| q.asked_for_token(&id)).await.unwrap());
}

#[tokio::test]
async fn who_waits_for_the_role_is_seen_until_it_has_it() {
    let room = Room::new(1);
    room.write(|tx| tx.wait_for_role(&process(7), NOW)).await;
    room.write(|tx| tx.wait_for_role(&process(7), later(1)))
        .await;
    room.write(|tx| tx.wait_for_role(&process(8), later(2)))
        .await;
    let waiting = room.store.read(|q| q.waiting()).await.unwrap();
    assert_eq!(
        waiting.iter().map(|(pid, ..)| *pid).collect::<Vec<_>>(),
        [7, 8]
    );
    room.term(7).await;
    room.write(|tx| tx.forget_waiting(8, 108)).await;
    assert_eq!(room.store.read(|q| q.waiting()).await.unwrap(), []);
}
