//! What is due and waits for its turn: read from the store a thousand at a
//! time, so that a backlog is not sorted anew for every post that goes out.

use std::collections::VecDeque;
use std::time::Duration;

use crate::store::queue::Due;
use crate::support::time::UtcMs;

/// After a reading that took long the next one waits this many times as long.
const REST: u32 = 9;

/// No reading takes longer, and no rest is.
const PLAUSIBLE: Duration = Duration::from_secs(2);

/// A due delivery that may begin.
#[derive(Debug)]
pub struct InTurn {
    /// The delivery.
    pub due: Due,
    /// It is late, and it is its turn in the pacing.
    pub late: bool,
}

/// The due deliveries of the last reading that were not begun yet.
#[derive(Debug, Default)]
pub struct Waiting {
    /// In the order they are to begin.
    pub due: VecDeque<InTurn>,
    /// The first instant after that reading at which something else is due.
    pub next: Option<UtcMs>,
    /// The store was not read although it might hold more.
    pub unread: bool,
    /// No reading before this, counted from boot.
    rests_until: Duration,
}

impl Waiting {
    /// How long the store must not be read, `boot` after the machine started.
    pub fn rest(&self, boot: Duration) -> Duration {
        self.rests_until.saturating_sub(boot)
    }

    /// Takes what a reading brought that began and ended at these moments.
    pub fn fill(
        &mut self,
        due: VecDeque<InTurn>,
        next: Option<UtcMs>,
        began: Duration,
        ended: Duration,
    ) {
        self.due = due;
        self.next = next;
        self.unread = false;
        let took = ended.saturating_sub(began);
        // Who was asleep meanwhile has no time to lose.
        self.rests_until = if took > PLAUSIBLE {
            ended
        } else {
            ended + (took * REST).min(PLAUSIBLE)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_took_long_is_followed_by_a_rest() {
        let mut waiting = Waiting::default();
        let at = Duration::from_millis;
        assert!(waiting.rest(at(0)).is_zero());
        waiting.fill(VecDeque::new(), None, at(100), at(110));
        assert_eq!(waiting.rest(at(120)), at(80));
        assert!(waiting.rest(at(200)).is_zero());
        waiting.fill(VecDeque::new(), None, at(300), at(300));
        assert!(waiting.rest(at(300)).is_zero());
        waiting.fill(VecDeque::new(), None, at(1_000), at(2_500));
        assert_eq!(waiting.rest(at(2_500)), PLAUSIBLE);
        // The machine slept.
        waiting.fill(VecDeque::new(), None, at(1_000), at(30_000_000));
        assert!(waiting.rest(at(30_000_000)).is_zero());
    }
}
