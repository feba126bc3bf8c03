//! Logins and their sealed tokens. Every new pair is a new generation; writing
//! compares the generation, so that a loser never clobbers a newer pair.

use super::error::StoreError;
use super::rows::maybe_at;
use super::tx::{Reads, Tx};
use super::vault::Place;
use crate::domain::channel::{Expiry, TokenFacts};
use crate::domain::ids::LoginId;
use crate::domain::network::Network;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// A login as stored, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// The network.
    pub network: Network,
    /// Base URL of the server it lives on.
    pub server: String,
    /// The client id it was made with; empty where there is none.
    pub client_id: String,
    /// Stable id of the user.
    pub remote_user_id: String,
    /// How it was made.
    pub method: String,
    /// Which pair of tokens is current; 0 when there is none.
    pub generation: i64,
    /// What is known of its tokens.
    pub token: TokenFacts,
    /// When the access token was issued.
    pub token_issued_at: Option<UtcMs>,
    /// When the last one was counted.
    pub last_counted_at: Option<UtcMs>,
    /// Tries in a row that met only trouble of theirs.
    pub transient_tries: u32,
    /// A refresh that was begun and never finished, with its generation.
    pub refresh_started: Option<(UtcMs, i64)>,
    /// When a refresh went out whose answer nobody saw: its new pair may be lost.
    pub refresh_unanswered: Option<UtcMs>,
    /// Nothing is refreshed before this.
    pub next_refresh_at: Option<UtcMs>,
}

/// A new login, or the identity of one that is there.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// The id it gets when it is new.
    pub id: LoginId,
    /// The network.
    pub network: Network,
    /// Base URL of its server.
    pub server: String,
    /// Whether the server is part of its identity.
    pub server_is_identity: bool,
    /// The client id; empty where there is none.
    pub client_id: String,
    /// Stable id of the user.
    pub remote_user_id: String,
    /// How it was made.
    pub method: String,
}

/// Tokens and their ends, ready to be sealed.
#[derive(Debug)]
pub struct Pair {
    /// Access token.
    pub access: Secret,
    /// Refresh token; `None` keeps the stored one.
    pub refresh: Option<Secret>,
    /// Kept credential; `None` keeps the stored one.
    pub password: Option<Secret>,
    /// Secret of the login's own client; `None` keeps the stored one.
    pub client_secret: Option<Secret>,
    /// Key of the proofs of possession; `None` keeps the stored one.
    pub proof_key: Option<Secret>,
    /// End of the access token.
    pub token_expires_at: Option<UtcMs>,
    /// How certain.
    pub token_expiry: Expiry,
    /// End of the grant; `None` and [`Expiry::Unknown`] keep what is stored.
    pub grant_expires_at: Option<UtcMs>,
    /// How certain.
    pub grant_expiry: Expiry,
}

/// How a refresh failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedRefresh<'a> {
    /// What was said.
    pub error: &'a str,
    /// The HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// Counted failures in a row.
    pub failures: u8,
    /// This one was counted.
    pub counted: bool,
    /// Tries in a row that met only trouble of theirs.
    pub transient_tries: u32,
    /// When a refresh of an earlier process went out whose answer nobody saw: it
    /// stays the one to tell of until the network refuses plainly.
    pub unanswered: Option<UtcMs>,
    /// Nothing is refreshed before this.
    pub next: Option<UtcMs>,
}

/// The names of what is sealed per login.
const FIELDS: [&str; 5] = [
    "access",
    "refresh",
    "password",
    "client_secret",
    "proof_key",
];

/// Opened tokens of one generation.
#[derive(Debug)]
pub struct OpenedPair {
    /// Which generation they are.
    pub generation: i64,
    /// Access token.
    pub access: Secret,
    /// Refresh token.
    pub refresh: Option<Secret>,
    /// Kept credential.
    pub password: Option<Secret>,
    /// Secret of the login's own client.
    pub client_secret: Option<Secret>,
    /// Key of the proofs of possession.
    pub proof_key: Option<Secret>,
    /// End of the access token.
    pub token_expires_at: Option<UtcMs>,
    /// How certain.
    pub token_expiry: Expiry,
    /// End of the grant.
    pub grant_expires_at: Option<UtcMs>,
    /// How certain.
    pub grant_expiry: Expiry,
}

