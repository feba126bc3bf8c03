//! Reading the account's own statuses about a lost answer.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, Failed};
use super::ours;
use super::publish::Frozen;
use crate::domain::answer::AnswerClass;
use crate::networks::{Found, Publish, Remote};
use crate::support::time::{UtcMs, millis};

const NAME: &str = "accountStatuses";
/// How far the server's clock may be off beyond what its answer shows.
const SLACK: Duration = Duration::from_secs(60);
/// Statuses of one reading.
const MOST: usize = 40;

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    url: Option<String>,
    created_at: String,
    #[serde(default)]
    media_attachments: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Source {
    text: String,
}

/// Exactly one status since then with our text and as many media is ours.
///
/// Source: <https://docs.joinmastodon.org/methods/accounts/#statuses>
pub(super) async fn lookup(api: &Api<'_>, publish: &Publish) -> Found {
    let rendered = publish.rendered.as_deref().unwrap_or_default();
    let Ok(frozen) = serde_json::from_str::<Frozen>(rendered) else {
        let what = "The frozen request cannot be read. Look at the account, then decide.";
        return unreadable(what);
    };
    match read(api, publish, &frozen).await {
        Ok(found) => found,
        Err(failed) => Found::Unreadable(failed.refusal),
    }
}

async fn read(api: &Api<'_>, publish: &Publish, frozen: &Frozen) -> Result<Found, Failed> {
    let path = ["v1", "accounts", &publish.account, "statuses"];
    let mut request = api.get(NAME, &path)?;
    request
        .url
        .query_pairs_mut()
        .append_pair("limit", &MOST.to_string())
        .append_pair("exclude_reblogs", "true");
    let reply = api.send(request).await?;
    let listed: Vec<Listed> = api.read(NAME, &reply)?;
    // By the server's clock, which stamped them.
    let now = api.net.clock.now();
    let off = reply.date().map_or(0, |date| date.0 - now.0);
    let start = UtcMs(frozen.created.0 + off.min(0) - millis(SLACK));
    let mut recent = Vec::new();
    for status in &listed {
        let Ok(at) = UtcMs::parse_rfc3339(&status.created_at) else {
            return Ok(unreadable(
                "The server dates its statuses in a way nobody knows.",
            ));
        };
        if at >= start {
            recent.push(status);
        }
    }
    if recent.len() >= MOST {
        return Ok(unreadable(
            "The account has too many statuses since then to tell. Look at it, then decide.",
        ));
    }
    let files = frozen.body["media_ids"].as_array().map_or(0, Vec::len);
    let text = |name: &str| frozen.body[name].as_str().unwrap_or_default().trim();
    // A warning without a text becomes the text.
    let wanted = match text("status") {
        "" => text("spoiler_text"),
        text => text,
    };
    let mut ours = Vec::new();
    for status in recent {
        if status.media_attachments.len() != files {
            continue;
        }
        let path = ["v1", "statuses", &status.id, "source"];
        let reply = api.send(api.get("statusSource", &path)?).await?;
        let source: Source = api.read("statusSource", &reply)?;
        if source.text.trim() == wanted {
            ours.push(status);
        }
    }
    Ok(match ours.as_slice() {
        [] => Found::Absent,
        [one] => Found::Published(Remote {
            id: one.id.clone(),
            permalink: one.url.clone(),
        }),
        many => Found::Different(crate::domain::channel::Evidence {
            message: Some(format!(
                "{} statuses with this text were made since then.",
                many.len()
            )),
            seen_by: Some(NAME.to_owned()),
            ..Default::default()
        }),
    })
}

fn unreadable(what: &str) -> Found {
    Found::Unreadable(ours(AnswerClass::Unclassified, NAME, what.to_owned()))
}
