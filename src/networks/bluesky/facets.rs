//! Facets: links and hashtags as ranges of UTF-8 bytes, the end exclusive
//! (<https://docs.bsky.app/docs/advanced-guides/post-richtext>).

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// The longest hashtag, in graphemes.
const TAG: usize = 64;
/// What ends a sentence rather than a link.
const TRAILING: &[char] = &['.', ',', ';', ':', '!', '?', '"', '\'', '»', '”', '’', '…'];

/// The facets of a text, in order.
pub fn of(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let begin = at;
        at += word.len();
        let word = word.trim_end();
        let opened = word.len()
            - word
                .trim_start_matches(['(', '[', '"', '“', '«', '\''])
                .len();
        let (begin, word) = (begin + opened, &word[opened..]);
        if let Some(link) = link(word) {
            found.push(facet(
                begin,
                link,
                json!({"$type": "app.bsky.richtext.facet#link", "uri": link}),
            ));
        } else if let Some(tag) = tag(word) {
            let name = tag.trim_start_matches(['#', '＃']);
            found.push(facet(
                begin,
                tag,
                json!({"$type": "app.bsky.richtext.facet#tag", "tag": name}),
            ));
        }
    }
    found
}

fn facet(begin: usize, text: &str, feature: Value) -> Value {
    json!({"index": {"byteStart": begin, "byteEnd": begin + text.len()}, "features": [feature]})
}

fn link(word: &str) -> Option<&str> {
    let lower = word
        .get(..8.min(word.len()))
        .unwrap_or(word)
        .to_ascii_lowercase();
    if !lower.starts_with("https://") && !lower.starts_with("http://") {
        return None;
    }
    let mut end = word.trim_end_matches(TRAILING);
    // A closing bracket belongs to the link only when it was opened in it.
    while let Some(rest) = end.strip_suffix([')', ']']) {
        let (open, close) = if end.ends_with(')') {
            ('(', ')')
        } else {
            ('[', ']')
        };
        if end.matches(open).count() >= end.matches(close).count() {
            break;
        }
        end = rest.trim_end_matches(TRAILING);
    }
    url::Url::parse(end)
        .ok()
        .filter(|url| {
            url.host_str()
                .is_some_and(|host| host.contains('.') || host == "localhost")
        })
        .map(|_| end)
}

fn tag(word: &str) -> Option<&str> {
    let name = word.strip_prefix(['#', '＃'])?;
    let name = name
        .trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '_' || TRAILING.contains(&c));
    let fits = !name.is_empty()
        && name.graphemes(true).count() <= TAG
        && !name.chars().all(|c| c.is_ascii_digit());
    fits.then(|| {
        &word[..word.len() - (word.strip_prefix(['#', '＃']).map_or(0, str::len) - name.len())]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts the facets cover, cut by their byte offsets.
    fn covered(text: &str) -> Vec<&str> {
        of(text)
            .iter()
            .map(|facet| {
                let index =
                    |key: &str| usize::try_from(facet["index"][key].as_u64().unwrap()).unwrap();
                &text[index("byteStart")..index("byteEnd")]
            })
            .collect()
    }

    #[test]
    fn links_and_hashtags_are_found_by_bytes_whatever_stands_before_them() {
        assert_eq!(
            covered("Grüße 👨‍👩‍👧 https://example.com/ü?a=1 #Straße!"),
            ["https://example.com/ü?a=1", "#Straße"]
        );
    }

    #[test]
    fn what_ends_a_sentence_is_no_part_of_a_link() {
        assert_eq!(
            covered("(see https://example.com/a_(b)). #one, #two."),
            ["https://example.com/a_(b)", "#one", "#two"]
        );
        assert_eq!(covered("\"https://example.com\""), ["https://example.com"]);
    }

    #[test]
    fn what_is_neither_stays_text() {
        assert!(covered("# #123 http:// https://nohost mail@example.com a#b").is_empty());
    }
}
