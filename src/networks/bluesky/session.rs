//! Keeping a login alive, and finding out why it is not.
//!
//! An access token goes on working for up to two hours after everything was
//! revoked, so only `refreshSession` proves anything. When it is refused, a new
//! session from the kept app password is the confirming retry; when that is
//! refused too, the account's public status says whether the account or the
//! access is the trouble. Nothing flips on an answer that may be an outage.

use super::calls::{self, Opened};
use super::identity;
use super::oauth;
use super::xrpc::{self, Failed};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::{Cause, Evidence};
use crate::domain::network::ChannelKind;
use crate::networks::evidence::{LONGEST_CODE, safe};
use crate::networks::{Account, Net, Refusal, Renewal, Session};

/// Gets the next pair of tokens, or says why there is none.
pub(super) async fn refresh(net: &Net, session: &Session) -> Renewal {
    let tokens = &session.tokens;
    if tokens.proof_key.is_some() {
        return match oauth::refresh(net, session).await {
            Ok(renewed) => renewed,
            Err(refusal) if ends_session(refusal.class) => judge(net, session, refusal).await,
            Err(refusal) => Renewal::Refused(refusal),
        };
    }
    let mut last = match &tokens.refresh {
        Some(token) => match calls::refresh(net, &session.server, token).await {
            Ok(opened) => return renewed(net, session, opened).await,
            Err(failed) => failed.refusal,
        },
        None => refusal(AnswerClass::Revoked, None, "No refresh token is kept."),
    };
    if !ends_session(last.class) {
        return Renewal::Refused(last);
    }
    if let Some(password) = &tokens.password {
        let did = &session.remote_user_id;
        match calls::create(net, &session.server, did, password).await {
            Ok(opened) => {
                let healed = "the session had ended, and the kept app password opened a new one";
                return accept(
                    net,
                    session,
                    &session.server,
                    opened,
                    Some(healed.to_owned()),
                );
            }
            Err(failed) => last = failed.refusal,
        }
        if !ends_session(last.class) {
            return Renewal::Refused(last);
        }
        last.confirmed = true;
    }
    judge(net, session, last).await
}

/// A refresh that succeeded. Of an account that moved away it brings a session
/// that can do nothing; only then is the new server tried before it is kept.
async fn renewed(net: &Net, session: &Session, opened: Opened) -> Renewal {
    if let (Some(_), Some(to), Some(password)) = (
        &opened.inactive,
        opened.moved_from(&session.server),
        &session.tokens.password,
    ) && let Ok(there) = calls::create(net, to, &session.remote_user_id, password).await
    {
        let to = to.to_owned();
        return accept(net, session, &to, there, Some(healed_by_move(&to)));
    }
    accept(net, session, &session.server, opened, None)
}

/// Whether an answer is a named refusal of the session. An outage, a rate limit
/// and an answer nobody can read are not.
fn ends_session(class: AnswerClass) -> bool {
    match class {
        AnswerClass::TokenExpired
        | AnswerClass::Revoked
        | AnswerClass::PasswordChanged
        | AnswerClass::SecurityReview
        | AnswerClass::Restricted
        | AnswerClass::MissingScope
        | AnswerClass::LostRole
        | AnswerClass::AccountGone => true,
        AnswerClass::RateLimited
        | AnswerClass::Duplicate
        | AnswerClass::Transient
        | AnswerClass::InvalidPost
        | AnswerClass::AppFault
        | AnswerClass::Unclassified => false,
    }
}

/// Takes a session over as the login's new pair. Makes no call: a rotated pair
/// exists only here until it is committed.
fn accept(
    net: &Net,
    session: &Session,
    server: &str,
    opened: Opened,
    healed: Option<String>,
) -> Renewal {
    if opened.did != session.remote_user_id {
        return Renewal::Refused(coded(
            AnswerClass::Unclassified,
            None,
            "DifferentAccount",
            "The server answered with another account's session; it was not kept.",
        ));
    }
    let blocked = match (&opened.inactive, opened.moved_from(server)) {
        (None, _) => None,
        (Some(_), Some(to)) => Some(moved_away(to)),
        (Some(status), None) => Some(inactive(status)),
    };
    // The answer names no display name and no picture, and asking for them would
    // be a call before the new pair is committed: what is stored stays.
    let account = opened.handle.clone().map(|handle| Account {
        kind: ChannelKind::Bluesky,
        remote_id: opened.did.clone(),
        handle,
        display_name: String::new(),
        avatar_url: None,
    });
    let password = session.tokens.password.as_ref();
    let password = password.map(crate::support::secret::Secret::duplicate);
    Renewal::Renewed {
        tokens: opened.tokens(password, net.clock.now()),
        server: server.to_owned(),
        account,
        healed,
        blocked,
    }
}

