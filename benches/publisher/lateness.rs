//! How late 10,000 posts go out that are all due within one minute.

use std::path::PathBuf;
use std::time::Duration;

use crate::figures::{percentile, sorted};
use crate::hub::Hub;
use crate::server::Server;

const POSTS: usize = 10_000;
const CHANNELS: usize = 1_000;
const WITHIN_MS: usize = 60_000;

/// Prints the percentiles.
pub async fn run() {
    println!("\nlateness: {POSTS} posts due within a minute, {CHANNELS} channels");
    for latency in [0, 200] {
        let server = Server::start(Duration::from_millis(latency)).await;
        let disk = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let hub = Hub::new(&disk, CHANNELS, &server).await;
        let first = hub.clock.now().plus(Duration::from_secs(5));
        hub.schedule(POSTS, |k| {
            first.plus(Duration::from_millis((k * WITHIN_MS / POSTS) as u64))
        });
        hub.publish_all().await;
        let raw = hub.raw();
        let mut rows = raw
            .prepare(
                "SELECT a.armed_at - d.due, d.published_at - d.due FROM delivery d JOIN attempt a ON a.delivery_id = d.id",
            )
            .unwrap();
        let late: Vec<(f64, f64)> = rows
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .unwrap()
            .map(|row| row.map(|(armed, out)| (armed as f64, out as f64)).unwrap())
            .collect();
        assert_eq!(late.len(), POSTS, "one attempt each");
        let early = late.iter().filter(|(armed, _)| *armed < 0.0).count();
        let armed = sorted(late.iter().map(|(armed, _)| *armed).collect());
        let out = sorted(late.iter().map(|(_, out)| *out).collect());
        let of = |values: &[f64]| {
            format!(
                "p50 {:.0} ms, p99 {:.0} ms, most {:.0} ms",
                percentile(values, 0.5),
                percentile(values, 0.99),
                percentile(values, 1.0)
            )
        };
        println!(
            "  {latency:>3} ms server  sent {}  live {}  early {early}",
            of(&armed),
            of(&out)
        );
    }
}
