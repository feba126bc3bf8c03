//! What every act on the queue shares: the machine decides, its writes are
//! carried out, and what was there before is kept for undo.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::acting::Acting;
use super::super::time::{shifted, time_at};
use super::super::{Hub, OpError};
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{DeliveryId, PostId, WorkspaceId};
use crate::domain::machine::{Event, Refused, Rules, Transition, Write, step};
use crate::domain::outcome::OutcomeClass;
use crate::domain::role::Act;
use crate::engine::facts::{self, Known};
use crate::networks::registry::Registry;
use crate::store::posts::Time;
use crate::store::{Reads, Tx};
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// What the machine needs beside the store.
#[derive(Clone)]
pub(in crate::ops) struct Machine {
    /// The networks, for how each resolves a lost answer.
    pub networks: Arc<Registry>,
    /// Every duration.
    pub timing: Timing,
}

/// A delivery as it was before an act, so that the act can be taken back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ops) struct Before {
    /// Which one.
    pub id: DeliveryId,
    /// The state it had; `None` when the act made it.
    pub state: Option<State>,
    /// When it was due.
    pub due: i64,
    /// The same as written.
    pub civil: String,
    /// In which zone.
    pub timezone: String,
    /// Whether it was ordered to go out now.
    pub send_now: bool,
    /// Its own text.
    pub text: Option<String>,
    /// Whether it was never to be sent late.
    #[serde(default)]
    pub only_on_time: Option<bool>,
    /// What the act left, to see whether somebody changed it since.
    pub left: State,
    /// When it was due then.
    pub left_due: i64,
    /// What it said then; nothing of acts that were kept before this was noted.
    #[serde(default)]
    pub left_words: Option<Words>,
}

/// What a delivery says and whether it may be late, as far as it takes to see
/// that somebody changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::ops) struct Words {
    /// Its own text.
    pub text: Option<String>,
    /// The mark of what it says, in a text of its own or the post's.
    pub said: String,
    /// Whether it is never to be sent late.
    pub only_on_time: bool,
}

impl Words {
    /// Those of a delivery as it is now.
    pub fn of(q: &Reads<'_>, delivery: &Delivery) -> Result<Self, OpError> {
        let said = match &delivery.text {
            Some(own) => mark(own),
            None => mark(&q.post(&delivery.post_id)?.text),
        };
        Ok(Self {
            text: delivery.text.clone(),
            said,
            only_on_time: delivery.only_on_time,
        })
    }
}

/// A text in short: an act on a thousand posts keeps the mark of each.
pub(super) fn mark(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// What takes an act back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::ops) struct Inverse {
    /// The deliveries it touched.
    pub deliveries: Vec<Before>,
    /// The text a post had, when it was edited.
    pub post_text: Option<(PostId, String)>,
    /// The mark of the text it was given.
    #[serde(default)]
    pub post_left: Option<String>,
    /// What was set aside, or taken up again.
    #[serde(default)]
    pub asides: Vec<AsideBefore>,
}

/// What was done with a thing that is, or was, set aside. The notes stay in
/// their table: they go with their channel, and an undo does not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ops) struct AsideBefore {
    /// The channel, login or delivery.
    pub object: String,
    /// The entry that was made.
    pub made: Option<i64>,
    /// The entry that was ended.
    pub ended: Option<i64>,
}

/// What an act did so far.
pub(in crate::ops) struct Done {
    /// What it is, as undo names it.
    what: &'static str,
    /// How to take it back.
    pub inverse: Inverse,
}

impl Done {
    /// Nothing yet.
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            inverse: Inverse::default(),
        }
    }

    /// Writes an audit row per workspace and the way back, unless nothing was
    /// done.
    pub fn finish(mut self, tx: &Tx<'_>, acting: &Acting, act: &str) -> Result<(), OpError> {
        self.take_down(tx)?;
        let mut touched: BTreeMap<WorkspaceId, Vec<&DeliveryId>> = BTreeMap::new();
        for one in &self.inverse.deliveries {
            let workspace = tx.delivery(&one.id)?.workspace_id;
            touched.entry(workspace).or_default().push(&one.id);
        }
        for (workspace, ids) in &touched {
            let first = ids.first().map_or("", |id| id.as_str());
            let detail = json!({ "deliveries": ids });
            acting.audit(tx, Some(workspace), act, first, &detail)?;
        }
        let sentence = match self.inverse.deliveries.len() {
            0 => return Ok(()),
            1 => format!("{} of one post", self.what),
            n => format!("{} of {n} posts", self.what),
        };
        let inverse = serde_json::to_string(&self.inverse)
            .map_err(|error| OpError::failed("undo", error.to_string(), "Please report this."))?;
        tx.add_undo(&acting.operator, &sentence, &inverse, acting.now)?;
        Ok(())
    }

    /// Takes down what the act left, once all of it is written: an act has
    /// several steps, and an undo compares with the last of them.
    fn take_down(&mut self, tx: &Tx<'_>) -> Result<(), OpError> {
        // Several steps on one delivery are one way back, to before the first.
        let mut seen = HashSet::new();
        let all = &mut self.inverse.deliveries;
        all.retain(|one| seen.insert(one.id.clone()));
        for one in all {
            let left = tx.delivery(&one.id)?;
            one.left = left.state;
            one.left_due = left.due.0;
            one.left_words = Some(Words::of(tx, &left)?);
        }
        if let Some((post, _)) = &self.inverse.post_text {
            self.inverse.post_left = Some(mark(&tx.post(post)?.text));
        }
        Ok(())
    }
}

