//! Text that wants to be more than text (fault row 47): whatever stands in the
//! store, the terminal gets no sequence but those of the screen itself.

use crate::common::simulated::desk;
use crate::terminal::{MOMENT, Term};

/// What people and networks could try, each with a word by which it is found.
fn corpus() -> Vec<String> {
    let mut all: Vec<String> = [
        "colour \u{1b}[31mred\u{1b}[0m",
        "title \u{1b}]0;owned\u{7}",
        "title in C1 \u{9d}0;owned\u{9c}",
        "clipboard \u{1b}]52;c;b3duZWQ=\u{1b}\\",
        "link \u{1b}]8;;https://evil.example\u{1b}\\here\u{1b}]8;;\u{1b}\\",
        "C1 \u{9b}31m\u{9b}2J",
        "device \u{1b}P+q544e\u{1b}\\",
        "query \u{1b}[6n\u{1b}[c\u{1b}[>c\u{1b}[?1049l",
        "bidi \u{202e}txet\u{202c} \u{2066}x\u{2069} \u{200f}",
        "backspaces \u{8}\u{8}\u{8}\u{8}\r\u{b}\u{c}\u{7f}",
        "nothing \0\u{1}\u{2}",
        "zalgo Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}\u{34f}\u{334}\u{319}a\u{325}\u{32e}\u{334}",
        "family \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} flag \u{1f1e9}\u{1f1ea} skin \u{1f44d}\u{1f3fd}",
        "wide 漢字かな交じり文 ｆｕｌｌ",
        "tags \u{e0001}\u{e0061}\u{e007f} joiner \u{2060}\u{feff}",
        "lines one\ntwo\u{2028}three\u{2029}four\tfive",
    ]
    .map(str::to_owned)
    .into();
    // Repeated marks, and a name of a megabyte.
    all.push(format!("marks a{}", "\u{301}".repeat(4_000)));
    all.push(format!("long {}", "x\u{1b}[2J".repeat(150_000)));
    all
}

/// Every escape sequence in these bytes, and every control character beside.
fn sequences(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).expect("nothing but UTF-8");
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter != '\u{1b}' {
            if letter.is_control() && !matches!(letter, '\r' | '\n') {
                found.push(format!("{letter:?}"));
            }
            continue;
        }
        let mut sequence = String::new();
        if let Some(']') = rest.peek() {
            // Up to its end: a bell, or ESC and a backslash.
            while let Some(part) = rest.next_if(|part| !matches!(part, '\u{7}' | '\u{1b}')) {
                sequence.push(part);
            }
            if rest.next() == Some('\u{1b}') {
                sequence.extend(rest.next_if_eq(&'\\'));
            }
        } else if let Some('[') = rest.peek() {
            for part in rest.by_ref() {
                sequence.push(part);
                if part != '[' && ('\u{40}'..='\u{7e}').contains(&part) {
                    break;
                }
            }
        } else {
            sequence.extend(rest.next());
        }
        found.push(sequence);
    }
    found
}

/// Whether the screen itself writes such a sequence.
fn is_ours(sequence: &str) -> bool {
    // A link: to where the post is, in printable letters, and its end.
    if let Some(link) = sequence.strip_prefix("]8;") {
        let target = link.strip_suffix('\\').unwrap_or("\n");
        return target == ";"
            || target.starts_with("id=1;https://net.example/")
                && target.bytes().all(|byte| byte.is_ascii_graphic());
    }
    let private = [
        "?1049h", "?1049l", "?25h", "?25l", "?2004h", "?2004l", "?2026h", "?2026l", "?1004h",
        "?1004l", "?1000l", "?1006l",
    ];
    let Some(body) = sequence.strip_prefix('[') else {
        return false;
    };
    let (parameters, last) = body.split_at(body.len() - 1);
    let numbers = parameters.chars().all(|c| c.is_ascii_digit() || c == ';');
    private.contains(&body)
        || numbers && ["m", "H", "G", "d", "C", "K", "J", "X", "A", "B"].contains(&last)
}

