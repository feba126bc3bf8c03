//! Publishing: media first, where nobody sees them, then what is answered is
//! read, then the post under a key that makes a repeat harmless.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::record::VIDEO;
use super::xrpc::{self, Failed};
use super::{limits, lookup, media, record, reply, video};
use crate::domain::answer::AnswerClass;
use crate::networks::http::Body;
use crate::networks::refused::{self, ours};
use crate::networks::{Call, Found, Net, Outcome, Publish, Refusal, Session, Step, StepRecord};

/// The visible call, and the name of its step record.
const PUT: &str = "putRecord";
/// Plain uploads are `uploadBlob:0` and so on.
const UPLOAD: &str = "uploadBlob:";
/// An armed request waits this long for a place and is then given back unsent.
const ARMED_WAIT: Duration = Duration::from_secs(2);

/// How the publish goes on from what is journalled.
pub(super) fn next(publish: &Publish, steps: &[StepRecord]) -> Step {
    if steps.iter().any(|step| step.name == PUT) {
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
    rendered(publish, steps).map_or_else(
        |step| step,
        |rendered| {
            Step::Visible(Call {
                name: PUT.to_owned(),
                rendered,
                media: None,
            })
        },
    )
}

/// The request, or the step that is still missing for it. Media are needed for
/// a frozen one too: the server may have forgotten them.
fn rendered(publish: &Publish, steps: &[StepRecord]) -> Result<String, Step> {
    let recorded = |name: &str| {
        let step = steps.iter().find(|step| step.name == name);
        step.map(|step| step.handle.clone())
    };
    let mut blobs = Vec::new();
    for (index, item) in publish.media.iter().enumerate() {
        let name = format!("{UPLOAD}{index}");
        if item.mime == VIDEO {
            blobs.push(video::blob(publish, index, recorded, &name)?);
            continue;
        }
        let blob = recorded(&name).and_then(|handle| serde_json::from_str::<Value>(&handle).ok());
        blobs.push(blob.ok_or(Step::Invisible(Call {
            name,
            rendered: String::new(),
            media: Some(index),
        }))?);
    }
    if let Some(frozen) = &publish.rendered {
        return Ok(frozen.clone());
    }
    let reply = reply::answered(publish, steps)?;
    Ok(record::render(publish, &blobs, reply))
}

/// Makes one call.
pub(super) async fn run(net: &Net, session: &Session, publish: &Publish, call: &Call) -> Outcome {
    let item = call.media.and_then(|index| publish.media.get(index));
    match item {
        _ if call.name == PUT => put(net, session, publish, &call.rendered).await,
        None if call.name.starts_with(reply::READ) => {
            reply::read(net, session, publish, call).await
        }
        Some(item) if call.name.starts_with(UPLOAD) => media::upload(net, session, item).await,
        Some(item) if [video::WAY, video::UPLOAD, video::STATUS].contains(&call.name.as_str()) => {
            video::run(net, session, publish, item, call).await
        }
        _ => Outcome::NotProcessed(ours(
            AnswerClass::AppFault,
            &call.name,
            "There is no such call; that is a bug of ours.".to_owned(),
        )),
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
