//! Opening the store (reliability 3, rows 25, 28, 31, 44): it is made safely,
//! and a file that cannot be trusted is refused without changing a byte.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};

use allgreen::store::{Store, StoreError};
use rusqlite::Connection;

use crate::store_room::{
    NOW, Room, bytes_of, mode, number, options, parts, paths, raw, read_only, refusal,
};

/// A store that was used, backed up and closed: one whole file.
async fn used() -> tempfile::TempDir {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    room.schedule(&channel, 200, NOW);
    room.store.backup_daily("2026-11-20").await.unwrap();
    room.close().await
}

/// Opens both ways, expects the same refusal twice and every byte as it was.
fn refused_untouched(dir: &Path, code: &str) -> StoreError {
    let before = bytes_of(dir);
    let error = refusal(options(dir, 2));
    let (found, what, hint) = parts(&error);
    assert_eq!(found, code, "{error}");
    // A command ends a sentence without a full stop.
    let ends = hint.ends_with('.') || hint.contains("with: allgreen ");
    assert!(what.ends_with('.') && ends, "{error}");
    assert_eq!(error.to_string(), format!("{what} {hint}"));
    assert!(before == bytes_of(dir), "{code}: a byte changed");
    assert_eq!(parts(&refusal(read_only(dir))).0, code);
    assert!(before == bytes_of(dir), "{code}: a reader changed a byte");
    error
}

#[tokio::test]
async fn a_first_start_makes_the_database_its_log_and_its_key_for_their_owner_alone() {
    let room = Room::new(1);
    let paths = room.paths();
    for file in [&paths.database, &paths.key] {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    for suffix in ["-wal", "-shm"] {
        let mut beside = paths.database.clone().into_os_string();
        beside.push(suffix);
        assert_eq!(mode(Path::new(&beside)), 0o600, "{suffix}");
    }
    let names: Vec<_> = fs::read_dir(room.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        !names.iter().any(|name| name.ends_with(".new")),
        "the key was written aside and left there: {names:?}"
    );
    let dir = room.close().await;
    // Closed on purpose: one whole file without a log.
    let mut left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["allgreen.db", "key"]);
    drop(Store::open(options(dir.path(), 2)).unwrap());
}

#[tokio::test]
async fn row_31_a_store_of_a_newer_version_is_refused() {
    let dir = used().await;
    raw(&paths(dir.path()).database)
        .execute_batch("PRAGMA user_version = 9999")
        .unwrap();
    let error = refused_untouched(dir.path(), "newer_schema");
    assert!(error.to_string().contains("9999"), "{error}");
}

#[tokio::test]
async fn a_refused_store_keeps_even_the_log_a_crash_left_behind() {
    let dir = used().await;
    let database = paths(dir.path()).database;
    let elsewhere = tempfile::tempdir().unwrap();
    {
        let db = raw(&database);
        db.execute_batch("PRAGMA user_version = 9999").unwrap();
        // A copy made while it is open is what a crash leaves.
        for name in ["allgreen.db", "allgreen.db-wal", "key"] {
            fs::copy(dir.path().join(name), elsewhere.path().join(name)).unwrap();
        }
    }
    let log = elsewhere.path().join("allgreen.db-wal");
    assert!(fs::metadata(log).unwrap().len() > 0, "there must be a log");
    refused_untouched(elsewhere.path(), "newer_schema");
}

#[tokio::test]
async fn the_file_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let database = paths(dir.path()).database;
    Connection::open(&database)
        .unwrap()
        .execute_batch("CREATE TABLE bookmark (url TEXT); INSERT INTO bookmark VALUES ('x')")
        .unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    refused_untouched(dir.path(), "foreign_file");
    Connection::open(&database)
        .unwrap()
        .execute_batch("PRAGMA application_id = 7")
        .unwrap();
    refused_untouched(dir.path(), "foreign_file");
}

#[test]
fn row_25_a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let database = paths(dir.path()).database;
    fs::write(&database, "these are my holiday notes\n".repeat(500)).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    refused_untouched(dir.path(), "corrupt");
}

