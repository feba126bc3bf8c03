//! Tokens: made of a code, of the app's own credentials or of a refresh token,
//! and revoked.
//!
//! Source: <https://docs.joinmastodon.org/methods/oauth/#token>,
//! <https://github.com/doorkeeper-gem/doorkeeper/blob/v5.9.3/lib/doorkeeper/oauth/authorization_code_request.rb> and
//! <https://github.com/doorkeeper-gem/doorkeeper/blob/v5.9.3/app/controllers/doorkeeper/tokens_controller.rb>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Wrong, missing, redirects, words, wrong};
use crate::sandbox::mastodon::state::{Token, World};
use crate::sandbox::params::Params;
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// How long a code waits.
const CODE: Duration = Duration::from_secs(600);

pub(super) fn issue(world: &mut World, req: &Request, params: &Params) -> Result<Answer, Wrong> {
    let text = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let grant = text("grant_type").ok_or_else(|| missing("grant_type"))?;
    let client = client(world, req, params);
    let token = match grant.as_str() {
        "authorization_code" => of_code(world, client, params, req.now)?,
        "client_credentials" => of_client(world, client, params, req.now)?,
        "refresh_token" if world.settings.token_life.is_some() => {
            of_refresh(world, client, params, req.now)?
        }
        _ => return Err(wrong("unsupported_grant_type")),
    };
    Ok(shown(world, &token, req.now))
}

/// The app a request comes from: by HTTP Basic, else by its parameters.
fn client(world: &World, req: &Request, params: &Params) -> Option<String> {
    let header = req.header("authorization").filter(|_| world.settings.basic);
    let basic = header.and_then(|header| header.strip_prefix("Basic "));
    let (id, secret) = match basic {
        Some(basic) => {
            let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
            let (id, secret) = pair.split_once(':')?;
            (id.to_owned(), secret.to_owned())
        }
        None => (params.text("client_id")?, params.text("client_secret")?),
    };
    let app = world.oauth.apps.get(&id)?;
    (app.secret == secret).then_some(id)
}

fn of_code(
    world: &mut World,
    client: Option<String>,
    params: &Params,
    now: UtcMs,
) -> Result<String, Wrong> {
    let text = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let given = text("code").unwrap_or_default();
    let code = world.oauth.codes.get(&given);
    let verifier = text("code_verifier").filter(|_| world.settings.pkce);
    if code.is_some_and(|code| code.challenge.is_some()) && verifier.is_none() {
        return Err(missing("code_verifier"));
    }
    let redirect = text("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
    let client = client.ok_or_else(|| wrong("invalid_client"))?;
    // Used once. What was made of it stays: that column is not Mastodon's.
    // Source: <https://github.com/mastodon/mastodon/blob/main/db/schema.rb>
    let live =
        |code: &&super::Code| code.app == client && !code.used && now.since(code.made) < CODE;
    let code = code.filter(live).ok_or_else(|| wrong("invalid_grant"))?;
    let proved = match (&code.challenge, &verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
        }
        _ => false,
    };
    let exact = world.settings.exact_redirects;
    if !redirects::matches(&redirect, &code.redirect, exact) || !proved {
        return Err(wrong("invalid_grant"));
    }
    let code = code.clone();
    if let Some(code) = world.oauth.codes.get_mut(&given) {
        code.used = true;
    }
    Ok(world.token_made(&client, Some(code.account), code.scopes, now))
}

fn of_client(
    world: &mut World,
    client: Option<String>,
    params: &Params,
    now: UtcMs,
) -> Result<String, Wrong> {
    let client = client.ok_or_else(|| wrong("invalid_client"))?;
    let app = world.oauth.apps.get(&client);
    let allowed = app.map(|app| app.scopes.clone()).unwrap_or_default();
    let asked = params.text("scope").filter(|text| !text.is_empty());
    let scopes = words(&asked.unwrap_or_else(|| "read".to_owned()));
    if !scopes.iter().all(|scope| allowed.contains(scope)) {
        return Err(wrong("invalid_scope"));
    }
    Ok(world.token_made(&client, None, scopes, now))
}

