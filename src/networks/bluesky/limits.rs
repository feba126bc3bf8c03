//! What a post may hold, checked before anything is sent.
//!
//! Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/images.json>

use super::record::VIDEO;
use crate::domain::post_options::{LinkCard, PostOptions, Visibility};
use crate::domain::text::{BLUESKY_GRAPHEMES, Length, TextProblem, bluesky_problems};
use crate::networks::evidence::safe;
use crate::networks::{Count, MediaItem, Problem};

/// Images in one post.
pub(super) const IMAGES: usize = 4;
/// Bytes of one image. A server of an older lexicon takes 1,000,000; it says so
/// when the image is uploaded.
pub(super) const IMAGE_BYTES: u64 = 2_000_000;
/// Bytes of a video. Servers and the video service may take less; they say so
/// when it is uploaded.
const VIDEO_BYTES: u64 = 300_000_000;
/// Longest description of a video in graphemes, and in bytes.
const VIDEO_ALT_GRAPHEMES: usize = 1_000;
const VIDEO_ALT_BYTES: usize = 10_000;
/// Bytes of the address of a card; the lexicon has no limit, this one is ours.
const CARD_ADDRESS: usize = 2_048;
/// Image types every client shows.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// Graphemes; the limit of bytes, which only joined emoji reach, is a problem of
/// its own.
pub(super) fn count(text: &str) -> Count {
    Count {
        used: Length::of(text).graphemes as u64,
        most: BLUESKY_GRAPHEMES as u64,
    }
}

/// Everything that keeps `text` with `media` from going out.
pub(super) fn problems(text: &str, media: &[MediaItem], options: &PostOptions) -> Vec<Problem> {
    let mut problems: Vec<Problem> = bluesky_problems(text)
        .into_iter()
        .filter(|problem| {
            let alone = media.is_empty() && options.link_card.is_none();
            alone || *problem != TextProblem::Empty
        })
        .map(of_text)
        .collect();
    let videos = media.iter().filter(|item| item.mime == VIDEO).count();
    if videos > 0 && media.len() > 1 {
        problems.push(problem(
            "A post on Bluesky has one video or up to 4 images, not both.".to_owned(),
            "Keep one of them.".to_owned(),
        ));
    } else if let Some(over @ 1..) = media.len().checked_sub(IMAGES) {
        problems.push(problem(
            format!("{} images are {over} too many for Bluesky.", media.len()),
            format!("Keep at most {IMAGES}."),
        ));
    }
    problems.extend(media.iter().enumerate().filter_map(|(index, item)| {
        if item.mime == VIDEO {
            of_video(item)
        } else {
            of_image((index, item))
        }
    }));
    problems.extend(of_options(options));
    let card = options.link_card.as_ref();
    problems.extend(card.and_then(|card| of_card(card, media)));
    problems
}

/// A post shows one thing below its text, and readers follow the address.
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/external.json>
fn of_card(card: &LinkCard, media: &[MediaItem]) -> Option<Problem> {
    let web = url::Url::parse(&card.url).ok().filter(|url| {
        let named = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "https" | "http") && url.has_host() && named
    });
    if web.is_none() || card.url.len() > CARD_ADDRESS {
        return Some(problem(
            "The address of the link card is no web address.".to_owned(),
            "Write it as https://host/path, without a name or password.".to_owned(),
        ));
    }
    (!media.is_empty()).then(|| {
        problem(
            "A post on Bluesky has a link card or images, not both.".to_owned(),
            "Leave the card out: a link in the text can be followed all the same.".to_owned(),
        )
    })
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
            "Use a JPEG, PNG, WebP or GIF image, or an MP4 video.".to_owned(),
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

/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json>
fn of_video(item: &MediaItem) -> Option<Problem> {
    let over = item.bytes.checked_sub(VIDEO_BYTES).filter(|over| *over > 0);
    if let Some(over) = over {
        return Some(problem(
            format!(
                "The video is {} too large for Bluesky.",
                counted(over, "byte")
            ),
            format!("Save it with at most {VIDEO_BYTES} bytes."),
        ));
    }
    let alt = Length::of(&item.alt);
    (alt.graphemes > VIDEO_ALT_GRAPHEMES || alt.bytes > VIDEO_ALT_BYTES).then(|| {
        problem(
            "The description of the video is too long for Bluesky.".to_owned(),
            format!("Shorten it to {VIDEO_ALT_GRAPHEMES} characters."),
        )
    })
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
    fn below_a_text_is_one_video_or_images_or_a_card() {
        let card = |url: &str| PostOptions {
            link_card: Some(LinkCard {
                url: url.into(),
                title: "t".into(),
                description: String::new(),
            }),
            ..PostOptions::default()
        };
        assert_eq!(none("", &[image(VIDEO, VIDEO_BYTES)]), []);
        assert_eq!(problems("", &[], &card("https://acme.example/a")), []);
        let said = |media: &[MediaItem], options: &PostOptions| {
            let found = problems("", media, options);
            found.into_iter().next().unwrap().what
        };
        let plain = PostOptions::default();
        assert_eq!(
            said(&[image(VIDEO, VIDEO_BYTES + 1)], &plain),
            "The video is 1 byte too large for Bluesky."
        );
        assert_eq!(
            said(&[image(VIDEO, 1), image("image/png", 1)], &plain),
            "A post on Bluesky has one video or up to 4 images, not both."
        );
        assert_eq!(
            said(&[image("image/png", 1)], &card("https://acme.example/a")),
            "A post on Bluesky has a link card or images, not both."
        );
        for bad in ["ftp://a.example", "https://u:p@a.example", "acme.example"] {
            assert_eq!(
                said(&[], &card(bad)),
                "The address of the link card is no web address."
            );
        }
    }

    #[test]
    fn every_problem_is_said_with_its_number() {
        assert_eq!(none("hello", &[]), []);
        assert_eq!(none("", &[image("image/png", IMAGE_BYTES)]), []);
        let media = [
            image("image/png", IMAGE_BYTES + 1),
            image("video/quicktime", 9),
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
                "Attachment 2 is video/quicktime, which this program does not post to Bluesky.",
            ]
        );
        assert_eq!(none(" ", &[])[0].what, "The post has no text and no image.");
    }
}
