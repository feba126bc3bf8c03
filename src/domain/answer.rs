//! What an answer of a network means, and what follows from it: one table.

use super::channel::Cause;
use crate::closed_list;

closed_list! {
    /// The class of an answer. There is no class that quietly means "fine".
    AnswerClass {
        /// The access token ran out; a refresh may bring it back.
        TokenExpired = "token_expired",
        /// The access was taken away.
        Revoked = "revoked",
        /// The password was changed and that ended the session.
        PasswordChanged = "password_changed",
        /// The network wants the person to prove who they are.
        SecurityReview = "security_review",
        /// The account is suspended, taken down or deactivated.
        Restricted = "restricted",
        /// The login lacks a permission.
        MissingScope = "missing_scope",
        /// The person lost the role this needs.
        LostRole = "lost_role",
        /// Too many requests; nothing was processed.
        RateLimited = "rate_limited",
        /// The same content is there already: probably our own earlier send.
        Duplicate = "duplicate",
        /// The account no longer exists.
        AccountGone = "account_gone",
        /// Their trouble: try again. On a visible step the outcome is unknown.
        Transient = "transient",
        /// The post itself was refused.
        InvalidPost = "invalid_post",
        /// Our app's fault (secret, plan, audit), never the channel's.
        AppFault = "app_fault",
        /// No row of the catalogue matches: visible, reported, never guessed.
        Unclassified = "unclassified",
    }
}

/// When the same call may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After one refresh of the access token.
    AfterRefresh,
    /// After a back-off, or when the network says.
    Later,
    /// Only after a person did something.
    AfterPerson,
    /// Never as it is.
    Never,
}

/// What a class means for the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The cause it gives a channel, `None` for no change of health.
    pub cause: Option<Cause>,
    /// Whether it counts towards the three failures of a refresh.
    pub counted: bool,
    /// When to try again.
    pub retry: Retry,
}

impl AnswerClass {
    /// The one table class -> cause, counted, retry.
    pub fn meaning(self) -> Meaning {
        let row = |cause, counted, retry| Meaning {
            cause,
            counted,
            retry,
        };
        match self {
            Self::TokenExpired => row(Some(Cause::Expired), false, Retry::AfterRefresh),
            Self::Revoked => row(Some(Cause::AccessWithdrawn), false, Retry::AfterPerson),
            Self::PasswordChanged => row(Some(Cause::PasswordChanged), false, Retry::AfterPerson),
            Self::SecurityReview => row(Some(Cause::SecurityReview), false, Retry::AfterPerson),
            Self::Restricted => row(Some(Cause::Restricted), false, Retry::AfterPerson),
            Self::MissingScope => row(Some(Cause::ScopeMissing), false, Retry::AfterPerson),
            Self::LostRole => row(Some(Cause::RoleLost), false, Retry::AfterPerson),
            Self::AccountGone => row(Some(Cause::AccountGone), false, Retry::AfterPerson),
            Self::RateLimited | Self::Transient => row(None, false, Retry::Later),
            Self::Duplicate | Self::InvalidPost => row(None, false, Retry::Never),
            Self::AppFault => row(None, false, Retry::AfterPerson),
            Self::Unclassified => row(None, true, Retry::Later),
        }
    }
}
