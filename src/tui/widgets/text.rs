//! Text that fits: measured in cells, cut between graphemes, one line or
//! several, without anything that could move the cursor.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::support::sanitize::is_invisible;

/// No grapheme is longer than this many bytes: a family of four is 41, a letter
/// with thousands of marks would be written anew in every frame.
const LONGEST: usize = 64;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    shown(text).map(|(_, _, wide)| wide).sum()
}

/// The graphemes of a text as they may be shown: where each begins, and its
/// cells. The text may be of any length, so whoever needs a part stops early.
fn shown(text: &str) -> impl Iterator<Item = (usize, Cow<'_, str>, usize)> {
    text.grapheme_indices(true).filter_map(|(at, grapheme)| {
        let plain = plain(grapheme);
        let wide = plain.width();
        (!plain.is_empty()).then_some((at, plain, wide))
    })
}

/// A grapheme without what moves the cursor, turns the direction of writing, or
/// is not seen; the store has none of that, unless another hand put it there.
fn plain(grapheme: &str) -> Cow<'_, str> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let fits = |c: &char| !breaks(*c) && !is_invisible(*c);
    if grapheme.len() <= LONGEST && grapheme.chars().all(|c| fits(&c)) {
        return Cow::Borrowed(grapheme);
    }
    let mut out = String::new();
    for letter in grapheme.chars().filter(fits) {
        if out.len() + letter.len_utf8() > LONGEST {
            break;
        }
        out.push(letter);
    }
    Cow::Owned(out)
}

/// The text in at most `cells`; what is cut off leaves a `…`.
pub fn cut(text: &str, cells: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // How much of it stays when there is more than fits.
    let mut stays = 0;
    for (_, grapheme, wide) in shown(text) {
        used += wide;
        if used > cells {
            out.truncate(stays);
            // "word …" reads worse than "word…".
            let kept = out.trim_end().len();
            out.truncate(kept);
            if cells > 0 {
                out.push('…');
            }
            return out;
        }
        out.push_str(&grapheme);
        if used < cells {
            stays = out.len();
        }
    }
    out
}

/// Whether a text takes no more than `cells`.
fn fits(text: &str, cells: usize) -> bool {
    let mut used = 0;
    shown(text).all(|(_, _, wide)| {
        used += wide;
        used <= cells
    })
}

/// The text inside quotation marks; one that is cut ends in `…` instead.
pub fn quoted(text: &str, cells: usize) -> String {
    if fits(text, cells.saturating_sub(2)) {
        format!("“{}”", cut(text, cells))
    } else {
        // With its end, or a text that lacks one cell would lose the mark alone.
        cut(&format!("“{}”", cut(text, cells + 1)), cells)
    }
}

/// The text on one line: runs of white space become one blank, control
/// characters vanish.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().filter(|c| !c.is_control()));
    }
    out
}

/// The text in lines of at most `cells`, broken between words where possible.
/// More than `lines` lines end in `…`.
pub fn wrap(text: &str, cells: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    if cells == 0 || lines == 0 {
        return out;
    }
    // Words without end are not looked for their end.
    let most = (cells + 1).saturating_mul(lines.saturating_add(1));
    let end = text.char_indices().nth(most.saturating_mul(LONGEST));
    let text = end.map_or(text, |(at, _)| &text[..at]);
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            // Nothing of the text is looked at that is not shown.
            if out.len() > lines {
                return ended(out, lines, cells);
            }
            let gap = usize::from(!line.is_empty());
            let (head, wide, tail) = split_at_width(rest, cells);
            if tail.is_empty() && used + gap + wide <= cells {
                if gap == 1 && !head.is_empty() {
                    line.push(' ');
                    used += 1;
                }
                line.push_str(&head);
                used += wide;
                rest = "";
            } else if line.is_empty() {
                out.push(head);
                rest = tail;
            } else {
                out.push(std::mem::take(&mut line));
                used = 0;
            }
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    ended(out, lines, cells)
}

/// These lines, with a sign at the end when there are more than wanted.
fn ended(mut out: Vec<String>, lines: usize, cells: usize) -> Vec<String> {
    if out.len() > lines {
        out.truncate(lines);
        if let Some(last) = out.last_mut() {
            *last = cut(&format!("{last} …………"), cells);
            if !last.ends_with('…') {
                last.push('…');
            }
            let trimmed = last.trim_end_matches(['…', ' ']).to_owned();
            *last = format!("{trimmed}…");
        }
    }
    out
}

/// The beginning of a word that takes at most `cells`, how many it takes, and
/// the rest.
fn split_at_width(word: &str, cells: usize) -> (String, usize, &str) {
    let (mut head, mut used) = (String::new(), 0);
    for (at, grapheme, wide) in shown(word) {
        // At least one grapheme goes, or a wide one in one cell never would.
        if !head.is_empty() && used + wide > cells {
            return (head, used, &word[at..]);
        }
        used += wide;
        head.push_str(&grapheme);
    }
    (head, used, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_fall_between_graphemes_and_end_in_an_ellipsis() {
        assert_eq!(cut("Felt slippers", 20), "Felt slippers");
        assert_eq!(cut("Felt slippers", 8), "Felt sl…");
        assert_eq!(cut("Felt slippers", 6), "Felt…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("abc", 1), "…");
        assert_eq!(quoted("New in the shop", 8), "“New in…");
        assert_eq!(quoted("New", 5), "“New”");
        assert_eq!(quoted("New", 4), "“Ne…");
    }

    #[test]
    fn text_without_end_is_read_as_far_as_it_is_shown() {
        let endless = "x\u{1b}[2J".repeat(400_000);
        assert_eq!(cut(&endless, 5), "x[2J…");
        assert_eq!(quoted(&endless, 6), "“x[2J…");
        assert_eq!(wrap(&endless, 4, 2), ["x[2J", "x[2…"]);
        let marks = format!("a{}b", "\u{301}".repeat(4_000));
        assert!(cut(&marks, 5).len() < 2 * LONGEST);
        assert_eq!(width(&marks), 2);
    }

    #[test]
    fn what_is_not_seen_or_turns_the_writing_is_not_shown() {
        let tricks = "a\u{202e}b\u{200f}c\u{e0041}d\u{9b}e\u{feff}";
        assert_eq!(cut(tricks, 9), "abcde");
        assert_eq!(wrap(tricks, 9, 9), ["abcde"]);
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(cut(family, 2), family);
    }

    #[test]
    fn one_line_takes_out_what_moves_the_cursor() {
        assert_eq!(one_line(" a\r\n b\tc\u{1b}[2J "), "a b c[2J");
    }

    #[test]
    fn wrapping_breaks_between_words() {
        assert_eq!(wrap("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3, 9), ["abc", "def", "gh"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(wrap("one two three four five six", 9, 1), ["one two…"]);
        assert_eq!(wrap("日本語", 1, 9), ["日", "本", "語"]);
        assert!(wrap("abc", 0, 3).is_empty());
    }
}
