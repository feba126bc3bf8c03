//! Rows 3 to 8, 10 and 11: the request went out, and what came back is nothing,
//! late, cut, endless, a lie, or a way to somewhere else.

use std::time::Duration;

use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;
use allgreen::domain::network::Network;
use allgreen::ops::disconnect::disconnect;

use super::ground::{CLASSES, Ground, wait};
use crate::common::crashes::Ground as _;
use crate::common::program::Desk;
use crate::common::proxy::{Fault, Gate, Proxy};
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually};
use crate::office::minutes;

/// Passes until nothing is open any more, and then some: nothing more is sent.
fn settle(ground: &Ground) {
    ground.passes(14);
}

/// A network that cannot be asked leaves it to a person, and is never written
/// to again by itself.
fn a_person_decides(ground: &Ground, post: &DeliveryId) {
    assert_eq!(
        ground.state(post),
        State::NeedsDecision,
        "{}",
        ground.why(post)
    );
    assert_eq!(ground.sends().len(), 1, "never sent again by itself");
}

/// It is live once, we know which one it is, and it was sent so often.
fn is_out_once(ground: &Ground, post: &DeliveryId, sends: usize) {
    let name = ground.network.name();
    let delivery = ground.delivery(post);
    assert_eq!(
        delivery.state,
        State::Published,
        "{name}: {}",
        ground.why(post)
    );
    assert!(delivery.remote_id.is_some(), "{name}");
    assert_eq!(ground.live(), ["once"], "{name}");
    let calls = ground.sends();
    assert_eq!(calls.len(), sends, "{name}: {calls:#?}");
    assert!(
        calls
            .iter()
            .all(|call| call.body_sha256 == calls[0].body_sha256),
        "{name}: every repeat is the same request"
    );
    ground.assert_healthy();
}

/// The answer never came though the post is live: found where it can be, asked
/// where it cannot, and never sent again.
fn is_found_or_asked(ground: &Ground, post: &DeliveryId) {
    assert_eq!(ground.live(), ["once"], "it is live before we know");
    assert_eq!(ground.state(post), State::Unknown, "{}", ground.why(post));
    settle(ground);
    match ground.network {
        Network::Telegram => {
            a_person_decides(ground, post);
            assert_eq!(ground.verdicts(post)[0], "unclear");
        }
        _ => {
            is_out_once(ground, post, 1);
            assert_eq!(ground.verdicts(post), ["unclear", "published"]);
        }
    }
    assert_eq!(ground.live(), ["once"]);
}

#[test]
fn row_03_a_connection_that_is_reset_before_the_answer_is_settled_found_absent_and_sent_once() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.spoil(Fault::Reset);
        ground.passes(1);
        assert_eq!(ground.state(&post), State::Unknown);
        // The settle time is not over: nobody looks, nothing is sent.
        ground.office.clock.advance(Duration::from_secs(30));
        ground.pass();
        assert_eq!(ground.verdicts(&post), ["unclear"]);
        settle(&ground);
        let verdicts = ground.verdicts(&post);
        match network {
            Network::Bluesky => assert_eq!(verdicts, ["unclear", "absent", "published"]),
            Network::Mastodon => {
                assert_eq!(verdicts, ["unclear", "absent", "absent", "published"]);
            }
            _ => {
                a_person_decides(&ground, &post);
                assert_eq!(ground.live(), [""; 0]);
                continue;
            }
        }
        is_out_once(&ground, &post, 2);
    }
}

#[test]
fn row_04_an_answer_that_was_dropped_is_found_and_there_is_one_post() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.spoil(Fault::LoseAnswer);
        ground.passes(1);
        is_found_or_asked(&ground, &post);
    }
}

#[test]
fn row_05_an_answer_after_our_timeout_is_as_one_that_was_dropped() {
    for network in CLASSES {
        let ground = Ground::with(network, Duration::from_millis(400));
        let post = ground.post("once");
        ground.spoil(Fault::DelayAnswer(Duration::from_secs(60)));
        ground.passes(1);
        is_found_or_asked(&ground, &post);
    }
}

