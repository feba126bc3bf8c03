//! What is true of a delivery right now, read in the transaction that acts on it.

use std::time::Duration;

use crate::domain::channel::{Channel, Status};
use crate::domain::delivery::{Delivery, State};
use crate::domain::machine::{Facts, Lateness, Rules};
use crate::domain::outcome::OutcomeClass;
use crate::store::attempts::Attempt;
use crate::store::{Reads, StoreError};
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// A delivery with everything a step needs.
#[derive(Clone, Debug)]
pub struct Known {
    /// The delivery.
    pub delivery: Delivery,
    /// Its channel.
    pub channel: Channel,
    /// Its newest attempt.
    pub attempt: Option<Attempt>,
    /// From when on what became of the last send can be read.
    pub settled_at: Option<UtcMs>,
    /// The facts of the machine.
    pub facts: Facts,
}

/// Reads them. `keeps_key` says how long the network knows a key.
pub fn read(
    q: &Reads<'_>,
    id: &crate::domain::ids::DeliveryId,
    class: OutcomeClass,
    reads_without_token: bool,
    timing: &Timing,
    rules: &Rules,
    now: UtcMs,
) -> Result<Known, StoreError> {
    let delivery = q.delivery(id)?;
    let channel = q.channel(&delivery.channel_id)?;
    let attempt = q.latest_attempt(id)?;
    let limit = q.late_limit(&delivery.workspace_id)?;
    let connected = channel.status != Status::Disconnected;
    let earlier = match &delivery.after_id {
        Some(after) => Some(q.delivery(after)?),
        None => None,
    };
    let earlier_open = earlier
        .as_ref()
        .is_some_and(|one| one.state != State::Published);
    // A later part of a thread is due when the one before it went out.
    let since = delivery.due.max(
        earlier
            .and_then(|one| one.published_at)
            .unwrap_or(delivery.due),
    );
    let armed_at = attempt.as_ref().and_then(|attempt| attempt.armed_at);
    // A clock that was set forward must not make it look settled.
    let unsettled_until = q.unsettled_until()?;
    let settled_at = armed_at.map(|at| at.plus(timing.settle).max(unsettled_until.unwrap_or(at)));
    let unknown_from = delivery.unknown_since.max(settled_at);
    let facts = Facts {
        can_send: channel.can_send_under(rules)
            && !earlier_open
            && !q.restored()?
            && !q.clock_in_doubt()?,
        connected,
        class,
        due: delivery.due,
        settled: settled_at.is_none_or(|at| at <= now),
        absent_reads: u8::try_from(delivery.absent_reads).unwrap_or(u8::MAX),
        absent_spaced: delivery
            .first_absent_at
            .is_some_and(|first| now.since(first) >= timing.absent_spacing),
        key_alive: true,
        readable: reads_without_token || channel.token.generation > 0,
        late: if delivery.send_now {
            Lateness::OnTime
        } else {
            Lateness::of(since, now, timing.catch_up_spacing, limit)
        },
        only_on_time: delivery.only_on_time,
        access_failure: delivery.access_failure,
        proven_not_sent: delivery.state == State::Failed || !delivery.ever_armed,
        unknown_for: unknown_from.map_or(Duration::ZERO, |from| now.since(from)),
        current: true,
        earlier_unanswered: match &attempt {
            Some(attempt) => q.earlier_unanswered(attempt)?,
            None => false,
        },
        asked_for_token: q.asked_for_token(id)?,
        ever_armed: delivery.ever_armed,
        send_began: false,
    };
    Ok(Known {
        delivery,
        channel,
        attempt,
        settled_at,
        facts,
    })
}
