//! Forward-only migrations, each in one transaction, counted by `user_version`.

use rusqlite::Connection;
use rusqlite::fallible_iterator::FallibleIterator;

use super::error::StoreError;
use super::writer;
use crate::support::fault;

/// "AGrn": marks the file as ours.
pub const APPLICATION_ID: i64 = 0x4147_726e;

/// Every migration in order; the schema number is how many there are.
pub const ALL: &[&str] = &[
    include_str!("migrations/0001_core.sql"),
    include_str!("migrations/0002_post_options.sql"),
    include_str!("migrations/0003_reading.sql"),
    include_str!("migrations/0004_server_limits.sql"),
    include_str!("migrations/0005_uploads.sql"),
    include_str!("migrations/0006_judging.sql"),
    include_str!("migrations/0007_unanswered_refresh.sql"),
    include_str!("migrations/0008_publisher.sql"),
    include_str!("migrations/0009_set_aside.sql"),
    include_str!("migrations/0010_since.sql"),
    include_str!("migrations/0011_drafts.sql"),
    include_str!("migrations/0012_troubles.sql"),
    include_str!("migrations/0013_draft_time.sql"),
    include_str!("migrations/0014_broken_first.sql"),
];

/// The schema this program understands.
pub fn newest() -> i64 {
    i64::try_from(ALL.len()).unwrap_or(i64::MAX)
}

