//! The loop of the publisher: what is due, what is under way.

mod once;
mod role;

pub use once::once;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::role::{begin_term, daemon_waits, end_term, stopped, take, wait_as_screen};
use super::begin::{
    Finished, Tasks, begin_looks, begin_proofs, begin_readings, begin_sends, begin_waiting,
    leave_alone,
};
use super::leadership::{self, Lease};
use super::prober::Planned;
use super::sender::Sent;
use super::waiting::Waiting;
use super::{
    EngineError, Inner, clock, commands, process, rescue, resolver, upkeep, watchdog, weather,
};
use crate::domain::publisher::{CommandKind, PublisherKind};
use crate::store::StoreError;
use crate::store::commands::Command;
use crate::support::time::UtcMs;

/// What is in flight may take this long when the publisher is asked to stop.
const LAST_CALLS: Duration = Duration::from_secs(30);
/// A pause after the store failed, before the loop goes on.
pub(super) const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Leads whenever it can, until told to stop.
pub async fn run(
    inner: &Arc<Inner>,
    kind: PublisherKind,
    mut stop: watch::Receiver<bool>,
) -> Result<(), EngineError> {
    while !*stop.borrow() {
        let lease = match kind {
            PublisherKind::Daemon => {
                if let Some(lease) = take(inner)? {
                    lease
                } else {
                    let me = process::this(kind);
                    let now = inner.now();
                    let waiting = me.clone();
                    inner
                        .parts
                        .store
                        .write(move |tx| tx.wait_for_role(&waiting, now))
                        .await?;
                    let taken = tokio::select! {
                        lease = leadership::wait(&inner.parts.lock) => Some(lease?),
                        () = stopped(&mut stop) => None,
                    };
                    inner
                        .parts
                        .store
                        .write(move |tx| tx.stop_waiting(&me))
                        .await?;
                    match taken {
                        Some(lease) => lease,
                        None => return Ok(()),
                    }
                }
            }
            PublisherKind::Screen | PublisherKind::Command => {
                match wait_as_screen(inner, &mut stop).await? {
                    Some(lease) => lease,
                    None => return Ok(()),
                }
            }
        };
        inner.parts.store.key_can_be_followed().await?;
        lead(inner, kind, &lease, &mut stop).await?;
        drop(lease);
        if kind == PublisherKind::Daemon && !*stop.borrow() {
            // Asked to stop by a command, or the lock file was replaced.
            if inner.memory().term.is_none() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Leads until told to stop or until the role is lost.
async fn lead(
    inner: &Arc<Inner>,
    kind: PublisherKind,
    lease: &Lease,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), EngineError> {
    if inner.parts.store.read(|q| q.restored()).await? {
        return Err(EngineError::Restored);
    }
    upkeep::check_after_crash(inner).await?;
    let term = begin_term(inner, kind).await?;
    tracing::info!(term, kind = kind.name(), "this process publishes now");
    let begun = async {
        rescue::import(inner).await?;
        weather::watch(inner).await?;
        resolver::adopt_orphans(inner).await
    };
    if let Err(error) = begun.await {
        end_term(inner, term).await?;
        return Err(error.into());
    }
    let mut tasks = Tasks::new();
    let mut loop_state = Loop::new(inner);
    spawn_upkeep(inner, &mut tasks);
    let mut first = true;
    let mut lost = None;
    loop {
        if *stop.borrow() || !lease.holds() {
            break;
        }
        let wait = match turn(inner, &mut tasks, &mut loop_state, term, first).await {
            Ok(Turn::Wait(until)) => {
                // Only a turn that was made took what a crash left running.
                first = false;
                until
            }
            Ok(Turn::Stop) => break,
            Err(StoreError::Stale(_)) => {
                // Somebody began a newer term: this one may arm nothing more.
                inner.memory().term = None;
                break;
            }
            // Damaged, or replaced under us: neither gets better by itself.
            Err(error @ StoreError::Refused { .. }) => {
                lost = Some(error);
                break;
            }
            Err(error) => {
                tracing::error!(%error, "the publisher could not use the store");
                inner.now().plus(STORE_PAUSE)
            }
        };
        if kind == PublisherKind::Screen && daemon_waits(inner).await.unwrap_or(false) {
            break;
        }
        tokio::select! {
            biased;
            () = stopped(stop) => break,
            Some(done) = tasks.join_next() => {
                settle(inner, &mut loop_state, done);
                // One turn for all that ended meanwhile.
                while let Some(done) = tasks.try_join_next() {
                    settle(inner, &mut loop_state, done);
                }
            }
            () = inner.wake.notified() => {}
            () = inner.parts.clock.sleep_until(wait) => {}
        }
    }
    finish(inner, &mut tasks, &mut loop_state).await;
    if let Some(error) = lost {
        // The term is not ended, so that the next start looks at the file.
        inner.memory().term = None;
        return Err(error.into());
    }
    let still_ours = inner.memory().term == Some(term);
    end_term(inner, term).await?;
    if still_ours && kind == PublisherKind::Screen {
        // Leave the lock to the daemon that waits for it.
        tracing::info!(term, "this screen no longer publishes");
    }
    Ok(())
}

/// Waits for what is in flight, but not for ever, and for no reading: what it
/// would bring can be read again.
async fn finish(inner: &Arc<Inner>, tasks: &mut Tasks, state: &mut Loop) {
    for reading in state.readings.drain(..) {
        reading.abort();
    }
    let clock = inner.parts.clock.clone();
    let limit = clock.sleep(LAST_CALLS);
    tokio::pin!(limit);
    loop {
        tokio::select! {
            biased;
            done = tasks.join_next() => match done {
                Some(done) => settle(inner, state, done),
                None => return,
            },
            () = &mut limit => return,
        }
    }
}

/// What one loop remembers.
struct Loop {
    heartbeat_at: UtcMs,
    upkeep_at: UtcMs,
    stop_asked: bool,
    published: u64,
    /// Readings under way, so that they can be left.
    readings: Vec<AbortHandle>,
    /// What is due and waits for its turn.
    waiting: Waiting,
    /// What was planned to be proved, as long as nothing changed.
    proofs: Planned,
}

impl Loop {
    fn new(inner: &Inner) -> Self {
        let now = inner.now();
        Self {
            heartbeat_at: now.plus(inner.parts.timing.heartbeat),
            upkeep_at: now.plus(
                inner
                    .parts
                    .timing
                    .backup_every
                    .min(Duration::from_secs(3600)),
            ),
            stop_asked: false,
            published: 0,
            readings: Vec::new(),
            waiting: Waiting::default(),
            proofs: Planned::default(),
        }
    }
}

enum Turn {
    Wait(UtcMs),
    Stop,
}

/// One turn: take what is asked, begin what is due, say when the next is.
async fn turn(
    inner: &Arc<Inner>,
    tasks: &mut Tasks,
    state: &mut Loop,
    term: i64,
    first: bool,
) -> Result<Turn, StoreError> {
    inner.parts.store.usable()?;
    let in_doubt = clock::watch(inner).await?;
    let (now, boot) = inner.parts.clock.sample();
    let timing = &inner.parts.timing;
    if !in_doubt {
        // What is known to be due takes the places that became free at once.
        begin_waiting(inner, tasks, &mut state.waiting, now);
    }
    // After a step of the clock backwards nobody waits for the old instant.
    state.heartbeat_at = state.heartbeat_at.min(now.plus(timing.heartbeat));
    if now >= state.heartbeat_at {
        inner
            .parts
            .store
            .write(move |tx| tx.heartbeat(term, now, boot))
            .await?;
        state.heartbeat_at = now.plus(timing.heartbeat);
        weather::watch(inner).await?;
        watchdog::watch(inner).await?;
    }
    if now >= state.upkeep_at {
        spawn_upkeep(inner, tasks);
        state.upkeep_at = now.plus(timing.backup_every.min(Duration::from_secs(3600)));
    }
    for command in take_commands(inner, term, first).await? {
        if command.kind == CommandKind::Stop {
            state.stop_asked = true;
        }
        begin_command(inner, tasks, command);
    }
    if state.stop_asked {
        return Ok(Turn::Stop);
    }
    let mut next = state
        .heartbeat_at
        .min(state.upkeep_at)
        .min(now.plus(timing.store_poll));
    next = next.min(begin_looks(inner, tasks, now).await?);
    next = next.min(if in_doubt {
        clock::ask_witnesses(inner, tasks).await?
    } else {
        begin_sends(inner, tasks, &mut state.waiting, now).await?
    });
    next = next.min(begin_proofs(inner, tasks, &mut state.proofs).await?);
    next = next.min(begin_readings(inner, tasks, &mut state.readings).await?);
    Ok(Turn::Wait(next.max(now.plus(Duration::from_millis(1)))))
}

async fn take_commands(
    inner: &Arc<Inner>,
    term: i64,
    first: bool,
) -> Result<Vec<Command>, StoreError> {
    let waiting = inner
        .parts
        .store
        .read(|q| Ok(!q.queued_commands()?.is_empty()))
        .await?;
    if !waiting && !first {
        return Ok(Vec::new());
    }
    inner
        .parts
        .store
        .write(move |tx| tx.take_commands(term, first))
        .await
}

fn begin_command(inner: &Arc<Inner>, tasks: &mut Tasks, command: Command) {
    let inner = Arc::clone(inner);
    tasks.spawn(async move {
        let (working, asked) = (Arc::clone(&inner), command.clone());
        let work = tokio::spawn(async move { commands::carry_out(&working, &asked).await });
        let done = match work.await {
            Ok(done) => done,
            // Whoever asked is told at once, not by the next publisher.
            Err(_) => commands::broke_off(&inner, &command).await,
        };
        if let Err(error) = done {
            tracing::error!(%error, command = %command.id, "a command could not be finished");
        }
        Finished::Command
    });
}

fn spawn_upkeep(inner: &Arc<Inner>, tasks: &mut Tasks) {
    let inner = Arc::clone(inner);
    tasks.spawn(async move {
        if let Err(error) = upkeep::daily(&inner).await {
            tracing::error!(%error, "the daily upkeep of the store failed");
        }
        Finished::Upkeep
    });
}

/// Notes how a finished task ended; what it had taken it gave back itself.
fn settle(inner: &Arc<Inner>, state: &mut Loop, done: Result<Finished, tokio::task::JoinError>) {
    match done {
        Ok(Finished::Send { delivery, sent }) => match sent {
            Ok(Sent::Published) => state.published += 1,
            Ok(_) => {}
            Err(error) => {
                leave_alone(inner, delivery.as_str(), &error);
                tracing::warn!(%error, delivery = %delivery, "a send could not be finished");
            }
        },
        Ok(Finished::Look { delivery, open }) => {
            if let Err(error) = open {
                leave_alone(inner, delivery.as_str(), &error);
                tracing::warn!(%error, delivery = %delivery, "a lost answer could not be read");
            }
        }
        Ok(Finished::Proof { login, proved }) => {
            if let Err(error) = proved {
                leave_alone(inner, login.as_str(), &error);
                tracing::error!(%error, login = %login, "a login could not be proved");
            }
        }
        Ok(Finished::Reading { channel, read }) => {
            if let Err(error) = read {
                leave_alone(inner, channel.as_str(), &error);
                tracing::warn!(%error, channel = %channel, "a channel could not be read");
            }
        }
        Ok(Finished::Command | Finished::Upkeep) => {}
        Err(error) if error.is_cancelled() => {}
        Err(error) => {
            // A panic in one task: the others go on, what it left on the wire
            // is found in `sending` with nobody at work.
            tracing::error!(%error, "a task of the publisher ended unexpectedly");
        }
    }
}
