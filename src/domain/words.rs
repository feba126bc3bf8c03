//! Times and names as people say them: on the screen, in what is copied and in
//! lists at the shell.
//!
//! Relative times are said from the slot the screen shows (a whole minute, ten
//! seconds in the last minute before a post), so that a frame drawn twice in
//! one slot is the same frame.

use std::time::Duration;

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::channel::Channel;
use super::network::{ChannelKind, Network};
use crate::support::time::UtcMs;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The instant and zone in which is spoken.
#[derive(Clone, Debug)]
pub struct Wall {
    /// Now, as far as it is shown.
    pub now: UtcMs,
    /// The operator's zone.
    pub zone: TimeZone,
}

impl Wall {
    fn local(&self, at: UtcMs) -> Zoned {
        at.timestamp().to_zoned(self.zone.clone())
    }

    /// `in 28 m`, `1 h ago`, `now`.
    pub fn relative(&self, at: UtcMs) -> String {
        if at > self.now {
            format!("in {}", span(at.since(self.now)))
        } else if self.now.since(at).as_secs() < MINUTE {
            "now".into()
        } else {
            format!("{} ago", span(self.now.since(at)))
        }
    }

    /// `14:05` today, `Sun 09:30` within six days, else `3 May`, with the year
    /// when it is not this one.
    pub fn clock(&self, at: UtcMs) -> String {
        let (then, now) = (self.local(at), self.local(self.now));
        if then.date() == now.date() {
            then.strftime("%H:%M").to_string()
        } else if at.since(self.now).max(self.now.since(at)).as_secs() < 6 * DAY {
            then.strftime("%a %H:%M").to_string()
        } else {
            self.date(at)
        }
    }

    /// As [`Wall::clock`], but another day is only its name: `Fri`.
    pub fn when(&self, at: UtcMs) -> String {
        let text = self.clock(at);
        match text.split_once(' ') {
            Some((day, clock)) if clock.contains(':') => day.to_owned(),
            _ => text,
        }
    }

    /// `3 May`, or `3 May 25` in another year.
    pub fn date(&self, at: UtcMs) -> String {
        let (then, now) = (self.local(at), self.local(self.now));
        let form = if then.year() == now.year() {
            "%-d %b"
        } else {
            "%-d %b %y"
        };
        then.strftime(form).to_string()
    }

    /// `3 Nov 09:11`: a date with its time.
    pub fn stamp(&self, at: UtcMs) -> String {
        let clock = self.clock(at);
        if clock.contains(':') {
            clock
        } else {
            format!("{clock} {}", self.local(at).strftime("%H:%M"))
        }
    }

    /// `Sat 21 Nov 14:02 CET`: the whole of it.
    pub fn full(&self, at: UtcMs) -> String {
        self.local(at).strftime("%a %-d %b %H:%M %Z").to_string()
    }

    /// `Sat 14:02`: a day of this week with its clock, today's too.
    pub fn begun(&self, at: UtcMs) -> String {
        self.local(at).strftime("%a %H:%M").to_string()
    }

    /// `Sat 14:02 CET`.
    pub fn short(&self, at: UtcMs) -> String {
        self.local(at).strftime("%a %H:%M %Z").to_string()
    }

    /// `Sat 09:00 New York`: a clock with the place it hangs in.
    pub fn clock_in_zone(&self, at: UtcMs) -> String {
        let place = self.zone.iana_name().map_or_else(
            || self.local(at).strftime("%Z").to_string(),
            |name| {
                let city = name.rsplit('/').next().unwrap_or(name);
                city.replace('_', " ")
            },
        );
        format!("{} {place}", self.local(at).strftime("%a %H:%M"))
    }

    /// The zone's short name now.
    pub fn zone_name(&self) -> String {
        self.local(self.now).strftime("%Z").to_string()
    }

    /// `2026-11-23 09:00`: as it is typed into a field.
    pub fn typed(&self, at: UtcMs) -> String {
        self.local(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// When the day begins that is so many days after today.
    pub fn midnight(&self, days: i64) -> UtcMs {
        let today = self.local(self.now).date();
        let span = jiff::Span::new().try_days(days);
        let then = span.and_then(|span| today.checked_add(span));
        // Beyond the calendar there is no day; then it is as good as now.
        then.map_or(self.now, |date| self.begins(date))
    }

    /// The day of the operator that an instant is in.
    pub fn day(&self, at: UtcMs) -> Date {
        self.local(at).date()
    }

    /// When a day begins; as good as now where time ends.
    pub fn begins(&self, day: Date) -> UtcMs {
        let start = day.to_zoned(self.zone.clone());
        start.map_or(self.now, |at| UtcMs(at.timestamp().as_millisecond()))
    }

    /// Whether two instants fall on one day of the operator.
    pub fn same_day(&self, a: UtcMs, b: UtcMs) -> bool {
        self.local(a).date() == self.local(b).date()
    }
}

/// `40 s`, `28 m`, `3 h`, `5 d`: one unit, rounded down.
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        s if s < MINUTE => format!("{s} s"),
        s if s < HOUR => format!("{} m", s / MINUTE),
        s if s < 2 * DAY => format!("{} h", s / HOUR),
        s => format!("{} d", s / DAY),
    }
}

