//! The posts a part of a thread answers. The network wants each of them by
//! address and content identifier, and gives both to anybody who reads it.
//!
//! Source: <https://atproto.com/blog/create-post#replies-quote-posts-and-embeds>

use serde::Deserialize;
use serde_json::{Value, json};

use super::lookup;
use super::record::{POST, uri};
use super::xrpc;
use crate::domain::answer::AnswerClass;
use crate::networks::refused::ours;
use crate::networks::{Call, Found, Net, Outcome, Publish, Session, Step, StepRecord};

/// The step records are `getRecord:root` and `getRecord:parent`.
pub(super) const READ: &str = "getRecord:";

/// What the record says it answers, or the reading that is still to be made.
/// Nothing for a post that answers none.
pub(super) fn answered(publish: &Publish, steps: &[StepRecord]) -> Result<Option<Value>, Step> {
    let Some(reply) = &publish.reply_to else {
        return Ok(None);
    };
    let found = |end: &str, address: &str| {
        let name = format!("{READ}{end}");
        let step = steps.iter().find(|step| step.name == name);
        let read = step.and_then(|step| serde_json::from_str::<Value>(&step.handle).ok());
        // One that was read for another post says nothing about this one.
        read.filter(|read| read["uri"] == address).ok_or_else(|| {
            Step::Invisible(Call {
                name,
                rendered: address.to_owned(),
                media: None,
            })
        })
    };
    let root = found("root", &reply.root)?;
    let parent = if reply.parent == reply.root {
        root.clone()
    } else {
        found("parent", &reply.parent)?
    };
    Ok(Some(json!({ "root": root, "parent": parent })))
}

/// Reads one of them.
pub(super) async fn read(net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
    #[derive(Deserialize)]
    struct Answer {
        uri: String,
        cid: String,
    }
    let (account, address) = (&publish.account, call.rendered.as_str());
    let method = xrpc::GET_RECORD;
    let refused = |what: &str| {
        let what = what.to_owned();
        Outcome::Refused(ours(AnswerClass::InvalidPost, xrpc::short(method), what))
    };
    let Some(key) = address.strip_prefix(&uri(account, "")) else {
        return refused("The part before it is no post of this account, so it cannot be answered.");
    };
    let params = [
        ("repo", account.as_str()),
        ("collection", POST),
        ("rkey", key),
    ];
    let request = xrpc::query(&session.server, method, &params);
    match xrpc::json::<Answer>(net, request, method, &[]).await {
        Ok(found) if found.uri == address && !found.cid.is_empty() => Outcome::Recorded {
            handle: json!({ "uri": found.uri, "cid": found.cid }).to_string(),
        },
        Ok(_) => Outcome::NotProcessed(ours(
            AnswerClass::Unclassified,
            xrpc::short(method),
            "The server answered with another post than the one that was asked for.".to_owned(),
        )),
        Err(failed) if lookup::absent(&failed.refusal.evidence) => {
            match lookup::certain(net, &session.server, account).await {
                Found::Unreadable(refusal) => Outcome::NotProcessed(refusal),
                _ => refused(
                    "The post before it in the thread is no longer there, so nothing can answer it. Cancel it, or write a new thread.",
                ),
            }
        }
        Err(failed) => Outcome::NotProcessed(failed.refusal),
    }
}
