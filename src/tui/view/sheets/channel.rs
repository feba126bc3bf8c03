//! The details of a channel or of a login, where there is no pane for them.

use ratatui::layout::Rect;

use super::{Canvas, WIDE};
use crate::domain::ids::{ChannelId, LoginId};
use crate::tui::keys;
use crate::tui::model::facts::{self, Groups};
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
    facts_of(canvas, area, &title, &facts::channel(model, view));
}

/// Draws the one of a login that mends several.
pub fn group(canvas: &mut Canvas<'_>, area: Rect, id: &LoginId) {
    let model = canvas.model;
    let Some(group) = model.channels.group(id) else {
        return;
    };
    let title = format!("{} · {}", group.name, group.workspace);
    facts_of(canvas, area, &title, &facts::of_login(model, group));
}

fn facts_of(canvas: &mut Canvas<'_>, area: Rect, title: &str, facts: &Groups) {
    let model = canvas.model;
    let lines = details::lines(facts, super::inside_width(area));
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let keys = keys::sheet_line(model);
    let frame = Frame {
        title,
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
