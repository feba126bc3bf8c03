//! The notification centre.

use super::error::StoreError;
use super::rows::{at, listed, maybe_at};
use super::tx::{Reads, Tx};
use crate::domain::ids::{ChannelId, DeliveryId, IncidentId, NoticeId, WorkspaceId};
use crate::domain::notice::Severity;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// A notice as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// The workspace it is about, `None` for the hub.
    pub workspace_id: Option<WorkspaceId>,
    /// The channel it is about.
    pub channel_id: Option<ChannelId>,
    /// The delivery it is about.
    pub delivery_id: Option<DeliveryId>,
    /// The incident that caused it.
    pub incident_id: Option<IncidentId>,
    /// How bad.
    pub severity: Severity,
    /// What kind (`reconnect`, `refreshed`, `post_failed`, ...).
    pub kind: String,
    /// The sentence.
    pub text: String,
    /// The command that opens it.
    pub command: Option<String>,
    /// When.
    pub created_at: UtcMs,
    /// Read when.
    pub read_at: Option<UtcMs>,
}

/// A notice that is about to be added.
#[derive(Clone, Debug, Default)]
pub struct NewNotice {
    /// The workspace it is about.
    pub workspace_id: Option<WorkspaceId>,
    /// The channel.
    pub channel_id: Option<ChannelId>,
    /// The delivery.
    pub delivery_id: Option<DeliveryId>,
    /// The incident.
    pub incident_id: Option<IncidentId>,
    /// What kind.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
    /// The command that opens it.
    pub command: Option<String>,
}

impl Reads<'_> {
    /// Notices newest first, of one workspace (hub-wide ones included) or all.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notices(
        &self,
        workspace: Option<&WorkspaceId>,
        unread: bool,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.all(
            "SELECT * FROM notice WHERE (?1 IS NULL OR workspace_id IS NULL OR workspace_id = ?1)
             AND (NOT ?2 OR read_at IS NULL) ORDER BY created_at DESC, id DESC LIMIT ?3",
            (workspace.map(WorkspaceId::as_str), unread, limit),
            |row| {
                let text = |column: &str| row.get::<_, Option<String>>(column);
                Ok(Notice {
                    id: NoticeId::from_stored(row.get::<_, String>("id")?),
                    workspace_id: text("workspace_id")?.map(WorkspaceId::from_stored),
                    channel_id: text("channel_id")?.map(ChannelId::from_stored),
                    delivery_id: text("delivery_id")?.map(DeliveryId::from_stored),
                    incident_id: text("incident_id")?.map(IncidentId::from_stored),
                    severity: listed(row, "severity", Severity::parse)?,
                    kind: row.get("kind")?,
                    text: row.get("text")?,
                    command: row.get("command")?,
                    created_at: at(row, "created_at")?,
                    read_at: maybe_at(row, "read_at")?,
                })
            },
        )
    }

    /// How many notices nobody read yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn unread_notices(&self) -> Result<u64, StoreError> {
        Ok(self
            .value("SELECT count(*) FROM notice WHERE read_at IS NULL", [])?
            .unwrap_or(0))
    }
}

impl Tx<'_> {
    /// Adds a notice.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn add_notice(
        &self,
        new: &NewNotice,
        severity: Severity,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<NoticeId, StoreError> {
        let id = NoticeId::fresh(now, entropy);
        self.run(
            "INSERT INTO notice (id, workspace_id, channel_id, delivery_id, incident_id, severity, kind, text, command, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                id.as_str(),
                new.workspace_id.as_ref().map(WorkspaceId::as_str),
                new.channel_id.as_ref().map(ChannelId::as_str),
                new.delivery_id.as_ref().map(DeliveryId::as_str),
                new.incident_id.as_ref().map(IncidentId::as_str),
                severity.name(),
                new.kind,
                &new.text,
                &new.command,
                now.0,
            ),
        )?;
        Ok(id)
    }

    /// Marks one notice, or all of them, as read; how many that were.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn read_notices(&self, id: Option<&NoticeId>, now: UtcMs) -> Result<usize, StoreError> {
        self.run(
            "UPDATE notice SET read_at = ?2 WHERE read_at IS NULL AND (?1 IS NULL OR id = ?1)",
            (id.map(NoticeId::as_str), now.0),
        )
    }
}
