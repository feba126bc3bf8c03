//! Text from networks, made harmless where it comes in: no terminal commands,
//! no bidirectional tricks, nothing invisible, nothing endless.
//!
//! Everything a network, a file or a pasted text gives passes here before it
//! is stored, since titles, logs, notifications and JSON have no filter of
//! their own.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// No field is longer than this many bytes.
pub const MOST_BYTES: usize = 4_096;

/// No character carries more marks than this.
pub const MOST_MARKS: usize = 8;

/// One line: a name, a handle, a code, an error sentence. Line breaks become
/// spaces.
pub fn line(text: &str) -> String {
    clean(text, false)
}

/// Several lines: the text of a post or comment. Line breaks stay.
pub fn text(text: &str) -> String {
    clean(text, true)
}

fn clean(text: &str, breaks: bool) -> String {
    // What is cut off later need not be looked at; one character may be
    // replaced by one of three bytes, never by more than that.
    let enough = text
        .char_indices()
        .nth(MOST_BYTES + 1)
        .map_or(text.len(), |(at, _)| at);
    let mut plain = String::with_capacity(enough);
    let mut chars = text[..enough].chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' => {
                plain.push(if breaks { '\n' } else { ' ' });
            }
            '\t' => plain.push(' '),
            // The symbols for control characters: ␀ for NUL and so on.
            '\0'..='\u{1f}' => plain.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => plain.push('␡'),
            '\u{80}'..='\u{9f}' => plain.push('\u{fffd}'),
            c if is_invisible(c) => {}
            c => plain.push(c),
        }
    }
    cap(&joined(&plain))
}

/// Characters that take part in reordering, hiding or tagging text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        // Zero-width space, marks of direction; the joiners are looked at later.
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        // Embeddings, overrides, isolates, deprecated format characters.
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Letters that are blank.
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        // Interlinear annotation, tags, further variation selectors.
        | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Joiners stay only where they do their work: inside an emoji, or between
/// letters of scripts that need them. Elsewhere they make two names look alike.
fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        let keep = match c {
            '\u{200d}' => (emoji(before) && emoji(after)) || (joining(before) && joining(after)),
            '\u{200c}' => joining(before) && joining(after),
            _ => true,
        };
        if keep {
            out.push(c);
            before = c;
        }
    }
    out
}

fn emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{2bff}' | '\u{fe0f}')
}

fn joining(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{6d3}' | '\u{750}'..='\u{77f}' | '\u{900}'..='\u{dff}')
}

/// Cuts long runs of marks and long fields, between graphemes.
fn cap(text: &str) -> String {
    const CUT: &str = "…";
    let mut out = String::with_capacity(text.len().min(MOST_BYTES));
    for grapheme in text.graphemes(true) {
        let start = out.len();
        let mut marks = 0;
        for c in grapheme.chars() {
            let mark = c.width() == Some(0) && c != '\u{200d}' && c != '\u{fe0f}';
            marks += usize::from(mark);
            if !mark || marks <= MOST_MARKS {
                out.push(c);
            }
        }
        if out.len() > MOST_BYTES {
            out.truncate(start);
            // Room for the sign, again between graphemes.
            while out.len() + CUT.len() > MOST_BYTES {
                let last = out.grapheme_indices(true).next_back();
                let at = last.map_or(0, |(at, _)| at);
                out.truncate(at);
            }
            out.push_str(CUT);
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn threats_a_name_cannot_command_the_terminal() {
        assert_eq!(line("\u{1b}]0;pwned\u{7}"), "␛]0;pwned␇");
        assert_eq!(line("a\u{9b}31mb\u{7f}\0"), "a\u{fffd}31mb␡␀");
        assert_eq!(line("two\r\nlines\tof"), "two lines of");
        assert_eq!(text("two\r\nlines\u{2028}x"), "two\nlines\nx");
    }

    #[test]
    fn threats_a_name_cannot_reorder_or_hide_anything() {
        assert_eq!(line("\u{202e}gpj.exe\u{2066}\u{200f}"), "gpj.exe");
        assert_eq!(line("ac\u{200b}me\u{200d}\u{feff}\u{2060}"), "acme");
        assert_eq!(line("a\u{e0041}\u{e007f}b\u{3164}"), "ab");
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for kept in [
            "Grüße",
            "👩‍👩‍👧‍👦 ❤️‍🔥 👍🏽",
            "می‌خواهم",
            "क्‍ष",
            "日本語",
            "שלום",
            "e\u{301}",
        ] {
            assert_eq!(line(kept), kept);
        }
    }

    #[test]
    fn threats_marks_and_length_are_capped() {
        let zalgo = format!("a{}b", "\u{301}".repeat(500));
        assert_eq!(line(&zalgo).chars().count(), 2 + MOST_MARKS);
        let long = line(&"ä".repeat(1 << 20));
        assert!(long.len() <= MOST_BYTES && long.ends_with("ä…"));
        assert_eq!(line(&"x".repeat(MOST_BYTES)).len(), MOST_BYTES);
    }

    fn hostile() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            any::<char>(),
            prop::char::range('\0', '\u{a0}'),
            prop::char::range('\u{200b}', '\u{206f}'),
            prop::char::range('\u{300}', '\u{36f}'),
            prop::char::range('\u{1f466}', '\u{1f469}'),
            prop::sample::select(vec!['\u{200d}', '\u{fe0f}', '\r', '\n', 'ا', 'ب']),
        ];
        prop::collection::vec(one, 0..200).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn threats_nothing_dangerous_is_left_and_twice_is_as_once(given in hostile()) {
            for (clean, breaks) in [(line(&given), false), (text(&given), true)] {
                let bad = |c: char| (c.is_control() && !(breaks && c == '\n')) || is_invisible(c);
                prop_assert!(!clean.chars().any(bad), "{clean:?}");
                prop_assert!(clean.len() <= MOST_BYTES);
                let again = if breaks { text(&clean) } else { line(&clean) };
                prop_assert_eq!(again, clean);
            }
        }
    }
}
