//! Durations as the config and the command line spell them: `1h`, `90s`.

use std::time::Duration;

/// Reads `500ms`, `90s`, `15m`, `1h`, `7d` or several together (`1h30m`).
///
/// # Errors
/// One sentence what is wrong, one what to write.
pub fn parse(text: &str) -> Result<Duration, String> {
    let bad = || {
        let shown: String = text.chars().take(40).collect();
        format!("\"{shown}\" is not a duration. Write 500ms, 90s, 15m, 1h or 7d.")
    };
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: u64 = rest[..end].parse().map_err(|_| bad())?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(bad()),
        };
        let ms = number.checked_mul(unit).ok_or_else(bad)?;
        total = total
            .checked_add(Duration::from_millis(ms))
            .ok_or_else(bad)?;
        rest = rest[end..].trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn outside_no_text_makes_it_panic(text in "\\PC{0,20}|([0-9]{0,25}(ms|[smhd]| ){0,2}){0,4}") {
            if let Err(said) = parse(&text) {
                prop_assert!(said.chars().count() < 200, "{said}");
            }
        }
    }

    #[test]
    fn durations_are_read_as_they_are_spelled() {
        let table = [
            ("500ms", 500),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            (" 7d ", 604_800_000),
            ("0s", 0),
        ];
        for (text, ms) in table {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "1",
            "h",
            "-1h",
            "1.5h",
            "1w",
            "99999999999999999999s",
            "9999999999999999d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
