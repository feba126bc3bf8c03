//! What a post may hold, checked before anything is sent.
//!
//! Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json>

use crate::domain::post_options::{PostOptions, Visibility};
use crate::domain::text::{TextProblem, bluesky_problems};
use crate::networks::evidence::safe;
use crate::networks::{MediaItem, Problem};

/// Images in one post.
pub(super) const IMAGES: usize = 4;
/// Bytes of one image. A server of an older lexicon takes 1,000,000; it says so
/// when the image is uploaded.
pub(super) const IMAGE_BYTES: u64 = 2_000_000;
/// Image types every client shows.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// Everything that keeps `text` with `media` from going out.
pub(super) fn problems(text: &str, media: &[MediaItem], options: &PostOptions) -> Vec<Problem> {
    let mut problems: Vec<Problem> = bluesky_problems(text)
        .into_iter()
        .filter(|problem| media.is_empty() || *problem != TextProblem::Empty)
        .map(of_text)
        .collect();
    if let Some(over @ 1..) = media.len().checked_sub(IMAGES) {
        problems.push(problem(
            format!("{} images are {over} too many for Bluesky.", media.len()),
            format!("Keep at most {IMAGES}."),
        ));
    }
    problems.extend(media.iter().enumerate().filter_map(of_image));
    problems.extend(of_options(options));
    problems
}

/// What was chosen and cannot be honoured here: nobody may find a post public
/// that was written for few.
fn of_options(options: &PostOptions) -> Option<Problem> {
    let what = if options
        .visibility
        .is_some_and(|one| one != Visibility::Public)
    {
        "Bluesky shows every post to everybody."
    } else if options.content_warning.is_some() {
        "Bluesky has no content warnings of the author's own words."
    } else if options.link_card.is_some() {
        "Link cards are not posted to Bluesky yet."
    } else {
        return None;
    };
    Some(problem(
        what.to_owned(),
        "Leave that out for this channel, or choose another channel.".to_owned(),
    ))
}

/// "1 byte", "2 bytes".
fn counted(n: u64, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

fn of_text(found: TextProblem) -> Problem {
    match found {
        TextProblem::Empty => problem(
            "The post has no text and no image.".to_owned(),
            "Write something or add an image.".to_owned(),
        ),
        TextProblem::Graphemes { over } => problem(
            format!(
                "The text is {} too long for Bluesky.",
                counted(over as u64, "character")
            ),
            "Shorten it to 300.".to_owned(),
        ),
        TextProblem::Bytes { over } => problem(
            format!(
                "The text is {} too long for Bluesky.",
                counted(over as u64, "byte")
            ),
            "Leave out some emoji; joined ones take many bytes.".to_owned(),
        ),
    }
}

fn of_image((index, item): (usize, &MediaItem)) -> Option<Problem> {
    let number = index + 1;
    if !TYPES.contains(&item.mime.as_str()) {
        let kind = safe(&item.mime, &[], 60);
        return Some(problem(
            format!("Attachment {number} is {kind}, which this program does not post to Bluesky."),
            "Use a JPEG, PNG, WebP or GIF image.".to_owned(),
        ));
    }
    let over = item
        .bytes
        .checked_sub(IMAGE_BYTES)
        .filter(|over| *over > 0)?;
    Some(problem(
        format!(
            "Image {number} is {} too large for Bluesky.",
            counted(over, "byte")
        ),
        format!("Save it with at most {IMAGE_BYTES} bytes."),
    ))
}

fn problem(what: String, hint: String) -> Problem {
    Problem { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(mime: &str, bytes: u64) -> MediaItem {
        MediaItem {
            path: "x".into(),
            mime: mime.into(),
            bytes,
            size: None,
            sha256: String::new(),
            alt: String::new(),
        }
    }

    fn none(text: &str, media: &[MediaItem]) -> Vec<Problem> {
        problems(text, media, &PostOptions::default())
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_before_anybody_sees_it() {
        let only_followers = PostOptions {
            visibility: Some(Visibility::Private),
            ..PostOptions::default()
        };
        let said = problems("hello", &[], &only_followers);
        assert_eq!(said[0].what, "Bluesky shows every post to everybody.");
    }

    #[test]
    fn every_problem_is_said_with_its_number() {
        assert_eq!(none("hello", &[]), []);
        assert_eq!(none("", &[image("image/png", IMAGE_BYTES)]), []);
        let media = [
            image("image/png", IMAGE_BYTES + 1),
            image("video/mp4", 9),
            image("image/gif", 1),
            image("image/webp", 1),
            image("image/jpeg", 1),
        ];
        let said: Vec<String> = none(&"x".repeat(302), &media)
            .into_iter()
            .map(|problem| problem.what)
            .collect();
        assert_eq!(
            said,
            [
                "The text is 2 characters too long for Bluesky.",
                "5 images are 1 too many for Bluesky.",
                "Image 1 is 1 byte too large for Bluesky.",
                "Attachment 2 is video/mp4, which this program does not post to Bluesky.",
            ]
        );
        assert_eq!(none(" ", &[])[0].what, "The post has no text and no image.");
    }
}
