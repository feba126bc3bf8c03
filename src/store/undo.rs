//! What an operator can take back: the inverse of each act on the queue.

use super::error::StoreError;
use super::rows::at;
use super::tx::{Reads, Tx};
use crate::domain::ids::OperatorId;
use crate::support::time::UtcMs;

/// An act that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoRow {
    /// Its number.
    pub id: i64,
    /// One sentence on what was done.
    pub act: String,
    /// What takes it back, as JSON.
    pub inverse: String,
    /// When it was done.
    pub at: UtcMs,
}

impl Reads<'_> {
    /// The latest act of an operator that was not taken back yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn latest_undo(&self, operator: &OperatorId) -> Result<Option<UndoRow>, StoreError> {
        self.one(
            "SELECT * FROM undo WHERE operator_id = ?1 AND used_at IS NULL ORDER BY id DESC LIMIT 1",
            [operator.as_str()],
            |row| {
                Ok(UndoRow {
                    id: row.get("id")?,
                    act: row.get("act")?,
                    inverse: row.get("inverse")?,
                    at: at(row, "at")?,
                })
            },
        )
    }
}

impl Tx<'_> {
    /// Remembers how to take an act back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_undo(
        &self,
        operator: &OperatorId,
        act: &str,
        inverse: &str,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO undo (operator_id, act, inverse, at) VALUES (?1, ?2, ?3, ?4)",
            (operator.as_str(), act, inverse, now.0),
        )?;
        Ok(())
    }

    /// Marks an act as taken back, so that the next undo takes the one before.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn use_undo(&self, id: i64, now: UtcMs) -> Result<(), StoreError> {
        self.run("UPDATE undo SET used_at = ?2 WHERE id = ?1", (id, now.0))?;
        Ok(())
    }
}
