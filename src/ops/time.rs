//! Times as people write and read them.

use super::OpError;
use crate::domain::when::{
    Past, Shift, Trouble, When, WhenError, parse, parse_shift, short, zone, zone_name,
};
use crate::store::posts::Time;
use crate::support::time::UtcMs;

/// Reads a time, past ones included, in `zone` unless the text names another.
///
/// # Errors
/// When it is no time, or does not exist or comes twice in that zone.
pub fn when(text: &str, zone: &str, now: UtcMs) -> Result<Time, OpError> {
    Ok(as_written(parse(text, zone, now, Past::Allowed)?))
}

/// Reads a time to come.
pub(super) fn time_to_come(text: &str, zone: &str, now: UtcMs) -> Result<Time, OpError> {
    Ok(as_written(parse(text, zone, now, Past::Refused)?))
}

/// An instant as a clock in `zone` shows it; UTC where the zone is unknown.
pub(super) fn time_at(due: UtcMs, zone: &str) -> Time {
    Time {
        due,
        civil: civil(due, zone),
        timezone: zone_name(zone).to_owned(),
    }
}

pub use crate::domain::when::civil;

/// The zone by its IANA name.
pub(super) fn check_zone(name: &str) -> Result<(), OpError> {
    zone(name)?;
    Ok(())
}

/// An instant moved by a span as people write it: days keep the clock time in
/// the zone, hours count as they pass.
pub(super) fn shifted(due: UtcMs, name: &str, text: &str) -> Result<Time, OpError> {
    let shift: Shift = parse_shift(text)?;
    Ok(as_written(shift.from(due, &zone(name)?)?))
}

fn as_written(when: When) -> Time {
    Time {
        due: when.instant,
        civil: short(&when.civil),
        timezone: when.zone,
    }
}

impl From<WhenError> for OpError {
    fn from(error: WhenError) -> Self {
        let code = match error.trouble {
            Trouble::NotUnderstood => "no_time",
            Trouble::NoTime => "no_clock_time",
            Trouble::Past => "past",
            Trouble::Gap => "dst_gap",
            Trouble::Fold => "dst_fold",
            Trouble::UnknownZone => "unknown_zone",
            Trouble::TooFar => "too_far",
        };
        Self::usage(code, error.what, error.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_days_keep_the_clock_time_and_hours_do_not() {
        // The clocks go back on 25 October 2026 in Berlin.
        let due = UtcMs::parse_rfc3339("2026-10-24T09:00:00+02:00").unwrap();
        let days = shifted(due, "Europe/Berlin", "3d").unwrap();
        assert_eq!(days.civil, "2026-10-27 09:00");
        let hours = shifted(due, "Europe/Berlin", "+72h").unwrap();
        assert_eq!(hours.civil, "2026-10-27 08:00");
    }

    #[test]
    fn a_time_the_clocks_skip_is_refused_with_its_own_code() {
        let now = UtcMs::parse_rfc3339("2027-03-01T00:00:00Z").unwrap();
        let gap = when("2027-03-28 02:30", "Europe/Berlin", now).unwrap_err();
        assert_eq!(gap.code, "dst_gap");
        let fold = when("2027-10-31 02:30", "Europe/Berlin", now).unwrap_err();
        assert_eq!(fold.code, "dst_fold");
    }
}
