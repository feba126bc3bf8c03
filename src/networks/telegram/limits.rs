//! What a post may hold, checked before anything is sent.
//!
//! Source: <https://core.telegram.org/bots/api#sendmessage>,
//! <https://core.telegram.org/bots/api#sendphoto> and
//! <https://core.telegram.org/bots/api#sendmediagroup>

use crate::domain::post_options::{PostOptions, Visibility};
use crate::networks::{Count, MediaItem, Problem};

/// UTF-16 units of a text without media.
const TEXT: usize = 4096;
/// UTF-16 units of a text under media.
const CAPTION: usize = 1024;
/// Items of an album.
const ITEMS: usize = 10;
/// Bytes of a photo.
const PHOTO_BYTES: u64 = 10 << 20;
/// Bytes of any other file.
const FILE_BYTES: u64 = 50 << 20;
/// Width and height of a photo together, in pixels.
const PHOTO_SIDES: u64 = 10_000;
/// How many times longer one side of a photo may be.
const PHOTO_RATIO: u64 = 20;

/// What a medium is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Photo,
    Video,
    Document,
}

impl Kind {
    /// Shown as photo or video where every client does, else as a file.
    pub fn of(item: &MediaItem) -> Self {
        match item.mime.as_str() {
            "image/jpeg" | "image/png" | "image/webp" => Self::Photo,
            "video/mp4" => Self::Video,
            _ => Self::Document,
        }
    }

    /// The field and the media type at the network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Document => "document",
        }
    }
}

/// Everything that keeps `text` with `media` from going out.
pub(super) fn problems(text: &str, media: &[MediaItem], options: &PostOptions) -> Vec<Problem> {
    let mut problems: Vec<Problem> = of_text(text, media).into_iter().collect();
    if let Some(over @ 1..) = media.len().checked_sub(ITEMS) {
        problems.push(problem(
            format!("{} media are {over} too many for Telegram.", media.len()),
            format!("Keep at most {ITEMS}."),
        ));
    }
    let files = media.iter().filter(|item| Kind::of(item) == Kind::Document);
    let files = files.count();
    if files != 0 && files != media.len() {
        problems.push(problem(
            format!("{files} of {} media can only be sent as files, which Telegram does not mix with photos and videos.", media.len()),
            "Use JPEG, PNG or WebP images and MP4 videos, or post the files alone.".to_owned(),
        ));
    }
    problems.extend(media.iter().enumerate().filter_map(of_item));
    problems.extend(of_options(options));
    problems
}

/// UTF-16 units, fewer of them under media.
pub(super) fn count(text: &str, media: usize) -> Count {
    let most = if media == 0 { TEXT } else { CAPTION };
    Count {
        used: text.trim().encode_utf16().count() as u64,
        most: most as u64,
    }
}

fn of_text(text: &str, media: &[MediaItem]) -> Option<Problem> {
    let units = text.trim().encode_utf16().count();
    if units == 0 && media.is_empty() {
        return Some(problem(
            "The post has no text and no media.".to_owned(),
            "Write something or add an image.".to_owned(),
        ));
    }
    let (longest, what) = if media.is_empty() {
        (TEXT, "text")
    } else {
        (CAPTION, "text under the media")
    };
    let over = units.checked_sub(longest).filter(|over| *over > 0)?;
    let s = if over == 1 { "" } else { "s" };
    Some(problem(
        format!("The {what} is {over} character{s} too long for Telegram."),
        format!("Shorten it to {longest}; an emoji counts as two or more."),
    ))
}

