//! From what a call brought to the state of the delivery: the machine decides,
//! this file writes down what it decided and looks after the channel.

use std::sync::Arc;
use std::time::Duration;

use super::facts::{self, Known};
use super::sender::Sent;
use super::{Inner, harvester, refresher, resolver, weather};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::delivery::State;
use crate::domain::ids::{AttemptId, DeliveryId, LoginId};
use crate::domain::machine::{AnswerKind, Event, Transition, Write, step};
use crate::domain::notice::Severity;
use crate::domain::weather::Asked;
use crate::networks::{Outcome, Refusal, Remote, STEPS_GONE};
use crate::store::attempts::{Attempt, NewVerdict, Record};
use crate::store::logins::Login;
use crate::store::notices::NewNotice;
use crate::store::{StoreError, Tx};
use crate::support::entropy::Entropy;
use crate::support::fault;
use crate::support::time::UtcMs;

/// Pause after a rate limit that names none.
const RATE_PAUSE: Duration = Duration::from_secs(60);

/// The outcome of a request that was armed by a process which then slept.
pub fn slept_while_armed() -> Outcome {
    Outcome::NotProcessed(Refusal {
        class: AnswerClass::Transient,
        cause: None,
        evidence: Evidence {
            message: Some("Not sent: this process slept after arming.".into()),
            ..Evidence::default()
        },
        retry_after: Some(Duration::ZERO),
        confirmed: false,
    })
}

/// The refusal of a part of a thread whose earlier parts cannot be named to the
/// network: it would stand alone.
pub fn nothing_to_answer() -> Refusal {
    Refusal {
        class: AnswerClass::InvalidPost,
        cause: None,
        evidence: Evidence {
            message: Some(
                "The part before it is live, but the network's id of it is not known, so this one cannot answer it. Post it by hand, then cancel it here."
                    .into(),
            ),
            ..Evidence::default()
        },
        retry_after: None,
        confirmed: false,
    }
}

/// What is seen when the network names a post that is another delivery's.
pub(super) fn of_another(remote: &str, owner: &DeliveryId) -> Evidence {
    let message = format!(
        "The network names a post that belongs to another delivery ({owner}): {remote}. Look at both at the network, then say whether this one is live."
    );
    Evidence {
        message: Some(message),
        ..Evidence::default()
    }
}

/// An answer that decides nothing.
pub(super) fn unclear(evidence: Evidence) -> Refusal {
    Refusal {
        class: AnswerClass::Unclassified,
        cause: None,
        evidence,
        retry_after: None,
        confirmed: false,
    }
}

/// Everything that is written for one answer.
struct Answer {
    kind: AnswerKind,
    verdict: &'static str,
    refusal: Option<Refusal>,
    remote: Option<Remote>,
}

impl Answer {
    fn of(outcome: Outcome) -> Self {
        let refused = |kind, verdict, refusal| Self {
            kind,
            verdict,
            refusal: Some(refusal),
            remote: None,
        };
        match outcome {
            Outcome::Published(remote) => Self {
                kind: AnswerKind::Published,
                verdict: "published",
                refusal: None,
                remote: Some(remote),
            },
            // A step handle is no proof of a post; whoever answers a visible
            // call with one has taken it and works on it.
            Outcome::Accepted { .. } | Outcome::Recorded { .. } => Self {
                kind: AnswerKind::Accepted,
                verdict: "accepted",
                refusal: None,
                remote: None,
            },
            Outcome::Refused(refusal) => refused(AnswerKind::RefusedForGood, "refused", refusal),
            Outcome::NotProcessed(refusal) => {
                refused(AnswerKind::NotProcessed, "not_processed", refusal)
            }
            Outcome::Unclear(refusal) => refused(AnswerKind::Unclear, "unclear", refusal),
        }
    }
}

/// Records the answer to a visible call (C6).
pub async fn record(
    inner: &Arc<Inner>,
    known: &Known,
    attempt: &Attempt,
    outcome: Outcome,
) -> Result<Sent, StoreError> {
    let answer = Answer::of(outcome);
    let done = commit(inner, known, attempt, None, answer).await?;
    fault::point("C6.after");
    follow_up(inner, known, done).await
}

