//! Row 32: an old backup is put back. It speaks to no network until somebody
//! says that the host it came from is silent; what was due since is missed.

use std::fs;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::proxy::Fault;
use crate::common::simulated::Simulated;
use crate::common::{PATIENCE, eventually};

const PUT: &str = "com.atproto.repo.putRecord";

fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// A nightly backup in which one post is scheduled for soon and one for later;
/// the first was published after it was made.
fn scene() -> (Simulated, Desk, String, [String; 2], String) {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    let soon = desk.schedule(&channel, "once", "in 3s");
    let later = desk.schedule(&channel, "tomorrow", "in 1h");
    let daemon = desk.home.daemon();
    let backup = || {
        fs::read_dir(desk.home.file("backups"))
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == "db"))
    };
    eventually("the nightly backup", PATIENCE, || backup().is_some());
    desk.wait_for_state(&soon, "published");
    daemon.terminate(PATIENCE);
    let backup = backup().unwrap().to_str().unwrap().to_owned();
    (ground, desk, channel, [soon, later], backup)
}

#[test]
fn row_32_a_restored_backup_makes_no_call_until_the_old_hosts_name_is_typed() {
    let (ground, desk, channel, [soon, later], backup) = scene();
    ground.proxy().forget_calls();
    let would = desk
        .home
        .allgreen(["restore", &backup, "--dry-run"])
        .run()
        .ok();
    assert!(would.stdout.contains("1 due by now"), "{would:#?}");
    let asked = desk
        .home
        .allgreen(["restore", &backup])
        .run()
        .expect_code(6);
    assert!(asked.stderr.contains("--yes"), "{asked:#?}");
    assert_eq!(
        desk.delivery(&soon)["state"],
        "published",
        "nothing was changed"
    );
    let restored = desk
        .home
        .allgreen(["restore", &backup, "--yes"])
        .run()
        .expect_code(6);
    assert!(restored.stdout.contains(&host()), "{restored:#?}");
    // The one before it is kept, and the old instance is another one.
    let kept = fs::read_dir(desk.home.file("backups"))
        .unwrap()
        .flatten()
        .filter(|one| {
            one.file_name()
                .to_string_lossy()
                .starts_with("before-restore-")
        })
        .count();
    assert_eq!(kept, 1);
    // No call of any kind.
    assert_eq!(desk.delivery(&soon)["state"], "held");
    assert_eq!(desk.delivery(&soon)["reason"], "restored");
    let refused = desk.home.allgreen(["daemon"]).run().expect_code(1);
    assert!(refused.stderr.contains("allgreen restore"), "{refused:#?}");
    let standing = desk.json(&["incident", "list", "--open"]);
    assert_eq!(standing[0]["kind"], "store_restored");
    desk.home.allgreen(["check"]).run().expect_code(2);
    for act in [
        vec!["daemon", "--once"],
        vec!["channel", "probe", &channel],
        vec!["channel", "refresh", &channel],
        vec!["post", "send", &later],
    ] {
        let done = desk.home.allgreen(&act).run();
        assert_ne!(done.code, Some(0), "{done:#?}");
    }
    let again = desk
        .home
        .allgreen(["channel", "reconnect", &channel, "--password-stdin"])
        .input("whatever\n")
        .run()
        .expect_code(1);
    assert!(again.stderr.contains("restored"), "{again:#?}");
    assert!(
        ground.proxy().calls("*").is_empty(),
        "{:#?}",
        ground.proxy().calls("*")
    );
    // Another name confirms nothing.
    let wrong = desk
        .home
        .allgreen(["restore", "--confirm-host", "somewhere-else"])
        .run()
        .expect_code(1);
    assert!(wrong.stderr.contains(&host()), "{wrong:#?}");
    desk.home.allgreen(["daemon"]).run().expect_code(1);
    // The right one: what was due since is missed, the rest goes on.
    desk.home
        .allgreen(["restore", "--confirm-host", &host()])
        .run()
        .ok();
    assert_eq!(desk.delivery(&soon)["state"], "missed");
    assert_eq!(desk.delivery(&later)["state"], "scheduled");
    let daemon = desk.home.daemon();
    let fresh = desk.schedule(&channel, "and on", "in 1s");
    desk.wait_for_state(&fresh, "published");
    let texts: Vec<_> = ground.posts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["once", "and on"], "nothing went out twice");
    daemon.terminate(PATIENCE);
}

