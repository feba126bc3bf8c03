//! What the sender needs of a post: text, media, and how late it may be.

use std::path::PathBuf;
use std::time::Duration;

use super::error::StoreError;
use super::tx::Reads;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{DeliveryId, WorkspaceId};
use crate::domain::post_options::PostOptions;
use crate::support::time::UtcMs;

/// One medium of a post as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMedia {
    /// The name of our copy inside the media directory.
    pub file: PathBuf,
    /// The name it had.
    pub name: String,
    /// Type by content.
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// SHA-256, hex.
    pub sha256: String,
    /// Alternative text.
    pub alt: String,
}

/// What a delivery sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its text.
    pub text: String,
    /// Its media in order.
    pub media: Vec<StoredMedia>,
    /// What else was chosen.
    pub options: PostOptions,
    /// The network's ids of the first part of its thread and of the part before
    /// it, when it is a later part and both are live.
    pub answers: Option<(String, String)>,
}

impl Reads<'_> {
    /// The text a delivery sends, and its media in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn content(&self, delivery: &Delivery) -> Result<Content, StoreError> {
        let post = self.post(&delivery.post_id)?;
        let text = delivery.text.clone().unwrap_or(post.text);
        // Media and card are those of the first part of a thread.
        let first = delivery.part_no == 1;
        let media = self.all(
            "SELECT * FROM media WHERE post_id = ?1 AND ?2 ORDER BY position",
            (delivery.post_id.as_str(), first),
            |row| {
                let width: Option<u32> = row.get("width")?;
                let height: Option<u32> = row.get("height")?;
                Ok(StoredMedia {
                    file: PathBuf::from(row.get::<_, String>("file")?),
                    name: row.get("name")?,
                    mime: row.get("mime")?,
                    bytes: row.get("bytes")?,
                    size: width.zip(height),
                    sha256: row.get("sha256")?,
                    alt: row.get("alt")?,
                })
            },
        )?;
        Ok(Content {
            text,
            media,
            options: if first {
                post.options
            } else {
                post.options.of_later_part()
            },
            answers: self.answers(delivery)?,
        })
    }

    fn answers(&self, delivery: &Delivery) -> Result<Option<(String, String)>, StoreError> {
        let Some(after) = &delivery.after_id else {
            return Ok(None);
        };
        let root = delivery.root_id.as_ref().unwrap_or(after);
        let remote = |id: &DeliveryId| -> Result<Option<String>, StoreError> {
            Ok(self
                .value::<Option<String>>(
                    "SELECT remote_id FROM delivery WHERE id = ?1",
                    [id.as_str()],
                )?
                .flatten())
        };
        Ok(remote(root)?.zip(remote(after)?))
    }

    /// Whether a copy of a medium is needed yet: by a post that is not decided,
    /// for a week after it was published, for a day after it was cancelled.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn media_needed(&self, file: &str, now: UtcMs) -> Result<bool, StoreError> {
        const DAY: i64 = 86_400_000;
        let needed: Option<i64> = self.value(
            "SELECT 1 FROM media m JOIN delivery d ON d.post_id = m.post_id WHERE m.file = ?1 AND NOT (
               (d.state = 'published' AND coalesce(d.published_at, d.decided_at, ?2) < ?2 - 7 * ?3)
               OR (d.state = 'cancelled' AND coalesce(d.cancelled_at, ?2) < ?2 - ?3)) LIMIT 1",
            (file, now.0, DAY),
        )?;
        Ok(needed.is_some())
    }

    /// How late posts of a workspace may be and still go out by themselves.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn late_limit(&self, workspace: &WorkspaceId) -> Result<Duration, StoreError> {
        let ms: Option<u64> = self.value(
            "SELECT late_limit_ms FROM workspace WHERE id = ?1",
            [workspace.as_str()],
        )?;
        Ok(Duration::from_millis(ms.unwrap_or(86_400_000)))
    }
}
