//! The account's statuses, their counts, and who mentioned it.

use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, Failed};
use super::html;
use crate::networks::reads::{Comment, CommentKind, Count, Counts, Page, PostMetrics, RecentPost};
use crate::networks::{Refusal, evidence};
use crate::support::sanitize;
use crate::support::time::UtcMs;

/// Statuses per bulk read.
///
/// Source: <https://docs.joinmastodon.org/methods/statuses/#index>
const PER_CALL: usize = 20;
/// Statuses that are read one by one from servers without the bulk read.
const ONE_BY_ONE: usize = 20;
/// What the listings take at most as their limit.
const MOST_STATUSES: usize = 40;
const MOST_NOTIFICATIONS: usize = 80;
/// Statuses with their accounts, pictures and previews are long.
const CAP: usize = 4 * 1024 * 1024;

/// Source: <https://docs.joinmastodon.org/entities/Status/>
#[derive(Deserialize)]
struct Status {
    #[serde(deserialize_with = "evidence::id")]
    id: String,
    #[serde(default, deserialize_with = "evidence::link")]
    url: Option<String>,
    #[serde(default, deserialize_with = "evidence::link")]
    uri: Option<String>,
    created_at: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    spoiler_text: String,
    #[serde(default)]
    visibility: String,
    in_reply_to_id: Option<String>,
    reblog: Option<Value>,
    favourites_count: Option<u64>,
    reblogs_count: Option<u64>,
    replies_count: Option<u64>,
    quotes_count: Option<u64>,
}

impl Status {
    fn counts(&self) -> Counts {
        let named = [
            (Count::Likes, self.favourites_count),
            (Count::Reposts, self.reblogs_count),
            (Count::Replies, self.replies_count),
            (Count::Quotes, self.quotes_count),
        ];
        let there = named.into_iter();
        there.filter_map(|(name, n)| Some((name, n?))).collect()
    }

    /// The warning before what it warns of.
    fn text(&self) -> String {
        let (warning, body) = (
            sanitize::line(&self.spoiler_text),
            html::text(&self.content),
        );
        match (warning.is_empty(), body.is_empty()) {
            (true, _) => body,
            (false, true) => warning,
            (false, false) => sanitize::text(&format!("{warning}\n\n{body}")),
        }
    }

    /// A message between people is nobody else's to read here.
    fn is_message(&self) -> bool {
        self.visibility == "direct"
    }

    fn permalink(&self) -> Option<String> {
        self.url.clone().or_else(|| self.uri.clone())
    }

    fn at(&self) -> Option<UtcMs> {
        UtcMs::parse_rfc3339(&self.created_at).ok()
    }
}

/// Source: <https://docs.joinmastodon.org/methods/accounts/#statuses>
pub(super) async fn posts(
    api: &Api<'_>,
    account: &str,
    limit: usize,
) -> Result<Page<RecentPost>, Refusal> {
    let path = ["v1", "accounts", account, "statuses"];
    let limit = limit.clamp(1, MOST_STATUSES).to_string();
    let query = [
        ("limit", limit.as_str()),
        ("exclude_reblogs", "true"),
        ("exclude_replies", "true"),
    ];
    let listed: Vec<Status> = list(api, "recentStatuses", &path, &query).await?;
    let whole = listed.is_empty();
    let items = listed
        .into_iter()
        .filter(|status| status.reblog.is_none() && !status.is_message())
        .filter_map(|status| {
            Some(RecentPost {
                text: status.text(),
                permalink: status.permalink(),
                at: status.at()?,
                counts: status.counts(),
                id: status.id,
            })
        });
    Ok(Page {
        items: items.collect(),
        // How many a server gives at once is its own affair.
        whole,
    })
}

/// In bulk, or one by one where the server knows no bulk read (before 4.3).
pub(super) async fn metrics(api: &Api<'_>, ids: &[String]) -> Result<Vec<PostMetrics>, Refusal> {
    let mut found: Vec<PostMetrics> = Vec::new();
    for some in ids.chunks(PER_CALL) {
        let query: Vec<(&str, &str)> = some.iter().map(|id| ("id[]", id.as_str())).collect();
        let listed = list::<Status>(api, "statuses", &["v1", "statuses"], &query).await;
        match listed {
            // What was not asked for is nobody's count.
            Ok(listed) => found.extend(
                some.iter()
                    .filter_map(|id| listed.iter().find(|one| one.id == *id))
                    .map(PostMetrics::from),
            ),
            Err(refusal) if not_there(&refusal) => return singly(api, ids).await,
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(found)
}

async fn singly(api: &Api<'_>, ids: &[String]) -> Result<Vec<PostMetrics>, Refusal> {
    let mut found = Vec::new();
    for id in ids.iter().take(ONE_BY_ONE) {
        match one(api, id).await {
            Ok(status) => found.push(PostMetrics::from(&status)),
            // Deleted since.
            Err(failed) if not_there(&failed.refusal) => {}
            Err(failed) => return Err(failed.refusal),
        }
    }
    Ok(found)
}

async fn one(api: &Api<'_>, id: &str) -> Result<Status, Failed> {
    let reply = api
        .send(api.get("status", &["v1", "statuses", id])?)
        .await?;
    api.read("status", &reply)
}

fn not_there(refusal: &Refusal) -> bool {
    refusal.evidence.http_status == Some(404)
}

impl From<&Status> for PostMetrics {
    fn from(status: &Status) -> Self {
        Self {
            id: status.id.clone(),
            counts: status.counts(),
        }
    }
}

/// Source: <https://docs.joinmastodon.org/methods/notifications/#get>
pub(super) async fn comments(api: &Api<'_>, limit: usize) -> Result<Page<Comment>, Refusal> {
    #[derive(Deserialize)]
    struct Notification {
        #[serde(rename = "type")]
        kind: String,
        account: Account,
        status: Option<Status>,
    }
    #[derive(Deserialize)]
    struct Account {
        acct: String,
    }
    let limit = limit.clamp(1, MOST_NOTIFICATIONS).to_string();
    let query = [("limit", limit.as_str()), ("types[]", "mention")];
    let listed: Vec<Notification> =
        list(api, "notifications", &["v1", "notifications"], &query).await?;
    let whole = listed.is_empty();
    let mut items = Vec::new();
    for Notification {
        kind,
        account,
        status,
    } in listed
    {
        // A server that does not know `types[]` gives everything.
        let Some(status) = status.filter(|one| kind == "mention" && !one.is_message()) else {
            continue;
        };
        let Some(at) = status.at() else { continue };
        items.push(Comment {
            kind: match status.in_reply_to_id {
                Some(_) => CommentKind::Reply,
                None => CommentKind::Mention,
            },
            author: sanitize::line(&account.acct),
            text: status.text(),
            permalink: status.permalink(),
            at,
            post: status.in_reply_to_id,
            id: status.id,
        });
    }
    Ok(Page { items, whole })
}

async fn list<T: serde::de::DeserializeOwned>(
    api: &Api<'_>,
    name: &'static str,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Vec<T>, Refusal> {
    let read = async {
        let mut request = api.get(name, path)?;
        request.cap = CAP;
        request.url.query_pairs_mut().extend_pairs(query);
        let reply = api.send(request).await?;
        api.read(name, &reply)
    };
    read.await.map_err(|failed: Failed| failed.refusal)
}
