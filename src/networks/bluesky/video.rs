//! A video by the service that prepares it: the account's server vouches for
//! us, the service takes the file, works on it, and puts what it made of it
//! into the account's repository. The post then names that.
//!
//! Source: <https://docs.bsky.app/docs/tutorials/video> and
//! <https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky/video>
//!
//! What the service says is about the video, never about the access of the
//! account: no answer of it changes the health of a channel.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::VIDEO_SERVICE;
use super::media::{read, upload_time};
use super::record::VIDEO;
use super::xrpc::{self, Failed};
use crate::networks::http::{Body, NetError};
use crate::networks::{Call, MediaItem, Net, Outcome, Publish, Session, Step};
use crate::support::secret::Secret;
use crate::support::time::UtcMs;

mod answers;

use answers::{Job, anew, answer, foreign, refused, turned_away, unsent};

/// The first step: which way the video goes, and whether it may.
pub(super) const WAY: &str = "videoWay";
/// The file goes to the service.
pub(super) const UPLOAD: &str = "uploadVideo";
/// The service is asked how far it is.
pub(super) const STATUS: &str = "getJobStatus";

/// Pause between two questions how far the service is.
const POLL: Duration = Duration::from_secs(2);
/// A job that takes longer is given up, and the video sent again: until then
/// the posts behind it on its channel wait.
const LONGEST_JOB: Duration = Duration::from_secs(10 * 60);
/// Life of the token the service writes to the repository with; the time the
/// tutorial recommends, of at most an hour.
const VOUCHED_FOR: Duration = Duration::from_secs(30 * 60);

/// The record of [`WAY`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// There is no service: the account's server takes the file as it is.
    Plain,
    /// By the service, which writes to the server of this DID.
    Service { server: String },
}

/// The record of [`UPLOAD`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Taken {
    /// The service works on it since then.
    Job { id: String, since: UtcMs },
    /// It had prepared the same file before.
    Blob(Value),
}

/// The blob of the video at `index`, or the step that is next on the way to
/// it. `plain` is the step of the plain way.
pub(super) fn blob(
    publish: &Publish,
    index: usize,
    recorded: impl Fn(&str) -> Option<String>,
    plain: &str,
) -> Result<Value, Step> {
    let call = |name: &str, rendered: String| Call {
        name: name.to_owned(),
        rendered,
        media: Some(index),
    };
    let way = recorded(WAY);
    let Some(chosen) = way
        .as_deref()
        .and_then(|way| serde_json::from_str(way).ok())
    else {
        return Err(Step::Invisible(call(WAY, String::new())));
    };
    if let Way::Plain = chosen {
        let blob = recorded(plain).and_then(|blob| serde_json::from_str(&blob).ok());
        return blob.ok_or_else(|| Step::Invisible(call(plain, String::new())));
    }
    let taken = recorded(UPLOAD);
    let Some(taken) = taken.and_then(|taken| serde_json::from_str(&taken).ok()) else {
        return Err(Step::Invisible(call(UPLOAD, way.unwrap_or_default())));
    };
    match taken {
        Taken::Blob(blob) => Ok(blob),
        job @ Taken::Job { .. } => {
            let made = recorded(STATUS).and_then(|blob| serde_json::from_str(&blob).ok());
            made.ok_or_else(|| {
                let ask = call(STATUS, json!(job).to_string());
                Step::PollAfter(publish.now.plus(POLL), ask)
            })
        }
    }
}

/// Makes one of its calls.
pub(super) async fn run(
    net: &Net,
    session: &Session,
    publish: &Publish,
    item: &MediaItem,
    call: &Call,
) -> Outcome {
    let done = match call.name.as_str() {
        WAY => way(net, session, item).await,
        UPLOAD => upload(net, session, publish, item, &call.rendered).await,
        _ => status(net, publish, &call.rendered).await,
    };
    done.unwrap_or_else(|stopped| stopped)
}

