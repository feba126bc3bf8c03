//! When a login is refreshed, and what a refused refresh leads to (A5).
//!
//! Two clocks: the access clock for tokens that live under 48 h, the grant
//! clock for the end of the login. Trouble of theirs is never counted; a named
//! refusal flips after one confirming retry; the rest is counted to three.

use std::time::Duration;

use super::answer::AnswerClass;
use super::channel::{Cause, Expiry, TokenFacts};
use super::lamp::{ENDS_SOON, REFRESH_LIMIT};
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// Tokens that live shorter than this go by the access clock.
pub const SHORT_LIFE: Duration = Duration::from_secs(48 * 3_600);

/// What a network and a login allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewing {
    /// There is something to refresh with.
    pub possible: bool,
    /// A refresh moves the end of the login too.
    pub moves_grant: bool,
    /// When the present pair was given.
    pub issued_at: UtcMs,
    /// This login's share of the spread, so that many do not align; it only
    /// ever makes a grant refresh earlier.
    pub jitter: Duration,
    /// A try before this is not fair: the last one failed.
    pub not_before: Option<UtcMs>,
}

/// When to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDue {
    /// Now.
    Now,
    /// Not before then.
    At(UtcMs),
    /// Nothing to refresh, or given up.
    Never,
}

/// When this login is to be refreshed next.
pub fn refresh_due(token: &TokenFacts, renewing: &Renewing, now: UtcMs) -> RefreshDue {
    if !renewing.possible || token.generation <= 0 || token.refresh_failures >= REFRESH_LIMIT {
        return RefreshDue::Never;
    }
    let clocks = [access_clock(token, renewing), grant_clock(token, renewing)];
    let Some(due) = clocks.into_iter().flatten().min() else {
        return RefreshDue::Never;
    };
    let due = renewing.not_before.map_or(due, |floor| due.max(floor));
    if due <= now {
        RefreshDue::Now
    } else {
        RefreshDue::At(due)
    }
}

/// Under 20 % of its life left, for tokens that live under 48 h.
fn access_clock(token: &TokenFacts, renewing: &Renewing) -> Option<UtcMs> {
    let end = known(token.token_expires_at, token.token_expiry)?;
    let life = end.since(renewing.issued_at);
    (life < SHORT_LIFE).then(|| end.minus(life / 5))
}

/// From 7 days before the end of the login, or of a token that lives longer
/// than the access clock covers.
fn grant_clock(token: &TokenFacts, renewing: &Renewing) -> Option<UtcMs> {
    let of_token = || {
        let end = known(token.token_expires_at, token.token_expiry)?;
        (end.since(renewing.issued_at) >= SHORT_LIFE).then_some(end)
    };
    // A grant that no refresh moves would be due again after every refresh.
    let of_grant = || known(token.grant_expires_at, token.grant_expiry);
    let end = if renewing.moves_grant {
        [of_grant(), of_token()].into_iter().flatten().min()?
    } else {
        of_token()?
    };
    // Never in the first half of its life, or a short one would be due at once.
    let life = end.since(renewing.issued_at);
    let ahead = ENDS_SOON.min(life / 2);
    let jitter = renewing.jitter.min(life / 20);
    Some(end.minus(ahead).minus(jitter))
}

fn known(at: Option<UtcMs>, expiry: Expiry) -> Option<UtcMs> {
    match expiry {
        Expiry::Date | Expiry::Estimated => at,
        Expiry::Never | Expiry::Unknown => None,
    }
}

/// The wait after the `tries`-th try in a row that met trouble of theirs:
/// doubling, up to the distance of two proofs.
pub fn back_off(tries: u32, timing: &Timing) -> Duration {
    doubled(timing.refresh_retry, tries, timing.probe_every)
}

/// The `n`-th of pauses that begin with `first` and double up to `most`.
pub fn doubled(first: Duration, n: u32, most: Duration) -> Duration {
    let times = 2u32.saturating_pow(n.saturating_sub(1).min(20));
    first.saturating_mul(times).min(most)
}

