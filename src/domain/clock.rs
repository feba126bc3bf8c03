//! Whether this machine's clock can be believed. A post that goes out early
//! cannot be taken back, one that goes out late can be explained: so a clock
//! that may be ahead stops sending, and one that is behind is only said.

use std::time::Duration;

use crate::support::time::UtcMs;

/// Hosts that must agree that our clock is wrong; one alone may be wrong itself.
const HOSTS_NEEDED: usize = 2;

/// Wall time and time since boot, read at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Wall time.
    pub wall: UtcMs,
    /// Time since boot, suspend included.
    pub boot: Duration,
}

impl Sample {
    /// How far the wall clock was set between this sample and a later one, in
    /// milliseconds: positive forward, negative back. The time that passed, a
    /// suspend included, is no step.
    pub fn step_to(&self, later: &Self) -> i64 {
        let passed = millis(later.boot) - millis(self.boot);
        later
            .wall
            .0
            .saturating_sub(self.wall.0)
            .saturating_sub(passed)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// What the hosts called lately say of our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Testimony {
    /// Nobody was asked lately, or too few agree with each other.
    None,
    /// Our clock is right.
    Right,
    /// Our clock is ahead by this much.
    Ahead(Duration),
    /// Our clock is behind by this much.
    Behind(Duration),
}

/// What hosts say whose clocks differ from ours by `offsets` (theirs minus
/// ours, in milliseconds), when `doubt` is the most that is no contradiction.
pub fn testimony(offsets: &[i64], doubt: Duration) -> Testimony {
    let doubt = millis(doubt);
    let mut ahead: Vec<i64> = offsets
        .iter()
        .filter(|one| **one < -doubt)
        .map(|one| one.saturating_neg())
        .collect();
    let mut behind: Vec<i64> = offsets.iter().copied().filter(|one| *one > doubt).collect();
    let right = offsets.len() - ahead.len() - behind.len();
    let wins = |those: usize, others: usize| those >= HOSTS_NEEDED && those > others;
    if wins(ahead.len(), right + behind.len()) {
        Testimony::Ahead(middle(&mut ahead))
    } else if wins(behind.len(), right + ahead.len()) {
        Testimony::Behind(middle(&mut behind))
    } else if right > 0 && right >= ahead.len() + behind.len() {
        Testimony::Right
    } else {
        Testimony::None
    }
}

fn middle(offsets: &mut [i64]) -> Duration {
    offsets.sort_unstable();
    let middle = offsets.get(offsets.len() / 2).copied().unwrap_or(0);
    Duration::from_millis(u64::try_from(middle).unwrap_or(0))
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It was set forward in a moment, and nobody has confirmed the new time.
    SetForward(Duration),
    /// Hosts agree that it is ahead.
    Ahead(Duration),
}

/// What is thought of the clock after it was looked at.
///
/// `doubted` is what was thought before, `step_ms` how far it was set since
/// then, and `said` what hosts said after that step.
pub fn judge(
    doubted: Option<Doubt>,
    step_ms: i64,
    said: Testimony,
    doubt: Duration,
) -> Option<Doubt> {
    match said {
        Testimony::Ahead(by) => return Some(Doubt::Ahead(by)),
        // Behind means late, never early: nothing to wait for.
        Testimony::Right | Testimony::Behind(_) => return None,
        Testimony::None => {}
    }
    let forward = Duration::from_millis(u64::try_from(step_ms).unwrap_or(0));
    match doubted {
        _ if forward > doubt => Some(Doubt::SetForward(forward)),
        // Whoever set it back after it was ahead mended it; hosts may say more.
        Some(Doubt::Ahead(by) | Doubt::SetForward(by)) if millis(by) + step_ms <= millis(doubt) => {
            None
        }
        doubted => doubted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);
    const HOUR_MS: i64 = 3_600_000;

    fn sample(wall: i64, boot_s: u64) -> Sample {
        Sample {
            wall: UtcMs(wall),
            boot: Duration::from_secs(boot_s),
        }
    }

    #[test]
    fn a_suspend_is_no_step_and_setting_the_clock_is() {
        let before = sample(1_000_000, 100);
        let eight_hours_later = sample(1_000_000 + 8 * HOUR_MS, 100 + 8 * 3_600);
        assert_eq!(before.step_to(&eight_hours_later), 0);
        assert_eq!(before.step_to(&sample(1_005_000 + HOUR_MS, 105)), HOUR_MS);
        assert_eq!(before.step_to(&sample(1_005_000 - HOUR_MS, 105)), -HOUR_MS);
    }

    #[test]
    fn one_host_alone_is_not_believed_and_a_majority_is() {
        let say = |offsets: &[i64]| testimony(offsets, MINUTE);
        assert_eq!(say(&[]), Testimony::None);
        assert_eq!(say(&[1_500]), Testimony::Right);
        assert_eq!(say(&[-HOUR_MS]), Testimony::None);
        assert_eq!(say(&[-HOUR_MS, -HOUR_MS]), Testimony::Ahead(HOUR));
        assert_eq!(say(&[HOUR_MS, HOUR_MS, 900]), Testimony::Behind(HOUR));
        // Two servers with bad clocks among many good ones say nothing of ours.
        assert_eq!(say(&[-HOUR_MS, -HOUR_MS, 0, 0, 10]), Testimony::Right);
        assert_eq!(say(&[-HOUR_MS, HOUR_MS]), Testimony::None);
        assert_eq!(say(&[i64::MIN, i64::MIN + 1]), Testimony::Ahead(huge()));
    }

    fn huge() -> Duration {
        Duration::from_millis(i64::MAX.unsigned_abs())
    }

    #[test]
    fn a_step_forward_is_doubted_until_somebody_confirms_it() {
        let doubted = judge(None, HOUR_MS, Testimony::None, MINUTE);
        assert_eq!(doubted, Some(Doubt::SetForward(HOUR)));
        assert_eq!(judge(doubted, 0, Testimony::None, MINUTE), doubted);
        assert_eq!(judge(doubted, 0, Testimony::Right, MINUTE), None);
        let ahead = judge(doubted, 0, Testimony::Ahead(HOUR), MINUTE);
        assert_eq!(ahead, Some(Doubt::Ahead(HOUR)));
        // Set back where it was.
        assert_eq!(judge(ahead, -HOUR_MS, Testimony::None, MINUTE), None);
        assert_eq!(judge(ahead, -HOUR_MS / 2, Testimony::None, MINUTE), ahead);
    }

    #[test]
    fn small_steps_steps_back_and_a_clock_behind_stop_nothing() {
        assert_eq!(judge(None, 59_000, Testimony::None, MINUTE), None);
        assert_eq!(judge(None, -HOUR_MS, Testimony::None, MINUTE), None);
        assert_eq!(judge(None, 0, Testimony::Behind(HOUR), MINUTE), None);
    }
}
