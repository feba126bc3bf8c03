//! Signed calls of the PDS: `Authorization: DPoP <token>` with a proof.
//!
//! Source: `auth-verifier.js` of `@atproto/pds`, `oauth-verifier.js` of
//! `@atproto/oauth-provider`

use super::refused::{self, Wrong};
use super::{nonces, proof};
use crate::sandbox::bluesky::errors;
use crate::sandbox::bluesky::sessions::Caller;
use crate::sandbox::bluesky::state::World;
use crate::sandbox::bluesky::tokens;
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// Finds out who a signed request comes from, once: a proof is good once.
pub(in crate::sandbox::bluesky) fn admit(world: &mut World, req: &Request) {
    let token = req.header("authorization");
    let token = token.and_then(|text| text.strip_prefix("DPoP "));
    world.oauth.admitted =
        token.map(|token| caller(world, req, token).map_err(|wrong| wrong.at_resource()));
}

fn caller(world: &mut World, req: &Request, token: &str) -> Result<Caller, Wrong> {
    let key = proof::check(world, req, Some(token))?;
    if token.split('.').count() != 3 {
        return Err(refused::token("Malformed token"));
    }
    // The texts of a foreign and of an expired token were not observed.
    let claims = tokens::bound(&world.key, token)
        .ok_or_else(|| refused::token("signature verification failed"))?;
    let expired = || refused::token("\"exp\" claim timestamp check failed");
    if claims.exp <= req.now.0.div_euclid(1000) {
        return Err(expired());
    }
    let key = key.ok_or_else(|| refused::proof("DPoP proof required"))?;
    if claims.cnf.jkt != key {
        return Err(refused::token("Invalid DPoP key binding"));
    }
    let mut logins = world.oauth.logins.values();
    let login = logins.find(|login| login.access == claims.jti);
    let login = login.ok_or_else(|| refused::token("Invalid token"))?;
    if login.ends <= req.now {
        return Err(expired());
    }
    Ok(Caller {
        did: login.did.clone(),
        main: false,
        scopes: Some(login.scopes.clone()),
    })
}

/// The header that hands out the next nonce.
pub(in crate::sandbox::bluesky) fn nonce_header(
    world: &World,
    now: UtcMs,
) -> (&'static str, String) {
    ("dpop-nonce", nonces::next(world, now))
}

/// What keeps logins at the pages from what is for the owner alone.
pub(in crate::sandbox::bluesky) fn no_oauth(caller: &Caller) -> Result<(), Answer> {
    if caller.scopes.is_none() {
        return Ok(());
    }
    Err(errors::error(
        403,
        "Forbidden",
        "OAuth credentials are not supported for this endpoint",
    ))
}