/// A share of `span` that is always the same for this name, so that many logins
/// do not move as one.
pub fn share(name: &str, span: Duration) -> Duration {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // Mixed once more: near names differ in few bits until here.
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    span.mul_f64(f64::from((mixed >> 32) as u32) / f64::from(u32::MAX))
}

/// A refused refresh, and what is known around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the catalogue says.
    pub class: AnswerClass,
    /// A cause more exact than the class gives.
    pub cause: Option<Cause>,
    /// When the network says to come back, counted from `now`.
    pub retry_after: Option<Duration>,
    /// The one confirming retry of a named refusal was made.
    pub confirmed: bool,
    /// The clock of this machine is in doubt: nothing is counted or flipped.
    pub clock_suspect: bool,
    /// Counted failures so far.
    pub failures: u8,
    /// When the last one was counted.
    pub last_counted_at: Option<UtcMs>,
    /// Tries in a row that met trouble of theirs, without this one.
    pub transient_tries: u32,
    /// The access token still lives.
    pub token_lives: bool,
}

/// What a refused refresh leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRefusal {
    /// Trouble of theirs, or too soon to count: try again then.
    Transient {
        /// When.
        retry_at: UtcMs,
    },
    /// A named refusal: one confirming retry decides.
    Confirm {
        /// When.
        retry_at: UtcMs,
    },
    /// Counted: "n of 3".
    Counted {
        /// Failures in a row, this one included: 1 or 2.
        failures: u8,
        /// The next try.
        retry_at: UtcMs,
    },
    /// The third: no more tries. The lamp is amber while the token lives.
    GiveUp,
    /// The channel's cause becomes this.
    Flip(Cause),
    /// Our app is at fault: one notice per app, no channel flips.
    AppFault {
        /// When to try again.
        retry_at: UtcMs,
    },
}

/// What follows from a refused refresh.
pub fn after_refusal(refusal: &Refusal, timing: &Timing, now: UtcMs) -> AfterRefusal {
    let class = refusal.class;
    if class == AnswerClass::AppFault {
        let retry_at = now.plus(timing.refresh_check_every);
        return AfterRefusal::AppFault { retry_at };
    }
    let theirs = matches!(class, AnswerClass::Transient | AnswerClass::RateLimited);
    if theirs || refusal.clock_suspect {
        let pause = back_off(refusal.transient_tries.saturating_add(1), timing);
        let asked = refusal.retry_after.unwrap_or_default();
        let most = Duration::from_secs(24 * 3_600);
        let retry_at = now.plus(pause.max(asked.min(most)));
        return AfterRefusal::Transient { retry_at };
    }
    let named = refusal.cause.or(class.meaning().cause);
    match named {
        Some(cause) if cause != Cause::None => named_refusal(cause, refusal, timing, now),
        _ => counted(refusal, timing, now),
    }
}

fn named_refusal(cause: Cause, refusal: &Refusal, timing: &Timing, now: UtcMs) -> AfterRefusal {
    if refusal.confirmed {
        AfterRefusal::Flip(cause)
    } else {
        let retry_at = now.plus(timing.refused_retry);
        AfterRefusal::Confirm { retry_at }
    }
}