fn login(row: &rusqlite::Row<'_>) -> Result<Login, StoreError> {
    let started = maybe_at(row, "refresh_started_at")?;
    let started_generation: Option<i64> = row.get("refresh_started_generation")?;
    Ok(Login {
        id: LoginId::from_stored(row.get::<_, String>("id")?),
        network: super::rows::listed(row, "network", Network::parse)?,
        server: row.get("server")?,
        client_id: row.get("client_id")?,
        remote_user_id: row.get("remote_user_id")?,
        method: row.get("method")?,
        generation: row.get("generation")?,
        token: super::channels::token_facts(row, super::channels::TOKEN)?,
        token_issued_at: maybe_at(row, "token_issued_at")?,
        last_counted_at: maybe_at(row, "last_counted_at")?,
        transient_tries: row.get("transient_tries")?,
        refresh_started: started.zip(started_generation),
        refresh_unanswered: maybe_at(row, "refresh_sent_at")?,
        next_refresh_at: maybe_at(row, "next_refresh_at")?,
    })
}

fn place(id: &LoginId, field: &str, generation: i64) -> Place {
    Place {
        owner_kind: "login".into(),
        owner_id: id.as_str().into(),
        field: field.into(),
        generation,
    }
}

impl Reads<'_> {
    /// A login by its id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub fn login(&self, id: &LoginId) -> Result<Login, StoreError> {
        self.one("SELECT * FROM login WHERE id = ?1", [id.as_str()], login)?
            .ok_or_else(|| StoreError::NotFound(format!("login {id}")))
    }

    /// Every login that has tokens.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn logins(&self) -> Result<Vec<Login>, StoreError> {
        self.all(
            "SELECT * FROM login WHERE generation > 0 ORDER BY id",
            [],
            login,
        )
    }

    /// Opens the current tokens of a login.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it has none, [`StoreError::Sealed`] when
    /// one does not open.
    pub fn open_pair(&self, id: &LoginId) -> Result<OpenedPair, StoreError> {
        let login = self.login(id)?;
        let field = |name: &str| self.opened(id, name, login.generation);
        Ok(OpenedPair {
            generation: login.generation,
            access: field("access")?
                .ok_or_else(|| StoreError::NotFound(format!("token of login {id}")))?,
            refresh: field("refresh")?,
            password: field("password")?,
            client_secret: field("client_secret")?,
            proof_key: field("proof_key")?,
            token_expires_at: login.token.token_expires_at,
            token_expiry: login.token.token_expiry,
            grant_expires_at: login.token.grant_expires_at,
            grant_expiry: login.token.grant_expiry,
        })
    }

    /// One sealed value of a login, opened.
    fn opened(
        &self,
        id: &LoginId,
        field: &str,
        generation: i64,
    ) -> Result<Option<Secret>, StoreError> {
        let sealed: Option<Vec<u8>> = self.value(
            "SELECT sealed FROM secret WHERE owner_kind = 'login' AND owner_id = ?1 AND field = ?2 AND generation = ?3",
            (id.as_str(), field, generation),
        )?;
        sealed
            .map(|sealed| self.vault()?.open(&place(id, field, generation), &sealed))
            .transpose()
    }
}

impl Reads<'_> {
    /// Whether a login of this user is kept, made with whichever client.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn knows_user(&self, network: Network, remote_user_id: &str) -> Result<bool, StoreError> {
        let found: Option<i64> = self.value(
            "SELECT 1 FROM login WHERE network = ?1 AND remote_user_id = ?2 AND generation > 0 LIMIT 1",
            (network.name(), remote_user_id),
        )?;
        Ok(found.is_some())
    }
}

