//! What holds a scheduled delivery, and what keeps a channel from publishing.

use super::channel::{Cause, Channel, Status};
use super::delivery::Blocker;
use super::lamp;

/// What holds a scheduled delivery of this channel, the weightiest reason
/// first; `None` when it goes out at its time. Held is derived, never stored.
pub fn blocker(
    channel: &Channel,
    restored: bool,
    clock_suspect: bool,
    earlier_part_undecided: bool,
) -> Option<Blocker> {
    if lamp::broken(channel) {
        Some(Blocker::ChannelDisconnected)
    } else if channel.paused_at.is_some() {
        Some(Blocker::Paused)
    } else if restored {
        Some(Blocker::Restored)
    } else if clock_suspect {
        Some(Blocker::ClockSuspect)
    } else if earlier_part_undecided {
        Some(Blocker::EarlierPart)
    } else {
        None
    }
}

/// Why a channel does not publish: `publishBlocker` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishBlocker {
    /// Its own health.
    Cause(Cause),
    /// An operator paused it.
    Paused,
    /// Our app is at fault at its network, not the channel.
    AppFault,
}

impl PublishBlocker {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cause(cause) => cause.name(),
            Self::Paused => "paused",
            Self::AppFault => "app_fault",
        }
    }

    /// The reason in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Cause(cause) => cause.words(),
            Self::Paused => "paused",
            Self::AppFault => "our app is refused",
        }
    }
}

/// Why this channel does not publish, `None` when it does. Its own health
/// weighs more than an app at fault, and that more than a pause.
pub fn publish_blocker(channel: &Channel, app_fault: bool) -> Option<PublishBlocker> {
    if lamp::broken(channel) {
        let cause = match channel.cause {
            // Broken without a cause: the tokens are gone, by us or anyhow.
            Cause::None if channel.status == Status::Disconnected => Cause::AccessWithdrawn,
            Cause::None => Cause::Expired,
            cause => cause,
        };
        Some(PublishBlocker::Cause(cause))
    } else if app_fault {
        Some(PublishBlocker::AppFault)
    } else if channel.paused_at.is_some() {
        Some(PublishBlocker::Paused)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::channel::tests::healthy;
    use super::*;
    use crate::support::time::UtcMs;

    #[test]
    fn c1_held_says_the_weightiest_reason() {
        let mut channel = healthy();
        assert_eq!(blocker(&channel, false, false, false), None);
        let earlier = blocker(&channel, false, false, true);
        assert_eq!(earlier, Some(Blocker::EarlierPart));
        let clock = blocker(&channel, false, true, true);
        assert_eq!(clock, Some(Blocker::ClockSuspect));
        assert_eq!(blocker(&channel, true, true, true), Some(Blocker::Restored));
        channel.paused_at = Some(UtcMs(1));
        assert_eq!(blocker(&channel, true, true, true), Some(Blocker::Paused));
        channel.publishable = false;
        channel.cause = Cause::Restricted;
        let broken = blocker(&channel, true, true, true);
        assert_eq!(broken, Some(Blocker::ChannelDisconnected));
    }

    #[test]
    fn a_delivery_is_held_exactly_when_the_channel_cannot_send() {
        for cause in Cause::ALL {
            let mut channel = healthy();
            channel.cause = *cause;
            channel.status = cause.status().unwrap_or(Status::Active);
            channel.publishable = cause.publishable();
            let free = blocker(&channel, false, false, false).is_none();
            assert_eq!(free, channel.can_send(), "{cause:?}");
            assert_eq!(publish_blocker(&channel, false).is_none(), free);
        }
    }

    #[test]
    fn a5_an_app_at_fault_is_said_as_such_and_blames_no_channel() {
        let mut channel = healthy();
        let said = publish_blocker(&channel, true).map(PublishBlocker::name);
        assert_eq!(said, Some("app_fault"));
        channel.paused_at = Some(UtcMs(1));
        let said = publish_blocker(&channel, false).map(PublishBlocker::name);
        assert_eq!(said, Some("paused"));
        channel.cause = Cause::RoleLost;
        channel.publishable = false;
        let said = publish_blocker(&channel, true).map(PublishBlocker::name);
        assert_eq!(said, Some("role_lost"));
    }
}
