//! What the publisher begins in one turn: readings of lost answers, sends,
//! proofs, and readings of what the networks show, each a task of its own.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};

use super::conductor::STORE_PAUSE;
use super::lanes::{Lane, lanes_of_late, miss, parked};
use super::prober::{Planned, Replanned};
use super::sender::Sent;
use super::taken::{Taken, What};
use super::waiting::{InTurn, Waiting};
use super::{Inner, harvester, refresher, resolver, sender, weather};
use crate::domain::ids::{ChannelId, DeliveryId, LoginId};
use crate::store::StoreError;
use crate::support::fault;
use crate::support::time::UtcMs;

/// What a finished task was.
pub(super) enum Finished {
    Send {
        delivery: DeliveryId,
        sent: Result<Sent, StoreError>,
    },
    Look {
        delivery: DeliveryId,
        open: Result<bool, StoreError>,
    },
    Proof {
        login: LoginId,
        proved: Result<refresher::Renewed, StoreError>,
    },
    Reading {
        channel: ChannelId,
        read: Result<harvester::Harvest, StoreError>,
    },
    Command,
    Upkeep,
}

/// What is under way.
pub(super) type Tasks = JoinSet<Finished>;

/// Begins the readings that are due. When the next one is.
pub(super) async fn begin_looks(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    now: UtcMs,
) -> Result<UtcMs, StoreError> {
    let mut next = UtcMs(i64::MAX);
    let mut abandoned = false;
    for look in inner.parts.store.read(|q| q.open_looks()).await? {
        if let Some(until) = put_off(inner, look.id.as_str(), now) {
            next = next.min(until);
            continue;
        }
        if look.sending {
            // Nobody is at work on it: its answer could not be written down.
            abandoned |= !inner.memory().sending.contains(&look.channel);
            continue;
        }
        let at = look.at.unwrap_or(now);
        if at > now {
            next = next.min(at);
            continue;
        }
        {
            let mut memory = inner.memory();
            if memory.sending.contains(&look.channel) || !memory.looking.insert(look.id.clone()) {
                continue;
            }
            // A reading may end in a repeat, so it takes the channel's turn.
            memory.sending.insert(look.channel.clone());
        }
        let taken = Taken::new(inner, What::Look(look.channel, look.id.clone()));
        tasks.spawn(async move {
            let open = resolver::look(&taken.inner, &look.id).await;
            Finished::Look {
                delivery: look.id,
                open,
            }
        });
    }
    if abandoned {
        resolver::adopt_orphans(inner).await?;
        return Ok(now);
    }
    Ok(next)
}

/// Begins the sends that are due: live ones before late ones, one per channel.
/// When the next one is.
pub(super) async fn begin_sends(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    waiting: &mut Waiting,
    now: UtcMs,
) -> Result<UtcMs, StoreError> {
    let clock = &inner.parts.clock;
    let concurrency = inner.parts.timing.concurrency;
    begin_waiting(inner, tasks, waiting, now);
    if inner.memory().sending.len() >= concurrency {
        // Whoever ends next makes room.
        return Ok(UtcMs(i64::MAX));
    }
    let rest = waiting.rest(clock.boot());
    waiting.unread = !rest.is_zero();
    if waiting.unread {
        return Ok(now.plus(rest));
    }
    let mut next = read_due(inner, waiting, now).await?;
    fault::point("C0.after");
    next = next.min(begin_waiting(inner, tasks, waiting, now));
    Ok(next.min(waiting.next.unwrap_or(UtcMs(i64::MAX))))
}

