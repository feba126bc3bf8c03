//! One row's queue and notices alone.

use super::Model;
use crate::domain::ids::ChannelId;
use crate::tui::words;

/// The row whose queue and notices are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// Its channels: one, or all of a login.
    pub channels: Vec<ChannelId>,
    /// How people name it.
    pub name: String,
}

impl Model {
    /// What the row under the cursor would leave.
    pub fn only_here(&self) -> Option<Only> {
        if let Some(login) = self.login() {
            let below = self.channels.below(&login.login);
            return Some(Only {
                channels: below.map(|view| view.summary.channel.id.clone()).collect(),
                name: login.name.clone(),
            });
        }
        let channel = &self.channel()?.summary.channel;
        Some(Only {
            channels: vec![channel.id.clone()],
            name: words::channel(channel),
        })
    }
}
