//! The nonces of the server: one a minute, good from the minute before its own
//! to the one after it, which makes three minutes at most.
//!
//! Source: `dpop/dpop-nonce.js` of `@atproto/oauth-provider`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::sandbox::bluesky::state::World;
use crate::sandbox::bluesky::tokens::hmac;
use crate::support::time::UtcMs;

const MINUTE_MS: i64 = 60_000;

fn of(world: &World, minute: i64) -> String {
    URL_SAFE_NO_PAD.encode(hmac(&world.nonce_key, &minute.to_be_bytes()))
}

/// The one that is handed out.
pub(super) fn next(world: &World, now: UtcMs) -> String {
    of(world, now.0.div_euclid(MINUTE_MS) + 1)
}

/// Whether one is still good.
pub(super) fn good(world: &World, nonce: &str, now: UtcMs) -> bool {
    let minute = now.0.div_euclid(MINUTE_MS);
    (minute - 1..=minute + 1).any(|minute| of(world, minute) == nonce)
}