/// Reads what is due, without what has to wait or was missed. When the first of
/// those has its turn.
async fn read_due(
    inner: &Arc<Inner>,
    waiting: &mut Waiting,
    now: UtcMs,
) -> Result<UtcMs, StoreError> {
    let clock = &inner.parts.clock;
    let (grace, poll, rules) = (
        inner.parts.timing.catch_up_spacing,
        inner.parts.timing.store_poll,
        inner.parts.rules,
    );
    let began = clock.boot();
    let (due, later) = inner
        .parts
        .store
        .read(move |q| {
            let due = q.due_by_channel(now, now.minus(grace), &rules)?;
            Ok((due, q.next_due(now, now.plus(poll))?))
        })
        .await?;
    let (live, late): (Vec<_>, Vec<_>) = due
        .into_iter()
        .partition(|due| due.delivery.send_now || now.since(due.since) <= grace);
    let mut next = UtcMs(i64::MAX);
    let mut in_turn: VecDeque<InTurn> = live
        .into_iter()
        .map(|due| InTurn { due, late: false })
        .collect();
    // Whether the second late one of a channel has its turn is not known before
    // the first went out.
    let mut channels = HashSet::new();
    for (due, lane) in lanes_of_late(inner, late, now).await? {
        if let Some(until) = put_off(inner, due.delivery.id.as_str(), now) {
            next = next.min(until);
            continue;
        }
        match lane {
            Lane::Wait(until) => next = next.min(until),
            Lane::Missed => {
                miss(inner, &due.delivery, now).await?;
                // The one behind it is due as well.
                next = now;
            }
            Lane::Send => {
                if channels.insert(due.delivery.channel_id.clone()) {
                    in_turn.push_back(InTurn { due, late: true });
                }
            }
        }
    }
    waiting.fill(in_turn, later, began, clock.boot());
    Ok(next)
}

/// Begins what waits, as far as there is room and its channel is free. When
/// something that is left alone has its turn.
pub(super) fn begin_waiting(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    waiting: &mut Waiting,
    now: UtcMs,
) -> UtcMs {
    let timing = &inner.parts.timing;
    let concurrency = timing.concurrency;
    let mut next = UtcMs(i64::MAX);
    let mut busy = VecDeque::new();
    while let Some(one) = waiting.due.pop_front() {
        let InTurn { due, late } = &one;
        let delivery = &due.delivery;
        if !late && !delivery.send_now && now.since(due.since) > timing.catch_up_spacing {
            // It waited so long that it has become late: read again.
            continue;
        }
        let (full, taken) = {
            let memory = inner.memory();
            (
                memory.sending.len() >= concurrency,
                memory.sending.contains(&delivery.channel_id)
                    || memory.looking.contains(&delivery.id),
            )
        };
        if full {
            waiting.due.push_front(one);
            break;
        }
        if taken {
            // Whether a late one has its turn is only known when that ended.
            if !late {
                busy.push_back(one);
            }
            continue;
        }
        if let Some(until) = put_off(inner, delivery.id.as_str(), now) {
            next = next.min(until);
            continue;
        }
        if let Some(until) = parked(inner, &delivery.channel_id, now) {
            next = next.min(until);
            continue;
        }
        let place = (due.network, due.server.clone());
        if let Some(until) = weather::post_waits(inner, &place, now) {
            next = next.min(until);
            continue;
        }
        inner.memory().sending.insert(delivery.channel_id.clone());
        let taken = Taken::new(inner, What::Channel(delivery.channel_id.clone()));
        let delivery = one.due.delivery.id;
        tasks.spawn(async move {
            let sent = sender::send(&taken.inner, &delivery).await;
            Finished::Send { delivery, sent }
        });
    }
    busy.append(&mut waiting.due);
    waiting.due = busy;
    next
}

/// Until when something is left alone after the store failed on it.
fn put_off(inner: &Inner, id: &str, now: UtcMs) -> Option<UtcMs> {
    let mut memory = inner.memory();
    let until = *memory.put_off.get(id)?;
    if until > now {
        return Some(until);
    }
    memory.put_off.remove(id);
    None
}

