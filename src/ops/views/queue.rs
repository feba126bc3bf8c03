//! Deliveries and posts as lists and sheets show them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::ops::ControlFlow;
use std::time::Duration;

use super::super::acting::Acting;
use super::super::{Hub, OpError, Scope};
use super::channels::by_object;
use crate::domain::aside::Aside;
use crate::domain::blocker::blocker as held_by;
use crate::domain::channel::Channel;
use crate::domain::delivery::{Blocker, Delivery, Shown, State, shown};
use crate::domain::filter::{Filter, Subject};
use crate::domain::ids::{ChannelId, OperatorId, PostId, WorkspaceId};
use crate::domain::network::ChannelKind;
use crate::domain::role::Act;
use crate::domain::trouble::of_post;
use crate::store::posts::{Medium, Post};
use crate::store::queue::QueueQuery;
use crate::store::uploads::Upload;
use crate::store::{Reads, StoreError};
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
    /// How people know the login of its channel.
    pub login_name: String,
    /// The short name of its workspace.
    pub workspace_slug: String,
    /// The text that goes out there.
    pub text: String,
    /// How many images or videos go with it.
    pub media_count: usize,
    /// How late it is or went out.
    pub late_by: Option<Duration>,
    /// How many parts its thread has; 1 when it is in none.
    pub parts: u32,
    /// How far the medium is that goes out now.
    pub upload: Option<Upload>,
    /// Who took it on, until when.
    pub aside: Option<Aside>,
}

impl DeliveryView {
    /// What a filter looks at; `by` is the name of who wrote it.
    pub fn subject<'a>(&'a self, by: &'a str) -> Subject<'a> {
        Subject {
            texts: [
                &self.channel_handle,
                &self.text,
                self.delivery.id.as_str(),
                "",
            ],
            network: Some(self.channel_kind.network()),
            workspace: [&self.workspace_slug, ""],
            states: self.shown.names(),
            login: &self.login_name,
            by,
            due: Some(self.delivery.due),
            ..Subject::default()
        }
    }