/// Only servers whose tokens end. A refresh token that comes a second time was
/// stolen by one of the two: everything that came from that consent ends.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2>
fn of_refresh(
    world: &mut World,
    client: Option<String>,
    params: &Params,
    now: UtcMs,
) -> Result<String, Wrong> {
    let given = params.text("refresh_token").filter(|text| !text.is_empty());
    let given = given.ok_or_else(|| missing("refresh_token"))?;
    let client = client.ok_or_else(|| wrong("invalid_client"))?;
    if let Some(family) = world.oauth.spent.get(&given).copied() {
        for token in world.tokens.values_mut() {
            token.revoked |= token.family == family;
        }
        return Err(wrong("invalid_grant"));
    }
    let holds = |token: &&mut Token| {
        let refresh = token.ends.as_ref().map(|(_, refresh)| refresh);
        refresh == Some(&given) && !token.revoked && token.app.as_ref() == Some(&client)
    };
    let old = world.tokens.values_mut().find(holds);
    let old = old.ok_or_else(|| wrong("invalid_grant"))?;
    old.revoked = true;
    let (account, scopes, family) = (old.account.clone(), old.scopes.clone(), old.family);
    world.oauth.spent.insert(given, family);
    Ok(world.token_of(family, &client, account, scopes, now))
}

/// Source: <https://docs.joinmastodon.org/methods/oauth/#revoke>
pub(super) fn revoke(world: &mut World, req: &Request, params: &Params) -> Answer {
    let refused = || {
        let words = "You are not authorized to revoke this token";
        Answer::json(
            403,
            &json!({ "error": "unauthorized_client", "error_description": words }),
        )
    };
    let Some(client) = client(world, req, params) else {
        return refused();
    };
    let given = params.text("token").unwrap_or_default();
    let named = |(text, token): &(&String, &mut Token)| {
        let refresh = token.ends.as_ref().map(|(_, refresh)| refresh);
        **text == given || refresh == Some(&given)
    };
    match world.tokens.iter_mut().find(named) {
        // What is not there needs no revoking.
        None => Answer::json(200, &json!({})),
        Some((_, token)) if token.app.as_ref() == Some(&client) => {
            token.revoked = true;
            Answer::json(200, &json!({}))
        }
        Some(_) => refused(),
    }
}

/// Source: <https://docs.joinmastodon.org/entities/Token/>
fn shown(world: &World, text: &str, now: UtcMs) -> Answer {
    let Some(token) = world.tokens.get(text) else {
        return Answer::from(wrong("invalid_grant"));
    };
    let mut body = json!({
        "access_token": text,
        "token_type": "Bearer",
        "scope": token.scopes.join(" "),
        "created_at": token.made.timestamp().as_second(),
    });
    if let Some((ends, refresh)) = &token.ends {
        body["expires_in"] = json!(ends.since(now).as_secs());
        body["refresh_token"] = json!(refresh);
    }
    let mut answer = Answer::json(200, &body);
    let headers = [
        ("cache-control", "no-store, no-cache"),
        ("pragma", "no-cache"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned()));
    answer.headers.extend(headers);
    answer
}

impl World {
    /// The token an app has of an account for exactly these scopes.
    pub(super) fn token_for(
        &self,
        client: &str,
        account: Option<&str>,
        scopes: &[String],
        now: UtcMs,
    ) -> Option<&String> {
        let same = |have: &[String]| {
            have.len() == scopes.len() && have.iter().all(|scope| scopes.contains(scope))
        };
        let mut tokens = self.tokens.iter();
        let found = tokens.find(|(_, token)| {
            token.app.as_deref() == Some(client)
                && token.account.as_deref() == account
                && !token.revoked
                && token.ends.as_ref().is_none_or(|(ends, _)| *ends > now)
                && same(&token.scopes)
        });
        found.map(|(text, _)| text)
    }

    /// A token for an app: the one it has, or a new one. One that ends is always
    /// new.
    fn token_made(
        &mut self,
        client: &str,
        account: Option<String>,
        scopes: Vec<String>,
        now: UtcMs,
    ) -> String {
        if self.settings.token_life.is_none() {
            let found = self.token_for(client, account.as_deref(), &scopes, now);
            if let Some(text) = found {
                return text.clone();
            }
        }
        self.oauth.families += 1;
        self.token_of(self.oauth.families, client, account, scopes, now)
    }

    fn token_of(
        &mut self,
        family: u64,
        client: &str,
        account: Option<String>,
        scopes: Vec<String>,
        now: UtcMs,
    ) -> String {
        let text = self.secret();
        let refresh = self.secret();
        let life = self.settings.token_life;
        let token = Token {
            account,
            app: Some(client.to_owned()),
            scopes,
            revoked: false,
            made: now,
            ends: life.map(|life| (now.plus(life), refresh)),
            family,
        };
        self.tokens.insert(text.clone(), token);
        text
    }
}
