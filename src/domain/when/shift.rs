//! How far to move a time: `3d` keeps the clock time, `72h` does not.

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};

use super::{When, WhenError, settle, shown};
use crate::support::time::UtcMs;

/// A distance between two times, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Calendar days, which keep the clock time.
    pub days: i32,
    /// Exact milliseconds on top of them.
    pub ms: i64,
}

/// The longest distance that is taken seriously, in days.
const MOST_DAYS: i64 = 3_660;

/// Reads `3d`, `1w`, `72h`, `2h30m`, `1d 12h`, `90 minutes`, with `+` or `-`.
///
/// # Errors
/// When it is not a distance, or farther than ten years.
pub fn parse_shift(text: &str) -> Result<Shift, WhenError> {
    let bad = || WhenError::not_a_span(text);
    let trimmed = text.trim();
    let (sign, mut rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let mut shift = Shift { days: 0, ms: 0 };
    rest = rest.trim_start();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: i64 = rest[..end].parse().map_err(|_| bad())?;
        rest = rest[end..].trim_start();
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let day = 86_400_000;
        let (days, ms) = match rest[..end].to_ascii_lowercase().as_str() {
            "w" | "week" | "weeks" => (7, 0),
            "d" | "day" | "days" => (1, 0),
            "h" | "hour" | "hours" => (0, day / 24),
            "m" | "min" | "mins" | "minute" | "minutes" => (0, day / 1_440),
            "s" | "sec" | "secs" | "second" | "seconds" => (0, 1_000),
            _ => return Err(bad()),
        };
        let far = number.saturating_mul(days).saturating_mul(day);
        let near = number.saturating_mul(ms);
        let total = i64::from(shift.days).abs() * day + shift.ms.abs();
        if total.saturating_add(far).saturating_add(near) > MOST_DAYS * day {
            return Err(WhenError::too_far(text));
        }
        shift.days += sign * i32::try_from(number * days).map_err(|_| bad())?;
        shift.ms += i64::from(sign) * near;
        rest = rest[end..].trim_start();
    }
    Ok(shift)
}

impl Shift {
    /// The time this far from `instant` in `zone`. Days keep the clock time;
    /// where that comes twice, the offset it had is kept if it can be.
    ///
    /// # Errors
    /// When the clock time falls into a gap, or too far away.
    pub fn from(&self, instant: UtcMs, zone: &TimeZone) -> Result<When, WhenError> {
        let text = instant.to_string();
        let far = || WhenError::too_far(&text);
        let start = instant.timestamp().to_zoned(zone.clone());
        let mut at = start.timestamp();
        if self.days != 0 {
            let days = Span::new().try_days(self.days).map_err(|_| far())?;
            let civil = start.datetime().checked_add(days).map_err(|_| far())?;
            at = match zone.to_ambiguous_timestamp(civil).offset() {
                AmbiguousOffset::Fold { before, after } => {
                    let offset = if start.offset() == after {
                        after
                    } else {
                        before
                    };
                    offset.to_timestamp(civil).map_err(|_| far())?
                }
                _ => {
                    let when = settle(civil, zone, None, &civil.to_string())?;
                    when.instant.timestamp()
                }
            };
        }
        let ms = at.as_millisecond().checked_add(self.ms).ok_or_else(far)?;
        let at = Timestamp::from_millisecond(ms).map_err(|_| far())?;
        shown(at, zone, &text)
    }
}
