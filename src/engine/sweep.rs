//! Our copies of media go when nothing needs them any more: a week after
//! publishing, a day after cancelling.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::store::StoreError;
use crate::support::time::UtcMs;

/// A file that was put there a moment ago may be of a post that is being made.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// Files looked at in one transaction.
const AT_ONCE: usize = 64;

/// Removes copies that nothing needs any more; how many.
///
/// # Errors
/// When the store cannot be read. A file that cannot be removed is left for
/// the next day.
pub(super) async fn media(inner: &Arc<Inner>) -> Result<usize, StoreError> {
    let (directory, now) = (inner.parts.media.clone(), inner.now());
    let old = tokio::task::spawn_blocking(move || old_files(&directory, now.minus(FRESH)));
    let old = old.await.unwrap_or_default();
    let mut removed = 0;
    for some in old.chunks(AT_ONCE) {
        let some = some.to_vec();
        // Inside a transaction: whoever schedules a post with the same file
        // looks for it in a later one, and finds that it is gone.
        removed += inner
            .parts
            .store
            .write(move |tx| {
                let mut removed = 0;
                for path in some {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    let gone = !tx.media_needed(&name, now)?
                        && written(&path).is_some_and(|at| at < now.minus(FRESH))
                        && fs::remove_file(&path).is_ok();
                    removed += usize::from(gone);
                }
                Ok(removed)
            })
            .await?;
    }
    Ok(removed)
}

/// Regular files written before `limit`. A directory that is not there has none.
fn old_files(directory: &Path, limit: UtcMs) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter(|path| written(path).is_some_and(|at| at < limit))
        .collect()
}

/// When a file was written last.
fn written(path: &Path) -> Option<UtcMs> {
    let at = fs::symlink_metadata(path).ok()?.modified().ok()?;
    let at = jiff::Timestamp::try_from(at).ok()?;
    Some(UtcMs(at.as_millisecond()))
}
