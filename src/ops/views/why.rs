//! Did it go out, will it, and why: one plain dated sentence, and its story.

use super::super::time::civil;
use super::super::{Hub, OpError};
use super::ground::{Ground, stands_still};
use super::queue::{DeliveryView, delivery_view};
use crate::domain::answer::AnswerClass;
use crate::domain::delivery::{Blocker, Shown};
use crate::domain::forecast::{Sure, forecast};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::role::Act;
use crate::domain::when::zone_name;
use crate::engine::process::is_alive;
use crate::store::Reads;
use crate::store::clock::DOUBT;
use crate::store::queue::QueueQuery;
use crate::support::time::UtcMs;

/// The answer and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The delivery.
    pub delivery: DeliveryView,
    /// In one word: `went_out`, `will_go_out`, `held`, `not_known_yet`,
    /// `failed`, `missed`, `nobody_knows`, `cancelled` or `draft`.
    pub verdict: &'static str,
    /// In one sentence.
    pub sentence: String,
    /// What happened to it, oldest first.
    pub events: Vec<(UtcMs, String)>,
}

/// Did this delivery go out, will it, and why.
///
/// # Errors
/// When it is unknown or not the operator's to see.
pub async fn why(hub: &Hub, id: &DeliveryId) -> Result<Why, OpError> {
    let (id, ground) = (id.clone(), Ground::of(hub));
    hub.look(move |q, acting| {
        let delivery = q.delivery(&id)?;
        acting.require(q, &delivery.workspace_id, Act::Look)?;
        let view = delivery_view(q, delivery, acting.now)?;
        told(q, &ground, view, acting.now)
    })
    .await
}

/// The same for the delivery of a channel that was due nearest to `at`.
///
/// # Errors
/// When the channel has none, or is not the operator's to see.
pub async fn why_at(hub: &Hub, channel: &ChannelId, at: UtcMs) -> Result<Why, OpError> {
    let (channel, ground) = (channel.clone(), Ground::of(hub));
    hub.look(move |q, acting| {
        let owner = q.channel(&channel)?;
        acting.require(q, &owner.workspace_id, Act::Look)?;
        let query = QueueQuery {
            channel: Some(channel),
            ..QueueQuery::default()
        };
        let nearest = q
            .deliveries(&query)?
            .into_iter()
            .min_by_key(|one| one.due.0.abs_diff(at.0));
        match nearest {
            Some(delivery) => {
                let view = delivery_view(q, delivery, acting.now)?;
                told(q, &ground, view, acting.now)
            }
            None => Err(OpError::not_found(
                format!("{} has no posts.", owner.name()),
                "List posts with: allgreen post list",
            )),
        }
    })
    .await
}

fn told(q: &Reads<'_>, ground: &Ground, view: DeliveryView, now: UtcMs) -> Result<Why, OpError> {
    let (verdict, sentence) = sentence(q, ground, &view, now)?;
    Ok(Why {
        events: events(q, &view)?,
        verdict,
        sentence,
        delivery: view,
    })
}

fn sentence(
    q: &Reads<'_>,
    ground: &Ground,
    view: &DeliveryView,
    now: UtcMs,
) -> Result<(&'static str, String), OpError> {
    let one = &view.delivery;
    let place = format!("@{}", one.handle);
    let at = |at: UtcMs| format!("{} {}", civil(at, &one.timezone), zone_name(&one.timezone));
    let due = at(one.due);
    let reason = one
        .last_error
        .as_ref()
        .map(|error| {
            let said = error.evidence.message.as_deref();
            let said = said.unwrap_or(error.class.name());
            format!(" ({})", said.trim_end_matches('.'))
        })
        .unwrap_or_default();
    Ok(match view.shown {
        Shown::Draft => (
            "draft",
            format!("It is a draft for {place}: it will not go out until it is scheduled."),
        ),
        Shown::Scheduled => {
            let stands = match view.late_by {
                Some(_) => stands_still(q, one, now)?,
                None => None,
            };
            let will = match (one.next_attempt_at, view.late_by) {
                (None, None) => {
                    let said = forecast(&ground.outlook(q, one, now)?);
                    let what = match said.sure {
                        Sure::No => "It is due",
                        Sure::Yes | Sure::Probably => "It will go out",
                    };
                    let text = format!(
                        "{}. {what} on {place} at {due}. {}",
                        said.sure.word(),
                        said.facts
                    );
                    return Ok(("will_go_out", text));
                }
                _ if stands.is_some() => format!(
                    "It was due {due} and waits, as everything there does: {}",
                    stands.as_deref().unwrap_or_default().trim_end_matches('.')
                ),
                (Some(next), _) => format!(
                    "It will go out on {place}: due {due}, the last try did not get through{reason}, the next one is at {}",
                    at(next)
                ),
                (None, Some(_)) => {
                    format!("It was due {due} and will go out on {place} as soon as it is its turn")
                }
            };
            ("will_go_out", format!("{will}{}.", but_nobody(q)?))
        }
        Shown::Held => ("held", held(q, view, &place, &due)?),
        Shown::Sending => (
            "not_known_yet",
            format!("It is on its way to {place} right now; it was due {due}."),
        ),
        Shown::Confirming => (
            "not_known_yet",
            format!(
                "It was sent to {place} and the answer was lost or is not final{reason}; the network is being asked what became of it, and nothing is sent again before that is known."
            ),
        ),
        Shown::Published => {
            let when = one.published_at.map_or(due.clone(), at);
            let link = one
                .permalink
                .as_ref()
                .map(|link| format!(": {link}"))
                .unwrap_or_default();
            (
                "went_out",
                format!("It went out on {place} at {when}{link}."),
            )
        }
        // What ended without their answer was not refused.
        Shown::Failed => {
            let error = one.last_error.as_ref();
            let lost = error.filter(|error| error.class == AnswerClass::Transient);
            let why = match lost.and_then(|error| error.evidence.message.as_deref()) {
                Some(said) => said.trim_end_matches('.').to_owned(),
                None => format!("the network refused it{reason}"),
            };
            (
                "failed",
                format!("It did not go out on {place}: {why}. It was due {due}."),
            )
        }
        Shown::Missed => (
            "missed",
            format!(
                "It did not go out on {place}: it was due {due} and could not be sent within the lateness limit of {}.",
                view.workspace_slug
            ),
        ),
        Shown::NeedsDecision => (
            "nobody_knows",
            format!(
                "It was sent to {place} for {due} and nobody can tell whether it is live{reason}. Look at the profile and decide."
            ),
        ),
        Shown::Cancelled => {
            let by = match &one.cancelled_by {
                Some(by) => q.person(by)?.name,
                None => "somebody".into(),
            };
            let when = one
                .cancelled_at
                .map_or_else(String::new, |when| format!(" at {}", at(when)));
            (
                "cancelled",
                format!("It will not go out on {place}: {by} cancelled it{when}."),
            )
        }
    })
}

