//! Rows 25 to 28 and 31 with the real program: damaged, removed, replaced and
//! unsafe files, and what an operator can still do then.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::common::crashes::Ground;
use crate::common::process::{Home, Running};
use crate::common::program::Desk;
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually, not_shown};

fn desk() -> (Simulated, Desk, String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    (ground, desk, channel)
}

/// A daemon that publishes.
fn publishing(desk: &Desk) -> Running {
    let daemon = desk.home.daemon();
    eventually("it publishes", PATIENCE, || {
        let shown = desk.json(&["publisher", "show"]);
        shown["running"] == true && shown["pid"] == daemon.pid()
    });
    daemon
}

fn newest_backup(home: &Home) -> PathBuf {
    eventually("there is a backup", PATIENCE, || {
        fs::read_dir(home.file("backups")).is_ok_and(|list| {
            list.flatten()
                .any(|one| one.path().extension().is_some_and(|end| end == "db"))
        })
    });
    fs::read_dir(home.file("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "db"))
        .unwrap()
}

/// The page some table begins on.
fn damage(database: &Path, table: &str) {
    let db = rusqlite::Connection::open(database).unwrap();
    let root: i64 = db
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    drop(db);
    let mut bytes = fs::read(database).unwrap();
    bytes[usize::try_from(root - 1).unwrap() * 4096] ^= 0x40;
    fs::write(database, bytes).unwrap();
}

#[test]
fn row_25_a_database_damaged_in_a_crash_is_found_before_anything_is_published() {
    let (ground, desk, channel) = desk();
    let daemon = publishing(&desk);
    let backup = newest_backup(&desk.home);
    daemon.kill_9().expect_killed();
    let post = desk.schedule(&channel, "not from a ruin", "in 1s");
    damage(&desk.home.file("allgreen.db"), "metric");
    let refused = desk.home.allgreen(["daemon"]).run().expect_code(1);
    let command = format!("allgreen restore {}", backup.display());
    assert!(refused.stderr.contains("damaged"), "{refused:#?}");
    assert!(refused.stderr.contains(&command), "{refused:#?}");
    assert!(ground.posts().is_empty(), "no publishing");
    // What can be read is shown, and every command says what is wrong.
    let list = desk.home.allgreen(["post", "list", "--json"]).run().ok();
    assert!(list.json().to_string().contains(&post));
    assert!(list.stderr.contains("corrupt"), "{list:#?}");
    let status = desk.home.allgreen(["status"]).run().ok();
    assert!(status.stderr.contains(&command), "{status:#?}");
    let incidents = desk.json(&["incident", "list", "--open"]);
    assert_eq!(incidents[0]["kind"], "store_unusable");
    desk.home.allgreen(["check"]).run().expect_code(2);
    // Nothing is written to it any more.
    let before = fs::read(desk.home.file("allgreen.db")).unwrap();
    desk.home
        .allgreen(["channel", "pause", &channel])
        .run()
        .expect_code(1);
    desk.home
        .allgreen(["daemon", "--once"])
        .run()
        .expect_code(1);
    assert!(before == fs::read(desk.home.file("allgreen.db")).unwrap());
    // The offered command brings everything back, and sends nothing.
    desk.home
        .allgreen(["restore", backup.to_str().unwrap(), "--yes"])
        .run()
        .expect_code(6);
    desk.home.allgreen(["status"]).run().ok();
    assert!(ground.posts().is_empty());
}

#[test]
fn row_25_damage_that_is_come_upon_while_publishing_ends_it_with_a_sentence() {
    let (ground, desk, channel) = desk();
    let daemon = publishing(&desk);
    newest_backup(&desk.home);
    desk.schedule(&channel, "later", "in 1h");
    // Every page of the queue, and the log that would cover it up.
    let db = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    // Whoever reads just then keeps the log; what is in it hides the damage.
    eventually("the log is folded in", PATIENCE, || {
        let busy = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], busy)
            .unwrap()
            == 0
    });
    drop(db);
    damage(&desk.home.file("allgreen.db"), "delivery");
    // Whoever has the old pages at hand goes on until it reads the file.
    desk.home.allgreen(["post", "list"]).run();
    desk.home
        .allgreen([
            "post", "create", "--to", &channel, "--text", "x", "--at", "in 1s",
        ])
        .run()
        .expect_code(1);
    let ended = daemon.wait(PATIENCE).expect_code(1);
    assert!(ended.stderr.contains("damaged"), "{ended:#?}");
    assert!(ground.posts().is_empty());
}

#[test]
fn row_26_a_log_removed_while_the_store_is_open_stops_every_writer() {
    for removed in ["allgreen.db-wal", "allgreen.db-shm"] {
        let (ground, desk, channel) = desk();
        let daemon = publishing(&desk);
        desk.schedule(&channel, "not into nowhere", "in 2s");
        fs::remove_file(desk.home.file(removed)).unwrap();
        let ended = daemon.wait(PATIENCE).expect_code(1);
        assert!(ended.stderr.contains("removed or replaced"), "{ended:#?}");
        assert!(ended.stderr.contains(removed), "{ended:#?}");
        assert!(ground.posts().is_empty(), "{removed}");
    }
}

