//! Keys as text: in the table (`Ctrl-d`), and as a run (`jj<enter>`).

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers, shift folded into the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    code: KeyCode,
    control: bool,
}

const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("backspace", KeyCode::Backspace),
    ("space", KeyCode::Char(' ')),
    ("lt", KeyCode::Char('<')),
];

impl Chord {
    /// The chord of a key event; none with Alt, which is never ours.
    pub fn of(key: KeyEvent) -> Option<Self> {
        if key.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let shift = key.modifiers.contains(KeyModifiers::SHIFT);
        let code = match key.code {
            KeyCode::Tab if shift => KeyCode::BackTab,
            code => code,
        };
        Some(Self {
            code,
            control: key.modifiers.contains(KeyModifiers::CONTROL),
        })
    }

    /// The chord a table names: `j`, `Ctrl-d`, `Enter`.
    pub fn named(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        if let Some(letter) = lower.strip_prefix("ctrl-") {
            let letter = single(letter).filter(char::is_ascii_lowercase)?;
            return Some(Self {
                code: KeyCode::Char(letter),
                control: true,
            });
        }
        let code = match NAMES.iter().find(|(name, _)| *name == lower) {
            Some((_, code)) => *code,
            None => KeyCode::Char(single(text)?),
        };
        Some(Self {
            code,
            control: false,
        })
    }

    /// Whether it types a character.
    pub(super) fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.control
    }

    /// The key event of a chord.
    pub(super) fn event(self) -> KeyEvent {
        let modifiers = if self.control {
            KeyModifiers::CONTROL
        } else {
            KeyModifiers::NONE
        };
        KeyEvent::new(self.code, modifiers)
    }
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// The keys of a run, for tests written as keys: letters, and names in angle brackets (`jj<enter>`).
/// `None` when a name is unknown.
#[cfg(test)]
pub fn parse(run: &str) -> Option<Vec<KeyEvent>> {
    let mut keys = Vec::new();
    let mut rest = run;
    while let Some(c) = rest.chars().next() {
        let (chord, len) = match rest
            .strip_prefix('<')
            .and_then(|inner| inner.split_once('>'))
        {
            Some((name, _)) if c == '<' => (Chord::named(name)?, name.len() + 2),
            _ => (
                Chord {
                    code: KeyCode::Char(c),
                    control: false,
                },
                c.len_utf8(),
            ),
        };
        keys.push(chord.event());
        rest = &rest[len..];
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_from_text() {
        let keys = parse("jG<enter><ctrl-d><lt>").unwrap();
        assert_eq!(keys[0].code, KeyCode::Char('j'));
        assert_eq!(keys[2].code, KeyCode::Enter);
        assert_eq!(keys[3].modifiers, KeyModifiers::CONTROL);
        assert_eq!(keys[4].code, KeyCode::Char('<'));
        assert_eq!(parse("<nonsense>"), None);
        // Control and anything but a letter is sent differently, or not at all.
        for never in ["Ctrl-", "Ctrl-5", "Ctrl-[", "Ctrl-ä", "Ctrl-de"] {
            assert_eq!(Chord::named(never), None, "{never}");
        }
    }

    #[test]
    fn shift_is_in_the_letter_and_alt_is_never_ours() {
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::of(shifted), Chord::named("G"));
        let alt = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT);
        assert_eq!(Chord::of(alt), None);
    }
}
