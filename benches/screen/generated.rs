//! A hub of any size, written with plain SQL: channels of every network, most of
//! them healthy, a few broken, and posts from the last months into the next.

use std::path::PathBuf;
use std::process::Command;

use allgreen::domain::network::ChannelKind;
use rusqlite::Connection;

/// A home of the program.
pub struct Generated {
    home: tempfile::TempDir,
    /// How many channels it has.
    pub channels: usize,
}

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

impl Generated {
    /// Makes it with these numbers of channels and deliveries.
    pub fn new(channels: usize, deliveries: usize) -> Self {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let made = Self { home, channels };
        // The program makes the store, its key and its first workspace.
        let status = Command::new(env!("CARGO_BIN_EXE_allgreen"))
            .args(["--home", made.home().to_str().unwrap(), "status", "--json"])
            .output()
            .unwrap();
        assert!(status.status.success(), "{status:?}");
        made.fill(deliveries);
        made
    }

    /// What `--home` is given.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// The database, seen from outside the program.
    pub fn raw(&self) -> Connection {
        let raw = Connection::open(self.home.path().join("allgreen.db")).unwrap();
        raw.busy_timeout(std::time::Duration::from_secs(60))
            .unwrap();
        raw
    }

    fn fill(&self, deliveries: usize) {
        let kinds: Vec<String> = ChannelKind::ALL
            .iter()
            .enumerate()
            .map(|(at, kind)| format!("({at}, '{}', '{}')", kind.name(), kind.network().name()))
            .collect();
        let raw = self.raw();
        // What was published long ago was born as scheduled.
        let born: String = raw
            .query_row(
                "SELECT sql FROM sqlite_master WHERE name = 'delivery_born'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        let now = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap();
        let workspaces = self.channels.div_ceil(50);
        let numbers = |most: usize| {
            format!(
                "WITH RECURSIVE n(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM n WHERE k + 1 < {most})"
            )
        };
        let per_channel = deliveries / self.channels;
        let operator = "(SELECT id FROM operator ORDER BY created_at LIMIT 1)";
        raw.execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             BEGIN;
             DROP TRIGGER delivery_born;
             CREATE TEMP TABLE kind (at INTEGER PRIMARY KEY, name TEXT, network TEXT);
             INSERT INTO kind VALUES {kinds};
             {} INSERT INTO workspace (id, slug, name, timezone, plan, late_limit_ms, created_at)
               SELECT printf('wsp_%08d', k), printf('client-%03d', k), printf('Client %03d', k), 'Europe/Berlin', 'enterprise', {DAY}, {now} FROM n;
             INSERT INTO member SELECT id, {operator}, 'owner' FROM workspace WHERE id LIKE 'wsp_0%' ON CONFLICT DO NOTHING;
             {} INSERT INTO login (id, network, server, identity_server, client_id, remote_user_id, method, generation, last_generation,
                 token_expires_at, token_expiry, token_issued_at, created_at)
               SELECT printf('lgn_%08d', k), network, 'https://net.example', '', '', printf('user-%d', k), 'oauth', 1, 1,
                 {now} + 60 * {DAY}, 'date', {now} - {DAY}, {now} FROM n JOIN kind ON kind.at = k % (SELECT count(*) FROM kind);
             {} INSERT INTO channel (id, workspace_id, kind, identity_server, remote_id, handle, display_name, login_id, login_method, server,
                 status, cause, publishable, status_since, connected_at, connected_by, last_proof_at, next_probe_at)
               SELECT printf('soc_%08d', k), printf('wsp_%08d', k / 50), kind.name, '', printf('%d', 900000 + k), printf('account.%d', k),
                 printf('Account %d', k), printf('lgn_%08d', k), 'oauth', 'https://net.example',
                 iif(k % 50 = 7, 'TOKEN_EXPIRED', 'ACTIVE'), iif(k % 50 = 7, 'expired', 'none'), k % 50 <> 7, {now} - {DAY}, {now} - 90 * {DAY},
                 {operator}, {now} - (k % 50) * 60000, {now} + 3600000
               FROM n JOIN kind ON kind.at = k % (SELECT count(*) FROM kind);
             UPDATE reading SET next_at = NULL;
             {} INSERT INTO post (id, workspace_id, text, created_by, created_at)
               SELECT printf('pst_%09d', k), printf('wsp_%08d', (k % {channels}) / 50),
                 printf('Post %d: what we made this week, and where to see it before it is gone', k), {operator}, {now} FROM n;
             {} INSERT INTO delivery (id, post_id, workspace_id, channel_id, handle, state, due, civil, timezone, published_at, remote_id, created_by, created_at)
               SELECT printf('dlv_%09d', k), printf('pst_%09d', k), printf('wsp_%08d', (k % {channels}) / 50), printf('soc_%08d', k % {channels}),
                 printf('account.%d', k % {channels}), iif(k < {past}, 'published', 'scheduled'),
                 {now} + (k - {past}) * {step}, '', 'Europe/Berlin', iif(k < {past}, {now} + (k - {past}) * {step}, NULL),
                 iif(k < {past}, printf('remote-%d', k), NULL), {operator}, {now} FROM n;
             {born};
             COMMIT;
             PRAGMA wal_checkpoint(TRUNCATE);",
            numbers(workspaces),
            numbers(self.channels),
            numbers(self.channels),
            numbers(deliveries),
            numbers(deliveries),
            kinds = kinds.join(", "),
            channels = self.channels,
            past = self.channels * (per_channel * 6 / 10),
            // Over ninety days, whatever their number.
            step = 90 * DAY / i64::try_from(deliveries).unwrap(),
        ))
        .unwrap();
    }
}
