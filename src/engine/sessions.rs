//! Between tokens as calls use them and tokens as they are sealed.

use std::sync::Arc;

use crate::networks::{Ends, Session, Tokens};
use crate::store::logins::{Login, OpenedPair, Pair};
use crate::support::secret::Secret;

/// A login and its opened tokens as calls see them.
pub fn as_session(login: &Login, pair: OpenedPair) -> Session {
    Session {
        server: login.server.clone(),
        client_id: login.client_id.clone(),
        remote_user_id: login.remote_user_id.clone(),
        tokens: Arc::new(Tokens {
            access: pair.access,
            refresh: pair.refresh,
            password: pair.password,
            client_secret: pair.client_secret,
            proof_key: pair.proof_key,
            access_ends: Ends {
                at: pair.token_expires_at,
                expiry: pair.token_expiry,
            },
            grant_ends: Ends {
                at: pair.grant_expires_at,
                expiry: pair.grant_expiry,
            },
        }),
    }
}

/// Tokens as they are sealed.
pub fn pair(tokens: &Tokens) -> Pair {
    let copy = |one: &Option<Secret>| one.as_ref().map(Secret::duplicate);
    Pair {
        access: tokens.access.duplicate(),
        refresh: copy(&tokens.refresh),
        password: copy(&tokens.password),
        client_secret: copy(&tokens.client_secret),
        proof_key: copy(&tokens.proof_key),
        token_expires_at: tokens.access_ends.at,
        token_expiry: tokens.access_ends.expiry,
        grant_expires_at: tokens.grant_ends.at,
        grant_expiry: tokens.grant_ends.expiry,
    }
}
