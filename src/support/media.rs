//! Media files of operators: opened safely, looked at by content, hashed, and
//! copied into our own spool, so that a later edit of the file cannot change
//! what was approved.
//!
//! Everything is read from one open file: the one that was checked is the one
//! that is copied, whatever happens to its name meanwhile.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use super::entropy::Entropy;
use super::time::UtcMs;

mod mp4;

/// What may be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaRules {
    /// Bytes an image may have.
    pub image_bytes: u64,
    /// Bytes a video may have.
    pub video_bytes: u64,
    /// Only files inside this directory (an operator's inbox), links followed.
    pub within: Option<PathBuf>,
}

impl Default for MediaRules {
    fn default() -> Self {
        Self {
            image_bytes: 64 << 20,
            video_bytes: 4 << 30,
            within: None,
        }
    }
}

/// Pixels one side of an image may have.
const MOST_PIXELS: usize = 32_768;

/// What we take, by content: type and the ending its copy gets.
const TYPES: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
];

/// A media file in our spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    /// Where our copy is.
    pub path: PathBuf,
    /// Type by content (`image/png`).
    pub mime: &'static str,
    /// Size in bytes.
    pub bytes: u64,
    /// Width and height in pixels: always of an image, and of a video whose
    /// file says.
    pub size: Option<(u32, u32)>,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
}

/// Why a file was not taken: one sentence what, one what to do.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is no such file.
    #[error("There is no file {0}. Check the name.")]
    Missing(PathBuf),
    /// Outside the directory files may come from.
    #[error("{0} is not in your inbox. Put it there with: inbox put NAME")]
    Outside(PathBuf),
    /// Somebody else's, who may not have meant it to be published.
    #[error("{0} belongs to another user of this machine. Copy it first, so that it is yours.")]
    Foreign(PathBuf),
    /// A directory, a device, a pipe, a window into the system.
    #[error("{0} is not a regular file. Name an image or a video.")]
    NotAFile(PathBuf),
    /// Nothing in it.
    #[error("{0} is empty. Check how it was copied.")]
    Empty(PathBuf),
    /// Larger than we take.
    #[error("{path} is larger than {} MiB. Make it smaller first.", most >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes it may have.
        most: u64,
    },
    /// Something else by its content, whatever its name says.
    #[error("{path} is {found} by its content. Use JPEG, PNG, GIF, WebP, MP4, MOV or WebM.")]
    WrongType {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        found: String,
    },
    /// An image without readable dimensions, or absurd ones.
    #[error("{0} is damaged, or far too wide or high. Export it again.")]
    Damaged(PathBuf),
    /// It changed while it was read.
    #[error("{0} changed while it was read. Wait until it is complete, then try again.")]
    Changed(PathBuf),
    /// The system refused.
    #[error("{path} cannot be read or copied: {error}. Check its mode and the free space.")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Checks the file at `path` and copies it into `spool`, a directory of ours.
/// The same content is kept once.
///
/// # Errors
/// Why it was not taken; nothing is left in the spool then.
pub fn take(
    path: &Path,
    spool: &Path,
    rules: &MediaRules,
    now: UtcMs,
    entropy: &Entropy,
) -> Result<Spooled, MediaError> {
    let mut file = open(path, rules)?;
    let named = || path.to_owned();
    let failed = |error| MediaError::Io {
        path: path.to_owned(),
        error,
    };
    let length = file.metadata().map_err(failed)?.len();
    let before = stamp(&file).map_err(failed)?;
    if length == 0 {
        return Err(MediaError::Empty(named()));
    }
    let mut head = Vec::with_capacity(8_192);
    let mut start = Read::by_ref(&mut file).take(8_192);
    start.read_to_end(&mut head).map_err(failed)?;
    let (mime, ending) = sniff(path, &head)?;
    let most = if mime.starts_with("image/") {
        rules.image_bytes
    } else {
        rules.video_bytes
    };
    if length > most {
        let path = named();
        return Err(MediaError::TooLarge { path, most });
    }
    let part = spool.join(format!(".{}.part", entropy.ulid(now)));
    let result = (|| {
        file.rewind().map_err(failed)?;
        let (mut copy, bytes, sha256) = copy(&mut file, &part, most).map_err(failed)?;
        if bytes != length || stamp(&file).map_err(failed)? != before {
            return Err(MediaError::Changed(named()));
        }
        let size = match mime.starts_with("image/") {
            true => Some(dimensions(&mut copy).ok_or_else(|| MediaError::Damaged(named()))?),
            false => mp4::dimensions(&mut copy),
        };
        let kept = spool.join(format!("{sha256}.{ending}"));
        std::fs::rename(&part, &kept).map_err(failed)?;
        Ok(Spooled {
            path: kept,
            mime,
            bytes,
            size,
            sha256,
        })
    })();
    if result.is_err() {
        // Best effort: a part left behind is swept with the spool.
        let _ = std::fs::remove_file(&part);
    }
    result
}

