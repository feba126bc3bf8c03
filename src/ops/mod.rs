//! Floor 6: what an operator can do, one use case per file. Each checks the
//! role in the transaction that makes the change, and writes the audit row, the
//! notice and the way back with it. Command line and screen act through here.

use std::sync::Arc;

use crate::domain::ids::OperatorId;
use crate::networks::registry::Registry;
use crate::store::Store;
use crate::support::clock::Clock;
use crate::support::config::Config;
use crate::support::entropy::Entropy;

mod acting;
mod error;

pub mod aside;
pub mod backup;
pub mod connect;
pub mod disconnect;
pub mod handover;
pub mod hub;
pub mod keys;
pub mod login;
pub mod names;
pub mod notices;
pub mod pause;
pub mod people;
pub mod posts;
pub mod probe;
pub mod publisher;
pub mod refresh;
pub mod release;
pub mod restore;
pub mod runbook;
mod time;
pub mod views;
pub mod visits;
pub mod workspaces;

pub use error::{ErrorKind, OpError};
pub use names::Scope;
pub use time::{civil, when};

pub use crate::support::paths::Paths;

/// One hub as one operator uses it; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    /// The store.
    pub store: Store,
    /// The networks it speaks to.
    pub networks: Arc<Registry>,
    /// The one clock.
    pub clock: Clock,
    /// Randomness for ids.
    pub entropy: Entropy,
    /// What the configuration says.
    pub config: Arc<Config>,
    /// Where everything lives.
    pub paths: Paths,
    /// Who acts.
    pub operator: Operator,
    /// Whether nothing may be changed.
    pub read_only: bool,
}

/// The person who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Their id.
    pub id: OperatorId,
    /// The name they log in with.
    pub name: String,
    /// Whether they were hub admin when the hub was opened; every act asks the
    /// store again.
    pub hub_admin: bool,
}
