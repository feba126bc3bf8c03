//! The delivery machine: what may become of a delivery, and what is written
//! and called for it. One pure reducer; the store refuses what is not in
//! [`TRANSITIONS`], and the model in the tests searches every order of crashes,
//! lost answers and people for a post that is live twice or lost.
//!
//! Two rules carry the rest:
//! - a send is armed (durable intent) before it leaves, and what became of it
//!   is never guessed: without an answer it is `unknown` until somebody looked;
//! - intents are fenced, evidence never: that a post is live is a fact whoever
//!   saw it and whenever, so it wins from every state.

use super::delivery::{Decision, State};
use super::outcome::OutcomeClass;
use crate::support::time::UtcMs;

mod refused;
mod table;
mod types;
mod unknown;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use refused::Refused;
pub use table::{TRANSITIONS, allowed};
pub use types::{
    AnswerKind, Ask, Call, Event, Facts, Lateness, Look, Poll, Rules, Transition, Verdict, Write,
};

use State::{
    Cancelled, Confirming, Draft, Failed, Missed, NeedsDecision, Published, Scheduled, Sending,
    Unknown,
};

/// What `event` makes of a delivery in `state`.
///
/// The caller reads `facts` in the same transaction in which it carries out
/// the writes; the calls are made after the commit.
///
/// # Errors
/// Why nothing happens, in two sentences a person can be shown.
pub fn step(
    state: State,
    event: &Event,
    facts: &Facts,
    rules: &Rules,
    now: UtcMs,
) -> Result<Transition, Refused> {
    if event.says_live() {
        return Ok(live(state));
    }
    match event {
        Event::Schedule => schedule(state, facts),
        Event::Edit => edit(state, facts),
        Event::Reschedule => reschedule(state, facts),
        Event::Arm => arm(state, facts, rules, now),
        Event::Refuse => Ok(match state {
            Scheduled => Transition::to(Failed).write(Write::RecordEvidence),
            other => noted(other),
        }),
        Event::Answered(kind) => Ok(answered(state, *kind, facts, rules)),
        Event::Orphaned => Ok(orphaned(state, rules)),
        Event::Looked(look) => Ok(unknown::looked(state, *look, facts, rules)),
        Event::Polled(poll) => Ok(polled(state, *poll, facts, rules)),
        Event::Late => late(state, facts),
        Event::Decide(decision) => decide(state, *decision, facts, rules),
        Event::Cancel => cancel(state),
        Event::Retry => retry(state, facts),
        Event::Resend => unknown::resend(state, facts, rules),
        Event::Disconnect => Ok(disconnect(state, facts)),
        Event::TokenBack => Ok(token_back(state, facts)),
        Event::Undo(to) => undo(state, *to, facts),
        // Says live, so it was answered above.
        Event::VerdictPublished => Ok(live(state)),
    }
}

/// Any state becomes `published` by a verdict; the second one changes nothing.
fn live(state: State) -> Transition {
    let to = Transition::to(Published);
    match state {
        Published => to.write(Write::RecordEvidence),
        Cancelled => to
            .write(Write::CloseAttempt(Verdict::Published))
            .write(Write::ClearCancelled),
        NeedsDecision => to
            .write(Write::CloseAttempt(Verdict::Published))
            .write(Write::ClearDecision),
        _ => to.write(Write::CloseAttempt(Verdict::Published)),
    }
}

/// Nothing changes but that it was seen.
fn noted(state: State) -> Transition {
    Transition::to(state).write(Write::RecordEvidence)
}

fn schedule(state: State, facts: &Facts) -> Result<Transition, Refused> {
    match state {
        Draft if !facts.connected => Err(Refused::Disconnected),
        Draft => Ok(Transition::to(Scheduled)),
        other => Err(Refused::because_of(other)),
    }
}

fn edit(state: State, facts: &Facts) -> Result<Transition, Refused> {
    match state {
        Draft | Scheduled | Failed | Missed => {
            let to = Transition::to(state);
            // A request frozen by an earlier arm would send the old text.
            Ok(to.write_if(facts.ever_armed, Write::ThawRequest))
        }
        other => Err(Refused::because_of(other)),
    }
}

