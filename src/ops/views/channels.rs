//! Channels as lists and the detail pane show them.

use std::collections::HashMap;

use super::super::acting::Acting;
use super::super::{Hub, OpError, Scope};
use crate::domain::answer::AnswerClass;
use crate::domain::aside::Aside;
use crate::domain::blocker::{PublishBlocker, publish_blocker};
use crate::domain::channel::{Channel, Status};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::lamp::{self, Lamp, Watch, lamp};
use crate::domain::mend::{Mend, mend};
use crate::domain::reading::Reading;
use crate::domain::role::Act;
use crate::domain::trouble::troubles;
use crate::domain::words;
use crate::store::summaries::{ChannelSummary, Part};
use crate::store::{Reads, StoreError};
use crate::support::map::{Map, Set};
use crate::support::time::UtcMs;

/// A channel with what is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The channel, its workspace, counts and next due instant.
    pub summary: ChannelSummary,
    /// Its lamp now.
    pub lamp: Lamp,
    /// The cause or the reason for attention, in words.
    pub words: String,
    /// What it can be found by, in small letters, a line each; the first is how
    /// people call it, by which lists are sorted.
    pub names: Box<str>,
    /// How many of its deliveries are held.
    pub held: u64,
    /// The first delivery that its state hits or will hit.
    pub first_hit: Option<UtcMs>,
    /// What mends it.
    pub mend: Mend,
    /// The command for that; empty when nothing is wrong.
    pub fix: String,
    /// Why it does not publish; `None` when it does.
    pub blocker: Option<PublishBlocker>,
    /// Who took it on, until when.
    pub aside: Option<Aside>,
}

impl ChannelView {
    /// `acme/bs:@acme.example`: names it wherever an id is taken.
    pub fn full_name(&self) -> String {
        full_name(&self.summary)
    }

    /// Whether a login is what mends it.
    pub fn mends_by_login(&self) -> bool {
        self.mend == Mend::Login
    }

    /// When its access ends for good unless somebody logs in again, if that is
    /// known.
    pub fn access_ends(&self) -> Option<UtcMs> {
        lamp::access_end(&self.summary.channel)
    }
}

/// Channels of the scope, what needs a person first: by lamp, then by first
/// damage, then by name.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn channels(hub: &Hub, scope: &Scope) -> Result<Vec<ChannelView>, OpError> {
    channels_with(hub, scope, false).await
}

/// Every channel the operator may see, in no order: for who keeps an order of
/// their own. Two connections read a half each.
///
/// # Errors
/// When the store cannot be read.
pub async fn every_channel(hub: &Hub) -> Result<Vec<ChannelView>, OpError> {
    let (one, other) = tokio::join!(part(hub, Part::OneHalf), part(hub, Part::OtherHalf));
    let mut all = one?;
    all.extend(other?);
    Ok(all)
}

/// Those of [`every_channel`] whose lamp is [`Lamp::Broken`], in no order: few
/// among many, and there long before the others.
///
/// # Errors
/// When the store cannot be read.
pub async fn broken_channels(hub: &Hub) -> Result<Vec<ChannelView>, OpError> {
    part(hub, Part::Broken).await
}

/// Some of the live channels, and where the next ones begin.
#[derive(Debug)]
pub struct Portion {
    /// Those the operator may see, in no order.
    pub views: Vec<ChannelView>,
    /// What to ask for next; `None` after the last ones.
    pub next: Option<i64>,
}

/// How many rows a portion goes through.
const PORTION: i64 = 1_000;

/// The channels of [`every_channel`] portion by portion, for who has them and
/// wants to know what is different by now: 0 begins.
///
/// # Errors
/// When the store cannot be read.
pub async fn some_channels(hub: &Hub, from: i64) -> Result<Portion, OpError> {
    let watch = watch(hub);
    hub.look(move |q, acting| {
        let until = from.saturating_add(PORTION);
        let part = Part::Rows { from, until };
        let views = read(q, acting, &Scope::All, part, &watch)?;
        let next = (until < q.channels_end()?).then_some(until);
        Ok(Portion { views, next })
    })
    .await
}

async fn part(hub: &Hub, part: Part) -> Result<Vec<ChannelView>, OpError> {
    let watch = watch(hub);
    hub.look(move |q, acting| read(q, acting, &Scope::All, part, &watch))
        .await
}

