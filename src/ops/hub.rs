//! Opening the hub: the store, the networks, and who acts.

use std::sync::Arc;
use std::time::Duration;

use super::acting::hub_admins;
use super::{Hub, OpError, Operator, Paths};
use crate::domain::ids::{OperatorId, WorkspaceId};
use crate::domain::role::Role;
use crate::domain::when::zone_name;
use crate::networks::http::Http;
use crate::networks::registry::Registry;
use crate::store::passkey::PassKey;
use crate::store::workspaces::Workspace;
use crate::store::{Hears, OpenOptions, Reads, Store, StoreError, StorePaths, Trouble, Tx};
use crate::support::clock::Clock;
use crate::support::config::Config;
use crate::support::entropy::Entropy;
use crate::support::login::os_login;
use crate::support::time::UtcMs;

/// How late a post may go out by itself unless the workspace says otherwise.
pub(super) const LATE_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How to open a hub.
pub struct HubOptions {
    /// Where everything lives; the directories exist.
    pub paths: Paths,
    /// What the configuration says.
    pub config: Config,
    /// The one clock.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Who acts; `None` takes the login name of the operating system.
    pub operator: Option<String>,
    /// Change nothing, not even by opening.
    pub read_only: bool,
    /// What opens the key file where it is locked with a passphrase.
    pub passkey: Option<Arc<PassKey>>,
    /// Who is told that an older store is updated, which takes a while.
    pub hears: Option<Hears>,
}

impl Hub {
    /// Opens the hub. The first run makes a workspace "My workspace" (`main`)
    /// and the operator as hub admin and owner of it.
    ///
    /// # Errors
    /// When the store cannot be opened, or the operator is not one of its.
    pub async fn open(options: HubOptions) -> Result<Self, OpError> {
        let (timing, clock) = (options.config.engine.clone(), options.clock.clone());
        let http = tokio::task::spawn_blocking(move || Http::new(&timing, clock));
        let open = OpenOptions {
            paths: StorePaths {
                database: options.paths.database.clone(),
                key: options.paths.key.clone(),
                backups: options.paths.backups.clone(),
            },
            entropy: options.entropy.clone(),
            read_only: options.read_only,
            passkey: options.passkey,
            hears: options.hears,
        };
        let opened = tokio::task::spawn_blocking(move || open_as_far_as_possible(open)).await;
        let interrupted = |_| {
            OpError::failed(
                "store_closed",
                "Opening the hub was interrupted.",
                "Start the program again.",
            )
        };
        let store = opened.map_err(interrupted)??;
        let http = http.await.map_err(interrupted)?.map_err(|error| {
            OpError::failed("http", error.to_string(), "Then start the program again.")
        })?;
        let name = options.operator.unwrap_or_else(os_login);
        let operator = match operator(&store, &name).await? {
            Some(operator) => operator,
            None if options.read_only || store.trouble().is_some() => {
                return Err(OpError::failed(
                    "no_operator",
                    "The store has no operator yet.",
                    "Run once without --read-only to become its first one.",
                ));
            }
            None => first_run(&store, &name, options.clock.now()).await?,
        };
        Ok(Self {
            networks: Arc::new(Registry::new(http, options.clock.clone(), &options.config)),
            clock: options.clock,
            entropy: options.entropy,
            config: Arc::new(options.config),
            paths: options.paths,
            operator,
            read_only: options.read_only || store.trouble().is_some(),
            store,
        })
    }

    /// Why nothing can be changed, when nobody asked for that: a damaged file,
    /// a key that is not there.
    pub fn trouble(&self) -> Option<OpError> {
        self.store
            .trouble()
            .map(|trouble| StoreError::from(trouble.clone()).into())
    }
}

/// What keeps a store from being used, but not from being read.
const READABLE: [&str; 7] = [
    "corrupt",
    "locked_key",
    "wrong_passphrase",
    "missing_key",
    "wrong_key",
    "broken_key",
    "unsafe_key",
];

/// Opens the store; one that cannot be used is opened to be looked at.
fn open_as_far_as_possible(open: OpenOptions) -> Result<Store, StoreError> {
    match Store::open(open.clone()) {
        Err(StoreError::Refused { code, what, hint }) if READABLE.contains(&code) => {
            Store::open_rescue(open, &Trouble { code, what, hint })
        }
        opened => opened,
    }
}

/// The operator of this name; `None` while there is nobody at all.
async fn operator(store: &Store, name: &str) -> Result<Option<Operator>, OpError> {
    let name = name.to_owned();
    let find = move |q: &Reads<'_>| -> Result<Option<Operator>, OpError> {
        match q.person_named(&name)? {
            Some(person) if person.removed_at.is_none() => Ok(Some(Operator {
                id: person.id,
                name: person.name,
                hub_admin: person.hub_admin,
            })),
            _ if q.people()?.is_empty() => Ok(None),
            _ => Err(OpError::not_allowed(
                "unknown_operator",
                format!("{name} is no operator of this hub."),
                format!(
                    "Ask {} to add you, or name yourself with --operator.",
                    hub_admins(q)?
                ),
            )),
        }
    };
    store.read(move |q| Ok(find(q))).await?
}

async fn first_run(store: &Store, name: &str, now: UtcMs) -> Result<Operator, OpError> {
    check_name(name)?;
    let (wanted, entropy) = (name.to_owned(), store.entropy().clone());
    store
        .write(move |tx| {
            // Two first starts at once: the other one was quicker.
            if !tx.people()?.is_empty() {
                return Ok(());
            }
            let operator = OperatorId::fresh(now, &entropy);
            tx.add_person(&operator, &wanted, true, now)?;
            let workspace = WorkspaceId::fresh(now, &entropy);
            add_first_workspace(tx, workspace.clone(), now)?;
            tx.set_role(&workspace, &operator, Some(Role::Owner))
        })
        .await?;
    operator(store, name).await?.ok_or_else(|| {
        OpError::failed(
            "no_operator",
            "The first operator could not be made.",
            "Start the program again.",
        )
    })
}

fn add_first_workspace(tx: &Tx<'_>, id: WorkspaceId, now: UtcMs) -> Result<(), StoreError> {
    tx.add_workspace(&Workspace {
        id,
        slug: "main".into(),
        name: "My workspace".into(),
        timezone: host_zone(),
        plan: "enterprise".into(),
        late_limit: LATE_LIMIT,
        created_at: now,
        archived_at: None,
    })
}

/// The IANA zone of this machine, UTC when it has none.
pub(super) fn host_zone() -> String {
    let zone = jiff::tz::TimeZone::system();
    zone_name(zone.iana_name().unwrap_or("UTC")).to_owned()
}

/// Refuses names of operators that could not be told apart or typed.
pub(super) fn check_name(name: &str) -> Result<(), OpError> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@'));
    if fits {
        return Ok(());
    }
    Err(OpError::usage(
        "bad_name",
        "The name of an operator is 1 to 64 letters, digits, dots, dashes, underscores or @.",
        "Choose another one with --operator.",
    ))
}
