//! No secret on the screen: everything a terminal was sent while people logged
//! in, mistyped and met servers that repeat their tokens, and everything that
//! could be read on it at any moment.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::common::canaries::{Canaries, Said};
use crate::common::crashes::Ground as _;
use crate::common::human::{Answer, consent};
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Proxy};
use crate::common::runtime;
use crate::common::simulated::Simulated;
use crate::terminal::Term;

const WRONG: &str = "zqxw-canp-assw-ord1";

/// A JSON error of a server that repeats what it was given.
fn echo(status: u16, token: &str) -> Fault {
    Fault::xrpc_error(
        status,
        &format!("Bad-{token}"),
        &format!("unexpected token {token} in Bearer {token}"),
    )
}

/// Connects the account with its app password; a wrong one is typed first, and
/// the server repeats the right one in an error.
fn connect_with_password(term: &mut Term, network: &Simulated) {
    term.until(|screen| screen.contains("c connect"));
    term.press("c");
    term.until(|screen| screen.contains("type to search"));
    term.press("blue\r");
    term.until(|screen| screen.contains("Password"));
    term.press("ann.test\t");
    let password = network.app_password();
    network
        .proxy()
        .next("com.atproto.server.createSession", echo(400, WRONG));
    network
        .proxy()
        .next("com.atproto.server.createSession", echo(500, &password));
    for (typed, answer) in [
        (WRONG, "400): unexpected token [secret]"),
        (&password, "500"),
        (&password, "1 healthy"),
    ] {
        term.press("\u{15}");
        term.until(|screen| !screen.contains("••••"));
        term.press(&format!("\u{1b}[200~{typed}\n\u{1b}[201~"));
        term.until(|screen| screen.contains("••••"));
        term.press("\r");
        term.until(|screen| screen.contains(answer));
    }
}

/// Connects an account by the address a browser elsewhere ended on.
fn connect_with_paste(term: &mut Term, proxy: &Proxy, canaries: &mut Canaries) {
    term.until(|screen| screen.contains("c connect") && screen.contains("1 healthy"));
    term.press("c");
    term.until(|screen| screen.contains("type to search"));
    term.press("masto\r");
    term.until(|screen| screen.contains("any page of the account's server"));
    term.press(&proxy.url());
    term.until(|screen| screen.contains("Server  ▌http"));
    term.press("\r");
    term.until(|screen| screen.contains("y copies its link"));
    let before = term.raw.len();
    term.press("y");
    term.until(|screen| screen.contains("sent to your terminal"));
    let raw = String::from_utf8_lossy(&term.raw[before..]).into_owned();
    let (_, text) = raw.split_once("\u{1b}]52;c;").unwrap();
    let text = text.split(['\u{7}', '\u{1b}']).next().unwrap();
    let link = String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
    let end = runtime()
        .block_on(consent(&link, "acme", Answer::Allow))
        .unwrap();
    let code = end.query_pairs().find(|(name, _)| name == "code");
    canaries.add("code", &code.unwrap().1);
    // First one that belongs to nobody.
    let foreign = end.as_str().replace("state=", "state=foreign");
    term.press(&format!("\u{1b}[200~{foreign}\n\u{1b}[201~"));
    term.until(|screen| screen.contains("another login") || screen.contains("Paste"));
    term.press(&format!("\u{1b}[200~{end}\n\u{1b}[201~"));
    term.until(|screen| screen.contains("Connected @acme@"));
}

/// All that came to the terminal and all that was ever to be read there.
fn transcript(term: &Term) -> Said {
    let mut said = Said::default();
    said.note("what was sent to the terminal", term.raw.clone());
    let shown = term.shown.as_ref().unwrap();
    assert!(shown.len() > 50, "the screen was watched");
    for line in shown {
        said.note(format!("the line {line:?}"), line.as_bytes());
    }
    said
}

#[test]
fn output_no_secret_is_ever_on_the_screen() {
    let network = Simulated::new();
    network.sandbox.mastodon().create_account("acme").unwrap();
    let proxy = Proxy::start(network.sandbox.mastodon_base());
    proxy.replace_in_answers(network.sandbox.mastodon_base(), &proxy.url());
    let desk = Desk::new(&format!(
        "{}[networks.mastodon]\nallow_private_hosts = true\n",
        network.config()
    ));
    let mut canaries = Canaries::default();
    canaries.add("wrong password", WRONG);
    let password = network.app_password();
    canaries.add("app password", &password);
    let mut term = Term::over(&desk.home.path());
    term.shown = Some(BTreeSet::new());
    connect_with_password(&mut term, &network);
    connect_with_paste(&mut term, &proxy, &mut canaries);
    canaries.take_from(&network.proxy().calls("*"));
    canaries.take_from(&proxy.calls("*"));
    canaries.take_sealed(&desk.home);
    for kind in [
        "accessJwt",
        "refreshJwt",
        "access_token",
        "code_verifier",
        "client_secret",
    ] {
        assert!(canaries.has(kind), "{kind}: {:?}", canaries.0.keys());
    }

    // Refusals that repeat the token, with all there is to be read about them.
    let channels = desk.json(&["channel", "list"]);
    let of = |platform: &str| {
        let mut all = channels.as_array().unwrap().iter();
        let found = all.find(|one| one["platform"] == platform).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let access = canaries.named("accessJwt").to_owned();
    network
        .proxy()
        .next("com.atproto.repo.putRecord", echo(400, &access));
    let token = canaries.named("access_token").to_owned();
    let body = serde_json::json!({ "error": format!("The access token {token} is odd") });
    proxy.next(
        "/api/v1/statuses",
        Fault::Answer {
            status: 500,
            headers: Vec::new(),
            body: body.to_string(),
        },
    );
    for (platform, ends) in [("BLUESKY", "failed"), ("MASTODON", "published")] {
        let refused = desk.post_now(&of(platform), "refused");
        desk.wait_for_state(&refused, ends);
    }
    term.until(|screen| screen.matches("refused").count() >= 2);
    for keys in [
        "2", "j", "k", "\r", "4", "j", "j", "j", "\u{1b}", "3", "j", "k", "\r", "\u{1b}", "1",
    ] {
        term.press(keys);
        term.quiet(std::time::Duration::from_millis(100));
    }
    let mut child = Said::default();
    child.process_of(term.child.process_id().unwrap());
    assert!(child.searched("environ"));
    child.files(&desk.home.path());
    assert!(child.searched("allgreen.db-wal") && child.searched("/logs/"));

    let canaries = canaries.with_their_ends();
    child.assert_clean_of(&canaries);
    transcript(&term).assert_clean_of(&canaries);

    // The same search sees one that is shown on purpose.
    term.resize(36, 200);
    let planted = desk.post_now(&of("BLUESKY"), &password);
    desk.wait_for_state(&planted, "published");
    term.until(|screen| screen.contains(&password));
    let said = transcript(&term);
    let seen = std::panic::catch_unwind(|| said.assert_clean_of(&canaries));
    let told = seen.unwrap_err();
    let told = told.downcast_ref::<String>().unwrap();
    assert!(told.contains("app password"), "{told}");
    term.signal("TERM");
    term.ended();
}
