//! A hub with channels that are proved and posts that are scheduled.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use allgreen::domain::channel::Expiry;
use allgreen::domain::ids::{ChannelId, LoginId, OperatorId, WorkspaceId};
use allgreen::domain::machine::Rules;
use allgreen::domain::network::{ChannelKind, Network};
use allgreen::domain::publisher::PublisherKind;
use allgreen::engine::{Engine, Parts};
use allgreen::networks::http::Http;
use allgreen::networks::registry::Registry;
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

use crate::server::Server;

/// A hub in a directory of its own.
pub struct Hub {
    pub store: Store,
    pub clock: Clock,
    pub channels: Vec<ChannelId>,
    pub workspace: WorkspaceId,
    pub operator: OperatorId,
    home: tempfile::TempDir,
    networks: Arc<Registry>,
    entropy: Entropy,
    timing: Timing,
}

impl Hub {
    /// Makes it in `place` with this many channels on the server.
    pub async fn new(place: &Path, channels: usize, server: &Server) -> Self {
        let home = tempfile::tempdir_in(place).unwrap();
        let (clock, entropy) = (Clock::real(), Entropy::seeded(7));
        let paths = StorePaths {
            database: home.path().join("allgreen.db"),
            key: home.path().join("key"),
            backups: home.path().join("backups"),
        };
        std::fs::create_dir(&paths.backups).unwrap();
        let open = OpenOptions {
            paths,
            entropy: entropy.clone(),
            read_only: false,
            passkey: None,
            hears: None,
        };
        let store = tokio::task::spawn_blocking(move || Store::open(open).unwrap())
            .await
            .unwrap();
        let settings = NetworkSettings {
            allow_private_hosts: true,
            ..NetworkSettings::default()
        };
        let config = Config {
            networks: [("bluesky".to_owned(), settings)].into(),
            ..Config::default()
        };
        let timing = Timing::default();
        let http = Http::new(&timing, clock.clone()).unwrap();
        let networks = Arc::new(Registry::new(http, clock.clone(), &config));
        let now = clock.now();
        let workspace = WorkspaceId::fresh(now, &entropy);
        let operator = OperatorId::fresh(now, &entropy);
        let mut hub = Self {
            store,
            clock,
            channels: Vec::new(),
            workspace,
            operator,
            home,
            networks,
            entropy,
            timing,
        };
        hub.raw()
            .execute_batch(&format!(
                "INSERT INTO workspace (id, slug, name, timezone, plan, late_limit_ms, created_at)
                   VALUES ('{}', 'main', 'Acme', 'UTC', 'enterprise', 86400000, 0);
                 INSERT INTO operator (id, name, hub_admin, created_at) VALUES ('{}', 'ann', 1, 0);",
                hub.workspace, hub.operator
            ))
            .unwrap();
        for n in 0..channels {
            let id = hub.connect(n, server.base(n)).await;
            hub.channels.push(id);
        }
        // Readings are not what is measured.
        hub.raw()
            .execute("UPDATE reading SET next_at = NULL", [])
            .unwrap();
        hub
    }

    /// The database, seen from outside the program.
    pub fn raw(&self) -> rusqlite::Connection {
        let raw = rusqlite::Connection::open(self.database()).unwrap();
        raw.busy_timeout(Duration::from_secs(60)).unwrap();
        raw
    }

    /// Where the database is.
    pub fn database(&self) -> std::path::PathBuf {
        self.home.path().join("allgreen.db")
    }

