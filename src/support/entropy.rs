//! Randomness: the operating system's, or a seeded stream in tests.

use std::sync::{Arc, Mutex, PoisonError};

use super::time::UtcMs;

/// A source of random bytes; cheap to clone, clones share one stream.
#[derive(Clone, Debug)]
pub struct Entropy(Option<Arc<Mutex<u64>>>);

impl Entropy {
    /// The operating system's generator.
    pub fn os() -> Self {
        Self(None)
    }

    /// A repeatable stream (SplitMix64); never for secrets outside tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(seed))))
    }

    /// Fills `out` with random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: going on would
    /// make guessable keys and nonces.
    #[allow(
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "randomness enters here, and without it nothing sealed would be safe"
    )]
    pub fn fill(&self, out: &mut [u8]) {
        match &self.0 {
            None => getrandom::fill(out).expect("the operating system must give random bytes"),
            Some(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in out.chunks_mut(8) {
                    let bytes = split_mix(&mut state).to_le_bytes();
                    chunk.copy_from_slice(&bytes[..chunk.len()]);
                }
            }
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// A random number below `bound`; 0 when `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            0
        } else {
            u64::from_le_bytes(self.bytes()) % bound
        }
    }

    /// A fresh ULID for `now`: 26 characters, sortable by time.
    pub fn ulid(&self, now: UtcMs) -> ulid::Ulid {
        let ms = u64::try_from(now.0).unwrap_or(0);
        ulid::Ulid::from_parts(ms, u128::from_le_bytes(self.bytes()))
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
