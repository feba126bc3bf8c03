//! What a network said, made safe to keep and to show: no control or bidi
//! characters, no tokens, a length people read.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::support::redact;
use crate::support::secret::Secret;

/// Longest sentence that is kept, in characters.
pub(crate) const LONGEST: usize = 300;
/// Bytes of an answer that a sentence is made of.
const LONGEST_LOOKED_AT: usize = 16 * 1024;
/// Longest error name that is kept, in characters.
pub(crate) const LONGEST_CODE: usize = 64;

/// `text` without secrets, then without what could steer a terminal, on one
/// line, at most `longest` characters.
///
/// The secrets of the call are taken out by value, other tokens by their shape,
/// before anything is cut: half a token is a token.
pub(crate) fn safe(text: &str, secrets: &[&Secret], longest: usize) -> String {
    clean(&redact(text, secrets), longest)
}

/// Takes out control, bidi and invisible characters, joins lines and cuts.
pub(crate) fn clean(text: &str, longest: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !out.is_empty();
            continue;
        }
        if invisible(c) {
            continue;
        }
        if length + usize::from(gap) >= longest {
            out.push('…');
            break;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
            length += 1;
        }
        out.push(c);
        length += 1;
    }
    out
}

/// Bidi controls, zero-width characters and tags.
/// Source: <https://www.unicode.org/reports/tr9/> and
/// <https://www.unicode.org/reports/tr36/>
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Longest id of a network that is kept, in bytes.
const LONGEST_ID: usize = 512;
/// Longest link that is kept, in bytes.
const LONGEST_LINK: usize = 2048;

/// Reads an id: visible ASCII, not endless. An answer with another one is not
/// understood, since ids are shown, logged and sent back.
///
/// # Errors
/// When it is none.
pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let fits = (1..=LONGEST_ID).contains(&text.len());
    if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text)
    } else {
        Err(D::Error::custom("no id"))
    }
}

/// Longest token that is kept, in bytes.
const LONGEST_TOKEN: usize = 64 * 1024;

/// Whether a text can be a token: not empty, and fit for a header.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads a token. One that is none never replaces one that works.
///
/// # Errors
/// When it is none.
pub(crate) fn token<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if is_token(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom("no token"))
    }
}

/// Reads a link that may be shown and opened: http or https, no password in it.
/// What is none is left out.
///
/// # Errors
/// When it is not even a text.
pub(crate) fn link<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.and_then(|text| safe_link(&text)))
}

/// The link as it may be shown and opened; `None` when it is none.
pub(crate) fn safe_link(text: &str) -> Option<String> {
    // Longer ones need not be looked at.
    let url = Url::parse(Some(text).filter(|text| text.len() <= LONGEST_LINK)?).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.as_str().len() <= LONGEST_LINK;
    // As the parser writes it: nothing but visible ASCII is left.
    plain.then(|| url.into())
}

/// Takes out secrets: the given ones by value, also short ones, then whatever
/// this process holds and what looks like a secret.
pub(crate) fn redact(text: &str, secrets: &[&Secret]) -> String {
    // Nobody reads on behind that. A token cut here is still told by how it begins.
    let mut end = text.len().min(LONGEST_LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = text[..end].to_owned();
    for secret in secrets {
        // Shorter ones would make holes in ordinary words.
        if secret.expose().len() >= 6 {
            text = text.replace(secret.expose(), "[secret]");
        }
    }
    redact::shared().redact(&text)
}

/// The shape `xxxx-xxxx-xxxx-xxxx` of a Bluesky app password.
///
/// Source: <https://atproto.com/specs/xrpc#app-passwords>
pub(crate) fn is_app_password(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == 4
        && parts
            .iter()
            .all(|part| part.len() == 4 && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn outside_no_sentence_keeps_what_steers_a_terminal_or_never_ends(
            text in any::<String>(),
            controls in "[\u{0}-\u{9f}\u{200b}-\u{206f}a ]{0,80}",
            longest in 1_usize..80,
        ) {
            for given in [text, controls] {
                let kept = safe(&given, &[], longest);
                let bad = |c: char| c.is_control() || invisible(c);
                prop_assert!(!kept.chars().any(bad), "{kept:?}");
                prop_assert!(kept.chars().count() <= longest + 1);
                // Only a cut may still be shortened by a second one.
                prop_assert_eq!(clean(&kept, longest + 1), kept);
            }
        }

        #[test]
        fn outside_no_link_is_kept_that_may_not_be_opened(text in "(https?|ftp|javascript|data|HTTP)?:?//?[ -~\u{80}-\u{a0}\u{202e}]{0,60}") {
            if let Some(link) = safe_link(&text) {
                prop_assert!(link.starts_with("http://") || link.starts_with("https://"));
                prop_assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link:?}");
                prop_assert_eq!(safe_link(&link), Some(link));
            }
        }
    }

    #[test]
    fn what_steers_a_terminal_or_turns_text_round_is_gone() {
        assert_eq!(
            clean("\u{1b}]0;x\u{7}a\r\n b\u{202e}c\u{200b}\u{9b}d\t\t", 99),
            "]0;x a bc d"
        );
        assert_eq!(clean("abcdef", 3), "abc…");
        assert_eq!(clean("ab cd", 3), "ab…");
        assert_eq!(clean("abc  ", 3), "abc");
    }

    #[test]
    fn threats_only_a_plain_link_to_the_web_is_kept_and_only_a_plain_id() {
        let kept = |text: &str| safe_link(text);
        assert_eq!(
            kept("https://mas.example/@acme/115").as_deref(),
            Some("https://mas.example/@acme/115")
        );
        assert_eq!(
            kept("https://e.example/\u{1b}]0;x\u{7}\u{202e}").as_deref(),
            Some("https://e.example/%1B]0;x%07%E2%80%AE")
        );
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://bank.example@evil.example/",
            "https://:x@evil.example/",
            "mas.example/@acme",
            "",
        ] {
            assert_eq!(kept(bad), None, "{bad}");
        }
        assert_eq!(
            kept(&format!("https://e.example/{}", "x".repeat(4000))),
            None
        );
        #[derive(Debug, Deserialize)]
        struct One {
            #[serde(deserialize_with = "super::id")]
            id: String,
        }
        let read = |id: &str| {
            serde_json::from_value::<One>(serde_json::json!({ "id": id })).map(|one| one.id)
        };
        assert_eq!(
            read("at://did:plc:x/app.bsky.feed.post/3k").unwrap().len(),
            36
        );
        for bad in ["", "a b", "a\u{1b}b", "ä", &"x".repeat(513)] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tokens_are_taken_out_by_value_and_by_shape() {
        let secret = Secret::new("opaque-token-1");
        assert_eq!(
            safe(
                "bad opaque-token-1, \"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\" or ec4c-2egu-znz7-a37u.",
                &[&secret],
                LONGEST
            ),
            "bad [secret], \"[secret]\" or [secret]."
        );
        let cid = "Record was at bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
        assert_eq!(safe(cid, &[], LONGEST), cid);
    }

    #[test]
    fn a_token_is_taken_out_before_the_text_is_cut() {
        let secret = Secret::new("s3cr3t-s3cr3t");
        assert_eq!(safe("xx s3cr3t-s3cr3t", &[&secret], 8), "xx [secr…");
    }
}
