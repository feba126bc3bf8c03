//! Sending now, and again after a failure.

use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, open_threads, require_queue};
use super::content;
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;
use crate::store::Reads;

/// Sends failed or missed deliveries again, at once.
///
/// # Errors
/// When one is in another state, its network does not take it, or the role
/// does not allow it; then none is sent.
pub async fn retry(hub: &Hub, ids: &[DeliveryId]) -> Result<Vec<DeliveryView>, OpError> {
    go(hub, ids, "retrying", "post.retry", false).await
}

/// Sends scheduled, failed or missed deliveries and drafts now.
///
/// # Errors
/// As [`retry`].
pub async fn send_now(hub: &Hub, ids: &[DeliveryId]) -> Result<Vec<DeliveryView>, OpError> {
    go(hub, ids, "sending now", "post.send", true).await
}

async fn go(
    hub: &Hub,
    ids: &[DeliveryId],
    what: &'static str,
    act: &'static str,
    any: bool,
) -> Result<Vec<DeliveryView>, OpError> {
    let (ids, machine) = (ids.to_vec(), Machine::of(hub));
    hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let mut done = Done::new(what);
        // A thread goes out as a whole; a failed part is tried again by itself,
        // those behind it follow.
        let ids = if any { open_threads(tx, &ids)? } else { ids };
        for id in &ids {
            let delivery = tx.delivery(id)?;
            if !any && delivery.state == State::Scheduled {
                return Err(OpError::failed(
                    "is_scheduled",
                    format!("{id} on @{} is scheduled already.", delivery.handle),
                    "It goes out by itself; send it now with: allgreen post send",
                ));
            }
            check(tx, &machine, &delivery)?;
            if delivery.state == State::Draft {
                machine.act(tx, acting, id, Event::Schedule, &mut done)?;
            }
            machine.act(tx, acting, id, Event::Retry, &mut done)?;
        }
        done.finish(tx, acting, act)?;
        ids.iter()
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}

/// Checks text and media against the network again before it is scheduled.
pub(super) fn check(q: &Reads<'_>, machine: &Machine, delivery: &Delivery) -> Result<(), OpError> {
    let channel = q.channel(&delivery.channel_id)?;
    let post = q.post(&delivery.post_id)?;
    let text = delivery.text.as_ref().unwrap_or(&post.text);
    let networks = &machine.networks;
    let problems = if delivery.part_no == 1 {
        let media = q.media_of(&delivery.post_id)?;
        content::check(q, networks, &channel, text, &media, &post.options)?
    } else {
        let options = post.options.of_later_part();
        content::check(q, networks, &channel, text, &[], &options)?
    };
    content::refuse_problem(&channel, &problems)
}
