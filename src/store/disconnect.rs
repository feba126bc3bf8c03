//! Disconnecting for good: one transaction, then the bytes themselves.

use std::time::Duration;

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
    /// Cached copies of the account's own posts that are deleted.
    pub cached_posts: u64,
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

/// Setting that is there while wiped bytes may still be in the file or its log.
const WIPE_PENDING: &str = "wipe_pending";
/// Setting that lists the ids of logins and channels whose sealed values, and
/// what was read with them, may still be in backups.
pub(super) const BACKUP_WIPES: &str = "backup_wipes";

/// How long the log waits for readers before it is cut another time.
const READERS_WAIT: Duration = Duration::from_millis(250);

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
            cached_posts: rows("recent_post")?,
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
    /// rows go. Sends in flight become `unknown` and are looked up.
    ///
    /// `wipe` is false only in tests, to see a scan for left-over bytes fail.
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
        self.remove_drafts(id, by, now)?;
        self.run("UPDATE delivery SET state = 'unknown', unknown_since = ?2, next_look_at = ?2 WHERE channel_id = ?1 AND state = 'sending'", (id.as_str(), now.0))?;
        self.forget_readings(id)?;
        let notes = self.forget_asides(id)? as u64;
        if counts.cached_posts + counts.metrics + counts.comments + notes > 0 {
            self.note_wipe(id.as_str())?;
        }
        self.run(
            "UPDATE channel SET status = 'DISCONNECTED', publishable = 0, epoch = epoch + 1, disconnected_at = ?2,
               disconnected_by = ?3, status_since = ?2, next_probe_at = NULL, late_wait_until = NULL, paused_at = NULL,
               paused_by = NULL, login_id = NULL WHERE id = ?1",
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
        let unused = match &channel.login_id {
            Some(login) => {
                self.settle_incident(login, now)?;
                self.end_login_if_unused(login, now, wipe)?
            }
            None => false,
        };
        // Page tokens are the channel's own, whoever else uses the login.
        self.wipe_secrets("channel", id.as_str(), wipe)?;
        Ok(Disconnected {
            counts,
            wiped_login: channel.login_id.filter(|_| unused),
        })
    }

    /// Removes the drafts of a channel. One that something refers to (an undone
    /// cancel may have left an attempt) is cancelled instead, so that a row
    /// nobody needs never keeps a channel connected.
    fn remove_drafts(&self, id: &ChannelId, by: &OperatorId, now: UtcMs) -> Result<(), StoreError> {
        loop {
            let kept = self.run(
                "UPDATE delivery SET cancelled_from = state, state = 'cancelled', cancelled_at = ?2, cancelled_by = ?3
                 WHERE channel_id = ?1 AND state = 'draft' AND (ever_armed = 1
                   OR EXISTS (SELECT 1 FROM attempt a WHERE a.delivery_id = delivery.id)
                   OR EXISTS (SELECT 1 FROM notice n WHERE n.delivery_id = delivery.id)
                   OR EXISTS (SELECT 1 FROM delivery n WHERE n.after_id = delivery.id AND n.state <> 'draft'))",
                (id.as_str(), now.0, by.as_str()),
            )?;
            if kept == 0 {
                break;
            }
        }
        self.run(
            "DELETE FROM delivery WHERE channel_id = ?1 AND state = 'draft'",
            [id.as_str()],
        )?;
        Ok(())
    }

    /// Resolves the incident of a login when no channel it serves is broken
    /// any more: nothing would be left to heal.
    fn settle_incident(&self, login: &LoginId, now: UtcMs) -> Result<(), StoreError> {
        let broken: i64 = self
            .value(
                "SELECT count(*) FROM channel WHERE login_id = ?1 AND publishable = 0 AND status <> 'DISCONNECTED'",
                [login.as_str()],
            )?
            .unwrap_or(0);
        if broken == 0 {
            self.resolve_incident(super::health::LOGIN_BROKEN, login.as_str(), now)?;
        }
        Ok(())
    }

    /// Ends a login that serves no live channel any more; whether it did.
    pub(super) fn end_login_if_unused(
        &self,
        login: &LoginId,
        now: UtcMs,
        wipe: bool,
    ) -> Result<bool, StoreError> {
        if !self.channels_of_login(login)?.is_empty() {
            return Ok(false);
        }
        self.wipe_secrets("login", login.as_str(), wipe)?;
        if self.forget_asides_of_login(login.as_str())? > 0 {
            self.note_wipe(login.as_str())?;
        }
        self.run(
            "UPDATE login SET generation = 0, token_issued_at = NULL, token_expires_at = NULL, token_expiry = 'unknown',
               grant_expires_at = NULL, grant_expiry = 'unknown', refresh_failures = 0, last_counted_at = NULL, transient_tries = 0,
               refresh_started_at = NULL, refresh_started_generation = NULL, refresh_sent_at = NULL, next_refresh_at = NULL WHERE id = ?1",
            [login.as_str()],
        )?;
        self.resolve_incident(super::health::LOGIN_BROKEN, login.as_str(), now)?;
        Ok(true)
    }

    /// Notes that bytes of a login or channel still have to leave the log and
    /// the backups.
    fn note_wipe(&self, owner: &str) -> Result<(), StoreError> {
        let noted = self.setting(BACKUP_WIPES)?.unwrap_or_default();
        self.set_setting(BACKUP_WIPES, Some(format!("{noted} {owner}").trim()))?;
        self.set_setting(WIPE_PENDING, Some("1"))
    }

    /// Removes every sealed value of an owner and notes that its bytes still
    /// have to leave the log and the backups. The table is emptied and
    /// refilled, so that SQLite zeroes every page it ever used: deleting single
    /// rows could leave copies in the gaps of shared pages.
    fn wipe_secrets(&self, owner_kind: &str, owner: &str, wipe: bool) -> Result<(), StoreError> {
        let sealed: i64 = self
            .value(
                "SELECT count(*) FROM secret WHERE owner_kind = ?1 AND owner_id = ?2",
                [owner_kind, owner],
            )?
            .unwrap_or(0);
        if sealed == 0 {
            return Ok(());
        }
        self.note_wipe(owner)?;
        if !wipe {
            return Ok(());
        }
        self.db
            .execute_batch("CREATE TEMP TABLE kept_secret AS SELECT * FROM main.secret WHERE 0")?;
        self.run(
            "INSERT INTO temp.kept_secret SELECT * FROM main.secret WHERE NOT (owner_kind = ?1 AND owner_id = ?2)",
            [owner_kind, owner],
        )?;
        self.db.execute_batch(
            "DELETE FROM main.secret; INSERT INTO main.secret SELECT * FROM temp.kept_secret; DROP TABLE temp.kept_secret;",
        )?;
        Ok(())
    }
}

/// Notes that bytes still have to leave the log.
pub(super) fn note_log(db: &rusqlite::Connection) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO setting (key, value) VALUES (?1, '1') ON CONFLICT DO NOTHING",
        [WIPE_PENDING],
    )?;
    Ok(())
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
            let checkpoint = |db: &rusqlite::Connection| -> Result<bool, StoreError> {
                let busy: i64 =
                    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
                Ok(busy == 0)
            };
            // Waits for readers while holding every write back: not for long.
            db.busy_timeout(READERS_WAIT)?;
            let cut = checkpoint(db);
            db.busy_timeout(super::open::BUSY)?;
            if !cut? {
                return Ok(false);
            }
            // The bytes are gone; what this writes is nobody's secret.
            db.execute("DELETE FROM setting WHERE key = ?1", [WIPE_PENDING])?;
            Ok(true)
        })
        .await
    }
}
