//! What is set aside: by whom, until when, and with which note.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Params, Row};

use super::error::StoreError;
use super::rows::{at, listed, texts};
use super::tx::{Reads, Tx};
use crate::domain::aside::Aside;
use crate::domain::ids::{ChannelId, OperatorId};
use crate::domain::reading::Reading;
use crate::domain::trouble::Begun;
use crate::support::time::UtcMs;

/// How long an entry that is over can still be taken back.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// What setting aside or ending it did, by the numbers of the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsideChange {
    /// The entry that was made.
    pub made: Option<i64>,
    /// The one that was there and is ended.
    pub ended: Option<i64>,
}

fn aside(row: &Row<'_>) -> Result<Aside, StoreError> {
    Ok(Aside {
        object: row.get("object")?,
        by: OperatorId::from_stored(row.get::<_, String>("by_operator")?),
        by_name: row.get("name")?,
        until: at(row, "until")?,
        note: row.get("note")?,
        at: at(row, "at")?,
        about: texts(row, "about")?,
    })
}

/// Names a damaged note in the log: once, as lists are read again and again.
fn tell(id: i64, object: String, error: &StoreError) {
    static TOLD: Mutex<BTreeSet<i64>> = Mutex::new(BTreeSet::new());
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.insert(id) {
        tracing::warn!(%object, %error, "a note on what is set aside cannot be read; it shows as not set aside: set it aside anew");
    }
}

impl Reads<'_> {
    /// Everything that is set aside, and was not ended by hand. Whether it still
    /// lasts is for the clock to say.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn asides(&self) -> Result<Vec<Aside>, StoreError> {
        self.readable(
            "SELECT s.*, o.name FROM set_aside s JOIN operator o ON o.id = s.by_operator WHERE s.ended_at IS NULL",
            [],
        )
    }

    /// How one thing is set aside.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn aside(&self, object: &str) -> Result<Option<Aside>, StoreError> {
        let found = self.readable(
            "SELECT s.*, o.name FROM set_aside s JOIN operator o ON o.id = s.by_operator
             WHERE s.object = ?1 AND s.ended_at IS NULL",
            [object],
        )?;
        Ok(found.into_iter().next())
    }

    /// Notes without those that are damaged: a thing shows as nobody's then,
    /// never as quieter than it is, and every other one shows as ever.
    fn readable(&self, sql: &str, params: impl Params) -> Result<Vec<Aside>, StoreError> {
        let all = self.all(sql, params, |row| match aside(row) {
            Ok(one) => Ok(Some(one)),
            Err(error) => {
                let (id, object) = (row.get("id")?, row.get("object").unwrap_or_default());
                tell(id, object, &error);
                Ok(None)
            }
        })?;
        Ok(all.into_iter().flatten().collect())
    }

    /// How often troubles of a channel began that no date of it tells apart.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn troubles_begun(&self, channel: &ChannelId) -> Result<Begun, StoreError> {
        let id = [channel.as_str()];
        let refreshing = self.value(
            "SELECT l.refresh_troubles FROM channel c JOIN login l ON l.id = c.login_id WHERE c.id = ?1",
            id,
        )?;
        let refused = self.all(
            "SELECT what, refusals FROM reading WHERE channel_id = ?1 AND refused = 1",
            id,
            |row| Ok((listed(row, "what", Reading::parse)?, row.get("refusals")?)),
        )?;
        Ok(Begun {
            refreshing: refreshing.unwrap_or(0),
            refused,
        })
    }
}

impl Tx<'_> {
    /// Sets a thing aside, for what is wrong with it now; what was said of it
    /// before is ended.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn set_aside(
        &self,
        object: &str,
        until: UtcMs,
        note: &str,
        about: &[String],
        by: &OperatorId,
        now: UtcMs,
    ) -> Result<AsideChange, StoreError> {
        self.run(
            "DELETE FROM set_aside WHERE coalesce(ended_at, until) < ?1",
            [now.minus(KEPT).0],
        )?;
        let before = self.end_aside(object, now)?;
        self.run(
            "INSERT INTO set_aside (object, until, note, by_operator, at, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                object,
                until.0,
                note,
                by.as_str(),
                now.0,
                serde_json::json!(about).to_string(),
            ),
        )?;
        Ok(AsideChange {
            made: Some(self.db.last_insert_rowid()),
            ended: before.ended,
        })
    }

    /// Ends what is set aside before its time.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end_aside(&self, object: &str, now: UtcMs) -> Result<AsideChange, StoreError> {
        let id: Option<i64> = self.value(
            "SELECT id FROM set_aside WHERE object = ?1 AND ended_at IS NULL",
            [object],
        )?;
        if let Some(id) = id {
            self.run(
                "UPDATE set_aside SET ended_at = ?2 WHERE id = ?1",
                (id, now.0),
            )?;
        }
        Ok(AsideChange {
            made: None,
            ended: id,
        })
    }

    /// Takes one such change back; whether nobody changed it since.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn take_aside_back(
        &self,
        object: &str,
        change: AsideChange,
        now: UtcMs,
    ) -> Result<bool, StoreError> {
        // The newest of the object has to be the one of this change, and what it
        // ended has to be there still: a note is wiped with its channel.
        let newest: Option<i64> = self.value(
            "SELECT id FROM set_aside WHERE object = ?1 ORDER BY id DESC LIMIT 1",
            [object],
        )?;
        let here: Option<i64> = self.value(
            "SELECT id FROM set_aside WHERE object = ?1 AND ended_at IS NULL",
            [object],
        )?;
        if here != change.made || newest != change.made.or(change.ended) {
            return Ok(false);
        }
        if let Some(made) = change.made {
            self.run(
                "UPDATE set_aside SET ended_at = ?2 WHERE id = ?1",
                (made, now.0),
            )?;
            // The update is what others see; the entry itself is as if it had
            // never been, so that what was before it can be taken back as well.
            self.run("DELETE FROM set_aside WHERE id = ?1", [made])?;
        }
        if let Some(ended) = change.ended {
            let again = self.run(
                "UPDATE set_aside SET ended_at = NULL WHERE id = ?1",
                [ended],
            )?;
            // One that was kept long enough is gone; the newer one is taken back.
            return Ok(again == 1 || change.made.is_some());
        }
        Ok(true)
    }

    /// Removes every note about a channel and its posts; how many there were.
    pub(super) fn forget_asides(&self, channel: &ChannelId) -> Result<usize, StoreError> {
        self.run(OF_CHANNEL, [channel.as_str()])
    }

    /// Removes every note about a login; how many there were.
    pub(super) fn forget_asides_of_login(&self, login: &str) -> Result<usize, StoreError> {
        self.run("DELETE FROM set_aside WHERE object = ?1", [login])
    }
}

/// Removes what was written about an object, and about the posts of it when it
/// is a channel. There are few notes and many posts.
pub(super) const OF_CHANNEL: &str = "DELETE FROM set_aside WHERE object = ?1
  OR (substr(object, 1, 4) = 'dlv_' AND (SELECT channel_id FROM delivery WHERE id = object) = ?1)";
