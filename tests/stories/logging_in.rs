//! Logging in on a network's own page, with the real program: the browser comes
//! back, or its dead address is pasted, and whoever else knocks changes nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use allgreen::sandbox::Sandbox;
use allgreen::sandbox::faults::Fault;

use crate::common::human::{Answer, consent};
use crate::common::logins::{Waiting, browse};
use crate::common::program::Desk;
use crate::common::simulated::sandbox;
use crate::common::{PATIENCE, eventually, runtime};

/// A desk, and an instance with two accounts.
struct Scene {
    sandbox: Sandbox,
    desk: Desk,
}

impl Scene {
    fn new() -> Self {
        let sandbox = sandbox();
        for instance in [sandbox.mastodon(), sandbox.odd_mastodon()] {
            instance.create_account("acme").unwrap();
            instance.create_account("birch").unwrap();
        }
        Self {
            sandbox,
            desk: Desk::new("[networks.mastodon]\nallow_private_hosts = true\n"),
        }
    }

    fn server(&self) -> &str {
        self.sandbox.mastodon_base()
    }

    fn connect(&self, how: &[&str]) -> Waiting {
        let words = ["connect", "mastodon", "--server", self.server()];
        self.desk.log_in(&[&words, how].concat())
    }

    fn reconnect(&self, id: &str) -> Waiting {
        self.desk.log_in(&["reconnect", id, "--no-browser"])
    }

    fn connected(&self, account: &str) -> String {
        let login = self.connect(&["--no-browser"]);
        browse(&allowed(&login, account));
        login.connected()["id"].as_str().unwrap().to_owned()
    }

    fn calls(&self, endpoint: &str) -> usize {
        let calls = self.sandbox.mastodon().calls();
        calls
            .iter()
            .filter(|call| call.endpoint == endpoint)
            .count()
    }

    fn live_tokens(&self) -> usize {
        self.sandbox.mastodon().live_tokens("acme")
    }
}

/// Where the browser is sent when the person allows it.
fn allowed(login: &Waiting, account: &str) -> String {
    answered(login, account, Answer::Allow)
}

fn answered(login: &Waiting, account: &str, answer: Answer) -> String {
    let end = runtime().block_on(consent(&login.link, account, answer));
    end.unwrap().to_string()
}

#[test]
fn b2_the_browser_comes_back_and_the_channel_is_proved() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    assert_eq!(login.redirect().host_str(), Some("127.0.0.1"));
    let (status, page) = browse(&allowed(&login, "acme"));
    assert_eq!(status, 200);
    assert!(page.contains("Logged in"), "{page}");
    let channel = login.connected();
    assert_eq!(channel["platform"], "MASTODON");
    assert_eq!(channel["loginMethod"], "oauth");
    assert_eq!(channel["lamp"], "green");
    assert_eq!(channel["tokenExpiry"], "never");
    let scopes = channel["scopes"].as_array().unwrap();
    assert!(scopes.contains(&"write:statuses".into()), "{scopes:?}");

    let id = channel["id"].as_str().unwrap();
    let words = ["post", "create", "--to", id, "--text", "by oauth", "--now"];
    scene.desk.home.allgreen(words).run().expect_code(7);
    scene.desk.home.allgreen(["daemon", "--once"]).run().ok();
    let statuses = scene.sandbox.mastodon().statuses();
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0].text, "by oauth");
}

#[test]
fn b2_the_dead_address_its_query_and_the_bare_code_are_pasted() {
    let scene = Scene::new();
    let pasted = |how: fn(&str) -> String, account: &str| {
        let mut login = scene.connect(&["--paste", "-"]);
        let dead = allowed(&login, account);
        login.running.type_line(&how(&dead));
        // As a script does that has no more to say.
        login.running.end_of_input();
        login.connected()
    };
    let query = |dead: &str| dead.split_once('?').unwrap().1.to_owned();
    let first = pasted(str::to_owned, "acme");
    assert_eq!(first["reconnected"], false);
    let again = pasted(query, "acme");
    assert_eq!(
        again["reconnected"], true,
        "the same account is its reconnect"
    );
    assert_eq!(again["id"], first["id"]);
    let code = pasted(
        |dead| {
            let url = url::Url::parse(dead).unwrap();
            let code = url.query_pairs().find(|(name, _)| name == "code");
            code.unwrap().1.into_owned()
        },
        "birch",
    );
    assert_ne!(code["id"], first["id"]);
}

