//! The table of transitions: the store's trigger is made from it.

use super::super::delivery::State::{
    self, Cancelled, Confirming, Draft, Failed, Missed, NeedsDecision, Published, Scheduled,
    Sending, Unknown,
};

/// Every change of state there is, as (old, new). Into `published` only
/// together with a verdict; out of `cancelled` otherwise only by undo.
pub const TRANSITIONS: &[(State, State)] = &[
    (Draft, Scheduled),
    (Draft, Cancelled),
    (Draft, Published),
    (Scheduled, Sending),
    (Scheduled, Failed),
    (Scheduled, Missed),
    (Scheduled, Cancelled),
    (Scheduled, Published),
    (Sending, Published),
    (Sending, Confirming),
    (Sending, Failed),
    (Sending, Unknown),
    (Sending, Scheduled),
    (Unknown, Published),
    (Unknown, Confirming),
    (Unknown, Failed),
    (Unknown, Scheduled),
    (Unknown, Sending),
    (Unknown, NeedsDecision),
    (Confirming, Published),
    (Confirming, Failed),
    (Confirming, NeedsDecision),
    (Failed, Scheduled),
    (Failed, Cancelled),
    (Failed, Published),
    (Missed, Scheduled),
    (Missed, Cancelled),
    (Missed, Published),
    (NeedsDecision, Published),
    (NeedsDecision, Scheduled),
    (NeedsDecision, Unknown),
    (Cancelled, Draft),
    (Cancelled, Scheduled),
    (Cancelled, Failed),
    (Cancelled, Missed),
    (Cancelled, Published),
];

/// Whether a delivery may go from `old` to `new`; staying is always allowed.
pub fn allowed(old: State, new: State) -> bool {
    old == new || TRANSITIONS.contains(&(old, new))
}
