//! Which posts go out near to the one that is being written.

use super::super::super::{Hub, OpError};
use crate::domain::ids::{ChannelId, PostId, WorkspaceId};
use crate::domain::near::{around, nearest};
use crate::domain::role::Act;
use crate::support::time::UtcMs;

/// When a post would go out, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its channels.
    pub channels: Vec<ChannelId>,
    /// When it is due.
    pub at: UtcMs,
    /// The post it is already: itself and its thread are near to nothing.
    pub post: Option<PostId>,
}

/// The channels on which another post that waits goes out near to it, and when.
///
/// # Errors
/// When the workspace is not the operator's to write in, or the store cannot be
/// read.
pub async fn near(hub: &Hub, place: Place) -> Result<Vec<(ChannelId, UtcMs)>, OpError> {
    hub.look(move |q, acting| {
        acting.require(q, &place.workspace, Act::Queue)?;
        let mut found = Vec::new();
        for channel in &place.channels {
            if q.channel(channel)?.workspace_id != place.workspace {
                continue;
            }
            let post = place.post.as_ref();
            let others = q.scheduled_around(channel, place.at, around(place.at), post)?;
            let other = nearest(place.at, others);
            found.extend(other.map(|at| (channel.clone(), at)));
        }
        Ok(found)
    })
    .await
}
