//! A small world for stories: a store, the engine, the simulated network and a
//! clock that moves only when the story says so.

use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::channel::Channel;
use allgreen::domain::delivery::{Delivery, State};
use allgreen::domain::ids::{ChannelId, DeliveryId, LoginId, OperatorId, PostId, WorkspaceId};
use allgreen::domain::machine::Rules;
use allgreen::domain::network::Network;
use allgreen::domain::publisher::PublisherKind;
use allgreen::engine::{Engine, Parts};
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
use allgreen::networks::{Credential, SignedIn};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::store::channels::NewChannel;
use allgreen::store::logins::{NewLogin, Pair};
use allgreen::store::{OpenOptions, Store, StorePaths};
use allgreen::support::clock::Clock;
use allgreen::support::config::{Config, NetworkSettings};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use allgreen::support::timing::Timing;
use tokio::sync::watch;

/// Saturday 21 November 2026, 14:02 UTC.
pub const NOON: &str = "2026-11-21T14:02:00Z";

pub struct World {
    pub clock: Clock,
    /// The clock of the rest of the world, where it is not the same.
    outside: Option<Clock>,
    pub sandbox: Sandbox,
    pub store: Store,
    pub networks: Arc<Registry>,
    pub entropy: Entropy,
    pub timing: Timing,
    pub home: tempfile::TempDir,
    pub workspace: WorkspaceId,
    pub operator: OperatorId,
    engine: Option<(Engine, watch::Sender<bool>, tokio::task::JoinHandle<()>)>,
}

