//! What publishing costs beside what it cannot do without: a raw HTTP loop
//! against the same server, plain SQL on the same file. Figures are ratios of
//! runs that took turns; README says how they came out.
//!
//! `cargo bench --bench publisher -- [throughput] [lateness] [claim] [hold]`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails loudly and prints its figures"
)]

mod claim;
mod figures;
mod hold;
mod hub;
mod lateness;
mod server;
mod throughput;

fn main() {
    // The raw loop makes its own client.
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|one| one == name);
    let uname = rustix::system::uname();
    println!(
        "{} cores, {} {}, SQLite {}",
        std::thread::available_parallelism().map_or(0, usize::from),
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy(),
        rusqlite::version(),
    );
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    if wanted("throughput") {
        runtime().block_on(throughput::run());
    }
    if wanted("lateness") {
        runtime().block_on(lateness::run());
    }
    if wanted("claim") {
        runtime().block_on(claim::run());
    }
    if wanted("hold") {
        runtime().block_on(hold::run());
    }
}
