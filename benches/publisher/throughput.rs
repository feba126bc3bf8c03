//! Posts a second beside a loop that only makes the requests: same server, same
//! number at a time, in turns. With durable commits (the database on disk) and
//! without (in memory, where a sync costs nothing).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use allgreen::support::clock::Clock;
use serde_json::json;

use crate::figures::spread;
use crate::hub::{Hub, did};
use crate::server::Server;

const CHANNELS: usize = 256;
const AT_ONCE: usize = 64;
const ROUNDS: usize = 3;

/// Prints the ratios.
pub async fn run() {
    println!("\nthroughput: posts a second, {CHANNELS} channels, {AT_ONCE} at a time");
    let disk = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let places = [
        ("durable commits", disk.as_path()),
        ("commits in memory", Path::new("/dev/shm")),
    ];
    for (latency, posts) in [(200, 5_120), (50, 5_120), (0, 10_240)] {
        let server = Server::start(Duration::from_millis(latency)).await;
        for (name, place) in places {
            let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let raw = loop_alone(&server, posts).await;
                let published = publisher(&server, place, posts).await;
                ratios.push(published / raw);
                ours.push(published);
                theirs.push(raw);
            }
            println!(
                "  {latency:>3} ms server, {name:<17}  publisher {}  raw loop {}  ratio {}",
                spread(ours),
                spread(theirs),
                spread(ratios)
            );
        }
    }
}

/// The engine, from the first due instant to the last answer written down.
async fn publisher(server: &Server, place: &Path, posts: usize) -> f64 {
    let hub = Hub::new(place, CHANNELS, server).await;
    let due = hub.clock.now().plus(Duration::from_secs(3));
    hub.schedule(posts, |_| due);
    hub.publish_all().await;
    let last: i64 = hub
        .raw()
        .query_row("SELECT max(published_at) FROM delivery", [], |row| {
            row.get(0)
        })
        .unwrap();
    posts as f64 / ((last - due.0) as f64 / 1_000.0)
}

/// Only the requests, made by as many workers.
async fn loop_alone(server: &Server, posts: usize) -> f64 {
    let client = reqwest::Client::builder().build().unwrap();
    let clock = Clock::real();
    let next = Arc::new(AtomicUsize::new(0));
    let began = clock.boot();
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, next) = (client.clone(), Arc::clone(&next));
            let bases: Vec<String> = (0..crate::server::HOSTS).map(|n| server.base(n)).collect();
            tokio::spawn(async move {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= posts {
                        return;
                    }
                    let url = format!(
                        "{}/xrpc/com.atproto.repo.putRecord",
                        bases[k % bases.len()]
                    );
                    let body = json!({
                        "repo": did(k % CHANNELS), "collection": "app.bsky.feed.post", "rkey": k.to_string(),
                        "validate": true, "swapRecord": null,
                        "record": { "$type": "app.bsky.feed.post", "text": format!("post {k}"), "createdAt": "2026-11-21T14:02:00.000Z" },
                    });
                    let reply = client
                        .post(url)
                        .bearer_auth("access")
                        .json(&body)
                        .send()
                        .await
                        .unwrap();
                    assert!(reply.status().is_success());
                    reply.bytes().await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    posts as f64 / clock.boot().saturating_sub(began).as_secs_f64()
}
