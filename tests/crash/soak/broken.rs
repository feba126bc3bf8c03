//! The same crew, networks and oracle with one rule of the protocol broken: the
//! oracle must notice, or it would notice nothing.

use std::time::Duration;

use rustix::process::Signal;

use super::ground::{Channel, Ground, Way};
use super::{Acts, Soak, database, oracle};
use crate::common::process::Running;
use crate::common::program::Desk;
use crate::common::proxy::Fault;
use crate::common::{PATIENCE, eventually};

const TWICE: &str = "live twice";

/// The crew of the soak, one post to a network that meets a fault, and the end.
fn judged(rule: &str, network: &str, fault: &Fault) -> Vec<String> {
    let mut soak = Soak::new(1, rule);
    soak.ground.sandbox.mastodon().ignore_idempotency(true);
    let of_network = |one: &&Channel| one.way.network() == network;
    let channel = soak.channels.iter().find(of_network).unwrap().clone();
    soak.crew.complete(&soak.desk.home, None);
    let (proxy, call) = soak.ground.wire(&channel.way);
    proxy.next(&call, fault.clone());
    soak.desk.schedule(&channel.id, "broken", "in 1s");
    proxy.wait_for_arrival(&call, 1);
    soak.ends_well()
}

/// The same with a broken rule, as often as a busy machine needs to break it in time.
fn shown_broken(rule: &str, network: &str, fault: &Fault) {
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen = judged(rule, network, fault);
        if twice(&seen) > 0 {
            return;
        }
    }
    panic!("the oracle does not notice {rule}: {seen:#?}");
}

fn twice(wrong: &[String]) -> usize {
    wrong.iter().filter(|one| one.starts_with(TWICE)).count()
}

#[test]
fn row_16_a_blind_retry_fails_the_oracle_of_the_soak() {
    let lost = Fault::LoseAnswer;
    shown_broken("rules.blind_retry", "telegram", &lost);
    assert_eq!(judged("", "telegram", &lost), Vec::<String>::new());
}

#[test]
fn row_16_a_reading_that_does_not_wait_fails_the_oracle_of_the_soak() {
    // The answer is given up after 1.5 s, and the post is made after 3 s.
    let late = Fault::DelayRequest(Duration::from_secs(3));
    shown_broken("rules.no_settle", "mastodon", &late);
    assert_eq!(judged("", "mastodon", &late), Vec::<String>::new());
}

/// A publisher that was stopped with an armed request, and a channel on a
/// server that forgets keys.
struct Stopped {
    ground: Ground,
    desk: Desk,
    channels: Vec<Channel>,
    channel: Channel,
    holder: Running,
    delivery: String,
}

impl Stopped {
    fn with(rule: &str) -> Self {
        (0..5)
            .find_map(|_| Self::but_not_in_a_write(rule))
            .expect("five times stopped in the middle of another write")
    }

    /// `None` when another thread of it was writing when it was stopped: then
    /// nobody gets at the store, and there is nothing to see.
    fn but_not_in_a_write(rule: &str) -> Option<Self> {
        let ground = Ground::new();
        let desk = ground.desk();
        let channels = ground.channels(&desk);
        ground.sandbox.mastodon().ignore_idempotency(true);
        let of_mastodon = |one: &&Channel| matches!(one.way, Way::Mastodon { .. });
        let channel = channels.iter().find(of_mastodon).unwrap().clone();
        let faults = format!("stop.C5.before,{rule}");
        let holder = desk.home.allgreen(["daemon"]).fault(&faults).spawn();
        let delivery = desk.schedule(&channel.id, "held in the hand", "in 1s");
        eventually("it is armed", PATIENCE, || {
            desk.path(&delivery).0 == "sending"
        });
        let stat = format!("/proc/{}/stat", holder.pid());
        eventually("it has stopped", PATIENCE, || {
            std::fs::read_to_string(&stat).unwrap().contains(") T ")
        });
        let store = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
        store.busy_timeout(Duration::from_secs(2)).unwrap();
        if store.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err() {
            holder.kill_9().expect_killed();
            return None;
        }
        Some(Self {
            ground,
            desk,
            channels,
            channel,
            holder,
            delivery,
        })
    }

    fn calls(&self) -> usize {
        let (proxy, call) = self.ground.wire(&self.channel.way);
        proxy.calls(&call).len()
    }

