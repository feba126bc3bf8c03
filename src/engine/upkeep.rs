//! What the publisher does for the store: the daily backup, pruning, a wipe
//! that a reader delayed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Inner, zones};
use crate::store::StoreError;
use crate::support::time::UtcMs;

/// The setting that says when the last backup was made.
const LAST_BACKUP: &str = "last_backup_at";
/// The setting that says when every page was last looked at.
const LAST_CHECK: &str = "last_check_at";
/// How often that is done.
const CHECK_EVERY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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

/// Makes sure that the file is whole when the last publisher did not end by
/// itself: a crash of the machine may have left half a page.
///
/// # Errors
/// [`StoreError::Refused`] with the code `corrupt` when it is not: nothing may
/// be published then.
pub async fn check_after_crash(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let store = &inner.parts.store;
    store.usable()?;
    let last = store.read(|q| q.latest_term()).await?;
    if last.is_some_and(|term| term.ended_at.is_none()) {
        store.read(|q| q.check()).await?;
        tracing::info!("the last publisher did not end by itself; the file is whole");
    }
    Ok(())
}

/// The weekly check: every page, every index, every reference.
async fn check_weekly(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let store = &inner.parts.store;
    let now = inner.now();
    let last = store.read(|q| q.setting(LAST_CHECK)).await?;
    let last = last.and_then(|text| text.parse().ok()).map(UtcMs);
    if last.is_some_and(|at| now.since(at) < CHECK_EVERY && at <= now) {
        return Ok(());
    }
    store.read(|q| q.check_whole()).await?;
    store
        .write(move |tx| tx.set_setting(LAST_CHECK, Some(&now.0.to_string())))
        .await
}

/// Does what is due: backup, pruning, changed time zones, a pending wipe.
///
/// # Errors
/// When the store fails.
pub async fn daily(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let last = inner.parts.store.read(|q| q.setting(LAST_BACKUP)).await?;
    let last = last.and_then(|text| text.parse().ok()).map(UtcMs);
    let now = inner.now();
    check_weekly(inner).await?;
    if last.is_none_or(|at| now.since(at) >= inner.parts.timing.backup_every || at > now) {
        backup(inner).await?;
        inner.parts.store.write(move |tx| tx.prune(now)).await?;
        zones::compare(inner).await?;
        super::sweep::media(inner).await?;
    }
    inner.parts.store.finish_wipe().await?;
    inner.parts.store.finish_backup_wipes().await?;
    Ok(())
}
