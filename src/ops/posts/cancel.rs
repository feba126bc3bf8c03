//! Cancelling what is not live yet, and deleting drafts.

use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, require_queue};
use super::content;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::store::queue::QueueQuery;

/// Cancels deliveries; all of them or, when one cannot be cancelled, none.
/// Cancelling a cancelled one changes nothing.
///
/// # Errors
/// When one is on its way or live, or the role does not allow it.
pub async fn cancel(hub: &Hub, ids: &[DeliveryId]) -> Result<Vec<DeliveryView>, OpError> {
    let (ids, machine) = (ids.to_vec(), Machine::of(hub));
    hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let mut done = Done::new("cancelling");
        for id in &ids {
            if tx.delivery(id)?.state != State::Cancelled {
                machine.act(tx, acting, id, Event::Cancel, &mut done)?;
            }
        }
        done.finish(tx, acting, "post.cancel")?;
        ids.iter()
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}

/// Cancels everything a channel holds.
///
/// # Errors
/// When the channel can publish, or the role does not allow it.
pub async fn cancel_held(hub: &Hub, channel: &ChannelId) -> Result<Vec<DeliveryView>, OpError> {
    let id = channel.clone();
    let held = hub
        .look(move |q, acting| {
            let channel = q.channel(&id)?;
            acting.require(q, &channel.workspace_id, Act::Queue)?;
            if channel.can_send() {
                return Err(OpError::failed(
                    "nothing_held",
                    format!("{} can publish: it holds nothing.", channel.name()),
                    "Cancel single posts by their ids.",
                ));
            }
            let query = QueueQuery {
                channel: Some(id),
                states: vec![State::Scheduled],
                ..QueueQuery::default()
            };
            Ok(q.deliveries(&query)?)
        })
        .await?;
    let ids: Vec<_> = held.into_iter().map(|one| one.id).collect();
    cancel(hub, &ids).await
}

/// Deletes drafts. A cancelled delivery is hidden already and stays for the
/// record. How many drafts were removed.
///
/// # Errors
/// When one is anything else (cancel it), or the role does not allow it.
pub async fn delete(hub: &Hub, ids: &[DeliveryId]) -> Result<usize, OpError> {
    let ids = ids.to_vec();
    let work = hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let (mut removed, mut media) = (0, Vec::new());
        for id in &ids {
            let delivery = tx.delivery(id)?;
            match delivery.state {
                State::Draft => {
                    media.extend(tx.media_of(&delivery.post_id)?);
                    tx.remove_draft(id)?;
                    let detail = serde_json::json!({ "post": delivery.post_id });
                    let workspace = Some(&delivery.workspace_id);
                    acting.audit(tx, workspace, "post.delete", id.as_str(), &detail)?;
                    removed += 1;
                }
                State::Cancelled => {}
                other => {
                    return Err(OpError::failed(
                        "not_a_draft",
                        format!(
                            "{id} on @{} is {}: only drafts are deleted.",
                            delivery.handle,
                            other.name().replace('_', " ")
                        ),
                        "Cancel it instead: allgreen post cancel",
                    ));
                }
            }
        }
        Ok((removed, media))
    });
    let (removed, media) = work.await?;
    content::let_go(hub, media).await;
    Ok(removed)
}