/// A session is refused: is it the account, or the access?
async fn judge(net: &Net, session: &Session, last: Refusal) -> Renewal {
    let did = &session.remote_user_id;
    let status = match calls::status(net, &session.server, did).await {
        Ok(status) => status,
        Err(failed) => {
            return match failed.refusal.class {
                AnswerClass::AccountGone => gone(net, session, failed.refusal).await,
                AnswerClass::Restricted => Renewal::Refused(confirmed(failed.refusal)),
                _ => Renewal::Refused(failed.refusal),
            };
        }
    };
    if status.active {
        return Renewal::Refused(match last.class {
            // It was lifted between the two calls: nothing is proven.
            AnswerClass::Restricted | AnswerClass::AccountGone => Refusal {
                confirmed: false,
                ..last
            },
            _ => last,
        });
    }
    let named = status.status.as_deref().unwrap_or("inactive");
    let refusal = confirmed(inactive(named));
    match named {
        // What a move leaves behind looks like this, too.
        "deactivated" | "deleted" => gone(net, session, refusal).await,
        _ => Renewal::Refused(refusal),
    }
}

/// The account is not usable on its server any more: it moved, or `otherwise`.
async fn gone(net: &Net, session: &Session, otherwise: Refusal) -> Renewal {
    let did = &session.remote_user_id;
    let document = match identity::document(net, did).await {
        Ok(document) => document,
        Err(failed) => return Renewal::Refused(failed.refusal),
    };
    let named = document.and_then(|document| document.server);
    let Some(server) = named.filter(|server| *server != session.server) else {
        return Renewal::Refused(confirmed(otherwise));
    };
    if let Some(password) = &session.tokens.password {
        match calls::create(net, &server, did, password).await {
            Ok(opened) => {
                return accept(net, session, &server, opened, Some(healed_by_move(&server)));
            }
            Err(failed) if !ends_session(failed.refusal.class) => {
                return Renewal::Refused(failed.refusal);
            }
            Err(_) => {}
        }
    }
    Renewal::Refused(confirmed(moved_away(&server)))
}

/// Ends the session at the server; one that has ended already is fine.
pub(super) async fn revoke(net: &Net, session: &Session) -> Result<(), Refusal> {
    if session.tokens.proof_key.is_some() {
        return oauth::revoke(net, session).await;
    }
    let Some(token) = &session.tokens.refresh else {
        return Ok(());
    };
    match calls::delete(net, &session.server, token).await {
        Ok(()) => Ok(()),
        Err(Failed { refusal, .. }) => match refusal.class {
            AnswerClass::TokenExpired | AnswerClass::Revoked | AnswerClass::AccountGone => Ok(()),
            _ => Err(refusal),
        },
    }
}

/// What a status other than active means.
///
/// Source: <https://atproto.com/specs/account#repo-hosting-status>
pub(super) fn inactive(status: &str) -> Refusal {
    let (class, what) = match status {
        "takendown" => (
            AnswerClass::Restricted,
            "The account was taken down by its server.",
        ),
        "suspended" => (
            AnswerClass::Restricted,
            "The account is suspended by its server.",
        ),
        "deactivated" => (AnswerClass::Restricted, "The account is deactivated."),
        "deleted" => (AnswerClass::AccountGone, "The account was deleted."),
        _ => (
            AnswerClass::Unclassified,
            "The account is not active, for a reason this program does not know.",
        ),
    };
    coded(class, None, &safe(status, &[], LONGEST_CODE), what)
}

fn healed_by_move(to: &str) -> String {
    format!(
        "the account moved to {}, and was signed in there",
        safe(to, &[], 120)
    )
}

fn moved_away(to: &str) -> Refusal {
    let what = format!(
        "The account moved to {}. Make an app password there and reconnect.",
        safe(to, &[], 120)
    );
    coded(
        AnswerClass::Revoked,
        Some(Cause::AccessWithdrawn),
        "AccountMoved",
        &what,
    )
}

fn confirmed(refusal: Refusal) -> Refusal {
    Refusal {
        confirmed: true,
        ..refusal
    }
}

fn coded(class: AnswerClass, cause: Option<Cause>, code: &str, what: &str) -> Refusal {
    let mut refusal = refusal(class, cause, what);
    refusal.evidence.network_code = Some(code.to_owned());
    refusal
}

fn refusal(class: AnswerClass, cause: Option<Cause>, what: &str) -> Refusal {
    Refusal {
        class,
        cause,
        evidence: Evidence {
            message: Some(what.to_owned()),
            seen_by: Some(xrpc::short(xrpc::REFRESH_SESSION).to_owned()),
            ..Evidence::default()
        },
        retry_after: None,
        confirmed: false,
    }
}
