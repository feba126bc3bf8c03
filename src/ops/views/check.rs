//! Is all green? The morning's question, for cron and for people.

use std::time::Duration;

use super::super::publisher::{PublisherView, view as publisher_view};
use super::super::{Hub, OpError, Scope};
use super::{ChannelView, Lamp, Lamps, channels};
use crate::domain::delivery::Blocker;
use crate::domain::notice::Severity;
use crate::store::Reads;
use crate::support::time::{UtcMs, span_words};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The answer, by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every channel publishes, freshly proved.
    Green,
    /// Something needs a person soon.
    Attention,
    /// Something cannot publish.
    Broken,
    /// Nobody publishes, so that no lamp can be believed for long.
    CannotTell,
}

impl Verdict {
    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Attention => "attention",
            Self::Broken => "broken",
            Self::CannotTell => "cannot_tell",
        }
    }

    /// The exit code, as monitoring expects it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Green => 0,
            Self::Attention => 1,
            Self::Broken => 2,
            Self::CannotTell => 3,
        }
    }
}

/// Deliveries that will be due while their channel cannot publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtRisk {
    /// Within an hour.
    pub h1: u64,
    /// Within a day.
    pub h24: u64,
    /// Within a week.
    pub d7: u64,
}

/// One channel of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The channel.
    pub channel: ChannelView,
    /// What it endangers.
    pub at_risk: AtRisk,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckView {
    /// In one word; the worst wins in the order broken, cannot tell, attention.
    pub verdict: Verdict,
    /// How many channels are green.
    pub green: u64,
    /// How many need a person soon.
    pub attention: u64,
    /// How many cannot publish.
    pub broken: u64,
    /// What keeps every post from going out, whatever its lamp says.
    pub waits: Option<Blocker>,
    /// Who publishes.
    pub publisher: PublisherView,
    /// Every channel, what needs a person first.
    pub channels: Vec<Checked>,
}

/// Is all green? What ends within `horizon` counts as attention.
///
/// # Errors
/// When the store cannot be read or the workspace is not the operator's to see.
pub async fn check(
    hub: &Hub,
    scope: &Scope,
    horizon: Option<Duration>,
) -> Result<CheckView, OpError> {
    let (scope, timing) = (scope.clone(), hub.config.engine.clone());
    let watch = channels::watch(hub);
    let unsafe_store = super::happened::store_trouble(hub)
        .await
        .iter()
        .any(|trouble| trouble.severity == Severity::Broken);
    hub.look(move |q, acting| {
        let mut checked = Vec::new();
        for mut channel in channels::list(q, acting, &scope, false, &watch)? {
            let ends = channels::ends(&channel.summary.channel, &watch);
            look_ahead(&mut channel, ends, horizon, acting.now);
            let at_risk = at_risk(q, &channel, ends, acting.now)?;
            checked.push(Checked { channel, at_risk });
        }
        checked.sort_by_key(|one| std::cmp::Reverse(one.channel.lamp));
        let views: Vec<_> = checked.iter().map(|one| one.channel.clone()).collect();
        let lamps = Lamps::of(&views);
        let publisher = publisher_view(q, &timing, acting.now)?;
        // Whatever the lamps say: nothing goes out then.
        let waits = match (q.restored()?, q.clock_in_doubt()?) {
            (true, _) => Some(Blocker::Restored),
            (false, true) => Some(Blocker::ClockSuspect),
            (false, false) => None,
        };
        let verdict = if lamps.broken > 0 || waits.is_some() || unsafe_store {
            Verdict::Broken
        } else if !publisher.running || publisher.silent {
            Verdict::CannotTell
        } else if lamps.attention > 0 {
            Verdict::Attention
        } else {
            Verdict::Green
        };
        Ok(CheckView {
            verdict,
            green: lamps.green,
            attention: lamps.attention,
            broken: lamps.broken,
            waits,
            publisher,
            channels: checked,
        })
    })
    .await
}

/// A healthy channel whose access ends within `horizon` wants attention.
pub(in crate::ops) fn look_ahead(
    view: &mut ChannelView,
    ends: Option<UtcMs>,
    horizon: Option<Duration>,
    now: UtcMs,
) {
    let soon = horizon.map(|horizon| now.plus(horizon));
    if view.lamp == Lamp::Green
        && let (Some(end), Some(soon)) = (ends, soon)
        && end <= soon
    {
        view.lamp = Lamp::Attention;
        view.words = format!("login ends in {}", span_words(end.since(now)));
    }
}

/// What is due while the channel cannot publish: now when it is broken, else
/// after its access has ended.
fn at_risk(
    q: &Reads<'_>,
    view: &ChannelView,
    ends: Option<UtcMs>,
    now: UtcMs,
) -> Result<AtRisk, OpError> {
    let from = match (view.lamp, ends) {
        (Lamp::Broken, _) => UtcMs(i64::MIN),
        (_, Some(end)) => end,
        _ => return Ok(AtRisk::default()),
    };
    let id = &view.summary.channel.id;
    let within = |span| q.scheduled_between(id, from, now.plus(span));
    Ok(AtRisk {
        h1: within(HOUR)?,
        h24: within(DAY)?,
        d7: within(WEEK)?,
    })
}
