//! The mouse, where somebody wants it: clicks select, the wheel scrolls. It acts
//! on nothing: what is done is done with keys.

use ratatui::layout::{Position, Rect};

use super::moves;
use crate::tui::act::Effect;
use crate::tui::keys::Do;
use crate::tui::model::{Model, Pane, Tone};
use crate::tui::view;

/// Rows a turn of the wheel moves.
const TURN: isize = 3;

/// Takes the mouse, or gives it back.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    model.mouse = !model.mouse;
    let text = if model.mouse {
        "Clicks select, the wheel scrolls; Shift marks text and opens links. To keep it: mouse = true under [ui]."
    } else {
        "The mouse is the terminal’s again and marks text."
    };
    model.line.say(Tone::Good, text, model.boot);
    vec![Effect::Mouse(model.mouse)]
}

/// The pane under a cell, and its area.
fn pane(model: &Model, at: (u16, u16)) -> Option<(Pane, Rect)> {
    let plan = model.plan(model.size);
    let all = Pane::ALL
        .iter()
        .map(|pane| (*pane, plan.pane(*pane, model.list)));
    all.into_iter()
        .find(|(_, area)| area.contains(Position::from(at)))
}

/// A click: what is under it gets the cursor.
pub fn click(model: &mut Model, at: (u16, u16)) -> Vec<Effect> {
    // A sheet is answered with keys; a stray click must not close it.
    if model.bare || !model.sheets.is_empty() {
        return Vec::new();
    }
    let Some((pane, area)) = pane(model, at) else {
        return Vec::new();
    };
    let line = usize::from(at.1 - area.y);
    // What was under the click before anything is put in order.
    let row = match pane {
        Pane::Channels => {
            let row = model.channels.rows().at(model.channels.offset + line);
            row.cloned().map(Target::Row)
        }
        Pane::Queue => {
            view::queue::at(model, line).map(|view| Target::Post(view.delivery.id.clone()))
        }
        Pane::Notices => view::notice_at(model, line).map(Target::Notice),
        Pane::Details => None,
    };
    let effects = moves::focus(model, pane);
    match row {
        Some(Target::Row(row)) => model.channels.point(&row),
        Some(Target::Post(id)) => {
            model.queue.select(&id);
        }
        Some(Target::Notice(id)) => model.news.select(&id),
        None => {}
    }
    model.stretch_range();
    if pane != Pane::Details {
        model.details_scroll = 0;
    }
    effects
}

/// What a click means.
enum Target {
    Row(crate::tui::model::Row),
    Post(crate::domain::ids::DeliveryId),
    Notice(crate::domain::ids::NoticeId),
}

/// The wheel: moves in the pane under it, or in the sheet.
pub fn wheel(model: &mut Model, at: (u16, u16), down: bool) -> Vec<Effect> {
    if model.bare {
        return Vec::new();
    }
    let mut effects = Vec::new();
    if model.sheets.is_empty() {
        let Some((pane, _)) = pane(model, at) else {
            return effects;
        };
        if pane != model.focus {
            effects.extend(moves::focus(model, pane));
        }
    }
    let by = if down { TURN } else { -TURN };
    effects.extend(moves::run(model, Do::Move(by)));
    effects
}
