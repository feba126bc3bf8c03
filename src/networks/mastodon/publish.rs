//! Publishing: media first, unseen, then the one call that makes the status.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::api::{Api, Failed};
use super::{limits, ours};
use crate::domain::answer::AnswerClass;
use crate::networks::evidence;
use crate::networks::http::{Body, Part};
use crate::networks::{Call, MediaItem, Outcome, Publish, Remote, Step, StepRecord, refused};
use crate::support::time::UtcMs;

pub(super) const POST: &str = "postStatus";
const UPLOAD: &str = "uploadMedia";
const READY: &str = "getMedia";
const READ: &str = "getStatus";
/// A server's word for what it does not have.
const NOT_THERE: &str = "Record not found";
const REFUSED_AS_SPAM: &str = "The server answered as if all were well and did not keep the post: \
    its protection against spam refused it. It is not sent again by itself; change the post, or ask \
    the server's administrators.";
/// Time for that one question; the post is answered already.
const READ_TIME: Duration = Duration::from_secs(10);
/// Marks an upload that is still worked on.
const WORKING: &str = "working:";
/// Pause between two questions whether a medium is ready.
const POLL: Duration = Duration::from_secs(3);
/// An armed request waits this long for a place and is then given back unsent.
const ARMED_WAIT: Duration = Duration::from_secs(2);
/// Time for an upload: this, and a second more per so many bytes.
const UPLOAD_TIME: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 50_000;

/// The frozen request, and when it was frozen: what is older is not ours.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frozen {
    pub created: UtcMs,
    pub body: serde_json::Value,
}

/// How the publish goes on.
pub(super) fn next(publish: &Publish, steps: &[StepRecord]) -> Step {
    let visible = |rendered: String| {
        Step::Visible(Call {
            name: POST.to_owned(),
            rendered,
            media: None,
        })
    };
    if let Some(frozen) = &publish.rendered {
        return visible(frozen.clone());
    }
    let found = limits::problems(
        &publish.text,
        &publish.media,
        &publish.options,
        &publish.limits,
    );
    if let Some(problem) = found.first() {
        let what = format!("{} {}", problem.what, problem.hint);
        return Step::Refused(ours(AnswerClass::InvalidPost, POST, what));
    }
    let step = |name: &str| steps.iter().find(|step| step.name == name);
    let mut ids = Vec::new();
    for at in 0..publish.media.len() {
        let (upload, ready) = (format!("{UPLOAD}:{at}"), format!("{READY}:{at}"));
        let Some(done) = step(&upload) else {
            return Step::Invisible(Call {
                name: upload,
                rendered: String::new(),
                media: Some(at),
            });
        };
        match (done.handle.strip_prefix(WORKING), step(&ready)) {
            (Some(id), None) => {
                let call = Call {
                    name: ready,
                    rendered: id.to_owned(),
                    media: Some(at),
                };
                return Step::PollAfter(publish.now.plus(POLL), call);
            }
            (Some(id), Some(_)) => ids.push(id),
            (None, _) => ids.push(&done.handle),
        }
    }
    let frozen = Frozen {
        created: publish.now,
        body: body(publish, &ids),
    };
    visible(json!(frozen).to_string())
}

/// Source: <https://docs.joinmastodon.org/methods/statuses/#create>
fn body(publish: &Publish, ids: &[&str]) -> serde_json::Value {
    let mut body = json!({ "status": publish.text.trim() });
    if !ids.is_empty() {
        body["media_ids"] = json!(ids);
    }
    let options = &publish.options;
    if let Some(visibility) = options.visibility {
        body["visibility"] = json!(visibility.name());
    }
    if let Some(warning) = &options.content_warning {
        body["spoiler_text"] = json!(warning);
    }
    if let Some(language) = &options.language {
        body["language"] = json!(language);
    }
    if let Some(reply) = &publish.reply_to {
        body["in_reply_to_id"] = json!(reply.parent);
    }
    body
}

/// Makes one call.
pub(super) async fn run(api: &Api<'_>, publish: &Publish, call: &Call) -> Outcome {
    let item = call.media.and_then(|at| publish.media.get(at));
    match item {
        None if call.name == POST => post(api, publish, &call.rendered).await,
        Some(item) if call.name.starts_with(UPLOAD) => match upload(api, item).await {
            Ok(handle) => Outcome::Recorded { handle },
            Err(outcome) => outcome,
        },
        Some(_) if call.name.starts_with(READY) => ready(api, &call.rendered).await,
        _ => Outcome::NotProcessed(ours(
            AnswerClass::AppFault,
            &call.name,
            "There is no such call; that is a bug of ours.".to_owned(),
        )),
    }
}

/// Source: <https://docs.joinmastodon.org/entities/Status/>
#[derive(Debug, Deserialize)]
struct Made {
    #[serde(deserialize_with = "evidence::id")]
    id: String,
    #[serde(default, deserialize_with = "evidence::link")]
    url: Option<String>,
}

