//! No secret in any output there is: every way to log in, every answer that
//! repeats a token, a panic beside one, and then everything the program wrote,
//! printed or showed to other users of this machine is searched.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::common::canaries::{Canaries, Said};
use crate::common::crashes::Ground as _;
use crate::common::human::{Answer, Human, consent};
use crate::common::logins::{Waiting, browse};
use crate::common::process::{Outcome, Run, Running};
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Proxy};
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually, runtime};
use allgreen::sandbox::telegram::{ChatKind, Rights};

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

/// Answers a login with the address it ends on: the browser comes back, the
/// address is pasted, or a paste belongs to nobody. How that ended, without the
/// link: it is what a login shows, with its word in it.
fn answered(mut login: Waiting, way: &str, end: &str) -> Outcome {
    match way {
        "browser" => drop(browse(end)),
        "paste" => login.running.type_line(end),
        _ => {
            let foreign = end.replace("state=", "state=foreign");
            login.running.type_line(&foreign);
        }
    }
    let mut outcome = login.running.wait(PATIENCE);
    outcome.stderr = outcome.stderr.replace(&login.link, "");
    outcome
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
    let delivery = desk.post_now(&channel, "echoed");
    desk.wait_for_state(&delivery, "published");
    network.proxy().next(put, echo(400, &access));
    let refused = desk.post_now(&channel, "refused");
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
    desk.post_now(&channel, "later");
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
        let login = Waiting::of(desk.home.allgreen(connect.iter().chain(how)));
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
        let outcome = answered(login, way, end.as_str());
        if way == "browser" {
            channel = outcome.json()["id"].as_str().unwrap().to_owned();
        }
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
    let delivery = desk.post_now(&channel, "echoed");
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
    let delivery = desk.post_now(&channel, "echoed");
    desk.wait_for_state(&delivery, "failed");
    // Nothing answers: the address holds the token.
    proxy.down();
    let waits = desk.post_now(&channel, "unsent");
    eventually("it was tried", PATIENCE, || {
        desk.path(&waits).1.contains(&"not_processed".to_owned())
    });
    said.process(&daemon);
    look_around(&desk, &mut said, &channel, &waits);
    said.outcome(&daemon.terminate(PATIENCE));
    proxy.up();
    desk.post_now(&channel, "panics");
    panics(&desk, &mut said);
    said.run(
        desk.home
            .allgreen(["channel", "disconnect", &channel, "--yes"]),
    );
    said.files(&desk.home.path());
    said.assert_clean_of(&canaries);
}

/// A login of a server that signs every call with a key of its own: the key, the
/// tokens of two generations and the codes, while it runs and afterwards.
#[test]
fn output_no_secret_of_a_signed_login_in_the_browser_is_anywhere() {
    let main = "zqxw-main-password-1";
    let sandbox = crate::common::simulated::sandbox();
    let bluesky = sandbox.bluesky();
    bluesky.create_account("ann.test", main, "Ann").unwrap();
    let desk = Desk::new(&format!(
        "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
        sandbox.base(),
        sandbox.directory()
    ));
    let (mut canaries, mut said) = (Canaries::default(), Said::default());
    canaries.add("main password", main);
    let connect = [
        "channel", "connect", "bluesky", "--handle", "ann.test", "--json",
    ];
    let mut channel = String::new();
    // Comes back by itself; is pasted; a paste belongs to nobody.
    for way in ["browser", "paste", "foreign"] {
        let how: &[&str] = if way == "browser" {
            &["--no-browser"]
        } else {
            &["--paste", "-"]
        };
        let login = Waiting::of(desk.home.allgreen(connect.iter().chain(how)));
        said.process(&login.running);
        let mut human = Human::knowing(main);
        let end = runtime()
            .block_on(human.consent(&login.link, "ann.test", Answer::Allow))
            .unwrap();
        let word = |name: &str| {
            let found = end.query_pairs().find(|(one, _)| one == name);
            found.unwrap().1.into_owned()
        };
        canaries.add("code", &word("code"));
        canaries.add("state", &word("state"));
        said.process(&login.running);
        let outcome = answered(login, way, end.as_str());
        if way == "browser" {
            channel = outcome.json()["id"].as_str().unwrap().to_owned();
        }
        said.outcome(&outcome);
        canaries.take_sealed(&desk.home);
    }
    let daemon = desk.home.daemon();
    let delivery = desk.post_now(&channel, "signed");
    desk.wait_for_state(&delivery, "published");
    // A second generation, and an answer that says no more than its status.
    said.run(desk.home.allgreen(["channel", "refresh", &channel]))
        .ok();
    canaries.take_sealed(&desk.home);
    let token = "token";
    bluesky.fault_once(token, allgreen::sandbox::faults::Fault::Delay(0));
    bluesky.fault_once(
        token,
        allgreen::sandbox::faults::Fault::Status(500, "{\"error\":\"server_error\"}".into()),
    );
    said.run(desk.home.allgreen(["channel", "refresh", &channel]));
    look_around(&desk, &mut said, &channel, &delivery);
    searched_while_it_runs(&desk, &mut said, &daemon);
    said.outcome(&daemon.terminate(PATIENCE));
    desk.post_now(&channel, "later");
    panics(&desk, &mut said);
    canaries.take_sealed(&desk.home);
    said.run(
        desk.home
            .allgreen(["channel", "disconnect", &channel, "--yes"]),
    );
    for kind in [
        "code ",
        "state ",
        "sealed access ",
        "sealed refresh ",
        "sealed proof key ",
    ] {
        assert!(canaries.has(kind), "{kind}: {:?}", canaries.0.keys());
    }
    said.files(&desk.home.path());
    said.assert_clean_of(&canaries);
    would_be_noticed(&desk, &canaries, "sealed proof key");
}

