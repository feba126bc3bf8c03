//! The audit trail: every privileged act, each row hashed over the one before.

use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::rows::at;
use super::tx::{Reads, Tx};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::support::time::UtcMs;

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// When.
    pub at: UtcMs,
    /// Who.
    pub operator_id: OperatorId,
    /// In which workspace, `None` for the hub.
    pub workspace_id: Option<WorkspaceId>,
    /// What (`channel.connect`, `post.cancel`, ...).
    pub act: String,
    /// The id of what it was done to.
    pub object: String,
    /// Details as JSON, without secrets.
    pub detail: String,
}

fn link(before: &str, row: &AuditRow) -> String {
    let mut hash = Sha256::new();
    let workspace = row.workspace_id.as_ref().map_or("", WorkspaceId::as_str);
    for part in [
        before,
        &row.at.0.to_string(),
        row.operator_id.as_str(),
        workspace,
        &row.act,
        &row.object,
        &row.detail,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn audit_row(row: &rusqlite::Row<'_>) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        at: at(row, "at")?,
        operator_id: OperatorId::from_stored(row.get::<_, String>("operator_id")?),
        workspace_id: row
            .get::<_, Option<String>>("workspace_id")?
            .map(WorkspaceId::from_stored),
        act: row.get("act")?,
        object: row.get("object")?,
        detail: row.get("detail")?,
    })
}

impl Reads<'_> {
    /// The trail, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.all(
            "SELECT * FROM audit ORDER BY id DESC LIMIT ?1",
            [limit],
            audit_row,
        )
    }

    /// Whether every row's hash follows from the one before it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_is_whole(&self) -> Result<bool, StoreError> {
        let rows = self.all("SELECT * FROM audit ORDER BY id", [], |row| {
            Ok((audit_row(row)?, row.get::<_, String>("hash")?))
        })?;
        let mut before = String::new();
        for (row, hash) in rows {
            if link(&before, &row) != hash {
                return Ok(false);
            }
            before = hash;
        }
        Ok(true)
    }
}

impl Tx<'_> {
    /// Adds an act to the trail.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_audit(&self, row: &AuditRow) -> Result<(), StoreError> {
        let before: String = self
            .value("SELECT hash FROM audit ORDER BY id DESC LIMIT 1", [])?
            .unwrap_or_default();
        self.run(
            "INSERT INTO audit (at, operator_id, workspace_id, act, object, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            (
                row.at.0,
                row.operator_id.as_str(),
                row.workspace_id.as_ref().map(WorkspaceId::as_str),
                &row.act,
                &row.object,
                &row.detail,
                link(&before, row),
            ),
        )?;
        Ok(())
    }
}