/// The service that is asked; `None` where a server of one's own has none.
fn service(net: &Net) -> Option<&str> {
    match (&net.settings.upload_base, &net.settings.api_base) {
        (Some(named), _) => Some(named),
        (None, None) => Some(VIDEO_SERVICE),
        (None, Some(_)) => None,
    }
}

/// Which way it goes, and whether the account may send it that way now.
async fn way(net: &Net, session: &Session, item: &MediaItem) -> Result<Outcome, Outcome> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Server {
        did: String,
        blob_upload_limit: Option<u64>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Limits {
        can_upload: bool,
        remaining_daily_videos: Option<i64>,
        remaining_daily_bytes: Option<i64>,
        message: Option<String>,
        error: Option<String>,
    }
    let method = xrpc::DESCRIBE_SERVER;
    let request = xrpc::query(&session.server, method, &[]);
    let server: Server = xrpc::json(net, request, method, &[])
        .await
        .map_err(|failed| Outcome::NotProcessed(failed.refusal))?;
    let Some(service) = service(net) else {
        return match server.blob_upload_limit {
            Some(most) if item.bytes > most => Err(refused(
                method,
                format!(
                    "The video has {} bytes, and the account's server takes at most {most}. Make it smaller.",
                    item.bytes
                ),
            )),
            _ => Ok(recorded(&Way::Plain)),
        };
    };
    let method = xrpc::UPLOAD_LIMITS;
    let name = did_of(service).map_err(|error| Outcome::NotProcessed(unsent(method, &error)))?;
    let token = vouch(net, session, &name, method).await?;
    let request = xrpc::query(service, method, &[]).map(|mut request| {
        request.auth = Some(&token);
        request
    });
    let limits: Limits = xrpc::json(net, request, method, &[&token])
        .await
        .map_err(|failed| Outcome::NotProcessed(foreign(failed)))?;
    let spent = limits.remaining_daily_videos.is_some_and(|left| left < 1)
        || limits
            .remaining_daily_bytes
            .is_some_and(|left| u64::try_from(left).unwrap_or(0) < item.bytes);
    if limits.can_upload && !spent {
        return Ok(recorded(&Way::Service { server: server.did }));
    }
    let code = limits.error.unwrap_or_default();
    let said = limits.message.unwrap_or_else(|| code.clone());
    Err(turned_away(method, &code, &said, &token))
}

/// The account's server vouches for the account to `audience`.
///
/// Source: <https://github.com/bluesky-social/atproto/blob/main/lexicons/com/atproto/server/getServiceAuth.json>
async fn vouch(
    net: &Net,
    session: &Session,
    audience: &str,
    for_method: &str,
) -> Result<Secret, Outcome> {
    #[derive(Deserialize)]
    struct Answer {
        token: String,
    }
    let method = xrpc::SERVICE_AUTH;
    let ends = net.clock.now().plus(VOUCHED_FOR).0.div_euclid(1000);
    let ends = ends.to_string();
    let params = [("aud", audience), ("lxm", for_method), ("exp", &ends)];
    let token = &session.tokens.access;
    let request = xrpc::query(&session.server, method, &params).map(|mut request| {
        request.auth = Some(token);
        request
    });
    xrpc::json::<Answer>(net, request, method, &[token])
        .await
        .map(|answer| Secret::new(answer.token))
        .map_err(|failed| Outcome::NotProcessed(failed.refusal))
}

