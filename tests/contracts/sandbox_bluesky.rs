//! The simulated Bluesky, asked with a plain HTTP client: every status and
//! body is one that the reference PDS was observed to give.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test may end it as the test itself may"
)]

mod accounts;
mod faults;
mod oauth;
mod records;
mod sessions;
mod videos;

use std::sync::Arc;
use std::time::Duration;

use allgreen::sandbox::bluesky::Bluesky;
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::time::UtcMs;
use base64::Engine as _;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const POST: &str = "app.bsky.feed.post";
const ALICE: &str = "alice.test";
const MAIN: &str = "correct horse battery";

/// A sandbox on a clock that stands, with one account and one app password.
struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    http: reqwest::Client,
    did: String,
    app_password: String,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Reply {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a success and gives its body.
    fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Asserts `{"error": name, "message": message}` and nothing else.
    fn refuses(&self, status: u16, name: &str, message: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json(), json!({ "error": name, "message": message }));
    }

    fn text_at(&self, key: &str) -> String {
        self.ok()[key].as_str().unwrap().to_owned()
    }
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T02:09:01.196Z").unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let bluesky = sandbox.bluesky();
        let did = bluesky.create_account(ALICE, MAIN, "Alice").unwrap();
        let app_password = bluesky.create_app_password(ALICE, "allgreen").unwrap();
        Self {
            clock,
            http: client(),
            did,
            app_password,
            sandbox,
        }
    }

    fn bluesky(&self) -> &Bluesky {
        self.sandbox.bluesky()
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.base());
        let request = self.http.request(method, url);
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    async fn get(&self, method: &str, token: Option<&str>) -> Reply {
        let request = self.request(Method::GET, &format!("/xrpc/{method}"), token);
        self.send(request).await.unwrap()
    }

    /// A POST without a body.
    async fn bare(&self, method: &str, token: Option<&str>) -> Reply {
        let request = self.request(Method::POST, &format!("/xrpc/{method}"), token);
        self.send(request).await.unwrap()
    }

    async fn post(&self, method: &str, token: Option<&str>, body: &Value) -> Reply {
        self.try_post(method, token, body).await.unwrap()
    }

    async fn try_post(
        &self,
        method: &str,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Reply, reqwest::Error> {
        let request = self.request(Method::POST, &format!("/xrpc/{method}"), token);
        self.send(request.json(body)).await
    }

    async fn log_in(&self, password: &str) -> Reply {
        self.log_in_as(ALICE, password).await
    }

    async fn log_in_as(&self, who: &str, password: &str) -> Reply {
        let body = json!({ "identifier": who, "password": password });
        self.post("com.atproto.server.createSession", None, &body)
            .await
    }

    /// The access and the refresh token of a fresh app-password session.
    async fn session(&self) -> (String, String) {
        let reply = self.log_in(&self.app_password).await;
        (reply.text_at("accessJwt"), reply.text_at("refreshJwt"))
    }

    async fn refresh(&self, token: &str) -> Reply {
        self.bare("com.atproto.server.refreshSession", Some(token))
            .await
    }

    async fn get_session(&self, token: &str) -> Reply {
        self.get("com.atproto.server.getSession", Some(token)).await
    }

    async fn repo_status(&self) -> Reply {
        let method = format!("com.atproto.sync.getRepoStatus?did={}", self.did);
        self.get(&method, None).await
    }

    async fn create(&self, token: &str, text: &str) -> Reply {
        let body = json!({ "repo": self.did, "collection": POST, "record": record(text) });
        self.post("com.atproto.repo.createRecord", Some(token), &body)
            .await
    }

    async fn put(&self, token: &str, body: &Value) -> Reply {
        self.post("com.atproto.repo.putRecord", Some(token), body)
            .await
    }

    /// The body of an idempotent create.
    fn once(&self, rkey: &str, text: &str) -> Value {
        json!({
            "repo": self.did, "collection": POST, "rkey": rkey,
            "record": record(text), "swapRecord": null,
        })
    }

    async fn get_record(&self, rkey: &str) -> Reply {
        let method = format!(
            "com.atproto.repo.getRecord?repo={}&collection={POST}&rkey={rkey}",
            self.did
        );
        self.get(&method, None).await
    }
}

fn record(text: &str) -> Value {
    json!({ "$type": POST, "text": text, "createdAt": "2026-01-01T00:00:00.000Z" })
}

/// What a token says about itself.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&engine.decode(claims).unwrap()).unwrap()
}

const INVALID_LOGIN: (u16, &str, &str) = (
    401,
    "AuthenticationRequired",
    "Invalid identifier or password",
);
const REVOKED: (u16, &str, &str) = (400, "ExpiredToken", "Token has been revoked");
const EXPIRED: (u16, &str, &str) = (400, "ExpiredToken", "Token has expired");
const UNVERIFIED: (u16, &str, &str) = (400, "InvalidToken", "Token could not be verified");
const NO_TOKEN: (u16, &str, &str) = (401, "AuthMissing", "Authentication Required");
const TAKEN_DOWN: (u16, &str, &str) = (401, "AccountTakedown", "Account has been taken down");

impl Reply {
    fn is(&self, (status, name, message): (u16, &str, &str)) {
        self.refuses(status, name, message);
    }
}
