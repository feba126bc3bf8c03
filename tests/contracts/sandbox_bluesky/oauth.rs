//! Logging in at the server's own pages, and signed calls.

mod calls;
mod consent;
mod pushing;
mod tokens;

use std::sync::atomic::{AtomicU64, Ordering};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::*;
use crate::common::human::{self, DeadEnd, Human};

const CLIENT: &str = "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=atproto+transition%3Ageneric";
const REDIRECT: &str = "http://127.0.0.1:34567/callback";
const SCOPE: &str = "atproto transition:generic";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A text that was in no test before.
fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("unique-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// Who holds a key and signs with it.
struct Signer {
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let (random, how) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(how, document.as_ref(), &random).unwrap();
        Self { pair }
    }

    fn head(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let half = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        json!({
            "typ": "dpop+jwt", "alg": "ES256",
            "jwk": { "kty": "EC", "crv": "P-256", "x": half(1), "y": half(33) },
        })
    }

    fn sign(&self, head: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(claims));
        let random = SystemRandom::new();
        let signature = self.pair.sign(&random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// A client of this machine at the simulated server.
struct Client {
    scene: Scene,
    key: Signer,
    verifier: String,
}

/// What a login gave.
#[derive(Clone, Debug)]
struct Pair {
    access: String,
    refresh: String,
}

impl Client {
    async fn new() -> Self {
        let scene = Scene::new().await;
        Self {
            scene,
            key: Signer::new(),
            verifier: format!("{:-<50}", unique()),
        }
    }

    /// The nonce the server hands out now.
    async fn nonce(&self) -> String {
        let reply = self.unsigned("/oauth/par", &[]).await;
        reply.header("dpop-nonce").to_owned()
    }

    async fn unsigned(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let request = self.scene.request(Method::POST, path, None);
        self.scene.send(request.form(form)).await.unwrap()
    }

    /// What a good proof says.
    async fn claims(&self, method: &str, path: &str, token: Option<&str>) -> Value {
        let mut claims = json!({
            "jti": unique(), "htm": method, "htu": format!("{}{path}", self.scene.sandbox.base()),
            "iat": self.scene.clock.now().0 / 1000, "nonce": self.nonce().await,
        });
        if let Some(token) = token {
            claims["ath"] = json!(hash(token));
        }
        claims
    }

    async fn signed_by(&self, key: &Signer, path: &str, form: &[(&str, &str)]) -> Reply {
        let claims = self.claims("POST", path, None).await;
        self.with_proof(path, form, &key.sign(&key.head(), &claims))
            .await
    }

    async fn signed(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        self.signed_by(&self.key, path, form).await
    }

    async fn with_proof(&self, path: &str, form: &[(&str, &str)], proof: &str) -> Reply {
        let request = self.scene.request(Method::POST, path, None);
        let request = request.header("dpop", proof).form(form);
        self.scene.send(request).await.unwrap()
    }

    /// A good request with some of it changed; an empty value leaves it out.
    async fn push(&self, changed: &[(&str, &str)]) -> Reply {
        let challenge = hash(&self.verifier);
        let good = [
            ("client_id", CLIENT),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPE),
            ("state", "the-state"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", ALICE),
        ];
        let of = |name: &str| changed.iter().find(|(it, _)| *it == name);
        let form: Vec<(&str, &str)> = good
            .iter()
            .map(|(name, value)| (*name, of(name).map_or(*value, |(_, value)| value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        self.signed("/oauth/par", &form).await
    }

    fn link_of(&self, client: &str, request: &str) -> String {
        let base = format!("{}/oauth/authorize", self.scene.sandbox.base());
        let query = [("client_id", client), ("request_uri", request)];
        Url::parse_with_params(&base, query).unwrap().into()
    }

    async fn link(&self) -> String {
        let request = self.push(&[]).await;
        assert_eq!(request.status, 201, "{}", request.text);
        let request = request.json()["request_uri"].as_str().unwrap().to_owned();
        self.link_of(CLIENT, &request)
    }

    async fn answered(&self, link: &str, answer: human::Answer) -> Result<Url, DeadEnd> {
        Human::knowing(MAIN).consent(link, ALICE, answer).await
    }

    async fn allowed(&self) -> String {
        let link = self.link().await;
        let back = self.answered(&link, human::Answer::Allow).await.unwrap();
        query(&back, "code").unwrap()
    }

    async fn exchange(&self, code: &str) -> Reply {
        self.exchange_by(&self.key, code, &[]).await
    }

    async fn exchange_by(&self, key: &Signer, code: &str, changed: &[(&str, &str)]) -> Reply {
        let good = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", CLIENT),
            ("code_verifier", &*self.verifier),
        ];
        let of = |name: &str| changed.iter().find(|(it, _)| *it == name);
        let form: Vec<(&str, &str)> = good
            .iter()
            .map(|(name, value)| (*name, of(name).map_or(*value, |(_, value)| value)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        self.signed_by(key, "/oauth/token", &form).await
    }

    async fn logged_in(&self) -> Pair {
        let code = self.allowed().await;
        pair(&self.exchange(&code).await)
    }

    async fn refresh_by(&self, key: &Signer, token: &str) -> Reply {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", CLIENT),
        ];
        self.signed_by(key, "/oauth/token", &form).await
    }

    async fn refresh(&self, token: &str) -> Reply {
        self.refresh_by(&self.key, token).await
    }

    /// A signed call; the method may have a query.
    async fn call(&self, method: &str, token: &str, body: Option<&Value>) -> Reply {
        let verb = if body.is_some() { "POST" } else { "GET" };
        let path = format!("/xrpc/{}", method.split('?').next().unwrap());
        let claims = self.claims(verb, &path, Some(token)).await;
        let proof = self.key.sign(&self.key.head(), &claims);
        self.call_with(method, token, Some(&proof), body).await
    }

    async fn call_with(
        &self,
        method: &str,
        token: &str,
        proof: Option<&str>,
        body: Option<&Value>,
    ) -> Reply {
        let verb = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = self.scene.request(verb, &format!("/xrpc/{method}"), None);
        request = request.header("authorization", format!("DPoP {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.scene.send(request).await.unwrap()
    }

    async fn session(&self, token: &str) -> Reply {
        self.call("com.atproto.server.getSession", token, None)
            .await
    }

    async fn write(&self, token: &str, rkey: &str, text: &str) -> Reply {
        let body = self.scene.once(rkey, text);
        self.call("com.atproto.repo.putRecord", token, Some(&body))
            .await
    }
}

fn pair(reply: &Reply) -> Pair {
    Pair {
        access: reply.text_at("access_token"),
        refresh: reply.text_at("refresh_token"),
    }
}

fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

impl Reply {
    /// Asserts `{"error": name, "error_description": words}` and nothing else.
    fn denies(&self, status: u16, name: &str, words: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let body = json!({ "error": name, "error_description": words });
        assert_eq!(self.json(), body);
    }

    fn no_grant(&self, words: &str) {
        self.denies(400, "invalid_grant", words);
    }
}

const DEAD: (u16, &str, &str) = (401, "invalid_token", "Invalid token");
