//! The video service, on the port of the PDS under `/video`, and the tokens the
//! PDS vouches with.
//!
//! Sources: <https://docs.bsky.app/docs/tutorials/video>, the lexicons
//! `app.bsky.video.*` and `com.atproto.server.getServiceAuth`, the reference
//! server's `getServiceAuth`, and for the shapes of the answers
//! <https://github.com/bluesky-social/atproto/issues/3097>. Of the reference
//! server the token and the refusal of an audience were observed. Of the
//! service nothing was: the statuses of its refusals, their texts where they
//! are about tokens and jobs, and the daily numbers are guesses.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use super::cid;
use super::errors::{error, invalid};
use super::input::{bearer, content_type, param};
use super::oauth::Right;
use super::sessions::caller;
use super::state::{Blob, World};
use super::tokens::{self, AUDIENCE, Vouched};
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// Where the service lives below the address of the PDS.
pub(super) const PATH: &str = "/video/xrpc/";

const UPLOAD_LIMITS: &str = "app.bsky.video.getUploadLimits";
const UPLOAD_BLOB: &str = "com.atproto.repo.uploadBlob";
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: Duration = Duration::from_secs(86_400);

/// What the service knows.
#[derive(Debug)]
pub(super) struct Service {
    /// By job id.
    jobs: BTreeMap<String, Job>,
    /// How long it works on a video.
    pub takes: Duration,
    /// The failure codes of the next jobs, in order.
    pub failures: Vec<String>,
    /// Videos and bytes of one account per day.
    pub daily: (u64, u64),
    /// What accounts sent, by DID: when, and how many bytes.
    sent: BTreeMap<String, Vec<(UtcMs, u64)>>,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            jobs: BTreeMap::new(),
            takes: Duration::from_secs(3),
            failures: Vec::new(),
            daily: (25, 10_000_000_000),
            sent: BTreeMap::new(),
        }
    }
}

/// One video that is worked on or done.
#[derive(Clone, Debug)]
struct Job {
    did: String,
    /// The identifier of the file as it was sent.
    source: String,
    /// What the service made of it.
    made: Vec<u8>,
    since: UtcMs,
    /// The end of the token it writes to the repository with, in seconds.
    vouched_until: i64,
    /// Why it will fail, when it will.
    failure: Option<String>,
    /// The blob, once it is in the repository.
    blob: Option<Value>,
}

impl Service {
    /// Videos and bytes that are left of an account's day.
    fn left(&self, did: &str, now: UtcMs) -> (u64, u64) {
        let sent = self.sent.get(did).into_iter().flatten();
        let today: Vec<u64> = sent
            .filter(|(at, _)| now.since(*at) < DAY)
            .map(|(_, bytes)| *bytes)
            .collect();
        (
            self.daily.0.saturating_sub(today.len() as u64),
            self.daily.1.saturating_sub(today.iter().sum()),
        )
    }
}

/// `com.atproto.server.getServiceAuth`: the PDS vouches for an account.
pub(super) fn vouch(world: &World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    let aud = param(req, "aud")?;
    if !is_atproto_did(aud) {
        return Err(invalid(
            "aud must be a valid atproto DID or did#serviceId reference",
        ));
    }
    let lxm = req.query("lxm");
    caller.may(Right::Call(lxm.unwrap_or("*"), aud))?;
    let app_password = !caller.main && caller.scopes.is_none();
    if let Some(method) = lxm.filter(|lxm| app_password && is_privileged(lxm)) {
        return Err(invalid(format!(
            "insufficient access to request a service auth token for the following method: {method}"
        )));
    }
    let now = req.now.0.div_euclid(1000);
    let exp = match req.query("exp") {
        None => now + MINUTE,
        Some(text) => text
            .parse::<i64>()
            .map_err(|_| invalid("Expected integer value type at $.exp"))?,
    };
    let bad = |text: &str| Err(error(400, "BadExpiration", text));
    match exp.saturating_mul(1000) - req.now.0 {
        past if past < 0 => return bad("expiration is in past"),
        far if far > HOUR * 1000 => {
            return bad(
                "cannot request a token with an expiration more than an hour in the future",
            );
        }
        far if lxm.is_none() && far > MINUTE * 1000 => {
            return bad(
                "cannot request a method-less token with an expiration more than a minute in the future",
            );
        }
        _ => {}
    }
    if let Some(method) = lxm.filter(|lxm| PROTECTED.contains(lxm)) {
        return Err(invalid(format!(
            "cannot request a service auth token for the following protected method: {method}"
        )));
    }
    let token = tokens::vouch(
        &world.key,
        &Vouched {
            iss: caller.did,
            aud: aud.to_owned(),
            lxm: lxm.map(str::to_owned),
            iat: now,
            exp,
        },
    );
    Ok(Answer::json(200, &json!({ "token": token })))
}

