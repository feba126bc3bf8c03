//! An exhaustive search: one delivery, two workers that may crash or be
//! paused, a network that loses, delays and refuses, people who cancel,
//! decide and disconnect, in every order. It drives the real [`step`].
//!
//! What "settled" means is the one assumption the protocol makes. For the
//! classes that need it the model takes it as true: settled is when nothing of
//! ours is under way. For class K it does not: a reading may be made and count
//! at any time, and the key alone must keep it safe.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use super::super::delivery::{Decision, State};
use super::super::outcome::OutcomeClass;
use super::*;

const DUE: UtcMs = UtcMs(1_000);
const TERMS: u8 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Got {
    Answer(Reply),
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reply {
    Published,
    Accepted,
    Refused,
    NotProcessed,
}

/// What a worker is doing; an attempt is known by its number and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    Run,
    Armed { attempt: u8, key: u8 },
    Waiting { attempt: u8 },
    Has { attempt: u8, got: Got },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Channel {
    Up,
    Down,
    Gone,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    state: State,
    attempt: u8,
    key: u8,
    unanswered: bool,
    ever_armed: bool,
    asked_for_token: bool,
    reads: u8,
    term: u8,
    holder: Option<usize>,
    workers: [(Phase, u8); 2],
    /// Requests under way: who waits for the answer, and with which key.
    wire: Vec<(Option<usize>, u8)>,
    live: u8,
    keys_seen: u8,
    channel: Channel,
    late: bool,
    crashes: u8,
    faults: u8,
    whims: u8,
}

impl World {
    fn start(class: OutcomeClass) -> Self {
        Self {
            state: State::Scheduled,
            attempt: 0,
            key: 0,
            unanswered: false,
            ever_armed: false,
            asked_for_token: false,
            reads: 0,
            term: 0,
            holder: None,
            workers: [(Phase::Idle, 0); 2],
            wire: Vec::new(),
            live: 0,
            keys_seen: 0,
            channel: Channel::Up,
            late: false,
            crashes: 2,
            faults: 2,
            // Class K takes a reading at any time: a far larger search.
            whims: if class == OutcomeClass::Key { 1 } else { 2 },
        }
    }

    /// Nothing of ours is under way, as far as the one who holds the role can
    /// know: a paused process that lost the role is invisible.
    fn quiet(&self) -> bool {
        self.wire.is_empty()
            && !(0..2)
                .any(|i| self.holder == Some(i) && matches!(self.workers[i].0, Phase::Armed { .. }))
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    /// After its work a worker goes on when it still holds the role.
    fn rest(&mut self, i: usize) {
        self.workers[i].0 = if self.holder == Some(i) {
            Phase::Run
        } else {
            Phase::Idle
        };
    }
}

struct Model {
    class: OutcomeClass,
    rules: Rules,
}

impl Model {
    fn facts(&self, world: &World) -> Facts {
        let mut facts = Facts::fresh(self.class, DUE);
        facts.can_send = world.channel == Channel::Up;
        facts.connected = world.channel != Channel::Gone;
        facts.readable = match self.class {
            OutcomeClass::Key => true,
            OutcomeClass::Unknowable => false,
            _ => world.channel == Channel::Up,
        };
        facts.settled = world.quiet();
        facts.absent_reads = world.reads;
        facts.absent_spaced = world.reads >= 2;
        facts.asked_for_token = world.asked_for_token;
        facts.ever_armed = world.ever_armed;
        facts.earlier_unanswered = world.unanswered;
        if world.late {
            facts.late = Lateness::OverLimit;
        }
        facts
    }

    /// Carries an event out; `by` is the worker that would send.
    fn apply(&self, world: &World, event: Event, facts: &Facts, by: usize) -> Option<World> {
        let done = step(world.state, &event, facts, &self.rules, DUE).ok()?;
        assert!(allowed(world.state, done.to), "{event:?} left the table");
        let mut next = world.clone();
        next.state = done.to;
        for write in done.writes {
            match write {
                Write::OpenAttempt => {
                    next.attempt += 1;
                    next.ever_armed = true;
                    next.reads = 0;
                }
                Write::CloseAttempt(Verdict::Absent) => next.unanswered = true,
                Write::NewKey => {
                    next.key += 1;
                    next.unanswered = false;
                }
                Write::DueNow => next.late = false,
                Write::Ask(why) => next.asked_for_token = why == Ask::Unreadable,
                Write::RecordDecision(_) | Write::ClearDecision => next.asked_for_token = false,
                _ => {}
            }
        }
        if done.calls.iter().any(|c| matches!(c, Call::Send { .. })) {
            let (attempt, key) = (next.attempt, next.key);
            next.workers[by].0 = Phase::Armed { attempt, key };
        }
        (next.attempt < 8 && next.key < 7).then_some(next)
    }

    fn moves(&self, world: &World) -> Vec<(String, World)> {
        let mut out = Vec::new();
        for i in 0..2 {
            self.worker(world, i, &mut out);
        }
        self.network(world, &mut out);
        self.people(world, &mut out);
        out
    }

    fn worker(&self, world: &World, i: usize, out: &mut Vec<(String, World)>) {
        let (phase, term) = world.workers[i];
        let mut add = |name: &str, next: World| out.push((format!("{name}{i}"), next));
        let take = |next: &mut World| {
            next.term += 1;
            next.holder = Some(i);
            next.workers[i] = (Phase::Run, next.term);
        };
        let stealable = self.rules.stealable_lease && world.holder == Some(1 - i);
        if phase == Phase::Idle && world.term < TERMS && (world.holder.is_none() || stealable) {
            add("take", world.with(take));
        }
        if phase != Phase::Idle && world.crashes > 0 {
            add(
                "crash",
                world.with(|next| {
                    next.crashes -= 1;
                    next.workers[i] = (Phase::Idle, 0);
                    next.holder = next.holder.filter(|h| *h != i);
                    for flight in &mut next.wire {
                        flight.0 = flight.0.filter(|waits| *waits != i);
                    }
                }),
            );
        }
        let facts = self.facts(world);
        match phase {
            Phase::Run if term == world.term => self.publisher(world, i, &facts, out),
            Phase::Run => add("yield", world.with(|next| next.workers[i].0 = Phase::Idle)),
            Phase::Armed { attempt, key } if world.wire.len() < 2 => add(
                "send",
                world.with(|next| {
                    next.wire.push((Some(i), key));
                    next.workers[i].0 = Phase::Waiting { attempt };
                }),
            ),
            Phase::Waiting { attempt } if world.faults > 0 => add(
                "timeout",
                world.with(|next| {
                    next.faults -= 1;
                    let got = Got::Nothing;
                    next.workers[i].0 = Phase::Has { attempt, got };
                    for flight in &mut next.wire {
                        flight.0 = flight.0.filter(|waits| *waits != i);
                    }
                }),
            ),
            Phase::Has { attempt, got } => {
                let mut facts = facts;
                facts.current = attempt == world.attempt;
                let kind = match got {
                    Got::Nothing => AnswerKind::Unclear,
                    Got::Answer(Reply::Published) => AnswerKind::Published,
                    Got::Answer(Reply::Accepted) => AnswerKind::Accepted,
                    Got::Answer(Reply::Refused) => AnswerKind::RefusedForGood,
                    Got::Answer(Reply::NotProcessed) => AnswerKind::NotProcessed,
                };
                if let Some(mut next) = self.apply(world, Event::Answered(kind), &facts, i) {
                    next.rest(i);
                    add("record", next);
                }
            }
            _ => {}
        }
    }

    /// What the holder of the newest term does with the row.
    fn publisher(&self, world: &World, i: usize, facts: &Facts, out: &mut Vec<(String, World)>) {
        let mut try_event = |name: &str, event: Event, facts: &Facts, world: &World| {
            if let Some(next) = self.apply(world, event, facts, i)
                && next != *world
            {
                out.push((format!("{name}{i}"), next));
            }
        };
        match world.state {
            State::Scheduled => {
                try_event("arm", Event::Arm, facts, world);
                try_event("late", Event::Late, facts, world);
            }
            // This worker is not sending, so whoever armed it is gone.
            State::Sending => try_event("orphan", Event::Orphaned, facts, world),
            State::Confirming => {
                let poll = if world.live > 0 {
                    Poll::Done
                } else {
                    Poll::Still
                };
                try_event("poll", Event::Polled(poll), facts, world);
            }
            State::Unknown => {
                let mut settled = vec![facts.settled];
                if self.class == OutcomeClass::Key {
                    settled = vec![false, true];
                }
                for settled in settled {
                    for unknown_for in [Duration::ZERO, self.rules.unknown_bound] {
                        let facts = Facts {
                            settled,
                            unknown_for,
                            ..*facts
                        };
                        self.look(world, &facts, &mut try_event);
                    }
                }
            }
            _ => {}
        }
    }

    fn look(
        &self,
        world: &World,
        facts: &Facts,
        try_event: &mut impl FnMut(&str, Event, &Facts, &World),
    ) {
        let unreadable = Event::Looked(Look::Unreadable);
        if !facts.readable {
            return try_event("look", unreadable, facts, world);
        }
        try_event("unread", unreadable, facts, world);
        if world.live > 0 {
            return try_event("found", Event::Looked(Look::Found), facts, world);
        }
        let read = world.with(|next| {
            // A reading before the settle time is over counts for nothing.
            if facts.settled || self.rules.no_settle {
                next.reads = 2.min(next.reads + 1);
            }
        });
        let facts = Facts {
            absent_reads: read.reads,
            absent_spaced: read.reads >= 2,
            ..*facts
        };
        try_event("absent", Event::Looked(Look::Absent), &facts, &read);
        try_event("resend", Event::Resend, &facts, &read);
        // Also the reading alone, without what follows from it.
        try_event("read", Event::Orphaned, &facts, &read);
    }

    fn network(&self, world: &World, out: &mut Vec<(String, World)>) {
        for at in 0..world.wire.len() {
            let (waits, key) = world.wire[at];
            let reply = |processed: bool, got: Got, fault: u8| {
                world.with(|next| {
                    next.wire.remove(at);
                    next.faults -= fault;
                    let known = self.class == OutcomeClass::Key && next.keys_seen & (1 << key) != 0;
                    if processed && !known {
                        next.live += 1;
                        next.keys_seen |= 1 << key;
                    }
                    if let Some(i) = waits
                        && let Phase::Waiting { attempt } = next.workers[i].0
                    {
                        next.workers[i].0 = Phase::Has { attempt, got };
                    }
                })
            };
            if world.live < 3 {
                let published = Got::Answer(Reply::Published);
                out.push(("process".into(), reply(true, published, 0)));
                let accepted = Got::Answer(Reply::Accepted);
                out.push(("accept".into(), reply(true, accepted, 0)));
            }
            // A key the network has seen is answered as the first time.
            let known = self.class == OutcomeClass::Key && world.keys_seen & (1 << key) != 0;
            if !known {
                let refused = Got::Answer(Reply::Refused);
                out.push(("refuse".into(), reply(false, refused, 0)));
            }
            if world.faults > 0 {
                let unprocessed = Got::Answer(Reply::NotProcessed);
                out.push(("429".into(), reply(false, unprocessed, 1)));
                out.push(("drop".into(), reply(false, Got::Nothing, 1)));
                out.push(("lie".into(), reply(true, Got::Nothing, 1)));
            }
        }
    }

    fn people(&self, world: &World, out: &mut Vec<(String, World)>) {
        let facts = self.facts(world);
        let mut try_event = |name: &str, event: Event, facts: &Facts, world: &World| {
            if let Some(next) = self.apply(world, event, facts, 0)
                && next != *world
            {
                out.push((name.into(), next));
            }
        };
        let gone = world.with(|next| next.channel = Channel::Gone);
        if world.channel != Channel::Gone {
            try_event("disconnect", Event::Disconnect, &self.facts(&gone), &gone);
        }
        if world.channel == Channel::Down {
            let up = world.with(|next| next.channel = Channel::Up);
            try_event("token back", Event::TokenBack, &self.facts(&up), &up);
        }
        // A person who looks at the profile and says what is there.
        let decision = if world.live > 0 {
            Decision::Live
        } else {
            Decision::NotLive
        };
        try_event("decide", Event::Decide(decision), &facts, world);
        if world.whims > 0 {
            let fewer = world.with(|next| next.whims -= 1);
            try_event("cancel", Event::Cancel, &facts, &fewer);
            try_event("retry", Event::Retry, &facts, &fewer);
            if fewer.state == State::Cancelled {
                try_event("undo", Event::Undo(State::Scheduled), &facts, &fewer);
            }
            if fewer.channel == Channel::Up {
                out.push((
                    "down".into(),
                    fewer.with(|next| next.channel = Channel::Down),
                ));
            }
            if !fewer.late {
                out.push(("late".into(), fewer.with(|next| next.late = true)));
            }
        }
        if world.channel == Channel::Down {
            out.push(("up".into(), world.with(|next| next.channel = Channel::Up)));
        }
    }
}

/// What the search found: how to get there, step by step.
#[derive(Default, Debug)]
struct Report {
    worlds: usize,
    duplicate: Option<Vec<String>>,
    /// Shown as not going out (or as never sent), yet live.
    hidden: Option<Vec<String>>,
    /// No way from here to an end or to a question.
    stuck: Option<World>,
}

/// Searches every order of events; with a broken protocol only until it has
/// found both kinds of damage, or `most` worlds.
fn search(class: OutcomeClass, rules: Rules, most: usize) -> Report {
    let broken = rules != Rules::default();
    let model = Model { class, rules };
    let mut ids: HashMap<World, usize> = HashMap::new();
    let mut from: Vec<Option<(usize, String)>> = vec![None];
    let mut back: Vec<Vec<usize>> = vec![Vec::new()];
    let mut ends = Vec::new();
    let mut queue = VecDeque::from([World::start(class)]);
    ids.insert(World::start(class), 0);
    let mut report = Report::default();
    let trace = |from: &Vec<Option<(usize, String)>>, mut at: usize| {
        let mut names = Vec::new();
        while let Some((before, name)) = &from[at] {
            names.push(name.clone());
            at = *before;
        }
        names.reverse();
        names
    };
    while let Some(world) = queue.pop_front() {
        let id = ids[&world];
        if world.live > 1 && report.duplicate.is_none() {
            report.duplicate = Some(trace(&from, id));
        }
        let found = report.duplicate.is_some() && report.hidden.is_some();
        if broken && (found || ids.len() > most) {
            report.worlds = ids.len();
            return report;
        }
        let denied = matches!(
            world.state,
            State::Cancelled | State::Failed | State::Missed
        );
        if denied && world.live > 0 && world.wire.is_empty() && report.hidden.is_none() {
            report.hidden = Some(trace(&from, id));
        }
        if denied || matches!(world.state, State::Published | State::NeedsDecision) {
            ends.push(id);
        }
        for (name, next) in model.moves(&world) {
            let seen = ids.len();
            let to = *ids.entry(next.clone()).or_insert(seen);
            if to == seen {
                from.push(Some((id, name)));
                back.push(Vec::new());
                queue.push_back(next);
            }
            back[to].push(id);
        }
    }
    let mut good: HashSet<usize> = ends.iter().copied().collect();
    while let Some(id) = ends.pop() {
        for before in &back[id] {
            if good.insert(*before) {
                ends.push(*before);
            }
        }
    }
    report.worlds = ids.len();
    report.stuck = ids
        .into_iter()
        .find(|(_, id)| !good.contains(id))
        .map(|(world, _)| world);
    report
}

#[test]
fn reliability_no_post_is_live_twice_or_behind_our_back_in_any_order_of_events() {
    for class in OutcomeClass::ALL {
        let report = search(*class, Rules::default(), usize::MAX);
        println!("{class:?}: {} worlds", report.worlds);
        assert!(report.worlds > 500, "{class:?}: the search ended early");
        assert_eq!(report.duplicate, None, "{class:?}: live twice");
        assert_eq!(report.hidden, None, "{class:?}: live behind our back");
        assert_eq!(report.stuck, None, "{class:?}: no way on");
    }
}

#[test]
fn reliability_the_search_finds_what_a_blind_retry_breaks() {
    let rules = Rules {
        blind_retry: true,
        ..Rules::default()
    };
    for class in [
        OutcomeClass::ReadBack,
        OutcomeClass::ListMatch,
        OutcomeClass::Unknowable,
    ] {
        assert!(
            search(class, rules, 60_000).duplicate.is_some(),
            "{class:?}"
        );
    }
    let keyed = search(OutcomeClass::Key, rules, 60_000);
    assert_eq!(keyed.duplicate, None, "the key still holds");
    assert!(keyed.hidden.is_some(), "but a cancelled post can be live");
}

#[test]
fn reliability_the_search_finds_what_a_reading_without_settling_breaks() {
    let rules = Rules {
        no_settle: true,
        ..Rules::default()
    };
    let report = search(OutcomeClass::ReadBack, rules, 60_000);
    assert!(report.duplicate.is_some() && report.hidden.is_some());
}

#[test]
fn reliability_the_search_finds_what_a_stealable_lease_breaks() {
    let rules = Rules {
        stealable_lease: true,
        ..Rules::default()
    };
    assert!(
        search(OutcomeClass::ReadBack, rules, 1_000_000)
            .duplicate
            .is_some()
    );
    assert!(
        search(OutcomeClass::Unknowable, rules, 1_000_000)
            .duplicate
            .is_some()
    );
    assert_eq!(search(OutcomeClass::Key, rules, 60_000).duplicate, None);
}

#[test]
fn reliability_the_search_finds_what_a_new_key_per_attempt_breaks() {
    let rules = Rules {
        new_key_per_attempt: true,
        ..Rules::default()
    };
    assert!(search(OutcomeClass::Key, rules, 60_000).duplicate.is_some());
}
