//! Logging in with an app password: handle, DID, server, session, proof.

use super::super::{Account, Credential, Net, Refusal, SignInError, SignedIn, evidence};
use super::identity::{self, Unresolved};
use super::{session, xrpc};
use crate::domain::answer::AnswerClass;
use crate::domain::network::ChannelKind;
use crate::support::secret::Secret;

/// The scope of a session that was opened with the main password.
const MAIN_PASSWORD: &str = "com.atproto.access";
const APP_PASSWORDS: &str = "Make an app password at bsky.app, Settings, Privacy and security, App passwords, and paste that.";

fn error(code: &'static str, what: String, hint: &str) -> SignInError {
    SignInError {
        code,
        what,
        hint: hint.to_owned(),
    }
}

/// Signs in and proves the very tokens that will publish.
pub async fn sign_in(net: &Net, credential: &Credential) -> Result<SignedIn, SignInError> {
    let Credential::AppPassword {
        handle,
        server,
        password,
    } = credential;
    let handle = handle
        .trim()
        .trim_start_matches('@')
        .trim_end_matches('.')
        .to_ascii_lowercase();
    check_handle(&handle)?;
    // A main password must not even leave this machine.
    if !is_app_password(password.expose().trim()) {
        return Err(error(
            "main_password",
            "This is not an app password (xxxx-xxxx-xxxx-xxxx), so it was not sent anywhere."
                .into(),
            APP_PASSWORDS,
        ));
    }
    let on = server
        .clone()
        .or_else(|| net.settings.api_base.clone())
        .unwrap_or_else(|| super::DESCRIPTOR.default_server.to_owned());
    let on = with_scheme(&on);
    let found = identity::resolve(net, &handle, &on)
        .await
        .map_err(|unresolved| explained(&handle, &on, unresolved))?;
    let password = Secret::new(password.expose().trim());
    let opened = session::create(net, &found.server, &found.did, &password)
        .await
        .map_err(|refusal| refused(&handle, &found.server, &refusal))?;
    if opened.did != found.did {
        return Err(error(
            "another_account",
            format!(
                "The server opened a session of {} instead of {}.",
                opened.did, found.did
            ),
            "Check the handle and try again.",
        ));
    }
    if opened.scope == MAIN_PASSWORD {
        end(net, &found, opened).await;
        return Err(error(
            "main_password",
            format!("That is the main password of @{handle}; it was not kept."),
            APP_PASSWORDS,
        ));
    }
    if let Some(blocked) = &opened.blocked {
        let text = blocked.evidence.message.clone().unwrap_or_default();
        end(net, &found, opened).await;
        return Err(error(
            "restricted",
            format!("@{handle} cannot publish: {text}"),
            "Clear this at the network, then connect again.",
        ));
    }
    // The proof is made with the very tokens that are kept: a refresh, which a
    // revoked app password fails.
    let fresh = match &opened.tokens.refresh {
        Some(refresh) => session::refresh_once(net, &found.server, refresh).await,
        None => Ok(opened),
    };
    let mut fresh = fresh.map_err(|refusal| refused(&handle, &found.server, &refusal))?;
    let (display_name, avatar_url) =
        profile(net, &found.server, &found.did, &fresh.tokens.access).await;
    fresh.tokens.password = Some(password);
    Ok(SignedIn {
        server: found.server,
        client_id: String::new(),
        remote_user_id: found.did.clone(),
        method: "app_password",
        accounts: vec![Account {
            kind: ChannelKind::Bluesky,
            remote_id: found.did,
            handle: fresh.handle.clone(),
            display_name,
            avatar_url,
        }],
        scopes: vec![fresh.scope.clone()],
        tokens: fresh.tokens,
    })
}

/// Ends a session that is not kept; best effort.
async fn end(net: &Net, found: &identity::Identity, opened: session::Opened) {
    let session = super::super::Session {
        server: found.server.clone(),
        remote_user_id: found.did.clone(),
        tokens: std::sync::Arc::new(opened.tokens),
    };
    if let Err(refusal) = session::revoke(net, &session).await {
        tracing::info!(
            class = refusal.class.name(),
            "a session that is not kept could not be ended"
        );
    }
}

