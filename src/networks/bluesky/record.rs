//! The post as the network stores it, and whether two of them are the same.
//!
//! Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json>

use serde_json::{Value, json};

use super::facets::facets;
use crate::networks::{MediaItem, Publish, Remote};
use crate::support::time::UtcMs;

/// The type of a video, the only one the network takes.
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json>
pub(super) const VIDEO: &str = "video/mp4";

/// The collection posts live in.
pub(super) const POST: &str = "app.bsky.feed.post";

/// The exact body of `putRecord`, with the blobs in the order of the media and
/// what it answers.
///
/// `swapRecord: null` lets the server accept an identical repeat without doing
/// anything, and refuse any other content under the key.
pub(super) fn render(publish: &Publish, blobs: &[Value], reply: Option<Value>) -> String {
    let mut record = json!({
        "$type": POST,
        "text": publish.text,
        "createdAt": stamp(publish.now),
    });
    if let Some(language) = &publish.options.language {
        record["langs"] = json!([language]);
    }
    let facets = facets(&publish.text);
    if !facets.is_empty() {
        record["facets"] = Value::Array(facets);
    }
    if let Some(reply) = reply {
        record["reply"] = reply;
    }
    if let Some(embed) = embed(publish, blobs) {
        record["embed"] = embed;
    }
    json!({
        "repo": publish.account,
        "collection": POST,
        "rkey": publish.key,
        "record": record,
        "swapRecord": null,
    })
    .to_string()
}

/// What is shown below the text: images, one video, or a card.
fn embed(publish: &Publish, blobs: &[Value]) -> Option<Value> {
    let pairs = publish.media.iter().zip(blobs);
    if let [(item, blob)] = pairs.clone().collect::<Vec<_>>().as_slice()
        && item.mime == VIDEO
    {
        let mut embed = json!({ "$type": "app.bsky.embed.video", "video": blob });
        if !item.alt.is_empty() {
            embed["alt"] = json!(item.alt);
        }
        shaped(&mut embed, item);
        return Some(embed);
    }
    if let (Some(card), true) = (&publish.options.link_card, blobs.is_empty()) {
        return Some(json!({ "$type": "app.bsky.embed.external", "external": {
            "uri": card.url, "title": card.title, "description": card.description,
        } }));
    }
    let images: Vec<Value> = pairs
        .map(|(item, blob)| {
            let mut image = json!({ "alt": item.alt, "image": blob });
            shaped(&mut image, item);
            image
        })
        .collect();
    (!images.is_empty()).then(|| json!({ "$type": "app.bsky.embed.images", "images": images }))
}

/// Adds the aspect ratio, where it is known.
fn shaped(embed: &mut Value, item: &MediaItem) {
    if let Some((width, height)) = item.size.filter(|(w, h)| *w > 0 && *h > 0) {
        embed["aspectRatio"] = json!({ "width": width, "height": height });
    }
}

/// RFC 3339 in UTC with milliseconds, as the network's own apps write it.
fn stamp(at: UtcMs) -> String {
    at.timestamp()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

/// The address of the post under `key`.
pub(super) fn uri(account: &str, key: &str) -> String {
    format!("at://{account}/{POST}/{key}")
}

/// The post as people and programs name it.
pub(super) fn remote(account: &str, key: &str) -> Remote {
    Remote {
        id: uri(account, key),
        permalink: Some(format!("https://bsky.app/profile/{account}/post/{key}")),
    }
}

/// Whether what the network has is what the frozen request holds.
pub(super) fn same(rendered: &str, stored: &Value) -> bool {
    let Ok(ours) = serde_json::from_str::<Value>(rendered) else {
        return false;
    };
    ["text", "createdAt", "embed", "reply"]
        .iter()
        .all(|key| ours["record"].get(key) == stored.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::post_options::PostOptions;

    fn publish() -> Publish {
        Publish {
            key: "3n2rzpbzt3k2z".into(),
            account: "did:plc:ewvi7nxzyoun6zhxrhs64oiz".into(),
            text: "Hi #all".into(),
            media: vec![MediaItem {
                path: "x".into(),
                mime: "image/png".into(),
                bytes: 1,
                size: Some((4, 3)),
                sha256: String::new(),
                alt: "a cat".into(),
            }],
            options: PostOptions {
                language: Some("en".into()),
                ..PostOptions::default()
            },
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now: UtcMs(1_795_269_600_000),
        }
    }

    #[test]
    fn a_post_is_written_as_the_network_wants_it() {
        let body: Value =
            serde_json::from_str(&render(&publish(), &[json!({ "$type": "blob" })], None)).unwrap();
        assert_eq!(
            body,
            json!({
                "repo": "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
                "collection": "app.bsky.feed.post",
                "rkey": "3n2rzpbzt3k2z",
                "swapRecord": null,
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": "Hi #all",
                    "createdAt": "2026-11-21T14:00:00.000Z",
                    "langs": ["en"],
                    "facets": [{
                        "index": { "byteStart": 3, "byteEnd": 7 },
                        "features": [{ "$type": "app.bsky.richtext.facet#tag", "tag": "all" }],
                    }],
                    "embed": { "$type": "app.bsky.embed.images", "images": [{
                        "alt": "a cat",
                        "image": { "$type": "blob" },
                        "aspectRatio": { "width": 4, "height": 3 },
                    }] },
                },
            })
        );
    }

    #[test]
    fn below_the_text_is_a_video_or_a_card_and_above_it_what_is_answered() {
        let of = |publish: &Publish, blobs: &[Value], reply| {
            let body: Value = serde_json::from_str(&render(publish, blobs, reply)).unwrap();
            body["record"].clone()
        };
        let mut video = publish();
        video.media[0].mime = VIDEO.into();
        let blob = json!({ "$type": "blob" });
        assert_eq!(
            of(&video, std::slice::from_ref(&blob), None)["embed"],
            json!({
                "$type": "app.bsky.embed.video", "video": blob, "alt": "a cat",
                "aspectRatio": { "width": 4, "height": 3 },
            })
        );
        let mut card = publish();
        card.media.clear();
        card.options.link_card = Some(crate::domain::post_options::LinkCard {
            url: "https://acme.example/a".into(),
            title: "Acme".into(),
            description: String::new(),
        });
        let reply = json!({ "root": 1, "parent": 2 });
        let record = of(&card, &[], Some(reply.clone()));
        assert_eq!(
            record["embed"],
            json!({ "$type": "app.bsky.embed.external", "external": {
                "uri": "https://acme.example/a", "title": "Acme", "description": "",
            } })
        );
        assert_eq!(record["reply"], reply);
    }

    #[test]
    fn the_same_post_is_known_by_text_time_and_images() {
        let rendered = render(&publish(), &[json!({ "$type": "blob", "size": 1 })], None);
        let stored = serde_json::from_str::<Value>(&rendered).unwrap()["record"].clone();
        assert!(same(&rendered, &stored));
        for (key, value) in [
            ("text", json!("Hi")),
            ("createdAt", json!("2026-11-21T14:00:00.001Z")),
            ("embed", Value::Null),
            ("reply", json!({})),
        ] {
            let mut other = stored.clone();
            other[key] = value;
            assert!(!same(&rendered, &other), "{key}");
        }
        assert!(!same("", &stored));
    }
}
