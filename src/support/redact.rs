//! Secrets taken out of text before it is logged, shown or written anywhere.
//!
//! Two nets: the secrets this process has held, known only by a keyed hash of
//! how they begin, and the shapes secrets have (JWTs, app passwords, bearer
//! headers, bot tokens, named fields of URLs and JSON). The first also finds a
//! token that was cut off; the second one that we never held.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};

use super::entropy::Entropy;
use super::secret::Secret;

mod shapes;
#[cfg(test)]
mod tests;

/// What stands where a secret was.
pub const MARK: &str = "[secret]";

/// How many bytes of the beginning of a long secret are known by their hash.
const LONG: usize = 12;

/// The same for a short one. Shorter secrets are not learnt: they would be
/// found in ordinary words.
const SHORT: usize = 8;

/// How many secrets are remembered; the oldest go first.
const MOST: usize = 200_000;

/// Takes secrets out of text; cheap to clone, clones share what they learnt.
#[derive(Clone)]
pub struct Redactor(Arc<Inner>);

struct Inner {
    key: [u8; 32],
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    long: HashSet<u64>,
    short: HashSet<u64>,
    order: VecDeque<(bool, u64)>,
}

impl Redactor {
    /// A redactor that knows the shapes and has learnt nothing yet.
    pub fn new(entropy: &Entropy) -> Self {
        Self(Arc::new(Inner {
            key: entropy.bytes(),
            known: RwLock::default(),
        }))
    }

    /// Remembers a secret, also as it looks in a URL and in JSON. Call it when a secret
    /// enters the process: unsealed, typed, or answered by a network.
    pub fn learn(&self, secret: &Secret) {
        let plain = secret.expose();
        self.remember(plain.as_bytes());
        let in_url: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        let in_json = serde_json::to_string(plain).unwrap_or_default();
        for mut other in [in_url, in_json] {
            let bare = other.trim_matches('"');
            if bare != plain {
                self.remember(bare.as_bytes());
            }
            zeroize::Zeroize::zeroize(&mut other);
        }
    }

    fn remember(&self, secret: &[u8]) {
        let long = secret.len() >= LONG;
        let Some(start) = secret.get(..if long { LONG } else { SHORT }) else {
            return;
        };
        let hash = self.hash(start);
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        let set = if long {
            &mut known.long
        } else {
            &mut known.short
        };
        if !set.insert(hash) {
            return;
        }
        known.order.push_back((long, hash));
        if known.order.len() > MOST
            && let Some((long, hash)) = known.order.pop_front()
        {
            let set = if long {
                &mut known.long
            } else {
                &mut known.short
            };
            set.remove(&hash);
        }
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(self.0.key);
        hasher.update(bytes);
        let digest: [u8; 32] = hasher.finalize().into();
        digest
            .into_iter()
            .take(8)
            .fold(0, |all, byte| all << 8 | u64::from(byte))
    }

    /// The text without secrets.
    pub fn redact(&self, text: &str) -> String {
        let mut found = shapes::find(text);
        self.find_known(text, &mut found);
        if found.is_empty() {
            return text.to_owned();
        }
        found.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end) in found {
            if start >= at {
                out.push_str(&text[at..start]);
                out.push_str(MARK);
            }
            at = at.max(end);
        }
        out.push_str(&text[at..]);
        out
    }

    /// Where secrets we held begin, and on to the end of the word they are in.
    fn find_known(&self, text: &str, found: &mut Vec<(usize, usize)>) {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = text.as_bytes();
        for (set, width) in [(&known.long, LONG), (&known.short, SHORT)] {
            if set.is_empty() {
                continue;
            }
            let mut at = 0;
            while let Some(window) = bytes.get(at..at + width) {
                if set.contains(&self.hash(window)) {
                    let (start, behind) = whole_chars(text, at, at + width);
                    let end = shapes::word_end(text, behind);
                    found.push((start, end));
                    at = end;
                } else {
                    at += 1;
                }
            }
        }
    }
}

/// The range widened until it cuts no character in two.
fn whole_chars(text: &str, mut start: usize, mut end: usize) -> (usize, usize) {
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}
