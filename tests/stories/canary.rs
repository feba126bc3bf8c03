//! No secret in any output there is: every way to log in, every answer that
//! repeats a token, a panic beside one, and then everything the program wrote,
//! printed or showed to other users of this machine is searched.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::common::crashes::Ground as _;
use crate::common::human::{Answer, consent};
use crate::common::logins::{Waiting, browse};
use crate::common::process::{Outcome, Run, Running};
use crate::common::program::Desk;
use crate::common::proxy::{Call, Fault, Proxy};
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually, runtime};
use allgreen::sandbox::telegram::{ChatKind, Rights};

/// Fields of requests and answers whose value is secret.
const FIELDS: &[&str] = &[
    "accessJwt",
    "refreshJwt",
    "access_token",
    "refresh_token",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "device_code",
];

/// What is searched for, by name.
#[derive(Default)]
struct Canaries(BTreeMap<String, String>);

impl Canaries {
    fn add(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= 8, "{name} is too short to be searched for");
        let name = format!("{name} {}", self.0.len());
        if !self.0.values().any(|known| known == secret) {
            self.0.insert(name, secret.to_owned());
        }
    }

    /// The secrets of everything that went over a wire.
    fn take_from(&mut self, calls: &[Call]) {
        for call in calls {
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body)
                .into_owned()
                .collect();
            for (name, value) in form {
                if FIELDS.contains(&name.as_str()) && value.len() >= 8 {
                    self.add(&name, &value);
                }
            }
            let bodies = call.server_bodies.iter().chain([&call.body]);
            for body in bodies {
                let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) else {
                    continue;
                };
                for name in FIELDS {
                    if let Some(value) = json[*name].as_str().filter(|value| value.len() >= 8) {
                        self.add(name, value);
                    }
                }
            }
        }
    }

    /// The names of the secrets that are in there, in any form.
    fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, secret)| {
            forms(secret)
                .iter()
                .any(|form| memchr(bytes, form.as_bytes()))
        });
        found.map(|(name, _)| name.as_str()).collect()
    }
}

fn memchr(bytes: &[u8], wanted: &[u8]) -> bool {
    let first = wanted[0];
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| *byte == first) {
        at += next;
        if bytes[at..].starts_with(wanted) {
            return true;
        }
        at += 1;
    }
    false
}

/// A secret as it is, in hexadecimal, in Base64 wherever it begins in a longer
/// text, and in addresses.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex];
    forms.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
    let all: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    forms.extend([all.to_lowercase(), all]);
    // A bot's token without its public half, a cut JWT.
    if let Some((_, half)) = secret.split_once(':') {
        forms.push(half.to_owned());
    }
    for shift in 0..3 {
        let shifted = [vec![b'x'; shift], secret.as_bytes().to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&shifted);
            // What is mixed with its neighbours is left out.
            let start = usize::from(shift > 0) * 4;
            let end = text.len() - text.len() % 4 - 4;
            forms.push(text[start..end].to_owned());
        }
    }
    forms
}

/// A call panics with its token in its words.
fn panics(desk: &Desk, said: &mut Said) {
    said.run(
        desk.home
            .allgreen(["daemon", "--once"])
            .fault("call.panic")
            .limit(PATIENCE * 2),
    );
    assert!(
        said.holds("errors of", "a defect in a call"),
        "the panic was told"
    );
    assert!(said.holds("errors of", "[secret]"), "without the token");
}

/// Everything that was printed, by command, and what other users could see.
#[derive(Default)]
struct Said(Vec<(String, Vec<u8>)>);

