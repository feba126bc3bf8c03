//! The readers of this process: threads with a read-only connection each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::StoreError;
use super::open;
use super::tx::Reads;
use super::vault::Vault;

/// Two that read all channels by halves leave one for whoever publishes.
const READERS: usize = 3;

type Job = Box<dyn FnOnce(&Connection, &Arc<Vault>) + Send>;

/// Hands reads to the reader threads, which end when this is dropped.
pub struct Readers {
    jobs: Sender<Job>,
}

impl Readers {
    /// Opens the connections and starts the threads, each of which holds
    /// `reading` for as long as it has the file open.
    pub fn start(path: &Path, vault: Arc<Vault>, reading: &Sender<()>) -> Result<Self, StoreError> {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..READERS {
            let db = open::connect(path, true)?;
            let waiting = Arc::clone(&waiting);
            let vault = Arc::clone(&vault);
            let reading = reading.clone();
            std::thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || {
                    run(&db, &vault, &waiting);
                    drop(db);
                    drop(reading);
                })
                .map_err(|error| StoreError::Io(error.to_string()))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `f` in one read transaction.
    pub async fn read<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reads<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |db, vault| {
            // Nobody listens any more when the caller went away.
            let _ = tell.send(in_transaction(db, vault, f));
        });
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn in_transaction<T>(
    db: &Connection,
    vault: &Arc<Vault>,
    f: impl FnOnce(&Reads<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    db.execute_batch("BEGIN")?;
    let result = catch_unwind(AssertUnwindSafe(|| f(&Reads { db, vault })))
        .unwrap_or_else(|_| Err(StoreError::Rule("the read panicked".into())));
    // After some errors SQLite has ended the transaction already.
    if !db.is_autocommit() {
        db.execute_batch("ROLLBACK")?;
    }
    result
}

fn run(db: &Connection, vault: &Arc<Vault>, waiting: &Mutex<Receiver<Job>>) {
    loop {
        // The guard is gone before the job runs, so that the other reader can
        // take the next one.
        let job = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(job) = job else { return };
        job(db, vault);
    }
}
