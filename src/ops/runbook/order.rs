//! In which order a health check is walked: a pure function of what is known.

use std::collections::HashMap;

use super::{Facts, Key, NextEnd, Progress, Step, Walk, What};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, OperatorId};
use crate::domain::network::Network;
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::time::UtcMs;

/// The states of posts that wait for a person, as they are walked.
pub(super) const HANDS: [State; 3] = [State::NeedsDecision, State::Missed, State::Failed];

/// Puts what is known into the order in which it is walked. What was done since
/// it was begun stands first, oldest first, as it was walked.
pub fn order(facts: Facts) -> Walk {
    let open = logins(&facts);
    let mut steps = mended(&facts, &open);
    steps.extend(open);
    for state in HANDS {
        steps.extend(posts(&facts, state));
    }
    steps.extend(soon(&facts));
    steps.extend(facts.hub.iter().map(|incident| Step {
        key: Key::Hub(incident.id.to_string()),
        what: What::Hub {
            text: incident.text.clone(),
            command: incident.command.clone(),
            severity: incident.severity,
        },
        progress: Progress::Open,
    }));
    let sends = facts.channels.iter().filter(|view| {
        let channel = &view.summary.channel;
        channel.can_send()
    });
    Walk {
        next_due: sends.filter_map(|view| view.summary.next_due).min(),
        channels: facts.channels.len(),
        healthy: facts
            .channels
            .iter()
            .filter(|view| view.lamp == Lamp::Green)
            .count(),
        ends: next_end(&facts.channels, facts.now),
        begun: facts.begun,
        tips: facts.tips,
        steps,
    }
}

/// What stands together: the channels of one login that a login mends.
fn group(view: &ChannelView) -> String {
    let channel = &view.summary.channel;
    match &channel.login_id {
        Some(login) if view.mends_by_login() => login.to_string(),
        _ => channel.id.to_string(),
    }
}

fn damage(view: &ChannelView) -> (UtcMs, String) {
    let hit = view.first_hit.unwrap_or(UtcMs(i64::MAX));
    (hit, view.summary.channel.handle.to_lowercase())
}

/// What is broken, one row per login that mends, by first damage.
fn logins(facts: &Facts) -> Vec<Step> {
    let mut broken: Vec<&ChannelView> = facts
        .channels
        .iter()
        .filter(|view| view.lamp == Lamp::Broken)
        .collect();
    broken.sort_by_cached_key(|view| damage(view));
    let mut rows: Vec<(String, Vec<ChannelView>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for view in broken {
        let name = group(view);
        let at = *places.entry(name.clone()).or_insert_with(|| {
            rows.push((name, Vec::new()));
            rows.len() - 1
        });
        rows[at].1.push(view.clone());
    }
    rows.into_iter()
        .map(|(name, channels)| Step {
            key: Key::Login(name),
            progress: taken(channels.iter().map(|view| view.aside.as_ref())),
            what: What::Login {
                by_login: channels.first().is_some_and(ChannelView::mends_by_login),
                channels,
            },
        })
        .collect()
}

/// Set aside when all of it is: by whom it ends first.
fn taken<'a>(asides: impl Iterator<Item = Option<&'a crate::domain::aside::Aside>>) -> Progress {
    let all: Option<Vec<_>> = asides.collect();
    let first = all.and_then(|all| all.into_iter().min_by_key(|one| one.until).cloned());
    first.map_or(Progress::Open, Progress::Aside)
}

/// When a channel healed, and by whom.
type Healed = (UtcMs, Option<(OperatorId, String)>);

