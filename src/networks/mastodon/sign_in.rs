//! Logging in with a token made by hand, and whose it is.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::api::{Api, Failed};
use super::ours;
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Expiry;
use crate::domain::network::ChannelKind;
use crate::networks::evidence::{self, safe};
use crate::networks::{Account, Ends, Net, Refusal, SignInError, SignedIn, Tokens};
use crate::support::secret::Secret;

/// Longest name that is kept.
const LONGEST: usize = 100;

/// Source: <https://docs.joinmastodon.org/entities/Account/>
#[derive(Debug, Deserialize)]
pub(super) struct Person {
    #[serde(deserialize_with = "evidence::id")]
    pub id: String,
    username: String,
    #[serde(default)]
    display_name: String,
    #[serde(default, deserialize_with = "evidence::link")]
    avatar: Option<String>,
    #[serde(default)]
    suspended: bool,
    moved: Option<Value>,
}

impl Person {
    /// As a channel; the server is part of who it is.
    pub fn account(&self, server: &str) -> Account {
        let host = server.split_once("://").map_or(server, |(_, host)| host);
        Account {
            kind: ChannelKind::Mastodon,
            remote_id: self.id.clone(),
            handle: format!("{}@{host}", safe(&self.username, &[], LONGEST)),
            display_name: safe(&self.display_name, &[], LONGEST),
            avatar_url: self.avatar.clone(),
        }
    }

    /// Why nothing can be posted although the token is fine.
    pub fn blocked(&self) -> Option<Refusal> {
        let what = if self.suspended {
            "The account is suspended by its server.".to_owned()
        } else if let Some(moved) = &self.moved {
            let to = moved["acct"].as_str().unwrap_or("another one");
            let to = safe(to, &[], LONGEST);
            format!("The account has moved to {to}; connect that one, or undo the move.")
        } else {
            return None;
        };
        Some(ours(AnswerClass::Restricted, "verifyCredentials", what))
    }
}

/// Whose the token is.
///
/// Source: <https://docs.joinmastodon.org/methods/accounts/#verify_credentials>
pub(super) async fn verify(api: &Api<'_>) -> Result<Person, Failed> {
    let name = "verifyCredentials";
    let path = ["v1", "accounts", "verify_credentials"];
    let reply = api.send(api.get(name, &path)?).await?;
    api.read(name, &reply)
}

/// Logs in and proves it.
pub(super) async fn sign_in(
    net: &Net,
    server: &str,
    token: &Secret,
) -> Result<SignedIn, SignInError> {
    let token = Secret::new(token.expose().trim());
    let server = base(server).ok_or_else(|| {
        error(
            "bad_address",
            format!(
                "\"{}\" is no server's address.",
                safe(server, &[&token], LONGEST)
            ),
            "Name the server the account lives on, such as mastodon.social.",
        )
    })?;
    let word = token.expose();
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(error(
            "bad_token",
            "That is no access token, so it was not sent anywhere.".to_owned(),
            "Copy it from Preferences, Development, on the account's server.",
        ));
    }
    let api = Api::given(net, &server, &token);
    let person = verify(&api)
        .await
        .map_err(|failed| about(&failed.refusal, &server))?;
    if let Some(refusal) = person.blocked() {
        return Err(about(&refusal, &server));
    }
    let never = Ends {
        at: None,
        expiry: Expiry::Never,
    };
    let account = person.account(&server);
    Ok(SignedIn {
        server,
        client_id: String::new(),
        remote_user_id: person.id,
        method: "access_token",
        tokens: Tokens {
            access: token,
            refresh: None,
            password: None,
            client_secret: None,
            proof_key: None,
            access_ends: never,
            grant_ends: never,
        },
        accounts: vec![account],
        scopes: Vec::new(),
    })
}

/// Scheme, host and port of what people paste: `mastodon.social`, or any page.
pub(super) fn base(server: &str) -> Option<String> {
    let text = server.trim();
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&whole).ok()?;
    if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() {
        return None;
    }
    url.host_str().filter(|host| !host.is_empty())?;
    Some(url.origin().ascii_serialization())
}

/// Why the login did not happen.
pub(super) fn about(refusal: &Refusal, server: &str) -> SignInError {
    let said = refusal.evidence.message.clone().unwrap_or_default();
    match refusal.class {
        AnswerClass::Revoked | AnswerClass::TokenExpired => error(
            "bad_token",
            format!("{server} does not know this token: {said}"),
            "Copy the token again from Preferences, Development, on that server.",
        ),
        AnswerClass::MissingScope => error(
            "missing_right",
            format!("The token may not read the account: {said}"),
            "Give the application the scopes read and write, and make a new token.",
        ),
        AnswerClass::Restricted | AnswerClass::SecurityReview => error(
            "restricted",
            format!("{server} does not let the account post: {said}"),
            "Settle that on the server, then connect again.",
        ),
        AnswerClass::RateLimited => error(
            "rate_limited",
            format!("{server} answers nothing for now."),
            "Try again in a few minutes.",
        ),
        AnswerClass::Transient => error(
            "unreachable",
            format!("{server} did not answer: {said}"),
            "Check the address and the connection, and try again in a few minutes.",
        ),
        _ => error(
            "unexpected_answer",
            format!("{server} gave an answer this program does not know: {said}"),
            "Check that the server runs Mastodon, and report the answer.",
        ),
    }
}

pub(super) fn error(code: &'static str, what: String, hint: &str) -> SignInError {
    SignInError {
        code,
        what,
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_understood_as_people_paste_it() {
        for (pasted, wanted) in [
            ("mastodon.social", Some("https://mastodon.social")),
            (
                " https://Example.org/@ann/1?x ",
                Some("https://example.org"),
            ),
            ("http://127.0.0.1:3003/", Some("http://127.0.0.1:3003")),
            ("ftp://example.org", None),
            ("https://ann@example.org", None),
            ("", None),
        ] {
            assert_eq!(base(pasted).as_deref(), wanted, "{pasted}");
        }
    }
}
