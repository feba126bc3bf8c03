//! Telegram and the simulated networks from the command line, with the real
//! program.

use serde_json::{Value, json};

use crate::common::process::Home;
use crate::common::program::Desk;
use crate::common::{PATIENCE, http, runtime};

/// The simulated networks as a program of their own, and what they said first.
fn networks(home: &Home) -> (crate::common::process::Running, Value) {
    let mut running = home.allgreen(["sandbox"]).spawn();
    running.wait_for_text("\n", PATIENCE);
    let first = running.stdout();
    let line = first.lines().next().unwrap();
    (running, serde_json::from_str(line).unwrap())
}

/// The configuration the networks gave, as a file.
fn config(networks: &Value) -> String {
    let mut text = String::new();
    for network in ["bluesky", "telegram"] {
        text.push_str(&format!("[networks.{network}]\n"));
        for (key, value) in networks[network]["config"].as_object().unwrap() {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text
}

fn order(networks: &Value, network: &str, name: &str, body: Value) {
    let door = networks["control"][network].as_str().unwrap();
    let sent = async {
        http()
            .post(format!("{door}/{name}"))
            .body(body.to_string())
            .send()
            .await
    };
    let answer = runtime().block_on(sent).unwrap();
    assert!(answer.status().is_success(), "{name}: {}", answer.status());
}

fn ledger(networks: &Value, network: &str) -> Vec<Value> {
    let at = networks["ledger"][network].as_str().unwrap();
    let asked = async { http().get(at).send().await?.bytes().await };
    let body = runtime().block_on(asked).unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn k_a_bot_posts_is_thrown_out_and_mended_through_the_control_door() {
    let outside = Home::new();
    let (_running, networks) = networks(&outside);
    let desk = Desk::new(&config(&networks));
    let bot = &networks["telegram"]["accounts"][0];
    let (chat, token) = (
        bot["chat"].as_str().unwrap(),
        bot["token"].as_str().unwrap(),
    );
    let connected = desk
        .home
        .allgreen([
            "channel",
            "connect",
            "telegram",
            "--chat",
            chat,
            "--token-stdin",
            "--json",
        ])
        .input(format!("{token}\n"))
        .run()
        .ok();
    let channel = connected.json();
    assert_eq!(channel["platform"], "TELEGRAM");
    assert_eq!(channel["handle"], "acme_news");
    let id = channel["id"].as_str().unwrap();
    let written = ["post", "create", "--to", id, "--text", "first", "--now"];
    // Nobody publishes yet.
    desk.home.allgreen(written).run().expect_code(7);
    desk.home.allgreen(["daemon", "--once"]).run().ok();
    assert_eq!(ledger(&networks, "telegram").len(), 1);

    let kicked = json!({ "bot": "acme_news_bot", "chat": chat, "rights": "kicked" });
    order(&networks, "telegram", "set_rights", kicked);
    desk.home.allgreen(["channel", "probe", id]).run();
    assert_eq!(desk.channel(id)["cause"], "role_lost");
    let held = desk.schedule(id, "second", "in 1h");
    assert_eq!(desk.delivery(&held)["state"], "held");

    let back = json!({ "bot": "acme_news_bot", "chat": chat, "rights": { "administrator": { "post": true } } });
    order(&networks, "telegram", "set_rights", back);
    desk.home
        .allgreen(["channel", "reconnect", id, "--token-stdin"])
        .input(format!("{token}\n"))
        .run()
        .ok();
    assert_eq!(desk.channel(id)["lamp"], "green");
    assert_eq!(desk.delivery(&held)["state"], "scheduled");
    assert_eq!(
        ledger(&networks, "telegram").len(),
        1,
        "nothing went out early"
    );
    let files = std::fs::read_dir(desk.home.file("logs")).unwrap();
    for file in files {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(token), "the token is in the log");
    }
}

#[test]
fn flags_of_another_network_are_refused_before_anything_is_asked() {
    let home = Home::new();
    for (words, says) in [
        ("telegram --token-stdin", "--chat"),
        ("telegram --chat @a --password-stdin", "--token-stdin"),
        ("bluesky --handle a.test --token-stdin", "--password-stdin"),
        ("bluesky --password-stdin", "--handle"),
        ("telegram --chat @a --handle b.test", "--chat"),
        ("mastodon --server https://a.test --handle b", "--server"),
        ("mastodon --token-stdin", "--server"),
        ("telegram --chat @a --server https://a.test", "--chat"),
    ] {
        let all = ["channel", "connect"].into_iter().chain(words.split(' '));
        let refused = home.allgreen(all).run().expect_code(2);
        assert!(refused.stderr.contains(says), "{words}: {}", refused.stderr);
    }
    let all = ["channel", "connect", "facebook"];
    let refused = home.allgreen(all).run().expect_code(1);
    assert!(
        refused.stderr.contains("this version"),
        "{}",
        refused.stderr
    );
}

#[test]
fn k_the_second_mastodon_has_its_own_account_door_and_ledger() {
    let outside = Home::new();
    let (_running, networks) = networks(&outside);
    let [usual, odd] = [0, 1].map(|at| &networks["mastodon"]["accounts"][at]);
    let post = |account: &Value, text: &str| {
        let server = account["server"].as_str().unwrap();
        let asked = http()
            .post(format!("{server}/api/v1/statuses"))
            .bearer_auth(account["token"].as_str().unwrap())
            .form(&[("status", text)]);
        let sent = runtime().block_on(async { asked.send().await });
        sent.unwrap().status().as_u16()
    };
    assert_eq!(post(usual, &"x".repeat(501)), 422);
    assert_eq!(post(odd, &"x".repeat(501)), 200);
    assert!(ledger(&networks, "mastodon").is_empty());
    assert_eq!(ledger(&networks, "odd_mastodon").len(), 1);
    let frozen = json!({ "account": "acme", "on": true });
    order(&networks, "odd_mastodon", "freeze", frozen);
    assert_eq!(post(odd, "frozen"), 403);
    assert_eq!(post(usual, "not frozen"), 200);
}
