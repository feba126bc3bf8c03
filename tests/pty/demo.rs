//! The demo: a whole agency in a second, and what is broken in it is mended
//! with the keys of the screen.

use crate::terminal::Term;

#[test]
fn k_the_demo_opens_with_what_is_broken_on_top_and_a_login_mends_each() {
    let mut term = Term::demo();
    term.until(|screen| screen.contains("9 broken") && screen.contains("Broken 9"));
    term.until(|screen| screen.contains("demo-demo-demo-demo"));
    assert!(term.text().contains("restricted"), "{}", term.text());
    // Broken ones are sorted by the first post they hurt: go to one a login mends.
    while !term.text().contains("r reconnect: one login mends it") {
        let before = term.text();
        term.press("j");
        term.until(|screen| screen != before);
        assert!(term.text().contains("Broken 9"));
    }
    term.press("r");
    term.until(|screen| screen.contains("Reconnect · Bluesky"));
    term.press("\u{1b}[200~demo-demo-demo-demo\u{1b}[201~\r");
    term.until(|screen| screen.contains("8 broken") && screen.contains("proved just now"));
    let chosen = |screen: &str| -> Option<String> {
        let (_, title) = screen.split_once("─ 4 ")?;
        Some(title.split(' ').next()?.to_owned())
    };
    loop {
        let before = chosen(&term.text());
        if before
            .as_ref()
            .is_some_and(|one| one.starts_with("@corvid_help"))
        {
            break;
        }
        term.press("j");
        term.until(|screen| chosen(screen) != before);
    }
    term.press("r");
    term.until(|screen| screen.contains("Reconnect · Mastodon"));
    term.press("\u{1b}[200~demo-token\u{1b}[201~\r");
    term.until(|screen| screen.contains("7 broken") && screen.contains("proved just now"));
    term.press("\u{3}");
    let code = term.child.wait().unwrap();
    assert!(code.success(), "{code:?}");
    let left: Vec<_> = std::fs::read_dir(term.home().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
