//! What the publisher does for the store: the daily backup, pruning, a wipe
//! that a reader delayed.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Inner, zones};
use crate::store::StoreError;

/// The setting that says when the last backup was made.
const LAST_BACKUP: &str = "last_backup_at";

/// Makes today's backup.
///
/// # Errors
/// When it cannot be written or does not pass its check.
pub async fn backup(inner: &Arc<Inner>) -> Result<PathBuf, StoreError> {
    let now = inner.now();
    let day = now.timestamp().strftime("%Y-%m-%d").to_string();
    let path = inner.parts.store.backup_daily(&day).await?;
    inner
        .parts
        .store
        .write(move |tx| tx.set_setting(LAST_BACKUP, Some(&now.0.to_string())))
        .await?;
    Ok(path)
}

/// Does what is due: backup, pruning, changed time zones, a pending wipe.
///
/// # Errors
/// When the store fails.
pub async fn daily(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let last = inner.parts.store.read(|q| q.setting(LAST_BACKUP)).await?;
    let last = last
        .and_then(|text| text.parse().ok())
        .map(crate::support::time::UtcMs);
    let now = inner.now();
    if last.is_none_or(|at| now.since(at) >= inner.parts.timing.backup_every || at > now) {
        backup(inner).await?;
        inner.parts.store.write(move |tx| tx.prune(now)).await?;
        zones::compare(inner).await?;
    }
    inner.parts.store.finish_wipe().await?;
    inner.parts.store.finish_backup_wipes().await?;
    Ok(())
}
