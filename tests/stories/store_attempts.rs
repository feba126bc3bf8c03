//! Attempts: the key and the frozen request outlive a crash, a repeat is the
//! very same request, and beginning anew forgets the steps.

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::delivery::State;
use allgreen::store::StoreError;
use allgreen::store::attempts::{NewVerdict, Record};

use crate::store_room::{NOW, later, number};
use crate::store_terms::{scene, stale};

#[tokio::test]
async fn c2_a_prepared_attempt_is_taken_up_after_a_crash_with_its_key_and_its_steps() {
    let scene = scene(1).await;
    let attempt = scene.prepare(0, scene.term).await.unwrap();
    assert_eq!(attempt.attempt_no, 1);
    let id = attempt.id.clone();
    scene
        .room
        .write(move |tx| {
            tx.add_step(&id, "upload 1", "blob-a", later(1))?;
            tx.add_step(&id, "upload 2", "blob-b", later(2))?;
            // Resumed: the handle moved on.
            tx.add_step(&id, "upload 1", "blob-a2", later(1))
        })
        .await;
    // The next publisher, after a crash.
    let term = scene.room.term(2).await;
    let taken = scene.prepare(0, term).await.unwrap();
    assert_eq!((&taken.id, taken.attempt_no), (&attempt.id, 1));
    assert_eq!(taken.idem_key, attempt.idem_key);
    let steps: Vec<_> = taken
        .steps
        .iter()
        .map(|(name, handle)| (name.as_str(), handle.as_str()))
        .collect();
    assert_eq!(steps, [("upload 1", "blob-a2"), ("upload 2", "blob-b")]);
    scene.arm(&taken, term, scene.epoch().await).await.unwrap();
    let sent = scene.delivery(0).await;
    assert!(sent.ever_armed);
    assert_eq!(sent.rendered.as_deref(), Some("the request"));
    assert_eq!(sent.idem_key, Some(attempt.idem_key));
    // On the wire it cannot be prepared again.
    stale(scene.prepare(0, term).await);
}

#[tokio::test]
async fn a_new_key_begins_a_new_attempt_and_the_one_before_it_cannot_be_armed_any_more() {
    let scene = scene(1).await;
    let old = scene.prepare(0, scene.term).await.unwrap();
    let (id, entropy, term) = (
        scene.ids[0].clone(),
        scene.room.store.entropy().clone(),
        scene.term,
    );
    let epoch = scene.epoch().await;
    let new = scene
        .room
        .write(move |tx| tx.prepare(&id, term, epoch, 1, "another key", NOW, &entropy))
        .await;
    assert_eq!(new.attempt_no, 2);
    assert_ne!(new.id, old.id);
    stale(scene.arm(&old, term, epoch).await);
    assert_eq!(scene.delivery(0).await.state, State::Scheduled);
    scene.arm(&new, term, epoch).await.unwrap();
}

#[tokio::test]
async fn after_a_proven_absence_the_same_key_is_tried_again_as_a_new_attempt() {
    let scene = scene(1).await;
    let first = scene.armed(0).await;
    scene
        .record(&first, State::Unknown, "interrupted", None)
        .await
        .unwrap();
    scene
        .record(&first, State::Scheduled, "absent", None)
        .await
        .unwrap();
    let second = scene.prepare(0, scene.term).await.unwrap();
    assert_eq!((second.attempt_no, &second.idem_key), (2, &first.idem_key));
    scene
        .arm(&second, scene.term, scene.epoch().await)
        .await
        .unwrap();
    assert_eq!(
        number(
            &scene.room.raw(),
            "SELECT count(*) FROM attempt WHERE phase = 'open'"
        ),
        1
    );
    // Even when the one before was never closed.
    scene
        .record(&second, State::Unknown, "interrupted", None)
        .await
        .unwrap();
    scene
        .room
        .raw()
        .execute("UPDATE delivery SET state = 'scheduled'", [])
        .unwrap();
    let third = scene.prepare(0, scene.term).await.unwrap();
    scene
        .arm(&third, scene.term, scene.epoch().await)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unknown_outcome_is_only_ever_resent_as_the_very_same_request() {
    let scene = scene(1).await;
    let attempt = scene.armed(0).await;
    scene
        .record(&attempt, State::Unknown, "unclear", None)
        .await
        .unwrap();
    let epoch = scene.epoch().await;
    let other = scene
        .arm_with(&attempt, scene.term, epoch, "an edited request")
        .await;
    assert!(matches!(other, Err(StoreError::Rule(_))), "{other:?}");
    assert_eq!(scene.delivery(0).await.state, State::Unknown);
    scene.arm(&attempt, scene.term, epoch).await.unwrap();
    let sent = scene.delivery(0).await;
    assert_eq!((sent.state, sent.attempt_no), (State::Sending, 1));
    // A proven absence frees the text again.
    scene
        .record(&attempt, State::Scheduled, "absent", None)
        .await
        .unwrap();
    let next = scene.prepare(0, scene.term).await.unwrap();
    scene
        .arm_with(&next, scene.term, epoch, "an edited request")
        .await
        .unwrap();
}

#[tokio::test]
async fn to_begin_anew_forgets_the_steps_and_keeps_the_frozen_request() {
    let scene = scene(1).await;
    let attempt = scene.prepare(0, scene.term).await.unwrap();
    let id = attempt.id.clone();
    scene
        .room
        .write(move |tx| tx.add_step(&id, "container", "c1", NOW))
        .await;
    scene
        .arm(&attempt, scene.term, scene.epoch().await)
        .await
        .unwrap();
    let id = scene.ids[0].clone();
    scene
        .room
        .write(move |tx| {
            let record = Record {
                close: true,
                begin_anew: true,
                verdict: Some(NewVerdict {
                    kind: "refused",
                    class: Some(AnswerClass::InvalidPost),
                    ..NewVerdict::default()
                }),
                ..Record::new(&id, State::Failed)
            };
            tx.record(&record, later(9))
        })
        .await;
    let failed = scene.delivery(0).await;
    assert_eq!(failed.state, State::Failed);
    assert!(failed.rendered.is_some());
    assert!(
        failed.ever_armed,
        "that it may have left us is not forgotten"
    );
    assert_eq!(number(&scene.room.raw(), "SELECT count(*) FROM step"), 0);
}