    /// Its text with its place in the thread before it: `2/3 And then …`.
    pub fn marked_text(&self) -> String {
        match self.parts {
            0 | 1 => self.text.clone(),
            parts => format!("{}/{parts} {}", self.delivery.part_no, self.text),
        }
    }
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
    /// Only what fits this.
    pub filter: Filter,
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
            filter: Filter::default(),
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
    let only_rows = filter.filter.is_empty()
        && visible.len() == q.workspaces(None)?.len()
        && held_or_not(&filter.states);
    let query = QueueQuery {
        workspace: filter.scope.workspace().cloned(),
        channel: filter.channel.clone(),
        post: filter.post.clone(),
        states: stored(&filter.states),
        from: filter.from,
        until: filter.until,
        backwards: filter.backwards,
        // Where what is made of a row decides too, the limit comes after it.
        limit: if only_rows { filter.limit } else { 0 },
    };
    let mut desk = Desk::new(q, acting.now);
    let people: HashMap<OperatorId, String> = q
        .people()?
        .into_iter()
        .map(|one| (one.id, one.name))
        .collect();
    let mut views = Vec::new();
    q.each_delivery(&query, |delivery| {
        if !visible.iter().any(|one| one.id == delivery.workspace_id) {
            return Ok::<_, OpError>(ControlFlow::Continue(()));
        }
        let view = desk.view(delivery)?;
        let state_fits = filter.states.is_empty() || filter.states.contains(&view.shown);
        let by = people.get(&view.delivery.created_by);
        let by = by.map_or("", String::as_str);
        if state_fits && filter.filter.fits(&view.subject(by), acting.now) {
            views.push(view);
        }
        let enough = filter.limit > 0 && views.len() >= filter.limit as usize;
        Ok(match enough {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    })?;
    Ok(views)
}

/// Whether the stored state alone tells if a row is wanted: scheduled and held
/// are one stored state.
fn held_or_not(states: &[Shown]) -> bool {
    states.contains(&Shown::Scheduled) == states.contains(&Shown::Held)
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
    Desk::new(q, now).view(delivery)
}

/// How many posts are remembered while a list is made.
const REMEMBERED: usize = 4_096;

/// Makes views of many deliveries, reading each channel, workspace and post
/// once.
struct Desk<'q, 'a> {
    q: &'q Reads<'a>,
    now: UtcMs,
    /// Whether the store waits for a confirmation, and whether the clock does.
    waits: Option<(bool, bool)>,
    channels: HashMap<ChannelId, Channel>,
    slugs: HashMap<WorkspaceId, String>,
    posts: HashMap<PostId, (String, usize, u32)>,
    /// What is set aside, read when something may be.
    asides: Option<HashMap<String, Aside>>,
}

impl<'q, 'a> Desk<'q, 'a> {
    fn new(q: &'q Reads<'a>, now: UtcMs) -> Self {
        Self {
            q,
            now,
            waits: None,
            channels: HashMap::new(),
            slugs: HashMap::new(),
            posts: HashMap::new(),
            asides: None,
        }
    }

    /// How a delivery is set aside.
    fn aside(&mut self, delivery: &Delivery) -> Result<Option<Aside>, StoreError> {
        let Some(trouble) = of_post(delivery) else {
            return Ok(None);
        };
        let asides = match &mut self.asides {
            Some(known) => known,
            unknown => unknown.insert(by_object(self.q.asides()?)),
        };
        let aside = asides.get(delivery.id.as_str());
        Ok(aside
            .filter(|one| one.is_about(&[trouble], self.now))
            .cloned())
    }

    fn view(&mut self, delivery: Delivery) -> Result<DeliveryView, OpError> {
        let q = self.q;
        let aside = self.aside(&delivery)?;
        let channel = remembered(&mut self.channels, &delivery.channel_id, |id| q.channel(id))?;
        let slug = remembered(&mut self.slugs, &delivery.workspace_id, |id| {
            Ok(q.workspace(id)?.slug)
        })?;
        // Of a million posts only the last few are met again.
        if self.posts.len() >= REMEMBERED {
            self.posts.clear();
        }
        let (text, media, parts) = remembered(&mut self.posts, &delivery.post_id, |id| {
            Ok((q.post(id)?.text, q.media_count(id)?, q.parts_of(id)?))
        })?;
        let blocker = match delivery.state {
            State::Scheduled => {
                let (restored, clock) = match self.waits {
                    Some(known) => known,
                    None => *self.waits.insert((q.restored()?, q.clock_in_doubt()?)),
                };
                // A part that is still to come holds nothing.
                let stuck = q.stuck_before(&delivery)?.is_some();
                held_by(channel, restored, clock, stuck)
            }
            _ => None,
        };
        let late_by = match delivery.state {
            State::Published => delivery.published_at.map(|at| at.since(delivery.due)),
            State::Draft | State::Cancelled => None,
            _ => Some(self.now.since(delivery.due)),
        };
        let upload = match delivery.state {
            State::Scheduled | State::Sending => q.upload(&delivery.id)?,
            _ => None,
        };
        Ok(DeliveryView {
            shown: shown(delivery.state, blocker),
            blocker,
            channel_kind: channel.kind,
            channel_handle: channel.handle.clone(),
            login_name: channel.login_name().to_owned(),
            workspace_slug: slug.clone(),
            text: delivery.text.clone().unwrap_or_else(|| text.clone()),
            // The media of a thread are those of its first part.
            media_count: if delivery.part_no == 1 { *media } else { 0 },
            parts: *parts,
            upload,
            aside,
            late_by: late_by.filter(|late| !late.is_zero()),
            delivery,
        })
    }
}

/// What is known of `key`, read when it is asked for the first time.
fn remembered<'m, K: Clone + Eq + Hash, V>(
    known: &'m mut HashMap<K, V>,
    key: &K,
    read: impl FnOnce(&K) -> Result<V, StoreError>,
) -> Result<&'m V, StoreError> {
    match known.entry(key.clone()) {
        Entry::Occupied(found) => Ok(found.into_mut()),
        Entry::Vacant(place) => {
            let value = read(key)?;
            Ok(place.insert(value))
        }
    }
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
