//! Posts by words, or by the time they are due: what a finder shows.

use std::time::Duration;

use super::super::{Hub, OpError, Scope};
use super::{DeliveryView, delivery_view};
use crate::domain::ids::ChannelId;
use crate::store::find::Near;
use crate::support::time::UtcMs;

/// Which posts are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostSearch {
    /// Of which workspaces.
    pub scope: Scope,
    /// Only of this channel.
    pub channel: Option<ChannelId>,
    /// Words that the text or the handle has, all of them.
    pub words: Vec<String>,
    /// Those due next to this instant come first; now without.
    pub around: Option<UtcMs>,
    /// Due at most this far from there; any without.
    pub within: Option<Duration>,
    /// At most this many.
    pub limit: usize,
}

/// Looks for posts; drafts and what was cancelled are left out.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn find_posts(hub: &Hub, search: PostSearch) -> Result<Vec<DeliveryView>, OpError> {
    hub.look(move |q, acting| {
        let visible = acting.visible(q)?;
        let only = search.scope.workspace();
        let near = Near {
            workspaces: visible
                .into_iter()
                .map(|one| one.id)
                .filter(|id| only.is_none_or(|only| only == id))
                .collect(),
            channel: search.channel.clone(),
            words: search.words.clone(),
            around: search.around.unwrap_or(acting.now),
            within: search.within.map_or(i64::MAX / 4, |span| {
                i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
            }),
            limit: u32::try_from(search.limit).unwrap_or(u32::MAX),
        };
        let mut found = q.deliveries_near(&near)?;
        found.truncate(search.limit);
        found
            .into_iter()
            .map(|delivery| delivery_view(q, delivery, acting.now))
            .collect()
    })
    .await
}
