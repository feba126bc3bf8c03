//! What the instance says about itself.

use serde_json::{Value, json};

use super::state::World;
use super::{Done, no};

/// Source: <https://docs.joinmastodon.org/methods/instance/#v2>
pub(super) fn second(world: &World) -> Done {
    if !world.settings.instance_v2 {
        return Err(no(404, "Not Found"));
    }
    let mut configuration = configuration(world);
    let limits = &world.settings.limits;
    configuration["urls"] = json!({ "status": limits.status_url });
    // Only here.
    // Source: <https://github.com/mastodon/mastodon/blob/main/app/serializers/rest/v1/instance_serializer.rb>
    configuration["media_attachments"]["description_limit"] = json!(limits.description_limit);
    Ok((
        200,
        json!({
            "domain": world.base.trim_start_matches("http://"), "title": "Sandbox",
            "version": version(world), "configuration": configuration,
        }),
    ))
}

/// Source: <https://docs.joinmastodon.org/methods/instance/#v1>
pub(super) fn first(world: &World) -> Value {
    json!({
        "uri": world.base.trim_start_matches("http://"), "title": "Sandbox",
        "version": version(world), "configuration": configuration(world),
    })
}

fn version(world: &World) -> &'static str {
    if world.settings.before_4_3 {
        "4.2.0"
    } else {
        "4.5.0"
    }
}

fn configuration(world: &World) -> Value {
    let limits = &world.settings.limits;
    json!({
        "statuses": {
            "max_characters": limits.max_characters,
            "max_media_attachments": limits.max_media_attachments,
            "characters_reserved_per_url": limits.characters_reserved_per_url,
        },
        "media_attachments": {
            "supported_mime_types": limits.supported_mime_types,
            "image_size_limit": limits.image_size_limit,
            "image_matrix_limit": limits.image_matrix_limit,
            "video_size_limit": limits.video_size_limit,
        },
    })
}
