//! What goes into the machine and what comes out of it.

use std::time::Duration;

use super::super::delivery::{Decision, State};
use super::super::outcome::OutcomeClass;
use crate::closed_list;
use crate::support::time::UtcMs;

/// Something that happened to a delivery, or that somebody wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A draft gets its place in the queue.
    Schedule,
    /// Its text or media change.
    Edit,
    /// It gets another time.
    Reschedule,
    /// It is about to be sent: the durable intent.
    Arm,
    /// A check of ours or an invisible step refused it for good, before anything was armed.
    Refuse,
    /// The answer to its visible call.
    Answered(AnswerKind),
    /// Found in `sending` with nobody at work: a newer term, or its process died.
    Orphaned,
    /// The network was read about a lost answer.
    Looked(Look),
    /// The network was asked how far it is with what it accepted.
    Polled(Poll),
    /// It is later than the lateness limit.
    Late,
    /// A person said what happened.
    Decide(Decision),
    /// A person does not want it any more.
    Cancel,
    /// A person sends it now, or again after a failure.
    Retry,
    /// The same request goes out again with the same key.
    Resend,
    /// Its channel is disconnected for good.
    Disconnect,
    /// Its channel can be read and used again.
    TokenBack,
    /// A person takes an act on the queue back; the state it had before.
    Undo(State),
    /// Late evidence that it is live, whoever saw it.
    VerdictPublished,
}

impl Event {
    /// Whether this proves that the post is live.
    pub(super) fn says_live(&self) -> bool {
        matches!(
            self,
            Self::VerdictPublished
                | Self::Answered(AnswerKind::Published)
                | Self::Looked(Look::Found)
                | Self::Polled(Poll::Done)
        )
    }
}

/// What the answer to a visible call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// It is live.
    Published,
    /// The network took it and still works on it (202).
    Accepted,
    /// Refused for good, proven not live.
    RefusedForGood,
    /// Proven not processed: never left us, 401, 429.
    NotProcessed,
    /// Nobody knows whether it is live.
    Unclear,
}

/// What reading the network about a lost answer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is live.
    Found,
    /// It is not there, and the reading was complete and fresh.
    Absent,
    /// Something is there that is not what we sent, or more than one match.
    Different,
    /// Could not be read.
    Unreadable,
}

/// What the network says of what it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// It is live.
    Done,
    /// It will not be.
    Failed,
    /// It still works on it, or could not be read just now.
    Still,
}

/// How late a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// Not due yet, or just now.
    OnTime,
    /// Late, by no more than the workspace allows.
    WithinLimit,
    /// Later than that.
    OverLimit,
}

impl Lateness {
    /// How late `due` is at `now`; up to `grace` still counts as on time.
    pub fn of(due: UtcMs, now: UtcMs, grace: Duration, limit: Duration) -> Self {
        let late = now.since(due);
        if late <= grace {
            Self::OnTime
        } else if late <= limit {
            Self::WithinLimit
        } else {
            Self::OverLimit
        }
    }
}

/// What is true of a delivery, its channel and its attempts right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Nothing holds it: its channel can send, the store is confirmed, the
    /// clock is trusted, the earlier parts of its thread are out.
    pub can_send: bool,
    /// Its channel was not disconnected for good.
    pub connected: bool,
    /// How lost answers of its network are resolved.
    pub class: OutcomeClass,
    /// When it is due.
    pub due: UtcMs,
    /// At least the settle time passed since the last arm.
    pub settled: bool,
    /// Readings since the last arm that found nothing, this one included.
    pub absent_reads: u8,
    /// Two of them are at least `absent_spacing` apart.
    pub absent_spaced: bool,
    /// The network still knows the key of the first attempt.
    pub key_alive: bool,
    /// The token is there, or the reading needs none.
    pub readable: bool,
    /// How late it is.
    pub late: Lateness,
    /// It is never sent late.
    pub only_on_time: bool,
    /// It failed because the access was gone.
    pub access_failure: bool,
    /// None of its attempts can have been processed.
    pub proven_not_sent: bool,
    /// How long readings have been possible, counted from the end of the settle time.
    pub unknown_for: Duration,
    /// The answer or reading is about the newest attempt.
    pub current: bool,
    /// An attempt before the newest one, with the same key, got no answer and
    /// was closed as absent; weighed where a repeat is made on the strength of
    /// the key (class K).
    pub earlier_unanswered: bool,
    /// It waits for a decision with [`Ask::Unreadable`]: a token may tell.
    pub asked_for_token: bool,
    /// A send was armed at some time.
    pub ever_armed: bool,
    /// A send was armed since the act that is being taken back.
    pub send_began: bool,
}

