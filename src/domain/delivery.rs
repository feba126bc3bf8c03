//! A delivery: one post on one channel at one time.

use super::answer::AnswerClass;
use super::channel::Evidence;
use super::ids::{ChannelId, DeliveryId, OperatorId, PostId, WorkspaceId};
use crate::closed_list;
use crate::support::time::UtcMs;

closed_list! {
    /// The stored state. `held` is not among them: it is derived.
    State {
        /// Written, not scheduled.
        Draft = "draft",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// Armed: the request may be on the wire.
        Sending = "sending",
        /// The answer was lost; looking before acting.
        Unknown = "unknown",
        /// The network accepted it and still works on it.
        Confirming = "confirming",
        /// Live at the network.
        Published = "published",
        /// Refused, proven not live.
        Failed = "failed",
        /// Its time passed by more than the lateness limit.
        Missed = "missed",
        /// Only a person can say what happened.
        NeedsDecision = "needs_decision",
        /// Will not go out.
        Cancelled = "cancelled",
    }
}

closed_list! {
    /// The state a person and JSON see.
    Shown {
        /// Written, not scheduled.
        Draft = "draft",
        /// Will go out at its time.
        Scheduled = "scheduled",
        /// Scheduled with a blocker.
        Held = "held",
        /// On its way.
        Sending = "sending",
        /// The network works on it, or the answer was lost and we look.
        Confirming = "confirming",
        /// Live.
        Published = "published",
        /// Refused.
        Failed = "failed",
        /// Its time passed.
        Missed = "missed",
        /// A person must say.
        NeedsDecision = "needs_decision",
        /// Will not go out.
        Cancelled = "cancelled",
    }
}

closed_list! {
    /// What blocks a scheduled delivery: the `reason` of a held one.
    Blocker {
        /// The channel cannot publish.
        ChannelDisconnected = "channel_disconnected",
        /// An operator paused the channel.
        Paused = "paused",
        /// The store was restored and nobody confirmed it yet.
        Restored = "restored",
        /// The clock of this machine is in doubt.
        ClockSuspect = "clock_suspect",
        /// An earlier part of the thread is undecided.
        EarlierPart = "earlier_part",
    }
}

impl Blocker {
    /// The badge and reason as lists show it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ChannelDisconnected => "Channel disconnected",
            Self::Paused => "Channel paused",
            Self::Restored => "Waiting for you: restored store",
            Self::ClockSuspect => "Waiting for you: clock in doubt",
            Self::EarlierPart => "Waiting for you: an earlier part is not out",
        }
    }
}

closed_list! {
    /// What a person decided about an outcome nobody could read.
    Decision {
        /// It is live.
        Live = "live",
        /// It is not; it was sent again.
        NotLive = "not_live",
        /// Left as it is.
        Left = "left",
    }
}

impl Shown {
    /// The words a filter knows it by.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Draft => &["draft"],
            Self::Scheduled => &["scheduled"],
            Self::Held => &["held"],
            Self::Sending => &["sending"],
            Self::Confirming => &["confirming"],
            Self::Published => &["published"],
            Self::Failed => &["failed"],
            Self::Missed => &["missed"],
            Self::NeedsDecision => &["needs_decision", "decide"],
            Self::Cancelled => &["cancelled"],
        }
    }
}

/// The state a person sees: stored state and blocker together.
pub fn shown(state: State, blocker: Option<Blocker>) -> Shown {
    match state {
        State::Draft => Shown::Draft,
        State::Scheduled if blocker.is_some() => Shown::Held,
        State::Scheduled => Shown::Scheduled,
        State::Sending => Shown::Sending,
        State::Unknown | State::Confirming => Shown::Confirming,
        State::Published => Shown::Published,
        State::Failed => Shown::Failed,
        State::Missed => Shown::Missed,
        State::NeedsDecision => Shown::NeedsDecision,
        State::Cancelled => Shown::Cancelled,
    }
}

/// A delivery as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// What is sent.
    pub post_id: PostId,
    /// The workspace of both.
    pub workspace_id: WorkspaceId,
    /// Where it goes.
    pub channel_id: ChannelId,
    /// The handle the channel had when it was written or went out.
    pub handle: String,
    /// The first part of its thread, when it is a later one.
    pub root_id: Option<DeliveryId>,
    /// Which part it is, from 1.
    pub part_no: u32,
    /// The part that must be live before.
    pub after_id: Option<DeliveryId>,
    /// Stored state.
    pub state: State,
    /// When it is to go out.
    pub due: UtcMs,
    /// The same as written, in `timezone` (`2026-11-24 09:00`).
    pub civil: String,
    /// IANA zone it was written in.
    pub timezone: String,
    /// Never send it late.
    pub only_on_time: bool,
    /// Its own text, where it differs from the post's.
    pub text: Option<String>,
    /// How many attempts were made.
    pub attempt_no: u32,
    /// Raised by each "send again" of a person: a new key at the network.
    pub key_number: u32,
    /// The key at the network, once prepared.
    pub idem_key: Option<String>,
    /// The request frozen at the first arm.
    pub rendered: Option<String>,
    /// Whether a request ever may have left us.
    pub ever_armed: bool,
    /// Not tried again before.
    pub next_attempt_at: Option<UtcMs>,
    /// Not looked up again before.
    pub next_look_at: Option<UtcMs>,
    /// Reads in a row that proved it absent.
    pub absent_reads: u32,
    /// When the first of them was.
    pub first_absent_at: Option<UtcMs>,
    /// Since when its outcome is unknown.
    pub unknown_since: Option<UtcMs>,
    /// The network's id of it.
    pub remote_id: Option<String>,
    /// A link to it.
    pub permalink: Option<String>,
    /// When it went out.
    pub published_at: Option<UtcMs>,
    /// The last thing that went wrong.
    pub last_error: Option<DeliveryError>,
    /// Whether it failed because the access was gone.
    pub access_failure: bool,
    /// What a person decided.
    pub decision: Option<Decision>,
    /// Send it whatever its lateness: a person said so.
    pub send_now: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<UtcMs>,
    /// By whom it was cancelled.
    pub cancelled_by: Option<OperatorId>,
    /// By whom it was written.
    pub created_by: OperatorId,
    /// When it was written.
    pub created_at: UtcMs,
}

impl Delivery {
    /// The order of lists: by time, and the parts of a thread one after the
    /// other.
    pub fn place(&self) -> (UtcMs, &DeliveryId, u32) {
        (
            self.due,
            self.root_id.as_ref().unwrap_or(&self.id),
            self.part_no,
        )
    }

    /// Whether a copy of its post goes where it went: what was cancelled is left
    /// out, unless all of the post was.
    pub fn is_copied<'a>(&self, mut all: impl Iterator<Item = &'a Self>) -> bool {
        self.state != State::Cancelled || all.all(|one| one.state == State::Cancelled)
    }

    /// Whether it may still be moved, changed and cancelled.
    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            State::Draft | State::Scheduled | State::Failed | State::Missed
        )
    }
}

/// What went wrong with a delivery last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryError {
    /// Class of the answer.
    pub class: AnswerClass,
    /// What was seen.
    pub evidence: Evidence,
    /// When.
    pub at: UtcMs,
}
