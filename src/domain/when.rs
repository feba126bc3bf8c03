//! Times as people write them: `tomorrow 9:30`, `fri 14:00 Europe/Berlin`,
//! `in 20m`, `2026-11-24 09:00`, RFC 3339, `now`.
//!
//! - A bare clock time is today's. When it has passed it is refused, since
//!   nobody can tell whether tomorrow was meant.
//! - A weekday is the next such day on which the time is still to come; on
//!   that very day that may be today.
//! - Without a zone the given one holds; a named zone holds for this time.
//! - A time in a daylight-saving gap is refused, naming the gap. One that comes
//!   twice asks which; the offset (`+02:00`) or the abbreviation (`CEST`) says it.
//! - An offset fixes the instant; it is then shown in the zone that holds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::support::time::UtcMs;

mod error;
mod order;
mod shift;
#[cfg(test)]
mod tests;
mod words;

pub use error::{Trouble, WhenError};
pub use order::{Order, parse_order};
pub use shift::{Shift, parse_shift};

/// A time somebody wrote, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The instant, which is the truth.
    pub instant: UtcMs,
    /// The clock time in `zone` (`2026-11-24T09:00:00`), for display and for
    /// noticing when the zone's rules change.
    pub civil: String,
    /// The IANA name of the zone.
    pub zone: String,
}

/// Which times are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Only times to come, as for scheduling.
    Refused,
    /// Any, as for filters.
    Allowed,
}

/// The zone of that IANA name.
///
/// # Errors
/// When there is none.
pub fn zone(name: &str) -> Result<TimeZone, WhenError> {
    TimeZone::get(name).map_err(|_| WhenError::unknown_zone(name))
}

/// Reads a time. `default_zone` is the IANA name that holds unless the text
/// names another.
///
/// # Errors
/// What is wrong with it and what to write instead.
pub fn parse(text: &str, default_zone: &str, now: UtcMs, past: Past) -> Result<When, WhenError> {
    let text = text.trim();
    let default_zone = zone(default_zone)?;
    if text.is_empty() {
        return Err(WhenError::not_understood(text));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return in_zone(at, &default_zone, now, past, text);
    }
    if text.eq_ignore_ascii_case("now") {
        return in_zone(now.timestamp(), &default_zone, now, Past::Allowed, text);
    }
    let lower = text.to_ascii_lowercase();
    if let Some(span) = lower.strip_prefix("in ") {
        let shift = parse_shift(span)?;
        let when = shift.from(now, &default_zone)?;
        return check_past(when, now, past, text);
    }
    let words = words::read(text)?;
    let zone = match &words.zone {
        Some(name) => zone(name)?,
        None => default_zone,
    };
    let time = match words.time {
        Some(time) => time,
        None if words.day == words::Day::Unsaid => return Err(WhenError::not_understood(text)),
        None => return Err(WhenError::no_time(text)),
    };
    let today = now.timestamp().to_zoned(zone.clone()).date();
    let at = |date: Date| settle(date.to_datetime(time), &zone, words.which.as_deref(), text);
    let when = match words.day {
        words::Day::Unsaid | words::Day::Today => at(today)?,
        words::Day::Tomorrow => at(today.tomorrow().map_err(|_| WhenError::too_far(text))?)?,
        words::Day::Date(date) => at(date)?,
        words::Day::Week(weekday) => {
            let ahead = today.weekday().until(weekday);
            let next = later(today, i32::from(ahead), text)?;
            match at(next) {
                Ok(when) if when.instant < now && ahead == 0 => at(later(today, 7, text)?)?,
                other => other?,
            }
        }
    };
    if words.day == words::Day::Unsaid && past == Past::Refused && when.instant < now {
        return Err(WhenError::passed_today(text));
    }
    check_past(when, now, past, text)
}

