//! A whole OAuth 2 server, and in front of it a server that speaks as much of
//! Mastodon's API as a login needs: what the program is logged in at.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};

use crate::common::proxy::Proxy;
use crate::common::{PATIENCE, eventually, http, runtime};
use crate::server::{installed_peer, node};

/// Scopes the program asks for at a Mastodon.
const SCOPES: &str = "read:accounts read:statuses read:notifications write:statuses write:media offline_access openid";

/// The server, the API before it, and a proxy where tokens are exchanged.
pub struct OAuthServer {
    /// Where it is.
    pub url: String,
    /// The API an account lives on.
    pub api: String,
    /// In front of the token endpoint, to lose answers.
    pub proxy: Proxy,
    child: Child,
}

impl OAuthServer {
    /// One with these knobs of `server.mjs`; stopped when dropped.
    pub fn start(knobs: &[(&str, &str)]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/oidc/server.mjs");
        let home = installed_peer("oidc");
        assert!(
            home.join("installed").exists(),
            "not installed yet; run tests/peers/oidc/setup.sh first"
        );
        let mut child = Command::new(node())
            .arg(script)
            .env("PEER_HOME", home)
            .env("SCOPES", SCOPES)
            .envs(knobs.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Every refusal is written down there, and most are meant.
            .stderr(Stdio::null())
            .spawn()
            .expect("the Node.js of the other server");
        let mut lines = BufReader::new(child.stdout.take().expect("piped above"));
        let mut ready = String::new();
        lines.read_line(&mut ready).expect("the ready line");
        std::thread::spawn(move || for _ in lines.lines() {});
        let ready: Value = serde_json::from_str(&ready).expect("a ready line");
        let url = ready["url"].as_str().expect("a URL").to_owned();
        Self {
            api: runtime().block_on(api(&url)),
            proxy: Proxy::start(&url),
            url,
            child,
        }
    }

    /// The part of `config.toml` that points the program here.
    pub fn config(&self) -> String {
        let (url, tokens) = (&self.url, self.proxy.url());
        format!(
            "[networks.mastodon]\nclient_id = \"public\"\nredirect_uri = \"http://127.0.0.1/callback\"\n\
             authorize_url = \"{url}/auth\"\ntoken_url = \"{tokens}/token\"\n\
             device_url = \"{url}/device/auth\"\nrevoke_url = \"{url}/token/revocation\"\n\
             allow_private_hosts = true\n"
        )
    }

    /// Tells the server something, or asks it; see `server.mjs`.
    pub fn tell(&self, what: &str) -> Value {
        let url = format!("{}/__{what}", self.url);
        let asked = async { http().get(url).send().await?.bytes().await };
        serde_json::from_slice(&runtime().block_on(asked).expect("an answer")).expect("JSON")
    }

    /// How often a grant of this kind ended this way.
    pub fn count(&self, kind: &str) -> u64 {
        self.tell("stats")[kind].as_u64().unwrap_or(0)
    }
}

impl Drop for OAuthServer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        eventually("the server has stopped", PATIENCE, || {
            !matches!(self.child.try_wait(), Ok(None))
        });
    }
}

/// Serves whose a token is, by asking the OAuth server; nothing else is there.
async fn api(authority: &str) -> String {
    let router = Router::new()
        .route("/api/v1/accounts/verify_credentials", get(whose))
        .with_state(Arc::new(authority.to_owned()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{at}")
}

async fn whose(State(authority): State<Arc<String>>, headers: HeaderMap) -> (StatusCode, String) {
    let token = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .unwrap_or_default();
    let asked = http()
        .post(format!("{authority}/token/introspection"))
        .form(&[("token", token), ("client_id", "public")])
        .send();
    let known: Value = match asked.await {
        Ok(answer) => {
            serde_json::from_slice(&answer.bytes().await.unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return (StatusCode::BAD_GATEWAY, "{}".to_owned()),
    };
    let body = |value: Value| value.to_string();
    match known["sub"].as_str().filter(|_| known["active"] == true) {
        Some(name) => (
            StatusCode::OK,
            body(
                json!({ "id": format!("id-{name}"), "username": name, "acct": name, "display_name": name }),
            ),
        ),
        None => (
            StatusCode::UNAUTHORIZED,
            body(json!({ "error": "The access token is invalid" })),
        ),
    }
}