async fn post(api: &Api<'_>, publish: &Publish, rendered: &str) -> Outcome {
    let Ok(frozen) = serde_json::from_str::<Frozen>(rendered) else {
        return Outcome::NotProcessed(ours(
            AnswerClass::AppFault,
            POST,
            "The frozen request cannot be read; that is a bug of ours.".to_owned(),
        ));
    };
    let sent = async {
        let body = Body::Json(frozen.body.to_string());
        let mut request = api.post(POST, &["v1", "statuses"], body)?;
        request.wait = Some(ARMED_WAIT);
        request
            .headers
            .push(("idempotency-key", publish.key.clone()));
        let reply = api.send(request).await?;
        api.read::<Made>(POST, &reply)
    };
    match sent.await {
        Ok(made) => kept(api, made).await,
        Err(failed) => outcome(failed),
    }
}

/// Asks once for what was answered: a server that takes it for spam answers as
/// if all were well and keeps nothing. Only "not there" speaks against the
/// answer; whatever else comes leaves it as it was.
///
/// Source: <https://github.com/mastodon/mastodon/blob/main/app/lib/antispam.rb>
async fn kept(api: &Api<'_>, made: Made) -> Outcome {
    let read = async {
        let mut request = api.get(READ, &["v1", "statuses", &made.id])?;
        request.timeout = Some(READ_TIME);
        request.wait = Some(ARMED_WAIT);
        api.send(request).await
    };
    if let Err(failed) = read.await
        && failed.refusal.evidence.http_status == Some(404)
        && failed.refusal.evidence.message.as_deref() == Some(NOT_THERE)
    {
        let mut refusal = ours(AnswerClass::InvalidPost, READ, REFUSED_AS_SPAM.to_owned());
        refusal.evidence.http_status = Some(404);
        return Outcome::Refused(refusal);
    }
    Outcome::Published(Remote {
        id: made.id,
        permalink: made.url,
    })
}

#[derive(Debug, Deserialize)]
struct Uploaded {
    #[serde(deserialize_with = "evidence::id")]
    id: String,
}

/// Source: <https://docs.joinmastodon.org/methods/media/#v2>
async fn upload(api: &Api<'_>, item: &MediaItem) -> Result<String, Outcome> {
    let bytes = read(item)
        .await
        .map_err(|what| Outcome::Refused(ours(AnswerClass::InvalidPost, UPLOAD, what)))?;
    let ending = item.mime.rsplit('/').next().unwrap_or("bin");
    let mut parts = vec![Part {
        name: "file".to_owned(),
        file: Some((format!("medium.{ending}"), item.mime.clone())),
        bytes,
    }];
    if !item.alt.is_empty() {
        parts.push(Part {
            name: "description".to_owned(),
            file: None,
            bytes: item.alt.clone().into_bytes(),
        });
    }
    let sent = async {
        let mut request = api.post(UPLOAD, &["v2", "media"], Body::Multipart(parts))?;
        request.timeout = Some(UPLOAD_TIME + Duration::from_secs(item.bytes / BYTES_PER_SECOND));
        let reply = api.send(request).await?;
        let made: Uploaded = api.read(UPLOAD, &reply)?;
        Ok(if reply.status == 202 {
            format!("{WORKING}{}", made.id)
        } else {
            made.id
        })
    };
    sent.await.map_err(unseen)
}

/// Source: <https://docs.joinmastodon.org/methods/media/#get>
async fn ready(api: &Api<'_>, id: &str) -> Outcome {
    let sent = async { api.send(api.get(READY, &["v1", "media", id])?).await };
    let handle = id.to_owned();
    match sent.await {
        Ok(reply) if reply.status == 206 => Outcome::Accepted { handle },
        Ok(_) => Outcome::Recorded { handle },
        Err(failed) => unseen(failed),
    }
}

/// The bytes of a medium, exactly those that were scheduled.
async fn read(item: &MediaItem) -> Result<Vec<u8>, String> {
    let bytes = tokio::fs::read(&item.path)
        .await
        .map_err(|error| format!("The copy of a medium cannot be read ({error}). Add it again."))?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if hash == item.sha256 {
        Ok(bytes)
    } else {
        Err("The copy of a medium was changed after it was scheduled. Add it again.".to_owned())
    }
}

/// What a failure means before anything can be seen.
fn unseen(failed: Failed) -> Outcome {
    match failed.refusal.class {
        AnswerClass::InvalidPost => Outcome::Refused(failed.refusal),
        _ => Outcome::NotProcessed(failed.refusal),
    }
}

/// What a call without a status means for the post.
fn outcome(failed: Failed) -> Outcome {
    let Failed { refusal, trouble } = failed;
    let said = refusal.evidence.message.as_deref().unwrap_or_default();
    let early = said.contains("have not finished processing");
    let attached = said.contains("already attached");
    match refusal.class {
        // An earlier try may be what they are attached to: read first.
        AnswerClass::InvalidPost if attached => Outcome::Unclear(refusal),
        AnswerClass::Transient if early => Outcome::NotProcessed(refusal),
        _ => refused::visible(trouble, refusal),
    }
}
