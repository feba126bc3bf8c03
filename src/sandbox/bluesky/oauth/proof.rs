//! Checking that a call is signed with the key it names.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9449#section-4.3> and
//! `dpop/dpop-manager.js` of `@atproto/oauth-provider`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::nonces;
use super::refused::{self, Wrong};
use crate::sandbox::bluesky::state::World;
use crate::sandbox::wire::Request;

/// How far the clock of a client may be ahead, in seconds.
const TOLERANCE: i64 = 180;
/// How old a proof may be on top of that, in seconds.
const OLDEST: i64 = 10;

/// The thumbprint of the key that signed a call; `None` when it is not signed.
/// `token` is the access token it goes with.
pub(super) fn check(
    world: &mut World,
    req: &Request,
    token: Option<&str>,
) -> Result<Option<String>, Wrong> {
    let mut all = req.headers.get_all("dpop").iter();
    let Some(proof) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(refused::proof("DPoP header must contain a single proof"));
    }
    let proof = proof.to_str().unwrap_or_default();
    if proof.is_empty() {
        return Err(refused::proof("DPoP header cannot be empty"));
    }
    let unverified = |what: &str| refused::proof(format!("Failed to verify DPoP proof: {what}"));
    let (head, claims, signature, signed) =
        parts(proof).ok_or_else(|| unverified("Invalid Compact JWS"))?;
    if head["typ"] != "dpop+jwt" {
        return Err(unverified("unexpected \"typ\" JWT header value"));
    }
    if head["alg"] != "ES256" {
        return Err(unverified(
            "\"alg\" (Algorithm) Header Parameter value not allowed",
        ));
    }
    let key = &head["jwk"];
    if !key["d"].is_null() {
        return Err(unverified(
            "\"jwk\" (JSON Web Key) Header Parameter must be a public JSON Web Key",
        ));
    }
    let point = point(key).ok_or_else(|| {
        unverified("\"jwk\" (JSON Web Key) Header Parameter must be a JSON object")
    })?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| unverified("signature verification failed"))?;
    let now = req.now.0.div_euclid(1000);
    let made = claims["iat"]
        .as_i64()
        .ok_or_else(|| unverified("missing required \"iat\" claim"))?;
    if now.saturating_sub(made) > OLDEST + TOLERANCE {
        return Err(unverified(
            "\"iat\" claim timestamp check failed (too far in the past)",
        ));
    }
    if made.saturating_sub(now) > TOLERANCE {
        return Err(unverified(
            "\"iat\" claim timestamp check failed (it should be in the past)",
        ));
    }
    let unique = claims["jti"].as_str().filter(|jti| !jti.is_empty());
    let unique = unique.ok_or_else(|| refused::proof("DPoP \"jti\" missing"))?;
    if claims["htm"] != *req.method {
        return Err(refused::proof("DPoP \"htm\" mismatch"));
    }
    let here = Url::parse(&format!("{}{}", world.base, req.path)).ok();
    let meant = claims["htu"]
        .as_str()
        .and_then(|text| Url::parse(text).ok());
    let meant = meant.ok_or_else(|| refused::proof("Invalid DPoP \"htu\" type"))?;
    if !meant.username().is_empty() || meant.password().is_some() {
        return Err(refused::proof("DPoP \"htu\" must not contain credentials"));
    }
    if here.is_none_or(|here| bare(here) != bare(meant)) {
        return Err(refused::proof("DPoP \"htu\" mismatch"));
    }
    match claims["nonce"].as_str() {
        None => {
            return Err(refused::nonce(
                "Authorization server requires nonce in DPoP proof",
            ));
        }
        Some(nonce) if !nonces::good(world, nonce, req.now) => {
            return Err(refused::nonce("DPoP \"nonce\" mismatch"));
        }
        Some(_) => {}
    }
    match token {
        Some(token) if claims["ath"] != hash(token) => {
            return Err(refused::proof("DPoP \"ath\" mismatch"));
        }
        None if !claims["ath"].is_null() => {
            return Err(refused::proof("DPoP \"ath\" claim not allowed"));
        }
        _ => {}
    }
    if !world.oauth.proofs.insert(unique.to_owned()) {
        return Err(refused::proof("DPoP proof replayed"));
    }
    Ok(Some(thumbprint(key)))
}

/// Header, claims, signature, and what was signed.
fn parts(proof: &str) -> Option<(Value, Value, Vec<u8>, &str)> {
    let (signed, signature) = proof.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    Some((read(head)?, read(claims)?, signature, signed))
}

/// A public key of P-256 as ring takes it.
fn point(key: &Value) -> Option<Vec<u8>> {
    if key["kty"] != "EC" || key["crv"] != "P-256" {
        return None;
    }
    let mut point = vec![4];
    for name in ["x", "y"] {
        let half = URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok()?;
        (half.len() == 32).then(|| point.extend(half))?;
    }
    Some(point)
}

/// Source: <https://www.rfc-editor.org/rfc/rfc7638#section-3>
fn thumbprint(key: &Value) -> String {
    let text = |name: &str| key[name].as_str().unwrap_or_default();
    let (x, y) = (text("x"), text("y"));
    hash(&format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
    ))
}

/// An address without its query.
fn bare(mut url: Url) -> String {
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// SHA-256 as the protocols write it.
pub(super) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}
