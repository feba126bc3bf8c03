//! Files of statuses.

use std::time::Duration;

use serde_json::{Value, json};

use super::state::{Media, World};
use super::{Asked, Done, no};

/// What is taken.
pub(super) const TYPES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
];

/// How long a video is worked on.
const WORK: Duration = Duration::from_secs(8);

/// Source: <https://docs.joinmastodon.org/methods/media/#v2>
pub(super) fn upload(world: &mut World, asked: &Asked<'_>) -> Done {
    world.count(&asked.account, "media", asked.now)?;
    let Some(bytes) = asked.params.file("file") else {
        return Err(no(422, "Validation failed: File can't be blank"));
    };
    let video = bytes.get(4..8) == Some(b"ftyp");
    let image = !video && imagesize::image_type(bytes).is_ok();
    if !image && !video {
        return Err(no(
            422,
            "Validation failed: File content type is invalid, File is invalid",
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
        description: asked.params.text("description").unwrap_or_default(),
    };
    let body = json_of(&id, &media, image);
    world.media.insert(id, media);
    Ok((if image { 200 } else { 202 }, body))
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
