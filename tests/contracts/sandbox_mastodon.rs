//! The simulated Mastodon, asked with a plain HTTP client and a person at its
//! pages: every status and sentence is one of the documentation or the source.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod apps;
mod consent;
mod differences;
mod limits;
mod tokens;

use std::time::Duration;

use allgreen::sandbox::mastodon::Mastodon;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::time::UtcMs;
use base64::Engine as _;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::common::http;
use super::common::human::{Answer, consent};

const SCOPES: &str = "read:accounts read:statuses write:statuses write:media";
const CALLBACK: &str = "http://127.0.0.1/callback";
/// Where the app of a test listens: another port than the registered one.
const LISTENING: &str = "http://127.0.0.1:4711/callback";
const SHOWN: &str = "urn:ietf:wg:oauth:2.0:oob";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    base: String,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    body: Value,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    fn text(&self, field: &str) -> String {
        let value = self.body[field].as_str();
        value.unwrap_or_else(|| panic!("{field}: {self:?}")).into()
    }
}

/// An app as the instance registered it.
#[derive(Clone, Debug)]
struct App {
    id: String,
    secret: String,
}

async fn done(asked: RequestBuilder) -> Reply {
    let answer = asked.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.unwrap();
    Reply {
        status,
        headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

fn challenge() -> String {
    let hash = Sha256::digest(VERIFIER.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}

fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let (_, value) = pairs.find(|(key, _)| key == name)?;
    Some(value.into_owned())
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T14:01:00Z").unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        for name in ["acme", "birch"] {
            sandbox.mastodon().create_account(name).unwrap();
        }
        let base = sandbox.mastodon_base().to_owned();
        Self {
            sandbox,
            clock,
            base,
        }
    }

    fn mastodon(&self) -> &Mastodon {
        self.sandbox.mastodon()
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn get(&self, path: &str, token: &str) -> Reply {
        done(http().get(self.at(path)).bearer_auth(token)).await
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        done(http().post(self.at(path)).form(fields)).await
    }

    async fn post(&self, token: &str, text: &str) -> Reply {
        let asked = http().post(self.at("/api/v1/statuses"));
        done(asked.bearer_auth(token).json(&json!({ "status": text }))).await
    }

    async fn order(&self, name: &str, body: Value) {
        let asked = http().post(self.at(&format!("/control/mastodon/{name}")));
        let reply = done(asked.json(&body)).await;
        assert_eq!(reply.status, 200, "{name}: {reply:?}");
    }

    async fn app(&self) -> App {
        let redirects = format!("{SHOWN}\n{CALLBACK}\nhttp://localhost/callback");
        let fields = [
            ("client_name", "Allgreen"),
            ("redirect_uris", redirects.as_str()),
            ("scopes", SCOPES),
        ];
        let reply = self.form("/api/v1/apps", &fields).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        App {
            id: reply.text("client_id"),
            secret: reply.text("client_secret"),
        }
    }

    /// The link an app shows, with other parameters than usual.
    fn link(&self, app: &App, other: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut usual = vec![
            ("response_type", "code"),
            ("client_id", app.id.as_str()),
            ("redirect_uri", LISTENING),
            ("scope", SCOPES),
            ("state", "st&te"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        usual.retain(|(name, _)| !other.iter().any(|(one, _)| one == name));
        let all = usual.into_iter().chain(other.iter().copied());
        let all = all.filter(|(_, value)| !value.is_empty());
        Url::parse_with_params(&self.at("/oauth/authorize"), all)
            .unwrap()
            .into()
    }

    /// A code somebody allowed.
    async fn code(&self, app: &App, other: &[(&str, &str)]) -> String {
        let link = self.link(app, other);
        let to = consent(&link, "acme", Answer::Allow).await.unwrap();
        query(&to, "code").unwrap()
    }

    /// Fetches the token of a code, with other parameters than usual.
    async fn fetch(&self, app: &App, code: &str, other: &[(&str, &str)]) -> Reply {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", app.id.as_str()),
            ("client_secret", app.secret.as_str()),
            ("redirect_uri", LISTENING),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| !other.iter().any(|(one, _)| one == name));
        fields.extend(other.iter().filter(|(_, value)| !value.is_empty()));
        self.form("/oauth/token", &fields).await
    }

    async fn token(&self, app: &App) -> String {
        let code = self.code(app, &[]).await;
        self.fetch(app, &code, &[]).await.text("access_token")
    }

    async fn whoami(&self, token: &str) -> Reply {
        self.get("/api/v1/accounts/verify_credentials", token).await
    }

    fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }
}
