//! The watchdog (C7): what is late although nothing holds it opens one incident
//! that names what keeps it, and resolves it when that is over.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Inner;
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Channel;
use crate::domain::delivery::Delivery;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::notice::Severity;
use crate::store::incidents::{NewIncident, UNREACHED};
use crate::store::notices::NewNotice;
use crate::store::weather::WEATHER;
use crate::store::{Reads, StoreError};
use crate::support::time::UtcMs;

/// The kind of its incidents; the subject is workspace, network and what keeps
/// the posts.
const OVERDUE: &str = "overdue";

/// Opens and resolves incidents about overdue posts. Held posts are not its
/// business: the broken channel has its own incident, a pause was somebody's
/// wish; nor are posts that bad weather or an app at fault keeps, which have
/// theirs, or posts that wait for their turn in a paced catch-up.
///
/// # Errors
/// When the store fails.
pub async fn watch(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let now = inner.now();
    let before = now.minus(inner.parts.timing.watchdog_after);
    let seen = Seen::of(inner, now);
    let entropy = inner.parts.entropy.clone();
    inner
        .parts
        .store
        .write(move |tx| {
            // What is late is not known then, and that has its own incident.
            if tx.clock_in_doubt()? {
                return Ok(());
            }
            let mut late: BTreeMap<String, Late> = BTreeMap::new();
            for delivery in tx.overdue(before)? {
                let channel = tx.channel(&delivery.channel_id)?;
                let Some((keeps, reason)) = seen.keeps(tx, &delivery, &channel, before)? else {
                    continue;
                };
                let network = channel.kind.network().name();
                let subject = format!("{} {network} {}", channel.workspace_id, keeps.name());
                let one = late.entry(subject).or_insert_with(|| Late {
                    keeps,
                    reason,
                    delivery,
                    channel: channel.clone(),
                    channels: BTreeSet::new(),
                });
                one.channels.insert(channel.id);
            }
            // One that is being tried just now is neither late anew nor done.
            let mut under_way = seen.sending.clone();
            under_way.extend(tx.open_deliveries()?.into_iter().map(|one| one.channel_id));
            for incident in tx.incidents(true, u32::MAX)? {
                let over = !late.contains_key(&incident.subject)
                    && !incident.channels.iter().any(|one| under_way.contains(one));
                if incident.kind == OVERDUE && over {
                    tx.resolve_incident(OVERDUE, &incident.subject, now)?;
                }
            }
            for (subject, one) in &late {
                let known = tx.open_incident(OVERDUE, subject)?;
                let is_new = known.is_none();
                let text = one.text();
                let command = format!("allgreen post why {}", one.delivery.id);
                let incident = match known {
                    Some(known) => known,
                    None => {
                        let new = NewIncident {
                            kind: OVERDUE,
                            subject,
                            cause: one.keeps.name(),
                            network: Some(one.channel.kind.network()),
                            workspace_id: Some(&one.channel.workspace_id),
                            severity: Severity::Attention,
                            text: &text,
                            command: Some(&command),
                        };
                        tx.open_or_count(&new, now, &entropy)?.0
                    }
                };
                for channel in &one.channels {
                    tx.touch_incident(&incident, channel)?;
                }
                if is_new {
                    let notice = NewNotice {
                        workspace_id: Some(one.channel.workspace_id.clone()),
                        channel_id: Some(one.channel.id.clone()),
                        delivery_id: Some(one.delivery.id.clone()),
                        incident_id: Some(incident),
                        kind: OVERDUE,
                        text,
                        command: Some(command),
                    };
                    tx.add_notice(&notice, Severity::Attention, now, &entropy)?;
                }
            }
            Ok(())
        })
        .await
}

/// What keeps a post that nothing holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    /// The network said that it is asked too much.
    RateLimit,
    /// The network has trouble.
    Network,
    /// The login cannot be renewed.
    Login,
    /// The network refuses it, for something that is tried again.
    Refused,
    /// This machine's store fails on it.
    Store,
    /// Nobody got to it.
    Busy,
}

impl Keeps {
    fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Network => UNREACHED,
            Self::Login => "login",
            Self::Refused => "refused",
            Self::Store => "store",
            Self::Busy => "busy",
        }
    }
}