impl Said {
    fn note(&mut self, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.into(), bytes.into()));
    }

    fn outcome(&mut self, outcome: &Outcome) {
        self.note(
            format!("output of {}", outcome.shown),
            outcome.stdout.clone(),
        );
        self.note(
            format!("errors of {}", outcome.shown),
            outcome.stderr.clone(),
        );
    }

    fn run(&mut self, run: Run) -> Outcome {
        let outcome = run.run();
        self.outcome(&outcome);
        outcome
    }

    /// What everybody on this machine may read of a process.
    fn process(&mut self, running: &Running) {
        for file in ["cmdline", "environ", "comm", "status"] {
            let path = format!("/proc/{}/{file}", running.pid());
            if let Ok(bytes) = std::fs::read(&path) {
                self.note(path, bytes);
            }
        }
    }

    /// Every file below a directory: logs, database, backups and all.
    fn files(&mut self, below: &Path) {
        for entry in std::fs::read_dir(below).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                self.files(&path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                self.note(path.display().to_string(), bytes);
            }
        }
    }

    fn assert_clean_of(&self, canaries: &Canaries) {
        let leaks: Vec<String> = self
            .0
            .iter()
            .filter_map(|(place, bytes)| {
                let found = canaries.found_in(bytes);
                (!found.is_empty()).then(|| format!("{place}: {}", found.join(", ")))
            })
            .collect();
        assert!(
            leaks.is_empty(),
            "secrets were found in:\n{}",
            leaks.join("\n")
        );
    }

    fn holds(&self, place: &str, text: &str) -> bool {
        self.0
            .iter()
            .any(|(name, bytes)| name.contains(place) && memchr(bytes, text.as_bytes()))
    }
}

/// A JSON error of a server that repeats what it was given.
fn echo(status: u16, token: &str) -> Fault {
    Fault::xrpc_error(
        status,
        &format!("Bad-{token}"),
        &format!("unexpected token {token} in Bearer {token}"),
    )
}

/// Every command that shows something.
fn look_around(desk: &Desk, said: &mut Said, channel: &str, delivery: &str) {
    let commands: &[&[&str]] = &[
        &["status"],
        &["check"],
        &["channel", "list"],
        &["channel", "show", channel],
        &["channel", "history", channel],
        &["post", "list"],
        &["post", "why", delivery],
        &["audit"],
        &["notices"],
        &["incidents"],
        &["config", "show"],
        &["publisher", "show"],
    ];
    for command in commands {
        for json in [false, true] {
            let all = command.iter().chain(json.then_some(&"--json"));
            // Which of them exist is not this story's: what they say is.
            said.run(desk.home.allgreen(all));
        }
    }
}

