//! What is said fits what happened.

use super::{add_channel, connected};

#[test]
fn a_post_for_now_says_that_nobody_publishes_and_waits_for_nobody() {
    let (home, _) = connected();
    let now = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "x",
        "--now",
    ];
    let outcome = home.allgreen(now).run().expect_code(7);
    assert!(
        outcome.stderr.contains("1 post is queued")
            && outcome.stderr.contains("goes out with: allgreen daemon"),
        "{outcome:#?}"
    );
}

#[test]
fn what_is_cancelled_already_is_not_cancelled_or_deleted_in_words() {
    let (home, _) = connected();
    let draft = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "x",
        "--at",
    ];
    let made = home
        .allgreen(draft.into_iter().chain(["in 1h", "--json"]))
        .run()
        .ok()
        .json();
    assert_ne!(made["deliveries"][0]["timezone"], "Etc/UTC");
    let id = made["deliveries"][0]["id"].as_str().unwrap();
    let say = |words: &[&str]| home.allgreen(words).run().ok().stdout;
    assert!(say(&["post", "cancel", id]).starts_with("Cancelled 1 post."));
    let again = say(&["post", "cancel", id]);
    assert!(again.starts_with("Nothing was left to cancel."), "{again}");
    let deleted = say(&["post", "delete", id, "--yes"]);
    assert!(
        deleted.starts_with("Nothing was left to delete"),
        "{deleted}"
    );
    let undone = say(&["post", "undo"]);
    assert!(undone.contains("1 post is as before."), "{undone}");
    let undone = say(&["post", "undo"]);
    assert!(undone.contains("it is cancelled."), "{undone}");
}

#[test]
fn a_draft_has_no_time_and_the_history_names_its_people() {
    let (home, _) = connected();
    let draft = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "x",
        "--draft",
    ];
    home.allgreen(draft).run().ok();
    let list = home.allgreen(["post", "list"]).run().ok().stdout;
    assert!(list.starts_with("draft\t\tmain/bs:@acme.test\t"), "{list}");
    home.allgreen(["channel", "pause", "@acme.test"]).run().ok();
    let history = ["channel", "history", "@acme.test"];
    let text = home.allgreen(history).run().ok().stdout;
    assert!(!text.contains("opr_"), "{text}");
    let json = home
        .allgreen(history.into_iter().chain(["--json"]))
        .run()
        .ok()
        .json();
    let line = &json[0];
    assert!(line["by"].as_str().unwrap().starts_with("opr_"), "{line}");
    assert!(text.contains(line["byName"].as_str().unwrap()), "{text}");
    let now = [
        "post",
        "create",
        "--to",
        "@acme.test",
        "--text",
        "y",
        "--now",
    ];
    let outcome = home.allgreen(now).run().expect_code(7);
    assert!(
        outcome.stdout.contains("is held on main/bs:@acme.test")
            && outcome.stderr.contains("channel publishes again"),
        "{outcome:#?}"
    );
}

#[test]
fn a_channel_is_found_by_what_the_screen_calls_it() {
    let (home, id) = connected();
    for name in [
        "acme.test",
        "@acme.test",
        "BS acme.test",
        "main/bs:@acme.test",
    ] {
        let shown = home
            .allgreen(["channel", "show", name, "--json"])
            .run()
            .ok();
        assert_eq!(shown.json()["id"], id.as_str(), "{name}");
    }
}

#[test]
fn several_channels_are_paused_and_resumed_at_once_or_none_of_them() {
    let (home, _) = connected();
    add_channel(&home, "main", "bolt.test");
    let paused = || {
        let all = home.allgreen(["channel", "list", "--json"]).run().ok();
        let all = all.json();
        let all = all.as_array().unwrap().iter();
        all.filter(|one| !one["pausedAt"].is_null()).count()
    };
    let both = ["@acme.test", "@bolt.test"];
    let say = |verb: &'static str, names: &[&'static str], flags: &[&'static str]| {
        let words = ["channel", verb].into_iter();
        let words = words
            .chain(names.iter().copied())
            .chain(flags.iter().copied());
        home.allgreen(words).run()
    };
    // One that nobody knows: the others are left alone.
    say("pause", &["@acme.test", "@bolt.test", "@gone.test"], &[]).expect_code(5);
    assert_eq!(paused(), 0);
    let would = say("pause", &both, &["--dry-run"]).ok();
    assert!(would.stdout.contains("pause 2 channels"), "{would:#?}");
    assert_eq!(paused(), 0);
    let said = say("pause", &both, &[]).ok().stdout;
    assert_eq!(said.lines().count(), 2, "{said}");
    for (line, name) in said.lines().zip(["acme", "bolt"]) {
        let begins = format!("main/bs:@{name}.test is paused; its posts are held until: ");
        assert!(line.starts_with(&begins), "{line}");
    }
    assert_eq!(paused(), 2);
    // Of several a list, of one itself, as ever; twice is once.
    let resumed = say("resume", &both, &["--json"]).ok().json();
    assert_eq!(resumed.as_array().unwrap().len(), 2);
    assert_eq!(paused(), 0);
    let one = say("pause", &["@acme.test"], &["--json"]).ok().json();
    assert!(one["pausedAt"].is_string(), "{one}");
    let said = say("resume", &["@acme.test", "main/bs:@acme.test"], &[]).ok();
    assert_eq!(said.stdout, "main/bs:@acme.test publishes again.\n");
    assert_eq!(paused(), 0);
}
