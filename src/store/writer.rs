//! The one writer of this process: a thread that gathers what is waiting,
//! commits it durably at once, and only then tells everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::error::StoreError;
use super::tx::{Reads, Tx};
use super::vault::Vault;

/// At most this many writes share one commit.
const BATCH: usize = 64;
/// Times the write lock is asked for, 5 s each, before the caller is told.
pub(super) const LOCK_TRIES: usize = 12;

/// One write that waits for its turn.
trait Work: Send {
    /// Runs inside the transaction; whether its changes stay.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Tells the caller, after the commit or instead of it.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

struct One<T, F> {
    work: Option<F>,
    result: Result<T, StoreError>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for One<T, F>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        if let Some(work) = self.work.take() {
            self.result = work(tx);
        }
        self.result.is_ok()
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        // Nobody listens any more when the caller went away.
        let _ = self.caller.send(committed.and(self.result));
    }
}

enum Job {
    Write(Box<dyn Work>),
    Outside(Box<dyn FnOnce(&Connection) + Send>),
}

/// Hands work to the writer thread. The thread ends when this is dropped.
pub struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    /// Starts the thread. It ends after the readers, which hold the other end
    /// of `reading`: only a writer can remove the log, and only the last
    /// connection does. `ended` is told when the file is closed, `busy` while
    /// another process keeps the lock.
    pub fn start(
        db: Connection,
        vault: Arc<Vault>,
        reading: Receiver<()>,
        ended: oneshot::Sender<()>,
        busy: watch::Sender<bool>,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                run(&db, &vault, &busy, &waiting);
                // Nobody sends here: this returns when the last reader is gone.
                let _ = reading.recv();
                drop(db);
                // Nobody listens unless the store is closed on purpose.
                let _ = ended.send(());
            })
            .map_err(|error| StoreError::Io(error.to_string()))?;
        Ok(Self { jobs })
    }

    /// Runs `f` in a transaction and waits for the durable commit.
    pub async fn write<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (caller, told) = oneshot::channel();
        let work = Box::new(One {
            work: Some(f),
            // What the caller hears when `f` panics.
            result: Err(StoreError::Rule("the change panicked".into())),
            caller,
        });
        self.jobs
            .send(Job::Write(work))
            .map_err(|_| StoreError::Closed)?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs `f` between transactions.
    pub async fn outside<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = Job::Outside(Box::new(move |db| {
            let _ = tell.send(f(db));
        }));
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn run(db: &Connection, vault: &Arc<Vault>, busy: &watch::Sender<bool>, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let mut batch = Vec::new();
        let mut outside = None;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Write(work) => batch.push(work),
                Job::Outside(work) => {
                    outside = Some(work);
                    break;
                }
            }
            next = if batch.len() < BATCH {
                waiting.try_recv().ok()
            } else {
                None
            };
        }
        if !batch.is_empty() {
            commit(db, vault, busy, batch);
        }
        if let Some(work) = outside {
            let _ = catch_unwind(AssertUnwindSafe(|| work(db)));
        }
    }
}

fn commit(
    db: &Connection,
    vault: &Arc<Vault>,
    busy: &watch::Sender<bool>,
    batch: Vec<Box<dyn Work>>,
) {
    // One round, unless SQLite gave a whole transaction up on its own.
    let mut waiting = batch.into_iter();
    while waiting.len() > 0 {
        round(db, vault, busy, &mut waiting);
    }
}

fn round(
    db: &Connection,
    vault: &Arc<Vault>,
    busy: &watch::Sender<bool>,
    waiting: &mut std::vec::IntoIter<Box<dyn Work>>,
) {
    if let Err(error) = begin_telling(db, |on| say(busy, on)) {
        let text = error.to_string();
        for work in waiting.by_ref() {
            work.tell(Err(match error {
                StoreError::Busy => StoreError::Busy,
                _ => StoreError::Io(text.clone()),
            }));
        }
        return;
    }
    let tx = Tx(Reads { db, vault });
    let mut done: Vec<Box<dyn Work>> = Vec::with_capacity(waiting.len());
    for mut work in waiting.by_ref() {
        if let Err(error) = db.execute_batch("SAVEPOINT one") {
            work.tell(Err(error.into()));
            continue;
        }
        // A panic in one closure must not take the other writes with it.
        let keep = catch_unwind(AssertUnwindSafe(|| work.run(&tx))).unwrap_or(false);
        if db.is_autocommit() {
            // A full disk or a failed write makes SQLite roll the whole
            // transaction back, not the savepoint. Nothing of this round is
            // left, and whoever went on would write outside of any transaction.
            let lost = || StoreError::Io("SQLite gave the transaction up".into());
            work.tell(if keep { Err(lost()) } else { Ok(()) });
            for work in done {
                work.tell(Err(lost()));
            }
            return;
        }
        let end = if keep {
            "RELEASE one"
        } else {
            "ROLLBACK TO one; RELEASE one"
        };
        match db.execute_batch(end) {
            Ok(()) => done.push(work),
            Err(error) => work.tell(Err(error.into())),
        }
    }
    let committed = db
        .execute_batch("COMMIT")
        .map_err(|error| error.to_string());
    if committed.is_err() && !db.is_autocommit() {
        // After a failed commit SQLite may have rolled back already.
        let _ = db.execute_batch("ROLLBACK");
    }
    for work in done {
        work.tell(committed.clone().map_err(StoreError::Io));
    }
}

/// Tells whoever shows it that another process keeps the lock, or no longer.
fn say(busy: &watch::Sender<bool>, on: bool) {
    let changed = busy.send_if_modified(|told| std::mem::replace(told, on) != on);
    match (changed, on) {
        (true, true) => tracing::warn!("the store is busy: another process keeps its lock"),
        (true, false) => tracing::info!("the store is free again"),
        (false, _) => {}
    }
}

