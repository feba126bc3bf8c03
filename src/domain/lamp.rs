//! The lamp: how a channel is, as a pure function of channel and clock.
//!
//! Green needs a dated proof. What is older than its window shows as stale,
//! never as fine; what cannot publish is broken whatever its status says.

use std::time::Duration;

use super::channel::{Channel, Expiry, Status};
use crate::closed_list;
use crate::support::time::{UtcMs, span_words};

closed_list! {
    /// Shape, word and colour of a channel's health; best first.
    Lamp {
        /// Publishes, and the proof is inside its window.
        Green = "green",
        /// Still publishes; a person should act soon.
        Attention = "attention",
        /// Cannot publish now, whatever the status.
        Broken = "broken",
    }
}

impl Lamp {
    /// The word beside the lamp; colour and shape never stand alone.
    pub fn words(self) -> &'static str {
        match self {
            Self::Green => "Healthy",
            Self::Attention => "Attention",
            Self::Broken => "Broken",
        }
    }

    /// The shape of the lamp.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Green => "●",
            Self::Attention => "▲",
            Self::Broken => "✖",
        }
    }

    /// The shape on terminals that draw ASCII only.
    pub fn ascii(self) -> &'static str {
        match self {
            Self::Green => "+",
            Self::Attention => "!",
            Self::Broken => "x",
        }
    }
}

/// How near an end must be before a person is warned.
pub const ENDS_SOON: Duration = Duration::from_secs(7 * 86_400);

/// Counted refresh failures after which refreshing is given up.
pub const REFRESH_LIMIT: u8 = 3;

/// What is known beside the channel itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// How often a channel is proved; a proof is good for twice as long.
    pub probe_every: Duration,
    /// A refresh moves the end of this login by itself.
    pub renewable: bool,
    /// Posts, metrics or comments could not be read for lack of permission.
    pub reading_refused: bool,
    /// The network ends an access unused for this long.
    pub idle_limit: Option<Duration>,
}

impl Watch {
    /// A channel that renews itself, everything readable, no idle limit.
    pub fn every(probe_every: Duration) -> Self {
        Self {
            probe_every,
            renewable: true,
            reading_refused: false,
            idle_limit: None,
        }
    }

    /// How long a proof is good for.
    pub fn proof_window(&self) -> Duration {
        self.probe_every.saturating_mul(2)
    }
}

/// Why a channel that still publishes wants a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attention {
    /// Refreshing was given up; posts go out until the token ends.
    RefreshGivenUp,
    /// The access ends soon (or should have ended) and nothing renews it.
    Ends(UtcMs),
    /// Refreshing failed this often in a row.
    RefreshFailing(u8),
    /// The last proof is older than its window, or there was never one.
    ProofStale(Option<UtcMs>),
    /// Permissions are missing that publishing does not need.
    ScopesMissing(Vec<String>),
    /// Posts, metrics or comments could not be read.
    ReadingRefused,
    /// Unused since; the network may end it.
    Idle(UtcMs),
}

impl Attention {
    /// The reason in words, as lists show it.
    pub fn words(&self, now: UtcMs) -> String {
        match self {
            Self::RefreshGivenUp => "please reconnect".into(),
            Self::Ends(at) if *at <= now => "login has ended".into(),
            Self::Ends(at) => format!("login ends in {}", span_words(at.since(now))),
            Self::RefreshFailing(times) => {
                format!("refresh failing, {times} of {REFRESH_LIMIT}")
            }
            Self::ProofStale(None) => "never proved".into(),
            Self::ProofStale(Some(at)) => format!("proof {} old", span_words(now.since(*at))),
            Self::ScopesMissing(scopes) => format!("{} missing", scopes.join(", ")),
            Self::ReadingRefused => "reading refused".into(),
            Self::Idle(since) => format!("unused for {}", span_words(now.since(*since))),
        }
    }
}

/// Whether the channel cannot publish now: [`Channel::can_send`] without the pause.
pub fn broken(channel: &Channel) -> bool {
    channel.status == Status::Disconnected || !channel.publishable || channel.token.generation <= 0
}

