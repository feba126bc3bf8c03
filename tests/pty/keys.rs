//! Row 44 at a terminal: the key file is locked with a passphrase. It opens for
//! whoever types it and for nobody else, and nothing is lost on the way.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::desk;
use crate::common::{PATIENCE, eventually};
use crate::terminal::Term;

const WORDS: &str = "correct horse battery staple";
const ASKS: &str = "Passphrase of the key";

/// How a command at a terminal ended, and all that was shown.
struct Typed {
    code: u32,
    shown: String,
}

impl Typed {
    fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.shown);
        self
    }
}

/// Runs a command at a terminal; each answer is typed when its question shows.
fn at_terminal(desk: &Desk, words: &[&str], answers: &[(&str, &str)]) -> Typed {
    at_terminal_with(desk, words, answers, &[])
}

fn at_terminal_with(
    desk: &Desk,
    words: &[&str],
    answers: &[(&str, &str)],
    environment: &[(&str, &str)],
) -> Typed {
    let mut term = Term::command(words, &desk.home.path(), (36, 200), environment);
    for (question, answer) in answers {
        term.until(|screen| screen.contains(question));
        term.press(&format!("{answer}\r"));
    }
    let code = term.ended();
    let shown = String::from_utf8_lossy(&term.raw).into_owned();
    for (_, answer) in answers {
        assert!(answer.len() < 4 || !shown.contains(answer), "{shown}");
    }
    Typed { code, shown }
}

fn protect(desk: &Desk) {
    at_terminal(
        desk,
        &["key", "protect"],
        &[("New passphrase", WORDS), ("The same again", WORDS)],
    )
    .ok();
}

fn key(desk: &Desk) -> String {
    fs::read_to_string(desk.home.file("key")).unwrap()
}

fn is_locked(desk: &Desk) -> bool {
    key(desk).starts_with("allgreen-key-2 argon2id ")
}

/// That the tokens open: a proof needs them.
fn proves(desk: &Desk, channel: &str) {
    let probe = ["channel", "probe", channel];
    if is_locked(desk) {
        at_terminal(desk, &probe, &[(ASKS, WORDS)]).ok();
    } else {
        desk.home.allgreen(probe).run().ok();
    }
}

#[test]
fn row_44_a_locked_key_opens_for_whoever_types_the_passphrase_and_for_nobody_else() {
    let (ground, desk, channel) = desk();
    let post = desk.schedule(&channel, "waits for the passphrase", "in 1s");
    let open = key(&desk);
    protect(&desk);
    assert!(is_locked(&desk), "{}", key(&desk));
    let bare = open.trim().rsplit(' ').next().unwrap();
    assert!(!key(&desk).contains(bare) && !key(&desk).contains(WORDS));
    assert!(!desk.home.file("key.new").exists());
    let before = (key(&desk), desk.sealed());

    // Nobody is there to type it: everything is read, nothing is changed.
    let status = desk.home.allgreen(["status"]).run().ok();
    assert!(status.took < Duration::from_secs(3), "{status:#?}");
    assert!(
        status.stderr.contains("locked with a passphrase"),
        "{status:#?}"
    );
    assert_eq!(desk.delivery(&post)["state"], "scheduled");
    let refused = desk.home.allgreen(["daemon"]).run().expect_code(1);
    for way in ["on a terminal", "LoadCredential", "allgreen key unprotect"] {
        assert!(refused.stderr.contains(way), "{way}: {refused:#?}");
    }
    for act in [
        vec!["channel", "pause", &channel],
        vec!["channel", "probe", &channel],
        vec!["key", "rotate"],
        vec!["key", "unprotect", "--yes"],
    ] {
        desk.home.allgreen(&act).run().expect_code(1);
    }
    // Not broken: nobody publishes.
    desk.home.allgreen(["check"]).run().expect_code(3);
    assert_eq!(before, (key(&desk), desk.sealed()));
    assert!(ground.posts().is_empty());

    // Typed, it opens: a daemon at a terminal publishes.
    let mut daemon = Term::command(&["daemon"], &desk.home.path(), (36, 200), &[]);
    daemon.until(|screen| screen.contains(ASKS));
    daemon.press(&format!("{WORDS}\r"));
    desk.wait_for_state(&post, "published");
    let moved = at_terminal(&desk, &["key", "unprotect", "--yes"], &[(ASKS, WORDS)]);
    assert_eq!(moved.code, 1, "{}", moved.shown);
    assert!(moved.shown.contains("publisher stop"), "{}", moved.shown);
    // A change of the key keeps the lock, and the daemon goes on with it.
    at_terminal(&desk, &["key", "rotate"], &[(ASKS, WORDS)]).ok();
    assert!(is_locked(&desk));
    let after = (key(&desk), desk.sealed());
    assert_ne!(before.0, after.0);
    assert!(after.1.iter().all(|one| !before.1.contains(one)));
    proves(&desk, &channel);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), 0);
    let shown = String::from_utf8_lossy(&daemon.raw).into_owned();
    assert!(!shown.contains(WORDS), "{shown}");

    at_terminal(
        &desk,
        &["key", "unprotect"],
        &[(ASKS, WORDS), ("Go on?", "y")],
    )
    .ok();
    assert!(!is_locked(&desk));
    proves(&desk, &channel);
    assert_eq!(ground.posts().len(), 1);
}

