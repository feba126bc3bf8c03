//! A store in a directory of its own, with one workspace, one operator and
//! whatever logins, channels and deliveries a story needs.
#![allow(
    dead_code,
    reason = "each test target uses the part of it that it needs"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use allgreen::domain::channel::{Evidence, Expiry};
use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, DeliveryId, LoginId, OperatorId, WorkspaceId};
use allgreen::domain::network::{ChannelKind, Network};
use allgreen::domain::publisher::PublisherKind;
use allgreen::store::channels::NewChannel;
use allgreen::store::logins::{NewLogin, Pair};
use allgreen::store::terms::ProcessName;
use allgreen::store::{OpenOptions, Store, StoreError, StorePaths, Tx};
use allgreen::support::entropy::Entropy;
use allgreen::support::secret::Secret;
use allgreen::support::time::UtcMs;
use rusqlite::Connection;
use tempfile::TempDir;

/// 2026-11-21 14:00 UTC: the now of every story.
pub const NOW: UtcMs = UtcMs(1_795_269_600_000);

/// `NOW` and so many seconds.
pub fn later(seconds: u64) -> UtcMs {
    NOW.plus(Duration::from_secs(seconds))
}

/// Where a store in `dir` lives.
pub fn paths(dir: &Path) -> StorePaths {
    StorePaths {
        database: dir.join("allgreen.db"),
        key: dir.join("key"),
        backups: dir.join("backups"),
    }
}

/// How to open it.
pub fn options(dir: &Path, seed: u64) -> OpenOptions {
    OpenOptions {
        paths: paths(dir),
        entropy: Entropy::seeded(seed),
        read_only: false,
        passkey: None,
        hears: None,
    }
}

/// How to open it without a writer.
pub fn read_only(dir: &Path) -> OpenOptions {
    OpenOptions {
        read_only: true,
        ..options(dir, 99)
    }
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Every file below `dir` with its bytes and mode, without what is no part of
/// the data: the shared-memory index, an empty log.
pub fn bytes_of(dir: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let (name, bytes) = (path.to_string_lossy(), fs::read(&path).unwrap());
            if !(name.ends_with("-shm") || name.ends_with("-wal") && bytes.is_empty()) {
                found.push((path.clone(), mode(&path), bytes));
            }
        }
    }
    found.sort();
    found
}

/// The error of an opening that must be refused.
pub fn refusal(options: OpenOptions) -> StoreError {
    match Store::open(options) {
        Ok(_) => panic!("the store was opened"),
        Err(error) => error,
    }
}

/// Code, what and hint of a refusal.
pub fn parts(error: &StoreError) -> (&'static str, &str, &str) {
    match error {
        StoreError::Refused { code, what, hint } => (code, what, hint),
        other => panic!("not a refusal: {other}"),
    }
}

/// A process that may hold the role.
pub fn process(pid: u32) -> ProcessName {
    ProcessName {
        pid,
        pid_start: 100 + i64::from(pid),
        boot_id: "boot".into(),
        host: "studio".into(),
        kind: PublisherKind::Daemon,
    }
}

/// What a network said.
pub fn said(status: u16, code: &str) -> Evidence {
    Evidence {
        http_status: Some(status),
        network_code: Some(code.into()),
        message: Some("as the network says".into()),
        seen_by: Some("refreshSession".into()),
    }
}

/// A pair of tokens with these plaintexts.
pub fn pair(access: &str, refresh: Option<&str>, password: Option<&str>) -> Pair {
    Pair {
        access: Secret::new(access),
        refresh: refresh.map(Secret::new),
        password: password.map(Secret::new),
        client_secret: None,
        proof_key: None,
        token_expires_at: Some(later(7_200)),
        token_expiry: Expiry::Date,
        grant_expires_at: Some(later(90 * 86_400)),
        grant_expiry: Expiry::Estimated,
    }
}

/// A login of Bluesky by this remote user.
pub fn new_login(store: &Store, user: &str) -> NewLogin {
    NewLogin {
        id: LoginId::fresh(NOW, store.entropy()),
        network: Network::Bluesky,
        server: "https://pds.example".into(),
        server_is_identity: false,
        client_id: String::new(),
        remote_user_id: user.into(),
        method: "app_password".into(),
    }
}

/// A store, its directory and who is in it.
pub struct Room {
    /// The directory; gone with this value.
    pub dir: TempDir,
    /// The store.
    pub store: Store,
    /// Its one workspace.
    pub workspace: WorkspaceId,
    /// Its one operator, who owns the workspace.
    pub operator: OperatorId,
}

impl Room {
    /// A fresh store with one workspace and one operator.
    pub fn new(seed: u64) -> Self {
        Self::within(&std::env::temp_dir(), seed)
    }

