//! What the networks show of a channel, as it was read last.

use super::super::acting::Acting;
use super::super::{Hub, OpError};
use super::channels::{ChannelView, channel_view, watch};
use crate::domain::channel::Status;
use crate::domain::delivery::State;
use crate::domain::ids::ChannelId;
use crate::domain::lamp::Watch;
use crate::domain::reading::{Comment, Counts, Reading, RecentPost};
use crate::domain::role::Act;
use crate::domain::words::span;
use crate::networks::registry::Registry;
use crate::store::Reads;
use crate::store::queue::QueueQuery;
use crate::store::reading::{CachedPost, Failure};
use crate::support::time::UtcMs;

/// How many of each are shown.
const LISTED: u32 = 100;

/// How a reading stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadState {
    /// The channel.
    pub channel: ChannelView,
    /// Why the network has none; `None` where it has.
    pub why_not: Option<&'static str>,
    /// When it was read last.
    pub fetched_at: Option<UtcMs>,
    /// Why the readings since then brought nothing.
    pub failure: Option<Failure>,
}

impl ReadState {
    /// Whether the channel is disconnected, so that nothing read of it is left.
    pub fn is_gone(&self) -> bool {
        self.channel.summary.channel.status == Status::Disconnected
    }

    /// How the `n` that are shown were read, in a sentence or two; `unread` ends
    /// the one for what was never read: how it will be.
    pub fn words(&self, what: &str, n: usize, now: UtcMs, unread: &str) -> String {
        let ago = |at: UtcMs| span(now.since(at.min(now)));
        let mut parts = Vec::new();
        match (self.fetched_at, n) {
            (Some(at), 0) => parts.push(format!("No {what} there, read {} ago.", ago(at))),
            (Some(at), _) => parts.push(format!("Read {} ago.", ago(at))),
            (None, _) if self.failure.is_some() => {}
            (None, _) => parts.push(format!("The {what} were not read yet: {unread}.")),
        }
        if let Some(failure) = &self.failure {
            let said = failure.evidence.message.as_deref();
            let said = said.unwrap_or_else(|| failure.class.name());
            let how = if failure.refused {
                "refused"
            } else {
                "not possible"
            };
            parts.push(format!(
                "Reading {what} was {how} {} ago: {said}",
                ago(failure.at)
            ));
        }
        parts.join(" ")
    }
}

/// The recent posts of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostsView {
    /// How reading them stands.
    pub state: ReadState,
    /// Whether they are what went out from here, not what the network has.
    pub own: bool,
    /// The posts, newest first.
    pub posts: Vec<CachedPost>,
}

/// The counts of a channel's posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsView {
    /// How reading them stands.
    pub state: ReadState,
    /// The posts that have any, newest first.
    pub posts: Vec<CachedPost>,
}

/// What people said to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentsView {
    /// How reading them stands.
    pub state: ReadState,
    /// The comments, newest first.
    pub comments: Vec<Comment>,
}

/// The recent posts of a channel; where its network shows none, those that went
/// out from here.
///
/// # Errors
/// When the channel is unknown or not the operator's to see.
pub async fn recent_posts(hub: &Hub, id: &ChannelId) -> Result<PostsView, OpError> {
    read(hub, id, Reading::Posts, |q, state| {
        let id = &state.channel.summary.channel.id;
        let own = state.why_not.is_some() || state.is_gone();
        let posts = if own {
            went_out(q, id)?
        } else {
            q.recent_posts(id, LISTED)?
        };
        Ok(PostsView { state, own, posts })
    })
    .await
}

/// The counts of a channel's recent posts.
///
/// # Errors
/// When the channel is unknown or not the operator's to see.
pub async fn metrics(hub: &Hub, id: &ChannelId) -> Result<MetricsView, OpError> {
    read(hub, id, Reading::Metrics, |q, state| {
        let id = &state.channel.summary.channel.id;
        let mut posts = q.recent_posts(id, LISTED)?;
        // Later parts of a thread are on no page of recent posts.
        let mut counts = q.newest_counts(id)?;
        for mut own in went_out(q, id)? {
            let known = posts.iter().any(|one| one.post.id == own.post.id);
            if let (false, Some(found)) = (known, counts.remove(&own.post.id)) {
                own.post.counts = found;
                posts.push(own);
            }
        }
        posts.retain(|one| !one.post.counts.is_empty());
        posts.sort_by_key(|one| std::cmp::Reverse(one.post.at));
        Ok(MetricsView { state, posts })
    })
    .await
}

/// What people said to a channel.
///
/// # Errors
/// When the channel is unknown or not the operator's to see.
pub async fn comments(hub: &Hub, id: &ChannelId) -> Result<CommentsView, OpError> {
    read(hub, id, Reading::Comments, |q, state| {
        let comments = q.comments(&state.channel.summary.channel.id, LISTED)?;
        Ok(CommentsView { state, comments })
    })
    .await
}

async fn read<T: Send + 'static>(
    hub: &Hub,
    id: &ChannelId,
    what: Reading,
    then: impl FnOnce(&Reads<'_>, ReadState) -> Result<T, OpError> + Send + 'static,
) -> Result<T, OpError> {
    let (id, watch, networks) = (id.clone(), watch(hub), hub.networks.clone());
    hub.look(move |q, acting| then(q, state(q, acting, &id, what, &watch, &networks)?))
        .await
}

fn state(
    q: &Reads<'_>,
    acting: &Acting,
    id: &ChannelId,
    what: Reading,
    watch: &Watch,
    networks: &Registry,
) -> Result<ReadState, OpError> {
    let summary = q.channel_summary(id)?;
    acting.require(q, &summary.channel.workspace_id, Act::Look)?;
    let network = networks.get(summary.channel.kind.network());
    let why_not = network.and_then(|(one, _)| one.descriptor().reads.of(what).why_not());
    let standing = q.standing(id, what)?;
    Ok(ReadState {
        channel: channel_view(q, summary, watch, acting.now)?,
        why_not,
        fetched_at: standing.as_ref().and_then(|one| one.fetched_at),
        failure: standing.and_then(|one| one.failure),
    })
}

/// Our own history: what went out from here.
fn went_out(q: &Reads<'_>, id: &ChannelId) -> Result<Vec<CachedPost>, OpError> {
    let query = QueueQuery {
        channel: Some(id.clone()),
        states: vec![State::Published],
        backwards: true,
        limit: LISTED,
        ..QueueQuery::default()
    };
    let mut posts = Vec::new();
    for delivery in q.deliveries(&query)? {
        let at = delivery.published_at.unwrap_or(delivery.due);
        let text = match delivery.text {
            Some(text) => text,
            None => q.post(&delivery.post_id)?.text,
        };
        posts.push(CachedPost {
            post: RecentPost {
                id: delivery.remote_id.unwrap_or_default(),
                text,
                permalink: delivery.permalink,
                at,
                counts: Counts::new(),
            },
            fetched_at: at,
        });
    }
    posts.sort_by_key(|one| std::cmp::Reverse(one.post.at));
    Ok(posts)
}