/// A post that is due now, for whoever publishes.
fn first_delivery(desk: &Desk, channel: &str, text: &str) -> String {
    let words = [
        "post",
        "create",
        "--no-publish",
        "--to",
        channel,
        "--text",
        text,
        "--now",
    ];
    let post = desk.json(&words);
    post["deliveries"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn output_no_secret_of_an_app_password_login_is_anywhere() {
    let network = Simulated::new();
    let desk = Desk::new(&network.config());
    let (mut canaries, mut said) = (Canaries::default(), Said::default());
    let wrong = "zqxw-canp-assw-ord1";
    canaries.add("wrong password", wrong);
    canaries.add("app password", &network.app_password());
    let connect = [
        "channel",
        "connect",
        "bluesky",
        "--handle",
        "ann.test",
        "--password-stdin",
    ];
    said.run(desk.home.allgreen(connect).input(format!("{wrong}\n")))
        .expect_code(1);
    // A server that repeats the password it does not like.
    let password = network.app_password();
    network
        .proxy()
        .next("com.atproto.server.createSession", echo(500, &password));
    said.run(desk.home.allgreen(connect).input(format!("{password}\n")));
    let channel = desk.connect(&network.handle(), &password);
    canaries.take_from(&network.proxy().calls("*"));
    let access = canaries
        .0
        .iter()
        .find(|(name, _)| name.starts_with("accessJwt"));
    let access = access.expect("a token went over the wire").1.clone();

    // Answers that repeat the token, to a publish and to a refresh.
    let daemon = desk.home.daemon();
    let put = "com.atproto.repo.putRecord";
    network.proxy().next(put, echo(500, &access));
    let delivery = first_delivery(&desk, &channel, "echoed");
    desk.wait_for_state(&delivery, "published");
    network.proxy().next(put, echo(400, &access));
    let refused = first_delivery(&desk, &channel, "refused");
    desk.wait_for_state(&refused, "failed");
    network
        .proxy()
        .next("com.atproto.server.refreshSession", echo(400, &access));
    said.run(desk.home.allgreen(["channel", "refresh", &channel]));
    said.run(desk.home.allgreen(["channel", "refresh", &channel]));
    said.process(&daemon);
    look_around(&desk, &mut said, &channel, &refused);
    let copy = desk.home.file("copy.db");
    said.run(desk.home.allgreen(["backup", copy.to_str().unwrap()]));
    assert!(copy.exists(), "it is among the files that are searched");
    said.files(&desk.home.path());
    said.outcome(&daemon.terminate(PATIENCE));

    // A panic with the newest token in its words.
    first_delivery(&desk, &channel, "later");
    panics(&desk, &mut said);
    said.run(
        desk.home
            .allgreen(["channel", "disconnect", &channel, "--yes"]),
    );
    canaries.take_from(&network.proxy().calls("*"));
    assert!(canaries.0.len() >= 5, "{:?}", canaries.0.keys());
    said.files(&desk.home.path());
    assert!(
        said.holds(".log", "[secret]") || said.holds(".log", "putRecord"),
        "there is a log"
    );
    said.assert_clean_of(&canaries);
}

#[test]
fn output_no_secret_of_a_login_in_the_browser_is_anywhere() {
    let sandbox = crate::common::simulated::sandbox();
    sandbox.mastodon().create_account("acme").unwrap();
    let proxy = Proxy::start(sandbox.mastodon_base());
    // Its pages and endpoints name themselves.
    proxy.replace_in_answers(sandbox.mastodon_base(), &proxy.url());
    let desk = Desk::new("[networks.mastodon]\nallow_private_hosts = true\n");
    let (mut canaries, mut said) = (Canaries::default(), Said::default());
    let connect = [
        "channel",
        "connect",
        "mastodon",
        "--server",
        &proxy.url(),
        "--json",
    ];

    // The browser comes back; the address is pasted; a paste belongs to nobody.
    let mut channel = String::new();
    for way in ["browser", "paste", "foreign"] {
        let how: &[&str] = if way == "browser" {
            &["--no-browser"]
        } else {
            &["--paste", "-"]
        };
        let mut login = Waiting::of(desk.home.allgreen(connect.iter().chain(how)));
        said.process(&login.running);
        let end = runtime()
            .block_on(consent(&login.link, "acme", Answer::Allow))
            .unwrap();
        let code = end
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        canaries.add("code", &code);
        canaries.add("state", &login.state());
        match way {
            "browser" => drop(browse(end.as_str())),
            "paste" => login.running.type_line(end.as_str()),
            _ => {
                let foreign = end.as_str().replace("state=", "state=foreign");
                login.running.type_line(&foreign);
            }
        }
        let link = login.link.clone();
        let mut outcome = login.running.wait(PATIENCE);
        if way == "browser" {
            channel = outcome.json()["id"].as_str().unwrap().to_owned();
        }
        // The link is what a login shows, with its word in it.
        outcome.stderr = outcome.stderr.replace(&link, "");
        said.outcome(&outcome);
    }
    canaries.take_from(&proxy.calls("*"));
    let token = canaries
        .0
        .iter()
        .find(|(name, _)| name.starts_with("access_token"));
    let token = token.expect("a token went over the wire").1.clone();

    let daemon = desk.home.daemon();
    let body = serde_json::json!({ "error": format!("The access token {token} is odd") });
    proxy.next(
        "/api/v1/statuses",
        Fault::Answer {
            status: 500,
            headers: Vec::new(),
            body: body.to_string(),
        },
    );
    let delivery = first_delivery(&desk, &channel, "echoed");
    desk.wait_for_state(&delivery, "published");
    look_around(&desk, &mut said, &channel, &delivery);
    said.outcome(&daemon.terminate(PATIENCE));
    said.run(
        desk.home
            .allgreen(["channel", "disconnect", &channel, "--yes"]),
    );
    canaries.take_from(&proxy.calls("*"));
    for kind in [
        "code ",
        "state ",
        "access_token ",
        "client_secret ",
        "code_verifier ",
    ] {
        assert!(
            canaries.0.keys().any(|name| name.starts_with(kind)),
            "{kind}: {:?}",
            canaries.0.keys()
        );
    }
    said.files(&desk.home.path());
    said.assert_clean_of(&canaries);
}

#[test]
fn output_no_secret_of_a_bot_is_anywhere() {
    let sandbox = crate::common::simulated::sandbox();
    let telegram = sandbox.telegram();
    let token = telegram.create_bot("acme_bot", "Acme").unwrap();
    telegram
        .create_chat(ChatKind::Channel, "Acme", Some("acme_news"))
        .unwrap();
    let posts = Rights::Administrator { post: true };
    telegram
        .set_rights("acme_bot", "@acme_news", posts)
        .unwrap();
    let proxy = Proxy::start(sandbox.telegram_base());
    let config = format!(
        "[networks.telegram]\napi_base = \"{}\"\nallow_private_hosts = true\n",
        proxy.url()
    );
    let desk = Desk::new(&config);
    let (mut canaries, mut said) = (Canaries::default(), Said::default());
    let wrong = "123456789:AAcanaryWrongTokenOfNobody0123456789";
    canaries.add("wrong token", wrong);
    canaries.add("token", &token);
    let connect = [
        "channel",
        "connect",
        "telegram",
        "--chat",
        "@acme_news",
        "--token-stdin",
        "--json",
    ];
    said.run(desk.home.allgreen(connect).input(format!("{wrong}\n")))
        .expect_code(1);
    let done = said.run(desk.home.allgreen(connect).input(format!("{token}\n")));
    let channel = done.ok().json()["id"].as_str().unwrap().to_owned();
    let send = format!("/bot{token}/sendMessage");
    let body = serde_json::json!({ "ok": false, "error_code": 400, "description": format!("Bad Request: token {token} in /bot{token}/x") });
    proxy.next(
        &send,
        Fault::Answer {
            status: 400,
            headers: Vec::new(),
            body: body.to_string(),
        },
    );
    let daemon = desk.home.daemon();
    let delivery = first_delivery(&desk, &channel, "echoed");
    desk.wait_for_state(&delivery, "failed");
    // Nothing answers: the address holds the token.
    proxy.down();
    let waits = first_delivery(&desk, &channel, "unsent");
    eventually("it was tried", PATIENCE, || {
        desk.path(&waits).1.contains(&"not_processed".to_owned())
    });
    said.process(&daemon);
    look_around(&desk, &mut said, &channel, &waits);
    said.outcome(&daemon.terminate(PATIENCE));
    proxy.up();
    first_delivery(&desk, &channel, "panics");
    panics(&desk, &mut said);
    said.run(
        desk.home
            .allgreen(["channel", "disconnect", &channel, "--yes"]),
    );
    said.files(&desk.home.path());
    said.assert_clean_of(&canaries);
}

#[test]
fn output_the_search_finds_a_planted_secret_in_every_form() {
    let mut canaries = Canaries::default();
    let secret = "tok+EN/canary=0123456789";
    canaries.add("planted", secret);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for planted in [
        format!("a log line with {secret} in it"),
        format!("hex {hex}"),
        format!("HEX {}", hex.to_uppercase()),
        format!(
            "u?x={}&y",
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect::<String>()
        ),
        format!("basic {}", STANDARD.encode(format!("client:{secret}"))),
        format!("basic {}", STANDARD.encode(format!("a:{secret}:and more"))),
        format!(
            "url {}",
            URL_SAFE_NO_PAD.encode(format!("{{\"t\":\"{secret}\"}}"))
        ),
    ] {
        let mut said = Said::default();
        said.note("planted", planted.clone());
        let seen = std::panic::catch_unwind(|| said.assert_clean_of(&canaries));
        assert!(seen.is_err(), "not found: {planted}");
    }
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("backups")).unwrap();
    std::fs::write(
        home.path().join("backups/x.db"),
        [b"\0\xff", secret.as_bytes()].concat(),
    )
    .unwrap();
    let mut said = Said::default();
    said.files(home.path());
    assert_eq!(canaries.found_in(&said.0[0].1), ["planted 0"]);
    assert!(canaries.found_in(b"tok+EN is another").is_empty());
}
