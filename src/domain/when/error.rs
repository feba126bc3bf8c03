//! What is wrong with a time, and what to write instead.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::{When, abbreviation};

/// What sort of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Not a time we can read.
    NotUnderstood,
    /// A day without a clock time.
    NoTime,
    /// It has passed.
    Past,
    /// The clocks skip it.
    Gap,
    /// It comes twice.
    Fold,
    /// There is no such zone.
    UnknownZone,
    /// Too far away to be meant.
    TooFar,
}

/// Why a time was not taken: one sentence what, one what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {hint}")]
pub struct WhenError {
    /// The sort.
    pub trouble: Trouble,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub hint: String,
}

/// As much of a text as a sentence can carry.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

impl WhenError {
    fn new(trouble: Trouble, what: String, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        Self {
            trouble,
            what,
            hint,
        }
    }

    pub(super) fn not_understood(text: &str) -> Self {
        Self::new(
            Trouble::NotUnderstood,
            format!("\"{}\" is not a time I can read.", short(text)),
            "Write tomorrow 9:30, fri 14:00 Europe/Berlin, in 20m or 2026-11-24 09:00.",
        )
    }

    pub(super) fn not_a_span(text: &str) -> Self {
        Self::new(
            Trouble::NotUnderstood,
            format!("\"{}\" is not a distance I can read.", short(text)),
            "Write 20m, 72h or 3d.",
        )
    }

    pub(super) fn no_time(text: &str) -> Self {
        Self::new(
            Trouble::NoTime,
            format!("\"{}\" has no clock time.", short(text)),
            format!("Write {} 9:30.", short(text)),
        )
    }

    pub(super) fn passed_today(text: &str) -> Self {
        Self::new(
            Trouble::Past,
            format!("{} has passed today.", short(text)),
            format!("Write tomorrow {}, or now.", short(text)),
        )
    }

    pub(super) fn passed(text: &str, when: &When) -> Self {
        let said = when.civil.replace('T', " ");
        Self::new(
            Trouble::Past,
            format!("\"{}\" has passed: {said} {}.", short(text), when.zone),
            "Write a time to come, or now.",
        )
    }

    pub(super) fn unknown_zone(name: &str) -> Self {
        Self::new(
            Trouble::UnknownZone,
            format!("There is no time zone \"{}\" here.", short(name)),
            "Write a name like Europe/Berlin or America/New_York.",
        )
    }

    pub(super) fn too_far(text: &str) -> Self {
        Self::new(
            Trouble::TooFar,
            format!("\"{}\" is too far away.", short(text)),
            "Write a time within the next years.",
        )
    }

    pub(super) fn gap(
        civil: DateTime,
        zone: &TimeZone,
        step: Option<Timestamp>,
        before: Offset,
        after: Offset,
    ) -> Self {
        let name = zone.iana_name().unwrap_or("this zone");
        let ends = step.map(|at| {
            let from = before.to_datetime(at).strftime("%H:%M");
            let to = after.to_datetime(at).strftime("%H:%M");
            format!("the clocks go from {from} to {to} there that day")
        });
        let why = ends.unwrap_or_else(|| "the clocks are put forward there that day".into());
        let width = i64::from(after.seconds()) - i64::from(before.seconds());
        let later = civil.saturating_add(jiff::SignedDuration::from_secs(width));
        let later = later.strftime("%Y-%m-%d %H:%M");
        let hint = format!("Write {later}, or an earlier time.");
        let said = civil.strftime("%Y-%m-%d %H:%M");
        let what = format!("{said} does not exist in {name}: {why}.");
        Self::new(Trouble::Gap, what, hint)
    }

    pub(super) fn fold(civil: DateTime, zone: &TimeZone, choices: [Timestamp; 2]) -> Self {
        let name = zone.iana_name().unwrap_or("this zone");
        let written = |at: Timestamp| {
            let seconds = zone.to_offset(at).seconds();
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        };
        let [first, second] = choices;
        let said = civil.strftime("%Y-%m-%d %H:%M");
        Self::new(
            Trouble::Fold,
            format!("{said} comes twice in {name}."),
            format!(
                "Write {said} {} ({}) for the first or {said} {} ({}) for the second.",
                written(first),
                abbreviation(zone, first),
                written(second),
                abbreviation(zone, second),
            ),
        )
    }
}
