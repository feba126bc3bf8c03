//! Lives of deliveries, made up by chance: the machine, a real store and a
//! network with a ledger together, step by step. After every step nothing is
//! live twice unless a person ordered it, nothing is live behind our back, the
//! store has the state the machine says, and the database refuses every other.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::domain::delivery::{Decision, State};
use allgreen::domain::ids::{AttemptId, ChannelId, DeliveryId};
use allgreen::domain::machine::{
    AnswerKind, Call, Event, Facts, Look, Poll, Rules, TRANSITIONS, Write, allowed, step,
};
use allgreen::domain::outcome::OutcomeClass;
use allgreen::engine::facts;
use allgreen::store::attempts::{NewVerdict, Record};
use allgreen::store::posts::Time;
use allgreen::store::{StoreError, Tx};
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::store_room::{NOW, Room};

/// What the network does with a request and with its answer.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    AnsweredTwice,
    Refused,
    TooMany,
    NeverArrives,
    AnswerLost,
    /// It says 500 and is live.
    Lies,
    /// The answer is lost; it is done so many seconds later.
    Delayed(u8),
    /// It works on it for so many minutes.
    WorkedOn(u8),
    /// It works on it and gives up.
    GivenUp,
    /// The process dies with the request on its way.
    DiesSending(u8),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u32),
    Arm(usize),
    /// What was armed leaves.
    Leave(usize, Fate),
    /// Both at once.
    Send(usize, Fate),
    /// A check of ours refuses it.
    Refuse(usize),
    /// A look at the network, where it can be read.
    Look(usize, bool),
    /// The settle time, and two looks some time apart.
    Settle(usize),
    /// Two looks some time apart, however early.
    Twice(usize),
    /// A look long after.
    LongAfter(usize),
    /// Somebody saw it live.
    Seen(usize),
    Crash,
    Pause,
    Resume,
    Break,
    Heal,
    Disconnect,
    Late(usize),
    Cancel(usize),
    Undo(usize),
    Retry(usize),
    Reschedule(usize, u16),
    /// A person looks at the profile; an impatient one does not.
    Decide(usize, bool),
    LeaveIt(usize),
}

/// Deliveries that are acted on at a time.
const POSTS: usize = 2;

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Answered),
        1 => Just(Fate::AnsweredTwice),
        1 => Just(Fate::Refused),
        1 => Just(Fate::TooMany),
        5 => Just(Fate::NeverArrives),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Lies),
        4 => (1..85_u8).prop_map(Fate::Delayed),
        2 => (1..200_u8).prop_map(Fate::WorkedOn),
        1 => Just(Fate::GivenUp),
        2 => (0..85_u8).prop_map(Fate::DiesSending),
    ]
}

/// What a publisher does, and what time does to it.
fn work() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        3 => prop_oneof![4 => Just(25), 2 => Just(120), 1 => Just(1_900)].prop_map(Step::Pass),
        1 => post().prop_map(Step::Arm),
        1 => (post(), fate()).prop_map(|(i, fate)| Step::Leave(i, fate)),
        8 => (post(), fate()).prop_map(|(i, fate)| Step::Send(i, fate)),
        3 => (post(), prop::bool::weighted(0.85)).prop_map(|(i, can)| Step::Look(i, can)),
        3 => post().prop_map(Step::Settle),
        3 => post().prop_map(Step::Twice),
        1 => post().prop_map(Step::LongAfter),
        1 => Just(Step::Crash),
        2 => Just(Step::Resume),
        2 => Just(Step::Heal),
    ]
}

/// A publisher that is paused and overtaken again and again.
fn overtaken() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        2 => post().prop_map(Step::Arm),
        1 => Just(Step::Crash),
        2 => post().prop_map(Step::Settle),
        1 => (post(), fate()).prop_map(|(i, fate)| Step::Leave(i, fate)),
    ]
}

