//! The answers that are not a success.

use serde_json::{Value, json};

use crate::sandbox::wire::Answer;

/// One refusal: `{"ok":false,"error_code":..,"description":..,"parameters":..}`.
///
/// Source: <https://core.telegram.org/bots/api#making-requests>
#[derive(Debug)]
pub(super) struct ApiError {
    pub code: u16,
    pub description: String,
    pub parameters: Option<Value>,
}

impl ApiError {
    fn new(code: u16, description: String) -> Self {
        Self {
            code,
            description,
            parameters: None,
        }
    }

    pub fn bad(what: &str) -> Self {
        Self::new(400, format!("Bad Request: {what}"))
    }

    pub fn forbidden(what: &str) -> Self {
        Self::new(403, format!("Forbidden: {what}"))
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized".to_owned())
    }

    pub fn invalid_token() -> Self {
        Self::new(401, "Unauthorized: invalid token specified".to_owned())
    }

    pub fn not_found() -> Self {
        Self::new(404, "Not Found".to_owned())
    }

    /// After `logOut` the cloud server takes no call of the bot.
    pub fn logged_out() -> Self {
        Self::new(400, "Logged out".to_owned())
    }

    pub fn too_many(seconds: u64) -> Self {
        Self {
            parameters: Some(json!({ "retry_after": seconds })),
            ..Self::new(429, format!("Too Many Requests: retry after {seconds}"))
        }
    }

    pub fn upgraded(to: i64) -> Self {
        Self {
            parameters: Some(json!({ "migrate_to_chat_id": to })),
            ..Self::bad("group chat was upgraded to a supergroup chat")
        }
    }
}

/// The refusal as an answer; the HTTP status is the error code.
pub(super) fn refused(error: &ApiError) -> Answer {
    let mut body = json!({
        "ok": false, "error_code": error.code, "description": error.description,
    });
    let mut pause = None;
    if let Some(parameters) = &error.parameters {
        pause = parameters["retry_after"].as_u64();
        body["parameters"] = parameters.clone();
    }
    let mut answer = Answer::json(error.code, &body);
    answer
        .headers
        .extend(pause.map(|seconds| ("retry-after", seconds.to_string())));
    answer
}
