//! How the readings of channels stand, and when each is read next.

use super::error::StoreError;
use super::rows::{listed, maybe_at, maybe_listed};
use super::tx::{Reads, Tx};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::ids::ChannelId;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::reading::Reading;
use crate::support::time::UtcMs;

mod kept;

pub use kept::CachedPost;

/// Readings that are looked at in one turn.
const AT_ONCE: u32 = 1_000;

/// How reading one sort of thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What is read.
    pub what: Reading,
    /// The last reading that went well.
    pub fetched_at: Option<UtcMs>,
    /// What kept the readings since then from it.
    pub failure: Option<Failure>,
}

/// Why a reading brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it was tried last.
    pub at: UtcMs,
    /// Whether it was refused, rather than kept away by the network's trouble.
    pub refused: bool,
    /// What sort of answer it was.
    pub class: AnswerClass,
    /// What was seen.
    pub evidence: Evidence,
}

/// A reading that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Of which channel.
    pub channel: ChannelId,
    /// Its network.
    pub network: Network,
    /// Base URL of its server.
    pub server: String,
    /// What is read.
    pub what: Reading,
    /// When the channel's next post goes out, past instants included; `None`
    /// while it is paused.
    pub next_due: Option<UtcMs>,
}

/// The part of `reading JOIN channel` that may be read at all: there is no
/// call for a channel that cannot publish.
const READABLE: &str =
    "FROM reading r JOIN channel c ON c.id = r.channel_id JOIN login l ON l.id = c.login_id
  WHERE c.publishable = 1 AND l.generation > 0";

impl Reads<'_> {
    /// Readings that are due, the longest overdue first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn readings_due(&self, now: UtcMs) -> Result<Vec<Due>, StoreError> {
        self.all(
            &format!(
                "SELECT r.channel_id, r.what, c.kind AS kind, c.server,
                   CASE WHEN c.paused_at IS NULL THEN
                     (SELECT min(d.due) FROM delivery d WHERE d.channel_id = c.id AND d.state = 'scheduled') END AS next_due
                 {READABLE} AND r.next_at <= ?1 ORDER BY r.next_at, r.channel_id LIMIT ?2"
            ),
            (now.0, AT_ONCE),
            |row| {
                Ok(Due {
                    channel: ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    what: listed(row, "what", Reading::parse)?,
                    next_due: maybe_at(row, "next_due")?,
                })
            },
        )
    }

    /// When the next reading after `now` is due.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn next_reading(&self, now: UtcMs) -> Result<Option<UtcMs>, StoreError> {
        Ok(self
            .value(
                &format!(
                    "SELECT r.next_at {READABLE} AND r.next_at > ?1 ORDER BY r.next_at LIMIT 1"
                ),
                [now.0],
            )?
            .map(UtcMs))
    }

    /// What networks refuse to be read, and what sort of answer that was: of one
    /// channel, or of all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn refused_readings(
        &self,
        channel: Option<&ChannelId>,
    ) -> Result<Vec<(ChannelId, Reading, AnswerClass)>, StoreError> {
        let refused = |row: &rusqlite::Row<'_>| {
            Ok((
                ChannelId::from_stored(row.get::<_, String>("channel_id")?),
                listed(row, "what", Reading::parse)?,
                listed(row, "class", AnswerClass::parse)?,
            ))
        };
        let those = "refused = 1 AND class IS NOT NULL AND failed_at IS NOT NULL";
        match channel {
            Some(id) => self.all(
                &format!("SELECT * FROM reading WHERE channel_id = ?1 AND {those}"),
                [id.as_str()],
                refused,
            ),
            None => self.all(&format!("SELECT * FROM reading WHERE {those}"), [], refused),
        }
    }

    /// How the readings of a channel stand.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standings(&self, channel: &ChannelId) -> Result<Vec<Standing>, StoreError> {
        self.all(
            "SELECT * FROM reading WHERE channel_id = ?1",
            [channel.as_str()],
            |row| {
                let class = maybe_listed(row, "class", AnswerClass::parse)?;
                let failed_at = maybe_at(row, "failed_at")?;
                let failure = match (class, failed_at) {
                    (Some(class), Some(at)) => Some(Failure {
                        at,
                        refused: row.get("refused")?,
                        class,
                        evidence: Evidence {
                            http_status: row.get("http_status")?,
                            network_code: row.get("network_code")?,
                            message: row.get("message")?,
                            seen_by: row.get("seen_by")?,
                        },
                    }),
                    _ => None,
                };
                Ok(Standing {
                    what: listed(row, "what", Reading::parse)?,
                    fetched_at: maybe_at(row, "fetched_at")?,
                    failure,
                })
            },
        )
    }

    /// How one sort of reading of a channel stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn standing(
        &self,
        channel: &ChannelId,
        what: Reading,
    ) -> Result<Option<Standing>, StoreError> {
        let mut all = self.standings(channel)?.into_iter();
        Ok(all.find(|one| one.what == what))
    }
}

