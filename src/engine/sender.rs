//! Sending one delivery: prepare, invisible steps, arm, the visible call, its
//! evidence. Each comment `C…` is a crash point of the design; what a crash
//! there leaves behind is in the tests.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::facts::{self, Known};
use super::{Inner, answers, clock, refresher, uploads};
use crate::domain::delivery::State;
use crate::domain::ids::DeliveryId;
use crate::domain::machine::{Event, step};
use crate::networks::http::Uploaded;
use crate::networks::{
    Call, MediaItem, Net, Networked, Outcome, Publish, ReplyTo, Session, Step, StepRecord,
};
use crate::store::attempts::Attempt;
use crate::store::{StoreError, content::StoredMedia};
use crate::support::fault;

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
    let Some(known) = known(inner, id).await? else {
        return Ok(Sent::NotYet);
    };
    // Put off or held since it was found to be due.
    let now = inner.now();
    if known.delivery.state == State::Scheduled
        && (!known.facts.can_send || known.delivery.next_attempt_at.is_some_and(|at| at > now))
    {
        return Ok(Sent::NotYet);
    }
    let (networked, net) = inner.network(known.channel.kind.network())?;
    let Some(session) = refresher::ready_session(inner, &known).await? else {
        return Ok(Sent::NotYet);
    };

    // The proof may have changed the epoch: read again, then prepare (C2).
    let Some(known) = self::known(inner, id).await? else {
        return Ok(Sent::NotYet);
    };
    if !matches!(known.delivery.state, State::Scheduled | State::Unknown) || !known.facts.can_send {
        return Ok(Sent::NotYet);
    }
    fault::point("C1.after");
    let key = key_of(inner, &*networked, &known);
    let attempt = prepare(inner, &known, &key).await?;
    fault::point("C2.after");
    let mut publish = publish(inner, &known, &key).await?;
    if known.delivery.after_id.is_some() && publish.reply_to.is_none() && publish.rendered.is_none()
    {
        let refused = Outcome::Refused(answers::nothing_to_answer());
        return answers::before_arm(inner, &known, &attempt, refused).await;
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
            Step::Invisible(call) => {
                match run(inner, &known, &*networked, &net, &session, &publish, &call).await {
                    Outcome::Recorded { handle } => {
                        record_step(inner, &attempt, &call, &handle).await?;
                        fault::point("C3.after");
                        steps.push(StepRecord {
                            name: call.name,
                            handle,
                        });
                    }
                    other => return answers::before_arm(inner, &known, &attempt, other).await,
                }
            }
            Step::PollAfter(until, call) => {
                inner.parts.clock.sleep_until(until).await;
                match networked.run(&net, &session, &publish, &call).await {
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
                    other => return answers::before_arm(inner, &known, &attempt, other).await,
                }
            }
            Step::Visible(call) => {
                return visible(
                    inner,
                    known,
                    &attempt,
                    &*networked,
                    &net,
                    &session,
                    &publish,
                    &call,
                )
                .await;
            }
            Step::Done(remote) => {
                return answers::found_done(inner, &known, &attempt, remote).await;
            }
            Step::Refused(refusal) => {
                return answers::before_arm(inner, &known, &attempt, Outcome::Refused(refusal))
                    .await;
            }
        }
    }
}

/// Arms (C4), sends (C5) and records the answer (C6).
#[allow(
    clippy::too_many_arguments,
    reason = "everything that was prepared meets here once"
)]
async fn visible(
    inner: &Arc<Inner>,
    known: Known,
    attempt: &Attempt,
    networked: &dyn Networked,
    net: &Net,
    session: &Session,
    publish: &Publish,
    call: &Call,
) -> Result<Sent, StoreError> {
    // Set while this was prepared, the clock may say that it is due too early.
    if clock::watch(inner).await? {
        return Ok(Sent::NotYet);
    }
    let armed_at = inner.parts.clock.boot();
    match arm(inner, &known, attempt, call).await {
        Ok(()) => {}
        // A hold, a pause or another publisher came first: nothing was sent.
        Err(StoreError::Stale(_)) => return Ok(Sent::NotYet),
        Err(error) => return Err(error),
    }
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
            http: net.http.starting_by(leaves_by),
            ..net.clone()
        };
        fault::point("C5.before");
        run(inner, &known, networked, &net, session, &publish, call).await
    };
    fault::point("C6.before");
    let sent = answers::record(inner, &known, attempt, outcome).await?;
    fault::point("C7.after");
    Ok(sent)
}

/// Makes one call; how far its file is, is noted meanwhile.
async fn run(
    inner: &Arc<Inner>,
    known: &Known,
    networked: &dyn Networked,
    net: &Net,
    session: &Session,
    publish: &Publish,
    call: &Call,
) -> Outcome {
    let uploaded = Uploaded::default();
    let net = Net {
        uploaded: Some(uploaded.clone()),
        ..net.clone()
    };
    let made = networked.run(&net, session, publish, call);
    uploads::noted(inner, &known.delivery.id, (publish, call), &uploaded, made).await
}

