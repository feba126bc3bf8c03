//! Disconnecting for good: one transaction, then the bytes themselves.

use super::Store;
use super::error::StoreError;
use super::tx::{Reads, Tx};
use crate::domain::channel::{Evidence, Status};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, LoginId, OperatorId};
use crate::support::time::UtcMs;

/// What disconnecting a channel takes away and leaves, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisconnectCounts {
    /// Scheduled and held deliveries that are cancelled.
    pub scheduled: u64,
    /// Missed ones that are cancelled.
    pub missed: u64,
    /// Failed ones that are cancelled.
    pub failed: u64,
    /// Draft targets that are removed.
    pub drafts: u64,
    /// Sends in flight or of unknown outcome.
    pub open: u64,
    /// Cached metric rows that are deleted.
    pub metrics: u64,
    /// Cached comments that are deleted.
    pub comments: u64,
    /// Published posts whose history stays.
    pub published: u64,
    /// Other channels that use the same login; its tokens stay for them.
    pub siblings: u64,
}

/// What a disconnect did, beside its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// The counts, read in the same transaction.
    pub counts: DisconnectCounts,
    /// The login whose tokens were wiped, `None` when siblings use it.
    pub wiped_login: Option<LoginId>,
}

/// Setting that names logins whose bytes may still be in the file.
const WIPE_PENDING: &str = "wipe_pending";

impl Reads<'_> {
    /// What disconnecting would take away.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn disconnect_counts(&self, id: &ChannelId) -> Result<DisconnectCounts, StoreError> {
        let count = |states: &[State]| -> Result<u64, StoreError> {
            let list: String = states
                .iter()
                .map(|state| format!(",{},", state.name()))
                .collect();
            Ok(self
                .value(
                    "SELECT coalesce(sum(n), 0) FROM channel_count WHERE channel_id = ?1 AND instr(?2, ',' || state || ',') > 0",
                    (id.as_str(), list),
                )?
                .unwrap_or(0))
        };
        let rows = |table: &str| -> Result<u64, StoreError> {
            Ok(self
                .value(
                    &format!("SELECT count(*) FROM {table} WHERE channel_id = ?1"),
                    [id.as_str()],
                )?
                .unwrap_or(0))
        };
        Ok(DisconnectCounts {
            scheduled: count(&[State::Scheduled])?,
            missed: count(&[State::Missed])?,
            failed: count(&[State::Failed])?,
            drafts: count(&[State::Draft])?,
            open: count(&[State::Sending, State::Unknown, State::Confirming])?,
            published: count(&[State::Published])?,
            metrics: rows("metric")?,
            comments: rows("comment")?,
            siblings: self
                .value(
                    "SELECT count(*) FROM channel o JOIN channel c ON c.login_id = o.login_id
                     WHERE c.id = ?1 AND o.id <> c.id AND o.status <> 'DISCONNECTED'",
                    [id.as_str()],
                )?
                .unwrap_or(0),
        })
    }
}

