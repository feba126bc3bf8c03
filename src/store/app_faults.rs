//! Faults of our own app at a network: a wrong client secret, an unpaid plan, an
//! app that was not audited. One incident per app, whatever channels it serves.

use super::error::StoreError;
use super::incidents::NewIncident;
use super::notices::NewNotice;
use super::tx::{Reads, Tx};
use crate::domain::channel::Channel;
use crate::domain::ids::LoginId;
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::domain::weather::Asked;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The kind of its incident and notices.
pub const APP_FAULT: &str = "app_fault";

fn subject(network: Network, client_id: &str, asked: Asked) -> String {
    format!("{} {} {client_id}", network.name(), asked.name())
}

impl Reads<'_> {
    /// Whether an app is known to be at fault when it asks for that.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn app_at_fault(
        &self,
        network: Network,
        client_id: &str,
        asked: Asked,
    ) -> Result<bool, StoreError> {
        let subject = subject(network, client_id, asked);
        Ok(self.open_incident(APP_FAULT, &subject)?.is_some())
    }

    /// Whether posts of this channel wait because our app is at fault: it may
    /// not post, or it may not renew the login and the token has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn waits_for_app(&self, channel: &Channel, now: UtcMs) -> Result<bool, StoreError> {
        let (true, Some(login)) = (self.any_app_at_fault()?, &channel.login_id) else {
            return Ok(false);
        };
        let (network, client_id) = (channel.kind.network(), self.login(login)?.client_id);
        let at_fault = |asked| self.app_at_fault(network, &client_id, asked);
        let ended = channel.token.token_expires_at.is_some_and(|at| at <= now);
        Ok(at_fault(Asked::Post)? || (ended && at_fault(Asked::Login)?))
    }

    /// Whether any app of ours is at fault.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn any_app_at_fault(&self) -> Result<bool, StoreError> {
        let any: Option<i64> = self.value(
            "SELECT 1 FROM incident WHERE kind = ?1 AND resolved_at IS NULL LIMIT 1",
            [APP_FAULT],
        )?;
        Ok(any.is_some())
    }
}

impl Tx<'_> {
    /// Opens the incident of an app, or counts on the open one; it is said once.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn app_refused(
        &self,
        login: &LoginId,
        asked: Asked,
        text: &str,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<(), StoreError> {
        let login = self.login(login)?;
        let command = "allgreen incident list";
        let new = NewIncident {
            kind: APP_FAULT,
            subject: &subject(login.network, &login.client_id, asked),
            cause: APP_FAULT,
            network: Some(login.network),
            workspace_id: None,
            severity: Severity::Broken,
            text,
            command: Some(command),
        };
        let (incident, is_new) = self.open_or_count(&new, now, entropy)?;
        if is_new {
            let notice = NewNotice {
                incident_id: Some(incident),
                kind: APP_FAULT,
                text: text.to_owned(),
                command: Some(command.to_owned()),
                ..NewNotice::default()
            };
            self.add_notice(&notice, Severity::Broken, now, entropy)?;
        }
        Ok(())
    }

    /// What an app asked for worked: its incident is over, and that is said.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn app_works(
        &self,
        network: Network,
        client_id: &str,
        asked: Asked,
        now: UtcMs,
        entropy: &Entropy,
    ) -> Result<(), StoreError> {
        if self.resolve_incident(APP_FAULT, &subject(network, client_id, asked), now)? {
            let notice = NewNotice {
                kind: "app_works",
                text: format!("{} takes this app again", network.title()),
                command: Some("allgreen incident list".to_owned()),
                ..NewNotice::default()
            };
            self.add_notice(&notice, Severity::Info, now, entropy)?;
        }
        Ok(())
    }
}
