//! Several publishers on one store: one publishes, the others say who.

use std::time::Duration;

use rustix::process::Signal;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Gate};
use crate::common::simulated::desk;
use crate::common::{PATIENCE, eventually};

const PUT: &str = "com.atproto.repo.putRecord";

/// Waits until `publisher show` names this process as the one that publishes.
fn wait_for_publisher(desk: &Desk, pid: u32) {
    eventually(&format!("{pid} publishes"), PATIENCE, || {
        let shown = desk.json(&["publisher", "show"]);
        shown["running"] == true && shown["pid"] == pid
    });
}

#[test]
fn of_two_daemons_one_publishes_and_the_other_takes_over_when_it_is_killed() {
    let (ground, desk, channel) = desk();
    let first = desk.home.daemon();
    wait_for_publisher(&desk, first.pid());
    let mut second = desk.home.daemon();
    second.wait_for_text(&first.pid().to_string(), PATIENCE);
    let one = desk.schedule(&channel, "one", "in 1s");
    desk.wait_for_state(&one, "published");
    first.kill_9().expect_killed();
    wait_for_publisher(&desk, second.pid());
    let two = desk.schedule(&channel, "two", "in 1s");
    desk.wait_for_state(&two, "published");
    assert_eq!(ground.posts().len(), 2);
    assert_eq!(second.terminate(PATIENCE).code, Some(0));
}

#[test]
fn row_17_a_stopped_publisher_keeps_its_role_and_whoever_asks_is_told_its_pid() {
    let (ground, desk, channel) = desk();
    let first = desk.home.daemon();
    wait_for_publisher(&desk, first.pid());
    // Stopped in the middle of a write it would keep everybody from the store.
    eventually("the first reading is over", PATIENCE, || {
        !desk.json(&["channel", "comments", &channel])["failure"].is_null()
    });
    first.signal(Signal::STOP);
    let mut second = desk.home.daemon();
    second.wait_for_text(&first.pid().to_string(), PATIENCE);
    let post = desk.schedule(&channel, "patience", "in 1s");
    eventually("it counts as silent", PATIENCE, || {
        desk.json(&["publisher", "show"])["silent"] == true
    });
    let asked = desk
        .home
        .allgreen(["channel", "probe", &channel])
        .run()
        .expect_code(1);
    assert!(
        asked.stderr.contains(&first.pid().to_string()),
        "{asked:#?}"
    );
    assert_eq!(desk.delivery(&post)["state"], "scheduled");
    assert!(ground.posts().is_empty(), "nobody else sends");
    first.signal(Signal::CONT);
    desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1);
    first.terminate(PATIENCE);
    second.terminate(PATIENCE);
}

#[test]
fn row_19_a_publisher_asked_to_end_finishes_what_is_on_the_wire() {
    let (ground, desk, channel) = desk();
    let gate = Gate::new();
    ground.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
    let post = desk.schedule(&channel, "last call", "in 1s");
    let daemon = desk.home.daemon();
    ground.proxy().wait_for_arrival(PUT, 1);
    daemon.signal(Signal::TERM);
    gate.open();
    assert_eq!(daemon.wait(Duration::from_secs(35)).code, Some(0));
    assert_eq!(desk.delivery(&post)["state"], "published");
}

#[test]
fn one_pass_publishes_what_is_due_and_says_when_something_stays_open() {
    let (ground, desk, channel) = desk();
    let post = desk.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        &channel,
        "--text",
        "by cron",
        "--now",
    ]);
    let id = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
    desk.home.allgreen(["daemon", "--once"]).run().ok();
    assert_eq!(desk.delivery(&id)["state"], "published");
    let post = desk.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        &channel,
        "--text",
        "lost",
        "--now",
    ]);
    let id = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
    ground.proxy().next(PUT, Fault::LoseAnswer);
    eventually("its turn has come", PATIENCE, || {
        let code = desk.home.allgreen(["daemon", "--once"]).run().code;
        assert!(matches!(code, Some(0 | 7)), "{code:?}");
        desk.delivery(&id)["state"] == "confirming"
    });
    desk.home
        .allgreen(["daemon", "--once"])
        .run()
        .expect_code(7);
    eventually("it was looked up", PATIENCE, || {
        desk.home.allgreen(["daemon", "--once"]).run();
        desk.delivery(&id)["state"] == "published"
    });
    assert_eq!(ground.posts().len(), 2);
}