/// The file goes to the service. A lost answer is simply repeated: nobody sees
/// an upload, and the service knows a file it has prepared.
async fn upload(
    net: &Net,
    session: &Session,
    publish: &Publish,
    item: &MediaItem,
    way: &str,
) -> Result<Outcome, Outcome> {
    let method = xrpc::UPLOAD_VIDEO;
    let (Some(service), Ok(Way::Service { server })) = (service(net), serde_json::from_str(way))
    else {
        // The configuration changed since the way was chosen: choose again.
        return Err(anew(method, "The way the video goes has changed."));
    };
    let bytes = read(item).await.map_err(|what| refused(method, what))?;
    let token = vouch(net, session, &server, xrpc::UPLOAD_BLOB).await?;
    let body = Body::Bytes(VIDEO.to_owned(), bytes);
    let name = format!("{}.mp4", item.sha256.get(..12).unwrap_or("video"));
    let request = xrpc::procedure(service, method, body).map(|mut request| {
        let who = [("did", publish.account.as_str()), ("name", &name)];
        request.url.query_pairs_mut().extend_pairs(who);
        request.auth = Some(&token);
        request.timeout = Some(upload_time(item.bytes));
        request
    });
    let reply = answer(net, request, method).await?;
    let job = reply.json::<Value>().and_then(Job::of);
    let Some(job) = job else {
        let refusal = Failed::unreadable(method, &reply, &[&token]);
        return Err(Outcome::NotProcessed(foreign(refusal)));
    };
    if let Some(blob) = job.blob() {
        return Ok(recorded(&Taken::Blob(blob)));
    }
    if !job.job_id.is_empty() {
        return Ok(recorded(&Taken::Job {
            id: job.job_id,
            since: net.clock.now(),
        }));
    }
    Err(turned_away(method, &job.error, job.said(), &token))
}

/// How far the service is.
async fn status(net: &Net, publish: &Publish, taken: &str) -> Result<Outcome, Outcome> {
    let method = xrpc::JOB_STATUS;
    let (Some(service), Ok(Taken::Job { id, since })) = (service(net), serde_json::from_str(taken))
    else {
        return Err(anew(method, "The way the video goes has changed."));
    };
    let request = xrpc::query(service, method, &[("jobId", &id)]);
    let reply = answer(net, request, method).await?;
    let Some(job) = reply.json::<Value>().and_then(Job::of) else {
        let refusal = foreign(Failed::unreadable(method, &reply, &[]));
        // A job it does not know will never be done.
        return Err(match reply.status {
            400 | 404 => anew(
                method,
                "The video service does not know the video any more.",
            ),
            _ => Outcome::NotProcessed(refusal),
        });
    };
    // Of a job that failed as a repeat, too, the blob is what counts.
    if let Some(blob) = job.blob() {
        return Ok(Outcome::Recorded {
            handle: blob.to_string(),
        });
    }
    if job.state == "JOB_STATE_FAILED" {
        let what = format!("The video could not be prepared: {}", job.said());
        return Err(match job.failure_code.as_str() {
            // Trouble of theirs; what the file is to blame for comes again.
            "pds_upload_failure" | "generic_failure" => anew(method, &what),
            _ => refused(method, what),
        });
    }
    if publish.now.since(since) > LONGEST_JOB {
        return Err(anew(method, "The video service did not finish the video."));
    }
    Ok(Outcome::Accepted {
        handle: taken.to_owned(),
    })
}

/// The name of a service as tokens have it; a port is part of it on localhost
/// only.
///
/// Source: <https://atproto.com/specs/did#blessed-did-methods>
fn did_of(service: &str) -> Result<String, NetError> {
    let url = Url::parse(service).map_err(|_| NetError::bad_address(service))?;
    let host = url
        .host_str()
        .ok_or_else(|| NetError::bad_address(service))?;
    Ok(match url.port() {
        Some(port) if host == "localhost" => format!("did:web:{host}%3A{port}"),
        _ => format!("did:web:{host}"),
    })
}

fn recorded(step: &impl Serialize) -> Outcome {
    Outcome::Recorded {
        handle: json!(step).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_by_its_host_and_on_localhost_by_its_port() {
        for (service, named) in [
            (VIDEO_SERVICE, "did:web:video.bsky.app"),
            ("http://127.0.0.1:4601/x", "did:web:127.0.0.1"),
            ("http://localhost:4601", "did:web:localhost%3A4601"),
        ] {
            assert_eq!(did_of(service).unwrap(), named);
        }
    }
}
