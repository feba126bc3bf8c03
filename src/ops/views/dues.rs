//! What channels have due.

use std::time::Duration;

use super::super::release::late_rule;
use super::super::{Hub, OpError};
use super::channels::{ends, watch};
use crate::domain::dues::{Cuts, Dues};
use crate::domain::ids::ChannelId;
use crate::domain::role::Act;
use crate::support::time::UtcMs;

/// How many posts of the whole hub are due within so long, late and held ones
/// included: who stops publishing stops it for all, whatever they may see.
///
/// # Errors
/// When the store cannot be read.
pub async fn due_within(hub: &Hub, long: Duration) -> Result<u64, OpError> {
    hub.look(move |q, acting| Ok(q.due_until(acting.now.plus(long))?))
        .await
}

/// What some channels have due, on a day that ends at `midnight`.
///
/// # Errors
/// When a channel is unknown or not the operator's to see.
pub async fn dues(hub: &Hub, ids: &[ChannelId], midnight: UtcMs) -> Result<Dues, OpError> {
    let (ids, timing, watch) = (ids.to_vec(), hub.config.engine.clone(), watch(hub));
    hub.look(move |q, acting| {
        let mut dues = Dues::default();
        for id in &ids {
            let channel = q.channel(id)?;
            acting.require(q, &channel.workspace_id, Act::Look)?;
            let rule = late_rule(q, &channel.workspace_id, &timing)?;
            let cuts = Cuts::of(&rule, acting.now, midnight);
            dues = dues.and(q.dues(id, &cuts, ends(&channel, &watch))?);
        }
        Ok(dues)
    })
    .await
}
