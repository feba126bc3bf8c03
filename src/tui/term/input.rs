//! The input task: owns crossterm's event stream and forwards what the gate
//! lets through. The stream is only ever awaited, never polled in passing: it
//! keeps its first waker and would fall silent for good.
//!
//! It has a thread of its own: crossterm reads a terminal that is gone without
//! end (a read of nothing is no end to it), and the screen has to hear the
//! hangup, keep what was typed and leave all the same.

use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot::{self, Receiver};

use super::gate::{Gate, Input};
use crate::support::clock::Clock;

/// How long the thread may take to end; it needs less than a millisecond, or
/// never ends.
const ENDS: Duration = Duration::from_millis(500);

/// A running input task; ends when dropped.
pub struct InputTask {
    /// Closed to end it.
    stop: oneshot::Sender<()>,
    /// Closed when it has ended.
    ended: Receiver<()>,
}

impl InputTask {
    /// Starts reading the terminal. `wrap` makes the message; `None` stands
    /// for a terminal that is gone, or cannot be read.
    pub fn start<M: Send + 'static>(
        to: Sender<M>,
        wrap: impl Fn(Option<Input>) -> M + Clone + Send + 'static,
    ) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = oneshot::channel();
        let (tell, gone) = (to.clone(), wrap.clone());
        let thread = std::thread::Builder::new()
            .name("screen-input".into())
            .spawn(move || {
                read_until(stopped, to, wrap);
                drop::<oneshot::Sender<()>>(ends);
            });
        if thread.is_err() {
            // The mailbox of a screen that just opened is not full.
            let _ = tell.try_send(gone(None));
        }
        Self { stop, ended }
    }

    /// Ends the task and waits until its stream is gone: a second one beside it
    /// would lose keys to it.
    pub async fn stop(self) {
        drop(self.stop);
        let _ = tokio::time::timeout(ENDS, self.ended).await;
    }
}

fn read_until<M: Send>(stopped: Receiver<()>, to: Sender<M>, wrap: impl Fn(Option<Input>) -> M) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let Ok(runtime) = runtime else {
        let _ = to.blocking_send(wrap(None));
        return;
    };
    runtime.block_on(async {
        tokio::select! {
            biased;
            _ = stopped => {}
            () = read(&to, wrap) => {}
        }
    });
}

async fn read<M: Send>(to: &Sender<M>, wrap: impl Fn(Option<Input>) -> M) {
    let clock = Clock::real();
    let mut stream = EventStream::new();
    let mut gate = Gate::default();
    loop {
        let held = gate.deadline().map(|at| at.saturating_sub(clock.boot()));
        let ready = tokio::select! {
            biased;
            event = stream.next() => match event {
                Some(Ok(event)) => gate.feed(event, clock.boot()),
                Some(Err(_)) | None => break,
            },
            () = wait(&clock, held) => gate.expire(),
        };
        for input in ready {
            if to.send(wrap(Some(input))).await.is_err() {
                return;
            }
        }
    }
    let _ = to.send(wrap(None)).await;
}

async fn wait(clock: &Clock, span: Option<std::time::Duration>) {
    match span {
        Some(span) => clock.sleep(span).await,
        None => std::future::pending().await,
    }
}