impl Facts {
    /// The facts of a delivery whose channel is well and that is due now,
    /// nothing sent yet.
    pub fn fresh(class: OutcomeClass, due: UtcMs) -> Self {
        Self {
            can_send: true,
            connected: true,
            class,
            due,
            settled: false,
            absent_reads: 0,
            absent_spaced: false,
            key_alive: true,
            readable: true,
            late: Lateness::OnTime,
            only_on_time: false,
            access_failure: false,
            proven_not_sent: false,
            unknown_for: Duration::ZERO,
            current: true,
            earlier_unanswered: false,
            asked_for_token: false,
            ever_armed: false,
            send_began: false,
        }
    }

    /// Whether it is too late to go out by itself.
    pub fn too_late(&self) -> bool {
        match self.late {
            Lateness::OnTime => false,
            Lateness::WithinLimit => self.only_on_time,
            Lateness::OverLimit => true,
        }
    }
}

/// The protocol. The default is the one we promise; the switches break it, so
/// that tests can see the oracle notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long readings may go on without a result before a person is asked.
    pub unknown_bound: Duration,
    /// How long a network may work on what it accepted before a person is asked.
    pub confirming_bound: Duration,
    /// Broken: a lost answer is sent again without looking.
    pub blind_retry: bool,
    /// Broken: each attempt takes a key of its own.
    pub new_key_per_attempt: bool,
    /// Broken: a reading counts although the send may still be under way.
    pub no_settle: bool,
    /// Broken: the role of the publisher may be taken from a process that lives.
    pub stealable_lease: bool,
    /// Broken: an armed request leaves however late.
    pub late_send: bool,
    /// Broken: a channel that cannot publish is sent over like any other.
    pub ignore_health: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            unknown_bound: Duration::from_secs(30 * 60),
            confirming_bound: Duration::from_secs(24 * 3600),
            blind_retry: false,
            new_key_per_attempt: false,
            no_settle: false,
            stealable_lease: false,
            late_send: false,
            ignore_health: false,
        }
    }
}

closed_list! {
    /// How an attempt ended.
    Verdict {
        /// It is live.
        Published = "published",
        /// The network refused it for good.
        Refused = "refused",
        /// Proven not processed.
        NotProcessed = "not_processed",
        /// Looked for and not there.
        Absent = "absent",
    }
}

closed_list! {
    /// Why a person is asked what happened.
    Ask {
        /// The network tells nobody.
        Unknowable = "unknowable",
        /// It could tell, had we a token that works.
        Unreadable = "unreadable",
        /// The readings led to nothing for too long, or the network never said
        /// that it is done with what it accepted.
        Unresolved = "unresolved",
        /// Something else is there, or several that match.
        Different = "different",
        /// Not live, but too late to be sent without asking.
        TooLate = "too_late",
    }
}

/// Something to write in the transaction of the transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new attempt in phase `open`, with the delivery's key.
    OpenAttempt,
    /// The open attempt gets its verdict; one is made for evidence that comes
    /// when none is open. A lost answer is no verdict: the attempt stays open.
    CloseAttempt(Verdict),
    /// What was seen is appended.
    RecordEvidence,
    /// The next key number; a frozen request is dropped.
    NewKey,
    /// The key is derived anew from the changed time; no send was ever armed.
    DeriveKey,
    /// A frozen request is dropped, the key stays.
    ThawRequest,
    /// Due now, by a person's order.
    DueNow,
    /// A person is asked, and why.
    Ask(Ask),
    /// What a person decided, who and when.
    RecordDecision(Decision),
    /// Question and decision are dropped.
    ClearDecision,
    /// Cancelled, who and when.
    RecordCancelled,
    /// The mark of a cancel is dropped.
    ClearCancelled,
    /// Missed, and when.
    RecordMissed,
    /// The draft for this channel is removed.
    RemoveDraft,
}

/// Something to do once the transition is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Send the attempt just opened.
    Send {
        /// With the key of the attempts before it; always, but in a broken protocol.
        same_key: bool,
    },
    /// Read the network, when the settle time and the next reading have come.
    LookUp,
    /// Ask how far the network is.
    Poll,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The state it has then; may be the one it had.
    pub to: State,
    /// What is written with it, in this order.
    pub writes: Vec<Write>,
    /// What is done after the commit.
    pub calls: Vec<Call>,
}

impl Transition {
    pub(super) fn to(to: State) -> Self {
        Self {
            to,
            writes: Vec::new(),
            calls: Vec::new(),
        }
    }

    pub(super) fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    pub(super) fn write_if(self, wanted: bool, write: Write) -> Self {
        if wanted { self.write(write) } else { self }
    }

    pub(super) fn write_first(mut self, write: Write) -> Self {
        self.writes.insert(0, write);
        self
    }

    pub(super) fn call(mut self, call: Call) -> Self {
        self.calls.push(call);
        self
    }

    pub(super) fn call_if(self, wanted: bool, call: Call) -> Self {
        if wanted { self.call(call) } else { self }
    }
}
