//! Secrets taken out of text before it is logged, shown or written anywhere.
//!
//! Two nets: the secrets this process has held, known only by a keyed hash of
//! how they begin, and the shapes secrets have (JWTs, app passwords, bearer
//! headers, bot tokens, named fields of URLs and JSON). The first also finds a
//! token that was cut off; the second one that we never held.
//!
//! A process has one redactor, [`shared`], and every [`Secret`] that is made is
//! learnt by it: whatever was unsealed, typed, pasted or answered.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

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

/// Bits of the filter in front of the hashes: one secret sets one of them.
const FILTER: usize = 1 << 20;

/// The redactor of this process.
pub fn shared() -> &'static Redactor {
    static SHARED: OnceLock<Redactor> = OnceLock::new();
    SHARED.get_or_init(|| Redactor::new(&Entropy::os()))
}

/// Takes secrets out of text; cheap to clone, clones share what they learnt.
#[derive(Clone)]
pub struct Redactor(Arc<Inner>);

struct Inner {
    key: [u8; 32],
    known: RwLock<Known>,
}

struct Known {
    /// Most places of a text are told by this to begin no secret, since a hash
    /// of each would take long.
    filter: Box<[u64]>,
    long: HashSet<u64>,
    short: HashSet<u64>,
    order: VecDeque<(bool, u64)>,
}

impl Redactor {
    /// A redactor that knows the shapes and has learnt nothing yet.
    pub fn new(entropy: &Entropy) -> Self {
        Self(Arc::new(Inner {
            key: entropy.bytes(),
            known: RwLock::new(Known {
                filter: vec![0; FILTER / 64].into(),
                long: HashSet::new(),
                short: HashSet::new(),
                order: VecDeque::new(),
            }),
        }))
    }

    /// Remembers a secret, also as it looks in a URL and in JSON. An address is
    /// not learnt: it begins as many do, and what is secret in it has a shape.
    pub fn learn(&self, secret: &Secret) {
        self.learn_text(secret.expose());
    }

    /// The same for what is secret only for a while (the word of a login).
    pub fn learn_text(&self, plain: &str) {
        if ["http://", "https://"]
            .iter()
            .any(|scheme| plain.starts_with(scheme))
        {
            return;
        }
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
        if self.knows(long, hash) {
            return;
        }
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bit) = bit(start) {
            known.filter[bit / 64] |= 1 << (bit % 64);
        }
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

    fn knows(&self, long: bool, hash: u64) -> bool {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        let set = if long { &known.long } else { &known.short };
        set.contains(&hash)
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
                let may =
                    bit(window).is_some_and(|bit| known.filter[bit / 64] >> (bit % 64) & 1 == 1);
                if may && set.contains(&self.hash(window)) {
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

/// The place of what begins so in the filter.
fn bit(start: &[u8]) -> Option<usize> {
    let first: [u8; 4] = start.get(..4)?.try_into().ok()?;
    let mixed = u32::from_le_bytes(first).wrapping_mul(0x9E37_79B1);
    usize::try_from(mixed >> (u32::BITS - FILTER.trailing_zeros())).ok()
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
