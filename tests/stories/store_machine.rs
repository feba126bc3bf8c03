//! What the database itself refuses (reliability 2.2): every transition outside
//! the table, a publication nobody saw, a second identity, a forged history.

use allgreen::domain::channel::{Evidence, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId};
use allgreen::store::StoreError;
use allgreen::store::audit::AuditRow;
use proptest::prelude::*;
use rusqlite::{Connection, params};

use crate::store_room::{NOW, Room, later, number};

/// The table of the design, word for word; `published` from anywhere is apart.
const TABLE: &[(&str, &[&str])] = &[
    ("draft", &["scheduled", "cancelled"]),
    ("scheduled", &["sending", "failed", "missed", "cancelled"]),
    ("sending", &["confirming", "failed", "unknown", "scheduled"]),
    (
        "unknown",
        &[
            "confirming",
            "failed",
            "scheduled",
            "sending",
            "needs_decision",
        ],
    ),
    ("confirming", &["failed", "needs_decision"]),
    ("published", &[]),
    ("failed", &["scheduled", "cancelled"]),
    ("missed", &["scheduled", "cancelled"]),
    ("needs_decision", &["scheduled", "unknown"]),
    ("cancelled", &["scheduled", "failed", "missed", "draft"]),
];

/// A legal way from birth to each state; the first one is the birth.
fn way(to: &str) -> &'static [&'static str] {
    match to {
        "draft" => &["draft"],
        "scheduled" => &["scheduled"],
        "sending" => &["scheduled", "sending"],
        "unknown" => &["scheduled", "sending", "unknown"],
        "confirming" => &["scheduled", "sending", "confirming"],
        "published" => &["scheduled", "sending", "published"],
        "failed" => &["scheduled", "failed"],
        "missed" => &["scheduled", "missed"],
        "needs_decision" => &["scheduled", "sending", "unknown", "needs_decision"],
        "cancelled" => &["draft", "cancelled"],
        other => panic!("no state {other}"),
    }
}

async fn with_channel(seed: u64) -> (Room, ChannelId) {
    let room = Room::new(seed);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    (room, channel)
}

fn attempt(raw: &Connection, delivery: &str, no: i64, phase: &str) -> rusqlite::Result<usize> {
    raw.execute(
        "INSERT INTO attempt (id, delivery_id, attempt_no, term, channel_epoch, generation, idem_key, phase, prepared_at)
         VALUES (?1 || '-' || ?2, ?1, ?2, 1, 1, 1, 'k', ?3, 0)",
        params![delivery, no, phase],
    )
}

fn verdict(raw: &Connection, delivery: &str, kind: &str) {
    raw.execute(
        "INSERT INTO verdict (attempt_id, delivery_id, at, kind) VALUES (?1 || '-1', ?1, 0, ?2)",
        [delivery, kind],
    )
    .unwrap();
}

fn go(raw: &Connection, delivery: &str, to: &str) -> rusqlite::Result<usize> {
    raw.execute(
        "UPDATE delivery SET state = ?2, published_at = CASE WHEN ?2 = 'published' THEN 1 ELSE published_at END WHERE id = ?1",
        [delivery, to],
    )
}

/// A delivery in `state`, reached by legal steps, with one closed attempt.
fn placed(room: &Room, raw: &Connection, channel: &ChannelId, state: &str) -> String {
    let way = way(state);
    let born = State::parse(way[0]).unwrap();
    let id = room.deliveries(channel, 1, NOW, born)[0].to_string();
    attempt(raw, &id, 1, "closed").unwrap();
    for step in &way[1..] {
        if *step == "published" {
            verdict(raw, &id, "published");
        }
        if *step == "cancelled" {
            raw.execute(
                "UPDATE delivery SET cancelled_from = state WHERE id = ?1",
                [&id],
            )
            .unwrap();
        }
        go(raw, &id, step).unwrap_or_else(|error| panic!("to {state} by {step}: {error}"));
    }
    id
}

