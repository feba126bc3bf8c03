//! What must be true at the end of a soak, judged by the networks' own
//! ledgers, by what arrived at them, and by the rows of the store.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Acts;
use super::ground::{Channel, Ground, ON_THE_WIRE, Way};

/// A delivery as the store has it.
#[derive(Debug)]
pub struct Row {
    pub id: String,
    pub channel: String,
    pub text: String,
    pub state: String,
    pub due: i64,
    pub asked: Option<String>,
    pub error: Option<String>,
    pub cancelled_at: Option<i64>,
    pub arms: Vec<i64>,
}

/// Every delivery and when each of its requests was armed.
pub fn rows(database: &Connection) -> Vec<Row> {
    let mut all = database
        .prepare(
            "SELECT d.*, coalesce(d.text, p.text) AS words,
               (SELECT group_concat(a.armed_at) FROM attempt a WHERE a.delivery_id = d.id) AS arms
             FROM delivery d JOIN post p ON p.id = d.post_id ORDER BY d.due",
        )
        .unwrap();
    let found = all.query_map([], |row| {
        let arms: Option<String> = row.get("arms")?;
        Ok(Row {
            id: row.get("id")?,
            channel: row.get("channel_id")?,
            text: row.get("words")?,
            state: row.get("state")?,
            due: row.get("due")?,
            asked: row.get("asked")?,
            error: row.get("error_message")?,
            cancelled_at: row.get("cancelled_at")?,
            arms: arms
                .unwrap_or_default()
                .split(',')
                .filter_map(|at| at.parse().ok())
                .collect(),
        })
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

/// What is wrong, one sentence each; nothing when all promises were kept.
pub fn judge(
    ground: &Ground,
    channels: &[Channel],
    database: &Connection,
    acts: &Acts,
) -> Vec<String> {
    ground.wait_until_quiet();
    let mut wrong = Vec::new();
    let rows = rows(database);
    let mut live: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    for entry in ground.ledger() {
        live.entry((entry.did, entry.text))
            .or_default()
            .push(entry.at.0);
    }
    for row in &rows {
        let channel = channels.iter().find(|one| one.id == row.channel);
        let channel = channel.expect("a channel of the soak");
        let times = live
            .remove(&(channel.account.clone(), row.text.clone()))
            .unwrap_or_default();
        if let Some(what) = state_of(row, channel, times.len(), acts) {
            wrong.push(format!("{what}: {row:?}, live at {times:?}"));
        }
        let due = acts.first_due.get(&row.id).unwrap_or(&row.due);
        if times.iter().chain(&row.arms).any(|at| at < due) {
            wrong.push(format!("before its time: {row:?}, live at {times:?}"));
        }
        for (from, to) in acts.windows(&row.channel) {
            if row.arms.iter().any(|at| from < *at && *at < to) {
                wrong.push(format!("sent while held from {from} to {to}: {row:?}"));
            }
        }
    }
    for (what, times) in live {
        wrong.push(format!("live without a delivery: {what:?} at {times:?}"));
    }
    let limit = i64::try_from(ON_THE_WIRE.as_millis()).unwrap();
    for (at, network, body) in ground.arrivals() {
        // A call that was cut off before its text arrived cannot be judged.
        let of_network = |row: &&Row| {
            let mut all = channels.iter();
            all.any(|one| one.id == row.channel && one.way.network() == network)
        };
        let quoted = |row: &&Row| body.contains(&format!("{}\"", row.text));
        let plain = |row: &&Row| body.contains(&format!("{}&", row.text.replace(' ', "+")));
        let mut candidates = rows.iter().filter(of_network);
        let Some(row) = candidates.find(|row| quoted(row) || plain(row)) else {
            continue;
        };
        if !row.arms.iter().any(|arm| *arm <= at && at <= arm + limit) {
            wrong.push(format!("arrived at {at} without a fresh arm: {row:?}"));
        }
    }
    wrong
}

/// What is wrong with a state, given how often the post is live.
fn state_of(row: &Row, channel: &Channel, live: usize, acts: &Acts) -> Option<&'static str> {
    let unknowable = matches!(channel.way, Way::Telegram { .. });
    let disconnected = acts.disconnected.contains(&row.channel);
    let cancelled = disconnected || acts.cancelled.contains(&row.id);
    match (row.state.as_str(), live) {
        (_, 2..) => Some("live twice"),
        ("published", 1) => None,
        ("published", _) => Some("called published, and is not"),
        // Shown as open, with the reason: nobody can look there, or nobody may
        // any more.
        ("needs_decision", _) => match row.asked.as_deref() {
            Some("unknowable") if unknowable => None,
            Some("unreadable") if disconnected => None,
            _ => Some("asked for without need"),
        },
        ("cancelled" | "failed", 1) => Some("live behind our back"),
        ("cancelled", _) if cancelled && row.cancelled_at.is_some() => None,
        ("failed", _) if disconnected && row.error.is_some() => None,
        _ => Some("not at an end"),
    }
}
