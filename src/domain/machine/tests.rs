//! The table holds for every state, event and set of facts; and the rules a
//! person would ask about, one by one.

use std::time::Duration;

use proptest::prelude::*;

use super::super::delivery::{Decision, State};
use super::super::outcome::OutcomeClass;
use super::*;

const DUE: UtcMs = UtcMs(10_000);

fn events() -> Vec<Event> {
    use AnswerKind::{Accepted, NotProcessed, RefusedForGood, Unclear};
    let mut all = vec![
        Event::Schedule,
        Event::Edit,
        Event::Reschedule,
        Event::Arm,
        Event::Refuse,
        Event::Orphaned,
        Event::Late,
        Event::Cancel,
        Event::Retry,
        Event::Resend,
        Event::Disconnect,
        Event::TokenBack,
        Event::VerdictPublished,
    ];
    let answers = [
        AnswerKind::Published,
        Accepted,
        RefusedForGood,
        NotProcessed,
        Unclear,
    ];
    all.extend(answers.map(Event::Answered));
    let looks = [Look::Found, Look::Absent, Look::Different, Look::Unreadable];
    all.extend(looks.map(Event::Looked));
    all.extend([Poll::Done, Poll::Failed, Poll::Still].map(Event::Polled));
    all.extend(Decision::ALL.iter().copied().map(Event::Decide));
    all.extend(State::ALL.iter().copied().map(Event::Undo));
    all
}

/// Facts from the bits of a number: every combination has one.
fn facts_of(bits: u32) -> Facts {
    let bit = |n: u32| bits & (1 << n) != 0;
    let pick = |n: u32| (bits >> n & 3) as usize;
    Facts {
        can_send: bit(0),
        connected: bit(1),
        settled: bit(2),
        absent_spaced: bit(3),
        key_alive: bit(4),
        readable: bit(5),
        only_on_time: bit(6),
        current: bit(7),
        earlier_unanswered: bit(8),
        unknown_for: Duration::from_secs(if bit(9) { 86_400 } else { 0 }),
        class: OutcomeClass::ALL[pick(10)],
        late: [
            Lateness::OnTime,
            Lateness::WithinLimit,
            Lateness::OverLimit,
            Lateness::OnTime,
        ][pick(12)],
        absent_reads: [0, 1, 2, 2][pick(14)],
        access_failure: bit(16),
        proven_not_sent: bit(17),
        asked_for_token: bit(18),
        ever_armed: bit(19),
        send_began: bit(20),
        due: if bit(21) {
            DUE.plus(Duration::from_secs(60))
        } else {
            DUE
        },
    }
}

/// What must be true of a transition whatever brought it about.
fn check(state: State, event: Event, facts: &Facts, rules: &Rules) {
    let Ok(done) = step(state, &event, facts, rules, DUE) else {
        return;
    };
    let story = || format!("{state:?} {event:?} {facts:?} gave {done:?}");
    assert!(allowed(state, done.to), "outside the table: {}", story());
    let has = |write| done.writes.contains(&write);
    if done.to == State::Published && state != State::Published {
        assert!(
            has(Write::CloseAttempt(Verdict::Published)),
            "no verdict: {}",
            story()
        );
    }
    let sends = done
        .calls
        .iter()
        .any(|call| matches!(call, Call::Send { .. }));
    assert_eq!(
        sends,
        has(Write::OpenAttempt),
        "intent before send: {}",
        story()
    );
    assert_eq!(
        sends,
        done.to == State::Sending && state != done.to,
        "{}",
        story()
    );
    if sends {
        assert!(
            facts.can_send && facts.connected && !facts.too_late(),
            "{}",
            story()
        );
        assert!(
            done.calls.contains(&Call::Send { same_key: true }),
            "{}",
            story()
        );
    }
    if has(Write::NewKey) {
        let ordered = event == Event::Decide(Decision::NotLive);
        assert!(ordered, "a new key without a person's word: {}", story());
    }
    assert_eq!(
        done.to == State::Cancelled && state != State::Cancelled,
        has(Write::RecordCancelled),
        "{}",
        story()
    );
}

#[test]
fn c1_no_transition_leaves_the_table_whatever_the_facts() {
    let rules = Rules::default();
    let events = events();
    // Every event meets every combination of the facts about sending and
    // reading, and every combination of the facts about the past.
    let sending = 0..1u32 << 16;
    let past = (0..1u32 << 6).flat_map(|past| {
        let now = [0, 0b11, 0b1111_1111, 0b11_1111_1111, 0x2003, 0x2000, 0xFFFF];
        now.map(|now| past << 16 | now)
    });
    for bits in sending.map(|bits| bits | 1 << 16).chain(past) {
        if bits >> 12 & 3 == 3 || bits >> 14 & 3 == 3 {
            continue;
        }
        let facts = facts_of(bits);
        for state in State::ALL {
            for event in &events {
                check(*state, *event, &facts, &rules);
            }
        }
    }
}

