//! `com.atproto.repo.uploadBlob`, and the blobs that records name.

use std::time::Duration;

use serde_json::{Value, json};

use super::cid;
use super::errors;
use super::input::content_type;
use super::limits::UPLOADS;
use super::oauth::Right;
use super::sessions::{caller, usable};
use super::state::{Blob, World};
use crate::sandbox::wire::{Answer, Request};
use crate::support::time::UtcMs;

/// After this a blob that no record names may be gone; here it is.
///
/// Source: <https://atproto.com/specs/blob> (one hour at least).
const UNNAMED_LIFE: Duration = Duration::from_secs(3600);

pub(super) fn upload(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    let caller = caller(world, req)?;
    // As the real one: a deactivated account may upload (it is moving in).
    usable(world, &caller.did, true)?;
    let told = content_type(req)?;
    caller.may(Right::Blob(&told))?;
    let size = req.body.len() as u64;
    if size > world.blob_limit {
        return Err(errors::too_large());
    }
    world.limits.spend(&[UPLOADS], &caller.did, 1, req.now)?;
    // The content decides over what the client says of it.
    let mime = infer::get(&req.body).map_or(told, |kind| kind.mime_type().to_owned());
    let cid = cid::of_blob(&req.body);
    let account = world
        .account_mut(&caller.did)
        .ok_or_else(errors::no_account)?;
    let kept = account.blobs.get(&cid).is_some_and(|blob| blob.kept);
    let blob = Blob {
        mime: mime.clone(),
        size,
        uploaded: req.now,
        kept,
    };
    account.blobs.insert(cid.clone(), blob);
    Ok(Answer::json(
        200,
        &json!({ "blob": {
            "$type": "blob",
            "ref": { "$link": cid },
            "mimeType": mime,
            "size": size,
        }}),
    ))
}

/// One reference to a blob within a record.
struct Named {
    cid: String,
    mime: String,
    size: Option<u64>,
}

/// Checks the blobs a record names and keeps them for good.
pub(super) fn keep(world: &mut World, did: &str, record: &Value, now: UtcMs) -> Result<(), Answer> {
    let mut named = Vec::new();
    collect(record, &mut named);
    let account = world.account_mut(did).ok_or_else(errors::no_account)?;
    for one in &named {
        let found = account
            .blobs
            .get(&one.cid)
            .filter(|blob| blob.kept || now.since(blob.uploaded) <= UNNAMED_LIFE);
        let Some(found) = found else {
            let text = format!("Could not find blob: {}", one.cid);
            return Err(errors::error(400, "BlobNotFound", &text));
        };
        // Source: the reference server's blob check, which looks at blobs that
        // no record kept yet; not observed.
        if !found.kept && found.mime != one.mime {
            let text = format!(
                "Referenced Mimetype does not match stored blob. Expected: {}, Got: {}",
                found.mime, one.mime
            );
            return Err(errors::error(400, "InvalidMimeType", &text));
        }
        // Stricter than the reference server, which holds the stored size
        // against the limit only: a size that is wrong is a mistake of ours.
        if !found.kept && Some(found.size) != one.size {
            let text = format!(
                "Referenced Size does not match stored blob. Expected: {}",
                found.size
            );
            return Err(errors::error(400, "InvalidSize", &text));
        }
    }
    for one in named {
        if let Some(blob) = account.blobs.get_mut(&one.cid) {
            blob.kept = true;
        }
    }
    Ok(())
}

fn collect(value: &Value, into: &mut Vec<Named>) {
    match value {
        Value::Object(map) => {
            if value["$type"] == "blob"
                && let Some(cid) = value["ref"]["$link"].as_str()
            {
                into.push(Named {
                    cid: cid.to_owned(),
                    mime: value["mimeType"].as_str().unwrap_or_default().to_owned(),
                    size: value["size"].as_u64(),
                });
                return;
            }
            map.values().for_each(|inner| collect(inner, into));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, into)),
        _ => {}
    }
}
