//! Marking rows, and acting on what is marked.

use super::moves;
use crate::tui::act::Effect;
use crate::tui::model::{Model, Pane, Tone};

/// Marks the row under the cursor, or not any more, and goes on to the next.
pub fn mark(model: &mut Model) -> Vec<Effect> {
    model.mark();
    if model.focus == Pane::Details {
        return Vec::new();
    }
    moves::run(model, crate::tui::keys::Do::Move(1))
}

/// Begins a range at the cursor, or ends it.
pub fn range(model: &mut Model) -> Vec<Effect> {
    if !model.marks.end_range() {
        model.begin_range();
    }
    Vec::new()
}

/// Marks all that is shown; again none of it.
pub fn all(model: &mut Model) -> Vec<Effect> {
    model.mark_all();
    let more = model.queue.more_past || model.queue.more_future;
    if model.list == Pane::Queue && more && model.all_marked() {
        let n = model.marks.count(Pane::Queue);
        let text = format!("Marked the {n} that are loaded; there are more further away.");
        model.line.say(Tone::Quiet, text, model.boot);
    }
    Vec::new()
}

/// Takes the marks of the list away; whether there were any.
pub fn clear(model: &mut Model) -> bool {
    let pane = model.marks_here();
    pane.is_some_and(|pane| model.marks.clear(pane))
}