#[tokio::test]
async fn row_25_a_truncated_database_is_refused() {
    let dir = used().await;
    let database = paths(dir.path()).database;
    let whole = fs::read(&database).unwrap();
    for keep in [whole.len() / 2, 8192, 4096, 700, 50] {
        fs::write(&database, &whole[..keep]).unwrap();
        let error = refused_untouched(dir.path(), "corrupt");
        assert!(error.to_string().contains("backups"), "{error}");
    }
}

#[tokio::test]
async fn row_25_a_flipped_bit_in_the_header_or_the_schema_is_refused_and_elsewhere_found_by_the_check()
 {
    let dir = used().await;
    let database = paths(dir.path()).database;
    let whole = fs::read(&database).unwrap();
    // The mark "SQLite format 3", and the kind of the schema's first page.
    for at in [0_usize, 7, 15, 100] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        fs::write(&database, &damaged).unwrap();
        refused_untouched(dir.path(), "corrupt");
    }
    fs::write(&database, &whole).unwrap();
    let store = Store::open(options(dir.path(), 3)).unwrap();
    store.read(|q| q.check()).await.unwrap();
    store.close().await;
    // The kind of every other page.
    let whole = fs::read(&database).unwrap();
    let mut found = 0;
    for at in (4096..whole.len()).step_by(4096) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        fs::write(&database, &damaged).unwrap();
        let error = match Store::open(options(dir.path(), 3)) {
            Err(error) => error,
            Ok(store) => {
                let checked = store.read(|q| q.check()).await;
                store.close().await;
                checked.expect_err(&format!("page at {at}"))
            }
        };
        assert_eq!(parts(&error).0, "corrupt");
        found += 1;
    }
    assert!(found > 20, "{found} pages");
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_found_by_the_check() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    room.schedule(&channel, 1, NOW);
    let raw = room.raw();
    raw.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM post")
        .unwrap();
    let error = room.store.read(|q| q.check()).await.unwrap_err();
    assert_eq!(parts(&error).0, "corrupt");
    assert!(error.to_string().contains("delivery"), "{error}");
}

#[tokio::test]
async fn row_25_an_empty_or_missing_database_is_not_begun_anew_while_backups_of_it_exist() {
    let dir = used().await;
    let database = paths(dir.path()).database;
    fs::write(&database, "").unwrap();
    refused_untouched(dir.path(), "corrupt");
    fs::remove_file(&database).unwrap();
    let before = bytes_of(dir.path());
    assert_eq!(parts(&refusal(options(dir.path(), 2))).0, "corrupt");
    assert!(before == bytes_of(dir.path()));
    // Backups kept somewhere else count as well.
    let mut moved = options(dir.path(), 2);
    moved.paths.backups = dir.path().join("elsewhere");
    fs::rename(dir.path().join("backups"), &moved.paths.backups).unwrap();
    assert_eq!(parts(&refusal(moved)).0, "corrupt");
    // Without any backup it is a first start.
    drop(Store::open(options(dir.path(), 2)).unwrap());
}

#[tokio::test]
async fn row_26_an_empty_database_beside_a_log_with_rows_is_refused_because_sqlite_would_drop_the_log()
 {
    let room = Room::new(1);
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["allgreen.db-wal", "key"] {
        fs::copy(room.dir.path().join(name), elsewhere.path().join(name)).unwrap();
    }
    let database = paths(elsewhere.path()).database;
    fs::write(&database, "").unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    refused_untouched(elsewhere.path(), "corrupt");
}

#[tokio::test]
async fn row_28_a_link_in_place_of_the_database_is_refused() {
    let dir = used().await;
    let database = paths(dir.path()).database;
    let real = dir.path().join("real.db");
    fs::rename(&database, &real).unwrap();
    symlink(&real, &database).unwrap();
    refused_untouched(dir.path(), "unsafe_file");
}

#[tokio::test]
async fn a_directory_reached_through_a_link_is_fine() {
    let dir = used().await;
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("home");
    symlink(dir.path(), &link).unwrap();
    Store::open(options(&link, 2)).unwrap().close().await;
}

#[tokio::test]
async fn row_28_a_database_others_can_write_is_refused() {
    let dir = used().await;
    let database = paths(dir.path()).database;
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&database, fs::Permissions::from_mode(mode)).unwrap();
        let error = refused_untouched(dir.path(), "unsafe_file");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[tokio::test]
