//! Rows 42 and 43: what comes back from a login by a hand instead of a browser,
//! and a port that somebody else has.

use std::net::TcpListener;
use std::time::Duration;

use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;

use crate::common::human::{Answer, consent};
use crate::common::logins::Waiting;
use crate::common::program::Desk;
use crate::common::runtime;

/// A desk, and an instance whose clock is moved by the test.
struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    desk: Desk,
}

impl Scene {
    fn new() -> Self {
        let clock = Clock::manual(Clock::real().now());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = runtime().block_on(Sandbox::start(options)).unwrap();
        sandbox.mastodon().create_account("acme").unwrap();
        Self {
            sandbox,
            clock,
            desk: Desk::new("[networks.mastodon]\nallow_private_hosts = true\n"),
        }
    }

    /// A login that waits for a paste, and where the browser was sent.
    fn login(&self) -> (Waiting, String) {
        let words = [
            "connect",
            "mastodon",
            "--server",
            self.sandbox.mastodon_base(),
        ];
        let login = self.desk.log_in(&[&words[..], &["--paste", "-"]].concat());
        let end = runtime().block_on(consent(&login.link, "acme", Answer::Allow));
        (login, end.unwrap().to_string())
    }

    fn tokens_asked_for(&self) -> usize {
        let calls = self.sandbox.mastodon().calls();
        calls.iter().filter(|call| call.endpoint == "token").count()
    }

    fn assert_nothing_connected(&self) {
        let list = self.desk.json(&["channel", "list"]);
        assert_eq!(list, serde_json::json!([]));
    }
}

#[test]
fn row_43_spaces_quotes_and_escape_codes_around_an_address_are_not_part_of_it() {
    for (before, after) in [
        ("  ", "  "),
        ("\"", "\""),
        ("<", ">"),
        ("\u{1b}[200~", ""),
        ("\u{1b}[31m", ""),
        ("\t", "\u{7}"),
    ] {
        let scene = Scene::new();
        let (mut login, dead) = scene.login();
        // An empty line is nobody's answer.
        login.running.type_line("");
        login.running.type_line(&format!("{before}{dead}{after}"));
        assert_eq!(login.connected()["reconnected"], false, "{before:?}");
    }
}

#[test]
fn row_43_a_paste_that_was_damaged_or_is_another_networks_is_refused_in_words() {
    // An escape code at the end becomes part of the secret word, which no longer fits.
    let scene = Scene::new();
    let (mut login, dead) = scene.login();
    login.running.type_line(&format!("{dead}\u{1b}[0m"));
    let (outcome, error) = login.refused("bad_code");
    assert!(!outcome.stderr.contains('\u{1b}'), "{:?}", outcome.stderr);
    assert!(error["hint"].as_str().unwrap().len() > 10, "{error}");
    assert_eq!(scene.tokens_asked_for(), 0, "no code was tried");
    scene.assert_nothing_connected();

    for (pasted, words) in [
        (
            "https://bsky.app/profile/acme.test",
            "That address holds no code.",
        ),
        ("hello there", "That is neither an address nor a code."),
    ] {
        let (mut login, _) = scene.login();
        login.running.type_line(pasted);
        let outcome = login.running.wait(crate::common::PATIENCE);
        assert_ne!(outcome.code, Some(0), "{pasted:?}");
        assert!(
            outcome.stderr.contains(words),
            "{pasted:?}: {}",
            outcome.stderr
        );
        assert_eq!(scene.tokens_asked_for(), 0, "{pasted:?}");
        scene.assert_nothing_connected();
    }
}

#[test]
fn row_43_a_code_that_ended_meanwhile_says_so_and_a_new_login_works() {
    let scene = Scene::new();
    let (mut login, dead) = scene.login();
    scene.clock.advance(Duration::from_secs(11 * 60));
    login.running.type_line(&dead);
    let (_, error) = login.refused("bad_code");
    assert!(error["hint"].as_str().unwrap().len() > 10, "{error}");
    scene.assert_nothing_connected();
    let (mut again, dead) = scene.login();
    again.running.type_line(&dead);
    again.connected();
}

#[test]
fn row_42_a_port_that_somebody_else_has_is_said_before_anybody_is_sent_anywhere() {
    let scene = Scene::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("http://{}/callback", taken.local_addr().unwrap());
    scene.desk.home.write_config(&format!(
        "[networks.mastodon]\nallow_private_hosts = true\nredirect_uri = \"{redirect}\"\n"
    ));
    let words = [
        "channel",
        "connect",
        "mastodon",
        "--server",
        scene.sandbox.mastodon_base(),
        "--no-browser",
        "--json",
    ];
    let outcome = scene.desk.home.allgreen(words).run().expect_code(1);
    assert!(outcome.stderr.contains("no_listener"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("Free that port"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("authorize:"), "{}", outcome.stderr);
    scene.assert_nothing_connected();
}
