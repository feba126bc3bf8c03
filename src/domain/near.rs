//! Two posts of one channel close to each other: worth a word to whoever
//! chooses the time, and never in the way.

use std::time::Duration;

use crate::support::time::UtcMs;

/// Posts of a channel that are less apart are near to each other.
const NEAR: Duration = Duration::from_secs(30 * 60);

/// The first and the last instant at which a post is near to one due at `at`.
pub fn around(at: UtcMs) -> (UtcMs, UtcMs) {
    let most = NEAR.saturating_sub(Duration::from_millis(1));
    (at.minus(most), at.plus(most))
}

/// Which of these is the nearest to a post due at `at`, if any is near at all;
/// of two as near as each other the earlier one.
pub fn nearest(at: UtcMs, others: impl IntoIterator<Item = UtcMs>) -> Option<UtcMs> {
    let (from, to) = around(at);
    let near = others.into_iter().filter(|due| (from..=to).contains(due));
    near.min_by_key(|due| (due.0.abs_diff(at.0), due.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_less_than_half_an_hour_either_way_and_the_nearest_is_said() {
        const MINUTE: i64 = 60_000;
        let at = UtcMs(1_795_000_000_000);
        let after = |minutes: i64| UtcMs(at.0 + minutes * MINUTE);
        assert_eq!(nearest(at, []), None);
        assert_eq!(nearest(at, [after(30), after(-30)]), None);
        assert_eq!(nearest(at, [after(29)]), Some(after(29)));
        assert_eq!(nearest(at, [after(-29), after(5)]), Some(after(5)));
        assert_eq!(nearest(at, [after(5), after(-5)]), Some(after(-5)));
        assert_eq!(nearest(at, [at, after(1)]), Some(at));
        let (from, to) = around(at);
        assert!(nearest(at, [from]).is_some() && nearest(at, [to]).is_some());
        assert_eq!((after(30).0 - to.0, from.0 - after(-30).0), (1, 1));
    }
}
