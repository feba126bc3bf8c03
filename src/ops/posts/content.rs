//! Text and media of a post: taken in, checked against each network.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::{Hub, OpError};
use crate::domain::channel::Channel;
use crate::domain::ids::MediaId;
use crate::networks::registry::Registry;
use crate::networks::{MediaItem, Problem};
use crate::store::posts::Medium;

/// What is read of a file to know its type.
const HEAD: usize = 8 * 1024;
/// The largest file taken in.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;

/// Copies files into the spool, so that later edits of them cannot change an
/// approved post. On an error nothing is left behind.
pub(super) async fn take_in(
    hub: &Hub,
    files: Vec<(PathBuf, String)>,
) -> Result<Vec<Medium>, OpError> {
    let (spool, now, entropy) = (
        hub.paths.media.clone(),
        hub.clock.now(),
        hub.entropy.clone(),
    );
    let work = move || {
        let mut taken: Vec<Medium> = Vec::new();
        for (path, alt) in files {
            match copy(&spool, &path, alt, MediaId::fresh(now, &entropy)) {
                Ok(medium) => taken.push(medium),
                Err(error) => {
                    remove(&spool, &taken);
                    return Err(error);
                }
            }
        }
        Ok(taken)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        OpError::failed(
            "media",
            "Copying the media was interrupted.",
            "Try it again.",
        )
    })?
}

/// Removes copies of a post that was not stored.
pub(super) fn remove(spool: &Path, media: &[Medium]) {
    for one in media {
        // A copy that stays is removed by the upkeep; the refusal is what counts.
        let _ = fs::remove_file(spool.join(&one.file));
    }
}

fn copy(spool: &Path, path: &Path, alt: String, id: MediaId) -> Result<Medium, OpError> {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let refuse = |what: String, hint: &str| OpError::failed("media", what, hint);
    let unreadable = |error: std::io::Error| {
        refuse(
            format!("The file {} cannot be read: {error}.", path.display()),
            "Check its name and permissions.",
        )
    };
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut from = OpenOptions::new()
        .read(true)
        .custom_flags(no_follow)
        .open(path)
        .map_err(unreadable)?;
    let meta = from.metadata().map_err(unreadable)?;
    if !meta.is_file() || meta.len() == 0 || meta.len() > LARGEST {
        return Err(refuse(
            format!(
                "{} is not a file of between 1 byte and 4 GiB.",
                path.display()
            ),
            "Name an image or a video.",
        ));
    }
    let file = id.to_string();
    let to = spool.join(&file);
    let unwritable = |error: std::io::Error| {
        let _ = fs::remove_file(&to);
        refuse(
            format!("The copy of {name} could not be written: {error}."),
            "Free some space and try again.",
        )
    };
    let (sha256, bytes, head) = stream(&mut from, &to).map_err(unwritable)?;
    let kind = infer::get(&head).map(|kind| kind.mime_type());
    let Some(mime) = kind.filter(|mime| mime.starts_with("image/") || mime.starts_with("video/"))
    else {
        let _ = fs::remove_file(&to);
        return Err(refuse(
            format!("{name} is neither an image nor a video."),
            "Name a JPEG, PNG, GIF, WebP or MP4 file.",
        ));
    };
    let size = imagesize::size(&to).ok().and_then(|size| {
        Some((
            u32::try_from(size.width).ok()?,
            u32::try_from(size.height).ok()?,
        ))
    });
    Ok(Medium {
        id,
        file,
        name,
        mime: mime.to_owned(),
        bytes,
        size,
        sha256,
        alt,
    })
}

/// Hashes and copies from one open file, so that both saw the same bytes.
fn stream(from: &mut File, to: &Path) -> std::io::Result<(String, u64, Vec<u8>)> {
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    let mut hash = Sha256::new();
    let mut head = Vec::new();
    let mut total = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        let part = &buffer[..n];
        hash.update(part);
        out.write_all(part)?;
        total += n as u64;
        let wanted = HEAD.saturating_sub(head.len()).min(n);
        head.extend_from_slice(&part[..wanted]);
    }
    out.sync_all()?;
    let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok((sha256, total, head))
}

/// What is wrong with a text and media for a channel's network; empty when it
/// can go out.
pub(super) fn check(
    networks: &Registry,
    channel: &Channel,
    text: &str,
    media: &[Medium],
) -> Vec<Problem> {
    let Some((network, _)) = networks.get(channel.kind.network()) else {
        return vec![Problem {
            what: format!(
                "{} is not part of this version.",
                channel.kind.network().title()
            ),
            hint: "Choose another channel.".into(),
        }];
    };
    let items: Vec<MediaItem> = media.iter().map(item).collect();
    network.problems(text, &items)
}

/// The first problem of a post as a refusal, naming the channel.
pub(super) fn refuse_problem(channel: &Channel, problems: &[Problem]) -> Result<(), OpError> {
    match problems {
        [] => Ok(()),
        [first, ..] => Err(OpError::failed(
            "invalid_post",
            format!("{}: {}", channel.name(), first.what),
            first.hint.clone(),
        )),
    }
}

/// A medium under the name it had, which is the one a problem should name.
fn item(one: &Medium) -> MediaItem {
    MediaItem {
        path: PathBuf::from(&one.name),
        mime: one.mime.clone(),
        bytes: one.bytes,
        size: one.size,
        sha256: one.sha256.clone(),
        alt: one.alt.clone(),
    }
}
