//! How an app is allowed to speak for an account: OAuth 2 as Doorkeeper does it
//! inside Mastodon.
//!
//! Source: <https://docs.joinmastodon.org/methods/oauth/>,
//! <https://docs.joinmastodon.org/spec/oauth/>,
//! <https://github.com/mastodon/mastodon/blob/main/config/initializers/doorkeeper.rb> and
//! <https://github.com/doorkeeper-gem/doorkeeper> (5.9, which Mastodon uses)

mod apps;
mod authorize;
mod pages;
mod redirects;
mod sessions;
mod token;

pub(super) use apps::register;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::endpoint;
use super::settings::Settings;
use super::state::World;
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// What the instance knows of apps, of people at its pages, and of codes.
#[derive(Debug, Default)]
pub(super) struct Oauth {
    /// By client id.
    apps: BTreeMap<String, apps::App>,
    /// By cookie.
    sessions: BTreeMap<String, sessions::Session>,
    /// By code.
    codes: BTreeMap<String, Code>,
    /// Refresh tokens that were used, and their family.
    spent: BTreeMap<String, u64>,
    families: u64,
}

impl Oauth {
    pub fn forget_apps(&mut self) {
        self.apps.clear();
        self.codes.clear();
    }

    pub fn forget_codes(&mut self, account: &str) {
        self.codes.retain(|_, code| code.account != account);
    }

    pub fn sign_out(&mut self, account: &str) {
        self.sessions
            .retain(|_, session| session.account.as_deref() != Some(account));
    }
}

/// A consent that was not fetched yet, or was.
#[derive(Clone, Debug)]
struct Code {
    app: String,
    account: String,
    redirect: String,
    scopes: Vec<String>,
    challenge: Option<String>,
    made: UtcMs,
    used: bool,
}

/// The scopes of an instance.
///
/// Source: <https://docs.joinmastodon.org/api/oauth-scopes/>
const SCOPES: [&str; 30] = [
    "read",
    "profile",
    "write",
    "write:accounts",
    "write:blocks",
    "write:bookmarks",
    "write:conversations",
    "write:favourites",
    "write:filters",
    "write:follows",
    "write:lists",
    "write:media",
    "write:mutes",
    "write:notifications",
    "write:reports",
    "write:statuses",
    "read:accounts",
    "read:blocks",
    "read:bookmarks",
    "read:favourites",
    "read:filters",
    "read:follows",
    "read:lists",
    "read:mutes",
    "read:notifications",
    "read:search",
    "read:statuses",
    "follow",
    "push",
    "admin:read",
];

/// `profile` came with 4.3.
fn known_scopes(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let old = settings.before_4_3;
    let scopes = SCOPES.into_iter();
    scopes.filter(move |scope| !old || *scope != "profile")
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if !words.iter().any(|have| have == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Everything outside `/api`.
pub(super) fn answer(world: &mut World, req: &Request) -> Answer {
    let Some(params) = Params::of(req) else {
        return pages::error(400, "The request you submitted was invalid or malformed.");
    };
    match endpoint(req) {
        "oauth_metadata" if !world.settings.before_4_3 => Answer::json(200, &metadata(world)),
        "authorize" => authorize::show(world, req, &params),
        "consent" => authorize::consent(world, req, &params),
        "show_code" => pages::code(&params.text("code").unwrap_or_default()),
        "sign_in" => sessions::sign_in(world, req, &params),
        "token" => token::issue(world, req, &params).unwrap_or_else(Answer::from),
        "revoke" => token::revoke(world, req, &params),
        _ => pages::error(404, "The page you are looking for isn't here."),
    }
}

/// Source: <https://docs.joinmastodon.org/methods/oauth/#authorization-server-metadata>
fn metadata(world: &World) -> Value {
    let base = &world.base;
    let mut grants = vec!["authorization_code", "client_credentials"];
    if world.settings.token_life.is_some() {
        grants.push("refresh_token");
    }
    let mut methods = vec!["client_secret_post"];
    if world.settings.basic {
        methods.insert(0, "client_secret_basic");
    }
    let mut body = json!({
        "issuer": format!("{base}/"),
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "app_registration_endpoint": format!("{base}/api/v1/apps"),
        "scopes_supported": known_scopes(&world.settings).collect::<Vec<_>>(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": methods,
        "service_documentation": "https://docs.joinmastodon.org/",
    });
    if world.settings.pkce {
        body["code_challenge_methods_supported"] = json!(["S256"]);
    }
    body
}

/// A refusal with a name. Its words are Doorkeeper's.
///
/// Source: <https://github.com/doorkeeper-gem/doorkeeper/blob/main/config/locales/en.yml>
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    name: &'static str,
    words: String,
}

fn wrong(name: &'static str) -> Wrong {
    let words = match name {
        "invalid_client" => {
            "Client authentication failed due to unknown client, no client authentication \
             included, or unsupported authentication method."
        }
        "invalid_grant" => {
            "The provided authorization grant is invalid, expired, revoked, does not match the \
             redirection URI used in the authorization request, or was issued to another client."
        }
        "invalid_redirect_uri" => "The redirect uri included is not valid.",
        "invalid_scope" => "The requested scope is invalid, unknown, or malformed.",
        "access_denied" => "The resource owner or authorization server denied the request.",
        "unsupported_response_type" => {
            "The authorization server does not support this response type."
        }
        "unsupported_grant_type" => {
            "The authorization grant type is not supported by the authorization server."
        }
        "invalid_code_challenge_method" => "The code_challenge_method must be S256.",
        _ => {
            "The request is missing a required parameter, includes an unsupported parameter \
             value, or is otherwise malformed."
        }
    };
    Wrong {
        name,
        words: words.to_owned(),
    }
}

fn missing(param: &str) -> Wrong {
    Wrong {
        name: "invalid_request",
        words: format!("Missing required parameter: {param}."),
    }
}

impl Wrong {
    fn status(&self) -> u16 {
        if self.name == "invalid_client" {
            401
        } else {
            400
        }
    }
}

impl From<Wrong> for Answer {
    fn from(wrong: Wrong) -> Self {
        let body = json!({ "error": wrong.name, "error_description": wrong.words });
        let mut answer = Self::json(wrong.status(), &body);
        let no_store = ("cache-control", "no-store, no-cache".to_owned());
        answer.headers.push(no_store);
        answer.headers.push(challenge(wrong.name, &wrong.words));
        answer
    }
}

/// The header that goes with a refusal.
pub(super) fn challenge(error: &str, description: &str) -> (&'static str, String) {
    let header =
        format!(r#"Bearer realm="Doorkeeper", error="{error}", error_description="{description}""#);
    ("www-authenticate", header)
}