/// Name and picture; a profile that cannot be read stops nothing.
async fn profile(net: &Net, server: &str, did: &str, access: &Secret) -> (String, Option<String>) {
    let reply = xrpc::query(
        net,
        server,
        "app.bsky.actor.getProfile",
        &[("actor", did)],
        Some(access),
    )
    .await;
    match xrpc::understood("getProfile", reply) {
        Ok(value) => (
            xrpc::text(&value, "displayName")
                .map(|name| evidence::clean(&name, 200))
                .unwrap_or_default(),
            xrpc::text(&value, "avatar")
                .filter(|url| url.starts_with("https://") && url.len() <= 2048),
        ),
        Err(_) => (String::new(), None),
    }
}

fn with_scheme(server: &str) -> String {
    let server = server.trim().trim_end_matches('/');
    if server.contains("://") {
        server.to_owned()
    } else {
        format!("https://{server}")
    }
}

fn check_handle(handle: &str) -> Result<(), SignInError> {
    let is_domain = handle.len() <= 253
        && handle.contains('.')
        && handle.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    if is_domain || identity::is_did(handle) {
        return Ok(());
    }
    Err(error(
        "bad_handle",
        format!(
            "\"{}\" is not a Bluesky handle.",
            evidence::clean(handle, 80)
        ),
        "Write it with its domain, like name.bsky.social.",
    ))
}

/// App passwords are four groups of four.
fn is_app_password(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 4
        && groups
            .iter()
            .all(|group| group.len() == 4 && group.chars().all(|c| c.is_ascii_alphanumeric()))
}

fn explained(handle: &str, on: &str, unresolved: Unresolved) -> SignInError {
    match unresolved {
        Unresolved::Unknown => error(
            "unknown_handle",
            format!("Nobody knows the handle @{handle}."),
            "Check the spelling; for a server of your own add --server.",
        ),
        Unresolved::Unreachable(text)
            if text.contains("private or local")
                || text.contains("over https")
                || text.contains("only 443") =>
        {
            error(
                "private_address",
                format!("{on} is not called: {text}"),
                "Set allow_private_hosts = true under [networks.bluesky] if this server is yours.",
            )
        }
        Unresolved::Unreachable(text) => error(
            "unreachable",
            format!("{on} could not be asked for @{handle}: {text}"),
            "Check the address and the connection, then try again.",
        ),
        Unresolved::Mismatch(text) => error(
            "identity_mismatch",
            text,
            "Check the handle; the account's owner can repair it in the handle settings.",
        ),
    }
}

fn refused(handle: &str, server: &str, refusal: &Refusal) -> SignInError {
    let said = refusal
        .evidence
        .message
        .clone()
        .unwrap_or_else(|| refusal.class.name().to_owned());
    match refusal.class {
        AnswerClass::Revoked => error(
            "wrong_password",
            format!(
                "{server} does not accept this app password for @{handle} (\u{201c}{said}\u{201d})."
            ),
            "Check it, or make a new one; an account that was taken down is refused in the same words.",
        ),
        AnswerClass::SecurityReview => error(
            "second_factor",
            format!("{server} wants a second factor for @{handle}."),
            APP_PASSWORDS,
        ),
        AnswerClass::Restricted | AnswerClass::AccountGone => error(
            "restricted",
            format!("@{handle} cannot publish: {said}"),
            "Clear this at the network, then connect again.",
        ),
        AnswerClass::RateLimited => {
            let pause = refusal
                .retry_after
                .map(|pause| format!(" for {} min", pause.as_secs().div_ceil(60)))
                .unwrap_or_default();
            error(
                "rate_limited",
                format!("{server} takes no more logins{pause}."),
                "Wait, then try again.",
            )
        }
        _ if said.contains("private or local") => error(
            "private_address",
            format!("{server} is not called: {said}"),
            "Set allow_private_hosts = true under [networks.bluesky] if this server is yours.",
        ),
        _ => error(
            "unreachable",
            format!("{server} could not log @{handle} in: {said}"),
            "Try again in a moment.",
        ),
    }
}