/// Tries something and takes it back whatever came of it.
fn tried(raw: &Connection, f: impl FnOnce() -> rusqlite::Result<usize>) -> Result<(), String> {
    raw.execute_batch("SAVEPOINT tried").unwrap();
    let result = f();
    raw.execute_batch("ROLLBACK TO tried; RELEASE tried")
        .unwrap();
    match result {
        Ok(rows) => {
            assert_eq!(rows, 1, "one row must be concerned");
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn c1_the_database_accepts_exactly_the_table_of_transitions() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    assert_eq!(TABLE.len(), State::ALL.len());
    let mut accepted = 0;
    for (old, allowed) in TABLE {
        for new in State::ALL.iter().map(|state| state.name()) {
            if new == "published" || new == *old {
                continue;
            }
            let id = placed(&room, &raw, &channel, old);
            if *old == "cancelled" {
                // Back to where it was: what it was is what is varied here.
                raw.execute(
                    "UPDATE delivery SET cancelled_from = ?2 WHERE id = ?1",
                    [&id, new],
                )
                .unwrap();
            }
            let result = tried(&raw, || go(&raw, &id, new));
            assert_eq!(
                result.is_ok(),
                allowed.contains(&new),
                "{old} -> {new}: {result:?}"
            );
            if let Err(error) = result {
                assert!(error.contains("outside the table"), "{error}");
            } else {
                accepted += 1;
            }
        }
    }
    assert_eq!(accepted, 27);
}

#[tokio::test]
async fn c1_any_state_becomes_published_only_with_a_verdict_that_saw_it() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    let other = placed(&room, &raw, &channel, "published");
    for old in State::ALL
        .iter()
        .map(|state| state.name())
        .filter(|old| *old != "published")
    {
        let id = placed(&room, &raw, &channel, old);
        let refused = |kind: &str| {
            let error = tried(&raw, || go(&raw, &id, "published")).unwrap_err();
            assert!(
                error.contains("without a verdict"),
                "{old} with {kind}: {error}"
            );
        };
        refused("none");
        for kind in [
            "accepted",
            "refused",
            "not_processed",
            "unclear",
            "absent",
            "unreadable",
            "different",
            "interrupted",
            "decided",
        ] {
            verdict(&raw, &id, kind);
            refused(kind);
        }
        verdict(&raw, &id, "published");
        tried(&raw, || go(&raw, &id, "published")).unwrap();
        // The instant belongs to it.
        tried(&raw, || {
            raw.execute(
                "UPDATE delivery SET state = 'published' WHERE id = ?1",
                [&id],
            )
        })
        .unwrap_err();
    }
    for new in State::ALL.iter().map(|state| state.name()) {
        let result = tried(&raw, || go(&raw, &other, new));
        assert_eq!(
            result.is_ok(),
            new == "published",
            "published is for good: {new}"
        );
    }
}

#[tokio::test]
async fn an_undo_brings_a_cancelled_delivery_back_to_where_it_was_and_nowhere_else() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    for from in ["draft", "scheduled", "missed", "failed"] {
        let id = placed(&room, &raw, &channel, from);
        raw.execute(
            "UPDATE delivery SET cancelled_from = state, state = 'cancelled' WHERE id = ?1",
            [&id],
        )
        .unwrap();
        for to in ["draft", "scheduled", "missed", "failed"] {
            let result = tried(&raw, || go(&raw, &id, to));
            assert_eq!(result.is_ok(), to == from, "{from} -> cancelled -> {to}");
        }
    }
    for kept in [
        "sending",
        "unknown",
        "confirming",
        "needs_decision",
        "published",
    ] {
        let id = placed(&room, &raw, &channel, kept);
        let error = tried(&raw, || go(&raw, &id, "cancelled")).unwrap_err();
        assert!(error.contains("outside the table"), "{kept}: {error}");
    }
}

#[tokio::test]
async fn a_delivery_is_born_as_a_draft_or_scheduled_and_no_other_way() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    room.schedule(&channel, 1, NOW);
    for state in State::ALL.iter().map(|state| state.name()) {
        let result = tried(&raw, || {
            raw.execute(
                "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, published_at, created_by, created_at)
                 SELECT 'dlv_new', post_id, workspace_id, channel_id, handle, ?1, due, civil, timezone, 1, created_by, created_at FROM delivery LIMIT 1",
                [state],
            )
        });
        assert_eq!(result.is_ok(), matches!(state, "draft" | "scheduled"));
    }
    tried(&raw, || {
        raw.execute("UPDATE delivery SET state = 'held'", [])
    })
    .expect_err("held is derived, never stored");
}

