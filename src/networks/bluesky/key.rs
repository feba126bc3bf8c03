//! The key of a post: a TID made from the delivery alone, so that a restored
//! store sends under the same one and the server sees a repeat, not a new post.
//!
//! Source: <https://atproto.com/specs/tid>

use sha2::{Digest, Sha256};

use crate::support::time::UtcMs;

const DIGITS: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The key of `delivery`, due at `due`; `number` is raised by each "send again".
///
/// The milliseconds are those of the due instant; what is below them and the
/// clock id come from a hash, so that two posts of one instant do not meet.
pub(super) fn tid(delivery: &str, due: UtcMs, number: u32) -> String {
    let mut hash = Sha256::new();
    hash.update(delivery.as_bytes());
    hash.update([0]);
    hash.update(number.to_be_bytes());
    let hash = hash.finalize();
    let word = |at: usize| u64::from(u16::from_be_bytes([hash[at], hash[at + 1]]));
    let ms = u64::try_from(due.0).unwrap_or(0);
    // 53 bits of microseconds and 10 of clock id; the top bit stays 0.
    let micros = ms.saturating_mul(1000).saturating_add(word(0) % 1000) & ((1 << 53) - 1);
    let mut value = micros << 10 | (word(2) & 0x3ff);
    let mut text = [b'2'; 13];
    for digit in text.iter_mut().rev() {
        *digit = DIGITS[(value & 31) as usize];
        value >>= 5;
    }
    text.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DUE: UtcMs = UtcMs(1_795_269_600_000);

    fn value(tid: &str) -> u64 {
        tid.bytes().fold(0, |value, digit| {
            let digit = DIGITS.iter().position(|one| *one == digit).unwrap();
            value << 5 | digit as u64
        })
    }

    #[test]
    fn a_key_is_a_valid_tid_of_the_due_millisecond() {
        let key = tid("dlv_1", DUE, 0);
        assert_eq!(key.len(), 13);
        assert!(b"234567abcdefghij".contains(&key.as_bytes()[0]));
        assert_eq!((value(&key) >> 10) / 1000, 1_795_269_600_000);
        assert!(tid("dlv_1", UtcMs(DUE.0 + 1), 0) > key);
    }

    #[test]
    fn the_same_delivery_has_the_same_key_and_others_have_others() {
        assert_eq!(tid("dlv_1", DUE, 3), tid("dlv_1", DUE, 3));
        let keys: HashSet<String> = (0..100).map(|n| tid("dlv_1", DUE, n)).collect();
        assert_eq!(keys.len(), 100);
        let keys: HashSet<String> = (0..100).map(|n| tid(&format!("dlv_{n}"), DUE, 0)).collect();
        assert_eq!(keys.len(), 100);
        // No year makes it anything but a TID.
        for odd in [UtcMs(i64::MIN), UtcMs(-1), UtcMs(i64::MAX)] {
            assert_eq!(tid("dlv_1", odd, 0).len(), 13);
        }
    }
}
