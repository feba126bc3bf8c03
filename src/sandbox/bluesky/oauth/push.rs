//! `POST /oauth/par`: the request, before anybody is asked.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc9126> and
//! `request/request-manager.js` of `@atproto/oauth-provider`

use serde_json::json;

use super::refused::{self, Wrong};
use super::{Pushed, REQUEST_LIFE, client, proof, scopes};
use crate::sandbox::bluesky::state::World;
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};

pub(super) fn push(world: &mut World, req: &Request, params: &Params) -> Result<Answer, Wrong> {
    let text = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let id = text("client_id").ok_or_else(|| {
        refused::request("Invalid authorization request: Required at body.client_id")
    })?;
    let redirect = text("redirect_uri");
    let key = proof::check(world, req, None)?;
    // The reference server takes unsigned ones, too, and calls that a legacy;
    // the protocol wants them signed from here on.
    let key = key.ok_or_else(|| refused::proof("DPoP proof required"))?;
    let client = client::read(&id)?;
    if text("response_type").as_deref() != Some("code") {
        return Err(refused::request(
            "atproto only supports the \"code\" response_type",
        ));
    }
    let asked = text("scope").unwrap_or_default();
    for one in asked.split(' ').filter(|one| !one.is_empty()) {
        if !client.declares(one) {
            return Err(refused::scope(format!(
                "Scope \"{one}\" is not declared in the client metadata"
            )));
        }
    }
    let redirect = redirect.ok_or_else(|| refused::request("redirect_uri is required"))?;
    client.takes_answers_at(&redirect)?;
    let challenge = text("code_challenge");
    let challenge = challenge.ok_or_else(|| refused::request("Use of PKCE is required"))?;
    let scopes = scopes::known(&asked);
    if !scopes.iter().any(|one| one == "atproto") {
        return Err(refused::scope("The \"atproto\" scope is required"));
    }
    if text("code_challenge_method").as_deref() != Some("S256") {
        return Err(refused::request(
            "atproto requires use of \"S256\" code_challenge_method",
        ));
    }
    let hint = text("login_hint").map(|hint| hint.to_lowercase());
    if let Some(hint) = hint.as_deref().filter(|hint| !hint.contains(['.', ':'])) {
        return Err(refused::request(format!("Invalid login_hint \"{hint}\"")));
    }
    let name = world.oauth_secret("req", 16);
    let name = format!("urn:ietf:params:oauth:request_uri:{name}");
    let pushed = Pushed {
        client: id,
        key,
        redirect,
        scopes,
        state: text("state").unwrap_or_default(),
        challenge,
        hint,
        ends: req.now.plus(REQUEST_LIFE),
        browser: None,
        allowed: None,
    };
    world.oauth.requests.insert(name.clone(), pushed);
    // Some of the five minutes has passed, as observed.
    let body = json!({ "request_uri": name, "expires_in": REQUEST_LIFE.as_secs() - 1 });
    Ok(Answer::json(201, &body))
}
