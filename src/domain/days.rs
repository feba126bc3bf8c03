//! How the last days of channels were: on which of them they could not publish,
//! on which nobody looked.

use crate::support::time::UtcMs;

/// A stretch of time, its end not included.
pub type Stretch = (UtcMs, UtcMs);

/// What is kept of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Since when it is connected.
    pub connected_at: UtcMs,
    /// Whether it could publish from an instant on, oldest first; the last one
    /// before the days among them.
    pub turns: Vec<(UtcMs, bool)>,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// Before anything was connected.
    Before,
    /// Nobody published or proved anything on it: nothing is known to be well.
    Unwatched,
    /// All could publish whenever somebody looked.
    Well,
    /// One of them could not publish for a while.
    Broken,
}

/// Some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// The days, oldest first; today is the last.
    pub days: Vec<Day>,
    /// Of the time that somebody looked, how much was well: per mille, cut off.
    pub healthy: Option<u16>,
    /// Since when that is known, while it is too short for a share of days: an
    /// hour broken weighs much in it.
    pub since: Option<UtcMs>,
}

/// What is known for less long is told with its beginning.
const SHORT: i64 = 7 * 86_400_000;

/// The days between `midnights`, of which the last is that after today.
pub fn days(lives: &[Life], watched: &[Stretch], midnights: &[UtcMs], now: UtcMs) -> Days {
    let watched = merged(watched);
    let broken: Vec<(Stretch, Vec<Stretch>)> = lives
        .iter()
        .map(|life| ((life.connected_at, now), broken(life, now)))
        .collect();
    let mut all = Vec::new();
    for pair in midnights.windows(2) {
        let (from, to) = (pair[0], pair[1].min(now));
        let day = (from, to);
        let lived = |(life, _): &&(Stretch, Vec<Stretch>)| shared(*life, day) > 0;
        let known: Vec<_> = broken.iter().filter(lived).collect();
        let down =
            |(_, broken): &&(Stretch, Vec<Stretch>)| broken.iter().any(|one| shared(*one, day) > 0);
        all.push(if known.is_empty() {
            Day::Before
        } else if known.iter().any(down) {
            Day::Broken
        } else if watched.iter().all(|one| shared(*one, day) == 0) {
            Day::Unwatched
        } else {
            Day::Well
        });
    }
    let whole = (
        midnights.first().copied().unwrap_or(now),
        midnights.last().copied().unwrap_or(now).min(now),
    );
    let (mut seen, mut down) = (0, 0);
    let mut first: Option<UtcMs> = None;
    for look in watched.iter().filter_map(|one| common(*one, whole)) {
        for (life, broken) in &broken {
            seen += shared(*life, look);
            let begun = common(*life, look).map(|(from, _)| from);
            first = first.into_iter().chain(begun).min();
            down += broken.iter().map(|one| shared(*one, look)).sum::<i64>();
        }
    }
    Days {
        days: all,
        healthy: (seen > 0).then(|| u16::try_from((seen - down) * 1000 / seen).unwrap_or(0)),
        since: first.filter(|at| now.0 - at.0 < SHORT),
    }
}

/// When a channel could not publish.
fn broken(life: &Life, now: UtcMs) -> Vec<Stretch> {
    let mut all = Vec::new();
    let mut since = None;
    for (at, well) in &life.turns {
        match (since, well) {
            (None, false) => since = Some(*at),
            (Some(from), true) => {
                all.push((from, *at));
                since = None;
            }
            _ => {}
        }
    }
    all.extend(since.map(|from| (from, now)));
    all
}

/// The same stretches in order, none over another.
fn merged(all: &[Stretch]) -> Vec<Stretch> {
    let mut all = all.to_vec();
    all.sort();
    let mut out: Vec<Stretch> = Vec::new();
    for (from, to) in all {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

fn common(a: Stretch, b: Stretch) -> Option<Stretch> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 < both.1).then_some(both)
}

