//! What this process allows itself and others, before anything else happens.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Files are made for their owner only, and memory that may hold tokens is
/// neither dumped to disk nor readable by other processes of the user.
pub fn harden() {
    umask(Mode::from_raw_mode(0o077));
    // Where the system refuses these there is nothing better to do than go on.
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Resolves when somebody asks this process to end: Ctrl-C, `kill`, or the
/// terminal went away.
///
/// # Errors
/// When the system gives no signal handlers.
pub async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
