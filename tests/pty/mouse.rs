//! The mouse is the terminal's unless it is asked for, and is given back.

use crate::terminal::{MOMENT, Term};

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
    term.press("\u{1b}[<0;10");
    term.quiet(std::time::Duration::from_millis(120));
    term.press(";12M");
    term.press("\u{1b}[<64;10;12M");
    term.quiet(MOMENT);
    let text = term.text();
    assert!(text.contains("1 Channels"), "{text}");
    assert!(!text.contains("All workspaces of"), "{text}");
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn it_comes_back_after_the_screen_was_suspended() {
    let mut term = Term::open(&[]);
    asks_for_it(&mut term);
    term.signal("TSTP");
    term.quiet(MOMENT);
    let raw = said(&term);
    assert!(raw.rfind(OFF) > raw.rfind(ON), "stopped");
    term.signal("CONT");
    term.quiet(MOMENT);
    let raw = said(&term);
    assert!(raw.rfind(ON) > raw.rfind(OFF), "and on again");
}