/// Methods that are only used directly.
const PROTECTED: [&str; 16] = [
    "com.atproto.admin.sendEmail",
    "com.atproto.identity.requestPlcOperationSignature",
    "com.atproto.identity.signPlcOperation",
    "com.atproto.identity.updateHandle",
    "com.atproto.server.activateAccount",
    "com.atproto.server.confirmEmail",
    "com.atproto.server.createAppPassword",
    "com.atproto.server.deactivateAccount",
    "com.atproto.server.getAccountInviteCodes",
    "com.atproto.server.getSession",
    "com.atproto.server.listAppPasswords",
    "com.atproto.server.requestAccountDelete",
    "com.atproto.server.requestEmailConfirmation",
    "com.atproto.server.requestEmailUpdate",
    "com.atproto.server.revokeAppPassword",
    "com.atproto.server.updateEmail",
];

/// Whether a plain app password may not have a method vouched for.
fn is_privileged(lxm: &str) -> bool {
    lxm.starts_with("chat.bsky.") || lxm == "com.atproto.server.createAccount"
}

/// A DID of the two methods the network knows, with or without the id of a
/// service: no path, and no port but that of localhost.
fn is_atproto_did(text: &str) -> bool {
    let did = text.split('#').next().unwrap_or_default();
    if let Some(plc) = did.strip_prefix("did:plc:") {
        return plc.len() == 24 && plc.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    }
    did.strip_prefix("did:web:").is_some_and(|host| {
        let local = host == "localhost" || host.starts_with("localhost%3A");
        !host.is_empty() && !host.contains(':') && (local || !host.contains("%3A"))
    })
}

/// One method of the service.
pub(super) fn answer(world: &mut World, req: &Request, method: &str) -> Result<Answer, Answer> {
    match (req.method.as_str(), method) {
        ("GET", UPLOAD_LIMITS) => limits(world, req),
        ("POST", "app.bsky.video.uploadVideo") => upload(world, req),
        ("GET", "app.bsky.video.getJobStatus") => status(world, req),
        _ => Err(error(501, "MethodNotImplemented", "Method Not Implemented")),
    }
}

/// The claims of a token that is meant for this call.
fn vouched(world: &World, req: &Request, aud: &str, lxm: &str) -> Result<Vouched, Answer> {
    let refused = |text: &str| error(401, "AuthenticationRequired", text);
    let token = bearer(req).ok_or_else(|| refused("missing service auth token"))?;
    let claims =
        tokens::vouched(&world.key, token).ok_or_else(|| refused("bad service auth token"))?;
    if claims.exp <= req.now.0.div_euclid(1000) {
        return Err(refused("jwt expired"));
    }
    if claims.aud != aud {
        return Err(refused("jwt audience does not match service did"));
    }
    if claims.lxm.as_deref() != Some(lxm) {
        return Err(refused("bad jwt lexicon method (\"lxm\")"));
    }
    Ok(claims)
}

fn limits(world: &World, req: &Request) -> Result<Answer, Answer> {
    let host = req.header("host").unwrap_or_default();
    // Its name has a port on localhost only.
    let own = match host.split_once(':') {
        Some(("localhost", port)) => format!("did:web:localhost%3A{port}"),
        Some((host, _)) => format!("did:web:{host}"),
        None => format!("did:web:{host}"),
    };
    let claims = vouched(world, req, &own, UPLOAD_LIMITS)?;
    let (videos, bytes) = world.video.left(&claims.iss, req.now);
    let mut body = json!({
        "canUpload": videos > 0 && bytes > 0,
        "remainingDailyVideos": videos,
        "remainingDailyBytes": bytes,
    });
    if let Some((code, said)) = why_not(world, &claims.iss, req.now, 1) {
        body["canUpload"] = json!(false);
        body["error"] = json!(code);
        body["message"] = json!(said);
    }
    Ok(Answer::json(200, &body))
}

/// Why an account may not send a video of so many bytes.
fn why_not(
    world: &World,
    did: &str,
    now: UtcMs,
    bytes: u64,
) -> Option<(&'static str, &'static str)> {
    if !world.account(did).is_some_and(|one| one.email_confirmed) {
        return Some((
            "unconfirmed_email",
            "User must verify email to upload videos",
        ));
    }
    let (videos, left) = world.video.left(did, now);
    if videos == 0 {
        return Some(("daily_limit", "User has exceeded daily upload videos limit"));
    }
    (left < bytes).then_some(("daily_limit", "User has exceeded daily upload bytes limit"))
}