impl Tx<'_> {
    /// Notes that a reading went well and when the next one is due; whether it
    /// had been refused before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reading_went_well(
        &self,
        channel: &ChannelId,
        what: Reading,
        next: UtcMs,
        now: UtcMs,
    ) -> Result<bool, StoreError> {
        let refused = self.is_refused(channel, what)?;
        self.run(
            "UPDATE reading SET next_at = ?3, fetched_at = ?4, failed_at = NULL, refused = 0, class = NULL,
               http_status = NULL, network_code = NULL, message = NULL, seen_by = NULL
             WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name(), next.0, now.0),
        )?;
        Ok(refused)
    }

    /// Notes why a reading brought nothing and when it is tried next; whether
    /// it is refused now and was not before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn reading_failed(
        &self,
        channel: &ChannelId,
        what: Reading,
        failure: &Failure,
        next: UtcMs,
    ) -> Result<bool, StoreError> {
        let before = self.is_refused(channel, what)?;
        // An outage takes no refusal back: nobody said that it is lifted.
        if before && !failure.refused {
            self.plan_reading(channel, what, Some(next))?;
            return Ok(false);
        }
        let evidence = &failure.evidence;
        self.run(
            "UPDATE reading SET next_at = ?3, failed_at = ?4, refusals = refusals + (refused = 0 AND ?5),
               refused = ?5, class = ?6, http_status = ?7, network_code = ?8, message = ?9, seen_by = ?10 WHERE channel_id = ?1 AND what = ?2",
            (
                channel.as_str(),
                what.name(),
                next.0,
                failure.at.0,
                failure.refused,
                failure.class.name(),
                evidence.http_status,
                &evidence.network_code,
                &evidence.message,
                &evidence.seen_by,
            ),
        )?;
        Ok(failure.refused && !before)
    }

    fn is_refused(&self, channel: &ChannelId, what: Reading) -> Result<bool, StoreError> {
        let refused: Option<bool> = self.value(
            "SELECT refused FROM reading WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name()),
        )?;
        Ok(refused.unwrap_or(false))
    }

    /// Plans a reading; `None` is never.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn plan_reading(
        &self,
        channel: &ChannelId,
        what: Reading,
        next: Option<UtcMs>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE reading SET next_at = ?3 WHERE channel_id = ?1 AND what = ?2",
            (channel.as_str(), what.name(), next.map(|at| at.0)),
        )?;
        Ok(())
    }

    /// Every planned reading of a channel is due now.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn read_soon(&self, channel: &ChannelId, now: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE reading SET next_at = min(next_at, ?2) WHERE channel_id = ?1 AND next_at IS NOT NULL",
            (channel.as_str(), now.0),
        )?;
        Ok(())
    }

    /// Nothing is read from a server before `until`: it has trouble, and what
    /// it can do is for posts and proofs.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn rest_readings(
        &self,
        network: Network,
        server: &str,
        until: UtcMs,
    ) -> Result<(), StoreError> {
        for kind in ChannelKind::ALL
            .iter()
            .filter(|one| one.network() == network)
        {
            self.run(
                "UPDATE reading SET next_at = ?3 WHERE next_at < ?3
                   AND channel_id IN (SELECT id FROM channel WHERE kind = ?1 AND server = ?2)",
                (kind.name(), server, until.0),
            )?;
        }
        Ok(())
    }

    /// Forgets what was read of a channel, and that it is to be read.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget_readings(&self, channel: &ChannelId) -> Result<(), StoreError> {
        for table in ["metric", "comment", "recent_post", "reading"] {
            self.run(
                &format!("DELETE FROM {table} WHERE channel_id = ?1"),
                [channel.as_str()],
            )?;
        }
        Ok(())
    }

    /// Removes what was read before an instant and never again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn prune_readings(&self, before: UtcMs) -> Result<(), StoreError> {
        for table in ["metric", "comment", "recent_post"] {
            self.run(
                &format!("DELETE FROM {table} WHERE fetched_at < ?1"),
                [before.0],
            )?;
        }
        Ok(())
    }
}
