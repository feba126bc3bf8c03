//! Opening the file: who may use it, whether it is ours, with which settings.

use std::fs::{self, OpenOptions as FileOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::key_file::{Key, WITHOUT_KEY};
use super::migrations::APPLICATION_ID;
use super::vault::Vault;
use super::{OpenOptions, StorePaths, damage, migrations, update, writer};
use crate::support::entropy::Entropy;

/// Older SQLite libraries can corrupt a WAL shared by several processes.
const OLDEST_SQLITE: i32 = 3_051_003;
/// File systems without shared memory across hosts, by `statfs` magic: NFS,
/// SMB, CIFS, SMB2, FUSE.
const NETWORK_FILE_SYSTEMS: &[i64] = &[0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546];

/// How long one try waits for another process's lock.
pub const BUSY: Duration = Duration::from_secs(5);

/// What opening gives.
pub struct Opened {
    /// The writer's connection, unless opened read-only.
    pub writer: Option<Connection>,
    /// The vault of this database.
    pub vault: Vault,
}

fn refused(code: &'static str, what: String, hint: &str) -> StoreError {
    StoreError::Refused {
        code,
        what,
        hint: hint.into(),
    }
}

/// Opens and checks; makes a new store when there is no file.
pub fn open(options: &OpenOptions) -> Result<Opened, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(refused(
            "old_sqlite",
            format!("The SQLite library {} is too old.", rusqlite::version()),
            "Build with the bundled one.",
        ));
    }
    let path = &options.paths.database;
    check_file_system(path)?;
    let there = check_file(path)?;
    if options.read_only && !there {
        return Err(refused(
            "no_store",
            format!("There is no database at {}.", path.display()),
            "Run once without --read-only to make one.",
        ));
    }
    check_not_lost(options)?;
    if options.read_only {
        let db = connect(path, true)?;
        check_ours(&db, &options.paths)?;
        if migrations::version(&db)? < migrations::newest() {
            return Err(refused(
                "older_schema",
                "The database was written by an older version.".into(),
                "Run once without --read-only to bring it up to date.",
            ));
        }
        let vault = existing_vault(&db, options)?.ok_or_else(|| {
            refused(
                "older_schema",
                "The first start of this database was interrupted.".into(),
                "Run once without --read-only to finish it.",
            )
        })?;
        return Ok(Opened {
            writer: None,
            vault,
        });
    }
    if !there {
        make_file(path)?;
    }
    // A refused file keeps every byte: closing must not write its log back.
    // Without a log closing writes nothing, but removes what opening made.
    let keep_log = fs::metadata(beside(path, "-wal")).is_ok_and(|meta| meta.len() > 0);
    let db = connect(path, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log)?;
    check_ours(&db, &options.paths)?;
    damage::refuse_marked(&db, &options.paths)?;
    // The key before anything is migrated.
    let vault = if migrations::version(&db)? == 0 {
        None
    } else {
        existing_vault(&db, options)?
    };
    settings_for_writer(&db)?;
    update::run(&db, options)?;
    let vault = match vault {
        Some(vault) => vault,
        None => first_vault(&db, options)?,
    };
    assert_settings(&db)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(Opened {
        writer: Some(db),
        vault,
    })
}

/// Opens a store without its key and without writing, as far as it can be read;
/// `None` when it cannot.
pub fn open_rescue(options: &OpenOptions) -> Result<Option<Opened>, StoreError> {
    let path = &options.paths.database;
    check_file_system(path)?;
    if !check_file(path)? {
        return Ok(None);
    }
    let db = connect(path, true)?;
    let readable = check_ours(&db, &options.paths).is_ok()
        && migrations::version(&db).is_ok_and(|have| have == migrations::newest());
    Ok(readable.then(|| Opened {
        writer: None,
        // Opens nothing that is sealed: it has a key of its own.
        vault: Vault::new(
            &Key::fresh(&options.entropy),
            String::new(),
            options.entropy.clone(),
        ),
    }))
}

