//! What can happen in a life, and how it is made up.

use proptest::prelude::*;

/// What the network does with a request and with its answer.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Answered,
    AnsweredTwice,
    Refused,
    TooMany,
    NeverArrives,
    AnswerLost,
    /// It says 500 and is live.
    Lies,
    /// The answer is lost; it is done so many seconds later.
    Delayed(u8),
    /// It works on it for so many minutes.
    WorkedOn(u8),
    /// It works on it and gives up.
    GivenUp,
    /// The process dies with the request on its way.
    DiesSending(u8),
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Pass(u32),
    Arm(usize),
    /// What was armed leaves.
    Leave(usize, Fate),
    /// Both at once.
    Send(usize, Fate),
    /// A check of ours refuses it.
    Refuse(usize),
    /// A look at the network, where it can be read.
    Look(usize, bool),
    /// The settle time, and two looks some time apart.
    Settle(usize),
    /// Two looks some time apart, however early.
    Twice(usize),
    /// A look long after.
    LongAfter(usize),
    /// Somebody saw it live.
    Seen(usize),
    Crash,
    Pause,
    Resume,
    Break,
    Heal,
    Disconnect,
    Late(usize),
    Cancel(usize),
    Undo(usize),
    Retry(usize),
    Reschedule(usize, u16),
    /// A person looks at the profile; an impatient one does not.
    Decide(usize, bool),
    LeaveIt(usize),
}

/// Deliveries that are acted on at a time.
pub const POSTS: usize = 2;

pub fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Answered),
        1 => Just(Fate::AnsweredTwice),
        1 => Just(Fate::Refused),
        1 => Just(Fate::TooMany),
        5 => Just(Fate::NeverArrives),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Lies),
        4 => (1..85_u8).prop_map(Fate::Delayed),
        2 => (1..200_u8).prop_map(Fate::WorkedOn),
        1 => Just(Fate::GivenUp),
        2 => (0..85_u8).prop_map(Fate::DiesSending),
    ]
}

/// What a publisher does, and what time does to it.
pub fn work() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        3 => prop_oneof![4 => Just(25), 2 => Just(120), 1 => Just(1_900)].prop_map(Step::Pass),
        1 => post().prop_map(Step::Arm),
        1 => (post(), fate()).prop_map(|(i, fate)| Step::Leave(i, fate)),
        8 => (post(), fate()).prop_map(|(i, fate)| Step::Send(i, fate)),
        3 => (post(), prop::bool::weighted(0.85)).prop_map(|(i, can)| Step::Look(i, can)),
        3 => post().prop_map(Step::Settle),
        3 => post().prop_map(Step::Twice),
        1 => post().prop_map(Step::LongAfter),
        1 => Just(Step::Crash),
        2 => Just(Step::Resume),
        2 => Just(Step::Heal),
    ]
}

/// A publisher that is paused and overtaken again and again.
pub fn overtaken() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        2 => post().prop_map(Step::Arm),
        1 => Just(Step::Crash),
        2 => post().prop_map(Step::Settle),
        1 => (post(), fate()).prop_map(|(i, fate)| Step::Leave(i, fate)),
    ]
}

/// What people do, and what happens to a channel.
pub fn acts() -> impl Strategy<Value = Step> {
    let post = || 0..POSTS;
    prop_oneof![
        2 => Just(Step::Pass(4 * 3600)),
        1 => Just(Step::Pass(25 * 3600)),
        3 => post().prop_map(Step::Refuse),
        3 => post().prop_map(Step::Seen),
        3 => Just(Step::Pause),
        6 => Just(Step::Resume),
        3 => Just(Step::Break),
        6 => Just(Step::Heal),
        1 => Just(Step::Disconnect),
        3 => post().prop_map(Step::Late),
        4 => post().prop_map(Step::Cancel),
        4 => post().prop_map(Step::Undo),
        4 => post().prop_map(Step::Retry),
        4 => (post(), 0..90_u16).prop_map(|(i, minutes)| Step::Reschedule(i, minutes)),
        8 => (post(), prop::bool::weighted(0.8)).prop_map(|(i, looks)| Step::Decide(i, looks)),
        2 => post().prop_map(Step::LeaveIt),
    ]
}
