//! The words of a time: a day, a clock time, a zone, in any sensible order.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::Offset;

use super::WhenError;

/// Which day was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// None was said.
    Unsaid,
    /// This day.
    Today,
    /// The next one.
    Tomorrow,
    /// The next such weekday.
    Week(Weekday),
    /// A date.
    Date(Date),
}

/// What the words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub day: Day,
    pub time: Option<Time>,
    /// An IANA name.
    pub zone: Option<String>,
    /// An offset or a zone abbreviation, which says which of two is meant.
    pub which: Option<String>,
}

/// Sorts the words of `text`.
pub(super) fn read(text: &str) -> Result<Words, WhenError> {
    let mut words = Words {
        day: Day::Unsaid,
        time: None,
        zone: None,
        which: None,
    };
    let not_understood = || WhenError::not_understood(text);
    for word in split(text) {
        let lower = word.to_ascii_lowercase();
        if lower == "at" || lower == "on" {
            continue;
        }
        if let Some(day) = day(&lower) {
            put(&mut words.day, Day::Unsaid, day).ok_or_else(not_understood)?;
        } else if let Some(time) = time(&lower) {
            put(&mut words.time, None, Some(time)).ok_or_else(not_understood)?;
        } else if word.contains('/') || lower == "utc" {
            put(&mut words.zone, None, Some(word.into())).ok_or_else(not_understood)?;
        } else if offset(word).is_some() || abbreviation(word) {
            put(&mut words.which, None, Some(word.into())).ok_or_else(not_understood)?;
        } else {
            return Err(not_understood());
        }
    }
    Ok(words)
}

/// Sets what was unset; `None` when it was said twice.
fn put<T: PartialEq>(slot: &mut T, unset: T, value: T) -> Option<()> {
    (*slot == unset).then(|| *slot = value)
}

/// Words at spaces and commas; `2026-11-24T09:00+01:00` as three.
fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',') {
        let mut rest = word;
        // A date glued to its time.
        if let Some((date, time)) = rest.split_once(['T', 't'])
            && date.parse::<Date>().is_ok()
        {
            words.push(date);
            rest = time;
        }
        // A time glued to its offset.
        let glued = rest
            .find(['+', 'Z', 'z'])
            .or_else(|| rest.rfind('-').filter(|_| rest.contains(':')));
        match glued {
            Some(at) if at > 0 && time(&rest[..at]).is_some() => {
                words.push(&rest[..at]);
                words.push(&rest[at..]);
            }
            _ => words.push(rest),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn day(word: &str) -> Option<Day> {
    Some(match word {
        "today" => Day::Today,
        "tomorrow" => Day::Tomorrow,
        "mon" | "monday" => Day::Week(Weekday::Monday),
        "tue" | "tues" | "tuesday" => Day::Week(Weekday::Tuesday),
        "wed" | "wednesday" => Day::Week(Weekday::Wednesday),
        "thu" | "thur" | "thurs" | "thursday" => Day::Week(Weekday::Thursday),
        "fri" | "friday" => Day::Week(Weekday::Friday),
        "sat" | "saturday" => Day::Week(Weekday::Saturday),
        "sun" | "sunday" => Day::Week(Weekday::Sunday),
        _ => {
            let shape = word.len() == 10 && word.bytes().filter(|b| *b == b'-').count() == 2;
            return word.parse().ok().filter(|_| shape).map(Day::Date);
        }
    })
}

/// `9:30`, `09:30:15`, `9am`, `9:30pm`, `noon`; not `24:00` and not `9`.
fn time(word: &str) -> Option<Time> {
    if word == "noon" {
        return Time::new(12, 0, 0, 0).ok();
    }
    let (clock, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(clock), _) => (clock, Some(0)),
        (_, Some(clock)) => (clock, Some(12)),
        _ => (word, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let digits = |part: &&str| {
        (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !parts.iter().all(digits) || parts.len() > 3 || (parts.len() == 1 && half.is_none()) {
        return None;
    }
    if parts.iter().skip(1).any(|part| part.len() != 2) {
        return None;
    }
    let number = |at: usize| {
        parts
            .get(at)
            .map_or(Some(0), |part| part.parse::<i8>().ok())
    };
    let mut hour = number(0)?;
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    Time::new(hour, number(1)?, number(2)?, 0).ok()
}

/// `Z`, `+02:00`, `-0330`, `+2`.
pub(super) fn offset(word: &str) -> Option<Offset> {
    if word.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let sign = match word.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = word[1..].chars().filter(|c| *c != ':').collect();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        1 | 2 if plain => (digits.parse::<i32>().ok()?, 0),
        4 if plain => {
            let hours = digits[..2].parse::<i32>().ok()?;
            (hours, digits[2..].parse::<i32>().ok()?)
        }
        _ => return None,
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// Whether a word can be a zone abbreviation (`CEST`).
fn abbreviation(word: &str) -> bool {
    (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}
