//! Disconnecting for good (product E, reliability 2.10, 3; row 30): afterwards
//! no byte of the tokens is in any file of ours, and a scan could have seen one.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use allgreen::domain::delivery::State;
use allgreen::domain::ids::{ChannelId, LoginId};
use allgreen::store::{Store, StoreError};

use crate::store_room::{NOW, Room, bytes_of, later, new_login, number, options, pair};

/// How much of a value is looked for: none of its pieces may survive.
const PIECE: usize = 16;

/// The pieces of every sealed value seen so far, per owner.
#[derive(Default)]
struct Seen(HashSet<(String, [u8; PIECE])>);

impl Seen {
    /// Reads the secret table as another program would.
    fn look(&mut self, room: &Room) {
        let raw = room.raw();
        let mut statement = raw.prepare("SELECT owner_id, sealed FROM secret").unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (owner, sealed): (String, Vec<u8>) = (row.get(0).unwrap(), row.get(1).unwrap());
            for piece in sealed[1..].chunks_exact(PIECE) {
                self.0.insert((owner.clone(), piece.try_into().unwrap()));
            }
        }
    }

    /// The files that hold a piece of what these owners had, with how many.
    fn found(&self, dir: &Path, owners: &[&str]) -> Vec<(String, usize)> {
        let wanted: HashSet<&[u8]> = self
            .0
            .iter()
            .filter(|(owner, _)| owners.contains(&owner.as_str()))
            .map(|(_, piece)| piece.as_slice())
            .collect();
        assert!(!wanted.is_empty(), "nothing to look for");
        scan(dir, &|bytes| pieces(bytes, PIECE, &wanted))
    }
}

/// How many windows of `bytes` are among `wanted`, all of which have `length`
/// bytes. Asks the set only where the first two bytes fit: this runs over
/// megabytes in a debug build.
fn pieces(bytes: &[u8], length: usize, wanted: &HashSet<&[u8]>) -> usize {
    let index = |at: &[u8]| usize::from(at[0]) << 8 | usize::from(at[1]);
    let mut firsts = vec![false; 1 << 16];
    for piece in wanted {
        firsts[index(piece)] = true;
    }
    let mut found = 0;
    let mut at = 0;
    while at + length <= bytes.len() {
        if firsts[index(&bytes[at..])] && wanted.contains(&bytes[at..at + length]) {
            found += 1;
        }
        at += 1;
    }
    found
}

/// The files of a store, the shared-memory index included, in which `count`
/// finds something.
fn scan(dir: &Path, count: &dyn Fn(&[u8]) -> usize) -> Vec<(String, usize)> {
    let mut files: Vec<_> = bytes_of(dir)
        .into_iter()
        .map(|(path, _, bytes)| (path, bytes))
        .collect();
    let index = dir.join("allgreen.db-shm");
    if let Ok(bytes) = fs::read(&index) {
        files.push((index, bytes));
    }
    files
        .into_iter()
        .map(|(path, bytes)| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                count(&bytes),
            )
        })
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// Files that hold a plaintext of ours: never any, at no time.
fn plaintexts(dir: &Path) -> Vec<(String, usize)> {
    let wanted = HashSet::from([&b"canary-"[..]]);
    scan(dir, &|bytes| pieces(bytes, 7, &wanted))
}

/// Refreshes a login with marked tokens.
async fn refresh(room: &Room, login: &LoginId, generation: i64) {
    let id = login.clone();
    room.write(move |tx| {
        let text = |what: &str| format!("canary-{what}-{id}-{generation}-{}", "x".repeat(60));
        let pair = pair(
            &text("access"),
            Some(&text("refresh")),
            Some(&text("password")),
        );
        tx.seal_pair(&id, generation, &pair, NOW)?;
        if generation > 0 {
            tx.forget_older(&id, generation)?;
        }
        Ok(())
    })
    .await;
}

async fn disconnect(room: &Room, channel: &ChannelId, wipe: bool) -> Option<LoginId> {
    let (id, by) = (channel.clone(), room.operator.clone());
    room.write(move |tx| tx.disconnect_channel(&id, &by, later(60), wipe))
        .await
        .wiped_login
}