#[test]
fn row_43_a_paste_that_is_no_answer_is_called_what_it_is() {
    let scene = Scene::new();
    let mut login = scene.connect(&["--paste", "-"]);
    let link = login.link.clone();
    login.running.type_line(&link);
    let outcome = login.running.wait(PATIENCE).expect_code(2);
    assert!(
        outcome
            .stderr
            .contains("That is the link to the login page"),
        "{}",
        outcome.stderr
    );
    let mut login = scene.connect(&["--paste", "-"]);
    let other = scene.connect(&["--no-browser"]);
    let foreign = allowed(&other, "acme");
    login.running.type_line(&foreign);
    login.refused("bad_code");
    assert_eq!(scene.desk.json(&["channel", "list"]), serde_json::json!([]));
    // The login it belonged to was not hurt by that.
    browse(&foreign);
    other.connected();
}

#[test]
fn row_42_whoever_else_knocks_changes_nothing_and_the_right_answer_still_counts() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    let good = allowed(&login, "acme");
    let redirect = login.redirect();
    let (port, state) = (redirect.port().unwrap(), login.state());
    let at = |rest: &str| format!("http://127.0.0.1:{port}{rest}");

    let forged = at("/callback?code=stolen-code&state=guessed-word");
    assert_eq!(browse(&forged).0, 400, "another secret word");
    assert_eq!(
        browse(&at("/callback?code=stolen-code")).0,
        400,
        "none at all"
    );
    assert_eq!(
        browse(&at(&format!("/callback?state={state}"))).0,
        400,
        "no answer in it"
    );
    assert_eq!(
        browse(&at(&format!(
            "/callback?code=a234567&code=b234567&state={state}"
        )))
        .0,
        400
    );
    let huge = at(&format!(
        "/callback?state={state}&code={}",
        "a".repeat(5000)
    ));
    assert_eq!(browse(&huge).0, 400, "oversized");
    assert_eq!(
        browse(&at(&format!("/?code=a234567&state={state}"))).0,
        404,
        "another path"
    );
    assert_eq!(
        browse(&at(&format!("/callback/?code=a234567&state={state}"))).0,
        404
    );
    let script = browse(&at(
        "/callback?state=x&code=%3Cscript%3Ealert(1)%3C/script%3E",
    ))
    .1;
    assert!(!script.contains("alert"), "nothing is repeated: {script}");

    let raw = |head: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said.lines().next().unwrap_or_default().to_owned()
    };
    let query = format!("code=a234567&state={state}");
    let rebound = raw(&format!(
        "GET /callback?{query} HTTP/1.1\r\nHost: evil.example:{port}\r\nConnection: close\r\n\r\n"
    ));
    assert!(rebound.contains("400"), "a name that leads here: {rebound}");
    let posted = raw(&format!(
        "POST /callback?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    ));
    assert!(posted.contains("405"), "{posted}");
    let endless = raw(&format!(
        "GET /callback?{query}&x={} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
        "y".repeat(600_000)
    ));
    assert!(!endless.contains("200"), "{endless}");
    // One that begins and never ends keeps nobody out.
    let mut slow = TcpStream::connect(("127.0.0.1", port)).unwrap();
    slow.write_all(b"GET /callback?code=").unwrap();

    assert_eq!(scene.calls("token"), 0, "no code was tried");
    // The right one, twice at once: the second is told so, the code is used once.
    scene
        .sandbox
        .mastodon()
        .fault_once("token", Fault::Delay(700));
    let (first, second) = std::thread::scope(|threads| {
        let one = threads.spawn(|| browse(&good));
        eventually("the code is on its way", PATIENCE, || {
            scene.calls("token") == 1
        });
        let again = browse(&good);
        (one.join().unwrap(), again)
    });
    assert!(first.1.contains("Logged in"), "{}", first.1);
    assert!(second.1.contains("Received already"), "{}", second.1);
    login.connected();
    assert_eq!(scene.calls("token"), 1);
}

#[test]
fn b2_where_the_browser_cannot_come_back_the_code_is_pasted() {
    let scene = Scene::new();
    let relay = "https://relay.example/paste.html";
    let shown = "urn:ietf:wg:oauth:2.0:oob";
    for (redirect, account) in [(relay, "acme"), (shown, "birch")] {
        scene.desk.home.write_config(&format!(
            "[networks.mastodon]\nallow_private_hosts = true\nredirect_uri = \"{redirect}\"\n"
        ));
        let server = scene.server();
        let words = [
            "channel",
            "connect",
            "mastodon",
            "--server",
            server,
            "--no-browser",
        ];
        let nobody = scene.desk.home.allgreen(words).run().expect_code(2);
        assert!(nobody.stderr.contains("--paste -"), "{}", nobody.stderr);
        let mut login = scene.connect(&["--paste", "-"]);
        let end = allowed(&login, account);
        let url = url::Url::parse(&end).unwrap();
        let code = url
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1;
        let pasted = if redirect == relay {
            end.clone()
        } else {
            code.into_owned()
        };
        login.running.type_line(&pasted);
        assert_eq!(login.connected()["lamp"], "green", "{redirect}");
    }
}

#[test]
fn b2_a_refusal_is_said_in_words_and_changes_nothing() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    let (_, page) = browse(&answered(&login, "acme", Answer::Deny));
    assert!(page.contains("Not logged in"), "{page}");
    let (_, error) = login.refused("access_denied");
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("refused on Mastodon's page"), "{said}");
    assert_eq!(scene.desk.json(&["channel", "list"]), serde_json::json!([]));
}

