//! The find box: what is typed, what fits it in groups, and the command line or
//! the clocks of the row with the cursor.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, WIDE};
use crate::ops::views::Lamp;
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::model::find::{Destination, Find, Group, Row, Target};
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::view::queue::verdict;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::{one_line, quoted, width};
use crate::tui::words::{self, Wall};

/// Rows of the box: the same whatever is found, so that nothing jumps.
const TALL: u16 = 22;

/// Where the names of the groups end and what was found begins.
const NAME: u16 = 12;

/// Draws the box.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, find: &Find) {
    let model = canvas.model;
    let keys = keys::sheet_line(model);
    let note = find.around.as_deref().unwrap_or("type to search");
    let frame = Frame {
        title: "Find",
        note,
        keys: &keys,
    };
    let height = TALL.min(area.height.saturating_sub(2)).max(5);
    let bold = canvas.style(Role::Title);
    let inside = frame.draw(centered(area, WIDE, height), canvas.buffer, bold);
    let plain = Style::new();
    let room = usize::from(inside.width).saturating_sub(3);
    let (text, cursor) = find.search.shown(room);
    canvas.pen(inside, 0).write("> ", bold).write(&text, plain);
    if !inside.is_empty() {
        let x = inside.x + 2 + u16::try_from(cursor).unwrap_or(0);
        canvas.cursor = Some(Position::new(x.min(inside.right()), inside.y));
    }
    // The last row says more about the one with the cursor.
    let list = Rect::new(
        inside.x,
        inside.y.saturating_add(1).min(inside.bottom()),
        inside.width,
        inside.height.saturating_sub(3),
    );
    rows(canvas, list, find);
    if inside.height > 3 {
        let muted = canvas.style(Role::Muted);
        let more = more(canvas.model, find);
        let last = usize::from(inside.height - 1);
        canvas.pen(inside, last).tab(1).write(&more, muted);
    }
}

fn rows(canvas: &mut Canvas<'_>, list: Rect, find: &Find) {
    let height = usize::from(list.height);
    let from = (find.selected + 1).saturating_sub(height);
    let muted = canvas.style(Role::Muted);
    let mut line = 0;
    let mut before = None;
    for (at, row) in find.rows.iter().enumerate().skip(from).take(height) {
        let mut pen = canvas.pen(list, line);
        if before != Some(row.group) {
            pen.tab(1).field(row.group.title(), 9, muted);
        }
        before = Some(row.group);
        let to = Rect::new(
            list.x.saturating_add(NAME).min(list.right()),
            list.y,
            list.width.saturating_sub(NAME),
            list.height,
        );
        content(canvas, to, line, row);
        if at == find.selected {
            let reverse = canvas.style(Role::Selected);
            if !canvas.model.set.slow {
                canvas.pen(to, line).wash(reverse);
            }
            canvas
                .pen(list, line)
                .tab(NAME - 1)
                .write("▌", Style::new());
        }
        line += 1;
    }
    let said = match &find.error {
        Some(error) => error.clone(),
        None if find.is_looking() && find.go => "opens as soon as it is found…".to_owned(),
        None if find.is_looking() => "looking…".to_owned(),
        None if find.rows.is_empty() => nothing(find),
        None => return,
    };
    if line >= height {
        return;
    }
    let mut pen = canvas.pen(list, line);
    if find.is_looking() || find.error.is_some() {
        pen.tab(1).write(Group::Posts.title(), muted);
        pen.tab(NAME).write(&said, muted);
    } else {
        pen.tab(1).write(&said, Style::new());
    }
}

fn nothing(find: &Find) -> String {
    match &find.around {
        Some(_) => "No post within 12 h of that. Esc clears.".into(),
        None => "Nothing fits. Esc clears.".into(),
    }
}