proptest! {
    #[test]
    fn c1_a_delivery_never_leaves_the_table_over_its_whole_life(
        start in 0..State::ALL.len(),
        life in prop::collection::vec((0..events().len(), 0u32..1 << 22), 1..40),
    ) {
        let events = events();
        let mut state = State::ALL[start];
        for (event, bits) in life {
            let facts = facts_of(bits);
            check(state, events[event], &facts, &Rules::default());
            if let Ok(done) = step(state, &events[event], &facts, &Rules::default(), DUE) {
                state = done.to;
            }
        }
    }
}

fn fresh(class: OutcomeClass) -> Facts {
    Facts::fresh(class, DUE)
}

fn after(state: State, event: Event, facts: &Facts) -> State {
    step(state, &event, facts, &Rules::default(), DUE).map_or(state, |done| done.to)
}

#[test]
fn every_row_of_the_table_is_walked_by_some_event() {
    let mut walked = std::collections::HashSet::new();
    for bits in (0..1 << 22).step_by(997) {
        let facts = facts_of(bits);
        for state in State::ALL {
            for event in &events() {
                if let Ok(done) = step(*state, event, &facts, &Rules::default(), DUE) {
                    walked.insert((*state, done.to));
                }
            }
        }
    }
    let dead: Vec<_> = TRANSITIONS
        .iter()
        .filter(|row| !walked.contains(row))
        .collect();
    assert!(dead.is_empty(), "nothing walks {dead:?}");
}

#[test]
fn c2_a_held_delivery_stays_held_however_late_it_gets() {
    let mut facts = fresh(OutcomeClass::Key);
    facts.late = Lateness::OverLimit;
    facts.can_send = false;
    assert_eq!(
        after(State::Scheduled, Event::Late, &facts),
        State::Scheduled
    );
    facts.can_send = true;
    assert_eq!(after(State::Scheduled, Event::Late, &facts), State::Missed);
}

#[test]
fn c4_what_is_on_its_way_is_never_cancelled_only_resolved() {
    let facts = fresh(OutcomeClass::Key);
    for state in [State::Sending, State::Unknown, State::Confirming] {
        let refused = step(state, &Event::Cancel, &facts, &Rules::default(), DUE);
        assert_eq!(refused, Err(Refused::InFlight));
    }
}

#[test]
fn nothing_goes_out_before_its_time() {
    let facts = fresh(OutcomeClass::Key);
    let early = step(
        State::Scheduled,
        &Event::Arm,
        &facts,
        &Rules::default(),
        UtcMs(DUE.0 - 1),
    );
    assert_eq!(early, Err(Refused::NotDue));
}

#[test]
fn a_lost_answer_with_a_key_is_looked_up_and_repeated_with_that_key() {
    let mut facts = fresh(OutcomeClass::Key);
    let unclear = Event::Answered(AnswerKind::Unclear);
    assert_eq!(after(State::Sending, unclear, &facts), State::Unknown);
    let absent = Event::Looked(Look::Absent);
    facts.absent_reads = 1;
    assert_eq!(
        after(State::Unknown, absent, &facts),
        State::Unknown,
        "not settled"
    );
    facts.settled = true;
    let done = step(State::Unknown, &absent, &facts, &Rules::default(), DUE).unwrap();
    assert_eq!(done.to, State::Sending);
    assert_eq!(done.calls, [Call::Send { same_key: true }]);
    // The channel broke meanwhile: keep looking, then ask, then look again.
    facts.can_send = false;
    assert_eq!(after(State::Unknown, absent, &facts), State::Unknown);
    facts.unknown_for = Rules::default().unknown_bound;
    assert_eq!(after(State::Unknown, absent, &facts), State::NeedsDecision);
    facts.asked_for_token = true;
    assert_eq!(
        after(State::NeedsDecision, Event::TokenBack, &facts),
        State::Unknown
    );
}

#[test]
fn a_lost_answer_that_can_be_listed_needs_two_readings_apart() {
    let mut facts = fresh(OutcomeClass::ListMatch);
    facts.settled = true;
    facts.absent_reads = 2;
    let absent = Event::Looked(Look::Absent);
    assert_eq!(after(State::Unknown, absent, &facts), State::Unknown);
    facts.absent_spaced = true;
    assert_eq!(after(State::Unknown, absent, &facts), State::Scheduled);
    facts.late = Lateness::OverLimit;
    assert_eq!(after(State::Unknown, absent, &facts), State::NeedsDecision);
    facts.late = Lateness::WithinLimit;
    facts.only_on_time = true;
    assert_eq!(after(State::Unknown, absent, &facts), State::NeedsDecision);
}

