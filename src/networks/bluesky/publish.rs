//! Publishing: blobs first, which nobody sees, then one `putRecord` under our
//! own key with `swapRecord: null`: the first time it creates, the same again
//! changes nothing, anything else under the key is refused.

use serde_json::{Value, json};

use super::super::http::{Body, NetError, Reply};
use super::super::{
    Call, MediaItem, Net, Outcome, Publish, Remote, Session, Step, StepRecord, catalogue, evidence,
};
use super::{POSTS, facets, lookup, xrpc};
use crate::domain::answer::AnswerClass;
use crate::networks::{Found, Refusal};

const PUT: &str = "putRecord";
const UPLOAD: &str = "uploadBlob";

/// The link to a post.
pub fn permalink(did: &str, key: &str) -> String {
    format!("https://bsky.app/profile/{did}/post/{key}")
}

/// The post under a key.
pub fn remote(did: &str, key: &str) -> Remote {
    Remote {
        id: format!("at://{did}/{POSTS}/{key}"),
        permalink: Some(permalink(did, key)),
    }
}

/// What comes next.
pub fn next(publish: &Publish, steps: &[StepRecord]) -> Step {
    if steps.iter().any(|step| step.name == PUT) {
        return Step::Done(remote(&publish.account, &publish.key));
    }
    let mut blobs = Vec::new();
    for index in 0..publish.media.len() {
        let name = format!("{UPLOAD}:{index}");
        let blob = steps
            .iter()
            .find(|step| step.name == name)
            .and_then(|step| serde_json::from_str(&step.handle).ok());
        match blob {
            Some(blob) => blobs.push(blob),
            None => {
                return Step::Invisible(Call {
                    name,
                    rendered: String::new(),
                    media: Some(index),
                });
            }
        }
    }
    let rendered = publish
        .rendered
        .clone()
        .unwrap_or_else(|| render(publish, blobs));
    Step::Visible(Call {
        name: PUT.into(),
        rendered,
        media: None,
    })
}

/// The exact request; its creation time is the first arm's and stays.
fn render(publish: &Publish, blobs: Vec<Value>) -> String {
    let mut record = json!({
        "$type": POSTS,
        "text": publish.text,
        "createdAt": publish.now.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
    });
    let facets = facets::of(&publish.text);
    if !facets.is_empty() {
        record["facets"] = Value::from(facets);
    }
    if !blobs.is_empty() {
        let images: Vec<Value> = publish
            .media
            .iter()
            .zip(blobs)
            .map(|(item, blob)| image(item, blob))
            .collect();
        record["embed"] = json!({"$type": "app.bsky.embed.images", "images": images});
    }
    json!({"repo": publish.account, "collection": POSTS, "rkey": publish.key, "record": record, "swapRecord": null}).to_string()
}

fn image(item: &MediaItem, blob: Value) -> Value {
    let mut image = json!({"alt": item.alt, "image": blob});
    if let Some((width, height)) = item.size {
        image["aspectRatio"] = json!({"width": width, "height": height});
    }
    image
}

/// Makes one call.
pub async fn run(net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
    match call.media.and_then(|index| publish.media.get(index)) {
        Some(item) => upload(net, session, item).await,
        None => put(net, session, publish, call).await,
    }
}

async fn upload(net: &Net, session: &Session, item: &MediaItem) -> Outcome {
    let bytes = match tokio::fs::read(&item.path).await {
        Ok(bytes) => bytes,
        Err(error) => {
            return Outcome::Refused(unusable(&format!(
                "Our copy of an image cannot be read: {error}."
            )));
        }
    };
    let hash = {
        use sha2::{Digest, Sha256};
        Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    if hash != item.sha256 {
        return Outcome::Refused(unusable(
            "Our copy of an image is not the one that was scheduled.",
        ));
    }
    let body = Body::Bytes(item.mime.clone(), bytes);
    let reply = xrpc::procedure(
        net,
        &session.server,
        "com.atproto.repo.uploadBlob",
        body,
        Some(&session.tokens.access),
    )
    .await;
    match reply {
        Ok(reply) if reply.is_success() => {
            match reply.json().and_then(|value| value.get("blob").cloned()) {
                Some(blob) if blob.is_object() => Outcome::Recorded {
                    handle: blob.to_string(),
                },
                _ => Outcome::NotProcessed(catalogue::transient(
                    UPLOAD,
                    "The server's answer names no blob.",
                )),
            }
        }
        Ok(reply) => refused(
            catalogue::classify(&catalogue::BLUESKY, UPLOAD, &reply),
            false,
        ),
        // Nobody sees a blob: whatever happened, it may simply be sent again.
        Err(error) => Outcome::NotProcessed(catalogue::no_answer(UPLOAD, &error)),
    }
}

fn unusable(text: &str) -> Refusal {
    Refusal {
        class: AnswerClass::InvalidPost,
        ..catalogue::transient(UPLOAD, text)
    }
}

async fn put(net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
    let body = Body::Json(call.rendered.clone());
    let reply = xrpc::procedure(
        net,
        &session.server,
        "com.atproto.repo.putRecord",
        body,
        Some(&session.tokens.access),
    )
    .await;
    match reply {
        Ok(reply) if reply.is_success() => written(publish, &reply),
        Ok(reply) => {
            let refusal = catalogue::classify(&catalogue::BLUESKY, PUT, &reply);
            if refusal.class == AnswerClass::Duplicate {
                return duplicate(net, session, publish, call, refusal).await;
            }
            refused(refusal, true)
        }
        Err(error @ NetError::NotSent(_)) => {
            Outcome::NotProcessed(catalogue::no_answer(PUT, &error))
        }
        Err(error @ NetError::Unclear(_)) => Outcome::Unclear(catalogue::no_answer(PUT, &error)),
    }
}

/// A success names the record; one that does not proves nothing.
fn written(publish: &Publish, reply: &Reply) -> Outcome {
    let expected = remote(&publish.account, &publish.key);
    let named = reply.json().and_then(|value| xrpc::text(&value, "uri"));
    if named.as_deref() == Some(expected.id.as_str()) {
        return Outcome::Published(expected);
    }
    let said = evidence::clean(named.as_deref().unwrap_or("nothing"), 120);
    Outcome::Unclear(catalogue::transient(
        PUT,
        &format!("The server said yes but named {said}."),
    ))
}

/// Something is under our key already: ours, or not.
async fn duplicate(
    net: &Net,
    session: &Session,
    publish: &Publish,
    call: &Call,
    refusal: Refusal,
) -> Outcome {
    let sent = Publish {
        rendered: Some(call.rendered.clone()),
        ..publish.clone()
    };
    match lookup::lookup(net, &session.server, &sent).await {
        Found::Published(remote) => Outcome::Published(remote),
        // What is there was not sent by this attempt, so this one is not live;
        // a person has to look.
        Found::Different(_) | Found::Absent | Found::Unreadable(_) => Outcome::Unclear(refusal),
    }
}

/// What a refusal means for a call whose effect is or is not visible.
fn refused(refusal: Refusal, visible: bool) -> Outcome {
    match refusal.class {
        // The uploads are gone: nothing was written, they are made anew.
        AnswerClass::InvalidPost
            if refusal.evidence.network_code.as_deref() == Some("BlobNotFound") =>
        {
            Outcome::NotProcessed(refusal)
        }
        AnswerClass::InvalidPost => Outcome::Refused(refusal),
        AnswerClass::Transient | AnswerClass::Unclassified | AnswerClass::Duplicate if visible => {
            Outcome::Unclear(refusal)
        }
        _ => Outcome::NotProcessed(refusal),
    }
}
