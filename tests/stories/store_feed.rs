//! What others learn of a change (reliability 2.2, 3): the feed tells each
//! change once and no heartbeat, and the audit trail shows a forged row.

use std::collections::BTreeSet;

use allgreen::domain::channel::Cause;
use allgreen::domain::ids::{ChannelId, OperatorId};
use allgreen::domain::notice::Severity;
use allgreen::domain::publisher::CommandKind;
use allgreen::store::audit::AuditRow;
use allgreen::store::changes::{Changes, Cursor};
use allgreen::store::notices::NewNotice;
use allgreen::store::{Store, StoreError, Tx};

use crate::store_room::{NOW, Room, later, options, pair, process, said};

/// What changes while `f` runs.
async fn during(
    room: &Room,
    f: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Changes {
    let cursor = room.store.read(|q| q.cursor()).await.unwrap();
    room.write(f).await;
    since(room, cursor).await
}

async fn since(room: &Room, cursor: Cursor) -> Changes {
    room.store
        .read(move |q| q.changes_since(cursor))
        .await
        .unwrap()
}

fn kinds(changes: &Changes) -> Vec<&str> {
    changes
        .objects
        .iter()
        .map(|(kind, _)| kind.as_str())
        .collect()
}

#[tokio::test]
async fn every_kind_of_change_is_told_once() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    let sibling = room.channel(&login, "sibling").await;
    let ids = room.schedule(&channel, 2, NOW);
    let entropy = room.store.entropy().clone();

    // A break: the channel, its incident, its notice; no delivery.
    let (id, e) = (channel.clone(), entropy.clone());
    let broke = during(&room, move |tx| {
        tx.break_channel(&id, Cause::Expired, &said(401, "x"), NOW, &e)?;
        tx.break_channel(&id, Cause::Expired, &said(401, "x"), NOW, &e)
            .map(drop)
    })
    .await;
    assert_eq!(broke.channels, vec![channel.clone()]);
    assert_eq!(kinds(&broke), ["incident", "notice"]);
    assert_eq!(
        since(&room, broke.cursor).await,
        Changes {
            cursor: broke.cursor,
            ..Changes::default()
        }
    );

    // A proof moves the channel although nothing flips.
    let (id, e) = (sibling.clone(), entropy.clone());
    let proved = during(&room, move |tx| {
        tx.prove_channel(&id, NOW, None, NOW, &e).map(drop)
    })
    .await;
    assert_eq!((proved.channels.len(), proved.objects.len()), (1, 0));

    // New tokens move every channel of the login.
    let id = login.clone();
    let refreshed = during(&room, move |tx| {
        tx.begin_refresh(&id, 1, NOW)?;
        tx.seal_pair(&id, 1, &pair("a", None, None), NOW).map(drop)
    })
    .await;
    let both: BTreeSet<_> = [channel.clone(), sibling.clone()].into();
    assert_eq!(
        refreshed.channels.iter().cloned().collect::<BTreeSet<_>>(),
        both
    );
    assert_eq!(refreshed.channels.len(), 2, "each once");
    assert_eq!(kinds(&refreshed), Vec::<&str>::new());

    // Terms and those who wait; the heartbeat is silent.
    let began = during(&room, |tx| {
        tx.wait_for_role(&process(1), NOW)?;
        tx.begin_term(&process(1), NOW).map(drop)
    })
    .await;
    assert_eq!(kinds(&began), ["waiting", "term"]);
    let beat = during(&room, |tx| {
        for n in 1..20 {
            tx.heartbeat(1, later(n), std::time::Duration::ZERO)?;
        }
        Ok(())
    })
    .await;
    assert!(beat.is_empty(), "{beat:?}");
    let ended = during(&room, |tx| tx.end_term(1, later(30))).await;
    assert_eq!(ended.objects, [("term".into(), "1".into())]);
    let waits = during(&room, |tx| tx.wait_for_role(&process(2), NOW)).await;
    assert_eq!(kinds(&waits), ["waiting"]);
    let gave_up = during(&room, |tx| tx.stop_waiting(&process(2))).await;
    assert_eq!(kinds(&gave_up), ["waiting"]);

    // Commands, from asked to done.
    let (by, e) = (room.operator.clone(), entropy.clone());
    let asked = during(&room, move |tx| {
        tx.ask(CommandKind::Probe, "soc_x", &by, NOW, &e).map(drop)
    })
    .await;
    assert_eq!(kinds(&asked), ["command"]);
    let command = asked.objects[0].1.clone();
    let done = during(&room, move |tx| {
        let id = allgreen::domain::ids::CommandId::from_stored(command);
        tx.finish_command(&id, true, "proved", NOW)
    })
    .await;
    assert_eq!(done.objects, asked.objects);

    // Notices, new and read.
    let e = entropy.clone();
    let told = during(&room, move |tx| {
        let notice = NewNotice {
            kind: "x",
            text: "x".into(),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Info, NOW, &e).map(drop)
    })
    .await;
    assert_eq!(kinds(&told), ["notice"]);
    let read = during(&room, |tx| tx.read_notices(None, NOW).map(drop)).await;
    assert_eq!(kinds(&read), ["notice", "notice"], "two notices, each once");

    // Settings, the restored mark among them.
    for value in [Some("studio"), Some("other"), None] {
        let set = during(&room, move |tx| tx.set_setting("restored", value)).await;
        assert_eq!(set.objects, [("setting".into(), "restored".into())]);
    }

    // What other programs of ours write: posts, deliveries, people, workspaces.
    let raw = room.raw();
    for (sql, kind) in [
        (
            "UPDATE delivery SET due = due + 1 WHERE id = ?1",
            "delivery",
        ),
        (
            "UPDATE post SET text = 'edited' WHERE id = (SELECT post_id FROM delivery WHERE id = ?1)",
            "post",
        ),
        ("UPDATE workspace SET name = ?1", "workspace"),
        (
            "INSERT INTO workspace SELECT ?1, ?1, name, timezone, plan, late_limit_ms, created_at, NULL FROM workspace",
            "workspace",
        ),
        ("UPDATE operator SET name = ?1", "operator"),
        (
            "INSERT INTO operator (id, name, hub_admin, created_at) VALUES ('opr_2', 'x' || ?1, 0, 0)",
            "operator",
        ),
        (
            "INSERT INTO member SELECT id, 'opr_2', 'viewer' FROM workspace WHERE slug = 'acme' AND ?1 <> ''",
            "member",
        ),
        (
            "UPDATE member SET role = 'editor' WHERE operator_id = 'opr_2' AND ?1 <> ''",
            "member",
        ),
        (
            "DELETE FROM member WHERE operator_id = 'opr_2' AND ?1 <> ''",
            "member",
        ),
    ] {
        let cursor = room.store.read(|q| q.cursor()).await.unwrap();
        assert_eq!(raw.execute(sql, [ids[0].as_str()]).unwrap(), 1, "{sql}");
        let changes = since(&room, cursor).await;
        assert_eq!(kinds(&changes), [kind], "{sql}");
        assert_eq!(changes.channels, Vec::<ChannelId>::new());
    }
    let cursor = room.store.read(|q| q.cursor()).await.unwrap();
    let draft = room.deliveries(&channel, 1, NOW, allgreen::domain::delivery::State::Draft);
    let born = since(&room, cursor).await;
    assert_eq!(born.objects, [("delivery".into(), draft[0].to_string())]);
    raw.execute("DELETE FROM delivery WHERE id = ?1", [draft[0].as_str()])
        .unwrap();
    assert_eq!(since(&room, born.cursor).await.objects, born.objects);

    // A disconnect: its rows, and the siblings are left alone.
    let (id, by) = (channel.clone(), room.operator.clone());
    let gone = during(&room, move |tx| {
        tx.disconnect_channel(&id, &by, NOW, true).map(drop)
    })
    .await;
    assert_eq!(gone.channels, vec![channel]);
    assert_eq!(
        kinds(&gone)
            .iter()
            .filter(|kind| **kind == "delivery")
            .count(),
        2
    );
}