/// Makes the empty file, ours alone before SQLite opens it; the -wal and -shm
/// inherit its mode.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let made = FileOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Ok(_) => Ok(()),
        // Two first starts at once: the other one made it.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(refused(
            "unwritable",
            format!(
                "The database {} could not be made: {error}.",
                path.display()
            ),
            "Check the directory and its permissions.",
        )),
    }
}

/// The file SQLite keeps beside the database (`-wal`).
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Refuses to begin anew where a store was: SQLite takes an empty or missing
/// file for a new one, and throws the log beside it away.
fn check_not_lost(options: &OpenOptions) -> Result<(), StoreError> {
    let path = &options.paths.database;
    let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
    if size(path) > 0 {
        return Ok(());
    }
    let file = path.display();
    if size(&beside(path, "-wal")) > 0 {
        return Err(refused(
            "corrupt",
            format!("The database {file} is empty although its log is not."),
            &format!("Nothing was changed. {}", damage::offer(&options.paths)),
        ));
    }
    if super::backup::any(&options.paths.backups) {
        return Err(refused(
            "corrupt",
            format!("The database {file} is empty or gone although backups of it exist."),
            &format!(
                "{} Or move backups/ away to begin anew.",
                damage::offer(&options.paths)
            ),
        ));
    }
    Ok(())
}

/// A connection with the settings every connection has.
pub fn connect(path: &Path, read_only: bool) -> Result<Connection, StoreError> {
    let mode = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // The directory part may go through links; the file itself may not.
    let real = path
        .parent()
        .and_then(|parent| parent.canonicalize().ok())
        .and_then(|parent| path.file_name().map(|name| parent.join(name)))
        .unwrap_or_else(|| path.to_path_buf());
    let db = Connection::open_with_flags(real, flags)?;
    db.busy_timeout(BUSY)?;
    settings_of_each(&db)?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(db)
}

fn settings_of_each(db: &Connection) -> Result<(), StoreError> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A plan depends on the statement alone. Otherwise every statement whose
    // values could matter to the planner is compiled anew for each of them.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA secure_delete = ON;",
    )?;
    Ok(())
}

fn settings_for_writer(db: &Connection) -> Result<(), StoreError> {
    // Two first starts at once: SQLite does not wait for a lock when it changes
    // the mode, so wait for the other one here and ask again.
    for _ in 0..writer::LOCK_TRIES {
        match db
            .execute_batch("PRAGMA journal_mode = WAL")
            .map_err(StoreError::from)
        {
            Err(StoreError::Busy) => {
                writer::begin(db)?;
                db.execute_batch("COMMIT")?;
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 67108864; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1;",
    )?;
    Ok(())
}

fn assert_settings(db: &Connection) -> Result<(), StoreError> {
    let journal: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let number =
        |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let wrong = [
        ("journal_mode", journal == "wal"),
        ("synchronous", number("synchronous")? == 2),
        ("foreign_keys", number("foreign_keys")? == 1),
        ("recursive_triggers", number("recursive_triggers")? == 1),
        ("trusted_schema", number("trusted_schema")? == 0),
        ("cell_size_check", number("cell_size_check")? == 1),
        ("secure_delete", number("secure_delete")? == 1),
    ]
    .into_iter()
    .find(|(_, holds)| !holds);
    match wrong {
        None => Ok(()),
        Some((name, _)) => Err(refused(
            "settings",
            format!("SQLite did not accept the setting {name} on this file."),
            "Put the database on a local disk and try again.",
        )),
    }
}

/// Whether the file is there; refuses links, foreign owners and open modes.
fn check_file(path: &Path) -> Result<bool, StoreError> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            return Err(refused(
                "unreadable",
                format!("The database {} cannot be read: {error}.", path.display()),
                "Check the path and its permissions.",
            ));
        }
    };
    let file = path.display();
    if !meta.file_type().is_file() {
        let what = format!("The database {file} is a link or not a file.");
        return Err(refused(
            "unsafe_file",
            what,
            "Name the real file, so that nobody can swap it.",
        ));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        let what = format!("The database {file} belongs to another user.");
        return Err(refused(
            "unsafe_file",
            what,
            "Run as its owner, or use a home directory of your own.",
        ));
    }
    if meta.mode() & 0o022 != 0 {
        let what = format!("The database {file} can be written by others.");
        return Err(refused("unsafe_file", what, "Run chmod 600 on it."));
    }
    Ok(true)
}

