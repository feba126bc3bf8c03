//! The soak: two daemons and two screens on one store, three networks of three
//! classes, and round after round something goes wrong: processes, wires and
//! networks, which also take access away, while people pause, move and cancel.
//! When it is over and everything is well again, each post is live at most
//! once, in a state that has a name and a reason, none went out before the time
//! that held or while its channel was held, and no lamp told a lie.
//!
//! ```text
//! ALLGREEN_SOAK_ROUNDS=1000 ALLGREEN_SOAK_SEED=7 \
//!     cargo test --test crash soak_by_hand -- --ignored --nocapture
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "real processes have real clocks, and somebody watches a long soak"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use allgreen::support::entropy::Entropy;
use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;

use crate::common::PATIENCE;
use crate::common::process::{Outcome, Run, Running};
use crate::common::program::Desk;
use access::Dead;
use crew::{Crew, PLACES};
use ground::{Channel, Ground, Way};

mod access;
mod acts;
mod broken;
mod crew;
pub mod ground;
mod oracle;
mod witness;

/// How long everything may take to settle at the end.
const SETTLED: Duration = Duration::from_secs(120);

/// The points of the send at which a process may be told to die.
const POINTS: [&str; 15] = [
    "C0.after",
    "C1.after",
    "C2.after",
    "C4.after",
    "C5.before",
    "C6.before",
    "C6.after",
    "C7.after",
    "C8.after",
    "stop.C1.after",
    "stop.C2.after",
    "stop.C4.after",
    "stop.C5.before",
    "refresh.answered",
    "stop.refresh.answered",
];

/// What people did, and when a channel could not publish because of it.
#[derive(Default)]
pub struct Acts {
    windows: Vec<(String, i64, i64)>,
    disconnected: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    /// When accounts could not be written to.
    dead: Vec<Dead>,
    /// What was seen to be wrong on the way.
    wrong: Vec<String>,
}

impl Acts {
    /// When this channel was held for certain.
    fn windows(&self, channel: &str) -> impl Iterator<Item = (i64, i64)> {
        let of = self.windows.iter().filter(move |(id, ..)| id == channel);
        of.map(|(_, from, to)| (*from, *to))
    }
}

struct Soak {
    seed: u64,
    dice: Entropy,
    ground: Ground,
    desk: Desk,
    /// The channels people use now.
    channels: Vec<Channel>,
    /// Those that were disconnected for good.
    former: Vec<Channel>,
    crew: Crew,
    acts: Acts,
    /// What happened how often.
    happened: std::collections::BTreeMap<&'static str, u32>,
    posted: u32,
    keyless: bool,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub fn database(path: &Path) -> Connection {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    database.busy_timeout(Duration::from_secs(20)).unwrap();
    database
}

/// The process that holds the role, when it is a lasting one.
pub fn holder(path: &Path) -> Option<u32> {
    let found = database(path).query_row(
        "SELECT pid FROM term WHERE ended_at IS NULL AND kind <> 'command' ORDER BY n DESC LIMIT 1",
        [],
        |row| row.get(0),
    );
    found.ok()
}

impl Soak {
    fn new(seed: u64, rule: &str) -> Self {
        eprintln!("soak: seed {seed}, broken rule: {rule:?}");
        let ground = Ground::new();
        let desk = ground.desk();
        let channels = ground.channels(&desk);
        Self {
            seed,
            dice: Entropy::seeded(seed),
            ground,
            desk,
            channels,
            former: Vec::new(),
            crew: Crew::new(rule),
            acts: Acts::default(),
            happened: std::collections::BTreeMap::new(),
            posted: 0,
            keyless: false,
        }
    }

    fn path(&self) -> PathBuf {
        self.desk.home.file("allgreen.db")
    }

    fn below(&self, n: u64) -> u64 {
        self.dice.below(n)
    }

    fn place(&self) -> usize {
        usize::try_from(self.below(PLACES as u64)).unwrap()
    }

