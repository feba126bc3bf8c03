//! A copy to take away: everything but the credentials.

use std::path::PathBuf;

use serde_json::json;

use super::{Hub, OpError};

/// Writes a copy of the store without its credentials to `to`.
///
/// # Errors
/// When the operator is no hub admin, the file is there already and may not be
/// replaced, or it cannot be written.
pub async fn export(hub: &Hub, to: PathBuf, replace: bool) -> Result<(), OpError> {
    hub.look(|q, acting| acting.require_hub(q)).await?;
    hub.store.export(to.clone(), replace).await?;
    if hub.read_only {
        return Ok(());
    }
    let file = to.display().to_string();
    hub.change(move |tx, acting| acting.audit(tx, None, "hub.backup", &file, &json!({})))
        .await
}
