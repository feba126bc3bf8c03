//! Stopping channels and letting them go on. The lamp keeps its truth.

use serde_json::json;

use super::acting::Acting;
use super::views::{ChannelView, channel_view, watch};
use super::{Hub, OpError};
use crate::domain::channel::{Evidence, Status};
use crate::domain::ids::ChannelId;
use crate::domain::lamp::Watch;
use crate::domain::role::Act;
use crate::engine::again::look_again;
use crate::store::Tx;

/// Stops publishing on a channel; its posts are held. Pausing a paused channel
/// changes nothing.
///
/// # Errors
/// When the channel is disconnected or the role does not allow it.
pub async fn pause(hub: &Hub, channel: &ChannelId) -> Result<ChannelView, OpError> {
    one(hub, channel, true).await
}

/// Lets a paused channel publish again. What is late follows the workspace's
/// lateness limit; what became undecidable for the pause is looked at again.
///
/// # Errors
/// When the channel is disconnected or the role does not allow it.
pub async fn resume(hub: &Hub, channel: &ChannelId) -> Result<ChannelView, OpError> {
    one(hub, channel, false).await
}

/// Stops several channels, or lets them go on: all of them, or none.
///
/// # Errors
/// When one of them is disconnected or the role does not allow it.
pub async fn several(
    hub: &Hub,
    channels: &[ChannelId],
    stop: bool,
) -> Result<Vec<ChannelView>, OpError> {
    let (ids, watch) = (channels.to_vec(), watch(hub));
    hub.change(move |tx, acting| {
        let each = ids.iter().map(|id| set(tx, acting, id, stop, &watch));
        each.collect()
    })
    .await
}

async fn one(hub: &Hub, channel: &ChannelId, stop: bool) -> Result<ChannelView, OpError> {
    let (id, watch) = (channel.clone(), watch(hub));
    hub.change(move |tx, acting| set(tx, acting, &id, stop, &watch))
        .await
}

fn set(
    tx: &Tx<'_>,
    acting: &Acting,
    id: &ChannelId,
    paused: bool,
    watch: &Watch,
) -> Result<ChannelView, OpError> {
    let channel = tx.channel(id)?;
    acting.require(tx, &channel.workspace_id, Act::Pause)?;
    if channel.status == Status::Disconnected {
        return Err(OpError::failed(
            "disconnected",
            format!("{} is disconnected for good.", channel.name()),
            "There is nothing to pause; connect the account again to publish on it.",
        ));
    }
    if channel.paused_at.is_some() != paused {
        tx.set_pause(id, paused.then_some((acting.now, &acting.operator)))?;
        let (kind, act, text) = if paused {
            ("paused", "channel.pause", "Paused; its posts are held.")
        } else {
            ("resumed", "channel.resume", "Publishes again.")
        };
        if !paused {
            look_again(tx, id, acting.now)?;
        }
        let by = Some(&acting.operator);
        tx.add_history(id, kind, text, &Evidence::default(), by, acting.now)?;
        let workspace = Some(&channel.workspace_id);
        acting.audit(tx, workspace, act, id.as_str(), &json!({}))?;
    }
    channel_view(tx, tx.channel_summary(id)?, watch, acting.now)
}
