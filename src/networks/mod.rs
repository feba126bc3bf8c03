//! Floor 3: one trait, one folder per network, one error catalogue, and the one
//! HTTP client. Nothing here keeps state or touches the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Evidence, Expiry};
use crate::domain::limits::ServerLimits;
use crate::domain::network::{ChannelKind, Network};
use crate::domain::outcome::OutcomeClass;
use crate::domain::post_options::PostOptions;
use crate::support::clock::Clock;
use crate::support::config::NetworkSettings;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

pub mod bluesky;
pub mod catalogue;
pub(crate) mod evidence;
pub mod guard;
pub mod http;
pub mod login;
pub mod mastodon;
pub mod publishing;
pub mod reads;
pub(crate) mod refused;
pub mod registry;
pub mod telegram;
pub mod token_endpoint;

pub use publishing::{
    Call, Count, Found, MediaItem, Outcome, Problem, Publish, Remote, ReplyTo, STEPS_GONE, Step,
    StepRecord,
};

/// What is true of a network whatever the account: data, no code.
#[derive(Debug)]
pub struct Descriptor {
    /// Which network.
    pub network: Network,
    /// The kinds of channel it gives.
    pub kinds: &'static [ChannelKind],
    /// The ways to log in, the one offered first in front.
    pub ways: &'static [Way],
    /// Base URL used when neither config nor operator name another.
    pub default_server: &'static str,
    /// How a lost answer is resolved.
    pub outcome: OutcomeClass,
    /// Whether a lost answer can be looked up without a token.
    pub lookup_needs_no_token: bool,
    /// Whether proving costs nothing, so that it may be done before each post.
    pub probe_is_free: bool,
    /// Whether a successful refresh is the only proof that tells the truth.
    pub proof_is_refresh: bool,
    /// The ways whose logins end when they end: no refresh moves that.
    pub fixed_ends: &'static [Way],
    /// Whether a publish that succeeded proves the access.
    pub publish_proves: bool,
    /// Scopes a login must have to publish.
    pub publish_scopes: &'static [&'static str],
    /// What can be read of an account.
    pub reads: reads::Offers,
    /// How a person ends a login at a network that no program can ask to;
    /// `None` where it can be asked.
    pub ended_by_hand: Option<&'static str>,
    /// Where a person sees and removes app access; `{server}` stands for the
    /// account's own server.
    pub permissions_page: &'static str,
    /// The network's status page; `None` where each server may have its own.
    pub status_page: Option<&'static str>,
    /// What to do before starting a login, one sentence each.
    pub tips: &'static [&'static str],
}

impl Descriptor {
    /// Whether a refresh moves the end of a login that was made this way.
    pub fn moves_end(&self, method: &str) -> bool {
        !self.fixed_ends.iter().any(|way| way.method() == method)
    }

    /// Where a person sees and removes app access, for an account on `server`
    /// (its base URL).
    pub fn permissions_page(&self, server: &str) -> String {
        self.permissions_page.replace("{server}", server)
    }
}

/// What every call is made with.
#[derive(Clone)]
pub struct Net {
    /// The one HTTP client.
    pub http: http::Http,
    /// Settings of this network from the config.
    pub settings: NetworkSettings,
    /// The one clock.
    pub clock: Clock,
    /// The tokens of a login whose calls are signed with their key.
    pub signing: Option<Arc<Tokens>>,
    /// Counts the bytes of a file that is uploaded.
    pub uploaded: Option<http::Uploaded>,
}

impl Net {
    /// The same for the calls of one login: signed, when its tokens are bound to
    /// a key.
    pub(crate) fn of_login(&self, session: &Session) -> Self {
        let bound = session.tokens.proof_key.is_some();
        Self {
            signing: bound.then(|| Arc::clone(&session.tokens)),
            ..self.clone()
        }
    }

    /// Makes one call under the settings of this network.
    ///
    /// # Errors
    /// When there was no whole answer.
    pub async fn send<'r>(
        &'r self,
        mut request: http::Request<'r>,
    ) -> Result<http::Reply, http::NetError> {
        request.private = self.settings.allow_private_hosts;
        if let (Some(token), Some(signing)) = (request.auth, &self.signing) {
            // Tokens of another kind, for another server, are bound to no key.
            let own = token.expose() == signing.access.expose();
            request.proof = signing.proof_key.as_ref().filter(|_| own);
        }
        request.uploaded.clone_from(&self.uploaded);
        self.http.send(&request).await
    }
}

