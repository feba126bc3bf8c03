//! Holding and releasing a channel with 50,000 scheduled posts beside one with
//! a single post, and beside the update of one row in plain SQL.

use std::path::PathBuf;
use std::time::Duration;

use allgreen::domain::channel::{Cause, Evidence};
use allgreen::support::clock::Clock;
use allgreen::support::entropy::Entropy;

use crate::figures::{percentile, sorted, spread};
use crate::hub::Hub;
use crate::server::Server;

const POSTS: usize = 50_000;
const ROUNDS: usize = 200;

/// Prints the ratios.
pub async fn run() {
    println!("\nhold and release: a channel with {POSTS} posts beside one with a single post");
    let server = Server::start(Duration::ZERO).await;
    let disk = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let hub = Hub::new(&disk, 2, &server).await;
    let clock = Clock::real();
    let later = clock.now().plus(Duration::from_secs(86_400));
    // In turn on both channels; all but one of the second go.
    hub.schedule(2 * POSTS, |_| later);
    let raw = hub.raw();
    raw.execute(
        "UPDATE delivery SET state = 'cancelled' WHERE channel_id = ?1 AND id <> (SELECT min(id) FROM delivery WHERE channel_id = ?1)",
        [hub.channels[1].as_str()],
    )
    .unwrap();
    let entropy = Entropy::seeded(3);
    let (mut many, mut one, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (which, times) in [(0, &mut many), (1, &mut one)] {
            let (id, entropy, now) = (hub.channels[which].clone(), entropy.clone(), clock.now());
            let began = clock.boot();
            let (hold, random) = (id.clone(), entropy.clone());
            hub.store
                .write(move |tx| {
                    tx.break_channel(&hold, Cause::Expired, &Evidence::default(), now, &random)
                })
                .await
                .unwrap();
            hub.store
                .write(move |tx| tx.prove_channel(&id, later, None, now, &entropy))
                .await
                .unwrap();
            times.push(micros(&clock, began));
        }
        let began = clock.boot();
        for _ in 0..2 {
            raw.execute("UPDATE workspace SET name = ?1", [clock.now().to_string()])
                .unwrap();
        }
        plain.push(micros(&clock, began));
    }
    let (many, one, plain) = (sorted(many), sorted(one), sorted(plain));
    let at = |values: &[f64]| {
        format!(
            "p50 {:.0} us, p99 {:.0} us",
            percentile(values, 0.5),
            percentile(values, 0.99)
        )
    };
    println!("  {POSTS} posts: {}", at(&many));
    println!("  1 post: {}", at(&one));
    println!("  two updates of one row, plain SQL: {}", at(&plain));
    let ratios = many
        .iter()
        .zip(&one)
        .map(|(many, one)| many / one)
        .collect();
    println!("  ratio at each rank {}", spread(ratios));
}

fn micros(clock: &Clock, began: Duration) -> f64 {
    clock.boot().saturating_sub(began).as_secs_f64() * 1e6
}
