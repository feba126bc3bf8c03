//! The next proof of each channel: what is known about when and why.

use super::error::StoreError;
use super::rows::{listed, maybe_at};
use super::tx::Reads;
use crate::domain::channel::TokenFacts;
use crate::domain::ids::LoginId;
use crate::domain::network::{ChannelKind, Network};
use crate::support::time::UtcMs;

/// When and why a channel is proved next.
#[derive(Clone, Debug)]
pub struct ProbePlanned {
    /// Its network.
    pub network: Network,
    /// The server it lives on.
    pub server: String,
    /// Its login.
    pub login: LoginId,
    /// How it was made.
    pub method: String,
    /// What the login knows of its tokens.
    pub token: TokenFacts,
    /// When the present pair was given.
    pub issued_at: Option<UtcMs>,
    /// There is something to refresh it with.
    pub renewable: bool,
    /// Whether it may publish now.
    pub publishable: bool,
    /// The last proof.
    pub last_proof_at: Option<UtcMs>,
    /// The planned one.
    pub next_probe_at: Option<UtcMs>,
    /// Not before this, after a failure.
    pub not_before: Option<UtcMs>,
    /// Its next scheduled delivery.
    pub next_due: Option<UtcMs>,
}

impl Reads<'_> {
    /// What is known about the next proof of every channel that is proved in
    /// the background.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn probes_planned(&self) -> Result<Vec<ProbePlanned>, StoreError> {
        self.all(
            "SELECT c.kind AS kind, c.server AS server, c.login_id, c.publishable, c.last_proof_at, c.next_probe_at, l.next_refresh_at,
               l.method AS method, l.token_issued_at, l.generation, l.token_expires_at, l.token_expiry, l.grant_expires_at, l.grant_expiry,
               l.last_refreshed_at, l.last_refresh_attempt_at, l.last_refresh_error, l.last_refresh_http_status, l.refresh_failures,
               EXISTS (SELECT 1 FROM secret s WHERE s.owner_kind = 'login' AND s.owner_id = l.id AND s.generation = l.generation
                 AND s.field IN ('refresh', 'password')) AS renewable,
               (SELECT min(d.due) FROM delivery d WHERE d.channel_id = c.id AND d.state = 'scheduled') AS next_due
             FROM channel c JOIN login l ON l.id = c.login_id
             WHERE c.status <> 'DISCONNECTED' AND l.generation > 0
               AND (c.publishable = 1 OR c.next_probe_at IS NOT NULL)",
            [],
            |row| {
                Ok(ProbePlanned {
                    network: listed(row, "kind", ChannelKind::parse)?.network(),
                    server: row.get("server")?,
                    login: LoginId::from_stored(row.get::<_, String>("login_id")?),
                    method: row.get("method")?,
                    token: super::channels::token_facts(row, super::channels::TOKEN)?,
                    issued_at: maybe_at(row, "token_issued_at")?,
                    renewable: row.get("renewable")?,
                    publishable: row.get("publishable")?,
                    last_proof_at: maybe_at(row, "last_proof_at")?,
                    next_probe_at: maybe_at(row, "next_probe_at")?,
                    not_before: maybe_at(row, "next_refresh_at")?,
                    next_due: maybe_at(row, "next_due")?,
                })
            },
        )
    }
}
