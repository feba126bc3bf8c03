//! How far an upload is, noted once a second for whoever looks on.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use crate::domain::ids::DeliveryId;
use crate::networks::http::Uploaded;
use crate::networks::{Call, Publish};
use crate::store::uploads::Upload;

/// How often it is noted.
const EVERY: Duration = Duration::from_secs(1);

/// Waits for a call, and notes meanwhile how many bytes of its file left. What
/// cannot be noted is not worth a post.
pub async fn noted<T>(
    inner: &Arc<Inner>,
    delivery: &DeliveryId,
    (publish, call): (&Publish, &Call),
    uploaded: &Uploaded,
    run: impl Future<Output = T>,
) -> T {
    let (medium, bytes) = match call.media {
        Some(at) => (at, publish.media.get(at).map_or(0, |one| one.bytes)),
        // All of them go with the one call.
        None => (0, publish.media.iter().map(|one| one.bytes).sum()),
    };
    let medium = u32::try_from(medium + 1).unwrap_or(u32::MAX);
    let mut shown = false;
    tokio::pin!(run);
    let done = loop {
        tokio::select! {
            biased;
            done = &mut run => break done,
            () = inner.parts.clock.sleep(EVERY) => {}
        }
        let sent = uploaded.bytes();
        if sent > 0 {
            let upload = Upload {
                medium,
                sent,
                bytes,
            };
            let id = delivery.clone();
            let noted = inner
                .parts
                .store
                .write(move |tx| tx.note_upload(&id, upload))
                .await;
            if let Err(error) = noted {
                tracing::debug!(%error, "how far an upload is could not be noted");
            }
            shown = true;
        }
    };
    if shown {
        let id = delivery.clone();
        let gone = inner
            .parts
            .store
            .write(move |tx| tx.forget_upload(Some(&id)))
            .await;
        if let Err(error) = gone {
            tracing::debug!(%error, "an upload that is over could not be forgotten");
        }
    }
    done
}