/// The lamp of a channel (product rule A2).
pub fn lamp(channel: &Channel, now: UtcMs, watch: &Watch) -> Lamp {
    if broken(channel) {
        Lamp::Broken
    } else if attention(channel, now, watch).is_empty() {
        Lamp::Green
    } else {
        Lamp::Attention
    }
}

/// Every reason to look after a channel that still publishes, the most urgent
/// first; empty for a broken one, whose cause says it.
pub fn attention(channel: &Channel, now: UtcMs, watch: &Watch) -> Vec<Attention> {
    let mut reasons = Vec::new();
    if broken(channel) {
        return reasons;
    }
    match channel.token.refresh_failures {
        0 => {}
        times if times < REFRESH_LIMIT => reasons.push(Attention::RefreshFailing(times)),
        _ => reasons.push(Attention::RefreshGivenUp),
    }
    if let Some(end) = access_end(channel)
        && !watch.renewable
        && end <= now.plus(ENDS_SOON)
    {
        // Before "failing", after "given up".
        let at = usize::from(reasons.contains(&Attention::RefreshGivenUp));
        reasons.insert(at, Attention::Ends(end));
    }
    if !proof_is_fresh(channel.last_proof_at, now, watch) {
        reasons.push(Attention::ProofStale(channel.last_proof_at));
    }
    if !channel.missing_scopes.is_empty() {
        reasons.push(Attention::ScopesMissing(channel.missing_scopes.clone()));
    }
    if watch.reading_refused {
        reasons.push(Attention::ReadingRefused);
    }
    let used = last_used(channel);
    if watch
        .idle_limit
        .is_some_and(|limit| now.since(used) >= limit)
    {
        reasons.push(Attention::Idle(used));
    }
    reasons
}

/// The most urgent reason in words, empty when there is none; a broken
/// channel's reason is its cause.
pub fn attention_reason(channel: &Channel, now: UtcMs, watch: &Watch) -> String {
    if broken(channel) {
        return channel.cause.words().into();
    }
    let reasons = attention(channel, now, watch);
    reasons
        .first()
        .map_or_else(String::new, |one| one.words(now))
}

/// Whether a proof still stands. One from far ahead of the clock does not:
/// after a step back of the clock it would never age.
pub fn proof_is_fresh(proof: Option<UtcMs>, now: UtcMs, watch: &Watch) -> bool {
    let window = watch.proof_window();
    proof.is_some_and(|at| now.since(at) <= window && at.since(now) <= window)
}

/// When the access ends for good unless somebody renews it, if that is known:
/// the end of the login, or of the token where there is no other.
pub fn access_end(channel: &Channel) -> Option<UtcMs> {
    let token = &channel.token;
    match token.grant_expiry {
        Expiry::Date | Expiry::Estimated => token.grant_expires_at,
        Expiry::Never => None,
        Expiry::Unknown => match token.token_expiry {
            Expiry::Date | Expiry::Estimated => token.token_expires_at,
            Expiry::Never | Expiry::Unknown => None,
        },
    }
}

fn last_used(channel: &Channel) -> UtcMs {
    [channel.last_published_at, channel.reconnected_at]
        .into_iter()
        .flatten()
        .fold(channel.connected_at, Ord::max)
}

