//! The wall: every workspace as a tile, worst first. The order is settled when
//! the wall opens and on Ctrl-l, never under the cursor.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{Model, Pane};
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::ops::views::{ChannelView, Lamp};
use crate::store::weather::WEATHER;
use crate::support::time::UtcMs;
use crate::tui::widgets::Field;
use crate::tui::widgets::text::width;
use crate::tui::words;

/// Least cells of a tile; 24 lets five stand side by side at 120.
const WIDE: u16 = 24;

/// Rows of a tile and the blank one below it.
pub const TALL: u16 = 4;

/// What the wall remembers.
#[derive(Debug, Default)]
pub struct Tiles {
    /// Workspaces in the order that was settled.
    pub order: Vec<WorkspaceId>,
    /// The one with the cursor.
    pub selected: Option<WorkspaceId>,
    /// The first row of tiles on the screen.
    pub offset: usize,
    /// What the tiles are narrowed to.
    pub search: Field,
    /// It is being typed.
    pub typing: bool,
    /// The cursor was moved: news does not change the order any more.
    pub touched: bool,
}

/// A workspace as its tile shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// How many channels, best lamp first.
    pub lamps: [usize; 3],
    /// Its posts that are held.
    pub held: u64,
    /// Its posts that were missed.
    pub missed: u64,
    /// Its posts about which a person decides.
    pub to_decide: u64,
    /// Its posts that were refused.
    pub failed: u64,
    /// The first post that something broken hits.
    pub first_hit: Option<UtcMs>,
    /// The next post that nothing holds.
    pub next_due: Option<UtcMs>,
    /// A network of its channels is down, and what waits for it.
    pub theirs: Option<(Network, Waits)>,
}

/// How many posts wait for a network that is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// So many.
    pub posts: u64,
    /// There may be more.
    pub more: bool,
}

impl Tile {
    /// How many channels it has.
    pub fn channels(&self) -> usize {
        self.lamps.iter().sum()
    }

    /// The worst of its channels and of posts that need a hand.
    pub fn lamp(&self) -> Lamp {
        let hand = self.missed + self.to_decide + self.failed > 0;
        if self.lamps[Lamp::Broken as usize] > 0 {
            Lamp::Broken
        } else if self.lamps[Lamp::Attention as usize] > 0 || hand {
            Lamp::Attention
        } else {
            Lamp::Green
        }
    }

    /// What there is to do, or what is next, in a few words that take at most
    /// `cells` where that can be.
    pub fn said(&self, wall: &words::Wall, cells: usize) -> String {
        if self.held > 0 {
            let Some(at) = self.first_hit else {
                return format!("{} held", self.held);
            };
            let first = wall.relative(at);
            let whole = format!("{} held, first {first}", self.held);
            return match width(&whole) <= cells {
                true => whole,
                false => format!("{} held, {first}", self.held),
            };
        }
        if self.to_decide > 0 {
            return format!("{} to decide", self.to_decide);
        }
        if self.missed > 0 {
            return format!("{} missed: decide", self.missed);
        }
        if self.failed > 0 {
            return format!("{} failed", self.failed);
        }
        if let Some((network, n)) = self.theirs {
            let waits = match (n.posts, n.more) {
                (0, _) => String::new(),
                (n, true) => format!(": {n}+ wait"),
                (1, false) => ": 1 waits".into(),
                (n, false) => format!(": {n} wait"),
            };
            let whole = format!("{} is down{waits}", network.title());
            return match width(&whole) <= cells {
                true => whole,
                false => format!("{} down{waits}", network.title()),
            };
        }
        match self.next_due {
            _ if self.channels() == 0 => "no channel yet".into(),
            Some(at) => format!("next {}", wall.clock(at)),
            None => "nothing scheduled".into(),
        }
    }
}

