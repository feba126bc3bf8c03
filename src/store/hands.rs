//! What needs a person, and what became of it: read for the health check and
//! for who takes over.

use std::time::Duration;

use super::error::StoreError;
use super::queue::delivery;
use super::rows::at;
use super::tx::Reads;
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{ChannelId, OperatorId};
use crate::support::time::UtcMs;

/// A line of the history of some channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Which channel.
    pub channel: ChannelId,
    /// When.
    pub at: UtcMs,
    /// It can publish again; otherwise it broke.
    pub healed: bool,
    /// Who did it, when it was a person.
    pub by: Option<(OperatorId, String)>,
}

impl Reads<'_> {
    /// Posts in one of the states that wait for a person, earliest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn posts_in_need(&self, state: State, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.all(
            "SELECT * FROM delivery WHERE state IN ('missed', 'failed', 'needs_decision') AND state = ?1
             ORDER BY due, id LIMIT ?2",
            (state.name(), limit),
            delivery,
        )
    }

    /// What broke and what healed since an instant, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn turns_since(&self, since: UtcMs) -> Result<Vec<Turn>, StoreError> {
        self.all(
            "SELECT h.channel_id, h.at, h.kind <> 'broken' AS healed, h.by_operator, o.name
             FROM history h LEFT JOIN operator o ON o.id = h.by_operator
             WHERE h.at >= ?1 AND h.kind IN ('broken', 'healed', 'reconnected') ORDER BY h.at, h.id",
            [since.0],
            |row| {
                let id: Option<String> = row.get("by_operator")?;
                let name: Option<String> = row.get("name")?;
                Ok(Turn {
                    channel: ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                    at: at(row, "at")?,
                    healed: row.get("healed")?,
                    by: id.map(OperatorId::from_stored).zip(name),
                })
            },
        )
    }

    /// How many posts of each channel went out since an instant. One that was
    /// due more than a week before that is not looked for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn out_since(&self, since: UtcMs, now: UtcMs) -> Result<Vec<(ChannelId, u64)>, StoreError> {
        const BEFORE: Duration = Duration::from_secs(7 * 86_400);
        self.all(
            "SELECT channel_id, count(*) FROM delivery
             WHERE due >= ?1 AND due <= ?2 AND state = 'published' AND published_at >= ?3 GROUP BY channel_id",
            [since.minus(BEFORE).0, now.0, since.0],
            |row| Ok((ChannelId::from_stored(row.get::<_, String>(0)?), row.get(1)?)),
        )
    }
}