    async fn connect(&self, n: usize, server: String) -> ChannelId {
        let now = self.clock.now();
        let id = ChannelId::fresh(now, &self.entropy);
        let (channel, entropy) = (id.clone(), self.entropy.clone());
        let (workspace, by) = (self.workspace.clone(), self.operator.clone());
        let write = self.store.write(move |tx| {
            let login = tx.ensure_login(
                &NewLogin {
                    id: LoginId::fresh(now, &entropy),
                    network: Network::Bluesky,
                    server: server.clone(),
                    server_is_identity: false,
                    client_id: String::new(),
                    remote_user_id: did(n),
                    method: "app_password".into(),
                },
                now,
            )?;
            let far = now.plus(Duration::from_secs(86_400));
            let pair = Pair {
                access: Secret::new(format!("access-{n}")),
                refresh: Some(Secret::new(format!("refresh-{n}"))),
                password: None,
                client_secret: None,
                proof_key: None,
                token_expires_at: Some(far),
                token_expiry: Expiry::Date,
                grant_expires_at: None,
                grant_expiry: Expiry::Unknown,
            };
            tx.seal_pair(&login, 0, &pair, now)?;
            tx.add_channel(
                &NewChannel {
                    id: channel.clone(),
                    workspace_id: workspace,
                    kind: ChannelKind::Bluesky,
                    remote_id: did(n),
                    handle: format!("@person{n}.test"),
                    display_name: format!("Person {n}"),
                    avatar_url: None,
                    login_id: login,
                    login_method: "app_password".into(),
                    server,
                    scopes: vec![],
                    missing_scopes: vec![],
                    by,
                },
                now,
            )?;
            tx.prove_channel(&channel, far, None, now, &entropy)
        });
        write.await.unwrap();
        id
    }

    /// Schedules `n` posts, the k-th at `due(k)`, in turn on the channels.
    pub fn schedule(&self, n: usize, due: impl Fn(usize) -> UtcMs) {
        let mut raw = self.raw();
        let now = self.clock.now();
        let tx = raw.transaction().unwrap();
        {
            let mut post = tx
                .prepare("INSERT INTO post (id, workspace_id, text, created_by, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")
                .unwrap();
            let mut delivery = tx
                .prepare(
                    "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, created_by, created_at)
                     VALUES (?1, ?2, ?3, ?4, 'h', 'scheduled', ?5, '', 'UTC', ?6, ?7)",
                )
                .unwrap();
            let (workspace, operator) = (self.workspace.as_str(), self.operator.as_str());
            for k in 0..n {
                let (post_id, id) = (self.fresh("pst"), self.fresh("dlv"));
                let channel = &self.channels[k % self.channels.len()];
                post.execute((&post_id, workspace, format!("post {id}"), operator, now.0))
                    .unwrap();
                delivery
                    .execute((
                        &id,
                        &post_id,
                        workspace,
                        channel.as_str(),
                        due(k).0,
                        operator,
                        now.0,
                    ))
                    .unwrap();
            }
        }
        tx.commit().unwrap();
    }

    fn fresh(&self, prefix: &str) -> String {
        let bytes: [u8; 12] = self.entropy.bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{prefix}_{hex}")
    }

    /// Publishes until nothing is left to send.
    pub async fn publish_all(&self) {
        let engine = Engine::new(Parts {
            store: self.store.clone(),
            networks: Arc::clone(&self.networks),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            timing: self.timing.clone(),
            rules: Rules::default(),
            lock: self.home.path().join("allgreen.db.publisher"),
            media: self.home.path().join("media"),
        });
        let (stop, stopped) = watch::channel(false);
        let running = engine.clone();
        let task =
            tokio::spawn(async move { running.run(PublisherKind::Daemon, stopped).await.unwrap() });
        let raw = self.raw();
        loop {
            self.clock.sleep(Duration::from_millis(200)).await;
            let left: i64 = raw
                .query_row(
                    "SELECT coalesce(sum(n), 0) FROM channel_count WHERE state IN ('scheduled', 'sending', 'unknown')",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            if left == 0 {
                break;
            }
        }
        stop.send(true).unwrap();
        task.await.unwrap();
    }
}

/// The account of the n-th channel.
pub fn did(n: usize) -> String {
    format!("did:plc:{n:0>24}")
}
