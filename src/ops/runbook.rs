//! The health check: what needs a hand, in the order in which it is walked.
//! Logins by first damage, posts to decide about, missed and failed posts, what
//! wants to be looked at soon, this hub itself. What was done since it was begun
//! is read from the store, so that it can be left and gone on with.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::acting::Acting;
use super::views::{
    ChannelView, DeliveryView, Lamp, delivery_view, ends, list_channels, look_ahead, store_trouble,
    visible_incidents, watch,
};
use super::{Hub, OpError, Scope};
use crate::domain::aside::Aside;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, LoginId, OperatorId};
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::store::Reads;
use crate::store::hands::{Among, Turn};
use crate::store::health::LOGIN_BROKEN;
use crate::store::incidents::{Incident, UNREACHED};
use crate::store::weather::WEATHER;
use crate::support::time::UtcMs;

mod lines;
mod order;

pub use lines::{Item, items, summary};
pub use order::order;

/// A health check that was left is gone on with this long.
const RESUMED: Duration = Duration::from_secs(12 * 3_600);

/// Of each sort of post so many are read; the rest is a number.
const LISTED: u32 = 200;

/// What a health check is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// Workspaces.
    Scope(Scope),
    /// These channels, whatever else there is.
    Channels(Vec<ChannelId>),
}

impl Of {
    /// The name it is remembered by; chosen channels are not remembered.
    fn name(&self) -> Option<String> {
        match self {
            Self::Scope(Scope::All) => Some("all".into()),
            Self::Scope(Scope::Workspace(id)) => Some(id.to_string()),
            Self::Channels(_) => None,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Self::Scope(scope) => scope.clone(),
            Self::Channels(_) => Scope::All,
        }
    }

    fn holds(&self, id: &ChannelId) -> bool {
        match self {
            Self::Scope(_) => true,
            Self::Channels(ids) => ids.contains(id),
        }
    }
}

/// When a health check was begun, and how much there was of what leaves no
/// trace of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When.
    pub at: i64,
    /// Posts to decide about.
    pub decide: u64,
    /// Missed posts.
    pub missed: u64,
    /// Failed posts.
    pub failed: u64,
    /// Channels to look at.
    pub soon: u64,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    of: String,
    begun: Begun,
}

/// Which row of the health check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// One login, or one channel that no login mends, by its id.
    Login(String),
    /// The channels of a login that are mended while others of it are not.
    PartlyMended(String),
    /// Posts to decide about.
    Decide,
    /// Missed posts.
    Missed,
    /// Failed posts.
    Failed,
    /// What to look at soon.
    Soon,
    /// This hub itself: an incident, by its id.
    Hub(String),
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Channels that one login mends, or one that none does.
    Login {
        /// Which, the first damage first.
        channels: Vec<ChannelView>,
        /// A login mends them.
        by_login: bool,
    },
    /// Posts in a state that waits for a person: the first of them.
    Posts {
        /// Which state.
        state: State,
        /// How many.
        count: u64,
        /// The first ones; set aside ones last.
        posts: Vec<DeliveryView>,
    },
    /// Channels that publish and want somebody soon.
    Soon(Vec<ChannelView>),
    /// Something of the hub.
    Hub {
        /// What is wrong.
        text: String,
        /// The command that mends or shows it.
        command: Option<String>,
        /// How bad.
        severity: Severity,
    },
}

/// How far a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits for somebody.
    Open,
    /// Somebody took it on.
    Aside(Aside),
    /// It is done: when, and by whom, as far as that is known.
    Done {
        /// When.
        at: Option<UtcMs>,
        /// By whom.
        by: Option<(OperatorId, String)>,
    },
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub key: Key,
    /// What it is about.
    pub what: What,
    /// How far it is.
    pub progress: Progress,
}

impl Step {
    /// Whether it waits for somebody.
    pub fn is_open(&self) -> bool {
        self.progress == Progress::Open
    }

    /// The login that all its channels share.
    pub fn login(&self) -> Option<&LoginId> {
        match &self.what {
            What::Login { channels, by_login } if *by_login && channels.len() > 1 => {
                channels.first()?.summary.channel.login_id.as_ref()
            }
            _ => None,
        }
    }
}

