//! The latest moment at which a request may begin to leave. Whoever decided to
//! send it may have slept since, or waited for a place or a connection, and the
//! world may have moved on: then it does not leave at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, HeaderValue};

use crate::support::clock::Clock;

/// Until when the first changing call may begin, on the clock that goes on in
/// suspend. What follows on it in the same errand is no new decision.
#[derive(Clone, Debug)]
pub(super) struct StartBy {
    until: Duration,
    begun: Arc<AtomicBool>,
}

/// The body of a request that came too late; its head may have left, but no
/// server acts on a body that never comes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too much time passed between the decision to send and the sending")]
pub(super) struct TooLate;

impl StartBy {
    pub fn new(until: Duration) -> Self {
        Self {
            until,
            begun: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Whether this is the call the limit is for; asked once per call.
    pub fn is_for(&self) -> bool {
        !self.begun.swap(true, Ordering::Relaxed)
    }

    /// Whether the moment has passed.
    pub fn is_over(&self, clock: &Clock) -> bool {
        clock.boot() > self.until
    }

    /// The same request, whose body looks at the clock once more when the
    /// connection is there and asks for it.
    pub fn guard(&self, mut request: reqwest::Request, clock: &Clock) -> reqwest::Request {
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let Some(bytes) = body.map(<[u8]>::to_vec) else {
            return request;
        };
        let length = HeaderValue::from(bytes.len());
        let (limit, clock) = (self.clone(), clock.clone());
        let once = stream::once(async move {
            if limit.is_over(&clock) {
                Err(TooLate)
            } else {
                Ok(bytes)
            }
        });
        *request.body_mut() = Some(reqwest::Body::wrap_stream(once));
        request.headers_mut().insert(CONTENT_LENGTH, length);
        request
    }
}
