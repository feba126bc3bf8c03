//! Why an event changes nothing.

use super::super::delivery::State;

/// Why an event changes nothing: one sentence what, one what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request may be on the wire.
    #[error(
        "This post is on its way. Wait until the network has answered; then it can be changed."
    )]
    InFlight,
    /// It is live.
    #[error("This post is live. Change or delete it at the network.")]
    AlreadyLive,
    /// It is a draft.
    #[error("This post is a draft. Schedule it first.")]
    IsDraft,
    /// It is scheduled already.
    #[error("This post is scheduled already. Reschedule it to change its time.")]
    IsScheduled,
    /// It was refused.
    #[error("This post failed. Retry or reschedule it.")]
    HasFailed,
    /// Its time passed.
    #[error("This post was missed. Send it now, reschedule or cancel it.")]
    WasMissed,
    /// It was cancelled.
    #[error("This post was cancelled. Undo that, or write it anew.")]
    IsCancelled,
    /// A person must say first what happened.
    #[error("Nobody knows whether this post is live. Decide that first.")]
    Undecided,
    /// There is no decision to take.
    #[error("There is nothing to decide about this post. Look at its state.")]
    NothingToDecide,
    /// The channel was disconnected for good.
    #[error("The channel was disconnected. Connect the account again and write a new post for it.")]
    Disconnected,
    /// Something holds it.
    #[error("This post is held. Look at its reason and clear that first.")]
    Held,
    /// Its time has not come.
    #[error("The time of this post has not come. Wait, or reschedule it.")]
    NotDue,
    /// It is later than its workspace allows.
    #[error(
        "This post is later than its workspace allows. Send it by hand, reschedule or cancel it."
    )]
    TooLate,
    /// It is within its lateness limit.
    #[error("This post is not late enough to be missed. It goes out by itself.")]
    NotLate,
    /// The send may still be under way.
    #[error("The last send may still be under way. Look again in a moment.")]
    NotSettled,
    /// There is no key that makes a repeat safe.
    #[error("This network has no live key for a safe repeat. Decide by looking at the profile.")]
    NoKey,
    /// A send began since.
    #[error("A send began meanwhile, so this cannot be undone. Look at the state of the post.")]
    SendBegan,
    /// There is no way back to that state.
    #[error("This cannot be undone. Cancel or reschedule the post instead.")]
    NoWayBack,
}

impl Refused {
    /// The reason that lies in the state alone.
    pub(super) fn because_of(state: State) -> Self {
        match state {
            State::Draft => Self::IsDraft,
            State::Scheduled => Self::IsScheduled,
            State::Sending | State::Unknown | State::Confirming => Self::InFlight,
            State::Published => Self::AlreadyLive,
            State::Failed => Self::HasFailed,
            State::Missed => Self::WasMissed,
            State::NeedsDecision => Self::Undecided,
            State::Cancelled => Self::IsCancelled,
        }
    }
}
