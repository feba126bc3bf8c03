//! Who publishes, since when, and whether it still says so.

use super::{Hub, OpError};
use crate::domain::publisher::PublisherKind;
use crate::engine::process::is_alive;
use crate::store::Reads;
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// A publisher that missed this many signs of life is silent.
const MISSED_SIGNS: u32 = 4;

/// Who publishes, as far as the store and this machine know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherView {
    /// Whether a process holds the role now.
    pub running: bool,
    /// It lives but gives no sign of life: stopped, or the machine swaps.
    pub silent: bool,
    /// What it is.
    pub kind: Option<PublisherKind>,
    /// The host it runs on.
    pub host: Option<String>,
    /// Its process id.
    pub pid: Option<u32>,
    /// Since when it publishes; of the last one when nobody does.
    pub since: Option<UtcMs>,
    /// Its last sign of life.
    pub heartbeat_at: Option<UtcMs>,
    /// Which term it is.
    pub term: Option<i64>,
}

/// Who publishes.
///
/// # Errors
/// When the store cannot be read.
pub async fn publisher(hub: &Hub) -> Result<PublisherView, OpError> {
    let timing = hub.config.engine.clone();
    hub.look(move |q, acting| view(q, &timing, acting.now))
        .await
}

pub(super) fn view(q: &Reads<'_>, timing: &Timing, now: UtcMs) -> Result<PublisherView, OpError> {
    let Some(term) = q.latest_term()? else {
        return Ok(PublisherView::default());
    };
    let running = term.ended_at.is_none() && is_alive(term.pid, term.pid_start, &term.boot_id);
    let quiet = now.since(term.heartbeat_at) > timing.heartbeat * MISSED_SIGNS;
    Ok(PublisherView {
        running,
        silent: running && quiet,
        kind: Some(term.kind),
        host: Some(term.host),
        pid: Some(term.pid),
        since: Some(term.started_at),
        heartbeat_at: Some(term.heartbeat_at),
        term: Some(term.n),
    })
}

impl PublisherView {
    /// Refuses when the publisher lives but does nothing: its role cannot be
    /// taken, since it may have a request on the wire.
    ///
    /// # Errors
    /// One that names the process.
    pub fn refuse_silent(&self) -> Result<(), OpError> {
        let (true, Some(pid)) = (self.silent, self.pid) else {
            return Ok(());
        };
        let host = self.host.as_deref().unwrap_or("this host");
        let last = self
            .heartbeat_at
            .map_or_else(|| "ever".into(), |at| format!("since {at}"));
        Err(OpError::failed(
            "publisher_silent",
            format!("The publisher (pid {pid} on {host}) has given no sign of life {last}."),
            format!(
                "Let it go on (kill -CONT {pid}) or end it (kill {pid}); another one takes over then."
            ),
        ))
    }
}
