//! The HTML of statuses as plain text. Servers send a small, cleaned subset, but
//! which server it is was chosen by a person, and what it sends by whoever wrote
//! to it: nothing of the markup is trusted, and everything becomes text.
//!
//! Source: <https://docs.joinmastodon.org/spec/activitypub/#sanitization>

use crate::support::sanitize;

/// Elements before and after which a line ends.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
];
/// Elements whose content is no text.
const HIDDEN: &[&str] = &["script", "style", "template", "iframe", "object"];

/// What a person would read, at most as long as any field.
pub(super) fn text(html: &str) -> String {
    let mut out = Text::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.words(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            // One that never ends hides the rest, as it does in a browser.
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !begins_tag(rest) {
            // A lone sign.
            out.words("<");
            rest = &rest[1..];
            continue;
        }
        let Some((tag, after)) = Tag::read(rest) else {
            // It never ends, so that nothing behind it is a tag either.
            break;
        };
        rest = after;
        if HIDDEN.contains(&tag.name.as_str()) && !tag.closes {
            rest = behind(rest, &tag.name);
        } else {
            out.tag(&tag);
        }
    }
    out.words(rest);
    out.close_link();
    sanitize::text(out.done.trim())
}

/// What follows the end of an element. Looked for once from where it begins:
/// what others sent must not make it slow.
fn behind<'h>(rest: &'h str, name: &str) -> &'h str {
    let ends = |at: usize| {
        let named = rest.as_bytes().get(at + 2..at + 2 + name.len());
        named.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    let end = rest.match_indices("</").find(|(at, _)| ends(*at));
    end.and_then(|(at, _)| rest[at..].split_once('>'))
        .map_or("", |(_, after)| after)
}

/// Whether what begins with `<` is a tag, a declaration or the end of one.
fn begins_tag(html: &str) -> bool {
    let inside = html.strip_prefix('<').unwrap_or(html);
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?'))
}

/// One tag.
struct Tag {
    name: String,
    closes: bool,
    href: Option<String>,
    class: String,
}

impl Tag {
    /// The tag `html` begins with, and what follows it.
    fn read(html: &str) -> Option<(Self, &str)> {
        let inside = html.strip_prefix('<')?;
        let (closes, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let end = end_of_tag(inside)?;
        let (content, after) = (&inside[..end], &inside[end + 1..]);
        let name_ends = content
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(content.len());
        let attributes = &content[name_ends..];
        let tag = Self {
            name: content[..name_ends].to_ascii_lowercase(),
            closes,
            href: attribute(attributes, "href"),
            class: attribute(attributes, "class").unwrap_or_default(),
        };
        Some((tag, after))
    }
}

/// Where a tag ends: `>` inside quotes does not end it.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

/// The value of an attribute, its entities read.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let ends = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=')
            .unwrap_or(rest.len());
        // A stray `=` at the beginning is skipped, or nothing would go on.
        let key = &rest[..ends.max(usize::from(ends == 0))];
        rest = rest[key.len()..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            continue;
        };
        let value = value.trim_start();
        let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quoted {
            Some(quote) => value[1..].split_once(quote)?,
            None => {
                let ends = value
                    .find(|c: char| c.is_ascii_whitespace())
                    .unwrap_or(value.len());
                value.split_at(ends)
            }
        };
        rest = after;
        if key.eq_ignore_ascii_case(name) {
            return Some(entities(value));
        }
    }
}

/// The text so far.
#[derive(Default)]
struct Text {
    done: String,
    /// The link that is open: where it leads, and where its words begin.
    link: Option<(String, usize)>,
    /// Inside `pre`, where white space is kept.
    kept: usize,
}

impl Text {
    fn words(&mut self, html: &str) {
        let words = entities(html);
        if self.kept > 0 {
            self.done.push_str(&words);
            return;
        }
        for c in words.chars() {
            // Line breaks of the markup are spaces, and several are one; a
            // space that does not break is one of the text.
            if c.is_ascii_whitespace() {
                if !self.done.is_empty() && !self.done.ends_with([' ', '\n']) {
                    self.done.push(' ');
                }
            } else {
                self.done.push(if c == '\u{a0}' { ' ' } else { c });
            }
        }
    }

    fn tag(&mut self, tag: &Tag) {
        match (tag.name.as_str(), tag.closes) {
            ("br", _) => self.line(),
            ("a", false) => {
                self.close_link();
                // Mentions and hashtags say in words what they lead to.
                let named = tag.class.split_ascii_whitespace();
                let says_it = named
                    .into_iter()
                    .any(|c| matches!(c, "mention" | "hashtag"));
                if let Some(href) = tag.href.clone().filter(|_| !says_it) {
                    self.link = Some((href, self.done.len()));
                }
            }
            ("a", true) => self.close_link(),
            ("p" | "blockquote" | "pre" | "ul" | "ol", closes) => {
                if tag.name == "pre" {
                    self.kept = if closes {
                        self.kept.saturating_sub(1)
                    } else {
                        self.kept + 1
                    };
                }
                self.paragraph();
            }
            ("li", false) => {
                self.line_unless_new();
                self.done.push_str("- ");
            }
            (name, _) if BLOCKS.contains(&name) => self.line_unless_new(),
            _ => {}
        }
    }

