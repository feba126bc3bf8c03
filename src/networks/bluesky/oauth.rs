//! Logging in on the account's own server in a browser (OAuth): the request is
//! pushed first, and every token is bound to a key of this login.
//!
//! Source: <https://atproto.com/specs/oauth>

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::identity::{self, Identity, base_of};
use super::sign_in::{account_of, error, failed, restricted};
use super::xrpc::{self, Failed};
use super::{APP_PASSWORDS, calls};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Expiry;
use crate::domain::network::Network;
use crate::networks::evidence::{clean, safe};
use crate::networks::http::{Request, new_key};
use crate::networks::login::{Grant, LoginAsk, OAuthClient, Quirks};
use crate::networks::refused::ours;
use crate::networks::token_endpoint;
use crate::networks::{Ends, Net, Refusal, Renewal, Session, SignInError, SignedIn, Tokens};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

/// What is asked for: who it is, and as much as an app password may do.
const SCOPES: [&str; 2] = ["atproto", "transition:generic"];
/// A login of a program that keeps no secret ends after this, whatever is
/// refreshed meanwhile.
///
/// Source: <https://atproto.com/specs/oauth#tokens-and-session-lifetime>
const WHOLE_LOGIN: Duration = Duration::from_secs(14 * 86_400);

/// What is said then.
const OVER: &str =
    "The 14 days of a login in the browser are over; an app password has no such end.";

/// Which server gives tokens for an account's server.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9728>
#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// Source: <https://www.rfc-editor.org/rfc/rfc8414>
#[derive(Deserialize)]
struct Authority {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    revocation_endpoint: Option<Url>,
    pushed_authorization_request_endpoint: Url,
}

/// The server that gives tokens for `server`.
async fn authority(net: &Net, server: &str) -> Result<Authority, Failed> {
    let resource: Resource = page(net, server, "oauth-protected-resource").await?;
    let first = resource.authorization_servers.first();
    let issuer = first.and_then(|text| base_of(text).ok());
    let issuer = issuer.unwrap_or_else(|| server.to_owned());
    let authority: Authority = page(net, &issuer, "oauth-authorization-server").await?;
    // Who it says it is, is where it was asked.
    // Source: <https://www.rfc-editor.org/rfc/rfc8414#section-3.3>
    if authority.issuer.trim_end_matches('/') != issuer {
        let what = format!("{} calls itself another server.", safe(&issuer, &[], 120));
        return Err(Failed {
            refusal: ours(
                AnswerClass::Unclassified,
                "oauth-authorization-server",
                what,
            ),
            trouble: None,
        });
    }
    Ok(authority)
}

async fn page<T: serde::de::DeserializeOwned>(
    net: &Net,
    server: &str,
    name: &'static str,
) -> Result<T, Failed> {
    let url = Url::parse(&format!("{server}/.well-known/{name}"));
    let url = url.map_err(|_| crate::networks::http::NetError::bad_address(server));
    xrpc::json(net, url.map(|url| Request::get(name, url)), name, &[]).await
}

/// Finds the account's server and who gives its tokens.
pub(super) async fn client(net: &Net, ask: &LoginAsk) -> Result<OAuthClient, SignInError> {
    let Some(who) = &ask.account else {
        return Err(error(
            "bad_handle",
            "The account's handle is missing.".to_owned(),
            "Name it with --handle, for example --handle name.bsky.social.",
        ));
    };
    let found = identity::resolve(net, who, ask.server.as_deref()).await?;
    let authority = authority(net, &found.server)
        .await
        .map_err(|it| failed(&it, &found.server))?;
    let Some(key) = new_key() else {
        return Err(error(
            "no_randomness",
            "This machine gives no randomness to make a key with.".to_owned(),
            "Try again in a moment.",
        ));
    };
    let settings = &net.settings;
    let own = |text: &Option<String>, said: Url| {
        text.as_deref()
            .and_then(|text| Url::parse(text).ok())
            .unwrap_or(said)
    };
    Ok(OAuthClient {
        network: Network::Bluesky,
        client_id: settings
            .client_id
            .clone()
            .unwrap_or_else(|| loopback_client(&ask.redirect)),
        client_secret: None,
        authorize_url: own(&settings.authorize_url, authority.authorization_endpoint),
        token_url: own(&settings.token_url, authority.token_endpoint),
        device_url: None,
        pushed_url: Some(authority.pushed_authorization_request_endpoint),
        issuer: Some(authority.issuer),
        scopes: SCOPES.iter().map(|one| (*one).to_owned()).collect(),
        more: vec![(
            "login_hint".to_owned(),
            found.handle.unwrap_or_else(|| found.did.clone()),
        )],
        proof_key: Some(key),
        account: Some(found.did),
        server: found.server,
        quirks: &Quirks::STANDARD,
    })
}

