//! Verified backups: copied, checked, then renamed into place, so that a file
//! with a backup's name is always whole.

use std::fs::{self, DirBuilder, File, OpenOptions as FileOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::Store;
use super::disconnect::BACKUP_WIPES;
use super::error::StoreError;
use crate::domain::ids::LoginId;

/// How many daily backups are kept.
const KEEP: usize = 7;
/// What a copy is called until it is whole.
const PARTIAL: &str = "partial";
/// What a copy is called while tokens are taken out of it.
const SCRATCH: &str = "scratch";

fn io(error: &std::io::Error) -> StoreError {
    StoreError::Io(error.to_string())
}

/// Every kept backup directory has one of these: whoever writes or rewrites
/// backups holds it, so that a wipe never misses a copy that is being made.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let locked = || -> std::io::Result<File> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let file = FileOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(".lock"))?;
        file.lock()?;
        // Under the lock nobody else is at work: these are of a crash, and they
        // hold what a finished copy holds.
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == PARTIAL || extension == SCRATCH)
            {
                fs::remove_file(path)?;
            }
        }
        Ok(file)
    };
    locked().map_err(|error| io(&error))
}

/// Whether there is any backup.
pub(super) fn any(directory: &Path) -> bool {
    kept(directory).is_ok_and(|files| !files.is_empty())
}

/// The newest backup.
pub(super) fn newest(directory: &Path) -> Option<PathBuf> {
    let age = |file: &PathBuf| fs::metadata(file).and_then(|meta| meta.modified()).ok();
    let made_here = |file: &PathBuf| {
        // What a restore put aside is what somebody wanted to get away from.
        file.file_name()
            .is_some_and(|name| !name.to_string_lossy().starts_with("before-restore-"))
    };
    kept(directory)
        .ok()?
        .into_iter()
        .filter(made_here)
        .max_by_key(age)
}

/// Writes a verified copy of `db` to `to`.
pub(super) fn write(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let _lock = lock(to.parent().unwrap_or(Path::new(".")))?;
    write_locked(db, to)
}