fn check_file_system(path: &Path) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let Ok(found) = rustix::fs::statfs(directory) else {
        return Ok(());
    };
    #[allow(
        clippy::useless_conversion,
        reason = "the type of f_type differs between platforms"
    )]
    let magic = i64::from(found.f_type);
    if NETWORK_FILE_SYSTEMS.contains(&magic) {
        return Err(refused(
            "network_file_system",
            format!("{} is on a network file system.", directory.display()),
            "The store needs a local disk: choose one with --home.",
        ));
    }
    Ok(())
}

/// Refuses a file of another program, a newer one of ours, and a damaged one.
fn check_ours(db: &Connection, paths: &StorePaths) -> Result<(), StoreError> {
    let file = paths.database.display();
    let damaged = |error: rusqlite::Error| match StoreError::from(error) {
        StoreError::Refused {
            code: "corrupt",
            what,
            ..
        } => refused(
            "corrupt",
            format!("The database {file} cannot be read. {what}"),
            &format!("Nothing was changed. {}", damage::offer(paths)),
        ),
        // Busy or unreadable for another reason is not damage.
        other => other,
    };
    let number = |name: &str| {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
            .map_err(damaged)
    };
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(damaged)?;
    let id = number("application_id")?;
    if id != APPLICATION_ID && !(id == 0 && tables == 0) {
        return Err(refused(
            "foreign_file",
            format!("The database {file} belongs to another program."),
            "Choose another --home; nothing in it was touched.",
        ));
    }
    let version = number("user_version")?;
    if version > migrations::newest() {
        return Err(refused(
            "newer_schema",
            format!(
                "The database {file} was written by a newer version (schema {version}, this one knows {}).",
                migrations::newest()
            ),
            "Install the newer version; nothing was changed.",
        ));
    }
    Ok(())
}

fn first_vault(db: &Connection, options: &OpenOptions) -> Result<Vault, StoreError> {
    let read = || -> Result<Key, StoreError> {
        let mut keys = options.key_file().read()?;
        Ok(keys.remove(keys.len() - 1))
    };
    let key = if options.paths.key.exists() {
        read()?
    } else {
        let key = Key::fresh(&options.entropy);
        match key.write_new(&options.paths.key) {
            Ok(()) => key,
            // Two first starts at once: the other one made it.
            Err(_) if options.paths.key.exists() => read()?,
            Err(error) => return Err(error),
        }
    };
    let set = |name: &str, value: &str| {
        db.execute(
            "INSERT OR IGNORE INTO setting (key, value) VALUES (?1, ?2)",
            [name, value],
        )
    };
    // All three or none: half of them would look like a wrong key.
    writer::begin(db)?;
    let named = (|| {
        set("vault_id", &random_name(&options.entropy))?;
        set("instance_id", &random_name(&options.entropy))?;
        set("key_id", &key.id())?;
        db.execute_batch("COMMIT")
    })();
    if let Err(error) = named {
        // The first error is the one worth telling.
        let _ = db.execute_batch("ROLLBACK");
        return Err(error.into());
    }
    vault_with(db, vec![key], options)
}

