//! What a post may hold: what its instance says, and the default settings where
//! that is not known.
//!
//! Source: <https://docs.joinmastodon.org/entities/Instance/> and
//! <https://github.com/mastodon/mastodon/blob/main/app/models/media_attachment.rb>

use super::length::length;
use crate::domain::limits::ServerLimits;
use crate::domain::post_options::PostOptions;
use crate::networks::{Count, MediaItem, Problem};

/// Graphemes of warning and text together.
const LONGEST: u64 = 500;
/// What a link counts, however long it is.
const LINK: u64 = 23;
/// Media of a post.
const FILES: u64 = 4;
/// Bytes; fewer are taken.
const IMAGE_BYTES: u64 = 16 << 20;
const VIDEO_BYTES: u64 = 99 << 20;
/// Width times height.
const IMAGE_POINTS: u64 = 33_177_600;
/// Characters of a description.
const DESCRIPTION: u64 = 1500;
/// What this program can send that a server may take.
pub(super) const TYPES: [&str; 7] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "video/quicktime",
];
/// Those of them that every server takes.
const USUAL: usize = 6;

/// Everything that keeps `text` with `media` from going out.
pub(super) fn problems(
    text: &str,
    media: &[MediaItem],
    options: &PostOptions,
    told: &ServerLimits,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if text.trim().is_empty() && media.is_empty() {
        problems.push(problem(
            "The post has no text and no media.".to_owned(),
            "Write something or add an image.".to_owned(),
        ));
    }
    problems.extend(of_text(text, options, told));
    let most = told.media.unwrap_or(FILES);
    let count = u64::try_from(media.len()).unwrap_or(u64::MAX);
    if let Some(over @ 1..) = count.checked_sub(most) {
        problems.push(problem(
            format!("{count} media are {over} too many for {}.", who(told)),
            format!("Keep at most {most}."),
        ));
    }
    if count > 1 && media.iter().any(is_video) {
        problems.push(problem(
            "Mastodon takes a video alone, without other media.".to_owned(),
            "Post the video by itself.".to_owned(),
        ));
    }
    for (at, item) in media.iter().enumerate() {
        problems.extend(of_item(at + 1, item, told));
    }
    if options.link_card.is_some() {
        problems.push(problem(
            "Mastodon makes its own link previews.".to_owned(),
            "Leave that out for this channel, or choose another channel.".to_owned(),
        ));
    }
    problems
}

/// Text and warning together, a link as the server counts it.
pub(super) fn count(text: &str, options: &PostOptions, told: &ServerLimits) -> Count {
    let link = told.link_characters.unwrap_or(LINK);
    let warning = options.content_warning.as_deref().unwrap_or_default();
    Count {
        used: length(text, warning, link),
        most: told.characters.unwrap_or(LONGEST),
    }
}

fn of_text(text: &str, options: &PostOptions, told: &ServerLimits) -> Option<Problem> {
    let link = told.link_characters.unwrap_or(LINK);
    let counted = count(text, options, told);
    let longest = counted.most;
    let over = Some(counted.over()).filter(|over| *over > 0)?;
    Some(problem(
        format!("The text is {} too long for {}.", many(over), who(told)),
        format!(
            "Shorten it to {longest}; a link counts as {link}, and the content warning counts too."
        ),
    ))
}

fn of_item(number: usize, item: &MediaItem, told: &ServerLimits) -> Vec<Problem> {
    let mut problems = Vec::new();
    let taken: Vec<&str> = if told.types.is_empty() {
        TYPES[..USUAL].to_vec()
    } else {
        told.types.iter().map(String::as_str).collect()
    };
    if !taken.contains(&item.mime.as_str()) {
        problems.push(problem(
            format!("Medium {number} is of a type {} does not take.", who(told)),
            format!("Use {}.", named(&taken)),
        ));
    }
    let less = if is_video(item) {
        told.video_bytes.unwrap_or(VIDEO_BYTES)
    } else {
        told.image_bytes.unwrap_or(IMAGE_BYTES)
    };
    if item.bytes >= less {
        problems.push(problem(
            format!(
                "Medium {number} has {} bytes, which is too large for {}.",
                item.bytes,
                who(told)
            ),
            format!("Save it with fewer than {less} bytes."),
        ));
    }
    let points = told.image_points.unwrap_or(IMAGE_POINTS);
    if let Some((width, height)) = item.size.filter(|_| !is_video(item))
        && u64::from(width) * u64::from(height) > points
    {
        problems.push(problem(
            format!(
                "Medium {number} has {width} x {height} pixels, which are too many for {}.",
                who(told)
            ),
            format!("Make it smaller: width times height is at most {points}."),
        ));
    }
    let longest = told.description.unwrap_or(DESCRIPTION);
    let described = u64::try_from(item.alt.chars().count()).unwrap_or(u64::MAX);
    if let Some(over @ 1..) = described.checked_sub(longest) {
        problems.push(problem(
            format!(
                "The description of medium {number} is {} too long for {}.",
                many(over),
                who(told)
            ),
            format!("Shorten it to {longest}."),
        ));
    }
    problems
}

