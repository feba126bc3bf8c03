//! Moving deliveries in time: to an instant, by a span, or spread out.

use std::time::Duration;

use super::super::time::{shifted, time_at, time_to_come};
use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, require_queue};
use super::create::refuse_past;
use super::retry::check;
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;

/// Where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// All to this time, as people write it, in each one's own zone.
    At(String),
    /// Each by this span: `3d` keeps the clock time, `72h` does not.
    By(String),
    /// One after the other, in the order of their times.
    Spread {
        /// How far apart.
        every: Duration,
        /// Where it begins, as people write it; now when left out.
        from: Option<String>,
    },
}

/// Moves deliveries; all of them or, when one cannot be moved, none. A draft,
/// failed or missed one is scheduled by it.
///
/// # Errors
/// When a time is past or does not exist, one is on its way or live, or the
/// role does not allow it.
pub async fn reschedule(
    hub: &Hub,
    ids: &[DeliveryId],
    how: How,
) -> Result<Vec<DeliveryView>, OpError> {
    let (ids, machine) = (ids.to_vec(), Machine::of(hub));
    hub.change(move |tx, acting| {
        require_queue(tx, acting, &ids)?;
        let mut deliveries = ids
            .iter()
            .map(|id| tx.delivery(id))
            .collect::<Result<Vec<_>, _>>()?;
        deliveries.sort_by_key(|one| (one.due, one.id.clone()));
        let mut done = Done::new("rescheduling");
        for (number, delivery) in (0_u32..).zip(&deliveries) {
            let zone = &delivery.timezone;
            let time = match &how {
                How::At(text) => time_to_come(text, zone, acting.now)?,
                How::By(span) => shifted(delivery.due, zone, span)?,
                How::Spread { every, from } => {
                    let from = match from {
                        Some(text) => time_to_come(text, zone, acting.now)?.due,
                        None => acting.now,
                    };
                    time_at(from.plus(every.saturating_mul(number)), zone)
                }
            };
            refuse_past(&time, acting)?;
            check(tx, &machine, delivery)?;
            machine.set_time(tx, acting, &delivery.id, &time, &mut done)?;
            if delivery.state == State::Draft {
                let mut again = Done::new("rescheduling");
                machine.act(tx, acting, &delivery.id, Event::Schedule, &mut again)?;
                done.merge_last(again);
            }
        }
        done.finish(tx, acting, "post.reschedule")?;
        ids.iter()
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}
