//! Channels: reading them with the facts of their login, adding and marking.

use rusqlite::{Row, RowIndex};

use super::error::StoreError;
use super::rows::{at, columns, id, json, listed, maybe_at, maybe_id, texts};
use super::tx::{Reads, Tx};
use crate::domain::channel::{Cause, Channel, Evidence, Expiry, Status, TokenFacts};
use crate::domain::ids::{ChannelId, LoginId, OperatorId, WorkspaceId};
use crate::domain::network::ChannelKind;
use crate::support::time::UtcMs;

columns! {
    /// The columns of a channel and of its login.
    column =
    c.id, c.workspace_id, c.kind, c.remote_id, c.handle, c.display_name, c.avatar_url, c.server,
    c.login_id, c.login_method, c.status, c.cause, c.publishable, c.epoch, c.change,
    c.http_status, c.network_code, c.status_detail, c.seen_by, c.status_since, c.scopes,
    c.missing_scopes, c.connected_at, c.connected_by, c.reconnected_at, c.reconnected_by,
    c.last_proof_at, c.last_published_at, c.paused_at, c.paused_by, c.default_board_id,
    c.disconnected_at, c.previous_id, l.remote_user_id, l.generation, l.token_expires_at,
    l.token_expiry, l.grant_expires_at, l.grant_expiry, l.last_refreshed_at,
    l.last_refresh_attempt_at, l.last_refresh_error, l.last_refresh_http_status,
    l.refresh_failures,
}

/// A channel that is about to be added.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// Its id.
    pub id: ChannelId,
    /// Where it belongs.
    pub workspace_id: WorkspaceId,
    /// What it is.
    pub kind: ChannelKind,
    /// The network's stable id.
    pub remote_id: String,
    /// Handle without `@`.
    pub handle: String,
    /// Display name.
    pub display_name: String,
    /// Avatar address.
    pub avatar_url: Option<String>,
    /// The login that serves it.
    pub login_id: LoginId,
    /// How the login was made.
    pub login_method: String,
    /// Base URL of its server.
    pub server: String,
    /// Scopes granted.
    pub scopes: Vec<String>,
    /// Scopes lacking.
    pub missing_scopes: Vec<String>,
    /// By whom.
    pub by: OperatorId,
}

impl NewChannel {
    /// The part of the server that belongs to the identity.
    pub fn identity_server(&self) -> &str {
        if self.kind.server_is_identity() {
            &self.server
        } else {
            ""
        }
    }
}

/// The columns of what a login knows of its tokens, in the order in which
/// [`token_facts`] takes them.
pub(super) const TOKEN: [&str; 10] = [
    "generation",
    "token_expires_at",
    "token_expiry",
    "grant_expires_at",
    "grant_expiry",
    "last_refreshed_at",
    "last_refresh_attempt_at",
    "last_refresh_error",
    "last_refresh_http_status",
    "refresh_failures",
];

/// What a login knows of its tokens, from the columns of a login.
pub(super) fn token_facts(
    row: &Row<'_>,
    columns: [impl RowIndex; 10],
) -> Result<TokenFacts, StoreError> {
    let [
        generation,
        expires,
        expiry,
        grant,
        grant_expiry,
        refreshed,
        tried,
        error,
        status,
        failures,
    ] = columns;
    Ok(TokenFacts {
        generation: row.get(generation)?,
        token_expires_at: maybe_at(row, expires)?,
        token_expiry: listed(row, expiry, Expiry::parse)?,
        grant_expires_at: maybe_at(row, grant)?,
        grant_expiry: listed(row, grant_expiry, Expiry::parse)?,
        last_refreshed_at: maybe_at(row, refreshed)?,
        last_refresh_attempt_at: maybe_at(row, tried)?,
        last_refresh_error: row.get(error)?,
        last_refresh_http_status: row.get(status)?,
        refresh_failures: row.get(failures)?,
    })
}