/// The next end that nothing is known to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextEnd {
    /// When.
    pub at: UtcMs,
    /// Of which network most end within a day of it.
    pub network: Network,
    /// How many channels.
    pub channels: usize,
}

/// A health check as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// When it was begun, and with how much.
    pub begun: Begun,
    /// The rows in their order.
    pub steps: Vec<Step>,
    /// How many channels there are.
    pub channels: usize,
    /// How many of them are healthy.
    pub healthy: usize,
    /// The next login that ends.
    pub ends: Option<NextEnd>,
    /// When the next post goes out that nothing holds.
    pub next_due: Option<UtcMs>,
    /// What networks want done before a login.
    pub tips: HashMap<Network, &'static str>,
}

impl Walk {
    /// The first row that waits for somebody.
    pub fn first_open(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.is_open())
    }

    /// How many rows are done.
    pub fn done(&self) -> usize {
        let done = |step: &&Step| matches!(step.progress, Progress::Done { .. });
        self.steps.iter().filter(done).count()
    }

    /// Whether nothing waits for anybody who is not known.
    pub fn is_over(&self) -> bool {
        self.first_open().is_none()
    }
}

/// What the order is made from.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Every channel of the health check.
    pub channels: Vec<ChannelView>,
    /// The first posts in each state that waits for a person.
    pub posts: Vec<DeliveryView>,
    /// How many posts there are in each of these states.
    pub waiting: HashMap<State, u64>,
    /// What healed since it was begun.
    pub turns: Vec<Turn>,
    /// What is wrong with the hub.
    pub hub: Vec<Incident>,
    /// When it was begun.
    pub begun: Begun,
    /// What networks want done before a login.
    pub tips: HashMap<Network, &'static str>,
    /// Now.
    pub now: UtcMs,
}

/// Begins a health check, or goes on with the one that was left: whose rows are
/// all done is over.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn open(hub: &Hub, of: &Of) -> Result<Walk, OpError> {
    if let Some(begun) = remembered(hub, of).await? {
        let left = walk(hub, of, Some(begun)).await?;
        if !left.is_over() {
            return Ok(left);
        }
    }
    let fresh = walk(hub, of, None).await?;
    // Who may only look walks through it all the same.
    if let (Some(of), false) = (of.name(), hub.read_only) {
        let begun = fresh.begun.clone();
        let text = serde_json::to_string(&Remembered { of, begun }).unwrap_or_default();
        let kept = hub.change(move |tx, acting| {
            tx.set_setting(&setting(&acting.operator), Some(&text))?;
            Ok(())
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a health check is not remembered");
        }
    }
    Ok(fresh)
}

fn setting(operator: &OperatorId) -> String {
    format!("health_check {operator}")
}

async fn remembered(hub: &Hub, of: &Of) -> Result<Option<Begun>, OpError> {
    let Some(name) = of.name() else {
        return Ok(None);
    };
    hub.look(move |q, acting| {
        let text = q.setting(&setting(&acting.operator))?.unwrap_or_default();
        let known: Option<Remembered> = serde_json::from_str(&text).ok();
        Ok(known
            .filter(|known| known.of == name)
            .map(|known| known.begun)
            .filter(|begun| acting.now.since(UtcMs(begun.at)) < RESUMED))
    })
    .await
}

/// A health check as it stands now; `begun` is absent when it begins.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn walk(hub: &Hub, of: &Of, begun: Option<Begun>) -> Result<Walk, OpError> {
    walk_ahead(hub, of, begun, None).await
}

