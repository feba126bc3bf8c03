//! The morning at the shell: what needs a hand, taken on, handed over.

use allgreen::domain::ids::ChannelId;

use super::{NOON, connected};
use crate::common::process::{Home, Outcome};

/// A home whose only channel lost its role.
fn broken() -> (Home, ChannelId) {
    let (home, id) = connected();
    let db = rusqlite::Connection::open(home.file("allgreen.db")).unwrap();
    db.execute(
        "UPDATE channel SET cause = 'role_lost', publishable = 0, status_since = 1795269600000",
        [],
    )
    .unwrap();
    (home, id)
}

fn run(home: &Home, words: &[&str]) -> Outcome {
    home.allgreen(words)
        .env("ALLGREEN_TEST_CLOCK", NOON)
        .env("TZ", "Europe/Berlin")
        .run()
}

#[test]
fn a_channel_is_set_aside_seen_by_all_and_taken_up_again() {
    let (home, id) = broken();
    let note = "client looks for the Page admin";
    let set = ["aside", "@acme.test", "--until", "mon 9:00", "--note", note];
    let said = run(&home, &set).ok().stdout;
    assert!(
        said.contains("until 2026-11-23 09:00 Europe/Berlin") && said.contains("stays as red"),
        "{said}"
    );
    let check = run(&home, &["check", "--json"]).expect_code(2).json();
    assert_eq!(check["broken"], 1);
    let channel = &check["channels"][0];
    assert_eq!(channel["id"], id.as_str());
    assert_eq!(channel["setAside"]["note"], note);
    assert_eq!(channel["setAside"]["until"], "2026-11-23T08:00:00Z");
    assert!(channel["setAside"]["by"].is_string());

    run(&home, &["aside", "@acme.test", "--end"]).ok();
    let channel = run(&home, &["channel", "show", "@acme.test", "--json"])
        .ok()
        .json();
    assert!(channel["setAside"].is_null());
    let said = run(&home, &["post", "undo"]).ok().stdout;
    assert!(
        said.contains("Took back the end of setting aside"),
        "{said}"
    );
    let channel = run(&home, &["channel", "show", "@acme.test", "--json"])
        .ok()
        .json();
    assert_eq!(channel["setAside"]["note"], note);
}

#[test]
fn setting_aside_without_a_time_or_for_what_is_well_is_refused_in_words() {
    let (home, _) = connected();
    let bare = run(&home, &["aside", "@acme.test"]).expect_code(2);
    assert!(bare.stderr.contains("--until"), "{bare:#?}");
    // The proof of the home is from the clock it was made by.
    let until = ["aside", "@acme.test", "--until", "yesterday"];
    let nonsense = run(&home, &until).expect_code(2);
    assert!(nonsense.stderr.contains("yesterday"), "{nonsense:#?}");
    let unknown = run(&home, &["aside", "lgn_NOBODY", "--until", "mon 9:00"]);
    let unknown = unknown.expect_code(5);
    assert!(unknown.stderr.contains("There is no login"), "{unknown:#?}");
}