async fn row_44_without_its_very_key_the_store_is_refused_and_no_other_key_is_made() {
    let dir = used().await;
    let key = paths(dir.path()).key;
    let right = fs::read(&key).unwrap();

    fs::remove_file(&key).unwrap();
    let error = refused_untouched(dir.path(), "missing_key");
    assert!(error.to_string().contains("put the file back"), "{error}");

    let other = tempfile::tempdir().unwrap();
    Store::open(options(other.path(), 77))
        .unwrap()
        .close()
        .await;
    fs::copy(paths(other.path()).key, &key).unwrap();
    refused_untouched(dir.path(), "wrong_key");

    for broken in [&b""[..], b"allgreen-key-1 AAAA\n", b"hello", &right[..30]] {
        fs::write(&key, broken).unwrap();
        refused_untouched(dir.path(), "broken_key");
    }

    fs::write(&key, &right).unwrap();
    for mode in [0o640, 0o604, 0o644] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        refused_untouched(dir.path(), "unsafe_key");
    }

    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    Store::open(options(dir.path(), 2)).unwrap().close().await;
}

#[test]
fn a_missing_store_opened_read_only_is_refused_and_not_made() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(parts(&refusal(read_only(dir.path()))).0, "no_store");
    assert!(bytes_of(dir.path()).is_empty());
}

#[test]
fn a_store_that_another_program_keeps_to_itself_is_busy_not_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let database = paths(dir.path()).database;
    let other = Connection::open(&database).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    other
        .execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE")
        .unwrap();
    let error = refusal(read_only(dir.path()));
    assert!(matches!(error, StoreError::Busy), "{error}");
}

#[test]
fn an_interrupted_first_start_is_finished_by_the_next_one() {
    // After the tables and before the vault; then after the key as well.
    for keep_key in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(options(dir.path(), 1)).unwrap());
        let paths = paths(dir.path());
        raw(&paths.database)
            .execute_batch("DELETE FROM setting")
            .unwrap();
        if !keep_key {
            fs::remove_file(&paths.key).unwrap();
            assert_eq!(parts(&refusal(read_only(dir.path()))).0, "older_schema");
            assert!(!paths.key.exists(), "a reader made a key");
        }
        drop(Store::open(options(dir.path(), 2)).unwrap());
        assert_eq!(
            number(&raw(&paths.database), "SELECT count(*) FROM setting"),
            3
        );
    }
}

#[test]
fn threads_that_start_first_at_the_same_moment_share_one_store_and_one_key() {
    for round in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let start = Arc::new(Barrier::new(6));
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let start = Arc::clone(&start);
                let options = options(dir.path(), 1_000 * round + n);
                std::thread::spawn(move || {
                    start.wait();
                    Store::open(options)
                })
            })
            .collect();
        let stores: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap())
            .collect();
        let db = raw(&paths(dir.path()).database);
        assert_eq!(number(&db, "SELECT count(*) FROM setting"), 3);
        drop(stores);
    }
}

/// Not a story: what the processes of the next one run, in their directory. A
/// test by itself so that they are this very binary; ignored so that nothing
/// runs it but them, with `--ignored`.
#[test]
#[ignore = "run by processes_that_start_first_at_the_same_moment_share_one_store"]
fn child_opens_the_store_where_it_is_started() {
    let here = std::env::current_dir().unwrap();
    if here.join("go").exists() {
        drop(Store::open(options(&here, u64::from(std::process::id()))).unwrap());
    }
}

#[test]
fn processes_that_start_first_at_the_same_moment_share_one_store() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("go"), "").unwrap();
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--ignored", "--exact"])
                .arg("store_opening::child_opens_the_store_where_it_is_started")
                .current_dir(dir.path())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
    }
    let db = raw(&paths(dir.path()).database);
    assert_eq!(number(&db, "SELECT count(*) FROM setting"), 3);
    assert_eq!(mode(&paths(dir.path()).database), 0o600);
    drop(Store::open(options(dir.path(), 9)).unwrap());
}
