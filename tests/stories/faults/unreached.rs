//! Rows 1 and 2: nothing of ours ever left, and that is certain.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use allgreen::domain::delivery::State;
use allgreen::domain::ids::DeliveryId;
use allgreen::store::incidents::UNREACHED;
use allgreen::support::time::UtcMs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::ground::{CLASSES, Ground, HOST};

/// Tries that may be made in the time a post waits here: sends, and proofs.
const NO_STORM: usize = 30;

/// A due post that cannot leave is neither sent nor failed, and is tried later
/// and later.
fn waits(ground: &Ground, post: &DeliveryId, says: &str) {
    let name = ground.network.name();
    let mut tries: Vec<(UtcMs, UtcMs)> = Vec::new();
    ground.publish_until(|| {
        let delivery = ground.delivery(post);
        let why = ground.why(post);
        let waits = matches!(delivery.state, State::Scheduled | State::Sending);
        assert!(waits, "{name}: {why}");
        // A process that slept between arming and sending tries again at once,
        // and this clock may jump just then.
        if let Some(tried) = ground.waits_since(post)
            && tried.0 < tried.1
            && tries.last() != Some(&tried)
        {
            tries.push(tried);
        }
        (tries.len() == 5).then_some(())
    });
    assert_eq!(ground.state(post), State::Scheduled, "{name}");
    let pauses: Vec<Duration> = tries.iter().map(|(at, next)| next.since(*at)).collect();
    let longest = pauses.iter().max();
    let backs_off = longest.is_some_and(|longest| *longest >= pauses[0] * 3);
    assert!(backs_off, "{name}: it backs off: {pauses:?}");
    let verdicts = ground.verdicts(post);
    let proven = verdicts.iter().all(|kind| kind == "not_processed");
    assert!(proven, "{name}: proven not sent: {verdicts:?}");
    let why = ground.why(post);
    for part in [says, HOST, "nothing was sent"] {
        assert!(why.contains(part), "{name}: {why}");
    }
    assert!(ground.sends().is_empty(), "{name}: nothing arrived");
    ground.assert_healthy();
}

/// And when the way is free it goes out, once.
fn goes_out(ground: &Ground, post: &DeliveryId) {
    ground.passes(6);
    assert_eq!(ground.state(post), State::Published, "{}", ground.why(post));
    assert_eq!(ground.live(), ["once"]);
    assert_eq!(ground.sends().len(), 1);
}

#[test]
fn row_01_a_name_nobody_knows_delays_a_post_and_nothing_else() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.names.lose(true);
        // What is connected already needs no name.
        ground.front.down();
        ground.front.up();
        let asked = ground.names.asked();
        waits(&ground, &post, "could not be resolved");
        let tries = ground.names.asked() - asked;
        assert!((3..=NO_STORM).contains(&tries), "{tries} tries");
        ground.names.lose(false);
        goes_out(&ground, &post);
    }
}

#[test]
fn row_01_a_name_nobody_knows_is_one_line_above_the_panes_of_its_network_while_it_lasts() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.names.lose(true);
        ground.front.down();
        ground.front.up();
        // Due after five minutes, tried, and late after another five.
        ground.passes(3);
        let open = ground.incidents();
        let [incident] = open.as_slice() else {
            panic!("one for the network: {open:#?}")
        };
        assert_eq!(incident.cause, UNREACHED);
        assert_eq!(incident.network, Some(network));
        for part in [HOST, "could not be resolved"] {
            assert!(incident.text.contains(part), "{}", incident.text);
        }
        ground.names.lose(false);
        goes_out(&ground, &post);
        assert_eq!(ground.incidents(), Vec::new());
    }
}

#[test]
fn row_02_a_refused_connection_delays_a_post_and_nothing_else() {
    for network in CLASSES {
        let ground = Ground::new(network);
        let post = ground.post("once");
        ground.front.down();
        waits(&ground, &post, "could not be reached");
        ground.front.up();
        goes_out(&ground, &post);
    }
}

#[test]
fn row_02_a_certificate_nobody_vouches_for_names_the_host_and_brings_no_storm() {
    for network in CLASSES {
        let mut ground = Ground::new(network);
        let (port, handshakes) = impostor();
        let post = ground.post("once");
        let home = ground.server();
        ground.move_to(&format!("https://{HOST}:{port}"));
        waits(&ground, &post, "certificate");
        let tries = handshakes.load(Ordering::SeqCst);
        assert!((3..=NO_STORM).contains(&tries), "{tries} tries");
        ground.move_to(&home);
        goes_out(&ground, &post);
    }
}

#[test]
fn row_02_a_server_that_does_not_speak_tls_is_not_sent_anything() {
    for network in CLASSES {
        let mut ground = Ground::new(network);
        let post = ground.post("once");
        let home = ground.server();
        // The proxy itself, which takes the greeting for a broken request.
        ground.move_to(&home.replace("http://", "https://"));
        waits(&ground, &post, "could not be reached");
        ground.move_to(&home);
        goes_out(&ground, &post);
    }
}

/// A server with a certificate it made itself; its port, and how often somebody
/// began to speak to it. Should anybody trust it, it hangs up without a word.
pub fn impostor() -> (u16, Arc<AtomicUsize>) {
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let begun = Arc::clone(&count);
    // Ends with the test process.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            begun.fetch_add(1, Ordering::SeqCst);
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client's alert ends it.
            let _ = StreamOwned::new(connection, stream).read(&mut [0; 1024]);
        }
    });
    (port, count)
}
