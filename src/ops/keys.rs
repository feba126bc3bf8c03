//! Changing the key that seals the secrets.

use serde_json::json;

use super::{Hub, OpError};
use crate::store::keys::Rotated;

/// Seals everything with a fresh key, while the store is in use.
///
/// # Errors
/// When the operator is no hub admin, the key is not ours to change, or a file
/// cannot be written. Whatever happened, the key file opens everything, and
/// doing it again goes on.
pub async fn rotate(hub: &Hub) -> Result<Rotated, OpError> {
    hub.look(|q, acting| acting.require_hub(q)).await?;
    if let Some(trouble) = hub.trouble() {
        return Err(trouble);
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