/// The name of a program that runs on the operator's own machine: it says
/// itself what it may. The port of the redirect does not belong to it.
///
/// Source: <https://atproto.com/specs/oauth#localhost-client-development>
fn loopback_client(redirect: &str) -> String {
    let mut bare = redirect.to_owned();
    if let Ok(mut url) = Url::parse(redirect) {
        // An address without a host has no port to take away.
        let _ = url.set_port(None);
        bare = url.into();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("redirect_uri", &bare);
    query.append_pair("scope", &SCOPES.join(" "));
    format!("http://localhost?{}", query.finish())
}

/// Whose a grant is, checked both ways, and proved with its own token.
pub(super) async fn identify(
    net: &Net,
    client: &OAuthClient,
    grant: Grant,
) -> Result<SignedIn, SignInError> {
    let did = grant.subject.clone().unwrap_or_default();
    let scopes = grant
        .scopes
        .clone()
        .unwrap_or_else(|| client.scopes.clone());
    let tokens = tokens(
        grant,
        client.proof_key.as_ref(),
        net.clock.now(),
        Some(WHOLE_LOGIN),
    );
    let session = Session {
        server: client.server.clone(),
        client_id: client.client_id.clone(),
        remote_user_id: did.clone(),
        tokens: std::sync::Arc::new(tokens),
    };
    match proved(net, client, &session, &scopes).await {
        Ok((server, account)) => Ok(SignedIn {
            server,
            client_id: session.client_id,
            remote_user_id: did,
            method: "oauth",
            // Nobody else holds it: the session was made above.
            tokens: std::sync::Arc::into_inner(session.tokens).ok_or_else(|| {
                error(
                    "unexpected_answer",
                    "The tokens of the login are in use elsewhere.".to_owned(),
                    "Begin the login again.",
                )
            })?,
            accounts: vec![account],
            scopes,
        }),
        Err(wrong) => {
            // Nothing of it is kept, here or there.
            let _ = revoke(net, &session).await;
            Err(wrong)
        }
    }
}

async fn proved(
    net: &Net,
    client: &OAuthClient,
    session: &Session,
    scopes: &[String],
) -> Result<(String, crate::networks::Account), SignInError> {
    let did = session.remote_user_id.as_str();
    // Its own document must lead to whoever vouches for it.
    let found = identity::resolve(net, did, None).await?;
    let vouches = authority(net, &found.server)
        .await
        .map_err(|it| failed(&it, &found.server))?;
    if Some(&vouches.issuer) != client.issuer.as_ref() {
        return Err(error(
            "wrong_account",
            format!(
                "{} answered for {}, which lives elsewhere.",
                client.server,
                safe(did, &[], 80)
            ),
            "Begin the login again, naming the account; nothing was changed.",
        ));
    }
    let may =
        |scope: &String| scope.starts_with("transition:generic") || scope.starts_with("repo:");
    if !scopes.iter().any(may) {
        return Err(error(
            "missing_right",
            "The login may not publish.".to_owned(),
            "Begin it again and allow everything that is asked for.",
        ));
    }
    let net = net.of_login(session);
    let opened = calls::check(&net, &found.server, &session.tokens.access)
        .await
        .map_err(|it| failed(&it, did))?;
    let name = opened
        .handle
        .clone()
        .map_or_else(|| did.to_owned(), |handle| format!("@{handle}"));
    if opened.did != did {
        return Err(error(
            "wrong_account",
            format!("The server logged in another account than {name}."),
            "Begin the login again; nothing was changed.",
        ));
    }
    if let Some(status) = &opened.inactive {
        return Err(restricted(&name, status));
    }
    let found = Identity {
        handle: opened.handle,
        ..found
    };
    let account = account_of(&net, &found, &session.tokens.access).await;
    Ok((found.server, account))
}

/// `whole` is the span of the login when it begins now; a refresh does not move
/// its end.
fn tokens(grant: Grant, key: Option<&Secret>, now: UtcMs, whole: Option<Duration>) -> Tokens {
    let known = |span: Option<Duration>, expiry: Expiry| Ends {
        at: span.map(|span| now.plus(span)),
        expiry: if span.is_some() {
            expiry
        } else {
            Expiry::Unknown
        },
    };
    Tokens {
        access_ends: known(grant.expires_in, Expiry::Date),
        grant_ends: known(whole, Expiry::Estimated),
        access: grant.access,
        refresh: grant.refresh,
        password: None,
        client_secret: None,
        proof_key: key.map(Secret::duplicate),
    }
}

/// The client of a login that is kept, and where its tokens are given back.
async fn kept(net: &Net, session: &Session) -> Result<(OAuthClient, Option<Url>), Failed> {
    let authority = authority(net, &session.server).await?;
    let settings = &net.settings;
    let own = |text: &Option<String>| text.as_deref().and_then(|text| Url::parse(text).ok());
    let client = OAuthClient {
        network: Network::Bluesky,
        server: session.server.clone(),
        client_id: session.client_id.clone(),
        client_secret: None,
        authorize_url: authority.authorization_endpoint,
        token_url: own(&settings.token_url).unwrap_or(authority.token_endpoint),
        device_url: None,
        pushed_url: None,
        issuer: None,
        scopes: Vec::new(),
        more: Vec::new(),
        proof_key: session.tokens.proof_key.as_ref().map(Secret::duplicate),
        account: None,
        quirks: &Quirks::STANDARD,
    };
    Ok((
        client,
        own(&settings.revoke_url).or(authority.revocation_endpoint),
    ))
}

/// The next pair. A refresh token works once: who loses the answer has lost the
/// login, so this is called by one task at a time.
///
/// # Errors
/// What was refused.
pub(super) async fn refresh(net: &Net, session: &Session) -> Result<Renewal, Refusal> {
    let Some(token) = &session.tokens.refresh else {
        let what =
            format!("No refresh token is kept. An app password lasts longer: {APP_PASSWORDS}");
        return Err(ours(AnswerClass::Revoked, "refreshToken", what));
    };
    let (client, _) = kept(net, session).await.map_err(|it| it.refusal)?;
    let grant = token_endpoint::refresh(net, &client, token).await;
    let grant = grant.map_err(|failed| over(failed.refusal))?;
    if grant
        .subject
        .as_ref()
        .is_some_and(|did| *did != session.remote_user_id)
    {
        let what = "The server answered with another account's tokens; they were not kept.";
        return Err(ours(
            AnswerClass::Unclassified,
            "refreshToken",
            what.to_owned(),
        ));
    }
    Ok(Renewal::Renewed {
        tokens: tokens(grant, None, net.clock.now(), None),
        server: session.server.clone(),
        account: None,
        healed: None,
        blocked: None,
    })
}

/// The server deletes a login with the answer that its time is over: asked
/// again, it only knows that there is none.
fn over(mut refusal: Refusal) -> Refusal {
    if refusal.class == AnswerClass::TokenExpired {
        refusal.confirmed = true;
        refusal.evidence.message = Some(OVER.to_owned());
    }
    refusal
}

/// Gives the tokens back.
pub(super) async fn revoke(net: &Net, session: &Session) -> Result<(), Refusal> {
    let (client, url) = kept(net, session).await.map_err(|it| it.refusal)?;
    let Some(url) = url else {
        let what = format!("{} has no way to end a login.", clean(&session.server, 120));
        return Err(ours(AnswerClass::Unclassified, "revokeToken", what));
    };
    let token = session
        .tokens
        .refresh
        .as_ref()
        .unwrap_or(&session.tokens.access);
    token_endpoint::revoke(net, &client, &url, token)
        .await
        .map_err(|failed| failed.refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_of_this_machine_names_its_redirect_without_the_port() {
        assert_eq!(
            loopback_client("http://127.0.0.1:34567/callback"),
            "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=atproto+transition%3Ageneric"
        );
    }
}
