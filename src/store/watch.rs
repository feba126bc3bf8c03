//! Watching the file: a thread that asks SQLite a few times a second whether
//! anybody committed. The question costs microseconds and wakes nobody.

use std::time::Duration;

use tokio::sync::watch;

use super::error::StoreError;
use super::{Store, open};

impl Store {
    /// A number that changes after each commit of any process, this one
    /// included. It is looked at every `span`, which may change meanwhile. The
    /// thread ends when the receiver is dropped.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread not be started.
    pub fn watch(
        &self,
        span: watch::Receiver<Duration>,
    ) -> Result<watch::Receiver<i64>, StoreError> {
        let db = open::connect(&self.paths().database, true)?;
        let version = move || -> Result<i64, StoreError> {
            Ok(db
                .prepare_cached("PRAGMA data_version")?
                .query_row([], |row| row.get(0))?)
        };
        let (tell, told) = watch::channel(version()?);
        std::thread::Builder::new()
            .name("store-watch".into())
            .spawn(move || {
                while !tell.is_closed() {
                    pause(*span.borrow());
                    // A busy or vanished file is somebody else's news; the next
                    // look says what was missed.
                    if let Ok(now) = version() {
                        tell.send_if_modified(|last| std::mem::replace(last, now) != now);
                    }
                }
            })
            .map_err(|error| StoreError::Io(error.to_string()))?;
        Ok(told)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this thread does nothing but wait, and real commits have real time"
)]
fn pause(span: Duration) {
    std::thread::sleep(span);
}
