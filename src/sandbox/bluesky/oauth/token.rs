//! `POST /oauth/token` and `/oauth/revoke`.
//!
//! Source: `oauth-provider.js` and `token/token-manager.js` of
//! `@atproto/oauth-provider`; the texts were observed unless said otherwise.

use std::collections::BTreeSet;

use serde_json::json;

use super::refused::{self, Wrong};
use super::{ACCESS_LIFE, CHALLENGE_LIFE, LOGIN_LIFE, Login, client, proof};
use crate::sandbox::bluesky::state::World;
use crate::sandbox::bluesky::tokens::{self, AUDIENCE, Bound, Key};
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// Who calls: a client, by the key it proved.
struct Calling {
    id: String,
    key: String,
}

fn calling(world: &mut World, req: &Request, params: &Params) -> Result<Calling, Wrong> {
    let id = params.text("client_id").filter(|id| !id.is_empty());
    // The text was not observed.
    let id = id.ok_or_else(|| refused::grant("Client credentials missing"))?;
    let key = proof::check(world, req, None)?;
    client::read(&id)?;
    let key = key.ok_or_else(|| refused::proof("DPoP proof required"))?;
    Ok(Calling { id, key })
}

pub(super) fn issue(world: &mut World, req: &Request, params: &Params) -> Result<Answer, Wrong> {
    let calling = calling(world, req, params)?;
    match params.text("grant_type").as_deref() {
        Some("authorization_code") => of_code(world, req, params, &calling),
        Some("refresh_token") => of_refresh(world, req, params, &calling),
        // Not observed.
        _ => Err(refused::grant("Invalid request payload")),
    }
}

/// Whether whoever calls is the one it was given to.
fn same(calling: &Calling, id: &str, key: &str) -> Result<(), Wrong> {
    if calling.id != id {
        return Err(refused::grant("Token was not issued to this client"));
    }
    if calling.key != key {
        return Err(refused::grant("DPoP proof does not match the expected JKT"));
    }
    Ok(())
}

fn of_code(
    world: &mut World,
    req: &Request,
    params: &Params,
    calling: &Calling,
) -> Result<Answer, Wrong> {
    let code = params.text("code").unwrap_or_default();
    let allowed = |one: &super::Pushed| one.allowed.as_ref().is_some_and(|(_, it)| *it == code);
    let mut waiting = world.oauth.requests.iter();
    let found = waiting.find(|(_, one)| allowed(one));
    let Some(name) = found.map(|(name, _)| name.clone()) else {
        replayed(world, &code);
        return Err(refused::grant("Invalid code"));
    };
    // Whatever goes wrong from here on, the code is used.
    let pushed = world.oauth.requests.remove(&name);
    let pushed = pushed.ok_or_else(|| refused::grant("Invalid code"))?;
    if pushed.ends < req.now {
        return Err(refused::grant("This code has expired"));
    }
    same(calling, &pushed.client, &pushed.key)?;
    if params.text("redirect_uri").as_ref() != Some(&pushed.redirect) {
        return Err(refused::grant(
            "The redirect_uri parameter must match the one used in the authorization request",
        ));
    }
    let verifier = params.text("code_verifier");
    let verifier = verifier.ok_or_else(|| refused::grant("code_verifier is required"))?;
    if verifier.len() < 43 {
        return Err(refused::grant("code_verifier too short"));
    }
    if proof::hash(&verifier) != pushed.challenge {
        return Err(refused::grant("Invalid code_verifier"));
    }
    let before = world.oauth.challenges.get(&pushed.challenge).copied();
    if before.is_some_and(|at| req.now.since(at) < CHALLENGE_LIFE) {
        return Err(refused::grant("Code challenge already used"));
    }
    world.oauth.challenges.insert(pushed.challenge, req.now);
    let (did, code) = pushed.allowed.unwrap_or_default();
    world.oauth.numbers += 1;
    let number = world.oauth.numbers;
    let login = Login {
        did,
        client: pushed.client,
        key: pushed.key,
        scopes: pushed.scopes,
        code,
        browser: pushed.browser,
        began: req.now,
        access: String::new(),
        ends: req.now,
        refresh: String::new(),
        spent: BTreeSet::new(),
    };
    world.oauth.logins.insert(number, login);
    renew(world, number, req.now)
}

