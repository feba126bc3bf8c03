//! Lists to search and choose from: the keys of a place, the workspaces.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, WIDE};
use crate::networks::Way;
use crate::ops::views::Lamp;
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::model::sheet::{Choice, Help};
use crate::tui::theme::Role;
use crate::tui::update::found;
use crate::tui::view::channels::lamp;
use crate::tui::widgets::Field;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::{one_line, quoted};

/// What is to be known while the mouse is ours. Many terminals keep a click with
/// Shift for themselves, and some of them open links with Ctrl beside it.
const MOUSE: &str = "Mouse: Shift marks text, (Ctrl-)Shift-click opens a link";

/// Draws the keys of the place under the sheet.
pub fn help(canvas: &mut Canvas<'_>, area: Rect, help: &Help) {
    let rows = found::keys(canvas.model, help.search.text());
    let tip = usize::from(canvas.model.mouse);
    let mut inside = framed(canvas, area, "Keys", (rows.len(), tip), &help.search);
    let plain = Style::new();
    if tip > 0 && inside.height > 3 {
        inside.height -= 1;
        let below = Rect {
            y: inside.bottom(),
            height: 1,
            ..inside
        };
        let muted = canvas.style(Role::Muted);
        canvas.pen(below, 0).tab(2).write(MOUSE, muted);
    }
    let muted = canvas.style(Role::Muted);
    let bold = canvas.style(Role::Key);
    for (line, at) in window(inside, rows.len(), help.selected).enumerate() {
        let (binding, reason) = &rows[at];
        let style = if reason.is_some() { muted } else { plain };
        let keys = binding.keys.replace(' ', " or ");
        canvas
            .pen(inside, line + 1)
            .tab(2)
            .field(&keys, 18, if reason.is_some() { muted } else { bold })
            .tab(21)
            .write(binding.long, style);
        if let Some(reason) = reason {
            canvas
                .pen(inside, line + 1)
                .tab(22 + u16::try_from(binding.long.len()).unwrap_or(0))
                .write(&format!("({reason})"), muted);
        }
        if at == help.selected {
            mark(canvas, inside, line + 1);
        }
    }
}

/// Draws the workspaces.
pub fn workspaces(canvas: &mut Canvas<'_>, area: Rect, choice: &Choice) {
    let rows = found::workspaces(canvas.model, choice);
    let title = match choice.to_write {
        true => "Write a post in",
        false => "Workspace",
    };
    let inside = frame(canvas, area, title, rows.len(), &choice.search);
    let plain = Style::new();
    let model = canvas.model;
    for (line, at) in window(inside, rows.len(), choice.selected).enumerate() {
        let row = &rows[at];
        let (shape, role) = worst(model, row);
        let style = canvas.style(role);
        let (name, note) = match row {
            None => ("All workspaces".to_owned(), String::new()),
            Some(view) => (
                view.workspace.name.clone(),
                format!(
                    "{} · {}",
                    crate::tui::words::count(view.channels, "channel", "channels"),
                    view.workspace.timezone
                ),
            ),
        };
        canvas
            .pen(inside, line + 1)
            .tab(2)
            .write(shape, style)
            .tab(4)
            .field(&name, 30, plain)
            .tab(36)
            .write(&note, plain);
        if at == choice.selected {
            mark(canvas, inside, line + 1);
        }
    }
}

/// Draws the networks.
pub fn networks(canvas: &mut Canvas<'_>, area: Rect, choice: &Choice) {
    let rows = found::networks(canvas.model, choice.search.text());
    let inside = frame(canvas, area, "Connect", rows.len(), &choice.search);
    let (plain, muted) = (Style::new(), canvas.style(Role::Muted));
    for (line, at) in window(inside, rows.len(), choice.selected).enumerate() {
        let row = &rows[at];
        let note = row.reason.unwrap_or_else(|| {
            let ways = canvas.model.set.ways.get(&row.network);
            ways.and_then(|ways| ways.iter().find_map(|way| needs(*way)))
                .unwrap_or_default()
        });
        let style = if row.reason.is_some() { muted } else { plain };
        canvas
            .pen(inside, line + 1)
            .tab(2)
            .field(row.network.title(), 14, style)
            .tab(18)
            .write(note, muted);
        if at == choice.selected {
            mark(canvas, inside, line + 1);
        }
    }
}

