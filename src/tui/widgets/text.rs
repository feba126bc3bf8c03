//! Text that fits: measured in cells, cut between graphemes, one line or
//! several, without anything that could move the cursor.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(grapheme_width).sum()
}

fn grapheme_width(grapheme: &str) -> usize {
    if grapheme.chars().any(char::is_control) {
        0
    } else {
        grapheme.width()
    }
}

/// The text in at most `cells`; what is cut off leaves a `…`.
pub fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme_width(grapheme);
        if used + wide > cells - 1 {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    // "word …" reads worse than "word…".
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push('…');
    out
}

/// The text inside quotation marks; one that is cut ends in `…` instead.
pub fn quoted(text: &str, cells: usize) -> String {
    let whole = format!("“{text}”");
    if width(&whole) <= cells {
        whole
    } else {
        cut(&format!("“{text}"), cells)
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
    let mut line = String::new();
    for word in one_line(text).split(' ').filter(|word| !word.is_empty()) {
        let mut word = word.to_owned();
        while !word.is_empty() {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(&word) <= cells {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(&word);
                word.clear();
            } else if line.is_empty() {
                let (head, tail) = split_at_width(&word, cells);
                out.push(head);
                word = tail;
            } else {
                out.push(std::mem::take(&mut line));
            }
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
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

fn split_at_width(word: &str, cells: usize) -> (String, String) {
    let mut used = 0;
    for (at, grapheme) in word.grapheme_indices(true) {
        let wide = grapheme_width(grapheme);
        // At least one grapheme goes, or a wide one in one cell never would.
        if at > 0 && used + wide > cells {
            return (word[..at].to_owned(), word[at..].to_owned());
        }
        used += wide;
    }
    (word.to_owned(), String::new())
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
