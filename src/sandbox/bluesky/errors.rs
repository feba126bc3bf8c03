//! The error bodies of the XRPC protocol, each as observed on the reference PDS
//! (`@atproto/pds` 0.5.35) unless said otherwise.

use serde_json::json;

use crate::sandbox::wire::Answer;

/// `{"error": name, "message": message}`.
pub(super) fn error(status: u16, name: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": name, "message": message }))
}

/// 400 `InvalidRequest`.
pub(super) fn invalid(message: impl AsRef<str>) -> Answer {
    error(400, "InvalidRequest", message.as_ref())
}

/// 401 without an `Authorization` header.
pub(super) fn auth_missing() -> Answer {
    error(401, "AuthMissing", "Authentication Required")
}

/// 400 for a token that is not one of ours, or not of the kind that is wanted.
pub(super) fn unverified() -> Answer {
    error(400, "InvalidToken", "Token could not be verified")
}

/// 400 for a token bound to a key that is presented as if it were not.
pub(super) fn malformed() -> Answer {
    error(400, "InvalidToken", "Malformed token")
}

/// 400 for an app-password session where the main password is needed.
pub(super) fn bad_scope() -> Answer {
    error(400, "InvalidToken", "Bad token scope")
}

/// 400 for a token after its `exp`.
pub(super) fn expired() -> Answer {
    error(400, "ExpiredToken", "Token has expired")
}

/// 400 for a refresh token that was taken back or forgotten.
pub(super) fn revoked() -> Answer {
    error(400, "ExpiredToken", "Token has been revoked")
}

/// 401 for wrong password, unknown handle, and an app password of a taken-down
/// account alike.
pub(super) fn bad_login() -> Answer {
    error(
        401,
        "AuthenticationRequired",
        "Invalid identifier or password",
    )
}

/// 401 for somebody else's repository.
pub(super) fn not_yours() -> Answer {
    error(401, "AuthenticationRequired", "Authentication Required")
}

/// 401 after a takedown.
pub(super) fn taken_down() -> Answer {
    error(401, "AccountTakedown", "Account has been taken down")
}

/// 401 on writes of a deactivated account.
pub(super) fn deactivated() -> Answer {
    error(401, "AccountDeactivated", "Account is deactivated")
}

/// 403 for an account this server does not have.
pub(super) fn no_account() -> Answer {
    error(403, "AccountNotFound", "Account not found")
}

/// 400 where a session's account is gone or taken down.
pub(super) fn no_user_info(did: &str) -> Answer {
    invalid(format!("Could not find user info for account: {did}"))
}

/// 400 where a repository by DID is not here.
pub(super) fn no_repo(did: &str) -> Answer {
    error(
        400,
        "RepoNotFound",
        &format!("Could not find repo for DID: {did}"),
    )
}

/// The bare 500 of everything the server did not expect, a repeated rkey with
/// `createRecord` among it.
pub(super) fn internal() -> Answer {
    error(500, "InternalServerError", "Internal Server Error")
}

/// 502 for what the server hands on to an AppView it cannot reach, unknown
/// methods included.
pub(super) fn upstream() -> Answer {
    error(502, "UpstreamFailure", "Upstream service unreachable")
}

/// 413 for a blob over `blobUploadLimit`.
pub(super) fn too_large() -> Answer {
    error(413, "PayloadTooLarge", "request entity too large")
}

/// 400 for a key that must be there; `path` is `$` for the body itself.
pub(super) fn missing_key(key: &str) -> Answer {
    invalid(format!("Missing required key \"{key}\" at $"))
}
