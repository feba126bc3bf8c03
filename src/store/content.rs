//! What the sender needs of a post: text, media, and how late it may be.

use std::path::PathBuf;
use std::time::Duration;

use super::error::StoreError;
use super::tx::Reads;
use crate::domain::delivery::Delivery;
use crate::domain::ids::WorkspaceId;

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

impl Reads<'_> {
    /// The text a delivery sends and its media in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn content(&self, delivery: &Delivery) -> Result<(String, Vec<StoredMedia>), StoreError> {
        let text = match &delivery.text {
            Some(text) => text.clone(),
            None => self
                .value(
                    "SELECT text FROM post WHERE id = ?1",
                    [delivery.post_id.as_str()],
                )?
                .ok_or_else(|| StoreError::NotFound(format!("post {}", delivery.post_id)))?,
        };
        let media = self.all(
            "SELECT * FROM media WHERE post_id = ?1 ORDER BY position",
            [delivery.post_id.as_str()],
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
        Ok((text, media))
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
