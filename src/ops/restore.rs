//! Going back to a backup, and the word that the other one is silent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::{Hub, OpError, Paths};
use crate::domain::notice::Severity;
use crate::domain::publisher::PublisherKind;
use crate::engine::{leadership, process};
use crate::store::notices::NewNotice;
use crate::store::restore::{self, Backup, Confirmed};
use crate::store::{OpenOptions, StorePaths};
use crate::support::entropy::Entropy;
use crate::support::login::os_login;
use crate::support::time::UtcMs;

/// What a backup is put back into.
pub struct Place {
    /// Where everything lives; the directories exist.
    pub paths: Paths,
    /// Randomness.
    pub entropy: Entropy,
    /// Who acts; `None` takes the login name of the operating system.
    pub operator: Option<String>,
    /// The instant of the act.
    pub now: UtcMs,
}

impl Place {
    fn store(&self) -> StorePaths {
        StorePaths {
            database: self.paths.database.clone(),
            key: self.paths.key.clone(),
            backups: self.paths.backups.clone(),
        }
    }
}

/// The name of this machine.
fn this_host() -> String {
    process::this(PublisherKind::Command).host
}

/// Looks at a backup without changing anything.
///
/// # Errors
/// What is wrong with it, or that the operator is no hub admin in it.
pub fn look(place: &Place, file: &Path) -> Result<Backup, OpError> {
    let backup = restore::look(file, &place.store(), &this_host(), place.now)?;
    let name = place.operator.clone().unwrap_or_else(os_login);
    if !backup.admins.is_empty() && !backup.admins.contains(&name) {
        return Err(OpError::not_allowed(
            "not_allowed",
            format!("{name} is no hub admin in {}.", file.display()),
            format!("Ask {} to restore it.", backup.admins.join(" or ")),
        ));
    }
    Ok(backup)
}

/// Puts a backup in the place of the store. Where the one before it is now.
///
/// # Errors
/// When somebody publishes, or it cannot be put there.
pub fn put(place: &Place, file: &Path) -> Result<Option<PathBuf>, OpError> {
    let lock = &place.paths.publisher_lock;
    let lease = leadership::try_take(lock).map_err(|error| {
        OpError::failed(
            "lock",
            error.to_string(),
            "Check the directory and its permissions.",
        )
    })?;
    let Some(_nobody_publishes_meanwhile) = lease else {
        return Err(OpError::failed(
            "publisher_runs",
            "Somebody publishes from the present store.",
            "End it first: allgreen publisher stop, or close the screen.",
        ));
    };
    let backup = look(place, file)?;
    let options = OpenOptions {
        paths: place.store(),
        entropy: place.entropy.clone(),
        read_only: false,
        passkey: None,
        hears: None,
    };
    Ok(restore::put(file, &options, &backup, place.now)?)
}

/// The host a restored store waits to hear about; `None` when nothing waits.
///
/// # Errors
/// When the store cannot be read.
pub async fn waits_for(hub: &Hub) -> Result<Option<String>, OpError> {
    hub.look(|q, _| Ok(q.setting("restored")?)).await
}

/// Lets a restored store speak to networks again.
///
/// # Errors
/// When the operator is no hub admin, nothing was restored, or another host
/// was named: then nothing was changed.
pub async fn confirm(hub: &Hub, typed: &str) -> Result<Confirmed, OpError> {
    let typed = typed.trim().to_owned();
    hub.change(move |tx, acting| {
        acting.require_hub(tx)?;
        let Some(host) = tx.restored_from()? else {
            return Err(OpError::failed(
                "not_restored",
                "This store was not restored, or somebody confirmed it already.",
                "There is nothing to confirm.",
            ));
        };
        if !host.eq_ignore_ascii_case(&typed) {
            return Err(OpError::failed(
                "another_host",
                format!("The backup came from {host}, not from {typed}."),
                format!("Make sure that {host} publishes no more, then type its name."),
            ));
        }
        let done = tx.confirm_restored(acting.now, &acting.entropy)?;
        let detail = json!({
            "host": host, "missed": done.missed, "unknown": done.unknown, "reconnect": done.reconnect,
        });
        acting.audit(tx, None, "hub.restore", "store", &detail)?;
        let notice = NewNotice {
            kind: "restored",
            text: format!(
                "The store was restored from a backup of {host}: {} missed, {} looked up, {} to reconnect",
                done.missed, done.unknown, done.reconnect
            ),
            command: Some("allgreen post list --state missed".into()),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Attention, acting.now, &acting.entropy)?;
        Ok(done)
    })
    .await
}

/// How long ago the file was written.
pub fn age(file: &Path, now: UtcMs) -> Option<Duration> {
    let written = std::fs::metadata(file).ok()?.modified().ok()?;
    let written = jiff::Timestamp::try_from(written).ok()?;
    Some(now.since(UtcMs(written.as_millisecond())))
}