/// Takes the write lock, waiting for as long as another process may keep it.
pub(super) fn begin(db: &Connection) -> Result<(), StoreError> {
    begin_telling(db, |_| {})
}

/// The same, which tells whether it has been waiting for longer than one try.
fn begin_telling(db: &Connection, told: impl Fn(bool)) -> Result<(), StoreError> {
    let mut last = StoreError::Busy;
    for _ in 0..LOCK_TRIES {
        match db
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(StoreError::from)
        {
            Ok(()) => {
                told(false);
                return Ok(());
            }
            Err(StoreError::Busy) => {
                told(true);
                last = StoreError::Busy;
            }
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::store::key_file::Key;
    use crate::support::entropy::Entropy;

    fn file() -> (tempfile::TempDir, Connection, Arc<Vault>) {
        let dir = tempfile::tempdir().unwrap();
        let db = Connection::open(dir.path().join("w.db")).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB)",
        )
        .unwrap();
        let entropy = Entropy::seeded(1);
        let vault = Vault::new(&Key::fresh(&entropy), "v".into(), entropy);
        (dir, db, Arc::new(vault))
    }

    /// Somebody who is told that the store is busy.
    fn idle() -> watch::Sender<bool> {
        watch::Sender::new(false)
    }

    type Told = oneshot::Receiver<Result<usize, StoreError>>;

    fn work(
        f: impl FnOnce(&Tx<'_>) -> Result<usize, StoreError> + Send + 'static,
    ) -> (Box<dyn Work>, Told) {
        let (caller, told) = oneshot::channel();
        let work = One {
            work: Some(f),
            result: Err(StoreError::Closed),
            caller,
        };
        (Box::new(work), told)
    }

    fn insert(n: i64, bytes: usize) -> (Box<dyn Work>, Told) {
        work(move |tx| tx.run("INSERT INTO t VALUES (?1, zeroblob(?2))", (n, bytes)))
    }

    fn rows(db: &Connection) -> Vec<i64> {
        let mut statement = db.prepare("SELECT n FROM t ORDER BY n").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn row_22_a_full_disk_fails_the_writes_it_took_along_and_never_lies_about_the_others() {
        // In the middle of a batch SQLite rolls the whole transaction back.
        let (_dir, db, vault) = file();
        let size: i64 = db
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        db.execute_batch(&format!("PRAGMA max_page_count = {}", size + 4))
            .unwrap();
        let (batch, told): (Vec<_>, Vec<_>) = [
            insert(1, 10),
            insert(2, 10),
            insert(3, 1_000_000),
            insert(4, 10),
            insert(5, 10),
        ]
        .into_iter()
        .unzip();
        commit(&db, &vault, &idle(), batch);
        assert!(db.is_autocommit(), "no transaction stays open");
        let there = rows(&db);
        let mut failed = Vec::new();
        for (n, mut told) in (1..).zip(told) {
            let result = told.try_recv().unwrap();
            assert_eq!(result.is_ok(), there.contains(&n), "write {n}: {result:?}");
            if let Err(error) = result {
                assert!(matches!(error, StoreError::Io(_)), "{error}");
                failed.push(n);
            }
        }
        assert!(failed.contains(&3));
        assert!(there.contains(&5), "those behind it get their turn");
        // Space again: nothing is stuck.
        db.execute_batch("PRAGMA max_page_count = 1000000").unwrap();
        let (again, mut told) = insert(6, 1_000_000);
        commit(&db, &vault, &idle(), vec![again]);
        assert!(told.try_recv().unwrap().is_ok());
    }

    #[test]
    fn a_write_that_hides_a_lost_transaction_is_told_that_nothing_happened() {
        let (_dir, db, vault) = file();
        let (batch, told): (Vec<_>, Vec<_>) = [
            insert(1, 10),
            work(|tx| {
                // What SQLite does on some errors, and the closure overlooks.
                tx.db.execute_batch("ROLLBACK")?;
                Ok(7)
            }),
            insert(3, 10),
        ]
        .into_iter()
        .unzip();
        commit(&db, &vault, &idle(), batch);
        let told: Vec<bool> = told
            .into_iter()
            .map(|mut told| told.try_recv().unwrap().is_ok())
            .collect();
        assert_eq!(told, [false, false, true]);
        assert_eq!(rows(&db), [3]);
    }

    #[test]
    fn a_lock_that_outlasts_the_limit_is_told_as_busy_and_nothing_is_run() {
        let (dir, db, vault) = file();
        db.busy_timeout(Duration::from_millis(2)).unwrap();
        let other = Connection::open(dir.path().join("w.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        static RAN: AtomicUsize = AtomicUsize::new(0);
        let (one, mut told_one) = work(|_| Ok(RAN.fetch_add(1, Ordering::SeqCst)));
        let (two, mut told_two) = insert(2, 10);
        let busy = idle();
        commit(&db, &vault, &busy, vec![one, two]);
        assert!(*busy.borrow(), "and whoever shows it knows");
        for told in [&mut told_one, &mut told_two] {
            assert!(matches!(told.try_recv().unwrap(), Err(StoreError::Busy)));
        }
        assert_eq!(RAN.load(Ordering::SeqCst), 0);
        // The limit is a minute of tries.
        let limit = super::super::open::BUSY * u32::try_from(LOCK_TRIES).unwrap();
        assert_eq!(limit, Duration::from_secs(60));
        other.execute_batch("ROLLBACK").unwrap();
        let (again, mut told) = insert(2, 10);
        commit(&db, &vault, &idle(), vec![again]);
        assert!(told.try_recv().unwrap().is_ok());
    }
}
