//! A channel: its stored status, why it is so, and what proves it.

use serde::{Deserialize, Serialize};

use super::ids::{ChannelId, LoginId, OperatorId, WorkspaceId};
use super::machine::Rules;
use super::network::ChannelKind;
use crate::support::time::UtcMs;

/// Declares a closed list with one stored name per value.
#[macro_export]
macro_rules! closed_list {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize)]
        pub enum $type { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl $type {
            /// Every value, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the store and in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Reads the stored name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == text)
            }
        }
    };
}

closed_list! {
    /// The stored status of a channel.
    Status {
        /// Nothing known to be wrong with its access.
        Active = "ACTIVE",
        /// The access ended and a login brings it back.
        TokenExpired = "TOKEN_EXPIRED",
        /// The access was taken away at the network.
        Revoked = "REVOKED",
        /// Disconnected for good by an operator.
        Disconnected = "DISCONNECTED",
    }
}

closed_list! {
    /// Why a channel is not well.
    Cause {
        /// Nothing is wrong.
        None = "none",
        /// The token or its refresh grant ran out.
        Expired = "expired",
        /// The network ended an unused access.
        Inactive = "inactive",
        /// The app or app password was removed at the network.
        AppRemoved = "app_removed",
        /// The account's password was changed.
        PasswordChanged = "password_changed",
        /// The network wants the person to prove who they are.
        SecurityReview = "security_review",
        /// A change of the network's rules ended the access.
        PolicyChange = "policy_change",
        /// The access was withdrawn and the network does not say why.
        AccessWithdrawn = "access_withdrawn",
        /// The account is suspended, taken down or deactivated.
        Restricted = "restricted",
        /// The person no longer has the role this needs.
        RoleLost = "role_lost",
        /// The login lacks the permission to publish.
        ScopeMissing = "scope_missing",
        /// A link of an old kind that cannot publish.
        LegacyLink = "legacy_link",
        /// The account no longer exists.
        AccountGone = "account_gone",
    }
}

impl Cause {
    /// The stored status that goes with this cause, `None` when the status
    /// stays what it was (product rule A1).
    pub fn status(self) -> Option<Status> {
        match self {
            Self::None => Some(Status::Active),
            Self::Expired | Self::Inactive => Some(Status::TokenExpired),
            Self::AppRemoved
            | Self::PasswordChanged
            | Self::SecurityReview
            | Self::PolicyChange
            | Self::AccessWithdrawn => Some(Status::Revoked),
            Self::Restricted
            | Self::RoleLost
            | Self::ScopeMissing
            | Self::LegacyLink
            | Self::AccountGone => None,
        }
    }

    /// Whether a channel with this cause can publish: only without any.
    pub fn publishable(self) -> bool {
        self == Self::None
    }

    /// Whether the channel goes on being probed in the background although it
    /// is broken, because the cause can lift by itself (product rule A4).
    pub fn heals_by_itself(self) -> bool {
        matches!(self, Self::Restricted | Self::RoleLost | Self::AccountGone)
    }

    /// The cause in words, as lists show it.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "healthy",
            Self::Expired => "token expired",
            Self::Inactive => "unused for too long",
            Self::AppRemoved => "access removed",
            Self::PasswordChanged => "password changed",
            Self::SecurityReview => "security review",
            Self::PolicyChange => "policy change",
            Self::AccessWithdrawn => "access withdrawn",
            Self::Restricted => "restricted",
            Self::RoleLost => "role lost",
            Self::ScopeMissing => "permission missing",
            Self::LegacyLink => "old kind of link",
            Self::AccountGone => "account gone",
        }
    }
}

closed_list! {
    /// How certain an end date is; three different things and an estimate.
    Expiry {
        /// A date the network gave.
        Date = "date",
        /// The network says it does not end.
        Never = "never",
        /// The network does not say.
        Unknown = "unknown",
        /// A documented fixed period, counted by us.
        Estimated = "estimated",
    }
}

/// What the network said when something was wrong: the evidence of a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// The network's own error code or name.
    pub network_code: Option<String>,
    /// The network's own sentence, sanitised and redacted.
    pub message: Option<String>,
    /// Which call saw it, by its name (`refreshSession`).
    pub seen_by: Option<String>,
}

