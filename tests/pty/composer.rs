//! Writing a post at a terminal: it goes out, nothing typed is lost, and the
//! operator's own editor gets the text and gives it back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::crashes::Ground;
use crate::common::simulated::desk;
use crate::terminal::{MOMENT, Term};

#[test]
fn d_a_post_is_written_and_scheduled_with_keys_and_goes_out() {
    let (ground, desk, _) = desk();
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("@ann.test") || screen.contains("ann.test"));
    term.until(|screen| screen.contains("this screen publishes"));
    term.press("n");
    term.until(|screen| screen.contains("New post"));
    term.press("Red is back");
    term.until(|screen| screen.contains("11/300") && screen.contains("draft kept"));
    // Past the media to the time.
    term.press("\t\tin 2s\r");
    term.until(|screen| screen.contains("▌[ Schedule 1 ]"));
    term.press("\r");
    term.until(|screen| screen.contains("Scheduled for"));
    term.until(|screen| screen.contains("went out"));
    let texts: Vec<String> = ground.posts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["Red is back"]);
    // The numbers follow; while one is due, leaving would be asked about.
    term.until(|screen| screen.contains("nothing scheduled"));
    term.press("q");
    term.ended();
    let drafts = desk.json(&["post", "list", "--state", "draft"]);
    assert_eq!(drafts.as_array().unwrap().len(), 0, "{drafts}");
}

#[test]
fn a_copy_with_another_time_says_the_command_that_writes_it() {
    let (_ground, desk, channel) = desk();
    let post = desk.schedule(&channel, "Red is back", "in 5h");
    let mut term = Term::command(&["--no-publish"], &desk.home.path(), (36, 200), &[]);
    term.until(|screen| screen.contains("Red is back"));
    for (typed, copy) in [("", true), (", and blue", false)] {
        term.press("2");
        term.press("d");
        term.until(|screen| screen.contains("New post") && screen.contains("11/300"));
        term.press(typed);
        term.press("\t\tin 6h\r");
        term.until(|screen| screen.contains("▌[ Schedule 1 ]"));
        term.press("\r");
        term.until(|screen| screen.contains("Scheduled for"));
        term.quiet(crate::terminal::MOMENT);
        let said = term.text();
        assert_eq!(
            said.contains("allgreen post duplicate pst_"),
            copy,
            "{said}"
        );
    }
    let all = desk.json(&["post", "list", "--state", "scheduled"]);
    assert_eq!(all.as_array().unwrap().len(), 3, "{post}: {all}");
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
}

#[test]
fn what_was_typed_is_there_again_after_the_program_was_killed_or_left() {
    let (_ground, desk, _) = desk();
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("ann.test"));
    term.press("n");
    term.until(|screen| screen.contains("New post"));
    term.press("Red is back");
    term.until(|screen| screen.contains("draft kept"));
    term.signal("KILL");
    term.child.wait().unwrap();
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("ann.test"));
    term.press("n");
    term.until(|screen| screen.contains("Drafts 1"));
    term.press("\u{1b}[Z\u{1b}[Zlll\r");
    term.until(|screen| screen.contains("“Red is back”"));
    term.press("\r");
    term.until(|screen| screen.contains("11/300"));
    // Left at once: nothing had the time to rest.
    term.press(", all of it\u{3}");
    assert_eq!(term.ended(), 0);
    let drafts = desk.json(&["post", "list", "--state", "draft"]);
    assert_eq!(drafts[0]["text"], "Red is back, all of it", "{drafts}");
    assert_eq!(drafts.as_array().unwrap().len(), 1, "one draft, not two");
}

/// An editor: a shell script of these lines, the file in `$1`.
fn editor(home: &Path, lines: &str) -> String {
    let script = home.join("editor.sh");
    fs::write(&script, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    script.to_str().unwrap().to_owned()
}

#[test]
fn the_editor_gets_the_text_in_a_private_file_and_gives_it_back() {
    let (_ground, desk, _) = desk();
    let home = desk.home.path();
    let seen = home.join("seen");
    let lines = format!(
        "stat -c %a \"$1\" > '{0}.mode'; cp \"$1\" '{0}'; echo in the editor; printf 'from the editor' >> \"$1\"",
        seen.display()
    );
    let script = editor(&home, &lines);
    let mut term = Term::over_with(&home, &[("VISUAL", &script)]);
    term.until(|screen| screen.contains("ann.test"));
    term.press("n");
    term.until(|screen| screen.contains("New post"));
    term.press("Red, ");
    term.until(|screen| screen.contains("5/300"));
    term.press("\u{1b}[Ze");
    term.until(|screen| screen.contains("from the editor") && screen.contains("New post"));
    assert_eq!(fs::read_to_string(&seen).unwrap(), "Red, \n");
    let mode = fs::read_to_string(seen.with_extension("mode")).unwrap();
    assert_eq!(mode.trim(), "600");
    let left = fs::read_dir(&home).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".post-")
    });
    assert_eq!(left.count(), 0, "the file is gone");
    assert!(String::from_utf8_lossy(&term.raw).contains("in the editor"));
    // Keys come here again.
    term.press("j");
    term.until(|screen| screen.contains("Text for BS ann.test"));
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
    let drafts = desk.json(&["post", "list", "--state", "draft"]);
    assert_eq!(drafts[0]["text"], "Red, \nfrom the editor");
}

#[test]
fn an_editor_that_fails_leaves_the_text_as_it_was() {
    let (_ground, desk, _) = desk();
    let home = desk.home.path();
    let script = editor(&home, "echo broken > \"$1\"; exit 3");
    let mut term = Term::over_with(&home, &[("EDITOR", &script), ("VISUAL", "")]);
    term.until(|screen| screen.contains("ann.test"));
    term.press("n");
    term.until(|screen| screen.contains("New post"));
    term.press("Red");
    term.until(|screen| screen.contains("3/300"));
    term.press("\u{1b}[Ze");
    term.until(|screen| screen.contains("The text is as it was"));
    term.quiet(MOMENT);
    assert!(term.text().contains("3/300"), "{}", term.text());
    assert!(!term.text().contains("broken"));
}

#[test]
fn compose_opens_the_composer_and_needs_a_terminal() {
    let (_ground, desk, channel) = desk();
    for words in [
        ["compose", "--account", &channel],
        ["--account", &channel, "compose"],
    ] {
        let mut term = Term::command(&words, &desk.home.path(), (24, 80), &[]);
        term.until(|screen| screen.contains("New post") && screen.contains("1 channel"));
        term.press("\u{1b}");
        term.until(|screen| screen.contains("1 Channels"));
    }
    let refused = desk.home.allgreen(["compose"]).run().expect_code(1);
    assert!(
        refused.stderr.contains("allgreen post create"),
        "{refused:#?}"
    );
}
