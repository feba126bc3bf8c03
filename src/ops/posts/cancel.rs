//! Cancelling what is not live yet, and deleting drafts.

use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, and_behind, require_queue};
use super::content;
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::role::Act;
use crate::store::Reads;
use crate::store::queue::QueueQuery;

/// Cancels deliveries, each with the parts of its thread behind it; all of them
/// or, when one cannot be cancelled, none. Cancelling a cancelled one changes nothing.
///
/// # Errors
/// When one is on its way or live, or the role does not allow it.
pub async fn cancel(hub: &Hub, ids: &[DeliveryId]) -> Result<Vec<DeliveryView>, OpError> {
    let (ids, machine) = (ids.to_vec(), Machine::of(hub));
    hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let mut done = Done::new("cancelling");
        let all = with_behind(tx, &ids)?;
        for id in &ids {
            machine.cancel(tx, acting, id, &mut done)?;
        }
        done.finish(tx, acting, "post.cancel")?;
        all.iter()
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}

/// The deliveries of an order about these, with what goes along: the open parts
/// of their threads behind them.
///
/// # Errors
/// When one is unknown or not the operator's to change.
pub async fn behind(hub: &Hub, ids: &[DeliveryId]) -> Result<Vec<DeliveryView>, OpError> {
    let ids = ids.to_vec();
    hub.look(move |q, acting| {
        require_queue(q, acting, &ids)?;
        with_behind(q, &ids)?
            .iter()
            .map(|id| delivery_view(q, q.delivery(id)?, acting.now))
            .collect()
    })
    .await
}

fn with_behind(q: &Reads<'_>, ids: &[DeliveryId]) -> Result<Vec<DeliveryId>, OpError> {
    let mut all: Vec<DeliveryId> = Vec::new();
    for id in ids {
        for one in and_behind(q, id)? {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    Ok(all)
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

/// Deletes drafts, each with the parts of its thread behind it. A cancelled delivery is hidden already and stays for the
/// record. How many drafts were removed.
///
/// # Errors
/// When one is anything else (cancel it), or the role does not allow it.
pub async fn delete(hub: &Hub, ids: &[DeliveryId]) -> Result<usize, OpError> {
    let ids = ids.to_vec();
    let work = hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let (mut removed, mut media) = (0, Vec::new());
        let mut all = with_behind(tx, &ids)?
            .iter()
            .map(|id| tx.delivery(id))
            .collect::<Result<Vec<_>, _>>()?;
        // A later part names the one before it.
        all.sort_by_key(|one| std::cmp::Reverse(one.part_no));
        for delivery in all {
            let id = &delivery.id;
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
