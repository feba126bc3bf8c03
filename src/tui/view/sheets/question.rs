//! Quit although nobody would publish what is due?

use ratatui::layout::Rect;

use super::{Canvas, Line, sheet};
use crate::tui::theme::Role;
use crate::tui::words::count;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let wall = model.wall();
    let due = match model.due_soon {
        Some(due) => count(due, "post is", "posts are"),
        None => "Posts may be".to_owned(),
    };
    let next = model.next_due().map_or_else(String::new, |at| {
        format!(", the next {} {}", wall.clock(at), wall.relative(at))
    });
    if !model.may_be_due() {
        // It went out, or was cancelled, while this was asked.
        let text = "● Nothing is due within 24 h any more.".into();
        sheet(canvas, area, "Quit?", "", &[Line::Full(text, Role::Plain)]);
        return;
    }
    let lines = [
        Line::Full(format!("▲ {due} due within 24 h{next}."), Role::Attention),
        Line::Full(
            "  This screen publishes them; after q nobody does.".into(),
            Role::Plain,
        ),
        Line::Full(
            "  allgreen daemon goes on without a screen.".into(),
            Role::Plain,
        ),
    ];
    sheet(canvas, area, "Quit?", "", &lines);
}
