//! What is published, in which steps, and what each call of it brought.

use super::Refusal;
use crate::domain::channel::Evidence;
use crate::domain::limits::ServerLimits;
use crate::domain::post_options::PostOptions;
use crate::support::time::UtcMs;

/// The posts a part of a thread answers, by the network's ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// The first post of the thread.
    pub root: String,
    /// The post right before this one.
    pub parent: String,
}

/// What is to be published, frozen for one delivery.
#[derive(Clone, Debug)]
pub struct Publish {
    /// The key of this delivery at the network (`Network::key`).
    pub key: String,
    /// The account it goes to.
    pub account: String,
    /// The text.
    pub text: String,
    /// The media in order.
    pub media: Vec<MediaItem>,
    /// What else was chosen for this post.
    pub options: PostOptions,
    /// What the account's server says a post may be.
    pub limits: ServerLimits,
    /// What it answers, when it is a later part of a thread.
    pub reply_to: Option<ReplyTo>,
    /// The request frozen at the first arm, reused by every repeat.
    pub rendered: Option<String>,
    /// Now: becomes the creation time of what is rendered first.
    pub now: UtcMs,
}

/// One image or video, copied into our own spool when it was scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaItem {
    /// Where the copy is.
    pub path: std::path::PathBuf,
    /// Type by content (`image/png`).
    pub mime: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Width and height in pixels, when known.
    pub size: Option<(u32, u32)>,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Alternative text.
    pub alt: String,
}

/// A step that was done and journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// The call's name.
    pub name: String,
    /// What the network gave back for it.
    pub handle: String,
}

/// One call the engine is asked to make through [`super::Networked::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name: unique within one publish (`uploadBlob:0`, `putRecord`).
    pub name: String,
    /// The exact request body where it must not change between tries; frozen
    /// by the engine when the call is a visible one.
    pub rendered: String,
    /// Index into [`Publish::media`] for an upload.
    pub media: Option<usize>,
}

/// How a publish goes on from what is journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nobody sees its effect: may be repeated freely.
    Invisible(Call),
    /// Ask again at that time whether the network is done.
    PollAfter(UtcMs, Call),
    /// People see its effect: the engine arms first, then runs it once.
    Visible(Call),
    /// It is live.
    Done(Remote),
    /// It can never work as it is (checked by us, nothing was sent).
    Refused(Refusal),
}

/// A post as the network names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The network's id of the post.
    pub id: String,
    /// A link a person can open.
    pub permalink: Option<String>,
}

/// What keeps a post from this network as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One sentence: what is wrong, with the number that is over.
    pub what: String,
    /// One sentence: what to do.
    pub hint: String,
}

/// How long a text is, as a network counts it, and how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How long it is.
    pub used: u64,
    /// How long it may be.
    pub most: u64,
}

impl Count {
    /// By how much it is too long.
    pub fn over(self) -> u64 {
        self.used.saturating_sub(self.most)
    }
}

/// What one call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An invisible step is done; journal the handle at once.
    Recorded {
        /// What to remember for the steps after it.
        handle: String,
    },
    /// It is live.
    Published(Remote),
    /// The network took it and still works on it.
    Accepted {
        /// What to poll with.
        handle: String,
    },
    /// Refused for good, proven not live.
    Refused(Refusal),
    /// Proven not processed (never left us, 401, 429): may be sent again.
    ///
    /// With [`STEPS_GONE`] as the evidence's network code, what earlier steps
    /// brought is gone at the network: their records are to be forgotten, and
    /// the publish begins anew with the same key and the same frozen request.
    NotProcessed(Refusal),
    /// Nobody knows whether it is live.
    Unclear(Refusal),
}

/// Network code of a [`Outcome::NotProcessed`] whose step records are useless.
pub const STEPS_GONE: &str = "BlobNotFound";

/// What reading the network about a lost answer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is live.
    Published(Remote),
    /// It is not there, and the reading was exact and fresh.
    Absent,
    /// Something is there that is not what we sent.
    Different(Evidence),
    /// Could not be read now; try again later.
    Unreadable(Refusal),
}