/// One login with four generations, backups in between, one channel.
async fn used(seen: &mut Seen) -> (Room, LoginId, ChannelId) {
    let room = Room::new(1);
    let new = new_login(&room.store, "did:one");
    let login = room.write(move |tx| tx.ensure_login(&new, NOW)).await;
    let channel = room.channel(&login, "acme").await;
    for generation in 0..4 {
        refresh(&room, &login, generation).await;
        seen.look(&room);
        room.store
            .backup_daily(&format!("2026-11-2{generation}"))
            .await
            .unwrap();
    }
    (room, login, channel)
}

#[tokio::test]
async fn after_a_disconnect_no_byte_of_any_generation_is_in_any_file() {
    let mut seen = Seen::default();
    let (room, login, channel) = used(&mut seen).await;
    let owners = [login.as_str()];
    let dir = room.dir.path();
    let before = seen.found(dir, &owners);
    let files: Vec<_> = before.iter().map(|(file, _)| file.as_str()).collect();
    assert!(files.contains(&"allgreen.db-wal"), "{files:?}");
    assert_eq!(
        files
            .iter()
            .filter(|file| file.starts_with("daily-"))
            .count(),
        4
    );

    let wiped = disconnect(&room, &channel, true).await;
    assert_eq!(wiped.as_ref(), Some(&login));
    assert!(room.store.finish_wipe().await.unwrap());
    let kept = seen.found(dir, &owners);
    assert!(
        kept.iter().all(|(file, _)| file.starts_with("daily-")),
        "{kept:?}"
    );
    assert_eq!(room.store.wipe_backups(&login).await.unwrap(), 4);
    assert_eq!(seen.found(dir, &owners), []);
    assert_eq!(plaintexts(dir), []);
    // Nothing is left to do, and doing it again changes nothing.
    assert!(room.store.finish_wipe().await.unwrap());
    assert_eq!(room.store.finish_backup_wipes().await.unwrap(), 0);
    room.store.read(|q| q.check()).await.unwrap();
    let dir = room.close().await;
    assert_eq!(seen.found(dir.path(), &owners), []);
    // The rewritten backups are whole and only lack the tokens.
    for day in 0..4 {
        let backup =
            crate::store_room::raw(&dir.path().join(format!("backups/daily-2026-11-2{day}.db")));
        assert_eq!(number(&backup, "SELECT count(*) FROM secret"), 0);
        assert_eq!(number(&backup, "SELECT count(*) FROM channel"), 1);
    }
}

#[tokio::test]
async fn without_the_wipe_the_scan_finds_them() {
    let mut seen = Seen::default();
    let (room, login, channel) = used(&mut seen).await;
    disconnect(&room, &channel, false).await;
    assert!(room.store.finish_wipe().await.unwrap());
    room.store.wipe_backups(&login).await.unwrap();
    let left = seen.found(room.dir.path(), &[login.as_str()]);
    assert!(
        left.iter().any(|(file, _)| file == "allgreen.db"),
        "{left:?}"
    );
}

#[tokio::test]
async fn right_after_the_transaction_the_bytes_are_still_there_so_finishing_matters() {
    let mut seen = Seen::default();
    let (room, login, channel) = used(&mut seen).await;
    disconnect(&room, &channel, true).await;
    let left = seen.found(room.dir.path(), &[login.as_str()]);
    assert!(
        left.iter().any(|(file, _)| file == "allgreen.db-wal"),
        "{left:?}"
    );
}