/// An answer that names another delivery's post is no proof for this one: the
/// network is read before anything is believed.
fn own(tx: &Tx<'_>, id: &DeliveryId, answer: Answer) -> Result<Answer, StoreError> {
    let Some(remote) = &answer.remote else {
        return Ok(answer);
    };
    Ok(match tx.owner_of_remote(id, &remote.id)? {
        Some(owner) => Answer::of(Outcome::Unclear(unclear(of_another(&remote.id, &owner)))),
        None => answer,
    })
}

/// An invisible step or a check of ours did not succeed: nothing was armed.
pub async fn before_arm(
    inner: &Arc<Inner>,
    known: &Known,
    attempt: &Attempt,
    outcome: Outcome,
) -> Result<Sent, StoreError> {
    let mut answer = Answer::of(outcome);
    let refusal = answer.refusal.clone();
    let refused_for_good = answer.kind == AnswerKind::RefusedForGood
        && refusal
            .as_ref()
            .is_some_and(|refusal| refusal.cause().is_none());
    if known.delivery.state == State::Scheduled && refused_for_good {
        let done = commit(inner, known, attempt, Some(Event::Refuse), answer).await?;
        return follow_up(inner, known, done).await;
    }
    // Nothing people see happened, so it simply waits for its next try.
    answer.verdict = "not_processed";
    let now = inner.now();
    let next = next_try(inner, known, refusal.as_ref(), now);
    let (id, attempt_id) = (known.delivery.id.clone(), attempt.id.clone());
    let stays = known.delivery.state;
    let evidence = refusal.clone();
    inner
        .parts
        .store
        .write(move |tx| {
            let delivery = tx.delivery(&id)?;
            if delivery.state != stays {
                return Ok(());
            }
            let mut record = Record::new(&id, stays);
            record.attempt = Some(&attempt_id);
            record.verdict = evidence
                .as_ref()
                .map(|refusal| verdict("not_processed", refusal));
            record.next_attempt_at = next;
            record.next_look_at = if stays == State::Unknown { next } else { None };
            record.begin_anew = uploads_gone(evidence.as_ref());
            tx.record(&record, now)
        })
        .await?;
    let done = Done {
        to: stays,
        refusal,
        login: None,
        now,
    };
    follow_up(inner, known, done).await
}

/// The journal already shows it live.
pub async fn found_done(
    inner: &Arc<Inner>,
    known: &Known,
    attempt: &Attempt,
    remote: Remote,
) -> Result<Sent, StoreError> {
    record(inner, known, attempt, Outcome::Published(remote)).await
}

fn verdict<'a>(kind: &'static str, refusal: &Refusal) -> NewVerdict<'a> {
    NewVerdict {
        kind,
        class: Some(refusal.class),
        evidence: refusal.evidence.clone(),
        remote_id: None,
        by: None,
    }
}

/// What was written down.
struct Done {
    to: State,
    refusal: Option<Refusal>,
    /// The login that published it.
    login: Option<Login>,
    now: UtcMs,
}

