//! Logging in with an app password, and proving it with the very tokens that
//! will publish.

use std::time::Duration;

use serde::Deserialize;

use super::calls::{self, Opened};
use super::xrpc::{self, Failed};
use super::{APP_PASSWORDS, identity, jwt, session};
use crate::domain::answer::AnswerClass;
use crate::domain::network::ChannelKind;
use crate::networks::evidence::{clean, is_app_password};
use crate::networks::http::Trouble;
use crate::networks::{Account, Net, SignInError, SignedIn};
use crate::support::secret::Secret;

/// Time for the profile, which is decoration.
const PROFILE_LIMIT: Duration = Duration::from_secs(5);
/// Longest display name that is kept, in characters.
const LONGEST_NAME: usize = 100;

/// Logs in and proves it.
pub(super) async fn sign_in(
    net: &Net,
    who: &str,
    server: Option<&str>,
    password: &Secret,
) -> Result<SignedIn, SignInError> {
    let word = password.expose().trim();
    if !is_app_password(word) {
        // It may be the main password: it is sent nowhere.
        return Err(error(
            "not_an_app_password",
            "That is not an app password, so it was not sent anywhere.".to_owned(),
            &format!("Make one at {APP_PASSWORDS}; it looks like xxxx-xxxx-xxxx-xxxx."),
        ));
    }
    let password = Secret::new(word);
    let found = identity::resolve(net, who, server).await?;
    let name = found
        .handle
        .as_ref()
        .map_or_else(|| found.did.clone(), |handle| format!("@{handle}"));
    let first = match calls::create(net, &found.server, &found.did, &password).await {
        Ok(opened) => opened,
        Err(failed) => return Err(refused(net, &found, &name, failed).await),
    };
    if let Err(wrong) = suits(&first, &found.did, &name) {
        // Nothing of it is kept, here or there.
        let _ = calls::delete(net, &found.server, &first.refresh).await;
        return Err(wrong);
    }
    let scope = jwt::scope(&first.access);
    let proved = prove(net, &found.server, &first, &name).await?;
    let known = identity::Identity {
        handle: proved.handle.clone().or_else(|| found.handle.clone()),
        did: found.did.clone(),
        server: found.server.clone(),
    };
    let account = account_of(net, &known, &proved.access).await;
    Ok(SignedIn {
        server: found.server,
        client_id: String::new(),
        remote_user_id: found.did,
        method: "app_password",
        tokens: proved.tokens(Some(password), net.clock.now()),
        accounts: vec![account],
        scopes: scope.into_iter().collect(),
    })
}

/// The proof: the session is refreshed once, and the access token that came is
/// used once. What was opened before it is forgotten when that fails.
async fn prove(net: &Net, server: &str, first: &Opened, name: &str) -> Result<Opened, SignInError> {
    let second = match calls::refresh(net, server, &first.refresh).await {
        Ok(opened) => opened,
        Err(it) => {
            let _ = calls::delete(net, server, &first.refresh).await;
            return Err(failed(&it, name));
        }
    };
    let checked = match suits(&second, &first.did, name) {
        Ok(()) => calls::check(net, server, &second.access)
            .await
            .map(drop)
            .map_err(|it| failed(&it, name)),
        Err(wrong) => Err(wrong),
    };
    match checked {
        Ok(()) => Ok(second),
        Err(wrong) => {
            let _ = calls::delete(net, server, &second.refresh).await;
            Err(wrong)
        }
    }
}

/// Whether a session is the wanted account's, made with an app password, and
/// may publish.
fn suits(opened: &Opened, did: &str, name: &str) -> Result<(), SignInError> {
    if opened.did != did {
        return Err(error(
            "wrong_account",
            format!("The server logged in another account than {name}."),
            "Check handle and server; nothing was changed.",
        ));
    }
    if jwt::scope(&opened.access).as_deref() == Some(jwt::MAIN) {
        return Err(error(
            "main_password",
            "That is the account's main password; the session it opened was ended at once."
                .to_owned(),
            &format!("Make an app password at {APP_PASSWORDS} and use that."),
        ));
    }
    match &opened.inactive {
        None => Ok(()),
        Some(status) => Err(restricted(name, status)),
    }
}

