//! Which logins met trouble of their network since its server last answered:
//! what the weather is judged from.

use super::error::StoreError;
use super::rows::{at, listed};
use super::tx::{Reads, Tx};
use crate::domain::channel::Channel;
use crate::domain::ids::LoginId;
use crate::domain::network::Network;
use crate::domain::weather::{Asked, Sky};
use crate::support::time::UtcMs;

/// The kind of the incident of a network in bad weather; the subject is its name.
pub const WEATHER: &str = "weather";

/// A server that logins met trouble at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Troubled {
    /// Its network.
    pub network: Network,
    /// Its base URL.
    pub server: String,
    /// Renewals and proofs met it; otherwise only posts did.
    pub logins: bool,
    /// When it was met last.
    pub last: UtcMs,
}

impl Reads<'_> {
    /// What the time since `since` says of a network.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn sky(&self, network: Network, since: UtcMs) -> Result<Sky, StoreError> {
        let logins = self.value(
            "SELECT count(*) FROM login WHERE network = ?1 AND generation > 0",
            [network.name()],
        )?;
        let in_trouble = self.value(
            "SELECT count(DISTINCT t.login_id) FROM trouble t JOIN login l ON l.id = t.login_id
             WHERE t.network = ?1 AND t.at >= ?2 AND l.generation > 0",
            (network.name(), since.0),
        )?;
        Ok(Sky {
            logins: logins.unwrap_or(0),
            in_trouble: in_trouble.unwrap_or(0),
        })
    }

    /// Every server with trouble since `since`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn troubled_servers(&self, since: UtcMs) -> Result<Vec<Troubled>, StoreError> {
        self.all(
            "SELECT t.network AS network, t.server AS server, max(t.what = 'login') AS logins, max(t.at) AS last
             FROM trouble t JOIN login l ON l.id = t.login_id
             WHERE t.at >= ?1 AND l.generation > 0 GROUP BY t.network, t.server ORDER BY t.network, t.server",
            [since.0],
            |row| {
                Ok(Troubled {
                    network: listed(row, "network", Network::parse)?,
                    server: row.get("server")?,
                    logins: row.get("logins")?,
                    last: at(row, "last")?,
                })
            },
        )
    }

    /// How one server stands, `None` without trouble since `since`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn troubled_server(
        &self,
        network: Network,
        server: &str,
        since: UtcMs,
    ) -> Result<Option<Troubled>, StoreError> {
        self.one(
            "SELECT max(t.what = 'login') AS logins, max(t.at) AS last
             FROM trouble t JOIN login l ON l.id = t.login_id
             WHERE t.network = ?1 AND t.server = ?2 AND t.at >= ?3 AND l.generation > 0 HAVING count(*) > 0",
            (network.name(), server, since.0),
            |row| {
                Ok(Troubled {
                    network,
                    server: server.to_owned(),
                    logins: row.get("logins")?,
                    last: at(row, "last")?,
                })
            },
        )
    }

    /// Whether the last renewals of a channel's login met trouble of theirs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn renewal_meets_trouble(&self, channel: &Channel) -> Result<bool, StoreError> {
        match &channel.login_id {
            Some(login) => Ok(self.login(login)?.transient_tries > 0),
            None => Ok(false),
        }
    }

    /// The login by which a server is asked whether it answers again, with its
    /// generation: of those that met trouble there the one asked longest ago.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn scout(
        &self,
        network: Network,
        server: &str,
    ) -> Result<Option<(LoginId, i64)>, StoreError> {
        self.one(
            "SELECT l.id AS id, l.generation AS generation FROM trouble t JOIN login l ON l.id = t.login_id
             WHERE t.network = ?1 AND t.server = ?2 AND t.what = 'login' AND l.generation > 0
               AND EXISTS (SELECT 1 FROM channel c WHERE c.login_id = l.id AND c.publishable = 1)
             ORDER BY l.last_refresh_attempt_at, l.id LIMIT 1",
            (network.name(), server),
            |row| {
                Ok((
                    LoginId::from_stored(row.get::<_, String>("id")?),
                    row.get("generation")?,
                ))
            },
        )
    }
}

impl Tx<'_> {
    /// Notes that a login met trouble of its server.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn trouble_met(
        &self,
        login: &LoginId,
        asked: Asked,
        network: Network,
        server: &str,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO trouble (login_id, what, network, server, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET network = ?3, server = ?4, at = ?5",
            (login.as_str(), asked.name(), network.name(), server, now.0),
        )?;
        Ok(())
    }

    /// In bad weather few are sent to look: what one meets counts for all who
    /// wait for the same server.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn trouble_lasts(
        &self,
        network: Network,
        server: &str,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "UPDATE trouble SET at = ?3 WHERE network = ?1 AND server = ?2",
            (network.name(), server, now.0),
        )?;
        Ok(())
    }

    /// A server answered. One that takes posts is well; one that renews logins
    /// may still refuse posts.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn trouble_over(
        &self,
        network: Network,
        server: &str,
        asked: Asked,
    ) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM trouble WHERE network = ?1 AND server = ?2 AND (?3 = 'post' OR what = ?3)",
            (network.name(), server, asked.name()),
        )?;
        Ok(())
    }
}
