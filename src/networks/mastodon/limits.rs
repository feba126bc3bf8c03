//! What a post may hold on an instance with the default settings.
//!
//! Source: <https://docs.joinmastodon.org/entities/Instance/> and
//! <https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb>

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::post_options::PostOptions;
use crate::networks::{MediaItem, Problem};

/// Graphemes of warning and text together.
const LONGEST: usize = 500;
/// What a link counts, however long it is.
const LINK: usize = 23;
/// Media of a post.
const FILES: usize = 4;
const TYPES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
];

/// Everything that keeps `text` with `media` from going out.
pub(super) fn problems(text: &str, media: &[MediaItem], options: &PostOptions) -> Vec<Problem> {
    let mut problems = Vec::new();
    if text.trim().is_empty() && media.is_empty() {
        problems.push(problem(
            "The post has no text and no media.".to_owned(),
            "Write something or add an image.",
        ));
    }
    let warning = options.content_warning.as_deref().unwrap_or_default();
    if let Some(over @ 1..) = (length(text) + length(warning)).checked_sub(LONGEST) {
        let s = if over == 1 { "" } else { "s" };
        problems.push(problem(
            format!("The text is {over} character{s} too long for Mastodon."),
            "Shorten it to 500; a link counts as 23, and the content warning counts too.",
        ));
    }
    if let Some(over @ 1..) = media.len().checked_sub(FILES) {
        problems.push(problem(
            format!("{} media are {over} too many for Mastodon.", media.len()),
            "Keep at most 4.",
        ));
    }
    for (at, item) in media.iter().enumerate() {
        if !TYPES.contains(&item.mime.as_str()) {
            problems.push(problem(
                format!("Medium {} is of a type Mastodon does not take.", at + 1),
                "Use JPEG, PNG, GIF, WebP, MP4 or WebM.",
            ));
        }
    }
    if options.link_card.is_some() {
        problems.push(problem(
            "Mastodon makes its own link previews.".to_owned(),
            "Leave that out for this channel, or choose another channel.",
        ));
    }
    problems
}

/// Graphemes, with each link as 23.
fn length(text: &str) -> usize {
    let words = text.split_inclusive(char::is_whitespace);
    let of = |word: &str| {
        let found = word
            .find("https://")
            .into_iter()
            .chain(word.find("http://"));
        let end = word.trim_end().len();
        match found.min() {
            Some(at) => {
                word[..at].graphemes(true).count() + LINK + word[end..].graphemes(true).count()
            }
            None => word.graphemes(true).count(),
        }
    };
    words.map(of).sum()
}

fn problem(what: String, hint: &str) -> Problem {
    Problem {
        what,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_count_as_23_and_the_warning_counts_too() {
        let options = PostOptions {
            content_warning: Some("w".repeat(10)),
            ..PostOptions::default()
        };
        let link = format!("https://example.org/{}", "x".repeat(300));
        let text = format!("{} {link}", "\u{1f469}\u{200d}\u{1f680}".repeat(466));
        assert!(problems(&text, &[], &options).is_empty());
        let said = problems(&format!("{text} y"), &[], &options);
        assert_eq!(
            said[0].what,
            "The text is 2 characters too long for Mastodon."
        );
    }
}