fn of_item((index, item): (usize, &MediaItem)) -> Option<Problem> {
    let number = index + 1;
    let (kind, longest) = match Kind::of(item) {
        Kind::Photo => ("Image", PHOTO_BYTES),
        Kind::Video => ("Video", FILE_BYTES),
        Kind::Document => ("File", FILE_BYTES),
    };
    if let Some(over) = item.bytes.checked_sub(longest).filter(|over| *over > 0) {
        let s = if over == 1 { "" } else { "s" };
        return Some(problem(
            format!("{kind} {number} is {over} byte{s} too large for Telegram."),
            format!("Save it with at most {longest} bytes."),
        ));
    }
    let (width, height) = item.size.filter(|_| Kind::of(item) == Kind::Photo)?;
    let (width, height) = (u64::from(width), u64::from(height));
    let (long, short) = (width.max(height), width.min(height));
    if long + short > PHOTO_SIDES {
        return Some(problem(
            format!(
                "Image {number} has {width} x {height} pixels; Telegram takes {PHOTO_SIDES} for both sides together."
            ),
            "Make it smaller.".to_owned(),
        ));
    }
    (long > short * PHOTO_RATIO).then(|| {
        problem(
            format!("Image {number} has {width} x {height} pixels; Telegram takes sides that differ by {PHOTO_RATIO} times at most."),
            "Crop it.".to_owned(),
        )
    })
}

/// What was chosen and cannot be honoured here. A language asks for nothing.
fn of_options(options: &PostOptions) -> Option<Problem> {
    let what = if options
        .visibility
        .is_some_and(|one| one != Visibility::Public)
    {
        "Telegram shows a post to everybody in the chat."
    } else if options.content_warning.is_some() {
        "Telegram has no content warnings of the author's own words."
    } else if options.link_card.is_some() {
        "Telegram makes its own link previews."
    } else {
        return None;
    };
    Some(problem(
        what.to_owned(),
        "Leave that out for this channel, or choose another channel.".to_owned(),
    ))
}

fn problem(what: String, hint: String) -> Problem {
    Problem { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(mime: &str, bytes: u64, size: Option<(u32, u32)>) -> MediaItem {
        MediaItem {
            path: "x".into(),
            mime: mime.into(),
            bytes,
            size,
            sha256: String::new(),
            alt: String::new(),
        }
    }

    fn said(text: &str, media: &[MediaItem]) -> Vec<String> {
        let found = problems(text, media, &PostOptions::default());
        found.into_iter().map(|problem| problem.what).collect()
    }

    #[test]
    fn every_problem_is_said_with_its_number() {
        let photo = item("image/png", PHOTO_BYTES, Some((5000, 5000)));
        assert_eq!(said(&"x".repeat(TEXT), &[]), [""; 0]);
        assert_eq!(
            said(&"x".repeat(CAPTION), std::slice::from_ref(&photo)),
            [""; 0]
        );
        assert_eq!(said(" \n", &[]), ["The post has no text and no media."]);
        // Each of these emoji is two units.
        assert_eq!(
            said(&"\u{1f600}".repeat(2049), &[]),
            ["The text is 2 characters too long for Telegram."]
        );
        assert_eq!(
            said(&"x".repeat(1025), std::slice::from_ref(&photo)),
            ["The text under the media is 1 character too long for Telegram."]
        );
        assert_eq!(
            said("", &vec![photo; 12]),
            ["12 media are 2 too many for Telegram."]
        );
        assert_eq!(
            said(
                "",
                &[
                    item("image/png", PHOTO_BYTES + 1, None),
                    item("video/mp4", FILE_BYTES + 2, None),
                    item("image/png", 9, Some((9000, 1001))),
                    item("image/png", 9, Some((2001, 100))),
                    item("image/gif", 9, Some((1, 1000))),
                ]
            ),
            [
                "1 of 5 media can only be sent as files, which Telegram does not mix with photos and videos.",
                "Image 1 is 1 byte too large for Telegram.",
                "Video 2 is 2 bytes too large for Telegram.",
                "Image 3 has 9000 x 1001 pixels; Telegram takes 10000 for both sides together.",
                "Image 4 has 2001 x 100 pixels; Telegram takes sides that differ by 20 times at most.",
            ]
        );
    }
}
