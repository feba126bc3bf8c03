//! The rules of an `app.bsky.feed.post` record, with the sentences of the
//! reference server.
//!
//! Sources: the lexicons `app.bsky.feed.post`, `app.bsky.embed.*` and
//! `app.bsky.richtext.facet` in <https://github.com/bluesky-social/atproto>;
//! observed were the sentences about length, missing keys, dates, arrays and
//! blob sizes. The rest follows their pattern.

use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::support::time::UtcMs;

type Object = Map<String, Value>;

/// The first rule that `record` breaks, as `<what> at $.record<path>`.
pub(super) fn post(record: &Object) -> Result<(), String> {
    let at = "$.record";
    let text = string(required(record, "text", at)?, "$.record.text")?;
    longest(text, 3000, 300, "$.record.text")?;
    if let Some(facets) = record.get("facets") {
        each(facets, usize::MAX, "$.record.facets", facet)?;
    }
    if let Some(reply) = record.get("reply") {
        let at = "$.record.reply";
        let reply = object(reply, at)?;
        for end in ["root", "parent"] {
            strong_ref(required(reply, end, at)?, &format!("{at}.{end}"))?;
        }
    }
    if let Some(embed) = record.get("embed") {
        self::embed(embed, "$.record.embed")?;
    }
    if let Some(langs) = record.get("langs") {
        each(langs, 3, "$.record.langs", |lang, at| {
            string(lang, at).map(drop)
        })?;
    }
    if let Some(tags) = record.get("tags") {
        each(tags, 8, "$.record.tags", |tag, at| {
            longest(string(tag, at)?, 640, 64, at)
        })?;
    }
    let created = required(record, "createdAt", at)?;
    datetime(string(created, "$.record.createdAt")?, "$.record.createdAt")
}

fn required<'a>(map: &'a Object, key: &str, at: &str) -> Result<&'a Value, String> {
    map.get(key)
        .ok_or_else(|| format!("Missing required key \"{key}\" at {at}"))
}

fn object<'a>(value: &'a Value, at: &str) -> Result<&'a Object, String> {
    value.as_object().ok_or_else(|| wrong("object", value, at))
}

fn string<'a>(value: &'a Value, at: &str) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| wrong("string", value, at))
}

fn wrong(kind: &str, value: &Value, at: &str) -> String {
    format!("Expected {kind} value type (got {value}) at {at}")
}

/// Bytes are looked at before graphemes, as observed.
fn longest(text: &str, bytes: usize, graphemes: usize, at: &str) -> Result<(), String> {
    if text.len() > bytes {
        return Err(too_big("string", bytes, text.len(), at));
    }
    let count = text.graphemes(true).count();
    if count > graphemes {
        return Err(too_big("grapheme", graphemes, count, at));
    }
    Ok(())
}

fn too_big(what: &str, most: usize, got: usize, at: &str) -> String {
    format!("{what} too big (maximum {most}, got {got}) at {at}")
}

fn each(
    value: &Value,
    most: usize,
    at: &str,
    check: impl Fn(&Value, &str) -> Result<(), String>,
) -> Result<(), String> {
    let items = value.as_array().ok_or_else(|| wrong("array", value, at))?;
    if items.len() > most {
        return Err(too_big("array", most, items.len(), at));
    }
    for (index, item) in items.iter().enumerate() {
        check(item, &format!("{at}[{index}]"))?;
    }
    Ok(())
}

/// RFC 3339 with a zone, upper case, as <https://atproto.com/specs/lexicon>
/// has it.
fn datetime(text: &str, at: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let shape = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[10] == b'T'
        && bytes[13] == b':'
        && bytes[16] == b':'
        && (bytes[bytes.len() - 1] == b'Z' || matches!(bytes[bytes.len() - 6], b'+' | b'-'))
        && !text.ends_with("-00:00");
    if shape && UtcMs::parse_rfc3339(text).is_ok() {
        Ok(())
    } else {
        Err(format!("Invalid datetime (got \"{text}\") at {at}"))
    }
}

/// Offsets beyond the text are accepted, as observed.
fn facet(value: &Value, at: &str) -> Result<(), String> {
    let facet = object(value, at)?;
    let index = object(required(facet, "index", at)?, &format!("{at}.index"))?;
    for key in ["byteStart", "byteEnd"] {
        let inner = format!("{at}.index");
        let value = required(index, key, &inner)?;
        if value.as_u64().is_none() {
            return Err(wrong("integer", value, &format!("{inner}.{key}")));
        }
    }
    let features = required(facet, "features", at)?;
    each(
        features,
        usize::MAX,
        &format!("{at}.features"),
        |one, at| {
            let one = object(one, at)?;
            let kind = string(required(one, "$type", at)?, at)?;
            let key = match kind {
                "app.bsky.richtext.facet#link" => "uri",
                "app.bsky.richtext.facet#mention" => "did",
                "app.bsky.richtext.facet#tag" => "tag",
                // The union is open: what is not known passes.
                _ => return Ok(()),
            };
            string(required(one, key, at)?, &format!("{at}.{key}")).map(drop)
        },
    )
}

