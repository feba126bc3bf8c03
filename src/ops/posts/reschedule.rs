//! Moving deliveries in time: to an instant, by a span, or spread out.

use std::time::Duration;

use jiff::{Span, ToSpan};

use super::super::provisional::{civil, when};
use super::super::views::{DeliveryView, delivery_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine, require_queue};
use super::create::refuse_past;
use super::retry::check;
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::domain::machine::Event;
use crate::store::posts::Time;
use crate::support::time::UtcMs;

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
        let workspace = require_queue(tx, acting, &ids)?;
        let mut deliveries = ids
            .iter()
            .map(|id| tx.delivery(id))
            .collect::<Result<Vec<_>, _>>()?;
        deliveries.sort_by_key(|one| (one.due, one.id.clone()));
        let mut done = Done::new("rescheduling");
        for (number, delivery) in (0_u32..).zip(&deliveries) {
            let zone = &delivery.timezone;
            let time = match &how {
                How::At(text) => when(text, zone, acting.now)?,
                How::By(span) => at(shifted(delivery.due, zone, span)?, zone),
                How::Spread { every, from } => {
                    let from = match from {
                        Some(text) => when(text, zone, acting.now)?.due,
                        None => acting.now,
                    };
                    at(from.plus(every.saturating_mul(number)), zone)
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
        if let Some(workspace) = workspace {
            done.finish(tx, acting, &workspace, "post.reschedule")?;
        }
        ids.iter()
            .map(|id| delivery_view(tx, tx.delivery(id)?, acting.now))
            .collect()
    })
    .await
}

fn at(due: UtcMs, zone: &str) -> Time {
    Time {
        due,
        civil: civil(due, zone),
        timezone: zone.to_owned(),
    }
}

/// An instant moved by a span as people write it. Days and weeks keep the
/// clock time in the zone; hours, minutes and seconds count as they pass.
pub(super) fn shifted(due: UtcMs, zone: &str, text: &str) -> Result<UtcMs, OpError> {
    let wrong = || {
        OpError::usage(
            "span",
            format!("\"{text}\" is no span of time."),
            "Write it like 3d, 72h, 90m or -1h30m.",
        )
    };
    let span = span(text).ok_or_else(wrong)?;
    let tz = jiff::tz::TimeZone::get(zone).map_err(|_| wrong())?;
    let moved = due.timestamp().to_zoned(tz).checked_add(span);
    Ok(moved.map_err(|_| wrong())?.timestamp().into())
}

fn span(text: &str) -> Option<Span> {
    let text = text.trim();
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let mut span = Span::new();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        if number > 100_000 {
            return None;
        }
        let more = match &rest[..letters] {
            "w" => number.weeks(),
            "d" => number.days(),
            "h" => number.hours(),
            "m" | "min" => number.minutes(),
            "s" => number.seconds(),
            _ => return None,
        };
        span = span
            .checked_add(jiff::SpanArithmetic::from(more).days_are_24_hours())
            .ok()?;
        rest = &rest[letters..];
    }
    span.checked_mul(sign).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> UtcMs {
        UtcMs::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn c4_days_keep_the_clock_time_and_hours_do_not() {
        // The clocks go back on 25 October 2026 in Berlin.
        let due = instant("2026-10-24T09:00:00+02:00");
        let days = shifted(due, "Europe/Berlin", "3d").unwrap();
        assert_eq!(days, instant("2026-10-27T09:00:00+01:00"));
        let hours = shifted(due, "Europe/Berlin", "+72h").unwrap();
        assert_eq!(hours, instant("2026-10-27T08:00:00+01:00"));
        let back = shifted(due, "Europe/Berlin", "-1h30m").unwrap();
        assert_eq!(back, instant("2026-10-24T07:30:00+02:00"));
        for wrong in ["", "3", "d", "3y", "+", "99999999999d"] {
            assert!(shifted(due, "Europe/Berlin", wrong).is_err(), "{wrong}");
        }
    }
}
