//! Puts back together what the line cut: an arrow key that came in two
//! packets arrives as a real Esc, then `[`, then `A`. A lone Esc is held for
//! 50 ms; what the line joined (Esc and a key) is parted again; runs of resizes
//! become one. A terminal without bracketed paste sends an address as keys: a
//! run of them that no hand types is one paste. What the terminal answers to a
//! question comes as keys too, and is never taken for some, asked for or not,
//! whole or cut, while its parts come within 500 ms of each other; of what is
//! slower nothing is promised. Only an `ESC` that comes alone is an Esc after
//! its 50 ms, an answer's too.

use std::time::Duration;

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};

/// How long a lone Esc, or the rest of a cut sequence, is waited for.
pub const HOLD: Duration = Duration::from_millis(50);

/// How fast the letters of a word follow each other that was pasted: they come
/// in one read, while a hand needs tens of milliseconds.
const READ: Duration = Duration::from_millis(10);

/// How long the rest of an answer of the terminal is waited for.
const ANSWER: Duration = Duration::from_millis(500);

/// How the address or the answer of a login begins.
const ADDRESSES: [&str; 3] = ["http", "code=", "?code="];

/// How an answer of the terminal begins whose `ESC` came in another packet.
const CUT_ANSWER: &str = "]11;";

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
    /// The left button went down on this cell.
    Click(u16, u16),
    /// The wheel turned over this cell: down, or up.
    Wheel(u16, u16, bool),
    /// The terminal says what colour its background has.
    Background((u8, u8, u8)),
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
    /// What the terminal says after `ESC ]`, up to its end.
    Answer(String),
    /// The `ESC` of an answer's end, whose `\` is still to come.
    End(KeyEvent),
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
            Event::Mouse(mouse) => {
                self.flush(&mut out);
                let (x, y) = (mouse.column, mouse.row);
                out.extend(match mouse.kind {
                    MouseEventKind::Down(MouseButton::Left) => Some(Input::Click(x, y)),
                    MouseEventKind::ScrollDown => Some(Input::Wheel(x, y, true)),
                    MouseEventKind::ScrollUp => Some(Input::Wheel(x, y, false)),
                    _ => None,
                });
            }
            Event::Key(_) => {}
        }
        out
    }

    /// When something held has to go, if something is.
    pub fn deadline(&self) -> Option<Duration> {
        let hold = match &self.cut {
            Some(Cut::Word(_)) => READ,
            // The rest may be in the next packet of a slow line.
            Some(Cut::Answer(_) | Cut::End(_)) => ANSWER,
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
        let late = now.saturating_sub(self.since) >= READ;
        self.since = now;
        let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (self.cut.take(), key.code) {
            (Some(Cut::Answer(text)), code) => self.answer(text, key, code, out),
            (Some(Cut::End(_)), KeyCode::Char('\\')) if plain => {}
            // Its end was lost: that was an Esc, or what one begins.
            (Some(Cut::End(escape)), _) => {
                self.cut = Some(Cut::Escape(escape));
                self.key(key, now, out);
            }
            (held, KeyCode::Char(']')) if alt => {
                self.cut = held;
                self.flush(out);
                self.cut = Some(Cut::Answer(String::new()));
            }
            (Some(Cut::Escape(_)), KeyCode::Char(']')) if plain => {
                self.cut = Some(Cut::Answer(String::new()));
            }
            // The end of an answer that was cut before it.
            (Some(Cut::Escape(_)), KeyCode::Char('\\')) if plain => {}
            (None, KeyCode::Char('\\')) if alt => {}
            (Some(Cut::Word(mut keys)), KeyCode::Char(_)) if plain && !late => {
                keys.push(key);
                let text: String = keys.iter().filter_map(letter).collect();
                if text == CUT_ANSWER {
                    self.cut = Some(Cut::Answer(text.trim_start_matches(']').into()));
                } else if ADDRESSES.contains(&text.as_str()) {
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
                } else if alt {
                    // Esc and the next key in one packet read like Alt with
                    // that key. No key of ours needs Alt: both were pressed.
                    out.push(Input::Key(KeyEvent::from(KeyCode::Esc)));
                    let modifiers = key.modifiers.difference(KeyModifiers::ALT);
                    out.push(Input::Key(KeyEvent::new(code, modifiers)));
                } else if plain && letter(&key).is_some_and(|c| begins_address(&c.to_string())) {
                    self.cut = Some(Cut::Word(vec![key]));
                } else {
                    out.push(Input::Key(key));
                }
            }
        }
    }

    /// Goes on with an answer of the terminal, of which nothing is a key.
    fn answer(&mut self, mut text: String, key: KeyEvent, code: KeyCode, out: &mut Vec<Input>) {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match code {
            KeyCode::Char('\\') if alt => out.extend(background(&text).map(Input::Background)),
            KeyCode::Char('g') if control => {
                out.extend(background(&text).map(Input::Background));
            }
            KeyCode::Esc => {
                out.extend(background(&text).map(Input::Background));
                self.cut = Some(Cut::End(key));
            }
            KeyCode::Char(c) if !alt && !control => {
                if text.len() < LONGEST {
                    text.push(c);
                }
                self.cut = Some(Cut::Answer(text));
            }
            // Its end was lost: this is a key again.
            _ => self.key(key, self.since, out),
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
            Some(Cut::Sequence(..) | Cut::Answer(_) | Cut::End(_)) | None => {}
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
    let mut all = ADDRESSES.iter().chain([&CUT_ANSWER]);
    all.any(|address| address.starts_with(text))
}

/// Of an answer nothing more is kept.
const LONGEST: usize = 64;

/// The colour in `11;rgb:1e1e/1e1e/1e1e`, with one to four digits a part.
fn background(text: &str) -> Option<(u8, u8, u8)> {
    let (_, parts) = text.strip_prefix("11;rgb")?.split_once(':')?;
    let mut parts = parts.split('/').map(|part| {
        if !(1..=4).contains(&part.len()) {
            return None;
        }
        let most = (1u32 << (4 * u32::try_from(part.len()).ok()?)).checked_sub(1)?;
        let value = u32::from_str_radix(part, 16).ok()?;
        u8::try_from((value * 255).checked_div(most)?).ok()
    });
    let mut next = || parts.next().flatten();
    Some((next()?, next()?, next()?))
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
    // The mouse says `ESC [ < 0 ; 10 ; 5 M`; what is cut of it is no key either.
    let mouse = last == '<' && text.len() == 1;
    if intro == '[' && (last.is_ascii_digit() || last == ';' || mouse) {
        return Joined::More;
    }
    if text.starts_with('<') {
        return Joined::Unknown;
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
    fn a_click_cut_in_two_is_lost_and_no_keys() {
        let mut gate = Gate::default();
        assert_eq!(
            feed_all(&mut gate, "\u{1b}[<0;10;5M\u{1b}[<0;10;5mj"),
            [pressed(KeyCode::Char('j'))]
        );
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

    /// What crossterm makes of an answer that came in one piece.
    fn answered(gate: &mut Gate, text: &str, end: KeyEvent) -> Vec<Input> {
        let alt = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
        let mut out = gate.feed(Event::Key(alt(']')), T);
        out.extend(feed_all(gate, text));
        out.extend(gate.feed(Event::Key(end), T));
        out
    }

    #[test]
    fn what_the_terminal_answers_is_never_typed() {
        let string_end = KeyEvent::new(KeyCode::Char('\\'), KeyModifiers::ALT);
        let bell = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL);
        let mut gate = Gate::default();
        for end in [string_end, bell] {
            assert_eq!(
                answered(&mut gate, "11;rgb:0000/2b2b/3636", end),
                [Input::Background((0, 0x2b, 0x36))]
            );
            assert_eq!(
                answered(&mut gate, "11;rgba:ff/f/800/0", end),
                [Input::Background((255, 255, 127))]
            );
            // Whatever else it says is no key either.
            assert_eq!(answered(&mut gate, "52;c;eHg=", end), []);
            assert_eq!(answered(&mut gate, "11;rgb:x/y", end), []);
            assert_eq!(answered(&mut gate, "11;rgb:00000000/0/0", end), []);
            assert_eq!(answered(&mut gate, "11;rgb:/0/0", end), []);
            assert_eq!(answered(&mut gate, &"q".repeat(5000), end), []);
        }
        assert_eq!(gate.deadline(), None);
        assert_eq!(
            feed_all(&mut gate, "j"),
            [pressed(KeyCode::Char('j'))],
            "keys are keys again"
        );
    }

    #[test]
    fn an_answer_cut_anywhere_is_never_typed() {
        let whole = "\u{1b}]11;rgb:ffff/ffff/ffff\u{1b}\\";
        for cut in 1..whole.len() {
            let mut gate = Gate::default();
            let mut out = feed_all(&mut gate, &whole[..cut]);
            // The second packet comes after the time of a lone Esc.
            if gate.deadline().is_some_and(|at| at <= T + HOLD) {
                out.extend(gate.expire());
            }
            out.extend(feed_all(&mut gate, &whole[cut..]));
            let white = Input::Background((255, 255, 255));
            match cut {
                // All that had come is what an Esc sends.
                1 => assert_eq!(out, [pressed(KeyCode::Esc), white]),
                _ => assert_eq!(out, [white], "{cut}"),
            }
            assert_eq!(gate.expire(), [], "{cut}");
        }
    }

    #[test]
    fn what_follows_an_answer_without_its_end_are_keys() {
        let cut = "\u{1b}]11;rgb:0/0/0\u{1b}";
        let black = Input::Background((0, 0, 0));
        for (after, code) in [("j", KeyCode::Char('j')), ("[A", KeyCode::Up)] {
            let mut gate = Gate::default();
            assert_eq!(feed_all(&mut gate, cut), std::slice::from_ref(&black));
            assert_eq!(gate.deadline(), Some(T + ANSWER));
            let out = feed_all(&mut gate, after);
            assert_eq!(out.last(), Some(&pressed(code)));
            let escaped = out.first() == Some(&pressed(KeyCode::Esc));
            assert_eq!(escaped, after == "j", "{out:?}");
        }
        let mut gate = Gate::default();
        feed_all(&mut gate, cut);
        assert_eq!(gate.expire(), []);
        assert_eq!(feed_all(&mut gate, "q"), [pressed(KeyCode::Char('q'))]);
    }

    #[test]
    fn an_answer_whose_end_is_lost_gives_the_keys_back() {
        let mut gate = Gate::default();
        assert_eq!(feed_all(&mut gate, "\u{1b}]11;rgb:00/00"), []);
        assert_eq!(gate.deadline(), Some(T + ANSWER));
        assert_eq!(gate.expire(), []);
        assert_eq!(feed_all(&mut gate, "q"), [pressed(KeyCode::Char('q'))]);
        feed_all(&mut gate, "\u{1b}]11;rgb:00/00");
        assert_eq!(gate.feed(key(KeyCode::Enter), T), [pressed(KeyCode::Enter)]);
    }
}
