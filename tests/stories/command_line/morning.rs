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

#[test]
fn the_guide_is_numbered_lines_with_the_command_for_each_and_no_table() {
    let (home, _) = broken();
    let guide = run(&home, &["check", "--guide"]).expect_code(2).stdout;
    let lines: Vec<&str> = guide.lines().collect();
    assert_eq!(lines[0], "2 things need a hand. 0 of 1 channel healthy.");
    assert!(lines[1].starts_with("1. Broken, no login mends it: main/bs:@acme.test. Role lost"));
    assert_eq!(
        lines[3],
        "   Run: allgreen channel probe main/bs:@acme.test"
    );
    assert!(guide.contains("2. This hub: Nobody publishes."), "{guide}");
    assert!(!guide.contains(['✖', '▲', '●', '\t']), "{guide}");
    run(
        &home,
        &[
            "aside",
            "@acme.test",
            "--until",
            "mon 9:00",
            "--note",
            "ask",
        ],
    )
    .ok();
    let guide = run(&home, &["check", "--guide"]).expect_code(2).stdout;
    assert!(
        guide.contains("   Set aside by ") && guide.contains(" until Mon 09:00: “ask”"),
        "{guide}"
    );
}

#[test]
fn a_handover_is_text_or_json() {
    let (home, _) = broken();
    let text = run(&home, &["handover"]).ok().stdout;
    assert!(
        text.starts_with("Handover of My workspace, Sat 21 Nov 15:02 CET"),
        "{text}"
    );
    assert!(text.contains("NOBODY PUBLISHES"), "{text}");
    let since = ["handover", "--since", "2026-11-21 06:00", "--json"];
    let json = run(&home, &since).ok().json();
    assert_eq!(json["since"], "2026-11-21T05:00:00Z");
    assert_eq!(json["healthy"], 0);
    assert_eq!(
        json["open"][0]["commands"][0],
        "allgreen channel probe main/bs:@acme.test"
    );
    assert!(json["open"][0]["setAside"].is_null());
    assert!(json["broke"].is_array() && json["atRisk"].is_array());
}
