//! Terms: who publishes, since when, and whether it still says so.

use std::time::Duration;

use super::error::StoreError;
use super::rows::{at, listed, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::publisher::PublisherKind;
use crate::support::time::{UtcMs, millis};

/// One holder of the publisher's role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Which one; strictly growing.
    pub n: i64,
    /// Its process.
    pub pid: u32,
    /// When that process started, in the kernel's ticks since boot.
    pub pid_start: i64,
    /// The boot it runs in.
    pub boot_id: String,
    /// The host it runs on.
    pub host: String,
    /// What it is.
    pub kind: PublisherKind,
    /// Since when.
    pub started_at: UtcMs,
    /// Last sign of life.
    pub heartbeat_at: UtcMs,
    /// Time since boot at that sign, in milliseconds.
    pub heartbeat_boot_ms: Option<i64>,
    /// Given up at.
    pub ended_at: Option<UtcMs>,
}

/// A process as the store names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessName {
    /// Its process id.
    pub pid: u32,
    /// When it started, in the kernel's ticks since boot.
    pub pid_start: i64,
    /// The boot it runs in.
    pub boot_id: String,
    /// The host it runs on.
    pub host: String,
    /// What it is.
    pub kind: PublisherKind,
}

fn term(row: &rusqlite::Row<'_>) -> Result<Term, StoreError> {
    Ok(Term {
        n: row.get("n")?,
        pid: row.get("pid")?,
        pid_start: row.get("pid_start")?,
        boot_id: row.get("boot_id")?,
        host: row.get("host")?,
        kind: listed(row, "kind", PublisherKind::parse)?,
        started_at: at(row, "started_at")?,
        heartbeat_at: at(row, "heartbeat_at")?,
        heartbeat_boot_ms: row.get("heartbeat_boot_ms")?,
        ended_at: maybe_at(row, "ended_at")?,
    })
}

impl Reads<'_> {
    /// The latest term, ended or not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn latest_term(&self) -> Result<Option<Term>, StoreError> {
        self.one("SELECT * FROM term ORDER BY n DESC LIMIT 1", [], term)
    }

    /// The latest term of a daemon or screen. A command takes the role for
    /// moments only, nobody waits for it to come back.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn latest_lasting_term(&self) -> Result<Option<Term>, StoreError> {
        self.one(
            "SELECT * FROM term WHERE kind <> 'command' ORDER BY n DESC LIMIT 1",
            [],
            term,
        )
    }

    /// Processes that wait for the role, as (pid, start, kind).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn waiting(&self) -> Result<Vec<(u32, i64, PublisherKind)>, StoreError> {
        self.all("SELECT * FROM waiting ORDER BY since", [], |row| {
            Ok((
                row.get("pid")?,
                row.get("pid_start")?,
                listed(row, "kind", PublisherKind::parse)?,
            ))
        })
    }
}

impl Tx<'_> {
    /// Begins the next term. The caller holds the lock; whoever is written as
    /// current is gone, so its term ends here.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn begin_term(&self, who: &ProcessName, now: UtcMs) -> Result<i64, StoreError> {
        self.run(
            "UPDATE term SET ended_at = ?1 WHERE ended_at IS NULL",
            [now.0],
        )?;
        let n = self.latest_term()?.map_or(1, |term| term.n + 1);
        let instance = self.setting("instance_id")?.unwrap_or_default();
        self.run(
            "INSERT INTO term (n, pid, pid_start, boot_id, instance_id, host, kind, started_at, heartbeat_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
            (n, who.pid, who.pid_start, &who.boot_id, instance, &who.host, who.kind.name(), now.0),
        )?;
        self.stop_waiting(who)?;
        Ok(n)
    }

    /// A sign of life, `boot` after the machine was started. Refused when the
    /// role was lost.
    ///
    /// # Errors
    /// [`StoreError::Stale`] then.
    pub fn heartbeat(&self, term: i64, now: UtcMs, boot: Duration) -> Result<(), StoreError> {
        self.fence(term)?;
        self.run(
            "UPDATE term SET heartbeat_at = ?2, heartbeat_boot_ms = ?3 WHERE n = ?1",
            (term, now.0, millis(boot)),
        )?;
        Ok(())
    }

    /// Gives the role up.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end_term(&self, term: i64, now: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE term SET ended_at = ?2 WHERE n = ?1 AND ended_at IS NULL",
            (term, now.0),
        )?;
        Ok(())
    }

    /// Says that this process waits for the role.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn wait_for_role(&self, who: &ProcessName, now: UtcMs) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO waiting (pid, pid_start, kind, since) VALUES (?1, ?2, ?3, ?4)",
            (who.pid, who.pid_start, who.kind.name(), now.0),
        )?;
        Ok(())
    }

    /// Takes that back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn stop_waiting(&self, who: &ProcessName) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM waiting WHERE pid = ?1 AND pid_start = ?2",
            (who.pid, who.pid_start),
        )?;
        Ok(())
    }

    /// Forgets a waiting process that is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget_waiting(&self, pid: u32, pid_start: i64) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM waiting WHERE pid = ?1 AND pid_start = ?2",
            (pid, pid_start),
        )?;
        Ok(())
    }
}