fn content(canvas: &mut Canvas<'_>, area: Rect, line: usize, row: &Row) {
    let model = canvas.model;
    let plain = Style::new();
    let muted = canvas.style(Role::Muted);
    match &row.target {
        Target::Key(binding) => {
            let reason = keys::why_not(model, binding.does);
            let style = if reason.is_some() { muted } else { plain };
            let key = match reason {
                Some(_) => muted,
                None => canvas.style(Role::Key),
            };
            let end = area.width.saturating_sub(1);
            let mut pen = canvas.pen(area, line);
            let room = usize::from(end).saturating_sub(width(binding.key()) + 1);
            pen.field(binding.long, room, style);
            pen.right_to(end, binding.key(), key);
        }
        Target::Place(at) => {
            if let Some((_, name, what)) = Destination::ALL.get(*at) {
                canvas
                    .pen(area, line)
                    .field(name, 17, plain)
                    .tab(18)
                    .write(what, muted);
            }
        }
        Target::Workspace(id) => workspace(canvas, area, line, id),
        Target::Channel(id) => {
            let Some(view) = model.channels.get(id) else {
                return;
            };
            let (shape, role) = lamp(view.lamp);
            let style = canvas.style(role);
            let channel = &view.summary.channel;
            canvas
                .pen(area, line)
                .write(shape, style)
                .tab(2)
                .write(&words::network(channel.kind.network()), plain)
                .tab(5)
                .field(&words::channel(channel), 22, plain)
                .tab(28)
                .field(&view.summary.workspace.1, 13, plain)
                .tab(42)
                .write(&said(view.lamp, &view.words), plain);
        }
        Target::Post(view) => {
            let wall = model.wall();
            let (shape, said, role) = verdict(model, view);
            let style = canvas.style(role);
            let network = words::network(view.channel_kind.network());
            let mut pen = canvas.pen(area, line);
            pen.write(shape, style)
                .tab(2)
                .field(&wall.clock(view.delivery.due), 9, plain)
                .tab(12)
                .write(&network, plain)
                .tab(15)
                .field(&model.account(view), 14, plain)
                .tab(30)
                .field(&said, 15, plain)
                .tab(46);
            let room = pen.left();
            pen.write(&quoted(&one_line(&view.marked_text()), room), plain);
        }
    }
}

fn workspace(
    canvas: &mut Canvas<'_>,
    area: Rect,
    line: usize,
    id: &crate::domain::ids::WorkspaceId,
) {
    let model = canvas.model;
    let Some(one) = model.workspaces.iter().find(|one| one.workspace.id == *id) else {
        return;
    };
    let lamps: Vec<Lamp> = model
        .channels
        .all()
        .filter(|view| view.summary.channel.workspace_id == *id)
        .map(|view| view.lamp)
        .collect();
    let (shape, role) = match lamps.iter().max() {
        Some(worst) => lamp(*worst),
        None => ("–", Role::Plain),
    };
    let broken = lamps.iter().filter(|one| **one == Lamp::Broken).count();
    let mut note = words::count(lamps.len() as u64, "channel", "channels");
    if broken > 0 {
        note.push_str(&format!(", {broken} broken"));
    }
    let style = canvas.style(role);
    let plain = Style::new();
    canvas
        .pen(area, line)
        .write(shape, style)
        .tab(2)
        .field(&one.workspace.name, 25, plain)
        .tab(28)
        .write(&note, plain);
}

fn said(lamp: Lamp, words: &str) -> String {
    match lamp {
        Lamp::Green => "healthy".into(),
        _ => words.to_owned(),
    }
}

/// What else is to be known of the row with the cursor.
fn more(model: &Model, find: &Find) -> String {
    let Some(row) = find.rows.get(find.selected) else {
        return String::new();
    };
    match &row.target {
        Target::Key(binding) => match keys::why_not(model, binding.does) {
            Some(reason) => reason,
            None => keys::command(model, binding.does).unwrap_or_default(),
        },
        Target::Place(_) => String::new(),
        Target::Workspace(id) => model
            .workspaces
            .iter()
            .find(|one| one.workspace.id == *id)
            .map_or_else(String::new, |one| {
                format!("allgreen --workspace {}", one.workspace.slug)
            }),
        Target::Channel(id) => model.channels.get(id).map_or_else(String::new, |view| {
            format!("allgreen channel show {}", view.full_name())
        }),
        Target::Post(view) => {
            let due = view.delivery.due;
            let ours = model.wall();
            let here = ours.clock_in_zone(due);
            let theirs = crate::domain::when::zone(&view.delivery.timezone)
                .map(|zone| Wall {
                    zone,
                    ..ours.clone()
                })
                .map(|wall| wall.clock_in_zone(due));
            let clocks = match theirs {
                Ok(there) if there != here => format!("{there} = {here}"),
                _ => here,
            };
            format!("due {clocks} · allgreen post why {}", view.delivery.id)
        }
    }
}
