//! Taking the last act on the queue back, as far as no send began since.

use super::super::acting::Acting;
use super::super::{Hub, OpError, aside};
use super::acts::{self, Before, Inverse, Machine, Words, mark};
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{DeliveryId, PostId};
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::store::posts::Time;
use crate::store::queue::QueueQuery;
use crate::store::{Reads, Tx};
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
        refuse_changed_text(tx, &row.act, &inverse)?;
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
            keep_words(tx, post, &mut undone)?;
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
    if !known.facts.send_began && !is_as_left(tx, &delivery, before)? {
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
        let left = before.left_words.as_ref();
        if left.is_none_or(|left| left.text != before.text) {
            tx.set_delivery_text(&before.id, before.text.as_deref())?;
        }
        if let Some(only) = before.only_on_time {
            tx.set_only_on_time(&before.id, only)?;
        }
        tx.drop_key(&before.id)?;
    }
    Ok(())
}

/// Whether nobody changed a delivery since the act.
fn is_as_left(q: &Reads<'_>, now: &Delivery, before: &Before) -> Result<bool, OpError> {
    if now.state != before.left || now.due.0 != before.left_due {
        return Ok(false);
    }
    let Some(left) = &before.left_words else {
        return Ok(true);
    };
    let words = Words::of(q, now)?;
    // A cancelled one is given the text of its post for its own when that is
    // changed: it says what it said.
    let own = words.text == left.text || now.state == State::Cancelled;
    Ok(own && words.said == left.said && words.only_on_time == left.only_on_time)
}

/// Refuses when the act changed the text of a post and somebody else did since:
/// what it says now is theirs.
fn refuse_changed_text(q: &Reads<'_>, act: &str, inverse: &Inverse) -> Result<(), OpError> {
    let (Some((post, _)), Some(left)) = (&inverse.post_text, &inverse.post_left) else {
        return Ok(());
    };
    if mark(&q.post(post)?.text) == *left {
        return Ok(());
    }
    Err(OpError::failed(
        "cannot_undo",
        format!("The {act} cannot be taken back: the text was changed since."),
        format!("Look at it first: allgreen post show {post}"),
    ))
}

/// Before the text of a post is put back: what went out meanwhile, was changed
/// or written since keeps the text it has.
fn keep_words(tx: &Tx<'_>, post: &PostId, undone: &mut Undone) -> Result<(), OpError> {
    let text = tx.post(post)?.text;
    let all = tx.deliveries(&QueueQuery {
        post: Some(post.clone()),
        ..QueueQuery::default()
    })?;
    for one in all {
        if one.text.is_some() || undone.restored.contains(&one.id) {
            continue;
        }
        tx.set_delivery_text(&one.id, Some(&text))?;
        if !undone.kept.iter().any(|(id, _)| *id == one.id) {
            let why = format!("{} on @{} was written since.", one.id, one.handle);
            undone.kept.push((one.id, why));
        }
    }
    Ok(())
}