#[tokio::test]
async fn a_foreign_process_reads_the_same_feed() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    let other = Store::open(options(room.dir.path(), 2)).unwrap();
    let cursor = other.read(|q| q.cursor()).await.unwrap();
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.set_pause(&id, Some((NOW, &by))))
        .await;
    let seen = other.read(move |q| q.changes_since(cursor)).await.unwrap();
    assert_eq!(seen.channels, vec![channel]);
}

#[tokio::test]
async fn a_change_that_was_rolled_back_is_not_told() {
    let room = Room::new(1);
    let cursor = room.store.read(|q| q.cursor()).await.unwrap();
    let failed: Result<(), _> = room
        .store
        .write(|tx| {
            tx.set_setting("x", Some("1"))?;
            Err(StoreError::NotFound("reason to go on".into()))
        })
        .await;
    assert!(failed.is_err());
    assert!(since(&room, cursor).await.is_empty());
}

fn act(operator: &OperatorId, n: u32) -> AuditRow {
    AuditRow {
        at: later(u64::from(n)),
        operator_id: operator.clone(),
        workspace_id: None,
        act: "channel.disconnect".into(),
        object: format!("soc_{n}"),
        detail: format!("{{\"posts\":{n}}}"),
    }
}

#[tokio::test]
async fn the_audit_trail_shows_an_edited_removed_or_inserted_row() {
    for forged in [
        "UPDATE audit SET detail = '{\"posts\":0}' WHERE id = 3",
        "UPDATE audit SET object = 'soc_9' WHERE id = 1",
        "UPDATE audit SET at = at + 1 WHERE id = 5",
        "UPDATE audit SET workspace_id = (SELECT id FROM workspace) WHERE id = 2",
        "UPDATE audit SET act = 'channel.connect' WHERE id = 4",
        "UPDATE audit SET operator_id = 'opr_2' WHERE id = 4",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit WHERE id = 1",
        "INSERT INTO audit SELECT 99, at, operator_id, workspace_id, act, object, detail, hash FROM audit WHERE id = 5",
    ] {
        let room = Room::new(1);
        let by = room.operator.clone();
        let rows: Vec<_> = (1..=5).map(|n| act(&by, n)).collect();
        let written = rows.clone();
        room.write(move |tx| written.iter().try_for_each(|row| tx.add_audit(row)))
            .await;
        let mut read = room.store.read(|q| q.audit(10)).await.unwrap();
        read.reverse();
        assert_eq!(read, rows);
        assert!(room.store.read(|q| q.audit_is_whole()).await.unwrap());
        let raw = room.raw();
        raw.execute_batch(
            "DROP TRIGGER audit_update; DROP TRIGGER audit_delete;
             INSERT INTO operator SELECT 'opr_2', 'bo', 0, created_at, NULL FROM operator;",
        )
        .unwrap();
        assert_eq!(raw.execute(forged, []).unwrap(), 1, "{forged}");
        assert!(
            !room.store.read(|q| q.audit_is_whole()).await.unwrap(),
            "not noticed: {forged}"
        );
    }
}

#[tokio::test]
async fn two_processes_add_to_one_chain() {
    let room = Room::new(1);
    let other = Store::open(options(room.dir.path(), 2)).unwrap();
    for n in 0..10 {
        let row = act(&room.operator, n);
        let store = if n % 2 == 0 { &room.store } else { &other };
        store.write(move |tx| tx.add_audit(&row)).await.unwrap();
    }
    assert!(room.store.read(|q| q.audit_is_whole()).await.unwrap());
}
