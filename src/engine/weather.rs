//! Network weather (A9): when enough logins of a network meet trouble of theirs,
//! it is them. One incident per network, no flips; what is due on a server in
//! trouble waits while one caller a minute looks whether it answers again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Inner, Place};
use crate::domain::ids::LoginId;
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::domain::weather::{Asked, Sign, sign};
use crate::networks::Refusal;
use crate::networks::registry::Registry;
use crate::store::incidents::NewIncident;
use crate::store::logins::Login;
use crate::store::notices::NewNotice;
use crate::store::weather::{Troubled, WEATHER};
use crate::store::{StoreError, Tx};
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// A server in bad weather.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Renewals and proofs meet trouble; otherwise only posts do.
    pub logins: bool,
    /// When somebody looks whether it answers again.
    pub look_at: UtcMs,
}

/// What is known of troubled servers while this process leads.
#[derive(Debug, Default)]
pub struct Known {
    /// Servers that met trouble not long ago, in bad weather or not.
    troubled: BTreeMap<Place, bool>,
    /// Those that rest.
    resting: BTreeMap<Place, Rest>,
}

/// Until when a server rests, and what for.
pub fn resting(inner: &Inner, place: &Place) -> Option<Rest> {
    inner.memory().weather.resting.get(place).copied()
}

/// Until when a post for this server waits. One that may go is the one that
/// looks whether the server takes posts again.
pub fn post_waits(inner: &Inner, place: &Place, now: UtcMs) -> Option<UtcMs> {
    let rest = resting(inner, place)?;
    // A proof says the same, and leaves no post of unknown outcome.
    if rest.logins || rest.look_at > now {
        return Some(rest.look_at.max(now));
    }
    took_turn(inner, place, now);
    None
}

fn took_turn(inner: &Inner, place: &Place, now: UtcMs) {
    let next = now.plus(inner.jittered(inner.parts.timing.weather_look));
    if let Some(rest) = inner.memory().weather.resting.get_mut(place) {
        rest.look_at = next;
    }
}

/// Logins whose turn it is to look whether their server answers again, with
/// their generations, and when the next turn comes.
///
/// # Errors
/// When the store cannot be read.
pub async fn scouts(
    inner: &Arc<Inner>,
    now: UtcMs,
) -> Result<(Vec<(LoginId, i64)>, UtcMs), StoreError> {
    let (mut turn, mut next) = (Vec::new(), UtcMs(i64::MAX));
    for (place, rest) in &inner.memory().weather.resting {
        if rest.logins && rest.look_at <= now {
            turn.push(place.clone());
        } else {
            next = next.min(rest.look_at.max(now));
        }
    }
    let mut scouts = Vec::new();
    for place in turn {
        took_turn(inner, &place, now);
        next = next.min(resting(inner, &place).map_or(next, |rest| rest.look_at));
        let found = inner
            .parts
            .store
            .read(move |q| q.scout(place.0, &place.1))
            .await?;
        scouts.extend(found);
    }
    Ok((scouts, next))
}

/// An answer that was not a success: is it trouble of theirs, or a sign of life?
///
/// # Errors
/// When the store fails.
pub async fn refused(
    inner: &Arc<Inner>,
    login: &Login,
    asked: Asked,
    refusal: &Refusal,
) -> Result<(), StoreError> {
    match sign(refusal.class) {
        Sign::Trouble => {}
        Sign::Answers => return answered(inner, login, asked).await,
        Sign::None => return Ok(()),
    }
    let place = (login.network, login.server.clone());
    let rests = resting(inner, &place).is_some();
    let (id, seen, server) = (login.id.clone(), refusal.clone(), login.server.clone());
    let network = login.network;
    let now = inner.now();
    judge(inner, move |tx, judge| {
        tx.trouble_met(&id, asked, network, &server, now)?;
        if rests {
            tx.trouble_lasts(network, &server, now)?;
        }
        judge.network(tx, network, Some(&seen))
    })
    .await
}

/// The server answered, well or with a plain refusal.
///
/// # Errors
/// When the store fails.
pub async fn answered(inner: &Arc<Inner>, login: &Login, asked: Asked) -> Result<(), StoreError> {
    let place = (login.network, login.server.clone());
    let about = inner.memory().weather.troubled.get(&place).copied();
    match (about, asked) {
        (None, _) | (Some(false), Asked::Login) => return Ok(()),
        (Some(_), Asked::Post) | (Some(true), Asked::Login) => {}
    }
    judge(inner, move |tx, judge| {
        tx.trouble_over(place.0, &place.1, asked)?;
        judge.network(tx, place.0, None)
    })
    .await?;
    inner.wake.notify_one();
    Ok(())
}

