//! The JWTs of app-password and main-password sessions: HS256, as the
//! reference PDS makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::errors;
use crate::sandbox::wire::Answer;
use crate::support::time::UtcMs;

/// Scope of a session of the main password.
pub(super) const SCOPE_MAIN: &str = "com.atproto.access";
/// Scope of a session of an app password.
pub(super) const SCOPE_APP: &str = "com.atproto.appPass";
/// Scope of a session that `allowTakendown` opened.
pub(super) const SCOPE_TAKEN_DOWN: &str = "com.atproto.takendown";
/// Scope of every refresh token.
pub(super) const SCOPE_REFRESH: &str = "com.atproto.refresh";
/// Life of an access token in seconds, as observed: 2 h.
pub(super) const ACCESS_LIFE: i64 = 7_200;
/// Life of a refresh token in seconds, as observed: 90 d.
pub(super) const REFRESH_LIFE: i64 = 7_776_000;
/// The server's own DID, the audience of every token.
pub(super) const AUDIENCE: &str = "did:web:localhost";

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

impl Kind {
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "refresh+jwt",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub scope: String,
    pub aud: String,
    pub sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    pub iat: i64,
    pub exp: i64,
}

/// Signs a token.
pub(super) fn issue(key: &[u8; 32], kind: Kind, claims: &Claims) -> String {
    signed(key, kind.typ(), claims)
}

/// Checks signature and kind, then the expiry unless `ever` is set.
pub(super) fn read(
    key: &[u8; 32],
    kind: Kind,
    token: &str,
    now: UtcMs,
    ever: bool,
) -> Result<Claims, Answer> {
    let claims = verified(key, kind, token).ok_or_else(errors::unverified)?;
    // The second named by `exp` is the first one in which it is dead.
    if !ever && claims.exp <= now.0.div_euclid(1000) {
        return Err(errors::expired());
    }
    Ok(claims)
}

fn verified(key: &[u8; 32], kind: Kind, token: &str) -> Option<Claims> {
    opened(key, kind.typ(), token).filter(|claims: &Claims| claims.aud == AUDIENCE)
}

/// What a token says with which the server vouches for an account.
///
/// Source: <https://atproto.com/specs/xrpc#inter-service-authentication-jwt>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vouched {
    pub iss: String,
    pub aud: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lxm: Option<String>,
    pub iat: i64,
    pub exp: i64,
}

/// Signs one. The real one is signed with the key of the account, which the
/// DID document publishes.
pub(super) fn vouch(key: &[u8; 32], claims: &Vouched) -> String {
    signed(key, "JWT", claims)
}

/// What one says, when it is of this server.
pub(super) fn vouched(key: &[u8; 32], token: &str) -> Option<Vouched> {
    opened(key, "JWT", token)
}

/// What a token of a login in the browser says; it is bound to a key.
///
/// Source: `token/token-manager.js` of `@atproto/oauth-provider`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bound {
    pub jti: String,
    pub sub: String,
    pub iat: i64,
    pub exp: i64,
    pub aud: String,
    pub iss: String,
    pub cnf: Key,
    pub client_id: String,
}

/// The thumbprint of the key a token is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    pub jkt: String,
}

/// Signs one. The real one is signed with a key pair of the server.
pub(super) fn bind(key: &[u8; 32], claims: &Bound) -> String {
    signed(key, "at+jwt", claims)
}

/// What one says, when it is of this server.
pub(super) fn bound(key: &[u8; 32], token: &str) -> Option<Bound> {
    opened(key, "at+jwt", token)
}

fn signed(key: &[u8; 32], typ: &str, claims: &impl Serialize) -> String {
    let header = Header {
        typ: typ.to_owned(),
        alg: "HS256".to_owned(),
    };
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn opened<T: DeserializeOwned>(key: &[u8; 32], typ: &str, token: &str) -> Option<T> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    if URL_SAFE_NO_PAD.decode(signature).ok()? != hmac(key, signed.as_bytes()) {
        return None;
    }
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    (header.typ == typ).then_some(claims)
}

/// The account a token names, unchecked: for the log only.
pub(super) fn named(token: &str) -> Option<String> {
    /// Tokens of both kinds of logins have it.
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Subject = serde_json::from_slice(&claims).ok()?;
    Some(claims.sub)
}

fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

/// HMAC-SHA-256 (RFC 2104); the key is one half of a block long.
pub(super) fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot ^= byte;
        }
        block
    };
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_that_of_the_published_example() {
        // HMAC-SHA-256 of RFC 4231 test case 2, its key filled up with zeros
        // as the algorithm itself does.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = hmac(&key, b"what do ya want for nothing?");
        assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(mac[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    #[test]
    fn a_token_of_the_other_kind_is_not_verified() {
        let (key, now) = ([7; 32], UtcMs(1_000_000));
        let claims = Claims {
            scope: SCOPE_REFRESH.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: "did:plc:x".to_owned(),
            jti: Some("j".to_owned()),
            iat: 1000,
            exp: 1001,
        };
        let token = issue(&key, Kind::Refresh, &claims);
        assert_eq!(
            read(&key, Kind::Refresh, &token, now, false).unwrap(),
            claims
        );
        assert!(read(&key, Kind::Access, &token, now, false).is_err());
        let later = UtcMs(1_001_000);
        assert!(read(&key, Kind::Refresh, &token, later, false).is_err());
        assert!(read(&key, Kind::Refresh, &token, later, true).is_ok());
    }
}
