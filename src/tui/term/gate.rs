//! Puts back together what the line cut: an arrow key that came in two
//! packets arrives as a real Esc, then `[`, then `A`. A lone Esc is held for
//! 50 ms; runs of resizes become one.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a lone Esc, or the rest of a cut sequence, is waited for.
pub const HOLD: Duration = Duration::from_millis(50);

/// What the terminal said, ready for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed or repeats.
    Key(KeyEvent),
    /// Text was pasted, as one piece.
    Paste(String),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// The terminal got or lost the focus.
    Focus(bool),
}

/// The held part of the input. Times are of one boot clock.
#[derive(Debug, Default)]
pub struct Gate {
    cut: Option<Cut>,
    size: Option<(u16, u16)>,
    since: Duration,
}

#[derive(Debug)]
enum Cut {
    Escape(KeyEvent),
    /// After `ESC [` or `ESC O`: the introducer and what followed.
    Sequence(char, String),
    /// A paste whose opening was cut, until it falls silent.
    Paste(String),
}

impl Gate {
    /// Takes one event and returns what is certain now.
    pub fn feed(&mut self, event: Event, now: Duration) -> Vec<Input> {
        let mut out = Vec::new();
        match event {
            Event::Resize(width, height) => {
                if self.cut.is_none() && self.size.is_none() {
                    self.since = now;
                }
                self.size = Some((width, height));
                return out;
            }
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key, now, &mut out),
            Event::Paste(text) => {
                self.flush(&mut out);
                out.push(Input::Paste(text));
            }
            Event::FocusGained => out.push(Input::Focus(true)),
            Event::FocusLost => out.push(Input::Focus(false)),
            Event::Key(_) | Event::Mouse(_) => {}
        }
        out
    }

    /// When something held has to go, if something is.
    pub fn deadline(&self) -> Option<Duration> {
        (self.cut.is_some() || self.size.is_some()).then(|| self.since + HOLD)
    }

    /// Gives up everything held: its time is over.
    pub fn expire(&mut self) -> Vec<Input> {
        let mut out = Vec::new();
        self.flush(&mut out);
        out
    }

    fn key(&mut self, key: KeyEvent, now: Duration, out: &mut Vec<Input>) {
        self.since = now;
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        match (self.cut.take(), key.code) {
            (Some(Cut::Paste(mut text)), code) => {
                match code {
                    KeyCode::Char(c) => text.push(c),
                    KeyCode::Enter => text.push('\n'),
                    KeyCode::Tab => text.push('\t'),
                    _ => {}
                }
                self.cut = Some(Cut::Paste(text));
            }
            (Some(Cut::Escape(_)), KeyCode::Char(c @ ('[' | 'O'))) if plain => {
                self.cut = Some(Cut::Sequence(c, String::new()));
            }
            (Some(Cut::Sequence(intro, mut text)), KeyCode::Char(c)) if plain => {
                text.push(c);
                match sequence(intro, &text) {
                    Joined::More => self.cut = Some(Cut::Sequence(intro, text)),
                    Joined::Key(key) => out.push(Input::Key(key)),
                    Joined::Paste => self.cut = Some(Cut::Paste(String::new())),
                    Joined::Unknown => {}
                }
            }
            (held, code) => {
                self.cut = held;
                self.flush(out);
                if code == KeyCode::Esc && key.modifiers.is_empty() {
                    self.cut = Some(Cut::Escape(key));
                } else {
                    out.push(Input::Key(key));
                }
            }
        }
    }

    fn flush(&mut self, out: &mut Vec<Input>) {
        match self.cut.take() {
            Some(Cut::Escape(key)) => out.push(Input::Key(key)),
            Some(Cut::Paste(text)) => out.push(Input::Paste(text)),
            // `Esc` then `[` by hand: both are keys. More than that is no
            // typing, and must not be taken for commands.
            Some(Cut::Sequence(intro, text)) if text.is_empty() => {
                out.push(Input::Key(KeyEvent::from(KeyCode::Esc)));
                out.push(Input::Key(KeyEvent::from(KeyCode::Char(intro))));
            }
            Some(Cut::Sequence(..)) | None => {}
        }
        if let Some((width, height)) = self.size.take() {
            out.push(Input::Resize(width, height));
        }
    }
}

