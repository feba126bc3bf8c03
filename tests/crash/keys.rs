//! Rows 44 and 45 with the real program: the key is changed, lost, wrong. What
//! is sealed is never overwritten, and nothing is lost that a key opens.

use std::fs;
use std::time::Duration;

use allgreen::support::clock::Clock;

use crate::common::crashes::Ground;
use crate::common::program::Desk;
use crate::common::simulated::desk;
use crate::common::{PATIENCE, eventually};

fn key(desk: &Desk) -> String {
    fs::read_to_string(desk.home.file("key")).unwrap()
}

/// That the tokens open: a proof needs them.
fn proves(desk: &Desk, channel: &str) {
    desk.home.allgreen(["channel", "probe", channel]).run().ok();
}

#[test]
fn a_changed_key_reseals_everything_while_a_daemon_publishes_and_reads_on() {
    let (ground, desk, channel) = desk();
    let daemon = desk.home.daemon();
    eventually("a backup is there", PATIENCE, || {
        fs::read_dir(desk.home.file("backups")).is_ok_and(|list| list.count() > 1)
    });
    let (old_key, old_sealed) = (key(&desk), desk.sealed());
    let done = desk.json(&["key", "rotate"]);
    assert_eq!(done["finished"], true);
    assert_eq!(done["damaged"], 0);
    assert_eq!(done["backups"], 1);
    assert_ne!(key(&desk), old_key);
    assert_eq!(key(&desk).lines().count(), 1, "the old key is gone");
    assert!(desk.sealed().iter().all(|one| !old_sealed.contains(one)));
    // The daemon, which began with the old one, goes on with the new one.
    let post = desk.schedule(&channel, "sealed anew", "in 1s");
    desk.wait_for_state(&post, "published");
    proves(&desk, &channel);
    daemon.terminate(PATIENCE);
    // So does a backup of before.
    let backup = fs::read_dir(desk.home.file("backups"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == "db"))
        .unwrap();
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    desk.home
        .allgreen([
            "restore",
            backup.to_str().unwrap(),
            "--yes",
            "--confirm-host",
            &host,
        ])
        .run()
        .ok();
    proves(&desk, &channel);
    assert_eq!(ground.posts().len(), 1);
}

#[test]
fn a_change_of_the_key_killed_at_any_point_leaves_everything_open_and_is_finished_later() {
    for point in [
        "rotate.keys",
        "rotate.within",
        "rotate.sealed",
        "rotate.backup",
        "rotate.done",
    ] {
        let (_ground, desk, channel) = desk();
        desk.home.allgreen(["daemon", "--once"]).run();
        let first = key(&desk);
        desk.home
            .allgreen(["key", "rotate"])
            .fault(point)
            .run()
            .expect_killed();
        proves(&desk, &channel);
        let done = desk.json(&["key", "rotate"]);
        assert_eq!(done["finished"], true, "{point}");
        assert_eq!(key(&desk).lines().count(), 1, "{point}");
        assert_ne!(key(&desk), first, "{point}");
        proves(&desk, &channel);
    }
}

#[test]
fn row_44_without_its_key_the_store_is_read_and_the_way_to_reconnect_is_named() {
    let (ground, desk, channel) = desk();
    let post = desk.schedule(&channel, "waits for the key", "in 1s");
    let clock = Clock::real();
    let over = clock.boot() + Duration::from_secs(1);
    let (right, sealed_before) = (key(&desk), desk.sealed());
    let other = Desk::new(&ground.config());
    other.home.allgreen(["status"]).run().ok();
    let wrong = key(&other);
    for (name, text) in [
        ("lost", None),
        ("of another store", Some(wrong.as_str())),
        ("no key", Some("hello")),
    ] {
        match text {
            None => fs::remove_file(desk.home.file("key")).unwrap(),
            Some(text) => fs::write(desk.home.file("key"), text).unwrap(),
        }
        let status = desk.home.allgreen(["status"]).run().ok();
        assert!(status.took < Duration::from_secs(3), "{name}");
        assert!(
            status.stderr.contains("allgreen backup FILE"),
            "{name}: {status:#?}"
        );
        assert!(status.stderr.contains("reconnect every channel"), "{name}");
        assert_eq!(desk.delivery(&post)["state"], "scheduled", "{name}");
        let refused = desk.home.allgreen(["daemon"]).run().expect_code(1);
        assert!(refused.stderr.contains("key"), "{name}: {refused:#?}");
        for act in [
            vec!["channel", "pause", &channel],
            vec!["key", "rotate"],
            vec!["channel", "probe", &channel],
        ] {
            desk.home.allgreen(&act).run().expect_code(1);
        }
        assert_eq!(desk.sealed(), sealed_before, "{name}: never overwritten");
        assert!(ground.posts().is_empty());
        if text.is_none() {
            assert!(!desk.home.file("key").exists(), "no other key is made");
            fs::write(desk.home.file("key"), &right).unwrap();
            set_private(&desk);
        }
    }
    // The named way: everything but the tokens, under a key of its own. What is
    // in place of the key now is put aside as it is.
    let away = desk.home.account().join("away.db");
    let away = away.to_str().unwrap();
    desk.home.allgreen(["backup", away]).run().ok();
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().into_owned();
    eventually("its time is over", Duration::from_secs(5), || {
        clock.boot() > over
    });
    desk.home
        .allgreen(["restore", away, "--yes", "--confirm-host", &host])
        .run()
        .ok();
    desk.home
        .allgreen(["channel", "reconnect", &channel, "--password-stdin"])
        .input(format!("{}\n", ground.app_password()))
        .run()
        .ok();
    assert_eq!(desk.channel(&channel)["lamp"], "green");
    assert_eq!(desk.delivery(&post)["state"], "missed");
}

fn set_private(desk: &Desk) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(desk.home.file("key"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn row_44_a_key_given_by_the_service_manager_opens_the_store_and_is_not_changed_here() {
    let (_ground, desk, channel) = desk();
    let given = desk.home.account().join("credentials");
    fs::create_dir(&given).unwrap();
    fs::rename(desk.home.file("key"), given.join("allgreen.key")).unwrap();
    let run = |args: &[&str]| {
        desk.home
            .allgreen(args)
            .env("CREDENTIALS_DIRECTORY", &given)
            .run()
    };
    run(&["channel", "probe", &channel]).ok();
    let refused = run(&["key", "rotate"]).expect_code(1);
    assert!(
        refused.stderr.contains("given to this process"),
        "{refused:#?}"
    );
    assert!(!desk.home.file("key").exists());
}
