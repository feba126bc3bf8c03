//! What every command has: flags, output, clock, and the hub once it is opened.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::level_filters::LevelFilter;

use super::args::Globals;
use super::ask;
use super::output::{Exit, Failure, Output};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::when::{self, Past, Trouble, WhenError};
use crate::ops::hub::HubOptions;
use crate::ops::{ErrorKind, Hub, OpError, Scope, keys, names};
use crate::store::passkey::PassKey;
use crate::store::{Hears, Store};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::logging::{self, Log};
use crate::support::redact;
use crate::support::time::UtcMs;

/// How often a passphrase may be typed.
const PASSPHRASE_TRIES: u32 = 3;
/// How long the end of a command waits for its store to close.
const CLOSING: Duration = Duration::from_secs(2);

/// What every command works with.
pub struct Context {
    /// The flags every command takes.
    pub flags: Globals,
    /// Where everything it says goes through.
    pub output: Output,
    /// The one clock.
    pub clock: Clock,
    /// Keeps the log going until the command is over.
    log: OnceLock<Log>,
    /// The store that was opened, to be closed properly at the end.
    opened: Mutex<Option<Store>>,
    /// Becomes true when somebody asks this process to end.
    stop: watch::Sender<bool>,
    /// Whether something is under way that must not be cut off.
    in_flight: AtomicBool,
}

impl Context {
    /// Takes the clock of this machine, or in debug builds the one of a test.
    ///
    /// # Errors
    /// When the test clock is not understood.
    pub fn new(flags: Globals, output: Output) -> Result<Self, Failure> {
        let clock = Clock::from_environment().map_err(|sentence| {
            Failure::usage(
                "test_clock",
                sentence,
                "Write it as 2026-11-21T14:02:00Zx1.",
            )
        })?;
        Ok(Self {
            flags,
            output,
            clock,
            log: OnceLock::new(),
            opened: Mutex::new(None),
            stop: watch::Sender::new(false),
            in_flight: AtomicBool::new(false),
        })
    }

    /// Whether somebody asked this process to end; watch it to be told.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Whether it was asked already.
    pub fn ending(&self) -> bool {
        *self.stop.borrow()
    }

