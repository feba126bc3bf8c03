//! The one writer of this process: a thread that gathers what is waiting,
//! commits it durably at once, and only then tells everybody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;
use super::tx::{Reads, Tx};
use super::vault::Vault;

/// At most this many writes share one commit.
const BATCH: usize = 64;
/// Times the write lock is asked for, 5 s each, before the caller is told.
const LOCK_TRIES: usize = 12;

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
    /// Starts the thread.
    pub fn start(db: Connection, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel();
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(&db, &vault, &waiting))
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
            result: Err(StoreError::Closed),
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

fn run(db: &Connection, vault: &Arc<Vault>, waiting: &Receiver<Job>) {
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
            commit(db, vault, batch);
        }
        if let Some(work) = outside {
            let _ = catch_unwind(AssertUnwindSafe(|| work(db)));
        }
    }
    // The last handle is gone: leave a small, whole file behind.
    let _ = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
}

fn commit(db: &Connection, vault: &Arc<Vault>, batch: Vec<Box<dyn Work>>) {
    if let Err(error) = begin(db) {
        let text = error.to_string();
        for work in batch {
            work.tell(Err(match error {
                StoreError::Busy => StoreError::Busy,
                _ => StoreError::Io(text.clone()),
            }));
        }
        return;
    }
    let tx = Tx(Reads { db, vault });
    let mut done = Vec::with_capacity(batch.len());
    for mut work in batch {
        if let Err(error) = db.execute_batch("SAVEPOINT one") {
            work.tell(Err(error.into()));
            continue;
        }
        // A panic in one closure must not take the other writes with it.
        let keep = catch_unwind(AssertUnwindSafe(|| work.run(&tx))).unwrap_or(false);
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
    if committed.is_err() {
        // After a failed commit SQLite may have rolled back already.
        let _ = db.execute_batch("ROLLBACK");
    }
    for work in done {
        work.tell(committed.clone().map_err(StoreError::Io));
    }
}

fn begin(db: &Connection) -> Result<(), StoreError> {
    let mut last = StoreError::Busy;
    for _ in 0..LOCK_TRIES {
        match db
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(StoreError::from)
        {
            Ok(()) => return Ok(()),
            Err(StoreError::Busy) => last = StoreError::Busy,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
