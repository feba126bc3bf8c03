//! A release plan post by post: what there is to answer, and the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::acting::Acting;
use super::super::posts::acts::{self, Machine};
use super::super::posts::refuse_past;
use super::super::time::time_at;
use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::plan_of;
use crate::domain::blocker::blocker;
use crate::domain::delivery::{Blocker, Delivery, State};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::machine::Event;
use crate::domain::release::{Answered, Then, times};
use crate::domain::role::Act;
use crate::store::Tx;
use crate::support::time::UtcMs;

/// A late or missed post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPost {
    /// The delivery.
    pub view: DeliveryView,
    /// It is not sent unless somebody says so; otherwise it goes out late.
    pub missed: bool,
}

/// What one channel's posts do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelPlan {
    /// The channel.
    pub channel: ChannelId,
    /// When those go out that are in time.
    pub on_time: Vec<UtcMs>,
    /// Late ones oldest first, then missed ones, the youngest first.
    pub posts: Vec<PlanPost>,
    /// What holds all of them, if anything does.
    pub held: Option<Blocker>,
    /// Later than this is missed.
    pub limit: Duration,
    /// How far apart late ones are sent.
    pub spacing: Duration,
    /// Late ones wait for an answer until then.
    pub wait_until: Option<UtcMs>,
}

/// What the answers to a plan did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Late ones that go out in their turn, or at the time that was given.
    pub sent: usize,
    /// Moved to another time.
    pub moved: usize,
    /// Cancelled.
    pub cancelled: usize,
    /// Those that had begun to go out, or were answered by somebody else
    /// meanwhile, and why nothing was done about them.
    pub kept: Vec<(DeliveryId, String)>,
}

/// The plans of these channels with every late and missed post. A channel that
/// is gone, or that the operator may not see, is left out.
///
/// # Errors
/// When the store cannot be read.
pub async fn plans(hub: &Hub, channels: &[ChannelId]) -> Result<Vec<ChannelPlan>, OpError> {
    let (ids, timing) = (channels.to_vec(), hub.config.engine.clone());
    hub.look(move |q, acting| {
        let mut plans = Vec::with_capacity(ids.len());
        for id in &ids {
            let Ok(channel) = q.channel(id) else {
                continue;
            };
            if acting.require(q, &channel.workspace_id, Act::Look).is_err() {
                continue;
            }
            let plan = plan_of(q, &channel, &timing, acting.now)?;
            let late = plan.late.iter().map(|id| (id, false));
            let missed = plan.missed.iter().rev().map(|id| (id, true));
            plans.push(ChannelPlan {
                channel: channel.id.clone(),
                on_time: plan
                    .on_time
                    .iter()
                    .map(|id| Ok(q.delivery(id)?.due.max(acting.now)))
                    .collect::<Result<_, OpError>>()?,
                posts: late
                    .chain(missed)
                    .map(|(id, missed)| {
                        let view = delivery_view(q, q.delivery(id)?, acting.now)?;
                        Ok(PlanPost { view, missed })
                    })
                    .collect::<Result<_, OpError>>()?,
                held: blocker(&channel, q.restored()?, q.clock_in_doubt()?, false),
                limit: q.late_limit(&channel.workspace_id)?,
                spacing: timing.catch_up_spacing,
                wait_until: plan.wait_until,
            });
        }
        Ok(plans)
    })
    .await
}

/// Carries the answers out, all in one act that one undo takes back; what began
/// to go out meanwhile stays as it is and is named. Late posts of a channel with
/// an answer to one of its posts wait no longer.
///
/// # Errors
/// When a role does not allow it, or a time has passed; then nothing was
/// changed.
pub async fn settle(hub: &Hub, answers: &[(DeliveryId, Then)]) -> Result<Settled, OpError> {
    let (answers, machine) = (answers.to_vec(), Machine::of(hub));
    hub.change(move |tx, acting| {
        let ids: Vec<DeliveryId> = answers.iter().map(|(id, _)| id.clone()).collect();
        acts::require_queue(tx, acting, &ids)?;
        let mut settled = Settled::default();
        let mut done = acts::Done::new("release");
        for (channel, open) in open_by_channel(tx, &answers, &mut settled)? {
            if open.iter().all(|(_, then)| *then == Then::Later) {
                continue;
            }
            settle_channel(
                tx,
                acting,
                &machine,
                &channel,
                &open,
                &mut settled,
                &mut done,
            )?;
            tx.end_late_wait(&channel)?;
            let detail = json!({ "answers": open.len() });
            let workspace = tx.channel(&channel)?.workspace_id;
            let target = channel.as_str();
            acting.audit(tx, Some(&workspace), "channel.release", target, &detail)?;
        }
        done.finish(tx, acting, "post.release")?;
        Ok(settled)
    })
    .await
}

/// A post that can still be answered, and the answer.
type Open = (Delivery, Then);

/// The answers that can still be carried out, by channel.
fn open_by_channel(
    tx: &Tx<'_>,
    answers: &[(DeliveryId, Then)],
    settled: &mut Settled,
) -> Result<BTreeMap<ChannelId, Vec<Open>>, OpError> {
    let mut channels: BTreeMap<ChannelId, Vec<Open>> = BTreeMap::new();
    for (id, then) in answers {
        let delivery = tx.delivery(id)?;
        if matches!(delivery.state, State::Scheduled | State::Missed) {
            let of = channels.entry(delivery.channel_id.clone()).or_default();
            of.push((delivery, *then));
        } else {
            let state = delivery.state.name().replace('_', " ");
            let why = format!("{id} on @{} is {state} by now.", delivery.handle);
            settled.kept.push((id.clone(), why));
        }
    }
    Ok(channels)
}

fn settle_channel(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    channel: &ChannelId,
    open: &[Open],
    settled: &mut Settled,
    done: &mut acts::Done,
) -> Result<(), OpError> {
    let plan = plan_of(tx, &tx.channel(channel)?, &machine.timing, acting.now)?;
    let posts: Vec<Answered> = open
        .iter()
        .map(|(one, then)| Answered {
            due: one.due,
            then: *then,
        })
        .collect();
    let turns = times(&posts, acting.now, machine.timing.catch_up_spacing);
    for ((one, then), turn) in open.iter().zip(turns) {
        let turn = turn.unwrap_or(acting.now);
        match then {
            Then::Later => {}
            Then::Cancel => {
                machine.cancel(tx, acting, &one.id, done)?;
                settled.cancelled += 1;
            }
            Then::MoveTo(at) => {
                refuse_past(&time_at(*at, &one.timezone), acting)?;
                machine.move_to(tx, acting, &one.id, *at, done)?;
                settled.moved += 1;
            }
            Then::SendAt(at) => {
                machine.move_to(tx, acting, &one.id, (*at).max(acting.now), done)?;
                settled.sent += 1;
            }
            Then::Send => {
                // The publisher sends late ones by itself; a missed one needs a
                // new time, at which it is late no more.
                if plan.missed.contains(&one.id) {
                    if turn > acting.now {
                        machine.move_to(tx, acting, &one.id, turn, done)?;
                    } else {
                        machine.act(tx, acting, &one.id, Event::Retry, done)?;
                    }
                }
                settled.sent += 1;
            }
        }
    }
    Ok(())
}
