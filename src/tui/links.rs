//! Words of the screen that are links (OSC 8): the terminal opens the address
//! where they are clicked, no text is marked and copied.

use std::collections::HashSet;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use unicode_width::UnicodeWidthStr;
use url::Url;

use super::widgets::text::width;

/// Longer addresses are cut off by browsers and terminals.
const LONGEST: usize = 2_083;

/// Words in one row of the screen that lead to an address. That of a login holds
/// its secret word, so nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The first cell.
    pub x: u16,
    /// The row.
    pub y: u16,
    /// How many cells.
    pub cells: u16,
    /// Where they lead, as [`target`] made it.
    pub target: String,
}

impl Link {
    fn holds(&self, x: u16, y: u16) -> bool {
        y == self.y && x >= self.x && x - self.x < self.cells
    }
}

/// Where a cell leads.
pub fn at(links: &[Link], x: u16, y: u16) -> Option<&str> {
    let link = links.iter().find(|link| link.holds(x, y))?;
    Some(&link.target)
}

/// What a view says beside its cells.
#[derive(Default)]
pub struct Painted {
    /// Where the terminal's cursor goes.
    pub cursor: Option<Position>,
    /// Which words are links.
    pub links: Vec<Link>,
}

impl From<Option<Position>> for Painted {
    fn from(cursor: Option<Position>) -> Self {
        Self {
            cursor,
            links: Vec::new(),
        }
    }
}

/// The address as a terminal may get it: a page of the web, without anybody's
/// name in it, in printable ASCII alone, so that it ends no sequence and begins
/// none. None when it is anything else.
pub fn target(address: &str) -> Option<String> {
    if address.len() > LONGEST || address.chars().any(char::is_control) {
        return None;
    }
    let url = Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "https" | "http") && url.has_host();
    let anonymous = url.username().is_empty() && url.password().is_none();
    let target = String::from(url);
    // Names are in punycode now and the rest is percent-encoded.
    let plain = target.bytes().all(|byte| byte.is_ascii_graphic());
    (web && anonymous && plain && target.len() <= LONGEST).then_some(target)
}

/// A cell and its place.
type Placed<'b> = (u16, u16, &'b Cell);

/// The changed cells with those that hold what they held and lead elsewhere
/// than before, in their order.
pub fn with_changed<'b>(
    mut changed: Vec<Placed<'b>>,
    next: &'b Buffer,
    before: &[Link],
    after: &[Link],
) -> Vec<Placed<'b>> {
    let known: HashSet<(u16, u16)> = changed.iter().map(|(x, y, _)| (*x, *y)).collect();
    let mut more = HashSet::new();
    for link in before.iter().chain(after) {
        let mut x = link.x;
        while link.holds(x, link.y) {
            let place = (x, link.y);
            let Some(cell) = next.cell(place) else { break };
            let moved = at(before, x, link.y) != at(after, x, link.y);
            if moved && !known.contains(&place) && more.insert(place) {
                changed.push((x, link.y, cell));
            }
            // The second half of a wide one is no cell of its own.
            let wide = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
            x = x.saturating_add(wide);
        }
    }
    changed.sort_by_key(|(x, y, _)| (*y, *x));
    changed
}

/// Which cells of each line show the address, in a text that was wrapped around
/// it: the first one and how many. An address that the screen shows otherwise
/// than it is, as it holds what is not seen, is found in no line.
pub fn cells_of(lines: &[String], address: &str) -> Vec<Option<(u16, u16)>> {
    let mut rest = address;
    let mut begun = false;
    let mut found = Vec::with_capacity(lines.len());
    for line in lines {
        let part = line.trim_end_matches('…');
        let span = if rest.is_empty() {
            None
        } else if let Some(from) = line.find(rest).filter(|from| !begun || *from == 0) {
            let span = (width(&line[..from]), width(rest));
            rest = "";
            Some(span)
        } else if (begun || part.starts_with("http")) && rest.starts_with(part) && !part.is_empty()
        {
            rest = &rest[part.len()..];
            begun = true;
            Some((0, width(part)))
        } else {
            None
        };
        let small = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        found.push(span.map(|(from, cells)| (small(from), small(cells))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_pages_of_the_web_in_printable_ascii() {
        let plain = "https://net.example/@dune/1?a=b;c&d=%20#e";
        assert_eq!(target(plain).as_deref(), Some(plain));
        assert_eq!(
            target("https://bücher.example/ä \u{202e}x").as_deref(),
            Some("https://xn--bcher-kva.example/%C3%A4%20%E2%80%AEx")
        );
        let long = format!("https://net.example/{}", "ä".repeat(400));
        for refused in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "net.example/1",
            "",
            "https://ann@net.example/",
            "https://net.example:x@evil.example/",
            "https://net.example/\u{1b}\\\u{1b}]52;c;eA==\u{7}",
            "https://net.example/\u{9c}",
            "https://net.example/\n",
            &long,
            &format!("https://net.example/{}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(target(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn an_address_is_found_where_the_text_was_broken() {
        let lines = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let link = "https://net.example/p/1";
        assert_eq!(
            cells_of(
                &lines(&["It went out:", "on 日 https://net.example/p/1."]),
                link
            ),
            [None, Some((6, 23))]
        );
        assert_eq!(
            cells_of(&lines(&["Link:", "https://net.ex", "ample/p/1."]), link),
            [None, Some((0, 14)), Some((0, 9))]
        );
        assert_eq!(
            cells_of(&lines(&["https://net.ex…"]), link),
            [Some((0, 14))]
        );
        assert_eq!(cells_of(&lines(&["https://other", ""]), link), [None, None]);
    }
}
