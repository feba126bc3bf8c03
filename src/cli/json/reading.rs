//! What was read of a channel as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::ids::ChannelId;
use crate::domain::reading::{Comment, Count, Counts};
use crate::ops::views::{CommentsView, MetricsView, PostsView, ReadState};
use crate::store::reading::{CachedPost, Failure};
use crate::support::time::UtcMs;

/// How a reading stands, and what it brought.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct ReadJson<T> {
    pub channel_id: ChannelId,
    /// Whether the network has such a thing at all.
    pub available: bool,
    /// `network`, or `own` where it is what went out from here.
    pub source: &'static str,
    pub note: Option<String>,
    pub fetched_at: Option<UtcMs>,
    pub failure: Option<ReadFailureJson>,
    #[serde(flatten)]
    pub read: T,
}

/// Why the readings since then brought nothing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct ReadFailureJson {
    pub at: UtcMs,
    pub refused: bool,
    pub class: &'static str,
    pub http_status: Option<u16>,
    pub network_code: Option<String>,
    pub message: Option<String>,
}

/// Posts under their key.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the name says it")]
pub struct PostsJson {
    pub posts: Vec<ReadPostJson>,
}

/// Comments under their key.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "the name says it")]
pub struct CommentsJson {
    pub comments: Vec<CommentJson>,
}

/// One post.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct ReadPostJson {
    pub id: String,
    pub text: String,
    pub permalink: Option<String>,
    pub created_at: UtcMs,
    pub fetched_at: UtcMs,
    /// Every count by name; `null` where the network does not give it.
    pub metrics: BTreeMap<&'static str, Option<u64>>,
}

/// One comment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct CommentJson {
    pub id: String,
    pub kind: &'static str,
    pub post_id: Option<String>,
    pub author: String,
    pub text: String,
    pub permalink: Option<String>,
    pub created_at: UtcMs,
}

impl<T> ReadJson<T> {
    fn new(state: &ReadState, own: bool, note: Option<String>, read: T) -> Self {
        Self {
            channel_id: state.channel.summary.channel.id.clone(),
            available: state.why_not.is_none(),
            source: if own { "own" } else { "network" },
            note,
            fetched_at: state.fetched_at,
            failure: state.failure.as_ref().map(ReadFailureJson::from),
            read,
        }
    }
}

impl ReadJson<PostsJson> {
    /// Posts with the sentence about them.
    pub fn posts(view: &PostsView, note: Option<String>) -> Self {
        let posts = view.posts.iter().map(ReadPostJson::from).collect();
        Self::new(&view.state, view.own, note, PostsJson { posts })
    }

    /// Posts with their counts.
    pub fn metrics(view: &MetricsView, note: Option<String>) -> Self {
        let posts = view.posts.iter().map(ReadPostJson::from).collect();
        Self::new(&view.state, false, note, PostsJson { posts })
    }
}

impl ReadJson<CommentsJson> {
    /// Comments with the sentence about them.
    pub fn comments(view: &CommentsView, note: Option<String>) -> Self {
        let comments = view.comments.iter().map(CommentJson::from).collect();
        Self::new(&view.state, false, note, CommentsJson { comments })
    }
}

impl From<&Failure> for ReadFailureJson {
    fn from(failure: &Failure) -> Self {
        Self {
            at: failure.at,
            refused: failure.refused,
            class: failure.class.name(),
            http_status: failure.evidence.http_status,
            network_code: failure.evidence.network_code.clone(),
            message: failure.evidence.message.clone(),
        }
    }
}

impl From<&CachedPost> for ReadPostJson {
    fn from(one: &CachedPost) -> Self {
        let post = &one.post;
        Self {
            id: post.id.clone(),
            text: post.text.clone(),
            permalink: post.permalink.clone(),
            created_at: post.at,
            fetched_at: one.fetched_at,
            metrics: Count::ALL
                .iter()
                .map(|name| (name.name(), count(&post.counts, *name)))
                .collect(),
        }
    }
}

impl From<&Comment> for CommentJson {
    fn from(one: &Comment) -> Self {
        Self {
            id: one.id.clone(),
            kind: one.kind.name(),
            post_id: one.post.clone(),
            author: one.author.clone(),
            text: one.text.clone(),
            permalink: one.permalink.clone(),
            created_at: one.at,
        }
    }
}

/// One of the counts, where it is there.
pub fn count(counts: &Counts, name: Count) -> Option<u64> {
    let found = counts.iter().find(|(one, _)| *one == name);
    found.map(|(_, n)| *n)
}