/// Writes down what the machine makes of an answer, and in the same transaction
/// what a post that was taken says of its channel, its login and our app.
async fn commit(
    inner: &Arc<Inner>,
    known: &Known,
    attempt: &Attempt,
    event: Option<Event>,
    answer: Answer,
) -> Result<Done, StoreError> {
    let now = inner.now();
    let next = next_try(inner, known, answer.refusal.as_ref(), now);
    let (timing, rules) = (inner.parts.timing.clone(), inner.parts.rules);
    let settle = resolver::settle(inner);
    let (class, readable) = (known.facts.class, known.facts.readable);
    // The tokens it was sent with, whatever the channel has by now.
    let (sent_with, generation) = (
        known.channel.login_id.clone(),
        known.channel.token.generation,
    );
    let (id, attempt_id, entropy) = (
        known.delivery.id.clone(),
        attempt.id.clone(),
        inner.parts.entropy.clone(),
    );
    inner
        .parts
        .store
        .write(move |tx| {
            let known = facts::read(tx, &id, class, readable, &timing, &rules, now)?;
            let mut facts = known.facts;
            facts.current = known
                .attempt
                .as_ref()
                .is_some_and(|newest| newest.id == attempt_id);
            let answer = own(tx, &id, answer)?;
            let event = event.unwrap_or(Event::Answered(answer.kind));
            let mut done = Done {
                to: known.delivery.state,
                refusal: answer.refusal.clone(),
                login: None,
                now,
            };
            if let Ok(transition) = step(known.delivery.state, &event, &facts, &rules, now) {
                let settle_at = now.plus(settle);
                apply(
                    tx,
                    &known,
                    &attempt_id,
                    &transition,
                    &answer,
                    next,
                    settle_at,
                    now,
                )?;
                done.to = transition.to;
                if done.to == State::Failed {
                    let refusal = answer.refusal.as_ref();
                    let why = refusal.and_then(|refusal| refusal.evidence.message.as_deref());
                    notice_failed(tx, &known, why, now, &entropy)?;
                }
            }
            if done.to == State::Published {
                tx.post_taken(&known.channel.id, now)?;
                if let Some(login) = &sent_with {
                    done.login = taken(tx, login, generation, now, &entropy)?;
                }
            }
            Ok(done)
        })
        .await
}

/// A post was taken with tokens of this generation: what is older is forgotten,
/// and our app is not refused any more. The login, unless it is gone.
fn taken(
    tx: &Tx<'_>,
    id: &LoginId,
    generation: i64,
    now: UtcMs,
    entropy: &Entropy,
) -> Result<Option<Login>, StoreError> {
    let login = match tx.login(id) {
        Ok(login) => login,
        // Disconnected meanwhile: the post is live all the same.
        Err(StoreError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    tx.forget_older(id, generation)?;
    tx.app_works(login.network, &login.client_id, Asked::Post, now, entropy)?;
    Ok(Some(login))
}

/// Writes what a transition asks for.
#[allow(
    clippy::too_many_arguments,
    reason = "one transaction writes all of it"
)]
fn apply(
    tx: &Tx<'_>,
    known: &Known,
    attempt: &AttemptId,
    transition: &Transition,
    answer: &Answer,
    next: Option<UtcMs>,
    settle_at: UtcMs,
    now: UtcMs,
) -> Result<(), StoreError> {
    let mut record = Record::new(&known.delivery.id, transition.to);
    record.attempt = Some(attempt);
    record.verdict = Some(match (&answer.refusal, &answer.remote) {
        (Some(refusal), _) => verdict(answer.verdict, refusal),
        (None, remote) => NewVerdict {
            kind: answer.verdict,
            remote_id: remote.as_ref().map(|remote| remote.id.as_str()),
            ..NewVerdict::default()
        },
    });
    record.permalink = answer
        .remote
        .as_ref()
        .and_then(|remote| remote.permalink.as_deref());
    record.close = transition
        .writes
        .iter()
        .any(|write| matches!(write, Write::CloseAttempt(_)));
    record.new_key = transition.writes.contains(&Write::NewKey);
    record.ask = transition.writes.iter().find_map(|write| match write {
        Write::Ask(why) => Some(*why),
        _ => None,
    });
    match transition.to {
        State::Scheduled => record.next_attempt_at = next,
        State::Unknown | State::Confirming => record.next_look_at = Some(settle_at),
        State::Failed => {
            record.access_failure = answer
                .refusal
                .as_ref()
                .is_some_and(|refusal| refusal.cause().is_some());
        }
        _ => {}
    }
    record.begin_anew = uploads_gone(answer.refusal.as_ref());
    tx.record(&record, now)
}

fn uploads_gone(refusal: Option<&Refusal>) -> bool {
    refusal.is_some_and(|refusal| refusal.evidence.network_code.as_deref() == Some(STEPS_GONE))
}

