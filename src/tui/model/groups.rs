//! What the row of a login says: one login that mends several channels.

use super::channels::{Channels, first_hit};
use crate::domain::aside::Aside;
use crate::domain::ids::{ChannelId, LoginId};
use crate::ops::views::{ChannelView, Lamp};
use crate::support::time::UtcMs;
use crate::tui::words;

/// A login and the channels below it, summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which login.
    pub login: LoginId,
    /// `Meta login Ann Lee`.
    pub name: String,
    /// The channel that a login is opened for: the first that is still broken.
    pub first: ChannelId,
    /// How many channels are below it.
    pub channels: usize,
    /// Of them, those that it still has to mend.
    pub broken: usize,
    /// The worst of their lamps.
    pub lamp: Lamp,
    /// Their cause, in words.
    pub words: String,
    /// How many posts they hold.
    pub held: u64,
    /// The first of those posts.
    pub hit: Option<UtcMs>,
    /// The workspace, or how many there are.
    pub workspace: String,
    /// Who took all that is broken below it on; the first that ends.
    pub aside: Option<Aside>,
}

impl Group {
    /// Sums up what is below the row of a login.
    pub fn of(channels: &Channels, login: LoginId) -> Option<Self> {
        let below: Vec<&ChannelView> = channels.below(&login).collect();
        let broken: Vec<&&ChannelView> = below
            .iter()
            .filter(|view| view.lamp == Lamp::Broken && view.mends_by_login())
            .collect();
        let first = broken.first().copied().or(below.first())?;
        let lamp = below.iter().map(|view| view.lamp).max()?;
        let worst = below.iter().find(|view| view.lamp == lamp)?;
        let same = below
            .iter()
            .filter(|view| view.lamp == lamp)
            .all(|view| view.words == worst.words);
        let mut workspaces: Vec<_> = below
            .iter()
            .map(|view| &view.summary.channel.workspace_id)
            .collect();
        workspaces.sort();
        workspaces.dedup();
        let asides: Option<Vec<&Aside>> = broken.iter().map(|view| view.aside.as_ref()).collect();
        let aside = asides.and_then(|all| all.into_iter().min_by_key(|one| one.until).cloned());
        Some(Self {
            aside,
            name: words::login(below.iter().map(|view| &view.summary.channel)),
            first: first.summary.channel.id.clone(),
            channels: below.len(),
            broken: broken.len(),
            lamp,
            words: if same {
                worst.words.clone()
            } else {
                "several causes".into()
            },
            held: below.iter().map(|view| view.held).sum(),
            hit: below
                .iter()
                .filter(|view| view.held > 0)
                .filter_map(|view| first_hit(view))
                .min(),
            workspace: match workspaces.len() {
                1 => first.summary.workspace.1.clone(),
                n => format!("{n} workspaces"),
            },
            login,
        })
    }
}
