//! Screens and daemons on one store: one publishes, every screen says who.

use std::time::Duration;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::desk;
use crate::terminal::{Term, boot};

const THIS: &str = "this screen publishes";
const ANOTHER: &str = "another screen publishes";
const DAEMON: &str = "daemon publishes";

fn sees(term: &mut Term, text: &str) {
    term.until(|screen| screen.contains(text));
}

/// Schedules a post and sees it out.
fn goes_out(desk: &Desk, channel: &str, text: &str) {
    let post = desk.schedule(channel, text, "in 1s");
    desk.wait_for_state(&post, "published");
}

#[test]
fn a_daemon_and_two_screens_have_one_publisher_and_another_takes_over_when_it_is_killed() {
    let (ground, desk, channel) = desk();
    let daemon = desk.home.daemon();
    let mut first = Term::over(&desk.home.path());
    let mut second = Term::over(&desk.home.path());
    sees(&mut first, DAEMON);
    sees(&mut second, DAEMON);
    goes_out(&desk, &channel, "by the daemon");

    daemon.kill_9().expect_killed();
    first.until(|screen| screen.contains(THIS) || screen.contains(ANOTHER));
    let (publishing, other) = if first.text().contains(THIS) {
        (&mut first, &mut second)
    } else {
        (&mut second, &mut first)
    };
    sees(publishing, THIS);
    sees(other, ANOTHER);
    goes_out(&desk, &channel, "by a screen");

    // A daemon that waits gets the role from a screen.
    let daemon = desk.home.daemon();
    sees(publishing, DAEMON);
    sees(other, DAEMON);
    goes_out(&desk, &channel, "by the next daemon");
    assert_eq!(ground.posts().len(), 3);
    daemon.terminate(crate::common::PATIENCE);
}

#[test]
fn suspending_the_publishing_screen_stops_nobodys_posts() {
    let (ground, desk, channel) = desk();
    let mut first = Term::over(&desk.home.path());
    sees(&mut first, THIS);
    let mut second = Term::over(&desk.home.path());
    sees(&mut second, ANOTHER);
    first.press("\u{1a}");
    sees(&mut second, THIS);
    goes_out(&desk, &channel, "although one is suspended");
    assert_eq!(ground.posts().len(), 1);
    first.signal("CONT");
    sees(&mut first, ANOTHER);
    first.press("q");
    assert_eq!(first.ended(), 0);
}

#[test]
fn row_29_while_a_foreign_program_keeps_the_lock_the_screen_says_so_and_answers_every_key() {
    let (ground, desk, channel) = desk();
    let mut term = Term::over(&desk.home.path());
    sees(&mut term, THIS);
    let due = desk.schedule(&channel, "after the lock", "in 3s");
    let foreign = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    foreign.busy_timeout(Duration::from_secs(5)).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = boot();
    sees(&mut term, "The store is busy");
    assert!(boot() - began < Duration::from_secs(10), "{}", term.text());
    let mut slowest = Duration::ZERO;
    while boot() - began < Duration::from_secs(30) {
        let pressed = boot();
        term.press("?");
        sees(&mut term, "type to search");
        term.press("\u{1b}");
        term.until(|screen| !screen.contains("type to search"));
        slowest = slowest.max(boot() - pressed);
        assert!(term.text().contains("The store is busy"), "{}", term.text());
        term.quiet(Duration::from_millis(500));
    }
    // Far from the five seconds one try for the lock lasts.
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert!(
        ground.posts().is_empty(),
        "what cannot be armed is not sent"
    );
    foreign.execute_batch("ROLLBACK").unwrap();
    term.until(|screen| !screen.contains("The store is busy"));
    desk.wait_for_state(&due, "published");
    assert_eq!(ground.posts().len(), 1);
    term.signal("TERM");
    term.ended();
}