#[tokio::test]
async fn only_a_draft_that_was_never_armed_can_be_removed() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    let remove = |id: &str| {
        tried(&raw, || {
            raw.execute("DELETE FROM delivery WHERE id = ?1", [id])
        })
    };
    let fresh = room.deliveries(&channel, 1, NOW, State::Draft)[0].to_string();
    remove(&fresh).unwrap();
    raw.execute("UPDATE delivery SET ever_armed = 1 WHERE id = ?1", [&fresh])
        .unwrap();
    assert!(remove(&fresh).unwrap_err().contains("only a draft"));
    for state in State::ALL
        .iter()
        .map(|state| state.name())
        .filter(|state| *state != "draft")
    {
        let id = placed(&room, &raw, &channel, state);
        assert!(
            remove(&id).unwrap_err().contains("only a draft"),
            "{state} was removed"
        );
        // Nor by the back door.
        let replaced = tried(&raw, || {
            raw.execute(
                "INSERT OR REPLACE INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, created_by, created_at)
                 SELECT id, post_id, workspace_id, channel_id, handle, 'draft', due, civil, timezone, created_by, created_at FROM delivery WHERE id = ?1",
                [&id],
            )
        });
        assert!(replaced.is_err(), "{state} was replaced");
    }
}

#[tokio::test]
async fn a_second_open_attempt_and_a_repeated_number_are_refused() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    let id = room.schedule(&channel, 1, NOW)[0].to_string();
    attempt(&raw, &id, 1, "open").unwrap();
    attempt(&raw, &id, 2, "open").unwrap_err();
    attempt(&raw, &id, 1, "closed").unwrap_err();
    attempt(&raw, &id, 2, "prepared").unwrap();
    raw.execute("UPDATE attempt SET phase = 'open' WHERE attempt_no = 2", [])
        .unwrap_err();
    raw.execute(
        "UPDATE attempt SET phase = 'closed' WHERE attempt_no = 1",
        [],
    )
    .unwrap();
    raw.execute("UPDATE attempt SET phase = 'open' WHERE attempt_no = 2", [])
        .unwrap();
    raw.execute("DELETE FROM attempt WHERE attempt_no = 1", [])
        .unwrap_err();
}

#[tokio::test]
async fn one_remote_post_belongs_to_one_delivery_of_a_channel() {
    let (room, channel) = with_channel(1).await;
    let login = room.login("did:two").await;
    let sibling = room.channel(&login, "other").await;
    let raw = room.raw();
    let bind = |id: &DeliveryId| {
        raw.execute(
            "UPDATE delivery SET remote_id = 'at://1' WHERE id = ?1",
            [id.as_str()],
        )
    };
    let ours = room.schedule(&channel, 2, NOW);
    bind(&ours[0]).unwrap();
    bind(&ours[1]).unwrap_err();
    bind(&room.schedule(&sibling, 1, NOW)[0]).unwrap();
}

#[tokio::test]
async fn the_identity_of_a_channel_never_changes() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    raw.execute_batch(
        "INSERT INTO workspace SELECT 'wsp_2', 'two', 'Two', timezone, plan, late_limit_ms, created_at, NULL FROM workspace;
         INSERT INTO operator SELECT 'opr_2', 'bo', 0, created_at, NULL FROM operator;",
    )
    .unwrap();
    for (column, value) in [
        ("id", "'soc_other'"),
        ("workspace_id", "'wsp_2'"),
        ("kind", "'MASTODON'"),
        ("identity_server", "'https://m.example'"),
        ("remote_id", "'did:other'"),
        ("connected_at", "1"),
        ("connected_by", "'opr_2'"),
    ] {
        let error = raw
            .execute(&format!("UPDATE channel SET {column} = {value}"), [])
            .unwrap_err()
            .to_string();
        assert!(error.contains("identity of a channel"), "{column}: {error}");
        // What does not change it is no change.
        raw.execute(&format!("UPDATE channel SET {column} = {column}"), [])
            .unwrap();
    }
    room.write(move |tx| tx.rename_channel(&channel, "new.name", "New", None))
        .await;
    assert_eq!(
        number(
            &raw,
            "SELECT count(*) FROM channel WHERE handle = 'new.name'"
        ),
        1
    );
}

