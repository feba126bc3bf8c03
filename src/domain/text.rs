//! Counting texts the way networks do.

use unicode_segmentation::UnicodeSegmentation;

/// Most graphemes of a Bluesky post (lexicon `app.bsky.feed.post`).
pub const BLUESKY_GRAPHEMES: usize = 300;
/// Most UTF-8 bytes of a Bluesky post.
pub const BLUESKY_BYTES: usize = 3000;

/// The size of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextCount {
    /// What a person sees as characters.
    pub graphemes: usize,
    /// UTF-8 bytes.
    pub bytes: usize,
}

/// Counts a text.
pub fn count(text: &str) -> TextCount {
    TextCount {
        graphemes: text.graphemes(true).count(),
        bytes: text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_emoji_is_one_character_of_many_bytes() {
        assert_eq!(
            count("👨‍👩‍👧‍👦é"),
            TextCount {
                graphemes: 2,
                bytes: 27
            }
        );
    }
}
