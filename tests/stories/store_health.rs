//! The health of a channel in the store (product A1, C2; incidents): a flip is
//! one row, one incident and one notice, whatever hangs on it.

use allgreen::domain::channel::{Cause, Evidence, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, LoginId};
use allgreen::domain::notice::Severity;
use allgreen::store::incidents::Incident;
use allgreen::store::notices::Notice;

use crate::store_room::{NOW, Room, later, number, pair, said};

async fn break_it(room: &Room, channel: &ChannelId, cause: Cause, evidence: Evidence) -> bool {
    let (id, entropy) = (channel.clone(), room.store.entropy().clone());
    room.write(move |tx| tx.break_channel(&id, cause, &evidence, later(60), &entropy))
        .await
}

async fn prove_it(room: &Room, channel: &ChannelId) -> bool {
    let (id, entropy) = (channel.clone(), room.store.entropy().clone());
    room.write(move |tx| tx.prove_channel(&id, later(3_720), None, later(120), &entropy))
        .await
}

async fn incidents(room: &Room, open: bool) -> Vec<Incident> {
    room.store
        .read(move |q| q.incidents(open, 100))
        .await
        .unwrap()
}

async fn notices(room: &Room) -> Vec<Notice> {
    room.store
        .read(|q| q.notices(None, false, 100))
        .await
        .unwrap()
}

async fn one_channel() -> (Room, LoginId, ChannelId) {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    (room, login, channel)
}

#[tokio::test]
async fn c2_holding_and_releasing_five_thousand_posts_writes_one_row_and_moves_no_due_instant() {
    let (room, _, channel) = one_channel().await;
    room.schedule(&channel, 5_000, later(600));
    let raw = room.raw();
    // Every row another program would see change.
    raw.execute_batch(
        "CREATE TABLE touched (what TEXT, id TEXT);
         CREATE TRIGGER watch_delivery AFTER UPDATE ON delivery BEGIN INSERT INTO touched VALUES ('delivery', NEW.id); END;
         CREATE TRIGGER watch_channel AFTER UPDATE ON channel BEGIN INSERT INTO touched VALUES ('channel', NEW.id); END;
         CREATE TRIGGER watch_count AFTER UPDATE ON channel_count BEGIN INSERT INTO touched VALUES ('count', NEW.state); END;",
    )
    .unwrap();
    let dues = "SELECT sum(due) + sum(due % 7919) FROM delivery WHERE state = 'scheduled'";
    let before = number(&raw, dues);
    let due = |at| room.store.read(move |q| q.due(at, 10_000));
    assert_eq!(due(later(600_000)).await.unwrap().len(), 5_000);

    assert!(break_it(&room, &channel, Cause::Expired, said(401, "ExpiredToken")).await);
    assert_eq!(due(later(600_000)).await.unwrap(), Vec::new(), "held");
    let what = "SELECT count(DISTINCT what || id) FROM touched";
    let channels = "SELECT count(DISTINCT id) FROM touched WHERE what = 'channel'";
    assert_eq!((number(&raw, what), number(&raw, channels)), (1, 1));
    assert_eq!(
        room.store
            .read(|q| q.next_due(NOW, later(1_000_000)))
            .await
            .unwrap(),
        None,
        "nothing will go out"
    );

    assert!(prove_it(&room, &channel).await);
    assert_eq!((number(&raw, what), number(&raw, channels)), (1, 1));
    assert_eq!(number(&raw, dues), before, "the original instants");
    let released = due(later(600_000)).await.unwrap();
    assert_eq!(released.len(), 5_000);
    assert!(released.is_sorted_by_key(|delivery| (delivery.due, delivery.id.clone())));
    let notice = &notices(&room).await[0];
    assert!(
        notice.text.contains("healthy again: 5000 posts released"),
        "{notice:?}"
    );
}