#[tokio::test]
async fn e_a_disconnected_channel_stays_disconnected_and_is_never_publishable() {
    let (room, channel) = with_channel(1).await;
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.disconnect_channel(&id, &by, NOW, true))
        .await;
    let raw = room.raw();
    for status in Status::ALL
        .iter()
        .filter(|status| **status != Status::Disconnected)
    {
        raw.execute(
            "UPDATE channel SET status = ?1, disconnected_at = NULL",
            [status.name()],
        )
        .unwrap_err();
    }
    raw.execute("UPDATE channel SET publishable = 1", [])
        .unwrap_err();
    // Neither break nor proof brings it back.
    let id = channel.clone();
    let entropy = room.store.entropy().clone();
    let changed = room
        .write(move |tx| {
            let broke = tx.break_channel(
                &id,
                allgreen::domain::channel::Cause::Expired,
                &Evidence::default(),
                NOW,
                &entropy,
            )?;
            let healed = tx.prove_channel(&id, NOW, None, NOW, &entropy)?;
            Ok((broke, healed))
        })
        .await;
    assert_eq!(changed, (false, false));
}

#[tokio::test]
async fn an_account_has_one_live_channel_per_workspace_and_a_new_one_after_a_disconnect() {
    let (room, channel) = with_channel(1).await;
    let login = room.login("did:one.again").await;
    let again = room.new_channel(&login, "acme");
    let twin = again.clone();
    let error = room
        .store
        .write(move |tx| tx.add_channel(&twin, later(1)))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Rule(_)), "{error}");
    // Another workspace may have it too.
    let raw = room.raw();
    raw.execute_batch(
        "INSERT INTO workspace SELECT 'wsp_2', 'two', 'Two', timezone, plan, late_limit_ms, created_at, NULL FROM workspace",
    )
    .unwrap();
    let mut other = room.new_channel(&login, "acme");
    other.workspace_id = allgreen::domain::ids::WorkspaceId::from_stored("wsp_2");
    room.write(move |tx| tx.add_channel(&other, later(2))).await;
    // The same one again is a new row that knows the old one.
    let (old, by, new) = (channel.clone(), room.operator.clone(), again.id.clone());
    room.write(move |tx| {
        tx.disconnect_channel(&old, &by, later(3), true)?;
        tx.add_channel(&again, later(4))
    })
    .await;
    let connected = room.store.read(move |q| q.channel(&new)).await.unwrap();
    assert_ne!(connected.id, channel);
    assert_eq!(connected.previous_id, Some(channel));
}

#[tokio::test]
async fn verdicts_audit_and_history_can_only_grow() {
    let (room, channel) = with_channel(1).await;
    let raw = room.raw();
    let id = room.schedule(&channel, 1, NOW)[0].to_string();
    attempt(&raw, &id, 1, "closed").unwrap();
    verdict(&raw, &id, "unclear");
    let (operator, workspace) = (room.operator.clone(), room.workspace.clone());
    room.write(move |tx| {
        tx.add_history(
            &channel,
            "connected",
            "Connected.",
            &Evidence::default(),
            None,
            NOW,
        )?;
        tx.add_audit(&AuditRow {
            at: NOW,
            operator_id: operator,
            workspace_id: Some(workspace),
            act: "channel.connect".into(),
            object: channel.to_string(),
            detail: "{}".into(),
        })
    })
    .await;
    for table in ["verdict", "audit", "history"] {
        assert_eq!(number(&raw, &format!("SELECT count(*) FROM {table}")), 1);
        raw.execute(&format!("UPDATE {table} SET at = 1"), [])
            .expect_err(&format!("{table} was changed"));
        raw.execute(&format!("DELETE FROM {table}"), [])
            .expect_err(&format!("{table} was shortened"));
        raw.execute(
            &format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
            [],
        )
        .expect_err(&format!("{table} was replaced"));
    }
}

