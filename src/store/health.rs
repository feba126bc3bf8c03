//! The health of a channel: what engine and operators both do to it, in one
//! place. A flip is one row update plus its history, incident and notice.

use super::error::StoreError;
use super::incidents::NewIncident;
use super::notices::NewNotice;
use super::tx::Tx;
use crate::domain::channel::{Cause, Channel, Evidence, Status};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, LoginId, OperatorId};
use crate::domain::notice::Severity;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The kind of the incident a broken login opens.
pub const LOGIN_BROKEN: &str = "login_broken";

fn subject(channel: &Channel) -> String {
    channel
        .login_id
        .as_ref()
        .map_or_else(|| channel.id.to_string(), ToString::to_string)
}

impl Tx<'_> {
    /// Breaks a channel: it cannot publish for `cause` until it is healed.
    /// Deliveries are not touched; they are held because of this row.
    ///
    /// Returns whether anything changed; the same cause again only counts on
    /// the open incident.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn break_channel(
        &self,
        id: &ChannelId,
        cause: Cause,
        evidence: &Evidence,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<bool, StoreError> {
        let channel = self.channel(id)?;
        if channel.status == Status::Disconnected || cause == Cause::None {
            return Ok(false);
        }
        let changed = channel.cause != cause || channel.publishable;
        let status = cause.status().unwrap_or(channel.status);
        if changed {
            self.run(
                "UPDATE channel SET status = ?2, cause = ?3, publishable = 0, epoch = epoch + 1, http_status = ?4,
                   network_code = ?5, status_detail = ?6, seen_by = ?7, status_since = ?8 WHERE id = ?1",
                (
                    id.as_str(),
                    status.name(),
                    cause.name(),
                    evidence.http_status,
                    &evidence.network_code,
                    &evidence.message,
                    &evidence.seen_by,
                    now.0,
                ),
            )?;
            self.add_history(
                id,
                "broken",
                &format!("Broken: {}.", cause.words()),
                evidence,
                None,
                now,
            )?;
        }
        let held: u64 = self
            .value("SELECT coalesce(sum(n), 0) FROM channel_count WHERE channel_id = ?1 AND state = ?2", (id.as_str(), State::Scheduled.name()))?
            .unwrap_or(0);
        let name = channel.name();
        let command = format!("allgreen --account {id}");
        let text = match (cause, held) {
            (Cause::Expired | Cause::Inactive, 0) => format!("{name} expired. Please reconnect."),
            (Cause::Expired | Cause::Inactive, n) => {
                format!("{name} expired. Please reconnect. {} held", posts(n))
            }
            (Cause::Restricted, n) => format!(
                "{name} is restricted at {}: {} held",
                channel.kind.network().title(),
                posts(n)
            ),
            (Cause::AccountGone, n) => format!(
                "The account {name} is gone at {}: {} held",
                channel.kind.network().title(),
                posts(n)
            ),
            (_, 0) => format!("Please reconnect {name}"),
            (_, n) => format!("Please reconnect {name}: {} held", posts(n)),
        };
        let new = NewIncident {
            kind: LOGIN_BROKEN,
            subject: &subject(&channel),
            cause: cause.name(),
            network: Some(channel.kind.network()),
            workspace_id: Some(&channel.workspace_id),
            severity: Severity::Broken,
            text: &text,
            command: Some(&command),
        };
        let (incident, is_new) = self.open_or_count(&new, now, entropy)?;
        self.touch_incident(&incident, id)?;
        if is_new {
            let notice = NewNotice {
                workspace_id: Some(channel.workspace_id.clone()),
                channel_id: Some(id.clone()),
                incident_id: Some(incident),
                kind: "reconnect",
                text,
                command: Some(command),
                ..NewNotice::default()
            };
            self.add_notice(&notice, Severity::Broken, now, entropy)?;
        }
        Ok(changed)
    }

    /// Records a proof. A broken channel that proves itself is healed by it,
    /// its deliveries resume at their original instants.
    ///
    /// `by` is the person whose reconnect this proof is part of, `None` for a
    /// probe: a probe cannot show that a missing permission came back, nor that
    /// posts are taken which were refused beside good proofs.
    ///
    /// Returns whether it was healed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn prove_channel(
        &self,
        id: &ChannelId,
        next_probe_at: UtcMs,
        by: Option<&OperatorId>,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<bool, StoreError> {
        let channel = self.channel(id)?;
        if channel.status == Status::Disconnected {
            return Ok(false);
        }
        self.run(
            "UPDATE channel SET last_proof_at = ?2, next_probe_at = ?3 WHERE id = ?1",
            (id.as_str(), now.0, next_probe_at.0),
        )?;
        let lacks_permission = channel.cause == Cause::ScopeMissing
            && !channel.missing_scopes.is_empty()
            && by.is_none();
        // Only posts that are taken, or a new login, say that they are.
        let refused = by.is_none() && !channel.cause.heals_by_itself() && self.posts_refused(id)?;
        if channel.publishable || lacks_permission || refused {
            return Ok(false);
        }
        self.run(
            "UPDATE channel SET status = 'ACTIVE', cause = 'none', publishable = 1, epoch = epoch + 1, http_status = NULL,
               network_code = NULL, status_detail = NULL, seen_by = NULL, status_since = ?2 WHERE id = ?1",
            (id.as_str(), now.0),
        )?;
        let text = format!("Healthy again after: {}.", channel.cause.words());
        self.add_history(id, "healed", &text, &Evidence::default(), by, now)?;
        let resumed: u64 = self
            .value("SELECT coalesce(sum(n), 0) FROM channel_count WHERE channel_id = ?1 AND state = ?2", (id.as_str(), State::Scheduled.name()))?
            .unwrap_or(0);
        let siblings: i64 = self
            .value(
                "SELECT count(*) FROM channel WHERE login_id = ?1 AND publishable = 0 AND status <> 'DISCONNECTED'",
                [channel.login_id.as_ref().map_or("", |login| login.as_str())],
            )?
            .unwrap_or(0);
        if siblings == 0 && self.resolve_incident(LOGIN_BROKEN, &subject(&channel), now)? {
            let notice = NewNotice {
                workspace_id: Some(channel.workspace_id.clone()),
                channel_id: Some(id.clone()),
                kind: "healed",
                text: match resumed {
                    0 => format!("{} is healthy again", channel.name()),
                    n => format!("{} is healthy again: {} released", channel.name(), posts(n)),
                },
                command: Some(format!("allgreen --account {id}")),
                ..NewNotice::default()
            };
            self.add_notice(&notice, Severity::Info, now, entropy)?;
        }
        Ok(true)
    }
}

impl Tx<'_> {
    /// Lets the open incident of a login follow its last broken channel to
    /// another login, so that the proof there resolves it.
    pub(super) fn hand_over_incident(
        &self,
        old: &LoginId,
        new: &LoginId,
    ) -> Result<(), StoreError> {
        let still: i64 = self
            .value(
                "SELECT count(*) FROM channel WHERE login_id = ?1 AND publishable = 0 AND status <> 'DISCONNECTED'",
                [old.as_str()],
            )?
            .unwrap_or(0);
        if still == 0 && self.open_incident(LOGIN_BROKEN, new.as_str())?.is_none() {
            self.run(
                "UPDATE incident SET subject = ?3 WHERE kind = ?1 AND subject = ?2 AND resolved_at IS NULL",
                [LOGIN_BROKEN, old.as_str(), new.as_str()],
            )?;
        }
        Ok(())
    }
}

/// "1 post", "7 posts".
fn posts(n: u64) -> String {
    if n == 1 {
        "1 post".into()
    } else {
        format!("{n} posts")
    }
}