/// A channel from a row of [`select`].
pub(super) fn channel(row: &Row<'_>) -> Result<Channel, StoreError> {
    let login_id = maybe_id(row, column::login_id, LoginId::from_stored)?;
    let token = match login_id {
        None => TokenFacts::default(),
        Some(_) => token_facts(
            row,
            [
                column::generation,
                column::token_expires_at,
                column::token_expiry,
                column::grant_expires_at,
                column::grant_expiry,
                column::last_refreshed_at,
                column::last_refresh_attempt_at,
                column::last_refresh_error,
                column::last_refresh_http_status,
                column::refresh_failures,
            ],
        )?,
    };
    Ok(Channel {
        id: id(row, column::id, ChannelId::from_stored)?,
        workspace_id: id(row, column::workspace_id, WorkspaceId::from_stored)?,
        kind: listed(row, column::kind, ChannelKind::parse)?,
        remote_id: row.get(column::remote_id)?,
        handle: row.get(column::handle)?,
        display_name: row.get(column::display_name)?,
        avatar_url: row.get(column::avatar_url)?,
        server: row.get(column::server)?,
        login_id,
        login_method: row.get(column::login_method)?,
        login_user: row
            .get::<_, Option<String>>(column::remote_user_id)?
            .unwrap_or_default(),
        status: listed(row, column::status, Status::parse)?,
        cause: listed(row, column::cause, Cause::parse)?,
        publishable: row.get(column::publishable)?,
        epoch: row.get(column::epoch)?,
        change: row.get(column::change)?,
        evidence: Evidence {
            http_status: row.get(column::http_status)?,
            network_code: row.get(column::network_code)?,
            message: row.get(column::status_detail)?,
            seen_by: row.get(column::seen_by)?,
        },
        status_since: at(row, column::status_since)?,
        scopes: texts(row, column::scopes)?,
        missing_scopes: texts(row, column::missing_scopes)?,
        connected_at: at(row, column::connected_at)?,
        connected_by: id(row, column::connected_by, OperatorId::from_stored)?,
        reconnected_at: maybe_at(row, column::reconnected_at)?,
        reconnected_by: maybe_id(row, column::reconnected_by, OperatorId::from_stored)?,
        last_proof_at: maybe_at(row, column::last_proof_at)?,
        last_published_at: maybe_at(row, column::last_published_at)?,
        paused_at: maybe_at(row, column::paused_at)?,
        paused_by: maybe_id(row, column::paused_by, OperatorId::from_stored)?,
        default_board_id: row.get(column::default_board_id)?,
        disconnected_at: maybe_at(row, column::disconnected_at)?,
        previous_id: maybe_id(row, column::previous_id, ChannelId::from_stored)?,
        token,
    })
}

/// Reads the channels for which a condition holds.
fn select(condition: &str) -> String {
    format!(
        "SELECT {} FROM channel c LEFT JOIN login l ON l.id = c.login_id WHERE {condition}",
        column::ALL
    )
}

impl Reads<'_> {
    /// A channel by its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn channel(&self, id: &ChannelId) -> Result<Channel, StoreError> {
        self.one(&select("c.id = ?1"), [id.as_str()], channel)?
            .ok_or_else(|| StoreError::NotFound(format!("channel {id}")))
    }

    /// Channels of one workspace or of all, disconnected ones only when asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn channels(
        &self,
        workspace: Option<&WorkspaceId>,
        disconnected: bool,
    ) -> Result<Vec<Channel>, StoreError> {
        self.all(
            &select("(?1 IS NULL OR c.workspace_id = ?1) AND (?2 OR c.status <> 'DISCONNECTED') ORDER BY c.handle, c.id"),
            (workspace.map(WorkspaceId::as_str), disconnected),
            channel,
        )
    }

    /// The live channel of an account in a workspace, if it is connected.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn live_channel(
        &self,
        workspace: &WorkspaceId,
        kind: ChannelKind,
        identity_server: &str,
        remote_id: &str,
    ) -> Result<Option<Channel>, StoreError> {
        self.one(
            &select("c.workspace_id = ?1 AND c.kind = ?2 AND c.identity_server = ?3 AND c.remote_id = ?4 AND c.status <> 'DISCONNECTED'"),
            (workspace.as_str(), kind.name(), identity_server, remote_id),
            channel,
        )
    }

    /// The latest disconnected channel of an account in a workspace.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn previous_channel(
        &self,
        workspace: &WorkspaceId,
        kind: ChannelKind,
        identity_server: &str,
        remote_id: &str,
    ) -> Result<Option<ChannelId>, StoreError> {
        Ok(self
            .value(
                "SELECT id FROM channel WHERE workspace_id = ?1 AND kind = ?2 AND identity_server = ?3 AND remote_id = ?4
                 AND status = 'DISCONNECTED' ORDER BY disconnected_at DESC LIMIT 1",
                (workspace.as_str(), kind.name(), identity_server, remote_id),
            )?
            .map(|id: String| ChannelId::from_stored(id)))
    }

    /// Every live channel a login serves.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn channels_of_login(&self, login: &LoginId) -> Result<Vec<Channel>, StoreError> {
        self.all(
            &select("c.login_id = ?1 AND c.status <> 'DISCONNECTED'"),
            [login.as_str()],
            channel,
        )
    }

    /// How many channels a workspace has connected; plans count these.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn connected_count(&self, workspace: &WorkspaceId) -> Result<u64, StoreError> {
        Ok(self
            .value(
                "SELECT count(*) FROM channel WHERE workspace_id = ?1 AND status <> 'DISCONNECTED'",
                [workspace.as_str()],
            )?
            .unwrap_or(0))
    }
}

