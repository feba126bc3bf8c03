//! `com.atproto.server.*AppPassword*`.

use serde_json::{Value, json};

use super::errors;
use super::input::{object, text};
use super::oauth::no_oauth;
use super::sessions::{caller, usable};
use super::state::{AppPassword, World};
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

pub(super) fn create(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    no_oauth(&caller)?;
    if !caller.main {
        return Err(errors::bad_scope());
    }
    usable(world, &caller.did, true)?;
    let body = object(req)?;
    let name = text(&body, "name")?;
    let made = make(world, &caller.did, name, req.now).ok_or_else(errors::internal)?;
    Ok(Answer::json(
        200,
        &json!({
            "name": name,
            "password": made,
            "createdAt": instant(req.now),
            "privileged": false,
        }),
    ))
}

pub(super) fn list(world: &World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    no_oauth(&caller)?;
    let account = usable(world, &caller.did, true)?;
    let passwords: Vec<Value> = account
        .app_passwords
        .iter()
        .map(|p| json!({ "name": p.name, "createdAt": instant(p.created), "privileged": false }))
        .collect();
    Ok(Answer::json(200, &json!({ "passwords": passwords })))
}

/// Allowed from the app password's own session too, as observed.
pub(super) fn revoke(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    no_oauth(&caller)?;
    usable(world, &caller.did, true)?;
    let body = object(req)?;
    forget(world, &caller.did, text(&body, "name")?);
    Ok(Answer::empty(200))
}

/// Makes an app password; `None` when the name is taken (the real server runs
/// into its own database then and answers a bare 500).
pub(super) fn make(world: &mut World, did: &str, name: &str, now: UtcMs) -> Option<String> {
    let value = world.fresh_app_password();
    let account = world.account_mut(did)?;
    if account.app_passwords.iter().any(|p| p.name == name) {
        return None;
    }
    account.app_passwords.push(AppPassword {
        name: name.to_owned(),
        value: value.clone(),
        created: now,
    });
    Some(value)
}

/// Takes an app password away, and the refresh tokens of its sessions. Their
/// access tokens work on until they expire.
pub(super) fn forget(world: &mut World, did: &str, name: &str) {
    if let Some(account) = world.account_mut(did) {
        account.app_passwords.retain(|p| p.name != name);
    }
    world
        .refresh
        .retain(|_, one| one.did != did || one.app_password.as_deref() != Some(name));
}

/// With milliseconds always, as the reference server writes instants.
pub(super) fn instant(at: UtcMs) -> String {
    format!("{:.3}", at.timestamp())
}
