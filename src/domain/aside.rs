//! Set aside: somebody takes a broken thing on until a time, with a note. It
//! changes no lamp and no count; it only says that the others need not.

use std::time::Duration;

use jiff::civil::{Weekday, time};
use jiff::tz::TimeZone;

use super::delivery::State;
use super::ids::OperatorId;
use crate::support::sanitize;
use crate::support::time::UtcMs;

/// Letters of a note; a sentence, not a story.
pub const LONGEST_NOTE: usize = 200;

/// Nothing is set aside for longer: what waits for months is not taken on.
pub const LONGEST: Duration = Duration::from_secs(90 * 86_400);

/// Who took a thing on, until when, and what they wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The id of the channel, login or delivery.
    pub object: String,
    /// Who.
    pub by: OperatorId,
    /// Their name.
    pub by_name: String,
    /// Until when.
    pub until: UtcMs,
    /// What they wrote; may be empty.
    pub note: String,
    /// When they did.
    pub at: UtcMs,
    /// What was wrong with it then, as [`trouble`] tells it.
    ///
    /// [`trouble`]: super::trouble
    pub about: Vec<String>,
}

impl Aside {
    /// Whether its time is not over.
    pub fn lasts(&self, now: UtcMs) -> bool {
        self.until > now
    }

    /// Whether it is about what is wrong with a channel or post now. Of what was
    /// mended since nothing is left of it: the same again is nobody's yet. It
    /// goes on while any of what it was about does.
    pub fn is_about(&self, troubles: &[String], now: UtcMs) -> bool {
        self.lasts(now) && self.about.iter().any(|one| troubles.contains(one))
    }
}

/// Whether a person has to do something about a post.
pub fn needs_a_hand(state: State) -> bool {
    matches!(state, State::Missed | State::Failed | State::NeedsDecision)
}

/// A note as it is kept: one line, nothing that steers a terminal, not longer
/// than [`LONGEST_NOTE`] letters.
pub fn note(text: &str) -> String {
    let line = sanitize::line(text);
    line.trim().chars().take(LONGEST_NOTE).collect()
}

/// Until when a thing is set aside unless something else is said: nine in the
/// morning of the next working day, as people write it.
pub fn next_morning(now: UtcMs, zone: &TimeZone) -> &'static str {
    let today = now.timestamp().to_zoned(zone.clone());
    match today.weekday() {
        // A morning that is still to come on a working day is not the next one.
        Weekday::Friday | Weekday::Saturday => "mon 9:00",
        Weekday::Sunday if today.time() < time(9, 0, 0, 0) => "mon 9:00",
        _ => "tomorrow 9:00",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn aside() -> Aside {
        Aside {
            object: "soc_1".into(),
            by: OperatorId::from_stored("opr_1"),
            by_name: "ann".into(),
            until: NOW.plus(HOUR),
            note: String::new(),
            at: NOW.minus(HOUR),
            about: vec!["proof 1".into(), "posts 3".into()],
        }
    }

    #[test]
    fn it_ends_by_itself_and_with_what_it_is_about() {
        let now = |text: &str| [text.to_owned()];
        assert!(aside().is_about(&now("proof 1"), NOW));
        assert!(aside().is_about(&now("posts 3"), NOW), "what is left of it");
        assert!(!aside().is_about(&now("proof 1"), NOW.plus(HOUR)));
        assert!(!aside().is_about(&[], NOW), "mended");
        assert!(!aside().is_about(&now("proof 2"), NOW), "the same again");
    }

    #[test]
    fn a_note_is_one_line_that_steers_nothing() {
        assert_eq!(
            note(" client looks\nfor \u{1b}[2Jit "),
            "client looks for ␛[2Jit"
        );
        assert_eq!(note(&"é".repeat(999)).chars().count(), LONGEST_NOTE);
    }

    #[test]
    fn the_next_morning_is_one_on_which_people_work() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text| next_morning(UtcMs::parse_rfc3339(text).unwrap(), &zone);
        assert_eq!(at("2026-11-19T13:00:00Z"), "tomorrow 9:00");
        assert_eq!(at("2026-11-20T13:00:00Z"), "mon 9:00");
        assert_eq!(at("2026-11-21T13:00:00Z"), "mon 9:00");
        assert_eq!(at("2026-11-22T06:00:00Z"), "mon 9:00");
        assert_eq!(at("2026-11-22T13:00:00Z"), "tomorrow 9:00");
    }
}
