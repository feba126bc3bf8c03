//! XRPC, the protocol's way of calling: `<server>/xrpc/<method>`.
//!
//! Source: <https://atproto.com/specs/xrpc>

use serde::de::DeserializeOwned;
use url::Url;

use crate::domain::network::Network;
use crate::networks::catalogue::{classify, unanswered};
use crate::networks::http::{Body, NetError, Reply, Request, Trouble};
use crate::networks::{Net, Refusal};
use crate::support::secret::Secret;

pub(super) const CREATE_SESSION: &str = "com.atproto.server.createSession";
pub(super) const REFRESH_SESSION: &str = "com.atproto.server.refreshSession";
pub(super) const GET_SESSION: &str = "com.atproto.server.getSession";
pub(super) const DELETE_SESSION: &str = "com.atproto.server.deleteSession";
pub(super) const RESOLVE_HANDLE: &str = "com.atproto.identity.resolveHandle";
pub(super) const REPO_STATUS: &str = "com.atproto.sync.getRepoStatus";
pub(super) const GET_PROFILE: &str = "app.bsky.actor.getProfile";
pub(super) const UPLOAD_BLOB: &str = "com.atproto.repo.uploadBlob";
pub(super) const PUT_RECORD: &str = "com.atproto.repo.putRecord";
pub(super) const GET_RECORD: &str = "com.atproto.repo.getRecord";
pub(super) const LIST_RECORDS: &str = "com.atproto.repo.listRecords";
pub(super) const AUTHOR_FEED: &str = "app.bsky.feed.getAuthorFeed";
pub(super) const GET_POSTS: &str = "app.bsky.feed.getPosts";
pub(super) const NOTIFICATIONS: &str = "app.bsky.notification.listNotifications";
pub(super) const DESCRIBE_SERVER: &str = "com.atproto.server.describeServer";
pub(super) const SERVICE_AUTH: &str = "com.atproto.server.getServiceAuth";
pub(super) const UPLOAD_LIMITS: &str = "app.bsky.video.getUploadLimits";
pub(super) const UPLOAD_VIDEO: &str = "app.bsky.video.uploadVideo";
pub(super) const JOB_STATUS: &str = "app.bsky.video.getJobStatus";

/// The call's short name, as logs, evidence and the catalogue have it.
pub(super) fn short(method: &str) -> &str {
    method.rsplit('.').next().unwrap_or(method)
}

/// A reading call.
pub(super) fn query<'a>(
    server: &str,
    method: &'a str,
    params: &[(&str, &str)],
) -> Result<Request<'a>, NetError> {
    let mut url = address(server, method)?;
    url.query_pairs_mut().extend_pairs(params);
    Ok(Request::get(short(method), url))
}

/// A changing call.
pub(super) fn procedure<'a>(
    server: &str,
    method: &'a str,
    body: Body,
) -> Result<Request<'a>, NetError> {
    Ok(Request::post(short(method), address(server, method)?, body))
}

fn address(server: &str, method: &str) -> Result<Url, NetError> {
    let base = server.trim_end_matches('/');
    Url::parse(&format!("{base}/xrpc/{method}")).map_err(|_| NetError::bad_address(server))
}

/// A call that did not bring what was wanted.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it means.
    pub refusal: Refusal,
    /// What kept it from its answer, when there was none.
    pub trouble: Option<Trouble>,
}

impl Failed {
    /// An answer of the right status that is not what was wanted.
    pub fn unreadable(method: &str, reply: &Reply, secrets: &[&Secret]) -> Self {
        Self {
            refusal: classify(Network::Bluesky, short(method), reply, secrets),
            trouble: None,
        }
    }
}

/// Sends and reads a JSON answer.
pub(super) async fn json<T: DeserializeOwned>(
    net: &Net,
    request: Result<Request<'_>, NetError>,
    method: &str,
    secrets: &[&Secret],
) -> Result<T, Failed> {
    let reply = reply(net, request, method, secrets).await?;
    reply
        .json()
        .ok_or_else(|| Failed::unreadable(method, &reply, secrets))
}

/// Sends; everything but a success is a failure.
pub(super) async fn reply(
    net: &Net,
    request: Result<Request<'_>, NetError>,
    method: &str,
    secrets: &[&Secret],
) -> Result<Reply, Failed> {
    let sent = match request {
        Ok(request) => net.send(request).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(reply) if reply.ok() => Ok(reply),
        Ok(reply) => Err(Failed::unreadable(method, &reply, secrets)),
        Err(error) => Err(Failed {
            refusal: unanswered(short(method), &error),
            trouble: Some(error.trouble),
        }),
    }
}