/// The tokens of one login, in memory only while a call needs them.
#[derive(Debug)]
pub struct Tokens {
    /// Sent with each call.
    pub access: Secret,
    /// Gives the next pair, where there is one.
    pub refresh: Option<Secret>,
    /// A kept credential (app password) that can start a new session.
    pub password: Option<Secret>,
    /// The secret of the client the login was made with, where each server
    /// gave us one of its own; `None` keeps what is stored.
    pub client_secret: Option<Secret>,
    /// The key every proof of possession is signed with, where tokens are bound
    /// to one; `None` keeps what is stored.
    pub proof_key: Option<Secret>,
    /// End of `access` and how certain it is.
    pub access_ends: Ends,
    /// End of the login and how certain it is.
    pub grant_ends: Ends,
}

/// An end date and how certain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// When, if that is known.
    pub at: Option<UtcMs>,
    /// How certain that is.
    pub expiry: Expiry,
}

/// A login as calls see it: whose it is, where it lives, its tokens.
#[derive(Clone, Debug)]
pub struct Session {
    /// Base URL of the account's server, without a slash at the end.
    pub server: String,
    /// The client id the login was made with; empty where there is none.
    pub client_id: String,
    /// The network's stable id of the user the login belongs to.
    pub remote_user_id: String,
    /// The tokens.
    pub tokens: Arc<Tokens>,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A password made for this program in the account's settings.
    AppPassword,
    /// An access token made in the account's settings.
    AccessToken,
    /// The token of a bot, and the chat it posts to.
    BotToken,
    /// The network's own page in a browser (OAuth).
    Browser,
}

impl Way {
    /// The name a channel keeps of the way it was logged in.
    pub fn method(self) -> &'static str {
        match self {
            Self::AppPassword => "app_password",
            Self::AccessToken => "access_token",
            Self::BotToken => "bot_token",
            Self::Browser => "oauth",
        }
    }
}

/// What an operator gave to log in with, where no browser is needed.
#[derive(Debug)]
pub enum Credential {
    /// Bluesky: handle (or DID) and app password, on an optional server.
    AppPassword {
        /// Handle with or without `@`, or a DID.
        handle: String,
        /// Base URL of a server to resolve the handle on.
        server: Option<String>,
        /// The app password.
        password: Secret,
    },
    /// Mastodon: an access token made in the account's own settings.
    AccessToken {
        /// Base URL of the server the account lives on.
        server: String,
        /// The token.
        token: Secret,
    },
    /// Telegram: a bot's token, and the chat it is to post to.
    BotToken {
        /// `@name` of a public chat, or the id of any.
        chat: String,
        /// The token, as BotFather gave it.
        token: Secret,
    },
}

impl Credential {
    /// The refusal of a credential that `network` does not take.
    pub(crate) fn not_for(&self, network: Network) -> SignInError {
        let what = match self {
            Self::AppPassword { .. } => "an app password",
            Self::AccessToken { .. } => "an access token",
            Self::BotToken { .. } => "a bot's token",
        };
        SignInError {
            code: "wrong_credential",
            what: format!("{} does not take {what}.", network.title()),
            hint: format!(
                "See how it is connected: allgreen channel connect {} --help",
                network.name()
            ),
        }
    }
}

/// An account a login gives access to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What sort of account.
    pub kind: ChannelKind,
    /// The network's stable id.
    pub remote_id: String,
    /// Handle without `@`.
    pub handle: String,
    /// Display name; may be empty.
    pub display_name: String,
    /// Avatar address.
    pub avatar_url: Option<String>,
}

/// A login that was proved: the proof is part of signing in.
#[derive(Debug)]
pub struct SignedIn {
    /// Base URL of the server the login lives on.
    pub server: String,
    /// The client id it was made with; empty where there is none.
    pub client_id: String,
    /// Stable id of the user.
    pub remote_user_id: String,
    /// How it was made (`app_password`).
    pub method: &'static str,
    /// Its tokens, proved just now.
    pub tokens: Tokens,
    /// The accounts it gives; one for Bluesky.
    pub accounts: Vec<Account>,
    /// Scopes it was granted.
    pub scopes: Vec<String>,
}