#[tokio::test]
async fn a1_every_cause_gives_the_status_of_the_table_and_cannot_publish() {
    use Cause as C;
    use Status as S;
    for cause in Cause::ALL.iter().copied() {
        let (room, _, channel) = one_channel().await;
        let changed = break_it(&room, &channel, cause, said(400, "x")).await;
        let id = channel.clone();
        let after = room.store.read(move |q| q.channel(&id)).await.unwrap();
        let expected = match cause {
            C::None => {
                assert!(!changed, "there is nothing to break with");
                assert!(after.publishable && after.cause == C::None);
                continue;
            }
            C::Expired | C::Inactive => S::TokenExpired,
            C::AppRemoved
            | C::PasswordChanged
            | C::SecurityReview
            | C::PolicyChange
            | C::AccessWithdrawn => S::Revoked,
            // The status stays what it was.
            C::Restricted | C::RoleLost | C::ScopeMissing | C::LegacyLink | C::AccountGone => {
                S::Active
            }
        };
        assert!(changed);
        assert_eq!(
            (after.status, after.cause, after.publishable),
            (expected, cause, false)
        );
        assert_eq!(after.evidence, said(400, "x"));
        assert_eq!(after.status_since, later(60));
        assert!(!after.can_send());
        let id = channel.clone();
        let line = room.store.read(move |q| q.history(&id, 1)).await.unwrap();
        assert_eq!(
            (line[0].kind.as_str(), line[0].status, line[0].cause),
            ("broken", expected, cause)
        );
        assert_eq!(line[0].evidence, said(400, "x"));
        // A proof brings every one of them back.
        assert!(prove_it(&room, &channel).await, "{cause:?}");
        let id = channel.clone();
        let healed = room.store.read(move |q| q.channel(&id)).await.unwrap();
        assert_eq!(
            (healed.status, healed.cause, healed.publishable),
            (S::Active, C::None, true)
        );
        assert_eq!(healed.evidence, Evidence::default());
        assert_eq!(healed.last_proof_at, Some(later(120)));
    }
}

#[tokio::test]
async fn a1_a_revoked_channel_that_is_also_restricted_stays_revoked() {
    let (room, _, channel) = one_channel().await;
    break_it(
        &room,
        &channel,
        Cause::AppRemoved,
        said(400, "invalid_grant"),
    )
    .await;
    break_it(&room, &channel, Cause::Restricted, said(403, "suspended")).await;
    let after = room.store.read(move |q| q.channel(&channel)).await.unwrap();
    assert_eq!(
        (after.status, after.cause),
        (Status::Revoked, Cause::Restricted)
    );
}

#[tokio::test]
async fn the_same_cause_again_is_one_incident_one_notice_and_a_count() {
    let (room, login, channel) = one_channel().await;
    room.schedule(&channel, 1, later(600));
    assert!(break_it(&room, &channel, Cause::Expired, said(401, "a")).await);
    let id = channel.clone();
    let first = room.store.read(move |q| q.channel(&id)).await.unwrap();
    for _ in 0..3 {
        assert!(!break_it(&room, &channel, Cause::Expired, said(401, "b")).await);
    }
    let id = channel.clone();
    let again = room.store.read(move |q| q.channel(&id)).await.unwrap();
    assert_eq!(
        (first.epoch, first.status_since),
        (again.epoch, again.status_since)
    );
    let open = incidents(&room, true).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].failures, 4);
    assert_eq!(open[0].subject, login.as_str());
    assert_eq!(open[0].channels, vec![channel.clone()]);
    let told = notices(&room).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].severity, Severity::Broken);
    assert_eq!(told[0].text, "@acme expired. Please reconnect. 1 post held");
    assert_eq!(
        told[0].command.as_deref(),
        Some(format!("allgreen --account {channel}").as_str())
    );
    let id = channel.clone();
    let lines = room.store.read(move |q| q.history(&id, 9)).await.unwrap();
    assert_eq!(lines.len(), 1, "history tells changes, not repetitions");
}

#[tokio::test]
async fn several_channels_of_one_login_break_as_one_incident_and_heal_with_one_notice() {
    let (room, login, first) = one_channel().await;
    let mut channels = vec![first];
    for name in ["two", "three"] {
        channels.push(room.channel(&login, name).await);
    }
    let stranger = room
        .channel(&room.login("did:other").await, "stranger")
        .await;
    for channel in &channels {
        assert!(break_it(&room, channel, Cause::PasswordChanged, said(400, "x")).await);
    }
    let open = incidents(&room, true).await;
    assert_eq!(open.len(), 1);
    let mut touched = open[0].channels.clone();
    touched.sort();
    channels.sort();
    assert_eq!(touched, channels);
    assert_eq!(notices(&room).await.len(), 1);
    // Another login is another incident.
    break_it(&room, &stranger, Cause::Expired, said(401, "x")).await;
    assert_eq!(incidents(&room, true).await.len(), 2);
    assert_eq!(notices(&room).await.len(), 2);
    assert!(prove_it(&room, &stranger).await);

    for (n, channel) in channels.iter().enumerate() {
        let open = incidents(&room, true).await.len();
        assert_eq!(open, 1, "still open before channel {n} heals");
        assert!(prove_it(&room, channel).await);
    }
    assert_eq!(incidents(&room, true).await.len(), 0);
    let healed = |notices: &[Notice]| {
        notices
            .iter()
            .filter(|notice| notice.kind == "healed")
            .count()
    };
    let told = notices(&room).await;
    assert_eq!(healed(&told), 2, "one for the stranger, one for the login");
    // A second proof is no second healing.
    assert!(!prove_it(&room, &channels[0]).await);
    assert_eq!(healed(&notices(&room).await), 2);
}