/// Late posts with one thing that keeps them.
struct Late {
    keeps: Keeps,
    reason: String,
    /// The first of them, and its channel.
    delivery: Delivery,
    channel: Channel,
    channels: BTreeSet<ChannelId>,
}

impl Late {
    fn text(&self) -> String {
        let name = self.channel.name();
        let reason = self.reason.trim_end_matches('.');
        match self.channels.len() {
            0 | 1 => format!("A post on {name} is late: {reason}"),
            n => format!(
                "Posts on {name} and {} more of {} are late: {reason}",
                n - 1,
                self.channel.kind.network().title()
            ),
        }
    }
}

/// What the memory of this process says.
struct Seen {
    /// Channels whose late posts wait for their turn.
    paced: HashSet<ChannelId>,
    /// Channels with a send under way.
    sending: HashSet<ChannelId>,
    /// Channels parked by a rate limit or a first refusal.
    parked: HashSet<ChannelId>,
    /// Deliveries the store failed on.
    put_off: HashSet<DeliveryId>,
    /// Since when nothing but the queue keeps posts.
    free_since: UtcMs,
    pause: std::time::Duration,
    now: UtcMs,
}

impl Seen {
    fn of(inner: &Inner, now: UtcMs) -> Self {
        let pause = inner.parts.timing.catch_up_spacing;
        let memory = inner.memory();
        // A pause of the pacing that is over excuses nothing any more.
        let paced = memory
            .caught_up
            .iter()
            .filter(|(_, (sent, _))| now.since(*sent) <= pause);
        Self {
            paced: paced.map(|(channel, _)| channel.clone()).collect(),
            sending: memory.sending.clone(),
            parked: memory.parked.keys().cloned().collect(),
            put_off: memory
                .put_off
                .keys()
                .map(|id| DeliveryId::from_stored(id.clone()))
                .collect(),
            free_since: memory.free_since,
            pause,
            now,
        }
    }

    /// What keeps this post and why, `None` when that is in order or said
    /// elsewhere.
    fn keeps(
        &self,
        q: &Reads<'_>,
        delivery: &Delivery,
        channel: &Channel,
        before: UtcMs,
    ) -> Result<Option<(Keeps, String)>, StoreError> {
        let turn_comes = self.paced.contains(&channel.id)
            || channel
                .last_published_at
                .is_some_and(|at| self.now.since(at) <= self.pause)
            || q.late_wait_until(&channel.id)?
                .is_some_and(|until| until > self.now);
        let network = channel.kind.network();
        if turn_comes
            || self.sending.contains(&channel.id)
            || q.open_incident(WEATHER, network.name())?.is_some()
            || q.waits_for_app(channel, self.now)?
        {
            return Ok(None);
        }
        if self.put_off.contains(&delivery.id) {
            let reason = "the store of this program fails; its log says how";
            return Ok(Some((Keeps::Store, reason.to_owned())));
        }
        if delivery.next_attempt_at.is_none() && !self.parked.contains(&channel.id) {
            // It waits behind an older one, which says what the trouble is.
            let live_from = self.now.minus(self.pause);
            if q.late_in_trouble(&channel.id, self.now, live_from)?
                .is_some()
            {
                return Ok(None);
            }
            // Never tried, and whoever publishes had the time to.
            let busy = self.free_since < before;
            let reason = "the publisher did not get to it".to_owned();
            return Ok(busy.then_some((Keeps::Busy, reason)));
        }
        let class = delivery.last_error.as_ref().map(|error| error.class);
        let said = delivery
            .last_error
            .as_ref()
            .and_then(|error| error.evidence.message.clone());
        let renewal = channel.token.last_refresh_error.clone();
        Ok(Some(match (class, renewal) {
            (Some(AnswerClass::RateLimited), _) => (
                Keeps::RateLimit,
                said.unwrap_or_else(|| format!("{} is asked too much", network.title())),
            ),
            (_, Some(error)) if q.renewal_meets_trouble(channel)? => (Keeps::Network, error),
            (_, Some(error)) => (Keeps::Login, error),
            (Some(AnswerClass::Transient), None) => (
                Keeps::Network,
                said.unwrap_or_else(|| format!("{} has trouble", network.title())),
            ),
            (Some(_), None) => (
                Keeps::Refused,
                said.unwrap_or_else(|| format!("{} refuses it", network.title())),
            ),
            (None, None) => (Keeps::Network, "no answer yet".to_owned()),
        }))
    }
}
