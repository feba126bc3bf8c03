//! The terminal is asked for its background, once, and whatever it answers and
//! whenever is never typed into the screen or into the shell after it.

use std::time::Duration;

use crate::terminal::{MOMENT, Term};

const QUESTION: &str = "\u{1b}]11;?";
/// What xterm answers on white.
const WHITE: &str = "\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\";
/// The same with the other end there is.
const BLACK: &str = "\u{1b}]11;rgb:0000/0000/0000\u{7}";

fn said(term: &Term) -> String {
    String::from_utf8_lossy(&term.raw).into_owned()
}

/// Whether a colour of 256 was sent.
fn is_sent(term: &Term, color: u8) -> bool {
    said(term).contains(&format!(";38;5;{color}m"))
}

#[test]
fn the_question_is_asked_once_and_its_answer_colours_the_screen() {
    let mut term = Term::open(&[]);
    assert_eq!(said(&term).matches(QUESTION).count(), 1);
    // Nobody publishes here, or this screen does: there is a lamp to colour.
    term.press(WHITE);
    term.quiet(MOMENT);
    assert!(
        is_sent(&term, 94) || is_sent(&term, 160) || is_sent(&term, 22),
        "the light colours"
    );
    term.press("\u{c}");
    term.quiet(MOMENT);
    assert_eq!(said(&term).matches(QUESTION).count(), 1, "not again");
}

#[test]
fn an_answer_that_is_late_cut_or_comes_twice_presses_no_key() {
    let mut term = Term::open(&[]);
    term.quiet(Duration::from_millis(2500));
    let before = term.text();
    for answer in [WHITE, BLACK] {
        term.press(answer);
        for cut in [1, 5, 12] {
            let (first, rest) = answer.split_at(cut);
            term.press(first);
            term.quiet(Duration::from_millis(120));
            term.press(rest);
        }
    }
    term.quiet(MOMENT);
    assert_eq!(term.text(), before);
    assert!(!is_sent(&term, 160), "late is too late");
    // Keys are keys again, and a field gets none of it.
    term.press("/");
    term.press(WHITE);
    term.press("acme");
    term.until(|screen| screen.contains("/acme") || screen.contains("/ acme"));
    assert!(!term.text().contains("rgb"), "{}", term.text());
}

#[test]
fn an_answer_to_a_screen_that_is_left_at_once_is_not_typed_into_the_shell() {
    let mut term = Term::open(&[]);
    term.press("q");
    term.press(WHITE);
    assert_eq!(term.ended(), 0);
    // The terminal echoes what nobody read.
    assert!(!term.text().contains("rgb"), "{}", term.text());
}

#[test]
fn what_needs_no_answer_asks_nothing() {
    for environment in [
        ("NO_COLOR", "1"),
        ("TERM", "xterm"),
        ("TERM", "linux"),
        ("TERM", "vt100"),
    ] {
        let term = Term::open(&[environment, ("COLORTERM", "")]);
        assert!(!said(&term).contains("\u{1b}]11"), "{environment:?}");
    }
}