#[test]
fn row_05_evidence_that_comes_late_is_accepted_whatever_was_thought_meanwhile() {
    let ground = Ground::new(Network::Telegram);
    let post = ground.post("once");
    let gate = Gate::new();
    ground.spoil(Fault::HoldAnswer(gate.clone()));
    ground.office.clock.advance(minutes(5));
    let pass = ground.pass_meanwhile();
    ground.wait_for_sends(1);
    // Nobody will ask this network again, so it is a person's to decide.
    wait(disconnect(&ground.office.hub, &ground.channel)).unwrap();
    assert_eq!(ground.state(&post), State::NeedsDecision);
    gate.open();
    wait(pass).unwrap();
    let delivery = ground.delivery(&post);
    assert_eq!(delivery.state, State::Published, "{}", ground.why(&post));
    assert_eq!(delivery.remote_id.as_deref(), Some("1"));
    assert_eq!(ground.live(), ["once"]);
}

#[test]
fn row_06_a_request_done_after_it_was_found_absent_is_caught_by_the_next_reading() {
    for network in CLASSES {
        for keeps_keys in [true, false] {
            if network != Network::Mastodon && !keeps_keys {
                continue;
            }
            let ground = Ground::with(network, Duration::from_millis(400));
            let mastodon = ground.office.sandbox.mastodon();
            mastodon.ignore_idempotency(!keeps_keys);
            let post = ground.post("once");
            let gate = Gate::new();
            ground.spoil(Fault::HoldRequest(gate.clone()));
            ground.passes(1);
            assert_eq!(ground.state(&post), State::Unknown);
            // The first reading possible.
            ground.office.clock.advance(Duration::from_secs(91));
            ground.pass();
            gate.open();
            eventually("the request is done", PATIENCE, || {
                !ground.live().is_empty()
            });
            settle(&ground);
            match network {
                // The key makes a repeat harmless, so it does not wait.
                Network::Bluesky => is_out_once(&ground, &post, 2),
                Network::Mastodon => {
                    assert_eq!(ground.verdicts(&post), ["unclear", "absent", "published"]);
                    is_out_once(&ground, &post, 1);
                }
                _ => a_person_decides(&ground, &post),
            }
            assert_eq!(ground.live(), ["once"]);
        }
    }
}

#[test]
fn row_07_an_error_that_lies_is_looked_up_and_never_sent_again() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.spoil(Fault::Error500ThoughDone);
        ground.passes(1);
        is_found_or_asked(&ground, &post);
    }
}

