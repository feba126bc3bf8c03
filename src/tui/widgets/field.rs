//! A one-line text field: typed into, pasted into, masked when it holds a
//! secret.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};
use zeroize::Zeroize;

use super::text::{one_line, width};
use crate::support::secret::Secret;

/// Most a field takes: handles, passwords and links are shorter.
const LIMIT: usize = 2048;

/// A text field and its cursor.
#[derive(Default)]
pub struct Field {
    input: Input,
    masked: bool,
}

impl Field {
    /// An empty field that shows what is typed.
    pub fn plain() -> Self {
        Self::default()
    }

    /// A field with a text to begin with, the cursor behind it.
    pub fn with(text: &str) -> Self {
        Self {
            input: Input::new(text.to_owned()),
            masked: false,
        }
    }

    /// An empty field that shows only how much is in it.
    pub fn masked() -> Self {
        Self {
            input: Input::default(),
            masked: true,
        }
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text().trim().is_empty()
    }

    /// What is in it, as a secret.
    pub fn secret(&self) -> Secret {
        Secret::new(self.text().trim())
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.input.value_and_reset().zeroize();
    }

    /// Puts pasted text in at the cursor, on one line.
    pub fn paste(&mut self, text: &str) {
        let line = one_line(text);
        for c in line.chars() {
            self.insert(c);
        }
    }

    fn insert(&mut self, c: char) {
        if self.input.value().len() < LIMIT && !c.is_control() {
            self.input.handle(InputRequest::InsertChar(c));
        }
    }

    /// Takes a key; whether it was one of a field's.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        use InputRequest as R;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let request = match (key.code, control) {
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => R::GoToEnd,
            (KeyCode::Char('w'), true) => R::DeletePrevWord,
            (KeyCode::Char('u'), true) => R::DeleteFromStart,
            (KeyCode::Char('k'), true) => R::DeleteTillEnd,
            (KeyCode::Home, _) => R::GoToStart,
            (KeyCode::Left, _) => R::GoToPrevChar,
            (KeyCode::Right, _) => R::GoToNextChar,
            (KeyCode::Backspace, _) => R::DeletePrevChar,
            (KeyCode::Delete, _) => R::DeleteNextChar,
            (KeyCode::Char(c), false) if !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c);
                return true;
            }
            _ => return false,
        };
        self.input.handle(request);
        true
    }

    /// What to show in `cells`, and the cell of the cursor in it.
    pub fn shown(&self, cells: usize) -> (String, usize) {
        let before: String = self.text().chars().take(self.input.cursor()).collect();
        if self.masked {
            // Neither the length of a long secret nor its end is given away.
            let dots = self.text().chars().count().min(cells.saturating_sub(1));
            return ("•".repeat(dots), before.chars().count().min(dots));
        }
        let mut start = 0;
        let chars: Vec<char> = self.text().chars().collect();
        let cursor = self.input.cursor();
        let span = |from: usize| width(&chars[from..cursor].iter().collect::<String>());
        while start < cursor && span(start) >= cells {
            start += 1;
        }
        let visible: String = chars[start..].iter().collect();
        (visible, span(start))
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if self.masked {
            self.clear();
        }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.masked { "[secret]" } else { self.text() };
        f.debug_tuple("Field").field(&text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(field: &mut Field, code: KeyCode) -> bool {
        field.key(KeyEvent::from(code))
    }

    #[test]
    fn a_paste_is_one_line_at_the_cursor() {
        let mut field = Field::with("ac");
        press(&mut field, KeyCode::Left);
        field.paste("b\r\n");
        assert_eq!(field.text(), "abc");
    }

    #[test]
    fn a_masked_field_never_shows_its_content() {
        let mut field = Field::masked();
        field.paste("abcd-efgh");
        assert_eq!(field.shown(20), ("•••••••••".into(), 9));
        assert_eq!(field.shown(5).0, "••••");
        assert_eq!(format!("{field:?}"), "Field(\"[secret]\")");
        assert_eq!(field.secret().expose(), "abcd-efgh");
        field.clear();
        assert!(field.is_empty());
    }

    #[test]
    fn the_cursor_stays_in_sight() {
        let mut field = Field::plain();
        field.paste("0123456789");
        let (text, at) = field.shown(5);
        assert_eq!((text.as_str(), at), ("6789", 4));
        assert!(!press(&mut field, KeyCode::Enter));
        assert!(!press(&mut field, KeyCode::Tab));
    }
}