/// Leaves something alone for a while, or it would be begun again at once and
/// fail at once. A task that was merely overtaken goes on sooner.
pub(super) fn leave_alone(inner: &Inner, id: &str, error: &StoreError) {
    let pause = match error {
        StoreError::Stale(_) => STORE_PAUSE,
        _ => inner.parts.timing.send_retry,
    };
    let until = inner.now().plus(pause);
    inner.memory().put_off.insert(id.to_owned(), until);
}

/// Begins the proofs that are due. When the next one is. On a server in bad
/// weather only those who look whether it answers again.
pub(super) async fn begin_proofs(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    planned: &mut Planned,
) -> Result<UtcMs, StoreError> {
    let mut next = begin_scouts(inner, tasks).await?;
    let plan = match planned.plan(inner).await? {
        Replanned::Still(at) => return Ok(next.min(at)),
        Replanned::Anew(plan) => plan,
    };
    next = next.min(plan.next.unwrap_or(UtcMs(i64::MAX)));
    let now = inner.now();
    for (login, (generation, place)) in plan.now {
        if weather::resting(inner, &place).is_some_and(|rest| rest.logins) {
            continue;
        }
        if let Some(until) = put_off(inner, login.as_str(), now) {
            next = next.min(until);
            continue;
        }
        begin_proof(inner, tasks, login, generation);
    }
    Ok(next)
}

/// Begins the looks at servers in bad weather. When the next one is.
pub(super) async fn begin_scouts(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
) -> Result<UtcMs, StoreError> {
    let (scouts, next) = weather::scouts(inner, inner.now()).await?;
    for (login, generation) in scouts {
        begin_proof(inner, tasks, login, generation);
    }
    Ok(next)
}

/// Begins the proof of a login, unless one is under way.
pub(super) fn begin_proof(inner: &Arc<Inner>, tasks: &mut Tasks, login: LoginId, generation: i64) {
    if !inner.memory().proving.insert(login.clone()) {
        return;
    }
    let taken = Taken::new(inner, What::Login(login.clone()));
    tasks.spawn(async move {
        let seen = Some(generation);
        let wanted = refresher::Wanted::Proof;
        let proved = refresher::renew(&taken.inner, &login, seen, wanted).await;
        Finished::Proof { login, proved }
    });
}

/// Whether posts and proofs leave no room for readings, or readings do not.
fn crowded(inner: &Inner) -> bool {
    let memory = inner.memory();
    let busy = memory.sending.len() + memory.proving.len();
    busy > inner.parts.timing.concurrency / 2 || memory.reading.len() >= harvester::AT_ONCE
}

/// Begins the readings that are due, as far as nothing else needs the room: few
/// at a time, one per server, none of a channel that is at work. When the next
/// one is.
pub(super) async fn begin_readings(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    readings: &mut Vec<AbortHandle>,
) -> Result<UtcMs, StoreError> {
    readings.retain(|reading| !reading.is_finished());
    if crowded(inner) {
        // The task that ends next turns the loop again.
        return Ok(UtcMs(i64::MAX));
    }
    let plan = harvester::plan(inner).await?;
    let mut next = plan.next.unwrap_or(UtcMs(i64::MAX));
    let now = inner.now();
    for job in plan.now {
        if let Some(until) = put_off(inner, job.channel.as_str(), now) {
            next = next.min(until);
            continue;
        }
        if parked(inner, &job.channel, now).is_some() {
            continue;
        }
        {
            if crowded(inner) {
                break;
            }
            let mut memory = inner.memory();
            if memory.sending.contains(&job.channel)
                || memory.reading.values().any(|place| *place == job.place)
            {
                continue;
            }
            memory.reading.insert(job.channel.clone(), job.place);
        }
        let taken = Taken::new(inner, What::Reading(job.channel.clone()));
        readings.push(tasks.spawn(async move {
            let read = harvester::read(&taken.inner, &job.channel, &job.what).await;
            Finished::Reading {
                channel: job.channel,
                read,
            }
        }));
    }
    Ok(next)
}
