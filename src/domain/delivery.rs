//! A delivery: one post on one channel at one time.

use crate::closed_list;

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
            Self::EarlierPart => "Waiting for you: an earlier part is undecided",
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
