//! Reading the account's own statuses about a lost answer.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, Failed};
use super::ours;
use super::publish::Frozen;
use crate::domain::answer::AnswerClass;
use crate::networks::evidence;
use crate::networks::{Found, Publish, Remote};
use crate::support::time::{UtcMs, millis};

const NAME: &str = "accountStatuses";
/// How far the server's clock may be off beyond what its answer shows.
const SLACK: Duration = Duration::from_secs(60);
/// Pages that are read before a person is asked.
const PAGES: usize = 5;

#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(deserialize_with = "evidence::id")]
    id: String,
    #[serde(default, deserialize_with = "evidence::link")]
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
    let Some(recent) = recent(api, publish, frozen.created).await? else {
        return Ok(unreadable(
            "The account's statuses since then cannot all be read. Look at it, then decide.",
        ));
    };
    let files = frozen.body["media_ids"].as_array().map_or(0, Vec::len);
    let text = |name: &str| frozen.body[name].as_str().unwrap_or_default().trim();
    // A warning without a text becomes the text.
    let wanted = match text("status") {
        "" => text("spoiler_text"),
        text => text,
    };
    let mut ours = Vec::new();
    for status in &recent {
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

/// Every status of the account since then; `None` when the listing may lack
/// some. How many a server gives at once is its own affair, so that only a page
/// with an older status, or an empty one, is the end.
async fn recent(
    api: &Api<'_>,
    publish: &Publish,
    since: UtcMs,
) -> Result<Option<Vec<Listed>>, Failed> {
    let mut recent: Vec<Listed> = Vec::new();
    for _ in 0..PAGES {
        let path = ["v1", "accounts", &publish.account, "statuses"];
        let mut request = api.get(NAME, &path)?;
        let before = recent.last().map(|last| ("max_id", last.id.as_str()));
        let fixed = [("limit", "40"), ("exclude_reblogs", "true")];
        let query = fixed.into_iter().chain(before);
        request.url.query_pairs_mut().extend_pairs(query);
        let reply = api.send(request).await?;
        let page: Vec<Listed> = api.read(NAME, &reply)?;
        if page.is_empty() {
            return Ok(Some(recent));
        }
        // By the server's clock, which stamped them.
        let off = reply
            .date()
            .map_or(0, |date| date.0 - api.net.clock.now().0);
        let start = UtcMs(since.0 + off.min(0) - millis(SLACK));
        for status in page {
            let known = recent.iter().any(|one| one.id == status.id);
            match UtcMs::parse_rfc3339(&status.created_at) {
                Ok(at) if at < start => return Ok(Some(recent)),
                Ok(_) if !known => recent.push(status),
                // A server that turns no pages, or dates as nobody knows.
                _ => return Ok(None),
            }
        }
    }
    Ok(None)
}

fn unreadable(what: &str) -> Found {
    Found::Unreadable(ours(AnswerClass::Unclassified, NAME, what.to_owned()))
}
