//! The tables at the top of each network's stories are true: what a channel can
//! live through is all there, and every test that is named exists.

use std::fs;
use std::path::Path;

/// What a channel can live through.
const LIFE: [&str; 16] = [
    "connect",
    "pick",
    "publish each kind",
    "expire",
    "refresh",
    "revoke",
    "hold",
    "reconnect",
    "wrong account",
    "missing scope",
    "role lost",
    "restricted",
    "rate limit",
    "lost answer",
    "lying answer",
    "disconnect",
];

/// The text of a file, or of all files of a folder.
fn text(path: &Path) -> String {
    if path.is_dir() {
        let inside = fs::read_dir(path).unwrap();
        return inside.map(|one| text(&one.unwrap().path())).collect();
    }
    fs::read_to_string(path).unwrap_or_default()
}

/// What keeps a table from being true.
fn untrue(table: &str, of_network: &str, tests: &Path) -> Vec<String> {
    let rows = table.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows: Vec<(&str, &str)> = rows
        .filter_map(|row| row.trim_end_matches(" |").split_once(" | "))
        .skip(1)
        .collect();
    let mut wrong = Vec::new();
    if rows.iter().map(|row| row.0).ne(LIFE) {
        wrong.push(format!("other rows: {rows:?}"));
    }
    for (what, shown) in rows {
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        let without_one = shown.starts_with("none, because ") || shown == "the same";
        if named.is_empty() && !without_one {
            wrong.push(format!("{what} is shown by nothing"));
        }
        for name in named {
            let (place, test) = match name.split_once("::") {
                Some((file, test)) => (text(&tests.join(format!("stories/{file}.rs"))), test),
                None => (of_network.to_owned(), name),
            };
            let (start, whole) = match test.strip_suffix('…') {
                Some(start) => (start, false),
                None => (test, true),
            };
            let end = if whole { "(" } else { "" };
            if !place.contains(&format!("fn {start}{end}")) {
                wrong.push(format!("{what}: there is no {name}"));
            }
        }
    }
    wrong
}

#[test]
fn what_a_channel_can_live_through_is_shown_by_tests_that_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for network in ["bluesky", "mastodon", "telegram"] {
        let folder = tests.join("contracts").join(format!("networks_{network}"));
        let table = text(&folder.with_extension("rs"));
        let all = table.clone()
            + &if folder.is_dir() {
                text(&folder)
            } else {
                String::new()
            };
        assert_eq!(untrue(&table, &all, &tests), [""; 0], "{network}");
        let emptied = table
            .replace("fn a_", "fn b_")
            .replace("//! | hold", "//! | held");
        let emptied = untrue(&emptied, "", &tests);
        assert!(emptied.len() > 2, "it would be noticed: {emptied:?}");
    }
}
