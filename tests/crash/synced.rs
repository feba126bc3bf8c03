//! Rows 23 and 24: nothing is acknowledged before it is synced to disk, as a
//! trace of the system calls shows; and a disk that fails leaves nothing half
//! done.

use std::process::Command;
use std::time::Duration;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually, let_pass, not_shown};

const PUT: &str = "com.atproto.repo.putRecord";

fn desk() -> (Simulated, Desk, String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    (ground, desk, channel)
}

/// What a trace says of the log of the store up to a line: writes to it that
/// no sync has followed yet.
fn unsynced(lines: &[&str]) -> usize {
    let mut waiting = 0;
    for line in lines
        .iter()
        .filter(|line| line.contains("allgreen.db-wal>"))
    {
        if line.contains("pwrite64(") {
            waiting += 1;
        } else if line.contains("fdatasync(") || line.contains("fsync(") {
            waiting = 0;
        }
    }
    waiting
}

/// Runs a command under a trace; its lines. `None` where there is no tracer.
fn traced(desk: &Desk, args: &[&str]) -> Option<Vec<String>> {
    let there = Command::new("strace").arg("-V").output();
    if !there.is_ok_and(|output| output.status.success()) {
        not_shown("strace is not installed");
        return None;
    }
    let file = desk.home.account().join("trace");
    let calls = "trace=pwrite64,fdatasync,fsync,write,writev,sendto,sendmsg";
    let out = file.to_str().unwrap();
    let options = ["-f", "-y", "-s", "600", "-e", calls, "-o", out];
    desk.home
        .allgreen(args)
        .under("strace", &options)
        .limit(PATIENCE * 3)
        .run()
        .ok();
    let text = std::fs::read_to_string(&file).unwrap();
    // A call that was interrupted by another thread's is told in two lines.
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn row_24_what_a_command_acknowledges_was_synced_to_disk_before() {
    let (_ground, desk, channel) = desk();
    let args = [
        "post", "create", "--to", &channel, "--text", "kept", "--at", "in 1h", "--json",
    ];
    let Some(lines) = traced(&desk, &args) else {
        return;
    };
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let said = lines
        .iter()
        .position(|line| line.contains("write(1<") && line.contains("pst_"))
        .expect("the acknowledgement");
    let before = &lines[..said];
    let writes = before
        .iter()
        .filter(|line| line.contains("pwrite64(") && line.contains("allgreen.db-wal>"))
        .count();
    assert!(writes > 0, "the post is written to the log");
    assert_eq!(unsynced(before), 0, "synced before it was said");
}

#[test]
fn row_24_a_send_leaves_after_its_intent_was_synced_to_disk() {
    let (ground, desk, channel) = desk();
    // The upkeep of the day, so that nothing else is written meanwhile.
    desk.home.allgreen(["daemon", "--once"]).run();
    desk.json(&[
        "post",
        "create",
        "--no-publish",
        "--to",
        &channel,
        "--text",
        "armed first",
        "--now",
    ]);
    let Some(lines) = traced(&desk, &["daemon", "--once"]) else {
        return;
    };
    assert_eq!(ground.posts().len(), 1);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let sent = lines
        .iter()
        .position(|line| line.contains(PUT) && !line.contains("pwrite64("))
        .expect("the request");
    let before = &lines[..sent];
    assert!(
        before
            .iter()
            .any(|line| line.contains("sync(") && line.contains("allgreen.db-wal>")),
        "the log was synced"
    );
    assert_eq!(
        unsynced(before),
        0,
        "the intent is on disk before the first byte leaves"
    );
}

fn whole(desk: &Desk) {
    let db = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    let verdict: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn row_23_a_disk_that_fails_for_a_while_sends_nothing_loses_nothing_and_leaves_no_half_state() {
    let (ground, desk, channel) = desk();
    let mut daemon = desk.home.allgreen(["daemon"]).failing_softly().spawn();
    eventually("it publishes", PATIENCE, || {
        desk.json(&["publisher", "show"])["running"] == true
    });
    let post = desk.schedule(&channel, "after the trouble", "in 1s");
    daemon.fail_writes(true);
    let_pass(Duration::from_secs(4));
    assert!(daemon.is_alive());
    assert!(
        ground.proxy().calls(PUT).is_empty(),
        "what cannot be armed is not sent"
    );
    assert_eq!(desk.delivery(&post)["state"], "scheduled", "others read on");
    daemon.fail_writes(false);
    desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1);
    daemon.terminate(PATIENCE);
    whole(&desk);
}

#[test]
fn row_23_a_disk_that_fails_now_and_then_ends_in_each_post_out_once() {
    let (ground, desk, channel) = desk();
    let daemon = desk.home.allgreen(["daemon"]).failing_softly().spawn();
    let posts: Vec<String> = (0..6)
        .map(|n| desk.schedule(&channel, &format!("post {n}"), &format!("in {}s", 1 + n)))
        .collect();
    // Broken a third of the time, at whatever it is doing then.
    for round in 0..24 {
        daemon.fail_writes(round % 3 == 0);
        let_pass(Duration::from_millis(190));
    }
    daemon.fail_writes(false);
    for post in &posts {
        desk.wait_for_state(post, "published");
    }
    let mut texts: Vec<_> = ground.posts().into_iter().map(|(_, text)| text).collect();
    texts.sort();
    let expected: Vec<_> = (0..6).map(|n| format!("post {n}")).collect();
    assert_eq!(texts, expected, "each once");
    daemon.terminate(PATIENCE);
    whole(&desk);
}

#[test]
fn row_29_a_lock_of_thirty_seconds_keeps_nobody_from_reading_and_no_write_is_lost() {
    let (ground, desk, channel) = desk();
    let mut daemon = desk.home.daemon();
    eventually("it publishes", PATIENCE, || {
        desk.json(&["publisher", "show"])["running"] == true
    });
    let due = desk.schedule(&channel, "after the lock", "in 3s");
    let foreign = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    foreign.busy_timeout(Duration::from_secs(5)).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = desk
        .home
        .allgreen([
            "post", "create", "--to", &channel, "--text", "waited", "--at", "in 1h",
        ])
        .limit(Duration::from_secs(60))
        .spawn();
    for _ in 0..6 {
        let_pass(Duration::from_secs(5));
        let read = desk.home.allgreen(["status"]).run().ok();
        assert!(read.took < Duration::from_secs(2), "{read:#?}");
        assert!(
            ground.proxy().calls(PUT).is_empty(),
            "what cannot be armed is not sent"
        );
    }
    assert!(daemon.is_alive());
    foreign.execute_batch("ROLLBACK").unwrap();
    let wrote = began.wait(PATIENCE).ok();
    assert!(wrote.took > Duration::from_secs(29), "{wrote:#?}");
    assert!(wrote.stderr.contains("The store is busy"), "{wrote:#?}");
    desk.wait_for_state(&due, "published");
    assert_eq!(ground.posts().len(), 1);
    daemon.terminate(PATIENCE);
}
