//! A Mastodon channel is mended from the screen by a login in a browser: one
//! on another machine, whose last address is pasted, and one that comes back by
//! itself.

use allgreen::sandbox::Sandbox;
use allgreen::sandbox::faults::Fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::common::human::{Answer, consent};
use crate::common::program::Desk;
use crate::common::simulated::sandbox;
use crate::common::{http, runtime};
use crate::terminal::Term;

struct Scene {
    sandbox: Sandbox,
    desk: Desk,
}

impl Scene {
    fn new() -> Self {
        let sandbox = sandbox();
        for name in ["ann", "bob"] {
            sandbox.mastodon().create_account(name).unwrap();
        }
        let desk = Desk::new("[networks.mastodon]\nallow_private_hosts = true\n");
        Self { sandbox, desk }
    }

    /// A screen on which ann's account was connected.
    fn connected(&self) -> Term {
        let mut term = Term::over(&self.desk.home.path());
        term.until(|screen| screen.contains("c connect"));
        term.press("c");
        term.until(|screen| screen.contains("type to search"));
        term.press("masto\r");
        term.until(|screen| screen.contains("any page of the account's server"));
        term.press(self.sandbox.mastodon_base());
        term.until(|screen| screen.contains("Server  ▌http"));
        term.press("\r");
        let end = self.allow(&mut term, "ann");
        paste(&mut term, &end);
        term.until(|screen| screen.contains("Connected @ann@") && screen.contains("1 healthy"));
        term
    }

    /// Ann removes the app; the next proof says so.
    fn broken(&self, term: &mut Term) {
        self.sandbox.mastodon().unlink("ann").unwrap();
        term.press("p");
        term.until(|screen| screen.contains("1 broken"));
    }

    /// Takes the link off the clipboard, and somebody says yes in a browser;
    /// where that is sent then.
    fn allow(&self, term: &mut Term, account: &str) -> Url {
        let link = link(term);
        runtime()
            .block_on(consent(&link, account, Answer::Allow))
            .unwrap()
    }
}

/// Copies the link and takes it off the clipboard.
fn link(term: &mut Term) -> String {
    term.until(|screen| screen.contains("y copies its link"));
    let before = term.raw.len();
    term.press("y");
    term.until(|screen| screen.contains("sent to your terminal"));
    let raw = String::from_utf8_lossy(&term.raw[before..]).into_owned();
    let (_, text) = raw.split_once("\u{1b}]52;c;").unwrap();
    let text = text.split(['\u{7}', '\u{1b}']).next().unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

fn paste(term: &mut Term, address: &Url) {
    term.press(&format!("\u{1b}[200~{address}\n\u{1b}[201~"));
}

#[test]
fn b2_a_channel_is_mended_by_a_browser_on_another_machine_and_one_paste() {
    let scene = Scene::new();
    let mut term = scene.connected();
    scene.broken(&mut term);

    // Somebody else answers first: nothing is changed.
    term.press("r");
    let end = scene.allow(&mut term, "bob");
    paste(&mut term, &end);
    term.until(|screen| screen.contains("Another account answered"));
    assert!(term.text().contains("1 broken"), "{}", term.text());

    // A new link, shown alone and left waiting, answered from the bare list.
    term.press("\r");
    let link = link(&mut term);
    term.press("b");
    term.until(|screen| {
        screen.contains("Any key goes back") && screen.replace('\n', "").contains(&link)
    });
    assert!(!term.parser.screen().alternate_screen());
    term.press(" ");
    term.until(|screen| screen.contains("1 log in"));
    assert!(term.parser.screen().alternate_screen());
    term.press("\u{1b}");
    term.until(|screen| screen.contains("1 login waits: @ann@"));
    let end = runtime().block_on(consent(&link, "ann", Answer::Allow));
    paste(&mut term, &end.unwrap());
    term.until(|screen| screen.contains("Reconnected @ann@") && screen.contains("1 healthy"));
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn b2_a_browser_that_comes_back_to_this_machine_needs_no_paste() {
    let scene = Scene::new();
    let mut term = scene.connected();
    scene.broken(&mut term);
    term.press("r");
    let end = scene.allow(&mut term, "ann");
    let page = runtime().block_on(async { http().get(end).send().await.unwrap().text().await });
    assert!(page.unwrap().contains("Logged in"));
    term.until(|screen| screen.contains("Reconnected @ann@") && screen.contains("1 healthy"));
    term.press("q");
    assert_eq!(term.ended(), 0);
}

#[test]
fn b7_quitting_while_an_answer_is_checked_waits_for_its_end() {
    let scene = Scene::new();
    let mut term = scene.connected();
    scene.broken(&mut term);
    term.press("r");
    let end = scene.allow(&mut term, "ann");
    scene
        .sandbox
        .mastodon()
        .fault_once("token", Fault::Delay(1_000));
    // Without bracketed paste the address comes as keys, in one read.
    term.press(end.as_str());
    term.until(|screen| screen.contains("▸ 2 check"));
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
    let raw = String::from_utf8_lossy(&term.raw).into_owned();
    for words in ["1 login is being checked", "Reconnected @ann@"] {
        assert!(raw.contains(words), "{words}: {}", term.text());
    }
    let channels = scene.desk.json(&["channel", "list"]);
    assert_eq!(channels[0]["status"], "ACTIVE");
}