#[tokio::test]
async fn a_broken_channel_that_is_disconnected_takes_its_incident_with_it() {
    let (room, login, broken) = one_channel().await;
    let healthy = room.channel(&login, "healthy").await;
    break_it(&room, &broken, Cause::Restricted, said(403, "x")).await;
    assert_eq!(incidents(&room, true).await.len(), 1);
    let by = room.operator.clone();
    room.write(move |tx| tx.disconnect_channel(&broken, &by, later(90), true))
        .await;
    assert_eq!(incidents(&room, true).await, Vec::new());
    // The sibling keeps its login and publishes on.
    let after = room.store.read(move |q| q.channel(&healthy)).await.unwrap();
    assert!(after.can_send());
}

#[tokio::test]
async fn a_reconnect_through_another_login_resolves_the_incident_and_wipes_the_old_login() {
    let (room, old, channel) = one_channel().await;
    room.schedule(&channel, 2, later(600));
    break_it(&room, &channel, Cause::AppRemoved, said(400, "x")).await;
    let new = room.login("did:one.by.oauth").await;
    let (id, by, login) = (channel.clone(), room.operator.clone(), new.clone());
    let entropy = room.store.entropy().clone();
    room.write(move |tx| {
        tx.mark_reconnected(
            &id,
            &login,
            "oauth",
            "https://pds.example",
            &by,
            later(240),
            later(120),
        )?;
        tx.prove_channel(&id, later(3_720), Some(&by), later(120), &entropy)
    })
    .await;
    assert_eq!(incidents(&room, true).await, Vec::new());
    let told = notices(&room).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].text, "@acme is healthy again: 2 posts released");
    let id = channel.clone();
    let after = room.store.read(move |q| q.channel(&id)).await.unwrap();
    assert_eq!(after.login_id, Some(new.clone()));
    assert_eq!(after.reconnected_at, Some(later(120)));
    assert_eq!(after.connected_at, NOW, "first connected never changes");
    assert!(after.can_send());
    // Nothing is left that could use the old access.
    let raw = room.raw();
    let left = format!("SELECT count(*) FROM secret WHERE owner_id = '{old}'");
    assert_eq!(number(&raw, &left), 0);
    let logins = room.store.read(|q| q.logins()).await.unwrap();
    assert_eq!(
        logins.iter().map(|login| &login.id).collect::<Vec<_>>(),
        [&new]
    );
    assert!(room.store.finish_wipe().await.unwrap());
    // While a sibling uses it, a login stays.
    let sibling = room.channel(&new, "sibling").await;
    let third = room.login("did:third").await;
    let (by, target) = (room.operator.clone(), third.clone());
    room.write(move |tx| {
        tx.mark_reconnected(
            &channel,
            &target,
            "oauth",
            "https://pds.example",
            &by,
            later(240),
            later(180),
        )
    })
    .await;
    let after = room.store.read(move |q| q.channel(&sibling)).await.unwrap();
    assert!(after.can_send());
}

#[tokio::test]
async fn a_missing_permission_is_not_healed_by_a_probe_but_by_a_reconnect_that_has_it() {
    let (room, _, channel) = one_channel().await;
    let id = channel.clone();
    room.write(move |tx| tx.set_scopes(&id, &["read".into()], &["publish".into()]))
        .await;
    break_it(&room, &channel, Cause::ScopeMissing, said(403, "x")).await;
    assert!(!prove_it(&room, &channel).await);
    let (id, by, entropy) = (
        channel.clone(),
        room.operator.clone(),
        room.store.entropy().clone(),
    );
    let healed = room
        .write(move |tx| {
            tx.set_scopes(
                &id,
                &["read".into(), "publish".into()],
                &["insights".into()],
            )?;
            tx.prove_channel(&id, later(3_720), Some(&by), later(120), &entropy)
        })
        .await;
    assert!(healed);
    // An optional permission that is missing does not keep it down later.
    break_it(&room, &channel, Cause::Expired, said(401, "x")).await;
    assert!(prove_it(&room, &channel).await);
    let id = channel.clone();
    let after = room.store.read(move |q| q.channel(&id)).await.unwrap();
    assert_eq!(after.missing_scopes, ["insights"]);
    // Saying the same again is no change of credentials.
    let id = channel.clone();
    room.write(move |tx| {
        tx.set_scopes(
            &id,
            &["read".into(), "publish".into()],
            &["insights".into()],
        )
    })
    .await;
    let same = room.store.read(move |q| q.channel(&channel)).await.unwrap();
    assert_eq!((same.epoch, same.change), (after.epoch, after.change));
}

