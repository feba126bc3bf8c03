//! What a file must be.
//!
//! Source: <https://core.telegram.org/bots/api#sending-files> and
//! <https://core.telegram.org/bots/api#sendphoto>

use super::errors::ApiError;
use crate::sandbox::params::Params;

/// Bytes of a photo.
const PHOTO: usize = 10 << 20;
/// Bytes of any other file.
const FILE: usize = 50 << 20;
/// Width and height of a photo together.
const SIDES: usize = 10_000;
/// How much longer one side of a photo may be.
const RATIO: usize = 20;

/// What a file is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Photo,
    Video,
    Document,
}

impl Kind {
    /// Its parameter, and the field of the message it becomes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Document => "document",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Photo, Self::Video, Self::Document]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The size of the file a parameter or `attach://` names.
pub(super) fn check(params: &Params, named: &str, kind: Kind) -> Result<usize, ApiError> {
    let attached = named.strip_prefix("attach://").unwrap_or(named);
    let Some(bytes) = params.file(attached) else {
        return Err(match params.text(attached) {
            // No address is fetched by the simulator.
            Some(text) if text.starts_with("http") => {
                ApiError::bad("failed to get HTTP URL content")
            }
            Some(_) => ApiError::bad("wrong file identifier/HTTP URL specified"),
            None => ApiError::bad(&format!("there is no {} in the request", kind.name())),
        });
    };
    if bytes.is_empty() {
        return Err(ApiError::bad("file must be non-empty"));
    }
    if bytes.len() > FILE {
        return Err(ApiError {
            code: 413,
            description: "Request Entity Too Large".to_owned(),
            parameters: None,
        });
    }
    if kind == Kind::Photo {
        photo(bytes)?;
    }
    Ok(bytes.len())
}

fn photo(bytes: &[u8]) -> Result<(), ApiError> {
    if bytes.len() > PHOTO {
        return Err(ApiError::bad(&format!(
            "file of size {} bytes is too big for a photo; the maximum size is {PHOTO} bytes",
            bytes.len()
        )));
    }
    let Ok(size) = imagesize::blob_size(bytes) else {
        return Err(ApiError::bad("IMAGE_PROCESS_FAILED"));
    };
    let (long, short) = (size.width.max(size.height), size.width.min(size.height));
    if long + short > SIDES || long > short.saturating_mul(RATIO) {
        return Err(ApiError::bad("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(())
}
