//! What a forecast of a coming post is made from.

use std::sync::Arc;

use super::super::posts::content::check;
use super::super::{Hub, OpError, publisher};
use super::channels::watch;
use crate::domain::channel::{Channel, Expiry};
use crate::domain::delivery::Delivery;
use crate::domain::forecast::{Access, Outlook, Sender};
use crate::domain::lamp::{REFRESH_LIMIT, Watch, access_end, proof_is_fresh};
use crate::domain::publisher::PublisherKind;
use crate::networks::registry::Registry;
use crate::store::Reads;
use crate::store::app_faults::APP_FAULT;
use crate::store::posts::Medium;
use crate::store::weather::WEATHER;
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// What a forecast is made from beside the store.
pub(super) struct Ground {
    networks: Arc<Registry>,
    watch: Watch,
    timing: Timing,
}

impl Ground {
    pub fn of(hub: &Hub) -> Self {
        Self {
            networks: Arc::clone(&hub.networks),
            watch: watch(hub),
            timing: hub.config.engine.clone(),
        }
    }

    /// What is known now of a post to come.
    pub fn outlook(&self, q: &Reads<'_>, one: &Delivery, now: UtcMs) -> Result<Outlook, OpError> {
        let channel = q.channel(&one.channel_id)?;
        let content = q.content(one)?;
        let media = match one.part_no {
            1 => q.media_of(&one.post_id)?,
            _ => Vec::new(),
        };
        let problems = check(
            q,
            &self.networks,
            &channel,
            &content.text,
            &media,
            &content.options,
        )?;
        let of_video = |one: &&Medium| one.mime.starts_with("video/");
        let videos = media.iter().filter(of_video).count();
        let publisher = publisher::view(q, &self.timing, now)?;
        let proof_is_fresh = proof_is_fresh(channel.last_proof_at, now, &self.watch);
        Ok(Outlook {
            due: one.due,
            zone: one.timezone.clone(),
            proof: channel.last_proof_at,
            proof_is_fresh,
            access: self.access(&channel),
            images: media.len() - videos,
            videos,
            problem: problems.into_iter().next().map(|problem| problem.what),
            sender: match (publisher.running, publisher.silent, publisher.kind) {
                (false, ..) => Sender::Nobody,
                (true, true, _) => Sender::Silent,
                (true, false, Some(PublisherKind::Screen)) => Sender::Screen,
                (true, false, _) => Sender::Daemon,
            },
            trouble: stands_still(q, one, now)?,
            now,
        })
    }

    fn access(&self, channel: &Channel) -> Access {
        let moved = self
            .networks
            .get(channel.kind.network())
            .is_some_and(|(network, _)| network.descriptor().moves_end(&channel.login_method));
        let failures = channel.token.refresh_failures;
        match access_end(channel) {
            Some(end) if !moved || failures >= REFRESH_LIMIT => Access::Ends(end),
            _ if failures > 0 => Access::Failing(failures),
            Some(_) => Access::Renewed,
            None if channel.token.grant_expiry == Expiry::Never => Access::Endless,
            None => Access::Unknown,
        }
    }
}

/// What keeps every post of its network, or of our app there, from going out.
pub(super) fn stands_still(
    q: &Reads<'_>,
    one: &Delivery,
    now: UtcMs,
) -> Result<Option<String>, OpError> {
    let channel = q.channel(&one.channel_id)?;
    let network = channel.kind.network();
    let waits_for_app = q.waits_for_app(&channel, now)?;
    Ok(q.incidents(true, u32::MAX)?
        .into_iter()
        .find(|incident| {
            incident.network == Some(network)
                && (incident.kind == WEATHER || (waits_for_app && incident.kind == APP_FAULT))
        })
        .map(|incident| incident.text))
}
