//! The release plan: what happens to the held deliveries of a channel that
//! can publish again (product rules B7 and C3).

use std::time::Duration;

use super::ids::DeliveryId;
use super::machine::Lateness;
use crate::support::time::UtcMs;

mod answers;

pub use answers::{Answered, Sums, Then, sums, times};

/// A held delivery, as far as the plan needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: DeliveryId,
    /// Its own instant, which a hold never touches.
    pub due: UtcMs,
    /// It is never sent late.
    pub only_on_time: bool,
    /// The text, for the list.
    pub text: String,
}

/// The workspace's rule for late posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateRule {
    /// Later than this is missed, not sent.
    pub limit: Duration,
    /// Up to this late still counts as on time.
    pub grace: Duration,
    /// Distance of late posts on one channel.
    pub spacing: Duration,
}

impl LateRule {
    /// How late `due` is at `now` by this rule.
    pub fn lateness(&self, due: UtcMs, now: UtcMs) -> Lateness {
        Lateness::of(due, now, self.grace, self.limit)
    }
}

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The delivery.
    pub held: Held,
    /// How late it is now.
    pub late_by: Duration,
    /// When it will be sent; `None` for a missed one, which asks.
    pub send_at: Option<UtcMs>,
}

/// What resumes on time, what goes out late and when, what was missed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleasePlan {
    /// At their own times, which needs no answer.
    pub on_time: Vec<Line>,
    /// Late within the limit, oldest first.
    pub late: Vec<Line>,
    /// Too late, or only wanted on time: not sent unless somebody says so.
    pub missed: Vec<Line>,
}

impl ReleasePlan {
    /// How many lines the plan has.
    pub fn len(&self) -> usize {
        self.on_time.len() + self.late.len() + self.missed.len()
    }

    /// Whether nothing was held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The late sends that land within `near` of a post on time, with its time.
    pub fn crowded(&self, near: Duration) -> Vec<(UtcMs, UtcMs)> {
        let on_time = || self.on_time.iter().map(|line| line.held.due);
        let late = self.late.iter().filter_map(|line| line.send_at);
        late.flat_map(|at| {
            on_time()
                .filter(move |due| at.since(*due) <= near && due.since(at) <= near)
                .map(move |due| (at, due))
        })
        .collect()
    }
}

/// The plan for one channel. Late ones begin at `from` (now, or when the
/// question is left unanswered), oldest first, `spacing` apart or as far apart
/// as they were meant to be when that is less.
///
/// Deliveries due at the same instant keep the order they are given in, so
/// that the parts of a thread stay in theirs.
pub fn release_plan(held: &[Held], now: UtcMs, from: UtcMs, rule: &LateRule) -> ReleasePlan {
    let mut sorted: Vec<&Held> = held.iter().collect();
    sorted.sort_by_key(|one| one.due);
    let mut plan = ReleasePlan::default();
    let mut last: Option<(UtcMs, UtcMs)> = None;
    for one in sorted {
        let line = |send_at| Line {
            held: one.clone(),
            late_by: now.since(one.due),
            send_at,
        };
        match rule.lateness(one.due, now) {
            Lateness::OnTime => plan.on_time.push(line(Some(one.due.max(now)))),
            Lateness::WithinLimit if !one.only_on_time => {
                let at = answers::slot(last, one.due, from.max(now), rule.spacing);
                last = Some((one.due, at));
                plan.late.push(line(Some(at)));
            }
            Lateness::WithinLimit | Lateness::OverLimit => plan.missed.push(line(None)),
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);
    const RULE: LateRule = LateRule {
        limit: Duration::from_secs(24 * 3_600),
        grace: Duration::from_secs(120),
        spacing: MINUTE,
    };

    fn held(id: &str, due: UtcMs) -> Held {
        Held {
            id: DeliveryId::from_stored(id),
            due,
            only_on_time: false,
            text: String::new(),
        }
    }

    fn ids(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.held.id.as_str()).collect()
    }

    #[test]
    fn c2_what_is_still_to_come_keeps_its_original_instant() {
        let later = NOW.plus(HOUR);
        let plan = release_plan(&[held("a", later)], NOW, NOW.plus(MINUTE), &RULE);
        assert_eq!(plan.on_time[0].send_at, Some(later));
        assert!(plan.late.is_empty() && plan.missed.is_empty());
    }

    #[test]
    fn c3_late_ones_go_out_oldest_first_a_minute_apart() {
        let posts = [
            held("young", NOW.minus(HOUR)),
            held("old", NOW.minus(HOUR * 23)),
            held("close", NOW.minus(HOUR).plus(MINUTE / 2)),
        ];
        let from = NOW.plus(MINUTE * 2);
        let plan = release_plan(&posts, NOW, from, &RULE);
        assert_eq!(ids(&plan.late), ["old", "young", "close"]);
        let times: Vec<_> = plan.late.iter().filter_map(|line| line.send_at).collect();
        // The last two were meant to be 30 s apart, and so they stay.
        assert_eq!(
            times,
            [from, from.plus(MINUTE), from.plus(MINUTE).plus(MINUTE / 2)]
        );
        assert_eq!(plan.len(), 3);
    }

    #[test]
    fn c3_over_the_limit_or_only_on_time_is_missed_and_asks() {
        let mut strict = held("strict", NOW.minus(HOUR));
        strict.only_on_time = true;
        let mut just_now = held("just now", NOW.minus(MINUTE));
        just_now.only_on_time = true;
        let posts = [strict, held("ancient", NOW.minus(HOUR * 25)), just_now];
        let plan = release_plan(&posts, NOW, NOW, &RULE);
        assert_eq!(ids(&plan.missed), ["ancient", "strict"]);
        assert_eq!(ids(&plan.on_time), ["just now"]);
        assert!(plan.missed.iter().all(|line| line.send_at.is_none()));
    }

    #[test]
    fn b7_late_posts_that_land_beside_one_on_time_are_named() {
        let posts = [
            held("late", NOW.minus(HOUR)),
            held("next", NOW.plus(MINUTE * 4)),
        ];
        let plan = release_plan(&posts, NOW, NOW, &RULE);
        assert_eq!(plan.crowded(MINUTE * 10), [(NOW, NOW.plus(MINUTE * 4))]);
        assert!(plan.crowded(MINUTE).is_empty());
    }

    proptest! {
        #[test]
        fn c3_every_post_is_in_exactly_one_list_and_none_is_sent_early(
            dues in prop::collection::vec(-200_000_000i64..200_000_000, 0..40),
        ) {
            let posts: Vec<_> = dues.iter().map(|d| held("x", UtcMs(NOW.0 + d))).collect();
            let plan = release_plan(&posts, NOW, NOW, &RULE);
            prop_assert_eq!(plan.len(), posts.len());
            let all = plan.on_time.iter().chain(&plan.late);
            for line in all {
                let at = line.send_at.unwrap();
                prop_assert!(at >= line.held.due && at >= NOW);
            }
            for pair in plan.late.windows(2) {
                prop_assert!(pair[0].send_at <= pair[1].send_at);
            }
        }
    }
}
