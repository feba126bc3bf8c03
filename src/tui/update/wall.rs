//! The wall: moving over its tiles, opening one, what mends it.

use super::{find, moves, runbook};
use crate::domain::ids::WorkspaceId;
use crate::ops::Scope;
use crate::ops::runbook::Of;
use crate::ops::views::Lamp;
use crate::tui::act::Effect;
use crate::tui::keys::Do;
use crate::tui::layout::rows_of_wall;
use crate::tui::model::wall::{Tiles, across, down, ordered};
use crate::tui::model::{Model, Pane, Sheet};

/// Opens the wall.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.sheets.clear();
    let order = ordered(model);
    let tiles = Tiles {
        selected: order.first().cloned(),
        order,
        ..Tiles::default()
    };
    model.sheets.push(Sheet::Wall(Box::new(tiles)));
    Vec::new()
}

fn tiles(model: &Model) -> Option<&Tiles> {
    model.wall_of_tiles()
}

fn tiles_mut(model: &mut Model) -> Option<&mut Tiles> {
    model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Wall(tiles) => Some(&mut **tiles),
        _ => None,
    })
}

/// Takes news: new workspaces come last once the cursor was moved; before that
/// the order is settled anew.
pub fn settle(model: &mut Model, anew: bool) {
    let Some(known) = tiles(model) else {
        return;
    };
    let fresh = ordered(model);
    let order = if anew || !known.touched {
        fresh
    } else {
        let mut kept: Vec<WorkspaceId> = known.order.clone();
        kept.retain(|id| fresh.contains(id));
        kept.extend(fresh.into_iter().filter(|id| !known.order.contains(id)));
        kept
    };
    let first = order.first().cloned();
    if let Some(tiles) = tiles_mut(model) {
        let gone = tiles.selected.as_ref().is_none_or(|id| !order.contains(id));
        if gone || !tiles.touched {
            tiles.selected = first;
        }
        tiles.order = order;
    }
}

/// Moves the cursor: by rows of tiles, or by one aside.
pub fn step(model: &mut Model, does: Do) -> Vec<Effect> {
    let Some(known) = tiles(model) else {
        return Vec::new();
    };
    let shown = known.shown(model);
    let (columns, _) = across(model.size.0);
    let page = down(rows_of_wall(model.size.1)) * columns;
    let by = |n: isize, unit: usize| n.saturating_mul(isize::try_from(unit).unwrap_or(1));
    let by = match does {
        Do::Move(n) => by(n, columns),
        Do::Side(n) => n,
        Do::Half(n) => by(n, (page / 2).max(1)),
        Do::Page(n) => by(n, page),
        Do::First => isize::MIN / 2,
        Do::Last => isize::MAX / 2,
        _ => 0,
    };
    let here = known
        .selected
        .as_ref()
        .and_then(|id| shown.iter().position(|one| one == id));
    let last = shown.len().saturating_sub(1);
    let to = match (here, does) {
        (None, _) => 0,
        // Down and up stay in their column, as far as there is a tile.
        (Some(here), Do::Move(_)) => {
            let to = here.saturating_add_signed(by);
            if to > last || (by < 0 && here < columns) {
                here
            } else {
                to
            }
        }
        (Some(here), _) => here.saturating_add_signed(by).min(last),
    };
    let selected = shown.get(to).cloned();
    if let Some(tiles) = tiles_mut(model) {
        tiles.selected = selected;
        tiles.touched = true;
    }
    Vec::new()
}

/// Keeps the cursor on a tile that is shown, and in sight.
pub fn keep_visible(model: &mut Model) {
    let Some(known) = tiles(model) else {
        return;
    };
    let shown = known.shown(model);
    let selected = known
        .selected
        .as_ref()
        .and_then(|id| shown.iter().position(|one| one == id));
    let (columns, _) = across(model.size.0);
    let height = down(rows_of_wall(model.size.1));
    let rows = shown.len().div_ceil(columns);
    let row = selected.unwrap_or(0) / columns;
    let offset = crate::tui::model::scroll(known.offset, row, row, height, rows);
    let first = shown.first().cloned();
    if let Some(tiles) = tiles_mut(model) {
        tiles.offset = offset;
        if selected.is_none() {
            tiles.selected = first;
        }
    }
}

/// Begins to type the filter, when the wall is what the keys are about.
pub fn filter(model: &mut Model) -> bool {
    match model.sheets.last_mut() {
        Some(Sheet::Wall(tiles)) => {
            tiles.typing = true;
            true
        }
        _ => false,
    }
}

/// Keeps what is typed.
pub fn keep(model: &mut Model) -> Vec<Effect> {
    if let Some(tiles) = tiles_mut(model) {
        tiles.typing = false;
    }
    Vec::new()
}

/// Takes the filter away; whether there was one.
pub fn clear(model: &mut Model) -> bool {
    match model.sheets.last_mut() {
        Some(Sheet::Wall(tiles)) => {
            let any = tiles.typing || !tiles.search.is_empty();
            tiles.typing = false;
            tiles.search.clear();
            any
        }
        _ => false,
    }
}

/// Shows the workspace with the cursor.
pub fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(id) = tiles(model).and_then(|tiles| tiles.selected.clone()) else {
        return Vec::new();
    };
    model.sheets.clear();
    let mut effects = moves::focus(model, Pane::Channels);
    effects.extend(moves::show(model, Scope::Workspace(id)));
    effects
}

/// Goes to what is broken in the workspace with the cursor, first damage first;
/// where several logins mend it, through all of them.
pub fn mend(model: &mut Model) -> Vec<Effect> {
    if let Some(id) = tiles(model).and_then(|tiles| tiles.selected.clone()) {
        let of = model.channels.all();
        let of: Vec<_> = of
            .filter(|view| view.summary.channel.workspace_id == id)
            .collect();
        if runbook::logins_of(&of) > 1 {
            let scope = Scope::Workspace(id);
            let name = crate::ops::handover::name_of(&scope, &model.workspaces);
            return runbook::over(model, Of::Scope(scope), name);
        }
    }
    let mut effects = enter(model);
    let worst = model
        .scoped()
        .filter(|view| view.lamp > Lamp::Green)
        .min_by_key(|view| {
            (
                std::cmp::Reverse(view.lamp),
                view.first_hit
                    .unwrap_or(crate::support::time::UtcMs(i64::MAX)),
                view.summary.channel.handle.clone(),
            )
        })
        .map(|view| view.summary.channel.id.clone());
    if let Some(id) = worst {
        effects.extend(find::channel(model, &id));
    }
    effects
}