#[test]
fn a7_a_scope_that_was_not_given_is_named_and_the_posts_are_held() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    browse(&answered(
        &login,
        "acme",
        Answer::Untick(vec!["write:media"]),
    ));
    let channel = login.connected();
    assert_eq!(channel["cause"], "scope_missing");
    assert_eq!(channel["lamp"], "broken");
    assert_eq!(channel["missingScopes"], serde_json::json!(["write:media"]));
    let id = channel["id"].as_str().unwrap();
    let held = scene.desk.schedule(id, "later", "in 1h");
    assert_eq!(scene.desk.delivery(&held)["state"], "held");
    let again = scene.reconnect(id);
    browse(&allowed(&again, "acme"));
    assert_eq!(again.connected()["lamp"], "green");
    assert_eq!(scene.desk.delivery(&held)["state"], "scheduled");
}

#[test]
fn b4_another_account_is_refused_with_both_names_and_let_go_of() {
    let scene = Scene::new();
    let id = scene.connected("acme");
    let login = scene.reconnect(&id);
    browse(&allowed(&login, "birch"));
    let (_, error) = login.refused("another_account");
    let said = error["message"].as_str().unwrap();
    assert!(
        said.contains("@acme@") && said.contains("@birch@"),
        "{said}"
    );
    assert_eq!(scene.desk.channel(&id)["lamp"], "green");
    assert_eq!(
        scene.sandbox.mastodon().live_tokens("birch"),
        0,
        "its token is given back"
    );
    assert_eq!(scene.live_tokens(), 1);
}

#[test]
fn a_login_taken_away_at_the_network_is_held_and_mended_in_the_browser() {
    let scene = Scene::new();
    let id = scene.connected("acme");
    let post = scene.desk.schedule(&id, "at its time", "in 2s");
    scene.sandbox.mastodon().unlink("acme").unwrap();
    scene.desk.home.allgreen(["channel", "probe", &id]).run();
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["status"], "REVOKED");
    assert_eq!(scene.desk.delivery(&post)["state"], "held");
    let login = scene.reconnect(&id);
    browse(&allowed(&login, "acme"));
    assert_eq!(login.connected()["reconnected"], true);
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&post, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(scene.sandbox.mastodon().statuses().len(), 1);
}

