//! The one writer (reliability 3, row 29): many writes share a durable commit,
//! each is whole or not at all, and a foreign lock only delays.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use allgreen::domain::ids::{ChannelId, IncidentId};
use allgreen::store::{Store, StoreError, Tx};

use crate::store_room::{Room, number, parts, read_only};

/// How many commits the log holds, read from its frames
/// (<https://www.sqlite.org/fileformat2.html#walformat>): the last frame of a
/// commit says how many pages the file has after it.
fn commits(room: &Room) -> usize {
    let mut log = room.paths().database.into_os_string();
    log.push("-wal");
    let log = fs::read(log).unwrap();
    log.get(32..)
        .unwrap_or_default()
        .chunks_exact(24 + 4096)
        .filter(|frame| frame[4..8] != [0; 4])
        .count()
}

fn set(tx: &Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.set_setting(name, Some("1"))
}

/// Keeps the writer busy with one write until the sender is dropped, so that
/// whatever is asked meanwhile waits together. Returns once it is busy.
async fn hold(room: &Room) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let store = room.store.clone();
    let holding = tokio::spawn(async move {
        store
            .write(move |_| {
                begin.send(()).unwrap();
                // An error says that the other side let go.
                let _ = wait.recv();
                Ok(())
            })
            .await
            .unwrap();
    });
    begun.await.unwrap();
    (go, holding)
}

/// What is written.
type Write = Box<dyn FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send>;

/// Asks for many writes at once, behind one that holds the writer.
async fn together(room: &Room, writes: Vec<Write>) -> Vec<Result<(), StoreError>> {
    let (go, holding) = hold(room).await;
    let mut asked = Vec::new();
    for write in writes {
        let store = room.store.clone();
        asked.push(tokio::spawn(async move {
            store.write(move |tx| write(tx)).await
        }));
    }
    // On this one-threaded runtime: every task has handed its write over.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    drop(go);
    holding.await.unwrap();
    let mut results = Vec::new();
    for one in asked {
        results.push(one.await.unwrap());
    }
    results
}

