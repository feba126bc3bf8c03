//! Named fault points: in debug builds `ALLGREEN_FAULT=C4.after` ends the
//! process at that point as `kill -9` would, so that tests can prove what is
//! left behind; `stop.C4.after` stops it there once, until somebody lets it go
//! on. In release builds they compile to nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Signal, getpid, kill_process};

/// Environment variable that names the armed faults, separated by commas.
pub const FAULT: &str = "ALLGREEN_FAULT";

/// Whether this process stopped itself already: once is enough.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Whether the fault `name` was asked for; always false in release builds.
#[allow(
    clippy::disallowed_methods,
    reason = "faults enter by the environment in debug builds only"
)]
pub fn armed(name: &str) -> bool {
    cfg!(debug_assertions)
        && std::env::var(FAULT).is_ok_and(|list| list.split(',').any(|one| one == name))
}

/// Ends the process at once, without any clean-up, when `name` was asked for;
/// stops it when `stop.name` was.
pub fn point(name: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    if armed(name) {
        // SIGKILL cannot be caught: nothing buffered is written, no lock is
        // released by us, exactly as in a crash.
        let _ = kill_process(getpid(), Signal::KILL);
        loop {
            std::thread::park();
        }
    }
    if armed(&format!("stop.{name}")) && !STOPPED.swap(true, Ordering::Relaxed) {
        let _ = kill_process(getpid(), Signal::STOP);
        // Another thread may take the signal: this one goes no further before.
        std::thread::park_timeout(std::time::Duration::from_millis(200));
    }
}

/// Panics with words that a defect might say, when `name` was asked for, so
/// that tests can prove that no report shows what is secret in them.
///
/// # Panics
/// In debug builds, when asked to.
pub fn panics_saying(name: &str, words: impl FnOnce() -> String) {
    assert!(!armed(name), "{}", words());
}

/// Panics when `name` was asked for, so that tests can prove what a panic
/// leaves behind.
///
/// # Panics
/// In debug builds, when asked to.
pub fn panics(name: &str) {
    assert!(!armed(name), "the fault {name} was asked for");
}