/// What lists are sorted by (product rule A3): worst lamp first, then the
/// next delivery at risk, then the name as people sort names.
pub fn sort(lamp: Lamp, first_damage: Option<UtcMs>, name: &str) -> (u8, i64, String) {
    let rank = match lamp {
        Lamp::Broken => 0,
        Lamp::Attention => 1,
        Lamp::Green => 2,
    };
    let damage = first_damage.map_or(i64::MAX, |at| at.0);
    (rank, damage, name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::channel::Cause;
    use super::super::channel::tests::healthy;
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn watch() -> Watch {
        Watch::every(HOUR)
    }

    fn proved() -> Channel {
        let mut channel = healthy();
        channel.last_proof_at = Some(NOW.minus(HOUR));
        channel
    }

    #[test]
    fn a2_green_needs_a_dated_proof_inside_its_window() {
        let mut channel = proved();
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Green);
        channel.last_proof_at = Some(NOW.minus(HOUR * 2));
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Green);
        channel.last_proof_at = Some(NOW.minus(HOUR * 3));
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Attention);
        assert_eq!(attention_reason(&channel, NOW, &watch()), "proof 3 h old");
        channel.last_proof_at = None;
        assert_eq!(attention_reason(&channel, NOW, &watch()), "never proved");
        channel.last_proof_at = Some(NOW.plus(HOUR * 24));
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Attention);
    }

    #[test]
    fn a2_what_cannot_publish_is_broken_whatever_its_status() {
        for cause in Cause::ALL {
            let mut channel = proved();
            channel.cause = *cause;
            channel.status = cause.status().unwrap_or(Status::Active);
            channel.publishable = cause.publishable();
            let expected = if *cause == Cause::None {
                Lamp::Green
            } else {
                Lamp::Broken
            };
            assert_eq!(lamp(&channel, NOW, &watch()), expected, "{cause:?}");
        }
        let mut gone = proved();
        gone.status = Status::Disconnected;
        assert_eq!(lamp(&gone, NOW, &watch()), Lamp::Broken);
        let mut empty = proved();
        empty.token.generation = 0;
        assert_eq!(lamp(&empty, NOW, &watch()), Lamp::Broken);
    }

    #[test]
    fn a2_a_pause_does_not_change_the_lamp() {
        let mut channel = proved();
        channel.paused_at = Some(NOW);
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Green);
    }

    #[test]
    fn a2_an_end_is_a_warning_only_when_nothing_renews_it() {
        let mut channel = proved();
        channel.token.grant_expiry = Expiry::Date;
        channel.token.grant_expires_at = Some(NOW.plus(HOUR * 24 * 4));
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Green);
        let fixed = Watch {
            renewable: false,
            ..watch()
        };
        assert_eq!(attention_reason(&channel, NOW, &fixed), "login ends in 4 d");
        channel.token.grant_expires_at = Some(NOW.plus(HOUR * 24 * 8));
        assert_eq!(lamp(&channel, NOW, &fixed), Lamp::Green);
        channel.token.grant_expiry = Expiry::Never;
        channel.token.grant_expires_at = None;
        assert_eq!(lamp(&channel, NOW, &fixed), Lamp::Green);
    }

    #[test]
    fn a5_a_failing_refresh_is_amber_and_given_up_says_reconnect() {
        let mut channel = proved();
        channel.token.refresh_failures = 2;
        let said = attention_reason(&channel, NOW, &watch());
        assert_eq!(said, "refresh failing, 2 of 3");
        channel.token.refresh_failures = 3;
        assert_eq!(
            attention_reason(&channel, NOW, &watch()),
            "please reconnect"
        );
        assert_eq!(lamp(&channel, NOW, &watch()), Lamp::Attention);
    }

    #[test]
    fn a2_missing_extras_refused_reading_and_long_silence_are_amber() {
        let mut channel = proved();
        channel.missing_scopes = vec!["insights".into()];
        assert_eq!(
            attention_reason(&channel, NOW, &watch()),
            "insights missing"
        );
        channel.missing_scopes.clear();
        let refused = Watch {
            reading_refused: true,
            ..watch()
        };
        assert_eq!(lamp(&channel, NOW, &refused), Lamp::Attention);
        let idle = Watch {
            idle_limit: Some(HOUR * 24 * 60),
            ..watch()
        };
        channel.connected_at = NOW.minus(HOUR * 24 * 61);
        channel.reconnected_at = None;
        channel.last_published_at = None;
        assert_eq!(attention_reason(&channel, NOW, &idle), "unused for 61 d");
        channel.last_published_at = Some(NOW.minus(HOUR));
        assert_eq!(lamp(&channel, NOW, &idle), Lamp::Green);
    }

    #[test]
    fn a3_the_worst_and_the_soonest_hurt_come_first() {
        let mut rows = [
            sort(Lamp::Green, Some(UtcMs(1)), "a"),
            sort(Lamp::Broken, None, "b"),
            sort(Lamp::Broken, Some(UtcMs(9)), "z"),
            sort(Lamp::Attention, None, "A"),
            sort(Lamp::Broken, Some(UtcMs(9)), "Y"),
        ];
        rows.sort();
        let names: Vec<_> = rows.iter().map(|row| row.2.as_str()).collect();
        assert_eq!(names, ["y", "z", "b", "a", "a"]);
    }
}
