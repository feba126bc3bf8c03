//! Log in with what is typed: an app password, or a token.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::networks::Way;
use crate::tui::model::advice;
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
        Some(view) => format!("Reconnect · {}", advice::mended(model, view)),
        None => format!("Connect · {network}"),
    };
    let place = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == login.workspace)
        .map_or_else(String::new, |one| format!("in {}", one.workspace.name));
    let mut lines = Vec::new();
    let tip = model.tip(login.network, login.way);
    if let Some(tip) = tip {
        lines.extend(text_lines("First", tip, Role::Plain, cells, 3));
        lines.push(Line::Blank);
    }
    let on = |field| login.focus == field && login.busy.is_none();
    if let Some(view) = channel {
        let name = words::channel(&view.summary.channel);
        lines.push(Line::Text(who(login.way).0, name, Role::Plain));
    }
    for field in login.fields() {
        let (label, hint) = match field {
            LoginField::Who => who(login.way),
            LoginField::Secret => secret(login.way),
            LoginField::Server => server(login.way),
        };
        let shown = match field {
            LoginField::Who => &login.who,
            LoginField::Secret => &login.secret,
            LoginField::Server => &login.server,
        };
        lines.push(Line::Field(
            label,
            field_line(shown, on(*field), cells, hint),
        ));
    }
    match (&login.busy, &login.error) {
        (Some(_), _) => {
            lines.push(Line::Blank);
            let text = format!("Asking {network}. Nothing is changed until it is proved.");
            lines.push(Line::Full(format!("  {text}"), Role::Plain));
        }
        (None, Some(error)) => lines.extend(error_lines(error, cells)),
        (None, None) => {
            lines.push(Line::Blank);
            let held = channel.map_or(0, |view| model.held_behind(view));
            let text = match (channel, held) {
                (Some(_), 0) => "Nothing has changed yet.".to_owned(),
                (Some(_), n) => format!(
                    "Nothing has changed yet; {} held.",
                    words::count(n, "post stays", "posts stay")
                ),
                (None, _) => "What you type here is kept sealed and is never shown.".to_owned(),
            };
            lines.push(Line::Full(format!("  {text}"), Role::Muted));
        }
    }
    sheet(canvas, area, &title, &place, &lines);
}

/// Label and hint of who logs in.
fn who(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::AppPassword => ("Handle", "name.bsky.social"),
        Way::BotToken => (
            "Chat",
            "@channel, or the id of a group such as -1001234567890",
        ),
        Way::AccessToken | Way::Browser => ("Account", "the token says whose it is"),
    }
}

/// Label and hint of what is secret.
fn secret(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::AppPassword => (
            "Password",
            "an app password, xxxx-xxxx-xxxx-xxxx; a paste lands here",
        ),
        Way::BotToken => (
            "Token",
            "the bot's token from @BotFather; a paste lands here",
        ),
        Way::AccessToken | Way::Browser => {
            ("Token", "from Preferences, Development, your application")
        }
    }
}

/// Label and hint of the server.
fn server(way: Way) -> (&'static str, &'static str) {
    let hint = match way {
        Way::AppPassword => "found by the handle; type one to name it",
        _ => "https://mastodon.example, the server of the account",
    };
    ("Server", hint)
}
