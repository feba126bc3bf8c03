//! Row 22: the disk is full at the arm, at the evidence, at a refresh, and all
//! the while at the log. What cannot be written down is not begun; what was
//! begun is found out afterwards; nothing goes out twice.

use std::time::Duration;

use serde_json::Value;

use crate::common::crashes::Ground;
use crate::common::disk::SmallDesk;
use crate::common::proxy::{Fault, Gate};
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually, let_pass};

const PUT: &str = "com.atproto.repo.putRecord";
const REFRESH: &str = "com.atproto.server.refreshSession";

fn scene() -> Option<(Simulated, SmallDesk, String)> {
    let ground = Simulated::new();
    let small = SmallDesk::new(&ground.config())?;
    let channel = small.desk.connect(&ground.handle(), &ground.app_password());
    ground.proxy().forget_calls();
    Some((ground, small, channel))
}

/// Waits until somebody publishes and has proved the channel.
fn wait_until_quiet(small: &SmallDesk) {
    eventually("somebody publishes", PATIENCE, || {
        small.desk.json(&["publisher", "show"])["running"] == true
    });
}

fn incidents(small: &SmallDesk) -> Vec<Value> {
    let list = small.desk.json(&["incident", "list", "--open"]);
    list.as_array().unwrap().clone()
}

#[test]
fn row_22_with_a_full_disk_nothing_is_armed_so_nothing_is_sent_until_there_is_room() {
    let Some((ground, small, channel)) = scene() else {
        return;
    };
    let post = small.desk.schedule(&channel, "patience", "in 2s");
    let mut daemon = small.desk.home.daemon();
    wait_until_quiet(&small);
    small.disk.fill();
    // Its time comes and goes, and the publisher says why in its log's stead.
    let refused = small
        .desk
        .home
        .allgreen([
            "post", "create", "--to", &channel, "--text", "no room", "--at", "in 1h",
        ])
        .run()
        .expect_code(1);
    assert!(refused.stderr.contains("free some space"), "{refused:#?}");
    let_pass(Duration::from_secs(4));
    assert!(daemon.is_alive(), "a full disk ends nobody");
    assert_eq!(small.desk.delivery(&post)["state"], "scheduled");
    assert!(
        ground.proxy().calls(PUT).is_empty(),
        "it cannot arm, so it does not send"
    );
    small.disk.free();
    small.desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1);
    assert_eq!(ground.proxy().calls(PUT).len(), 1);
    daemon.terminate(PATIENCE);
}

#[test]
fn row_22_evidence_that_finds_no_room_is_looked_up_and_the_post_is_out_once() {
    let Some((ground, small, channel)) = scene() else {
        return;
    };
    let gate = Gate::new();
    ground.proxy().next(PUT, Fault::HoldRequest(gate.clone()));
    let post = small
        .desk
        .schedule(&channel, "out, but not written down", "in 1s");
    let daemon = small.desk.home.daemon();
    ground.proxy().wait_for_arrival(PUT, 1);
    small.disk.fill();
    gate.open();
    eventually("it is out", PATIENCE, || ground.posts().len() == 1);
    assert_eq!(
        small.desk.path(&post).0,
        "sending",
        "no room for the evidence"
    );
    small.disk.free();
    small.desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1, "never sent twice");
    assert_eq!(ground.proxy().calls(PUT).len(), 1);
    let row = small.desk.delivery(&post);
    assert_eq!(row["remoteId"], ground.posts()[0].0);
    daemon.terminate(PATIENCE);
}

/// A daemon that was answered with new tokens while its disk was full.
fn answered_on_a_full_disk(
    ground: &Simulated,
    small: &SmallDesk,
    channel: &str,
) -> crate::common::process::Running {
    let daemon = small.desk.home.daemon();
    wait_until_quiet(small);
    let gate = Gate::new();
    ground.proxy().forget_calls();
    ground
        .proxy()
        .next(REFRESH, Fault::HoldRequest(gate.clone()));
    let asked = small
        .desk
        .home
        .allgreen(["channel", "refresh", channel, "--wait", "0s"])
        .run();
    assert_eq!(asked.code, Some(7), "{asked:#?}");
    ground.proxy().wait_for_arrival(REFRESH, 1);
    small.disk.fill();
    gate.open();
    eventually("the trouble is said", PATIENCE, || {
        incidents(small)
            .iter()
            .any(|one| one["kind"] == "store_unwritable" && one["severity"] == "broken")
    });
    daemon
}

#[test]
fn row_22_new_tokens_that_find_no_room_are_kept_and_stored_when_there_is_some() {
    let Some((ground, small, channel)) = scene() else {
        return;
    };
    let daemon = answered_on_a_full_disk(&ground, &small, &channel);
    let said: Vec<_> = incidents(&small)
        .into_iter()
        .filter(|one| one["kind"] == "store_unwritable")
        .collect();
    assert_eq!(said.len(), 1, "one, however often it is tried: {said:#?}");
    let text = said[0]["text"].as_str().unwrap();
    assert!(text.contains("Free some space"), "{text}");
    small.desk.home.allgreen(["check"]).run().expect_code(2);
    small.disk.free();
    eventually("they are stored", PATIENCE, || {
        incidents(&small)
            .iter()
            .all(|one| one["kind"] != "store_unwritable")
    });
    let kept = std::fs::read(small.desk.home.file("allgreen.db.rescue")).unwrap();
    assert_eq!(kept.len(), 64 * 1024);
    assert!(
        kept.iter().all(|byte| *byte == 0),
        "wiped once they are stored"
    );
    assert_eq!(small.desk.channel(&channel)["lamp"], "green");
    daemon.terminate(PATIENCE);
}

#[test]
fn row_36_new_tokens_kept_on_a_full_disk_survive_a_kill_and_are_stored_before_anything_else() {
    let Some((ground, small, channel)) = scene() else {
        return;
    };
    let daemon = answered_on_a_full_disk(&ground, &small, &channel);
    let before = small.desk.channel(&channel)["lastRefreshedAt"].clone();
    daemon.kill_9().expect_killed();
    small.disk.free();
    // The old tokens are worthless by now: whoever used them would be refused.
    ground.proxy().forget_calls();
    let daemon = small.desk.home.daemon();
    eventually("they are stored", PATIENCE, || {
        small.desk.channel(&channel)["lastRefreshedAt"] != before
            && incidents(&small)
                .iter()
                .all(|one| one["kind"] != "store_unwritable")
    });
    let post = small.desk.schedule(&channel, "still here", "in 1s");
    small.desk.wait_for_state(&post, "published");
    let notices = small.desk.json(&["notice", "list"]);
    assert!(
        notices.to_string().contains("nothing was lost"),
        "{notices:#}"
    );
    let kept = std::fs::read(small.desk.home.file("allgreen.db.rescue")).unwrap();
    assert!(kept.iter().all(|byte| *byte == 0), "wiped after the import");
    daemon.terminate(PATIENCE);
}