/// Tells people that a post failed, with what was said about it.
pub(super) fn notice_failed(
    tx: &Tx<'_>,
    known: &Known,
    why: Option<&str>,
    now: UtcMs,
    entropy: &Entropy,
) -> Result<(), StoreError> {
    let why = why.unwrap_or("the network refused it");
    let notice = NewNotice {
        workspace_id: Some(known.delivery.workspace_id.clone()),
        channel_id: Some(known.channel.id.clone()),
        delivery_id: Some(known.delivery.id.clone()),
        kind: "post_failed",
        text: format!("A post on {} failed: {why}", known.channel.name()),
        command: Some(format!("allgreen post why {}", known.delivery.id)),
        ..NewNotice::default()
    };
    tx.add_notice(&notice, Severity::Broken, now, entropy)?;
    Ok(())
}

/// When to try again after what was seen.
fn next_try(inner: &Inner, known: &Known, refusal: Option<&Refusal>, now: UtcMs) -> Option<UtcMs> {
    let refusal = refusal?;
    let pause = match (refusal.retry_after, refusal.class) {
        (named, AnswerClass::RateLimited) => return Some(now.plus(rate_pause(inner, named))),
        // What a network asked for is never cut short.
        (Some(named), _) => return Some(now.plus(inner.jittered_later(named))),
        (None, AnswerClass::TokenExpired) => Duration::ZERO,
        _ => {
            let mut memory = inner.memory();
            let failures = memory
                .failures
                .entry(known.delivery.id.clone())
                .or_insert(0);
            *failures += 1;
            // Once at once: a server that goes on forgetting is no reason to
            // send it everything without a pause.
            if *failures == 1 && uploads_gone(Some(refusal)) {
                return Some(now);
            }
            let timing = &inner.parts.timing;
            timing
                .send_retry
                .saturating_mul(1 << (*failures - 1).min(8))
                .min(timing.send_retry_most)
        }
    };
    Some(now.plus(if pause.is_zero() {
        pause
    } else {
        inner.jittered(pause)
    }))
}

/// The pause after a rate limit: as long as it asked for, never none at all, and
/// a little more, so that many do not come back as one.
fn rate_pause(inner: &Inner, named: Option<Duration>) -> Duration {
    let pause = named.unwrap_or(RATE_PAUSE);
    inner.jittered_later(pause.max(inner.parts.timing.send_retry))
}

/// What an answer means beyond what was written down with it.
async fn follow_up(inner: &Arc<Inner>, known: &Known, done: Done) -> Result<Sent, StoreError> {
    let channel = &known.channel.id;
    let Done {
        to, refusal, now, ..
    } = done;
    if to == State::Published {
        {
            let mut memory = inner.memory();
            memory.failures.remove(&known.delivery.id);
            memory
                .caught_up
                .insert(channel.clone(), (now, known.delivery.due));
        }
        if let Some(login) = &done.login {
            weather::answered(inner, login, Asked::Post).await?;
        }
        return Ok(Sent::Published);
    }
    if let Some(refusal) = refusal {
        if let Some(login) = &known.channel.login_id {
            refresher::post_refused(inner, login, &refusal).await?;
        }
        match refusal.class {
            AnswerClass::RateLimited => {
                let pause = rate_pause(inner, refusal.retry_after);
                let until = now.plus(pause);
                inner.memory().parked.insert(channel.clone(), until);
                harvester::rest(inner, &known.channel, refusal.retry_after).await?;
            }
            AnswerClass::Transient => {
                harvester::rest(inner, &known.channel, refusal.retry_after).await?;
            }
            // Parked in memory while one refresh and one retry decide.
            _ if refusal.cause().is_some() => {
                inner
                    .memory()
                    .parked
                    .insert(channel.clone(), now.plus(inner.parts.timing.park));
                refresher::after_refused_write(inner, known, &refusal).await?;
                inner.memory().parked.remove(channel);
            }
            _ => {}
        }
    }
    Ok(match to {
        State::Scheduled => Sent::NotYet,
        State::Failed | State::Missed | State::Cancelled => Sent::Ended,
        _ => Sent::Open,
    })
}