/// The logins that were mended since it was begun. One of which something is
/// broken still has its row among the open ones: its healed channels are a row
/// with a key of their own.
fn mended(facts: &Facts, open: &[Step]) -> Vec<Step> {
    let mut healed: HashMap<&ChannelId, Healed> = HashMap::new();
    let since = facts.begun.at;
    let turns = facts.turns.iter();
    for turn in turns.filter(|turn| turn.healed && turn.at.0 > since) {
        let known = healed.entry(&turn.channel).or_insert((turn.at, None));
        known.0 = turn.at;
        // The proof that heals comes with the login of a person.
        if turn.by.is_some() {
            known.1.clone_from(&turn.by);
        }
    }
    let mut rows: Vec<(String, Vec<ChannelView>, Healed)> = Vec::new();
    for view in &facts.channels {
        let channel = &view.summary.channel;
        let Some(how) = healed.get(&channel.id) else {
            continue;
        };
        if view.lamp == Lamp::Broken {
            continue;
        }
        let id = channel.login_id.as_ref();
        let name = id.map_or(channel.id.to_string(), ToString::to_string);
        match rows.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, channels, known)) => {
                channels.push(view.clone());
                known.0 = known.0.max(how.0);
                if known.1.is_none() {
                    known.1.clone_from(&how.1);
                }
            }
            None => rows.push((name, vec![view.clone()], how.clone())),
        }
    }
    rows.sort_by_key(|(.., (at, _))| *at);
    let key = |name: String| {
        let whole = Key::Login(name.clone());
        match open.iter().any(|step| step.key == whole) {
            true => Key::PartlyMended(name),
            false => whole,
        }
    };
    rows.into_iter()
        .map(|(name, channels, (at, by))| Step {
            key: key(name),
            what: What::Login {
                channels,
                by_login: true,
            },
            progress: Progress::Done { at: Some(at), by },
        })
        .collect()
}

/// The posts in one state: one row for all of them.
fn posts(facts: &Facts, state: State) -> Option<Step> {
    let (key, before) = match state {
        State::NeedsDecision => (Key::Decide, facts.begun.decide),
        State::Missed => (Key::Missed, facts.begun.missed),
        _ => (Key::Failed, facts.begun.failed),
    };
    let count = facts.waiting.get(&state).copied().unwrap_or_default();
    let of = facts
        .posts
        .iter()
        .filter(|view| view.delivery.state == state);
    let mut posts: Vec<DeliveryView> = of.cloned().collect();
    posts.sort_by_key(|view| view.aside.is_some());
    let progress = match (count, before) {
        (0, 0) => return None,
        (0, _) => Progress::Done { at: None, by: None },
        // Of those that are not listed nobody knows whether they are anybody's.
        _ if (posts.len() as u64) < count => Progress::Open,
        _ => taken(posts.iter().map(|view| view.aside.as_ref())),
    };
    Some(Step {
        key,
        what: What::Posts {
            state,
            count: if count == 0 { before } else { count },
            posts,
        },
        progress,
    })
}

/// What publishes and wants somebody soon, in one row: the first damage first.
fn soon(facts: &Facts) -> Option<Step> {
    let amber = facts.channels.iter();
    let amber = amber.filter(|view| view.lamp == Lamp::Attention);
    let mut channels: Vec<ChannelView> = amber.cloned().collect();
    channels.sort_by_cached_key(|view| (view.aside.is_some(), damage(view)));
    let progress = match (channels.len(), facts.begun.soon) {
        (0, 0) => return None,
        (0, _) => Progress::Done { at: None, by: None },
        _ => taken(channels.iter().map(|view| view.aside.as_ref())),
    };
    Some(Step {
        key: Key::Soon,
        what: What::Soon(channels),
        progress,
    })
}

/// The next login that ends among those that publish.
fn next_end(channels: &[ChannelView], now: UtcMs) -> Option<NextEnd> {
    const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
    let ends = || {
        channels
            .iter()
            .filter(|view| view.lamp != Lamp::Broken)
            .filter_map(|view| Some((view.access_ends()?, view.summary.channel.kind.network())))
            .filter(|(at, _)| *at > now)
    };
    let (at, _) = ends().min_by_key(|(at, _)| *at)?;
    let mut of: HashMap<Network, usize> = HashMap::new();
    for (_, network) in ends().filter(|(end, _)| *end <= at.plus(DAY)) {
        *of.entry(network).or_default() += 1;
    }
    let (network, channels) = of
        .into_iter()
        .max_by_key(|(network, n)| (*n, std::cmp::Reverse(*network)))?;
    Some(NextEnd {
        at,
        network,
        channels,
    })
}
