//! The details of a channel or of a login, where there is no pane for them.

use ratatui::layout::Rect;

use super::{Canvas, WIDE};
use crate::domain::ids::{ChannelId, LoginId};
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::details;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::words;

/// Rows it has at least, so that a tab shows a few lines.
const TALL: usize = 14;

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
    facts_of(canvas, area, &title);
}

/// Draws the one of a login that mends several.
pub fn group(canvas: &mut Canvas<'_>, area: Rect, id: &LoginId) {
    let model = canvas.model;
    let Some(group) = model.channels.group(id) else {
        return;
    };
    let title = format!("{} · {}", group.name, group.workspace);
    facts_of(canvas, area, &title);
}

/// How tall it is inside: as what is to be known of it, whichever tab is open,
/// so that nothing jumps.
pub fn height(model: &Model, area: Rect) -> u16 {
    let cells = super::inside_width(area);
    let facts = details::lines(&details::groups(model), cells).len();
    let tall = match model.tabbed() {
        true => (facts + 1).max(TALL),
        false => facts,
    };
    let most = area.height.saturating_sub(2);
    u16::try_from(tall).unwrap_or(u16::MAX).min(most)
}

fn facts_of(canvas: &mut Canvas<'_>, area: Rect, title: &str) {
    let model = canvas.model;
    let keys = keys::sheet_line(model);
    let frame = Frame {
        title,
        note: "",
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let place = centered(area, WIDE, height(model, area) + 2);
    let inside = frame.draw(place, canvas.buffer, bold);
    details::pane(canvas, inside);
    canvas.cursor = Some(inside.as_position());
}
