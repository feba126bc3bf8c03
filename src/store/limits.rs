//! What servers say their posts may be.

use super::error::StoreError;
use super::tx::{Reads, Tx};
use crate::domain::limits::ServerLimits;
use crate::domain::network::Network;
use crate::support::time::UtcMs;

impl Reads<'_> {
    /// What a server told; nothing when it was never asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn server_limits(
        &self,
        network: Network,
        server: &str,
    ) -> Result<ServerLimits, StoreError> {
        let told: Option<String> = self.value(
            "SELECT limits FROM server_limits WHERE network = ?1 AND server = ?2",
            (network.name(), server),
        )?;
        // What an older program wrote in another way is asked for again.
        Ok(told
            .and_then(|json| serde_json::from_str(&json).ok())
            .unwrap_or_default())
    }

    /// When a server was last asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn server_limits_read_at(
        &self,
        network: Network,
        server: &str,
    ) -> Result<Option<UtcMs>, StoreError> {
        let at: Option<i64> = self.value(
            "SELECT read_at FROM server_limits WHERE network = ?1 AND server = ?2",
            (network.name(), server),
        )?;
        Ok(at.map(UtcMs))
    }
}

impl Tx<'_> {
    /// Keeps what a server told just now.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_server_limits(
        &self,
        network: Network,
        server: &str,
        told: &ServerLimits,
        now: UtcMs,
    ) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO server_limits (network, server, limits, read_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET limits = excluded.limits, read_at = excluded.read_at",
            (
                network.name(),
                server,
                serde_json::json!(told).to_string(),
                now.0,
            ),
        )?;
        Ok(())
    }
}
