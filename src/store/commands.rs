//! Commands: what other processes ask of the publisher, visible to who asked.

use super::error::StoreError;
use super::rows::{at, listed, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::ids::{CommandId, OperatorId};
use crate::domain::publisher::CommandKind;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// How far a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nobody took it yet.
    Queued,
    /// The publisher works on it.
    Running,
    /// Done, well or not.
    Done {
        /// Whether it went well.
        ok: bool,
    },
}

/// A command as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its id.
    pub id: CommandId,
    /// What is asked.
    pub kind: CommandKind,
    /// The id of what it is asked of.
    pub object: String,
    /// Who asked.
    pub asked_by: OperatorId,
    /// When.
    pub asked_at: UtcMs,
    /// How far it is.
    pub progress: Progress,
    /// Finished when.
    pub done_at: Option<UtcMs>,
    /// One sentence on how it went.
    pub result: Option<String>,
}

fn command(row: &rusqlite::Row<'_>) -> Result<Command, StoreError> {
    let state: String = row.get("state")?;
    let ok: Option<bool> = row.get("ok")?;
    Ok(Command {
        id: CommandId::from_stored(row.get::<_, String>("id")?),
        kind: listed(row, "kind", CommandKind::parse)?,
        object: row.get("object")?,
        asked_by: OperatorId::from_stored(row.get::<_, String>("asked_by")?),
        asked_at: at(row, "asked_at")?,
        progress: match (state.as_str(), ok) {
            ("queued", _) => Progress::Queued,
            ("running", _) => Progress::Running,
            (_, ok) => Progress::Done {
                ok: ok.unwrap_or(false),
            },
        },
        done_at: maybe_at(row, "done_at")?,
        result: row.get("result")?,
    })
}

impl Reads<'_> {
    /// A command by its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn command(&self, id: &CommandId) -> Result<Command, StoreError> {
        self.one(
            "SELECT * FROM command WHERE id = ?1",
            [id.as_str()],
            command,
        )?
        .ok_or_else(|| StoreError::NotFound(format!("command {id}")))
    }

    /// Commands nobody took yet, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn queued_commands(&self) -> Result<Vec<Command>, StoreError> {
        self.all(
            "SELECT * FROM command WHERE state = 'queued' ORDER BY asked_at, id",
            [],
            command,
        )
    }
}

impl Tx<'_> {
    /// Asks the publisher for something.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn ask(
        &self,
        kind: CommandKind,
        object: &str,
        by: &OperatorId,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<CommandId, StoreError> {
        let id = CommandId::fresh(now, entropy);
        self.run(
            "INSERT INTO command (id, kind, object, state, asked_by, asked_at) VALUES (?1, ?2, ?3, 'queued', ?4, ?5)",
            (id.as_str(), kind.name(), object, by.as_str(), now.0),
        )?;
        Ok(id)
    }

    /// Takes every queued command, and those a crashed publisher left running.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the role was lost.
    pub fn take_commands(&self, term: i64, first: bool) -> Result<Vec<Command>, StoreError> {
        self.fence(term)?;
        if first {
            self.run(
                "UPDATE command SET state = 'queued' WHERE state = 'running'",
                [],
            )?;
        }
        let queued = self.queued_commands()?;
        if !queued.is_empty() {
            self.run(
                "UPDATE command SET state = 'running' WHERE state = 'queued'",
                [],
            )?;
        }
        Ok(queued)
    }

    /// Finishes a command.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn finish_command(
        &self,
        id: &CommandId,
        ok: bool,
        result: &str,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE command SET state = 'done', ok = ?2, result = ?3, done_at = ?4 WHERE id = ?1",
            (id.as_str(), ok, result, now.0),
        )?;
        Ok(())
    }

    /// Removes what the feed and the commands no longer need: events after
    /// seven days, done commands after one, read-out notices after
    /// ninety, what was read of channels after four hundred.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn prune(&self, now: UtcMs) -> Result<(), StoreError> {
        const DAY: i64 = 86_400_000;
        self.run(
            "DELETE FROM event WHERE at < CAST(unixepoch('subsec') * 1000 AS INTEGER) - ?1",
            [7 * DAY],
        )?;
        self.run(
            "DELETE FROM command WHERE state = 'done' AND done_at < ?1",
            [now.0 - DAY],
        )?;
        self.run(
            "DELETE FROM notice WHERE created_at < ?1",
            [now.0 - 90 * DAY],
        )?;
        self.prune_readings(UtcMs(now.0 - 400 * DAY))
    }
}
