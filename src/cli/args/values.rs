//! Values as people write them on the command line.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::domain::delivery::Shown;
use crate::domain::network::Network;

/// Reads a span of time: `45s`, `90m`, `24h`, `7d`, `2w`, or several of them
/// in a row (`1h30m`).
///
/// # Errors
/// A sentence that says how a span is written.
pub fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a span like 45s, 20m, 24h or 7d");
    let mut rest = text.trim();
    let mut seconds = 0_u64;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(wrong()),
        };
        rest = &rest[letters..];
        seconds = number
            .checked_mul(unit)
            .and_then(|more| seconds.checked_add(more))
            .ok_or_else(wrong)?;
    }
    Ok(Duration::from_secs(seconds))
}

/// A network by its name or its two letters.
pub fn network() -> impl TypedValueParser<Value = Network> {
    PossibleValuesParser::new(
        Network::ALL
            .iter()
            .map(|network| PossibleValue::new(network.name()).alias(network.short())),
    )
    .try_map(|name| Network::parse(&name).ok_or("unknown network"))
}

/// A state as lists and JSON name it.
pub fn state() -> impl TypedValueParser<Value = Shown> {
    PossibleValuesParser::new(
        Shown::ALL
            .iter()
            .map(|state| PossibleValue::new(state.name())),
    )
    .try_map(|name| Shown::parse(&name).ok_or("unknown state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_with_their_units() {
        assert_eq!(span("45s").unwrap(), Duration::from_secs(45));
        assert_eq!(span("1h30m").unwrap(), Duration::from_secs(5_400));
        assert_eq!(span("7d").unwrap(), Duration::from_secs(604_800));
        for wrong in ["", "7", "d", "7 days", "-1s", "99999999999999999999s", "1x"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
