//! A login on a network's own page (OAuth 2): what is known before it starts,
//! and what its answer brings. How it is carried out is a floor above.

use std::time::Duration;

use url::Url;

use super::SignInError;
use super::token_endpoint::TokenFailed;
use crate::domain::answer::AnswerClass;
use crate::domain::network::Network;
use crate::support::secret::Secret;

/// What an operator said about the login before it starts.
#[derive(Clone, Debug)]
pub struct LoginAsk {
    /// The server the account lives on, where there are many.
    pub server: Option<String>,
    /// The account that is wanted, for networks that can ask for it.
    pub account: Option<String>,
    /// Where the browser is sent with the answer.
    pub redirect: String,
}

/// Out of band: the network shows the code on a page of its own.
///
/// Source: <https://docs.joinmastodon.org/methods/apps/#create>
pub const SHOWN: &str = "urn:ietf:wg:oauth:2.0:oob";

/// This program as a network knows it, and where that network is asked.
#[derive(Debug)]
pub struct OAuthClient {
    /// Which network.
    pub network: Network,
    /// Base URL of the server the login will live on.
    pub server: String,
    /// The client's public name.
    pub client_id: String,
    /// Its secret, where it has one.
    pub client_secret: Option<Secret>,
    /// Where the browser is sent.
    pub authorize_url: Url,
    /// Where codes and refresh tokens become access tokens.
    pub token_url: Url,
    /// Where a code for another device is asked for, if anywhere.
    pub device_url: Option<Url>,
    /// Where a request is left before the browser is sent (RFC 9126), if it
    /// must be.
    pub pushed_url: Option<Url>,
    /// What `iss` of the answer must be; `None` where the network sends none.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9207>
    pub issuer: Option<String>,
    /// Scopes that are asked for.
    pub scopes: Vec<String>,
    /// More parameters of the link.
    pub more: Vec<(String, String)>,
    /// The stable id of the account that is wanted, where it is known before.
    pub account: Option<String>,
    /// The key that proofs of possession are signed with, where tokens are
    /// bound to one (RFC 9449).
    pub proof_key: Option<Secret>,
    /// Where the network departs from the standard.
    pub quirks: &'static Quirks,
}

/// Where a network departs from RFC 6749 and RFC 7636: data, no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// The name of the client in links and forms (TikTok: `client_key`).
    pub client_id: &'static str,
    /// What is between two scopes (TikTok, Pinterest: a comma).
    pub between_scopes: char,
    /// How the challenge is written.
    pub challenge: Challenge,
    /// How the client proves who it is.
    pub client_auth: ClientAuth,
}

impl Quirks {
    /// As the standards have it.
    pub const STANDARD: Self = Self {
        client_id: "client_id",
        between_scopes: ' ',
        challenge: Challenge::Base64Url,
        client_auth: ClientAuth::Basic,
    };
}

/// How the SHA-256 of the verifier is written in the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// RFC 7636.
    Base64Url,
    /// TikTok's desktop apps.
    ///
    /// Source: <https://developers.tiktok.com/doc/login-kit-desktop/>
    Hex,
}

/// How a client that has a secret shows it to the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic`.
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// What the link carries besides what the client says.
#[derive(Clone, Debug)]
pub struct Authorize {
    /// The secret word the answer must bring back.
    pub state: String,
    /// The verifier of the challenge (PKCE).
    pub verifier: String,
    /// Where the browser is sent with the answer.
    pub redirect: String,
}

/// What a code, a refresh token or another device was exchanged for.
#[derive(Debug)]
pub struct Grant {
    /// Sent with each call.
    pub access: Secret,
    /// Gives the next pair, if there is one.
    pub refresh: Option<Secret>,
    /// How long `access` lives; `None` when nothing believable was said.
    pub expires_in: Option<Duration>,
    /// How long `refresh` lives, where that is said.
    pub refresh_expires_in: Option<Duration>,
    /// What was granted; `None` when that was not said: then it is what was
    /// asked for.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
    pub scopes: Option<Vec<String>>,
    /// Whose it is (`sub`), where that is said.
    pub subject: Option<String>,
}

/// The code that is typed on another device.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8628#section-3.2>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCode {
    /// What a person types.
    pub user_code: String,
    /// Where.
    pub page: String,
    /// The same page with the code in it, where there is one.
    pub page_with_code: Option<String>,
    /// How long it can be typed.
    pub lives: Duration,
}

/// The refusal of a browser login that `network` does not have.
pub(crate) fn no_browser_login(network: Network) -> SignInError {
    SignInError {
        code: "no_browser_login",
        what: format!("{} has no login in the browser.", network.title()),
        hint: format!(
            "See how it is connected: allgreen channel connect {} --help",
            network.name()
        ),
    }
}

/// Why a token endpoint gave nothing, as a login is told.
pub fn refused(failed: &TokenFailed, server: &str) -> SignInError {
    let said = failed.refusal.evidence.message.clone().unwrap_or_default();
    let error = |code, what, hint: &str| SignInError {
        code,
        what,
        hint: hint.to_owned(),
    };
    match failed.error() {
        Some("access_denied") => error(
            "access_denied",
            "The login was refused on the other device; nothing was changed.".to_owned(),
            "Begin it again and allow it, as somebody who may.",
        ),
        Some("expired_token") => error(
            "login_timeout",
            "The code was not typed in time; nothing was changed.".to_owned(),
            "Begin the login again.",
        ),
        Some("invalid_grant") => error(
            "bad_code",
            format!("{server} does not take this code: {said}"),
            "Codes work once and for minutes: open the link again and paste the new address.",
        ),
        Some("invalid_client" | "unauthorized_client") => error(
            "not_registered",
            format!("{server} does not know this program: {said}"),
            "Begin the login again; if that repeats, check client_id in the configuration.",
        ),
        _ if failed.refusal.class == AnswerClass::Transient => error(
            "unreachable",
            format!("{server} did not answer: {said}"),
            "Check the connection, and begin the login again in a few minutes.",
        ),
        _ if failed.refusal.class == AnswerClass::RateLimited => error(
            "rate_limited",
            format!("{server} answers nothing for now."),
            "Begin the login again in a few minutes.",
        ),
        _ => error(
            "unexpected_answer",
            format!("{server} gave an answer this program does not know: {said}"),
            "Begin the login again; if that repeats, report the answer.",
        ),
    }
}
