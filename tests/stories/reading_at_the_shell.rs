//! Posts, counts and comments at the command line, with the real program.

use serde_json::Value;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::Simulated;

/// An operator with a channel whose only post was answered.
fn desk() -> (Simulated, Desk, String) {
    let ground = Simulated::new();
    let bluesky = ground.sandbox.bluesky().clone();
    bluesky.app_view(true);
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    let text = "hello \u{1f44b}";
    desk.home
        .allgreen(["post", "create", "--to", &channel, "--text", text, "--now"])
        .run()
        .expect_code(7);
    desk.home.allgreen(["daemon", "--once"]).run().ok();
    let (uri, _) = ground.posts().remove(0);
    bluesky.create_account("bob.test", "p", "Bob").unwrap();
    bluesky
        .reply("bob.test", &uri, "nice\u{1b}[2J\ttwo\nlines")
        .unwrap();
    bluesky.like(&uri, 12).unwrap();
    (ground, desk, channel)
}

#[test]
fn j_posts_metrics_and_comments_are_read_and_printed_for_people_and_programs() {
    let (_ground, desk, channel) = desk();
    let name = "main/bs:@ann.test";
    let unread = desk.json(&["channel", "posts", name]);
    assert_eq!(unread["available"], true);
    assert!(unread["fetchedAt"].is_null() && unread["failure"].is_null());
    assert_eq!(unread["posts"], Value::Array(Vec::new()));
    let note = unread["note"].as_str().unwrap();
    assert!(note.contains("--refresh at once"), "{note}");

    let posts = desk.json(&["channel", "posts", name, "--refresh"]);
    assert_eq!(posts["channelId"], channel.as_str());
    assert_eq!(posts["source"], "network");
    let post = &posts["posts"][0];
    assert_eq!(post["text"], "hello \u{1f44b}");
    assert!(post["permalink"].as_str().unwrap().starts_with("https://"));
    assert_eq!(post["metrics"]["likes"], 12);
    assert_eq!(post["metrics"]["replies"], 1);
    assert!(posts["fetchedAt"].is_string());
    let metrics = desk.json(&["channel", "metrics", name]);
    assert_eq!(metrics["posts"][0]["metrics"]["likes"], 12);
    let comments = desk.json(&["channel", "comments", name]);
    let comment = &comments["comments"][0];
    assert_eq!(comment["kind"], "reply");
    assert_eq!(comment["author"], "bob.test");
    assert_eq!(comment["text"], "nice␛[2J two\nlines");
    assert_eq!(comment["postId"], post["id"]);

    let shown = desk.home.allgreen(["channel", "comments", name]).run().ok();
    assert!(shown.stderr.contains("Read "), "{}", shown.stderr);
    let line = shown.stdout.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    let cells: Vec<&str> = line.split('\t').collect();
    assert_eq!(cells[1..4], ["reply", "@bob.test", "nice␛[2J two lines"]);
    let shown = desk.home.allgreen(["channel", "metrics", name]).run().ok();
    assert!(
        shown.stdout.contains("\t12\t0\t1\t0\t0\t"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a2_a_refused_reading_says_so_and_what_mends_it() {
    use allgreen::sandbox::faults::{Fault, Times};
    let (ground, desk, _) = desk();
    let body = r#"{"error":"InvalidToken","message":"Bad token scope"}"#;
    let endpoint = "app.bsky.notification.listNotifications";
    let fault = Fault::Status(400, body.into());
    ground
        .sandbox
        .bluesky()
        .fault(endpoint, None, fault, Times::Count(1));
    let name = "main/bs:@ann.test";
    let words = ["channel", "comments", name, "--refresh", "--json"];
    let done = desk.home.allgreen(words).run().expect_code(1);
    let shown: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(shown["failure"]["refused"], true);
    assert_eq!(shown["failure"]["class"], "missing_scope");
    let said: Value = serde_json::from_str(&done.stderr).unwrap();
    assert_eq!(said["error"]["code"], "not_read");
    // What was read along with it was read.
    let posts = desk.json(&["channel", "posts", name]);
    assert_eq!(posts["posts"][0]["metrics"]["likes"], 12);
    let listed = desk.home.allgreen(["channel", "list"]).run().ok();
    assert!(
        listed.stdout.starts_with("attention\t") && listed.stdout.contains("reading refused"),
        "{}",
        listed.stdout
    );
    let checked = desk.home.allgreen(["check", "--json"]).run();
    assert!(
        checked.stdout.contains("allgreen channel reconnect"),
        "{}",
        checked.stdout
    );
}