    /// Asks what is under way to end. Returns whether it must be waited for.
    pub fn end(&self) -> bool {
        self.stop.send_replace(true);
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Runs what must not be cut off in the middle: a single-use token or a
    /// post may be on the wire.
    pub async fn uncut<T>(&self, work: impl Future<Output = T>) -> T {
        self.in_flight.store(true, Ordering::Relaxed);
        let done = work.await;
        self.in_flight.store(false, Ordering::Relaxed);
        done
    }

    /// Now.
    pub fn now(&self) -> UtcMs {
        self.clock.now()
    }

    /// Opens the hub; a first run makes it.
    ///
    /// # Errors
    /// When the configuration is broken, the store cannot be used, or the
    /// operator is not one of this hub.
    pub async fn hub(&self) -> Result<Hub, Failure> {
        let hub = self.hub_in_silence().await?;
        let (mut busy, output) = (hub.store.busy(), self.output);
        // Ends with the store.
        tokio::spawn(async move {
            while busy.wait_for(|busy| *busy).await.is_ok() {
                output.progress(
                    "The store is busy: another program keeps it locked. Waiting for it.",
                );
                if busy.wait_for(|busy| !*busy).await.is_err() {
                    return;
                }
            }
        });
        Ok(hub)
    }

    /// The same for who shows by itself that the store is busy.
    ///
    /// # Errors
    /// As [`Context::hub`].
    pub async fn hub_in_silence(&self) -> Result<Hub, Failure> {
        let places = super::config::places(self)?;
        let config = super::config::read(self, &places)?;
        // Read-only makes nothing, not even a directory.
        if !self.flags.read_only {
            places.create()?;
            self.start_log(&places.logs);
        }
        let passkey = self.passkey(&places.key).await?;
        let hub = Hub::open(HubOptions {
            paths: places,
            config,
            clock: self.clock.clone(),
            entropy: Entropy::os(),
            operator: self.flags.operator.clone(),
            read_only: self.flags.read_only,
            passkey,
            hears: Some(Hears::new({
                let output = self.output;
                move |sentence| output.progress(sentence)
            })),
        });
        let hub = hub.await?;
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(hub.store.clone());
        if let Some(trouble) = hub.trouble() {
            self.output.failure(&trouble.into());
            self.output.progress(
                "What can be read is shown; nothing can be changed and nothing is published.",
            );
        }
        Ok(hub)
    }

    /// What opens the key file where it is locked, typed by whoever sits at the
    /// terminal; `None` where nobody does, or where nothing but looking is
    /// wanted.
    async fn passkey(&self, key: &Path) -> Result<Option<Arc<PassKey>>, Failure> {
        if self.flags.read_only || !ask::can_ask(&self.flags) || !keys::is_locked(key) {
            return Ok(None);
        }
        let mut prompt = "Passphrase of the key (Enter alone only looks):".to_owned();
        for left in (0..PASSPHRASE_TRIES).rev() {
            let typed = ask::passphrase(&self.flags, &prompt).await?;
            if typed.expose().is_empty() {
                return Ok(None);
            }
            match keys::unlock(key, typed).await {
                Ok(passkey) => return Ok(Some(Arc::new(passkey))),
                Err(error) if left == 0 || error.code != "wrong_passphrase" => {
                    self.output.failure(&error.into());
                    return Ok(None);
                }
                Err(_) => prompt = format!("That one does not open it. Again ({left} left):"),
            }
        }
        Ok(None)
    }

    /// Closes the store that was opened, so that its log is folded into the
    /// file. Whoever still reads it is not waited for long.
    pub async fn close(&self) {
        let opened = self
            .opened
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(store) = opened {
            let real = Clock::real();
            tokio::select! {
                () = store.close() => {}
                () = real.sleep(CLOSING) => {}
            }
        }
    }

    /// A command without a log still does what it is asked.
    fn start_log(&self, directory: &Path) {
        match logging::start(directory, LevelFilter::INFO, &self.clock, redact::shared()) {
            Ok(log) => drop(self.log.set(log)),
            Err(error) => self.output.progress(&error.to_string()),
        }
    }

    /// Which workspaces a list or a name is about.
    ///
    /// # Errors
    /// When `--workspace` names none.
    pub async fn scope(&self, hub: &Hub) -> Result<Scope, Failure> {
        Ok(names::scope(hub, self.flags.workspace.as_deref()).await?)
    }

    /// The one workspace something is added to.
    ///
    /// # Errors
    /// When it is not clear which one is meant.
    pub async fn one_workspace(&self, hub: &Hub) -> Result<WorkspaceId, Failure> {
        if let Scope::Workspace(id) = self.scope(hub).await? {
            return Ok(id);
        }
        let slugs: Vec<_> = crate::ops::workspaces::list(hub)
            .await?
            .into_iter()
            .map(|view| view.workspace.slug)
            .collect();
        Err(Failure::usage(
            "which_workspace",
            "There are several workspaces.",
            format!("Name one with --workspace: {}.", slugs.join(", ")),
        ))
    }

    /// A channel by what was typed.
    ///
    /// # Errors
    /// When it is unknown or ambiguous.
    pub async fn channel(&self, hub: &Hub, text: &str) -> Result<ChannelId, Failure> {
        let scope = self.scope(hub).await?;
        Ok(names::channel(hub, &scope, text).await?)
    }

    /// An instant as people write it, if one was given.
    ///
    /// # Errors
    /// When it is no time, or does not exist in that zone.
    pub fn instant(&self, text: Option<&str>, zone: &str) -> Result<Option<UtcMs>, Failure> {
        let read = |text| when::parse(text, zone, self.now(), Past::Allowed);
        Ok(text.map(read).transpose()?.map(|when| when.instant))
    }

    /// How long to wait for what the publisher does.
    pub fn wait(&self) -> Duration {
        self.flags.wait
    }

    /// Whether `--dry-run` was given.
    pub fn dry_run_flag(&self) -> bool {
        self.flags.dry_run
    }

    /// Whether nothing may be changed: then says what would be done instead.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn dry_run(&self, would: &str) -> Result<bool, Failure> {
        if !self.flags.dry_run {
            return Ok(false);
        }
        if self.output.shape == super::output::Shape::Json {
            self.output
                .json(&serde_json::json!({"dryRun": true, "would": would}))?;
        } else {
            self.output.text(&format!("Dry run: {would}"))?;
        }
        Ok(true)
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        let exit = match error.kind {
            ErrorKind::Failed => Exit::Failed,
            ErrorKind::Usage => Exit::Usage,
            ErrorKind::NotAllowed => Exit::NotAllowed,
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::NeedsChoice => Exit::NeedsChoice,
        };
        Self::new(exit, error.code, error.what, error.hint)
    }
}

impl From<WhenError> for Failure {
    fn from(error: WhenError) -> Self {
        let code = match error.trouble {
            Trouble::NotUnderstood => "bad_time",
            Trouble::NoTime => "no_time",
            Trouble::Past => "past",
            Trouble::Gap => "gap",
            Trouble::Fold => "fold",
            Trouble::UnknownZone => "unknown_zone",
            Trouble::TooFar => "too_far",
        };
        Self::usage(code, error.what, error.hint)
    }
}
