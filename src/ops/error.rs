//! Why something was not done, and what to do instead.

use crate::networks::SignInError;
use crate::store::StoreError;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {hint}")]
pub struct OpError {
    /// What sort of failure; decides the exit code.
    pub kind: ErrorKind,
    /// Stable name for JSON (`not_allowed`, `another_account`, `past`, ...).
    pub code: &'static str,
    /// One sentence: what happened, naming the thing.
    pub what: String,
    /// One sentence: what to do.
    pub hint: String,
    /// The accounts that answered instead of the expected one, with their ids.
    pub answered: Vec<(String, String)>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// It was tried and did not work.
    Failed,
    /// It was asked for in a way that makes no sense, or by an ambiguous name.
    Usage,
    /// Role or plan do not allow it.
    NotAllowed,
    /// The thing is not there.
    NotFound,
    /// A choice must be made first.
    NeedsChoice,
}

impl ErrorKind {
    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotAllowed => 4,
            Self::NotFound => 5,
            Self::NeedsChoice => 6,
        }
    }
}

impl OpError {
    /// An error of any kind.
    pub fn new(
        kind: ErrorKind,
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code,
            what: what.into(),
            hint: hint.into(),
            answered: Vec::new(),
        }
    }

    pub(super) fn failed(
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::Failed, code, what, hint)
    }

    /// A failure whose two sentences come as one text.
    pub(super) fn in_two(code: &'static str, text: &str) -> Self {
        match text.split_once(". ") {
            Some((what, hint)) => Self::failed(code, format!("{what}."), hint),
            None => Self::failed(code, text, ""),
        }
    }

    pub(super) fn usage(
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::Usage, code, what, hint)
    }

    pub(super) fn not_allowed(
        code: &'static str,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::NotAllowed, code, what, hint)
    }

    pub(super) fn not_found(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", what, hint)
    }
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused { code, what, hint } => Self::failed(code, what, hint),
            StoreError::NotFound(thing) => Self::not_found(
                format!("There is no {thing}."),
                "List what there is and take its id from there.",
            ),
            StoreError::Busy => Self::failed(
                "store_busy",
                "The store is busy: another process has been writing for over a minute.",
                "Try again when it is done.",
            ),
            StoreError::Io(reason) => Self::failed(
                "store_io",
                format!("The store could not be written: {reason}."),
                "Nothing was changed; free some space or check the disk, then try again.",
            ),
            StoreError::Rule(rule) => Self::failed(
                "store_rule",
                format!("The store refused a change ({rule})."),
                "Nothing was changed; please report this.",
            ),
            StoreError::Unreadable(value) => Self::failed(
                "store_unreadable",
                format!("The store holds {value}, which this program does not understand."),
                "Run the newest version, or restore a backup.",
            ),
            StoreError::Sealed(place) => Self::failed(
                "sealed",
                format!("A sealed value does not open ({place})."),
                "It was moved, damaged or sealed with another key; reconnect the channel.",
            ),
            StoreError::Stale(thing) => Self::failed(
                "stale",
                format!("{thing} was changed by somebody else meanwhile."),
                "Look again and repeat.",
            ),
            StoreError::Closed => Self::failed(
                "store_closed",
                "The store is closed.",
                "Start the program again.",
            ),
        }
    }
}

impl From<SignInError> for OpError {
    fn from(error: SignInError) -> Self {
        Self::failed(error.code, error.what, error.hint)
    }
}
