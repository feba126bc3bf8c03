//! The role of the publisher: who may take it when, and when it is given back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::leadership::{self, Lease};
use super::super::{EngineError, Inner, Memory, clock, process};
use crate::domain::clock::Sample;
use crate::domain::publisher::PublisherKind;
use crate::store::StoreError;

/// The role when it is free; a broken protocol takes it in any case.
pub(super) fn take(inner: &Inner) -> Result<Option<Lease>, EngineError> {
    let path = &inner.parts.lock;
    match leadership::try_take(path)? {
        None if inner.parts.rules.stealable_lease => leadership::steal(path).map(Some),
        taken => Ok(taken),
    }
}

pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can ask any more, which is no request to stop.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A screen takes the role only when nobody had it for a while and no daemon
/// waits for it.
pub(super) async fn wait_as_screen(
    inner: &Arc<Inner>,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<Lease>, EngineError> {
    let timing = &inner.parts.timing;
    loop {
        let (latest, waiting) = inner
            .parts
            .store
            .read(|q| Ok((q.latest_lasting_term()?, q.waiting()?)))
            .await?;
        let now = inner.now();
        let silent_for = latest.as_ref().map(|term| {
            now.since(
                term.ended_at
                    .unwrap_or(term.heartbeat_at)
                    .max(term.heartbeat_at),
            )
        });
        let free_long_enough = silent_for.is_none_or(|silent| silent >= timing.takeover_after);
        let daemon_waits = waiting
            .iter()
            .any(|(_, _, kind)| *kind == PublisherKind::Daemon);
        if free_long_enough
            && !daemon_waits
            && let Some(lease) = take(inner)?
        {
            return Ok(Some(lease));
        }
        let left = timing
            .takeover_after
            .saturating_sub(silent_for.unwrap_or_default());
        let pause = left.clamp(
            timing.heartbeat.min(Duration::from_secs(1)),
            timing.heartbeat,
        );
        tokio::select! {
            () = inner.parts.clock.sleep(pause) => {}
            () = inner.wake.notified() => {}
            () = stopped(stop) => return Ok(None),
        }
    }
}

pub(super) async fn begin_term(inner: &Arc<Inner>, kind: PublisherKind) -> Result<i64, StoreError> {
    let me = process::this(kind);
    let (now, boot) = inner.parts.clock.sample();
    let (term, watched) = inner
        .parts
        .store
        .write(move |tx| {
            tx.forget_upload(None)?;
            let sample = Sample { wall: now, boot };
            let watched = clock::take_over(tx, tx.latest_term()?.as_ref(), &me.boot_id, sample)?;
            let term = tx.begin_term(&me, now)?;
            tx.heartbeat(term, now, boot)?;
            Ok((term, watched))
        })
        .await?;
    *inner.memory() = Memory {
        term: Some(term),
        clock: watched,
        free_since: now,
        ..Memory::default()
    };
    Ok(term)
}

pub(super) async fn end_term(inner: &Arc<Inner>, term: i64) -> Result<(), StoreError> {
    inner.memory().term = None;
    let now = inner.now();
    inner
        .parts
        .store
        .write(move |tx| tx.end_term(term, now))
        .await
}

pub(super) async fn daemon_waits(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let waiting = inner.parts.store.read(|q| q.waiting()).await?;
    let boot = process::this(PublisherKind::Screen).boot_id;
    Ok(waiting.iter().any(|(pid, start, kind)| {
        *kind == PublisherKind::Daemon && process::is_alive(*pid, *start, &boot)
    }))
}
