//! Learns what this or another process did: looks at the change feed every
//! 250 ms, on a store thread, and says nothing while nothing changed.

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
    let mut told: Option<PublisherView> = None;
    let mut asked = Duration::ZERO;
    loop {
        let mut ask = asked.is_zero() || clock.boot().saturating_sub(asked) >= PUBLISHER_EVERY;
        if let Some(changes) = changes(&hub, from).await {
            from = changes.cursor;
            ask |= changes.objects.iter().any(|(kind, _)| kind == "term");
            if !changes.is_empty() && to.send(Msg::Changed(changes)).await.is_err() {
                return;
            }
        }
        if ask {
            asked = clock.boot();
            if let Ok(view) = publisher(&hub).await
                && told.as_ref().map(essence) != Some(essence(&view))
            {
                told = Some(view.clone());
                if to.send(Msg::Publisher(view)).await.is_err() {
                    return;
                }
            }
        }
        let span = if *focus.borrow() {
            hub.config.engine.screen_poll
        } else {
            hub.config.engine.screen_poll.max(UNFOCUSED)
        };
        tokio::select! {
            () = clock.sleep(span) => {}
            changed = focus.changed() => if changed.is_err() { return },
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
