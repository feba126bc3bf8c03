//! The bytes of media, and the plain way they reach the account's server.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::record::VIDEO;
use super::xrpc::{self, Failed};
use crate::domain::answer::AnswerClass;
use crate::networks::http::Body;
use crate::networks::refused::ours;
use crate::networks::{MediaItem, Net, Outcome, Session};

/// Time for an upload: this, and a second more per so many bytes.
const UPLOAD_TIME: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 50_000;

/// How long an upload of so many bytes may take.
pub(super) fn upload_time(bytes: u64) -> Duration {
    UPLOAD_TIME + Duration::from_secs(bytes / BYTES_PER_SECOND)
}

/// `uploadBlob`: to the account's own server.
pub(super) async fn upload(net: &Net, session: &Session, item: &MediaItem) -> Outcome {
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
    let body = Body::Bytes(item.mime.clone(), bytes);
    let request = xrpc::procedure(&session.server, method, body).map(|mut request| {
        request.auth = Some(token);
        request.timeout = Some(upload_time(item.bytes));
        request
    });
    match xrpc::json::<Answer>(net, request, method, &[token]).await {
        Ok(answer) if answer.blob.is_object() => Outcome::Recorded {
            handle: answer.blob.to_string(),
        },
        Ok(_) => Outcome::NotProcessed(ours(
            AnswerClass::Unclassified,
            xrpc::short(method),
            format!("The server took the {} and named no blob.", kind(item)),
        )),
        Err(Failed { refusal, .. }) => match refusal.class {
            AnswerClass::InvalidPost => Outcome::Refused(refusal),
            // Nobody sees an upload: even a lost answer is simply repeated.
            _ => Outcome::NotProcessed(refusal),
        },
    }
}

/// The bytes of a medium, exactly those that were scheduled.
pub(super) async fn read(item: &MediaItem) -> Result<Vec<u8>, String> {
    let kind = kind(item);
    let name = item
        .path
        .file_name()
        .map_or_else(|| kind.into(), |name| name.to_string_lossy());
    let bytes = tokio::fs::read(&item.path).await.map_err(|error| {
        format!("The copy of {kind} {name} cannot be read ({error}). Add the {kind} again.")
    })?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if hash == item.sha256 {
        Ok(bytes)
    } else {
        Err(format!(
            "The copy of {kind} {name} was changed after it was scheduled. Add the {kind} again."
        ))
    }
}

fn kind(item: &MediaItem) -> &'static str {
    if item.mime == VIDEO { "video" } else { "image" }
}