impl Machine {
    /// The machine of a hub.
    pub fn of(hub: &Hub) -> Self {
        Self {
            networks: Arc::clone(&hub.networks),
            timing: hub.config.engine.clone(),
        }
    }

    /// A delivery with the facts of now.
    pub fn known(&self, q: &Reads<'_>, id: &DeliveryId, now: UtcMs) -> Result<Known, OpError> {
        let channel = q.channel(&q.delivery(id)?.channel_id)?;
        let (class, open) = match self.networks.get(channel.kind.network()) {
            Some((network, _)) => {
                let descriptor = network.descriptor();
                (descriptor.outcome, descriptor.lookup_needs_no_token)
            }
            None => (OutcomeClass::Unknowable, false),
        };
        Ok(facts::read(
            q,
            id,
            class,
            open,
            &self.timing,
            &Rules::default(),
            now,
        )?)
    }

    /// Asks the machine about `event` and carries out what it says.
    pub fn act(
        &self,
        tx: &Tx<'_>,
        acting: &Acting,
        id: &DeliveryId,
        event: Event,
        done: &mut Done,
    ) -> Result<State, OpError> {
        let known = self.known(tx, id, acting.now)?;
        let transition = decide(&known, event, acting.now)?;
        carry_out(tx, acting, &known.delivery, &transition)?;
        done.inverse.deliveries.push(Before::step(&known.delivery));
        Ok(transition.to)
    }

    /// Cancels a delivery and, as they could never follow it, the open parts of
    /// its thread behind it. What is cancelled already stays so.
    pub fn cancel(
        &self,
        tx: &Tx<'_>,
        acting: &Acting,
        id: &DeliveryId,
        done: &mut Done,
    ) -> Result<(), OpError> {
        for one in and_behind(tx, id)? {
            // One of the same order may have cancelled it a moment ago.
            if tx.delivery(&one)?.state != State::Cancelled {
                self.act(tx, acting, &one, Event::Cancel, done)?;
            }
        }
        Ok(())
    }

    /// Gives a delivery another time, and the parts of its thread behind it.
    pub fn move_to(
        &self,
        tx: &Tx<'_>,
        acting: &Acting,
        id: &DeliveryId,
        due: UtcMs,
        done: &mut Done,
    ) -> Result<(), OpError> {
        let zone = tx.delivery(id)?.timezone;
        for one in and_behind(tx, id)? {
            self.set_time(tx, acting, &one, &time_at(due, &zone), done)?;
        }
        Ok(())
    }

    /// Moves a delivery by a span as people write it, and the parts of its
    /// thread behind it.
    pub fn shift(
        &self,
        tx: &Tx<'_>,
        acting: &Acting,
        id: &DeliveryId,
        span: &str,
        done: &mut Done,
    ) -> Result<(), OpError> {
        let delivery = tx.delivery(id)?;
        let time = shifted(delivery.due, &delivery.timezone, span)?;
        super::create::refuse_past(&time, acting)?;
        for one in and_behind(tx, id)? {
            self.set_time(tx, acting, &one, &time, done)?;
        }
        Ok(())
    }

    /// Gives a delivery another time, as it was written.
    pub fn set_time(
        &self,
        tx: &Tx<'_>,
        acting: &Acting,
        id: &DeliveryId,
        time: &Time,
        done: &mut Done,
    ) -> Result<(), OpError> {
        let known = self.known(tx, id, acting.now)?;
        let transition = decide(&known, Event::Reschedule, acting.now)?;
        tx.set_time(id, time, false)?;
        carry_out(tx, acting, &known.delivery, &transition)?;
        done.inverse.deliveries.push(Before::step(&known.delivery));
        Ok(())
    }
}

/// A delivery and the open parts of its thread behind it, in order.
pub(in crate::ops) fn and_behind(
    q: &Reads<'_>,
    id: &DeliveryId,
) -> Result<Vec<DeliveryId>, OpError> {
    let number = q.delivery(id)?.part_no;
    let thread = q.thread(id)?.into_iter();
    Ok(thread
        .filter(|one| one.id == *id || (one.part_no > number && one.is_open()))
        .map(|one| one.id)
        .collect())
}

