//! The networks this program speaks to.

use std::sync::Arc;

use super::bluesky::Bluesky;
use super::http::Http;
use super::{Net, Networked};
use crate::domain::network::Network;
use crate::support::clock::Clock;
use crate::support::config::Config;

/// Every network with what its calls are made with.
pub struct Registry {
    networks: Vec<(Arc<dyn Networked>, Net)>,
}

impl Registry {
    /// The networks that are built in, each with its part of the config.
    pub fn new(http: &Http, clock: &Clock, config: &Config) -> Self {
        let built_in: [Arc<dyn Networked>; 1] = [Arc::new(Bluesky)];
        let networks = built_in
            .into_iter()
            .map(|network| {
                let name = network.descriptor().network.name();
                let settings = config.networks.get(name).cloned().unwrap_or_default();
                (
                    network,
                    Net {
                        http: http.clone(),
                        settings,
                        clock: clock.clone(),
                    },
                )
            })
            .collect();
        Self { networks }
    }

    /// A network, when it is built in.
    pub fn get(&self, network: Network) -> Option<(Arc<dyn Networked>, Net)> {
        self.networks
            .iter()
            .find(|(built_in, _)| built_in.descriptor().network == network)
            .cloned()
    }
}
