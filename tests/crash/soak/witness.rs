//! A witness inside the store: triggers that write down, in the very
//! transaction, what was true when a request was armed, and each time a channel
//! could or could no longer publish. No clock has to be compared with another.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// SQLite's `now` in whole milliseconds since 1970.
const NOW: &str = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/// Puts the witness into a store, before anything is published from it.
pub fn installed(path: &Path) {
    let store = Connection::open(path).unwrap();
    store.busy_timeout(Duration::from_secs(20)).unwrap();
    store
        .execute_batch(&format!(
            "CREATE TABLE soak_armed (at INTEGER, delivery TEXT, due INTEGER, publishable INTEGER, paused_at INTEGER, status TEXT) STRICT;
             CREATE TABLE soak_health (at INTEGER, channel TEXT, publishable INTEGER, status TEXT, cause TEXT) STRICT;
             CREATE TRIGGER soak_armed AFTER UPDATE OF state ON delivery WHEN OLD.state <> 'sending' AND NEW.state = 'sending' BEGIN
               INSERT INTO soak_armed SELECT {NOW}, NEW.id, NEW.due, publishable, paused_at, status FROM channel WHERE id = NEW.channel_id;
             END;
             CREATE TRIGGER soak_health AFTER UPDATE OF publishable ON channel WHEN OLD.publishable <> NEW.publishable BEGIN
               INSERT INTO soak_health VALUES ({NOW}, NEW.id, NEW.publishable, NEW.status, NEW.cause);
             END;"
        ))
        .unwrap();
}

/// A request was armed.
#[derive(Debug)]
pub struct Armed {
    /// When.
    pub at: i64,
    /// When its delivery was due then.
    pub due: i64,
    /// What spoke against it; nothing, as it should be.
    pub against: Option<&'static str>,
}

/// Every arm of a delivery, oldest first.
pub fn armed(database: &Connection, delivery: &str) -> Vec<Armed> {
    let mut all = database
        .prepare("SELECT * FROM soak_armed WHERE delivery = ?1 ORDER BY rowid")
        .unwrap();
    let found = all.query_map([delivery], |row| {
        let paused: Option<i64> = row.get("paused_at")?;
        let against = match row.get::<_, String>("status")?.as_str() {
            "DISCONNECTED" => Some("disconnected"),
            _ if !row.get::<_, bool>("publishable")? => Some("broken"),
            _ => paused.map(|_| "paused"),
        };
        Ok(Armed {
            at: row.get("at")?,
            due: row.get("due")?,
            against,
        })
    });
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

/// When a channel turned red, for the cause that follows, or green.
pub fn turned(database: &Connection, channel: &str) -> Vec<(i64, Option<String>)> {
    let mut all = database
        .prepare(
            "SELECT at, iif(publishable, NULL, cause) FROM soak_health
             WHERE channel = ?1 AND status <> 'DISCONNECTED' ORDER BY rowid",
        )
        .unwrap();
    let found = all.query_map([channel], |row| Ok((row.get(0)?, row.get(1)?)));
    found.unwrap().collect::<Result<_, _>>().unwrap()
}

/// The same as the history tells it to people.
pub fn told(database: &Connection, channel: &str) -> Vec<bool> {
    let mut all = database
        .prepare(
            "SELECT publishable FROM history
             WHERE channel_id = ?1 AND status <> 'DISCONNECTED' ORDER BY id",
        )
        .unwrap();
    let found = all.query_map([channel], |row| row.get::<_, bool>(0));
    let mut told: Vec<bool> = found.unwrap().collect::<Result<_, _>>().unwrap();
    told.dedup();
    told
}
