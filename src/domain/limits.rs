//! What the server of an account says its posts may be.

use serde::{Deserialize, Serialize};

/// The limits a server told; `None` and an empty list where it told nothing, so
/// that what is usual on its network holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServerLimits {
    /// Graphemes of a text, its warning included.
    pub characters: Option<u64>,
    /// What a link counts, however long it is.
    pub link_characters: Option<u64>,
    /// Media of a post.
    pub media: Option<u64>,
    /// Types of media (`image/png`).
    pub types: Vec<String>,
    /// Bytes of an image; fewer are taken.
    pub image_bytes: Option<u64>,
    /// Width times height of an image.
    pub image_points: Option<u64>,
    /// Bytes of a video; fewer are taken.
    pub video_bytes: Option<u64>,
    /// Characters of a description.
    pub description: Option<u64>,
    /// Where it tells how it is; not a limit, but told on the same page.
    pub status_page: Option<String>,
}

impl ServerLimits {
    /// Whether the server told anything at all.
    pub fn told(&self) -> bool {
        *self != Self::default()
    }
}