/// The vault of a store that was made before, `None` when its first start was
/// interrupted before it had one.
fn existing_vault(db: &Connection, options: &OpenOptions) -> Result<Option<Vault>, StoreError> {
    if setting(db, "vault_id")?.is_none() {
        return Ok(None);
    }
    vault_with(db, options.key_file().read()?, options).map(Some)
}

fn vault_with(db: &Connection, keys: Vec<Key>, options: &OpenOptions) -> Result<Vault, StoreError> {
    let expected = setting(db, "key_id")?.unwrap_or_default();
    let Some(key) = keys.into_iter().find(|key| key.id() == expected) else {
        return Err(refused(
            "wrong_key",
            format!(
                "The key file {} is not the one this database was sealed with.",
                options.paths.key.display()
            ),
            WITHOUT_KEY,
        ));
    };
    let vault_id = setting(db, "vault_id")?.unwrap_or_default();
    Ok(Vault::new(&key, vault_id, options.entropy.clone()).following(options.key_file()))
}

pub(super) fn setting(db: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    use rusqlite::OptionalExtension;
    Ok(db
        .query_row("SELECT value FROM setting WHERE key = ?1", [name], |row| {
            row.get(0)
        })
        .optional()?)
}

pub(super) fn random_name(entropy: &Entropy) -> String {
    entropy
        .bytes::<16>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StorePaths;

    fn options(dir: &Path) -> OpenOptions {
        OpenOptions {
            paths: StorePaths {
                database: dir.join("a.db"),
                key: dir.join("key"),
                backups: dir.join("backups"),
            },
            entropy: Entropy::seeded(3),
            read_only: false,
            passkey: None,
            hears: None,
        }
    }

    #[test]
    fn row_24_every_connection_has_the_settings_the_design_gives_reasons_for() {
        let dir = tempfile::tempdir().unwrap();
        let options = options(dir.path());
        let writer = open(&options).unwrap().writer.unwrap();
        let reader = connect(&options.paths.database, true).unwrap();
        let get = |db: &Connection, name: &str| -> String {
            db.query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
            .map(|value| match value {
                rusqlite::types::Value::Integer(n) => n.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
            .unwrap()
        };
        for db in [&writer, &reader] {
            for (name, value) in [
                ("journal_mode", "wal"),
                ("foreign_keys", "1"),
                ("recursive_triggers", "1"),
                ("trusted_schema", "0"),
                ("cell_size_check", "1"),
                ("secure_delete", "1"),
                ("temp_store", "2"),
                ("busy_timeout", "5000"),
            ] {
                assert_eq!(get(db, name), value, "{name}");
            }
            assert!(
                db.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap(),
                "defensive"
            );
            assert!(
                db.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG).unwrap(),
                "one plan per statement"
            );
        }
        for (name, value) in [
            ("synchronous", "2"),
            ("wal_autocheckpoint", "1000"),
            ("journal_size_limit", "67108864"),
        ] {
            assert_eq!(get(&writer, name), value, "{name}");
        }
        assert!(
            !writer
                .db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE)
                .unwrap(),
            "a store in use writes its log back when it is closed"
        );
        assert!(rusqlite::version_number() >= OLDEST_SQLITE);
    }

    #[test]
    fn a_setting_that_does_not_hold_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let writer = open(&options(dir.path())).unwrap().writer.unwrap();
        for (off, name) in [
            ("PRAGMA synchronous = NORMAL", "synchronous"),
            ("PRAGMA foreign_keys = OFF", "foreign_keys"),
            ("PRAGMA recursive_triggers = OFF", "recursive_triggers"),
            ("PRAGMA trusted_schema = ON", "trusted_schema"),
            ("PRAGMA cell_size_check = OFF", "cell_size_check"),
            ("PRAGMA secure_delete = FAST", "secure_delete"),
        ] {
            settings_of_each(&writer).unwrap();
            settings_for_writer(&writer).unwrap();
            assert_settings(&writer).unwrap();
            writer.execute_batch(off).unwrap();
            let error = assert_settings(&writer).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
