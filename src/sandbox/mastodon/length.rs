//! How long a status is.
//!
//! Source: <https://github.com/mastodon/mastodon/blob/main/app/validators/status_length_validator.rb>

use unicode_segmentation::UnicodeSegmentation;

use super::settings::Settings;

/// Graphemes of warning and text: a link counts the same however long it is, a
/// mention without its server.
pub(super) fn counted(settings: &Settings, warning: &str, text: &str) -> usize {
    let mut text = text.to_owned();
    if !settings.whole_mentions {
        text = without_servers(&text);
    }
    warning.graphemes(true).count() + with_links(&text, settings.limits.characters_reserved_per_url)
}

fn with_links(text: &str, link_counts: usize) -> usize {
    let mut count = 0;
    let mut rest = text;
    let start = |rest: &str| {
        let starts = [rest.find("https://"), rest.find("http://")];
        starts.into_iter().flatten().min()
    };
    while let Some(at) = start(rest) {
        let (before, link) = rest.split_at(at);
        let end = link.find(char::is_whitespace).unwrap_or(link.len());
        // A sentence may end behind a link.
        let end = link[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'']);
        count += before.graphemes(true).count() + link_counts;
        rest = &link[end.len()..];
    }
    count + rest.graphemes(true).count()
}

/// `@name@server` becomes `@name`, where it is a mention: not within a word.
fn without_servers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, mention) = rest.split_at(at);
        out.push_str(before);
        let within = out.ends_with(|c: char| c.is_alphanumeric() || "_=/".contains(c));
        let name = 1 + span(&mention[1..], "_.-");
        let name = mention[..name].trim_end_matches(['.', '-']).len();
        let server = match mention[name..].strip_prefix('@') {
            Some(server) if name > 1 && !within => {
                let named = span(server, ".-:");
                server[..named].trim_end_matches(['.', '-', ':']).len()
            }
            _ => 0,
        };
        out.push_str(&mention[..name]);
        let skipped = if server > 0 { server + 1 } else { 0 };
        rest = &mention[name + skipped..];
    }
    out + rest
}

/// How many bytes at the start are letters, digits or one of `also`.
fn span(text: &str, also: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && !also.contains(c))
        .unwrap_or(text.len())
}