#[test]
fn row_32_a_send_that_was_under_way_in_the_backup_is_looked_up_and_not_repeated() {
    let ground = Simulated::new();
    let desk = Desk::new(&ground.config());
    let channel = desk.connect(&ground.handle(), &ground.app_password());
    let post = desk.schedule(&channel, "under way", "in 1s");
    desk.home
        .allgreen(["daemon"])
        .fault("C6.before")
        .spawn()
        .wait(PATIENCE)
        .expect_killed();
    assert_eq!(desk.path(&post).0, "sending");
    // A copy as a person makes one of a store nobody has open.
    let copy = desk.home.file("by-hand.db");
    let db = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    db.execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    drop(db);
    fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    desk.home
        .allgreen([
            "restore",
            copy.to_str().unwrap(),
            "--yes",
            "--confirm-host",
            &host(),
        ])
        .run()
        .ok();
    assert_eq!(desk.path(&post).0, "unknown");
    ground.proxy().forget_calls();
    ground.proxy().next(PUT, Fault::LoseAnswer);
    let daemon = desk.home.daemon();
    desk.wait_for_state(&post, "published");
    assert_eq!(ground.posts().len(), 1);
    assert!(ground.proxy().calls(PUT).is_empty(), "read, not sent");
    daemon.terminate(PATIENCE);
}

#[test]
fn row_32_while_somebody_publishes_or_with_a_file_that_is_no_backup_nothing_is_restored() {
    let (_ground, desk, _channel, _posts, backup) = scene();
    let daemon = desk.home.daemon();
    eventually("it publishes", PATIENCE, || {
        desk.json(&["publisher", "show"])["running"] == true
    });
    let refused = desk
        .home
        .allgreen(["restore", &backup, "--yes"])
        .run()
        .expect_code(1);
    assert!(refused.stderr.contains("publisher stop"), "{refused:#?}");
    daemon.terminate(PATIENCE);
    let before = fs::read(desk.home.file("allgreen.db")).unwrap();
    let mut broken = fs::read(&backup).unwrap();
    let half = broken.len() / 2;
    for (name, bytes) in [
        ("half.db", broken[..half].to_vec()),
        ("notes.db", b"these are my holiday notes".to_vec()),
        ("bits.db", {
            for page in 2..20 {
                broken[page * 4096] ^= 0x40;
            }
            broken.clone()
        }),
    ] {
        let file = desk.home.file(name);
        fs::write(&file, bytes).unwrap();
        let refused = desk
            .home
            .allgreen(["restore", file.to_str().unwrap(), "--yes"])
            .run()
            .expect_code(1);
        assert!(
            refused.stderr.contains("cannot be restored"),
            "{refused:#?}"
        );
    }
    assert!(before == fs::read(desk.home.file("allgreen.db")).unwrap());
}

#[test]
fn a_backup_to_take_away_has_no_credentials_is_whole_and_replaces_nothing_unasked() {
    let (ground, desk, channel, [soon, later], _) = scene();
    let file = desk.home.account().join("away.db");
    let name = file.to_str().unwrap();
    desk.home.allgreen(["backup", name]).run().ok();
    let mode = fs::metadata(&file).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o600);
    let refused = desk.home.allgreen(["backup", name]).run().expect_code(1);
    assert!(refused.stderr.contains("--yes"), "{refused:#?}");
    desk.home.allgreen(["backup", name, "--yes"]).run().ok();
    // No sealed value, in no corner of the file.
    let bytes = fs::read(&file).unwrap();
    let db = rusqlite::Connection::open(desk.home.file("allgreen.db")).unwrap();
    let mut rows = db.prepare("SELECT sealed FROM secret").unwrap();
    let sealed: Vec<Vec<u8>> = rows
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!sealed.is_empty());
    for value in &sealed {
        assert!(!bytes.windows(value.len()).any(|window| window == value));
    }
    let key = fs::read_to_string(desk.home.file("key")).unwrap();
    let key = key.trim().rsplit(' ').next().unwrap().as_bytes().to_vec();
    assert!(!bytes.windows(key.len()).any(|window| window == key));
    // Put into an empty home, with a key of its own: everything but the tokens.
    let other = Desk::new(&ground.config());
    let took = other
        .home
        .allgreen(["restore", name, "--yes", "--confirm-host", &host()])
        .run()
        .ok();
    assert!(took.stdout.contains("1 channel to reconnect"), "{took:#?}");
    assert_eq!(other.delivery(&soon)["state"], "published");
    assert_eq!(other.delivery(&later)["state"], "held");
    assert_eq!(other.channel(&channel)["lamp"], "broken");
    other
        .home
        .allgreen(["channel", "reconnect", &channel, "--password-stdin"])
        .input(format!("{}\n", ground.app_password()))
        .run()
        .ok();
    assert_eq!(other.channel(&channel)["lamp"], "green");
    assert_eq!(other.delivery(&later)["state"], "scheduled");
}
