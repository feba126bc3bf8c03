//! Floor 7: the screen. The Elm architecture: messages change the model
//! (`update`, synchronous, no I/O), the model is drawn (`view`, pure), and what
//! has to be done elsewhere is data (`act`). The terminal itself is in `term`.

mod act;
mod acting;
mod app;
mod deadline;
mod editor;
mod farewell;
mod feed;
mod keys;
mod layout;
mod links;
mod logins;
mod model;
mod msg;
mod posts;
pub mod publisher;
mod runner;
mod term;
mod theme;
mod update;
mod view;
mod widgets;
mod words;
mod writers;

#[cfg(test)]
mod tests;

use self::publisher::Publisher;
use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::ids::ChannelId;
use crate::domain::network::Network;
use crate::networks::Descriptor;
use crate::ops::{Hub, visits};
use crate::store::StoreError;
use crate::support::clock::Clock;
use crate::support::config::{Config, ConfigError};
use crate::support::surroundings::Surroundings;
use crate::support::time::UtcMs;

/// How long leaving waits for the store.
const LEAVING: Duration = Duration::from_secs(1);

/// What the screen opens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The channels by lamp.
    Channels,
    /// The posts around now.
    Queue,
    /// Every workspace as a tile.
    Wall,
    /// The posts of a week, day by day.
    Calendar,
    /// What happened.
    Notices,
}

/// How to open the screen.
#[derive(Clone, Debug, Default)]
pub struct ScreenOptions {
    /// Open with the cursor on this channel.
    pub account: Option<ChannelId>,
    /// Open there.
    pub view: Option<View>,
    /// No key changes anything.
    pub read_only: bool,
    /// Draw with ASCII only.
    pub ascii: bool,
    /// Draw without colours.
    pub no_color: bool,
    /// Write as few bytes as possible.
    pub slow: bool,
    /// This process does not publish.
    pub no_publish: bool,
    /// Open the composer, for the channel above when one is named.
    pub compose: bool,
    /// The session is bound to this program: it starts no other and reads no
    /// file but the program's own.
    pub confined: bool,
}

/// Why a screen could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// There is nothing to draw on.
    #[error("The screen needs a terminal. Without one use allgreen status or allgreen check.")]
    NoTerminal,
    /// There is nothing to write in.
    #[error("The composer needs a terminal that draws. Without one use allgreen post create.")]
    NoComposer,
    /// The terminal refused.
    #[error("The terminal could not be used: {0}. Try another one, or allgreen status.")]
    Terminal(#[from] io::Error),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the screen and returns when the operator leaves it. `stop` is awaited
/// after the terminal was given back: whatever publishes beside the screen
/// ends there, sends in flight included.
///
/// # Errors
/// When there is no terminal or it cannot be used, or the store cannot be read.
pub async fn run(
    hub: Hub,
    options: ScreenOptions,
    mut publisher: Publisher,
) -> Result<(), ScreenError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(ScreenError::NoTerminal);
    }
    let around = Surroundings::from_environment();
    let left = visits::left(&hub).await.ok().flatten();
    // Whoever only looks may be a screen on a wall: nobody was here.
    let counts = !(options.read_only || hub.read_only);
    let model = model(&hub, options, &around, left)?;
    app::App::open(hub.clone(), model, &around)
        .await?
        .run(&mut publisher)
        .await;
    if counts {
        leave(&hub).await;
    }
    publisher.rest().await;
    Ok(())
}

/// Notes that the operator left. A store that another process keeps locked is
/// not waited for: then more is told next time than has to be.
async fn leave(hub: &Hub) {
    let clock = Clock::real();
    tokio::select! {
        left = visits::leave(hub) => if let Err(error) = left {
            tracing::warn!(%error, "when the screen was left could not be noted");
        },
        () = clock.sleep(LEAVING) => {}
    }
}

fn model(
    hub: &Hub,
    options: ScreenOptions,
    around: &Surroundings,
    left: Option<UtcMs>,
) -> Result<model::Model, ScreenError> {
    let size = crossterm::terminal::size()?;
    let ui = &hub.config.ui;
    let theme = theme::Theme::named(ui.theme).unwrap_or_default();
    let glyphs = match options.ascii || ui.ascii {
        true => theme::Glyphs::Ascii,
        false => theme::Glyphs::named(ui.glyphs).unwrap_or_default(),
    };
    let (keys, problems) = keys::table(&hub.config.keys);
    let set = model::Setting {
        keys,
        look: theme::Look::fitting(around, theme, glyphs, options.no_color),
        zone: TimeZone::system(),
        operator: hub.operator.clone(),
        notify: hub.config.ui.notify,
        read_only: options.read_only || hub.read_only,
        slow: options.slow,
        no_publish: options.no_publish,
        pid: std::process::id(),
        tips: each(hub, |descriptor| descriptor.tips),
        over_ssh: around.over_ssh,
        local_display: around.local_display,
        links: match ui.links {
            "auto" => around.links,
            always => always == "always",
        },
        ways: each(hub, |descriptor| descriptor.ways),
        networks: model::composer::Networks::new(Network::ALL.iter().filter_map(|network| {
            let (built_in, _) = hub.networks.get(*network)?;
            Some((*network, built_in))
        })),
        confined: options.confined,
    };
    let mut model = model::Model::new(set, size, hub.clock.now(), Clock::real().boot());
    model.mouse = hub.config.ui.mouse;
    if let Some(problem) = problems.first() {
        let file = hub.paths.config.display();
        let more = match problems.len() {
            1 => String::new(),
            n => format!(" {} more: allgreen config check.", n - 1),
        };
        let boot = model.boot;
        model
            .line
            .say(model::Tone::Bad, format!("{file}, {problem}{more}"), boot);
    }
    if let Some(left) = left {
        model.news.since.at = left;
    }
    model.channels.wanted = options.account;
    model.compose = options.compose;
    if let Some(view) = options.view {
        update::open_at(&mut model, view);
    }
    Ok(model)
}

/// What is wrong with the keys in a configuration; where anything is, the
/// table's own keys hold.
pub fn wrong_keys(config: &Config) -> Vec<ConfigError> {
    keys::table(&config.keys).1
}

/// A fact of each built-in network.
fn each<T>(hub: &Hub, fact: fn(&'static Descriptor) -> T) -> HashMap<Network, T> {
    Network::ALL
        .iter()
        .filter_map(|network| {
            let (built_in, _) = hub.networks.get(*network)?;
            Some((*network, fact(built_in.descriptor())))
        })
        .collect()
}
