//! Whether an open store still stands on the files it opened. SQLite keeps
//! writing into a file that was moved away, and whoever wrote on would write
//! where nobody looks any more.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::error::StoreError;
use super::open::beside;

/// Device and number of a file.
type Identity = (u64, u64);

fn identity(path: &Path) -> Option<Identity> {
    fs::symlink_metadata(path)
        .ok()
        .map(|meta| (meta.dev(), meta.ino()))
}

/// The file that says that the database beside it is damaged.
pub(super) fn damaged_mark(database: &Path) -> PathBuf {
    beside(database, ".damaged")
}

/// The database, its log and its index as they were when they were opened.
pub(super) struct Ground {
    database: (PathBuf, Option<Identity>),
    beside: [(PathBuf, OnceLock<Identity>); 2],
    damaged: PathBuf,
}

impl Ground {
    /// Of an opened database.
    pub fn of(database: &Path) -> Self {
        Self {
            database: (database.to_path_buf(), identity(database)),
            beside: ["-wal", "-shm"].map(|suffix| (beside(database, suffix), OnceLock::new())),
            damaged: damaged_mark(database),
        }
    }

    /// Refuses to go on when one of the files was removed or replaced, or when
    /// somebody found the database damaged.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the code `replaced` or `corrupt`.
    pub fn check(&self) -> Result<(), StoreError> {
        let (path, was) = &self.database;
        if identity(path) != *was {
            return Err(replaced(path));
        }
        for (path, was) in &self.beside {
            match (identity(path), was.get()) {
                // Made with the first transaction, and gone with the last
                // connection only.
                (Some(now), None) => {
                    let _ = was.set(now);
                }
                (now, Some(was)) if now != Some(*was) => return Err(replaced(path)),
                (Some(_) | None, _) => {}
            }
        }
        if self.damaged.exists() {
            let said = fs::read_to_string(&self.damaged).unwrap_or_default();
            return Err(StoreError::Refused {
                code: "corrupt",
                what: if said.trim().is_empty() {
                    format!("The database {} is damaged.", self.database.0.display())
                } else {
                    said.trim().to_owned()
                },
                hint:
                    "Nothing is written or published any more; start again to see what can be done."
                        .into(),
            });
        }
        Ok(())
    }
}

fn replaced(path: &Path) -> StoreError {
    StoreError::Refused {
        code: "replaced",
        what: format!(
            "{} was removed or replaced while the store was open.",
            path.display()
        ),
        hint: "Nothing is written any more. End every Allgreen that uses it, put the right file there, and start again.".into(),
    }
}
