//! Recent posts, their counts, and what people answer. The account's server
//! hands these calls on to an AppView, which may be away although the server is
//! not.

use serde::Deserialize;

use super::record::POST;
use super::xrpc;
use crate::networks::evidence;
use crate::networks::reads::{Comment, CommentKind, Count, Counts, Page, PostMetrics, RecentPost};
use crate::networks::{Net, Refusal, Session};
use crate::support::sanitize;
use crate::support::time::UtcMs;

/// Posts per call of `getPosts`.
///
/// Source: <https://docs.bsky.app/docs/api/app-bsky-feed-get-posts>
const PER_CALL: usize = 25;
/// Posts with their authors, pictures and quoted posts are long.
const CAP: usize = 4 * 1024 * 1024;
/// The error name of a server whose AppView does not answer.
const AWAY: &str = "UpstreamFailure";
/// What listings take at most as their limit.
const MOST: usize = 100;

/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/defs.json>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostView {
    #[serde(deserialize_with = "evidence::id")]
    uri: String,
    author: Author,
    record: Record,
    like_count: Option<u64>,
    repost_count: Option<u64>,
    reply_count: Option<u64>,
    quote_count: Option<u64>,
    bookmark_count: Option<u64>,
    indexed_at: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    did: String,
    #[serde(default)]
    handle: String,
}

/// Of the record only what is shown; the rest is the network's affair.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Record {
    text: String,
    created_at: Option<String>,
    reply: Option<serde::de::IgnoredAny>,
}

impl PostView {
    fn counts(&self) -> Counts {
        let named = [
            (Count::Likes, self.like_count),
            (Count::Reposts, self.repost_count),
            (Count::Replies, self.reply_count),
            (Count::Quotes, self.quote_count),
            (Count::Bookmarks, self.bookmark_count),
        ];
        let there = named.into_iter();
        there.filter_map(|(name, n)| Some((name, n?))).collect()
    }
}

/// When a post was made as its author says, unless that is later than when the
/// network saw it first.
fn made(record: &Record, indexed: Option<&str>) -> Option<UtcMs> {
    let read = |text: &str| UtcMs::parse_rfc3339(text).ok();
    let said = record.created_at.as_deref().and_then(read);
    let seen = indexed.and_then(read);
    match (said, seen) {
        (Some(said), Some(seen)) => Some(said.min(seen)),
        (said, seen) => said.or(seen),
    }
}

/// A link to the post at `at://<did>/app.bsky.feed.post/<key>`.
fn permalink(uri: &str) -> Option<String> {
    let (did, key) = uri
        .strip_prefix("at://")?
        .split_once(&format!("/{POST}/"))?;
    let plain = |text: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b":._~-%".contains(&b);
        !text.is_empty() && text.bytes().all(fits)
    };
    (plain(did) && plain(key)).then(|| format!("https://bsky.app/profile/{did}/post/{key}"))
}

/// The account's posts: as the AppView has them, or as its server does while
/// the AppView is away or there is none.
pub(super) async fn posts(
    net: &Net,
    session: &Session,
    account: &str,
    limit: usize,
) -> Result<Page<RecentPost>, Refusal> {
    match feed(net, session, account, limit).await {
        Err(refusal) if refusal.evidence.network_code.as_deref() == Some(AWAY) => {
            let own = records(net, session, account, limit).await;
            own.map_err(|_| refusal)
        }
        other => other,
    }
}

/// `listRecords`: what is in the repository, which nobody has counted.
///
/// Source: <https://docs.bsky.app/docs/api/com-atproto-repo-list-records>
async fn records(
    net: &Net,
    session: &Session,
    account: &str,
    limit: usize,
) -> Result<Page<RecentPost>, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        records: Vec<Listed>,
        cursor: Option<String>,
    }
    #[derive(Deserialize)]
    struct Listed {
        #[serde(deserialize_with = "evidence::id")]
        uri: String,
        value: Record,
    }
    let limit = limit.clamp(1, MOST).to_string();
    let params = [
        ("repo", account),
        ("collection", POST),
        ("limit", limit.as_str()),
    ];
    let answer: Answer = ask(net, session, xrpc::LIST_RECORDS, &params).await?;
    let posts = answer.records.into_iter();
    let items = posts
        .filter(|one| one.value.reply.is_none())
        .filter_map(|one| {
            Some(RecentPost {
                text: sanitize::text(&one.value.text),
                permalink: permalink(&one.uri),
                at: made(&one.value, None)?,
                counts: Counts::new(),
                id: one.uri,
            })
        });
    Ok(Page {
        items: items.collect(),
        // The server gives a cursor with a full last page, too.
        whole: answer.cursor.is_none(),
    })
}

