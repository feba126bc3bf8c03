//! Row 31 with the real program: killed in the middle of an update of its
//! store, whichever statement it was at, it finishes the next time.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::process::Home;

/// Every migration in order, as the program has them.
const ALL: &[&str] = allgreen::store::MIGRATIONS;

/// A store as an older version left it.
fn older(schema: usize) -> Home {
    let home = Home::new();
    let database = home.file("allgreen.db");
    let db = rusqlite::Connection::open(&database).unwrap();
    let ours = 0x4147_726e;
    db.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    if schema > 0 {
        db.execute_batch(&format!("PRAGMA application_id = {ours}"))
            .unwrap();
    }
    for sql in &ALL[..schema] {
        db.execute_batch(sql).unwrap();
    }
    db.execute_batch(&format!("PRAGMA user_version = {schema}"))
        .unwrap();
    drop(db);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// Schema number, and whether the file is whole.
fn shape(home: &Home) -> (usize, String) {
    let db = rusqlite::Connection::open(home.file("allgreen.db")).unwrap();
    let schema: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    let verdict = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    (usize::try_from(schema).unwrap(), verdict)
}

#[test]
fn row_31_a_migration_killed_at_any_statement_is_finished_by_the_next_start_with_a_backup_of_before()
 {
    for from in 0..ALL.len() {
        // The first one has over a hundred statements; every ninth will do.
        let step = if from == 0 { 9 } else { 1 };
        let mut at = 1;
        let mut killed = 0;
        loop {
            let home = older(from);
            let point = format!("migrate.{}.{at}", from + 1);
            let ended = home.allgreen(["status"]).fault(&point).run();
            if ended.signal.is_none() {
                // There is no such statement any more.
                ended.ok();
                break;
            }
            ended.expect_killed();
            killed += 1;
            assert_eq!(shape(&home), (from, "ok".into()), "{point}");
            let backup = home.file(format!("backups/before-schema-{}.db", from + 1));
            assert_eq!(backup.exists(), from > 0, "{point}");
            home.allgreen(["status"]).run().ok();
            assert_eq!(shape(&home), (ALL.len(), "ok".into()), "{point}");
            at += step;
        }
        assert!(killed > 0, "schema {from}");
    }
}

#[test]
fn an_update_says_that_it_takes_a_while_and_where_the_store_of_before_is() {
    let home = older(ALL.len() - 1);
    let updated = home.allgreen(["status"]).run();
    let said = updated.stderr.clone();
    updated.ok();
    assert!(said.contains("from an older version"), "{said}");
    let backup = home.file(format!("backups/before-schema-{}.db", ALL.len()));
    assert!(backup.exists());
    assert!(said.contains(backup.to_str().unwrap()), "{said}");
    // Neither the next start nor a first one updates anything.
    for home in [home, older(0)] {
        let next = home.allgreen(["status"]).run();
        assert!(!next.stderr.contains("older version"), "{}", next.stderr);
        next.ok();
    }
}