impl Tx<'_> {
    /// Disconnects a channel. Its history stays; its tokens, posts and cached
    /// rows go. Sends in flight keep their state and are looked up.
    ///
    /// # Errors
    /// When the store cannot be written. A channel that is disconnected
    /// already is left as it is.
    pub fn disconnect_channel(
        &self,
        id: &ChannelId,
        by: &OperatorId,
        now: UtcMs,
        wipe: bool,
    ) -> Result<Disconnected, StoreError> {
        let channel = self.channel(id)?;
        let counts = self.disconnect_counts(id)?;
        if channel.status == Status::Disconnected {
            return Ok(Disconnected {
                counts: DisconnectCounts {
                    published: counts.published,
                    ..Default::default()
                },
                wiped_login: None,
            });
        }
        self.run(
            "UPDATE delivery SET cancelled_from = state, state = 'cancelled', cancelled_at = ?2, cancelled_by = ?3
             WHERE channel_id = ?1 AND state IN ('scheduled', 'missed', 'failed')",
            (id.as_str(), now.0, by.as_str()),
        )?;
        self.run(
            "DELETE FROM delivery WHERE channel_id = ?1 AND state = 'draft'",
            [id.as_str()],
        )?;
        self.run("UPDATE delivery SET state = 'unknown', unknown_since = ?2, next_look_at = ?2 WHERE channel_id = ?1 AND state = 'sending'", (id.as_str(), now.0))?;
        self.run("DELETE FROM metric WHERE channel_id = ?1", [id.as_str()])?;
        self.run("DELETE FROM comment WHERE channel_id = ?1", [id.as_str()])?;
        self.run(
            "UPDATE channel SET status = 'DISCONNECTED', publishable = 0, epoch = epoch + 1, disconnected_at = ?2,
               disconnected_by = ?3, status_since = ?2, next_probe_at = NULL, paused_at = NULL, paused_by = NULL WHERE id = ?1",
            (id.as_str(), now.0, by.as_str()),
        )?;
        self.add_history(
            id,
            "disconnected",
            "Disconnected for good.",
            &Evidence::default(),
            Some(by),
            now,
        )?;
        let mut wiped_login = None;
        if let Some(login) = channel.login_id.filter(|_| counts.siblings == 0) {
            if wipe {
                self.wipe_secrets(&login, id)?;
            }
            self.run(
                "UPDATE login SET generation = 0, token_expires_at = NULL, grant_expires_at = NULL, refresh_failures = 0,
                   refresh_started_at = NULL, refresh_started_generation = NULL, next_refresh_at = NULL WHERE id = ?1",
                [login.as_str()],
            )?;
            self.resolve_incident(super::health::LOGIN_BROKEN, login.as_str(), now)?;
            self.set_setting(WIPE_PENDING, Some(login.as_str()))?;
            wiped_login = Some(login);
        }
        Ok(Disconnected {
            counts,
            wiped_login,
        })
    }

    /// Removes every sealed value of a login and of a channel. The table is
    /// emptied and refilled, so that SQLite zeroes every page it ever used:
    /// deleting single rows could leave copies in the gaps of shared pages.
    fn wipe_secrets(&self, login: &LoginId, channel: &ChannelId) -> Result<(), StoreError> {
        self.db
            .execute_batch("CREATE TEMP TABLE kept_secret AS SELECT * FROM main.secret WHERE 0")?;
        self.run(
            "INSERT INTO temp.kept_secret SELECT * FROM main.secret
             WHERE NOT (owner_kind = 'login' AND owner_id = ?1) AND NOT (owner_kind = 'channel' AND owner_id = ?2)",
            [login.as_str(), channel.as_str()],
        )?;
        self.db.execute_batch(
            "DELETE FROM main.secret; INSERT INTO main.secret SELECT * FROM temp.kept_secret; DROP TABLE temp.kept_secret;",
        )?;
        Ok(())
    }
}

impl Store {
    /// Makes sure that wiped bytes are in neither the database nor its log:
    /// the log is written back and cut to nothing. Returns whether it is done;
    /// a reader can delay it, then it stays pending.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn finish_wipe(&self) -> Result<bool, StoreError> {
        self.outside(|db| {
            let pending: i64 = db.query_row(
                "SELECT count(*) FROM setting WHERE key = ?1",
                [WIPE_PENDING],
                |row| row.get(0),
            )?;
            if pending == 0 {
                return Ok(true);
            }
            // Removed first, so that the last page written is cut off as well;
            // put back when the log could not be cut.
            let checkpoint = |db: &rusqlite::Connection| -> Result<bool, StoreError> {
                let busy: i64 =
                    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
                Ok(busy == 0)
            };
            if !checkpoint(db)? {
                return Ok(false);
            }
            db.execute("DELETE FROM setting WHERE key = ?1", [WIPE_PENDING])?;
            checkpoint(db)
        })
        .await
    }
}
