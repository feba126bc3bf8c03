//! Who is who: handles, DID documents, the state of repositories, the server.

use serde_json::json;

use super::errors;
use super::input::param;
use super::state::World;
use super::tokens::AUDIENCE;
use crate::sandbox::wire::{Answer, Request};

/// The version that was observed.
const VERSION: &str = "0.5.35";

pub(super) fn health() -> Answer {
    Answer::json(200, &json!({ "version": VERSION }))
}

pub(super) fn describe_server(world: &World) -> Answer {
    Answer::json(
        200,
        &json!({
            "did": AUDIENCE,
            "availableUserDomains": [".test"],
            "inviteCodeRequired": false,
            "blobUploadLimit": world.blob_limit,
            "links": {},
            "contact": {},
        }),
    )
}

/// The DID behind a handle: accounts that are active here, and accounts that
/// moved away (their handle is in the DNS then).
fn by_handle<'a>(world: &'a World, handle: &str) -> Option<&'a str> {
    let handle = handle.to_lowercase();
    let (did, entry) = world
        .directory
        .iter()
        .find(|(_, entry)| entry.handle == handle)?;
    let here = entry.server == world.base;
    let active = world.accounts.get(did).is_some_and(|one| one.is_active());
    (active || !here).then_some(did.as_str())
}

pub(super) fn resolve_handle(world: &World, req: &Request) -> Result<Answer, Answer> {
    let did = by_handle(world, param(req, "handle")?)
        .ok_or_else(|| errors::error(400, "HandleNotFound", "Unable to resolve handle"))?;
    Ok(Answer::json(200, &json!({ "did": did })))
}

/// `/.well-known/atproto-did`: the `Host` header says whose.
pub(super) fn well_known(world: &World, req: &Request) -> Answer {
    let host = req.header("host").unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    match by_handle(world, host) {
        Some(did) => Answer::text(200, did),
        // Source: the reference server's well-known route; not observed.
        None => Answer::text(404, "User not found"),
    }
}

pub(super) fn repo_status(world: &World, req: &Request) -> Result<Answer, Answer> {
    let did = param(req, "did")?;
    let account = world.account(did).ok_or_else(|| errors::no_repo(did))?;
    let body = match account.status() {
        Some(status) => json!({ "did": account.did, "active": false, "status": status }),
        None => json!({ "did": account.did, "active": true, "rev": account.rev }),
    };
    Ok(Answer::json(200, &body))
}

pub(super) fn describe_repo(world: &World, req: &Request) -> Result<Answer, Answer> {
    let repo = param(req, "repo")?;
    let account = world.account(repo).ok_or_else(|| errors::no_repo(repo))?;
    let did = &account.did;
    if account.taken_down {
        let text = format!("Repo has been takendown: {did}");
        return Err(errors::error(400, "RepoTakendown", &text));
    }
    if account.deactivated {
        // By analogy; not observed.
        let text = format!("Repo has been deactivated: {did}");
        return Err(errors::error(400, "RepoDeactivated", &text));
    }
    let mut collections: Vec<&String> = account.records.keys().map(|(name, _)| name).collect();
    collections.dedup();
    Ok(Answer::json(
        200,
        &json!({
            "handle": account.handle,
            "did": did,
            "didDoc": world.did_doc(did),
            "collections": collections,
            "handleIsCorrect": true,
        }),
    ))
}

/// `GET /<did>` of the directory.
///
/// Source of the refusal: the `did-method-plc` server; not observed.
pub(super) fn lookup(world: &World, did: &str) -> Answer {
    match world.did_doc(did) {
        Some(doc) => Answer::typed(
            200,
            "application/did+ld+json; charset=utf-8",
            doc.to_string().into_bytes(),
        ),
        None => Answer::json(
            404,
            &json!({ "message": format!("DID not registered: {did}") }),
        ),
    }
}

/// The least of an AppView: `app.bsky.actor.getProfile`.
pub(super) fn profile(world: &World, req: &Request) -> Result<Answer, Answer> {
    let account = world
        .account(param(req, "actor")?)
        .filter(|account| !account.deactivated)
        .ok_or_else(|| errors::invalid("Profile not found"))?;
    if account.taken_down {
        return Err(errors::error(
            400,
            "AccountTakedown",
            "Account has been suspended",
        ));
    }
    let posts = account
        .records
        .keys()
        .filter(|(collection, _)| collection == super::records::POST)
        .count();
    Ok(Answer::json(
        200,
        &json!({
            "did": account.did,
            "handle": account.handle,
            "displayName": account.display_name,
            "followersCount": 0,
            "followsCount": 0,
            "postsCount": posts,
        }),
    ))
}
