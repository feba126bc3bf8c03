//! A call that brought no whole answer: whether it can have taken effect, and
//! one sentence about it that never holds an address with a query.

use std::error::Error as _;

use super::start::TooLate;
use crate::networks::evidence;
use crate::networks::guard::Forbidden;

/// Why the client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The TLS settings do not fit together.
    #[error("Secure connections cannot be set up ({0}). Report this as a bug.")]
    Tls(#[from] rustls::Error),
    /// The client refuses its settings.
    #[error(
        "The HTTP client cannot be built ({0}). Look at the proxy variables of the environment."
    )]
    Client(#[from] reqwest::Error),
}

/// What kept a call from its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The address is not one that may be called.
    Forbidden,
    /// The request cannot be built.
    Unbuildable,
    /// The name was not resolved.
    Unresolved,
    /// No connection, or no trusted one.
    Unconnected,
    /// The connection closed before the request was begun.
    NotStarted,
    /// Too many calls to this host were under way.
    Busy,
    /// Too much time passed before it could leave.
    TooLate,
    /// The time for the call was over.
    TimedOut,
    /// The connection broke after the request was begun.
    Broken,
    /// The answer is longer than is read.
    TooLong,
}

impl Trouble {
    /// Stable name for the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Unbuildable => "unbuildable",
            Self::Unresolved => "unresolved",
            Self::Unconnected => "unconnected",
            Self::NotStarted => "not_started",
            Self::Busy => "busy",
            Self::TooLate => "too_late",
            Self::TimedOut => "timed_out",
            Self::Broken => "broken",
            Self::TooLong => "too_long",
        }
    }

    /// Whether no byte of the request can have been processed.
    pub fn proven_not_sent(self) -> bool {
        match self {
            Self::Forbidden
            | Self::Unbuildable
            | Self::Unresolved
            | Self::Unconnected
            | Self::NotStarted
            | Self::Busy
            | Self::TooLate => true,
            Self::TimedOut | Self::Broken | Self::TooLong => false,
        }
    }
}

/// A call without a whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NetError {
    /// What kept it from its answer.
    pub trouble: Trouble,
    /// One sentence naming the host; no secret, no query.
    pub what: String,
    /// The status, when the answer broke off after it.
    pub status: Option<u16>,
}

/// How hyper-util words that a request was not begun on its connection. The
/// kind is private there, so the words are compared; should they change, such
/// a call counts as unclear, which is the safe side.
const NOT_STARTED: &str = "client error (Canceled)";

/// How h2 words REFUSED_STREAM, compared for the same reason and as safely.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9113#section-8.7>
const REFUSED_STREAM: &str = "refused stream before processing any application logic";

impl NetError {
    fn new(trouble: Trouble, what: String) -> Self {
        Self {
            trouble,
            what,
            status: None,
        }
    }

    /// Whether the request can have taken effect: `false` is proven.
    pub fn sent(&self) -> bool {
        !self.trouble.proven_not_sent()
    }

    pub(super) fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn forbidden(host: &str, why: &Forbidden) -> Self {
        let hint = match why {
            Forbidden::Scheme | Forbidden::UserInfo | Forbidden::NoHost => "Check the address",
            Forbidden::Plain | Forbidden::Port(_) | Forbidden::Proxy | Forbidden::Private(_) => {
                "If that is meant, set allow_private_hosts = true for this network in config.toml"
            }
            Forbidden::Never(_) => "Check who named that address",
        };
        let what = format!("{host} was not called: {why}. {hint}.");
        Self::new(Trouble::Forbidden, what)
    }

    /// An address from outside that is none.
    pub fn bad_address(text: &str) -> Self {
        let text = evidence::safe(text.split(['?', '#']).next().unwrap_or(""), &[], 100);
        let what = format!("\"{text}\" is not a web address. Check how it is written.");
        Self::new(Trouble::Unbuildable, what)
    }

    /// An answer that says nothing but that the host has trouble.
    pub(crate) fn in_trouble(host: &str, status: u16) -> Self {
        let what = format!("{host} has trouble (HTTP {status}).");
        Self {
            status: Some(status),
            ..Self::new(Trouble::Broken, what)
        }
    }

    pub(super) fn unbuildable(host: &str) -> Self {
        let what = format!("The request to {host} cannot be built. Report this as a bug.");
        Self::new(Trouble::Unbuildable, what)
    }

    pub(super) fn busy(host: &str) -> Self {
        let what = format!("Not sent: too many calls to {host} were under way.");
        Self::new(Trouble::Busy, what)
    }

    pub(super) fn too_late(host: &str) -> Self {
        let what = format!(
            "Not sent to {host}: too much time passed after it was decided. It is decided anew."
        );
        Self::new(Trouble::TooLate, what)
    }

    pub(super) fn too_long(host: &str, cap: usize) -> Self {
        let what = format!("{host} answered with more than {cap} bytes; the rest was not read.");
        Self::new(Trouble::TooLong, what)
    }

    /// What reading failed with; whatever it says of itself, the request went out.
    pub(super) fn from_read(host: &str, error: reqwest::Error) -> Self {
        match Self::from_send(host, error) {
            error if error.sent() => error,
            _ => Self::new(
                Trouble::Broken,
                format!("The connection to {host} broke before the answer was whole."),
            ),
        }
    }

    /// What sending failed with.
    pub(super) fn from_send(host: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(why) = forbidden_in(&error) {
            return Self::forbidden(host, &why);
        }
        if sources(&error).iter().any(|one| one.is::<TooLate>()) {
            return Self::too_late(host);
        }
        if error.is_builder() {
            return Self::unbuildable(host);
        }
        let why = innermost(&error);
        if error.is_dns() {
            let what = format!("The name {host} could not be resolved ({why}); nothing was sent.");
            return Self::new(Trouble::Unresolved, what);
        }
        if error.is_connect() {
            let why = if error.is_timeout() {
                "no answer in time"
            } else {
                why.as_str()
            };
            let what = format!("{host} could not be reached ({why}); nothing was sent.");
            return Self::new(Trouble::Unconnected, what);
        }
        let not_begun = |source: &Source<'_>| {
            let words = source.to_string();
            words == NOT_STARTED || words.contains(REFUSED_STREAM)
        };
        if sources(&error).iter().any(not_begun) {
            let what = format!("{host} closed the connection; nothing was sent.");
            return Self::new(Trouble::NotStarted, what);
        }
        if error.is_timeout() {
            let what = format!("{host} did not answer in time.");
            return Self::new(Trouble::TimedOut, what);
        }
        let what = format!("The connection to {host} broke before the answer was whole ({why}).");
        Self::new(Trouble::Broken, what)
    }
}

type Source<'a> = &'a (dyn std::error::Error + 'static);

/// The reasons behind an error, the deepest last.
fn sources(error: &reqwest::Error) -> Vec<Source<'_>> {
    let mut found = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        found.push(source);
        next = source.source();
    }
    found
}

fn forbidden_in(error: &reqwest::Error) -> Option<Forbidden> {
    sources(error)
        .into_iter()
        .find_map(|source| source.downcast_ref::<Forbidden>().cloned())
}

/// The deepest reason, which is the one people can act on.
fn innermost(error: &reqwest::Error) -> String {
    let why = sources(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string);
    evidence::safe(&why, &[], 120)
}
