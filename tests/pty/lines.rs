//! Bad lines and bad terminals (fault row 46): frames are dropped, not queued,
//! and nothing that the terminal does keeps a post from going out.

use std::time::Duration;

use crate::common::crashes::Ground;
use crate::common::simulated::desk;
use crate::terminal::{MOMENT, PATIENCE, Term, boot};

/// Frames in these bytes.
fn frames(bytes: &[u8]) -> usize {
    bytes
        .windows(8)
        .filter(|part| part == b"\x1b[?2026h")
        .count()
}

#[test]
fn row_46_a_terminal_that_becomes_too_small_says_what_it_needs_and_comes_back() {
    let mut term = Term::open(&[]);
    for (rows, cols) in [(5, 20), (4, 19), (1, 1), (5, 20), (2, 200), (200, 2)] {
        term.resize(rows, cols);
        term.quiet(MOMENT);
        term.press("jk2?");
        term.quiet(MOMENT);
        term.press("\u{1b}");
        term.quiet(MOMENT);
    }
    term.resize(24, 80);
    term.until(|screen| screen.contains("1 Channels"));
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn row_46_without_colours_or_capabilities_every_lamp_still_has_its_word() {
    for environment in [
        ("NO_COLOR", "1"),
        ("TERM", "linux"),
        ("TERM", "vt100"),
        ("TERM", "unknown-terminal"),
    ] {
        let (_ground, desk, _) = desk();
        let mut term = Term::over_with(&desk.home.path(), &[environment]);
        term.until(|screen| screen.contains("Healthy 1"));
        term.press("q");
        assert_eq!(term.ended(), 0, "{environment:?}");
    }
}

#[test]
fn where_a_screen_cannot_be_read_out_what_needs_a_hand_is_printed_as_lines() {
    for environment in [("ACCESSIBLE", "1"), ("TERM", "dumb")] {
        let (_ground, desk, _) = desk();
        let mut term = Term::command(&[], &desk.home.path(), (36, 120), &[environment]);
        term.until(|screen| screen.contains("1 of 1 channel healthy"));
        term.until(|screen| screen.contains("Run: allgreen daemon"));
        assert_eq!(term.ended(), 0, "{environment:?}");
        let raw = String::from_utf8_lossy(&term.raw).into_owned();
        assert!(raw.contains("1. This hub: Nobody publishes."), "{raw}");
        // Nothing that steers, no boxes, no sign without its word.
        assert!(!raw.contains(['\u{1b}', '│', '●', '✖']), "{raw:?}");
    }
}

#[test]
fn where_only_lines_are_drawn_there_is_no_composer_and_one_channel_is_one_channel() {
    let environment = [("ACCESSIBLE", "1")];
    let (_ground, desk, _) = desk();
    let home = desk.home.path();
    let mut term = Term::command(&["compose"], &home, (36, 120), &environment);
    term.until(|screen| screen.contains("The composer needs a terminal"));
    assert_ne!(term.ended(), 0);
    let words = ["--account", "nobody.test"];
    let mut term = Term::command(&words, &home, (36, 120), &environment);
    term.until(|screen| screen.contains("nobody.test"));
    assert_ne!(term.ended(), 0);
    let words = ["--account", "ann.test"];
    let mut term = Term::command(&words, &home, (36, 120), &environment);
    term.until(|screen| screen.contains("1 of 1 channel healthy"));
    assert_eq!(term.ended(), 0);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    assert!(
        !raw.contains("Nobody publishes"),
        "of the channel only: {raw}"
    );
}

#[test]
fn row_46_over_a_line_that_lags_the_last_state_comes_and_no_queue_of_frames() {
    let (_ground, desk, channel) = desk();
    for n in 0..40 {
        desk.schedule(&channel, &format!("post {n}"), "in 5h");
    }
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("post 0"));
    term.quiet(MOMENT);
    let before = term.raw.len();
    term.press("2");
    // Each packet of the line needs 300 ms, and a hand is faster than that.
    term.lags(Duration::from_millis(300));
    for _ in 0..120 {
        for key in ["j", "\u{1b}[6~", "\u{1b}[5~"] {
            term.press(key);
            let _ = term.take(Duration::from_millis(5));
        }
    }
    term.press("G");
    term.until(|screen| screen.contains("post 39"));
    term.lags(Duration::ZERO);
    term.quiet(MOMENT);
    let drawn = frames(&term.raw[before..]);
    assert!(drawn < 200, "{drawn} frames for 362 keys");
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
}

#[test]
fn row_46_a_terminal_that_takes_nothing_any_more_does_not_stop_publishing() {
    let (ground, desk, channel) = desk();
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("this screen publishes"));
    // Ctrl-S: what is written stays in the terminal, until it is full.
    term.hold_output();
    for step in 0..400_u16 {
        term.resize(20 + step % 17, 90 + step % 31);
        term.press("2j1j");
    }
    let posts: Vec<String> = (0..3)
        .map(|n| desk.schedule(&channel, &format!("held terminal {n}"), "in 1s"))
        .collect();
    for post in &posts {
        desk.wait_for_state(post, "published");
    }
    assert_eq!(ground.posts().len(), 3);
    term.go_on();
    term.until(|screen| screen.contains("1 Channels"));
    let end = boot() + PATIENCE;
    while !term.text().contains("this screen publishes") && boot() < end {
        let _ = term.take(Duration::from_millis(50));
    }
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
}

#[test]
fn five_thousand_changes_in_the_background_are_a_dozen_frames() {
    let (_ground, desk, _) = desk();
    let raw = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    raw.busy_timeout(PATIENCE).unwrap();
    let mut term = Term::over(&desk.home.path());
    term.until(|screen| screen.contains("Healthy 1"));
    term.quiet(MOMENT);
    let before = term.raw.len();
    // Ten writers' worth of them, each seen by the others at once.
    for _ in 0..10 {
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        for n in 0..500 {
            let handle = format!("ann{}.test", n % 10);
            raw.execute("UPDATE channel SET handle = ?1", [&handle])
                .unwrap();
        }
        raw.execute_batch("COMMIT").unwrap();
        let _ = term.take(Duration::from_millis(1));
    }
    term.until(|screen| screen.contains("ann9.test"));
    term.quiet(MOMENT);
    let drawn = frames(&term.raw[before..]);
    assert!((1..=12).contains(&drawn), "{drawn} frames");
    term.press("q");
    assert_eq!(term.ended(), 0);
}