/// Why a login did not happen. Nothing was changed anywhere.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what}")]
pub struct SignInError {
    /// Stable name for JSON: `bad_handle`, `unknown_handle`, `handle_mismatch`,
    /// `not_an_app_password`, `wrong_password`, `main_password`,
    /// `wrong_account`, `restricted`, `account_gone`, `rate_limited`,
    /// `bad_address`, `private_address`, `unreachable`, `unexpected_answer`;
    /// of logins in a browser `no_browser_login`, `bad_redirect`, `bad_code`,
    /// `access_denied`, `wrong_issuer`, `no_listener`, `not_registered`;
    /// Telegram's `bad_token`, `bad_chat`, `unknown_chat`, `unsupported_chat`,
    /// `not_a_member`, `not_admin`, `missing_right`.
    pub code: &'static str,
    /// One sentence: what happened, naming the thing.
    pub what: String,
    /// One sentence: what to do next.
    pub hint: String,
}

/// An answer that was not a success, classified by the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its class.
    pub class: AnswerClass,
    /// A cause more exact than the class gives, when the catalogue knows one.
    pub cause: Option<Cause>,
    /// What was seen.
    pub evidence: Evidence,
    /// When the network says to come back, counted from the answer; at most 24 h.
    pub retry_after: Option<Duration>,
    /// Whether the one confirming retry of a named refusal was made already.
    pub confirmed: bool,
}

impl Refusal {
    /// The cause this gives a channel, `None` when health does not change.
    pub fn cause(&self) -> Option<Cause> {
        self.cause.or(self.class.meaning().cause)
    }
}

/// What a refresh or a proof brought.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one value at a time, moved once")]
pub enum Renewal {
    /// A new pair. It is committed before anything else is done.
    Renewed {
        /// The new tokens; an absent refresh token means: keep the old one.
        tokens: Tokens,
        /// The server, when the account moved.
        server: String,
        /// The account as it names itself now.
        account: Option<Account>,
        /// A sentence when something healed by itself on the way.
        healed: Option<String>,
        /// Set when the tokens are fine but the account may not publish
        /// (deactivated): the health follows this, the tokens are kept.
        blocked: Option<Refusal>,
    },
    /// A proof that needed no new pair. What was asked for and is not in
    /// `checked` was not judged.
    Proved {
        /// Every account that was asked for.
        checked: Vec<Checked>,
    },
    /// Not renewed; the class decides what follows.
    Refused(Refusal),
}

/// What a proof says of one account of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The network's stable id of the account, as it was asked for.
    pub remote_id: String,
    /// The account as it names itself now; `None` leaves the names as they are.
    pub account: Option<Account>,
    /// Why nothing can be published there although the login is fine; `None`
    /// when it can.
    pub blocked: Option<Refusal>,
}

/// One social network. Object safe, without state of its own; all I/O goes
/// through the client in [`Net`].
#[async_trait]
pub trait Networked: Send + Sync {
    /// What is true of it whatever the account.
    fn descriptor(&self) -> &'static Descriptor;

    /// Logs in with a credential and proves it.
    async fn sign_in(&self, net: &Net, credential: &Credential) -> Result<SignedIn, SignInError>;

    /// What a login on the network's own page needs, registering this program
    /// where each server wants that.
    async fn oauth_client(
        &self,
        _net: &Net,
        _ask: &login::LoginAsk,
    ) -> Result<login::OAuthClient, SignInError> {
        Err(login::no_browser_login(self.descriptor().network))
    }

    /// The link an operator opens in a browser.
    async fn authorize(
        &self,
        net: &Net,
        client: &login::OAuthClient,
        ask: &login::Authorize,
    ) -> Result<url::Url, SignInError> {
        if let Some(pushed) = &client.pushed_url {
            let left = token_endpoint::push(net, client, pushed, ask).await;
            return left.map_err(|failed| login::refused(&failed, &client.server));
        }
        token_endpoint::link(client, ask).map_err(|_| SignInError {
            code: "bad_redirect",
            what: format!(
                "\"{}\" is no address an answer can be sent to.",
                ask.redirect
            ),
            hint: "Correct redirect_uri in the configuration.".to_owned(),
        })
    }

