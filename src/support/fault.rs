//! Named fault points: in debug builds `ALLGREEN_FAULT=C4.after` ends the
//! process at that point as `kill -9` would, so that tests can prove what is
//! left behind. In release builds they compile to nothing.

/// Environment variable that names the armed faults, separated by commas.
pub const FAULT: &str = "ALLGREEN_FAULT";

/// Whether the fault `name` was asked for; always false in release builds.
#[allow(
    clippy::disallowed_methods,
    reason = "faults enter by the environment in debug builds only"
)]
pub fn armed(name: &str) -> bool {
    cfg!(debug_assertions)
        && std::env::var(FAULT).is_ok_and(|list| list.split(',').any(|one| one == name))
}

/// Ends the process at once, without any clean-up, when `name` was asked for.
pub fn point(name: &str) {
    if armed(name) {
        // SIGKILL cannot be caught: nothing buffered is written, no lock is
        // released by us, exactly as in a crash.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
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
