//! Looking up a post whose answer was lost: its key is known, and records can
//! be read without a token.

use serde_json::Value;

use super::super::{Found, Net, Publish, catalogue};
use super::{POSTS, publish, xrpc};
use crate::domain::channel::Evidence;

const CALL: &str = "getRecord";

/// Reads the record under the key of this publish.
pub async fn lookup(net: &Net, server: &str, sent: &Publish) -> Found {
    let params = [
        ("repo", sent.account.as_str()),
        ("collection", POSTS),
        ("rkey", sent.key.as_str()),
    ];
    let reply = match xrpc::query(net, server, "com.atproto.repo.getRecord", &params, None).await {
        Ok(reply) => reply,
        Err(error) => return Found::Unreadable(catalogue::no_answer(CALL, &error)),
    };
    let body = reply.json();
    if reply.is_success() {
        return match body.as_ref().and_then(|body| body.get("value")) {
            Some(value) => compared(sent, value),
            None => Found::Unreadable(catalogue::transient(
                CALL,
                "The server's answer holds no record.",
            )),
        };
    }
    let error = body.as_ref().and_then(|body| xrpc::text(body, "error"));
    if reply.status == 400 && error.as_deref() == Some("RecordNotFound") {
        return Found::Absent;
    }
    Found::Unreadable(catalogue::classify(&catalogue::BLUESKY, CALL, &reply))
}

/// Whether what is there is what was sent. Servers may add fields, never
/// change ours.
fn compared(sent: &Publish, there: &Value) -> Found {
    let request: Option<Value> = sent
        .rendered
        .as_deref()
        .and_then(|rendered| serde_json::from_str(rendered).ok());
    let same = request
        .as_ref()
        .and_then(|request| request.get("record"))
        .and_then(Value::as_object)
        .is_some_and(|record| {
            record
                .iter()
                .all(|(field, value)| there.get(field) == Some(value))
        });
    if same {
        return Found::Published(publish::remote(&sent.account, &sent.key));
    }
    Found::Different(Evidence {
        message: Some("Another record is there under the key of this post.".into()),
        seen_by: Some(CALL.into()),
        ..Evidence::default()
    })
}