impl Tx<'_> {
    /// Adds a proved channel, healthy from the start.
    ///
    /// # Errors
    /// When the account is connected in this workspace already.
    pub fn add_channel(&self, new: &NewChannel, now: UtcMs) -> Result<(), StoreError> {
        let previous = self.previous_channel(
            &new.workspace_id,
            new.kind,
            new.identity_server(),
            &new.remote_id,
        )?;
        self.run(
            "INSERT INTO channel (id, workspace_id, kind, identity_server, remote_id, handle, display_name, avatar_url,
               login_id, login_method, server, status, cause, publishable, status_since, scopes, missing_scopes,
               connected_at, connected_by, last_proof_at, previous_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'ACTIVE', 'none', 1, ?12, ?13, ?14, ?12, ?15, ?12, ?16)",
            rusqlite::params![
                new.id.as_str(),
                new.workspace_id.as_str(),
                new.kind.name(),
                new.identity_server(),
                new.remote_id,
                new.handle,
                new.display_name,
                new.avatar_url,
                new.login_id.as_str(),
                new.login_method,
                new.server,
                now.0,
                json(&new.scopes),
                json(&new.missing_scopes),
                new.by.as_str(),
                previous.as_ref().map(ChannelId::as_str),
            ],
        )?;
        Ok(())
    }

    /// Takes over how the account names itself now; what it leaves empty stays,
    /// and identity is untouched.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn rename_channel(
        &self,
        id: &ChannelId,
        handle: &str,
        display_name: &str,
        avatar_url: Option<&str>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE channel SET handle = ?2, display_name = coalesce(nullif(?3, ''), display_name), avatar_url = coalesce(?4, avatar_url)
             WHERE id = ?1 AND (handle <> ?2 OR display_name <> coalesce(nullif(?3, ''), display_name)
               OR avatar_url IS NOT coalesce(?4, avatar_url))",
            (id.as_str(), handle, display_name, avatar_url),
        )?;
        Ok(())
    }

    /// Takes over what the login was granted and what it lacks.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_scopes(
        &self,
        id: &ChannelId,
        scopes: &[String],
        missing: &[String],
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE channel SET scopes = ?2, missing_scopes = ?3, epoch = epoch + 1
             WHERE id = ?1 AND (scopes <> ?2 OR missing_scopes <> ?3)",
            (id.as_str(), json(scopes), json(missing)),
        )?;
        Ok(())
    }

    /// Marks a channel as reconnected by an operator and bound to a login. The
    /// login it had is wiped when it serves no other channel.
    ///
    /// # Errors
    /// When the store cannot be written.
    #[allow(
        clippy::too_many_arguments,
        reason = "the facts of one reconnect, each used once"
    )]
    pub fn mark_reconnected(
        &self,
        id: &ChannelId,
        login: &LoginId,
        method: &str,
        server: &str,
        by: &OperatorId,
        late_wait_until: UtcMs,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let before = self.channel(id)?;
        self.run(
            "UPDATE channel SET login_id = ?2, login_method = ?3, server = ?4, reconnected_by = ?5, reconnected_at = ?6,
               late_wait_until = ?7, refused_writes = 0, epoch = epoch + 1 WHERE id = ?1",
            (id.as_str(), login.as_str(), method, server, by.as_str(), now.0, late_wait_until.0),
        )?;
        // The new login may read what the old one was refused.
        self.read_soon(id, now)?;
        if let Some(old) = before.login_id.filter(|old| old != login) {
            self.hand_over_incident(&old, login)?;
            self.end_login_if_unused(&old, now, true)?;
        }
        Ok(())
    }

    /// Late posts of this channel need not wait any longer for the release plan.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end_late_wait(&self, id: &ChannelId) -> Result<(), StoreError> {
        self.run(
            "UPDATE channel SET late_wait_until = NULL WHERE id = ?1",
            [id.as_str()],
        )?;
        Ok(())
    }

    /// Pauses (`Some`) or resumes (`None`) publishing on a channel.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_pause(
        &self,
        id: &ChannelId,
        pause: Option<(UtcMs, &OperatorId)>,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE channel SET paused_at = ?2, paused_by = ?3, epoch = epoch + 1 WHERE id = ?1",
            (
                id.as_str(),
                pause.map(|(at, _)| at.0),
                pause.map(|(_, by)| by.as_str()),
            ),
        )?;
        Ok(())
    }

    /// Plans the next background probe of a channel.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn plan_probe(&self, id: &ChannelId, at: Option<UtcMs>) -> Result<(), StoreError> {
        self.run(
            "UPDATE channel SET next_probe_at = ?2 WHERE id = ?1",
            (id.as_str(), at.map(|at| at.0)),
        )?;
        Ok(())
    }
}
