//! Incidents: one cause, however many channels and failures it touches.

use super::error::StoreError;
use super::rows::{at, listed, maybe_at, maybe_listed};
use super::tx::{Reads, Tx};
use crate::domain::ids::{ChannelId, IncidentId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The cause of an incident about posts that wait because their network has
/// trouble or cannot be reached.
pub const UNREACHED: &str = "network";

/// An incident as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What kind (`login_broken`, `overdue`, `clock`, `app_fault`, ...).
    pub kind: String,
    /// What it is about: one open incident per kind and subject.
    pub subject: String,
    /// The cause in stored form.
    pub cause: String,
    /// The network, where there is one.
    pub network: Option<Network>,
    /// How bad.
    pub severity: Severity,
    /// The sentence.
    pub text: String,
    /// The command that mends or shows it.
    pub command: Option<String>,
    /// Since when.
    pub opened_at: UtcMs,
    /// Until when.
    pub resolved_at: Option<UtcMs>,
    /// How often it was seen.
    pub failures: u32,
    /// Channels it touches.
    pub channels: Vec<ChannelId>,
}

/// An incident that is about to be opened.
#[derive(Clone, Debug)]
pub struct NewIncident<'a> {
    /// What kind.
    pub kind: &'static str,
    /// What it is about.
    pub subject: &'a str,
    /// The cause in stored form.
    pub cause: &'a str,
    /// The network.
    pub network: Option<Network>,
    /// The workspace, `None` for the hub.
    pub workspace_id: Option<&'a WorkspaceId>,
    /// How bad.
    pub severity: Severity,
    /// The sentence.
    pub text: &'a str,
    /// The command that mends it.
    pub command: Option<&'a str>,
}

impl Reads<'_> {
    /// Incidents newest first, or only the open ones.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn incidents(&self, open: bool, limit: u32) -> Result<Vec<Incident>, StoreError> {
        let mut list = self.all(
            "SELECT * FROM incident WHERE NOT ?1 OR resolved_at IS NULL ORDER BY opened_at DESC, id DESC LIMIT ?2",
            (open, limit),
            |row| {
                Ok(Incident {
                    id: IncidentId::from_stored(row.get::<_, String>("id")?),
                    kind: row.get("kind")?,
                    subject: row.get("subject")?,
                    cause: row.get("cause")?,
                    network: maybe_listed(row, "network", Network::parse)?,
                    severity: listed(row, "severity", Severity::parse)?,
                    text: row.get("text")?,
                    command: row.get("command")?,
                    opened_at: at(row, "opened_at")?,
                    resolved_at: maybe_at(row, "resolved_at")?,
                    failures: row.get("failures")?,
                    channels: Vec::new(),
                })
            },
        )?;
        for incident in &mut list {
            incident.channels = self.all(
                "SELECT channel_id FROM incident_channel WHERE incident_id = ?1",
                [incident.id.as_str()],
                |row| Ok(ChannelId::from_stored(row.get::<_, String>(0)?)),
            )?;
        }
        Ok(list)
    }

    /// The open incident of this kind and subject.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open_incident(
        &self,
        kind: &str,
        subject: &str,
    ) -> Result<Option<IncidentId>, StoreError> {
        Ok(self
            .value(
                "SELECT id FROM incident WHERE kind = ?1 AND subject = ?2 AND resolved_at IS NULL",
                [kind, subject],
            )?
            .map(|id: String| IncidentId::from_stored(id)))
    }
}

impl Tx<'_> {
    /// Opens an incident, or counts once more on the open one. The flag says
    /// whether it is new: only then somebody is notified.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn open_or_count(
        &self,
        new: &NewIncident<'_>,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<(IncidentId, bool), StoreError> {
        if let Some(id) = self.open_incident(new.kind, new.subject)? {
            self.run(
                "UPDATE incident SET failures = failures + 1 WHERE id = ?1",
                [id.as_str()],
            )?;
            return Ok((id, false));
        }
        let id = IncidentId::fresh(now, entropy);
        self.run(
            "INSERT INTO incident (id, kind, subject, cause, network, workspace_id, severity, text, command, opened_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            (
                id.as_str(),
                new.kind,
                new.subject,
                new.cause,
                new.network.map(Network::name),
                new.workspace_id.map(WorkspaceId::as_str),
                new.severity.name(),
                new.text,
                new.command,
                now.0,
            ),
        )?;
        Ok((id, true))
    }

    /// Adds a channel to an incident.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn touch_incident(
        &self,
        incident: &IncidentId,
        channel: &ChannelId,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO incident_channel (incident_id, channel_id) VALUES (?1, ?2)",
            [incident.as_str(), channel.as_str()],
        )?;
        Ok(())
    }

    /// Resolves the open incident of this kind and subject; whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn resolve_incident(
        &self,
        kind: &str,
        subject: &str,
        now: UtcMs,
    ) -> Result<bool, StoreError> {
        Ok(self.run(
            "UPDATE incident SET resolved_at = ?3 WHERE kind = ?1 AND subject = ?2 AND resolved_at IS NULL",
            (kind, subject, now.0),
        )? > 0)
    }
}
