//! Timestamp identifiers: 13 characters that sort by time.
//!
//! Source: <https://atproto.com/specs/tid>.

use crate::support::time::UtcMs;

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// Gives out TIDs that only ever rise.
#[derive(Debug, Default)]
pub(super) struct Tids {
    last_us: u64,
}

impl Tids {
    /// The next TID at `now`.
    pub fn next(&mut self, now: UtcMs) -> String {
        let us = u64::try_from(now.0).unwrap_or(0).saturating_mul(1000);
        self.last_us = us.max(self.last_us + 1);
        // Ten bits of clock id below 53 bits of microseconds; one server, one
        // clock: the reference draws its id at random.
        let value = (self.last_us << 10) | 31;
        (0..13)
            .rev()
            .map(|digit| char::from(ALPHABET[(value >> (5 * digit) & 31) as usize]))
            .collect()
    }
}

/// Whether `text` is a TID.
pub(super) fn is_tid(text: &str) -> bool {
    let bytes = text.as_bytes();
    // The top bit is zero, so that the first character is one of sixteen.
    bytes.len() == 13
        && ALPHABET[..16].contains(&bytes[0])
        && bytes.iter().all(|b| ALPHABET.contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tids_rise_even_when_the_clock_stands() {
        let mut tids = Tids::default();
        let now = UtcMs(1_795_000_000_000);
        let (first, second) = (tids.next(now), tids.next(now));
        assert!(is_tid(&first) && is_tid(&second));
        assert!(first < second);
        assert!(!is_tid("not-a-tid"));
        assert!(!is_tid("zzzzzzzzzzzzz"));
    }
}