/// The schema a file has.
pub fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the file up to [`newest`]. Safe to run again after a crash.
///
/// `backup` is called with the schema the file has before its first change,
/// under the write lock, so that two starting processes make one true backup.
pub fn run(
    db: &Connection,
    backup: impl FnMut(i64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    run_all(db, ALL, backup)
}

/// Runs one migration, statement by statement, so that a test can end the
/// process after each of them.
fn each_statement(db: &Connection, sql: &str, number: i64) -> Result<(), StoreError> {
    let mut statements = rusqlite::Batch::new(db, sql);
    let mut n = 0;
    while let Some(mut statement) = statements.next()? {
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        n += 1;
        fault::point(&format!("migrate.{number}.{n}"));
    }
    Ok(())
}

fn run_all(
    db: &Connection,
    all: &[&str],
    mut backup: impl FnMut(i64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    // Nothing to do is found out without the write lock: whoever only looks
    // must not wait for somebody who writes.
    if usize::try_from(version(db)?).is_ok_and(|have| have >= all.len()) {
        return Ok(());
    }
    let mut first = true;
    loop {
        writer::begin(db)?;
        // Read again under the lock: another process may have been first.
        let done = (|| {
            let have = version(db)?;
            let Some(next) = usize::try_from(have).ok().and_then(|at| all.get(at)) else {
                return Ok(true);
            };
            if have == 0 {
                // Together with the tables, or a crash between the two would
                // leave a file that is taken for another program's.
                db.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
            } else if first {
                backup(have)?;
            }
            first = false;
            each_statement(db, next, have + 1)?;
            db.execute_batch(&format!("PRAGMA user_version = {}", have + 1))?;
            Ok::<_, StoreError>(false)
        })();
        match done {
            Ok(finished) => {
                db.execute_batch("COMMIT")?;
                if finished {
                    return Ok(());
                }
            }
            Err(error) => {
                // The first error is the one worth telling.
                let _ = db.execute_batch("ROLLBACK");
                return Err(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const TWO: &[&str] = &[
        "CREATE TABLE a (x); INSERT INTO a VALUES (1);",
        "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = 2;",
    ];

    fn file() -> (tempfile::TempDir, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let db = Connection::open(dir.path().join("m.db")).unwrap();
        db.execute_batch("PRAGMA journal_mode = WAL").unwrap();
        (dir, db)
    }

    /// Schema number, mark and tables.
    fn shape(db: &Connection) -> (i64, i64, i64) {
        let one = |sql| db.query_row(sql, [], |row| row.get(0)).unwrap();
        (
            one("PRAGMA user_version"),
            one("PRAGMA application_id"),
            one("SELECT count(*) FROM sqlite_schema"),
        )
    }

    #[test]
    fn row_31_a_migration_killed_after_any_statement_leaves_nothing_and_runs_again() {
        let statements: Vec<String> = {
            // Cut where SQLite itself sees a whole statement.
            let mut found = Vec::new();
            let mut begun = String::new();
            for line in ALL[0].lines() {
                begun.push_str(line);
                begun.push('\n');
                if line.trim_end().ends_with(';')
                    && (!begun.contains("CREATE TRIGGER") || line.contains("END;"))
                {
                    found.push(std::mem::take(&mut begun));
                }
            }
            assert!(begun.trim().is_empty(), "left over: {begun}");
            found
        };
        assert!(statements.len() > 60, "{} statements", statements.len());
        let (dir, db) = file();
        for killed_after in (0..statements.len()).step_by(7) {
            let other = Connection::open(dir.path().join("m.db")).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            other
                .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))
                .unwrap();
            for statement in &statements[..killed_after] {
                other.execute_batch(statement).unwrap();
            }
            drop(other);
            assert_eq!(shape(&db), (0, 0, 0), "after {killed_after}");
        }
        run(&db, |_| Ok(())).unwrap();
        let (version, id, tables) = shape(&db);
        assert_eq!((version, id), (newest(), APPLICATION_ID));
        assert!(tables > 60);
        run(&db, |_| panic!("nothing left to do")).unwrap();
    }

    #[test]
    fn a_migration_that_fails_half_way_changes_nothing() {
        let (_dir, db) = file();
        run_all(&db, &TWO[..1], |_| Ok(())).unwrap();
        let before = shape(&db);
        let broken = [TWO[0], "ALTER TABLE a ADD COLUMN y; CREATE TABLE a (z);"];
        assert!(run_all(&db, &broken, |_| Ok(())).is_err());
        assert_eq!(shape(&db), before);
        run_all(&db, TWO, |_| Ok(())).unwrap();
        assert_eq!(shape(&db).0, 2);
    }

    #[test]
    fn row_31_the_backup_is_made_once_under_the_lock_and_shows_the_file_before() {
        let (dir, db) = file();
        run_all(&db, &TWO[..1], |_| panic!("a new file needs no backup")).unwrap();
        let made = RefCell::new(Vec::new());
        let three = [TWO[0], TWO[1], "CREATE TABLE b (x);"];
        run_all(&db, &three, |from| {
            // Another process that starts now can look, but not write.
            let other = Connection::open(dir.path().join("m.db")).unwrap();
            other
                .busy_timeout(std::time::Duration::from_millis(1))
                .unwrap();
            assert!(other.execute_batch("BEGIN IMMEDIATE").is_err());
            made.borrow_mut().push((from, shape(&other).0));
            Ok(())
        })
        .unwrap();
        assert_eq!(made.into_inner(), [(1, 1)]);
        assert_eq!(shape(&db).0, 3);
    }

    #[test]
    fn what_channels_show_is_read_after_an_update_and_no_request_is_lost() {
        let (_dir, db) = file();
        db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        run_all(&db, &ALL[..2], |_| Ok(())).unwrap();
        let channel = |id: &str, status: &str, gone: &str| {
            format!(
                "INSERT INTO channel (id, workspace_id, kind, identity_server, remote_id, handle, display_name, login_method,
                   server, status, cause, publishable, status_since, connected_at, connected_by, disconnected_at)
                 VALUES ('{id}', 'w', 'BLUESKY', '', '{id}', 'h', '', 'app_password', 's', '{status}', 'none', 0, 0, 7, 'o', {gone});"
            )
        };
        db.execute_batch(&format!(
            "INSERT INTO workspace VALUES ('w', 'main', 'Main', 'UTC', 'enterprise', 0, 0, NULL);
             INSERT INTO operator VALUES ('o', 'ann', 1, 0, NULL);
             INSERT INTO command (id, kind, object, state, asked_by, asked_at) VALUES ('c', 'probe', 'soc_1', 'queued', 'o', 5);
             {}{}",
            channel("soc_1", "ACTIVE", "NULL"),
            channel("soc_2", "DISCONNECTED", "1"),
        ))
        .unwrap();
        run_all(&db, &ALL[..3], |_| Ok(())).unwrap();
        db.execute_batch(&channel("soc_3", "ACTIVE", "NULL"))
            .unwrap();
        db.execute_batch(
            "INSERT INTO command (id, kind, object, state, asked_by, asked_at) VALUES ('d', 'read', 'soc_1', 'queued', 'o', 6)",
        )
        .unwrap();
        let one = |sql: &str| -> String { db.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(one("SELECT group_concat(kind) FROM command"), "probe,read");
        assert_eq!(
            one("SELECT group_concat(object) FROM event WHERE kind = 'command'"),
            "c,d",
            "the feed still tells of commands"
        );
        assert_eq!(
            one(
                "SELECT group_concat(channel_id || ' ' || what || ' ' || next_at, ', ') FROM reading"
            ),
            "soc_1 comments 0, soc_1 metrics 0, soc_1 posts 0, soc_3 comments 7, soc_3 metrics 7, soc_3 posts 7"
        );
    }

    #[test]
    fn what_is_set_aside_stays_so_where_the_trouble_is_known_to_be_the_same() {
        let (_dir, db) = file();
        run_all(&db, &ALL[..11], |_| Ok(())).unwrap();
        let channel = |id: &str, publishable: i64, since: i64| {
            format!(
                "INSERT INTO channel (id, workspace_id, kind, identity_server, remote_id, handle, display_name, login_method,
                   server, status, cause, publishable, status_since, connected_at, connected_by)
                 VALUES ('{id}', 'w', 'BLUESKY', '', '{id}', 'h', '', 'app_password', 's', 'ACTIVE', 'none', {publishable}, {since}, 7, 'o');
                 INSERT INTO set_aside (object, until, note, by_operator, at) VALUES ('{id}', 99, '', 'o', 50);"
            )
        };
        db.execute_batch(&format!(
            "INSERT INTO workspace VALUES ('w', 'main', 'Main', 'UTC', 'enterprise', 0, 0, NULL);
             INSERT INTO operator VALUES ('o', 'ann', 1, 0, NULL);
             {}{}{}",
            channel("soc_broken", 0, 40),
            channel("soc_later", 0, 60),
            channel("soc_amber", 1, 40),
        ))
        .unwrap();
        run_all(&db, &ALL[..12], |_| Ok(())).unwrap();
        let about = |id: &str| -> String {
            let sql = "SELECT about FROM set_aside WHERE object = ?1";
            db.query_row(sql, [id], |row| row.get(0)).unwrap()
        };
        assert_eq!(about("soc_broken"), r#"["broken 40"]"#);
        assert_eq!(about("soc_later"), "[]", "it broke again");
        assert_eq!(about("soc_amber"), "[]", "nothing says since when");
    }

    #[test]
    fn no_backup_means_no_migration() {
        let (_dir, db) = file();
        run_all(&db, &TWO[..1], |_| Ok(())).unwrap();
        let full = run_all(&db, TWO, |_| Err(StoreError::Io("full".into())));
        assert!(matches!(full, Err(StoreError::Io(_))));
        assert_eq!(shape(&db).0, 1);
    }
}
