//! Puts back together what the line cut: an arrow key that came in two
//! packets arrives as a real Esc, then `[`, then `A`. A lone Esc is held for
//! 50 ms; what the line joined (Esc and a key) is parted again; runs of resizes become one. A terminal without bracketed paste sends
//! an address as keys: a run of them that no hand types is one paste.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a lone Esc, or the rest of a cut sequence, is waited for.
pub const HOLD: Duration = Duration::from_millis(50);

/// How fast the letters of a word follow each other that was pasted: they come
/// in one read, while a hand needs tens of milliseconds.
const READ: Duration = Duration::from_millis(10);

/// How the address or the answer of a login begins.
const ADDRESSES: [&str; 3] = ["http", "code=", "?code="];

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
    /// A paste whose opening was cut or never sent, until it falls silent.
    Paste(String),
    /// The beginning of an address, if the rest follows at once.
    Word(Vec<KeyEvent>),
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
        let hold = match &self.cut {
            Some(Cut::Word(_)) => READ,
            _ => HOLD,
        };
        (self.cut.is_some() || self.size.is_some()).then(|| self.since + hold)
    }

    /// Gives up everything held: its time is over.
    pub fn expire(&mut self) -> Vec<Input> {
        let mut out = Vec::new();
        self.flush(&mut out);
        out
    }

    fn key(&mut self, key: KeyEvent, now: Duration, out: &mut Vec<Input>) {
        if key.modifiers.contains(KeyModifiers::ALT) {
            // Esc and the next key in one packet read like Alt with that key.
            // No key of ours needs Alt, so both were pressed.
            self.flush(out);
            out.push(Input::Key(KeyEvent::from(KeyCode::Esc)));
            let modifiers = key.modifiers.difference(KeyModifiers::ALT);
            out.push(Input::Key(KeyEvent::new(key.code, modifiers)));
            return;
        }
        let late = now.saturating_sub(self.since) >= READ;
        self.since = now;
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        match (self.cut.take(), key.code) {
            (Some(Cut::Word(mut keys)), KeyCode::Char(_)) if plain && !late => {
                keys.push(key);
                let text: String = keys.iter().filter_map(letter).collect();
                if ADDRESSES.contains(&text.as_str()) {
                    self.cut = Some(Cut::Paste(text));
                } else if begins_address(&text) {
                    self.cut = Some(Cut::Word(keys));
                } else {
                    out.extend(keys.into_iter().map(Input::Key));
                }
            }
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
                } else if plain && letter(&key).is_some_and(|c| begins_address(&c.to_string())) {
                    self.cut = Some(Cut::Word(vec![key]));
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
            Some(Cut::Word(keys)) => out.extend(keys.into_iter().map(Input::Key)),
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

fn letter(key: &KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) => Some(c),
        _ => None,
    }
}

fn begins_address(text: &str) -> bool {
    ADDRESSES.iter().any(|address| address.starts_with(text))
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
    fn an_escape_and_a_key_in_one_packet_are_both_pressed() {
        let mut gate = Gate::default();
        for held in [KeyModifiers::NONE, KeyModifiers::CONTROL] {
            let both = KeyEvent::new(KeyCode::Char('c'), held | KeyModifiers::ALT);
            let alone = KeyEvent::new(KeyCode::Char('c'), held);
            assert_eq!(
                gate.feed(Event::Key(both), T),
                [pressed(KeyCode::Esc), Input::Key(alone)]
            );
        }
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
    fn an_address_in_one_read_is_a_paste_and_a_typed_letter_is_a_key() {
        let mut gate = Gate::default();
        assert_eq!(feed_all(&mut gate, "http://a/?x=1"), []);
        assert_eq!(gate.feed(key(KeyCode::Enter), T), []);
        assert_eq!(gate.expire(), [Input::Paste("http://a/?x=1\n".into())]);
        assert_eq!(feed_all(&mut gate, "?code=abc"), []);
        assert_eq!(gate.expire(), [Input::Paste("?code=abc".into())]);

        assert_eq!(feed_all(&mut gate, "h"), []);
        assert_eq!(gate.deadline(), Some(T + READ));
        assert_eq!(gate.expire(), [pressed(KeyCode::Char('h'))]);
        let out = feed_all(&mut gate, "cj");
        assert_eq!(
            out,
            [pressed(KeyCode::Char('c')), pressed(KeyCode::Char('j'))]
        );
        // A hand that types the same letters.
        let mut typed = Vec::new();
        for (n, c) in "http:".chars().enumerate() {
            let at = T + Duration::from_millis(40) * u32::try_from(n).unwrap();
            let key = Event::Key(KeyEvent::from(KeyCode::Char(c)));
            typed.extend(gate.feed(key, at));
        }
        assert_eq!(typed.len(), 5, "{typed:?}");
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