fn upload(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let did = param(req, "did")?.to_owned();
    param(req, "name")?;
    // It is the PDS that is written to, so the token names the PDS.
    let claims = vouched(world, req, AUDIENCE, UPLOAD_BLOB)?;
    if claims.iss != did {
        let text = "did does not match the service auth token";
        return Err(error(401, "AuthenticationRequired", text));
    }
    if content_type(req)? != "video/mp4" {
        return Err(invalid("Only video/mp4 is accepted"));
    }
    let bytes = req.body.len() as u64;
    if let Some((code, said)) = why_not(world, &did, req.now, bytes) {
        let job = json!({ "did": "", "jobId": "", "state": "", "error": code, "message": said });
        return Err(Answer::json(400, &json!({ "jobStatus": job })));
    }
    let source = cid::of_blob(&req.body);
    settle(world, req.now);
    let known = world.video.jobs.iter();
    let done = known
        .filter(|(_, job)| job.did == did && job.source == source)
        .find(|(_, job)| job.blob.is_some());
    if let Some((id, _)) = done {
        // Without the blob: that is what getJobStatus is for.
        let body = json!({
            "did": did, "jobId": id, "state": "JOB_STATE_COMPLETED",
            "error": "already_exists", "message": "Video already processed",
        });
        return Err(Answer::json(409, &body));
    }
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(world.entropy.bytes::<12>());
    let mut failure = None;
    if infer::get(&req.body).is_none_or(|kind| kind.mime_type() != "video/mp4") {
        failure = Some("validation_failure".to_owned());
    } else if !world.video.failures.is_empty() {
        failure = Some(world.video.failures.remove(0));
    }
    // The bytes of the file, prepared.
    let mut made = req.body.to_vec();
    made.extend(b"prepared");
    let job = Job {
        did: did.clone(),
        source,
        made,
        since: req.now,
        vouched_until: claims.exp,
        failure,
        blob: None,
    };
    world.video.jobs.insert(id.clone(), job);
    let sent = world.video.sent.entry(did.clone()).or_default();
    sent.push((req.now, bytes));
    let body = json!({ "did": did, "jobId": id, "state": "JOB_STATE_CREATED" });
    Ok(Answer::json(200, &body))
}

/// Ends the jobs whose time has come: what was made goes into the repository.
fn settle(world: &mut World, now: UtcMs) {
    let takes = world.video.takes;
    let mut jobs = std::mem::take(&mut world.video.jobs);
    for job in jobs.values_mut() {
        if job.blob.is_some() || job.failure.is_some() || now.since(job.since) < takes {
            continue;
        }
        let (size, done) = (job.made.len() as u64, job.since.plus(takes));
        let account = world.accounts.get_mut(&job.did);
        match account.filter(|one| one.is_active()) {
            _ if size > world.blob_limit => {
                job.failure = Some("pds_upload_unsupported_blob_size".to_owned());
            }
            Some(account) if done.0.div_euclid(1000) < job.vouched_until => {
                let link = cid::of_blob(&job.made);
                account.blobs.insert(
                    link.clone(),
                    Blob {
                        mime: "video/mp4".to_owned(),
                        size,
                        uploaded: done,
                        kept: false,
                    },
                );
                job.blob = Some(json!({
                    "$type": "blob", "ref": { "$link": link }, "mimeType": "video/mp4", "size": size,
                }));
            }
            _ => job.failure = Some("pds_upload_failure".to_owned()),
        }
    }
    world.video.jobs = jobs;
}

fn status(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let id = param(req, "jobId")?.to_owned();
    settle(world, req.now);
    let takes = world.video.takes;
    let Some(job) = world.video.jobs.get(&id) else {
        return Err(error(400, "JobNotFound", "job not found"));
    };
    let mut body = json!({ "jobId": id, "did": job.did });
    let over = req.now.since(job.since) >= takes;
    if let Some(blob) = &job.blob {
        body["state"] = json!("JOB_STATE_COMPLETED");
        body["blob"] = blob.clone();
        body["progress"] = json!(100);
    } else if let (Some(code), true) = (&job.failure, over) {
        body["state"] = json!("JOB_STATE_FAILED");
        body["error"] = json!(format!("video processing error for job: {id}"));
        body["message"] = json!("Failed to process video");
        if !code.is_empty() {
            body["failureCode"] = json!(code);
        }
    } else {
        body["state"] = json!("JOB_STATE_ENCODING");
        body["progress"] = json!(50);
    }
    Ok(Answer::json(200, &json!({ "jobStatus": body })))
}
