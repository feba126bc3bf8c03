//! Refreshing a channel's login now.

use super::{Hub, OpError};
use crate::domain::ids::{ChannelId, CommandId};
use crate::domain::publisher::CommandKind;

pub use super::probe::{Asked, ask, wait};

/// Asks for a refresh of a channel's login now.
///
/// # Errors
/// When the role does not allow it or the publisher is silent.
pub async fn refresh(hub: &Hub, channel: &ChannelId) -> Result<CommandId, OpError> {
    ask(hub, CommandKind::Refresh, channel.as_str()).await
}
