//! The screen over a store that cannot be used as it is: what can be read is
//! shown, and what is wrong stands above everything.

use std::fs;
use std::io::{Seek, SeekFrom, Write};

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::Simulated;
use crate::terminal::Term;

#[test]
fn row_44_without_its_key_the_screen_shows_the_channels_and_what_is_wrong() {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    desk.connect(&ground.handle(), &ground.app_password());
    fs::remove_file(desk.home.file("key")).unwrap();
    let mut screen = Term::over(&desk.home.path());
    screen.until(|text| text.contains("The key file") && text.contains("ann.test"));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert!(!desk.home.file("key").exists(), "no other key was made");
}

#[test]
fn row_25_over_a_damaged_store_the_screen_shows_the_channels_and_what_is_wrong() {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    desk.connect(&ground.handle(), &ground.app_password());
    // A daemon that did not end by itself, and a page that is no page.
    let daemon = desk.home.daemon();
    crate::common::eventually("it publishes", crate::common::PATIENCE, || {
        desk.json(&["publisher", "show"])["running"] == true
    });
    daemon.kill_9().expect_killed();
    desk.home.allgreen(["status"]).run().ok();
    let database = desk.home.file("allgreen.db");
    let db = rusqlite::Connection::open(&database).unwrap();
    let page: u64 = db
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'metric'",
            [],
            |row| row.get::<_, i64>(0),
        )
        .unwrap()
        .unsigned_abs();
    drop(db);
    let mut file = fs::File::options().write(true).open(&database).unwrap();
    file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
    file.write_all(&[0x4d]).unwrap();
    desk.home.allgreen(["daemon"]).run().expect_code(1);
    let mut screen = Term::over(&desk.home.path());
    screen.until(|text| text.contains("damaged") && text.contains("ann.test"));
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert!(ground.posts().is_empty());
}
