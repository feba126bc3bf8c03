//! After a reconnect: what resumes on time, what is late, what was missed, and
//! what becomes of it.

use std::time::Duration;

use serde_json::json;

use super::posts::acts::{self, Machine};
use super::{Hub, OpError};
use crate::domain::channel::Channel;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId, WorkspaceId};
use crate::domain::release::{Held, LateRule, Line, release_plan};
use crate::domain::role::Act;
use crate::store::Reads;
use crate::store::queue::QueueQuery;
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

mod each;

pub use each::{ChannelPlan, PlanPost, Settled, plans, settle};

/// What a channel's posts will do now that it can publish, by id, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasePlan {
    /// The channel.
    pub channel: ChannelId,
    /// Go out at their own time.
    pub on_time: Vec<DeliveryId>,
    /// Their time passed within the lateness limit: sent, paced.
    pub late: Vec<DeliveryId>,
    /// Their time passed by more than that: a person says.
    pub missed: Vec<DeliveryId>,
    /// Failed because the access was gone, and are tried again.
    pub retried: Vec<DeliveryId>,
    /// Waited for a decision because the token was gone, and are looked up.
    pub looked_up: Vec<DeliveryId>,
    /// Late ones wait for an answer until then.
    pub wait_until: Option<UtcMs>,
}

/// What to do with late posts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LateAnswer {
    /// Send them, oldest first, paced.
    Send,
    /// Leave them to the workspace's rule.
    #[default]
    Later,
    /// Cancel them.
    Cancel,
}

/// What to do with missed posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MissedAnswer {
    /// Leave them for now.
    #[default]
    Later,
    /// Cancel them.
    Cancel,
    /// Move them by a span, as people write it: `3d` keeps the clock time, `72h`
    /// does not.
    ShiftBy(String),
}

/// The answer to a release plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseAnswer {
    /// Late ones.
    pub late: LateAnswer,
    /// Missed ones.
    pub missed: MissedAnswer,
    /// Late ones that are sent go out this far apart instead.
    pub spread: Option<Duration>,
}

/// The release plan of a channel as it is now.
///
/// # Errors
/// When the channel is unknown or not the operator's to see.
pub async fn plan(hub: &Hub, channel: &ChannelId) -> Result<ReleasePlan, OpError> {
    let (id, timing) = (channel.clone(), hub.config.engine.clone());
    hub.look(move |q, acting| {
        let channel = q.channel(&id)?;
        acting.require(q, &channel.workspace_id, Act::Look)?;
        plan_of(q, &channel, &timing, acting.now)
    })
    .await
}

/// Answers it. Returns the plan after that.
///
/// # Errors
/// When the role does not allow it or a post cannot be moved; then nothing was
/// changed.
pub async fn release(
    hub: &Hub,
    channel: &ChannelId,
    answer: ReleaseAnswer,
) -> Result<ReleasePlan, OpError> {
    let (id, machine) = (channel.clone(), Machine::of(hub));
    hub.change(move |tx, acting| {
        let channel = tx.channel(&id)?;
        acting.require(tx, &channel.workspace_id, Act::Pause)?;
        let before = plan_of(tx, &channel, &machine.timing, acting.now)?;
        let mut done = acts::Done::new("release");
        match (answer.late, answer.spread) {
            (LateAnswer::Cancel, _) => {
                for one in &before.late {
                    machine.cancel(tx, acting, one, &mut done)?;
                }
            }
            (LateAnswer::Send, Some(every)) => {
                for (number, one) in (0_u32..).zip(&before.late) {
                    let at = acting.now.plus(every.saturating_mul(number));
                    machine.move_to(tx, acting, one, at, &mut done)?;
                }
            }
            (LateAnswer::Send | LateAnswer::Later, _) => {}
        }
        match &answer.missed {
            MissedAnswer::Later => {}
            MissedAnswer::Cancel => {
                for one in &before.missed {
                    machine.cancel(tx, acting, one, &mut done)?;
                }
            }
            MissedAnswer::ShiftBy(span) => {
                for one in &before.missed {
                    machine.shift(tx, acting, one, span, &mut done)?;
                }
            }
        }
        if answer.late != LateAnswer::Later {
            tx.end_late_wait(&id)?;
        }
        if answer != ReleaseAnswer::default() {
            let detail = json!({ "answer": format!("{answer:?}") });
            let workspace = Some(&channel.workspace_id);
            acting.audit(tx, workspace, "channel.release", id.as_str(), &detail)?;
        }
        done.finish(tx, acting, "post.release")?;
        plan_of(tx, &channel, &machine.timing, acting.now)
    })
    .await
}

/// The rule of a workspace for late posts.
pub(super) fn late_rule(
    q: &Reads<'_>,
    workspace: &WorkspaceId,
    timing: &Timing,
) -> Result<LateRule, OpError> {
    Ok(LateRule {
        limit: q.late_limit(workspace)?,
        grace: timing.catch_up_spacing,
        spacing: timing.catch_up_spacing,
    })
}

/// The plan of a channel at `now`.
pub(super) fn plan_of(
    q: &Reads<'_>,
    channel: &Channel,
    timing: &Timing,
    now: UtcMs,
) -> Result<ReleasePlan, OpError> {
    let rule = late_rule(q, &channel.workspace_id, timing)?;
    let query = QueueQuery {
        channel: Some(channel.id.clone()),
        states: vec![State::Scheduled, State::Missed],
        ..QueueQuery::default()
    };
    let wait_until = q.late_wait_until(&channel.id)?.filter(|until| *until > now);
    let (mut on_time, mut held, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for mut delivery in q.deliveries(&query)? {
        if let Some(after) = &delivery.after_id {
            // A part of a thread goes where the one before it goes.
            match q.delivery(after)?.published_at {
                Some(at) => delivery.due = delivery.due.max(at),
                None => continue,
            }
        }
        match delivery.state {
            State::Missed => missed.push((delivery.due, delivery.id)),
            // A person ordered it: it goes out whatever its lateness.
            _ if delivery.send_now => on_time.push((delivery.due, delivery.id)),
            _ => held.push(Held {
                id: delivery.id,
                due: delivery.due,
                only_on_time: delivery.only_on_time,
                text: String::new(),
            }),
        }
    }
    let planned = release_plan(&held, now, wait_until.unwrap_or(now), &rule);
    on_time.extend(by_due(planned.on_time));
    missed.extend(by_due(planned.missed));
    on_time.sort();
    missed.sort();
    Ok(ReleasePlan {
        channel: channel.id.clone(),
        on_time: ids(on_time),
        late: ids(by_due(planned.late).collect()),
        missed: ids(missed),
        retried: Vec::new(),
        looked_up: Vec::new(),
        wait_until,
    })
}

fn by_due(lines: Vec<Line>) -> impl Iterator<Item = (UtcMs, DeliveryId)> {
    lines.into_iter().map(|line| (line.held.due, line.held.id))
}

fn ids(rows: Vec<(UtcMs, DeliveryId)>) -> Vec<DeliveryId> {
    rows.into_iter().map(|(_, id)| id).collect()
}
