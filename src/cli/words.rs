//! How things are said: times, spans, lamps and states in words and marks.

use super::output::table::Look;
use super::output::{Cell, clean};
use crate::domain::channel::Channel;
use crate::domain::delivery::Shown;
use crate::domain::when::zone_name;
use crate::support::time::UtcMs;

pub use crate::domain::words::span;

/// An instant: RFC 3339 for programs, the clock of `zone` for people.
pub fn time(at: UtcMs, zone: &str) -> Cell {
    Cell::both(local(at, zone), at.to_string())
}

/// An instant on the clock of a zone: `2026-11-24 09:00 Europe/Berlin`.
pub fn local(at: UtcMs, zone: &str) -> String {
    let shown = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let name = zone_name(shown.iana_name().unwrap_or("UTC")).to_owned();
    format!(
        "{} {name}",
        at.timestamp().to_zoned(shown).strftime("%Y-%m-%d %H:%M")
    )
}

/// An instant: RFC 3339 for programs, the distance from now for people.
pub fn ago(at: UtcMs, now: UtcMs) -> Cell {
    let text = if at > now {
        format!("in {}", span(at.since(now)))
    } else {
        format!("{} ago", span(now.since(at)))
    };
    Cell::both(text, at.to_string())
}

/// An instant that may be absent.
pub fn maybe_ago(at: Option<UtcMs>, now: UtcMs) -> Cell {
    at.map_or_else(|| Cell::both("\u{2013}", ""), |at| ago(at, now))
}

/// `1 post`, `3 posts`.
pub fn count(n: u64, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {one}s")
    }
}

/// A lamp by its JSON name: shape, word and colour together.
pub fn lamp(name: &str) -> Cell {
    match name {
        "green" => Cell::marked(name, Look::Good, "\u{25cf}", "+"),
        "attention" => Cell::marked(name, Look::Warn, "\u{25b2}", "!"),
        _ => Cell::marked(name, Look::Bad, "\u{2716}", "x"),
    }
}

/// A state of a delivery: shape, word and colour together.
pub fn state(state: Shown) -> Cell {
    let (look, mark, ascii) = match state {
        Shown::Scheduled => (Look::Good, "\u{25cf}", "+"),
        Shown::Published => (Look::Good, "\u{2713}", "v"),
        Shown::Held | Shown::Failed | Shown::Missed => (Look::Bad, "\u{2716}", "x"),
        Shown::NeedsDecision => (Look::Warn, "?", "?"),
        Shown::Sending | Shown::Confirming => (Look::Plain, "\u{2192}", ">"),
        Shown::Draft | Shown::Cancelled => (Look::Dim, "\u{2013}", "-"),
    };
    Cell::marked(state.name(), look, mark, ascii)
}

/// A channel as people name it: `acme/bs:@acme.example`.
pub fn channel_name(workspace: &str, channel: &Channel) -> String {
    format!(
        "{workspace}/{}:@{}",
        channel.kind.network().short(),
        clean(&channel.handle)
    )
}

/// The beginning of a text, on one line.
pub fn beginning(text: &str, most: usize) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let text = clean(text);
    let mut parts = text.graphemes(true);
    let start: String = parts.by_ref().take(most).collect();
    if parts.next().is_some() {
        format!("{start}\u{2026}")
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_said_on_the_clock_of_the_zone_they_were_written_in() {
        let at = UtcMs::parse_rfc3339("2026-11-24T08:00:00Z").unwrap();
        assert_eq!(local(at, "Europe/Berlin"), "2026-11-24 09:00 Europe/Berlin");
        assert_eq!(local(at, "Nowhere/Land"), "2026-11-24 08:00 UTC");
        assert_eq!(local(at, "Etc/UTC"), "2026-11-24 08:00 UTC");
    }

    #[test]
    fn spans_take_their_largest_unit() {
        for (seconds, said) in [
            (5, "5 s"),
            (720, "12 m"),
            (86_400, "24 h"),
            (432_000, "5 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), said);
        }
        assert_eq!(count(1, "post"), "1 post");
        assert_eq!(count(0, "post"), "0 posts");
    }

    #[test]
    fn a_long_text_is_cut_between_graphemes() {
        assert_eq!(beginning("a\nb", 9), "a b");
        assert_eq!(
            beginning("e\u{301}e\u{301}e\u{301}", 2),
            "e\u{301}e\u{301}\u{2026}"
        );
    }
}
