//! Secret words of a login, and how they are compared.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::entropy::Entropy;
use crate::support::redact;

/// A word nobody guesses: 256 bits, 43 characters that need no escaping. Also
/// fit as a verifier.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7636#section-4.1>
pub(super) fn secret_word(entropy: &Entropy) -> String {
    let word = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
    redact::shared().learn_text(&word);
    word
}

/// Whether two words are the same, in a time that does not say where they
/// differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let differ = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    std::hint::black_box(differ) == 0
}
