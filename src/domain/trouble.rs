//! What is wrong with a channel or a post, so that it is known again: the same
//! trouble goes on, and one of its kind that comes after it was mended is
//! another.

use super::aside::needs_a_hand;
use super::channel::Channel;
use super::delivery::Delivery;
use super::lamp::{Attention, broken};
use super::reading::Reading;
use crate::support::time::UtcMs;

/// How often what no date of a channel tells apart has begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Begun {
    /// How often refreshing its login began to fail.
    pub refreshing: u64,
    /// What is refused to be read now, and how often that began.
    pub refused: Vec<(Reading, u64)>,
}

/// The troubles of a channel now, each by its kind and by what changes when it
/// is mended; none when it is well.
pub fn troubles(channel: &Channel, attention: &[Attention], begun: &Begun) -> Vec<String> {
    if broken(channel) {
        return vec![format!("broken {}", channel.status_since.0)];
    }
    let at = |at: Option<UtcMs>| at.map_or(0, |at| at.0);
    let mut all = Vec::new();
    for one in attention {
        match one {
            // What fails and what was given up is one trouble that goes on.
            Attention::RefreshFailing(_) | Attention::RefreshGivenUp => {
                let login = channel.login_id.as_ref().map_or("", |id| id.as_str());
                all.push(format!("refreshing {login} {}", begun.refreshing));
            }
            Attention::Ends(end) => all.push(format!("ends {}", end.0)),
            Attention::ProofStale(proof) => all.push(format!("proof {}", at(*proof))),
            // Only a login changes what is granted.
            Attention::ScopesMissing(scopes) => {
                let login = at(channel.reconnected_at);
                all.push(format!("scopes {login} {}", scopes.join(" ")));
            }
            Attention::ReadingRefused => {
                let refused = begun.refused.iter();
                all.extend(refused.map(|(what, times)| format!("{} {times}", what.name())));
            }
            Attention::Idle(since) => all.push(format!("idle {}", since.0)),
        }
    }
    all
}

/// The trouble of a post that needs a hand: sent again it is another try, and
/// at another time another miss.
pub fn of_post(delivery: &Delivery) -> Option<String> {
    let state = delivery.state;
    needs_a_hand(state).then(|| {
        format!(
            "{} {} {}",
            state.name(),
            delivery.attempt_no,
            delivery.due.0
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::channel::tests::healthy;
    use super::*;

    fn begun(refreshing: u64, posts: u64) -> Begun {
        Begun {
            refreshing,
            refused: vec![(Reading::Posts, posts)],
        }
    }

    #[test]
    fn a_trouble_is_the_same_while_it_goes_on_and_another_after_it_was_mended() {
        let channel = healthy();
        let of = |attention: Attention, begun: &Begun| troubles(&channel, &[attention], begun);
        let one = begun(1, 1);
        assert!(troubles(&channel, &[], &one).is_empty(), "it is well");
        let failing = of(Attention::RefreshFailing(1), &one);
        assert_eq!(failing, of(Attention::RefreshFailing(2), &one));
        assert_eq!(failing, of(Attention::RefreshGivenUp, &one));
        assert_ne!(failing, of(Attention::RefreshFailing(1), &begun(2, 1)));
        let refused = of(Attention::ReadingRefused, &one);
        assert_ne!(refused, of(Attention::ReadingRefused, &begun(1, 2)));
        let stale = |at| of(Attention::ProofStale(at), &one);
        assert_ne!(stale(Some(UtcMs(1))), stale(Some(UtcMs(2))));
        assert_ne!(stale(None), stale(Some(UtcMs(2))));
        let ends = |at| of(Attention::Ends(UtcMs(at)), &one);
        assert_ne!(ends(1), ends(2));
        let idle = |at| of(Attention::Idle(UtcMs(at)), &one);
        assert_ne!(idle(1), idle(2));
    }

    #[test]
    fn what_is_missing_after_another_login_is_another_trouble() {
        let missing = [Attention::ScopesMissing(vec!["insights".into()])];
        let mut channel = healthy();
        let before = troubles(&channel, &missing, &Begun::default());
        channel.reconnected_at = Some(UtcMs(5));
        assert_ne!(before, troubles(&channel, &missing, &Begun::default()));
    }

    #[test]
    fn what_broke_again_is_another_trouble_whatever_else_is_said_of_it() {
        let mut channel = healthy();
        channel.publishable = false;
        let stale = [Attention::ProofStale(None)];
        let first = troubles(&channel, &stale, &begun(1, 1));
        assert_eq!(first.len(), 1);
        assert_eq!(first, troubles(&channel, &[], &begun(2, 2)));
        channel.status_since = UtcMs(9);
        assert_ne!(first, troubles(&channel, &stale, &begun(1, 1)));
    }
}