    fn pause(&self, least: u64, most: u64) {
        std::thread::sleep(Duration::from_millis(least + self.below(most - least)));
    }

    /// One of the channels.
    fn channel(&self) -> Channel {
        let at = self.below(self.channels.len() as u64);
        self.channels[usize::try_from(at).unwrap()].clone()
    }

    /// A post for one to three channels, no two on one network.
    fn post(&mut self, text: &str) {
        let at = ["in 1s", "in 1s", "in 2s", "in 3s"][usize::try_from(self.below(4)).unwrap()];
        let mut words: Vec<String> = ["post", "create", "--text", text, "--at", at]
            .map(str::to_owned)
            .into();
        if self.below(2) == 0 {
            words.push("--no-publish".into());
        }
        let of = usize::try_from(self.below(3)).unwrap();
        for network in 0..=of {
            // The channels come as network by network, twice.
            let second = usize::try_from(self.below(2)).unwrap();
            words.push("--to".into());
            words.push(self.channels[(network + of) % 3 + 3 * second].id.clone());
        }
        let done = self.patient(self.desk.home.allgreen(words));
        // 7: nobody publishes just now; it is written down all the same.
        assert!(matches!(done.code, Some(0 | 7)), "{done:#?}");
        self.posted += 1;
    }

    /// Runs a command. One that stopped in the middle of a write, where it keeps
    /// everybody from the store, is woken when it takes too long.
    fn patient(&self, run: Run) -> Outcome {
        self.awaited(run.spawn())
    }

    fn awaited(&self, mut running: Running) -> Outcome {
        let enough = Instant::now() + Duration::from_secs(4);
        while running.is_alive() && Instant::now() < enough {
            std::thread::sleep(Duration::from_millis(5));
        }
        if running.is_alive() {
            self.go_on();
        }
        running.wait(3 * PATIENCE)
    }

    /// Runs a command of a person who does not give up.
    fn insists(&self, words: &[&str]) {
        let mut said = Vec::new();
        for _ in 0..5 {
            let done = self.patient(self.desk.home.allgreen(words));
            if done.code == Some(0) {
                return;
            }
            said.push(done.stderr);
        }
        panic!("{words:?} does not succeed: {said:#?}");
    }

    fn round(&mut self, number: u32) {
        let extra = self.below(4) == 0;
        let point = POINTS[usize::try_from(self.below(POINTS.len() as u64)).unwrap()];
        if self.below(5) > 0 {
            self.crew.complete(&self.desk.home, extra.then_some(point));
        }
        self.post(&format!("post {number} of {}", self.seed));
        self.pause(0, 800);
        // Each is there in every ten rounds, whatever the dice say.
        let dice = match number % 10 {
            4 => 20,
            8 => 22,
            _ => self.below(26),
        };
        let what = match dice {
            0..=3 => self.kills(),
            4..=5 => self.kills_on_the_wire(),
            6..=8 => self.stops(),
            9 => self.ends(),
            10..=14 => self.spoils(),
            15 => self.takes_down(),
            16 => self.holds(),
            17 => self.disconnects(),
            18 => self.cancels(),
            20..=21 => self.loses_access(),
            22..=23 => self.reschedules(),
            24..=25 => self.ages(),
            _ => {
                self.spoils();
                self.kills();
                "spoils and kills"
            }
        };
        *self.happened.entry(what).or_default() += 1;
        self.go_on();
        // For some rounds nobody looks.
        if let Some(at) = self.first_dead().filter(|_| self.below(4) == 0) {
            let what = self.mends(at);
            *self.happened.entry(what).or_default() += 1;
        }
    }

    /// Whoever stopped itself at a fault point is woken.
    fn go_on(&self) {
        for at in 0..PLACES {
            self.crew.signal(at, Signal::CONT);
        }
    }

