//! What happened to a channel, kept for good.

use super::error::StoreError;
use super::rows::{at, listed};
use super::tx::{Reads, Tx};
use crate::domain::channel::{Cause, Evidence, Status};
use crate::domain::ids::{ChannelId, OperatorId};
use crate::support::time::UtcMs;

/// One line of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// When.
    pub at: UtcMs,
    /// What kind (`connected`, `broken`, `healed`, `reconnected`, `disconnected`, `paused`, ...).
    pub kind: String,
    /// Status after it.
    pub status: Status,
    /// Cause after it.
    pub cause: Cause,
    /// Whether it could publish after it.
    pub publishable: bool,
    /// What was seen.
    pub evidence: Evidence,
    /// Who did it, when it was a person.
    pub by: Option<OperatorId>,
    /// One sentence.
    pub text: String,
}

impl Reads<'_> {
    /// The history of a channel, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(&self, channel: &ChannelId, limit: u32) -> Result<Vec<HistoryRow>, StoreError> {
        self.all(
            "SELECT * FROM history WHERE channel_id = ?1 ORDER BY id DESC LIMIT ?2",
            (channel.as_str(), limit),
            |row| {
                Ok(HistoryRow {
                    at: at(row, "at")?,
                    kind: row.get("kind")?,
                    status: listed(row, "status", Status::parse)?,
                    cause: listed(row, "cause", Cause::parse)?,
                    publishable: row.get("publishable")?,
                    evidence: Evidence {
                        http_status: row.get("http_status")?,
                        network_code: row.get("network_code")?,
                        message: row.get("message")?,
                        seen_by: row.get("seen_by")?,
                    },
                    by: row
                        .get::<_, Option<String>>("by_operator")?
                        .map(OperatorId::from_stored),
                    text: row.get("text")?,
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Adds a line with the channel's status as it is now.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_history(
        &self,
        channel: &ChannelId,
        kind: &str,
        text: &str,
        evidence: &Evidence,
        by: Option<&OperatorId>,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO history (channel_id, at, kind, status, cause, publishable, http_status, network_code, message, seen_by, by_operator, text)
             SELECT id, ?2, ?3, status, cause, publishable, ?4, ?5, ?6, ?7, ?8, ?9 FROM channel WHERE id = ?1",
            (
                channel.as_str(),
                now.0,
                kind,
                evidence.http_status,
                &evidence.network_code,
                &evidence.message,
                &evidence.seen_by,
                by.map(OperatorId::as_str),
                text,
            ),
        )?;
        Ok(())
    }
}
