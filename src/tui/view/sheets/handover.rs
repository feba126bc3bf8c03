//! A text that can be copied whole: a handover, a receipt.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, inside_width, sheet};
use crate::tui::model::Model;
use crate::tui::model::runbook::HandingOver;
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, handing: &HandingOver) {
    let model = canvas.model;
    let cells = inside_width(area);
    let all = text(model, handing, cells);
    let room = usize::from(area.height.saturating_sub(2)).max(1);
    let last = all.len().saturating_sub(room);
    let from = handing.scroll.min(last);
    let note = match last {
        0 => String::new(),
        _ => format!(
            "{} to {} of {} lines",
            from + 1,
            (from + room).min(all.len()),
            all.len()
        ),
    };
    let mut lines: Vec<Line> = all
        .into_iter()
        .skip(from)
        .take(room)
        .map(|line| Line::Full(line, Role::Plain))
        .collect();
    if let Some(error) = &handing.error {
        lines.extend(error_lines(error, cells));
    }
    sheet(canvas, area, &handing.title, &note, &lines);
}

/// The lines, broken where the sheet ends; what is broken keeps its indent.
fn text(model: &Model, handing: &HandingOver, cells: u16) -> Vec<String> {
    let Some(told) = handing.lines(&model.wall()) else {
        return match handing.error {
            Some(_) => Vec::new(),
            None => vec!["Looking what there is to hand over…".into()],
        };
    };
    let mut out = Vec::new();
    for line in told {
        let first = line.len() - line.trim_start().len();
        // What goes on below a number stands beside it.
        let number = line.split_once(". ").map(|(head, _)| head.len() + 2);
        let numbered = line.starts_with(|c: char| c.is_ascii_digit());
        let rest = number.filter(|_| numbered).unwrap_or(first);
        let room = usize::from(cells).saturating_sub(rest);
        let parts = wrap(line.trim_start(), room, 6);
        if parts.is_empty() {
            out.push(String::new());
        }
        for (at, part) in parts.into_iter().enumerate() {
            let indent = " ".repeat(if at == 0 { first } else { rest });
            out.push(format!("{indent}{part}"));
        }
    }
    out
}

/// How far it can be scrolled.
pub fn overflow(model: &Model, handing: &HandingOver) -> usize {
    let (width, height) = model.size;
    let area = Rect::new(0, 0, width, height);
    let lines = text(model, handing, inside_width(area)).len();
    lines.saturating_sub(usize::from(height.saturating_sub(2)).max(1))
}
