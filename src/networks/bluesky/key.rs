//! The record key of a delivery: a TID, so that the same delivery always asks
//! for the same place, also from a restored store.
//!
//! A TID is 13 characters of sortable base32 over 64 bits: a zero, 53 bits of
//! microseconds, 10 bits of clock id (<https://atproto.com/specs/tid>).

use sha2::{Digest, Sha256};

use crate::support::time::UtcMs;

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// The key of a delivery due at `due`. What is below a millisecond, and the
/// clock id, come from a hash, so that two posts due at once do not collide.
pub fn of(delivery: &str, due: UtcMs, number: u32) -> String {
    let hash = Sha256::new()
        .chain_update((delivery.len() as u64).to_be_bytes())
        .chain_update(delivery)
        .chain_update(number.to_be_bytes())
        .finalize();
    let bits = |at: usize| u64::from(u16::from_be_bytes([hash[at], hash[at + 1]]));
    let micros = u64::try_from(due.0).unwrap_or(0).saturating_mul(1000) + bits(0) % 1000;
    let value = ((micros & ((1 << 53) - 1)) << 10) | (bits(2) & 0x3ff);
    (0..13)
        .map(|place| {
            char::from(ALPHABET[usize::try_from((value >> (60 - 5 * place)) & 31).unwrap_or(0)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_delivery_has_the_same_valid_key_and_another_has_another() {
        let due = UtcMs(1_795_270_000_000);
        let key = of("dlv_A", due, 0);
        assert_eq!(key, of("dlv_A", due, 0));
        assert_eq!(key.len(), 13);
        assert!(key.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert!("234567abcdefghij".contains(key.chars().next().unwrap()));
        let others = [
            of("dlv_B", due, 0),
            of("dlv_A", due, 1),
            of("dlv_A", UtcMs(due.0 + 1), 0),
        ];
        assert!(others.iter().all(|other| *other != key));
        assert!(
            of("dlv_A", UtcMs(due.0 + 1000), 0) > key,
            "later keys sort after earlier ones"
        );
    }
}