    /// The same in a directory below `parent`.
    pub fn within(parent: &Path, seed: u64) -> Self {
        let dir = tempfile::tempdir_in(parent).unwrap();
        let store = Store::open(options(dir.path(), seed)).unwrap();
        let workspace = WorkspaceId::fresh(NOW, store.entropy());
        let operator = OperatorId::fresh(NOW, store.entropy());
        let room = Self {
            dir,
            store,
            workspace,
            operator,
        };
        let raw = room.raw();
        raw.execute(
            "INSERT INTO workspace (id, slug, name, timezone, plan, late_limit_ms, created_at)
             VALUES (?1, 'acme', 'Acme', 'Europe/Berlin', 'enterprise', 86400000, ?2)",
            (room.workspace.as_str(), NOW.0),
        )
        .unwrap();
        raw.execute(
            "INSERT INTO operator (id, name, hub_admin, created_at) VALUES (?1, 'ada', 1, ?2)",
            (room.operator.as_str(), NOW.0),
        )
        .unwrap();
        raw.execute(
            "INSERT INTO member (workspace_id, operator_id, role) VALUES (?1, ?2, 'owner')",
            (room.workspace.as_str(), room.operator.as_str()),
        )
        .unwrap();
        room
    }

    /// Where it lives.
    pub fn paths(&self) -> StorePaths {
        paths(self.dir.path())
    }

    /// A connection beside the store: another program on the same file, with
    /// the triggers and references of the file but without our code.
    pub fn raw(&self) -> Connection {
        raw(&self.paths().database)
    }

    /// Writes in one transaction and expects it to hold.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.write(f).await.unwrap()
    }

    /// A login with one sealed pair, named after its user.
    pub async fn login(&self, user: &str) -> LoginId {
        let new = new_login(&self.store, user);
        let access = format!("access-{user}");
        let refresh = format!("refresh-{user}");
        self.write(move |tx| {
            let id = tx.ensure_login(&new, NOW)?;
            tx.seal_pair(
                &id,
                0,
                &pair(&access, Some(&refresh), Some("app-password")),
                NOW,
            )?;
            Ok(id)
        })
        .await
    }

    /// A healthy channel of `login`; its handle is its remote id.
    pub async fn channel(&self, login: &LoginId, handle: &str) -> ChannelId {
        let new = self.new_channel(login, handle);
        let id = new.id.clone();
        self.write(move |tx| tx.add_channel(&new, NOW)).await;
        id
    }

    /// A channel that is about to be added.
    pub fn new_channel(&self, login: &LoginId, handle: &str) -> NewChannel {
        NewChannel {
            id: ChannelId::fresh(NOW, self.store.entropy()),
            workspace_id: self.workspace.clone(),
            kind: ChannelKind::Bluesky,
            remote_id: format!("did:{handle}"),
            handle: handle.into(),
            display_name: handle.to_uppercase(),
            avatar_url: None,
            login_id: login.clone(),
            login_method: "app_password".into(),
            server: "https://pds.example".into(),
            scopes: vec!["publish".into()],
            missing_scopes: Vec::new(),
            by: self.operator.clone(),
        }
    }

    /// `n` scheduled deliveries of one post on `channel`, a minute apart from
    /// `first` on.
    pub fn schedule(&self, channel: &ChannelId, n: u32, first: UtcMs) -> Vec<DeliveryId> {
        self.deliveries(channel, n, first, State::Scheduled)
    }

    /// `n` deliveries born as `state`.
    pub fn deliveries(
        &self,
        channel: &ChannelId,
        n: u32,
        first: UtcMs,
        state: State,
    ) -> Vec<DeliveryId> {
        let mut raw = self.raw();
        let tx = raw.transaction().unwrap();
        let post = format!("pst_{}", self.store.entropy().ulid(NOW));
        tx.execute(
            "INSERT INTO post (id, workspace_id, text, created_by, created_at) VALUES (?1, ?2, 'hello', ?3, ?4)",
            (&post, self.workspace.as_str(), self.operator.as_str(), NOW.0),
        )
        .unwrap();
        let ids = (0..n)
            .map(|i| {
                let id = DeliveryId::fresh(NOW, self.store.entropy());
                let due = first.plus(Duration::from_secs(60 * u64::from(i)));
                tx.execute(
                    "INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, created_by, created_at)
                     VALUES (?1, ?2, ?3, ?4, 'h', ?5, ?6, '2026-11-21T15:00', 'Europe/Berlin', ?7, ?8)",
                    (id.as_str(), &post, self.workspace.as_str(), channel.as_str(), state.name(), due.0, self.operator.as_str(), NOW.0),
                )
                .unwrap();
                id
            })
            .collect();
        tx.commit().unwrap();
        ids
    }

    /// Begins a term.
    pub async fn term(&self, pid: u32) -> i64 {
        self.write(move |tx| tx.begin_term(&process(pid), NOW))
            .await
    }

    /// Closes the store and gives the directory back.
    pub async fn close(self) -> TempDir {
        self.store.close().await;
        self.dir
    }
}

/// A connection of another program to the file at `path`.
pub fn raw(path: &Path) -> Connection {
    let raw = Connection::open(path).unwrap();
    raw.busy_timeout(Duration::from_secs(5)).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;")
        .unwrap();
    raw
}

/// One number from a connection.
pub fn number(raw: &Connection, sql: &str) -> i64 {
    raw.query_row(sql, [], |row| row.get(0)).unwrap()
}
