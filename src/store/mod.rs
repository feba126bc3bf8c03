//! Floor 2: SQLite. One file, one writer thread with group commit, a few
//! readers, and the vault. No rusqlite type leaves this floor.
//!
//! Everything goes through two doors: [`Store::read`] and [`Store::write`] take
//! a closure that runs on a store thread over typed functions, one file per
//! table group. Nothing here runs on a UI or reactor thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::support::entropy::Entropy;

mod error;
mod migrations;
mod open;
mod readers;
mod rows;
mod tx;
pub mod vault;
mod watch;
mod writer;

pub mod app_faults;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod changes;
pub mod channels;
pub mod check;
pub mod commands;
pub mod content;
pub mod disconnect;
pub mod health;
pub mod history;
pub mod incidents;
pub mod limits;
pub mod logins;
pub mod notices;
pub mod people;
pub mod posts;
pub mod queue;
pub mod reading;
pub mod refused_writes;
pub mod settings;
pub mod terms;
pub mod undo;
pub mod uploads;
pub mod weather;
pub mod workspaces;

pub use error::StoreError;
pub use tx::{Reads, Tx};

/// Where the store lives.
#[derive(Clone, Debug)]
pub struct StorePaths {
    /// The database file.
    pub database: PathBuf,
    /// The key file.
    pub key: PathBuf,
    /// The directory of backups.
    pub backups: PathBuf,
}

/// The store of one hub; cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    paths: StorePaths,
    writer: Option<writer::Writer>,
    readers: readers::Readers,
    entropy: Entropy,
    ended: Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
}

/// How to open it.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where.
    pub paths: StorePaths,
    /// Randomness for keys, nonces and ids.
    pub entropy: Entropy,
    /// Opens without a writer: nothing is migrated, nothing can be changed.
    pub read_only: bool,
}

impl Store {
    /// Opens the store, making it when there is none.
    ///
    /// Blocks; call it before the reactor matters or from a blocking thread.
    ///
    /// # Errors
    /// When the file is newer, foreign, damaged, unsafe or locked for too long,
    /// or the key is missing. Nothing was changed then.
    pub fn open(options: OpenOptions) -> Result<Self, StoreError> {
        let opened = open::open(&options)?;
        let vault = Arc::new(opened.vault);
        let (reading, readers_gone) = std::sync::mpsc::channel();
        let (closed, ended) = tokio::sync::oneshot::channel();
        let readers =
            readers::Readers::start(&options.paths.database, Arc::clone(&vault), &reading)?;
        let writer = match opened.writer {
            Some(connection) => Some(writer::Writer::start(
                connection,
                vault,
                readers_gone,
                closed,
            )?),
            None => None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                paths: options.paths,
                writer,
                readers,
                entropy: options.entropy,
                ended: Mutex::new(Some(ended)),
            }),
        })
    }

    /// Closes the store and waits until the file is: everything written is in
    /// the one file then, its log is gone. Waits for every other clone as well.
    ///
    /// Without it the file is closed a moment after the last clone is dropped,
    /// and a process that ends before leaves the log behind, which is safe.
    pub async fn close(self) {
        let ended = self
            .inner
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(self);
        if let Some(ended) = ended {
            // An error says that the thread is gone, which is what is awaited.
            let _ = ended.await;
        }
    }

    /// Runs `f` in one read transaction on a reader thread.
    ///
    /// # Errors
    /// What `f` returned, or that the store is closed.
    pub async fn read<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Reads<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.inner.readers.read(f).await
    }

    /// Runs `f` in a write transaction; returns after the commit is durable.
    ///
    /// Several writes may share one commit; each is whole or not at all.
    ///
    /// # Errors
    /// What `f` returned (nothing was changed then), or that the commit failed.
    pub async fn write<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write(f).await,
            None => Err(StoreError::Refused {
                code: "read_only",
                what: "The store was opened read-only.".into(),
                hint: "Run without --read-only to change something.".into(),
            }),
        }
    }

    /// Runs `f` on the writer's connection outside of any transaction, for what
    /// SQLite only does there (checkpoint, backup).
    async fn outside<T, F>(&self, f: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.outside(f).await,
            None => Err(StoreError::Closed),
        }
    }

    /// Where the store lives.
    pub fn paths(&self) -> &StorePaths {
        &self.inner.paths
    }

    /// Randomness for ids made beside this store.
    pub fn entropy(&self) -> &Entropy {
        &self.inner.entropy
    }
}