/// What to say about a refused `createSession`. A taken-down account is refused
/// in the words of a wrong password; its public status tells them apart.
async fn refused(
    net: &Net,
    found: &identity::Identity,
    name: &str,
    failed_with: Failed,
) -> SignInError {
    match failed_with.refusal.class {
        AnswerClass::Revoked => {
            if let Ok(status) = calls::status(net, &found.server, &found.did).await
                && !status.active
            {
                return restricted(name, status.status.as_deref().unwrap_or("inactive"));
            }
            error(
                "wrong_password",
                format!(
                    "{} does not take this app password for {name}.",
                    found.server
                ),
                &format!("Make a new one at {APP_PASSWORDS}; an old one cannot be shown again."),
            )
        }
        AnswerClass::SecurityReview => error(
            "main_password",
            format!(
                "{} wants a code by e-mail for {name}, as for a main password.",
                found.server
            ),
            &format!("Make an app password at {APP_PASSWORDS} and use that."),
        ),
        AnswerClass::Restricted => restricted(name, "suspended"),
        AnswerClass::AccountGone => error(
            "account_gone",
            format!("{} no longer has the account {name}.", found.server),
            "Try again in a while if it has just moved.",
        ),
        _ => failed(&failed_with, name),
    }
}

pub(super) fn restricted(name: &str, status: &str) -> SignInError {
    let said = session::inactive(status)
        .evidence
        .message
        .unwrap_or_default();
    let (code, hint) = match status {
        "deactivated" => (
            "restricted",
            "Sign in at bsky.app to activate it, then connect again.",
        ),
        "deleted" => ("account_gone", "Connect the account that replaced it."),
        _ => (
            "restricted",
            "Read the mail its server sent about it; once it is lifted, connect again.",
        ),
    };
    error(code, format!("{name}: {said}"), hint)
}

/// A call on the way that brought nothing usable.
pub(super) fn failed(it: &Failed, about: &str) -> SignInError {
    let evidence = &it.refusal.evidence;
    let said = evidence.message.clone().unwrap_or_default();
    let status = evidence
        .http_status
        .map_or_else(String::new, |status| format!(" (HTTP {status})"));
    match (it.trouble, it.refusal.class) {
        (Some(Trouble::Forbidden), _) => error(
            "private_address",
            said,
            "Write it under [networks.bluesky]; allgreen config path names the file.",
        ),
        (Some(Trouble::Unbuildable), _) => error(
            "bad_address",
            said,
            "Give the server like https://pds.example.org.",
        ),
        (Some(_), _) => error(
            "unreachable",
            said,
            "Check the connection and https://status.bsky.app, then try again.",
        ),
        (None, AnswerClass::RateLimited) => {
            let wait = it.refusal.retry_after.map_or_else(
                || "a few minutes".to_owned(),
                |pause| format!("{} s", pause.as_secs().max(1)),
            );
            error(
                "rate_limited",
                format!("The server of {about} takes no more logins for now."),
                &format!("Try again in {wait}."),
            )
        }
        (None, AnswerClass::Transient) => error(
            "unreachable",
            format!("The server of {about} has trouble{status}: {said}"),
            "Try again in a few minutes.",
        ),
        (None, _) => error(
            "unexpected_answer",
            format!(
                "The server of {about} gave an answer this program does not know{status}: {said}"
            ),
            "Check that the server is a Bluesky (AT Protocol) server, and report the answer.",
        ),
    }
}

/// The account as people see it. Name and picture come from the network's own
/// view and are left out when that does not answer.
pub(super) async fn account_of(net: &Net, found: &identity::Identity, access: &Secret) -> Account {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Profile {
        display_name: String,
        avatar: Option<String>,
    }
    let method = xrpc::GET_PROFILE;
    let request =
        xrpc::query(&found.server, method, &[("actor", &found.did)]).map(|mut request| {
            request.auth = Some(access);
            request.timeout = Some(PROFILE_LIMIT);
            request
        });
    let profile: Profile = xrpc::json(net, request, method, &[access])
        .await
        .unwrap_or_default();
    let handle = found.handle.clone();
    Account {
        kind: ChannelKind::Bluesky,
        remote_id: found.did.clone(),
        // What the protocol shows for an account without a valid handle.
        handle: handle.unwrap_or_else(|| "handle.invalid".to_owned()),
        display_name: clean(&profile.display_name, LONGEST_NAME),
        avatar_url: profile
            .avatar
            .filter(|url| url.starts_with("https://") && url.len() <= 1000),
    }
}

/// A refused login.
pub(super) fn error(code: &'static str, what: String, hint: &str) -> SignInError {
    SignInError {
        code,
        what,
        hint: hint.to_owned(),
    }
}