/// These deliveries and every open part of their threads, each once and the
/// parts of a thread in order.
pub(in crate::ops) fn open_threads(
    q: &Reads<'_>,
    ids: &[DeliveryId],
) -> Result<Vec<DeliveryId>, OpError> {
    let mut all: Vec<DeliveryId> = Vec::new();
    for id in ids {
        for one in q.thread(id)? {
            if (one.is_open() || ids.contains(&one.id)) && !all.contains(&one.id) {
                all.push(one.id);
            }
        }
    }
    Ok(all)
}

/// Refuses unless the operator may manage the queue of every workspace these
/// deliveries are in.
pub(in crate::ops) fn require_queue(
    q: &Reads<'_>,
    acting: &Acting,
    ids: &[DeliveryId],
) -> Result<(), OpError> {
    let mut seen: Vec<WorkspaceId> = Vec::new();
    for id in ids {
        let workspace = q.delivery(id)?.workspace_id;
        if !seen.contains(&workspace) {
            acting.require(q, &workspace, Act::Queue)?;
            seen.push(workspace);
        }
    }
    Ok(())
}

pub(in crate::ops) fn decide(
    known: &Known,
    event: Event,
    now: UtcMs,
) -> Result<Transition, OpError> {
    let state = known.delivery.state;
    step(state, &event, &known.facts, &Rules::default(), now)
        .map_err(|refused| refusal(&known.delivery, refused))
}

/// What the machine refused, naming the delivery.
pub(in crate::ops) fn refusal(delivery: &Delivery, refused: Refused) -> OpError {
    let mut error = OpError::in_two(code(refused), &refused.to_string());
    let what = error.what.trim_end_matches('.');
    error.what = format!("{what} ({} on @{}).", delivery.id, delivery.handle);
    error
}

fn code(refused: Refused) -> &'static str {
    match refused {
        Refused::InFlight => "in_flight",
        Refused::AlreadyLive => "already_live",
        Refused::IsDraft => "is_draft",
        Refused::IsScheduled => "is_scheduled",
        Refused::HasFailed => "has_failed",
        Refused::WasMissed => "was_missed",
        Refused::IsCancelled => "is_cancelled",
        Refused::Undecided => "undecided",
        Refused::NothingToDecide => "nothing_to_decide",
        Refused::Disconnected => "disconnected",
        Refused::Held => "held",
        Refused::NotDue => "not_due",
        Refused::TooLate => "too_late",
        Refused::NotLate => "not_late",
        Refused::NotSettled => "not_settled",
        Refused::NoKey => "no_key",
        Refused::SendBegan => "send_began",
        Refused::NoWayBack => "no_way_back",
    }
}

/// Carries out a transition a person asked for. Evidence and attempts are the
/// business of [`resolve()`](super::resolve()).
pub(in crate::ops) fn carry_out(
    tx: &Tx<'_>,
    acting: &Acting,
    delivery: &Delivery,
    transition: &Transition,
) -> Result<(), OpError> {
    let id = &delivery.id;
    for write in &transition.writes {
        match write {
            Write::RecordCancelled => tx.cancel_delivery(id, &acting.operator, acting.now)?,
            Write::ClearCancelled => tx.uncancel_delivery(id, transition.to)?,
            Write::DeriveKey => tx.drop_key(id)?,
            Write::ThawRequest => tx.thaw(id)?,
            Write::DueNow => {
                tx.set_time(id, &time_at(acting.now, &delivery.timezone), true)?;
            }
            Write::NewKey => tx.next_key(id)?,
            Write::RecordDecision(decision) => {
                tx.set_decision(id, Some((*decision, &acting.operator, acting.now)))?;
            }
            Write::ClearDecision => tx.set_decision(id, None)?,
            Write::Ask(ask) => tx.set_asked(id, Some(*ask))?,
            Write::OpenAttempt
            | Write::CloseAttempt(_)
            | Write::RecordEvidence
            | Write::RecordMissed
            | Write::RemoveDraft => {}
        }
    }
    if tx.delivery(id)?.state != transition.to {
        tx.move_delivery(id, transition.to)?;
    }
    Ok(())
}

impl Before {
    /// A delivery as it was before a step. What the act leaves is taken down
    /// when it is done.
    fn step(delivery: &Delivery) -> Self {
        Self {
            state: Some(delivery.state),
            ..Self::made(delivery)
        }
    }

    /// A delivery the act made: taking it back cancels it.
    pub fn made(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.clone(),
            state: None,
            due: delivery.due.0,
            civil: delivery.civil.clone(),
            timezone: delivery.timezone.clone(),
            send_now: delivery.send_now,
            text: delivery.text.clone(),
            only_on_time: Some(delivery.only_on_time),
            left: delivery.state,
            left_due: delivery.due.0,
            left_words: None,
        }
    }
}