#[test]
fn row_08_a_success_that_nobody_can_read_is_looked_up_and_never_sent_again() {
    for network in CLASSES {
        for (name, fault) in [
            ("cut", Fault::Truncate),
            ("endless", Fault::Flood(100 << 20)),
            ("broken", answer(200, "{\"ok\":true,\"uri\":")),
            ("empty", answer(200, "")),
            ("a page", answer(200, "<html>fine</html>")),
            ("no id in it", answer(200, r#"{"ok":true,"result":{}}"#)),
        ] {
            let made_up = matches!(fault, Fault::Answer { .. });
            let ground = Ground::new(network);
            let post = ground.post("once");
            ground.spoil(fault);
            ground.passes(1);
            let state = ground.state(&post);
            assert_eq!(state, State::Unknown, "{} {name}", network.name());
            if made_up {
                // Here the server was never asked.
                settle(&ground);
                match network {
                    Network::Telegram => a_person_decides(&ground, &post),
                    _ => is_out_once(&ground, &post, 2),
                }
            } else {
                is_found_or_asked(&ground, &post);
            }
        }
    }
}

#[test]
fn row_08_an_endless_success_takes_no_memory() {
    let network = Simulated::new();
    let desk = Desk::new(&network.config());
    let channel = desk.connect(&network.handle(), &network.app_password());
    let daemon = desk.home.daemon();
    let most = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() >> 10
    };
    let publish = |text: &str| {
        let unsent = ["post", "create", "--no-publish", "--now"];
        let words = [&unsent[..], &["--to", &channel, "--text", text]].concat();
        let post = desk.json(&words);
        let id = post["deliveries"][0]["id"].as_str().unwrap().to_owned();
        desk.wait_for_state(&id, "published");
    };
    publish("before");
    let before = most();
    network
        .proxy()
        .next("com.atproto.repo.putRecord", Fault::Flood(100 << 20));
    publish("once");
    let grown = most() - before;
    assert!(grown < 16, "100 MiB of an answer took {grown} MiB");
    assert_eq!(network.posts().len(), 2);
    daemon.terminate(PATIENCE);
}

#[test]
fn row_10_a_body_that_drips_ends_with_the_call_and_holds_nobody_else_up() {
    let ground = Ground::with(Network::Bluesky, Duration::from_secs(3));
    let neighbour = ground.neighbour();
    ground.front.forget_calls();
    let post = ground.post("once");
    ground.office.clock.advance(Duration::from_secs(1));
    let other = wait(
        ground
            .office
            .post(&neighbour, "other", Duration::from_secs(299)),
    );
    // Sends of one pass go out together; the first call drips.
    ground.spoil(Fault::Drip);
    ground.office.clock.advance(minutes(5));
    let pass = ground.pass_meanwhile();
    let out = || [&post, &other].map(|id| ground.state(id) == State::Published);
    eventually("the other one is out", PATIENCE, || out().contains(&true));
    assert!(!pass.is_finished(), "one call still drips");
    assert!(ground.sends().iter().any(|call| !call.done));
    wait(pass).unwrap();
    let states = [&post, &other].map(|id| ground.state(id));
    assert!(states.contains(&State::Unknown), "{states:?}");
    settle(&ground);
    assert_eq!(out(), [true, true]);
    assert_eq!(ground.sends().len(), 2);
    assert_eq!(ground.live(), ["once"]);
}

#[test]
fn row_10_on_every_network_the_deadline_is_that_of_the_whole_call() {
    for network in [Network::Mastodon, Network::Telegram] {
        let ground = Ground::with(network, Duration::from_millis(600));
        let post = ground.post("once");
        ground.spoil(Fault::Drip);
        ground.passes(1);
        is_found_or_asked(&ground, &post);
    }
}

#[test]
fn row_11_a_redirect_of_a_post_is_not_followed_wherever_it_leads() {
    let trap = Proxy::start("http://127.0.0.1:9");
    let elsewhere = format!("{}/x", trap.url());
    for network in CLASSES {
        for status in [307, 308] {
            for target in [
                elsewhere.as_str(),
                "http://169.254.169.254/latest/meta-data",
            ] {
                let ground = Ground::new(network);
                let post = ground.post("once");
                ground.spoil(Fault::Answer {
                    status,
                    headers: vec![("location".into(), target.into())],
                    body: String::new(),
                });
                ground.passes(1);
                assert_eq!(ground.sends().len(), 1);
                settle(&ground);
                // Exactly what may follow an answer that nobody can explain: a
                // reading, and where that proves absence, one more send.
                match network {
                    Network::Telegram => a_person_decides(&ground, &post),
                    Network::Mastodon => is_out_once(&ground, &post, 2),
                    _ => {
                        assert_eq!(ground.state(&post), State::Failed);
                        assert!(ground.why(&post).contains(&status.to_string()));
                        assert_eq!(ground.live(), [""; 0]);
                    }
                }
            }
        }
    }
    assert!(trap.calls("*").is_empty(), "nobody went there");
}

fn answer(status: u16, body: &str) -> Fault {
    Fault::Answer {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}
