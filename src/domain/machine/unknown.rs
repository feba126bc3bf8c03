//! What reading the network about a lost answer leads to.

use super::super::delivery::State::{self, Failed, NeedsDecision, Scheduled, Sending, Unknown};
use super::super::outcome::OutcomeClass;
use super::{
    Ask, Call, Facts, Look, Refused, Rules, Transition, Verdict, Write, live, noted, send,
};

/// Asks a person, and remembers why.
pub(super) fn ask(why: Ask) -> Transition {
    noted(NeedsDecision).write(Write::Ask(why))
}

/// What a reading makes of a delivery; outside `unknown` it is only noted.
pub(super) fn looked(state: State, look: Look, facts: &Facts, rules: &Rules) -> Transition {
    if state != Unknown || !facts.current {
        return noted(state);
    }
    let settled = facts.settled || rules.no_settle;
    match look {
        Look::Found => live(state),
        // Too early: the send may still be under way, no reading counts.
        _ if !settled => keep_looking(),
        Look::Different => ask(Ask::Different),
        Look::Absent => absent(facts, rules),
        Look::Unreadable if facts.class == OutcomeClass::Unknowable => ask(Ask::Unknowable),
        Look::Unreadable if !facts.readable => ask(Ask::Unreadable),
        Look::Unreadable => wait_or_ask(facts, rules),
    }
}

/// Sends again with the same key, when nothing speaks against it.
pub(super) fn resend(state: State, facts: &Facts, rules: &Rules) -> Result<Transition, Refused> {
    if state != Unknown {
        return Err(Refused::because_of(state));
    }
    may_resend(facts, rules)?;
    Ok(repeat(facts, rules))
}

fn absent(facts: &Facts, rules: &Rules) -> Transition {
    if facts.class == OutcomeClass::Unknowable {
        return ask(Ask::Unknowable);
    }
    let proven = facts.absent_reads >= 2 && facts.absent_spaced;
    if !facts.connected {
        // Nothing will send it any more; what is proven is said.
        return if proven {
            Transition::to(Failed).write(Write::CloseAttempt(Verdict::Absent))
        } else {
            wait_or_ask(facts, rules)
        };
    }
    if facts.class == OutcomeClass::Key && facts.key_alive {
        return match may_resend(facts, rules) {
            Ok(()) => repeat(facts, rules).write_first(Write::RecordEvidence),
            Err(Refused::TooLate) => ask(Ask::TooLate),
            // It never goes back to scheduled: with the key a repeat is safe
            // even should the first one still arrive, a cancel is not.
            Err(_) => wait_or_ask(facts, rules),
        };
    }
    match (proven, facts.too_late()) {
        (true, true) => ask(Ask::TooLate),
        (true, false) => Transition::to(Scheduled).write(Write::CloseAttempt(Verdict::Absent)),
        (false, _) => wait_or_ask(facts, rules),
    }
}

/// Whether the same request may be sent again with the same key.
fn may_resend(facts: &Facts, rules: &Rules) -> Result<(), Refused> {
    if facts.class != OutcomeClass::Key || !facts.key_alive {
        Err(Refused::NoKey)
    } else if !(facts.settled || rules.no_settle) || facts.absent_reads == 0 {
        Err(Refused::NotSettled)
    } else if !facts.connected {
        Err(Refused::Disconnected)
    } else if !facts.can_send {
        Err(Refused::Held)
    } else if facts.too_late() {
        Err(Refused::TooLate)
    } else {
        Ok(())
    }
}

fn repeat(facts: &Facts, rules: &Rules) -> Transition {
    let closed = Transition::to(Sending).write(Write::CloseAttempt(Verdict::Absent));
    send(closed, facts, rules)
}

fn keep_looking() -> Transition {
    noted(Unknown).call(Call::LookUp)
}

fn wait_or_ask(facts: &Facts, rules: &Rules) -> Transition {
    if facts.unknown_for < rules.unknown_bound {
        keep_looking()
    } else if facts.connected && !facts.can_send {
        // It is looked at again by itself once the channel can send.
        ask(Ask::Unreadable)
    } else {
        ask(Ask::Unresolved)
    }
}
