//! Going back to a backup: it is looked at first, the present database is put
//! aside, and what comes back speaks to no network until somebody says that
//! the other one is silent.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::attempts::{NewVerdict, Record};
use super::error::StoreError;
use super::key_file::{Key, KeyFile};
use super::migrations::{self, APPLICATION_ID};
use super::open::{self, beside, random_name, setting};
use super::{OpenOptions, StorePaths, Tx, backup, check, ground};
use crate::domain::channel::{Cause, Evidence};
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The setting that is there until somebody confirmed; its value is the host
/// the backup came from.
const RESTORED: &str = "restored";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The host that published from it last; this host's when none ever did.
    pub host: String,
    /// Scheduled posts in it.
    pub scheduled: u64,
    /// Of these, how many are due by now.
    pub due: u64,
    /// Sealed values in it; none in an export.
    pub secrets: u64,
    /// Its operators who are hub admins.
    pub admins: Vec<String>,
}

fn refused(code: &'static str, what: String, hint: &str) -> StoreError {
    StoreError::Refused {
        code,
        what,
        hint: hint.into(),
    }
}

/// Looks at a backup: it is ours, whole, not newer than this program, and its
/// tokens open with the key that is here.
///
/// # Errors
/// What is wrong with it; nothing was changed.
pub fn look(
    file: &Path,
    paths: &StorePaths,
    this_host: &str,
    now: UtcMs,
) -> Result<Backup, StoreError> {
    let name = file.display();
    let no_backup = |why: String| {
        refused(
            "bad_backup",
            format!("{name} cannot be restored: {why}."),
            "Choose another backup; nothing was changed.",
        )
    };
    if !fs::metadata(file).is_ok_and(|meta| meta.is_file()) {
        return Err(no_backup("there is no such file".into()));
    }
    if same_file(file, &paths.database) {
        return Err(no_backup("it is the database in use".into()));
    }
    let db = open::connect(file, true).map_err(|error| no_backup(told(&error)))?;
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let id = number("PRAGMA application_id").map_err(|error| no_backup(told(&error.into())))?;
    if id != APPLICATION_ID {
        return Err(no_backup("it belongs to another program".into()));
    }
    let version = migrations::version(&db)?;
    if version > migrations::newest() {
        return Err(no_backup(format!(
            "a newer version wrote it (schema {version}, this one knows {})",
            migrations::newest()
        )));
    }
    check::whole(&db, "integrity_check").map_err(|error| no_backup(told(&error)))?;
    let secrets = number("SELECT count(*) FROM secret")?;
    if secrets > 0 {
        let sealed_with = setting(&db, "key_id")?.unwrap_or_default();
        // Their names are enough: nothing is opened here.
        let keys = KeyFile::new(&paths.key, None).ids()?;
        if !keys.contains(&sealed_with) {
            return Err(refused(
                "wrong_key",
                format!(
                    "The tokens in {name} were sealed with another key than {}.",
                    paths.key.display()
                ),
                "Put that key there first, or restore a backup made with: allgreen backup FILE.",
            ));
        }
    }
    let host: Option<String> = db
        .query_row("SELECT host FROM term ORDER BY n DESC LIMIT 1", [], |row| {
            row.get(0)
        })
        .optional()?;
    let mut admins =
        db.prepare("SELECT name FROM operator WHERE hub_admin = 1 AND removed_at IS NULL")?;
    let admins = admins
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let scheduled = number("SELECT count(*) FROM delivery WHERE state = 'scheduled'")?;
    let due: i64 = db.query_row(
        "SELECT count(*) FROM delivery WHERE state = 'scheduled' AND (due <= ?1 OR send_now = 1)",
        [now.0],
        |row| row.get(0),
    )?;
    Ok(Backup {
        host: host.unwrap_or_else(|| this_host.to_owned()),
        scheduled: scheduled.unsigned_abs(),
        due: due.unsigned_abs(),
        secrets: secrets.unsigned_abs(),
        admins,
    })
}