async fn known(inner: &Arc<Inner>, id: &DeliveryId) -> Result<Option<Known>, StoreError> {
    let now = inner.now();
    let (timing, rules) = (inner.parts.timing.clone(), inner.parts.rules);
    let networks = Arc::clone(&inner.parts.networks);
    let id = id.clone();
    inner
        .parts
        .store
        .read(move |q| {
            let channel = q.channel(&q.delivery(&id)?.channel_id)?;
            let Some((networked, _)) = networks.get(channel.kind.network()) else {
                return Ok(None);
            };
            let descriptor = networked.descriptor();
            facts::read(
                q,
                &id,
                descriptor.outcome,
                descriptor.lookup_needs_no_token,
                &timing,
                &rules,
                now,
            )
            .map(Some)
        })
        .await
}

fn key_of(inner: &Inner, networked: &dyn Networked, known: &Known) -> String {
    let delivery = &known.delivery;
    let fresh_each_time = inner.parts.rules.new_key_per_attempt && delivery.ever_armed;
    match &delivery.idem_key {
        Some(key) if !fresh_each_time => key.clone(),
        _ => {
            let number = delivery.key_number
                + if fresh_each_time {
                    delivery.attempt_no
                } else {
                    0
                };
            // A key may carry the time: the parts of a thread keep their order.
            let after_first = u64::from(delivery.part_no.saturating_sub(1));
            let due = delivery.due.plus(Duration::from_millis(after_first));
            networked.key(delivery.id.as_str(), due, number)
        }
    }
}

async fn prepare(inner: &Arc<Inner>, known: &Known, key: &str) -> Result<Attempt, StoreError> {
    let (term, now) = (inner.term()?, inner.now());
    let (id, key, entropy) = (
        known.delivery.id.clone(),
        key.to_owned(),
        inner.parts.entropy.clone(),
    );
    let (epoch, generation) = (known.channel.epoch, known.channel.token.generation);
    inner
        .parts
        .store
        .write(move |tx| tx.prepare(&id, term, epoch, generation, &key, now, &entropy))
        .await
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

async fn arm(
    inner: &Arc<Inner>,
    known: &Known,
    attempt: &Attempt,
    call: &Call,
) -> Result<(), StoreError> {
    let (term, now) = (inner.term()?, inner.now());
    let hash: String = Sha256::digest(call.rendered.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (timing, rules, class) = (
        inner.parts.timing.clone(),
        inner.parts.rules,
        known.facts.class,
    );
    let (attempt, rendered, epoch) = (attempt.clone(), call.rendered.clone(), known.channel.epoch);
    let without_token = known.facts.readable;
    inner
        .parts
        .store
        .write(move |tx| {
            let now_known = facts::read(
                tx,
                &attempt.delivery_id,
                class,
                without_token,
                &timing,
                &rules,
                now,
            )?;
            let event = if now_known.delivery.state == State::Unknown {
                Event::Resend
            } else {
                Event::Arm
            };
            if step(
                now_known.delivery.state,
                &event,
                &now_known.facts,
                &rules,
                now,
            )
            .is_err()
            {
                return Err(StoreError::Stale("The delivery"));
            }
            tx.arm(&attempt, term, epoch, &rendered, &hash, &rules, now)
        })
        .await
}

async fn publish(inner: &Arc<Inner>, known: &Known, key: &str) -> Result<Publish, StoreError> {
    let (delivery, channel) = (known.delivery.clone(), known.channel.clone());
    let (content, limits) = inner
        .parts
        .store
        .read(move |q| {
            let limits = q.server_limits(channel.kind.network(), &channel.server)?;
            Ok((q.content(&delivery)?, limits))
        })
        .await?;
    let directory = &inner.parts.media;
    let media = content
        .media
        .into_iter()
        .map(|one| item(directory, one))
        .collect();
    Ok(Publish {
        key: key.to_owned(),
        account: known.channel.remote_id.clone(),
        text: content.text,
        media,
        options: content.options,
        limits,
        reply_to: content
            .answers
            .map(|(root, parent)| ReplyTo { root, parent }),
        // A request that was frozen under another key is not this one.
        rendered: known
            .delivery
            .rendered
            .clone()
            .filter(|_| known.delivery.idem_key.as_deref() == Some(key)),
        now: inner.now(),
    })
}

fn item(directory: &std::path::Path, media: StoredMedia) -> MediaItem {
    MediaItem {
        path: directory.join(media.file),
        mime: media.mime,
        bytes: media.bytes,
        size: media.size,
        sha256: media.sha256,
        alt: media.alt,
    }
}

/// What a lookup needs: the same publish the send was made with.
///
/// # Errors
/// When the store fails.
pub async fn sent_publish(inner: &Arc<Inner>, known: &Known) -> Result<Publish, StoreError> {
    let key = known
        .attempt
        .as_ref()
        .map(|attempt| attempt.idem_key.clone())
        .unwrap_or_default();
    publish(inner, known, &key).await
}
