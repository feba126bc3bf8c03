//! The screen in a real terminal: what it writes, and what it leaves behind.

use std::time::Duration;

use crate::terminal::{MOMENT, PATIENCE, Term, boot};

#[test]
fn an_idle_screen_writes_nothing() {
    let mut term = Term::open(&[]);
    term.quiet(MOMENT);
    assert_eq!(term.quiet(Duration::from_secs(3)), 0);
    assert!(!String::from_utf8_lossy(&term.raw).contains("\u{1b}[6n"));
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut term = Term::open(&[]);
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn signals_end_it_in_order() {
    for name in ["TERM", "HUP"] {
        let mut term = Term::open(&[]);
        term.signal(name);
        term.ended();
    }
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_before_it_is_told() {
    let mut term = Term::open(&[("ALLGREEN_FAULT", "screen.key")]);
    term.press("j");
    assert_ne!(term.ended(), 0);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    let left = raw.find("\u{1b}[?1049l").unwrap();
    assert!(
        raw[left..].contains("screen.key"),
        "told on the main screen"
    );
}

#[test]
fn a_panic_of_a_task_leaves_the_screen_as_it_is() {
    let mut term = Term::open(&[("ALLGREEN_FAULT", "screen.task")]);
    term.until(|screen| screen.contains("Part of the screen failed"));
    term.press("2");
    term.until(|screen| screen.contains("Nothing scheduled"));
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn an_arrow_in_two_packets_is_no_escape() {
    let mut term = Term::open(&[]);
    term.press("?");
    term.until(|screen| screen.contains("type to search"));
    term.press("\u{1b}");
    std::thread::yield_now();
    term.press("[B");
    term.quiet(MOMENT);
    assert!(term.text().contains("type to search"), "{}", term.text());
    term.press("\u{1b}");
    term.until(|screen| !screen.contains("type to search"));
}

#[test]
fn a_paste_is_one_text_and_no_keys() {
    let mut term = Term::open(&[]);
    term.press("\u{1b}[200~qqq\n?\u{1b}[201~");
    term.until(|screen| screen.contains("A paste does nothing here."));
    // The key is offered once it is known which workspace there is.
    term.until(|screen| screen.contains("c connect"));
    term.press("c");
    term.until(|screen| screen.contains("type to search"));
    term.press("\r");
    term.until(|screen| screen.contains("Password"));
    term.press("\u{1b}[200~abcd-efgh-ijkl-mnop\n\u{1b}[201~");
    term.until(|screen| screen.contains("•••••••••••••••••••"));
    assert!(!String::from_utf8_lossy(&term.raw).contains("efgh"));
}

#[test]
fn a_storm_of_resizes_is_a_few_frames() {
    let mut term = Term::open(&[]);
    term.quiet(MOMENT);
    let before = term.raw.len();
    for step in 0..40 {
        term.resize(24 + step % 6, 80 + step);
    }
    term.resize(30, 100);
    term.quiet(MOMENT);
    let frames = term.raw[before..]
        .windows(8)
        .filter(|bytes| bytes == b"\x1b[?2026h")
        .count();
    assert!((1..=12).contains(&frames), "{frames} frames");
    assert!(term.text().contains("1 Channels"));
}

#[test]
fn a_terminal_of_no_size_is_survived() {
    let mut term = Term::open(&[]);
    term.resize(0, 0);
    term.quiet(MOMENT);
    term.resize(24, 80);
    term.until(|screen| screen.contains("1 Channels"));
}

#[test]
fn without_colour_no_colour_is_sent() {
    let mut term = Term::open(&[("NO_COLOR", "1")]);
    term.press("jk?");
    term.quiet(MOMENT);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    for color in ["\u{1b}[31m", "\u{1b}[38;", "\u{1b}[32m", "\u{1b}[48;"] {
        assert!(!raw.contains(color), "{color:?}");
    }
}

#[test]
fn a_suspended_screen_leaves_the_terminal_and_comes_back() {
    let mut term = Term::open(&[]);
    term.press("\u{1a}");
    let end = boot() + PATIENCE;
    while term.parser.screen().alternate_screen() {
        assert!(boot() < end, "still there:\n{}", term.text());
        let _ = term.take(Duration::from_millis(50));
    }
    term.quiet(MOMENT);
    term.signal("CONT");
    term.until(|screen| screen.contains("1 Channels"));
    assert!(term.parser.screen().alternate_screen());
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn leaving_is_noted_for_the_one_who_left() {
    for way in ["q", "HUP"] {
        let mut term = Term::open(&[]);
        match way {
            "q" => term.press("q"),
            _ => term.signal("HUP"),
        }
        term.ended();
        let store = term.home().unwrap().join("allgreen.db");
        let store = rusqlite::Connection::open(store).unwrap();
        let noted: i64 = store
            .query_row(
                "SELECT count(*) FROM setting JOIN operator ON key = 'left.' || id",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(noted, 1, "{way}");
    }
}
