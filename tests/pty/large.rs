//! A hub as large as it may become (fault row 48): nothing is cut off, and what
//! a key costs is what it changes. How long it takes is measured by a bench.

use crate::generated::Generated;
use crate::terminal::{MOMENT, Term};

/// Mebibytes of this name in what the kernel says of the process.
fn memory(term: &Term, name: &str) -> u64 {
    let pid = term.child.process_id().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
fn row_48_over_twenty_thousand_channels_every_one_is_found_and_a_key_costs_what_it_changes() {
    let hub = Generated::new(20_000, 100_000);
    let mut term = Term::command(&["--no-publish"], &hub.home(), (36, 120), &[]);
    // Every fiftieth is broken.
    term.until(|screen| screen.contains("✖ 400 broken") && screen.contains("● 19600 healthy"));
    term.until(|screen| screen.contains("Post "));
    term.quiet(MOMENT);
    let mut bytes = Vec::new();
    for key in ["j", "j", "k", "j", "k"] {
        term.press(key);
        bytes.push(term.quiet(MOMENT));
    }
    // A minute may begin meanwhile, and says every time on the screen anew.
    bytes.sort_unstable();
    let most = bytes[3];
    assert!(most > 0 && most < 600, "{bytes:?} with the details");
    term.press("/account.19998");
    // It is healthy, and those were folded away.
    term.until(|screen| screen.contains("1 of 20000") && screen.contains("Account 19998"));
    term.press("\u{1b}");
    term.press("g");
    term.until(|screen| screen.contains("Broken 400"));
    term.press("G");
    term.until(|screen| screen.contains("▌● "));
    term.press(":");
    term.until(|screen| screen.contains("type to search"));
    term.press("account.12345");
    term.until(|screen| screen.matches("12345").count() > 1);
    term.press("\r");
    term.until(|screen| !screen.contains("> account.12345") && screen.contains("12345"));
    assert!(
        memory(&term, "RssAnon") < 80,
        "{} MiB",
        memory(&term, "RssAnon")
    );
    term.press("\u{3}");
    assert_eq!(term.ended(), 0);
}