/// For how many milliseconds both last.
fn shared(a: Stretch, b: Stretch) -> i64 {
    common(a, b).map_or(0, |(from, to)| to.0 - from.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn at(days: f64) -> UtcMs {
        #[allow(clippy::cast_possible_truncation, reason = "whole hours of a few days")]
        UtcMs((days * DAY as f64) as i64)
    }

    fn midnights(n: i64) -> Vec<UtcMs> {
        (0..=n).map(|day| UtcMs(day * DAY)).collect()
    }

    fn life(connected: f64, turns: &[(f64, bool)]) -> Life {
        Life {
            connected_at: at(connected),
            turns: turns
                .iter()
                .map(|(when, well)| (at(*when), *well))
                .collect(),
        }
    }

    #[test]
    fn each_day_is_what_was_seen_on_it() {
        use Day::{Before, Broken, Unwatched, Well};
        // Connected on day 1, broken on day 3 for six hours; nobody looked on
        // day 4; today is day 5, at noon.
        let one = life(1.5, &[(1.5, true), (3.25, false), (3.5, true)]);
        let watched = [(at(0.0), at(4.0)), (at(5.0), at(5.5))];
        let found = days(&[one], &watched, &midnights(6), at(5.5));
        assert_eq!(found.days, [Before, Well, Well, Broken, Unwatched, Well]);
        // 6 hours of 72 that somebody looked.
        assert_eq!(found.healthy, Some(916));
    }

    #[test]
    fn what_was_broken_stays_so_until_it_is_mended_whoever_looks() {
        let one = life(-9.0, &[(-1.0, false)]);
        let found = days(&[one], &[(at(0.0), at(0.5))], &midnights(3), at(2.5));
        assert_eq!(found.days, [Day::Broken; 3]);
        assert_eq!(found.healthy, Some(0));
    }

    #[test]
    fn when_nobody_ever_looked_nothing_is_healthy() {
        let one = life(-9.0, &[(-9.0, true)]);
        let found = days(&[one], &[], &midnights(2), at(1.5));
        assert_eq!(found.days, [Day::Unwatched; 2]);
        assert_eq!(found.healthy, None);
    }

    #[test]
    fn almost_all_is_never_called_all_and_two_publishers_count_once() {
        let one = life(0.0, &[(0.0, true), (1.0, false), (1.0001, true)]);
        let looks = [(at(0.0), at(29.0)), (at(3.0), at(9.0))];
        let found = days(&[one], &looks, &midnights(29), at(29.0));
        assert_eq!(found.healthy, Some(999));
        let twice = days(&[life(0.0, &[])], &looks, &midnights(29), at(29.0));
        assert_eq!(twice.healthy, Some(1000));
    }

    #[test]
    fn what_is_known_for_some_days_only_is_told_with_its_beginning() {
        // Connected on day 20 and looked at three hours later, or long ago and
        // looked at since then only.
        for connected in [20.0, -50.0] {
            let one = || life(connected, &[(20.25, false)]);
            let looks = [(at(20.125), at(40.0))];
            let found = |now: f64| days(&[one()], &looks, &midnights(30), at(now));
            assert_eq!(found(20.5).healthy, Some(333));
            assert_eq!(found(20.5).since, Some(at(20.125)));
            assert_eq!(found(27.0).since, Some(at(20.125)));
            assert_eq!(found(27.5).since, None, "a week tells enough");
        }
        let blind = days(&[life(0.0, &[])], &[], &midnights(9), at(9.0));
        assert_eq!(blind.since, None);
    }

    #[test]
    fn channels_of_one_login_share_their_days() {
        let well = life(0.0, &[(0.0, true)]);
        let ill = life(1.0, &[(1.0, true), (1.5, false)]);
        let found = days(&[well, ill], &[(at(0.0), at(2.0))], &midnights(2), at(2.0));
        assert_eq!(found.days, [Day::Well, Day::Broken]);
        assert_eq!(found.healthy, Some(833));
    }
}
