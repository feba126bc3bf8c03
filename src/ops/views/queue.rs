//! Deliveries and posts as lists and sheets show them.

use std::time::Duration;

use super::super::acting::Acting;
use super::super::{Hub, OpError, Scope};
use crate::domain::blocker::blocker as held_by;
use crate::domain::channel::Channel;
use crate::domain::delivery::{Blocker, Delivery, Shown, State, shown};
use crate::domain::ids::{ChannelId, PostId};
use crate::domain::network::ChannelKind;
use crate::domain::role::Act;
use crate::store::Reads;
use crate::store::posts::{Medium, Post};
use crate::store::queue::QueueQuery;
use crate::support::time::UtcMs;

/// A delivery with what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryView {
    /// The delivery.
    pub delivery: Delivery,
    /// The state a person sees.
    pub shown: Shown,
    /// What holds it, when it is held.
    pub blocker: Option<Blocker>,
    /// What sort of account it goes to.
    pub channel_kind: ChannelKind,
    /// The handle of the account now, without `@`.
    pub channel_handle: String,
    /// The short name of its workspace.
    pub workspace_slug: String,
    /// The text that goes out there.
    pub text: String,
    /// How many images or videos go with it.
    pub media_count: usize,
    /// How late it is or went out.
    pub late_by: Option<Duration>,
}

/// A post with its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostView {
    /// The post.
    pub post: Post,
    /// Its media in order.
    pub media: Vec<Medium>,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryView>,
    /// What to know about it, one sentence each; nothing was refused for it.
    pub warnings: Vec<String>,
}

/// Which deliveries a list holds.
#[derive(Clone, Debug)]
pub struct QueueFilter {
    /// Of which workspaces.
    pub scope: Scope,
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this post.
    pub post: Option<PostId>,
    /// Only these states; empty hides what was cancelled and shows the rest.
    pub states: Vec<Shown>,
    /// Due at or after.
    pub from: Option<UtcMs>,
    /// Due before.
    pub until: Option<UtcMs>,
    /// Only with this in text or handle, in any case.
    pub text: Option<String>,
    /// Latest first.
    pub backwards: bool,
    /// At most this many; 0 for all.
    pub limit: u32,
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self {
            scope: Scope::All,
            channel: None,
            post: None,
            states: Vec::new(),
            from: None,
            until: None,
            text: None,
            backwards: false,
            limit: 0,
        }
    }
}

/// Deliveries by due instant.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn queue(hub: &Hub, filter: QueueFilter) -> Result<Vec<DeliveryView>, OpError> {
    hub.look(move |q, acting| list(q, acting, &filter)).await
}

/// One post with all its deliveries.
///
/// # Errors
/// When it is unknown or not the operator's to see.
pub async fn post(hub: &Hub, id: &PostId) -> Result<PostView, OpError> {
    let id = id.clone();
    hub.look(move |q, acting| {
        let view = post_view(q, &id, acting.now)?;
        acting.require(q, &view.post.workspace_id, Act::Look)?;
        Ok(view)
    })
    .await
}

pub(super) fn list(
    q: &Reads<'_>,
    acting: &Acting,
    filter: &QueueFilter,
) -> Result<Vec<DeliveryView>, OpError> {
    if let Scope::Workspace(id) = &filter.scope {
        acting.require(q, id, Act::Look)?;
    }
    let visible = acting.visible(q)?;
    let query = QueueQuery {
        workspace: filter.scope.workspace().cloned(),
        channel: filter.channel.clone(),
        post: filter.post.clone(),
        states: stored(&filter.states),
        from: filter.from,
        until: filter.until,
        backwards: filter.backwards,
        // What is made of a row decides too, so the limit is applied after it.
        limit: 0,
    };
    let wanted = filter.text.as_ref().map(|text| text.to_lowercase());
    let mut views = Vec::new();
    for delivery in q.deliveries(&query)? {
        if !visible.iter().any(|one| one.id == delivery.workspace_id) {
            continue;
        }
        let view = delivery_view(q, delivery, acting.now)?;
        let state_fits = filter.states.is_empty() || filter.states.contains(&view.shown);
        let text_fits = wanted.as_ref().is_none_or(|wanted| {
            view.text.to_lowercase().contains(wanted)
                || view.channel_handle.to_lowercase().contains(wanted)
        });
        if state_fits && text_fits {
            views.push(view);
            if filter.limit > 0 && views.len() >= filter.limit as usize {
                break;
            }
        }
    }
    Ok(views)
}

/// The stored states that could show as one of `states`.
fn stored(states: &[Shown]) -> Vec<State> {
    let hidden = |state: &State| *state != State::Cancelled;
    let fits = |state: &State| {
        let plain = states.contains(&shown(*state, None));
        plain || (*state == State::Scheduled && states.contains(&Shown::Held))
    };
    State::ALL
        .iter()
        .copied()
        .filter(|state| {
            if states.is_empty() {
                hidden(state)
            } else {
                fits(state)
            }
        })
        .collect()
}

pub(in crate::ops) fn delivery_view(
    q: &Reads<'_>,
    delivery: Delivery,
    now: UtcMs,
) -> Result<DeliveryView, OpError> {
    let channel = q.channel(&delivery.channel_id)?;
    let blocker = match delivery.state {
        State::Scheduled => blocker(q, &delivery, &channel)?,
        _ => None,
    };
    let text = match &delivery.text {
        Some(text) => text.clone(),
        None => q.post(&delivery.post_id)?.text,
    };
    let late_by = match delivery.state {
        State::Published => delivery.published_at.map(|at| at.since(delivery.due)),
        State::Draft | State::Cancelled => None,
        _ => Some(now.since(delivery.due)),
    };
    Ok(DeliveryView {
        shown: shown(delivery.state, blocker),
        blocker,
        channel_kind: channel.kind,
        channel_handle: channel.handle,
        workspace_slug: q.workspace(&delivery.workspace_id)?.slug,
        text,
        media_count: q.media_count(&delivery.post_id)?,
        late_by: late_by.filter(|late| !late.is_zero()),
        delivery,
    })
}

/// What holds a scheduled delivery. A part of a thread whose part before it is
/// still to come is not held, only one whose part before it will not come by
/// itself.
fn blocker(
    q: &Reads<'_>,
    delivery: &Delivery,
    channel: &Channel,
) -> Result<Option<Blocker>, OpError> {
    let stuck = match &delivery.after_id {
        Some(after) => matches!(
            q.delivery(after)?.state,
            State::NeedsDecision | State::Failed | State::Missed | State::Cancelled
        ),
        None => false,
    };
    Ok(held_by(channel, q.restored()?, false, stuck))
}

pub(in crate::ops) fn post_view(
    q: &Reads<'_>,
    id: &PostId,
    now: UtcMs,
) -> Result<PostView, OpError> {
    let query = QueueQuery {
        post: Some(id.clone()),
        ..QueueQuery::default()
    };
    Ok(PostView {
        post: q.post(id)?,
        media: q.media_of(id)?,
        deliveries: q
            .deliveries(&query)?
            .into_iter()
            .map(|delivery| delivery_view(q, delivery, now))
            .collect::<Result<_, _>>()?,
        warnings: Vec::new(),
    })
}
