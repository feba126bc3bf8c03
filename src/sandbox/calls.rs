//! What came in over HTTP.

use serde::{Deserialize, Serialize};

use super::faults::Fault;
use crate::support::time::UtcMs;

/// One request as the simulated network saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The endpoint by its name at the network (`com.atproto.repo.putRecord`).
    pub endpoint: String,
    /// The account it was about, by its stable id, when it named one.
    pub account: Option<String>,
    /// When its head arrived.
    pub at: UtcMs,
    /// The status that was answered; `None` while none was, and for good when
    /// the connection was closed instead.
    pub status: Option<u16>,
    /// The fault that was applied to it.
    pub fault: Option<Fault>,
}
