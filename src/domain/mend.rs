//! What mends a channel: one rule for the command that is printed, the rows
//! that stand together and the key that is named.

use super::answer::AnswerClass;
use super::channel::{Cause, Channel, Status};
use super::lamp::{Attention, broken};
use super::reading::Reading;

/// What mends a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Nothing is wrong.
    Nothing,
    /// It left for good: the account is connected anew.
    Connect,
    /// A login by a person.
    Login,
    /// A proof: what is wrong passes elsewhere, and that shows it.
    Proof,
    /// Reading this again.
    Reading(Reading),
}

impl Cause {
    /// What mends a channel that is broken for it.
    pub fn mend(self) -> Mend {
        match self {
            Self::None
            | Self::Expired
            | Self::Inactive
            | Self::AppRemoved
            | Self::PasswordChanged
            | Self::SecurityReview
            | Self::PolicyChange
            | Self::AccessWithdrawn
            | Self::ScopeMissing
            | Self::LegacyLink => Mend::Login,
            // Cleared at the network; a proof shows that it is.
            Self::Restricted | Self::RoleLost | Self::AccountGone => Mend::Proof,
        }
    }
}

impl Attention {
    /// What mends it; `unreadable` is what the network refuses to be read.
    pub fn mend(&self, unreadable: &[(Reading, AnswerClass)]) -> Mend {
        match self {
            // A proof renews what can be renewed, and brings no permission.
            Self::RefreshFailing(_) | Self::ProofStale(_) => Mend::Proof,
            Self::RefreshGivenUp | Self::Ends(_) | Self::ScopesMissing(_) | Self::Idle(_) => {
                Mend::Login
            }
            Self::ReadingRefused => match unreadable.first() {
                Some((what, class)) if *class != AnswerClass::MissingScope => Mend::Reading(*what),
                _ => Mend::Login,
            },
        }
    }
}

/// What mends a channel now. Of several reasons to look after it the most urgent
/// one decides.
pub fn mend(
    channel: &Channel,
    attention: &[Attention],
    unreadable: &[(Reading, AnswerClass)],
) -> Mend {
    if channel.status == Status::Disconnected {
        return Mend::Connect;
    }
    if broken(channel) {
        return channel.cause.mend();
    }
    let first = attention.first();
    first.map_or(Mend::Nothing, |one| one.mend(unreadable))
}

#[cfg(test)]
mod tests {
    use super::super::channel::tests::healthy;
    use super::*;
    use crate::support::time::UtcMs;

    #[test]
    fn what_is_broken_is_mended_by_a_login_unless_it_heals_elsewhere() {
        for cause in Cause::ALL {
            let mut channel = healthy();
            (channel.publishable, channel.cause) = (false, *cause);
            let expected = match cause.heals_by_itself() {
                true => Mend::Proof,
                false => Mend::Login,
            };
            assert_eq!(mend(&channel, &[], &[]), expected, "{cause:?}");
            // Whatever is to be looked after beside it.
            let stale = [Attention::ProofStale(None)];
            assert_eq!(mend(&channel, &stale, &[]), expected, "{cause:?}");
            channel.status = Status::Disconnected;
            assert_eq!(mend(&channel, &[], &[]), Mend::Connect);
        }
        assert_eq!(mend(&healthy(), &[], &[]), Mend::Nothing);
    }

    #[test]
    fn of_what_is_only_to_be_looked_after_the_most_urgent_decides() {
        let scopes = Attention::ScopesMissing(vec!["insights".into()]);
        let posts = |class| [(Reading::Posts, class)];
        let down = posts(AnswerClass::Unclassified);
        let scope = posts(AnswerClass::MissingScope);
        for (attention, unreadable, expected) in [
            (vec![Attention::RefreshGivenUp], &[][..], Mend::Login),
            (vec![Attention::Ends(UtcMs(1))], &[], Mend::Login),
            (vec![Attention::RefreshFailing(2)], &[], Mend::Proof),
            (vec![Attention::ProofStale(None)], &[], Mend::Proof),
            (vec![scopes.clone()], &[], Mend::Login),
            (vec![Attention::ProofStale(None), scopes], &[], Mend::Proof),
            (vec![Attention::Idle(UtcMs(1))], &[], Mend::Login),
            (
                vec![Attention::ReadingRefused],
                &down,
                Mend::Reading(Reading::Posts),
            ),
            (vec![Attention::ReadingRefused], &scope, Mend::Login),
        ] {
            let said = mend(&healthy(), &attention, unreadable);
            assert_eq!(said, expected, "{attention:?}");
        }
    }
}