#[tokio::test]
async fn every_flip_pause_and_reconnect_raises_the_epoch_and_a_proof_does_not() {
    let (room, login, channel) = one_channel().await;
    let epoch = || {
        let id = channel.clone();
        async {
            room.store
                .read(move |q| q.channel(&id))
                .await
                .unwrap()
                .epoch
        }
    };
    let mut last = epoch().await;
    assert!(!prove_it(&room, &channel).await);
    assert_eq!(epoch().await, last, "a proof changes nothing");
    let mut rose = async |what: &str| {
        let now = epoch().await;
        assert!(now > last, "{what}");
        last = now;
    };
    break_it(&room, &channel, Cause::Expired, said(401, "x")).await;
    rose("break").await;
    break_it(&room, &channel, Cause::AppRemoved, said(400, "x")).await;
    rose("another cause").await;
    prove_it(&room, &channel).await;
    rose("heal").await;
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.set_pause(&id, Some((NOW, &by))))
        .await;
    rose("pause").await;
    let id = channel.clone();
    room.write(move |tx| tx.set_pause(&id, None)).await;
    rose("resume").await;
    let (id, by, to) = (channel.clone(), room.operator.clone(), login.clone());
    room.write(move |tx| {
        tx.mark_reconnected(
            &id,
            &to,
            "app_password",
            "https://pds.example",
            &by,
            NOW,
            NOW,
        )
    })
    .await;
    rose("reconnect").await;
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.disconnect_channel(&id, &by, NOW, true))
        .await;
    rose("disconnect").await;
}

#[tokio::test]
async fn what_is_due_waits_for_health_pause_tokens_back_off_and_the_part_before_it() {
    let (room, login, channel) = one_channel().await;
    let ids = room.schedule(&channel, 3, NOW);
    let due = |at| {
        let read = room.store.read(move |q| q.due(at, 10));
        async {
            read.await
                .unwrap()
                .into_iter()
                .map(|d| d.id)
                .collect::<Vec<_>>()
        }
    };
    let raw = room.raw();
    assert_eq!(due(later(60)).await, ids[..2].to_vec());
    // Back-off.
    raw.execute(
        "UPDATE delivery SET next_attempt_at = ?2 WHERE id = ?1",
        (ids[0].as_str(), later(90).0),
    )
    .unwrap();
    assert_eq!(due(later(60)).await, ids[1..2].to_vec());
    assert_eq!(
        room.store
            .read(|q| q.next_due(later(60), later(1_000_000)))
            .await
            .unwrap(),
        Some(later(90))
    );
    // A thread: the second part waits for the first to be live.
    raw.execute(
        "UPDATE delivery SET after_id = ?1 WHERE id = ?2",
        [ids[0].as_str(), ids[1].as_str()],
    )
    .unwrap();
    assert_eq!(due(later(60)).await, Vec::new());
    raw.execute("UPDATE delivery SET after_id = NULL", [])
        .unwrap();
    // A pause.
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.set_pause(&id, Some((NOW, &by))))
        .await;
    assert_eq!(due(later(600)).await, Vec::new());
    let id = channel.clone();
    room.write(move |tx| tx.set_pause(&id, None)).await;
    // Tokens: wiped, then there again.
    raw.execute("UPDATE login SET generation = 0", []).unwrap();
    assert_eq!(due(later(600)).await, Vec::new());
    room.write(move |tx| {
        tx.seal_pair(&login, 0, &pair("a", None, None), NOW)
            .map(drop)
    })
    .await;
    assert_eq!(due(later(600)).await.len(), 3);
    // What waits is not lost to the watchdog, whatever blocks it.
    let overdue = room.store.read(|q| q.overdue(later(61))).await.unwrap();
    assert_eq!(overdue.len(), 2, "one of them has its back-off");
    assert_eq!(overdue[0].state, State::Scheduled);
}