/// A login by a code that is typed on another device.
#[test]
fn output_no_secret_of_a_login_on_another_device_is_anywhere() {
    let sandbox = crate::common::simulated::sandbox();
    let mastodon = sandbox.mastodon();
    mastodon.create_account("acme").unwrap();
    let scopes = ["profile", "read", "write"];
    let token = mastodon.create_token("acme", &scopes).unwrap();
    let proxy = Proxy::start(sandbox.mastodon_base());
    proxy.replace_in_answers(sandbox.mastodon_base(), &proxy.url());
    let desk = Desk::new(&format!(
        "[networks.mastodon]\nallow_private_hosts = true\ndevice_url = \"{}/device\"\n",
        proxy.url()
    ));
    let (mut canaries, mut said) = (Canaries::default(), Said::default());
    let device = "zqxw-device-code-0123456789";
    canaries.add("device code", device);
    canaries.add("token", &token);
    let answer = |status, body: serde_json::Value| Fault::Answer {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string(),
    };
    proxy.next(
        "/device",
        answer(
            200,
            serde_json::json!({
                "device_code": device, "user_code": "WDJB-MJHT",
                "verification_uri": format!("{}/activate", proxy.url()),
                "expires_in": 600, "interval": 1,
            }),
        ),
    );
    // Not yet, with the code repeated in its words; then yes.
    let pending = serde_json::json!({
        "error": "authorization_pending",
        "error_description": format!("{device} was not typed yet"),
    });
    proxy.next("/oauth/token", answer(400, pending));
    let granted = serde_json::json!({
        "access_token": token, "token_type": "Bearer", "scope": scopes.join(" "),
        "created_at": 1_795_269_600,
    });
    proxy.next("/oauth/token", answer(200, granted));
    let connect = [
        "channel",
        "connect",
        "mastodon",
        "--server",
        &proxy.url(),
        "--device",
        "--json",
    ];
    let mut login = desk.home.allgreen(connect).spawn();
    login.wait_for_text("WDJB-MJHT", PATIENCE);
    said.process(&login);
    let outcome = login.wait(PATIENCE);
    said.outcome(&outcome);
    let channel = outcome.ok().json()["id"].as_str().unwrap().to_owned();
    canaries.take_from(&proxy.calls("*"));
    canaries.take_sealed(&desk.home);
    let daemon = desk.home.daemon();
    let body = serde_json::json!({ "error": format!("The access token {token} is odd") });
    proxy.next("/api/v1/statuses", answer(500, body));
    let delivery = desk.post_now(&channel, "echoed");
    desk.wait_for_state(&delivery, "published");
    look_around(&desk, &mut said, &channel, &delivery);
    searched_while_it_runs(&desk, &mut said, &daemon);
    said.outcome(&daemon.terminate(PATIENCE));
    said.files(&desk.home.path());
    said.assert_clean_of(&canaries);
    would_be_noticed(&desk, &canaries, "device code");
}

/// Its children, its database with log and index as they are, a backup.
fn searched_while_it_runs(desk: &Desk, said: &mut Said, daemon: &Running) {
    eventually("a backup is there", PATIENCE, || {
        std::fs::read_dir(desk.home.file("backups"))
            .is_ok_and(|list| list.flatten().any(|one| one.path().extension().is_some()))
    });
    said.process(daemon);
    said.files(&desk.home.path());
    for place in [
        "allgreen.db",
        "allgreen.db-wal",
        "allgreen.db-shm",
        "/backups/",
        "/logs/",
    ] {
        assert!(said.searched(place), "{place} was not searched");
    }
}

/// The same search finds the secret wherever it is planted on purpose.
fn would_be_noticed(desk: &Desk, canaries: &Canaries, name: &str) {
    let secret = canaries.named(name);
    let clean = |said: &Said| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            said.assert_clean_of(canaries)
        }))
        .is_ok()
    };
    for place in [
        "logs/planted.log",
        "backups/planted.db",
        "allgreen.db.rescue",
    ] {
        let file = desk.home.file(place);
        let before = std::fs::read(&file).ok();
        std::fs::write(&file, [b"\0\xff", secret.as_bytes(), b"\0"].concat()).unwrap();
        let mut said = Said::default();
        said.files(&desk.home.path());
        assert!(!clean(&said), "planted in {place} and not found");
        match before {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
    let mut said = Said::default();
    said.files(&desk.home.path());
    assert!(clean(&said), "what was planted is gone");
    // In the log of the database, where it is before it is in the file.
    let db = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    db.execute(
        "INSERT INTO setting (key, value) VALUES ('planted', ?1)",
        [secret],
    )
    .unwrap();
    let wal = std::fs::read(desk.home.file("allgreen.db-wal")).unwrap();
    let mut said = Said::default();
    said.note("the log of the database", wal);
    assert!(
        !clean(&said),
        "planted in the log of the database and not found"
    );
    // On the command line and in the environment of a child.
    let sh = |words: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "read line"]).args(words);
        Run::of(command).typed()
    };
    for (place, run) in [
        ("cmdline", sh(&["sh", secret])),
        ("environ", sh(&[]).env("PLANTED", secret)),
    ] {
        let child = run.spawn();
        let mut said = Said::default();
        eventually("the child runs", PATIENCE, || {
            said = Said::default();
            said.process(&child);
            !clean(&said)
        });
        assert!(said.searched(place));
    }
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
