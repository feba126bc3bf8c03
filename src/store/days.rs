//! What the days of a channel are told from: when it turned, and when somebody
//! looked.

use super::error::StoreError;
use super::tx::Reads;
use crate::domain::days::Stretch;
use crate::domain::ids::ChannelId;
use crate::support::time::UtcMs;

/// No more lines of a channel are read.
const MOST: u32 = 2_000;

impl Reads<'_> {
    /// Whether a channel could publish, oldest first: since `from`, and the last
    /// line before it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn turns(
        &self,
        channel: &ChannelId,
        from: UtcMs,
    ) -> Result<Vec<(UtcMs, bool)>, StoreError> {
        self.back_to(
            "SELECT at, publishable FROM history WHERE channel_id = ?1 ORDER BY id DESC LIMIT ?2",
            (channel.as_str(), MOST),
            |row| Ok((UtcMs(row.get(0)?), row.get(1)?)),
            |(at, _)| *at < from,
        )
    }

    /// When somebody published and proved, oldest first, since `from`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn watched(&self, from: UtcMs) -> Result<Vec<Stretch>, StoreError> {
        self.back_to(
            "SELECT started_at, coalesce(ended_at, heartbeat_at) FROM term ORDER BY n DESC",
            [],
            |row| Ok((UtcMs(row.get(0)?), UtcMs(row.get(1)?))),
            |(_, to)| *to < from,
        )
    }

    /// Rows newest first, read until one is old enough, turned round.
    fn back_to<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl Fn(&rusqlite::Row<'_>) -> Result<T, StoreError>,
        old: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let one = read(row)?;
            let enough = old(&one);
            all.push(one);
            if enough {
                break;
            }
        }
        all.reverse();
        Ok(all)
    }
}