#[test]
fn row_26_a_log_or_its_index_removed_after_a_crash_is_recovered_as_sqlite_does() {
    // The index is made anew from the log: nothing is missing.
    let (ground, desk, channel) = desk();
    let daemon = publishing(&desk);
    let post = desk.schedule(&channel, "indexed anew", "in 1h");
    daemon.kill_9().expect_killed();
    fs::remove_file(desk.home.file("allgreen.db-shm")).unwrap();
    assert_eq!(desk.delivery(&post)["state"], "scheduled");
    // Without the log the file is as it was at the last checkpoint, and whole.
    let daemon = publishing(&desk);
    daemon.kill_9().expect_killed();
    for left in ["allgreen.db-wal", "allgreen.db-shm"] {
        let _ = fs::remove_file(desk.home.file(left));
    }
    let daemon = publishing(&desk);
    assert_eq!(desk.delivery(&post)["state"], "scheduled");
    assert_eq!(desk.channel(&channel)["lamp"], "green");
    assert!(ground.posts().is_empty());
    daemon.terminate(PATIENCE);
}

#[test]
fn row_27_a_database_replaced_under_a_publisher_ends_it_and_is_not_written_to() {
    let (ground, desk, channel) = desk();
    let daemon = publishing(&desk);
    desk.schedule(&channel, "into the right file", "in 2s");
    let database = desk.home.file("allgreen.db");
    let other = desk.home.file("other.db");
    let copy = rusqlite::Connection::open(&database).unwrap();
    copy.busy_timeout(std::time::Duration::from_secs(5))
        .unwrap();
    copy.execute("VACUUM INTO ?1", [other.to_str().unwrap()])
        .unwrap();
    drop(copy);
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read(&other).unwrap();
    fs::rename(&other, &database).unwrap();
    let ended = daemon.wait(PATIENCE).expect_code(1);
    assert!(
        ended.stderr.contains("allgreen.db was removed or replaced"),
        "{ended:#?}"
    );
    assert!(
        whole == fs::read(&database).unwrap(),
        "a byte was written to it"
    );
    assert!(ground.posts().is_empty());
}

/// How a command is started.
type Start = fn(&mut std::process::Command);

/// A home of somebody who is not the super-user, with a store in it.
fn of_nobody() -> Option<(Home, Start)> {
    if !rustix::process::geteuid().is_root() {
        return Some((Home::new(), |_| {}));
    }
    let program = Path::new(env!("CARGO_BIN_EXE_allgreen"));
    let reachable = program
        .ancestors()
        .skip(1)
        .all(|above| fs::metadata(above).is_ok_and(|meta| meta.mode() & 0o001 != 0));
    if !reachable {
        not_shown(&format!("another user cannot reach {}", program.display()));
        return None;
    }
    let home = Home::new();
    for path in [
        home.path().parent().unwrap().to_path_buf(),
        home.path(),
        home.account(),
    ] {
        std::os::unix::fs::chown(&path, Some(65_534), Some(65_534)).unwrap();
    }
    Some((home, |command| {
        use std::os::unix::process::CommandExt;
        command.uid(65_534).gid(65_534);
    }))
}

#[test]
fn row_28_a_home_that_cannot_be_written_is_said_and_a_store_of_another_user_is_refused() {
    let Some((home, as_nobody)) = of_nobody() else {
        return;
    };
    let run = |args: &[&str]| home.allgreen(args).with(as_nobody).run();
    run(&["status"]).ok();
    // The directory is read-only: nothing can be changed, and that is said.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let refused = run(&["workspace", "add", "More"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(!refused.stderr.is_empty());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    run(&["workspace", "add", "More"]).ok();
    // Somebody else's database, which even the super-user does not take over.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(home.file("allgreen.db"), Some(0), None).unwrap();
        let refused = run(&["status"]);
        assert_eq!(refused.code, Some(1), "{refused:#?}");
        assert!(
            refused.stderr.contains("belongs to another user"),
            "{refused:#?}"
        );
    }
}

#[test]
fn row_28_a_database_anybody_can_write_is_refused_with_the_command_that_mends_it() {
    let (_ground, desk, _channel) = desk();
    let database = desk.home.file("allgreen.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = desk.home.allgreen(["status"]).run().expect_code(1);
    assert!(refused.stderr.contains("chmod 600"), "{refused:#?}");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    desk.home.allgreen(["status"]).run().ok();
}

#[test]
fn row_30_a_program_that_ends_by_itself_folds_its_log_into_the_file() {
    let (_ground, desk, _channel) = desk();
    let log = desk.home.file("allgreen.db-wal");
    assert!(!log.exists(), "the last command closed it");
    let daemon = publishing(&desk);
    daemon.signal(Signal::TERM);
    daemon.wait(PATIENCE).ok();
    assert!(!log.exists(), "so does a daemon");
}