/// Draws the drafts.
pub fn drafts(canvas: &mut Canvas<'_>, area: Rect, choice: &Choice) {
    let rows = found::drafts(canvas.model, choice.search.text());
    let inside = frame(canvas, area, "Go on with", rows.len(), &choice.search);
    let (plain, muted) = (Style::new(), canvas.style(Role::Muted));
    let wall = canvas.model.wall();
    for (line, at) in window(inside, rows.len(), choice.selected).enumerate() {
        let post = &rows[at].post;
        let kept = wall.stamp(post.edited_at.unwrap_or(post.created_at));
        let n = rows[at].deliveries.len() as u64;
        let to = crate::tui::words::count(n, "channel", "channels");
        let by = canvas.model.person(&post.created_by).unwrap_or_default();
        let text = quoted(
            &one_line(&post.text),
            usize::from(inside.width.saturating_sub(37)),
        );
        canvas
            .pen(inside, line + 1)
            .tab(2)
            .field(&kept, 12, plain)
            .tab(15)
            .field(&to, 11, muted)
            .tab(27)
            .field(by, 8, muted)
            .tab(36)
            .write(&text, plain);
        if at == choice.selected {
            mark(canvas, inside, line + 1);
        }
    }
}

/// What a way to log in asks for; nothing where it is not offered here.
fn needs(way: Way) -> Option<&'static str> {
    match way {
        Way::AppPassword => Some("handle and app password"),
        Way::AccessToken => Some("server and access token"),
        Way::BotToken => Some("chat and the token of a bot that may post there"),
        Way::Browser => Some("its own login page, in a browser on any machine"),
    }
}

/// The worst lamp of a workspace, or of all.
fn worst(model: &Model, row: &found::WorkspaceRow<'_>) -> (&'static str, Role) {
    let lamps = model
        .channels
        .all()
        .filter(|view| row.is_none_or(|one| one.workspace.id == view.summary.channel.workspace_id));
    match lamps.map(|view| view.lamp).max() {
        None => (" ", Role::Plain),
        Some(worst) => lamp(match worst {
            Lamp::Broken => Lamp::Broken,
            other => other,
        }),
    }
}

/// The frame with the search line in its first row.
fn frame(canvas: &mut Canvas<'_>, area: Rect, title: &str, rows: usize, search: &Field) -> Rect {
    framed(canvas, area, title, (rows, 0), search)
}

/// The same with room for more lines than those that are found.
fn framed(
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &str,
    (rows, more): (usize, usize),
    search: &Field,
) -> Rect {
    let keys = keys::sheet_line(canvas.model);
    let most = area.height.saturating_sub(4).max(6);
    let height = u16::try_from(rows + more + 3)
        .unwrap_or(u16::MAX)
        .clamp(6, most);
    let frame = Frame {
        title,
        note: "type to search",
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let inside = frame.draw(centered(area, WIDE, height), canvas.buffer, bold);
    let (text, cursor) = search.shown(usize::from(inside.width).saturating_sub(3));
    canvas
        .pen(inside, 0)
        .write("> ", Style::new())
        .write(&text, Style::new());
    if rows == 0 {
        canvas
            .pen(inside, 1)
            .tab(2)
            .write("Nothing matches. Esc clears.", Style::new());
    }
    if !inside.is_empty() {
        let x = inside.x + 2 + u16::try_from(cursor).unwrap_or(0);
        canvas.cursor = Some(Position::new(x, inside.y));
    }
    inside
}

/// The indices of the rows in sight, the selected one among them.
fn window(inside: Rect, rows: usize, selected: usize) -> std::ops::Range<usize> {
    let height = usize::from(inside.height).saturating_sub(1);
    let from = (selected + 1).saturating_sub(height);
    from..rows.min(from + height)
}

fn mark(canvas: &mut Canvas<'_>, inside: Rect, line: usize) {
    let reverse = canvas.style(Role::Selected);
    if !canvas.model.set.slow {
        canvas.pen(inside, line).wash(reverse);
    }
    canvas.pen(inside, line).field("▌", 1, Style::new());
}
