//! A text field of many lines: typed into, pasted into, broken between words to
//! the width it has. Every place in it is one between two graphemes, so that
//! nothing wide, joined or invisible is ever cut.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use super::text::width;

/// Most bytes it takes; the longest post of any network is far shorter.
const LIMIT: usize = 1 << 20;

/// A text of several lines and its cursor.
#[derive(Clone, Debug)]
pub struct Area {
    text: String,
    /// Where the cursor is, in bytes.
    cursor: usize,
    /// The text in rows, each from and to in bytes.
    rows: Vec<(usize, usize)>,
    /// The cells the rows were made for.
    wide: usize,
    /// The column that up and down keep to.
    column: Option<usize>,
    /// The first row on the screen.
    pub offset: usize,
}

impl Area {
    /// A field with a text to begin with, the cursor behind it.
    pub fn with(text: &str) -> Self {
        let mut area = Self {
            text: String::new(),
            cursor: 0,
            rows: vec![(0, 0)],
            wide: 64,
            column: None,
            offset: 0,
        };
        area.replace(text);
        area
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Puts another text in the place of the one that is there.
    pub fn replace(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.paste(text);
    }

    /// Puts text in at the cursor; whether all of it fitted.
    pub fn paste(&mut self, text: &str) -> bool {
        let room = LIMIT.saturating_sub(self.text.len());
        let mut plain = String::with_capacity(text.len().min(room));
        let mut letters = text.chars().peekable();
        let mut all = true;
        while let Some(letter) = letters.next() {
            if plain.len() + letter.len_utf8() > room {
                all = false;
                break;
            }
            match letter {
                '\r' if letters.peek() == Some(&'\n') => {}
                '\r' | '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' => plain.push('\n'),
                // What is not seen may be wanted: marks of direction, tags of a flag.
                letter if letter == '\t' || !letter.is_control() => plain.push(letter),
                _ => {}
            }
        }
        self.text.insert_str(self.cursor, &plain);
        self.cursor += plain.len();
        // What was put in may join what stands beside it.
        self.cursor = self.after(self.cursor);
        self.changed();
        all
    }

    fn changed(&mut self) {
        self.column = None;
        self.rows = rows(&self.text, self.wide);
    }

    /// Breaks it to so many cells and has the cursor among `height` rows.
    pub fn fit(&mut self, wide: usize, height: usize) {
        if wide.max(1) != self.wide {
            self.wide = wide.max(1);
            self.rows = rows(&self.text, self.wide);
        }
        let row = self.row();
        let last = (row + 1).saturating_sub(height.max(1));
        let end = self.rows.len().saturating_sub(height.max(1));
        self.offset = self.offset.min(end).max(last).min(row);
    }

    /// The row of the cursor: of two that meet where it is the later one.
    fn row(&self) -> usize {
        let after = self.rows.partition_point(|(from, _)| *from <= self.cursor);
        after.saturating_sub(1)
    }

    /// Row and cell of the cursor, counted from the first row on the screen.
    pub fn place(&self) -> (usize, usize) {
        let row = self.row();
        let (from, _) = self.rows[row];
        let cell = cells(&self.text[from..self.cursor]).min(self.wide);
        (row.saturating_sub(self.offset), cell)
    }

    /// The rows on the screen, at most `height` of them.
    pub fn shown(&self, height: usize) -> impl Iterator<Item = String> {
        let rows = self.rows.iter().skip(self.offset).take(height);
        // Blanks hang over the end of a row.
        rows.map(|(from, to)| self.text[*from..*to].trim_end().replace('\t', " "))
    }

    /// Where the first `height` rows on the screen begin and end, in bytes.
    pub fn spans(&self, height: usize) -> Vec<(usize, usize)> {
        let rows = self.rows.iter().skip(self.offset).take(height);
        rows.copied().collect()
    }

    /// How many rows it has.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Takes a key; `None` when it is none of a field's, else whether the text
    /// changed.
    pub fn key(&mut self, key: KeyEvent, page: usize) -> Option<bool> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let before = self.text.len();
        let (row, (from, to)) = (self.row(), self.rows[self.row()]);
        match (key.code, control) {
            (KeyCode::Char('e'), true) | (KeyCode::End, _) => self.go(self.end_of(row)),
            (KeyCode::Home, _) => self.go(from),
            (KeyCode::Char('w'), true) => self.cut(self.word(), self.cursor),
            (KeyCode::Char('u'), true) => self.cut(from, self.cursor),
            (KeyCode::Char('k'), true) if to == self.cursor => {
                self.cut(self.cursor, self.next());
            }
            (KeyCode::Char('k'), true) => self.cut(self.cursor, to),
            (KeyCode::Backspace, _) => self.cut(self.previous(), self.cursor),
            (KeyCode::Delete, _) => self.cut(self.cursor, self.next()),
            (KeyCode::Left, _) => self.go(self.previous()),
            (KeyCode::Right, _) => self.go(self.next()),
            (KeyCode::Up, _) => self.up_or_down(-1),
            (KeyCode::Down, _) => self.up_or_down(1),
            (KeyCode::PageUp, _) => self.up_or_down(-isize::try_from(page).unwrap_or(1)),
            (KeyCode::PageDown, _) => self.up_or_down(isize::try_from(page).unwrap_or(1)),
            (KeyCode::Enter, _) => {
                self.paste("\n");
            }
            (KeyCode::Char(letter), false) => {
                self.paste(letter.encode_utf8(&mut [0; 4]));
            }
            _ => return None,
        }
        Some(before != self.text.len())
    }