enum Joined {
    More,
    Key(KeyEvent),
    Paste,
    Unknown,
}

fn sequence(intro: char, text: &str) -> Joined {
    let Some(last) = text.chars().last() else {
        return Joined::More;
    };
    if intro == '[' && (last.is_ascii_digit() || last == ';') {
        return Joined::More;
    }
    let number = text.trim_end_matches(last);
    let code = match (last, number) {
        ('A', _) => KeyCode::Up,
        ('B', _) => KeyCode::Down,
        ('C', _) => KeyCode::Right,
        ('D', _) => KeyCode::Left,
        ('H', _) => KeyCode::Home,
        ('F', _) => KeyCode::End,
        ('Z', _) => KeyCode::BackTab,
        ('~', "1" | "7") => KeyCode::Home,
        ('~', "4" | "8") => KeyCode::End,
        ('~', "5") => KeyCode::PageUp,
        ('~', "6") => KeyCode::PageDown,
        ('~', "3") => KeyCode::Delete,
        ('~', "200") => return Joined::Paste,
        _ => return Joined::Unknown,
    };
    Joined::Key(KeyEvent::from(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Duration = Duration::from_millis(1000);

    fn key(code: KeyCode) -> Event {
        Event::Key(KeyEvent::from(code))
    }

    fn feed_all(gate: &mut Gate, text: &str) -> Vec<Input> {
        text.chars()
            .flat_map(|c| {
                let code = if c == '\u{1b}' {
                    KeyCode::Esc
                } else {
                    KeyCode::Char(c)
                };
                gate.feed(key(code), T)
            })
            .collect()
    }

    fn pressed(code: KeyCode) -> Input {
        Input::Key(KeyEvent::from(code))
    }

    #[test]
    fn an_arrow_cut_in_two_is_an_arrow() {
        let mut gate = Gate::default();
        assert_eq!(feed_all(&mut gate, "\u{1b}"), []);
        assert_eq!(gate.deadline(), Some(T + HOLD));
        assert_eq!(feed_all(&mut gate, "[A"), [pressed(KeyCode::Up)]);
        assert_eq!(feed_all(&mut gate, "\u{1b}OB"), [pressed(KeyCode::Down)]);
        assert_eq!(
            feed_all(&mut gate, "\u{1b}[6~"),
            [pressed(KeyCode::PageDown)]
        );
        assert_eq!(
            feed_all(&mut gate, "\u{1b}[1;5C"),
            [pressed(KeyCode::Right)]
        );
        assert_eq!(gate.deadline(), None);
    }

    #[test]
    fn a_lone_escape_is_an_escape_after_its_time() {
        let mut gate = Gate::default();
        feed_all(&mut gate, "\u{1b}");
        assert_eq!(gate.expire(), [pressed(KeyCode::Esc)]);
        assert_eq!(gate.expire(), []);
        let out = feed_all(&mut gate, "\u{1b}j");
        assert_eq!(out, [pressed(KeyCode::Esc), pressed(KeyCode::Char('j'))]);
    }

    #[test]
    fn an_unknown_sequence_is_never_a_command() {
        let mut gate = Gate::default();
        assert_eq!(feed_all(&mut gate, "\u{1b}[99~"), []);
        feed_all(&mut gate, "\u{1b}[1");
        assert_eq!(gate.expire(), []);
    }

    #[test]
    fn a_paste_whose_start_was_cut_is_still_one_paste() {
        let mut gate = Gate::default();
        assert_eq!(feed_all(&mut gate, "\u{1b}[200~xq"), []);
        assert_eq!(gate.expire(), [Input::Paste("xq".into())]);
    }

    #[test]
    fn a_run_of_resizes_is_the_last_one() {
        let mut gate = Gate::default();
        for width in 80..90 {
            assert_eq!(gate.feed(Event::Resize(width, 24), T), []);
        }
        assert_eq!(gate.expire(), [Input::Resize(89, 24)]);
    }

    #[test]
    fn a_release_is_nothing() {
        let mut gate = Gate::default();
        let mut release = KeyEvent::from(KeyCode::Char('q'));
        release.kind = KeyEventKind::Release;
        assert_eq!(gate.feed(Event::Key(release), T), []);
    }
}
