//! Posts that are refused although the login is proved, counted per channel: no
//! proof of the login can say that posts are taken again.

use super::error::StoreError;
use super::tx::{Reads, Tx};
use crate::domain::ids::ChannelId;
use crate::support::time::UtcMs;

/// The second refusal in a row breaks the channel.
pub const REFUSED_FOR_GOOD: u32 = 2;

impl Reads<'_> {
    /// Whether the posts of a channel are refused whatever its proofs say.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn posts_refused(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        let seen: Option<u32> = self.value(
            "SELECT refused_writes FROM channel WHERE id = ?1",
            [channel.as_str()],
        )?;
        Ok(seen.unwrap_or(0) >= REFUSED_FOR_GOOD)
    }
}

impl Tx<'_> {
    /// Counts a post that was refused beside a good proof; whether that breaks
    /// the channel.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn post_refused(&self, channel: &ChannelId) -> Result<bool, StoreError> {
        self.run(
            "UPDATE channel SET refused_writes = min(refused_writes + 1, ?2) WHERE id = ?1",
            (channel.as_str(), REFUSED_FOR_GOOD),
        )?;
        self.posts_refused(channel)
    }

    /// A post was taken: what was refused before it counts no more, and a channel
    /// that this had broken may prove itself again.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn post_taken(&self, channel: &ChannelId, now: UtcMs) -> Result<(), StoreError> {
        let broken = self.posts_refused(channel)?;
        self.run(
            "UPDATE channel SET refused_writes = 0 WHERE id = ?1 AND refused_writes > 0",
            [channel.as_str()],
        )?;
        if broken {
            self.plan_probe(channel, Some(now))?;
        }
        Ok(())
    }
}
