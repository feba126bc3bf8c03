//! Whose fault it is, over real connections (A5): whatever goes wrong between us
//! and a network, or in it, says nothing of a channel; what the network says of
//! the access itself is believed after one confirmation.

use std::time::Duration;

use allgreen::domain::delivery::State;
use allgreen::domain::network::Network;
use allgreen::domain::publisher::CommandKind;

use super::ground::{CLASSES, Ground, HOST};
use super::unreached::impostor;
use crate::common::proxy::Fault;
use crate::office::minutes;

const ASKED: [CommandKind; 2] = [CommandKind::Probe, CommandKind::Refresh];

fn says(status: u16, kind: &str, body: &str) -> Fault {
    Fault::Answer {
        status,
        headers: vec![
            ("content-type".to_owned(), kind.to_owned()),
            ("retry-after".to_owned(), "30".to_owned()),
        ],
        body: body.to_owned(),
    }
}

/// What a network, or the way to it, answers when it has trouble of its own.
fn troubles() -> Vec<(&'static str, Fault)> {
    let page = "<html><body>Please try again later</body></html>";
    vec![
        ("429", says(429, "application/json", "{}")),
        ("429 as a page", says(429, "text/html", page)),
        ("500", says(500, "application/json", "{}")),
        ("502", says(502, "text/html", page)),
        ("503", says(503, "text/html", page)),
        ("504", says(504, "text/html", page)),
        (
            "an answer too late",
            Fault::DelayAnswer(Duration::from_secs(2)),
        ),
        ("a connection that closes", Fault::DropBefore),
        ("a connection that is reset", Fault::Reset),
    ]
}

/// The channel is as it was, although it was asked about just now.
fn unharmed(ground: &Ground, what: &str) {
    let name = ground.network.name();
    for kind in ASKED {
        ground.office.clock.advance(minutes(61));
        let (ok, said) = ground.ask(kind);
        let channel = ground.channel();
        assert!(!ok, "{name}, {what}: {kind:?} cannot have worked: {said}");
        assert!(
            channel.publishable,
            "{name}, {what}: {said}: {:?} {:?}",
            channel.status, channel.cause
        );
        assert_eq!(channel.token.refresh_failures, 0, "{name}, {what}: {said}");
    }
}

#[test]
fn a5_trouble_of_the_network_or_of_the_way_there_is_no_channels_fault() {
    for network in CLASSES {
        let ground = Ground::with(network, Duration::from_millis(400));
        for (what, fault) in troubles() {
            ground.front.heal();
            ground.front.forget_calls();
            ground.front.every("*", fault);
            unharmed(&ground, what);
            assert!(!ground.front.calls("*").is_empty(), "{what}: it was asked");
        }
        ground.front.heal();
        ground.front.down();
        unharmed(&ground, "a refused connection");
        ground.front.up();
        ground.names.lose(true);
        unharmed(&ground, "a name nobody knows");
        ground.names.lose(false);
        // And with the way free it is well at once.
        assert!(ground.ask(CommandKind::Probe).0, "{}", network.name());
    }
}

#[test]
fn a5_a_certificate_nobody_vouches_for_is_no_channels_fault() {
    for network in CLASSES {
        let mut ground = Ground::new(network);
        let (port, _) = impostor();
        let home = ground.server();
        ground.move_to(&format!("https://{HOST}:{port}"));
        unharmed(&ground, "a certificate nobody vouches for");
        ground.move_to(&home);
        assert!(ground.ask(CommandKind::Probe).0, "{}", network.name());
    }
}

#[test]
fn a5_access_that_was_withdrawn_is_believed_after_one_confirmation() {
    for network in CLASSES {
        for kind in ASKED {
            let ground = Ground::new(network);
            // Later than what was just made counts as new.
            ground.office.clock.advance(minutes(61));
            ground.withdraw();
            ground.front.forget_calls();
            let (ok, said) = ground.ask(kind);
            let (name, channel) = (network.name(), ground.channel());
            assert!(!ok && !channel.publishable, "{name}, {kind:?}: {said}");
            let asked = ground.front.calls("*").len();
            assert!(
                (1..=4).contains(&asked),
                "{name}, {kind:?}: two attempts: {:#?}",
                ground.front.calls("*")
            );
        }
    }
}

#[test]
fn a5_access_that_ended_with_a_post_whose_answer_was_lost_is_found_out_by_reading_or_by_a_proof() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.withdraw();
        if network == Network::Bluesky {
            // A token outlives the app password it was made with.
            let bluesky = ground.office.sandbox.bluesky();
            bluesky.expire_access_tokens("ann.test").unwrap();
        }
        ground.spoil(Fault::LoseAnswer);
        ground.passes(1);
        assert_ne!(ground.state(&post), State::Published);
        // The first reading possible, long before the next proof by the clock.
        ground.office.clock.advance(Duration::from_secs(91));
        ground.pass();
        let channel = ground.channel();
        assert!(
            !channel.publishable,
            "{}: {}",
            network.name(),
            ground.why(&post)
        );
    }
}