/// As [`channels`], with the disconnected ones at the end when asked.
///
/// # Errors
/// As [`channels`].
pub async fn channels_with(
    hub: &Hub,
    scope: &Scope,
    disconnected: bool,
) -> Result<Vec<ChannelView>, OpError> {
    let (scope, watch) = (scope.clone(), watch(hub));
    hub.look(move |q, acting| list(q, acting, &scope, disconnected, &watch))
        .await
}

/// One channel, disconnected ones included.
///
/// # Errors
/// When it is unknown or not the operator's to see.
pub async fn channel(hub: &Hub, id: &ChannelId) -> Result<ChannelView, OpError> {
    let (id, watch) = (id.clone(), watch(hub));
    hub.look(move |q, acting| {
        let summary = q.channel_summary(&id)?;
        acting.require(q, &summary.channel.workspace_id, Act::Look)?;
        channel_view(q, summary, &watch, acting.now)
    })
    .await
}

pub(in crate::ops) fn list(
    q: &Reads<'_>,
    acting: &Acting,
    scope: &Scope,
    disconnected: bool,
    watch: &Watch,
) -> Result<Vec<ChannelView>, OpError> {
    if let Scope::Workspace(id) = scope {
        acting.require(q, id, Act::Look)?;
    }
    let mut views = read(q, acting, scope, Part::Whole, watch)?;
    if disconnected {
        let visible = visible(q, acting)?;
        let around = Around::of_all(q)?;
        let all = q.channels(scope.workspace(), true)?;
        for gone in all.iter().filter(|one| one.status == Status::Disconnected) {
            if visible.contains(&gone.workspace_id) {
                let summary = q.channel_summary(&gone.id)?;
                views.push(view(q, summary, &around, watch, acting.now)?);
            }
        }
    }
    views.sort_by_cached_key(|view| {
        let channel = &view.summary.channel;
        let gone = channel.status == Status::Disconnected;
        let place = lamp::sort(view.lamp, view.first_hit, &channel.handle);
        (gone, place, channel.id.clone())
    });
    Ok(views)
}

/// The live channels of the scope that the operator may see, in no order.
fn read(
    q: &Reads<'_>,
    acting: &Acting,
    scope: &Scope,
    part: Part,
    watch: &Watch,
) -> Result<Vec<ChannelView>, OpError> {
    let visible = visible(q, acting)?;
    let around = Around::of_all(q)?;
    let mut views = Vec::new();
    q.each_summary(scope.workspace(), part, |summary| {
        if visible.contains(&summary.channel.workspace_id) {
            views.push(view(q, summary, &around, watch, acting.now)?);
        }
        Ok(())
    })?;
    Ok(views)
}

fn visible(q: &Reads<'_>, acting: &Acting) -> Result<Set<WorkspaceId>, OpError> {
    let workspaces = acting.visible(q)?;
    Ok(workspaces.into_iter().map(|one| one.id).collect())
}

/// What lamps are judged by.
pub(in crate::ops) fn watch(hub: &Hub) -> Watch {
    Watch::every(hub.config.engine.probe_every)
}

/// What is made of a channel now.
///
/// # Errors
/// When the store cannot be read.
pub fn channel_view(
    q: &Reads<'_>,
    summary: ChannelSummary,
    watch: &Watch,
    now: UtcMs,
) -> Result<ChannelView, OpError> {
    let around = Around::of(q, &summary.channel.id)?;
    Ok(view(q, summary, &around, watch, now)?)
}

/// What is true of the whole hub, and what only few channels have.
struct Around {
    /// Everything waits: for a confirmation, or for the clock.
    all_wait: bool,
    /// Some app of ours is at fault.
    app_at_fault: bool,
    /// What networks refuse to be read, and what sort of answer that was.
    unreadable: Map<ChannelId, Vec<(Reading, AnswerClass)>>,
    /// What is set aside, by its id.
    asides: HashMap<String, Aside>,
}