/// `getAuthorFeed`, without answers to others and without what others wrote.
///
/// Source: <https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed>
async fn feed(
    net: &Net,
    session: &Session,
    account: &str,
    limit: usize,
) -> Result<Page<RecentPost>, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        feed: Vec<Entry>,
        cursor: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry {
        post: PostView,
        reason: Option<Reason>,
    }
    #[derive(Deserialize)]
    struct Reason {
        #[serde(rename = "$type")]
        kind: String,
    }
    let limit = limit.clamp(1, MOST).to_string();
    let params = [
        ("actor", account),
        ("limit", limit.as_str()),
        ("filter", "posts_no_replies"),
    ];
    let answer: Answer = ask(net, session, xrpc::AUTHOR_FEED, &params).await?;
    let mut items: Vec<RecentPost> = Vec::new();
    for Entry { post, reason } in answer.feed {
        let repost = reason.is_some_and(|reason| reason.kind.ends_with("#reasonRepost"));
        let at = made(&post.record, post.indexed_at.as_deref());
        let known = items.iter().any(|one| one.id == post.uri);
        let (Some(at), false) = (at, repost || known || post.author.did != account) else {
            continue;
        };
        items.push(RecentPost {
            text: sanitize::text(&post.record.text),
            permalink: permalink(&post.uri),
            at,
            counts: post.counts(),
            id: post.uri,
        });
    }
    Ok(Page {
        items,
        whole: answer.cursor.is_none(),
    })
}

/// `getPosts`; one that is gone is simply not in the answer.
pub(super) async fn metrics(
    net: &Net,
    session: &Session,
    ids: &[String],
) -> Result<Vec<PostMetrics>, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        posts: Vec<PostView>,
    }
    let mut found = Vec::new();
    for some in ids.chunks(PER_CALL) {
        let params: Vec<(&str, &str)> = some.iter().map(|id| ("uris", id.as_str())).collect();
        let answer: Answer = ask(net, session, xrpc::GET_POSTS, &params).await?;
        found.extend(answer.posts.into_iter().map(|post| PostMetrics {
            counts: post.counts(),
            id: post.uri,
        }));
    }
    Ok(found)
}

/// `listNotifications`, which leaves read what is read and unread what is not.
///
/// Source: <https://docs.bsky.app/docs/api/app-bsky-notification-list-notifications>
pub(super) async fn comments(
    net: &Net,
    session: &Session,
    limit: usize,
) -> Result<Page<Comment>, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        notifications: Vec<Notification>,
        cursor: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Notification {
        #[serde(deserialize_with = "evidence::id")]
        uri: String,
        author: Author,
        reason: String,
        reason_subject: Option<String>,
        #[serde(default)]
        record: Record,
        indexed_at: Option<String>,
    }
    let limit = limit.clamp(1, MOST).to_string();
    let params = [
        ("limit", limit.as_str()),
        ("reasons", "reply"),
        ("reasons", "mention"),
        ("reasons", "quote"),
    ];
    let answer: Answer = ask(net, session, xrpc::NOTIFICATIONS, &params).await?;
    let mut items = Vec::new();
    for one in answer.notifications {
        // A server that does not know `reasons` gives likes and follows as well.
        let Some(kind) = CommentKind::parse(&one.reason) else {
            continue;
        };
        let Some(at) = made(&one.record, one.indexed_at.as_deref()) else {
            continue;
        };
        items.push(Comment {
            permalink: permalink(&one.uri),
            id: one.uri,
            kind,
            post: one.reason_subject,
            author: sanitize::line(&one.author.handle),
            text: sanitize::text(&one.record.text),
            at,
        });
    }
    Ok(Page {
        items,
        whole: answer.cursor.is_none(),
    })
}

async fn ask<T: serde::de::DeserializeOwned>(
    net: &Net,
    session: &Session,
    method: &str,
    params: &[(&str, &str)],
) -> Result<T, Refusal> {
    let token = &session.tokens.access;
    let request = xrpc::query(&session.server, method, params).map(|mut request| {
        request.auth = Some(token);
        request.cap = CAP;
        request
    });
    let answer = xrpc::json(net, request, method, &[token]).await;
    answer.map_err(|failed| failed.refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_of_a_posts_address_and_of_nothing_else() {
        assert_eq!(
            permalink("at://did:plc:abc/app.bsky.feed.post/3n2rzpbzt3k2z").as_deref(),
            Some("https://bsky.app/profile/did:plc:abc/post/3n2rzpbzt3k2z")
        );
        for other in [
            "at://did:plc:abc/app.bsky.feed.like/3n2rzpbzt3k2z",
            "https://evil.example/app.bsky.feed.post/x",
            "at://did:plc:abc/app.bsky.feed.post/x?y=\u{1b}",
            "at://did:plc:abc/app.bsky.feed.post/",
        ] {
            assert_eq!(permalink(other), None, "{other}");
        }
    }

    #[test]
    fn a_post_dated_into_the_future_is_as_old_as_it_was_seen() {
        let record = Record {
            text: String::new(),
            created_at: Some("2099-01-01T00:00:00Z".into()),
            reply: None,
        };
        let seen = Some("2026-11-21T14:00:00.000Z");
        assert_eq!(
            made(&record, seen).map(|at| at.to_string()).as_deref(),
            Some("2026-11-21T14:00:00Z")
        );
        assert_eq!(made(&Record::default(), None), None);
    }
}
