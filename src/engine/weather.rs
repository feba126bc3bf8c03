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
        // What no call saw was made here, as when this process slept.
        _ if refusal.evidence.seen_by.is_none() => return Ok(()),
        Sign::Trouble => {}
        Sign::Answers => return answered(inner, login, asked).await,
        Sign::None => return Ok(()),
    }
    let place = (login.network, login.server.clone());
    let rests = resting(inner, &place).is_some();
    let (id, server) = (login.id.clone(), login.server.clone());
    let network = login.network;
    let now = inner.now();
    judge(inner, place, Some(refusal.clone()), move |tx| {
        tx.trouble_met(&id, asked, network, &server, now)?;
        if rests {
            tx.trouble_lasts(network, &server, now)?;
        }
        Ok(())
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
    let (network, server) = place.clone();
    judge(inner, place, None, move |tx| {
        tx.trouble_over(network, &server, asked)
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
    look_around(inner).await
}

/// What was judged: whether the weather turned, and how one server stands.
struct Judged {
    turned: bool,
    bad: bool,
    server: Option<Troubled>,
}

/// Writes what `note` notes of one server, judges its network, and keeps in mind
/// how the server stands. Only when the weather turned all servers are read.
async fn judge(
    inner: &Arc<Inner>,
    place: Place,
    seen: Option<Refusal>,
    note: impl FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let judge = Judge::of(inner);
    let at = place.clone();
    let write = move |tx: &Tx<'_>| {
        note(tx)?;
        let turned = judge.network(tx, at.0, seen.as_ref())?;
        let since = judge.now.minus(judge.timing.weather_window);
        Ok(Judged {
            turned,
            bad: tx.open_incident(WEATHER, at.0.name())?.is_some(),
            server: tx.troubled_server(at.0, &at.1, since)?,
        })
    };
    let judged = inner.parts.store.write(write).await?;
    if judged.turned {
        return look_around(inner).await;
    }
    let look = inner.parts.timing.weather_look;
    let weather = &mut inner.memory().weather;
    match judged.server {
        Some(server) => weather.keep(server, judged.bad, look),
        None => {
            weather.troubled.remove(&place);
            weather.resting.remove(&place);
        }
    }
    Ok(())
}

impl Known {
    /// Keeps in mind how a server stands. A look that is planned stays planned.
    fn keep(&mut self, server: Troubled, bad: bool, look: std::time::Duration) {
        let place = (server.network, server.server);
        if bad {
            let planned = self.resting.get(&place).map(|rest| rest.look_at);
            let look_at = planned.unwrap_or_else(|| server.last.plus(look));
            let logins = server.logins;
            self.resting.insert(place.clone(), Rest { logins, look_at });
        }
        self.troubled.insert(place, server.logins);
    }
}

/// Judges every network and keeps in mind which servers rest.
async fn look_around(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let judge = Judge::of(inner);
    let look = judge.timing.weather_look;
    let write = move |tx: &Tx<'_>| {
        let mut bad = Vec::new();
        for network in Network::ALL {
            judge.network(tx, *network, None)?;
            if tx.open_incident(WEATHER, network.name())?.is_some() {
                bad.push(*network);
            }
        }
        let since = judge.now.minus(judge.timing.weather_window);
        Ok((tx.troubled_servers(since)?, bad))
    };
    let (servers, bad) = inner.parts.store.write(write).await?;
    let now = inner.now();
    let mut memory = inner.memory();
    let before = std::mem::take(&mut memory.weather);
    if bad.is_empty() && !before.resting.is_empty() {
        // What waited has its turn only now.
        memory.free_since = now;
    }
    memory.weather.resting = before.resting;
    let resting = &mut memory.weather.resting;
    resting.retain(|place, _| {
        let still = |one: &Troubled| one.network == place.0 && one.server == place.1;
        bad.contains(&place.0) && servers.iter().any(still)
    });
    for server in servers {
        let network = server.network;
        memory.weather.keep(server, bad.contains(&network), look);
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
    fn of(inner: &Inner) -> Self {
        Self {
            networks: Arc::clone(&inner.parts.networks),
            timing: inner.parts.timing.clone(),
            entropy: inner.parts.entropy.clone(),
            now: inner.now(),
        }
    }

    /// Opens or resolves the incident of a network; whether it did.
    fn network(
        &self,
        tx: &Tx<'_>,
        network: Network,
        seen: Option<&Refusal>,
    ) -> Result<bool, StoreError> {
        let since = self.now.minus(self.timing.weather_window);
        let open = tx.open_incident(WEATHER, network.name())?.is_some();
        let bad = tx.sky(network, since)?.bad();
        if bad == open {
            return Ok(false);
        }
        if !bad {
            tx.resolve_incident(WEATHER, network.name(), self.now)?;
            let text = format!("{} is itself again: what waited goes out", network.title());
            self.say(tx, "weather_over", text, None, Severity::Info)?;
            return Ok(true);
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
        self.say(tx, WEATHER, text, Some(incident), Severity::Attention)?;
        Ok(true)
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
