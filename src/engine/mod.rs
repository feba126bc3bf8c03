//! Floor 5: what happens by itself. One process per store leads (lock and
//! term); it publishes, proves, refreshes, looks up lost answers, reads what the
//! networks show, and does what other processes ask of it through command rows.
//!
//! Every loop computes its next deadline from the store and sleeps until then
//! or until it is woken. The engine never talks to a screen: it commits.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::domain::ids::{ChannelId, DeliveryId, LoginId};
use crate::domain::machine::Rules;
use crate::domain::network::Network;
use crate::domain::publisher::PublisherKind;
use crate::networks::registry::Registry;
use crate::networks::{Net, Networked};
use crate::store::{Store, StoreError};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::fault;
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

pub mod again;
mod answers;
mod apps;
mod begin;
mod clock;
mod commands;
mod conductor;
pub mod facts;
mod harvester;
mod lanes;
pub mod leadership;
mod limits;
mod material;
mod prober;
pub mod process;
mod refresher;
mod renewals;
mod rescue;
mod resolver;
mod sender;
pub mod sessions;
mod sweep;
mod taken;
mod unsealed;
mod upkeep;
mod uploads;
mod waiting;
mod watchdog;
mod weather;
mod zones;

/// What the engine is made of.
pub struct Parts {
    /// The store it works on.
    pub store: Store,
    /// The networks it speaks to.
    pub networks: Arc<Registry>,
    /// The one clock.
    pub clock: Clock,
    /// Randomness for ids and jitter.
    pub entropy: Entropy,
    /// Every duration.
    pub timing: Timing,
    /// The protocol; tests pass broken ones.
    pub rules: Rules,
    /// The file whose lock is the publisher's role.
    pub lock: PathBuf,
    /// The directory of media copies.
    pub media: PathBuf,
}

/// The engine of one process; cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    parts: Parts,
    /// Something changed: look again.
    wake: Notify,
    memory: Mutex<Memory>,
    /// One refresh per login at a time.
    login_locks: Mutex<HashMap<LoginId, Arc<tokio::sync::Mutex<()>>>>,
}

/// A network, and the base URL of one of its servers.
type Place = (Network, String);

/// What is only remembered while this process leads.
#[derive(Debug, Default)]
struct Memory {
    /// The current term, while leading.
    term: Option<i64>,
    /// Since when nothing but the queue keeps posts: the term began, or bad
    /// weather ended.
    free_since: UtcMs,
    /// Channels with a send under way.
    sending: HashSet<ChannelId>,
    /// Deliveries being looked up.
    looking: HashSet<DeliveryId>,
    /// Logins being refreshed or proved.
    proving: HashSet<LoginId>,
    /// Channels being read, and where they live.
    reading: HashMap<ChannelId, Place>,
    /// Servers whose readings rest until an instant, because of trouble.
    rested: HashMap<Place, UtcMs>,
    /// Channels parked until an instant, by a first 401 or a rate limit.
    parked: HashMap<ChannelId, UtcMs>,
    /// Deliveries and logins left alone until an instant, by id, after the
    /// store failed on them.
    put_off: HashMap<String, UtcMs>,
    /// The last late delivery sent per channel: when, and when it was due.
    caught_up: HashMap<ChannelId, (UtcMs, UtcMs)>,
    /// Failures in a row per delivery, for the back-off.
    failures: HashMap<DeliveryId, u32>,
    /// What is known of this machine's clock.
    clock: clock::Watched,
    /// Servers in trouble.
    weather: weather::Known,
}

/// Why the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock file cannot be used.
    #[error(
        "The publisher's lock {path} cannot be used: {reason}. Check the directory and its permissions."
    )]
    Lock {
        /// The lock file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The store was restored and nobody confirmed it.
    #[error(
        "This store was restored from a backup. Make sure that the one it came from publishes no more, then confirm with: allgreen restore"
    )]
    Restored,
}

/// What one pass over the queue left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Deliveries that went out.
    pub published: u64,
    /// Deliveries whose outcome is open.
    pub open: u64,
    /// Due deliveries that wait: paced, parked or not tried yet.
    pub waiting: u64,
}

impl Engine {
    /// An engine that does nothing yet.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            wake: Notify::new(),
            memory: Mutex::new(Memory::default()),
            login_locks: Mutex::new(HashMap::new()),
        }))
    }

    /// Looks at the store again at once.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Whether this process leads now.
    pub fn leads(&self) -> bool {
        self.0.memory().term.is_some()
    }

    /// Leads whenever it can until `stop` becomes true, then gives the role up
    /// after what is in flight has ended.
    ///
    /// # Errors
    /// When the lock file or the store cannot be used.
    pub async fn run(
        &self,
        kind: PublisherKind,
        stop: watch::Receiver<bool>,
    ) -> Result<(), EngineError> {
        conductor::run(&self.0, kind, stop).await
    }

    /// Takes the role if it is free, makes one pass over commands and due
    /// deliveries, waits for them, and gives the role back. `None` when another
    /// process holds it.
    ///
    /// # Errors
    /// When the lock file or the store cannot be used.
    pub async fn once(&self, what: Once) -> Result<Option<Pass>, EngineError> {
        conductor::once(&self.0, what).await
    }
}

/// The promised protocol, or in debug builds the broken one that tests ask for
/// by fault names, to see that they would notice.
pub fn rules() -> Rules {
    Rules {
        blind_retry: fault::armed("rules.blind_retry"),
        new_key_per_attempt: fault::armed("rules.new_key_per_attempt"),
        no_settle: fault::armed("rules.no_settle"),
        stealable_lease: fault::armed("rules.steal_lease"),
        late_send: fault::armed("rules.late_send"),
        ignore_health: fault::armed("rules.ignore_health"),
        ..Rules::default()
    }
}

/// What [`Engine::once`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// Queued commands only.
    Commands,
    /// Commands, due deliveries and lost answers.
    Everything,
}

impl Inner {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn login_lock(&self, login: &LoginId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self
            .login_locks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(login.clone()).or_default())
    }

    /// A network and what its calls are made with.
    fn network(&self, network: Network) -> Result<(Arc<dyn Networked>, Net), StoreError> {
        self.parts
            .networks
            .get(network)
            .ok_or_else(|| StoreError::NotFound(format!("network {}", network.title())))
    }

    /// The current term.
    fn term(&self) -> Result<i64, StoreError> {
        self.memory()
            .term
            .ok_or(StoreError::Stale("The publisher's role"))
    }

    fn now(&self) -> UtcMs {
        self.parts.clock.now()
    }

    /// `span` give or take a tenth, so that many channels do not move as one.
    fn jittered(&self, span: Duration) -> Duration {
        let tenth = span / 10;
        let width = u64::try_from(tenth.as_millis()).unwrap_or(0) * 2;
        span - tenth + Duration::from_millis(self.parts.entropy.below(width + 1))
    }

    /// `span` and up to a tenth more, for a pause that a network asked for.
    fn jittered_later(&self, span: Duration) -> Duration {
        let width = u64::try_from((span / 10).as_millis()).unwrap_or(0);
        span + Duration::from_millis(self.parts.entropy.below(width + 1))
    }
}