/// A code that comes a second time was stolen by one of the two: the login it
/// led to ends, and its browser is signed out.
fn replayed(world: &mut World, code: &str) {
    let mut logins = world.oauth.logins.iter();
    let found = logins.find(|(_, login)| login.code == code);
    let Some(number) = found.map(|(number, _)| *number) else {
        return;
    };
    if let Some(login) = world.oauth.logins.remove(&number)
        && let Some(browser) = login.browser
        && let Some(browser) = world.oauth.browsers.get_mut(&browser)
    {
        browser.account = None;
    }
}

fn of_refresh(
    world: &mut World,
    req: &Request,
    params: &Params,
    calling: &Calling,
) -> Result<Answer, Wrong> {
    let given = params.text("refresh_token").unwrap_or_default();
    let mut logins = world.oauth.logins.iter();
    let mine = |login: &Login| login.refresh == given || login.spent.contains(&given);
    let found = logins.find(|(_, login)| mine(login));
    let Some((number, login)) = found.map(|(number, login)| (*number, login.clone())) else {
        return Err(refused::grant("Invalid refresh token"));
    };
    let refused = if login.refresh != given {
        Err(refused::grant("Refresh token replayed"))
    } else if let Err(wrong) = same(calling, &login.client, &login.key) {
        Err(wrong)
    } else {
        renew(world, number, req.now)
    };
    if refused.is_err() {
        // A refused refresh ends the login, whatever it was refused for.
        world.oauth.logins.remove(&number);
    }
    refused
}

/// The next pair of a login; the one before is dead at once.
fn renew(world: &mut World, number: u64, now: UtcMs) -> Result<Answer, Wrong> {
    let (access, refresh) = (world.oauth_secret("tok", 16), world.oauth_secret("ref", 32));
    let (key, iss) = (world.key, world.base.clone());
    let login = world.oauth.logins.get_mut(&number);
    let login = login.ok_or_else(|| refused::grant("Invalid refresh token"))?;
    // An access token does not outlive the login.
    let left = login.began.plus(LOGIN_LIFE).since(now).min(ACCESS_LIFE);
    if left.as_millis() <= 250 {
        return Err(refused::grant("Session expired"));
    }
    let spent = std::mem::replace(&mut login.refresh, refresh.clone());
    if !spent.is_empty() {
        login.spent.insert(spent);
    }
    login.access.clone_from(&access);
    login.ends = now.plus(left);
    let seconds = |at: UtcMs| at.0.div_euclid(1000);
    let claims = Bound {
        jti: access,
        sub: login.did.clone(),
        iat: seconds(now),
        exp: seconds(login.ends),
        aud: AUDIENCE.to_owned(),
        iss,
        cnf: Key {
            jkt: login.key.clone(),
        },
        client_id: login.client.clone(),
    };
    let body = json!({
        "access_token": tokens::bind(&key, &claims),
        "token_type": "DPoP",
        "refresh_token": refresh,
        "scope": login.scopes.join(" "),
        // Whole seconds of what is left when it is written, as observed.
        "expires_in": (left.as_millis() - 1) / 1000,
        "sub": login.did,
    });
    Ok(Answer::json(200, &body))
}

/// Always a success, so that nobody learns what a token is worth.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7009#section-2.2>
pub(super) fn revoke(world: &mut World, req: &Request, params: &Params) -> Result<Answer, Wrong> {
    let id = params.text("client_id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| refused::request("Client credentials missing"))?;
    let key = proof::check(world, req, None)?;
    let given = params.text("token").unwrap_or_default();
    let access = tokens::bound(&world.key, &given).map(|claims| claims.jti);
    let named = |login: &Login| {
        login.refresh == given
            || login.spent.contains(&given)
            || access.as_ref() == Some(&login.access)
    };
    // What belongs to another client or key is left alone.
    let mine = |login: &Login| login.client == id && Some(&login.key) == key.as_ref();
    let all = &mut world.oauth.logins;
    all.retain(|_, login| !(named(login) && mine(login)));
    Ok(Answer::json(200, &json!({})))
}