/// The tile of every workspace that has channels.
pub fn tiles(model: &Model) -> HashMap<WorkspaceId, Tile> {
    let mut tiles: HashMap<WorkspaceId, Tile> = HashMap::new();
    for view in model.channels.all() {
        let summary = &view.summary;
        let id = &summary.channel.workspace_id;
        if !tiles.contains_key(id) {
            tiles.insert(id.clone(), Tile::default());
        }
        let Some(tile) = tiles.get_mut(id) else {
            continue;
        };
        tile.lamps[view.lamp as usize] += 1;
        tile.held += view.held;
        tile.missed += summary.count(State::Missed);
        tile.to_decide += summary.count(State::NeedsDecision);
        tile.failed += summary.count(State::Failed);
        let first = |known: Option<UtcMs>, at: Option<UtcMs>| match (known, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        if view.held > 0 {
            tile.first_hit = first(tile.first_hit, view.first_hit);
        } else {
            tile.next_due = first(tile.next_due, summary.next_due);
        }
    }
    down_with_them(model, &mut tiles);
    tiles
}

/// Says of which workspaces a network is down: it is them, no lamp changes.
fn down_with_them(model: &Model, tiles: &mut HashMap<WorkspaceId, Tile>) {
    let down: Vec<Network> = model
        .news
        .incidents
        .iter()
        .filter(|one| one.kind == WEATHER && one.resolved_at.is_none())
        .filter_map(|one| one.network)
        .collect();
    if down.is_empty() {
        return;
    }
    let in_window = in_window(model);
    for view in model.channels.all() {
        let channel = &view.summary.channel;
        let network = channel.kind.network();
        let tile = tiles.get_mut(&channel.workspace_id);
        if let (true, Some(tile)) = (down.contains(&network), tile) {
            let of = tile.theirs.get_or_insert((network, Waits::default()));
            if of.0 == network {
                let waits = waiting(view, in_window.get(&channel.id).copied(), model);
                of.1.posts += waits.posts;
                of.1.more |= waits.more;
            }
        }
    }
}

/// What waits on a channel whose network is down: as many as the queue on the
/// screen shows, which may be a part of it, but no fewer than its counts say.
fn waiting(view: &ChannelView, seen: Option<u64>, model: &Model) -> Waits {
    let scheduled = view.summary.count(State::Scheduled);
    let due = view.summary.next_due.is_some_and(|at| at <= model.now);
    if view.held > 0 || !due || scheduled == 0 {
        return Waits::default();
    }
    let posts = seen.unwrap_or(0).clamp(1, scheduled);
    Waits {
        posts,
        more: posts < scheduled && !all_in_window(model, &view.summary.channel.workspace_id),
    }
}

/// Whether the queue on the screen has all of a workspace that is due.
fn all_in_window(model: &Model, workspace: &WorkspaceId) -> bool {
    let scope = model.scope.workspace();
    model.queue.loaded
        && !model.queue.more_past
        && model.only.is_none()
        && model.filters.of(Pane::Queue).filter.is_empty()
        && scope.is_none_or(|only| only == workspace)
}

/// How many posts are due in the queue on the screen, by channel.
fn in_window(model: &Model) -> HashMap<&ChannelId, u64> {
    let mut found = HashMap::new();
    for view in model.queue.views() {
        if view.shown == Shown::Scheduled && view.delivery.due <= model.now {
            *found.entry(&view.delivery.channel_id).or_default() += 1;
        }
    }
    found
}

/// Every workspace, worst first.
pub fn ordered(model: &Model) -> Vec<WorkspaceId> {
    let tiles = tiles(model);
    let mut all: Vec<_> = model
        .workspaces
        .iter()
        .map(|one| {
            let id = &one.workspace.id;
            let tile = tiles.get(id).cloned().unwrap_or_default();
            let first = tile.first_hit.unwrap_or(UtcMs(i64::MAX));
            let name = one.workspace.name.to_lowercase();
            let theirs = tile.theirs.is_some();
            (Reverse((tile.lamp(), theirs)), first, name, id.clone())
        })
        .collect();
    all.sort();
    all.into_iter().map(|(.., id)| id).collect()
}

/// Tiles side by side, and the cells of each.
pub fn across(width: u16) -> (usize, u16) {
    let columns = (width / WIDE).max(1);
    (usize::from(columns), width / columns)
}

/// Rows of tiles that fit: the last one needs no blank row below.
pub fn down(height: u16) -> usize {
    usize::from((height + 1) / TALL).max(1)
}

impl Tiles {
    /// The workspaces that the filter shows, in order.
    pub fn shown(&self, model: &Model) -> Vec<WorkspaceId> {
        let search = self.search.text().trim().to_lowercase();
        let fits = |id: &&WorkspaceId| {
            let one = model.workspaces.iter().find(|one| one.workspace.id == **id);
            one.is_some_and(|one| {
                one.workspace.name.to_lowercase().contains(&search)
                    || one.workspace.slug.contains(&search)
            })
        };
        self.order.iter().filter(fits).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_tiles_fit_120x36_and_a_hundred_200x60() {
        // Head, rule, status line and footer take four rows.
        assert_eq!(across(120).0 * down(36 - 4), 40);
        assert!(across(200).0 * down(60 - 4) >= 100);
        assert_eq!(across(80), (3, 26));
        assert_eq!(across(10), (1, 10));
    }

    #[test]
    fn a_post_that_needs_a_hand_is_never_under_a_green_lamp() {
        let tile = Tile {
            lamps: [5, 0, 0],
            missed: 2,
            ..Tile::default()
        };
        assert_eq!(tile.lamp(), Lamp::Attention);
    }
}
