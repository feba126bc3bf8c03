//! Floor 2: SQLite. One file, one writer thread with group commit, a few
//! readers, and the vault. No rusqlite type leaves this floor.
//!
//! Everything goes through two doors: [`Store::read`] and [`Store::write`] take
//! a closure that runs on a store thread over typed functions, one file per
//! table group. Nothing here runs on a UI or reactor thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch::{self as watching, Receiver};

use crate::support::entropy::Entropy;

mod damage;
mod error;
mod ground;
mod hears;
pub mod key_file;
mod migrations;
mod open;
pub mod passkey;
mod readers;
mod rows;
mod tx;
mod update;
pub mod vault;
mod watch;
mod writer;

pub mod app_faults;
pub mod aside;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod changes;
pub mod channels;
pub mod check;
pub mod clock;
pub mod commands;
pub mod content;
pub mod days;
pub mod disconnect;
pub mod dues;
pub mod find;
pub mod hands;
pub mod health;
pub mod history;
pub mod incidents;
pub mod keys;
pub mod limits;
pub mod logins;
pub mod notices;
pub mod people;
pub mod posts;
pub mod probes;
pub mod queue;
pub mod reading;
pub mod refused_writes;
pub mod rescue;
pub mod restore;
pub mod settings;
pub mod since;
pub mod summaries;
pub mod terms;
pub mod undo;
pub mod uploads;
pub mod weather;
pub mod workspaces;

use key_file::KeyFile;
use passkey::PassKey;

pub use error::StoreError;
pub use hears::Hears;
pub use migrations::ALL as MIGRATIONS;
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
    ground: Arc<ground::Ground>,
    /// Why nothing can be written, when that is not what was asked for.
    rescue: Option<Trouble>,
    entropy: Entropy,
    key_file: KeyFile,
    vault: Arc<vault::Vault>,
    busy: Receiver<bool>,
    ended: Mutex<Option<tokio::sync::oneshot::Receiver<()>>>,
}

/// Why a store is only read although it was to be written: a damaged file, a
/// key that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Stable name (`corrupt`, `missing_key`...).
    pub code: &'static str,
    /// One sentence what.
    pub what: String,
    /// One sentence what to do.
    pub hint: String,
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        Self::Refused {
            code: trouble.code,
            what: trouble.what,
            hint: trouble.hint,
        }
    }
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
    /// What opens the key file where it is locked with a passphrase.
    pub passkey: Option<Arc<PassKey>>,
    /// Who is told that an older store is updated, which takes a while.
    pub hears: Option<Hears>,
}

impl OpenOptions {
    /// The key file with what opens it.
    pub(crate) fn key_file(&self) -> KeyFile {
        KeyFile::new(&self.paths.key, self.passkey.clone())
    }
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
        Self::over(options, opened, None)
    }

    /// Opens a store that cannot be used as it is, to look at it: nothing is
    /// written, no secret is opened, and every write says why.
    ///
    /// # Errors
    /// `why`, when it cannot even be read.
    pub fn open_rescue(options: OpenOptions, why: &Trouble) -> Result<Self, StoreError> {
        match open::open_rescue(&options)? {
            Some(opened) => Self::over(options, opened, Some(why.clone())),
            None => Err(why.clone().into()),
        }
    }

    fn over(
        options: OpenOptions,
        opened: open::Opened,
        rescue: Option<Trouble>,
    ) -> Result<Self, StoreError> {
        let vault = Arc::new(opened.vault);
        let (reading, readers_gone) = std::sync::mpsc::channel();
        let (closed, ended) = tokio::sync::oneshot::channel();
        let (tell_busy, busy) = watching::channel(false);
        let readers =
            readers::Readers::start(&options.paths.database, Arc::clone(&vault), &reading)?;
        let writer = match opened.writer {
            Some(connection) => Some(writer::Writer::start(
                connection,
                Arc::clone(&vault),
                readers_gone,
                closed,
                tell_busy,
            )?),
            None => None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                ground: Arc::new(ground::Ground::of(&options.paths.database)),
                rescue,
                key_file: options.key_file(),
                paths: options.paths,
                writer,
                readers,
                entropy: options.entropy,
                vault,
                busy,
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
        self.noticing(self.inner.readers.read(f).await)
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
        match (&self.inner.writer, &self.inner.rescue) {
            (Some(writer), _) => {
                let ground = Arc::clone(&self.inner.ground);
                let checked = move |tx: &Tx<'_>| {
                    ground.check()?;
                    f(tx)
                };
                self.noticing(writer.write(checked).await)
            }
            (None, Some(trouble)) => Err(trouble.clone().into()),
            (None, None) => Err(StoreError::Refused {
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
            Some(writer) => {
                self.usable()?;
                self.noticing(writer.outside(f).await)
            }
            None => Err(StoreError::Closed),
        }
    }

    /// Whether another process keeps the write lock for longer than one try;
    /// what is to be written waits. Reading goes on.
    pub fn busy(&self) -> Receiver<bool> {
        self.inner.busy.clone()
    }

    /// Why nothing can be written, when that is not what was asked for.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.inner.rescue.as_ref()
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
