//! The answers to a release plan, post by post: when each goes out by them, and
//! what they add up to.

use std::time::Duration;

use crate::support::time::UtcMs;

/// What becomes of a late or missed post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes out now, in its turn.
    Send,
    /// It goes out late at this time.
    SendAt(UtcMs),
    /// It is moved to another time.
    MoveTo(UtcMs),
    /// It does not go out.
    Cancel,
    /// Somebody decides later.
    Later,
}

/// A late or missed post and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Its own instant.
    pub due: UtcMs,
    /// What becomes of it.
    pub then: Then,
}

/// What all answers add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many go out late, in their turn or at a time of their own.
    pub sent: usize,
    /// When the first and the last of them go out.
    pub between: Option<(UtcMs, UtcMs)>,
    /// How many are moved.
    pub moved: usize,
    /// How many are cancelled.
    pub cancelled: usize,
    /// How many are decided later.
    pub later: usize,
    /// Those that land beside a post that has not been late, with its time.
    pub crowded: Vec<(UtcMs, UtcMs)>,
}

impl Sums {
    /// Adds what another channel's posts do.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.moved += other.moved;
        self.cancelled += other.cancelled;
        self.later += other.later;
        self.between = match (self.between, other.between) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        self.crowded.extend(other.crowded);
    }
}

/// When a late post goes out, given the one before it as (due, sent): `spacing`
/// apart, or as far apart as they were meant to be when that is less.
pub(super) fn slot(
    last: Option<(UtcMs, UtcMs)>,
    due: UtcMs,
    from: UtcMs,
    spacing: Duration,
) -> UtcMs {
    match last {
        None => from,
        Some((before, sent)) => sent.plus(due.since(before).min(spacing)),
    }
}

/// When each post of one channel goes out by its answer, in the order they are
/// given in; those in their turn oldest first, from `from` on.
pub fn times(posts: &[Answered], from: UtcMs, spacing: Duration) -> Vec<Option<UtcMs>> {
    let mut order: Vec<usize> = (0..posts.len()).collect();
    order.sort_by_key(|at| posts[*at].due);
    let mut times = vec![None; posts.len()];
    let mut last = None;
    for at in order {
        let Answered { due, then } = posts[at];
        times[at] = match then {
            Then::Send => {
                let sent = slot(last, due, from, spacing);
                last = Some((due, sent));
                Some(sent)
            }
            Then::SendAt(time) | Then::MoveTo(time) => Some(time),
            Then::Cancel | Then::Later => None,
        };
    }
    times
}

/// What the answers for one channel add up to; `on_time` are the times of its
/// posts that were never late, and `near` is too close to one of them.
pub fn sums(
    posts: &[Answered],
    on_time: &[UtcMs],
    from: UtcMs,
    spacing: Duration,
    near: Duration,
) -> Sums {
    let mut sums = Sums::default();
    for (post, at) in posts.iter().zip(times(posts, from, spacing)) {
        match post.then {
            Then::Send | Then::SendAt(_) => {
                sums.sent += 1;
                if let Some(at) = at {
                    let (first, last) = sums.between.unwrap_or((at, at));
                    sums.between = Some((first.min(at), last.max(at)));
                }
            }
            Then::MoveTo(_) => sums.moved += 1,
            Then::Cancel => sums.cancelled += 1,
            Then::Later => sums.later += 1,
        }
        let apart = |at: UtcMs, due: UtcMs| at.since(due).max(due.since(at));
        let beside = at.and_then(|at| {
            let close = on_time.iter().filter(|due| apart(at, **due) <= near);
            close
                .min_by_key(|due| apart(at, **due))
                .map(|due| (at, *due))
        });
        sums.crowded.extend(beside);
    }
    sums.crowded.sort();
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    fn late(hours: u32, then: Then) -> Answered {
        Answered {
            due: NOW.minus(MINUTE * 60 * hours),
            then,
        }
    }

    #[test]
    fn b7_who_is_cancelled_leaves_its_turn_to_the_next_one() {
        let posts = [
            late(23, Then::Send),
            late(22, Then::Cancel),
            late(30, Then::Later),
            late(20, Then::Send),
        ];
        let at = times(&posts, NOW, MINUTE);
        assert_eq!(at, [Some(NOW), None, None, Some(NOW.plus(MINUTE))]);
    }

    #[test]
    fn b7_a_missed_one_that_is_sent_after_all_takes_its_turn_by_age() {
        let posts = [late(2, Then::Send), late(50, Then::Send)];
        let at = times(&posts, NOW, MINUTE);
        assert_eq!(at, [Some(NOW.plus(MINUTE)), Some(NOW)]);
    }

    #[test]
    fn b7_the_numbers_say_what_becomes_of_all() {
        let (soon, far) = (NOW.plus(MINUTE * 20), NOW.plus(MINUTE * 3_000));
        let posts = [
            late(23, Then::SendAt(NOW.plus(MINUTE * 16))),
            late(22, Then::Send),
            late(21, Then::Cancel),
            late(60, Then::MoveTo(far)),
            late(70, Then::Later),
        ];
        let mut all = sums(&posts, &[soon], NOW, MINUTE, MINUTE * 10);
        assert_eq!(
            (all.sent, all.cancelled, all.moved, all.later),
            (2, 1, 1, 1)
        );
        assert_eq!(all.between, Some((NOW, NOW.plus(MINUTE * 16))));
        // The one at once is 20 minutes away from the next post, the other 4.
        assert_eq!(all.crowded, [(NOW.plus(MINUTE * 16), soon)]);
        all.add(sums(&posts, &[], NOW.minus(MINUTE), MINUTE, MINUTE));
        assert_eq!((all.sent, all.later), (4, 2));
        assert_eq!(all.between.unwrap().0, NOW.minus(MINUTE));
    }
}
