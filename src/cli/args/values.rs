//! Values as people write them on the command line.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::domain::delivery::Shown;
use crate::domain::network::Network;
use crate::domain::post_options::Visibility;
use crate::support::duration;

/// Reads a span of time: `45s`, `90m`, `24h`, `7d`, or several of them in a
/// row (`1h30m`).
///
/// # Errors
/// A sentence that says how a span is written.
pub fn span(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|sentence| sentence.trim_end_matches('.').to_owned())
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

/// Who may see a post.
pub fn visibility() -> impl TypedValueParser<Value = Visibility> {
    PossibleValuesParser::new(
        Visibility::ALL
            .iter()
            .map(|one| PossibleValue::new(one.name())),
    )
    .try_map(|name| Visibility::parse(&name).ok_or("unknown visibility"))
}

/// A language tag: two or three letters, then parts after dashes.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc5646>
pub fn language(text: &str) -> Result<String, String> {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let fits = (2..=3).contains(&first.len())
        && first.chars().all(|c| c.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        });
    if fits {
        Ok(text.to_owned())
    } else {
        Err("write it like en or pt-BR".into())
    }
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
