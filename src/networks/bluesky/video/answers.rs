//! What the video service answers, and what that means for the post.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::answer::AnswerClass;
use crate::networks::bluesky::xrpc::{self, Failed};
use crate::networks::catalogue::unanswered;
use crate::networks::evidence::{LONGEST, safe};
use crate::networks::http::{NetError, Reply, Request};
use crate::networks::refused::ours;
use crate::networks::{Net, Outcome, Refusal, STEPS_GONE};
use crate::support::secret::Secret;

/// When to ask again for an account that used up its videos of the day.
const LIMIT_PAUSE: Duration = Duration::from_secs(3600);

/// A job as the service tells of it, in `jobStatus` or, as it does after an
/// upload, without.
///
/// Source: <https://github.com/bluesky-social/atproto/issues/3097>
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Job {
    pub job_id: String,
    pub state: String,
    blob: Option<Value>,
    pub error: String,
    pub failure_code: String,
    message: String,
}

impl Job {
    pub fn of(mut answer: Value) -> Option<Self> {
        let inner = answer.get_mut("jobStatus").map(Value::take);
        let job = inner.unwrap_or(answer);
        job.get("jobId")?;
        serde_json::from_value(job).ok()
    }

    /// The blob, made of nothing but what a blob has.
    pub fn blob(&self) -> Option<Value> {
        let blob = self.blob.as_ref()?;
        let link = blob["ref"]["$link"].as_str()?;
        let mime = blob["mimeType"].as_str()?;
        let size = blob["size"].as_u64()?;
        Some(json!({ "$type": "blob", "ref": { "$link": link }, "mimeType": mime, "size": size }))
    }

    pub fn said(&self) -> &str {
        if self.message.is_empty() {
            &self.error
        } else {
            &self.message
        }
    }
}

/// A whole answer of the service, whatever its status: what it refuses it says
/// in the same shape.
pub(super) async fn answer(
    net: &Net,
    request: Result<Request<'_>, NetError>,
    method: &str,
) -> Result<Reply, Outcome> {
    let sent = match request {
        Ok(request) => net.send(request).await,
        Err(error) => Err(error),
    };
    sent.map_err(|error| Outcome::NotProcessed(unsent(method, &error)))
}

pub(super) fn unsent(method: &str, error: &NetError) -> Refusal {
    unanswered(xrpc::short(method), error)
}

/// What an answer of the service that is no success means: its trouble, or one
/// nobody knows. Its limits hold for videos, not for the channel.
pub(super) fn foreign(failed: Failed) -> Refusal {
    let mut refusal = failed.refusal;
    refusal.class = match refusal.class {
        AnswerClass::Transient | AnswerClass::RateLimited => AnswerClass::Transient,
        _ => AnswerClass::Unclassified,
    };
    refusal.cause = None;
    refusal
}

/// The account may not send a video: for now, or until its owner does something.
pub(super) fn turned_away(method: &str, code: &str, said: &str, token: &Secret) -> Outcome {
    // Source: <https://github.com/bluesky-social/atproto/issues/3097>
    if code == "unconfirmed_email" {
        return refused(
            method,
            "Bluesky takes videos only from accounts whose e-mail address is confirmed. Confirm it in the account's settings, then try again.".to_owned(),
        );
    }
    let said = safe(said, &[token], LONGEST / 2);
    let mut refusal = ours(
        AnswerClass::Transient,
        xrpc::short(method),
        format!(
            "The video service takes no video of this account now ({said}). It is tried again later."
        ),
    );
    refusal.retry_after = Some(LIMIT_PAUSE);
    Outcome::NotProcessed(refusal)
}

pub(super) fn refused(method: &str, what: String) -> Outcome {
    let what = safe(&what, &[], LONGEST);
    Outcome::Refused(ours(AnswerClass::InvalidPost, xrpc::short(method), what))
}

/// What was done so far is of no use: the steps begin anew.
pub(super) fn anew(method: &str, what: &str) -> Outcome {
    let what = format!("{} It is sent again.", safe(what, &[], LONGEST).trim_end());
    let mut refusal = ours(AnswerClass::Transient, xrpc::short(method), what);
    refusal.evidence.network_code = Some(STEPS_GONE.to_owned());
    Outcome::NotProcessed(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_with_and_without_its_wrapping() {
        let flat = json!({ "did": "d", "jobId": "j", "state": "JOB_STATE_CREATED" });
        let job = Job::of(flat.clone()).unwrap();
        assert_eq!((job.job_id.as_str(), job.blob()), ("j", None));
        assert_eq!(Job::of(json!({ "jobStatus": flat })).unwrap().job_id, "j");
        assert!(Job::of(json!({ "error": "InternalServerError" })).is_none());
        let odd = json!({ "jobId": "j", "blob": { "ref": { "$link": 7 } } });
        assert_eq!(Job::of(odd).unwrap().blob(), None);
    }
}