    fn go(&mut self, to: usize) {
        self.cursor = to;
        self.column = None;
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to {
            self.text.drain(from..to);
            // What stands there now may be one grapheme with what is before it.
            self.cursor = self.after(from);
            self.changed();
        }
    }

    /// The place before the cursor.
    fn previous(&self) -> usize {
        let last = self.text[..self.cursor].graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    /// The place after the cursor.
    fn next(&self) -> usize {
        let first = self.text[self.cursor..].graphemes(true).next();
        self.cursor + first.map_or(0, str::len)
    }

    /// The first place between two graphemes at or after `at`.
    fn after(&self, at: usize) -> usize {
        let begin = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[begin..].split('\n').next().unwrap_or_default();
        if line.is_ascii() {
            return at;
        }
        let mut places = line.grapheme_indices(true).map(|(place, _)| begin + place);
        let found = places.find(|place| *place >= at);
        found.unwrap_or(begin + line.len())
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let head = &self.text[..self.cursor];
        let word = head.trim_end();
        if word.len() < head.len() && head[word.len()..].contains('\n') {
            return self.previous();
        }
        word.rfind(char::is_whitespace).map_or(0, |at| {
            at + word[at..].chars().next().map_or(1, char::len_utf8)
        })
    }

    /// The last place of a row: before the blank it is broken at.
    fn end_of(&self, row: usize) -> usize {
        let (from, to) = self.rows[row];
        match self.rows.get(row + 1) {
            Some((next, _)) if *next == to => {
                let last = self.text[from..to].graphemes(true).next_back();
                to - last.map_or(0, str::len)
            }
            _ => to,
        }
    }

    fn up_or_down(&mut self, by: isize) {
        let row = self.row();
        let (from, _) = self.rows[row];
        let column = self.column;
        let column = column.unwrap_or_else(|| cells(&self.text[from..self.cursor]));
        let to = row.saturating_add_signed(by).min(self.rows.len() - 1);
        if to == row {
            let edge = if by < 0 { 0 } else { self.text.len() };
            self.cursor = edge;
            return;
        }
        let (from, end) = (self.rows[to].0, self.end_of(to));
        let mut at = from;
        let mut used = 0;
        for grapheme in self.text[from..end].graphemes(true) {
            let wide = cells(grapheme);
            if used + wide > column {
                break;
            }
            used += wide;
            at += grapheme.len();
        }
        self.cursor = at;
        self.column = Some(column);
    }
}

/// How many cells a part of a row takes; a tab is one.
fn cells(text: &str) -> usize {
    width(text) + text.matches('\t').count()
}

/// A text in rows of at most `wide` cells, broken between words where that is
/// possible. Every byte but the line breaks is in exactly one row.
fn rows(text: &str, wide: usize) -> Vec<(usize, usize)> {
    let mut rows = Vec::new();
    let mut begin = 0;
    for line in text.split('\n') {
        let (mut from, mut used) = (begin, 0);
        // Behind the last blank, and what is used up to there.
        let mut word = (begin, 0);
        for (at, grapheme) in line.grapheme_indices(true) {
            let (at, takes) = (begin + at, cells(grapheme));
            let blank = matches!(grapheme, " " | "\t");
            // Blanks at the end of a row hang over it.
            if used + takes > wide && !blank && at > from {
                if word.0 > from {
                    rows.push((from, word.0));
                    (from, used) = (word.0, used - word.1);
                } else {
                    rows.push((from, at));
                    (from, used) = (at, 0);
                }
                word = (from, 0);
            }
            used += takes;
            if blank {
                word = (at + 1, used);
            }
        }
        rows.push((from, begin + line.len()));
        begin += line.len() + 1;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::clock::Clock;
    use proptest::prelude::*;

    fn shown(text: &str, wide: usize) -> Vec<String> {
        let rows = rows(text, wide);
        rows.iter()
            .map(|(from, to)| text[*from..*to].to_owned())
            .collect()
    }

    fn press(area: &mut Area, code: KeyCode) {
        area.key(KeyEvent::from(code), 5);
    }

    fn control(area: &mut Area, letter: char) {
        let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
        area.key(key, 5);
    }

    #[test]
    fn rows_break_between_words_and_never_within_a_grapheme() {
        assert_eq!(shown("one two three", 7), ["one two ", "three"]);
        assert_eq!(shown("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(shown("日本語", 4), ["日本", "語"]);
        assert_eq!(shown("日本語", 1), ["日", "本", "語"]);
        assert_eq!(shown("a\n\nb", 9), ["a", "", "b"]);
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(shown(&family.repeat(3), 4).len(), 2);
    }

    #[test]
    fn it_is_written_like_any_field() {
        let mut area = Area::with("Red is back. All of it");
        control(&mut area, 'w');
        assert_eq!(area.text(), "Red is back. All of ");
        press(&mut area, KeyCode::Enter);
        area.paste("日本語\r\nend\u{1b}[2J");
        assert_eq!(area.text(), "Red is back. All of \n日本語\nend[2J");
        press(&mut area, KeyCode::Up);
        press(&mut area, KeyCode::Home);
        press(&mut area, KeyCode::Right);
        control(&mut area, 'k');
        assert_eq!(area.text(), "Red is back. All of \n日\nend[2J");
        control(&mut area, 'k');
        control(&mut area, 'u');
        assert_eq!(area.text(), "Red is back. All of \nend[2J");
        press(&mut area, KeyCode::Backspace);
        control(&mut area, 'e');
        press(&mut area, KeyCode::Backspace);
        assert_eq!(area.text(), "Red is back. All of end[2");
    }

    #[test]
    fn up_and_down_keep_their_column_over_short_rows() {
        let mut area = Area::with("abcdefgh\n\nijklmnop");
        area.fit(20, 3);
        assert_eq!(area.place(), (2, 8));
        press(&mut area, KeyCode::Left);
        press(&mut area, KeyCode::Up);
        assert_eq!(area.place(), (1, 0));
        press(&mut area, KeyCode::Up);
        assert_eq!(area.place(), (0, 7));
        press(&mut area, KeyCode::PageDown);
        assert_eq!(area.place(), (2, 7));
    }

    #[test]
    fn the_cursor_stays_in_sight_and_long_pastes_are_quick() {
        let clock = Clock::real();
        let before = clock.boot();
        let mut area = Area::with("");
        area.fit(60, 7);
        area.paste(&"Fünf Wörter mit 日本語 darin. ".repeat(3_000));
        area.fit(60, 7);
        assert!(area.height() > 1_000);
        assert_eq!(area.place().0, 6);
        for _ in 0..20 {
            press(&mut area, KeyCode::Char('x'));
            area.fit(60, 7);
        }
        // A quadratic one takes minutes.
        let took = clock.boot().saturating_sub(before);
        assert!(took.as_secs() < 20, "{took:?}");
    }

    proptest! {
        #[test]
        fn every_letter_is_in_one_row_and_the_cursor_is_between_graphemes(
            text in "[a-c 日é\u{301}\u{200d}👩\n]{0,60}",
            keys in proptest::collection::vec(0..9_u8, 0..40),
            wide in 1..12_usize,
        ) {
            let mut area = Area::with(&text);
            area.fit(wide, 4);
            for key in keys {
                press(&mut area, match key {
                    0 => KeyCode::Up,
                    1 => KeyCode::Down,
                    2 => KeyCode::Left,
                    3 => KeyCode::Right,
                    4 => KeyCode::Home,
                    5 => KeyCode::End,
                    6 => KeyCode::Backspace,
                    7 => KeyCode::Delete,
                    _ => KeyCode::Char('x'),
                });
                area.fit(wide, 4);
                let (row, cell) = area.place();
                prop_assert!(row < 4 && cell <= wide);
                let whole: String = rows(area.text(), wide)
                    .iter()
                    .map(|(from, to)| &area.text()[*from..*to])
                    .collect();
                prop_assert_eq!(whole, area.text().replace('\n', ""));
                prop_assert!(area.text().is_char_boundary(area.cursor));
            }
        }
    }
}