/// What a promise depends on while no process publishes.
fn but_nobody(q: &Reads<'_>) -> Result<&'static str, OpError> {
    let running = q.latest_term()?.is_some_and(|term| {
        term.ended_at.is_none() && is_alive(term.pid, term.pid_start, &term.boot_id)
    });
    Ok(if running {
        ""
    } else {
        ", once somebody publishes: nobody does now (start allgreen daemon)"
    })
}

fn held(q: &Reads<'_>, view: &DeliveryView, place: &str, due: &str) -> Result<String, OpError> {
    let channel = q.channel(&view.delivery.channel_id)?;
    let zone = zone_name(&view.delivery.timezone);
    Ok(match view.blocker {
        Some(Blocker::ChannelDisconnected) => format!(
            "It is held: {place} cannot publish since {} {zone} ({}). It keeps its time, {due}.",
            civil(channel.status_since, zone),
            channel.cause.words()
        ),
        Some(Blocker::Paused) => {
            let by = match &channel.paused_by {
                Some(by) => q.person(by)?.name,
                None => "somebody".into(),
            };
            format!("It is held: {by} paused {place}. It keeps its time, {due}.")
        }
        Some(Blocker::EarlierPart) => match q.stuck_before(&view.delivery)? {
            Some(earlier) => format!(
                "It is held: part {} of its thread, {}, is {} and it follows that one on {place}. It was due {due}.",
                earlier.part_no,
                earlier.id,
                earlier.state.name().replace('_', " ")
            ),
            None => {
                format!("It is held by an earlier part of its thread. It keeps its time, {due}.")
            }
        },
        Some(Blocker::ClockSuspect) => {
            let clock = q.incidents(true, 1000)?;
            let clock = clock.into_iter().find(|one| one.kind == DOUBT);
            let why = clock.map_or_else(|| "the clock is in doubt".into(), |one| one.text);
            format!("It is held. {why}. It keeps its time, {due}.")
        }
        Some(other) => format!("It is held ({}). It keeps its time, {due}.", other.words()),
        None => format!("It is held. It keeps its time, {due}."),
    })
}

fn events(q: &Reads<'_>, view: &DeliveryView) -> Result<Vec<(UtcMs, String)>, OpError> {
    let one = &view.delivery;
    let name = |id| q.person(id).map(|person| person.name);
    let mut events = vec![(
        one.created_at,
        format!("Written by {}.", name(&one.created_by)?),
    )];
    for (at, kind, evidence) in q.verdicts(&one.id)? {
        let what = match kind.as_str() {
            "published" => "Live at the network",
            "accepted" => "The network took it and works on it",
            "refused" => "The network refused it",
            "not_processed" => "Not processed by the network",
            "unclear" => "The answer was lost",
            "absent" => "Looked for it: not there",
            "unreadable" => "Looked for it: the network could not be read",
            "different" => "Looked for it: something else is there",
            "interrupted" => "Interrupted while sending",
            _ => "Decided by a person",
        };
        let mut facts: Vec<String> = Vec::new();
        facts.extend(evidence.http_status.map(|status| format!("HTTP {status}")));
        facts.extend(evidence.network_code);
        let said = evidence.message.as_deref();
        facts.extend(said.map(|said| said.trim_end_matches('.').to_owned()));
        events.push((
            at,
            if facts.is_empty() {
                format!("{what}.")
            } else {
                format!("{what}: {}.", facts.join(", "))
            },
        ));
    }
    if let (Some(at), Some(by)) = (one.cancelled_at, &one.cancelled_by) {
        events.push((at, format!("Cancelled by {}.", name(by)?)));
    }
    if let Some(link) = &one.permalink {
        events.push((
            one.published_at.unwrap_or(one.created_at),
            format!("Link: {link}"),
        ));
    }
    events.sort_by_key(|(at, _)| *at);
    Ok(events)
}
