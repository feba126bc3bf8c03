//! Watching this machine's clock: nothing is sent while it may be ahead.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::begin::{Tasks, begin_proof};
use crate::domain::clock::{Doubt, Sample, Testimony, judge, testimony};
use crate::domain::ids::LoginId;
use crate::domain::notice::Severity;
use crate::store::clock::DOUBT;
use crate::store::incidents::NewIncident;
use crate::store::notices::NewNotice;
use crate::store::terms::Term;
use crate::store::{StoreError, Tx};
use crate::support::entropy::Entropy;
use crate::support::time::{UtcMs, long_span_words};

/// The kind of incidents about a clock that is behind.
const BEHIND: &str = "clock_behind";
/// What a host said longer ago than this is no evidence any more.
const FRESH: Duration = Duration::from_secs(3_600);
/// Logins that are proved to hear other clocks, and how often while in doubt.
const WITNESSES: usize = 3;
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// What is remembered of the clock.
#[derive(Debug, Default)]
pub struct Watched {
    last: Option<Sample>,
    doubted: Option<Doubt>,
    behind: bool,
    asked_at: Option<Duration>,
}

impl Inner {
    /// Whether this machine's clock may be ahead.
    pub(super) fn clock_suspect(&self) -> bool {
        self.memory().clock.doubted.is_some()
    }
}

/// What a new term knows of the clock, read in the transaction that begins it at
/// `now`: what the last term of this boot saw, and what is open in the store.
///
/// # Errors
/// When the store cannot be read.
pub fn take_over(
    tx: &Tx<'_>,
    before: Option<&Term>,
    boot_id: &str,
    now: Sample,
) -> Result<Watched, StoreError> {
    let seen_by = |term: &Term| {
        let boot = u64::try_from(term.heartbeat_boot_ms?).ok()?;
        (term.boot_id == boot_id).then_some(Sample {
            wall: term.heartbeat_at,
            boot: Duration::from_millis(boot),
        })
    };
    // By how much it was ahead is not known any more: only other hosts clear it.
    let unknown = Duration::from_millis(i64::MAX.unsigned_abs());
    Ok(Watched {
        last: Some(before.and_then(seen_by).unwrap_or(now)),
        doubted: tx.clock_in_doubt()?.then_some(Doubt::SetForward(unknown)),
        behind: tx.open_incident(BEHIND, DOUBT)?.is_some(),
        asked_at: None,
    })
}

/// Looks at the clock; whether nothing may be sent. What changed is written
/// down before this returns.
///
/// # Errors
/// When the store fails.
pub async fn watch(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let timing = &inner.parts.timing;
    let tolerance = i64::try_from(timing.clock_tolerance.as_millis()).unwrap_or(i64::MAX);
    let http = inner.parts.networks.http();
    let (wall, boot) = inner.parts.clock.sample();
    let (step, said, before, after) = {
        // Under the lock: whoever looks at the same moment sees the doubt too,
        // and sends nothing before it is written down.
        let mut memory = inner.memory();
        let watched = &mut memory.clock;
        let sample = Sample { wall, boot };
        let moved = watched.last.map_or(0, |last| last.step_to(&sample));
        watched.last = Some(sample);
        let step = Some(moved).filter(|moved| moved.saturating_abs() > tolerance);
        if step.is_some() {
            // What was heard before compares with a clock that is no more.
            http.forget_clock_evidence();
        }
        let offsets: Vec<i64> = http
            .clock_evidence()
            .iter()
            .filter(|one| one.seen <= wall && wall.since(one.seen) <= FRESH)
            .map(|one| one.offset_ms)
            .collect();
        let said = testimony(&offsets, timing.clock_doubt);
        let before = (watched.doubted, watched.behind);
        watched.doubted = judge(before.0, step.unwrap_or(0), said, timing.clock_doubt);
        watched.behind = match said {
            Testimony::Behind(_) => true,
            Testimony::Right | Testimony::Ahead(_) => false,
            Testimony::None => before.1,
        };
        (step, said, before, (watched.doubted, watched.behind))
    };
    let turned = (after.0.is_some(), after.1) != (before.0.is_some(), before.1);
    if step.is_none() && !turned {
        return Ok(after.0.is_some());
    }
    if let Some(step_ms) = step {
        tracing::warn!(step_ms, "this machine's clock was set");
    }
    let (entropy, settle) = (inner.parts.entropy.clone(), timing.settle);
    let written = inner
        .parts
        .store
        .write(move |tx| {
            if let Some(step) = step {
                tx.move_timers(step, wall.plus(settle))?;
            }
            match (before.0, after.0, step) {
                (None, Some(doubt), _) => open_doubt(tx, doubt, wall, &entropy)?,
                (Some(_), None, _) => clear_doubt(tx, wall, &entropy)?,
                (None, None, Some(step)) => say_step(tx, step, wall, &entropy)?,
                (None, None, None) | (Some(_), Some(_), _) => {}
            }
            if after.1 != before.1 {
                say_behind(tx, said, wall, &entropy)?;
            }
            Ok(())
        })
        .await;
    let mut memory = inner.memory();
    if let Err(error) = written {
        // Seen again at the next look, or it would be forgotten.
        (memory.clock.doubted, memory.clock.behind) = before;
        if let Some(last) = &mut memory.clock.last {
            last.wall = UtcMs(last.wall.0.saturating_sub(step.unwrap_or(0)));
        }
        return Err(error);
    }
    if step.is_some() {
        // They count from instants of a clock that is no more.
        memory.parked.clear();
        memory.put_off.clear();
        memory.caught_up.clear();
    }
    Ok(after.0.is_some())
}

