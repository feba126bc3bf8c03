//! Logging in at the server's own pages: OAuth 2 as the AT Protocol has it,
//! every request pushed first and every token bound to a key.
//!
//! What was observed is the reference PDS (`@atproto/pds` 0.5.35); the order of
//! the checks and the texts that were not seen are read in its package
//! `@atproto/oauth-provider`. Only clients on the person's own machine are
//! simulated: one that is described at an https address is not.
//!
//! Source: <https://atproto.com/specs/oauth>

mod authorize;
mod client;
mod nonces;
mod orders;
mod pages;
mod proof;
mod push;
mod refused;
mod resource;
mod scopes;
mod token;

pub(super) use resource::{admit, no_oauth, nonce_header};
pub(super) use scopes::Right;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;

use self::refused::Wrong;
use super::sessions::Caller;
use super::state::World;
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// A pushed request waits this long, and as long again after each step.
const REQUEST_LIFE: Duration = Duration::from_secs(300);
/// A challenge is good once within this.
const CHALLENGE_LIFE: Duration = Duration::from_secs(86_400);
/// Life of an access token, as observed.
const ACCESS_LIFE: Duration = Duration::from_secs(3600);
/// Life of the whole login of a client that keeps no secret, whatever is
/// refreshed meanwhile.
const LOGIN_LIFE: Duration = Duration::from_secs(14 * 86_400);

/// What the server knows of logins at its pages.
#[derive(Debug, Default)]
pub(super) struct Oauth {
    /// By `request_uri`.
    requests: BTreeMap<String, Pushed>,
    /// By cookie.
    browsers: BTreeMap<String, Browser>,
    /// The logins, by a number of their own.
    logins: BTreeMap<u64, Login>,
    numbers: u64,
    /// Proofs that were used.
    proofs: BTreeSet<String>,
    /// When a challenge was answered.
    challenges: HashMap<String, UtcMs>,
    /// Who the current request comes from, when it is a signed one.
    pub admitted: Option<Result<Caller, Answer>>,
}

/// A request that was pushed.
#[derive(Clone, Debug)]
struct Pushed {
    client: String,
    key: String,
    redirect: String,
    scopes: Vec<String>,
    state: String,
    challenge: String,
    hint: Option<String>,
    ends: UtcMs,
    /// The browser that opened it.
    browser: Option<String>,
    /// The account and the code, once somebody allowed it.
    allowed: Option<(String, String)>,
}

/// A browser at the pages.
#[derive(Clone, Debug, Default)]
struct Browser {
    account: Option<String>,
    /// What a form has to bring along, so that no other page can send it.
    csrf: String,
}

/// A login: what one consent led to.
#[derive(Clone, Debug)]
struct Login {
    did: String,
    client: String,
    key: String,
    scopes: Vec<String>,
    code: String,
    browser: Option<String>,
    began: UtcMs,
    /// Name and end of the one access token that is good.
    access: String,
    ends: UtcMs,
    /// The one refresh token that is good.
    refresh: String,
    /// Refresh tokens that were good.
    spent: BTreeSet<String>,
}

impl Oauth {
    /// Ends every login of an account, as when its owner removes the app.
    pub fn end(&mut self, did: &str) {
        self.logins.retain(|_, login| login.did != did);
    }

    /// Ends every login and forgets who is signed in: the account is gone or
    /// taken down.
    pub fn forget(&mut self, did: &str) {
        self.end(did);
        let allowed = |one: &Pushed| one.allowed.as_ref().is_some_and(|(by, _)| by == did);
        self.requests.retain(|_, one| !allowed(one));
        self.browsers
            .retain(|_, one| one.account.as_deref() != Some(did));
    }

    /// Makes the access tokens of an account end before their time.
    pub fn expire(&mut self, did: &str) {
        for login in self.logins.values_mut().filter(|login| login.did == did) {
            login.ends = login.began;
        }
    }

    /// How many logins of an account are good.
    pub fn live(&self, did: &str) -> usize {
        let mine = self.logins.values().filter(|login| login.did == did);
        mine.count()
    }
}

impl World {
    /// A fresh secret of `bytes` bytes, `<prefix>-<hex>`.
    fn oauth_secret(&self, prefix: &str, bytes: usize) -> String {
        use std::fmt::Write as _;
        let mut raw = vec![0; bytes];
        self.entropy.fill(&mut raw);
        let mut text = format!("{prefix}-");
        for byte in raw {
            // A string takes whatever is written to it.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Everything outside `/xrpc`; `None` when it is none of this.
pub(super) fn answer(world: &mut World, req: &Request) -> Option<Answer> {
    Some(match (req.method.as_str(), req.path.as_str()) {
        ("GET", "/.well-known/oauth-protected-resource") => protected_resource(world),
        ("GET", "/.well-known/oauth-authorization-server") => authorization_server(world),
        ("GET", "/oauth/authorize") => authorize::show(world, req),
        ("POST", authorize::SIGN_IN) => authorize::sign_in(world, req),
        ("GET", authorize::SIGN_IN) => authorize::other_account(world, req),
        ("POST", authorize::CONSENT) => authorize::consent(world, req),
        ("POST", "/oauth/par") => called(world, req, push::push),
        ("POST", "/oauth/token") => called(world, req, token::issue),
        ("POST", "/oauth/revoke") => called(world, req, token::revoke),
        // Source: RFC 9126 section 2.3.
        (_, "/oauth/par") => Answer::empty(405),
        _ => return None,
    })
}

type Called = fn(&mut World, &Request, &Params) -> Result<Answer, Wrong>;

/// A call of a client: what is in the body counts, and nothing else.
fn called(world: &mut World, req: &Request, call: Called) -> Answer {
    let kind = req.header("content-type").unwrap_or_default();
    let known = ["application/json", "application/x-www-form-urlencoded"];
    let bare = Request {
        query: Vec::new(),
        ..req.clone()
    };
    let answered = match Params::of(&bare) {
        Some(params) if known.iter().any(|one| kind.starts_with(one)) => call(world, req, &params),
        _ => Err(Wrong {
            status: 415,
            name: "invalid_request",
            words: "Unsupported content-type".to_owned(),
        }),
    };
    let mut answer = answered.unwrap_or_else(|wrong| wrong.at_authority());
    answer.headers.extend([
        ("cache-control", "no-store".to_owned()),
        ("pragma", "no-cache".to_owned()),
        nonce_header(world, req.now),
    ]);
    answer
}

/// Source: <https://www.rfc-editor.org/rfc/rfc9728>; the fields as observed.
fn protected_resource(world: &World) -> Answer {
    Answer::json(
        200,
        &json!({
            "resource": world.base,
            "authorization_servers": [world.base],
            "scopes_supported": [],
            "bearer_methods_supported": ["header"],
            "resource_documentation": "https://atproto.com",
        }),
    )
}

/// Source: <https://www.rfc-editor.org/rfc/rfc8414>; the fields as observed.
fn authorization_server(world: &World) -> Answer {
    let base = &world.base;
    Answer::json(
        200,
        &json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/oauth/authorize"),
            "token_endpoint": format!("{base}/oauth/token"),
            "revocation_endpoint": format!("{base}/oauth/revoke"),
            "pushed_authorization_request_endpoint": format!("{base}/oauth/par"),
            "require_pushed_authorization_requests": true,
            "scopes_supported": scopes::TRANSITIONAL,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "dpop_signing_alg_values_supported": refused::ALGORITHMS,
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": true,
        }),
    )
}