/// `1 post`, `3 posts`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// How people name an account of this kind.
pub fn account(kind: ChannelKind, handle: &str, display_name: &str) -> String {
    match kind.network() {
        Network::Facebook | Network::Linkedin | Network::Youtube | Network::Pinterest
            if !display_name.is_empty() =>
        {
            display_name.to_owned()
        }
        // A Bluesky handle is a domain and needs no sign before it.
        Network::Bluesky => handle.to_owned(),
        _ => format!("@{handle}"),
    }
}

/// The account of a channel.
pub fn channel(channel: &Channel) -> String {
    account(channel.kind, &channel.handle, &channel.display_name)
}

/// What a channel can be found by, in small letters, a line each; the first is
/// how people call it.
pub fn names(channel: &Channel) -> String {
    let mut names = self::channel(channel);
    for one in [&channel.handle, &channel.display_name, channel.id.as_str()] {
        names.push('\n');
        names.push_str(one);
    }
    if names.is_ascii() {
        names.make_ascii_lowercase();
        return names;
    }
    names.to_lowercase()
}

/// `Meta login Ann Lee`, `Telegram bot 7001`: how people name the login of
/// channels that share one.
pub fn login<'a>(channels: impl Iterator<Item = &'a Channel>) -> String {
    let channels: Vec<&Channel> = channels.collect();
    let Some(first) = channels.first() else {
        return String::new();
    };
    let networks = channels.iter().map(|one| one.kind.network());
    // Facebook and Instagram share the logins of their owner.
    let meta = |network| matches!(network, Network::Facebook | Network::Instagram);
    let network = if networks.clone().all(meta) {
        "Meta"
    } else {
        first.kind.network().title()
    };
    let what = match first.login_method.as_str() {
        "bot_token" => "bot",
        _ => "login",
    };
    format!("{network} {what} {}", first.login_name())
}

/// `: “client looks for the admin”`, or nothing without a note.
pub fn quoted_note(note: &str) -> String {
    match note.is_empty() {
        true => String::new(),
        false => format!(": “{note}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(now: &str) -> Wall {
        Wall {
            now: UtcMs::parse_rfc3339(now).unwrap(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        }
    }

    fn at(text: &str) -> UtcMs {
        UtcMs::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn times_are_said_as_the_screens_say_them() {
        let wall = wall("2026-11-21T13:02:00Z");
        assert_eq!(wall.full(wall.now), "Sat 21 Nov 14:02 CET");
        assert_eq!(wall.clock(at("2026-11-21T13:05:00Z")), "14:05");
        assert_eq!(wall.clock(at("2026-11-22T08:30:00Z")), "Sun 09:30");
        assert_eq!(wall.clock(at("2026-05-03T08:30:00Z")), "3 May");
        assert_eq!(wall.clock(at("2025-05-03T08:30:00Z")), "3 May 25");
        assert_eq!(wall.when(at("2026-11-20T08:30:00Z")), "Fri");
        assert_eq!(wall.when(at("2026-11-21T08:30:00Z")), "09:30");
        assert_eq!(wall.stamp(at("2026-11-03T08:11:00Z")), "3 Nov 09:11");
    }

    #[test]
    fn a_day_begins_at_midnight_there_also_when_the_clock_is_changed() {
        let wall = wall("2026-10-26T12:00:00Z");
        assert_eq!(wall.midnight(0), at("2026-10-25T23:00:00Z"));
        assert_eq!(wall.midnight(-1), at("2026-10-24T22:00:00Z"));
        assert_eq!(wall.midnight(1), at("2026-10-26T23:00:00Z"));
    }

    #[test]
    fn spans_have_one_unit() {
        let wall = wall("2026-11-21T13:02:00Z");
        assert_eq!(wall.relative(at("2026-11-21T13:30:00Z")), "in 28 m");
        assert_eq!(wall.relative(at("2026-11-21T13:02:20Z")), "in 20 s");
        assert_eq!(wall.relative(at("2026-11-21T12:00:00Z")), "1 h ago");
        assert_eq!(wall.relative(at("2026-11-21T13:01:30Z")), "now");
        assert_eq!(span(Duration::from_secs(47 * 3600)), "47 h");
        assert_eq!(span(Duration::from_secs(5 * 86_400)), "5 d");
    }
}