#[tokio::test]
async fn two_hundred_logins_whose_pages_were_split_and_merged_leave_nothing_of_the_wiped_ones() {
    let room = Room::new(1);
    let mut seen = Seen::default();
    let new: Vec<_> = (0..200)
        .map(|n| {
            let login = new_login(&room.store, &format!("did:{n}"));
            let channel = room.new_channel(&login.id, &format!("c{n}"));
            (login, channel)
        })
        .collect();
    let channels: Vec<_> = new.iter().map(|(_, channel)| channel.id.clone()).collect();
    let logins = room
        .write(move |tx| {
            let mut logins = Vec::new();
            for (login, channel) in &new {
                logins.push(tx.ensure_login(login, NOW)?);
                tx.add_channel(channel, NOW)?;
            }
            Ok(logins)
        })
        .await;
    // Refreshed in an order that goes through the pages back and forth, with
    // values of changing length, so that pages split and merge.
    for generation in 0..4 {
        let order: Vec<_> = (0..200).map(|n| logins[(n * 73) % 200].clone()).collect();
        room.write(move |tx| {
            for (n, id) in order.iter().enumerate() {
                let text = |what: &str| {
                    let length =
                        20 + (n * 37 + usize::try_from(generation).unwrap_or(0) * 501) % 600;
                    format!("canary-{what}-{id}-{generation}-{}", "y".repeat(length))
                };
                let pair = pair(&text("access"), Some(&text("refresh")), None);
                tx.seal_pair(id, generation, &pair, NOW)?;
                if n % 3 > 0 {
                    tx.forget_older(id, generation)?;
                }
            }
            Ok(())
        })
        .await;
        seen.look(&room);
    }
    room.store.backup_daily("2026-11-21").await.unwrap();
    let gone: Vec<usize> = (0..200).filter(|n| n % 8 == 3).collect();
    for n in &gone {
        assert!(disconnect(&room, &channels[*n], true).await.is_some());
        seen.look(&room);
    }
    let owners: Vec<_> = gone.iter().map(|n| logins[*n].as_str()).collect();
    assert!(!seen.found(room.dir.path(), &owners).is_empty());
    assert!(room.store.finish_wipe().await.unwrap());
    // One call rewrites the backups without everybody who is noted.
    assert_eq!(room.store.wipe_backups(&logins[gone[0]]).await.unwrap(), 1);
    assert_eq!(seen.found(room.dir.path(), &owners), []);
    assert_eq!(plaintexts(room.dir.path()), []);
    for (n, login) in logins.iter().enumerate() {
        let id = login.clone();
        let opened = room.store.read(move |q| q.open_pair(&id)).await;
        if gone.contains(&n) {
            assert!(matches!(opened, Err(StoreError::NotFound(_))));
        } else {
            let access = opened.unwrap().access;
            assert!(
                access
                    .expose()
                    .starts_with(&format!("canary-access-{login}-3-"))
            );
        }
    }
    room.store.read(|q| q.check()).await.unwrap();
}

#[tokio::test]
async fn siblings_keep_the_login_and_the_last_one_ends_it() {
    let mut seen = Seen::default();
    let (room, login, first) = used(&mut seen).await;
    let second = room.channel(&login, "sibling").await;
    // A page token is the channel's own.
    let raw = room.raw();
    for channel in [&first, &second] {
        raw.execute(
            "INSERT INTO secret (owner_kind, owner_id, field, generation, sealed) VALUES ('channel', ?1, 'page', 1, randomblob(120))",
            [channel.as_str()],
        )
        .unwrap();
    }
    seen.look(&room);
    room.store.backup_daily("2026-11-29").await.unwrap();

    assert_eq!(disconnect(&room, &first, true).await, None);
    assert!(room.store.finish_wipe().await.unwrap());
    assert!(room.store.finish_backup_wipes().await.unwrap() > 0);
    let dir = room.dir.path();
    assert_eq!(seen.found(dir, &[first.as_str()]), [], "its page token");
    assert!(!seen.found(dir, &[second.as_str()]).is_empty());
    let id = login.clone();
    let opened = room.store.read(move |q| q.open_pair(&id)).await.unwrap();
    assert!(opened.access.expose().starts_with("canary-access-"));
    let id = second.clone();
    let counts = room.store.read(move |q| q.disconnect_counts(&id)).await;
    assert_eq!(counts.unwrap().siblings, 0, "a disconnected one is none");

    assert_eq!(disconnect(&room, &second, true).await, Some(login.clone()));
    assert!(room.store.finish_wipe().await.unwrap());
    room.store.wipe_backups(&login).await.unwrap();
    assert_eq!(seen.found(dir, &[login.as_str(), second.as_str()]), []);
}