fn reschedule(state: State, facts: &Facts) -> Result<Transition, Refused> {
    let to = match state {
        Draft => return Ok(Transition::to(Draft)),
        Scheduled | Failed | Missed if !facts.connected => return Err(Refused::Disconnected),
        Scheduled | Failed | Missed => Transition::to(Scheduled),
        other => return Err(Refused::because_of(other)),
    };
    Ok(to.write_if(!facts.ever_armed, Write::DeriveKey))
}

fn arm(state: State, facts: &Facts, rules: &Rules, now: UtcMs) -> Result<Transition, Refused> {
    match state {
        Scheduled => {}
        other => return Err(Refused::because_of(other)),
    }
    if !facts.connected {
        return Err(Refused::Disconnected);
    }
    if !facts.can_send {
        return Err(Refused::Held);
    }
    if now < facts.due {
        return Err(Refused::NotDue);
    }
    if facts.too_late() {
        return Err(Refused::TooLate);
    }
    Ok(send(Transition::to(Sending), facts, rules))
}

/// Opens an attempt and sends it, with the key of the attempts before it.
fn send(to: Transition, facts: &Facts, rules: &Rules) -> Transition {
    let fresh = rules.new_key_per_attempt && facts.ever_armed;
    to.write_if(fresh, Write::NewKey)
        .write(Write::OpenAttempt)
        .call(Call::Send { same_key: !fresh })
}

fn answered(state: State, kind: AnswerKind, facts: &Facts, rules: &Rules) -> Transition {
    if !facts.current || !matches!(state, Sending | Unknown) {
        // Of an earlier attempt, or nobody waits for it: kept, judged by a person.
        return noted(state);
    }
    match kind {
        AnswerKind::Published => live(state),
        AnswerKind::Accepted => noted(Confirming).call(Call::Poll),
        AnswerKind::Unclear => lost(state, rules),
        // It speaks for the last request only. An earlier one with the same key
        // that was never answered may still arrive: keep looking.
        AnswerKind::RefusedForGood | AnswerKind::NotProcessed
            if facts.class == OutcomeClass::Key && facts.earlier_unanswered =>
        {
            lost(state, rules)
        }
        AnswerKind::RefusedForGood => {
            Transition::to(Failed).write(Write::CloseAttempt(Verdict::Refused))
        }
        AnswerKind::NotProcessed => {
            Transition::to(if facts.connected { Scheduled } else { Failed })
                .write(Write::CloseAttempt(Verdict::NotProcessed))
        }
    }
}

/// The answer is lost: look before acting.
fn lost(state: State, rules: &Rules) -> Transition {
    if state == Sending && rules.blind_retry {
        return Transition::to(Scheduled).write(Write::CloseAttempt(Verdict::NotProcessed));
    }
    noted(Unknown).call(Call::LookUp)
}

fn orphaned(state: State, rules: &Rules) -> Transition {
    match state {
        Sending | Unknown => lost(state, rules),
        Confirming => Transition::to(Confirming).call(Call::Poll),
        other => Transition::to(other),
    }
}

fn polled(state: State, poll: Poll, facts: &Facts, rules: &Rules) -> Transition {
    match (state, poll) {
        (Confirming, Poll::Failed) if facts.current => {
            Transition::to(Failed).write(Write::CloseAttempt(Verdict::Refused))
        }
        (Confirming, _) if !facts.readable => unknown::ask(Ask::Unreadable),
        // Nothing is looked up again by itself: what was accepted may still come.
        (Confirming, _) if facts.unknown_for >= rules.confirming_bound => {
            unknown::ask(Ask::Unresolved)
        }
        (Confirming, _) => noted(Confirming).call(Call::Poll),
        (other, _) => noted(other),
    }
}

fn late(state: State, facts: &Facts) -> Result<Transition, Refused> {
    match state {
        // A held delivery stays held however late it gets.
        Scheduled if !facts.can_send => Err(Refused::Held),
        Scheduled if facts.too_late() => Ok(Transition::to(Missed).write(Write::RecordMissed)),
        Scheduled => Err(Refused::NotLate),
        other => Err(Refused::because_of(other)),
    }
}