    /// Ends the open link. Words that hide where it leads are followed by that.
    fn close_link(&mut self) {
        let Some((href, from)) = self.link.take() else {
            return;
        };
        let words = self.done.get(from..).unwrap_or_default().trim();
        let web = href.starts_with("https://") || href.starts_with("http://");
        let bare = |text: &str| {
            let text = text.trim_end_matches('/');
            let text = text.strip_prefix("https://").unwrap_or(text);
            text.strip_prefix("http://").unwrap_or(text).to_owned()
        };
        if web && bare(words) != bare(&href) {
            let gap = if words.is_empty() { "" } else { " " };
            self.done.push_str(&format!("{gap}({href})"));
        }
    }

    fn line(&mut self) {
        self.trim();
        self.done.push('\n');
    }

    fn line_unless_new(&mut self) {
        self.trim();
        if !self.done.is_empty() && !self.done.ends_with('\n') {
            self.done.push('\n');
        }
    }

    fn paragraph(&mut self) {
        self.trim();
        while !self.done.is_empty() && !self.done.ends_with("\n\n") {
            self.done.push('\n');
        }
    }

    fn trim(&mut self) {
        let end = self.done.trim_end_matches(' ').len();
        self.done.truncate(end);
    }
}

/// Character references as characters. What is none stays as it is.
///
/// Source: <https://html.spec.whatwg.org/multipage/syntax.html#character-references>
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // No name is longer than this.
        let end = rest.bytes().take(12).position(|b| b == b';');
        match end.and_then(|end| Some((end, entity(&rest[1..end])?))) {
            Some((end, c)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        // What is no character is shown as one that is not known.
        return Some(
            char::from_u32(code)
                .filter(|c| *c != '\0')
                .unwrap_or('\u{fffd}'),
        );
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_status_reads_as_its_author_wrote_it() {
        for (html, wanted) in [
            ("<p>Hello</p>", "Hello"),
            (
                "<p>one<br>two<br />three</p><p>four</p>",
                "one\ntwo\nthree\n\nfour",
            ),
            (
                "<p>a &lt;b&gt; &amp;amp; &#39;c&#x27; &quot;d&quot;</p>",
                "a <b> &amp; 'c' \"d\"",
            ),
            ("<p>a\n  b&nbsp;&nbsp;c</p>", "a b  c"),
            ("<p>5 < 6 & 7 > 4 &copy; &;</p>", "5 < 6 & 7 > 4 &copy; &;"),
            (
                r#"<p><span class="h-card"><a href="https://m.example/@bob" class="u-url mention">@<span>bob</span></a></span> hi <a href="https://m.example/tags/x" class="mention hashtag" rel="tag">#<span>x</span></a></p>"#,
                "@bob hi #x",
            ),
            (
                r#"<p>see <a href="https://example.org/a/very/long/way?x=1&amp;y=2" rel="nofollow"><span class="invisible">https://</span><span class="ellipsis">example.org/a/very</span><span class="invisible">/long/way?x=1&amp;y=2</span></a>.</p>"#,
                "see https://example.org/a/very/long/way?x=1&y=2.",
            ),
            (
                "<ul><li>one</li><li>two</li></ul><p>x</p>",
                "- one\n- two\n\nx",
            ),
            ("<pre><code>a\n  b</code></pre>", "a\n  b"),
            ("", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(text(html), wanted, "{html}");
        }
    }

    #[test]
    fn threats_a_link_says_where_it_leads_and_hidden_things_stay_hidden() {
        for (html, wanted) in [
            (
                r#"<a href="https://evil.example/login">your bank</a>"#,
                "your bank (https://evil.example/login)",
            ),
            (
                r#"<a href="https://evil.example">https://bank.example</a>"#,
                "https://bank.example (https://evil.example)",
            ),
            (r#"<a href="javascript:x()">click</a>"#, "click"),
            (
                r#"<a href='https://a.example/?q=">'>b</a>c"#,
                "b (https://a.example/?q=\">)c",
            ),
            ("a<script>alert('<p>')</script>b", "ab"),
            ("a<SCRIPT src=x>evil", "a"),
            ("a<!-- <p>no</p> -->b<!-- never ends", "ab"),
            ("&lt;script&gt;x&lt;/script&gt;", "<script>x</script>"),
            ("<p>\u{1b}]0;x\u{7}&#27;[2J&#x202e;gpj</p>", "␛]0;x␇␛[2Jgpj"),
            ("<p>&#0;&#1114112;&#xd800;</p>", "\u{fffd}\u{fffd}\u{fffd}"),
            ("<a <b href", "<a <b href"),
        ] {
            assert_eq!(text(html), wanted, "{html}");
        }
    }

    #[test]
    fn threats_a_long_text_made_of_beginnings_takes_no_long_time() {
        for piece in [
            "<a \"",
            "<script></script>",
            "<!--",
            "<p",
            "&#",
            "<a href=",
            "</",
        ] {
            let html = piece.repeat((1 << 20) / piece.len());
            assert!(text(&html).len() <= sanitize::MOST_BYTES, "{piece}");
        }
    }

    proptest! {
        #[test]
        fn threats_no_markup_makes_it_fail_or_steers_a_terminal(
            html in "(<|>|&|;|#|\"|'|=|/|a|p|br|pre|href|script|!--|-->|ä|\u{1b}|\u{202e}| |\n){0,60}"
        ) {
            let shown = text(&html);
            let steers = shown.contains(['\u{1b}', '\u{202e}']);
            prop_assert!(!steers, "{}", shown);
        }
    }
}
