//! What can happen to a call on its way.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;

use super::super::process;

/// What a test does at a certain moment of a call.
pub type Hook = Arc<dyn Fn() + Send + Sync>;

/// What happens to one call.
#[derive(Clone)]
pub enum Fault {
    /// Nothing; for spoiling only the call after this one.
    Pass,
    /// The server does it, then the connection closes without a reply.
    LoseAnswer,
    /// The server gets it only after this time, even when the client has gone.
    DelayRequest(Duration),
    /// The server gets it when the gate opens, even when the client has gone.
    HoldRequest(Gate),
    /// The server does it at once; its reply waits for this time.
    DelayAnswer(Duration),
    /// The server does it at once; its reply waits until the gate opens.
    HoldAnswer(Gate),
    /// The server gets it twice, one after the other; the second reply counts.
    Double,
    /// The server does it; the client reads of an internal error.
    Error500ThoughDone,
    /// The connection closes, and the server never hears of it.
    DropBefore,
    /// The connection is reset (RST) once the call has arrived, and the server
    /// never hears of it.
    Reset,
    /// The server does it; the reply says how long it is and stops half way.
    Truncate,
    /// The server does it; the reply begins as JSON and goes on for so many bytes.
    Flood(usize),
    /// The server does it; the reply comes one byte at a time and never ends.
    Drip,
    /// The server never hears of it; the client reads this.
    Answer {
        /// HTTP status.
        status: u16,
        /// Additional headers.
        headers: Vec<(String, String)>,
        /// JSON, or whatever the headers say.
        body: String,
    },
    /// Runs the hook when the call begins to arrive; the rest of it is lost.
    OnFirstByte(Hook),
    /// Runs the hook when the call has arrived in full, then forwards it.
    OnArrival(Hook),
}

impl Fault {
    /// Kills the sender (`kill -9`) when the first byte has left it; the server
    /// hears nothing.
    pub fn kill_on_first_byte(victim: &Victim) -> Self {
        Self::OnFirstByte(victim.killer())
    }

    /// Kills the sender (`kill -9`) when the whole call has left it; the server
    /// does it, and nobody is there to read the reply.
    pub fn kill_on_arrival(victim: &Victim) -> Self {
        Self::OnArrival(victim.killer())
    }

    /// The server's own words for an error, without the server.
    pub fn xrpc_error(status: u16, error: &str, message: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: serde_json::json!({ "error": error, "message": message }).to_string(),
        }
    }

    /// As the log of calls names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::LoseAnswer => "lose answer",
            Self::DelayRequest(_) => "delay request",
            Self::HoldRequest(_) => "hold request",
            Self::DelayAnswer(_) => "delay answer",
            Self::HoldAnswer(_) => "hold answer",
            Self::Double => "double",
            Self::Error500ThoughDone => "500 though done",
            Self::DropBefore => "drop before",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Flood(_) => "flood",
            Self::Drip => "drip",
            Self::Answer { .. } => "answer",
            Self::OnFirstByte(_) => "on first byte",
            Self::OnArrival(_) => "on arrival",
        }
    }
}

/// The process a fault is to kill. It is named after it was started, and may
/// call before that: the fault waits for the name.
#[derive(Clone, Default)]
pub struct Victim(Arc<OnceLock<u32>>);

impl Victim {
    /// Names it, once.
    pub fn is(&self, pid: u32) {
        self.0.set(pid).expect("a victim is named once");
    }

    fn killer(&self) -> Hook {
        let Self(pid) = self.clone();
        Arc::new(move || {
            let pid = *pid.wait();
            process::send(pid, Signal::KILL);
            // Only when it is dead may the connection close: it must not learn
            // of that and act.
            process::wait_until_dead(pid);
        })
    }
}

/// Holds calls back until a test opens it; clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed one.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything through, from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        // Only a dropped sender ends the wait early, and this is the sender.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
