//! The row of a login that mends several channels.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Columns, lamp, pen_room, room};
use crate::tui::model::{Group, Pane, Row};
use crate::tui::view::Canvas;
use crate::tui::widgets::text::{cut, width};
use crate::tui::words::aside_in;

/// Draws it: `✖ ▾ Meta login Ann Lee · 4`, cause, posts, first hit.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, line: usize, group: &Group, columns: &Columns) {
    let model = canvas.model;
    let plain = Style::new();
    let (shape, role) = lamp(group.lamp);
    let style = canvas.style(role);
    let head = Row::Login(group.login.clone());
    let fold = if model.channels.rows().is_folded(&head) {
        "▸"
    } else {
        "▾"
    };
    let hit = group
        .hit
        .map_or_else(|| "–".into(), |at| model.wall().relative(at));
    let end = columns.cause.map_or(columns.hit, |(from, _)| from) - 1;
    let mut below = model.channels.rows().below(&group.login);
    let marked = below.all(|id| model.marks.has_channel(id));
    let indent = canvas.mark(area, line, Pane::Channels, marked);
    let mut pen = canvas.pen(area, line);
    pen.tab(1 + indent)
        .write(shape, style)
        .tab(3 + indent)
        .write(fold, plain);
    // The name gives way, not the number.
    let count = format!(" · {}", group.channels);
    let cells = room(5 + indent, end).saturating_sub(width(&count));
    pen.tab(5 + indent)
        .write(&cut(&group.name, cells), plain)
        .write(&count, plain);
    if let Some((from, to)) = columns.cause {
        pen.tab(from).field(&group.words, room(from, to), plain);
    }
    if let Some(end) = columns.posts {
        let posts = match group.held {
            0 => "–".to_owned(),
            n => n.to_string(),
        };
        pen.right_to(end, &posts, plain);
    }
    let wall = model.wall();
    if let Some(aside) = group.aside.as_ref().filter(|one| one.lasts(wall.now)) {
        let said = aside_in(&wall, aside, pen_room(area, columns));
        pen.tab(columns.hit).write(&said, plain);
    } else if group.held > 0 || columns.posts.is_none() {
        pen.tab(columns.hit).write(&hit, plain);
    }
}
