//! The signals a screen answers.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The terminal is gone.
    HangUp,
    /// End in order.
    End,
    /// Ctrl-c outside of raw mode: end in order, unless it was meant for
    /// somebody else at this terminal.
    Interrupt,
    /// Stop, to go on later.
    Suspend,
    /// The process was stopped from outside and goes on.
    Continue,
}

/// Receives the signals.
pub struct Signals {
    hangup: Signal,
    term: Signal,
    int: Signal,
    stop: Signal,
    cont: Signal,
}

impl Signals {
    /// Registers for the signals.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn new() -> io::Result<Self> {
        // SIGTSTP has no name in tokio; 20 is its number on Linux, 18 elsewhere.
        let stop = if cfg!(target_os = "linux") { 20 } else { 18 };
        let cont = if cfg!(target_os = "linux") { 18 } else { 19 };
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(stop))?,
            cont: signal(SignalKind::from_raw(cont))?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Asked {
        tokio::select! {
            biased;
            _ = self.hangup.recv() => Asked::HangUp,
            _ = self.term.recv() => Asked::End,
            _ = self.int.recv() => Asked::Interrupt,
            _ = self.stop.recv() => Asked::Suspend,
            _ = self.cont.recv() => Asked::Continue,
        }
    }
}

/// Stops this job as Ctrl-Z does; returns when it is continued.
pub fn stop_job() {
    use rustix::process::{Signal, kill_current_process_group};
    // SIGSTOP, since SIGTSTP is ours; the group, so that a wrapper stops too.
    let _ = kill_current_process_group(Signal::STOP);
}