/// What people do, and what happens to a channel.
fn acts() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        2 => Just(Step::Pass(4 * 3600)),
        1 => Just(Step::Pass(25 * 3600)),
        3 => post().prop_map(Step::Refuse),
        3 => post().prop_map(Step::Seen),
        3 => Just(Step::Pause),
        6 => Just(Step::Resume),
        3 => Just(Step::Break),
        6 => Just(Step::Heal),
        1 => Just(Step::Disconnect),
        3 => post().prop_map(Step::Late),
        4 => post().prop_map(Step::Cancel),
        4 => post().prop_map(Step::Undo),
        4 => post().prop_map(Step::Retry),
        4 => (post(), 0..90_u16).prop_map(|(i, minutes)| Step::Reschedule(i, minutes)),
        8 => (post(), prop::bool::weighted(0.8)).prop_map(|(i, looks)| Step::Decide(i, looks)),
        2 => post().prop_map(Step::LeaveIt),
    ]
}

/// One store for many lives, each on a channel of its own.
struct Lab {
    runtime: Runtime,
    room: Room,
    raw: Connection,
    lives: Cell<u32>,
    /// Every change of state that happened.
    seen: RefCell<BTreeMap<(&'static str, &'static str), u32>>,
}

impl Lab {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        // Nothing here is about disks, and there are thousands of commits.
        let memory = Path::new("/dev/shm");
        let room = runtime.block_on(async {
            if memory.is_dir() {
                Room::within(memory, 7)
            } else {
                Room::new(7)
            }
        });
        Self {
            runtime,
            raw: room.raw(),
            room,
            lives: Cell::new(0),
            seen: RefCell::default(),
        }
    }

    fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(self.room.store.write(f))
    }

    fn born(&self, class: OutcomeClass, rules: Rules) -> Life<'_> {
        self.lives.set(self.lives.get() + 1);
        let name = format!("life{}", self.lives.get());
        let (channel, term) = self.runtime.block_on(async {
            let login = self.room.login(&name).await;
            let channel = self.room.channel(&login, &name).await;
            (channel, self.room.term(1).await)
        });
        let mut life = Life {
            lab: self,
            class,
            rules,
            // Short enough for a look to come between a send and its arrival.
            timing: Timing {
                absent_spacing: Duration::from_secs(20),
                ..Timing::default()
            },
            channel,
            health: Health::default(),
            now: NOW,
            term,
            posts: Vec::new(),
            current: [0; POSTS],
            armed: Vec::new(),
            wire: Vec::new(),
            ledger: Vec::new(),
        };
        (0..POSTS).for_each(|i| life.schedule(i));
        life
    }
}

struct Post {
    id: DeliveryId,
    /// The state the machine gave it last.
    state: State,
    due: UtcMs,
    /// How often a person had it sent again although it was live.
    orders: usize,
}

#[derive(Default)]
struct Health {
    paused: bool,
    broken: bool,
    gone: bool,
}

impl Health {
    fn holds(&self) -> bool {
        self.paused || self.broken || self.gone
    }
}

/// A request that is ready to leave.
struct Armed {
    post: usize,
    attempt: AttemptId,
    key: String,
    at: UtcMs,
}

/// A request the network has, and when it is done with it.
struct Flight {
    post: usize,
    key: String,
    done_at: UtcMs,
}

struct Life<'l> {
    lab: &'l Lab,
    class: OutcomeClass,
    rules: Rules,
    timing: Timing,
    channel: ChannelId,
    health: Health,
    now: UtcMs,
    term: i64,
    posts: Vec<Post>,
    /// The ones that are acted on; the others are over.
    current: [usize; POSTS],
    armed: Vec<Armed>,
    wire: Vec<Flight>,
    /// What is live: which delivery, and under which key.
    ledger: Vec<(usize, String)>,
}

/// What an event brings beside itself.
#[derive(Default)]
struct Brings {
    attempt: Option<AttemptId>,
    verdict: Option<&'static str>,
    /// The time a person gives it.
    due: Option<UtcMs>,
    /// The token it was read with is gone for good.
    blind: bool,
}

