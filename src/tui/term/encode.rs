//! Cells to bytes, as few as it takes: short gaps are written over, styles
//! change only where they differ, colours are sent only when there are any.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::tui::links::{self, Link};

/// A gap of unchanged cells up to this long costs less written than jumped.
const GAP: u16 = 4;

/// Ends a link; without one it is nothing.
pub(super) const CLOSE: &str = "\u{1b}]8;;\u{1b}\\";

/// Look of a cell: foreground, background, modifiers.
type Look = (Color, Color, Modifier);

const PLAIN: Look = (Color::Reset, Color::Reset, Modifier::empty());

fn look(cell: &Cell) -> Look {
    (cell.fg, cell.bg, cell.modifier)
}

/// The bytes that show the changed cells of `next`, some of which are links;
/// they come row by row.
pub fn cells(changed: &[(u16, u16, &Cell)], next: &Buffer, links: &[Link]) -> String {
    let mut out = String::new();
    let mut pen: Option<(u16, u16)> = None;
    let mut now = PLAIN;
    let mut open = None;
    for (x, y, cell) in changed {
        let target = links::at(links, *x, *y);
        // A link ends before the cursor goes elsewhere.
        if open.is_some() && (target != open || pen != Some((*x, *y))) {
            out.push_str(CLOSE);
            open = None;
        }
        // What is written over in a gap would lose its link.
        let gap = !links.iter().any(|link| link.y == *y);
        go(
            &mut out,
            next,
            pen.filter(|at| gap || at == &(*x, *y)),
            (*x, *y),
            now,
        );
        if let (None, Some(target)) = (open, target) {
            // One number for all: cells of the same address belong together,
            // also where it goes on in the next row.
            let _ = write!(out, "\u{1b}]8;id=1;{target}\u{1b}\\");
            open = Some(target);
        }
        if look(cell) != now {
            now = look(cell);
            style(&mut out, now);
        }
        out.push_str(cell.symbol());
        let wide = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
        pen = Some((x.saturating_add(wide), *y));
    }
    if open.is_some() {
        out.push_str(CLOSE);
    }
    if now != PLAIN {
        out.push_str("\u{1b}[m");
    }
    out
}

/// Brings the terminal's cursor to a cell.
fn go(out: &mut String, next: &Buffer, from: Option<(u16, u16)>, to: (u16, u16), now: Look) {
    // A String takes every write.
    let _ = match from {
        Some(here) if here == to => Ok(()),
        Some((x, y)) if y == to.1 && x < to.0 => {
            let gap = x..to.0;
            let same = gap.clone().all(|x| {
                let cell = &next[(x, y)];
                look(cell) == now && cell.symbol().is_ascii()
            });
            if same && to.0 - x <= GAP {
                gap.for_each(|x| out.push_str(next[(x, y)].symbol()));
                Ok(())
            } else {
                write!(out, "\u{1b}[{}C", to.0 - x)
            }
        }
        _ => write!(out, "\u{1b}[{};{}H", to.1 + 1, to.0 + 1),
    };
}

fn style(out: &mut String, (fg, bg, modifier): Look) {
    out.push_str("\u{1b}[");
    if (fg, bg, modifier) != PLAIN {
        // From nothing on: what was before may have been anything.
        out.push('0');
    }
    for (flag, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if modifier.contains(flag) {
            let _ = write!(out, ";{code}");
        }
    }
    color(out, fg, 30);
    color(out, bg, 40);
    out.push('m');
}

fn color(out: &mut String, color: Color, base: u8) {
    let basic = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
    ];
    let _ = match color {
        Color::Indexed(n) => write!(out, ";{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => write!(out, ";{};2;{r};{g};{b}", base + 8),
        other => match basic.iter().position(|one| *one == other) {
            Some(n) => write!(out, ";{}", usize::from(base) + n),
            None => Ok(()),
        },
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn bytes(paint: impl Fn(&mut Buffer)) -> String {
        let blank = Buffer::empty(Rect::new(0, 0, 20, 3));
        let mut next = blank.clone();
        paint(&mut next);
        cells(&blank.diff(&next), &next, &[])
    }

    #[test]
    fn short_gaps_are_written_and_long_ones_jumped() {
        let written = bytes(|next| {
            next.set_string(1, 0, "ab  cd", Style::new());
            next.set_string(15, 0, "e", Style::new());
            next.set_string(0, 1, "f", Style::new());
        });
        assert_eq!(written, "\u{1b}[1;2Hab  cd\u{1b}[8Ce\u{1b}[2;1Hf");
    }

    #[test]
    fn styles_are_sent_where_they_change() {
        let bold = Style::new()
            .add_modifier(Modifier::BOLD)
            .fg(Color::Indexed(210));
        let written = bytes(|next| {
            next.set_string(0, 0, "ab", bold);
            next.set_string(2, 0, "c", Style::new());
        });
        assert_eq!(written, "\u{1b}[1;1H\u{1b}[0;1;38;5;210mab\u{1b}[mc");
        let red = Style::new().fg(Color::Red);
        let written = bytes(|next| next.set_string(0, 0, "a", red));
        assert_eq!(written, "\u{1b}[1;1H\u{1b}[0;31ma\u{1b}[m");
    }

    #[test]
    fn a_link_is_opened_before_its_words_and_closed_after_them() {
        let link = |y, x, cells| Link {
            x,
            y,
            cells,
            target: "https://net.example/1".into(),
        };
        let blank = Buffer::empty(Rect::new(0, 0, 20, 3));
        let mut next = blank.clone();
        next.set_string(0, 0, "to日本 it", Style::new());
        next.set_string(0, 1, "on", Style::new());
        let links = [link(0, 2, 4), link(1, 0, 2)];
        let written = cells(&blank.diff(&next), &next, &links);
        let open = "\u{1b}]8;id=1;https://net.example/1\u{1b}\\";
        assert_eq!(
            written,
            format!("\u{1b}[1;1Hto{open}日本{CLOSE}\u{1b}[1;8Hit\u{1b}[2;1H{open}on{CLOSE}")
        );
    }

    #[test]
    fn a_terminal_shows_what_the_buffer_holds() {
        let area = Rect::new(0, 0, 20, 3);
        let mut next = Buffer::empty(area);
        next.set_string(2, 0, "日本 ab", Style::new());
        next.set_string(0, 1, "x", Style::new().add_modifier(Modifier::REVERSED));
        next.set_string(5, 2, "end", Style::new());
        let blank = Buffer::empty(area);
        let (rows, columns) = (3.try_into().unwrap(), 20.try_into().unwrap());
        let mut terminal = vt100::Parser::new(rows, columns, 0);
        terminal.process(cells(&blank.diff(&next), &next, &[]).as_bytes());
        assert_eq!(terminal.screen().contents(), "  日本 ab\nx\n     end");
        assert!(terminal.screen().cell(1, 0).unwrap().inverse());
        assert!(!terminal.screen().cell(2, 5).unwrap().inverse());
    }
}