impl Tx<'_> {
    /// The id of the login of this user, made when there is none. The server
    /// follows the account when it moved. A login made another way, or with
    /// another client, takes the place of the one before it: nothing of that is
    /// carried over into the pair that is sealed next.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn ensure_login(&self, new: &NewLogin, now: UtcMs) -> Result<LoginId, StoreError> {
        let identity_server = if new.server_is_identity {
            new.server.as_str()
        } else {
            ""
        };
        let known: Option<String> = self.value(
            "SELECT id FROM login WHERE network = ?1 AND identity_server = ?2 AND remote_user_id = ?3
             ORDER BY client_id = ?4 DESC, created_at DESC LIMIT 1",
            (
                new.network.name(),
                identity_server,
                new.remote_user_id.as_str(),
                new.client_id.as_str(),
            ),
        )?;
        let Some(id) = known else {
            self.run(
                "INSERT INTO login (id, network, server, identity_server, client_id, remote_user_id, method, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    new.id.as_str(),
                    new.network.name(),
                    new.server.as_str(),
                    identity_server,
                    new.client_id.as_str(),
                    new.remote_user_id.as_str(),
                    new.method.as_str(),
                    now.0,
                ),
            )?;
            return Ok(new.id.clone());
        };
        let replaced = self.run(
            "UPDATE login SET client_id = ?2, method = ?3, grant_expires_at = NULL, grant_expiry = 'unknown'
             WHERE id = ?1 AND (client_id <> ?2 OR method <> ?3)",
            (id.as_str(), new.client_id.as_str(), new.method.as_str()),
        )?;
        if replaced > 0 {
            self.run(
                "DELETE FROM secret WHERE owner_kind = 'login' AND owner_id = ?1 AND field <> 'access'",
                [id.as_str()],
            )?;
        }
        self.run(
            "UPDATE login SET server = ?2 WHERE id = ?1 AND server <> ?2",
            (id.as_str(), new.server.as_str()),
        )?;
        Ok(LoginId::from_stored(id))
    }

    /// Seals a new pair as the next generation. The one before it stays until
    /// [`Tx::forget_older`]; what the new pair lacks is carried over.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when `expected` is not the current generation.
    pub fn seal_pair(
        &self,
        id: &LoginId,
        expected: i64,
        pair: &Pair,
        now: UtcMs,
    ) -> Result<i64, StoreError> {
        let login = self.login(id)?;
        if login.generation != expected {
            return Err(StoreError::Stale("The login"));
        }
        // Never reused, so that an answer from before a wipe cannot pass for a
        // newer pair.
        let next: i64 = self
            .value(
                "SELECT last_generation + 1 FROM login WHERE id = ?1",
                [id.as_str()],
            )?
            .unwrap_or(1);
        // A stored value that does not open is not carried over: a new login
        // is how a damaged one is mended, so it must not be refused for it.
        let or_stored = |new: &Option<Secret>, field: &str| match new {
            Some(new) => Ok(Some(new.duplicate())),
            None => match self.opened(id, field, expected) {
                Err(StoreError::Sealed(_)) => Ok(None),
                other => other,
            },
        };
        let values = [
            Some(pair.access.duplicate()),
            or_stored(&pair.refresh, "refresh")?,
            or_stored(&pair.password, "password")?,
            or_stored(&pair.client_secret, "client_secret")?,
            or_stored(&pair.proof_key, "proof_key")?,
        ];
        for (field, value) in FIELDS.iter().zip(values) {
            let Some(value) = value else { continue };
            let sealed = self.vault()?.seal(&place(id, field, next), &value)?;
            self.run(
                "INSERT INTO secret (owner_kind, owner_id, field, generation, sealed) VALUES ('login', ?1, ?2, ?3, ?4)",
                (id.as_str(), field, next, sealed),
            )?;
        }
        self.run(
            "UPDATE login SET generation = ?2, last_generation = ?2, token_issued_at = ?3, token_expires_at = ?4, token_expiry = ?5,
               grant_expires_at = CASE WHEN ?6 IS NULL AND ?7 = 'unknown' THEN grant_expires_at ELSE ?6 END,
               grant_expiry = CASE WHEN ?6 IS NULL AND ?7 = 'unknown' THEN grant_expiry ELSE ?7 END, last_refreshed_at = ?3,
               last_refresh_attempt_at = ?3, last_refresh_error = NULL, last_refresh_http_status = NULL,
               refresh_failures = 0, last_counted_at = NULL, transient_tries = 0, refresh_started_at = NULL,
               refresh_started_generation = NULL, refresh_sent_at = NULL, next_refresh_at = NULL
             WHERE id = ?1",
            (
                id.as_str(),
                next,
                now.0,
                pair.token_expires_at.map(|at| at.0),
                pair.token_expiry.name(),
                pair.grant_expires_at.map(|at| at.0),
                pair.grant_expiry.name(),
            ),
        )?;
        Ok(next)
    }

    /// Deletes the pairs before `generation`, once a call succeeded with it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn forget_older(&self, id: &LoginId, generation: i64) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM secret WHERE owner_kind = 'login' AND owner_id = ?1 AND generation < ?2",
            (id.as_str(), generation),
        )?;
        Ok(())
    }

    /// Writes down that a refresh of `generation` begins, before it is sent.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the generation moved on.
    pub fn begin_refresh(
        &self,
        id: &LoginId,
        generation: i64,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE login SET refresh_started_at = ?3, refresh_started_generation = ?2, last_refresh_attempt_at = ?3
             WHERE id = ?1 AND generation = ?2",
            (id.as_str(), generation, now.0),
        )?;
        if changed == 0 {
            Err(StoreError::Stale("The login"))
        } else {
            Ok(())
        }
    }

    /// Writes down that a refresh leaves now, until its answer is stored. One
    /// before it that got no answer stays the one to tell of.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn refresh_leaves(&self, id: &LoginId, now: UtcMs) -> Result<(), StoreError> {
        self.run(
            "UPDATE login SET refresh_sent_at = coalesce(refresh_sent_at, ?2) WHERE id = ?1",
            (id.as_str(), now.0),
        )?;
        Ok(())
    }

    /// Records that the refresh which [`Tx::begin_refresh`] wrote down brought
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when a newer pair came in between: it is left as
    /// it is.
    pub fn refresh_failed(
        &self,
        id: &LoginId,
        failed: &FailedRefresh<'_>,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE login SET last_refresh_error = ?2, last_refresh_http_status = ?3, refresh_failures = ?4,
               refresh_troubles = refresh_troubles + (refresh_failures = 0 AND ?4 > 0),
               last_counted_at = CASE WHEN ?5 THEN ?8 ELSE last_counted_at END, transient_tries = ?6, next_refresh_at = ?7,
               last_refresh_attempt_at = ?8, refresh_started_at = NULL, refresh_started_generation = NULL,
               refresh_sent_at = CASE WHEN ?3 BETWEEN 400 AND 499 THEN NULL ELSE ?9 END
             WHERE id = ?1 AND refresh_started_generation = generation",
            (
                id.as_str(),
                failed.error,
                failed.http_status,
                failed.failures,
                failed.counted,
                failed.transient_tries,
                failed.next.map(|at| at.0),
                now.0,
                failed.unanswered.map(|at| at.0),
            ),
        )?;
        if changed == 0 {
            Err(StoreError::Stale("The login"))
        } else {
            Ok(())
        }
    }

    /// Records that what [`Tx::begin_refresh`] wrote down was a proof: the pair
    /// of `generation` is good as it is.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when a newer pair came in between.
    pub fn refresh_brought_nothing_new(
        &self,
        id: &LoginId,
        generation: i64,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        let changed = self.run(
            "UPDATE login SET last_refresh_attempt_at = ?3, last_refresh_error = NULL, last_refresh_http_status = NULL,
               refresh_failures = 0, last_counted_at = NULL, transient_tries = 0, refresh_started_at = NULL,
               refresh_started_generation = NULL, next_refresh_at = NULL
             WHERE id = ?1 AND generation = ?2",
            (id.as_str(), generation, now.0),
        )?;
        if changed == 0 {
            Err(StoreError::Stale("The login"))
        } else {
            Ok(())
        }
    }

    /// Moves a login to the server its account lives on now.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn move_login(&self, id: &LoginId, server: &str) -> Result<(), StoreError> {
        self.run(
            "UPDATE login SET server = ?2 WHERE id = ?1 AND server <> ?2",
            (id.as_str(), server),
        )?;
        self.run(
            "UPDATE channel SET server = ?2 WHERE login_id = ?1 AND server <> ?2 AND identity_server = ''",
            (id.as_str(), server),
        )?;
        Ok(())
    }
}
