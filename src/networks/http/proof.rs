//! Proof of possession (DPoP): each call is signed with the key its token is
//! bound to, and carries the newest nonce of the server it goes to.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9449>

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Method, Reply};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// Servers whose nonce is remembered before all are forgotten.
const SERVERS: usize = 256;
/// Longest nonce that is sent back.
const LONGEST: usize = 512;

/// The newest nonce of each server.
#[derive(Debug, Default)]
pub(super) struct Nonces(HashMap<String, String>);

impl Nonces {
    pub fn of(&self, url: &Url) -> Option<String> {
        self.0.get(&origin(url)).cloned()
    }

    /// Remembers the nonce of an answer; whether that answer only asks for it.
    pub fn note(&mut self, url: &Url, reply: &Reply) -> bool {
        let Some(nonce) = reply
            .header("dpop-nonce")
            .filter(|text| text.len() <= LONGEST)
        else {
            return false;
        };
        if self.0.len() >= SERVERS {
            self.0.clear();
        }
        self.0.insert(origin(url), nonce.to_owned());
        // The token endpoint says it in the body, others in a header.
        let asked = reply
            .json::<Value>()
            .is_some_and(|body| body["error"] == "use_dpop_nonce");
        let challenged = reply
            .header("www-authenticate")
            .is_some_and(|text| text.contains("use_dpop_nonce"));
        matches!(reply.status, 400 | 401) && (asked || challenged)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A new key, as text that can be sealed. Keys come from the library's own
/// generator, which is the system's.
///
/// `None` when the system has no randomness to give.
pub fn new_key() -> Option<Secret> {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
    Some(Secret::new(URL_SAFE_NO_PAD.encode(document.as_ref())))
}

/// The `DPoP` header of one call; `None` when the key cannot be read.
pub(super) fn header(
    key: &Secret,
    method: Method,
    url: &Url,
    token: Option<&Secret>,
    nonce: Option<&str>,
    now: UtcMs,
) -> Option<String> {
    let random = SystemRandom::new();
    let document = URL_SAFE_NO_PAD.decode(key.expose()).ok()?;
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &random).ok()?;
    // 0x04, then both coordinates.
    let point = pair.public_key().as_ref();
    let (x, y) = (point.get(1..33)?, point.get(33..65)?);
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let head = json!({
        "typ": "dpop+jwt", "alg": "ES256",
        "jwk": { "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) },
    });
    let mut unique = [0; 16];
    ring::rand::SecureRandom::fill(&random, &mut unique).ok()?;
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    let mut claims = json!({
        "jti": encode(&unique), "htm": method.name(), "htu": bare.as_str(),
        "iat": now.0.div_euclid(1000),
    });
    if let Some(token) = token {
        claims["ath"] = json!(encode(&Sha256::digest(token.expose().as_bytes())));
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    let part = |value: &Value| encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&head), part(&claims));
    let signature = pair.sign(&random, signed.as_bytes()).ok()?;
    Some(format!("{signed}.{}", encode(signature.as_ref())))
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn a_proof_names_the_call_and_verifies_with_the_key_it_carries() {
        let key = new_key().unwrap();
        let url = Url::parse("https://pds.example/xrpc/a.b?c=d#e").unwrap();
        let token = Secret::new("the-token");
        let now = UtcMs(1_795_226_400_999);
        let proof = header(&key, Method::Post, &url, Some(&token), Some("n1"), now).unwrap();
        let parts: Vec<&str> = proof.split('.').collect();
        let (head, claims) = (decoded(parts[0]), decoded(parts[1]));
        assert_eq!(head["typ"], "dpop+jwt");
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], "https://pds.example/xrpc/a.b");
        assert_eq!(claims["iat"], 1_795_226_400);
        assert_eq!(claims["nonce"], "n1");
        assert_eq!(claims["ath"].as_str().unwrap().len(), 43);
        let mut point = vec![4];
        for name in ["x", "y"] {
            let text = head["jwk"][name].as_str().unwrap();
            point.extend(URL_SAFE_NO_PAD.decode(text).unwrap());
        }
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        let signed = format!("{}.{}", parts[0], parts[1]);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let next = header(&key, Method::Post, &url, Some(&token), None, now).unwrap();
        assert_ne!(
            decoded(next.split('.').nth(1).unwrap())["jti"],
            claims["jti"]
        );
        assert!(header(&Secret::new("no key"), Method::Get, &url, None, None, now).is_none());
    }

    #[test]
    fn a_server_that_only_wants_a_nonce_is_told_from_one_that_refuses() {
        let url = Url::parse("https://pds.example/oauth/token").unwrap();
        let mut nonces = Nonces::default();
        let with = [("dpop-nonce", "n2")];
        let asks = Reply::made(400, &with, r#"{"error":"use_dpop_nonce"}"#);
        assert!(nonces.note(&url, &asks));
        assert_eq!(nonces.of(&url).as_deref(), Some("n2"));
        let refuses = Reply::made(400, &with, r#"{"error":"invalid_grant"}"#);
        assert!(!nonces.note(&url, &refuses));
        let challenge = [
            ("dpop-nonce", "n3"),
            ("www-authenticate", r#"DPoP error="use_dpop_nonce""#),
        ];
        assert!(nonces.note(&url, &Reply::made(401, &challenge, "{}")));
        assert!(!nonces.note(&url, &Reply::made(401, &[], "use_dpop_nonce")));
        let other = Url::parse("https://other.example/").unwrap();
        assert_eq!(nonces.of(&other), None);
    }
}
