//! Who leads: a kernel lock on a file beside the database, and a term in it.
//!
//! The lock is never stolen. A process that is stopped keeps it, since it may
//! have a request on the wire; when it dies the kernel frees it at once.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use super::EngineError;

/// The held lock. Dropping it frees the role.
#[derive(Debug)]
pub struct Lease {
    file: File,
    path: PathBuf,
}

fn failed(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Lock {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

fn open(path: &Path) -> Result<File, EngineError> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(path)
        .map_err(|error| failed(path, &error))
}

/// Takes the role when it is free.
///
/// # Errors
/// When the lock file cannot be opened.
pub fn try_take(path: &Path) -> Result<Option<Lease>, EngineError> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(checked(file, path)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(path, &error)),
    }
}

/// Takes the role from whoever holds it: what must never be done, for the tests
/// that show why.
///
/// # Errors
/// When the lock file cannot be opened.
pub fn steal(path: &Path) -> Result<Lease, EngineError> {
    Ok(Lease {
        file: open(path)?,
        path: path.to_path_buf(),
    })
}

/// Waits for the role in a thread of its own, without polling: the kernel hands
/// it over the moment the holder is gone.
///
/// # Errors
/// When the lock file cannot be opened.
pub async fn wait(path: &Path) -> Result<Lease, EngineError> {
    loop {
        let file = open(path)?;
        let (tell, told) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("publisher-lock".into())
            .spawn(move || {
                let locked = file.lock().map(|()| file);
                // When nobody waits any more the lock is dropped with the answer.
                let _ = tell.send(locked);
            });
        spawned.map_err(|error| failed(path, &error))?;
        match told.await {
            Ok(Ok(file)) => {
                if let Some(lease) = checked(file, path) {
                    return Ok(lease);
                }
            }
            Ok(Err(error)) => return Err(failed(path, &error)),
            Err(_) => {
                return Err(failed(
                    path,
                    &std::io::Error::other("the waiting thread ended"),
                ));
            }
        }
    }
}

/// A lock on a file that is no longer the one at its path locks nothing.
fn checked(file: File, path: &Path) -> Option<Lease> {
    let lease = Lease {
        file,
        path: path.to_path_buf(),
    };
    lease.holds().then_some(lease)
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Closing alone would leave the role taken while a child process of ours
        // that was just forked (a browser, an editor) still has the file open.
        let _ = self.file.unlock();
    }
}

impl Lease {
    /// Whether the locked file is still the one at its path: removing the file
    /// must not make two publishers.
    pub fn holds(&self) -> bool {
        let here = self.file.metadata().map(|meta| (meta.dev(), meta.ino()));
        let there = fs::symlink_metadata(&self.path).map(|meta| (meta.dev(), meta.ino()));
        matches!((here, there), (Ok(here), Ok(there)) if here == there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_held_by_one_and_free_again_when_it_is_dropped() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("allgreen.db.publisher");
        let lease = try_take(&path).unwrap().unwrap();
        assert!(try_take(&path).unwrap().is_none());
        drop(lease);
        assert!(try_take(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_file_that_was_removed_ends_the_role_instead_of_making_two() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("allgreen.db.publisher");
        let first = try_take(&path).unwrap().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(!first.holds());
        let second = try_take(&path).unwrap().unwrap();
        assert!(second.holds());
    }
}
