//! Forward-only migrations, each in one transaction, counted by `user_version`.

use rusqlite::Connection;

use super::error::StoreError;

/// Every migration in order; the schema number is how many there are.
pub const ALL: &[&str] = &[include_str!("migrations/0001_core.sql")];

/// The schema this program understands.
pub fn newest() -> i64 {
    i64::try_from(ALL.len()).unwrap_or(i64::MAX)
}

/// The schema a file has.
pub fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the file up to [`newest`]. Safe to run again after a crash.
pub fn run(db: &Connection) -> Result<(), StoreError> {
    loop {
        db.execute_batch("BEGIN IMMEDIATE")?;
        // Read again under the lock: another process may have been first.
        let done = (|| {
            let have = version(db)?;
            let Some(next) = usize::try_from(have).ok().and_then(|at| ALL.get(at)) else {
                return Ok(true);
            };
            db.execute_batch(next)?;
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