#[tokio::test]
async fn row_30_a_long_reader_delays_the_wipe_and_it_stays_pending_over_a_restart() {
    let mut seen = Seen::default();
    let (room, login, channel) = used(&mut seen).await;
    let reader = room.raw();
    reader.execute_batch("BEGIN").unwrap();
    number(&reader, "SELECT count(*) FROM secret");
    disconnect(&room, &channel, true).await;
    assert!(!room.store.finish_wipe().await.unwrap());
    assert!(!seen.found(room.dir.path(), &[login.as_str()]).is_empty());
    // Writing goes on meanwhile.
    room.write(|tx| tx.set_setting("meanwhile", Some("1")))
        .await;
    let dir = room.close().await;
    let store = Store::open(options(dir.path(), 2)).unwrap();
    assert!(!store.finish_wipe().await.unwrap(), "still pending");
    drop(reader);
    assert!(store.finish_wipe().await.unwrap());
    let left = seen.found(dir.path(), &[login.as_str()]);
    assert!(
        left.iter().all(|(file, _)| file.starts_with("daily-")),
        "{left:?}"
    );
    // So does the rewriting of the backups, which a crash kept from happening.
    assert_eq!(store.finish_backup_wipes().await.unwrap(), 4);
    assert_eq!(seen.found(dir.path(), &[login.as_str()]), []);
    assert_eq!(store.finish_backup_wipes().await.unwrap(), 0);
}

#[tokio::test]
async fn copies_that_a_crash_left_half_made_are_wiped_as_well() {
    let mut seen = Seen::default();
    let (room, login, channel) = used(&mut seen).await;
    let backups = room.paths().backups;
    for name in ["daily-2026-11-20.partial", "daily-2026-11-19.scratch"] {
        fs::copy(backups.join("daily-2026-11-20.db"), backups.join(name)).unwrap();
    }
    disconnect(&room, &channel, true).await;
    assert!(room.store.finish_wipe().await.unwrap());
    room.store.wipe_backups(&login).await.unwrap();
    assert_eq!(seen.found(room.dir.path(), &[login.as_str()]), []);
}

#[tokio::test]
async fn a_hub_without_backups_disconnects_without_an_error() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    disconnect(&room, &channel, true).await;
    assert!(room.store.finish_wipe().await.unwrap());
    assert_eq!(room.store.wipe_backups(&login).await.unwrap(), 0);
    assert!(!room.paths().backups.exists());
}