impl Life<'_> {
    fn without_token(&self) -> bool {
        self.class == OutcomeClass::Key
    }

    /// Another post, due in a minute, takes a place.
    fn schedule(&mut self, place: usize) {
        let due = self.now.plus(Duration::from_secs(60));
        let room = &self.lab.room;
        let born = room.deliveries(&self.channel, 1, due, State::Scheduled);
        self.current[place] = self.posts.len();
        self.posts.extend(born.into_iter().map(|id| Post {
            id,
            state: State::Scheduled,
            due,
            orders: 0,
        }));
    }

    fn live(&self, post: usize) -> usize {
        self.ledger.iter().filter(|(of, _)| *of == post).count()
    }

    fn under_way(&self, post: usize) -> bool {
        self.wire.iter().any(|flight| flight.post == post)
    }

    /// The network takes a request: once, where it keeps keys.
    fn take(&mut self, post: usize, key: &str) {
        let known = self
            .ledger
            .iter()
            .any(|(of, one)| *of == post && one == key);
        if !(known && self.class == OutcomeClass::Key) {
            self.ledger.push((post, key.to_owned()));
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        let now = self.now;
        let (done, wire) = std::mem::take(&mut self.wire)
            .into_iter()
            .partition(|flight| flight.done_at <= now);
        self.wire = wire;
        for flight in done {
            self.take(flight.post, &flight.key);
        }
    }

    /// Has the machine judge an event and writes down what it says, as the
    /// publisher and the acts of an operator do. Whether anything came of it.
    fn happen(&mut self, post: usize, event: Event, brings: Brings) -> bool {
        let (id, class, rules, timing, now) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
        );
        let (without_token, by) = (self.without_token(), self.lab.room.operator.clone());
        let done = self.lab.write(move |tx| {
            let mut known = facts::read(tx, &id, class, without_token, &timing, &rules, now)?;
            let from = known.delivery.state;
            if let Some(attempt) = &brings.attempt {
                let newest = known.attempt.as_ref();
                known.facts.current = newest.is_some_and(|newest| newest.id == *attempt);
            }
            if brings.blind {
                known.facts.readable = without_token;
            }
            let absent = event == Event::Looked(Look::Absent);
            known.facts.absent_reads += u8::from(absent);
            let Ok(transition) = step(from, &event, &known.facts, &rules, now) else {
                return Ok(None);
            };
            let has = |write| transition.writes.contains(&write);
            // A repeat is armed like every send.
            let sends = |call: &Call| matches!(call, Call::Send { .. });
            let to = match transition.calls.iter().any(sends) {
                true => from,
                false => transition.to,
            };
            let time = |due| Time {
                due,
                civil: String::new(),
                timezone: "UTC".into(),
            };
            if let Some(due) = brings.due {
                tx.set_time(&id, &time(due), false)?;
            }
            if has(Write::DueNow) {
                tx.set_time(&id, &time(now), true)?;
            }
            if has(Write::DeriveKey) {
                tx.drop_key(&id)?;
            }
            if let Event::Decide(decision) = event {
                tx.set_decision(&id, Some((decision, &by, now)))?;
            }
            if has(Write::RecordCancelled) {
                tx.cancel_delivery(&id, &by, now)?;
            } else if has(Write::ClearCancelled) && to != State::Published {
                tx.uncancel_delivery(&id, to)?;
            } else {
                let mut record = Record::new(&id, to);
                record.attempt = brings.attempt.as_ref();
                record.verdict = brings.verdict.map(|kind| NewVerdict {
                    kind,
                    ..NewVerdict::default()
                });
                let closes = |write: &Write| matches!(write, Write::CloseAttempt(_));
                record.close = to != from && transition.writes.iter().any(closes);
                record.new_key = has(Write::NewKey) && to != from;
                record.ask = transition.writes.iter().find_map(|write| match write {
                    Write::Ask(why) => Some(*why),
                    _ => None,
                });
                if matches!(event, Event::Looked(_)) {
                    record.absent = (known.delivery.absent_reads, known.delivery.first_absent_at);
                }
                if absent {
                    let first = known.delivery.first_absent_at.unwrap_or(now);
                    record.absent = (u32::from(known.facts.absent_reads), Some(first));
                }
                tx.record(&record, now)?;
            }
            Ok(Some((to, has(Write::DueNow))))
        });
        let Some((to, due_now)) = done.unwrap() else {
            return false;
        };
        self.posts[post].due = match (brings.due, due_now) {
            (Some(due), _) => due,
            (None, true) => now,
            (None, false) => self.posts[post].due,
        };
        self.moved(post, to);
        true
    }

    fn moved(&mut self, post: usize, to: State) {
        let from = std::mem::replace(&mut self.posts[post].state, to);
        let mut seen = self.lab.seen.borrow_mut();
        *seen.entry((from.name(), to.name())).or_default() += 1;
    }

    /// Arms what the machine lets go, as the sender does.
    fn arm(&mut self, post: usize) -> Result<(), TestCaseError> {
        let (id, class, rules, timing, now, term) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
            self.term,
        );
        let (without_token, entropy) =
            (self.without_token(), self.lab.room.store.entropy().clone());
        let armed = self.lab.write(move |tx| {
            let known = facts::read(tx, &id, class, without_token, &timing, &rules, now)?;
            let event = match known.delivery.state {
                State::Unknown => Event::Resend,
                _ => Event::Arm,
            };
            if step(known.delivery.state, &event, &known.facts, &rules, now).is_err() {
                return Ok(None);
            }
            let mut key = format!("{id}-{}", known.delivery.key_number);
            if rules.new_key_per_attempt && known.delivery.ever_armed {
                key = format!("{key}-{}", known.delivery.attempt_no);
            }
            let (epoch, generation) = (known.channel.epoch, known.channel.token.generation);
            let attempt = tx.prepare(&id, term, epoch, generation, &key, now, &entropy)?;
            tx.arm(&attempt, term, epoch, "the request", "hash", &rules, now)?;
            Ok(Some((attempt.id, key)))
        });
        let Some((attempt, key)) = armed.unwrap() else {
            return Ok(());
        };
        prop_assert!(!self.health.holds(), "armed while the channel is held");
        prop_assert!(self.now >= self.posts[post].due, "armed before its time");
        self.moved(post, State::Sending);
        let at = self.now;
        self.armed.push(Armed {
            post,
            attempt,
            key,
            at,
        });
        Ok(())
    }

    /// What was armed leaves, and its fate is written down.
    fn leave(&mut self, post: usize, fate: Fate) {
        let Some(at) = self.armed.iter().position(|armed| armed.post == post) else {
            return;
        };
        let armed = self.armed.remove(at);
        let answered = |life: &mut Self, kind, verdict| {
            let brings = Brings {
                attempt: Some(armed.attempt.clone()),
                verdict: Some(verdict),
                ..Brings::default()
            };
            life.happen(post, Event::Answered(kind), brings);
        };
        let slept = self.now.since(armed.at) > Duration::from_secs(2);
        if slept && !self.rules.stealable_lease {
            return answered(self, AnswerKind::NotProcessed, "not_processed");
        }
        let later = |seconds: u64| self.now.plus(Duration::from_secs(seconds));
        let flight = |done_at| Flight {
            post,
            key: armed.key.clone(),
            done_at,
        };
        match fate {
            Fate::Answered => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Published, "published");
            }
            Fate::AnsweredTwice => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Unclear, "unclear");
                answered(self, AnswerKind::Published, "published");
                answered(self, AnswerKind::Published, "published");
            }
            Fate::Refused => answered(self, AnswerKind::RefusedForGood, "refused"),
            Fate::TooMany => answered(self, AnswerKind::NotProcessed, "not_processed"),
            Fate::NeverArrives => answered(self, AnswerKind::Unclear, "unclear"),
            Fate::AnswerLost | Fate::Lies => {
                self.take(post, &armed.key);
                answered(self, AnswerKind::Unclear, "unclear");
            }
            Fate::Delayed(seconds) => {
                let flight = flight(later(seconds.into()));
                self.wire.push(flight);
                answered(self, AnswerKind::Unclear, "unclear");
            }
            Fate::WorkedOn(minutes) => {
                let flight = flight(later(60 * u64::from(minutes)));
                self.wire.push(flight);
                answered(self, AnswerKind::Accepted, "accepted");
            }
            Fate::GivenUp => {
                answered(self, AnswerKind::Accepted, "accepted");
                let brings = Brings {
                    verdict: Some("different"),
                    ..Brings::default()
                };
                self.happen(post, Event::Polled(Poll::Failed), brings);
            }
            Fate::DiesSending(seconds) => {
                let flight = flight(later(seconds.into()));
                self.wire.push(flight);
                self.crash();
            }
        }
    }

    /// The publisher dies, or is thought to be dead, and another takes over.
    fn crash(&mut self) {
        self.pass(0);
        if !self.rules.stealable_lease {
            self.armed.clear();
        }
        self.term = self.lab.runtime.block_on(self.lab.room.term(2));
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::Sending {
                let brings = Brings {
                    verdict: Some("interrupted"),
                    ..Brings::default()
                };
                self.happen(post, Event::Orphaned, brings);
            }
        }
    }

    /// Reads the network and follows what the machine says.
    fn look(&mut self, post: usize, can: bool) {
        let (id, class, rules, timing, now) = (
            self.posts[post].id.clone(),
            self.class,
            self.rules,
            self.timing.clone(),
            self.now,
        );
        let without_token = self.without_token();
        let store = &self.lab.room.store;
        let read =
            store.read(move |q| facts::read(q, &id, class, without_token, &timing, &rules, now));
        let known = self.lab.runtime.block_on(read).unwrap();
        if !known.facts.settled && !self.rules.no_settle {
            return;
        }
        let can = can && known.facts.readable && class != OutcomeClass::Unknowable;
        let key = known.attempt.map(|attempt| attempt.idem_key);
        let is_it = |(of, one): &(usize, String)| {
            *of == post && (class != OutcomeClass::Key || Some(one) == key.as_ref())
        };
        let found = can && self.ledger.iter().any(is_it);
        let (event, verdict) = match (self.posts[post].state, can, found) {
            (State::Unknown, _, true) => (Event::Looked(Look::Found), "published"),
            (State::Unknown, true, false) => (Event::Looked(Look::Absent), "absent"),
            (State::Unknown, false, false) => (Event::Looked(Look::Unreadable), "unreadable"),
            (State::Confirming, _, true) => (Event::Polled(Poll::Done), "published"),
            (State::Confirming, _, false) => (Event::Polled(Poll::Still), "absent"),
            _ => return,
        };
        let brings = Brings {
            verdict: Some(verdict),
            ..Brings::default()
        };
        self.happen(post, event, brings);
    }

    /// The channel can be used again.
    fn usable(&mut self) {
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::NeedsDecision && !self.health.holds() {
                self.happen(post, Event::TokenBack, Brings::default());
            }
        }
    }

    fn health(&mut self, step: Step) {
        let (channel, now) = (self.channel.clone(), self.now);
        let (by, entropy) = (
            self.lab.room.operator.clone(),
            self.lab.room.store.entropy().clone(),
        );
        if self.health.gone {
            return;
        }
        let changed = self.lab.write(move |tx| {
            let said = Evidence::default();
            match step {
                Step::Pause => tx.set_pause(&channel, Some((now, &by))),
                Step::Resume => tx.set_pause(&channel, None),
                Step::Break => tx
                    .break_channel(&channel, Cause::Expired, &said, now, &entropy)
                    .map(drop),
                Step::Heal => tx
                    .prove_channel(&channel, now, Some(&by), now, &entropy)
                    .map(drop),
                _ => tx.disconnect_channel(&channel, &by, now, true).map(drop),
            }
        });
        changed.unwrap();
        match step {
            Step::Pause => self.health.paused = true,
            Step::Resume => self.health.paused = false,
            Step::Break => self.health.broken = true,
            Step::Heal => self.health.broken = false,
            _ => return self.gone(),
        }
        self.usable();
    }

    /// The store wrote it in one go; the machine must say the same of each.
    fn gone(&mut self) {
        self.health.gone = true;
        let blind = !self.without_token();
        for post in 0..self.posts.len() {
            if self.posts[post].state == State::Sending {
                self.moved(post, State::Unknown);
            }
            let state = self.posts[post].state;
            // What is left open and cannot be read any more is asked about.
            if blind && matches!(state, State::Unknown | State::Confirming) {
                let brings = Brings {
                    blind,
                    ..Brings::default()
                };
                self.happen(post, Event::Disconnect, brings);
                continue;
            }
            let facts = Facts::fresh(self.class, NOW);
            let gone = step(state, &Event::Disconnect, &facts, &self.rules, self.now);
            self.moved(post, gone.unwrap().to);
        }
    }

    fn take_step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let nothing = Brings::default;
        match step {
            Step::Pass(seconds) => self.pass(seconds.into()),
            Step::Arm(i) => self.arm(self.current[i])?,
            Step::Leave(i, fate) => self.leave(self.current[i], fate),
            Step::Send(i, fate) => {
                let over = matches!(
                    self.posts[self.current[i]].state,
                    State::Published | State::Cancelled | State::Failed | State::Missed
                );
                if over && !self.health.gone {
                    self.schedule(i);
                    self.pass(61);
                }
                self.arm(self.current[i])?;
                self.leave(self.current[i], fate);
            }
            Step::Look(i, can) => self.look(self.current[i], can),
            Step::Settle(i) => {
                self.pass(91);
                self.look(self.current[i], true);
                self.pass(21);
                self.look(self.current[i], true);
            }
            Step::Twice(i) => {
                self.look(self.current[i], true);
                self.pass(21);
                self.look(self.current[i], true);
            }
            Step::LongAfter(i) => {
                self.pass(2_000);
                self.look(self.current[i], true);
            }
            Step::Crash => self.crash(),
            Step::Pause | Step::Resume | Step::Break | Step::Heal | Step::Disconnect => {
                self.health(step);
            }
            Step::Refuse(i) => self.does(i, Event::Refuse),
            Step::Late(i) => self.does(i, Event::Late),
            Step::Cancel(i) => self.does(i, Event::Cancel),
            Step::Retry(i) => self.does(i, Event::Retry),
            Step::LeaveIt(i) => self.does(i, Event::Decide(Decision::Left)),
            Step::Undo(i) => {
                let post = self.current[i];
                if self.posts[post].state == State::Cancelled {
                    self.does(i, Event::Undo(self.cancelled_from(post)));
                }
            }
            Step::Reschedule(i, minutes) => {
                let due = self.now.plus(Duration::from_secs(60 * u64::from(minutes)));
                let brings = Brings {
                    due: Some(due),
                    ..nothing()
                };
                self.happen(self.current[i], Event::Reschedule, brings);
            }
            Step::Seen(i) => {
                let post = self.current[i];
                let brings = Brings {
                    verdict: Some("published"),
                    ..nothing()
                };
                if self.live(post) > 0 {
                    self.happen(post, Event::VerdictPublished, brings);
                }
            }
            Step::Decide(i, looks) => {
                let post = self.current[i];
                let live = self.live(post) > 0;
                let (decision, verdict) = match live && looks {
                    true => (Decision::Live, "published"),
                    false => (Decision::NotLive, "decided"),
                };
                let brings = Brings {
                    verdict: Some(verdict),
                    ..nothing()
                };
                let decided = self.happen(post, Event::Decide(decision), brings);
                self.posts[post].orders += usize::from(decided && live && !looks);
            }
        }
        self.check(step)
    }

    fn does(&mut self, i: usize, event: Event) {
        self.happen(self.current[i], event, Brings::default());
    }

    fn cancelled_from(&self, post: usize) -> State {
        let sql = "SELECT cancelled_from FROM delivery WHERE id = ?1";
        let name: String = self
            .lab
            .raw
            .query_row(sql, [self.posts[post].id.as_str()], |row| row.get(0))
            .unwrap();
        State::parse(&name).unwrap()
    }

    /// What must be true whatever happened.
    fn check(&self, step: Step) -> Result<(), TestCaseError> {
        let raw = &self.lab.raw;
        for (i, post) in self.posts.iter().enumerate() {
            let (live, state) = (self.live(i), post.state);
            prop_assert!(live <= 1 + post.orders, "live {live} times after {step:?}");
            let denied = matches!(state, State::Cancelled | State::Failed | State::Missed);
            let hidden = denied && live > post.orders && !self.under_way(i);
            prop_assert!(!hidden, "{state:?}, yet live, after {step:?}");
            let sql = "SELECT state FROM delivery WHERE id = ?1";
            let stored: String = raw
                .query_row(sql, [post.id.as_str()], |row| row.get(0))
                .unwrap();
            prop_assert_eq!(stored.as_str(), state.name(), "after {:?}", step);
            if !self.current.contains(&i) {
                continue;
            }
            raw.execute_batch("BEGIN IMMEDIATE").unwrap();
            for to in State::ALL.iter().filter(|to| !allowed(state, **to)) {
                let sql = "UPDATE delivery SET state = ?2, published_at = 1 WHERE id = ?1";
                let done = raw.execute(sql, [post.id.as_str(), to.name()]);
                prop_assert!(done.is_err(), "the database took {state:?} -> {to:?}");
            }
            raw.execute_batch("ROLLBACK").unwrap();
        }
        Ok(())
    }
}