    /// Lets the stopped one go on, ends everybody, and asks the oracle.
    fn judged(self, others: Vec<Running>, calls: usize) -> Vec<String> {
        self.holder.signal(Signal::CONT);
        let (proxy, call) = self.ground.wire(&self.channel.way);
        proxy.wait_for(&call, calls);
        self.desk.wait_for_state(&self.delivery, "published");
        let mut holder = self.holder;
        if holder.is_alive() {
            // What it had in hand leaves, or is given up, before it ends.
            holder.terminate(PATIENCE);
        }
        for other in others {
            other.terminate(PATIENCE);
        }
        let database = database(&self.desk.home.file("allgreen.db"));
        oracle::judge(&self.ground, &self.channels, &database, &Acts::default())
    }

    /// Another daemon takes the role away, and publishes.
    fn robbed(&self) -> Running {
        let thief = self.desk.home.allgreen(["daemon"]);
        let thief = thief.fault("rules.steal_lease").spawn();
        self.desk.wait_for_state(&self.delivery, "published");
        assert_eq!(self.calls(), 1, "looked for, not there, sent once");
        thief
    }
}

#[test]
fn row_17_a_stolen_role_is_harmless_as_long_as_nothing_leaves_late() {
    let stopped = Stopped::with("");
    let thief = stopped.robbed();
    assert_eq!(stopped.judged(vec![thief], 1), Vec::<String>::new());
}

#[test]
fn row_17_a_late_send_is_harmless_for_others_as_long_as_nobody_takes_the_role() {
    let stopped = Stopped::with("rules.late_send");
    let waiting = stopped.desk.home.daemon();
    // Long after its arm, and nobody else has sent.
    let before = stopped.desk.path(&stopped.delivery);
    std::thread::sleep(super::ground::ON_THE_WIRE);
    assert_eq!((before.0.as_str(), stopped.calls()), ("sending", 0));
    let wrong = stopped.judged(vec![waiting], 1);
    assert_eq!(twice(&wrong), 0, "{wrong:#?}");
    assert!(
        wrong.iter().any(|one| one.contains("fresh arm")),
        "{wrong:#?}"
    );
}

#[test]
fn row_17_a_stolen_role_and_a_late_send_make_two_posts_and_fail_the_oracle() {
    let stopped = Stopped::with("rules.late_send");
    let thief = stopped.robbed();
    let wrong = stopped.judged(vec![thief], 2);
    assert_eq!(twice(&wrong), 1, "{wrong:#?}");
}

/// A network takes the access to a channel away, a post waits there until the
/// channel says so, and somebody logs in again.
fn refused(rule: &str) -> Vec<String> {
    let mut soak = Soak::new(1, rule);
    let is_mastodon = |one: &Channel| matches!(one.way, Way::Mastodon { .. });
    let at = soak.channels.iter().position(is_mastodon).unwrap();
    let account = soak.channels[at].account.clone();
    soak.crew.complete(&soak.desk.home, None);
    soak.loses_this(at, false, vec![account]);
    let id = soak.channels[at].id.clone();
    soak.desk.schedule(&id, "finds out", "in 1s");
    assert!(soak.turns_red(&id), "the refusal is noticed");
    soak.desk.schedule(&id, "while it is broken", "in 1s");
    if rule.is_empty() {
        // Long enough for whoever would send it.
        std::thread::sleep(Duration::from_secs(3));
    } else {
        let armed = "SELECT count(*) FROM attempt a JOIN delivery d ON d.id = a.delivery_id JOIN post p ON p.id = d.post_id
            WHERE p.text = 'while it is broken' AND a.armed_at IS NOT NULL";
        let path = soak.path();
        eventually("it is sent all the same", PATIENCE, || {
            let store = database(&path);
            store
                .query_row(armed, [], |row| row.get::<_, i64>(0))
                .unwrap()
                > 0
        });
    }
    soak.mends(at);
    soak.ends_well()
}

#[test]
fn row_38_a_send_over_a_broken_channel_fails_the_oracle_of_the_soak() {
    let wrong = refused("rules.ignore_health");
    assert!(
        wrong.iter().any(|one| one.contains("channel was broken")),
        "{wrong:#?}"
    );
    assert_eq!(refused(""), Vec::<String>::new());
}