#[test]
fn e_a_disconnect_gives_the_token_back() {
    let scene = Scene::new();
    let id = scene.connected("acme");
    assert_eq!(scene.live_tokens(), 1);
    scene
        .desk
        .home
        .allgreen(["channel", "disconnect", &id, "--yes"])
        .run()
        .ok();
    assert_eq!(scene.live_tokens(), 0);
    assert_eq!(scene.calls("revoke"), 1);
}

#[test]
fn servers_that_differ_are_logged_in_to_all_the_same() {
    let scene = Scene::new();
    let server = scene.sandbox.odd_mastodon_base();
    let words = ["connect", "mastodon", "--server", server, "--no-browser"];
    let login = scene.desk.log_in(&words);
    browse(&allowed(&login, "acme"));
    assert_eq!(login.connected()["lamp"], "green");
    // Older servers compare the whole address, port and all.
    scene
        .sandbox
        .mastodon()
        .differ(|settings| settings.exact_redirects = true);
    scene.connected("birch");
}

#[test]
fn row_35_ten_who_refresh_one_login_at_once_use_one_refresh_token() {
    let scene = Scene::new();
    scene
        .sandbox
        .mastodon()
        .differ(|settings| settings.token_life = Some(Duration::from_secs(7200)));
    let id = scene.connected("acme");
    assert_eq!(scene.desk.channel(&id)["tokenExpiry"], "date");
    scene.desk.home.write_config(
        "[networks.mastodon]\nallow_private_hosts = true\n[engine]\nrefresh_spacing = \"5s\"\n",
    );
    scene.desk.wait_for_age(&id, Duration::from_secs(5));
    let before = scene.calls("token");
    let daemon = scene.desk.home.daemon();
    let all: Vec<_> = (0..10)
        .map(|_| {
            scene
                .desk
                .home
                .allgreen(["channel", "refresh", &id])
                .spawn()
        })
        .collect();
    for one in all {
        one.wait(PATIENCE).ok();
    }
    daemon.terminate(PATIENCE);
    assert_eq!(scene.calls("token") - before, 1);
    // The next one, later, gets the next pair: the chain was not broken.
    scene.desk.wait_for_age(&id, Duration::from_secs(5));
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .run()
        .ok();
    assert_eq!(scene.calls("token") - before, 2);
    assert_eq!(scene.desk.channel(&id)["lamp"], "green");
}

#[test]
fn b2_a_login_that_nobody_finishes_ends_and_so_does_one_whose_answer_is_lost() {
    let scene = Scene::new();
    let config =
        "[networks.mastodon]\nallow_private_hosts = true\n[engine]\nlogin_limit = \"300ms\"\n";
    scene.desk.home.write_config(config);
    let login = scene.connect(&["--no-browser"]);
    login.refused("login_timeout");
    scene
        .desk
        .home
        .write_config("[networks.mastodon]\nallow_private_hosts = true\n");
    scene
        .sandbox
        .mastodon()
        .fault_once("token", Fault::DropAnswer);
    let login = scene.connect(&["--no-browser"]);
    browse(&allowed(&login, "acme"));
    login.refused("unreachable");
    assert_eq!(scene.desk.json(&["channel", "list"]), serde_json::json!([]));
}

#[test]
fn nothing_of_a_login_is_written_down() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    let state = login.state();
    let back = allowed(&login, "acme");
    let url = url::Url::parse(&back).unwrap();
    let code = url
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();
    browse(&back);
    let outcome = login.running.wait(PATIENCE).ok();
    for text in [&outcome.stdout, &outcome.stderr.replace(&login.link, "")] {
        assert!(!text.contains(&code) && !text.contains(&state), "{text}");
    }
    for file in std::fs::read_dir(scene.desk.home.file("logs")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(&code) && !text.contains(&state));
        assert!(!text.contains("client_secret"), "{text}");
    }
}
