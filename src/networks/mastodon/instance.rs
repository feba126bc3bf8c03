//! What the instance says about itself.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::api::{Api, Failed};
use super::limits::TYPES;
use crate::domain::limits::ServerLimits;

const NAME: &str = "instance";
/// What is longer is not kept.
const LONGEST_ADDRESS: usize = 200;
/// Nobody waits for this.
const TIME: Duration = Duration::from_secs(10);

/// What a post may be there; `None` when the server did not say now. One that
/// has no such page says nothing, and that for a day.
///
/// Source: <https://docs.joinmastodon.org/methods/instance/#v2>
pub(super) async fn limits(api: &Api<'_>) -> Option<ServerLimits> {
    let newer = ask(api, "v2").await;
    let answer = match newer {
        Err(failed) if failed.trouble.is_none() => ask(api, "v1").await,
        other => other,
    };
    match answer {
        Ok(said) => Some(read(&said)),
        Err(failed) if failed.refusal.evidence.http_status == Some(404) => {
            Some(ServerLimits::default())
        }
        Err(_) => None,
    }
}

async fn ask(api: &Api<'_>, version: &str) -> Result<Value, Failed> {
    let mut request = api.get(NAME, &[version, "instance"])?;
    request.timeout = Some(TIME);
    let reply = api.send(request).await?;
    api.read(NAME, &reply)
}

/// Each field by itself, so that one that is odd does not hide the others. A
/// zero would forbid what the server is there for and says nothing.
///
/// Source: <https://docs.joinmastodon.org/entities/Instance/#configuration>
fn read(said: &Value) -> ServerLimits {
    let number = |path: &str| {
        let value = said.pointer(&format!("/configuration/{path}"));
        value.and_then(Value::as_u64).filter(|number| *number > 0)
    };
    let listed = said.pointer("/configuration/media_attachments/supported_mime_types");
    let listed = listed.and_then(Value::as_array).into_iter().flatten();
    let taken = |kind: &&str| listed.clone().any(|one| one.as_str() == Some(kind));
    ServerLimits {
        characters: number("statuses/max_characters"),
        link_characters: number("statuses/characters_reserved_per_url"),
        media: number("statuses/max_media_attachments"),
        types: TYPES
            .iter()
            .copied()
            .filter(taken)
            .map(str::to_owned)
            .collect(),
        image_bytes: number("media_attachments/image_size_limit"),
        image_points: number("media_attachments/image_matrix_limit"),
        video_bytes: number("media_attachments/video_size_limit"),
        description: number("media_attachments/description_limit"),
        status_page: said
            .pointer("/configuration/urls/status")
            .and_then(Value::as_str)
            .and_then(page),
    }
}

/// An address a person may be sent to.
fn page(said: &str) -> Option<String> {
    let url = Url::parse(said).ok()?;
    let plain = matches!(url.scheme(), "https" | "http") && url.username().is_empty();
    let text = url.to_string();
    (plain && text.len() <= LONGEST_ADDRESS).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_server_says_oddly_or_not_at_all_is_unknown() {
        assert!(!read(&json!({ "uri": "example.org" })).told());
        assert!(!read(&json!("a page")).told());
        let said = json!({ "configuration": {
            "statuses": { "max_characters": "many", "max_media_attachments": 0,
                "characters_reserved_per_url": 30 },
            "media_attachments": { "supported_mime_types": ["image/png", 7, "image/\u{202e}"],
                "image_size_limit": -1, "video_size_limit": 1000 },
            "urls": { "status": "javascript:alert(1)" },
        } });
        let told = ServerLimits {
            link_characters: Some(30),
            types: vec!["image/png".into()],
            video_bytes: Some(1000),
            ..ServerLimits::default()
        };
        assert_eq!(read(&said), told);
        let said =
            json!({ "configuration": { "urls": { "status": "https://status.example.org" } } });
        let page = read(&said).status_page;
        assert_eq!(page.as_deref(), Some("https://status.example.org/"));
    }
}