#[test]
fn row_44_a_wrong_passphrase_changes_nothing_and_what_needs_no_secret_is_read() {
    let (_ground, desk, channel) = desk();
    protect(&desk);
    let before = (key(&desk), desk.sealed());
    let wrong = [
        (ASKS, "correct horse battery stable"),
        ("(2 left)", "Correct horse battery staple"),
        ("(1 left)", "correct horse battery staple!"),
    ];
    let status = at_terminal(&desk, &["status"], &wrong).ok();
    for says in [
        "does not open the key file",
        "can be read is shown",
        "queued",
    ] {
        assert!(status.shown.contains(says), "{says}: {}", status.shown);
    }
    let pause = at_terminal(&desk, &["channel", "pause", &channel], &wrong);
    assert_eq!(pause.code, 1, "{}", pause.shown);
    let rotate = at_terminal(&desk, &["key", "rotate"], &wrong);
    assert_eq!(rotate.code, 1, "{}", rotate.shown);
    assert_eq!(before, (key(&desk), desk.sealed()), "nothing was written");
    // Who only wants to look types nothing; who mistypes once tries again.
    at_terminal(&desk, &["status"], &[(ASKS, "")]).ok();
    let again = [(ASKS, "no, another one"), ("(2 left)", WORDS)];
    at_terminal(&desk, &["channel", "pause", &channel], &again).ok();
}

#[test]
fn row_44_a_screen_asks_for_the_passphrase_before_it_opens_and_then_publishes() {
    let (_ground, desk, channel) = desk();
    let post = desk.schedule(&channel, "by the screen", "in 1s");
    protect(&desk);
    let mut screen = Term::command(&[], &desk.home.path(), (36, 120), &[]);
    screen.until(|shown| shown.contains(ASKS));
    screen.press(&format!("{WORDS}\r"));
    screen.until(|shown| shown.contains("this screen publishes"));
    eventually("it went out", PATIENCE, || {
        desk.delivery(&post)["state"] == "published"
    });
    screen.signal("TERM");
    screen.ended();
    // Without it the screen shows what there is and what is wrong.
    let mut screen = Term::command(&[], &desk.home.path(), (36, 120), &[]);
    screen.until(|shown| shown.contains(ASKS));
    screen.press("\r");
    screen.until(|shown| shown.contains("locked with a passphrase") && shown.contains("ann.test"));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

#[test]
fn row_44_a_key_is_locked_and_opened_whole_or_not_at_all_wherever_the_program_is_killed() {
    let killed = |desk: &Desk, words: &[&str], answers: &[(&str, &str)], point: &str| {
        let typed = at_terminal_with(desk, words, answers, &[("ALLGREEN_FAULT", point)]);
        assert_ne!(typed.code, 0, "{point} was not reached: {}", typed.shown);
    };
    for (point, done) in [("key.written", false), ("key.renamed", true)] {
        let (_ground, desk, channel) = desk();
        let twice = [("New passphrase", WORDS), ("The same again", WORDS)];
        killed(&desk, &["key", "protect"], &twice, point);
        assert_eq!(is_locked(&desk), done, "{point}");
        proves(&desk, &channel);
        if !done {
            protect(&desk);
        }
        // The other way: an open copy that was left is no way around the lock.
        let once = [(ASKS, WORDS)];
        killed(&desk, &["key", "unprotect", "--yes"], &once, point);
        assert_eq!(is_locked(&desk), !done, "{point}");
        let left: PathBuf = desk.home.file("key.new");
        assert_eq!(left.exists(), !done, "{point}");
        proves(&desk, &channel);
        assert!(!left.exists(), "{point}: an open copy of the key is left");
        at_terminal(
            &desk,
            &["key", "unprotect", "--yes"],
            if done { &[] } else { &once },
        )
        .ok();
        proves(&desk, &channel);
    }
}

#[test]
fn a_short_passphrase_or_two_that_differ_lock_nothing_and_none_is_taken_from_a_pipe() {
    let (_ground, desk, _channel) = desk();
    let before = key(&desk);
    let short = at_terminal(
        &desk,
        &["key", "protect"],
        &[("New passphrase", "elevenchars")],
    );
    assert_eq!(short.code, 2, "{}", short.shown);
    let other = [
        ("New passphrase", WORDS),
        ("The same again", "correct horse battery"),
    ];
    let differ = at_terminal(&desk, &["key", "protect"], &other);
    assert_eq!(differ.code, 1, "{}", differ.shown);
    let piped = desk
        .home
        .allgreen(["key", "protect"])
        .input(format!("{WORDS}\n{WORDS}\n"))
        .run()
        .expect_code(2);
    assert!(piped.stderr.contains("on a terminal"), "{piped:#?}");
    assert_eq!(key(&desk), before);
    // Nor is there a way to name one on the command line or in the environment.
    desk.home
        .allgreen(["key", "protect", "--passphrase", WORDS])
        .run()
        .expect_code(2);
}
