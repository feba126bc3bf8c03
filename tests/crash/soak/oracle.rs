//! What must be true at the end of a soak, judged by the networks' own
//! ledgers, by what arrived at them, and by the rows of the store.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::Acts;
use super::ground::{Arrival, Channel, Ground, ON_THE_WIRE, Way};
use super::witness;

/// A delivery as the store has it.
#[derive(Debug)]
pub struct Row {
    pub id: String,
    pub channel: String,
    pub text: String,
    pub state: String,
    #[allow(dead_code, reason = "shown with what is wrong")]
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
    let arrivals = ground.arrivals();
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
        let ours = times.len().saturating_sub(doubled(row, channel, &arrivals));
        if let Some(what) = state_of(row, channel, ours, acts) {
            wrong.push(format!("{what}: {row:?}, live at {times:?}"));
        }
        let armed = witness::armed(database, &row.id);
        // Each against the time that held just then: people move posts.
        if armed.iter().any(|arm| arm.at < arm.due) {
            wrong.push(format!("before its time: {row:?}, {armed:?}"));
        }
        let first = armed.iter().map(|arm| arm.at).min();
        if times.iter().any(|at| first.is_none_or(|first| *at < first)) {
            wrong.push(format!("live at {times:?} before it was armed: {row:?}"));
        }
        for arm in &armed {
            if let Some(what) = arm.against {
                wrong.push(format!(
                    "sent while its channel was {what}: {row:?}, {arm:?}"
                ));
            }
        }
        for dead in acts
            .dead
            .iter()
            .filter(|one| one.account == channel.account)
        {
            if times.iter().any(|at| dead.gone < *at && *at < dead.back) {
                wrong.push(format!(
                    "live at {times:?} without access: {row:?}, {dead:?}"
                ));
            }
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
    for channel in channels {
        let all = acts.dead.iter();
        let dead: Vec<_> = all.filter(|one| one.account == channel.account).collect();
        let turned = witness::turned(database, &channel.id);
        let seen = turned.iter().map(|(_, cause)| cause.is_none());
        // A channel begins green, with its connect.
        let seen: Vec<bool> = std::iter::once(true).chain(seen).collect();
        let told = witness::told(database, &channel.id);
        if seen != told {
            wrong.push(format!(
                "its history tells {told:?}, and it was {seen:?}: {channel:?}"
            ));
        }
        let mut green = i64::MIN;
        for (at, cause) in turned {
            let Some(cause) = cause else {
                green = at;
                continue;
            };
            // Once for each time it was taken away: what is seen late of a
            // token that was replaced says nothing.
            let mut of_it = dead.iter();
            if !of_it.any(|one| one.begins <= at && at <= one.mended && green <= one.begins) {
                wrong.push(format!(
                    "falsely red at {at} for {cause}, green at {green}: {channel:?}, {dead:?}"
                ));
            }
        }
    }
    for Arrival {
        at, network, body, ..
    } in &arrivals
    {
        let (at, network) = (*at, *network);
        // A call that was cut off before its text arrived cannot be judged.
        let of_network = |row: &&Row| {
            let mut all = channels.iter();
            all.any(|one| one.id == row.channel && one.way.network() == network)
        };
        let mut candidates = rows.iter().filter(of_network);
        let Some(row) = candidates.find(|row| carries(body, row)) else {
            continue;
        };
        if !row.arms.iter().any(|arm| *arm <= at && at <= arm + limit) {
            wrong.push(format!("arrived at {at} without a fresh arm: {row:?}"));
        }
    }
    wrong
}

/// Whether a call carried this post.
fn carries(body: &str, row: &Row) -> bool {
    let quoted = format!("{}\"", row.text);
    let plain = format!("{}&", row.text.replace(' ', "+"));
    body.contains(&quoted) || body.contains(&plain)
}

/// How many posts the wire itself made more than we sent, at a network that
/// knows no keys. Where there are keys, two of one call are one post.
fn doubled(row: &Row, channel: &Channel, arrivals: &[Arrival]) -> usize {
    if !matches!(channel.way, Way::Telegram { .. }) {
        return 0;
    }
    let of_wire = |one: &&Arrival| one.doubled && one.network == "telegram";
    let all = arrivals.iter().filter(of_wire);
    let ours = all.filter(|one| carries(&one.body, row));
    ours.map(|one| one.taken.saturating_sub(1)).sum()
}

/// What is wrong with the lamps when every access works again: one that is red
/// all the same, or an incident that nobody closed.
pub fn lamps(channels: &[Channel], database: &Connection) -> Vec<String> {
    let mut wrong = Vec::new();
    for channel in channels {
        let lamp: (String, String, bool) = database
            .query_row(
                "SELECT status, cause, publishable FROM channel WHERE id = ?1",
                [&channel.id],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        if lamp != ("ACTIVE".into(), "none".into(), true) {
            wrong.push(format!("falsely red at the end: {channel:?}, {lamp:?}"));
        }
    }
    let mut open = database
        .prepare("SELECT text FROM incident WHERE kind = 'login_broken' AND resolved_at IS NULL")
        .unwrap();
    let texts = open.query_map([], |row| row.get::<_, String>(0)).unwrap();
    wrong.extend(texts.map(|text| format!("an incident stays open: {}", text.unwrap())));
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