fn counted(refusal: &Refusal, timing: &Timing, now: UtcMs) -> AfterRefusal {
    let too_soon = refusal
        .last_counted_at
        .map(|at| at.plus(timing.counted_spacing))
        // One that was given up is tried once more when its token has ended.
        .filter(|next| (1..REFRESH_LIMIT).contains(&refusal.failures) && *next > now);
    if let Some(retry_at) = too_soon {
        return AfterRefusal::Transient { retry_at };
    }
    let failures = refusal.failures.saturating_add(1);
    if failures < REFRESH_LIMIT {
        let retry_at = now.plus(timing.counted_spacing);
        AfterRefusal::Counted { failures, retry_at }
    } else if refusal.token_lives {
        AfterRefusal::GiveUp
    } else {
        AfterRefusal::Flip(Cause::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_000_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);
    const DAY: Duration = Duration::from_secs(86_400);

    fn renewing(issued_at: UtcMs) -> Renewing {
        Renewing {
            possible: true,
            moves_grant: true,
            issued_at,
            jitter: Duration::ZERO,
            not_before: None,
        }
    }

    fn token(life: Duration) -> TokenFacts {
        TokenFacts {
            generation: 1,
            token_expires_at: Some(NOW.plus(life)),
            token_expiry: Expiry::Date,
            ..TokenFacts::default()
        }
    }

    fn due(token: &TokenFacts, renewing: &Renewing, now: UtcMs) -> RefreshDue {
        refresh_due(token, renewing, now)
    }

    #[test]
    fn a5_a_short_token_is_refreshed_with_a_fifth_of_its_life_left() {
        let token = token(HOUR * 2);
        let at = NOW.plus(Duration::from_secs(96 * 60));
        assert_eq!(due(&token, &renewing(NOW), NOW), RefreshDue::At(at));
        assert_eq!(due(&token, &renewing(NOW), at), RefreshDue::Now);
    }

    #[test]
    fn a5_a_long_token_and_a_grant_are_refreshed_from_seven_days_before_the_end() {
        let mut token = token(DAY * 60);
        let at = NOW.plus(DAY * 53);
        assert_eq!(due(&token, &renewing(NOW), NOW), RefreshDue::At(at));
        // A short access token beside a grant: whichever comes first.
        token.token_expires_at = Some(NOW.plus(DAY));
        token.grant_expires_at = Some(NOW.plus(DAY * 7));
        token.grant_expiry = Expiry::Estimated;
        let first = NOW.plus(DAY - DAY / 5);
        assert_eq!(due(&token, &renewing(NOW), NOW), RefreshDue::At(first));
    }

    #[test]
    fn a5_a_grant_that_no_refresh_moves_is_not_refreshed_for_its_own_sake() {
        let mut token = token(DAY * 60);
        token.grant_expires_at = Some(NOW.plus(DAY));
        token.grant_expiry = Expiry::Date;
        let fixed = Renewing {
            moves_grant: false,
            ..renewing(NOW)
        };
        assert_eq!(due(&token, &fixed, NOW), RefreshDue::At(NOW.plus(DAY * 53)));
    }

    #[test]
    fn a5_without_an_end_or_a_way_there_is_nothing_to_do() {
        let mut token = token(HOUR);
        let none = Renewing {
            possible: false,
            ..renewing(NOW)
        };
        assert_eq!(due(&token, &none, NOW), RefreshDue::Never);
        token.refresh_failures = 3;
        assert_eq!(due(&token, &renewing(NOW), NOW), RefreshDue::Never);
        token.refresh_failures = 0;
        token.token_expiry = Expiry::Never;
        assert_eq!(due(&token, &renewing(NOW), NOW), RefreshDue::Never);
    }

    #[test]
    fn a5_a_refresh_just_made_is_never_due_at_once() {
        for hours in [1u32, 47, 48, 100, 24 * 30, 24 * 365] {
            let token = token(HOUR * hours);
            let jittered = Renewing {
                jitter: DAY,
                ..renewing(NOW)
            };
            assert!(
                matches!(due(&token, &jittered, NOW), RefreshDue::At(_)),
                "{hours} h"
            );
        }
    }

    #[test]
    fn a5_a_failed_try_is_not_repeated_before_its_time_and_trouble_backs_off() {
        let token = token(HOUR);
        let floor = NOW.plus(HOUR * 2);
        let failed = Renewing {
            not_before: Some(floor),
            ..renewing(NOW)
        };
        assert_eq!(due(&token, &failed, NOW.plus(HOUR)), RefreshDue::At(floor));
        assert_eq!(due(&token, &failed, floor), RefreshDue::Now);
        let timing = Timing::default();
        let minutes = |tries| back_off(tries, &timing).as_secs() / 60;
        assert_eq!([1, 2, 3, 6, 7, 99].map(minutes), [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn a5_the_shares_of_many_logins_are_spread_over_the_whole_span() {
        let shares: Vec<_> = (0..1_000)
            .map(|n| share(&format!("lgn_{n}"), DAY).as_secs() / 8_640)
            .collect();
        for tenth in 0..10 {
            let of_them = shares.iter().filter(|one| **one == tenth).count();
            assert!((50..200).contains(&of_them), "{of_them} in tenth {tenth}");
        }
        assert_eq!(share("lgn_1", DAY), share("lgn_1", DAY));
        assert!(share("lgn_1", DAY) <= DAY);
    }

    fn refusal(class: AnswerClass) -> Refusal {
        Refusal {
            class,
            cause: None,
            retry_after: None,
            confirmed: false,
            clock_suspect: false,
            failures: 0,
            last_counted_at: None,
            transient_tries: 0,
            token_lives: true,
        }
    }

    fn after(refusal: Refusal) -> AfterRefusal {
        after_refusal(&refusal, &Timing::default(), NOW)
    }

    #[test]
    fn a5_trouble_of_theirs_never_counts_and_never_flips() {
        for class in [AnswerClass::Transient, AnswerClass::RateLimited] {
            for failures in 0..5 {
                let one = Refusal {
                    failures,
                    confirmed: true,
                    token_lives: false,
                    ..refusal(class)
                };
                assert!(matches!(after(one), AfterRefusal::Transient { .. }));
            }
        }
        let asked = Refusal {
            retry_after: Some(DAY * 3_650),
            ..refusal(AnswerClass::RateLimited)
        };
        let retry_at = NOW.plus(DAY);
        assert_eq!(after(asked), AfterRefusal::Transient { retry_at });
        let doubtful = Refusal {
            clock_suspect: true,
            confirmed: true,
            ..refusal(AnswerClass::Revoked)
        };
        assert!(matches!(after(doubtful), AfterRefusal::Transient { .. }));
    }

    #[test]
    fn a5_a_named_refusal_flips_after_one_confirming_retry() {
        let first = refusal(AnswerClass::Revoked);
        assert!(matches!(after(first), AfterRefusal::Confirm { .. }));
        let exact = Refusal {
            confirmed: true,
            cause: Some(Cause::AppRemoved),
            ..first
        };
        assert_eq!(after(exact), AfterRefusal::Flip(Cause::AppRemoved));
    }

    #[test]
    fn a5_every_other_failure_is_counted_and_the_third_gives_up() {
        let unmapped = refusal(AnswerClass::Unclassified);
        let AfterRefusal::Counted {
            failures: 1,
            retry_at,
        } = after(unmapped)
        else {
            panic!("the first is counted")
        };
        assert_eq!(retry_at, NOW.plus(HOUR));
        let soon = Refusal {
            failures: 1,
            last_counted_at: Some(NOW.minus(HOUR / 2)),
            ..unmapped
        };
        assert!(
            matches!(after(soon), AfterRefusal::Transient { .. }),
            "too soon to count"
        );
        let third = Refusal {
            failures: 2,
            last_counted_at: Some(NOW.minus(HOUR)),
            ..unmapped
        };
        assert_eq!(after(third), AfterRefusal::GiveUp);
        let dead = Refusal {
            token_lives: false,
            ..third
        };
        assert_eq!(after(dead), AfterRefusal::Flip(Cause::Expired));
    }

    #[test]
    fn a5_our_own_app_at_fault_flips_nothing() {
        let ours = Refusal {
            confirmed: true,
            failures: 2,
            ..refusal(AnswerClass::AppFault)
        };
        assert!(matches!(after(ours), AfterRefusal::AppFault { .. }));
    }

    #[test]
    fn a5_given_up_becomes_expired_at_its_end_however_recent_the_last_failure_is() {
        let given_up = Refusal {
            failures: 3,
            last_counted_at: Some(NOW.minus(HOUR / 2)),
            ..refusal(AnswerClass::Unclassified)
        };
        assert_eq!(after(given_up), AfterRefusal::GiveUp);
        let ended = Refusal {
            token_lives: false,
            ..given_up
        };
        assert_eq!(after(ended), AfterRefusal::Flip(Cause::Expired));
    }
}
