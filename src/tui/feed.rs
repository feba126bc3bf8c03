//! Learns what this or another process did: a store thread looks every 250 ms
//! whether anybody committed, and nothing else is woken while nobody did.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::msg::Msg;
use crate::ops::Hub;
use crate::ops::publisher::{PublisherView, publisher};
use crate::store::changes::Cursor;
use crate::support::clock::Clock;

/// How often without the focus.
const UNFOCUSED: Duration = Duration::from_secs(1);

/// How often it is asked who publishes: a process that was killed changes no
/// row.
const PUBLISHER_EVERY: Duration = Duration::from_secs(5);

/// A running feed; ends when dropped.
pub struct Feed(JoinHandle<()>);

impl Feed {
    /// Starts it. What changed before `from` is known.
    pub fn start(hub: Hub, to: Sender<Msg>, focus: watch::Receiver<bool>, from: Cursor) -> Self {
        Self(tokio::spawn(follow(hub, to, focus, from)))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(hub: Hub, to: Sender<Msg>, mut focus: watch::Receiver<bool>, mut from: Cursor) {
    let clock = Clock::real();
    let (span, spans) = watch::channel(hub.config.engine.screen_poll);
    let mut commits = match hub.store.watch(spans) {
        Ok(commits) => commits,
        Err(error) => {
            tracing::error!(%error, "the screen cannot follow the store");
            return;
        }
    };
    let mut told: Option<PublisherView> = None;
    let mut busy = hub.store.busy();
    let mut ask_at = Duration::ZERO;
    loop {
        let mut ask = clock.boot() >= ask_at;
        if let Some(changes) = changes(&hub, from).await {
            from = changes.cursor;
            ask |= changes.objects.iter().any(|(kind, _)| kind == "term");
            if !changes.is_empty() && to.send(Msg::Changed(changes)).await.is_err() {
                return;
            }
        }
        if ask {
            ask_at = clock.boot() + PUBLISHER_EVERY;
            if let Ok(view) = publisher(&hub).await
                && told.as_ref().map(essence) != Some(essence(&view))
            {
                told = Some(view.clone());
                if to.send(Msg::Publisher(view)).await.is_err() {
                    return;
                }
            }
        }
        tokio::select! {
            changed = commits.changed() => if changed.is_err() { return },
            () = clock.sleep(ask_at.saturating_sub(clock.boot())) => {}
            changed = busy.changed(), if busy.has_changed().is_ok() => {
                // An error says that the writer is gone, and its lock with it.
                let on = changed.is_ok() && *busy.borrow_and_update();
                if to.send(Msg::StoreBusy(on)).await.is_err() {
                    return;
                }
            }
            changed = focus.changed() => {
                if changed.is_err() {
                    return;
                }
                let quick = hub.config.engine.screen_poll;
                let _ = span.send_replace(if *focus.borrow() { quick } else { quick.max(UNFOCUSED) });
            }
        }
    }
}

/// What happened after `from`; none while nothing did, or while the store
/// cannot be read (the next look says what was missed).
async fn changes(hub: &Hub, from: Cursor) -> Option<crate::store::changes::Changes> {
    let read = hub.store.read(move |q| {
        if q.cursor()? == from {
            return Ok(None);
        }
        q.changes_since(from).map(Some)
    });
    read.await.ok().flatten()
}

/// What a screen says of the publisher: a sign of life alone is no news.
fn essence(view: &PublisherView) -> (bool, bool, Option<u32>, Option<i64>) {
    (view.running, view.silent, view.pid, view.term)
}
