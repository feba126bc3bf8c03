//! Screens and daemons on one store: one publishes, every screen says who.

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::Simulated;
use crate::terminal::Term;

const THIS: &str = "this screen publishes";
const ANOTHER: &str = "another screen publishes";
const DAEMON: &str = "daemon publishes";

fn desk() -> (Simulated, Desk, String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    (ground, desk, channel)
}

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