/// One thing that may happen to a queue, with numbers to choose what it hits.
#[derive(Clone, Debug)]
enum Event {
    Born(u8, bool),
    Move(u16, u8),
    Removed(u16),
    ToOtherChannel(u16, u8),
    Everything(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (any::<u8>(), any::<bool>()).prop_map(|(channel, draft)| Event::Born(channel, draft)),
        (any::<u16>(), any::<u8>()).prop_map(|(which, to)| Event::Move(which, to)),
        any::<u16>().prop_map(Event::Removed),
        (any::<u16>(), any::<u8>()).prop_map(|(which, to)| Event::ToOtherChannel(which, to)),
        any::<u8>().prop_map(Event::Everything),
    ]
}

#[test]
fn the_counts_per_channel_and_state_are_what_counting_the_rows_gives() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (room, channels) = runtime.block_on(async {
        let (room, first) = with_channel(1).await;
        let login = room.login("did:many").await;
        let mut channels = vec![first];
        for name in ["two", "three"] {
            channels.push(room.channel(&login, name).await);
        }
        (room, channels)
    });
    let raw = room.raw();
    // One commit at the end of each case is enough: nothing here is about disks.
    raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let count = |sql: &str| -> Vec<(String, String, i64)> {
        let mut statement = raw.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(events in proptest::collection::vec(event(), 1..60))| {
        let of = |n: u8| channels[usize::from(n) % channels.len()].as_str();
        for event in events {
            let nth = |n: u16| -> Option<String> {
                let all = number(&raw, "SELECT count(*) FROM delivery");
                (all > 0).then(|| {
                    let sql = "SELECT id FROM delivery ORDER BY id LIMIT 1 OFFSET ?1";
                    raw.query_row(sql, [i64::from(n) % all], |row| row.get(0)).unwrap()
                })
            };
            // Most of these are refused; the counts must hold either way.
            match event {
                Event::Born(channel, draft) => {
                    let channel = ChannelId::from_stored(of(channel));
                    room.deliveries(&channel, 2, NOW, if draft { State::Draft } else { State::Scheduled });
                }
                Event::Move(which, to) => if let Some(id) = nth(which) {
                    let to = State::ALL[usize::from(to) % State::ALL.len()].name();
                    let _ = raw.execute("UPDATE delivery SET cancelled_from = state WHERE id = ?1 AND state <> 'cancelled'", [&id]);
                    let _ = go(&raw, &id, to);
                },
                Event::Removed(which) => if let Some(id) = nth(which) {
                    let _ = raw.execute("DELETE FROM delivery WHERE id = ?1", [id]);
                },
                Event::ToOtherChannel(which, to) => if let Some(id) = nth(which) {
                    raw.execute("UPDATE delivery SET channel_id = ?2 WHERE id = ?1", [id.as_str(), of(to)]).unwrap();
                },
                Event::Everything(to) => {
                    let to = State::ALL[usize::from(to) % State::ALL.len()].name();
                    let _ = raw.execute("UPDATE delivery SET state = ?1", [to]);
                }
            }
            let counted = count("SELECT channel_id, state, count(*) FROM delivery GROUP BY 1, 2 ORDER BY 1, 2");
            let kept = count("SELECT channel_id, state, n FROM channel_count WHERE n > 0 ORDER BY 1, 2");
            prop_assert_eq!(counted, kept);
        }
    });
    // What a screen reads is the same number.
    let channel = channels[0].clone();
    let sql = format!(
        "SELECT count(*) FROM delivery WHERE channel_id = '{channel}' AND state = 'scheduled'"
    );
    let expected = u64::try_from(number(&raw, &sql)).unwrap();
    let summary = runtime
        .block_on(room.store.read(move |q| q.channel_summary(&channel)))
        .unwrap();
    assert_eq!(summary.count(State::Scheduled), expected);
}