    /// Everything is well again: waits until nothing is left to do, answers
    /// what only a person can, and ends every process in order. What is wrong.
    fn ends_well(&mut self) -> Vec<String> {
        self.ground.heal();
        self.go_on();
        self.crew.complete(&self.desk.home, None);
        while let Some(at) = self.first_dead() {
            self.mends(at);
        }
        let path = self.path();
        let last = Instant::now() + SETTLED;
        let mut open = Vec::new();
        while Instant::now() < last {
            self.crew.complete(&self.desk.home, None);
            self.go_on();
            open = oracle::rows(&database(&path));
            open.retain(|row| {
                matches!(
                    row.state.as_str(),
                    "scheduled" | "sending" | "unknown" | "confirming" | "needs_decision"
                ) && !(row.state == "needs_decision"
                    && self.acts.disconnected.contains(&row.channel))
            });
            if open.is_empty() {
                break;
            }
            for row in open.iter().filter(|row| row.state == "needs_decision") {
                self.decides(row);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let mut wrong: Vec<String> = open
            .iter()
            .map(|row| format!("not settled within {SETTLED:?}: {row:?}"))
            .collect();
        for at in 0..PLACES {
            self.crew.end(at);
        }
        let all: Vec<Channel> = self.channels.iter().chain(&self.former).cloned().collect();
        let store = database(&path);
        wrong.append(&mut self.acts.wrong);
        wrong.extend(oracle::judge(&self.ground, &all, &store, &self.acts));
        wrong.extend(oracle::lamps(&self.channels, &store));
        wrong
    }

    /// A person looks at the network and says what is there. Networks that can
    /// be read need nobody.
    fn decides(&mut self, row: &oracle::Row) {
        let mut channels = self.channels.iter();
        let channel = channels.find(|one| one.id == row.channel);
        let channel = channel.filter(|one| matches!(one.way, Way::Telegram { .. }));
        let Some(channel) = channel else {
            return;
        };
        let ledger = self.ground.ledger();
        let live = ledger
            .iter()
            .any(|entry| entry.did == channel.account && entry.text == row.text);
        let words = if live { "live" } else { "not-live" };
        let decide = ["post", "resolve", &row.id, words];
        self.patient(self.desk.home.allgreen(decide));
    }

    /// Rounds, and the end.
    fn run(mut self, rounds: u32) -> Vec<String> {
        let began = Instant::now();
        for number in 1..=rounds {
            self.round(number);
            if number % 50 == 0 {
                eprintln!("soak: round {number} after {:?}", began.elapsed());
            }
        }
        let rounds_took = began.elapsed();
        let wrong = self.ends_well();
        let rows = oracle::rows(&database(&self.path()));
        let mut states = std::collections::BTreeMap::<&str, u32>::new();
        for row in &rows {
            *states.entry(&row.state).or_default() += 1;
        }
        let terms: i64 = database(&self.path())
            .query_row("SELECT max(n) FROM term", [], |row| row.get(0))
            .unwrap();
        eprintln!(
            "soak: seed {}, {rounds} rounds in {rounds_took:?}, settled {:?} later; {} posts, {} deliveries {states:?}, {} live, {terms} terms; {:?}",
            self.seed,
            began.elapsed().saturating_sub(rounds_took),
            self.posted,
            rows.len(),
            self.ground.ledger().len(),
            self.happened,
        );
        for one in &wrong {
            eprintln!("soak: WRONG: {one}");
        }
        wrong
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A seed that differs from run to run, and is printed.
fn seed() -> u64 {
    number("ALLGREEN_SOAK_SEED").unwrap_or_else(|| u64::try_from(now()).unwrap() % 1_000_000)
}

#[test]
fn row_16_the_soak_of_twenty_rounds_keeps_every_promise() {
    let wrong = Soak::new(seed(), "").run(20);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
#[ignore = "as many rounds as ALLGREEN_SOAK_ROUNDS says"]
fn soak_by_hand() {
    let rounds = number("ALLGREEN_SOAK_ROUNDS").unwrap_or(100);
    let wrong = Soak::new(seed(), "").run(u32::try_from(rounds).unwrap());
    assert_eq!(wrong, Vec::<String>::new());
}
