//! Stopping one channel and letting it go on. The lamp keeps its truth.

use serde_json::json;

use super::views::{ChannelView, channel_view, watch};
use super::{Hub, OpError};
use crate::domain::channel::{Evidence, Status};
use crate::domain::ids::ChannelId;
use crate::domain::role::Act;
use crate::engine::again::look_again;

/// Stops publishing on a channel; its posts are held. Pausing a paused channel
/// changes nothing.
///
/// # Errors
/// When the channel is disconnected or the role does not allow it.
pub async fn pause(hub: &Hub, channel: &ChannelId) -> Result<ChannelView, OpError> {
    set(hub, channel, true).await
}

/// Lets a paused channel publish again. What is late follows the workspace's
/// lateness limit; what became undecidable for the pause is looked at again.
///
/// # Errors
/// When the channel is disconnected or the role does not allow it.
pub async fn resume(hub: &Hub, channel: &ChannelId) -> Result<ChannelView, OpError> {
    set(hub, channel, false).await
}

async fn set(hub: &Hub, channel: &ChannelId, paused: bool) -> Result<ChannelView, OpError> {
    let (id, watch) = (channel.clone(), watch(hub));
    hub.change(move |tx, acting| {
        let channel = tx.channel(&id)?;
        acting.require(tx, &channel.workspace_id, Act::Pause)?;
        if channel.status == Status::Disconnected {
            return Err(OpError::failed(
                "disconnected",
                format!("{} is disconnected for good.", channel.name()),
                "There is nothing to pause; connect the account again to publish on it.",
            ));
        }
        if channel.paused_at.is_some() != paused {
            tx.set_pause(&id, paused.then_some((acting.now, &acting.operator)))?;
            let (kind, act, text) = if paused {
                ("paused", "channel.pause", "Paused; its posts are held.")
            } else {
                ("resumed", "channel.resume", "Publishes again.")
            };
            if !paused {
                look_again(tx, &id, acting.now)?;
            }
            let by = Some(&acting.operator);
            tx.add_history(&id, kind, text, &Evidence::default(), by, acting.now)?;
            let workspace = Some(&channel.workspace_id);
            acting.audit(tx, workspace, act, id.as_str(), &json!({}))?;
        }
        channel_view(tx, tx.channel_summary(&id)?, &watch, acting.now)
    })
    .await
}