/// Lives of this class under these rules, until one breaks a promise, which is
/// then told as shortly as can be; always the same ones.
fn live_through(
    lab: &Lab,
    class: OutcomeClass,
    rules: Rules,
    (cases, shrinks): (u32, u32),
    step: impl Strategy<Value = Step>,
) -> Result<(), TestError<Vec<Step>>> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = prop::collection::vec(step, 30..50);
    runner.run(&steps, |steps| {
        let mut life = lab.born(class, rules);
        life.pass(61);
        steps.into_iter().try_for_each(|step| life.take_step(step))
    })
}

/// `PROPTEST_CASES` in the environment asks for more.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever runs the tests asks for more of them"
)]
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(64)
}

#[test]
fn reliability_no_life_of_a_delivery_breaks_a_promise() {
    let lab = Lab::new();
    for class in OutcomeClass::ALL {
        let each = cases().div_ceil(OutcomeClass::ALL.len() as u32);
        let steps = prop_oneof![2 => work(), 1 => acts()];
        let lived = live_through(&lab, *class, Rules::default(), (each, 500), steps);
        if let Err(broken) = lived {
            panic!("{class:?}: {broken}");
        }
    }
    // A test that sees nothing happen proves nothing.
    let seen = lab.seen.borrow();
    println!("seen: {seen:?}");
    for (from, to) in [
        ("scheduled", "sending"),
        ("scheduled", "cancelled"),
        ("sending", "published"),
        ("sending", "confirming"),
        ("sending", "unknown"),
        ("sending", "scheduled"),
        ("unknown", "published"),
        ("unknown", "scheduled"),
        ("unknown", "sending"),
        ("unknown", "needs_decision"),
        ("confirming", "published"),
        ("needs_decision", "published"),
        ("needs_decision", "scheduled"),
    ] {
        assert!(seen.contains_key(&(from, to)), "never {from} -> {to}");
    }
    let changes = seen.keys().filter(|(from, to)| from != to).count();
    assert!(changes >= 20, "{changes} of {} changes", TRANSITIONS.len());
}

#[test]
fn reliability_a_broken_rule_is_found_by_living_through_it() {
    let lab = Lab::new();
    let rules = Rules::default;
    let broken = [
        (
            OutcomeClass::ListMatch,
            Rules {
                blind_retry: true,
                ..rules()
            },
        ),
        (
            OutcomeClass::ReadBack,
            Rules {
                no_settle: true,
                ..rules()
            },
        ),
        (
            OutcomeClass::ReadBack,
            Rules {
                stealable_lease: true,
                ..rules()
            },
        ),
        (
            OutcomeClass::Key,
            // The key would hold whatever comes late.
            Rules {
                new_key_per_attempt: true,
                no_settle: true,
                ..rules()
            },
        ),
    ];
    for (class, rules) in broken {
        let steps = prop_oneof![2 => work(), 1 => overtaken()];
        match live_through(&lab, class, rules, (400, 5), steps) {
            Err(TestError::Fail(why, steps)) => {
                println!("{class:?} {rules:?}: {why}\n{steps:?}");
            }
            other => panic!("{class:?} {rules:?}: {other:?}"),
        }
    }
}