fn later(date: Date, days: i32, text: &str) -> Result<Date, WhenError> {
    let span = jiff::Span::new().try_days(days);
    span.and_then(|span| date.checked_add(span))
        .map_err(|_| WhenError::too_far(text))
}

/// The instant of a clock time; `which` is an offset or abbreviation written
/// behind it.
fn settle(
    civil: DateTime,
    zone: &TimeZone,
    which: Option<&str>,
    text: &str,
) -> Result<When, WhenError> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let instant = |offset: Offset| {
        offset
            .to_timestamp(civil)
            .map_err(|_| WhenError::too_far(text))
    };
    if let Some(offset) = which.and_then(words::offset) {
        let at = instant(offset)?;
        return shown(at, zone, text);
    }
    let at = match (ambiguous.offset(), which) {
        (AmbiguousOffset::Unambiguous { offset }, None) => instant(offset)?,
        (AmbiguousOffset::Unambiguous { offset }, Some(name)) => {
            let at = instant(offset)?;
            if !abbreviation(zone, at).eq_ignore_ascii_case(name) {
                return Err(WhenError::unknown_zone(name));
            }
            at
        }
        (AmbiguousOffset::Gap { before, after }, _) => {
            // Read with the offset that comes after, a time inside the gap is
            // an instant shortly before the step that makes the gap.
            let step = zone.following(instant(after)?).next();
            let step = step.map(|step| step.timestamp());
            return Err(WhenError::gap(civil, zone, step, before, after));
        }
        (AmbiguousOffset::Fold { before, after }, which) => {
            let choices = [instant(before)?, instant(after)?];
            let named = which.and_then(|name| {
                choices
                    .into_iter()
                    .find(|at| abbreviation(zone, *at).eq_ignore_ascii_case(name))
            });
            match named {
                Some(at) => at,
                None => return Err(WhenError::fold(civil, zone, choices)),
            }
        }
    };
    shown(at, zone, text)
}

/// The zone's abbreviation at an instant (`CET`).
fn abbreviation(zone: &TimeZone, at: Timestamp) -> String {
    zone.to_offset_info(at).abbreviation().to_string()
}

/// The clock time of an instant in a zone (`2026-11-24 09:00`); in UTC where the
/// zone is unknown.
pub fn civil(at: UtcMs, name: &str) -> String {
    let zone = zone(name).unwrap_or(TimeZone::UTC);
    short(&at.timestamp().to_zoned(zone).datetime().to_string())
}

/// `2026-11-24T09:00:00` as people write it; seconds only where there are any,
/// parts of them never.
pub fn short(civil: &str) -> String {
    let whole = civil.split('.').next().unwrap_or(civil);
    let text = whole.replace('T', " ");
    text.strip_suffix(":00").unwrap_or(&text).to_owned()
}

/// A zone as it is kept and shown: the many names of UTC are one.
pub fn zone_name(name: &str) -> &str {
    match name {
        "Etc/UTC" | "Etc/UCT" | "Etc/Universal" | "Etc/Zulu" | "UCT" | "Universal" | "Zulu" => {
            "UTC"
        }
        other => other,
    }
}

fn shown(at: Timestamp, zone: &TimeZone, text: &str) -> Result<When, WhenError> {
    let name = zone
        .iana_name()
        .ok_or_else(|| WhenError::unknown_zone(text))?;
    Ok(When {
        instant: UtcMs::from(at),
        civil: at.to_zoned(zone.clone()).datetime().to_string(),
        zone: zone_name(name).to_owned(),
    })
}

fn in_zone(
    at: Timestamp,
    zone: &TimeZone,
    now: UtcMs,
    past: Past,
    text: &str,
) -> Result<When, WhenError> {
    check_past(shown(at, zone, text)?, now, past, text)
}

fn check_past(when: When, now: UtcMs, past: Past, text: &str) -> Result<When, WhenError> {
    if past == Past::Refused && when.instant < now {
        return Err(WhenError::passed(text, &when));
    }
    Ok(when)
}