/// The same, where what ends within `horizon` counts as well.
///
/// # Errors
/// As [`walk`].
pub async fn walk_ahead(
    hub: &Hub,
    of: &Of,
    begun: Option<Begun>,
    horizon: Option<Duration>,
) -> Result<Walk, OpError> {
    let trouble = store_trouble(hub).await;
    let tip = |network: &Network| {
        let (built_in, _) = hub.networks.get(*network)?;
        let first = built_in.descriptor().tips.first()?;
        Some((*network, *first))
    };
    let tips: HashMap<Network, &'static str> = Network::ALL.iter().filter_map(tip).collect();
    let publisher = super::publisher::publisher(hub).await?;
    let (of, watch) = (of.clone(), watch(hub));
    hub.look(move |q, acting| {
        let scope = of.scope();
        let mut channels = list_channels(q, acting, &scope, false, &watch)?;
        channels.retain(|view| of.holds(&view.summary.channel.id));
        for view in &mut channels {
            let ends = ends(&view.summary.channel, &watch);
            look_ahead(view, ends, horizon, acting.now);
        }
        let among = among(q, acting, &of)?;
        let waiting = q.count_in_need(&among)?;
        let posts = posts(q, acting, &among, &waiting)?;
        let mut hub = trouble;
        if matches!(of, Of::Scope(_)) {
            hub.extend(nobody(&publisher, &channels, acting.now));
            hub.extend(visible_incidents(q, acting, &scope, true, u32::MAX)?);
            hub.retain(is_of_hub);
        } else {
            hub.clear();
        }
        let count = |state| waiting.get(&state).copied().unwrap_or_default();
        let begun = begun.unwrap_or_else(|| Begun {
            at: acting.now.0,
            decide: count(State::NeedsDecision),
            missed: count(State::Missed),
            failed: count(State::Failed),
            soon: channels
                .iter()
                .filter(|view| view.lamp == Lamp::Attention)
                .count() as u64,
        });
        Ok(order(Facts {
            turns: q.turns_since(UtcMs(begun.at))?,
            channels,
            posts,
            waiting,
            hub,
            begun,
            tips,
            now: acting.now,
        }))
    })
    .await
}

/// Whose posts a health check is about. Of workspaces those of disconnected
/// channels as well: what was under way when one left is still to be decided.
fn among(q: &Reads<'_>, acting: &Acting, of: &Of) -> Result<Among, OpError> {
    let scope = match of {
        Of::Channels(ids) => return Ok(Among::Channels(ids.clone())),
        Of::Scope(scope) => scope.workspace(),
    };
    let mut seen = acting.visible(q)?;
    seen.retain(|one| scope.is_none_or(|only| *only == one.id));
    Ok(Among::Workspaces(
        seen.into_iter().map(|one| one.id).collect(),
    ))
}

/// The first posts of each sort that waits for a person.
fn posts(
    q: &Reads<'_>,
    acting: &Acting,
    among: &Among,
    waiting: &HashMap<State, u64>,
) -> Result<Vec<DeliveryView>, OpError> {
    let mut found = Vec::new();
    let there = |state: &State| waiting.contains_key(state);
    for state in order::HANDS.into_iter().filter(there) {
        for one in q.posts_in_need(state, among, LISTED)? {
            found.push(delivery_view(q, one, acting.now)?);
        }
    }
    Ok(found)
}

/// What is wrong with the hub, and not with one login or with a network.
fn is_of_hub(incident: &Incident) -> bool {
    incident.severity >= Severity::Attention
        && incident.kind != LOGIN_BROKEN
        && incident.kind != WEATHER
        && incident.cause != UNREACHED
}

/// That nobody publishes, as an incident of the hub.
fn nobody(
    publisher: &super::publisher::PublisherView,
    channels: &[ChannelView],
    now: UtcMs,
) -> Option<Incident> {
    let text = match (publisher.running, publisher.silent, publisher.pid) {
        (true, false, _) => return None,
        (true, true, Some(pid)) => format!("The publisher (pid {pid}) gives no sign of life."),
        _ => "Nobody publishes.".to_owned(),
    };
    let scheduled: u64 = channels
        .iter()
        .map(|view| view.summary.count(State::Scheduled))
        .sum();
    let text = match scheduled {
        0 => text,
        1 => format!("{text} 1 post waits for its time."),
        n => format!("{text} {n} posts wait for their times."),
    };
    Some(Incident {
        id: crate::domain::ids::IncidentId::from_stored("inc_publisher"),
        kind: "nobody_publishes".into(),
        subject: "publisher".into(),
        cause: "none".into(),
        network: None,
        severity: Severity::Broken,
        text,
        command: Some(match publisher.silent {
            true => "allgreen publisher show".into(),
            false => "allgreen daemon".into(),
        }),
        opened_at: publisher.heartbeat_at.unwrap_or(now),
        resolved_at: None,
        failures: 1,
        channels: Vec::new(),
    })
}
