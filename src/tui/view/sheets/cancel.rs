//! Cancel several posts at once?

use ratatui::layout::Rect;

use super::{Canvas, Line, sheet};
use crate::ops::views::DeliveryView;
use crate::tui::model::sheet::CancelMarked;
use crate::tui::theme::Role;
use crate::tui::widgets::text::{one_line, quoted, width};
use crate::tui::words;

/// Most posts that are named.
const NAMED: usize = 6;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, marked: &CancelMarked) {
    let model = canvas.model;
    let wall = model.wall();
    let cells = usize::from(super::inside_width(area));
    let all = marked.posts.len();
    let head = format!("▲ This cancels {all} posts{}.", marked.of);
    let mut lines = vec![Line::Full(head, Role::Attention), Line::Blank];
    let found = marked.posts.iter().filter_map(|id| model.queue.get(id));
    lines.extend(found.take(NAMED).map(|view: &DeliveryView| {
        let text = format!(
            "  {:<9} {} {}  ",
            wall.clock(view.delivery.due),
            words::network(view.channel_kind.network()),
            model.account(view)
        );
        let room = cells.saturating_sub(width(&text));
        let said = quoted(&one_line(&view.marked_text()), room);
        Line::Full(format!("{text}{said}"), Role::Plain)
    }));
    if all > NAMED {
        lines.push(Line::Full(format!("  {} more", all - NAMED), Role::Plain));
    }
    lines.push(Line::Blank);
    let back = "  u takes all of it back at once.";
    lines.push(Line::Full(back.into(), Role::Plain));
    let title = format!("Cancel {all} posts?");
    sheet(canvas, area, &title, "", &lines);
}
