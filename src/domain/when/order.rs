//! Where posts are to go in time, as people write it: a time for all
//! (`tomorrow 9:30`), a distance for each (`+3d`), or one after the other
//! (`every 2h from tomorrow 9:00`).

use std::time::Duration;

use super::{Past, Shift, When, WhenError, check_past, parse, parse_shift, shown, zone};
use crate::support::duration;
use crate::support::time::UtcMs;

/// Where to, understood as far as it can be without the posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// All to this time, in each one's own zone.
    At(String),
    /// Each by this distance, with its sign.
    By(String, Shift),
    /// One after the other.
    Every {
        /// How far apart.
        every: Duration,
        /// Where it begins; now when left out.
        from: Option<String>,
    },
}

/// Reads an order. A time is only understood with the posts, in
/// [`Order::times`].
///
/// # Errors
/// When a distance cannot be read.
pub fn parse_order(text: &str) -> Result<Order, WhenError> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if lower.starts_with(['+', '-']) {
        return Ok(Order::By(text.to_owned(), parse_shift(text)?));
    }
    let Some(rest) = lower.strip_prefix("every ") else {
        return Ok(Order::At(text.to_owned()));
    };
    let (every, from) = match rest.split_once(" from ") {
        // The zone in it keeps its capitals.
        Some((every, from)) => (every, Some(text[text.len() - from.len()..].to_owned())),
        None => (rest, None),
    };
    let span = duration::parse(every).ok().filter(|span| !span.is_zero());
    match span {
        Some(every) => Ok(Order::Every { every, from }),
        None => Err(WhenError::not_a_span(every)),
    }
}

impl Order {
    /// The time of each post, given its present time and zone, in the order
    /// they are given in.
    ///
    /// # Errors
    /// When one of them is past, or does not exist or comes twice in its zone.
    pub fn times(&self, posts: &[(UtcMs, &str)], now: UtcMs) -> Result<Vec<When>, WhenError> {
        let begin = match (self, posts.first()) {
            (
                Self::Every {
                    from: Some(text), ..
                },
                Some((_, name)),
            ) => parse(text, name, now, Past::Refused)?.instant,
            _ => now,
        };
        let of = |(number, (due, name)): (u32, &(UtcMs, &str))| match self {
            Self::At(text) => parse(text, name, now, Past::Refused),
            Self::By(text, shift) => {
                check_past(shift.from(*due, &zone(name)?)?, now, Past::Refused, text)
            }
            Self::Every { every, .. } => {
                let at = begin.plus(every.saturating_mul(number));
                shown(at.timestamp(), &zone(name)?, "every")
            }
        };
        (0..).zip(posts).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BERLIN: &str = "Europe/Berlin";

    fn at(text: &str) -> UtcMs {
        UtcMs::parse_rfc3339(text).unwrap()
    }

    fn civil(order: &str, dues: &[&str]) -> Result<Vec<String>, WhenError> {
        let posts: Vec<_> = dues.iter().map(|due| (at(due), BERLIN)).collect();
        let times = parse_order(order)?.times(&posts, at("2026-11-21T13:02:00Z"))?;
        Ok(times.into_iter().map(|when| when.civil).collect())
    }

    #[test]
    fn c4_a_time_is_for_all_and_a_distance_for_each() {
        let dues = ["2026-11-19T11:00:00Z", "2026-11-20T17:00:00Z"];
        assert_eq!(
            civil("tomorrow 9:30", &dues).unwrap(),
            ["2026-11-22T09:30:00"; 2]
        );
        assert_eq!(
            civil("+3d", &dues).unwrap(),
            ["2026-11-22T12:00:00", "2026-11-23T18:00:00"]
        );
        assert_eq!(
            civil("every 2h from mon 9:00 Europe/Berlin", &dues).unwrap(),
            ["2026-11-23T09:00:00", "2026-11-23T11:00:00"]
        );
        assert_eq!(
            civil("every 20m", &dues).unwrap(),
            ["2026-11-21T14:02:00", "2026-11-21T14:22:00"]
        );
    }

    #[test]
    fn c4_nothing_is_moved_into_the_past_or_into_a_gap() {
        let old = ["2026-11-10T11:00:00Z"];
        assert!(civil("+3d", &old).unwrap_err().what.contains("has passed"));
        assert!(civil("-1h", &["2026-11-21T13:30:00Z"]).is_err());
        assert!(civil("every 0m", &old).is_err());
        assert!(civil("every now and then", &old).is_err());
        let gap = civil("2027-03-28 02:30", &old).unwrap_err();
        assert_eq!(gap.trouble, super::super::Trouble::Gap);
    }

    proptest! {
        #[test]
        fn c4_no_text_makes_it_panic(text in "\\PC{0,20}|(every |from |[+-]?[0-9]{0,12}[smhdw]? ?){0,5}") {
            let _ = civil(&text, &["2026-11-21T13:30:00Z"]);
        }
    }
}
