//! What finding and arming 64 due posts costs in a store of ten thousand and of
//! a million, beside the plainest query for them.

use std::path::PathBuf;
use std::time::Duration;

use allgreen::domain::machine::Rules;
use allgreen::support::clock::Clock;

use crate::figures::{percentile, sorted, spread};
use crate::hub::Hub;
use crate::server::Server;

const DUE: usize = 64;
const CHANNELS: usize = 256;
const ROUNDS: usize = 40;

/// Prints the figures.
pub async fn run() {
    println!("\nclaim: {DUE} due posts found, prepared and armed; {CHANNELS} channels");
    let small = measure(10_000).await;
    let large = measure(1_000_000).await;
    println!(
        "  a million beside ten thousand: look {}, prepare and arm {}",
        spread(ratios(&large.look, &small.look)),
        spread(ratios(&large.arm, &small.arm))
    );
}

struct Figures {
    look: Vec<f64>,
    arm: Vec<f64>,
}

fn ratios(large: &[f64], small: &[f64]) -> Vec<f64> {
    large
        .iter()
        .zip(small)
        .map(|(large, small)| large / small)
        .collect()
}

async fn measure(deliveries: usize) -> Figures {
    let server = Server::start(Duration::ZERO).await;
    let disk = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let hub = Hub::new(&disk, CHANNELS, &server).await;
    let clock = Clock::real();
    let now = clock.now();
    hub.schedule(deliveries - DUE, |k| {
        now.plus(Duration::from_secs(86_400 + k as u64))
    });
    hub.schedule(DUE, |_| now);
    let term = {
        let me =
            allgreen::engine::process::this(allgreen::domain::publisher::PublisherKind::Daemon);
        hub.store
            .write(move |tx| tx.begin_term(&me, now))
            .await
            .unwrap()
    };
    let entropy = allgreen::support::entropy::Entropy::seeded(9);
    let (mut look, mut plain, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    let raw = hub.raw();
    for _ in 0..ROUNDS {
        let began = clock.boot();
        let due = hub
            .store
            .read(move |q| q.due_by_channel(now, now, &Rules::default()))
            .await
            .unwrap();
        look.push(micros(&clock, began));
        assert_eq!(due.len(), DUE);
        let began = clock.boot();
        let mut query = raw
            .prepare_cached("SELECT * FROM delivery WHERE state = 'scheduled' AND due <= ?1 ORDER BY due LIMIT 64")
            .unwrap();
        let mut rows = query.query([now.0]).unwrap();
        let mut n = 0;
        while rows.next().unwrap().is_some() {
            n += 1;
        }
        assert_eq!(n, DUE);
        plain.push(micros(&clock, began));
        drop(rows);
        let began = clock.boot();
        let writes = due.into_iter().map(|one| {
            let (store, entropy) = (hub.store.clone(), entropy.clone());
            async move {
                let channel = one.delivery.channel_id.clone();
                let epoch = store
                    .read(move |q| Ok(q.channel(&channel)?.epoch))
                    .await
                    .unwrap();
                let id = one.delivery.id.clone();
                let attempt = store
                    .write(move |tx| tx.prepare(&id, term, epoch, 1, "key", now, &entropy))
                    .await
                    .unwrap();
                store
                    .write(move |tx| {
                        tx.arm(&attempt, term, epoch, "{}", "hash", &Rules::default(), now)
                    })
                    .await
                    .unwrap();
            }
        });
        futures_util::future::join_all(writes).await;
        arm.push(micros(&clock, began));
        // Back to where they were, as if proven not processed.
        raw.execute_batch(
            "UPDATE delivery SET state = 'scheduled' WHERE state = 'sending';
             UPDATE attempt SET phase = 'closed' WHERE phase = 'open';",
        )
        .unwrap();
    }
    let of = |values: &[f64]| {
        let values = sorted(values.to_vec());
        format!(
            "p50 {:.0} us, p99 {:.0} us",
            percentile(&values, 0.5),
            percentile(&values, 0.99)
        )
    };
    println!(
        "  {deliveries:>9} deliveries  look {}  plain SELECT {}  prepare and arm {}",
        of(&look),
        of(&plain),
        of(&arm)
    );
    Figures { look, arm }
}

fn micros(clock: &Clock, began: Duration) -> f64 {
    clock.boot().saturating_sub(began).as_secs_f64() * 1e6
}
