//! Publishing: images first, where nobody sees them, then the post under a key
//! that makes a repeat harmless.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::xrpc::{self, Failed};
use super::{limits, lookup, record};
use crate::domain::answer::AnswerClass;
use crate::networks::http::Body;
use crate::networks::refused::{self, ours};
use crate::networks::{
    Call, Found, MediaItem, Net, Outcome, Publish, Refusal, Session, Step, StepRecord,
};

/// The visible call, and the name of its step record.
const PUT: &str = "putRecord";
/// Image uploads are `uploadBlob:0` and so on.
const UPLOAD: &str = "uploadBlob:";
/// An armed request waits this long for a place and is then given back unsent.
const ARMED_WAIT: Duration = Duration::from_secs(2);
/// Time for an upload: this, and a second more per so many bytes.
const UPLOAD_TIME: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 50_000;

/// How the publish goes on from what is journalled.
pub(super) fn next(publish: &Publish, steps: &[StepRecord]) -> Step {
    let recorded = |name: &str| steps.iter().find(|step| step.name == name);
    if recorded(PUT).is_some() {
        return Step::Done(record::remote(&publish.account, &publish.key));
    }
    // What was frozen may be live already: then only the network may judge it.
    if publish.rendered.is_none()
        && let Some(problem) =
            limits::problems(&publish.text, &publish.media, &publish.options).first()
    {
        let what = format!("{} {}", problem.what, problem.hint);
        return Step::Refused(ours(AnswerClass::InvalidPost, PUT, what));
    }
    let mut blobs = Vec::new();
    for index in 0..publish.media.len() {
        let name = format!("{UPLOAD}{index}");
        let blob =
            recorded(&name).and_then(|step| serde_json::from_str::<Value>(&step.handle).ok());
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
    Step::Visible(Call {
        name: PUT.to_owned(),
        rendered: publish
            .rendered
            .clone()
            .unwrap_or_else(|| record::render(publish, &blobs)),
        media: None,
    })
}

/// Makes one call.
pub(super) async fn run(net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
    let media = call.media.and_then(|index| publish.media.get(index));
    match media {
        _ if call.name == PUT => put(net, session, publish, &call.rendered).await,
        Some(item) if call.name.starts_with(UPLOAD) => upload(net, session, item).await,
        _ => Outcome::NotProcessed(ours(
            AnswerClass::AppFault,
            &call.name,
            "There is no such call; that is a bug of ours.".to_owned(),
        )),
    }
}

async fn upload(net: &Net, session: &Session, item: &MediaItem) -> Outcome {
    #[derive(Deserialize)]
    struct Answer {
        blob: Value,
    }
    let method = xrpc::UPLOAD_BLOB;
    let bytes = match read(item).await {
        Ok(bytes) => bytes,
        Err(what) => {
            return Outcome::Refused(ours(AnswerClass::InvalidPost, xrpc::short(method), what));
        }
    };
    let token = &session.tokens.access;
    let longer = Duration::from_secs(item.bytes / BYTES_PER_SECOND);
    let body = Body::Bytes(item.mime.clone(), bytes);
    let request = xrpc::procedure(&session.server, method, body).map(|mut request| {
        request.auth = Some(token);
        request.timeout = Some(UPLOAD_TIME + longer);
        request
    });
    match xrpc::json::<Answer>(net, request, method, &[token]).await {
        Ok(answer) if answer.blob.is_object() => Outcome::Recorded {
            handle: answer.blob.to_string(),
        },
        Ok(_) => Outcome::NotProcessed(ours(
            AnswerClass::Unclassified,
            xrpc::short(method),
            "The server took the image and named no blob.".to_owned(),
        )),
        Err(Failed { refusal, .. }) => match refusal.class {
            AnswerClass::InvalidPost => Outcome::Refused(refusal),
            // Nobody sees an upload: even a lost answer is simply repeated.
            _ => Outcome::NotProcessed(refusal),
        },
    }
}

/// The bytes of an image, exactly those that were scheduled.
async fn read(item: &MediaItem) -> Result<Vec<u8>, String> {
    let name = item
        .path
        .file_name()
        .map_or_else(|| "image".into(), |name| name.to_string_lossy());
    let bytes = tokio::fs::read(&item.path).await.map_err(|error| {
        format!("The copy of image {name} cannot be read ({error}). Add the image again.")
    })?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if hash == item.sha256 {
        Ok(bytes)
    } else {
        Err(format!(
            "The copy of image {name} was changed after it was scheduled. Add the image again."
        ))
    }
}

async fn put(net: &Net, session: &Session, publish: &Publish, rendered: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Answer {
        uri: String,
        cid: String,
    }
    let method = xrpc::PUT_RECORD;
    let token = &session.tokens.access;
    let body = Body::Json(rendered.to_owned());
    let request = xrpc::procedure(&session.server, method, body).map(|mut request| {
        request.auth = Some(token);
        request.wait = Some(ARMED_WAIT);
        request
    });
    let reply = match xrpc::reply(net, request, method, &[token]).await {
        Ok(reply) => reply,
        Err(failed) => return unsent(net, session, publish, rendered, failed).await,
    };
    let expected = record::uri(&publish.account, &publish.key);
    match reply.json::<Answer>() {
        Some(answer) if answer.uri == expected && !answer.cid.is_empty() => {
            Outcome::Published(record::remote(&publish.account, &publish.key))
        }
        // A success that does not name our post: it may be live all the same.
        _ => Outcome::Unclear(Failed::unreadable(method, &reply, &[token]).refusal),
    }
}

/// What a `putRecord` without a success means for the post.
async fn unsent(
    net: &Net,
    session: &Session,
    publish: &Publish,
    rendered: &str,
    failed: Failed,
) -> Outcome {
    let Failed { refusal, trouble } = failed;
    match refusal.class {
        AnswerClass::Transient if trouble.is_none() && uploads_gone(&refusal) => {
            Outcome::NotProcessed(refusal)
        }
        // Somebody's post is under our key, or nobody knows this answer: the
        // post itself can be read, so it is.
        AnswerClass::Duplicate | AnswerClass::Unclassified if trouble.is_none() => {
            let (account, key) = (&publish.account, &publish.key);
            match lookup::find(net, &session.server, account, key, Some(rendered)).await {
                Found::Published(remote) => Outcome::Published(remote),
                Found::Absent | Found::Different(_) => Outcome::Refused(refusal),
                Found::Unreadable(_) => Outcome::Unclear(refusal),
            }
        }
        _ => refused::visible(trouble, refusal),
    }
}

fn uploads_gone(refusal: &Refusal) -> bool {
    refusal.evidence.network_code.as_deref() == Some(crate::networks::STEPS_GONE)
}