fn decide(
    state: State,
    decision: Decision,
    facts: &Facts,
    rules: &Rules,
) -> Result<Transition, Refused> {
    if state != NeedsDecision {
        return Err(Refused::NothingToDecide);
    }
    let decided = Write::RecordDecision(decision);
    match decision {
        Decision::Live => Ok(Transition::to(Published)
            .write(Write::CloseAttempt(Verdict::Published))
            .write(decided)),
        Decision::Left => Ok(Transition::to(NeedsDecision).write(decided)),
        Decision::NotLive if !facts.connected => Err(Refused::Disconnected),
        // Whoever looks too early sees no post and orders the second one.
        Decision::NotLive if !facts.settled && !rules.no_settle => Err(Refused::NotSettled),
        Decision::NotLive => Ok(Transition::to(Scheduled)
            .write(Write::CloseAttempt(Verdict::Absent))
            .write(decided)
            .write(Write::NewKey)
            .write_if(facts.late != Lateness::OnTime, Write::DueNow)),
    }
}

fn cancel(state: State) -> Result<Transition, Refused> {
    match state {
        Draft | Scheduled | Failed | Missed => {
            Ok(Transition::to(Cancelled).write(Write::RecordCancelled))
        }
        Cancelled => Ok(Transition::to(Cancelled)),
        other => Err(Refused::because_of(other)),
    }
}

fn retry(state: State, facts: &Facts) -> Result<Transition, Refused> {
    match state {
        Scheduled | Failed | Missed if !facts.connected => Err(Refused::Disconnected),
        // Lateness counts from the order, or it would be missed again at once.
        Scheduled | Failed | Missed => Ok(Transition::to(Scheduled)
            .write(Write::DueNow)
            .write_if(!facts.ever_armed, Write::DeriveKey)),
        other => Err(Refused::because_of(other)),
    }
}

fn disconnect(state: State, facts: &Facts) -> Transition {
    match state {
        Draft => Transition::to(Draft).write(Write::RemoveDraft),
        Scheduled | Failed | Missed => Transition::to(Cancelled).write(Write::RecordCancelled),
        // What is on the wire finishes; its answer still finds it in `unknown`.
        Sending => noted(Unknown).call_if(facts.readable, Call::LookUp),
        Unknown if facts.readable => Transition::to(Unknown).call(Call::LookUp),
        Confirming if facts.readable => Transition::to(Confirming).call(Call::Poll),
        Unknown | Confirming => unknown::ask(Ask::Unreadable),
        other => Transition::to(other),
    }
}

fn token_back(state: State, facts: &Facts) -> Transition {
    match state {
        NeedsDecision if facts.asked_for_token && facts.class != OutcomeClass::Unknowable => {
            Transition::to(Unknown)
                .write(Write::ClearDecision)
                .call(Call::LookUp)
        }
        Failed if facts.access_failure && facts.proven_not_sent && facts.connected => {
            Transition::to(Scheduled)
        }
        Unknown => Transition::to(Unknown).call(Call::LookUp),
        Confirming => Transition::to(Confirming).call(Call::Poll),
        other => Transition::to(other),
    }
}

fn undo(state: State, to: State, facts: &Facts) -> Result<Transition, Refused> {
    if !facts.connected {
        return Err(Refused::Disconnected);
    }
    if facts.send_began {
        return Err(Refused::SendBegan);
    }
    let back = Transition::to(to);
    match (state, to) {
        (Cancelled, Draft | Scheduled | Failed | Missed) => Ok(back.write(Write::ClearCancelled)),
        (Scheduled, Failed) => Ok(back),
        (Scheduled, Missed) => Ok(back.write(Write::RecordMissed)),
        // Text or time taken back.
        (Draft | Scheduled | Failed | Missed, same) if same == state => {
            Ok(back.write_if(facts.ever_armed, Write::ThawRequest))
        }
        _ => Err(Refused::NoWayBack),
    }
}
