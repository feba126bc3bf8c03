//! The details of a channel, where there is no pane for them.

use ratatui::layout::Rect;

use super::{Canvas, WIDE};
use crate::domain::ids::ChannelId;
use crate::tui::keys;
use crate::tui::model::facts;
use crate::tui::theme::Role;
use crate::tui::view::details;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::words;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, id: &ChannelId) {
    let model = canvas.model;
    let Some(view) = model.channels.get(id) else {
        return;
    };
    let title = format!(
        "{} {} · {}",
        view.summary.channel.kind.network().title(),
        words::channel(&view.summary.channel),
        view.summary.workspace.1
    );
    let cells = super::inside_width(area);
    let lines = details::lines(&facts::channel(model, view), cells);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let keys = keys::sheet_line(model);
    let frame = Frame {
        title: &title,
        note: "",
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let inside = frame.draw(centered(area, WIDE, height), canvas.buffer, bold);
    let most = lines.len().saturating_sub(usize::from(inside.height));
    let from = usize::from(model.details_scroll).min(most);
    details::paint(canvas, inside, &lines, from);
    canvas.cursor = Some(inside.as_position());
}
