//! The lanes of due deliveries: live ones go at once, late ones in their turn,
//! those that are too late ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::machine::{Event, Lateness, step};
use crate::store::attempts::Record;
use crate::store::queue::Due;
use crate::store::{Reads, StoreError};
use crate::support::time::UtcMs;

/// What to do with a due delivery now.
pub enum Lane {
    /// Send it.
    Send,
    /// Its turn comes at this instant.
    Wait(UtcMs),
    /// It is too late to go out by itself.
    Missed,
}

/// Until when a channel is left alone after a refusal or a rate limit.
pub fn parked(inner: &Inner, channel: &ChannelId, now: UtcMs) -> Option<UtcMs> {
    let mut memory = inner.memory();
    let until = *memory.parked.get(channel)?;
    if until > now {
        return Some(until);
    }
    memory.parked.remove(channel);
    None
}

/// What becomes of late posts: they are paced, wait for the answer to the
/// release plan, and ask when they are later than the workspace allows.
///
/// # Errors
/// When the store cannot be read.
pub async fn lanes_of_late(
    inner: &Arc<Inner>,
    late: Vec<Due>,
    now: UtcMs,
) -> Result<Vec<(Due, Lane)>, StoreError> {
    if late.is_empty() {
        return Ok(Vec::new());
    }
    let spacing = inner.parts.timing.catch_up_spacing;
    let caught_up = inner.memory().caught_up.clone();
    inner
        .parts
        .store
        .read(move |q| {
            let mut paced = Paced {
                q,
                now,
                limits: HashMap::new(),
                channels: HashMap::new(),
            };
            late.into_iter()
                .map(|due| {
                    let lane = paced.lane(&due, &caught_up, spacing)?;
                    Ok((due, lane))
                })
                .collect()
        })
        .await
}

/// Reads each workspace and channel once.
struct Paced<'q, 'a> {
    q: &'q Reads<'a>,
    now: UtcMs,
    limits: HashMap<WorkspaceId, Duration>,
    channels: HashMap<ChannelId, Backlog>,
}

/// What keeps the late posts of a channel.
#[derive(Clone)]
struct Backlog {
    /// Until when they wait for the answer to the release plan.
    wait_until: Option<UtcMs>,
    last_published: Option<UtcMs>,
    /// The oldest one that waits because the network had trouble.
    in_trouble: Option<Delivery>,
}

impl Backlog {
    /// Until when a late post waits so that it does not overtake an older one.
    /// One that might be missed for that goes its own way: rather out of order
    /// than not at all.
    fn older_waits(&self, one: &Delivery, late_by: Duration, limit: Duration) -> Option<UtcMs> {
        let place = |of: &Delivery| (of.after_id.is_none(), of.due, of.id.clone());
        let older = self.in_trouble.as_ref()?;
        let holds = place(older) < place(one) && late_by <= limit / 2;
        older.next_attempt_at.filter(|_| holds)
    }
}

impl Paced<'_, '_> {
    fn lane(
        &mut self,
        due: &Due,
        caught_up: &HashMap<ChannelId, (UtcMs, UtcMs)>,
        spacing: Duration,
    ) -> Result<Lane, StoreError> {
        let Due {
            delivery, since, ..
        } = due;
        let (now, channel) = (self.now, &delivery.channel_id);
        let limit = match self.limits.get(&delivery.workspace_id) {
            Some(limit) => *limit,
            None => {
                let limit = self.q.late_limit(&delivery.workspace_id)?;
                self.limits.insert(delivery.workspace_id.clone(), limit);
                limit
            }
        };
        let late = Lateness::of(*since, now, spacing, limit);
        if late == Lateness::OverLimit || delivery.only_on_time {
            return Ok(Lane::Missed);
        }
        let backlog = match self.channels.get(channel) {
            Some(known) => known,
            None => {
                let (q, live_from) = (self.q, now.minus(spacing));
                let known = Backlog {
                    wait_until: q.late_wait_until(channel)?,
                    last_published: q.channel(channel)?.last_published_at,
                    in_trouble: q.late_in_trouble(channel, now, live_from)?,
                };
                &*self.channels.entry(channel.clone()).or_insert(known)
            }
        };
        if let Some(until) = backlog.wait_until.filter(|until| *until > now) {
            return Ok(Lane::Wait(until));
        }
        if let Some(until) = backlog.older_waits(delivery, now.since(*since), limit) {
            return Ok(Lane::Wait(until));
        }
        let free_at = match caught_up.get(channel) {
            // The posts' own distance, where it is smaller.
            Some((sent, due)) => {
                let own = delivery.due.since(*due);
                sent.plus(if own.is_zero() {
                    spacing
                } else {
                    own.min(spacing)
                })
            }
            None => backlog
                .last_published
                .map_or(now, |last| last.plus(spacing)),
        };
        Ok(if free_at > now {
            Lane::Wait(free_at)
        } else {
            Lane::Send
        })
    }
}

/// Writes down that it was missed, and says so.
pub async fn miss(inner: &Arc<Inner>, delivery: &Delivery, now: UtcMs) -> Result<(), StoreError> {
    let (id, rules, timing, entropy) = (
        delivery.id.clone(),
        inner.parts.rules,
        inner.parts.timing.clone(),
        inner.parts.entropy.clone(),
    );
    inner
        .parts
        .store
        .write(move |tx| {
            let class = crate::domain::outcome::OutcomeClass::Key;
            let known = super::facts::read(tx, &id, class, true, &timing, &rules, now)?;
            let Ok(transition) = step(
                known.delivery.state,
                &Event::Late,
                &known.facts,
                &rules,
                now,
            ) else {
                return Ok(());
            };
            tx.record(&Record::new(&id, transition.to), now)?;
            let notice = crate::store::notices::NewNotice {
                workspace_id: Some(known.delivery.workspace_id.clone()),
                channel_id: Some(known.channel.id.clone()),
                delivery_id: Some(id.clone()),
                kind: "post_missed",
                text: format!(
                    "A post on {} was missed: its time passed",
                    known.channel.name()
                ),
                command: Some(format!("allgreen post why {id}")),
                ..Default::default()
            };
            tx.add_notice(
                &notice,
                crate::domain::notice::Severity::Attention,
                now,
                &entropy,
            )?;
            Ok(())
        })
        .await
}
