//! Lost answers: the network is read before anything is done, and only after
//! the settle time.

use std::sync::Arc;
use std::time::Duration;

use super::facts::{self, Known};
use super::refresher::{Renewed, Wanted};
use super::{Inner, answers, material, refresher, sender};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::domain::machine::{Call, Event, Look, Poll, Transition, Write, step};
use crate::domain::notice::Severity;
use crate::domain::outcome::OutcomeClass;
use crate::domain::reading::about_the_login;
use crate::networks::Found;
use crate::store::attempts::{NewVerdict, Record};
use crate::store::notices::NewNotice;
use crate::store::{StoreError, Tx};
use crate::support::fault;
use crate::support::time::UtcMs;

/// When the next reading follows, counted from the first one possible.
const READS: [Duration; 4] = [
    Duration::from_secs(90),
    Duration::from_secs(3 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
];

/// Why a person is asked about a post that the network accepted.
const NOT_FINISHED: &str = "The network accepted it and never said that it was finished.";

/// How long the network may still be at work on a request of ours.
pub(super) fn settle(inner: &Inner) -> Duration {
    if inner.parts.rules.no_settle {
        Duration::ZERO
    } else {
        inner.parts.timing.settle
    }
}

/// Marks what a dead publisher left on the wire as unknown, and what this one
/// could not write the answer of down. Who is at work now is left alone.
///
/// # Errors
/// When the store fails or the role was lost.
pub async fn adopt_orphans(inner: &Arc<Inner>) -> Result<u64, StoreError> {
    let (term, now, rules) = (inner.term()?, inner.now(), inner.parts.rules);
    let settle = settle(inner);
    let at_work = inner.memory().sending.clone();
    inner
        .parts
        .store
        .write(move |tx| {
            tx.fence(term)?;
            let mut adopted = 0;
            for delivery in tx.open_deliveries()? {
                if delivery.state != State::Sending || at_work.contains(&delivery.channel_id) {
                    continue;
                }
                let class = OutcomeClass::Key;
                let facts = crate::domain::machine::Facts::fresh(class, delivery.due);
                let Ok(transition) = step(delivery.state, &Event::Orphaned, &facts, &rules, now)
                else {
                    continue;
                };
                let attempt = tx.latest_attempt(&delivery.id)?;
                let armed = attempt
                    .as_ref()
                    .and_then(|attempt| attempt.armed_at)
                    .unwrap_or(now);
                let mut record = Record::new(&delivery.id, transition.to);
                record.attempt = attempt.as_ref().map(|attempt| &attempt.id);
                record.verdict = Some(NewVerdict {
                    kind: "interrupted",
                    ..NewVerdict::default()
                });
                record.close = transition
                    .writes
                    .iter()
                    .any(|write| matches!(write, Write::CloseAttempt(_)));
                record.next_look_at = Some(armed.plus(settle).max(now));
                tx.record(&record, now)?;
                adopted += 1;
            }
            Ok(adopted)
        })
        .await
}

/// Reads the network about one delivery and follows what the machine says.
/// Whether its outcome is still open afterwards.
///
/// # Errors
/// When the store fails or the role was lost.
pub async fn look(inner: &Arc<Inner>, id: &DeliveryId) -> Result<bool, StoreError> {
    let known = read(inner, id).await?;
    if !matches!(known.delivery.state, State::Unknown | State::Confirming) {
        return Ok(false);
    }
    if !known.facts.settled && !inner.parts.rules.no_settle {
        // Planned too early, by a disconnect or a reconnect: once it is settled.
        let at = known.settled_at.unwrap_or_else(|| inner.now());
        let id = id.clone();
        inner
            .parts
            .store
            .write(move |tx| tx.look_at(&id, at))
            .await?;
        return Ok(true);
    }
    let mut found = ask_network(inner, &known).await?;
    if access_in_doubt(inner, &known, &found)?
        && let Some(login) = &known.channel.login_id
    {
        // The login's own proof decides what is wrong with it: a post that waits
        // for this reading, or for a person, is not sent again, so nothing else
        // would find out.
        let seen = Some(known.channel.token.generation);
        let proved = refresher::renew(inner, login, seen, Wanted::Proof).await?;
        if proved == Renewed::Good {
            found = ask_network(inner, &known).await?;
        }
    }
    fault::point("C8.after");
    let calls = commit(inner, &known, found).await?;
    if calls.iter().any(|call| matches!(call, Call::Send { .. })) {
        // Class K: the same request again, with the same key.
        let sent = sender::send(inner, id).await?;
        return Ok(sent == sender::Sent::Open);
    }
    Ok(!calls.is_empty())
}

/// Asks the network what became of a delivery, with the tokens there are now.
async fn ask_network(inner: &Arc<Inner>, known: &Known) -> Result<Found, StoreError> {
    let (networked, net) = inner.network(known.channel.kind.network())?;
    let session = match &known.channel.login_id {
        Some(login) => refresher::session(inner, login).await?,
        None => None,
    };
    let publish = material::sent_publish(inner, known).await?;
    let server = &known.channel.server;
    Ok(networked
        .lookup(&net, server, session.as_ref(), &publish)
        .await)
}

/// Whether a login that still counts as good may be why the network did not say
/// what became of the post: it refused the reading for the login's sake, or it
/// says nothing ever and the login was not proved since the post was sent.
fn access_in_doubt(inner: &Inner, known: &Known, found: &Found) -> Result<bool, StoreError> {
    let Found::Unreadable(refusal) = found else {
        return Ok(false);
    };
    let channel = &known.channel;
    let (networked, _) = inner.network(channel.kind.network())?;
    let armed_at = known.attempt.as_ref().and_then(|attempt| attempt.armed_at);
    let mute = known.facts.class == OutcomeClass::Unknowable
        && networked.descriptor().probe_is_free
        && channel.last_proof_at < armed_at;
    Ok(channel.publishable && (about_the_login(refusal.class) || mute))
}

async fn read(inner: &Arc<Inner>, id: &DeliveryId) -> Result<Known, StoreError> {
    let (id, timing, now) = (id.clone(), inner.parts.timing.clone(), inner.now());
    let rules = inner.parts.rules;
    let networks = Arc::clone(&inner.parts.networks);
    inner
        .parts
        .store
        .read(move |q| {
            let channel = q.channel(&q.delivery(&id)?.channel_id)?;
            let descriptor = networks
                .get(channel.kind.network())
                .map(|(networked, _)| networked.descriptor())
                .ok_or_else(|| {
                    StoreError::NotFound(format!("network {}", channel.kind.network().title()))
                })?;
            facts::read(
                q,
                &id,
                descriptor.outcome,
                descriptor.lookup_needs_no_token,
                &timing,
                &rules,
                now,
            )
        })
        .await
}

/// Records a reading. What the machine wants to call afterwards.
async fn commit(inner: &Arc<Inner>, known: &Known, found: Found) -> Result<Vec<Call>, StoreError> {
    let now = inner.now();
    let (mut timing, rules, entropy) = (
        inner.parts.timing.clone(),
        inner.parts.rules,
        inner.parts.entropy.clone(),
    );
    timing.settle = settle(inner);
    let (class, without_token, id) = (
        known.facts.class,
        known.facts.readable,
        known.delivery.id.clone(),
    );
    inner
        .parts
        .store
        .write(move |tx| {
            let mut known = facts::read(tx, &id, class, without_token, &timing, &rules, now)?;
            let found = own(tx, &known, found)?;
            let absent = found == Found::Absent;
            if absent {
                known.facts.absent_reads = known.facts.absent_reads.saturating_add(1);
            }
            let event = event(known.delivery.state, &found);
            let Ok(transition) = step(known.delivery.state, &event, &known.facts, &rules, now)
            else {
                return Ok(Vec::new());
            };
            // A repeat is armed by the sender, which asks the machine again.
            let repeats = transition
                .calls
                .iter()
                .any(|call| matches!(call, Call::Send { .. }));
            let to = if repeats {
                known.delivery.state
            } else {
                transition.to
            };
            write(tx, &known, &transition, to, &found, &timing, now)?;
            match transition.to {
                State::NeedsDecision => ask(tx, &known, now, &entropy)?,
                State::Failed => {
                    let why = ended(&found).1.message;
                    answers::notice_failed(tx, &known, why.as_deref(), now, &entropy)?;
                }
                // A post was taken since: one that was refused counts no more. What
                // is found may be older than the refusals that made it red.
                State::Published if !tx.posts_refused(&known.channel.id)? => {
                    tx.post_taken(&known.channel.id, now)?;
                }
                _ => {}
            }
            Ok(transition.calls)
        })
        .await
}

/// A post that belongs to another delivery is none of this one's: a person is
/// asked, with what the network said.
fn own(tx: &Tx<'_>, known: &Known, found: Found) -> Result<Found, StoreError> {
    let Found::Published(remote) = &found else {
        return Ok(found);
    };
    let Some(owner) = tx.owner_of_remote(&known.delivery.id, &remote.id)? else {
        return Ok(found);
    };
    let evidence = answers::of_another(&remote.id, &owner);
    Ok(if known.delivery.state == State::Unknown {
        Found::Different(evidence)
    } else {
        Found::Unreadable(answers::unclear(evidence))
    })
}

/// Why a delivery ends as failed after such a reading. Absence ends one only
/// where nothing will send it any more.
fn ended(found: &Found) -> (AnswerClass, Evidence) {
    match found {
        Found::Different(evidence) => (AnswerClass::InvalidPost, evidence.clone()),
        Found::Unreadable(refusal) => (refusal.class, refusal.evidence.clone()),
        Found::Absent | Found::Published(_) => {
            let message = "The answer to it was lost, and the network does not have it. It is not sent again, because the channel is disconnected.";
            let evidence = Evidence {
                message: Some(message.into()),
                ..Evidence::default()
            };
            (AnswerClass::Transient, evidence)
        }
    }
}

fn event(state: State, found: &Found) -> Event {
    match (state, found) {
        (State::Confirming, Found::Published(_)) => Event::Polled(Poll::Done),
        (State::Confirming, Found::Different(_)) => Event::Polled(Poll::Failed),
        (State::Confirming, _) => Event::Polled(Poll::Still),
        (_, Found::Published(_)) => Event::Looked(Look::Found),
        (_, Found::Absent) => Event::Looked(Look::Absent),
        (_, Found::Different(_)) => Event::Looked(Look::Different),
        (_, Found::Unreadable(_)) => Event::Looked(Look::Unreadable),
    }
}

fn write(
    tx: &Tx<'_>,
    known: &Known,
    transition: &Transition,
    to: State,
    found: &Found,
    timing: &crate::support::timing::Timing,
    now: UtcMs,
) -> Result<(), StoreError> {
    let mut record = Record::new(&known.delivery.id, to);
    record.attempt = known.attempt.as_ref().map(|attempt| &attempt.id);
    let absent = *found == Found::Absent;
    let mut verdict = match found {
        Found::Published(remote) => {
            record.permalink = remote.permalink.as_deref();
            NewVerdict {
                kind: "published",
                remote_id: Some(&remote.id),
                ..NewVerdict::default()
            }
        }
        Found::Absent => NewVerdict {
            kind: "absent",
            ..NewVerdict::default()
        },
        Found::Different(evidence) => NewVerdict {
            kind: "different",
            evidence: evidence.clone(),
            ..NewVerdict::default()
        },
        Found::Unreadable(refusal) => NewVerdict {
            kind: "unreadable",
            class: Some(refusal.class),
            evidence: refusal.evidence.clone(),
            ..NewVerdict::default()
        },
    };
    if let (State::Confirming, State::NeedsDecision) = (known.delivery.state, to)
        && verdict.evidence.message.is_none()
    {
        verdict.evidence.message = Some(NOT_FINISHED.into());
    }
    if to == State::Failed {
        // Whoever asks why must read more than that it failed.
        let (class, evidence) = ended(found);
        (verdict.class, verdict.evidence) = (Some(class), evidence);
    }
    record.verdict = Some(verdict);
    record.close = to != known.delivery.state
        && transition
            .writes
            .iter()
            .any(|write| matches!(write, Write::CloseAttempt(_)));
    record.ask = transition.writes.iter().find_map(|write| match write {
        Write::Ask(why) => Some(*why),
        _ => None,
    });
    record.absent = match (absent, known.delivery.first_absent_at) {
        (true, first) => (
            u32::from(known.facts.absent_reads),
            Some(first.unwrap_or(now)),
        ),
        // A reading that brought nothing does not take back what was proven.
        (false, first) => (known.delivery.absent_reads, first),
    };
    if matches!(to, State::Unknown | State::Confirming) {
        record.next_look_at = Some(now.plus(next_read(known, timing)));
    }
    tx.record(&record, now)
}

/// The pause before the next reading: longer the longer nothing is known.
fn next_read(known: &Known, timing: &crate::support::timing::Timing) -> Duration {
    let scale = |pause: Duration| {
        // Tests shorten `settle`; the later readings shrink with it.
        let factor = timing.settle.as_secs_f64() / READS[0].as_secs_f64();
        pause.mul_f64(factor)
    };
    if timing.settle.is_zero() {
        return timing.absent_spacing;
    }
    let waited = known.facts.unknown_for;
    let next = READS
        .iter()
        .map(|at| scale(*at))
        .find(|at| *at > waited)
        .unwrap_or_else(|| scale(READS[3]));
    next.saturating_sub(waited)
        .max(timing.absent_spacing.min(scale(READS[0])))
}

fn ask(
    tx: &Tx<'_>,
    known: &Known,
    now: UtcMs,
    entropy: &crate::support::entropy::Entropy,
) -> Result<(), StoreError> {
    let notice = NewNotice {
        workspace_id: Some(known.delivery.workspace_id.clone()),
        channel_id: Some(known.channel.id.clone()),
        delivery_id: Some(known.delivery.id.clone()),
        kind: "needs_decision",
        text: match known.delivery.state {
            State::Confirming => format!(
                "Did it go out? {} accepted a post on {} and never said that it was finished: it needs your decision",
                known.channel.kind.network().title(),
                known.channel.name()
            ),
            _ => format!(
                "Did it go out? A post on {} needs your decision",
                known.channel.name()
            ),
        },
        command: Some(format!("allgreen post why {}", known.delivery.id)),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Broken, now, entropy)?;
    Ok(())
}
