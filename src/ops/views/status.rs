//! How the whole stands, in a few numbers.

use super::super::publisher::{PublisherView, view as publisher_view};
use super::super::{Hub, OpError, Scope};
use super::{ChannelView, Lamp, channels};
use crate::domain::delivery::State;
use crate::store::incidents::Incident;
use crate::support::time::UtcMs;

/// How many lamps of each sort burn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lamps {
    /// Publish, freshly proved.
    pub green: u64,
    /// Publish, act soon.
    pub attention: u64,
    /// Cannot publish now.
    pub broken: u64,
}

impl Lamps {
    /// Counts them.
    pub fn of(views: &[ChannelView]) -> Self {
        let count = |lamp| views.iter().filter(|view| view.lamp == lamp).count() as u64;
        Self {
            green: count(Lamp::Green),
            attention: count(Lamp::Attention),
            broken: count(Lamp::Broken),
        }
    }
}

/// How the whole stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// Who publishes.
    pub publisher: PublisherView,
    /// The lamps of the scope.
    pub lamps: Lamps,
    /// Scheduled deliveries that nothing holds.
    pub queued: u64,
    /// Scheduled deliveries that something holds.
    pub held: u64,
    /// Deliveries whose time passed.
    pub missed: u64,
    /// Deliveries a person must decide about.
    pub needs_decision: u64,
    /// Deliveries that were refused.
    pub failed: u64,
    /// When the next one goes out that nothing holds.
    pub next_due: Option<UtcMs>,
    /// What is going on, newest first.
    pub incidents: Vec<Incident>,
    /// Notices nobody read.
    pub unread: u64,
}

/// How the workspaces of the scope stand.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn status(hub: &Hub, scope: &Scope) -> Result<StatusView, OpError> {
    let (scope, timing) = (scope.clone(), hub.config.engine.clone());
    let watch = channels::watch(hub);
    let trouble = super::happened::store_trouble(hub).await;
    hub.look(move |q, acting| {
        let views = channels::list(q, acting, &scope, false, &watch)?;
        let count = |state| {
            views
                .iter()
                .map(|view| view.summary.count(state))
                .sum::<u64>()
        };
        let held = views.iter().map(|view| view.held).sum();
        let next_due = views
            .iter()
            .filter(|view| view.summary.channel.can_send())
            .filter_map(|view| view.summary.next_due)
            .min();
        Ok(StatusView {
            publisher: publisher_view(q, &timing, acting.now)?,
            lamps: Lamps::of(&views),
            queued: count(State::Scheduled) - held,
            held,
            missed: count(State::Missed),
            needs_decision: count(State::NeedsDecision),
            failed: count(State::Failed),
            next_due,
            incidents: {
                let mut list = trouble;
                list.extend(super::happened::visible_incidents(
                    q, acting, &scope, true, 100,
                )?);
                list
            },
            unread: super::visible_notices(q, acting, &scope, true, u32::MAX)?.len() as u64,
        })
    })
    .await
}
