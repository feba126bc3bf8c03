//! How long a status is.
//!
//! Source: <https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb>

use unicode_segmentation::UnicodeSegmentation;

/// Graphemes of warning and text: each link as `link`, each mention without its
/// server.
pub(super) fn length(text: &str, warning: &str, link: u64) -> u64 {
    let mut links = 0;
    let mut plain = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        match span_of_link(word) {
            Some((from, to)) => {
                links += 1;
                plain.push_str(&without_server(&word[..from]));
                // What stands on both sides of a link does not grow together.
                plain.push(' ');
                plain.push_str(&word[to..]);
            }
            None => plain.push_str(&without_server(word)),
        }
    }
    let counted = plain.graphemes(true).count() + warning.graphemes(true).count();
    let counted = u64::try_from(counted).unwrap_or(u64::MAX);
    // The space that stands for each link is part of what it counts.
    counted + links * link.saturating_sub(1)
}

/// Where a link begins and ends in a word; what closes a sentence behind it is
/// not part of it.
fn span_of_link(word: &str) -> Option<(usize, usize)> {
    let starts = ["https://", "http://"].map(|scheme| {
        let from = word.find(scheme)?;
        let host = word[from + scheme.len()..].chars().next()?;
        host.is_alphanumeric().then_some(from)
    });
    let from = starts.into_iter().flatten().min()?;
    let end = word.trim_end();
    let mut to = end.trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'']);
    if !to[from..].contains('(') {
        to = to.trim_end_matches([')', '.', ',']);
    }
    Some((from, to.len()))
}

/// `@name@server` becomes `@name`, where it is a mention: not within a word.
///
/// Source: <https://github.com/mastodon/mastodon/blob/main/app/models/account.rb>
fn without_server(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('@') {
        let (before, mention) = rest.split_at(at);
        out.push_str(before);
        let mentions =
            !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '=' | '/'));
        let name = named(&mention[1..], |c| c.is_ascii_alphanumeric() || c == '_');
        let (name, after) = mention.split_at(1 + name);
        out.push_str(name);
        rest = after;
        if mentions
            && name.len() > 1
            && let Some(server) = after.strip_prefix('@')
        {
            let length = named(server, |c| c.is_alphanumeric() || c == '_');
            if length > 0 {
                rest = &server[length..];
            }
        }
    }
    out + rest
}

/// How many bytes are a name: letters as `is` says, dots and hyphens only
/// between them.
fn named(text: &str, is: impl Fn(char) -> bool) -> usize {
    let end = text
        .find(|c: char| !is(c) && !matches!(c, '.' | '-'))
        .unwrap_or(text.len());
    if text.starts_with(['.', '-']) {
        return 0;
    }
    text[..end].trim_end_matches(['.', '-']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_as_long_as_the_server_counts_it() {
        for (text, wanted) in [
            ("", 0),
            ("\u{1f469}\u{200d}\u{1f680} e\u{301}", 3),
            ("https://example.org/a-very-long-path?of=things#here", 23),
            ("See https://example.org/a.", 4 + 23 + 1),
            ("(http://example.org/a)", 1 + 23 + 1),
            ("https://en.wikipedia.org/wiki/Rust_(x)", 23),
            ("https://", 8),
            ("a https://example.org\nb", 2 + 23 + 2),
            ("@ann@example.org hi", 4 + 3),
            ("@ann hi", 4 + 3),
            ("(@ann.b@example.org), hi", 1 + 6 + 2 + 3),
            ("@ann@example.org.", 5),
            ("mail ann@example.org", 20),
            ("@@ @ @ann@", 10),
            ("https://example.org/@ann@example.com", 23),
        ] {
            assert_eq!(length(text, "", 23), wanted, "{text}");
        }
        assert_eq!(length("x", "news", 23), 5, "the warning counts too");
    }
}
