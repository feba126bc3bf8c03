//! The one clock. Wall time decides what is due, boot time measures how long
//! something took; both come from here, so that tests can hold or scale them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::time::UtcMs;

/// Wall clock, boot clock and timer in one value; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real,
    /// Moves only when told; program and sandbox share it inside one test.
    Manual(Arc<Manual>),
    /// Starts at an instant and runs `factor` times as fast; 0 holds it.
    Scaled {
        start: UtcMs,
        origin: Instant,
        factor: u32,
    },
}

#[derive(Debug)]
struct Manual {
    state: Mutex<ManualState>,
    moved: Notify,
}

#[derive(Debug)]
struct ManualState {
    now: UtcMs,
    boot: Duration,
}

impl Manual {
    fn state(&self) -> MutexGuard<'_, ManualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two reads that are closer than this are of one moment.
const SAME_MOMENT: Duration = Duration::from_millis(100);

/// Environment variable by which debug builds take a scaled clock:
/// `<RFC 3339 instant>x<factor>`.
pub const TEST_CLOCK: &str = "ALLGREEN_TEST_CLOCK";

impl Clock {
    /// The clock of this machine.
    pub fn real() -> Self {
        Self(Kind::Real)
    }

    /// A clock that stands at `now` until [`Clock::advance`] moves it.
    pub fn manual(now: UtcMs) -> Self {
        Self(Kind::Manual(Arc::new(Manual {
            state: Mutex::new(ManualState {
                now,
                boot: Duration::from_secs(1000),
            }),
            moved: Notify::new(),
        })))
    }

    /// A clock that starts at `start` and runs `factor` times as fast as real
    /// time; a factor of 0 holds it.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is where real time enters"
    )]
    pub fn scaled(start: UtcMs, factor: u32) -> Self {
        Self(Kind::Scaled {
            start,
            origin: Instant::now(),
            factor,
        })
    }

    /// The real clock, or in debug builds the one named by [`TEST_CLOCK`].
    ///
    /// # Errors
    /// A sentence, when the variable is set but not `<instant>x<factor>`.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is where the test clock enters"
    )]
    pub fn from_environment() -> Result<Self, String> {
        if !cfg!(debug_assertions) {
            return Ok(Self::real());
        }
        let Ok(text) = std::env::var(TEST_CLOCK) else {
            return Ok(Self::real());
        };
        let parsed = text
            .rsplit_once('x')
            .and_then(|(at, factor)| Some((UtcMs::parse_rfc3339(at).ok()?, factor.parse().ok()?)));
        match parsed {
            Some((start, factor)) => Ok(Self::scaled(start, factor)),
            None => Err(format!(
                "{TEST_CLOCK} is \"{text}\", not <instant>x<factor>."
            )),
        }
    }

    /// Wall time now.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is where real time enters"
    )]
    pub fn now(&self) -> UtcMs {
        match &self.0 {
            Kind::Real => UtcMs(jiff::Timestamp::now().as_millisecond()),
            Kind::Manual(manual) => manual.state().now,
            Kind::Scaled {
                start,
                origin,
                factor,
            } => start.plus(origin.elapsed().saturating_mul(*factor)),
        }
    }

    /// Time since this machine booted, suspend included; for measuring spans.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is where real time enters"
    )]
    pub fn boot(&self) -> Duration {
        match &self.0 {
            Kind::Real => {
                let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                let seconds = u64::try_from(at.tv_sec).unwrap_or(0);
                Duration::new(seconds, u32::try_from(at.tv_nsec).unwrap_or(0))
            }
            Kind::Manual(manual) => manual.state().boot,
            Kind::Scaled { origin, factor, .. } => origin.elapsed().saturating_mul(*factor),
        }
    }

    /// Wall time and time since boot of the same moment.
    pub fn sample(&self) -> (UtcMs, Duration) {
        if let Kind::Manual(manual) = &self.0 {
            let state = manual.state();
            return (state.now, state.boot);
        }
        loop {
            let before = self.boot();
            let wall = self.now();
            // A process that was stopped between the two reads would see a step.
            if self.boot().saturating_sub(before) < SAME_MOMENT.saturating_mul(self.factor().max(1))
            {
                return (wall, before);
            }
        }
    }

    /// Returns once wall time has reached `until`; at once when it is past.
    ///
    /// Real sleeps are cut at 15 s and recomputed, since a monotonic sleep does
    /// not advance while the machine is suspended.
    #[allow(
        clippy::disallowed_methods,
        reason = "the clock is where real time enters"
    )]
    pub async fn sleep_until(&self, until: UtcMs) {
        loop {
            let left = match &self.0 {
                Kind::Real => until.since(self.now()),
                Kind::Scaled { factor: 0, .. } => {
                    if self.now() >= until {
                        return;
                    }
                    std::future::pending().await
                }
                Kind::Scaled { factor, .. } => {
                    let left = until.since(self.now());
                    // Rounded up, so that the last lap does not spin.
                    left / *factor + Duration::from_millis(u64::from(!left.is_zero()))
                }
                Kind::Manual(manual) => {
                    let moved = manual.moved.notified();
                    tokio::pin!(moved);
                    moved.as_mut().enable();
                    if manual.state().now >= until {
                        return;
                    }
                    moved.await;
                    continue;
                }
            };
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_secs(15))).await;
        }
    }

    /// Returns after `span` of this clock's time.
    pub async fn sleep(&self, span: Duration) {
        self.sleep_until(self.now().plus(span)).await;
    }

    /// Moves a manual clock (wall and boot) forward and wakes who waited for it.
    ///
    /// # Panics
    /// When the clock is not a manual one: only tests hold those.
    pub fn advance(&self, by: Duration) {
        let Kind::Manual(manual) = &self.0 else {
            panic!("only a manual clock can be advanced")
        };
        {
            let mut state = manual.state();
            state.now = state.now.plus(by);
            state.boot += by;
        }
        manual.moved.notify_waiters();
    }

    /// Steps the wall time of a manual clock without its boot time, as an
    /// operator or NTP does; negative steps go back.
    ///
    /// # Panics
    /// When the clock is not a manual one: only tests hold those.
    pub fn step(&self, by_ms: i64) {
        let Kind::Manual(manual) = &self.0 else {
            panic!("only a manual clock can be stepped")
        };
        {
            let mut state = manual.state();
            state.now = UtcMs(state.now.0.saturating_add(by_ms));
        }
        manual.moved.notify_waiters();
    }

    /// How much faster than real time this clock runs; 1 for real and manual
    /// ones. Real-time limits (sockets) are divided by it.
    pub fn factor(&self) -> u32 {
        match &self.0 {
            Kind::Scaled { factor, .. } => *factor,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clock_gives_a_sample_also_one_that_is_held() {
        let start = UtcMs(1_795_000_000_000);
        for clock in [
            Clock::real(),
            Clock::manual(start),
            Clock::scaled(start, 0),
            Clock::scaled(start, 60),
        ] {
            let (wall, boot) = clock.sample();
            assert!(wall.since(clock.now()).is_zero());
            assert!(boot <= clock.boot());
        }
    }
}
