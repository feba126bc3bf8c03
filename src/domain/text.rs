//! Counting text by each network's own rules, for the composer and for the
//! last check before a send.

use unicode_segmentation::UnicodeSegmentation;

/// Longest Bluesky post in graphemes (what a reader sees as one character).
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json>
pub const BLUESKY_GRAPHEMES: usize = 300;

/// Longest Bluesky post in UTF-8 bytes; same source.
pub const BLUESKY_BYTES: usize = 3000;

/// How long a text is by the units networks count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Graphemes.
    pub graphemes: usize,
    /// UTF-8 bytes.
    pub bytes: usize,
}

impl Length {
    /// Measures `text`.
    pub fn of(text: &str) -> Self {
        Self {
            graphemes: text.graphemes(true).count(),
            bytes: text.len(),
        }
    }
}

/// What is wrong with a text, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// There is none.
    Empty,
    /// That many graphemes too many.
    Graphemes {
        /// How many must go.
        over: usize,
    },
    /// That many bytes too many, which only joined emoji and the like reach
    /// while their graphemes are still few.
    Bytes {
        /// How many must go.
        over: usize,
    },
}

/// What keeps `text` from being a Bluesky post of text alone; nothing when it
/// can go out. Beside images a text may be empty.
pub fn bluesky_problems(text: &str) -> Vec<TextProblem> {
    let length = Length::of(text);
    let mut problems = Vec::new();
    if text.trim().is_empty() {
        problems.push(TextProblem::Empty);
    }
    if let Some(over @ 1..) = length.graphemes.checked_sub(BLUESKY_GRAPHEMES) {
        problems.push(TextProblem::Graphemes { over });
    }
    if let Some(over @ 1..) = length.bytes.checked_sub(BLUESKY_BYTES) {
        problems.push(TextProblem::Bytes { over });
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bluesky_counts_what_a_reader_sees_and_what_the_wire_carries() {
        assert_eq!(bluesky_problems(&"é".repeat(300)), []);
        assert_eq!(
            bluesky_problems(&"a".repeat(301)),
            [TextProblem::Graphemes { over: 1 }]
        );
        // One family is one grapheme of 25 bytes: 119 pass, 140 do not, as the
        // reference server answered.
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(family.len(), 25);
        assert_eq!(Length::of(family).graphemes, 1);
        assert_eq!(bluesky_problems(&family.repeat(119)), []);
        assert_eq!(
            bluesky_problems(&family.repeat(140)),
            [TextProblem::Bytes { over: 500 }]
        );
        assert_eq!(bluesky_problems(" \n"), [TextProblem::Empty]);
    }
}
