//! Backups (reliability 3, rows 25, 32): what has a backup's name is whole, is
//! its owner's alone, and opens again with its tokens.

use std::fs;

use allgreen::domain::delivery::State;
use allgreen::store::{Store, StoreError};

use crate::store_room::{NOW, Room, mode, number, options, paths, raw};

fn names(room: &Room) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(room.paths().backups)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_a_day_is_verified_kept_for_seven_days_and_its_owners_alone() {
    let room = Room::new(1);
    for day in 10..20 {
        let path = room
            .store
            .backup_daily(&format!("2026-11-{day}"))
            .await
            .unwrap();
        assert_eq!(mode(&path), 0o600);
        let copy = raw(&path);
        let verdict: String = copy
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        assert_eq!(number(&copy, "SELECT count(*) FROM workspace"), 1);
    }
    let expected: Vec<_> = (13..20)
        .map(|day| format!("daily-2026-11-{day}.db"))
        .collect();
    assert_eq!(names(&room), expected);
    assert_eq!(mode(&room.paths().backups), 0o700);
    // Another kind is not counted among the days.
    let other = room.paths().backups.join("before-schema-2.db");
    fs::copy(room.paths().backups.join(&expected[0]), &other).unwrap();
    room.store.backup_daily("2026-11-20").await.unwrap();
    assert_eq!(names(&room).len(), 8);
    assert!(other.exists());
}

#[tokio::test]
async fn the_same_day_again_keeps_the_backup_that_is_there() {
    let room = Room::new(1);
    let path = room.store.backup_daily("2026-11-20").await.unwrap();
    let before = fs::read(&path).unwrap();
    room.write(|tx| tx.set_setting("later", Some("1"))).await;
    assert_eq!(room.store.backup_daily("2026-11-20").await.unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn an_interrupted_copy_never_has_a_backups_name_and_is_cleared_away() {
    let room = Room::new(1);
    room.store.backup_daily("2026-11-20").await.unwrap();
    let backups = room.paths().backups;
    fs::write(backups.join("daily-2026-11-21.partial"), "half a copy").unwrap();
    fs::write(backups.join("daily-2026-11-18.scratch"), "half a copy").unwrap();
    assert!(!names(&room).contains(&"daily-2026-11-21.db".into()));
    room.store.backup_daily("2026-11-21").await.unwrap();
    assert_eq!(names(&room), ["daily-2026-11-20.db", "daily-2026-11-21.db"]);
    // Where none can be written, the error says so and none appears.
    fs::remove_dir_all(&backups).unwrap();
    fs::write(&backups, "a file in its place").unwrap();
    let error = room.store.backup_daily("2026-11-22").await.unwrap_err();
    assert!(matches!(error, StoreError::Io(_)), "{error}");
}

#[tokio::test]
async fn a_damaged_store_is_not_made_into_a_backup() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    room.schedule(&channel, 400, NOW);
    let root = number(
        &room.raw(),
        "SELECT rootpage FROM sqlite_schema WHERE name = 'delivery'",
    );
    let dir = room.close().await;
    let database = paths(dir.path()).database;
    let mut bytes = fs::read(&database).unwrap();
    // The kind of the table's first page.
    bytes[usize::try_from(root - 1).unwrap() * 4096] ^= 0x40;
    fs::write(&database, &bytes).unwrap();
    let store = Store::open(options(dir.path(), 2)).unwrap();
    let error = store.backup_daily("2026-11-20").await.unwrap_err();
    assert!(
        matches!(
            &error,
            StoreError::Refused {
                code: "corrupt",
                ..
            }
        ),
        "{error}"
    );
    let left: Vec<_> = fs::read_dir(paths(dir.path()).backups)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != ".lock")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn row_32_a_restored_backup_opens_with_its_posts_and_tokens() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    room.schedule(&channel, 20, NOW);
    room.store.backup_daily("2026-11-20").await.unwrap();
    room.schedule(&channel, 5, NOW);
    let dir = room.close().await;
    let paths = paths(dir.path());
    fs::write(&paths.database, "damaged beyond repair").unwrap();
    fs::copy(paths.backups.join("daily-2026-11-20.db"), &paths.database).unwrap();

    let store = Store::open(options(dir.path(), 3)).unwrap();
    store.read(|q| q.check()).await.unwrap();
    let id = login.clone();
    let opened = store.read(move |q| q.open_pair(&id)).await.unwrap();
    assert_eq!(opened.access.expose(), "access-did:one");
    let summary = store
        .read(move |q| q.channel_summary(&channel))
        .await
        .unwrap();
    assert_eq!(summary.count(State::Scheduled), 20);
    assert_eq!(summary.next_due, Some(NOW));
    // And it can be written again, durably.
    store
        .write(|tx| tx.set_setting("restored", Some("studio")))
        .await
        .unwrap();
    assert!(store.read(|q| q.restored()).await.unwrap());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_others_write_is_one_moment_of_the_store() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    let foreign = Store::open(options(room.dir.path(), 9)).unwrap();
    let writing = tokio::spawn(async move {
        for n in 0..40 {
            foreign
                .write(move |tx| {
                    tx.set_setting("left", Some(&n.to_string()))?;
                    tx.set_setting("right", Some(&n.to_string()))
                })
                .await
                .unwrap();
        }
    });
    room.schedule(&channel, 300, NOW);
    for day in 10..16 {
        let path = room
            .store
            .backup_daily(&format!("2026-11-{day}"))
            .await
            .unwrap();
        let copy = raw(&path);
        let differ = "SELECT count(DISTINCT value) FROM setting WHERE key IN ('left', 'right')";
        assert!(number(&copy, differ) <= 1);
    }
    writing.await.unwrap();
}
