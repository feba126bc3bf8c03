//! A refreshed pair that the database cannot take now: the network may have
//! ended the old one, so it is kept beside the database and tried for ever.

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::sessions::pair;
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Cause;
use crate::domain::notice::Severity;
use crate::networks::{Renewal, Tokens};
use crate::store::StoreError;
use crate::store::incidents::NewIncident;
use crate::store::logins::Login;
use crate::store::notices::NewNotice;
use crate::support::fault;

/// A commit that takes longer than this is not waited for alone.
const LOCKED: Duration = Duration::from_secs(10);
/// The first pause between two tries, doubled up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// The kind of the incident; its subject is the login.
const INCIDENT: &str = "store_unwritable";

/// Commits a refreshed pair by `attempt`, however often that takes. `false`
/// when the login has moved on and the pair belongs to nobody.
///
/// # Errors
/// When the store can never take it: damaged, replaced, closed. The pair is
/// kept for the next start then.
pub(super) async fn committed<F, W>(
    inner: &Arc<Inner>,
    login: &Login,
    tokens: &Tokens,
    server: &str,
    attempt: F,
) -> Result<bool, StoreError>
where
    F: Fn() -> W,
    W: Future<Output = Result<(), StoreError>>,
{
    let mut kept = Keeping {
        inner,
        login,
        tokens,
        server,
        kept: false,
    };
    let mut pause = PAUSE;
    loop {
        let write = attempt();
        tokio::pin!(write);
        let done = tokio::select! {
            biased;
            done = &mut write => done,
            () = inner.parts.clock.sleep(LOCKED), if !kept.kept => {
                kept.keep().await;
                write.await
            }
        };
        match done {
            Ok(()) => {
                kept.stored().await;
                return Ok(true);
            }
            Err(StoreError::Stale(_)) => {
                kept.forget().await;
                return Ok(false);
            }
            Err(error @ (StoreError::Io(_) | StoreError::Busy)) => {
                kept.keep().await;
                kept.say(&error).await;
                inner.parts.clock.sleep(pause).await;
                pause = (pause * 2).min(LONGEST);
            }
            Err(
                error @ (StoreError::Refused { .. }
                | StoreError::Rule(_)
                | StoreError::Unreadable(_)
                | StoreError::Sealed(_)
                | StoreError::NotFound(_)
                | StoreError::Closed),
            ) => {
                kept.keep().await;
                return Err(error);
            }
        }
    }
}

/// One pair on its way into the store.
struct Keeping<'a> {
    inner: &'a Arc<Inner>,
    login: &'a Login,
    tokens: &'a Tokens,
    server: &'a str,
    kept: bool,
}

