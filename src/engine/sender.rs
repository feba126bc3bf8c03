//! Sending one delivery: prepare, invisible steps, arm, the visible call, its
//! evidence. Each comment `C…` is a crash point of the design; what a crash
//! there leaves behind is in the tests.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::facts::{self, Known};
use super::material::{self, Material, Tokens};
use super::refresher::Fresh;
use super::{Inner, answers, clock, refresher, unsealed, uploads};
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::domain::machine::{Event, step};
use crate::networks::http::Uploaded;
use crate::networks::{Call, Net, Networked, Outcome, Publish, Session, Step, StepRecord};
use crate::store::attempts::Attempt;
use crate::store::{StoreError, Tx};
use crate::support::entropy::Entropy;
use crate::support::fault;
use crate::support::time::UtcMs;

/// An armed request that waited longer than this is not sent: whoever armed it
/// was asleep, and the world may have moved on.
const ARMED_FOR: Duration = Duration::from_secs(2);

/// What sending ended with, for the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It went out.
    Published,
    /// It stays where it is, for a reason that is written down.
    NotYet,
    /// Its outcome is open.
    Open,
    /// It failed or was missed.
    Ended,
}

/// Sends a due delivery, or repeats one whose answer was lost.
///
/// # Errors
/// When the store fails or the role was lost; then nothing was sent that is
/// not written down.
pub async fn send(inner: &Arc<Inner>, id: &DeliveryId) -> Result<Sent, StoreError> {
    let Some(material) = ready(inner, id).await? else {
        return Ok(Sent::NotYet);
    };
    let known = &material.known;
    let session = match &material.tokens {
        Tokens::Open(session) => session,
        Tokens::Sealed(login) => {
            unsealed::hold(inner, login).await?;
            return Ok(Sent::NotYet);
        }
        Tokens::None => return Ok(Sent::NotYet),
    };
    let (networked, net) = inner.network(known.channel.kind.network())?;
    fault::point("C1.after");
    let key = material::key_of(inner, &*networked, known);
    let mut publish = material.publish(inner, &key);
    let cannot_answer = known.delivery.after_id.is_some()
        && publish.reply_to.is_none()
        && publish.rendered.is_none();
    let send = Send {
        inner,
        known,
        networked: &*networked,
        net: &net,
        session,
        key: &key,
    };
    let begun = known
        .attempt
        .as_ref()
        .is_some_and(|attempt| !attempt.steps.is_empty());
    if !begun
        && !cannot_answer
        && let Step::Visible(call) = networked.next(&publish, &[])
    {
        // Nothing comes before it: one commit prepares and arms.
        fault::point("C2.after");
        return send.visible(None, &publish, &call).await;
    }
    let attempt = send.prepare().await?;
    fault::point("C2.after");
    if cannot_answer {
        let refused = Outcome::Refused(answers::nothing_to_answer());
        return answers::before_arm(inner, known, &attempt, refused).await;
    }
    let mut steps: Vec<StepRecord> = attempt
        .steps
        .iter()
        .map(|(name, handle)| StepRecord {
            name: name.clone(),
            handle: handle.clone(),
        })
        .collect();
    loop {
        publish.now = inner.now();
        match networked.next(&publish, &steps) {
            Step::Invisible(call) => match send.run(&net, &publish, &call).await {
                Outcome::Recorded { handle } => {
                    record_step(inner, &attempt, &call, &handle).await?;
                    fault::point("C3.after");
                    steps.push(StepRecord {
                        name: call.name,
                        handle,
                    });
                }
                other => return answers::before_arm(inner, known, &attempt, other).await,
            },
            Step::PollAfter(until, call) => {
                inner.parts.clock.sleep_until(until).await;
                match networked.run(&net, session, &publish, &call).await {
                    Outcome::Recorded { handle } => {
                        record_step(inner, &attempt, &call, &handle).await?;
                        fault::point("C3.after");
                        steps.push(StepRecord {
                            name: call.name,
                            handle,
                        });
                    }
                    // Still at work: `next` says when to ask again.
                    Outcome::Accepted { .. } => {}
                    other => return answers::before_arm(inner, known, &attempt, other).await,
                }
            }
            Step::Visible(call) => {
                return send.visible(Some(&attempt), &publish, &call).await;
            }
            Step::Done(remote) => {
                return answers::found_done(inner, known, &attempt, remote).await;
            }
            Step::Refused(refusal) => {
                return answers::before_arm(inner, known, &attempt, Outcome::Refused(refusal))
                    .await;
            }
        }
    }
}

/// A delivery that may be sent now, with everything it needs; `None` when it may
/// not. What follows then is planned.
async fn ready(inner: &Arc<Inner>, id: &DeliveryId) -> Result<Option<Material>, StoreError> {
    let Some(material) = material::read(inner, id).await? else {
        return Ok(None);
    };
    // Put off or held since it was found to be due.
    let now = inner.now();
    let (delivery, can_send) = (&material.known.delivery, material.known.facts.can_send);
    if delivery.state == State::Scheduled
        && (!can_send || delivery.next_attempt_at.is_some_and(|at| at > now))
    {
        return Ok(None);
    }
    let material = match refresher::freshen(inner, &material.known).await? {
        Fresh::AsItIs => material,
        // The proof may have changed the epoch and the tokens.
        Fresh::Renewed => match material::read(inner, id).await? {
            Some(material) => material,
            None => return Ok(None),
        },
        Fresh::No => return Ok(None),
    };
    let state = material.known.delivery.state;
    let sendable = matches!(state, State::Scheduled | State::Unknown);
    Ok(Some(material).filter(|one| sendable && one.known.facts.can_send))
}