#[tokio::test]
async fn e_a_disconnect_takes_what_its_counts_say_and_leaves_the_rest() {
    let room = Room::new(1);
    let login = room.login("did:one").await;
    let channel = room.channel(&login, "acme").await;
    let other = room.channel(&login, "other").await;
    let ids: Vec<String> = room
        .schedule(&channel, 9, NOW)
        .iter()
        .map(ToString::to_string)
        .collect();
    let theirs = room.schedule(&other, 2, NOW);
    let drafts = room.deliveries(&channel, 3, NOW, State::Draft);
    let raw = room.raw();
    let go = |at: usize, to: &str| {
        raw.execute(
            "UPDATE delivery SET state = ?2 WHERE id = ?1",
            [&ids[at], to],
        )
        .unwrap();
    };
    go(1, "missed");
    go(2, "failed");
    go(3, "failed");
    for at in 4..8 {
        go(at, "sending");
    }
    go(5, "unknown");
    go(6, "confirming");
    // One draft has a past: an undo brought it back after it was prepared.
    raw.execute(
        "INSERT INTO attempt (id, delivery_id, attempt_no, term, channel_epoch, generation, idem_key, phase, prepared_at)
         VALUES ('try_1', ?1, 1, 1, 1, 1, 'k', 'closed', 0), ('try_2', ?2, 1, 1, 1, 1, 'k', 'closed', 0)",
        [drafts[0].as_str(), ids[7].as_str()],
    )
    .unwrap();
    // And a draft of a thread on which a scheduled part hangs.
    raw.execute(
        "UPDATE delivery SET after_id = ?1 WHERE id = ?2",
        [drafts[1].as_str(), ids[8].as_str()],
    )
    .unwrap();
    raw.execute(
        "INSERT INTO verdict (attempt_id, delivery_id, at, kind) VALUES ('try_2', ?1, 1, 'published')",
        [&ids[7]],
    )
    .unwrap();
    raw.execute(
        "UPDATE delivery SET state = 'published', published_at = 1 WHERE id = ?1",
        [&ids[7]],
    )
    .unwrap();
    for (table, columns) in [
        ("metric", "(channel_id, remote_id, name, value, fetched_at)"),
        (
            "comment",
            "(channel_id, remote_id, author, text, created_at)",
        ),
    ] {
        for owner in [&channel, &other] {
            let last = if table == "comment" { "0, 0" } else { "0" };
            let columns = columns.replace("created_at)", "created_at, fetched_at)");
            raw.execute(
                &format!("INSERT INTO {table} {columns} VALUES (?1, 'r', 'n', 1, {last})"),
                [owner.as_str()],
            )
            .unwrap();
        }
    }

    let id = channel.clone();
    let told = room
        .store
        .read(move |q| q.disconnect_counts(&id))
        .await
        .unwrap();
    let (id, by) = (channel.clone(), room.operator.clone());
    let done = room
        .write(move |tx| tx.disconnect_channel(&id, &by, later(60), true))
        .await;
    assert_eq!(done.counts, told, "what the dialog said is what happened");
    assert_eq!(
        (
            told.scheduled,
            told.missed,
            told.failed,
            told.drafts,
            told.open,
            told.published
        ),
        (2, 1, 2, 3, 3, 1)
    );
    assert_eq!((told.metrics, told.comments, told.siblings), (1, 1, 1));
    assert_eq!(done.wiped_login, None);

    let state = |id: &str| -> String {
        raw.query_row("SELECT state FROM delivery WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .unwrap()
    };
    for (at, expected) in [
        "cancelled",
        "cancelled",
        "cancelled",
        "cancelled",
        "unknown",
        "unknown",
        "confirming",
        "published",
        "cancelled",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(state(&ids[at]), *expected, "delivery {at}");
    }
    for id in &theirs {
        assert_eq!(state(id.as_str()), "scheduled", "another channel's");
    }
    assert_eq!(state(drafts[0].as_str()), "cancelled", "it has a past");
    assert_eq!(state(drafts[1].as_str()), "cancelled", "a part hangs on it");
    let gone = format!("SELECT count(*) FROM delivery WHERE id = '{}'", drafts[2]);
    assert_eq!(number(&raw, &gone), 0);
    for table in ["metric", "comment"] {
        let rows = format!("SELECT count(*) FROM {table} WHERE channel_id = ");
        assert_eq!(number(&raw, &format!("{rows}'{channel}'")), 0);
        assert_eq!(number(&raw, &format!("{rows}'{other}'")), 1);
    }
    let id = channel.clone();
    let row = room.store.read(move |q| q.channel(&id)).await.unwrap();
    assert_eq!(row.login_id, None);
    assert_eq!(row.disconnected_at, Some(later(60)));
    assert!(!row.can_send());
    let id = channel.clone();
    let history = room.store.read(move |q| q.history(&id, 5)).await.unwrap();
    assert_eq!(
        (history[0].kind.as_str(), history[0].by.as_ref()),
        ("disconnected", Some(&room.operator))
    );

    // Again: nothing changes, and the counts say so.
    let change = row.change;
    let (id, by) = (channel.clone(), room.operator.clone());
    let again = room
        .write(move |tx| tx.disconnect_channel(&id, &by, later(90), true))
        .await;
    assert_eq!(
        (
            again.wiped_login,
            again.counts.scheduled,
            again.counts.published
        ),
        (None, 0, 1)
    );
    let row = room.store.read(move |q| q.channel(&channel)).await.unwrap();
    assert_eq!((row.change, row.disconnected_at), (change, Some(later(60))));
}