/// Judges every network anew: what is too old to say anything is forgotten.
///
/// # Errors
/// When the store fails.
pub async fn watch(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let nothing = inner.memory().weather.troubled.is_empty();
    if nothing {
        let since = inner.now().minus(inner.parts.timing.weather_window);
        let store = &inner.parts.store;
        let known = store.read(move |q| {
            let open = q.incidents(true, u32::MAX)?;
            let open = open.iter().any(|incident| incident.kind == WEATHER);
            Ok(open || !q.troubled_servers(since)?.is_empty())
        });
        if !known.await? {
            return Ok(());
        }
    }
    judge(inner, |tx, judge| {
        for network in Network::ALL {
            judge.network(tx, *network, None)?;
        }
        Ok(())
    })
    .await
}

/// Writes what `note` notes, and keeps in mind which servers rest after it.
async fn judge(
    inner: &Arc<Inner>,
    note: impl FnOnce(&Tx<'_>, &Judge) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let judge = Judge {
        networks: Arc::clone(&inner.parts.networks),
        timing: inner.parts.timing.clone(),
        entropy: inner.parts.entropy.clone(),
        now: inner.now(),
    };
    let look = judge.timing.weather_look;
    let (servers, bad) = inner
        .parts
        .store
        .write(move |tx| {
            note(tx, &judge)?;
            let since = judge.now.minus(judge.timing.weather_window);
            let servers = tx.troubled_servers(since)?;
            let mut bad = Vec::new();
            for network in Network::ALL {
                if tx.open_incident(WEATHER, network.name())?.is_some() {
                    bad.push(*network);
                }
            }
            Ok((servers, bad))
        })
        .await?;
    let mut memory = inner.memory();
    let known = std::mem::take(&mut memory.weather);
    for Troubled {
        network,
        server,
        logins,
        last,
    } in servers
    {
        let place = (network, server);
        if bad.contains(&network) {
            // A look that is planned stays planned.
            let look_at = known
                .resting
                .get(&place)
                .map_or(last.plus(look), |rest| rest.look_at);
            let rest = Rest { logins, look_at };
            memory.weather.resting.insert(place.clone(), rest);
        }
        memory.weather.troubled.insert(place, logins);
    }
    Ok(())
}

/// What a judgement is made with.
struct Judge {
    networks: Arc<Registry>,
    timing: Timing,
    entropy: crate::support::entropy::Entropy,
    now: UtcMs,
}

impl Judge {
    /// Opens or resolves the incident of a network.
    fn network(
        &self,
        tx: &Tx<'_>,
        network: Network,
        seen: Option<&Refusal>,
    ) -> Result<(), StoreError> {
        let since = self.now.minus(self.timing.weather_window);
        let open = tx.open_incident(WEATHER, network.name())?.is_some();
        let bad = tx.sky(network, since)?.bad();
        if bad == open {
            return Ok(());
        }
        if !bad {
            tx.resolve_incident(WEATHER, network.name(), self.now)?;
            let text = format!("{} is itself again: what waited goes out", network.title());
            return self.say(tx, "weather_over", text, None, Severity::Info);
        }
        let text = self.words(tx, network, seen)?;
        let new = NewIncident {
            kind: WEATHER,
            subject: network.name(),
            cause: "transient",
            network: Some(network),
            workspace_id: None,
            severity: Severity::Attention,
            text: &text,
            command: Some("allgreen incident list"),
        };
        let (incident, _) = tx.open_or_count(&new, self.now, &self.entropy)?;
        self.say(tx, WEATHER, text, Some(incident), Severity::Attention)
    }

    fn say(
        &self,
        tx: &Tx<'_>,
        kind: &'static str,
        text: String,
        incident_id: Option<crate::domain::ids::IncidentId>,
        severity: Severity,
    ) -> Result<(), StoreError> {
        let notice = NewNotice {
            incident_id,
            kind,
            text,
            command: Some("allgreen incident list".to_owned()),
            ..NewNotice::default()
        };
        tx.add_notice(&notice, severity, self.now, &self.entropy)?;
        Ok(())
    }

    fn words(
        &self,
        tx: &Tx<'_>,
        network: Network,
        seen: Option<&Refusal>,
    ) -> Result<String, StoreError> {
        let since = self.now.minus(self.timing.weather_window);
        let mut servers = tx.troubled_servers(since)?;
        servers.retain(|one| one.network == network);
        let descriptor = self.networks.get(network).map(|(one, _)| one.descriptor());
        let mut page = descriptor.and_then(|one| one.status_page.map(str::to_owned));
        let mut who = network.title().to_owned();
        if let [only] = servers.as_slice() {
            let host = only.server.split_once("://").map_or("", |(_, host)| host);
            let default = descriptor.map_or("", |one| one.default_server);
            if !host.is_empty() && only.server != default {
                who = format!("{who} ({host})");
            }
            let told = tx.server_limits(network, &only.server)?.status_page;
            page = told.or(page);
        }
        let status = seen.and_then(|refusal| refusal.evidence.http_status);
        let what = match status {
            Some(status) => format!("{who} has trouble (HTTP {status}): it is them, not you"),
            None => format!("{who} cannot be reached from here"),
        };
        let page = page.map_or_else(String::new, |page| format!(" Their status: {page}"));
        Ok(format!(
            "{what}. No channel is to blame; posts wait and go out by themselves.{page}"
        ))
    }
}