/// One send under way.
struct Send<'a> {
    inner: &'a Arc<Inner>,
    known: &'a Known,
    networked: &'a dyn Networked,
    net: &'a Net,
    session: &'a Session,
    key: &'a str,
}

impl Send<'_> {
    /// Arms (C4), sends (C5) and records the answer (C6). Without an attempt it
    /// is prepared with the same commit.
    async fn visible(
        &self,
        attempt: Option<&Attempt>,
        publish: &Publish,
        call: &Call,
    ) -> Result<Sent, StoreError> {
        let inner = self.inner;
        // Set while this was prepared, the clock may say that it is due too early.
        if clock::watch(inner).await? {
            return Ok(Sent::NotYet);
        }
        let armed_at = inner.parts.clock.boot();
        let attempt = match self.arm(attempt, call).await {
            Ok(attempt) => attempt,
            // A hold, a pause or another publisher came first: nothing was sent.
            Err(StoreError::Stale(_)) => return Ok(Sent::NotYet),
            Err(error) => return Err(error),
        };
        fault::point("C4.after");
        // The client looks at the limit last, with the connection at hand (C5): it
        // may wait for a place or a connection, and a process may be stopped.
        let leaves_by = if inner.parts.rules.late_send {
            Duration::MAX
        } else {
            armed_at + ARMED_FOR * inner.parts.clock.factor().max(1)
        };
        let outcome = if inner.parts.clock.boot() > leaves_by {
            answers::slept_while_armed()
        } else {
            let publish = Publish {
                rendered: Some(call.rendered.clone()),
                ..publish.clone()
            };
            let net = Net {
                http: self.net.http.starting_by(leaves_by),
                ..self.net.clone()
            };
            fault::point("C5.before");
            self.run(&net, &publish, call).await
        };
        fault::point("C6.before");
        let sent = answers::record(inner, self.known, &attempt, outcome).await?;
        fault::point("C7.after");
        Ok(sent)
    }

    /// Makes one call; how far its file is, is noted meanwhile.
    async fn run(&self, net: &Net, publish: &Publish, call: &Call) -> Outcome {
        let uploaded = Uploaded::default();
        let net = Net {
            uploaded: Some(uploaded.clone()),
            ..net.clone()
        };
        let made = self.networked.run(&net, self.session, publish, call);
        let id = &self.known.delivery.id;
        uploads::noted(self.inner, id, (publish, call), &uploaded, made).await
    }

    async fn prepare(&self) -> Result<Attempt, StoreError> {
        let (intent, now) = (self.intent()?, self.inner.now());
        let store = &self.inner.parts.store;
        store.write(move |tx| intent.prepare(tx, now)).await
    }

    async fn arm(&self, attempt: Option<&Attempt>, call: &Call) -> Result<Attempt, StoreError> {
        let (intent, now) = (self.intent()?, self.inner.now());
        let hash: String = Sha256::digest(call.rendered.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let parts = &self.inner.parts;
        let (timing, rules) = (parts.timing.clone(), parts.rules);
        let (class, without_token) = (self.known.facts.class, self.known.facts.readable);
        let (attempt, rendered) = (attempt.cloned(), call.rendered.clone());
        parts
            .store
            .write(move |tx| {
                let known = facts::read(
                    tx,
                    &intent.delivery,
                    class,
                    without_token,
                    &timing,
                    &rules,
                    now,
                )?;
                let event = if known.delivery.state == State::Unknown {
                    Event::Resend
                } else {
                    Event::Arm
                };
                if step(known.delivery.state, &event, &known.facts, &rules, now).is_err() {
                    return Err(StoreError::Stale("The delivery"));
                }
                let attempt = match attempt {
                    Some(attempt) => attempt,
                    None => intent.prepare(tx, now)?,
                };
                tx.arm(
                    &attempt,
                    intent.term,
                    intent.epoch,
                    &rendered,
                    &hash,
                    &rules,
                    now,
                )?;
                Ok(attempt)
            })
            .await
    }

    fn intent(&self) -> Result<Intent, StoreError> {
        Ok(Intent {
            term: self.inner.term()?,
            delivery: self.known.delivery.id.clone(),
            epoch: self.known.channel.epoch,
            generation: self.known.channel.token.generation,
            key: self.key.to_owned(),
            entropy: self.inner.parts.entropy.clone(),
        })
    }
}

/// What an intent is fenced by.
struct Intent {
    term: i64,
    delivery: DeliveryId,
    epoch: i64,
    generation: i64,
    key: String,
    entropy: Entropy,
}

impl Intent {
    fn prepare(&self, tx: &Tx<'_>, now: UtcMs) -> Result<Attempt, StoreError> {
        tx.prepare(
            &self.delivery,
            self.term,
            self.epoch,
            self.generation,
            &self.key,
            now,
            &self.entropy,
        )
    }
}

async fn record_step(
    inner: &Arc<Inner>,
    attempt: &Attempt,
    call: &Call,
    handle: &str,
) -> Result<(), StoreError> {
    let now = inner.now();
    let (attempt, name, handle) = (attempt.id.clone(), call.name.clone(), handle.to_owned());
    inner
        .parts
        .store
        .write(move |tx| tx.add_step(&attempt, &name, &handle, now))
        .await
}
