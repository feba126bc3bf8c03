//! The configuration file: what differs from the built-in defaults.

use std::collections::BTreeMap;

use super::timing::Timing;

/// What `config.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Per network, by its command line name.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// The durations of the publisher.
    pub engine: Timing,
    /// The screen.
    pub ui: Ui,
}

/// One network put in another place than its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Base URL of the API.
    pub api_base: Option<String>,
    /// Base URL of the directory (Bluesky: PLC).
    pub directory_url: Option<String>,
    /// Allows loopback and private addresses, plain http and any port.
    pub allow_private_hosts: bool,
}

/// Settings of the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ui {
    /// The host name printed in ssh lines.
    pub ssh_host: Option<String>,
    /// Draw with ASCII only.
    pub ascii: bool,
}