/// The reason inside an error, without the full stop.
fn told(error: &StoreError) -> String {
    let text = match error {
        StoreError::Refused { what, .. } => what.clone(),
        other => other.to_string(),
    };
    text.trim_end_matches('.').to_owned()
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Puts a backup in the place of the database. Where the one before it is now,
/// when there was one. Nobody may publish meanwhile: the caller holds the role.
///
/// # Errors
/// When it cannot be restored; the present database is where it was, or beside
/// its place under the name in the error.
pub fn put(
    file: &Path,
    options: &OpenOptions,
    backup: &Backup,
    now: UtcMs,
) -> Result<Option<PathBuf>, StoreError> {
    let paths = &options.paths;
    let io = |error: std::io::Error| StoreError::Io(format!("restoring: {error}"));
    let ready = beside(&paths.database, ".restoring");
    let source = open::connect(file, true)?;
    backup::copy(&source, &ready)?;
    drop(source);
    prepare(&ready, options, backup, now)?;
    let stamp = now.timestamp().strftime("%Y%m%d-%H%M%S").to_string();
    let aside = format!(".before-restore-{stamp}");
    if backup.secrets == 0 {
        // The key before the database that names it.
        adopt_key(&ready, options, &aside)?;
    }
    File::open(&ready)
        .and_then(|file| file.sync_all())
        .map_err(io)?;
    let there = fs::symlink_metadata(&paths.database).is_ok();
    // Among the backups a disconnect takes the tokens out of it as well; what
    // cannot be read cannot be rewritten and would only be in the way there.
    let aside = if there && fold(&paths.database).is_ok() {
        paths.backups.join(format!("before-restore-{stamp}.db"))
    } else {
        beside(&paths.database, &aside)
    };
    if there {
        // The database first: without it nobody opens its log alone, and the
        // log must not meet the new one.
        fs::rename(&paths.database, &aside).map_err(io)?;
    }
    let log = beside(&paths.database, "-wal");
    if fs::symlink_metadata(&log).is_ok() {
        fs::rename(&log, beside(&aside, "-wal")).map_err(io)?;
    }
    for left in [
        beside(&paths.database, "-shm"),
        ground::damaged_mark(&paths.database),
    ] {
        match fs::remove_file(left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
            Ok(()) | Err(_) => {}
        }
    }
    crate::support::fault::point("restore.aside");
    fs::rename(&ready, &paths.database).map_err(io)?;
    let directory = paths.database.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(io)?;
    Ok(there.then_some(aside))
}

/// Folds the log into a database that is whole; an error says that it is not,
/// or that somebody still reads it.
fn fold(database: &Path) -> Result<(), StoreError> {
    let db = open::connect(database, false)?;
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy != 0 {
        return Err(StoreError::Busy);
    }
    check::whole(&db, "quick_check")
}

/// Makes the copy one that was restored: another instance, nothing asked of
/// its publisher any more.
fn prepare(
    ready: &Path,
    options: &OpenOptions,
    backup: &Backup,
    now: UtcMs,
) -> Result<(), StoreError> {
    let db = Connection::open(ready)?;
    db.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN;")?;
    let set = |name: &str, value: &str| {
        db.execute(
            "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
            [name, value],
        )
    };
    set("instance_id", &random_name(&options.entropy))?;
    set(RESTORED, &backup.host)?;
    db.execute(
        "UPDATE command SET state = 'done', ok = 0, done_at = ?1, result = 'Given up when the store was restored.' WHERE state <> 'done'",
        [now.0],
    )?;
    db.execute_batch("DELETE FROM waiting; COMMIT;")?;
    Ok(())
}

/// An export has no secrets, so any key will do: the one that is here, or a
/// fresh one. A file that is no key is put aside as it is.
fn adopt_key(ready: &Path, options: &OpenOptions, aside: &str) -> Result<(), StoreError> {
    let path = &options.paths.key;
    let there = match options.key_file().ids() {
        Ok(mut ids) => ids.pop(),
        Err(_) => None,
    };
    let key_id = match there {
        Some(id) => id,
        None => {
            if fs::symlink_metadata(path).is_ok() {
                fs::rename(path, beside(path, aside))
                    .map_err(|error| StoreError::Io(format!("restoring: {error}")))?;
            }
            let key = Key::fresh(&options.entropy);
            key.write_new(path)?;
            key.id()
        }
    };
    let db = Connection::open(ready)?;
    db.execute(
        "INSERT INTO setting (key, value) VALUES ('key_id', ?1) ON CONFLICT DO UPDATE SET value = excluded.value",
        [key_id],
    )?;
    Ok(())
}

/// What confirming a restored store did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Posts whose time passed since the backup; none goes out by itself.
    pub missed: u64,
    /// Sends that were under way; the network is read about them first.
    pub unknown: u64,
    /// Channels that came back without their tokens.
    pub reconnect: u64,
}

impl Tx<'_> {
    /// The host a restored store came from, until somebody confirmed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn restored_from(&self) -> Result<Option<String>, StoreError> {
        self.setting(RESTORED)
    }

    /// Lets a restored store speak to networks again. What was under way is
    /// looked up, what was due meanwhile may have gone out from the other one
    /// and is missed.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn confirm_restored(&self, now: UtcMs, entropy: &Entropy) -> Result<Confirmed, StoreError> {
        let mut done = Confirmed::default();
        let due = self.all(
            "SELECT id FROM delivery WHERE state = 'scheduled' AND (due <= ?1 OR send_now = 1)",
            [now.0],
            |row| Ok(DeliveryId::from_stored(row.get::<_, String>(0)?)),
        )?;
        for id in due {
            self.record(&Record::new(&id, State::Missed), now)?;
            done.missed += 1;
        }
        for delivery in self.open_deliveries()? {
            if delivery.state != State::Sending {
                continue;
            }
            let attempt = self.latest_attempt(&delivery.id)?;
            let mut record = Record::new(&delivery.id, State::Unknown);
            record.attempt = attempt.as_ref().map(|attempt| &attempt.id);
            record.verdict = Some(NewVerdict {
                kind: "interrupted",
                ..NewVerdict::default()
            });
            record.next_look_at = Some(now);
            self.record(&record, now)?;
            done.unknown += 1;
        }
        done.reconnect = self.break_without_tokens(now, entropy)?;
        self.set_setting(RESTORED, None)?;
        Ok(done)
    }

    /// Says of every channel whose tokens did not come back that it must be
    /// reconnected.
    fn break_without_tokens(&self, now: UtcMs, entropy: &Entropy) -> Result<u64, StoreError> {
        let without = self.all(
            "SELECT c.id FROM channel c JOIN login l ON l.id = c.login_id
             WHERE c.status <> 'DISCONNECTED' AND l.generation = 0",
            [],
            |row| {
                Ok(crate::domain::ids::ChannelId::from_stored(
                    row.get::<_, String>(0)?,
                ))
            },
        )?;
        let evidence = Evidence {
            message: Some("the store was restored from a backup without tokens".into()),
            ..Evidence::default()
        };
        for id in &without {
            self.break_channel(id, Cause::Expired, &evidence, now, entropy)?;
            self.plan_probe(id, None)?;
        }
        Ok(without.len() as u64)
    }
}