/// Opens a regular file and nothing else. The name is resolved first, so that
/// a link put there afterwards is refused, and a pipe cannot make us wait.
fn open(path: &Path, rules: &MediaRules) -> Result<File, MediaError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => MediaError::Missing(path.to_owned()),
        _ => MediaError::Io {
            path: path.to_owned(),
            error,
        },
    };
    let real = path.canonicalize().map_err(failed)?;
    if let Some(within) = &rules.within {
        let inbox = within.canonicalize().map_err(failed)?;
        if !real.starts_with(inbox) {
            return Err(MediaError::Outside(path.to_owned()));
        }
    }
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(&real, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let file = File::from(fd);
    let meta = file.metadata().map_err(failed)?;
    let system = ["/proc", "/sys", "/dev"];
    if !meta.is_file() || system.iter().any(|place| real.starts_with(place)) {
        return Err(MediaError::NotAFile(path.to_owned()));
    }
    let us = rustix::process::geteuid().as_raw();
    if foreign(meta.uid(), us) {
        return Err(MediaError::Foreign(path.to_owned()));
    }
    Ok(file)
}

/// Whether a file of `owner` is not for `us` to publish. What the system owns is
/// everybody's, and the system's own account may take any.
fn foreign(owner: u32, us: u32) -> bool {
    owner != us && owner != 0 && us != 0
}

/// What changes with every change of a file's content.
fn stamp(file: &File) -> io::Result<(i64, i64, i64, i64)> {
    let meta = file.metadata()?;
    Ok((
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ))
}

fn sniff(path: &Path, head: &[u8]) -> Result<(&'static str, &'static str), MediaError> {
    let found = infer::get(head).map(|kind| kind.mime_type());
    // An MP4 that an iPhone or a camera wrote goes by its brand.
    let mime = match found {
        Some("video/x-m4v") => Some("video/mp4"),
        other => other,
    };
    TYPES
        .iter()
        .find(|(known, _)| Some(*known) == mime)
        .copied()
        .ok_or_else(|| MediaError::WrongType {
            path: path.to_owned(),
            found: mime.unwrap_or("neither an image nor a video").to_owned(),
        })
}

/// Copies at most `most` bytes and one more, hashing on the way; the copy is
/// on disk when this returns.
fn copy(from: &mut File, to: &Path, most: u64) -> io::Result<(File, u64, String)> {
    let mut out = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut from = from.take(most.saturating_add(1));
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            break;
        };
        hasher.update(piece);
        out.write_all(piece)?;
        bytes += read as u64;
    }
    out.sync_all()?;
    let digest: [u8; 32] = hasher.finalize().into();
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((out, bytes, sha256))
}

/// Width and height, when both make sense; read from the header alone.
fn dimensions(file: &mut File) -> Option<(u32, u32)> {
    file.rewind().ok()?;
    let size = imagesize::reader_size(BufReader::new(file)).ok()?;
    let side = |pixels: usize| {
        u32::try_from(pixels)
            .ok()
            .filter(|_| (1..=MOST_PIXELS).contains(&pixels))
    };
    Some((side(size.width)?, side(size.height)?))
}

#[cfg(test)]
mod tests;
