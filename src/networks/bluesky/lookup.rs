//! Reading the network about a send whose answer was lost: the key says exactly
//! where the post is, and anybody may look there.

use serde::Deserialize;
use serde_json::Value;

use super::calls;
use super::record::{POST, remote, same, uri};
use super::session::inactive;
use super::xrpc;
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::networks::evidence::{LONGEST, safe};
use crate::networks::refused::ours;
use crate::networks::{Found, Net};

/// Looks for the post under `key`. `rendered` is the frozen request.
pub(super) async fn find(
    net: &Net,
    server: &str,
    account: &str,
    key: &str,
    rendered: Option<&str>,
) -> Found {
    #[derive(Deserialize)]
    struct Answer {
        uri: String,
        value: Value,
    }
    let method = xrpc::GET_RECORD;
    let params = [("repo", account), ("collection", POST), ("rkey", key)];
    let request = xrpc::query(server, method, &params);
    match xrpc::json::<Answer>(net, request, method, &[]).await {
        Ok(found) if found.uri != uri(account, key) => Found::Unreadable(ours(
            AnswerClass::Unclassified,
            xrpc::short(method),
            "The server answered with another post than the one that was asked for.".to_owned(),
        )),
        Ok(found) if rendered.is_some_and(|frozen| same(frozen, &found.value)) => {
            Found::Published(remote(account, key))
        }
        Ok(found) => Found::Different(different(&found.value)),
        Err(failed) if absent(&failed.refusal.evidence) => certain(net, server, account).await,
        Err(failed) => Found::Unreadable(failed.refusal),
    }
}

pub(super) fn absent(evidence: &Evidence) -> bool {
    evidence.http_status == Some(400) && evidence.network_code.as_deref() == Some("RecordNotFound")
}

/// "Not found" is exact only from the server that holds the account while it is
/// active: about others a server asks further, where a hidden post is not
/// found either.
pub(super) async fn certain(net: &Net, server: &str, account: &str) -> Found {
    match calls::status(net, server, account).await {
        Ok(status) if status.active => Found::Absent,
        Ok(status) => Found::Unreadable(inactive(status.status.as_deref().unwrap_or("inactive"))),
        Err(failed) => Found::Unreadable(failed.refusal),
    }
}

fn different(stored: &Value) -> Evidence {
    let text = stored["text"].as_str().unwrap_or_default();
    Evidence {
        http_status: Some(200),
        network_code: Some("DifferentRecord".to_owned()),
        message: Some(format!(
            "Another post is under this key: \"{}\"",
            safe(text, &[], LONGEST / 2)
        )),
        seen_by: Some(xrpc::short(xrpc::GET_RECORD).to_owned()),
    }
}
