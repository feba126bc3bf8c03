//! Sessions: the refresh is the proof, and what a refused one means.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::http::Body;
use super::super::{Account, Ends, Net, Refusal, Renewal, Session, Tokens, catalogue, evidence};
use super::{identity, xrpc};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Evidence, Expiry};
use crate::domain::network::ChannelKind;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

const CREATE: &str = "com.atproto.server.createSession";
const REFRESH: &str = "com.atproto.server.refreshSession";
const DELETE: &str = "com.atproto.server.deleteSession";
const STATUS: &str = "com.atproto.sync.getRepoStatus";

/// A session as the server opened it.
pub struct Opened {
    /// The tokens, without the kept password.
    pub tokens: Tokens,
    /// The account.
    pub did: String,
    /// Its handle.
    pub handle: String,
    /// The scope the access token names.
    pub scope: String,
    /// Set when the account may not write.
    pub blocked: Option<Refusal>,
}

/// Opens a session with a handle or DID and an app password.
pub async fn create(
    net: &Net,
    server: &str,
    identifier: &str,
    password: &Secret,
) -> Result<Opened, Refusal> {
    let body = json!({"identifier": identifier, "password": password.expose()}).to_string();
    opened(
        "createSession",
        xrpc::procedure(net, server, CREATE, Body::Json(body), None).await,
    )
}

/// Refreshes once.
pub async fn refresh_once(net: &Net, server: &str, refresh: &Secret) -> Result<Opened, Refusal> {
    opened(
        "refreshSession",
        xrpc::procedure(net, server, REFRESH, Body::Empty, Some(refresh)).await,
    )
}

fn opened(
    call: &str,
    reply: Result<super::super::http::Reply, super::super::http::NetError>,
) -> Result<Opened, Refusal> {
    let value = xrpc::understood(call, reply)?;
    let field =
        |key: &str| xrpc::text(&value, key).filter(|text| !text.is_empty() && text.len() <= 8192);
    let (Some(access), Some(refresh), Some(did), Some(handle)) = (
        field("accessJwt"),
        field("refreshJwt"),
        field("did"),
        field("handle"),
    ) else {
        return Err(catalogue::transient(
            call,
            "The server's answer lacks parts of a session.",
        ));
    };
    let claims = claims(&access);
    let blocked = (value.get("active") == Some(&Value::Bool(false))).then(|| {
        let status = xrpc::text(&value, "status").unwrap_or_else(|| "inactive".into());
        restricted(call, 200, &status)
    });
    Ok(Opened {
        scope: xrpc::text(&claims, "scope").unwrap_or_default(),
        tokens: Tokens {
            access_ends: ends(&claims),
            grant_ends: ends(&self::claims(&refresh)),
            access: Secret::new(access),
            refresh: Some(Secret::new(refresh)),
            password: None,
        },
        did,
        handle: evidence::clean(&handle, 253),
        blocked,
    })
}

fn restricted(call: &str, http_status: u16, status: &str) -> Refusal {
    let status = evidence::clean(status, 60);
    Refusal {
        class: AnswerClass::Restricted,
        cause: None,
        evidence: Evidence {
            http_status: Some(http_status),
            message: Some(format!("The account is {status}.")),
            network_code: Some(status),
            seen_by: Some(call.to_owned()),
        },
        retry_after: None,
        confirmed: true,
    }
}

/// The claims of a token, unverified: it is the server's own and only read.
fn claims(jwt: &str) -> Value {
    let decoded = jwt
        .split('.')
        .nth(1)
        .and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    decoded
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(Value::Null)
}

fn ends(claims: &Value) -> Ends {
    match claims
        .get("exp")
        .and_then(Value::as_i64)
        .and_then(|seconds| seconds.checked_mul(1000))
    {
        Some(ms) if ms > 0 => Ends {
            at: Some(UtcMs(ms)),
            expiry: Expiry::Date,
        },
        _ => Ends {
            at: None,
            expiry: Expiry::Unknown,
        },
    }
}

fn account(opened: &Opened) -> Account {
    Account {
        kind: ChannelKind::Bluesky,
        remote_id: opened.did.clone(),
        handle: opened.handle.clone(),
        display_name: String::new(),
        avatar_url: None,
    }
}

