//! Verified backups: copied, checked, then renamed into place, so that a file
//! with a backup's name is always whole.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::Store;
use super::error::StoreError;
use crate::domain::ids::LoginId;

/// How many daily backups are kept.
const KEEP: usize = 7;

fn io(error: &std::io::Error) -> StoreError {
    StoreError::Io(error.to_string())
}

/// Writes a verified copy of `db` to `to`.
pub(super) fn write(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let partial = to.with_extension("partial");
    let _ = fs::remove_file(&partial);
    db.execute("VACUUM INTO ?1", [partial.to_string_lossy().as_ref()])?;
    finish(&partial, to)
}

/// Checks a finished copy, syncs it and gives it its name.
fn finish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    fs::set_permissions(partial, fs::Permissions::from_mode(0o600)).map_err(|error| io(&error))?;
    let copy = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    drop(copy);
    if verdict != "ok" {
        let _ = fs::remove_file(partial);
        return Err(StoreError::Io(format!(
            "the backup did not pass its check: {verdict}"
        )));
    }
    let sync = || -> std::io::Result<()> {
        File::open(partial)?.sync_all()?;
        fs::rename(partial, to)?;
        match to.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    };
    sync().map_err(|error| io(&error))
}

/// Every kept backup, oldest first.
fn kept(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| io(&error))? {
        let path = entry.map_err(|error| io(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Rewrites one backup without the tokens of a login.
fn rewrite_without(file: &Path, login: &LoginId) -> Result<(), StoreError> {
    let scratch = file.with_extension("scratch");
    let _ = fs::remove_file(&scratch);
    let old = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    old.execute("VACUUM INTO ?1", [scratch.to_string_lossy().as_ref()])?;
    drop(old);
    let copy = Connection::open(&scratch)?;
    copy.execute_batch("PRAGMA secure_delete = ON; PRAGMA journal_mode = MEMORY;")?;
    copy.execute(
        "DELETE FROM secret WHERE owner_kind = 'login' AND owner_id = ?1",
        [login.as_str()],
    )?;
    copy.execute(
        "DELETE FROM secret WHERE owner_kind = 'channel' AND owner_id IN (SELECT id FROM channel WHERE login_id = ?1)",
        [login.as_str()],
    )?;
    write(&copy, file)?;
    drop(copy);
    fs::remove_file(&scratch).map_err(|error| io(&error))
}

impl Store {
    /// Makes the backup of the day named `day` (`2026-11-21`) unless it is
    /// there, and removes the oldest beyond seven. Returns its path.
    ///
    /// # Errors
    /// When the copy cannot be written or does not pass its check.
    pub async fn backup_daily(&self, day: &str) -> Result<PathBuf, StoreError> {
        let directory = self.paths().backups.clone();
        let to = directory.join(format!("daily-{day}.db"));
        self.outside(move |db| {
            if !to.exists() {
                write(db, &to)?;
            }
            let daily: Vec<_> = kept(&directory)?
                .into_iter()
                .filter(|file| {
                    file.file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with("daily-"))
                })
                .collect();
            for old in daily.iter().take(daily.len().saturating_sub(KEEP)) {
                fs::remove_file(old).map_err(|error| io(&error))?;
            }
            Ok(to)
        })
        .await
    }

    /// Rewrites every kept backup without the tokens of a login; how many.
    ///
    /// # Errors
    /// When one cannot be rewritten; those before it are done.
    pub async fn wipe_backups(&self, login: &LoginId) -> Result<usize, StoreError> {
        let directory = self.paths().backups.clone();
        let login = login.clone();
        self.outside(move |_| {
            let files = kept(&directory)?;
            for file in &files {
                rewrite_without(file, &login)?;
            }
            Ok(files.len())
        })
        .await
    }
}