impl Keeping<'_> {
    async fn keep(&mut self) {
        if self.kept {
            return;
        }
        let (login, now) = (self.login, self.inner.now());
        let store = &self.inner.parts.store;
        let pair = pair(self.tokens);
        match store
            .keep_pair(&login.id, login.generation, self.server, &pair, now)
            .await
        {
            Ok(()) => {
                self.kept = true;
                fault::point("refresh.rescued");
            }
            // It is still in memory, and tried again with the next round.
            Err(error) => {
                tracing::error!(%error, login = %login.id, "a refreshed pair could not even be kept");
            }
        }
    }

    /// One incident, as soon as the store takes as much as that.
    async fn say(&self, error: &StoreError) {
        tracing::error!(%error, login = %self.login.id, kept = self.kept, "a refreshed pair could not be stored yet");
        let text = format!(
            "New tokens of {} could not be stored: {error} They are kept in {} and stored as soon as that works.",
            self.login.network.title(),
            self.inner.parts.store.paths().rescue().display(),
        );
        let (id, network) = (self.login.id.clone(), self.login.network);
        let (now, entropy) = (self.inner.now(), self.inner.parts.entropy.clone());
        let said = self.inner.parts.store.write(move |tx| {
            let new = NewIncident {
                kind: INCIDENT,
                subject: id.as_str(),
                cause: "none",
                network: Some(network),
                workspace_id: None,
                severity: Severity::Broken,
                text: &text,
                command: Some("allgreen status"),
            };
            tx.open_or_count(&new, now, &entropy)?;
            Ok(())
        });
        // A full disk takes this no more than the pair: `status` and `check`
        // look at what is kept instead.
        if let Err(error) = said.await {
            tracing::debug!(%error, "the trouble could not be written down either");
        }
    }

    async fn stored(&self) {
        if !self.kept {
            return;
        }
        self.forget().await;
        let (login, network) = (self.login.id.clone(), self.login.network);
        let (now, entropy) = (self.inner.now(), self.inner.parts.entropy.clone());
        let said = self.inner.parts.store.write(move |tx| {
            tx.resolve_incident(INCIDENT, login.as_str(), now)?;
            let notice = NewNotice {
                kind: "refreshed",
                text: format!(
                    "New tokens of {} are stored at last; nothing was lost",
                    network.title()
                ),
                ..NewNotice::default()
            };
            tx.add_notice(&notice, Severity::Info, now, &entropy)?;
            Ok(())
        });
        if let Err(error) = said.await {
            tracing::warn!(%error, "the end of a trouble could not be written down");
        }
    }

    async fn forget(&self) {
        if !self.kept {
            return;
        }
        let store = &self.inner.parts.store;
        let (id, generation) = (&self.login.id, self.login.generation);
        // The next start finds it belonging to nobody, and wipes it then.
        if let Err(error) = store.forget_rescued(id, generation).await {
            tracing::warn!(%error, login = %id, "a stored pair could not be wiped from the rescue file yet");
        }
    }
}

/// An old pair that is refused after a refresh whose answer was lost was most
/// likely replaced by that one. Said so, and not tried a second time.
pub(super) fn name_the_true_reason(login: &Login, last: &mut Renewal) {
    let (Some(at), Renewal::Refused(refusal)) = (login.refresh_unanswered, last) else {
        return;
    };
    if !matches!(
        refusal.class,
        AnswerClass::TokenExpired | AnswerClass::Revoked
    ) {
        return;
    }
    let at = at.timestamp().strftime("%H:%M");
    let said = refusal.evidence.message.take();
    let said = said.map_or_else(String::new, |text| format!(" \u{201c}{text}\u{201d}"));
    refusal.evidence.message = Some(format!(
        "interrupted during refresh at {at} UTC; the new tokens were lost with its answer.{said}"
    ));
    refusal.class = AnswerClass::TokenExpired;
    refusal.cause = Some(Cause::Expired);
    refusal.confirmed = true;
}

/// Stores what an earlier term had to leave behind, before anything else.
///
/// # Errors
/// When the store fails; what is kept stays kept.
pub(super) async fn import(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let store = &inner.parts.store;
    for kept in store.rescued().await? {
        let (one, now, entropy) = (kept.clone(), inner.now(), inner.parts.entropy.clone());
        let imported = store
            .write(move |tx| {
                let imported = tx.import_rescued(&one)?;
                tx.resolve_incident(INCIDENT, one.login.as_str(), now)?;
                if !imported {
                    return Ok(false);
                }
                for channel in tx.channels_of_login(&one.login)? {
                    // Only a call says that they work.
                    if channel.publishable {
                        tx.plan_probe(&channel.id, Some(now))?;
                    }
                }
                let network = tx.login(&one.login)?.network;
                let notice = NewNotice {
                    kind: "refreshed",
                    text: format!(
                        "New tokens of {} that could not be stored before are stored now; nothing was lost",
                        network.title()
                    ),
                    ..NewNotice::default()
                };
                tx.add_notice(&notice, Severity::Info, now, &entropy)?;
                Ok(true)
            })
            .await;
        match imported {
            Ok(imported) => {
                tracing::info!(login = %kept.login, imported, "a kept pair was looked at");
                store.forget_rescued(&kept.login, kept.generation).await?;
            }
            // Sealed with another key: it stays until its login moves on.
            Err(StoreError::Sealed(what)) => {
                tracing::error!(%what, login = %kept.login, "a kept pair does not open");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
