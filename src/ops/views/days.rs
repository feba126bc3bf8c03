//! The last days of channels.

use super::super::{Hub, OpError};
use crate::domain::days::{self, Days, Life};
use crate::domain::ids::ChannelId;
use crate::domain::role::Act;
use crate::support::time::UtcMs;

/// How the days between `midnights` were for some channels.
///
/// # Errors
/// When a channel is unknown or not the operator's to see.
pub async fn days(hub: &Hub, ids: &[ChannelId], midnights: Vec<UtcMs>) -> Result<Days, OpError> {
    let ids = ids.to_vec();
    hub.look(move |q, acting| {
        let from = midnights.first().copied().unwrap_or(acting.now);
        let mut lives = Vec::new();
        for id in &ids {
            let channel = q.channel(id)?;
            acting.require(q, &channel.workspace_id, Act::Look)?;
            lives.push(Life {
                connected_at: channel.connected_at,
                turns: q.turns(id, from)?,
            });
        }
        let watched = q.watched(from)?;
        Ok(days::days(&lives, &watched, &midnights, acting.now))
    })
    .await
}
