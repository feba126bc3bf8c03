//! The change feed: how a screen learns what its own or another process did.

use super::error::StoreError;
use super::tx::Reads;
use crate::domain::ids::ChannelId;

/// How far somebody has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The last event row.
    pub event: i64,
    /// The last change number of a channel.
    pub channel: i64,
}

/// What changed after a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Channels whose row, proof or login changed.
    pub channels: Vec<ChannelId>,
    /// Kinds and ids of everything else, without repeats.
    pub objects: Vec<(String, String)>,
    /// Where to go on.
    pub cursor: Cursor,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.objects.is_empty()
    }
}

impl Reads<'_> {
    /// Where the feed stands now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn cursor(&self) -> Result<Cursor, StoreError> {
        let event = self
            .value("SELECT coalesce(max(id), 0) FROM event", [])?
            .unwrap_or(0);
        let channel = self
            .value("SELECT coalesce(max(change), 0) FROM channel", [])?
            .unwrap_or(0);
        Ok(Cursor { event, channel })
    }

    /// What changed since `cursor`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes_since(&self, cursor: Cursor) -> Result<Changes, StoreError> {
        let channels = self.all(
            "SELECT id FROM channel WHERE change > ?1 ORDER BY change",
            [cursor.channel],
            |row| Ok(ChannelId::from_stored(row.get::<_, String>(0)?)),
        )?;
        let objects = self.all(
            "SELECT kind, object FROM event WHERE id > ?1 GROUP BY kind, object ORDER BY min(id)",
            [cursor.event],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok(Changes {
            channels,
            objects,
            cursor: self.cursor()?,
        })
    }
}