/// While the clock is in doubt: proves a few logins, since every answer carries
/// the time of its host. When to ask again.
///
/// # Errors
/// When the store cannot be read.
pub async fn ask_witnesses(inner: &Arc<Inner>, tasks: &mut Tasks) -> Result<UtcMs, StoreError> {
    let boot = inner.parts.clock.boot();
    let waited = inner
        .memory()
        .clock
        .asked_at
        .map(|at| boot.saturating_sub(at));
    if let Some(left) = waited.and_then(|waited| ASK_AGAIN.checked_sub(waited))
        && !left.is_zero()
    {
        return Ok(inner.now().plus(left));
    }
    inner.memory().clock.asked_at = Some(boot);
    let planned = inner.parts.store.read(|q| q.probes_planned()).await?;
    let mut networks = BTreeSet::new();
    // One of each network first, so that the witnesses are different hosts.
    let (first, others): (Vec<_>, Vec<_>) = planned
        .into_iter()
        .partition(|one| networks.insert(one.network.name()));
    let mut asked: BTreeSet<LoginId> = BTreeSet::new();
    for one in first.into_iter().chain(others) {
        if asked.len() >= WITNESSES {
            break;
        }
        if asked.insert(one.login.clone()) {
            begin_proof(inner, tasks, one.login, one.token.generation);
        }
    }
    Ok(inner.now().plus(ASK_AGAIN))
}

fn open_doubt(tx: &Tx<'_>, doubt: Doubt, now: UtcMs, entropy: &Entropy) -> Result<(), StoreError> {
    let (cause, text) = match doubt {
        Doubt::SetForward(by) => (
            "set_forward",
            format!(
                "This machine's clock was set forward by {}: posts wait until other hosts confirm the new time",
                long_span_words(by)
            ),
        ),
        Doubt::Ahead(by) => (
            "ahead",
            format!(
                "This machine's clock is {} ahead of other hosts: posts wait, so that none goes out early. Set the clock",
                long_span_words(by)
            ),
        ),
    };
    say(tx, DOUBT, cause, Severity::Broken, text, now, entropy)
}

fn clear_doubt(tx: &Tx<'_>, now: UtcMs, entropy: &Entropy) -> Result<(), StoreError> {
    if tx.resolve_incident(DOUBT, DOUBT, now)? {
        let notice = NewNotice {
            kind: DOUBT,
            text: "This machine's clock is right again: posts go out at their times".into(),
            command: Some("allgreen status".into()),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, Severity::Info, now, entropy)?;
    }
    Ok(())
}

fn say_step(tx: &Tx<'_>, step_ms: i64, now: UtcMs, entropy: &Entropy) -> Result<(), StoreError> {
    let way = if step_ms > 0 { "forward" } else { "back" };
    let by = long_span_words(Duration::from_millis(step_ms.unsigned_abs()));
    let notice = NewNotice {
        kind: "clock_set",
        text: format!("This machine's clock was set {way} by {by}"),
        command: Some("allgreen status".into()),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Info, now, entropy)?;
    Ok(())
}

fn say_behind(
    tx: &Tx<'_>,
    said: Testimony,
    now: UtcMs,
    entropy: &Entropy,
) -> Result<(), StoreError> {
    let Testimony::Behind(by) = said else {
        tx.resolve_incident(BEHIND, DOUBT, now)?;
        return Ok(());
    };
    let text = format!(
        "This machine's clock is {} behind other hosts: posts go out that much late. Set the clock",
        long_span_words(by)
    );
    say(
        tx,
        BEHIND,
        "behind",
        Severity::Attention,
        text,
        now,
        entropy,
    )
}

fn say(
    tx: &Tx<'_>,
    kind: &'static str,
    cause: &'static str,
    severity: Severity,
    text: String,
    now: UtcMs,
    entropy: &Entropy,
) -> Result<(), StoreError> {
    let new = NewIncident {
        kind,
        subject: DOUBT,
        cause,
        network: None,
        workspace_id: None,
        severity,
        text: &text,
        command: Some("allgreen status"),
    };
    let (incident, fresh) = tx.open_or_count(&new, now, entropy)?;
    if fresh {
        let notice = NewNotice {
            incident_id: Some(incident),
            kind,
            text,
            command: Some("allgreen status".into()),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, severity, now, entropy)?;
    }
    Ok(())
}
