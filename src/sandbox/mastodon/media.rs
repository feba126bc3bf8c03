//! Files of statuses.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Media, World};
use super::{Asked, Done, Refused, no};

/// What is taken.
pub(super) const TYPES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
];

/// Points of an animation.
const GIF_POINTS: usize = 921_600;

/// How long a video is worked on.
const WORK: Duration = Duration::from_secs(8);

/// Source: <https://docs.joinmastodon.org/methods/media/#v2>
pub(super) fn upload(world: &mut World, asked: &Asked<'_>) -> Done {
    let Some(bytes) = asked.params.file("file") else {
        return Err(no(422, "Validation failed: File can't be blank"));
    };
    let limits = &world.settings.limits;
    too_many_points(bytes, limits.image_matrix_limit)?;
    let kind = kind_of(bytes).filter(|kind| limits.supported_mime_types.iter().any(|k| k == kind));
    let Some(kind) = kind else {
        return Err(no(
            422,
            "Validation failed: File content type is invalid, File is invalid",
        ));
    };
    let video = kind.starts_with("video/");
    let most = if video {
        limits.video_size_limit
    } else {
        limits.image_size_limit
    };
    // Said twice, as it is.
    // Source: <https://github.com/mastodon/mastodon/issues/6949>
    if bytes.len() >= most {
        let less = format!("must be less than {}", size(most));
        return Err(no(
            422,
            &format!("Validation failed: File file size {less}, File {less}"),
        ));
    }
    let description = asked.params.text("description").unwrap_or_default();
    if description.chars().count() > limits.description_limit {
        return Err(no(
            422,
            &format!(
                "Validation failed: Description is too long (maximum is {} characters)",
                limits.description_limit
            ),
        ));
    }
    let ready_at = if video {
        asked.now.plus(WORK)
    } else {
        asked.now
    };
    let id = world.id();
    let media = Media {
        account: asked.account.clone(),
        ready_at,
        attached: false,
        video,
        description,
    };
    let body = json_of(&id, &media, !video);
    world.media.insert(id, media);
    Ok((if video { 202 } else { 200 }, body))
}

/// Looked at before anything else; the limit of animations is never told.
///
/// Source: <https://github.com/mastodon/mastodon/blob/main/app/models/concerns/attachmentable.rb>
fn too_many_points(bytes: &[u8], most: usize) -> Result<(), Refused> {
    let Ok(size) = imagesize::blob_size(bytes) else {
        return Ok(());
    };
    let (width, height) = (size.width, size.height);
    let points = width.saturating_mul(height);
    let what = if kind_of(bytes) == Some("image/gif") && points > GIF_POINTS {
        "GIF files"
    } else if points > most {
        "images"
    } else {
        return Ok(());
    };
    Err(no(
        422,
        &format!("{width}x{height} {what} are not supported"),
    ))
}

/// The media type by what a file begins with, whatever it is called.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    use imagesize::ImageType;
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some("video/mp4");
    }
    if bytes.starts_with(b"\x1a\x45\xdf\xa3") {
        return Some("video/webm");
    }
    match imagesize::image_type(bytes).ok()? {
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Png => Some("image/png"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

/// As the server words a size.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} Bytes"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        _ => format!("{} MB", bytes / 1_048_576),
    }
}

fn json_of(id: &str, media: &Media, ready: bool) -> Value {
    let url = ready.then(|| format!("https://files.invalid/{id}"));
    json!({ "id": id, "url": url, "description": media.description })
}

/// Source: <https://docs.joinmastodon.org/methods/media/#get>
pub(super) fn get(world: &World, asked: &Asked<'_>) -> Done {
    let id = asked.req.path.rsplit('/').next().unwrap_or_default();
    let media = world.media.get(id);
    let media = media
        .filter(|one| one.account == asked.account && !one.attached)
        .ok_or_else(|| no(404, "Record not found"))?;
    let ready = media.ready_at <= asked.now;
    Ok((if ready { 200 } else { 206 }, json_of(id, media, ready)))
}
