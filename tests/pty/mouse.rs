//! The mouse is the terminal's unless it is asked for, and is given back.

use std::time::Duration;

use crate::terminal::{MOMENT, PATIENCE, Term, boot};

const ON: &str = "\u{1b}[?1000h";
const OFF: &str = "\u{1b}[?1000l";

fn said(term: &Term) -> String {
    String::from_utf8_lossy(&term.raw).into_owned()
}

fn asks_for_it(term: &mut Term) {
    term.press(":mouse");
    term.until(|screen| screen.contains("Clicks select and the wheel scrolls"));
    term.press("\r");
    term.until(|screen| screen.contains("Shift marks text"));
}

/// Reads until of the two this was said last.
fn until_last(term: &mut Term, this: &str, other: &str) {
    let end = boot() + PATIENCE;
    while said(term).rfind(this) < said(term).rfind(other) {
        assert!(boot() < end, "{this:?} is not said after {other:?}");
        let _ = term.take(Duration::from_millis(50));
    }
}

#[test]
fn nobody_asked_for_the_mouse() {
    let mut term = Term::open(&[]);
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(!said(&term).contains(ON));
}

#[test]
fn it_is_given_back_when_the_screen_is_left_whichever_way() {
    for way in ["q", "TERM"] {
        let mut term = Term::open(&[]);
        asks_for_it(&mut term);
        assert!(said(&term).contains(ON));
        match way {
            "TERM" => term.signal("TERM"),
            _ => term.press("q"),
        }
        term.ended();
        let raw = said(&term);
        assert!(raw.rfind(OFF) > raw.rfind(ON), "{way}");
    }
}

#[test]
fn a_click_cut_in_two_presses_no_key() {
    let mut term = Term::open(&[]);
    asks_for_it(&mut term);
    term.quiet(MOMENT);
    let before = term.text();
    // On the frame, where there is no row; the rest comes late.
    term.press("\u{1b}[<0;1");
    term.quiet(Duration::from_millis(120));
    term.press(";24M");
    term.press("\u{1b}[<64;1;24M");
    term.quiet(MOMENT);
    assert_eq!(term.text(), before);
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn it_comes_back_after_the_screen_was_suspended() {
    let mut term = Term::open(&[]);
    asks_for_it(&mut term);
    term.signal("TSTP");
    until_last(&mut term, OFF, ON);
    // It stops once the terminal is given back.
    term.quiet(MOMENT);
    term.signal("CONT");
    until_last(&mut term, ON, OFF);
}
