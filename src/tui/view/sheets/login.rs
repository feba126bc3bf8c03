//! Log in: handle, app password, server.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::tui::model::sheet::{Login, LoginField};
use crate::tui::theme::Role;
use crate::tui::words;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, login: &Login) {
    let model = canvas.model;
    let cells = inside_width(area);
    let channel = login.channel.as_ref().and_then(|id| model.channels.get(id));
    let network = login.network.title();
    let title = match channel {
        Some(view) => format!(
            "Reconnect · {network} {}",
            words::channel(&view.summary.channel)
        ),
        None => format!("Connect · {network}"),
    };
    let place = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == login.workspace)
        .map_or_else(String::new, |one| format!("in {}", one.workspace.name));
    let mut lines = Vec::new();
    if let Some(tip) = model
        .set
        .tips
        .get(&login.network)
        .and_then(|tips| tips.first())
    {
        lines.extend(text_lines("First", tip, Role::Plain, cells, 3));
        lines.push(Line::Blank);
    }
    let on = |field| login.focus == field && login.busy.is_none();
    match channel {
        Some(view) => lines.push(Line::Text(
            "Handle",
            words::channel(&view.summary.channel),
            Role::Plain,
        )),
        None => lines.push(Line::Field(
            "Handle",
            field_line(
                &login.handle,
                on(LoginField::Handle),
                cells,
                "name.bsky.social",
            ),
        )),
    }
    lines.push(Line::Field(
        "Password",
        field_line(
            &login.password,
            on(LoginField::Password),
            cells,
            "an app password, xxxx-xxxx-xxxx-xxxx; a paste lands here",
        ),
    ));
    lines.push(Line::Field(
        "Server",
        field_line(
            &login.server,
            on(LoginField::Server),
            cells,
            "found by the handle; type one to name it",
        ),
    ));
    match (&login.busy, &login.error) {
        (Some(_), _) => {
            lines.push(Line::Blank);
            let text = format!("Asking {network}. Nothing is changed until it is proved.");
            lines.push(Line::Full(format!("  {text}"), Role::Plain));
        }
        (None, Some(error)) => lines.extend(error_lines(error, cells)),
        (None, None) => {
            lines.push(Line::Blank);
            let held = channel.map_or(0, |view| view.held);
            let text = match (channel, held) {
                (Some(_), 0) => "Nothing has changed yet.".to_owned(),
                (Some(_), n) => format!(
                    "Nothing has changed yet; {} held.",
                    words::count(n, "post stays", "posts stay")
                ),
                (None, _) => "The password is kept sealed and is never shown.".to_owned(),
            };
            lines.push(Line::Full(format!("  {text}"), Role::Muted));
        }
    }
    sheet(canvas, area, &title, &place, &lines);
}
