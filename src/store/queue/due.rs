//! What may be sent, when, and in which order.

use std::borrow::Cow;

use super::super::error::StoreError;
use super::super::rows::{at, listed};
use super::super::tx::Reads;
use super::delivery;
use crate::domain::answer::AnswerClass;
use crate::domain::delivery::Delivery;
use crate::domain::ids::ChannelId;
use crate::domain::machine::Rules;
use crate::domain::network::{ChannelKind, Network};
use crate::support::time::UtcMs;

/// A delivery that may be sent now.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub delivery: Delivery,
    /// The network of its channel.
    pub network: Network,
    /// The server its channel lives on.
    pub server: String,
    /// Since when its lateness counts: its own time, or when the part of the
    /// thread before it went out, whichever is later.
    pub since: UtcMs,
}

/// Deliveries that may be sent now: their channel can publish, its tokens are
/// there, nothing before them in a thread is open.
const READY: &str =
    "FROM delivery d JOIN channel c ON c.id = d.channel_id JOIN login l ON l.id = c.login_id
  LEFT JOIN delivery a ON a.id = d.after_id
  WHERE d.state = 'scheduled' AND c.publishable = 1 AND c.paused_at IS NULL AND l.generation > 0
    AND (d.after_id IS NULL OR a.state = 'published')";

/// [`READY`] under these rules of the protocol.
fn ready_under(rules: &Rules) -> Cow<'static, str> {
    if rules.ignore_health {
        READY.replace("c.publishable = 1 AND ", "").into()
    } else {
        READY.into()
    }
}

impl Reads<'_> {
    /// What may be sent at `now`, earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn due(&self, now: UtcMs, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            &format!(
                "SELECT d.* {READY} AND d.due <= ?1 AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?1)
                 ORDER BY d.due, d.id LIMIT ?2"
            ),
            (now.0, limit),
            delivery,
        )
    }

    /// What may be sent at `now`, at most a few of each channel, so that a
    /// backlog hides no other channel: first what was due since `live_from` or
    /// ordered by a person, then what is late, earliest first. A thread that
    /// has begun goes on before anything else begins.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn due_by_channel(
        &self,
        now: UtcMs,
        live_from: UtcMs,
        rules: &Rules,
    ) -> Result<Vec<Due>, StoreError> {
        /// Of one channel only one is sent at a time; those behind it are
        /// there for when it is left alone after trouble of its own.
        const OF_A_CHANNEL: u32 = 8;
        const AT_MOST: u32 = 1_000;
        let ready = ready_under(rules);
        self.all(
            // Sorted by what is needed for that alone; whole rows only of those
            // that are taken.
            &format!(
                "SELECT d.*, t.since, c.kind AS kind, c.server AS server FROM (
                   SELECT * FROM (
                     SELECT *, row_number() OVER (PARTITION BY channel_id, late ORDER BY whole, due, id) AS turn
                     FROM (SELECT *, send_now = 0 AND since < ?2 AS late
                           FROM (SELECT d.id, d.channel_id, d.due, d.send_now, d.after_id IS NULL AS whole,
                                   max(d.due, coalesce(a.published_at, d.due)) AS since {ready} AND d.due <= ?1
                             AND (d.next_attempt_at IS NULL OR d.next_attempt_at <= ?1))))
                   WHERE turn <= ?3 ORDER BY late, whole, due, id LIMIT ?4) t
                 JOIN delivery d ON d.id = t.id JOIN channel c ON c.id = d.channel_id ORDER BY t.late, t.whole, t.due, t.id"
            ),
            (now.0, live_from.0, OF_A_CHANNEL, AT_MOST),
            |row| {
                Ok(Due {
                    delivery: delivery(row)?,
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    since: at(row, "since")?,
                })
            },
        )
    }

    /// The oldest of the posts of a channel that were due before `live_from` and
    /// wait for another try because the network had trouble with everybody's
    /// posts; not one that a person ordered, or that has trouble of its own.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn late_in_trouble(
        &self,
        channel: &ChannelId,
        now: UtcMs,
        live_from: UtcMs,
    ) -> Result<Option<Delivery>, StoreError> {
        self.one(
            &format!(
                "SELECT d.* {READY} AND d.channel_id = ?1 AND d.due <= ?2 AND d.next_attempt_at > ?2 AND d.send_now = 0
                   AND max(d.due, coalesce(a.published_at, d.due)) < ?3 AND d.error_class IN (?4, ?5)
                 ORDER BY d.after_id IS NULL, d.due, d.id LIMIT 1"
            ),
            (
                channel.as_str(),
                now.0,
                live_from.0,
                AnswerClass::Transient.name(),
                AnswerClass::RateLimited.name(),
            ),
            delivery,
        )
    }

    /// The next instant after `now` and up to `until` at which something could
    /// be sent. Only that stretch is read, however much is scheduled.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_due(&self, now: UtcMs, until: UtcMs) -> Result<Option<UtcMs>, StoreError> {
        let first = |of: &str| {
            self.value::<Option<i64>>(
                &format!("SELECT min(max(d.due, coalesce(d.next_attempt_at, d.due))) {READY} AND d.{of} > ?1 AND d.{of} <= ?2"),
                [now.0, until.0],
            )
        };
        let both = [first("due")?, first("next_attempt_at")?];
        let next = both.into_iter().flatten().flatten();
        Ok(next.filter(|at| *at > now.0).min().map(UtcMs))
    }

    /// Deliveries that were due before `before` and that nothing holds, earliest
    /// first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn overdue(&self, before: UtcMs) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            &format!("SELECT d.* {READY} AND d.due < ?1 ORDER BY d.due, d.id"),
            [before.0],
            delivery,
        )
    }
}
