//! Rate limits: fixed windows per key, and the headers that tell about them.
//!
//! Sources: the headers and the 30 logins in 5 minutes were observed; the rest
//! is from <https://docs.bsky.app/docs/advanced-guides/rate-limits>.

use std::collections::HashMap;

use super::errors;
use crate::sandbox::wire::Answer;
use crate::support::time::UtcMs;

/// One limit: points within a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub name: &'static str,
    pub points: u64,
    pub window_s: i64,
}

/// Every request of one address.
pub(super) const EVERYTHING: Limit = limit("everything", 3000, 300);
/// Logins of one identifier, per 5 minutes.
pub(super) const LOGINS: Limit = limit("logins", 30, 300);
/// Logins of one identifier, per day.
pub(super) const LOGINS_DAY: Limit = limit("logins-day", 300, 86_400);
/// Writes of one account per hour: create 3, put 2, delete 1.
pub(super) const WRITES: Limit = limit("writes", 5000, 3600);
/// Writes of one account per day.
pub(super) const WRITES_DAY: Limit = limit("writes-day", 35_000, 86_400);
/// Blobs of one account per day.
pub(super) const UPLOADS: Limit = limit("uploads", 1000, 86_400);

const fn limit(name: &'static str, points: u64, window_s: i64) -> Limit {
    Limit {
        name,
        points,
        window_s,
    }
}

#[derive(Debug)]
struct Window {
    ends: UtcMs,
    used: u64,
}

/// What is told about one limit.
#[derive(Clone, Copy, Debug)]
struct Seen {
    limit: Limit,
    left: u64,
    ends: UtcMs,
}

/// The windows that are open.
#[derive(Debug)]
pub(super) struct Limits {
    windows: HashMap<(&'static str, String), Window>,
    /// The limit of the current request with the fewest points left.
    tightest: Option<Seen>,
    pub on: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            windows: HashMap::new(),
            tightest: None,
            on: true,
        }
    }
}

impl Limits {
    /// Forgets what was told about the request before.
    pub fn begin(&mut self) {
        self.tightest = None;
    }

    /// Uses `points` of every limit, or gives the 429.
    pub fn spend(
        &mut self,
        limits: &[Limit],
        key: &str,
        points: u64,
        now: UtcMs,
    ) -> Result<(), Answer> {
        if !self.on {
            return Ok(());
        }
        for &limit in limits {
            let key = (limit.name, key.to_owned());
            let fresh = || Window {
                ends: UtcMs(now.0.saturating_add(limit.window_s.saturating_mul(1000))),
                used: 0,
            };
            let window = self.windows.entry(key).or_insert_with(fresh);
            if window.ends <= now {
                *window = fresh();
            }
            window.used = window.used.saturating_add(points);
            let seen = Seen {
                limit,
                left: limit.points.saturating_sub(window.used),
                ends: window.ends,
            };
            if window.used > limit.points {
                self.tightest = None;
                return Err(refusal(limit, seen.ends, now));
            }
            if self.tightest.is_none_or(|other| seen.left < other.left) {
                self.tightest = Some(seen);
            }
        }
        Ok(())
    }

    /// The `RateLimit-*` headers of the current request.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        self.tightest
            .map(|seen| headers(seen.limit, seen.left, seen.ends))
            .unwrap_or_default()
    }
}

fn headers(limit: Limit, left: u64, ends: UtcMs) -> Vec<(&'static str, String)> {
    vec![
        ("ratelimit-limit", limit.points.to_string()),
        ("ratelimit-remaining", left.to_string()),
        ("ratelimit-reset", ends.0.div_euclid(1000).to_string()),
        (
            "ratelimit-policy",
            format!("{};w={}", limit.points, limit.window_s),
        ),
    ]
}

fn refusal(limit: Limit, ends: UtcMs, now: UtcMs) -> Answer {
    let mut answer = errors::error(429, "RateLimitExceeded", "Rate Limit Exceeded");
    answer.headers.extend(headers(limit, 0, ends));
    let wait = ends.since(now).as_millis().div_ceil(1000);
    answer.headers.push(("retry-after", wait.to_string()));
    answer
}

/// The 429 that says to come back after `retry_after` seconds.
pub(super) fn refused_for(retry_after: u64, now: UtcMs) -> Answer {
    let ends = now.plus(std::time::Duration::from_secs(retry_after));
    refusal(EVERYTHING, ends, now)
}
