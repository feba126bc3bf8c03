//! What channels have due: what is late, what comes next, and what becomes of
//! it all once they can publish.

use super::machine::Lateness;
use super::release::LateRule;
use crate::support::time::UtcMs;

/// The scheduled posts of one channel or of several, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dues {
    /// All of them.
    pub total: u64,
    /// Their time has passed.
    pub late: u64,
    /// The first whose time has passed.
    pub late_since: Option<UtcMs>,
    /// Still to come today.
    pub today: u64,
    /// The first that is still to come.
    pub next: Option<UtcMs>,
    /// Late, and would go out late.
    pub goes_late: u64,
    /// The first of those.
    pub goes_late_from: Option<UtcMs>,
    /// Too late, or only wanted on time: somebody is asked first.
    pub asks: u64,
    /// Due after the access ends, as far as that end is known.
    pub after_end: u64,
}

impl Dues {
    /// What would go out at its own time.
    pub fn on_time(&self) -> u64 {
        self.total.saturating_sub(self.goes_late + self.asks)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let first = |a: Option<UtcMs>, b: Option<UtcMs>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            total: self.total + other.total,
            late: self.late + other.late,
            late_since: first(self.late_since, other.late_since),
            today: self.today + other.today,
            next: first(self.next, other.next),
            goes_late: self.goes_late + other.goes_late,
            goes_late_from: first(self.goes_late_from, other.goes_late_from),
            asks: self.asks + other.asks,
            after_end: self.after_end + other.after_end,
        }
    }
}

/// Where the timeline is cut to count what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// What is due before is over the limit.
    pub limit: UtcMs,
    /// What is due from here on still counts as on time.
    pub on_time: UtcMs,
    /// What is due before has passed.
    pub coming: UtcMs,
    /// The day is over.
    pub midnight: UtcMs,
}

impl Cuts {
    /// The cuts at `now` by this rule, on a day that ends at `midnight`.
    pub fn of(rule: &LateRule, now: UtcMs, midnight: UtcMs) -> Self {
        let on_time = now.minus(rule.grace);
        let coming = UtcMs(now.0.saturating_add(1));
        Self {
            limit: now.minus(rule.limit).min(on_time),
            on_time,
            coming,
            midnight: midnight.max(coming),
        }
    }

    /// How late `due` is by these cuts.
    pub fn lateness(&self, due: UtcMs) -> Lateness {
        if due < self.limit {
            Lateness::OverLimit
        } else if due < self.on_time {
            Lateness::WithinLimit
        } else {
            Lateness::OnTime
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);

    proptest! {
        #[test]
        fn c3_the_cuts_say_what_the_release_plan_says(
            due in -200_000_000i64..200_000_000, grace in 0u64..200_000_000, limit in 0u64..200_000_000,
        ) {
            let rule = LateRule {
                limit: Duration::from_millis(limit),
                grace: Duration::from_millis(grace),
                spacing: Duration::ZERO,
            };
            let due = UtcMs(NOW.0 + due);
            let cuts = Cuts::of(&rule, NOW, NOW);
            prop_assert_eq!(cuts.lateness(due), rule.lateness(due, NOW));
            prop_assert_eq!(due < cuts.coming, due <= NOW);
            prop_assert!(cuts.limit <= cuts.on_time && cuts.on_time <= cuts.coming && cuts.coming <= cuts.midnight);
        }
    }

    #[test]
    fn dues_of_several_channels_are_those_of_each_together() {
        let one = Dues {
            total: 3,
            late: 1,
            late_since: Some(NOW),
            goes_late: 1,
            ..Dues::default()
        };
        let other = Dues {
            total: 2,
            next: Some(NOW),
            asks: 1,
            ..Dues::default()
        };
        let both = one.and(other);
        assert_eq!((both.total, both.late, both.on_time()), (5, 1, 3));
        assert_eq!((both.late_since, both.next), (Some(NOW), Some(NOW)));
    }
}
