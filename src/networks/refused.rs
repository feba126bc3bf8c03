//! What a call that people see, and that did not succeed, means for its post:
//! one table for every network. What a network knows better it says before.

use super::http::Trouble;
use super::{Outcome, Refusal};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;

/// Proven not processed, refused for good, or unclear.
pub(crate) fn visible(trouble: Option<Trouble>, refusal: Refusal) -> Outcome {
    if let Some(trouble) = trouble {
        return if trouble.proven_not_sent() {
            Outcome::NotProcessed(refusal)
        } else {
            Outcome::Unclear(refusal)
        };
    }
    match refusal.class {
        AnswerClass::TokenExpired
        | AnswerClass::Revoked
        | AnswerClass::PasswordChanged
        | AnswerClass::SecurityReview
        | AnswerClass::Restricted
        | AnswerClass::MissingScope
        | AnswerClass::LostRole
        | AnswerClass::AccountGone
        | AnswerClass::RateLimited
        | AnswerClass::AppFault => Outcome::NotProcessed(refusal),
        AnswerClass::InvalidPost => Outcome::Refused(refusal),
        AnswerClass::Transient | AnswerClass::Duplicate | AnswerClass::Unclassified => {
            Outcome::Unclear(refusal)
        }
    }
}

/// A refusal of our own making, seen by `call`.
pub(crate) fn ours(class: AnswerClass, call: &str, what: String) -> Refusal {
    Refusal {
        class,
        cause: None,
        evidence: Evidence {
            message: Some(what),
            seen_by: Some(call.to_owned()),
            ..Evidence::default()
        },
        retry_after: None,
        confirmed: false,
    }
}