    /// Whose a grant is, proved with the very token that will publish.
    async fn identify(
        &self,
        _net: &Net,
        _client: &login::OAuthClient,
        _grant: login::Grant,
    ) -> Result<SignedIn, SignInError> {
        Err(login::no_browser_login(self.descriptor().network))
    }

    /// Gets a new pair of tokens. Called by one task per login at a time.
    async fn refresh(&self, net: &Net, session: &Session) -> Renewal;

    /// The cheapest call that a revoked credential would fail, and whether each
    /// of `accounts` (stable ids, those of the login's channels) can be
    /// published to.
    async fn probe(&self, net: &Net, session: &Session, accounts: &[String]) -> Renewal;

    /// Asks the network to forget the login; best effort.
    ///
    /// # Errors
    /// What the network said when it refused.
    async fn revoke(&self, net: &Net, session: &Session) -> Result<(), Refusal>;

    /// What a server says its posts may be; `None` when it did not say now, and
    /// on networks whose servers are all alike.
    async fn limits(&self, _net: &Net, _server: &str, _token: &Secret) -> Option<ServerLimits> {
        None
    }

    /// What keeps this text with these media from being published on a server
    /// with these limits, checked without any call. Nothing when it can go out.
    fn problems(
        &self,
        text: &str,
        media: &[MediaItem],
        options: &PostOptions,
        limits: &ServerLimits,
    ) -> Vec<Problem>;

    /// How long this text is beside so many media, counted as this network
    /// does; `None` where there is no limit.
    fn count(
        &self,
        _text: &str,
        _media: usize,
        _options: &PostOptions,
        _limits: &ServerLimits,
    ) -> Option<Count> {
        None
    }

    /// Whether a post may answer an earlier one of the account, so that several
    /// make a thread.
    fn threads(&self) -> bool {
        false
    }

    /// The key under which this delivery is sent, the same after a restore of
    /// the store. `number` is raised by each "send again" of a person.
    fn key(&self, delivery: &str, due: UtcMs, number: u32) -> String;

    /// How the publish goes on from what is journalled.
    fn next(&self, publish: &Publish, steps: &[StepRecord]) -> Step;

    /// Makes one call.
    async fn run(&self, net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome;

    /// Reads the network about a send whose answer was lost. `session` is
    /// absent when the tokens are gone; some networks can be read without.
    async fn lookup(
        &self,
        net: &Net,
        server: &str,
        session: Option<&Session>,
        publish: &Publish,
    ) -> Found;

    /// The account's newest posts, at most `limit` of them: its own, without
    /// what it showed of others.
    ///
    /// # Errors
    /// What the network said when it refused; it breaks no channel.
    async fn recent_posts(
        &self,
        _net: &Net,
        _session: &Session,
        _account: &str,
        _limit: usize,
    ) -> Result<reads::Page<reads::RecentPost>, Refusal> {
        Err(reads::not_here(
            self.descriptor().reads,
            reads::Reading::Posts,
        ))
    }

    /// The counts of these posts of the account; one that is gone is not in the
    /// answer.
    ///
    /// # Errors
    /// As [`Networked::recent_posts`].
    async fn metrics(
        &self,
        _net: &Net,
        _session: &Session,
        _account: &str,
        _ids: &[String],
    ) -> Result<Vec<reads::PostMetrics>, Refusal> {
        Err(reads::not_here(
            self.descriptor().reads,
            reads::Reading::Metrics,
        ))
    }

    /// What people said to the account in public, newest first.
    ///
    /// # Errors
    /// As [`Networked::recent_posts`].
    async fn comments(
        &self,
        _net: &Net,
        _session: &Session,
        _account: &str,
        _limit: usize,
    ) -> Result<reads::Page<reads::Comment>, Refusal> {
        Err(reads::not_here(
            self.descriptor().reads,
            reads::Reading::Comments,
        ))
    }
}
