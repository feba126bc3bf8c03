//! The last days as one line of lamps.

use super::{Fact, fact};
use crate::domain::days::Day;
use crate::domain::ids::ChannelId;
use crate::tui::model::Model;
use crate::tui::words::count;

/// What the line is called.
pub const DAYS: &str = "30 days";

/// The days of some channels: a lamp a day, and how much of the time was well.
/// The line is there before it is read, so that nothing moves.
pub fn days(model: &Model, channels: &[&ChannelId]) -> Fact {
    let Some(known) = model.days(channels) else {
        return fact(DAYS, "");
    };
    let lamps: String = known
        .days
        .iter()
        .filter_map(|day| match day {
            // Only the first ones are: the line begins with the channel.
            Day::Before => None,
            Day::Unwatched => Some('·'),
            Day::Well => Some('●'),
            Day::Broken => Some('✖'),
        })
        .collect();
    let mut well = match known.healthy {
        Some(1000) => "100 % healthy".into(),
        Some(share) => format!("{}.{} % healthy", share / 10, share % 10),
        None => String::new(),
    };
    if let (Some(since), false) = (known.since, well.is_empty()) {
        let since = model.wall().clock(since);
        well = format!("{well} since {since}");
    }
    let unwatched = known
        .days
        .iter()
        .filter(|day| **day == Day::Unwatched)
        .count();
    let said = match (unwatched, well.is_empty()) {
        (0, _) => well,
        (_, true) => "nobody looked yet".into(),
        (n, false) => format!("{well}, {} nobody looked", count(n as u64, "day", "days")),
    };
    fact(DAYS, format!("{lamps} {said}"))
}

/// The line with as many of the days as fit, the last ones.
pub fn latest(text: &str, cells: usize) -> String {
    let (lamps, said) = text.split_once(' ').unwrap_or((text, ""));
    let over = lamps.chars().count().saturating_sub(cells);
    let lamps: String = lamps.chars().skip(over).collect();
    format!("{lamps} {said}")
}
