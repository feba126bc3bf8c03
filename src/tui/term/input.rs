//! The input task: owns crossterm's event stream and forwards what the gate
//! lets through. The stream is only ever awaited, never polled in passing: it
//! keeps its first waker and would fall silent for good.

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use super::gate::{Gate, Input};
use crate::support::clock::Clock;

/// A running input task; ends when dropped.
pub struct InputTask(JoinHandle<()>);

impl InputTask {
    /// Starts reading the terminal. `wrap` makes the message; `None` stands
    /// for a terminal that is gone.
    pub fn start<M: Send + 'static>(
        to: Sender<M>,
        wrap: impl Fn(Option<Input>) -> M + Send + 'static,
    ) -> Self {
        Self(tokio::spawn(async move {
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
        }))
    }
}

impl InputTask {
    /// Ends the task and waits until its stream is gone: a second one beside it
    /// would lose keys to it.
    pub async fn stop(mut self) {
        self.0.abort();
        // Aborted is how it is meant to end.
        let _ = (&mut self.0).await;
    }
}

impl Drop for InputTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn wait(clock: &Clock, span: Option<std::time::Duration>) {
    match span {
        Some(span) => clock.sleep(span).await,
        None => std::future::pending().await,
    }
}
