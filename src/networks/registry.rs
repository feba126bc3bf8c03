//! The networks this program speaks to.

use std::sync::Arc;

use super::bluesky::Bluesky;
use super::http::Http;
use super::mastodon::Mastodon;
use super::telegram::Telegram;
use super::{Net, Networked};
use crate::domain::network::Network;
use crate::support::clock::Clock;
use crate::support::config::Config;

/// Every network with what its calls are made with.
pub struct Registry {
    bluesky: (Arc<dyn Networked>, Net),
    mastodon: (Arc<dyn Networked>, Net),
    telegram: (Arc<dyn Networked>, Net),
}

impl Registry {
    /// Every network that is built in, with its settings.
    pub fn new(http: Http, clock: Clock, config: &Config) -> Self {
        let net = |network: Network| Net {
            http: http.clone(),
            settings: config
                .networks
                .get(network.name())
                .cloned()
                .unwrap_or_default(),
            clock: clock.clone(),
            signing: None,
            uploaded: None,
        };
        Self {
            bluesky: (Arc::new(Bluesky), net(Network::Bluesky)),
            mastodon: (Arc::new(Mastodon), net(Network::Mastodon)),
            telegram: (Arc::new(Telegram), net(Network::Telegram)),
        }
    }

    /// The one HTTP client all networks are spoken to with.
    pub fn http(&self) -> &Http {
        &self.bluesky.1.http
    }

    /// The same with another implementation in the place of one, which keeps the
    /// settings; tests stand in for networks that way.
    #[must_use]
    pub fn instead(mut self, network: Network, by: Arc<dyn Networked>) -> Self {
        match network {
            Network::Bluesky => self.bluesky.0 = by,
            Network::Mastodon => self.mastodon.0 = by,
            Network::Telegram => self.telegram.0 = by,
            _ => {}
        }
        self
    }

    /// A network, when it is built in.
    pub fn get(&self, network: Network) -> Option<(Arc<dyn Networked>, Net)> {
        match network {
            Network::Bluesky => Some(self.bluesky.clone()),
            Network::Mastodon => Some(self.mastodon.clone()),
            Network::Telegram => Some(self.telegram.clone()),
            _ => None,
        }
    }
}
