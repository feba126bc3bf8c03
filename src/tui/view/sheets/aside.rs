//! Set aside: until when, with which note, and what stays as it is.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::tui::model::Model;
use crate::tui::model::aside::Taking;
use crate::tui::theme::Role;
use crate::tui::words::{count, quoted_note};

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, taking: &Taking) {
    let model = canvas.model;
    let cells = inside_width(area);
    let title = format!("Set aside · {}", taking.name);
    let note = format!("stays {}", taking.stays);
    let free = taking.busy.is_none();
    let mut lines = Vec::new();
    if let Some(before) = &taking.before {
        let text = format!(
            "set aside by {} until {}{}",
            before.by_name,
            model.wall().stamp(before.until),
            quoted_note(&before.note)
        );
        lines.extend(text_lines("Now", &text, Role::Plain, cells, 3));
    }
    lines.push(Line::Field(
        "Note",
        field_line(
            &taking.note,
            free && taking.on_note,
            cells,
            "what the others should know; may stay empty",
        ),
    ));
    lines.push(Line::Field(
        "Until",
        field_line(
            &taking.until,
            free && !taking.on_note,
            cells,
            "mon 9:00 · tomorrow 14:00 · in 2h",
        ),
    ));
    let mut said = meaning(model, taking, cells);
    while said.len() < 2 {
        said.push(Line::Blank);
    }
    lines.extend(said);
    lines.extend(text_lines("", &stays(taking), Role::Muted, cells, 3));
    if let Some(error) = &taking.error {
        lines.extend(error_lines(error, cells));
    }
    sheet(canvas, area, &title, &note, &lines);
}

fn stays(taking: &Taking) -> String {
    let posts = match taking.held {
        0 => String::new(),
        1 => ", its post stays held".into(),
        n => format!(", its {} stay held", count(n, "post", "posts")),
    };
    let ends = match taking.before {
        Some(_) => "Empty Until takes it up again.",
        None => "It ends then, or when it is mended.",
    };
    format!(
        "Lamps and counts stay as they are{posts}. The others see your name and the note, the health check goes on to the next one. {ends}"
    )
}

/// What is typed means this, or why it means nothing.
fn meaning(model: &Model, taking: &Taking, cells: u16) -> Vec<Line> {
    if taking.busy.is_some() {
        return text_lines("", "Writing that down…", Role::Plain, cells, 1);
    }
    if taking.ends() {
        let text = "= now: it is nobody’s any more, and open for everybody.";
        return text_lines("", text, Role::Plain, cells, 1);
    }
    if taking.until.is_empty() {
        return text_lines("", "✖ Say until when.", Role::Plain, cells, 1);
    }
    match taking.meant(model) {
        Ok(when) => {
            let wall = model.wall();
            let at = when.instant;
            let text = format!("= {}, {}", wall.full(at), wall.relative(at));
            text_lines("", &text, Role::Plain, cells, 1)
        }
        Err(error) => {
            let mut lines = text_lines("", &format!("✖ {}", error.what), Role::Plain, cells, 2);
            lines.extend(text_lines("", &error.hint, Role::Plain, cells, 2));
            lines
        }
    }
}
