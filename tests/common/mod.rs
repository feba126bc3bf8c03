//! What the tiers that run the real program share: the program as a child
//! process, a proxy that spoils answers, and waiting for a condition.
//!
//! Everything here is called from plain `#[test]` functions, never from inside
//! a runtime: the helpers block, on one runtime of their own.

#![allow(dead_code, reason = "each test target uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that cannot go on fails its test"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "real servers and child processes have real clocks and a real environment"
)]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

pub mod canaries;
pub mod crashes;
pub mod disk;
pub mod human;
pub mod logins;
pub mod process;
pub mod program;
pub mod proxy;
pub mod simulated;

/// How long a helper waits where the caller names no limit.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The one runtime of the helpers.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("test-helpers")
            .build()
            .expect("a runtime for the helpers")
    })
}

/// Says that this machine or user cannot cause what a story is about.
#[allow(clippy::print_stderr, reason = "whoever runs the tests must see it")]
pub fn not_shown(why: &str) {
    eprintln!("not shown here: {why}");
}

/// Waits until this much time is over: for stories in which nothing happens.
pub fn let_pass(time: Duration) {
    let over = Instant::now() + time;
    eventually("time passes", time * 2 + PATIENCE, || Instant::now() > over);
}

/// A client for loopback: no proxy of the environment, no certificate store, no
/// redirects, no unpacking, and a fresh connection for every call, so that a
/// server closing an idle one never looks like a fault.
pub fn http() -> &'static reqwest::Client {
    static HTTP: OnceLock<reqwest::Client> = OnceLock::new();
    HTTP.get_or_init(|| {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the default protocol versions")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client for loopback")
    })
}

/// Waits until `holds` answers true.
///
/// # Panics
/// When `limit` has passed before; the message names `what` was waited for.
pub fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    eventually_some(what, limit, || holds().then_some(()));
}

/// Whether `holds` answers true within `limit`.
#[allow(dead_code, reason = "each test target uses its own part")]
pub fn happens(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    while !holds() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

/// Waits until `find` finds something, and returns it.
///
/// # Panics
/// When `limit` has passed before; the message names `what` was waited for.
pub fn eventually_some<T>(what: &str, limit: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
