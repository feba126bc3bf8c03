//! Pane 3: notices, unread first.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::domain::notice::Severity;
use crate::store::notices::Notice;
use crate::tui::layout::{Layout, Mode};
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widgets::text::wrap;

/// Where the text of a notice begins.
const TEXT: u16 = 10;

/// Most lines a notice takes.
const LINES: usize = 2;

/// The area with room for the mark of the cursor on its left.
pub fn area(plan: &Layout, area: Rect) -> Rect {
    if plan.mode == Mode::Four && !area.is_empty() {
        Rect::new(area.x - 1, area.y, area.width + 1, area.height)
    } else {
        area
    }
}

fn lines(notice: &Notice, cells: u16) -> Vec<String> {
    wrap(&notice.text, usize::from(cells.saturating_sub(TEXT)), LINES)
}

/// Whether the line "seen before" stands above this notice.
fn parted(model: &Model, at: usize) -> bool {
    let notices = model.news.notices();
    let read = |at: usize| notices.get(at).is_some_and(|one| one.read_at.is_some());
    at > 0 && read(at) && !read(at - 1)
}

/// The first notice to show: as it was, unless the one under the cursor would
/// be out of sight.
pub fn offset(model: &Model, area: Rect) -> usize {
    let notices = model.news.notices();
    let last = notices.len().saturating_sub(1);
    let Some(here) = model.news.selected_index() else {
        return model.news.offset.min(last);
    };
    let height = usize::from(area.height);
    let mut used = 0;
    let mut first = here;
    // Upwards from the cursor as far as the pane reaches.
    for at in (0..=here).rev() {
        let parting = usize::from(parted(model, at));
        used += lines(&notices[at], area.width).len().max(1) + parting;
        if used > height {
            break;
        }
        first = at;
    }
    model.news.offset.clamp(first, here)
}

/// The notice on a line of the pane.
pub fn at(model: &Model, area: Rect, line: usize) -> Option<&Notice> {
    let mut used = 0;
    let shown = model.news.notices().iter().enumerate();
    for (at, notice) in shown.skip(model.news.offset) {
        let from = used + usize::from(parted(model, at));
        used = from + lines(notice, area.width).len().max(1);
        if line < used {
            return (line >= from).then_some(notice);
        }
    }
    None
}

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let notices = model.news.notices();
    if notices.is_empty() {
        let text = match model.filters.of(Pane::Notices).shown() {
            _ if !model.news.loaded => "Loading…".to_owned(),
            Some(filter) => format!("No notice fits {filter}. Esc shows all."),
            None if model.only.is_some() => "No notice here. f shows all rows.".into(),
            None => "Nothing happened yet.".to_owned(),
        };
        canvas.pen(area, 0).tab(1).write(&text, Style::new());
        return;
    }
    let muted = canvas.style(Role::Muted);
    let wall = model.wall();
    let focused = model.focus == Pane::Notices;
    let selected = model.news.selected_index();
    let mut line = 0;
    for (at, notice) in notices.iter().enumerate().skip(model.news.offset) {
        if line >= usize::from(area.height) {
            break;
        }
        if parted(model, at) {
            canvas
                .pen(area, line)
                .tab(1)
                .write("────────── seen before ", muted)
                .fill("─", muted);
            line += 1;
        }
        let (shape, role) = lamp(notice.severity);
        let style = canvas.style(role);
        let text_style = if notice.read_at.is_some() {
            muted
        } else {
            Style::new()
        };
        let text = lines(notice, area.width);
        for (row, part) in text.iter().enumerate() {
            if line + row < usize::from(area.height) {
                canvas
                    .pen(area, line + row)
                    .tab(TEXT)
                    .write(part, text_style);
            }
        }
        canvas
            .pen(area, line)
            .tab(1)
            .write(shape, style)
            .tab(3)
            .field(&wall.when(notice.created_at), 6, text_style);
        if selected == Some(at) && model.list == Pane::Notices {
            for row in (0..text.len().max(1)).rev() {
                if line + row < usize::from(area.height) {
                    canvas.select(area, line + row, focused);
                }
            }
        }
        line += text.len().max(1);
    }
}

/// Shape and role of a severity.
pub fn lamp(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Info => ("●", Role::Healthy),
        Severity::Attention => ("▲", Role::Attention),
        Severity::Broken => ("✖", Role::Broken),
    }
}