#[test]
fn c5_where_nobody_can_tell_a_person_is_asked_and_may_order_it_again() {
    let mut facts = fresh(OutcomeClass::Unknowable);
    let unreadable = Event::Looked(Look::Unreadable);
    let again = Event::Decide(Decision::NotLive);
    assert_eq!(after(State::Unknown, unreadable, &facts), State::Unknown);
    let refused = step(State::NeedsDecision, &again, &facts, &Rules::default(), DUE);
    assert_eq!(refused, Err(Refused::NotSettled));
    facts.settled = true;
    assert_eq!(
        after(State::Unknown, unreadable, &facts),
        State::NeedsDecision
    );
    facts.late = Lateness::WithinLimit;
    let done = step(State::NeedsDecision, &again, &facts, &Rules::default(), DUE).unwrap();
    assert_eq!(done.to, State::Scheduled);
    assert!(done.writes.contains(&Write::NewKey) && done.writes.contains(&Write::DueNow));
}

#[test]
fn e_a_disconnect_cancels_what_waits_and_asks_about_what_cannot_be_read() {
    let mut facts = fresh(OutcomeClass::ReadBack);
    facts.connected = false;
    facts.can_send = false;
    facts.readable = false;
    for state in [State::Scheduled, State::Missed, State::Failed] {
        assert_eq!(after(state, Event::Disconnect, &facts), State::Cancelled);
    }
    assert_eq!(
        after(State::Sending, Event::Disconnect, &facts),
        State::Unknown
    );
    assert_eq!(
        after(State::Unknown, Event::Disconnect, &facts),
        State::NeedsDecision
    );
    assert_eq!(
        after(State::Published, Event::Disconnect, &facts),
        State::Published
    );
    facts.settled = true;
    let again = step(
        State::NeedsDecision,
        &Event::Decide(Decision::NotLive),
        &facts,
        &Rules::default(),
        DUE,
    );
    assert_eq!(again, Err(Refused::Disconnected));
}

#[test]
fn a_success_is_a_fact_whoever_saw_it() {
    let mut facts = fresh(OutcomeClass::Key);
    facts.current = false;
    for state in State::ALL {
        let seen = Event::Answered(AnswerKind::Published);
        assert_eq!(after(*state, seen, &facts), State::Published);
    }
    // An old refusal says nothing about the attempt that is under way.
    let old = Event::Answered(AnswerKind::RefusedForGood);
    assert_eq!(after(State::Sending, old, &facts), State::Sending);
}

#[test]
fn c4_undo_goes_back_only_where_it_was_and_only_before_a_send() {
    let mut facts = fresh(OutcomeClass::Key);
    let back = Event::Undo(State::Missed);
    assert_eq!(after(State::Cancelled, back, &facts), State::Missed);
    let nowhere = step(State::Published, &back, &facts, &Rules::default(), DUE);
    assert_eq!(nowhere, Err(Refused::NoWayBack));
    facts.send_began = true;
    let late = step(State::Cancelled, &back, &facts, &Rules::default(), DUE);
    assert_eq!(late, Err(Refused::SendBegan));
}

#[test]
fn what_the_network_accepted_is_waited_for_only_so_long_and_then_a_person_is_asked() {
    let rules = Rules::default();
    for class in OutcomeClass::ALL {
        let mut facts = fresh(*class);
        facts.settled = true;
        let still = Event::Polled(Poll::Still);
        facts.unknown_for = rules.confirming_bound - Duration::from_secs(1);
        assert_eq!(
            after(State::Confirming, still, &facts),
            State::Confirming,
            "it may still work on it"
        );
        facts.unknown_for = rules.confirming_bound;
        let asked = step(State::Confirming, &still, &facts, &rules, DUE).unwrap();
        assert_eq!(asked.to, State::NeedsDecision);
        assert!(asked.writes.contains(&Write::Ask(Ask::Unresolved)));
        assert_eq!(asked.calls, []);
        // However late, what the network says decides.
        let done = Event::Polled(Poll::Done);
        assert_eq!(after(State::Confirming, done, &facts), State::Published);
        let failed = Event::Polled(Poll::Failed);
        assert_eq!(after(State::Confirming, failed, &facts), State::Failed);
    }
}
