//! Plans: which networks and how many channels a workspace may connect.
//!
//! Only a connect is ever refused. A reconnect is not, and a smaller plan
//! disconnects nothing.

use super::network::Network;
use crate::closed_list;

closed_list! {
    /// The name of a plan, smallest first.
    Tier {
        /// Meta's networks, a few channels.
        Free = "free",
        /// Meta's networks, more channels.
        Starter = "starter",
        /// All networks there are today.
        Professional = "professional",
        /// Everything, without a limit; the default.
        Enterprise = "enterprise",
    }
}

impl Tier {
    /// The name as people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Starter => "Starter",
            Self::Professional => "Professional",
            Self::Enterprise => "Enterprise",
        }
    }
}

/// Networks that are shown but cannot be connected yet.
pub const COMING: &[Network] = &[Network::Whatsapp];

/// The smallest plan that has a network, as plans are shipped.
pub fn first_tier(network: Network) -> Tier {
    match network {
        Network::Facebook | Network::Instagram | Network::Threads => Tier::Free,
        Network::X
        | Network::Linkedin
        | Network::Tiktok
        | Network::Youtube
        | Network::Pinterest
        | Network::Bluesky
        | Network::Mastodon
        | Network::Telegram => Tier::Professional,
        Network::Whatsapp => Tier::Enterprise,
    }
}

/// A plan as this hub has it; a hub admin may edit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which.
    pub tier: Tier,
    /// Channels a workspace may have, `None` for no limit.
    pub channels: Option<u32>,
    /// The networks it has.
    pub networks: Vec<Network>,
}

/// Why a plan does not allow a connect: one sentence what, one what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefusal {
    /// The plan lacks the network.
    #[error(
        "{} is not part of the {} plan{}. A hub admin can change the plan.",
        network.title(),
        tier.title(),
        from(*network, *tier)
    )]
    Network {
        /// The network.
        network: Network,
        /// The plan.
        tier: Tier,
    },
    /// The network is only announced.
    #[error("{} is coming and cannot be connected yet. Choose another network.", .0.title())]
    Coming(Network),
    /// As many channels as it allows.
    #[error(
        "{used} of {allowed} channels of the {} plan are in use. \
         A hub admin can change the plan, or disconnect one first.",
        tier.title()
    )]
    Full {
        /// The plan.
        tier: Tier,
        /// Channels connected now.
        used: u32,
        /// Channels it allows.
        allowed: u32,
    },
}

/// " but from Professional on", where a larger plan has it.
fn from(network: Network, tier: Tier) -> String {
    let first = first_tier(network);
    if first > tier {
        format!(" but from {} on", first.title())
    } else {
        String::new()
    }
}

impl Plan {
    /// The plan as it is shipped.
    pub fn shipped(tier: Tier) -> Self {
        let channels = match tier {
            Tier::Free => Some(3),
            Tier::Starter => Some(10),
            Tier::Professional => Some(50),
            Tier::Enterprise => None,
        };
        let has = |network: &Network| first_tier(*network) <= tier;
        Self {
            tier,
            channels,
            networks: Network::ALL.iter().copied().filter(has).collect(),
        }
    }

    /// Whether the plan has this network and it can be connected today.
    pub fn offers(&self, network: Network) -> bool {
        self.networks.contains(&network) && !COMING.contains(&network)
    }

    /// Whether a workspace with `used` channels may connect one more of this
    /// network; asked before the login starts.
    ///
    /// # Errors
    /// What the plan lacks and who can change it.
    pub fn allows(&self, network: Network, used: u32) -> Result<(), PlanRefusal> {
        let tier = self.tier;
        if COMING.contains(&network) {
            return Err(PlanRefusal::Coming(network));
        }
        if !self.networks.contains(&network) {
            return Err(PlanRefusal::Network { network, tier });
        }
        match self.channels {
            Some(allowed) if used >= allowed => Err(PlanRefusal::Full {
                tier,
                used,
                allowed,
            }),
            _ => Ok(()),
        }
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self::shipped(Tier::Enterprise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_each_plan_has_its_networks_and_channels() {
        let table = [
            (Tier::Free, 3, Some(3)),
            (Tier::Starter, 3, Some(10)),
            (Tier::Professional, 11, Some(50)),
            (Tier::Enterprise, 12, None),
        ];
        for (tier, networks, channels) in table {
            let plan = Plan::shipped(tier);
            assert_eq!(plan.networks.len(), networks, "{tier:?}");
            assert_eq!(plan.channels, channels, "{tier:?}");
        }
        assert_eq!(Plan::default().tier, Tier::Enterprise);
        assert_eq!(Plan::default().allows(Network::Bluesky, 20_000), Ok(()));
    }

    #[test]
    fn f_at_the_limit_a_connect_says_used_allowed_and_who_can_change_it() {
        let plan = Plan::shipped(Tier::Free);
        assert_eq!(plan.allows(Network::Instagram, 2), Ok(()));
        let refused = plan.allows(Network::Instagram, 3).unwrap_err().to_string();
        assert_eq!(
            refused,
            "3 of 3 channels of the Free plan are in use. \
             A hub admin can change the plan, or disconnect one first."
        );
        let refused = plan.allows(Network::Tiktok, 0).unwrap_err().to_string();
        assert_eq!(
            refused,
            "TikTok is not part of the Free plan but from Professional on. \
             A hub admin can change the plan."
        );
    }

    #[test]
    fn f_a_plan_can_be_edited_and_what_is_coming_stays_closed() {
        let plan = Plan {
            tier: Tier::Professional,
            channels: Some(1),
            networks: vec![Network::X, Network::Whatsapp],
        };
        assert!(plan.offers(Network::X) && !plan.offers(Network::Whatsapp));
        let refused = plan.allows(Network::Mastodon, 0).unwrap_err().to_string();
        assert!(refused.starts_with("Mastodon is not part of the Professional plan. "));
        let coming = plan.allows(Network::Whatsapp, 0);
        assert_eq!(coming, Err(PlanRefusal::Coming(Network::Whatsapp)));
    }
}