/// Refreshes, and finds out what a refusal means. The kept app password opens a
/// new session when the refresh token is dead: that is the confirming retry,
/// and it heals a changed main password.
pub async fn refresh(net: &Net, session: &Session) -> Renewal {
    let refused = match &session.tokens.refresh {
        Some(refresh) => match refresh_once(net, &session.server, refresh).await {
            Ok(opened) => return renewed(session, opened, session.server.clone(), None),
            Err(refusal) => refusal,
        },
        None => catalogue::transient("refreshSession", "There is no refresh token."),
    };
    if matches!(
        refused.class,
        AnswerClass::Transient | AnswerClass::RateLimited
    ) && session.tokens.refresh.is_some()
    {
        return Renewal::Refused(refused);
    }
    let Some(password) = &session.tokens.password else {
        return Renewal::Refused(Refusal {
            confirmed: false,
            ..refused
        });
    };
    match create(net, &session.server, &session.remote_user_id, password).await {
        Ok(opened) => {
            let healed = "the old session had ended (a changed password does that); the app password opened a new one";
            renewed(session, opened, session.server.clone(), Some(healed.into()))
        }
        Err(again) if again.cause().is_some() || again.class == AnswerClass::Unclassified => {
            Renewal::from_fate(fate(net, session, password, again).await, session)
        }
        Err(again) => Renewal::Refused(again),
    }
}

fn renewed(session: &Session, opened: Opened, server: String, healed: Option<String>) -> Renewal {
    if opened.did != session.remote_user_id {
        return Renewal::Refused(Refusal {
            class: AnswerClass::Unclassified,
            cause: None,
            evidence: Evidence {
                message: Some("The server answered with the session of another account.".into()),
                seen_by: Some("refreshSession".into()),
                ..Evidence::default()
            },
            retry_after: None,
            confirmed: true,
        });
    }
    let account = account(&opened);
    Renewal::Renewed {
        tokens: opened.tokens,
        server,
        account: Some(account),
        healed,
        blocked: opened.blocked,
    }
}

/// What became of an account whose app password is refused.
enum Fate {
    Refused(Refusal),
    Moved(Opened, String),
}

impl Renewal {
    fn from_fate(fate: Fate, session: &Session) -> Self {
        match fate {
            Fate::Refused(refusal) => Self::Refused(refusal),
            Fate::Moved(opened, server) => renewed(
                session,
                opened,
                server,
                Some("the account moved to another server".into()),
            ),
        }
    }
}

/// The same words are used for a deleted app password and for an account that
/// was taken down; the repository's public status tells them apart.
async fn fate(net: &Net, session: &Session, password: &Secret, refused: Refusal) -> Fate {
    let did = session.remote_user_id.as_str();
    let status = xrpc::understood(
        "getRepoStatus",
        xrpc::query(net, &session.server, STATUS, &[("did", did)], None).await,
    );
    match status {
        Ok(value) if value.get("active") == Some(&Value::Bool(true)) => Fate::Refused(Refusal {
            confirmed: true,
            ..refused
        }),
        Ok(value) if value.get("active") == Some(&Value::Bool(false)) => {
            let status = xrpc::text(&value, "status").unwrap_or_else(|| "inactive".into());
            if status == "deleted" {
                return gone(net, session, password, refused).await;
            }
            Fate::Refused(restricted("getRepoStatus", 200, &status))
        }
        Ok(_) => Fate::Refused(catalogue::transient(
            "getRepoStatus",
            "The server did not say how the account is.",
        )),
        Err(refusal) if refusal.class == AnswerClass::AccountGone => {
            gone(net, session, password, refusal).await
        }
        // Without the status nobody knows which it is: nothing turns red.
        Err(refusal) => Fate::Refused(catalogue::transient(
            "getRepoStatus",
            refusal
                .evidence
                .message
                .as_deref()
                .unwrap_or("The server did not say how the account is."),
        )),
    }
}

/// Gone from this server: moved, or deleted.
async fn gone(net: &Net, session: &Session, password: &Secret, refusal: Refusal) -> Fate {
    match identity::server_of_did(net, &session.remote_user_id).await {
        Ok(Some(server)) if server != session.server => {
            match create(net, &server, &session.remote_user_id, password).await {
                Ok(opened) => Fate::Moved(opened, server),
                Err(refused) if refused.cause().is_some() => Fate::Refused(Refusal {
                    confirmed: true,
                    ..refused
                }),
                Err(refused) => Fate::Refused(refused),
            }
        }
        Ok(_) => Fate::Refused(Refusal {
            class: AnswerClass::AccountGone,
            cause: Some(Cause::AccountGone),
            confirmed: true,
            ..refusal
        }),
        Err(text) => Fate::Refused(catalogue::transient("identity", &text)),
    }
}

/// Ends the session at the server. The app password itself stays: only the
/// person can name and remove it.
pub async fn revoke(net: &Net, session: &Session) -> Result<(), Refusal> {
    let Some(refresh) = &session.tokens.refresh else {
        return Ok(());
    };
    match xrpc::procedure(net, &session.server, DELETE, Body::Empty, Some(refresh)).await {
        Ok(reply) if reply.is_success() => Ok(()),
        Ok(reply) => Err(catalogue::classify(
            &catalogue::BLUESKY,
            "deleteSession",
            &reply,
        )),
        Err(error) => Err(catalogue::no_answer("deleteSession", &error)),
    }
}
