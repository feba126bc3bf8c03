//! Section E with the real program: after a disconnect no sealed value that was
//! ever written is left in any of its files, nor any password in the clear.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::Simulated;

/// Every sealed value the store holds now.
fn sealed(desk: &Desk) -> BTreeSet<Vec<u8>> {
    let database = rusqlite::Connection::open_with_flags(
        desk.home.file("allgreen.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let mut rows = database.prepare("SELECT sealed FROM secret").unwrap();
    let values = rows.query_map([], |row| row.get(0)).unwrap();
    values.collect::<Result<_, _>>().unwrap()
}

/// Every file below a directory, as bytes.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

/// The files that hold one of these values.
fn holding(desk: &Desk, values: &BTreeSet<Vec<u8>>) -> Vec<String> {
    let holds = |bytes: &[u8]| {
        values
            .iter()
            .any(|value| bytes.windows(value.len()).any(|window| window == value))
    };
    files(&desk.home.path())
        .into_iter()
        .filter(|(_, bytes)| holds(bytes))
        .map(|(name, _)| name)
        .collect()
}

/// A channel with a history of tokens and a kept backup, then disconnected.
fn story(fault: Option<&str>) -> (Desk, BTreeSet<Vec<u8>>, String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    let mut ever = sealed(&desk);
    // Every probe rotates the pair; the pass also makes the daily backup.
    for _ in 0..3 {
        desk.home
            .allgreen(["channel", "probe", &channel])
            .run()
            .ok();
        ever.extend(sealed(&desk));
    }
    desk.home.allgreen(["daemon", "--once"]).run().ok();
    ever.extend(sealed(&desk));
    let before = holding(&desk, &sealed(&desk));
    assert!(
        before
            .iter()
            .any(|name| name.ends_with("allgreen.db") || name.ends_with("-wal")),
        "{before:?}"
    );
    assert!(
        before.iter().any(|name| name.contains("backups")),
        "{before:?}"
    );
    let mut disconnect = desk
        .home
        .allgreen(["channel", "disconnect", &channel, "--yes"]);
    if let Some(fault) = fault {
        disconnect = disconnect.fault(fault);
    }
    disconnect.run().ok();
    (desk, ever, ground.app_password())
}

#[test]
fn e_after_a_disconnect_no_token_ever_written_is_in_any_file() {
    let (desk, ever, password) = story(None);
    assert!(
        ever.len() >= 9,
        "three values in at least three generations: {}",
        ever.len()
    );
    assert_eq!(holding(&desk, &ever), Vec::<String>::new());
    let clear = BTreeSet::from([password.into_bytes(), b"eyJ".to_vec()]);
    assert_eq!(
        holding(&desk, &clear),
        Vec::<String>::new(),
        "nothing in the clear either"
    );
}

#[test]
fn e_with_the_wipe_switched_off_the_search_finds_them_so_it_can_fail() {
    let (desk, ever, _) = story(Some("wipe.skip"));
    assert_ne!(holding(&desk, &ever), Vec::<String>::new());
}
