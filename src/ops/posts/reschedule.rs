//! Moving deliveries in time: to an instant, by a span, or spread out.

use std::time::Duration;

use super::super::time::{shifted, time_at, time_to_come};
use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, open_threads, require_queue};
use super::create::refuse_past;
use super::retry::check;
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;
use crate::domain::when::Order;

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

impl From<Order> for How {
    fn from(order: Order) -> Self {
        match order {
            Order::At(text) => Self::At(text),
            Order::By(text, _) => Self::By(text),
            Order::Every { every, from } => Self::Spread { every, from },
        }
    }
}

/// Moves deliveries, a thread as a whole; all of them or, when one cannot be moved, none. A draft,
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
        let mut threads: Vec<Vec<Delivery>> = Vec::new();
        for id in &open_threads(tx, &ids)? {
            let delivery = tx.delivery(id)?;
            let root = |one: &Delivery| one.root_id.clone().unwrap_or(one.id.clone());
            let of_thread = |one: &&mut Vec<Delivery>| {
                one.first()
                    .is_some_and(|first| root(first) == root(&delivery))
            };
            match threads.iter_mut().find(of_thread) {
                Some(thread) => thread.push(delivery),
                None => threads.push(vec![delivery]),
            }
        }
        threads.sort_by_key(|parts| parts.first().map(|one| (one.due, one.id.clone())));
        let mut done = Done::new("rescheduling");
        for (number, parts) in (0_u32..).zip(&threads) {
            for delivery in parts {
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
                    machine.act(tx, acting, &delivery.id, Event::Schedule, &mut done)?;
                }
            }
        }
        done.finish(tx, acting, "post.reschedule")?;
        threads
            .iter()
            .flatten()
            .map(|one| &one.id)
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}
