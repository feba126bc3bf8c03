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

use steps::{Fate, POSTS, Step};

mod acts;
mod machine;
mod steps;

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
        let steps = prop_oneof![2 => steps::work(), 1 => steps::acts()];
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
        let steps = prop_oneof![2 => steps::work(), 1 => steps::overtaken()];
        match live_through(&lab, class, rules, (400, 5), steps) {
            Err(TestError::Fail(why, steps)) => {
                println!("{class:?} {rules:?}: {why}\n{steps:?}");
            }
            other => panic!("{class:?} {rules:?}: {other:?}"),
        }
    }
}