#[test]
fn row_47_hostile_text_reaches_the_terminal_as_text_or_not_at_all() {
    let (_ground, desk, channel) = desk();
    let posts: Vec<String> = (0..corpus().len())
        .map(|n| desk.schedule(&channel, &format!("post {n}"), "in 5h"))
        .collect();
    // As an older program, a broken disk or another hand left it there.
    let raw = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    raw.busy_timeout(std::time::Duration::from_secs(20))
        .unwrap();
    for (text, post) in corpus().iter().zip(&posts) {
        raw.execute(
            "UPDATE post SET text = ?1 WHERE id = (SELECT post_id FROM delivery WHERE id = ?2)",
            (text, post),
        )
        .unwrap();
        raw.execute(
            "INSERT INTO notice (id, workspace_id, severity, kind, text, created_at)
             SELECT 'ntc_' || ?1, workspace_id, 'broken', 'post_failed', ?2, due FROM delivery WHERE id = ?1",
            (post, text),
        )
        .unwrap();
    }
    for text in corpus() {
        raw.execute_batch("UPDATE workspace SET name = slug")
            .unwrap();
        raw.execute(
            "UPDATE channel SET handle = ?1, display_name = ?1, status_detail = ?1",
            [&text],
        )
        .unwrap();
        raw.execute("UPDATE workspace SET name = ?1", [&text])
            .unwrap();
        // Somebody else than who is at the keyboard.
        raw.execute(
            "INSERT INTO operator (id, name, hub_admin, created_at) VALUES ('opr_x', ?1, 0, 0) ON CONFLICT (id) DO UPDATE SET name = ?1",
            [&text],
        )
        .unwrap();
        // Where a network says the post is.
        let place = format!("https://net.example/{}", text.replace(' ', "_"));
        raw.execute(
            "UPDATE delivery SET created_by = 'opr_x', permalink = ?1",
            [&place],
        )
        .unwrap();
        let mut term = Term::over(&desk.home.path());
        term.until(|screen| screen.contains("Healthy") && screen.contains("“colour"));
        // Every pane, the sheets over them, and up and down in them.
        for (keys, word, there) in [
            ("2jjjjjjj\r", "Did it go out?", true),
            ("jjj", "Did it go out?", true),
            ("\u{1b}", "Did it go out?", false),
            ("3jjjjjjj1\r", "1 Channels", true),
            ("\u{1b}", "1 Channels", true),
            (":", "type to search", true),
            ("\u{1b}", "type to search", false),
            ("4jjj?", "type to search", true),
            ("wor", "> wor", true),
            ("\u{1b}", "> wor", false),
            ("\u{1b}", "type to search", false),
            ("1D", "Disconnect for good", true),
            ("\u{1b}", "Disconnect for good", false),
        ] {
            term.press(keys);
            term.until(|screen| screen.contains(word) == there);
            term.quiet(MOMENT / 4);
        }
        term.press("\u{3}");
        term.ended();
        // The one question the screen asks, once.
        let raw = String::from_utf8(term.raw.clone())
            .expect("nothing but UTF-8")
            .replacen("\u{1b}]11;?\u{1b}\\", "", 1);
        let mut others = sequences(raw.as_bytes());
        others.retain(|sequence| !is_ours(sequence));
        let name: String = text.chars().take(20).collect();
        assert_eq!(others, Vec::<String>::new(), "{name:?}");
        let shown = String::from_utf8_lossy(&term.raw).into_owned();
        if text.starts_with("wide") {
            assert!(shown.contains("]8;id=1;https://net.example/wide_%E6%BC%A2"));
        }
        for hidden in [
            '\u{202e}',
            '\u{2066}',
            '\u{200f}',
            '\u{e0001}',
            '\u{2028}',
            '\u{feff}',
        ] {
            assert!(!shown.contains(hidden), "{hidden:?} in {name:?}");
        }
    }
}
