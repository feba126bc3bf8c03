//! Is it them? Judged over all logins of a network from what our own calls met
//! (A9). Only trouble of theirs is evidence: a named refusal is neither counted
//! in nor held back.

use super::answer::AnswerClass;
use crate::closed_list;

closed_list! {
    /// What a network was asked for.
    Asked {
        /// To renew or prove a login.
        Login = "login",
        /// To take a post.
        Post = "post",
    }
}

/// A hub with fewer logins in trouble never speaks of weather.
pub const LEAST_LOGINS: u64 = 5;
/// One in this many logins of the network must be in trouble: 5 %.
pub const ONE_IN: u64 = 20;

/// What the last minutes say of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sky {
    /// Logins of the network that have tokens.
    pub logins: u64,
    /// Of those, how many met trouble of theirs since their server last answered.
    pub in_trouble: u64,
}

impl Sky {
    /// It is them, not us: enough distinct logins, and enough of all there are.
    pub fn bad(self) -> bool {
        self.in_trouble >= LEAST_LOGINS && self.in_trouble.saturating_mul(ONE_IN) >= self.logins
    }
}

/// What one answer says of the weather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The network has trouble.
    Trouble,
    /// The network answers, whatever it said.
    Answers,
    /// It says nothing about the network as a whole.
    None,
}

/// What an answer that was not a success says of the weather. A rate limit
/// speaks of how much we ask, an answer nobody can read of nothing.
pub fn sign(class: AnswerClass) -> Sign {
    match class {
        AnswerClass::Transient => Sign::Trouble,
        AnswerClass::TokenExpired
        | AnswerClass::Revoked
        | AnswerClass::PasswordChanged
        | AnswerClass::SecurityReview
        | AnswerClass::Restricted
        | AnswerClass::MissingScope
        | AnswerClass::LostRole
        | AnswerClass::AccountGone
        | AnswerClass::InvalidPost => Sign::Answers,
        AnswerClass::RateLimited
        | AnswerClass::Duplicate
        | AnswerClass::AppFault
        | AnswerClass::Unclassified => Sign::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(in_trouble: u64, logins: u64) -> bool {
        Sky { logins, in_trouble }.bad()
    }

    #[test]
    fn a9_five_logins_and_one_in_twenty_are_needed() {
        assert!(bad(5, 5) && bad(5, 100) && bad(1_000, 20_000));
        assert!(!bad(5, 101) && !bad(999, 20_000));
        assert!(bad(u64::MAX, u64::MAX), "no overflow");
    }

    #[test]
    fn a9_a_small_hub_never_trips_it() {
        for logins in 0..LEAST_LOGINS {
            for in_trouble in 0..=logins {
                assert!(!bad(in_trouble, logins));
            }
        }
    }

    #[test]
    fn a9_a_named_refusal_is_no_trouble_and_only_trouble_of_theirs_is() {
        for class in AnswerClass::ALL {
            let named = class.meaning().cause.is_some();
            assert_eq!(
                sign(*class) == Sign::Trouble,
                *class == AnswerClass::Transient
            );
            assert!(!named || sign(*class) == Sign::Answers, "{class:?}");
        }
    }
}
