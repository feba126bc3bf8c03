//! The key that seals the secrets: changing it, and the passphrase on its file.

use std::path::Path;

use serde_json::json;

use super::{Hub, OpError};
use crate::engine::leadership::{self, Lease};
use crate::store::key_file::KeyFile;
use crate::store::keys::Rotated;
use crate::store::passkey::PassKey;
use crate::support::secret::Secret;

/// The shortest passphrase that is taken: whoever has the file may guess as
/// often as their machines can.
const SHORTEST: usize = 12;

/// Whether the key file opens with a passphrase only; one that is damaged opens
/// with none.
pub fn is_locked(key: &Path) -> bool {
    KeyFile::is_locked(key) && KeyFile::new(key, None).ids().is_ok()
}

/// Opens the key file with what somebody typed; takes a moment, on a thread of
/// its own.
///
/// # Errors
/// `wrong_passphrase` when it opens nothing; else what is wrong with the file.
pub async fn unlock(key: &Path, passphrase: Secret) -> Result<PassKey, OpError> {
    let key = key.to_path_buf();
    off_thread(move || KeyFile::unlock(&key, &passphrase)).await
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::store::StoreError> + Send + 'static,
) -> Result<T, OpError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(OpError::failed(
            "interrupted",
            "It was broken off.",
            "Nothing was changed; try again.",
        )),
    }
}

/// Who may change the key, and where.
async fn allowed(hub: &Hub) -> Result<(), OpError> {
    hub.look(|q, acting| acting.require_hub(q)).await?;
    if let Some(trouble) = hub.trouble() {
        return Err(trouble);
    }
    if hub.read_only {
        return Err(OpError::failed(
            "read_only",
            "The store was opened read-only.",
            "Run without --read-only to change something.",
        ));
    }
    if hub.paths.key_is_given {
        return Err(OpError::failed(
            "given_key",
            format!(
                "The key {} was given to this process by the system.",
                hub.paths.key.display()
            ),
            "Change it where it comes from; only a key file of Allgreen's own can be changed here.",
        ));
    }
    Ok(())
}

/// Checks that a passphrase is worth the name.
///
/// # Errors
/// When it is too short.
pub fn check_passphrase(passphrase: &Secret) -> Result<(), OpError> {
    if passphrase.expose().chars().count() >= SHORTEST {
        return Ok(());
    }
    Err(OpError::usage(
        "weak_passphrase",
        format!("A passphrase has at least {SHORTEST} characters."),
        "Take four or more words that have nothing to do with each other. Nothing was changed.",
    ))
}

/// A publisher that began with another lock could not read the next key: it
/// must begin after the change.
fn nobody_publishes(hub: &Hub) -> Result<Lease, OpError> {
    let lease = leadership::try_take(&hub.paths.publisher_lock).map_err(|error| {
        OpError::failed(
            "lock",
            error.to_string(),
            "Check the directory and its permissions.",
        )
    })?;
    lease.ok_or_else(|| {
        OpError::failed(
            "publisher_runs",
            "Somebody publishes with the key as it is.",
            "End it first: allgreen publisher stop, or close the screen. Nothing was changed.",
        )
    })
}

/// What is asked before the key is locked: that it may be.
///
/// # Errors
/// When the operator is no hub admin, the key is not ours to change, or
/// somebody publishes.
pub async fn may_change_lock(hub: &Hub) -> Result<(), OpError> {
    allowed(hub).await?;
    nobody_publishes(hub).map(drop)
}

/// Locks the key file with a passphrase, or with another one than before.
///
/// # Errors
/// As [`may_change_lock`], or when the file cannot be written: it is as it was.
pub async fn protect(hub: &Hub, passphrase: Secret) -> Result<(), OpError> {
    allowed(hub).await?;
    check_passphrase(&passphrase)?;
    let _lease = nobody_publishes(hub)?;
    let entropy = hub.entropy.clone();
    let passkey = off_thread(move || PassKey::fresh(&passphrase, &entropy)).await?;
    hub.store.lock_key(passkey).await?;
    audit_lock(hub, "protected").await
}

/// Takes the passphrase off the key file. Whether there was one.
///
/// # Errors
/// As [`protect`].
pub async fn unprotect(hub: &Hub) -> Result<bool, OpError> {
    allowed(hub).await?;
    let _lease = nobody_publishes(hub)?;
    let was_locked = hub.store.unlock_key().await?;
    if was_locked {
        audit_lock(hub, "unprotected").await?;
    }
    Ok(was_locked)
}

async fn audit_lock(hub: &Hub, done: &'static str) -> Result<(), OpError> {
    let detail = json!({ "passphrase": done });
    hub.change(move |tx, acting| acting.audit(tx, None, "hub.key", "key", &detail))
        .await
}

/// Seals everything with a fresh key, while the store is in use.
///
/// # Errors
/// When the operator is no hub admin, the key is not ours to change, or a file
/// cannot be written. Whatever happened, the key file opens everything, and
/// doing it again goes on.
pub async fn rotate(hub: &Hub) -> Result<Rotated, OpError> {
    allowed(hub).await?;
    let done = hub.store.rotate_key().await?;
    let detail = json!({
        "keyId": done.key_id, "resealed": done.resealed, "damaged": done.damaged, "backups": done.backups,
    });
    hub.change(move |tx, acting| acting.audit(tx, None, "hub.key", "key", &detail))
        .await?;
    // The old seals leave the log as far as no reader keeps it open; upkeep
    // goes on trying.
    if let Err(error) = hub.store.finish_wipe().await {
        tracing::warn!(%error, "the log could not be cut yet");
    }
    Ok(done)
}
