//! What a network said, made safe to keep and to show: no control or bidi
//! characters, no tokens, a length people read.

use crate::support::secret::Secret;

/// Longest sentence that is kept, in characters.
pub(crate) const LONGEST: usize = 300;
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

/// Takes out secrets: the given ones by value, tokens and app passwords by shape.
pub(crate) fn redact(text: &str, secrets: &[&Secret]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        // Shorter ones would make holes in ordinary words.
        if secret.expose().len() >= 6 {
            text = text.replace(secret.expose(), "[secret]");
        }
    }
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '+' | '/') {
            word.push(c);
        } else {
            flush(&mut out, &mut word);
            out.push(c);
        }
    }
    flush(&mut out, &mut word);
    out
}

fn flush(out: &mut String, word: &mut String) {
    out.push_str(if looks_secret(word) { "[secret]" } else { word });
    word.clear();
}

/// A JSON web token, or part of one, or an app password.
fn looks_secret(word: &str) -> bool {
    word.find("eyJ").is_some_and(|at| word.len() - at >= 20)
        || is_app_password(word.trim_matches(['.', '/', '-']))
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
    fn tokens_are_taken_out_by_value_and_by_shape() {
        let secret = Secret::new("opaque-token-1");
        assert_eq!(
            safe(
                "bad opaque-token-1, \"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\" or ec4c-2egu-znz7-a37u.",
                &[&secret],
                LONGEST
            ),
            "bad [secret], \"[secret]\" or [secret]"
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
