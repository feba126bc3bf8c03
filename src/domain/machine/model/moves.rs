//! What may happen next: to the workers, to the network, and by people.

use std::time::Duration;

use super::super::super::delivery::{Decision, State};
use super::super::super::outcome::OutcomeClass;
use super::super::{
    AnswerKind, Ask, Call, Event, Facts, Lateness, Look, Poll, Rules, Verdict, Write, allowed, step,
};
use super::world::{Channel, Flight, Got, Phase, World};
use crate::support::time::UtcMs;

const DUE: UtcMs = UtcMs(1_000);

/// How much of the world takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the table of the design counts: crashes, lost answers, disconnect.
    /// Whoever is asked does not answer.
    Table,
    /// The same with people who look at the profile and decide.
    Asked,
    /// Also every other answer, people who cancel, retry and undo, a channel
    /// that breaks and heals, and a post that becomes too late.
    Wide,
}

pub struct Model {
    pub class: OutcomeClass,
    pub rules: Rules,
    pub scope: Scope,
    /// Readings are made and count although something may be under way.
    pub early: bool,
}

/// What may happen, by name, and the world after it.
pub type Moves = Vec<(&'static str, World)>;

impl Model {
    pub fn start(&self) -> World {
        World::start(match self.scope {
            Scope::Table | Scope::Asked => 0,
            // Readings at any time: a far larger search.
            Scope::Wide if self.early => 1,
            Scope::Wide => 2,
        })
    }

    pub fn moves(&self, world: &World) -> Moves {
        let mut out = Vec::new();
        for i in 0..2 {
            self.worker(world, i, &mut out);
        }
        self.network(world, &mut out);
        self.people(world, &mut out);
        out
    }

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
        let mut next = *world;
        next.state = done.to;
        for write in done.writes {
            match write {
                Write::OpenAttempt => {
                    next.workers = next.workers.map(Phase::overtaken);
                    next.ever_armed = true;
                    next.reads = 0;
                }
                Write::CloseAttempt(Verdict::Absent) => next.unanswered = true,
                Write::NewKey => {
                    // Only where the network keeps it does it tell worlds apart.
                    next.key += u8::from(self.class == OutcomeClass::Key);
                    next.unanswered = false;
                }
                Write::DueNow => next.late = false,
                Write::Ask(why) => next.asked_for_token = why == Ask::Unreadable,
                Write::RecordDecision(_) | Write::ClearDecision => next.asked_for_token = false,
                _ => {}
            }
        }
        if done.calls.iter().any(|c| matches!(c, Call::Send { .. })) {
            let (newest, key) = (true, next.key);
            next.workers[by] = Phase::Armed { newest, key };
        }
        // Where each attempt takes a key of its own there is no end of them.
        let told_apart = next.key < 8;
        assert!(told_apart || self.rules.new_key_per_attempt);
        told_apart.then_some(next)
    }

    fn worker(&self, world: &World, i: usize, out: &mut Moves) {
        let phase = world.workers[i];
        let stealable = self.rules.stealable_lease;
        let free = world.holder.is_none() || (stealable && world.holder == Some(1 - i));
        if phase == Phase::Idle && free && world.takes > 0 {
            let taken = world.with(|next| {
                // A lock of the kernel changes hands by a crash alone.
                next.takes -= u8::from(stealable);
                next.holder = Some(i);
                next.workers[i] = Phase::Run;
            });
            out.push(("take", taken));
        }
        if phase != Phase::Idle && world.crashes > 0 {
            let crashed = world.with(|next| {
                next.crashes -= 1;
                next.workers[i] = Phase::Idle;
                next.holder = next.holder.filter(|holder| *holder != i);
                next.hangs_up(i);
            });
            out.push(("crash", crashed));
        }
        match phase {
            Phase::Run if world.holder == Some(i) => self.publisher(world, i, out),
            Phase::Run => out.push(("yield", world.with(|next| next.workers[i] = Phase::Idle))),
            Phase::Armed { newest, key } => {
                if let Some(at) = world.wire.iter().position(Option::is_none) {
                    let sent = world.with(|next| {
                        let waits = Some(i);
                        next.wire[at] = Some(Flight { waits, key });
                        next.workers[i] = Phase::Waiting { newest };
                    });
                    out.push(("send", sent));
                }
            }
            Phase::Waiting { newest } if world.faults > 0 => {
                let timed_out = world.with(|next| {
                    next.faults -= 1;
                    let got = Got::Nothing;
                    next.workers[i] = Phase::Has { newest, got };
                    next.hangs_up(i);
                });
                out.push(("timeout", timed_out));
            }
            Phase::Has { newest, got } => {
                let mut facts = self.facts(world);
                facts.current = newest;
                let kind = match got {
                    Got::Nothing => AnswerKind::Unclear,
                    Got::Published => AnswerKind::Published,
                    Got::Accepted => AnswerKind::Accepted,
                    Got::Refused => AnswerKind::RefusedForGood,
                    Got::NotProcessed => AnswerKind::NotProcessed,
                };
                if let Some(mut next) = self.apply(world, Event::Answered(kind), &facts, i) {
                    next.rest(i);
                    out.push(("record", next));
                }
            }
            _ => {}
        }
    }

    /// What the holder of the role does with the row.
    fn publisher(&self, world: &World, i: usize, out: &mut Moves) {
        let facts = self.facts(world);
        let mut try_event = |name, event, facts: &Facts, world: &World| {
            // What only noted something leads on too: a reading, a channel gone.
            if let Some(next) = self.apply(world, event, facts, i) {
                out.push((name, next));
            }
        };
        match world.state {
            State::Scheduled => {
                try_event("arm", Event::Arm, &facts, world);
                try_event("late", Event::Late, &facts, world);
            }
            // This worker is not sending, so whoever armed it is gone.
            State::Sending => try_event("orphan", Event::Orphaned, &facts, world),
            State::Confirming => {
                if world.live > 0 {
                    try_event("done", Event::Polled(Poll::Done), &facts, world);
                }
                let still = Event::Polled(Poll::Still);
                let unknown_for = self.rules.confirming_bound;
                let bound = Facts {
                    unknown_for,
                    ..facts
                };
                try_event("still", still, &facts, world);
                try_event("still, for long", still, &bound, world);
            }
            State::Unknown => {
                let mut settled = vec![facts.settled];
                if self.early {
                    settled = vec![false, true];
                }
                for settled in settled {
                    for unknown_for in [Duration::ZERO, self.rules.unknown_bound] {
                        let facts = Facts {
                            settled,
                            unknown_for,
                            ..facts
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
        try_event: &mut impl FnMut(&'static str, Event, &Facts, &World),
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

    fn network(&self, world: &World, out: &mut Moves) {
        let wide = self.scope == Scope::Wide;
        for at in 0..world.wire.len() {
            let Some(Flight { waits, key }) = world.wire[at] else {
                continue;
            };
            // A key the network has seen is answered as the first time.
            let keeps_keys = self.class == OutcomeClass::Key;
            let known = keeps_keys && world.keys_seen & (1 << key) != 0;
            let mut answer = |name, processed: bool, got: Got, fault: u8| {
                let answered = world.with(|next| {
                    next.wire[at] = None;
                    next.faults -= fault;
                    if processed && !known {
                        next.live += 1;
                        next.keys_seen |= u8::from(keeps_keys) << key;
                    }
                    if let Some(i) = waits
                        && let Phase::Waiting { newest } = next.workers[i]
                    {
                        next.workers[i] = Phase::Has { newest, got };
                    }
                });
                out.push((name, answered));
            };
            if world.live < 3 {
                answer("process", true, Got::Published, 0);
                if wide {
                    answer("accept", true, Got::Accepted, 0);
                }
            }
            if wide && !known {
                answer("refuse", false, Got::Refused, 0);
            }
            if world.faults > 0 {
                answer("drop", false, Got::Nothing, 1);
                if wide {
                    answer("429", false, Got::NotProcessed, 1);
                    answer("lie", true, Got::Nothing, 1);
                }
            }
        }
    }

    fn people(&self, world: &World, out: &mut Moves) {
        let facts = self.facts(world);
        let try_event = |name, event, facts: &Facts, world: &World, out: &mut Moves| {
            if let Some(next) = self.apply(world, event, facts, 0) {
                out.push((name, next));
            }
        };
        if world.channel != Channel::Gone {
            let gone = world.with(|next| next.channel = Channel::Gone);
            let event = Event::Disconnect;
            try_event("disconnect", event, &self.facts(&gone), &gone, out);
        }
        if world.channel == Channel::Down {
            let up = world.with(|next| next.channel = Channel::Up);
            try_event("token back", Event::TokenBack, &self.facts(&up), &up, out);
            out.push(("up", up));
        }
        if self.scope == Scope::Table {
            return;
        }
        // A person who looks at the profile and says what is there.
        let decision = if world.live > 0 {
            Decision::Live
        } else {
            Decision::NotLive
        };
        try_event("decide", Event::Decide(decision), &facts, world, out);
        if world.whims == 0 {
            return;
        }
        let fewer = world.with(|next| next.whims -= 1);
        try_event("cancel", Event::Cancel, &facts, &fewer, out);
        try_event("retry", Event::Retry, &facts, &fewer, out);
        if fewer.state == State::Cancelled {
            let undo = Event::Undo(State::Scheduled);
            try_event("undo", undo, &facts, &fewer, out);
        }
        if fewer.channel == Channel::Up {
            let down = fewer.with(|next| next.channel = Channel::Down);
            out.push(("down", down));
        }
        if !fewer.late {
            out.push(("late", fewer.with(|next| next.late = true)));
        }
    }
}
