//! What can go wrong with the store, and what to do next.

/// A failure of the store. Whatever was asked has not happened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be used as it is; the sentences say why and what to do.
    #[error("{what} {hint}")]
    Refused {
        /// Stable name (`newer_schema`, `foreign_file`, `corrupt`, `unsafe_file`, `missing_key`...).
        code: &'static str,
        /// One sentence what.
        what: String,
        /// One sentence what to do.
        hint: String,
    },
    /// Another process kept the store locked for too long.
    #[error(
        "The store is busy: another process has been writing for over a minute. Try again when it is done."
    )]
    Busy,
    /// The disk or the file system failed.
    #[error(
        "The store could not be written: {0}. Nothing was changed; free some space or check the disk, then try again."
    )]
    Io(String),
    /// A rule of the database refused a change: a defect of this program.
    #[error("The store refused a change ({0}). Nothing was changed; please report this.")]
    Rule(String),
    /// A stored value makes no sense.
    #[error(
        "The store holds {0}, which this program does not understand. Run the newest version, or restore a backup."
    )]
    Unreadable(String),
    /// A sealed value does not open.
    #[error(
        "A sealed value does not open ({0}). It was moved, damaged or sealed with another key; reconnect the channel."
    )]
    Sealed(String),
    /// Something named by an id is not there.
    #[error("There is no {0}.")]
    NotFound(String),
    /// A compare-and-set found that somebody else was first.
    #[error("{0} was changed by somebody else meanwhile. Look again and repeat.")]
    Stale(&'static str),
    /// The store was closed or its thread ended.
    #[error("The store is closed.")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                let text = message.clone().unwrap_or_else(|| failure.to_string());
                match failure.code {
                    Code::DatabaseBusy | Code::DatabaseLocked => Self::Busy,
                    Code::ConstraintViolation => Self::Rule(text),
                    Code::NotADatabase | Code::DatabaseCorrupt => Self::Refused {
                        code: "corrupt",
                        what: format!("The database is damaged ({text})."),
                        hint: "Nothing is published from it; restore the newest file of backups/."
                            .into(),
                    },
                    _ => Self::Io(text),
                }
            }
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound("such row".into()),
            _ => Self::Unreadable(error.to_string()),
        }
    }
}
