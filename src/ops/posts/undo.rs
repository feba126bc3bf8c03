//! Taking the last act on the queue back, as far as no send began since.

use super::super::acting::Acting;
use super::super::{Hub, OpError, aside};
use super::acts::{self, Before, Inverse, Machine};
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::store::Tx;
use crate::store::posts::Time;
use crate::support::time::UtcMs;

/// What undo did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The act that was taken back, in words.
    pub what: String,
    /// The deliveries that are as they were.
    pub restored: Vec<DeliveryId>,
    /// Those that are not, and why.
    pub kept: Vec<(DeliveryId, String)>,
    /// How many things are set aside as they were.
    pub asides: usize,
}

/// Takes back the operator's last act on the queue. What began to be sent, or
/// was changed by somebody since, stays as it is and is named.
///
/// # Errors
/// When there is nothing to take back, nothing of it can be, or the role does
/// not allow it any more.
pub async fn undo_last(hub: &Hub) -> Result<Undone, OpError> {
    let machine = Machine::of(hub);
    hub.change(move |tx, acting| {
        let Some(row) = tx.latest_undo(&acting.operator)? else {
            return Err(OpError::failed(
                "nothing_to_undo",
                "There is nothing of yours to take back.",
                "Look at the queue with: allgreen post list",
            ));
        };
        let inverse: Inverse = serde_json::from_str(&row.inverse).map_err(|_| {
            OpError::failed(
                "undo",
                format!(
                    "The {} cannot be taken back: its record is damaged.",
                    row.act
                ),
                "Cancel or reschedule the posts instead.",
            )
        })?;
        let mut undone = Undone {
            what: row.act.clone(),
            restored: Vec::new(),
            kept: Vec::new(),
            asides: 0,
        };
        for before in &inverse.deliveries {
            acting.require(tx, &tx.delivery(&before.id)?.workspace_id, Act::Queue)?;
            match back(tx, acting, &machine, before, row.at) {
                Ok(()) => undone.restored.push(before.id.clone()),
                Err(error) => undone.kept.push((before.id.clone(), error.what)),
            }
        }
        for one in &inverse.asides {
            undone.asides += usize::from(aside::take_back(tx, acting, one)?);
        }
        if !inverse.asides.is_empty() && undone.asides == 0 {
            return Err(OpError::failed(
                "cannot_undo",
                format!(
                    "The {} cannot be taken back: it was changed since.",
                    row.act
                ),
                "Set it aside anew, or end that: allgreen aside ID --end",
            ));
        }
        if let (true, [(_, reason), ..]) = (undone.restored.is_empty(), undone.kept.as_slice()) {
            return Err(OpError::failed(
                "cannot_undo",
                format!("The {} cannot be taken back: {reason}", row.act),
                "Cancel or reschedule the posts instead.",
            ));
        }
        if let Some((post, text)) = &inverse.post_text {
            // What went out meanwhile keeps the text it went out with.
            let sent = tx.post(post)?.text;
            for (id, _) in &undone.kept {
                if tx.delivery(id)?.text.is_none() {
                    tx.set_delivery_text(id, Some(&sent))?;
                }
            }
            tx.set_post_text(post, text, &acting.operator, acting.now)?;
        }
        tx.use_undo(row.id, acting.now)?;
        if let Some(first) = undone.restored.first() {
            let workspace = tx.delivery(first)?.workspace_id;
            let detail = serde_json::json!({ "act": row.act, "deliveries": undone.restored });
            acting.audit(tx, Some(&workspace), "post.undo", first.as_str(), &detail)?;
        }
        Ok(undone)
    })
    .await
}

fn back(
    tx: &Tx<'_>,
    acting: &Acting,
    machine: &Machine,
    before: &Before,
    since: UtcMs,
) -> Result<(), OpError> {
    let mut known = machine.known(tx, &before.id, acting.now)?;
    let attempt = known.attempt.as_ref().and_then(|one| one.armed_at);
    known.facts.send_began = attempt.is_some_and(|at| at >= since);
    let delivery = known.delivery.clone();
    let event = match before.state {
        Some(state) => Event::Undo(state),
        None => Event::Cancel,
    };
    if !known.facts.send_began
        && (delivery.state != before.left || delivery.due.0 != before.left_due)
    {
        return Err(OpError::failed(
            "changed_since",
            format!("{} on @{} was changed since.", delivery.id, delivery.handle),
            "Look at it first.",
        ));
    }
    let transition = acts::decide(&known, event, acting.now)?;
    acts::carry_out(tx, acting, &delivery, &transition)?;
    if before.state.is_some() {
        let time = Time {
            due: UtcMs(before.due),
            civil: before.civil.clone(),
            timezone: before.timezone.clone(),
        };
        tx.set_time(&before.id, &time, before.send_now)?;
        tx.set_delivery_text(&before.id, before.text.as_deref())?;
        if let Some(only) = before.only_on_time {
            tx.set_only_on_time(&before.id, only)?;
        }
        tx.drop_key(&before.id)?;
    }
    Ok(())
}
