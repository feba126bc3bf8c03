//! The quiet screen: what the terminal shows, and the bytes that turn it into
//! what it should show. A frame that changes nothing is no bytes at all.

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::encode;
use super::guard::put;
use crate::tui::links::{self, Link, Painted};

/// Remembers cells and cursor as the terminal has them.
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    /// The words that are links there.
    links: Vec<Link>,
    cursor: Option<Position>,
    /// The terminal holds something else than `shown`: paint everything.
    torn: bool,
}

impl Screen {
    /// A screen of this size that was not painted yet.
    pub fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self {
            shown: Buffer::empty(area),
            next: Buffer::empty(area),
            links: Vec::new(),
            cursor: None,
            torn: true,
        }
    }

    /// The terminal has another size now: the next frame paints all of it.
    pub fn resize(&mut self, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        if area != self.shown.area {
            *self = Self {
                cursor: self.cursor,
                ..Self::new(width, height)
            };
        }
    }

    /// The terminal may show anything: the next frame paints all of it.
    pub fn forget(&mut self) {
        self.torn = true;
        self.cursor = None;
    }

    /// Paints a frame with `paint`, which says where the cursor goes and which
    /// words are links, and returns the bytes that show it: empty when nothing
    /// changed.
    pub fn frame<P: Into<Painted>>(&mut self, paint: impl FnOnce(&mut Buffer) -> P) -> Vec<u8> {
        self.next.reset();
        let area = self.next.area;
        let painted = paint(&mut self.next).into();
        let cursor = painted.cursor.filter(|at| area.contains(*at));
        if self.torn {
            self.shown.reset();
            self.links.clear();
        }
        let mut changed = self.shown.diff(&self.next);
        if self.links != painted.links {
            changed = links::with_changed(changed, &self.next, &self.links, &painted.links);
        }
        if changed.is_empty() && cursor == self.cursor && !self.torn {
            return Vec::new();
        }
        let mut head = String::new();
        put(&mut head, BeginSynchronizedUpdate);
        // A cursor that stays shown need not be hidden for one small frame.
        let stays = self.cursor.is_some() && cursor.is_some() && !self.torn;
        if (self.cursor.is_some() || self.torn) && !stays {
            put(&mut head, Hide);
        }
        if self.torn {
            put(&mut head, Clear(ClearType::All));
        }
        let mut bytes = head.into_bytes();
        if !changed.is_empty() {
            bytes.extend_from_slice(encode::cells(&changed, &self.next, &painted.links).as_bytes());
        }
        let mut tail = String::new();
        if let Some(at) = cursor {
            put(&mut tail, MoveTo(at.x, at.y));
            if !stays {
                put(&mut tail, Show);
            }
        }
        put(&mut tail, EndSynchronizedUpdate);
        bytes.extend_from_slice(tail.as_bytes());
        self.cursor = cursor;
        self.links = painted.links;
        self.torn = false;
        std::mem::swap(&mut self.shown, &mut self.next);
        bytes
    }
}

/// The bytes that ask the terminal what colour its background has. Nobody waits
/// for the answer, and the gate lets none through as keys.
pub const BACKGROUND: &[u8] = b"\x1b]11;?\x1b\\";

/// The bytes that put a text on the clipboard of the operator's terminal.
pub fn copy(text: &str) -> Vec<u8> {
    let mut out = String::new();
    put(&mut out, CopyToClipboard::to_clipboard_from(text));
    out.into_bytes()
}

/// The bytes that ask the terminal to show a notice on its desktop (OSC 9, as
/// iTerm2, kitty, WezTerm, foot and Windows Terminal take it).
pub fn notice(text: &str) -> Vec<u8> {
    // Whatever could end the sequence, or begin another one, is left out.
    let plain: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("\u{1b}]9;{plain}\u{7}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn text(screen: &mut Screen, text: &str, cursor: Option<(u16, u16)>) -> Vec<u8> {
        screen.frame(|buffer| {
            buffer.set_string(0, 0, text, Style::new());
            cursor.map(Position::from)
        })
    }

    #[test]
    fn a_notice_holds_nothing_that_ends_it() {
        let bytes = notice("a\u{7}b\u{1b}]0;c\u{9c}");
        assert_eq!(bytes, b"\x1b]9;ab]0;c\x07");
    }

    #[test]
    fn an_unchanged_frame_is_no_bytes() {
        let mut screen = Screen::new(10, 2);
        assert!(!text(&mut screen, "hello", None).is_empty());
        assert_eq!(text(&mut screen, "hello", None), Vec::<u8>::new());
        assert!(!text(&mut screen, "hello", Some((1, 0))).is_empty());
        assert_eq!(text(&mut screen, "hello", Some((1, 0))), Vec::<u8>::new());
    }

    #[test]
    fn a_link_is_written_when_it_changes_and_not_again() {
        let mut screen = Screen::new(20, 2);
        let mut frame = |text: &str, target: Option<&str>| {
            let bytes = screen.frame(|buffer| {
                buffer.set_string(0, 0, text, Style::new());
                let links = target.map(|target| Link {
                    x: 3,
                    y: 0,
                    cells: 7,
                    target: target.into(),
                });
                Painted {
                    cursor: None,
                    links: links.into_iter().collect(),
                }
            });
            String::from_utf8(bytes).unwrap()
        };
        let words = |target: &str| format!("]8;id=1;{target}\u{1b}\\a page!\u{1b}]8;;\u{1b}\\");
        assert!(
            frame("to a page! 1", Some("https://a.example/"))
                .contains(&words("https://a.example/"))
        );
        assert_eq!(frame("to a page! 1", Some("https://a.example/")), "");
        let beside = frame("to a page! 2", Some("https://a.example/"));
        assert!(!beside.contains("]8;"), "{beside:?}");
        // The same words lead elsewhere, then nowhere.
        let other = frame("to a page! 2", Some("https://b.example/"));
        assert!(other.contains(&words("https://b.example/")), "{other:?}");
        let none = frame("to a page! 2", None);
        assert!(
            none.contains("a page!") && !none.contains("]8;"),
            "{none:?}"
        );
    }

    #[test]
    fn one_changed_cell_costs_one_cell() {
        let mut screen = Screen::new(120, 36);
        text(&mut screen, "14:02", None);
        let bytes = text(&mut screen, "14:03", None);
        assert!(bytes.len() < 60, "{}", bytes.len());
        assert!(bytes.ends_with(b"\x1b[?2026l"));
    }

    #[test]
    fn a_forgotten_or_resized_screen_is_painted_whole() {
        let mut screen = Screen::new(10, 2);
        text(&mut screen, "hello", None);
        screen.forget();
        assert!(String::from_utf8_lossy(&text(&mut screen, "hello", None)).contains("hello"));
        screen.resize(8, 2);
        assert!(String::from_utf8_lossy(&text(&mut screen, "hello", None)).contains("hello"));
        screen.resize(0, 0);
        screen.frame(|_| Some(Position::new(3, 3)));
    }

    #[test]
    fn the_terminal_is_never_asked_anything() {
        let mut screen = Screen::new(10, 2);
        let bytes = text(&mut screen, "hello", Some((0, 0)));
        assert!(!String::from_utf8_lossy(&bytes).contains("\u{1b}[6n"));
    }
}