fn write_locked(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let partial = to.with_extension(PARTIAL);
    let written = copy(db, &partial).and_then(|()| finish(&partial, to));
    if written.is_err() {
        // The copy is gone under this name when all went well.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Copies `db` into the new file `to`, readable by its owner alone from its
/// first byte on: SQLite fills an empty file and keeps its mode.
pub(super) fn copy(db: &Connection, to: &Path) -> Result<(), StoreError> {
    let _ = fs::remove_file(to);
    FileOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| io(&error))?;
    db.execute("VACUUM INTO ?1", [to.to_string_lossy().as_ref()])?;
    Ok(())
}

/// Checks a finished copy, syncs it and gives it its name.
fn finish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    let copy = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    drop(copy);
    if verdict != "ok" {
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
pub(super) fn kept(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = Vec::new();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(io(&error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| io(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "db") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Rewrites one backup: `change` is made to a copy, which is checked and takes
/// its name. The caller holds the lock.
pub(super) fn rewrite(
    file: &Path,
    change: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let scratch = file.with_extension(SCRATCH);
    let old = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    copy(&old, &scratch)?;
    drop(old);
    let rewritten = Connection::open(&scratch)?;
    rewritten.execute_batch("PRAGMA secure_delete = ON; PRAGMA journal_mode = MEMORY;")?;
    change(&rewritten)?;
    write_locked(&rewritten, file)?;
    drop(rewritten);
    fs::remove_file(&scratch).map_err(|error| io(&error))
}

/// Takes the sealed values of these owners (logins and channels by id) and of
/// the channels that used these logins out of a copy, and what was read of
/// these channels.
fn take_out(copy: &Connection, owners: &[String]) -> Result<(), StoreError> {
    for owner in owners {
        copy.execute(
            "DELETE FROM secret WHERE owner_kind IN ('login', 'channel') AND owner_id = ?1",
            [owner],
        )?;
        copy.execute(
            "DELETE FROM secret WHERE owner_kind = 'channel' AND owner_id IN (SELECT id FROM channel WHERE login_id = ?1)",
            [owner],
        )?;
    }
    // A backup may be from before there was something to read.
    let of_channel = |table| format!("DELETE FROM {table} WHERE channel_id = ?1");
    let tables =
        ["metric", "comment", "recent_post", "reading"].map(|table| (table, of_channel(table)));
    let notes = ("set_aside", super::aside::OF_CHANNEL.to_owned());
    for (table, sql) in tables.into_iter().chain([notes]) {
        let there: i64 = copy.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get(0),
        )?;
        for owner in owners.iter().filter(|_| there > 0) {
            copy.execute(&sql, [owner])?;
        }
    }
    Ok(())
}

/// Takes every credential out of a copy: whoever gets it can read the posts
/// and log in nowhere.
fn take_credentials_out(copy: &Connection) -> Result<(), StoreError> {
    copy.execute_batch(
        "PRAGMA secure_delete = ON; PRAGMA journal_mode = MEMORY;
         DELETE FROM secret;
         UPDATE login SET generation = 0, token_issued_at = NULL, token_expires_at = NULL, token_expiry = 'unknown',
           grant_expires_at = NULL, grant_expiry = 'unknown', refresh_started_at = NULL,
           refresh_started_generation = NULL, next_refresh_at = NULL;
         VACUUM;",
    )?;
    Ok(())
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
            let _lock = lock(&directory)?;
            if !to.exists() {
                write_locked(db, &to)?;
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

    /// Writes a verified copy without credentials to `to`, for its owner alone.
    ///
    /// # Errors
    /// When the file is there already and may not be replaced, or cannot be
    /// written, or the copy does not pass its check.
    pub async fn export(&self, to: PathBuf, replace: bool) -> Result<(), StoreError> {
        let database = self.paths().database.clone();
        let written = tokio::task::spawn_blocking(move || {
            if !replace && fs::symlink_metadata(&to).is_ok() {
                return Err(StoreError::Refused {
                    code: "exists",
                    what: format!("{} is there already.", to.display()),
                    hint: "Choose another name, or replace it with --yes.".into(),
                });
            }
            let partial = super::open::beside(&to, ".partial");
            let export = || -> Result<(), StoreError> {
                // A connection of its own, so that a store which can only be
                // read can be taken along as well.
                copy(&super::open::connect(&database, true)?, &partial)?;
                let copied = Connection::open(&partial)?;
                take_credentials_out(&copied)?;
                drop(copied);
                finish(&partial, &to)
            };
            let written = export();
            if written.is_err() {
                // The copy is gone under this name when all went well.
                let _ = fs::remove_file(&partial);
            }
            written
        });
        written.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Rewrites every kept backup without the tokens of a login; how many.
    ///
    /// # Errors
    /// When one cannot be rewritten; those before it are done, and
    /// [`Store::finish_backup_wipes`] goes on.
    pub async fn wipe_backups(&self, login: &LoginId) -> Result<usize, StoreError> {
        self.wipe_from_backups(Some(login.clone())).await
    }

    /// Rewrites every kept backup without the tokens of whatever was
    /// disconnected and is still in them; how many were rewritten. Does nothing
    /// when a disconnect left no work behind.
    ///
    /// # Errors
    /// When one cannot be rewritten; the work stays noted.
    pub async fn finish_backup_wipes(&self) -> Result<usize, StoreError> {
        self.wipe_from_backups(None).await
    }

    async fn wipe_from_backups(&self, login: Option<LoginId>) -> Result<usize, StoreError> {
        let (directory, rescue) = (self.paths().backups.clone(), self.paths().rescue());
        self.outside(move |db| {
            let noted: Option<String> = db
                .query_row(
                    "SELECT value FROM setting WHERE key = ?1",
                    [BACKUP_WIPES],
                    |row| row.get(0),
                )
                .optional()?;
            let mut owners: Vec<String> = noted
                .iter()
                .flat_map(|list| list.split_whitespace().map(String::from))
                .chain(login.map(|login| login.as_str().into()))
                .collect();
            owners.sort();
            owners.dedup();
            if owners.is_empty() {
                return Ok(0);
            }
            super::rescue::forget_owners(&rescue, &owners)?;
            let mut rewritten = 0;
            if any(&directory) {
                let _lock = lock(&directory)?;
                for file in kept(&directory)? {
                    rewrite(&file, |copy| take_out(copy, &owners))?;
                    rewritten += 1;
                }
            }
            // Only what was read above: another process may have added to it.
            db.execute(
                "DELETE FROM setting WHERE key = ?1 AND value IS ?2",
                (BACKUP_WIPES, noted),
            )?;
            Ok(rewritten)
        })
        .await
    }
}
