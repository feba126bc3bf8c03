//! Facets: which bytes of a text are a link or a tag. The network makes none by
//! itself, and accepts wrong ones silently.
//!
//! Source: <https://atproto.com/lexicons/app-bsky-richtext>
//!
//! Mentions are not made: they need the DID of who is mentioned.

use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// Longest tag in graphemes, and in bytes.
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/richtext/facet.json>
const TAG_GRAPHEMES: usize = 64;
const TAG_BYTES: usize = 640;

/// The facets of `text`, by UTF-8 byte offsets, in order.
pub(super) fn facets(text: &str) -> Vec<Value> {
    words(text)
        .filter_map(|(start, word)| link(start, word).or_else(|| tag(start, word)))
        .collect()
}

/// What stands between white space, with its byte offset.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(char::is_whitespace).filter_map(|word| {
        // The offset of a part is where it lies in the whole.
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (!word.is_empty()).then_some((start, word))
    })
}

/// `https://…` or `http://…`, also behind an opening bracket or quote.
fn link(start: usize, word: &str) -> Option<Value> {
    let lower = word.to_ascii_lowercase();
    let at = [lower.find("https://"), lower.find("http://")]
        .into_iter()
        .flatten()
        .min()?;
    if !word[..at].chars().all(opens) {
        return None;
    }
    let address = trimmed(&word[at..]);
    let parsed = url::Url::parse(address).ok()?;
    parsed.host_str().filter(|host| !host.is_empty())?;
    Some(facet(
        start + at,
        address.len(),
        &json!({ "$type": "app.bsky.richtext.facet#link", "uri": address }),
    ))
}

fn opens(c: char) -> bool {
    matches!(
        c,
        '(' | '[' | '{' | '<' | '"' | '\'' | '“' | '„' | '«' | '‘'
    )
}

/// Without the punctuation that ends the sentence around an address; a closing
/// bracket belongs to it only when it opened inside.
fn trimmed(address: &str) -> &str {
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let closes = |open: char| address.matches(last).count() > address.matches(open).count();
        let cut = match last {
            ')' => closes('('),
            ']' => closes('['),
            '}' => closes('{'),
            _ => matches!(
                last,
                '.' | ',' | ';' | ':' | '!' | '?' | '"' | '\'' | '>' | '”' | '“' | '»' | '’' | '…'
            ),
        };
        if !cut {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

/// `#tag`: not a number alone, punctuation at the end left out.
fn tag(start: usize, word: &str) -> Option<Value> {
    let at = word.find(|c| !opens(c))?;
    let marked = &word[at..];
    let mark = marked.chars().next().filter(|c| matches!(c, '#' | '＃'))?;
    let name = &marked[mark.len_utf8()..];
    // A keycap's invisible selector after the sign makes it an emoji, no tag.
    if name.starts_with('\u{FE0F}') {
        return None;
    }
    let name = name.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_' && !emoji(c));
    let name = name.split('#').next().unwrap_or_default();
    let counts = name.chars().any(|c| !c.is_numeric() && c != '_');
    let fits = name.len() <= TAG_BYTES && name.graphemes(true).count() <= TAG_GRAPHEMES;
    (counts && fits).then(|| {
        facet(
            start + at,
            mark.len_utf8() + name.len(),
            &json!({ "$type": "app.bsky.richtext.facet#tag", "tag": name }),
        )
    })
}

/// What may end a tag besides letters and digits: not ASCII, no punctuation.
fn emoji(c: char) -> bool {
    matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}')
}

fn facet(start: usize, length: usize, feature: &Value) -> Value {
    json!({
        "index": { "byteStart": start, "byteEnd": start + length },
        "features": [feature],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes each facet covers, and what it says.
    fn found(text: &str) -> Vec<(String, String)> {
        let at = |facet: &Value, key: &str| facet["index"][key].as_u64().unwrap() as usize;
        facets(text)
            .iter()
            .map(|facet| {
                let feature = &facet["features"][0];
                let says = feature["uri"].as_str().or(feature["tag"].as_str());
                (
                    text[at(facet, "byteStart")..at(facet, "byteEnd")].to_owned(),
                    says.unwrap().to_owned(),
                )
            })
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn offsets_count_bytes_not_characters() {
        assert_eq!(
            found("Größe 👍 https://example.org/ä #größe"),
            pairs(&[
                ("https://example.org/ä", "https://example.org/ä"),
                ("#größe", "größe")
            ])
        );
        let first = &facets("ä #b")[0];
        assert_eq!(first["index"], json!({ "byteStart": 3, "byteEnd": 5 }));
    }

    #[test]
    fn the_sentence_around_an_address_is_not_part_of_it() {
        for (text, uri) in [
            ("see https://a.example/b.", "https://a.example/b"),
            ("(https://a.example/b)", "https://a.example/b"),
            ("https://a.example/b_(c)", "https://a.example/b_(c)"),
            ("(https://a.example/b_(c)).", "https://a.example/b_(c)"),
            ("\"https://a.example\",", "https://a.example"),
            ("HTTPS://A.example/?q=1!", "HTTPS://A.example/?q=1"),
        ] {
            assert_eq!(found(text), pairs(&[(uri, uri)]), "{text}");
        }
        assert_eq!(found("example.org and xhttps://no and https://"), []);
    }

    #[test]
    fn tags_end_where_readers_expect_it() {
        assert_eq!(
            found("#one, (#two) #three! #2026 # #_ ##x #a_b #v2 #no#yes ＃full #️⃣"),
            pairs(&[
                ("#one", "one"),
                ("#two", "two"),
                ("#three", "three"),
                ("#a_b", "a_b"),
                ("#v2", "v2"),
                ("#no", "no"),
                ("＃full", "full"),
            ])
        );
        assert_eq!(found(&format!("#{}", "a".repeat(65))), []);
        assert_eq!(found(&format!("#{}", "a".repeat(64))).len(), 1);
    }
}
