//! Whether the file is whole: after an end that was no clean one, and every
//! week. Opening never does this, it takes too long for a screen.

use rusqlite::Connection;

use super::error::StoreError;
use super::tx::Reads;

/// Refuses a database of which this check says that something is broken.
pub(super) fn whole(db: &Connection, check: &str) -> Result<(), StoreError> {
    let verdict: String = db.query_row(&format!("PRAGMA {check}(1)"), [], |row| row.get(0))?;
    let orphan: Option<String> = {
        let mut statement = db.prepare("PRAGMA foreign_key_check")?;
        let mut rows = statement.query([])?;
        match rows.next()? {
            Some(row) => row.get("table")?,
            None => None,
        }
    };
    let what = match (verdict.as_str(), orphan) {
        ("ok", None) => return Ok(()),
        ("ok", Some(table)) => format!("a row of {table} refers to one that is gone"),
        (verdict, _) => verdict.to_owned(),
    };
    Err(StoreError::Refused {
        code: "corrupt",
        what: format!("The database is damaged ({what})."),
        hint: "Nothing is published from it; restore the newest file of backups/.".into(),
    })
}

impl Reads<'_> {
    /// Reads every page and every reference once (0.2 s for 240 MB).
    ///
    /// Finds broken pages and references; a changed letter inside a text has no
    /// mark that could tell.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the code `corrupt` when something is broken.
    pub fn check(&self) -> Result<(), StoreError> {
        whole(self.db, "quick_check")
    }

    /// The same, and every index against its table (about 1 s for 240 MB).
    ///
    /// # Errors
    /// As [`Reads::check`].
    pub fn check_whole(&self) -> Result<(), StoreError> {
        whole(self.db, "integrity_check")
    }
}
