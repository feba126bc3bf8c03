//! How many bytes of a body were handed to the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream;

/// Bytes of a body that are handed over at once.
const PIECE: usize = 64 * 1024;

/// A counter of bytes that left; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Uploaded(Arc<AtomicU64>);

impl Uploaded {
    /// How many there were up to now.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The same bytes as a body that counts them as they leave.
    pub(super) fn body(&self, bytes: Vec<u8>) -> reqwest::Body {
        let count = self.0.clone();
        count.store(0, Ordering::Relaxed);
        let pieces = stream::unfold((bytes, 0), move |(bytes, at)| {
            let piece = bytes.get(at..).filter(|rest| !rest.is_empty());
            let piece = piece.map(|rest| rest[..rest.len().min(PIECE)].to_vec());
            let count = count.clone();
            async move {
                let piece = piece?;
                let next = at + piece.len();
                count.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Some((Ok::<_, std::convert::Infallible>(piece), (bytes, next)))
            }
        });
        reqwest::Body::wrap_stream(pieces)
    }
}