#[tokio::test]
async fn sixty_four_writes_at_once_share_a_commit() {
    let room = Room::new(1);
    let before = commits(&room);
    let writes = (0..64)
        .map(|n| Box::new(move |tx: &Tx<'_>| set(tx, &format!("n{n}"))) as Box<_>)
        .collect();
    let results = together(&room, writes).await;
    assert!(results.iter().all(Result::is_ok));
    let raw = room.raw();
    assert_eq!(
        number(&raw, "SELECT count(*) FROM setting WHERE key LIKE 'n%'"),
        64
    );
    // The holding write changed nothing, and nothing is what it wrote. A busy
    // machine may let the writer begin before the last of them has handed over.
    assert!(commits(&room) - before <= 3);
}

#[tokio::test]
async fn two_hundred_writes_at_once_need_four_commits() {
    let room = Room::new(1);
    let before = commits(&room);
    let writes = (0..200)
        .map(|n| Box::new(move |tx: &Tx<'_>| set(tx, &format!("n{n}"))) as Box<_>)
        .collect();
    assert!(together(&room, writes).await.iter().all(Result::is_ok));
    assert_eq!(commits(&room) - before, 4);
}

#[tokio::test]
async fn a_write_that_fails_or_panics_takes_only_itself_back() {
    let room = Room::new(1);
    let writes: Vec<Write> = vec![
        Box::new(|tx| set(tx, "first")),
        Box::new(|tx| {
            set(tx, "failing")?;
            Err(StoreError::NotFound("reason to go on".into()))
        }),
        Box::new(|tx| set(tx, "middle")),
        Box::new(|tx| {
            set(tx, "panicking")?;
            panic!("a defect in one use case")
        }),
        Box::new(|tx| {
            set(tx, "against a rule")?;
            // Neither is there: the database refuses the reference.
            tx.touch_incident(
                &IncidentId::from_stored("inc_x"),
                &ChannelId::from_stored("soc_x"),
            )
        }),
        Box::new(|tx| set(tx, "last")),
    ];
    let results = together(&room, writes).await;
    assert!(results[0].is_ok() && results[2].is_ok() && results[5].is_ok());
    assert!(matches!(&results[1], Err(StoreError::NotFound(_))));
    let panicked = results[3].as_ref().unwrap_err();
    assert!(matches!(panicked, StoreError::Rule(_)), "{panicked}");
    assert!(panicked.to_string().contains("panicked"), "{panicked}");
    assert!(matches!(&results[4], Err(StoreError::Rule(_))));
    let raw = room.raw();
    let mut names = raw
        .prepare("SELECT key FROM setting WHERE key NOT IN ('vault_id', 'key_id', 'instance_id') ORDER BY key")
        .unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(names, ["first", "last", "middle"]);
    // And the writer lives on.
    room.write(|tx| set(tx, "afterwards")).await;
}

#[tokio::test]
async fn a_read_that_panics_takes_no_reader_with_it() {
    let room = Room::new(1);
    for _ in 0..4 {
        let result: Result<(), _> = room.store.read(|_| panic!("a defect in one view")).await;
        let error = result.unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
    }
    room.write(|tx| set(tx, "seen")).await;
    let seen = room.store.read(|q| q.setting("seen")).await.unwrap();
    assert_eq!(seen.as_deref(), Some("1"), "no reader is stuck in the past");
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_file_before_its_caller_knows() {
    let room = Room::new(1);
    for n in 0..20 {
        let name = format!("n{n}");
        room.write(move |tx| set(tx, &name)).await;
        // Copied without closing: what a crash right now would leave.
        let crash = tempfile::tempdir().unwrap();
        for file in ["allgreen.db", "allgreen.db-wal"] {
            fs::copy(room.dir.path().join(file), crash.path().join(file)).unwrap();
        }
        let left = crate::store_room::raw(&crash.path().join("allgreen.db"));
        let sql = format!("SELECT count(*) FROM setting WHERE key = 'n{n}'");
        assert_eq!(number(&left, &sql), 1, "write {n}");
    }
}

#[tokio::test]
async fn a_write_whose_caller_went_away_is_done_all_the_same() {
    let room = Room::new(1);
    let (go, holding) = hold(&room).await;
    let store = room.store.clone();
    let asked = tokio::spawn(async move { store.write(|tx| set(tx, "orphan")).await });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    asked.abort();
    drop(go);
    holding.await.unwrap();
    // Whatever is asked later comes later.
    room.write(|tx| set(tx, "later")).await;
    let orphan = room.store.read(|q| q.setting("orphan")).await.unwrap();
    assert_eq!(orphan.as_deref(), Some("1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_29_a_foreign_lock_of_six_seconds_delays_writes_while_reads_go_on() {
    let room = Room::new(1);
    let foreign = room.raw();
    foreign
        .execute_batch("BEGIN IMMEDIATE; INSERT INTO setting VALUES ('foreign', '1')")
        .unwrap();
    let store = room.store.clone();
    let mut write = tokio::spawn(async move { store.write(|tx| set(tx, "ours")).await });
    // Longer than one try of five seconds, told by the clock of the runtime.
    let locked = Duration::from_secs(6);
    let mut reads = 0_u32;
    let waited = tokio::time::timeout(locked, async {
        loop {
            tokio::select! {
                _ = &mut write => return,
                read = room.store.read(|q| q.setting("ours")) => {
                    assert_eq!(read.unwrap(), None);
                    reads += 1;
                    tokio::task::yield_now().await;
                }
            }
        }
    })
    .await;
    assert!(waited.is_err(), "the write must wait for the lock");
    assert!(reads > 100, "{reads} reads in six seconds");
    foreign.execute_batch("COMMIT").unwrap();
    write.await.unwrap().unwrap();
    let both = number(
        &room.raw(),
        "SELECT count(*) FROM setting WHERE key IN ('ours', 'foreign')",
    );
    assert_eq!(both, 2);
}

#[tokio::test]
async fn a_store_opened_read_only_refuses_every_write_and_reads_on() {
    let room = Room::new(1);
    room.write(|tx| set(tx, "there")).await;
    let look = Store::open(read_only(room.dir.path())).unwrap();
    let error = look.write(|tx| set(tx, "more")).await.unwrap_err();
    let (code, what, hint) = parts(&error);
    assert_eq!(code, "read_only");
    assert!(what.contains("read-only") && hint.contains("--read-only"));
    let there = look.read(|q| q.setting("there")).await.unwrap();
    assert_eq!(there.as_deref(), Some("1"));
    look.close().await;
}