/// A channel as stored, with the facts of its login beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// What sort of account it is.
    pub kind: ChannelKind,
    /// The network's stable id of the account.
    pub remote_id: String,
    /// The handle, without `@`.
    pub handle: String,
    /// The display name; may be empty.
    pub display_name: String,
    /// Address of the avatar, when known.
    pub avatar_url: Option<String>,
    /// Base URL of the server the account lives on.
    pub server: String,
    /// The login that serves it; `None` once disconnected.
    pub login_id: Option<LoginId>,
    /// How it was connected (`app_password`, `oauth`, ...).
    pub login_method: String,
    /// The network's stable id of the user the login belongs to; empty without a
    /// login.
    pub login_user: String,
    /// Stored status.
    pub status: Status,
    /// Why it is not well.
    pub cause: Cause,
    /// Whether the network lets it publish (a pause is separate).
    pub publishable: bool,
    /// Raised by every change of health or credentials; an armed send checks it.
    pub epoch: i64,
    /// Raised by every change at all, proofs included.
    pub change: i64,
    /// The evidence of the cause.
    pub evidence: Evidence,
    /// Since when it has its status and cause.
    pub status_since: UtcMs,
    /// Scopes the login was granted.
    pub scopes: Vec<String>,
    /// Scopes it lacks.
    pub missing_scopes: Vec<String>,
    /// First connected; never changes.
    pub connected_at: UtcMs,
    /// By whom; never changes.
    pub connected_by: OperatorId,
    /// Last reconnected.
    pub reconnected_at: Option<UtcMs>,
    /// By whom.
    pub reconnected_by: Option<OperatorId>,
    /// Last dated proof that it can publish.
    pub last_proof_at: Option<UtcMs>,
    /// Last post that went out.
    pub last_published_at: Option<UtcMs>,
    /// Paused by an operator since.
    pub paused_at: Option<UtcMs>,
    /// By whom.
    pub paused_by: Option<OperatorId>,
    /// The board a Pinterest post goes to unless it says otherwise.
    pub default_board_id: Option<String>,
    /// Disconnected for good at.
    pub disconnected_at: Option<UtcMs>,
    /// The disconnected channel of the same account this one follows.
    pub previous_id: Option<ChannelId>,
    /// What the login knows of its tokens.
    pub token: TokenFacts,
}

/// What is known about the tokens behind a channel; never the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// Raised by every new pair; 0 means there is none.
    pub generation: i64,
    /// End of the access token.
    pub token_expires_at: Option<UtcMs>,
    /// How certain that end is.
    pub token_expiry: Expiry,
    /// End of the login (refresh grant).
    pub grant_expires_at: Option<UtcMs>,
    /// How certain that end is.
    pub grant_expiry: Expiry,
    /// Last refresh that succeeded.
    pub last_refreshed_at: Option<UtcMs>,
    /// Last refresh that was tried.
    pub last_refresh_attempt_at: Option<UtcMs>,
    /// What the last refresh failed with, `None` after a success.
    pub last_refresh_error: Option<String>,
    /// Its HTTP status.
    pub last_refresh_http_status: Option<u16>,
    /// Counted failures in a row (product rule A5), 0 to 3.
    pub refresh_failures: u8,
}

impl Default for TokenFacts {
    fn default() -> Self {
        Self {
            generation: 0,
            token_expires_at: None,
            token_expiry: Expiry::Unknown,
            grant_expires_at: None,
            grant_expiry: Expiry::Unknown,
            last_refreshed_at: None,
            last_refresh_attempt_at: None,
            last_refresh_error: None,
            last_refresh_http_status: None,
            refresh_failures: 0,
        }
    }
}

impl Channel {
    /// Whether a delivery may be armed on it now.
    pub fn can_send(&self) -> bool {
        self.can_send_under(&Rules::default())
    }

    /// The same under these rules of the protocol.
    pub fn can_send_under(&self, rules: &Rules) -> bool {
        self.status != Status::Disconnected
            && (self.publishable || rules.ignore_health)
            && self.paused_at.is_none()
            && self.token.generation > 0
    }

    /// How people know its login: the account itself where the login is the
    /// account's own, else the user's id at the network.
    pub fn login_name(&self) -> &str {
        if self.login_user == self.remote_id {
            &self.handle
        } else {
            &self.login_user
        }
    }

    /// The name a person knows: `@handle`.
    pub fn name(&self) -> String {
        format!("@{}", self.handle)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::support::time::UtcMs;

    /// A channel that is well, for the tests of the rules about channels.
    pub(crate) fn healthy() -> Channel {
        Channel {
            id: ChannelId::from_stored("soc_1"),
            workspace_id: WorkspaceId::from_stored("wsp_1"),
            kind: ChannelKind::Bluesky,
            remote_id: "did:plc:acme".into(),
            handle: "acme.example".into(),
            display_name: "Acme".into(),
            avatar_url: None,
            server: "https://pds.example".into(),
            login_id: Some(LoginId::from_stored("lgn_1")),
            login_method: "app_password".into(),
            login_user: "did:plc:acme".into(),
            status: Status::Active,
            cause: Cause::None,
            publishable: true,
            epoch: 1,
            change: 1,
            evidence: Evidence::default(),
            status_since: UtcMs(0),
            scopes: Vec::new(),
            missing_scopes: Vec::new(),
            connected_at: UtcMs(0),
            connected_by: OperatorId::from_stored("opr_1"),
            reconnected_at: None,
            reconnected_by: None,
            last_proof_at: None,
            last_published_at: None,
            paused_at: None,
            paused_by: None,
            default_board_id: None,
            disconnected_at: None,
            previous_id: None,
            token: TokenFacts {
                generation: 1,
                ..TokenFacts::default()
            },
        }
    }

    #[test]
    fn a1_a_paused_or_tokenless_channel_arms_nothing() {
        let mut channel = healthy();
        assert!(channel.can_send());
        channel.paused_at = Some(UtcMs(1));
        assert!(!channel.can_send());
        channel.paused_at = None;
        channel.token.generation = 0;
        assert!(!channel.can_send());
    }
}