fn strong_ref(value: &Value, at: &str) -> Result<(), String> {
    let reference = object(value, at)?;
    for key in ["uri", "cid"] {
        string(required(reference, key, at)?, &format!("{at}.{key}"))?;
    }
    Ok(())
}

fn embed(value: &Value, at: &str) -> Result<(), String> {
    let embed = object(value, at)?;
    match string(required(embed, "$type", at)?, at)? {
        "app.bsky.embed.images" => {
            let images = required(embed, "images", at)?;
            each(images, 4, &format!("{at}.images"), |image, at| {
                let map = object(image, at)?;
                let image = required(map, "image", at)?;
                blob(image, 2_000_000, "image/", &format!("{at}.image"))?;
                string(required(map, "alt", at)?, &format!("{at}.alt")).map(drop)
            })
        }
        "app.bsky.embed.video" => {
            let video = required(embed, "video", at)?;
            blob(video, 300_000_000, "video/mp4", &format!("{at}.video"))?;
            match embed.get("alt") {
                Some(alt) => longest(string(alt, at)?, 10_000, 1_000, &format!("{at}.alt")),
                None => Ok(()),
            }
        }
        "app.bsky.embed.external" => {
            let inner = format!("{at}.external");
            let external = object(required(embed, "external", at)?, &inner)?;
            for key in ["uri", "title", "description"] {
                string(required(external, key, &inner)?, &format!("{inner}.{key}"))?;
            }
            match external.get("thumb") {
                Some(thumb) => blob(thumb, 1_000_000, "image/", &format!("{inner}.thumb")),
                None => Ok(()),
            }
        }
        "app.bsky.embed.record" => {
            strong_ref(required(embed, "record", at)?, &format!("{at}.record"))
        }
        "app.bsky.embed.recordWithMedia" => {
            required(embed, "record", at)?;
            self::embed(required(embed, "media", at)?, &format!("{at}.media"))
        }
        // The union is open: what is not known passes.
        _ => Ok(()),
    }
}

fn blob(value: &Value, most: usize, mime: &str, at: &str) -> Result<(), String> {
    let typed = value["$type"] == "blob" && value["ref"]["$link"].is_string();
    let (Some(size), Some(kind), true) =
        (value["size"].as_u64(), value["mimeType"].as_str(), typed)
    else {
        return Err(wrong("blob", value, at));
    };
    if !kind.starts_with(mime) {
        let accepted = if mime.ends_with('/') { "*" } else { "" };
        return Err(format!(
            "Expected \"{mime}{accepted}\" (got \"{kind}\") at {at}"
        ));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if size > most {
        return Err(too_big("blob", most, size, at));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(record: &Value) -> String {
        post(record.as_object().unwrap()).unwrap_err()
    }

    #[test]
    fn dates_need_a_zone_and_upper_case_letters() {
        for (date, fits) in [
            ("2026-11-21T02:09:01.196Z", true),
            ("2026-11-21T02:09:01+01:00", true),
            ("2026-11-21T02:09:01", false),
            ("2026-11-21 02:09:01Z", false),
            ("2026-11-21T02:09:01-00:00", false),
            ("2026-13-21T02:09:01Z", false),
            ("yesterday", false),
            ("ééééééééééé", false),
        ] {
            assert_eq!(datetime(date, "$").is_ok(), fits, "{date}");
        }
    }

    #[test]
    fn an_image_needs_its_alternative_text() {
        let blob = json!({
            "$type": "blob", "ref": { "$link": "bafkrei" }, "mimeType": "image/png", "size": 1
        });
        let mut record = json!({
            "text": "", "createdAt": "2026-11-21T02:09:01Z",
            "embed": { "$type": "app.bsky.embed.images", "images": [{ "image": blob }] },
        });
        assert_eq!(
            refused(&record),
            "Missing required key \"alt\" at $.record.embed.images[0]"
        );
        record["embed"]["images"][0]["alt"] = json!("");
        assert_eq!(post(record.as_object().unwrap()), Ok(()));
        record["embed"]["images"][0]["image"]["mimeType"] = json!("video/mp4");
        assert!(refused(&record).starts_with("Expected \"image/*\""));
    }

    #[test]
    fn an_unknown_embed_passes_and_a_link_without_target_does_not() {
        let mut record = json!({
            "text": "x", "createdAt": "2026-11-21T02:09:01Z",
            "embed": { "$type": "org.example.new" },
        });
        assert_eq!(post(record.as_object().unwrap()), Ok(()));
        record["facets"] = json!([{
            "index": { "byteStart": 0, "byteEnd": 900 },
            "features": [{ "$type": "app.bsky.richtext.facet#link" }],
        }]);
        assert_eq!(
            refused(&record),
            "Missing required key \"uri\" at $.record.facets[0].features[0]"
        );
    }
}