/// Whose limits they are.
fn who(told: &ServerLimits) -> &'static str {
    if told.told() {
        "this server"
    } else {
        "Mastodon"
    }
}

fn many(over: u64) -> String {
    let s = if over == 1 { "" } else { "s" };
    format!("{over} character{s}")
}

/// Types as people call them.
fn named(types: &[&str]) -> String {
    let names: Vec<&str> = types
        .iter()
        .map(|kind| match *kind {
            "image/jpeg" => "JPEG",
            "image/png" => "PNG",
            "image/gif" => "GIF",
            "image/webp" => "WebP",
            "video/mp4" => "MP4",
            "video/webm" => "WebM",
            _ => "MOV",
        })
        .collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

fn is_video(item: &MediaItem) -> bool {
    item.mime.starts_with("video/")
}

fn problem(what: String, hint: String) -> Problem {
    Problem { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> MediaItem {
        MediaItem {
            path: "x".into(),
            mime: "image/png".into(),
            bytes: 1000,
            size: Some((40, 30)),
            sha256: String::new(),
            alt: "a cat".into(),
        }
    }

    fn said(text: &str, media: &[MediaItem], told: &ServerLimits) -> Vec<String> {
        let found = problems(text, media, &PostOptions::default(), told);
        found
            .into_iter()
            .map(|one| format!("{} {}", one.what, one.hint))
            .collect()
    }

    #[test]
    fn the_default_settings_hold_while_nothing_is_known() {
        let unknown = ServerLimits::default();
        let options = PostOptions {
            content_warning: Some("w".repeat(10)),
            ..PostOptions::default()
        };
        let link = format!("https://example.org/{}", "x".repeat(300));
        let text = format!("{} {link}", "\u{1f469}\u{200d}\u{1f680}".repeat(466));
        assert!(problems(&text, &[], &options, &unknown).is_empty());
        let found = problems(&format!("{text} y"), &[], &options, &unknown);
        assert_eq!(
            found[0].what,
            "The text is 2 characters too long for Mastodon."
        );
        let mut large = image();
        large.bytes = 16 << 20;
        large.size = Some((8000, 5000));
        large.alt = "x".repeat(1501);
        assert_eq!(
            said("x", &[large], &unknown),
            [
                "Medium 1 has 16777216 bytes, which is too large for Mastodon. Save it with fewer than 16777216 bytes.",
                "Medium 1 has 8000 x 5000 pixels, which are too many for Mastodon. Make it smaller: width times height is at most 33177600.",
                "The description of medium 1 is 1 character too long for Mastodon. Shorten it to 1500.",
            ]
        );
        let video = MediaItem {
            mime: "video/mp4".into(),
            ..image()
        };
        assert!(said("x", std::slice::from_ref(&video), &unknown).is_empty());
        assert_eq!(said("x", &[video, image()], &unknown).len(), 1);
        let film = MediaItem {
            mime: "video/quicktime".into(),
            ..image()
        };
        assert_eq!(
            said("x", &[film], &unknown),
            [
                "Medium 1 is of a type Mastodon does not take. Use JPEG, PNG, GIF, WebP, MP4 or WebM."
            ]
        );
    }

    #[test]
    fn what_the_server_says_counts_in_both_directions() {
        let told = ServerLimits {
            characters: Some(1000),
            link_characters: Some(30),
            media: Some(1),
            types: vec!["image/jpeg".into(), "video/quicktime".into()],
            image_bytes: Some(500),
            image_points: Some(1199),
            video_bytes: Some(2000),
            description: Some(4),
            status_page: None,
        };
        assert!(said(&"x".repeat(1000), &[], &told).is_empty());
        let text = format!("{} https://example.org", "x".repeat(970));
        assert_eq!(
            said(&text, &[image(), image()], &told)[..3],
            [
                "The text is 1 character too long for this server. Shorten it to 1000; a link counts as 30, and the content warning counts too.",
                "2 media are 1 too many for this server. Keep at most 1.",
                "Medium 1 is of a type this server does not take. Use JPEG or MOV.",
            ]
        );
        assert_eq!(
            said("x", &[image()], &told)[1..],
            [
                "Medium 1 has 1000 bytes, which is too large for this server. Save it with fewer than 500 bytes.",
                "Medium 1 has 40 x 30 pixels, which are too many for this server. Make it smaller: width times height is at most 1199.",
                "The description of medium 1 is 1 character too long for this server. Shorten it to 4.",
            ]
        );
    }
}
