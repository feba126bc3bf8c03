//! A damaged database: it is marked, so that nobody writes to it or publishes
//! from it, and stays readable as far as it can be read.

use std::fs::OpenOptions as FileOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::error::StoreError;
use super::ground::damaged_mark;
use super::{Store, StorePaths};

/// What to do about a damaged database, with the newest backup by name.
pub(super) fn offer(paths: &StorePaths) -> String {
    match super::backup::newest(&paths.backups) {
        Some(backup) => format!(
            "Nothing is published from it. Go back to the newest backup with: allgreen restore {}",
            backup.display()
        ),
        None => "Nothing is published from it, and there is no backup of it in backups/. Go back to a copy of your own with: allgreen restore FILE".into(),
    }
}

fn corrupt(what: &str, paths: &StorePaths) -> StoreError {
    StoreError::Refused {
        code: "corrupt",
        what: what.to_owned(),
        hint: offer(paths),
    }
}

/// Refuses a database that was found damaged, unless it is whole again: the
/// mark goes then.
pub(super) fn refuse_marked(db: &Connection, paths: &StorePaths) -> Result<(), StoreError> {
    let mark = damaged_mark(&paths.database);
    if !mark.exists() {
        return Ok(());
    }
    match super::check::whole(db, "quick_check") {
        Ok(()) => {
            // Another process may have been first.
            let _ = std::fs::remove_file(&mark);
            Ok(())
        }
        Err(StoreError::Refused { what, .. }) => Err(corrupt(&what, paths)),
        Err(error) => Err(error),
    }
}

fn mark(database: &Path, what: &str) -> std::io::Result<()> {
    let mut file = FileOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(damaged_mark(database))?;
    writeln!(file, "{what}")?;
    file.sync_all()
}

impl Store {
    /// Marks the database as damaged, so that no process writes to it any more;
    /// the error says what was found and offers the newest backup.
    pub fn damaged(&self, what: &str) -> StoreError {
        let paths = self.paths();
        if let Err(error) = mark(&paths.database, what) {
            // The next start looks for itself: the term was not ended.
            tracing::error!(%error, "the damaged database could not be marked");
        }
        corrupt(what, paths)
    }

    /// Whether the store may be used on: its files are those it opened, and
    /// nobody found them damaged.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the code `replaced` or `corrupt`.
    pub fn usable(&self) -> Result<(), StoreError> {
        self.inner.ground.check()
    }

    /// Marks the database when a read or a write came upon damage.
    pub(super) fn noticing<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        match done {
            Err(StoreError::Refused {
                code: "corrupt",
                what,
                ..
            }) if self.inner.writer.is_some() && self.usable().is_ok() => Err(self.damaged(&what)),
            done => done,
        }
    }
}
