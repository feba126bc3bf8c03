//! The calls about sessions, and what their answers hold.

use serde::Deserialize;

use super::handle::is_handle;
use super::identity::{self, Raw};
use super::jwt;
use super::xrpc::{self, Failed};
use crate::networks::evidence;
use crate::networks::http::Body;
use crate::networks::{Net, Tokens};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// A session as `createSession` and `refreshSession` give it.
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/server/createSession.json>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(deserialize_with = "evidence::token")]
    access_jwt: String,
    #[serde(deserialize_with = "evidence::token")]
    refresh_jwt: String,
    did: String,
    #[serde(default)]
    handle: String,
    active: Option<bool>,
    status: Option<String>,
    did_doc: Option<serde_json::Value>,
}

/// A session that a server has just given.
pub(super) struct Opened {
    pub access: Secret,
    pub refresh: Secret,
    pub did: String,
    /// The account's handle, when it has a valid one.
    pub handle: Option<String>,
    /// Why the account may not publish although it may log in.
    pub inactive: Option<String>,
    /// The server its DID document names, when the answer held one.
    pub server: Option<String>,
}

impl From<Answer> for Opened {
    fn from(answer: Answer) -> Self {
        let document = answer
            .did_doc
            .and_then(|raw| serde_json::from_value::<Raw>(raw).ok())
            .and_then(|raw| identity::read(raw, &answer.did));
        Self {
            access: Secret::new(answer.access_jwt),
            refresh: Secret::new(answer.refresh_jwt),
            handle: Some(answer.handle.to_lowercase()).filter(|handle| is_handle(handle)),
            inactive: (answer.active == Some(false))
                .then(|| answer.status.unwrap_or_else(|| "inactive".to_owned())),
            server: document.and_then(|document| document.server),
            did: answer.did,
        }
    }
}

impl Opened {
    /// The server the account lives on, when that is not `server`.
    pub fn moved_from(&self, server: &str) -> Option<&str> {
        self.server.as_deref().filter(|named| *named != server)
    }

    /// Its tokens, with the password that can open the next one.
    pub fn tokens(self, password: Option<Secret>, now: UtcMs) -> Tokens {
        Tokens {
            access_ends: jwt::ends(&self.access, now),
            grant_ends: jwt::ends(&self.refresh, now),
            access: self.access,
            refresh: Some(self.refresh),
            password,
            client_secret: None,
            proof_key: None,
        }
    }
}

/// `createSession`: a new session from the app password.
pub(super) async fn create(
    net: &Net,
    server: &str,
    did: &str,
    password: &Secret,
) -> Result<Opened, Failed> {
    let method = xrpc::CREATE_SESSION;
    let body = serde_json::json!({ "identifier": did, "password": password.expose() });
    let request = xrpc::procedure(server, method, Body::Json(body.to_string()));
    let answer: Answer = xrpc::json(net, request, method, &[password]).await?;
    Ok(answer.into())
}

/// `refreshSession`: the next session, and the only proof that tells the truth.
pub(super) async fn refresh(net: &Net, server: &str, token: &Secret) -> Result<Opened, Failed> {
    let method = xrpc::REFRESH_SESSION;
    let request = xrpc::procedure(server, method, Body::Empty).map(|mut request| {
        request.auth = Some(token);
        request
    });
    let answer: Answer = xrpc::json(net, request, method, &[token]).await?;
    Ok(answer.into())
}

/// What `getSession` says of the session of an access token.
pub(super) struct Checked {
    pub did: String,
    /// The account's handle, when it has a valid one.
    pub handle: Option<String>,
    /// Why the account may not publish although it may log in.
    pub inactive: Option<String>,
}

/// `getSession` with an access token: that this very token is taken.
pub(super) async fn check(net: &Net, server: &str, token: &Secret) -> Result<Checked, Failed> {
    /// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/server/getSession.json>
    #[derive(Deserialize)]
    struct Said {
        did: String,
        #[serde(default)]
        handle: String,
        active: Option<bool>,
        status: Option<String>,
    }
    let method = xrpc::GET_SESSION;
    let request = xrpc::query(server, method, &[]).map(|mut request| {
        request.auth = Some(token);
        request
    });
    let said: Said = xrpc::json(net, request, method, &[token]).await?;
    Ok(Checked {
        did: said.did,
        handle: Some(said.handle.to_lowercase()).filter(|handle| is_handle(handle)),
        inactive: (said.active == Some(false))
            .then(|| said.status.unwrap_or_else(|| "inactive".to_owned())),
    })
}

/// `deleteSession`: the server forgets the session of a refresh token.
pub(super) async fn delete(net: &Net, server: &str, token: &Secret) -> Result<(), Failed> {
    let method = xrpc::DELETE_SESSION;
    let request = xrpc::procedure(server, method, Body::Empty).map(|mut request| {
        request.auth = Some(token);
        request
    });
    xrpc::reply(net, request, method, &[token]).await.map(drop)
}

/// What a server says of an account to anybody.
#[derive(Debug, Deserialize)]
pub(super) struct RepoStatus {
    pub active: bool,
    pub status: Option<String>,
}

/// `getRepoStatus`, without a token: tells a restricted account from one whose
/// access was removed, which `createSession` does not.
pub(super) async fn status(net: &Net, server: &str, did: &str) -> Result<RepoStatus, Failed> {
    let method = xrpc::REPO_STATUS;
    let request = xrpc::query(server, method, &[("did", did)]);
    xrpc::json(net, request, method, &[]).await
}