impl Around {
    /// How a channel is set aside.
    fn aside(
        &self,
        q: &Reads<'_>,
        channel: &Channel,
        watch: &Watch,
        now: UtcMs,
    ) -> Result<Option<Aside>, StoreError> {
        let Some(known) = self.asides.get(channel.id.as_str()) else {
            return Ok(None);
        };
        let attention = lamp::attention(channel, now, watch);
        let troubles = troubles(channel, &attention, &q.troubles_begun(&channel.id)?);
        Ok(known.is_about(&troubles, now).then(|| known.clone()))
    }

    fn of(q: &Reads<'_>, id: &ChannelId) -> Result<Self, OpError> {
        Self::with(q, q.refused_readings(Some(id))?)
    }

    fn of_all(q: &Reads<'_>) -> Result<Self, OpError> {
        Self::with(q, q.refused_readings(None)?)
    }

    fn with(
        q: &Reads<'_>,
        refused: Vec<(ChannelId, Reading, AnswerClass)>,
    ) -> Result<Self, OpError> {
        let mut unreadable: Map<_, Vec<_>> = Map::default();
        for (id, what, class) in refused {
            unreadable.entry(id).or_default().push((what, class));
        }
        Ok(Self {
            all_wait: q.restored()? || q.clock_in_doubt()?,
            app_at_fault: q.any_app_at_fault()?,
            unreadable,
            asides: by_object(q.asides()?),
        })
    }
}

/// What is set aside, by its id.
pub(super) fn by_object(asides: Vec<Aside>) -> HashMap<String, Aside> {
    let pair = |one: Aside| (one.object.clone(), one);
    asides.into_iter().map(pair).collect()
}

fn view(
    q: &Reads<'_>,
    summary: ChannelSummary,
    around: &Around,
    watch: &Watch,
    now: UtcMs,
) -> Result<ChannelView, StoreError> {
    let channel = &summary.channel;
    let unreadable = around.unreadable.get(&channel.id);
    let unreadable = unreadable.map_or(&[][..], Vec::as_slice);
    let watch = &Watch {
        reading_refused: !unreadable.is_empty(),
        ..*watch
    };
    let lamp = lamp(channel, now, watch);
    let live = channel.status != Status::Disconnected;
    let scheduled = summary.count(State::Scheduled);
    let held = if live && (around.all_wait || !channel.can_send()) {
        scheduled
    } else {
        0
    };
    let first_hit = match (lamp, ends(channel, watch)) {
        (Lamp::Broken, _) if live => summary.next_due,
        (_, Some(end)) => q.first_due_from(&channel.id, end)?,
        _ => None,
    };
    let mend = mend(channel, &lamp::attention(channel, now, watch), unreadable);
    let waits_for_app = live && around.app_at_fault && q.waits_for_app(channel, now)?;
    Ok(ChannelView {
        aside: around.aside(q, channel, watch, now)?,
        blocker: publish_blocker(channel, waits_for_app),
        lamp,
        words: match (live, lamp) {
            (false, _) => "disconnected".into(),
            (true, Lamp::Green) => channel.cause.words().into(),
            (true, _) => lamp::attention_reason(channel, now, watch),
        },
        names: words::names(channel).into(),
        held,
        first_hit,
        mend,
        fix: fix(&summary, mend),
        summary,
    })
}

/// The end of its access, when nothing moves that end by itself.
pub(in crate::ops) fn ends(channel: &Channel, watch: &Watch) -> Option<UtcMs> {
    let given_up = channel.token.refresh_failures >= lamp::REFRESH_LIMIT;
    lamp::access_end(channel).filter(|_| given_up || !watch.renewable)
}

fn full_name(summary: &ChannelSummary) -> String {
    let channel = &summary.channel;
    let network = channel.kind.network().short();
    format!("{}/{network}:@{}", summary.workspace.0, channel.handle)
}

/// The command that mends it.
fn fix(summary: &ChannelSummary, mend: Mend) -> String {
    let channel = &summary.channel;
    let name = || full_name(summary);
    match mend {
        Mend::Nothing => String::new(),
        Mend::Connect => {
            let network = channel.kind.network().name();
            format!(
                "allgreen channel connect {network} --workspace {} --handle {}",
                summary.workspace.0, channel.handle
            )
        }
        Mend::Login => format!("allgreen channel reconnect {}", name()),
        Mend::Proof => format!("allgreen channel probe {}", name()),
        Mend::Reading(what) => format!("allgreen channel {} {} --refresh", what.name(), name()),
    }
}
