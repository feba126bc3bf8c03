//! What an operator typed or pasted as an account: a handle or a DID.
//!
//! Source: <https://atproto.com/specs/handle> and <https://atproto.com/specs/did>

use crate::networks::evidence::clean;

/// Longest handle and longest DID that are looked at.
const LONGEST: usize = 253;
const LONGEST_DID: usize = 256;

/// An account as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By its handle, in lower case.
    Handle(String),
    /// By its DID.
    Did(String),
}

/// Reads `@alice.example`, `alice.example` or a DID; `None` when it is neither.
/// Invisible characters, which profiles are copied with, do not count.
pub(super) fn named(text: &str) -> Option<Named> {
    let text = clean(text, LONGEST_DID);
    if is_did(&text) {
        return Some(Named::Did(text));
    }
    let handle = text.strip_prefix('@').unwrap_or(&text).to_lowercase();
    is_handle(&handle).then_some(Named::Handle(handle))
}

/// Whether `text` has the syntax of a handle.
pub(super) fn is_handle(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= LONGEST
        && labels.len() >= 2
        && labels.iter().all(label)
        && labels
            .last()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Whether `text` is a DID of a method this network blesses.
pub(super) fn is_did(text: &str) -> bool {
    if text.len() > LONGEST_DID {
        return false;
    }
    if let Some(id) = text.strip_prefix("did:plc:") {
        return id.len() == 24 && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    }
    text.strip_prefix("did:web:").is_some_and(|host| {
        // A port is written %3A; nothing else of a host is escaped.
        let host = host.replacen("%3A", ".", 1);
        host == "localhost" || host.starts_with("localhost.") || is_host(&host)
    })
}

fn is_host(text: &str) -> bool {
    text.contains('.')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_however_it_was_copied() {
        let alice = Some(Named::Handle("alice.example".into()));
        for text in [
            "alice.example",
            " @Alice.example\n",
            "\u{202a}@alice.example\u{202c}",
        ] {
            assert_eq!(named(text), alice, "{text}");
        }
        let did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
        assert_eq!(named(did), Some(Named::Did(did.into())));
        assert!(named("did:web:example.org").is_some());
        assert!(named("did:web:localhost%3A2583").is_some());
        for nothing in [
            "",
            "alice",
            "alice@example.org",
            "a..b",
            "-a.example",
            "a.1",
            "did:plc:short",
            "did:key:zabc",
            "did:web:a.example/../b",
            "did:web:10.0.0.1@b.example",
            "https://bsky.app",
        ] {
            assert_eq!(named(nothing), None, "{nothing}");
        }
    }
}