/// An account at the simulated network.
pub struct Person {
    pub did: String,
    pub handle: String,
    pub app_password: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with_clocks(None).await
    }

    /// A world whose networks have a clock of their own: this machine's can be
    /// set without theirs.
    pub async fn with_its_own_clock() -> Self {
        let outside = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
        Self::with_clocks(Some(outside)).await
    }

    async fn with_clocks(outside: Option<Clock>) -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339(NOON).unwrap());
        let sandbox = Sandbox::start(SandboxOptions {
            clock: outside.clone().unwrap_or_else(|| clock.clone()),
            seed: 7,
            port: 0,
        })
        .await
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        let entropy = Entropy::seeded(7);
        let timing = Timing {
            refused_retry: Duration::ZERO,
            ..Timing::default()
        };
        let paths = StorePaths {
            database: home.path().join("allgreen.db"),
            key: home.path().join("key"),
            backups: home.path().join("backups"),
        };
        std::fs::create_dir(&paths.backups).unwrap();
        let open = OpenOptions {
            paths: paths.clone(),
            entropy: entropy.clone(),
            read_only: false,
            passkey: None,
            hears: None,
        };
        let store = tokio::task::spawn_blocking(move || Store::open(open).unwrap())
            .await
            .unwrap();
        let settings = NetworkSettings {
            api_base: Some(sandbox.base().to_owned()),
            directory_url: Some(sandbox.directory().to_owned()),
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        let config = Config {
            networks: [("bluesky".to_owned(), settings)].into(),
            ..Config::default()
        };
        let http = Http::new(&timing, clock.clone()).unwrap();
        let networks = Arc::new(Registry::new(http, clock.clone(), &config));
        let now = clock.now();
        let (workspace, operator) = (
            WorkspaceId::fresh(now, &entropy),
            OperatorId::fresh(now, &entropy),
        );
        let raw = rusqlite::Connection::open(&paths.database).unwrap();
        raw.execute(
            "INSERT INTO workspace (id, slug, name, timezone, plan, late_limit_ms, created_at) VALUES (?1, 'main', 'Acme', 'UTC', 'enterprise', 86400000, 0)",
            [workspace.as_str()],
        )
        .unwrap();
        raw.execute(
            "INSERT INTO operator (id, name, hub_admin, created_at) VALUES (?1, 'ann', 1, 0)",
            [operator.as_str()],
        )
        .unwrap();
        Self {
            clock,
            outside,
            sandbox,
            store,
            networks,
            entropy,
            timing,
            home,
            workspace,
            operator,
            engine: None,
        }
    }

    pub fn person(&self, name: &str) -> Person {
        let handle = format!("{name}.test");
        let did = self
            .sandbox
            .bluesky()
            .create_account(&handle, "main-password-1", name)
            .unwrap();
        let app_password = self
            .sandbox
            .bluesky()
            .create_app_password(&did, "allgreen")
            .unwrap();
        Person {
            did,
            handle,
            app_password,
        }
    }

    pub async fn sign_in(&self, person: &Person) -> SignedIn {
        let (network, net) = self.networks.get(Network::Bluesky).unwrap();
        let credential = Credential::AppPassword {
            handle: person.handle.clone(),
            server: None,
            password: Secret::new(person.app_password.clone()),
        };
        network.sign_in(&net, &credential).await.unwrap()
    }

    pub async fn connect(&self, person: &Person) -> ChannelId {
        let signed_in = self.sign_in(person).await;
        let now = self.clock.now();
        let id = ChannelId::fresh(now, &self.entropy);
        let (channel, entropy) = (id.clone(), self.entropy.clone());
        let (workspace, operator) = (self.workspace.clone(), self.operator.clone());
        self.store
            .write(move |tx| {
                let login = tx.ensure_login(
                    &NewLogin {
                        id: LoginId::fresh(now, &entropy),
                        network: Network::Bluesky,
                        server: signed_in.server.clone(),
                        server_is_identity: false,
                        client_id: String::new(),
                        remote_user_id: signed_in.remote_user_id.clone(),
                        method: "app_password".into(),
                    },
                    now,
                )?;
                let current = tx.login(&login)?.generation;
                let tokens = &signed_in.tokens;
                let pair = Pair {
                    access: tokens.access.duplicate(),
                    refresh: tokens.refresh.as_ref().map(Secret::duplicate),
                    password: tokens.password.as_ref().map(Secret::duplicate),
                    client_secret: None,
                    proof_key: None,
                    token_expires_at: tokens.access_ends.at,
                    token_expiry: tokens.access_ends.expiry,
                    grant_expires_at: tokens.grant_ends.at,
                    grant_expiry: tokens.grant_ends.expiry,
                };
                tx.seal_pair(&login, current, &pair, now)?;
                let account = &signed_in.accounts[0];
                tx.add_channel(
                    &NewChannel {
                        id: channel.clone(),
                        workspace_id: workspace,
                        kind: account.kind,
                        remote_id: account.remote_id.clone(),
                        handle: account.handle.clone(),
                        display_name: account.display_name.clone(),
                        avatar_url: None,
                        login_id: login,
                        login_method: "app_password".into(),
                        server: signed_in.server.clone(),
                        scopes: signed_in.scopes.clone(),
                        missing_scopes: vec![],
                        by: operator,
                    },
                    now,
                )?;
                tx.prove_channel(
                    &channel,
                    now.plus(Duration::from_secs(3600)),
                    None,
                    now,
                    &entropy,
                )?;
                Ok(())
            })
            .await
            .unwrap();
        id
    }

    /// Schedules a text on a channel, `after` from now.
    pub async fn schedule(&self, channel: &ChannelId, text: &str, after: Duration) -> DeliveryId {
        let now = self.clock.now();
        let (post, delivery) = (
            PostId::fresh(now, &self.entropy),
            DeliveryId::fresh(now, &self.entropy),
        );
        let raw = rusqlite::Connection::open(self.home.path().join("allgreen.db")).unwrap();
        raw.busy_timeout(Duration::from_secs(5)).unwrap();
        raw.execute(
            "INSERT INTO post (id, workspace_id, text, created_by, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            (post.as_str(), self.workspace.as_str(), text, self.operator.as_str(), now.0),
        )
        .unwrap();
        raw.execute(
            "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, created_by, created_at)
             VALUES (?1, ?2, ?3, ?4, 'h', 'scheduled', ?5, '', 'UTC', ?6, ?7)",
            (delivery.as_str(), post.as_str(), self.workspace.as_str(), channel.as_str(), now.plus(after).0, self.operator.as_str(), now.0),
        )
        .unwrap();
        self.wake();
        delivery
    }

    pub async fn publish_with(&mut self, rules: Rules) {
        let engine = Engine::new(Parts {
            store: self.store.clone(),
            networks: Arc::clone(&self.networks),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            timing: self.timing.clone(),
            rules,
            lock: self.home.path().join("allgreen.db.publisher"),
            media: self.home.path().join("media"),
        });
        let (stop, stopped) = watch::channel(false);
        let running = engine.clone();
        let task =
            tokio::spawn(async move { running.run(PublisherKind::Daemon, stopped).await.unwrap() });
        self.engine = Some((engine, stop, task));
        self.until("a publisher leads", async || {
            self.engine.as_ref().unwrap().0.leads()
        })
        .await;
    }

    pub async fn publish(&mut self) {
        self.publish_with(Rules::default()).await;
    }

    pub async fn stop(&mut self) {
        if let Some((_, stop, task)) = self.engine.take() {
            stop.send(true).unwrap();
            task.await.unwrap();
        }
    }

    pub fn wake(&self) {
        if let Some((engine, ..)) = &self.engine {
            engine.wake();
        }
    }

    pub fn advance(&self, by: Duration) {
        if let Some(outside) = &self.outside {
            outside.advance(by);
        }
        self.clock.advance(by);
        self.wake();
    }

    pub async fn delivery(&self, id: &DeliveryId) -> Delivery {
        let id = id.clone();
        self.store.read(move |q| q.delivery(&id)).await.unwrap()
    }

    pub async fn channel(&self, id: &ChannelId) -> Channel {
        let id = id.clone();
        self.store.read(move |q| q.channel(&id)).await.unwrap()
    }

    pub async fn notices(&self) -> Vec<String> {
        let list = self
            .store
            .read(|q| q.notices(None, false, 100))
            .await
            .unwrap();
        list.into_iter().map(|notice| notice.text).collect()
    }

    /// Waits for a condition; says what it waited for when it never comes.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let real = Clock::real();
        for _ in 0..2_000 {
            if condition().await {
                return;
            }
            real.sleep(Duration::from_millis(5)).await;
        }
        panic!("waited in vain until {what}");
    }

    /// Lets time pass in steps until a condition holds.
    pub async fn pass_until(&self, step: Duration, what: &str, condition: impl AsyncFn() -> bool) {
        let real = Clock::real();
        for _ in 0..400 {
            for _ in 0..10 {
                if condition().await {
                    return;
                }
                real.sleep(Duration::from_millis(3)).await;
            }
            self.advance(step);
        }
        panic!("time passed in vain until {what}");
    }

    pub async fn until_state(&self, id: &DeliveryId, state: State) {
        let real = Clock::real();
        for _ in 0..2_000 {
            if self.delivery(id).await.state == state {
                return;
            }
            real.sleep(Duration::from_millis(5)).await;
        }
        panic!(
            "waited in vain for {state:?}; it is {:#?}",
            self.delivery(id).await
        );
    }

    /// The texts that are live at the network.
    pub fn live(&self, person: &Person) -> Vec<String> {
        self.sandbox.bluesky().live_posts(&person.did).unwrap()
    }
}

pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}
