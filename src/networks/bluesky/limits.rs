//! What a post may hold: lexicon `app.bsky.feed.post` and
//! `app.bsky.embed.images` (<https://github.com/bluesky-social/atproto/tree/main/lexicons>).

use super::super::{MediaItem, Problem};
use crate::domain::text;

/// Images per post.
const IMAGES: usize = 4;
/// Bytes per image; older servers take half of it.
const IMAGE_BYTES: u64 = 2_000_000;
/// Image types servers and apps show.
const TYPES: &[&str] = &["image/jpeg", "image/png", "image/webp", "image/gif"];

/// Everything that would make the network refuse this post.
pub fn problems(body: &str, media: &[MediaItem]) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |what: String, hint: &str| {
        found.push(Problem {
            what,
            hint: hint.to_owned(),
        })
    };
    let count = text::count(body);
    if count.graphemes > text::BLUESKY_GRAPHEMES {
        say(
            format!(
                "The text has {} characters, {} more than Bluesky takes.",
                count.graphemes,
                count.graphemes - text::BLUESKY_GRAPHEMES
            ),
            "Shorten it to 300 characters.",
        );
    } else if count.bytes > text::BLUESKY_BYTES {
        say(
            format!(
                "The text has {} bytes, Bluesky takes {}.",
                count.bytes,
                text::BLUESKY_BYTES
            ),
            "Use fewer joined emoji or accents.",
        );
    }
    if body.trim().is_empty() && media.is_empty() {
        say("The post is empty.".into(), "Write a text or add an image.");
    }
    if media.len() > IMAGES {
        say(
            format!("{} images are too many for Bluesky.", media.len()),
            "Keep four at most.",
        );
    }
    for item in media {
        let name = item
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if !TYPES.contains(&item.mime.as_str()) {
            say(
                format!(
                    "{name} is {}, which Bluesky does not take as an image.",
                    item.mime
                ),
                "Use JPEG, PNG, WebP or GIF.",
            );
        } else if item.bytes > IMAGE_BYTES {
            say(
                format!(
                    "{name} has {:.1} MB, Bluesky takes 2 MB per image.",
                    item.bytes as f64 / 1e6
                ),
                "Save it smaller.",
            );
        }
    }
    found
}
