//! The demo: a whole agency in a second, and what is broken in it is mended
//! with the keys of the screen.

use crate::terminal::{MOMENT, Term};

/// The channel whose details are shown.
fn chosen(screen: &str) -> Option<String> {
    let (_, title) = screen.split_once("─ 4 ")?;
    Some(title.split(' ').next()?.to_owned())
}

/// Goes down to a channel from the top, each key once the one before was
/// followed.
fn go_to(term: &mut Term, name: &str) {
    term.press("g");
    loop {
        term.quiet(MOMENT);
        // What is late is shown after a login, and left to its rule here.
        if term.text().contains("Release plan") {
            term.press("\u{1b}");
            term.until(|screen| !screen.contains("Release plan"));
            term.press("g");
            continue;
        }
        let before = chosen(&term.text());
        if before.as_ref().is_some_and(|one| one.starts_with(name)) {
            return;
        }
        term.press("j");
        term.until(|screen| chosen(screen) != before);
    }
}

#[test]
fn k_the_demo_opens_with_what_is_broken_on_top_and_a_login_mends_each() {
    let mut term = Term::demo();
    term.until(|screen| screen.contains("11 broken") && screen.contains("Broken 11"));
    term.until(|screen| screen.contains("demo-demo-demo-demo"));
    term.until(|screen| screen.contains("restricted"));
    for (name, sheet, paste, left) in [
        ("acme.test", "Bluesky", "demo-demo-demo-demo", "10 broken"),
        ("@corvid_help", "Mastodon", "demo-token", "9 broken"),
    ] {
        go_to(&mut term, name);
        term.until(|screen| screen.contains("r reconnect: one login mends it"));
        term.press("r");
        term.until(|screen| screen.contains(&format!("Reconnect · {sheet}")));
        term.press(&format!("\u{1b}[200~{paste}\u{1b}[201~\r"));
        term.until(|screen| screen.contains(left) && screen.contains("proved just now"));
    }
    term.press("\u{3}");
    let code = term.child.wait().unwrap();
    assert!(code.success(), "{code:?}");
    let left: Vec<_> = std::fs::read_dir(term.home().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
