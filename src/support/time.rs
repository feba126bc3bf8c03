//! Instants: UTC milliseconds, the only form in which time is stored.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC milliseconds since 1970.
///
/// Serialises as RFC 3339 in UTC (`2026-11-21T14:02:00Z`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UtcMs(pub i64);

impl UtcMs {
    /// The instant `after` later, saturating at the ends of time.
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(millis(after)))
    }

    /// The instant `before` earlier, saturating at the ends of time.
    pub fn minus(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(millis(before)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The same instant for jiff, clamped to the range jiff can hold.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// When the text is not an RFC 3339 instant.
    pub fn parse_rfc3339(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(Self::from)
    }
}

/// Whole milliseconds of a duration, saturating.
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A span as lists show it: `58 s`, `12 m`, `3 h`, `5 d`; rounded down.
pub fn span_words(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A span in a sentence, with its two largest units: `45 s`, `1 h 30 m`,
/// `3650 d`.
pub fn long_span_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds % 86_400 / 3_600, "h"),
        (seconds % 3_600 / 60, "m"),
        (seconds % 60, "s"),
    ];
    let words: Vec<String> = parts
        .iter()
        .skip_while(|(n, _)| *n == 0)
        .take(2)
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n} {unit}"))
        .collect();
    if words.is_empty() {
        "0 s".into()
    } else {
        words.join(" ")
    }
}

impl From<jiff::Timestamp> for UtcMs {
    fn from(at: jiff::Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

impl fmt::Display for UtcMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}

impl Serialize for UtcMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UtcMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_was_written() {
        let at = UtcMs::parse_rfc3339("2026-11-21T15:02:00.250+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-21T14:02:00.25Z");
        assert_eq!(UtcMs::parse_rfc3339(&at.to_string()).unwrap(), at);
    }

    #[test]
    fn a_span_is_said_in_its_largest_useful_unit() {
        let words = |seconds| span_words(Duration::from_secs(seconds));
        assert_eq!(words(59), "59 s");
        assert_eq!(words(3_599), "59 m");
        assert_eq!(words(26 * 3_600), "26 h");
        assert_eq!(words(5 * 86_400 + 1), "5 d");
    }

    #[test]
    fn arithmetic_saturates_at_the_ends_of_time() {
        assert_eq!(
            UtcMs(i64::MAX).plus(Duration::from_secs(1)),
            UtcMs(i64::MAX)
        );
        assert_eq!(UtcMs(5).since(UtcMs(9)), Duration::ZERO);
    }
}
