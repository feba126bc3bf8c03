//! Pane 2: one timeline of all states. The second column says what happens:
//! whether a post did or will go out.

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Canvas;
use crate::domain::delivery::{Blocker, Shown};
use crate::ops::views::{DeliveryView, Lamp};
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widgets::text::{one_line, quoted, width};
use crate::tui::words::{self, span};

/// Where handle ends and the verdict and the text begin.
fn columns(cells: u16) -> (u16, u16) {
    match cells {
        80.. => (34 + (cells - 80) / 4, 52 + (cells - 80) / 3),
        63.. => (30, 45),
        _ => {
            let verdict = cells.saturating_sub(15).clamp(16, 30);
            (verdict, cells)
        }
    }
}

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let views = model.queue.views();
    if views.is_empty() {
        let text = match model.filters.of(Pane::Queue).shown() {
            _ if !model.queue.loaded => "Loading…".to_owned(),
            Some(filter) => format!("No post fits {filter}. Esc shows all."),
            None if model.only.is_some() => "No post here. f shows all rows.".into(),
            None => "Nothing scheduled.".to_owned(),
        };
        canvas.pen(area, 0).tab(1).write(&text, Style::new());
        return;
    }
    let now = model.wall().now;
    let past = model.queue.past_len(now);
    let focused = model.focus == Pane::Queue;
    let selected = model.queue.selected_index();
    let offset = model.queue.offset.min(views.len());
    for line in 0..usize::from(area.height) {
        let row = offset + line;
        let index = match row.cmp(&past) {
            std::cmp::Ordering::Less => row,
            std::cmp::Ordering::Equal => {
                now_line(canvas, area, line);
                continue;
            }
            std::cmp::Ordering::Greater => row - 1,
        };
        let Some(view) = views.get(index) else {
            break;
        };
        delivery(canvas, area, line, view);
        if selected == Some(index) && model.list == Pane::Queue {
            canvas.select(area, line, focused);
        }
    }
}

/// The post on a line of the pane; none on that of now.
pub fn at(model: &Model, line: usize) -> Option<&DeliveryView> {
    let views = model.queue.views();
    let past = model.queue.past_len(model.wall().now);
    let row = model.queue.offset.min(views.len()) + line;
    match row.cmp(&past) {
        std::cmp::Ordering::Less => views.get(row),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => views.get(row - 1),
    }
}

fn now_line(canvas: &mut Canvas<'_>, area: Rect, line: usize) {
    let wall = canvas.model.wall();
    let muted = canvas.style(Role::Muted);
    let (now, zone) = (wall.clock(wall.now), wall.zone_name());
    let text = if canvas.model.theirs {
        format!("──── now {now} {zone} ── times are the clients’, T shows yours ")
    } else {
        format!("──── now {now} ── times are yours ({zone}), T shows the client’s")
    };
    canvas.pen(area, line).write(&text, muted).fill("─", muted);
}

fn delivery(canvas: &mut Canvas<'_>, area: Rect, line: usize, view: &DeliveryView) {
    let model = canvas.model;
    let wall = model.wall();
    let (shape, said, role) = verdict(model, view);
    let (verdict_at, text_at) = columns(area.width);
    let shape_style = canvas.style(role);
    let quiet = match view.shown {
        Shown::Published | Shown::Cancelled => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    };
    // Only what needs a hand is coloured beside its lamp.
    let said_style = match role {
        Role::Broken | Role::Attention => shape_style.remove_modifier(Modifier::REVERSED),
        _ => quiet,
    };
    let network = words::network(view.channel_kind.network());
    let name = model.account(view);
    let marked = model.marks.has_post(&view.delivery.id);
    let indent = canvas.mark(area, line, Pane::Queue, marked);
    let mut pen = canvas.pen(area, line);
    pen.tab(1 + indent).write(shape, shape_style);
    pen.tab(3 + indent).field(&due(model, view), 9, quiet);
    pen.tab(13 + indent).write(&network, quiet);
    let cells = usize::from(verdict_at.saturating_sub(17 + indent));
    pen.tab(16 + indent).field(&name, cells, quiet);
    let room = usize::from(text_at.saturating_sub(verdict_at + 1)).max(14);
    let said = with_countdown(&said, view, &wall, room);
    pen.tab(verdict_at).field(&said, room, said_style);
    if text_at < area.width {
        let text = quoted(
            &one_line(&view.marked_text()),
            usize::from(area.width - text_at),
        );
        pen.tab(text_at).write(&text, quiet);
    }
}

/// When it is due, by the operator's clock or the client's.
fn due(model: &Model, view: &DeliveryView) -> String {
    let mut wall = model.wall();
    if model.theirs
        && let Ok(zone) = TimeZone::get(&view.delivery.timezone)
    {
        wall.zone = zone;
    }
    wall.clock(view.delivery.due)
}

/// `will go in 3 m`, `missed · @ann, Mon`, where there is room for it.
fn with_countdown(said: &str, view: &DeliveryView, wall: &words::Wall, room: usize) -> String {
    let due = view.delivery.due;
    let aside = view.aside.as_ref().filter(|one| one.lasts(wall.now));
    let text = match (view.shown, aside) {
        (Shown::Scheduled, _) if due > wall.now => format!("{said} {}", wall.relative(due)),
        (_, Some(aside)) => format!("{said} · {}", words::aside_in(wall, aside, 99)),
        _ => said.to_owned(),
    };
    if width(&text) <= room {
        text
    } else {
        said.to_owned()
    }
}

/// What happens to a delivery: shape, words, role.
pub fn verdict(model: &Model, view: &DeliveryView) -> (&'static str, String, Role) {
    let wall = model.wall();
    let one = &view.delivery;
    let late = wall.now.since(one.due);
    if let Some(upload) = view.upload {
        let text = format!("uploading {} %", upload.percent());
        return ("→", text, Role::Plain);
    }
    match view.shown {
        Shown::Draft => ("–", "draft".into(), Role::Plain),
        Shown::Scheduled if late.as_secs() >= 60 => {
            ("▲", format!("late by {}", span(late)), Role::Attention)
        }
        Shown::Scheduled if at_risk(model, view) => ("▲", "at risk".into(), Role::Attention),
        Shown::Scheduled => ("●", "will go".into(), Role::Healthy),
        Shown::Held => {
            let text = match view.blocker {
                _ if late.as_secs() >= 60 => format!("HELD, {} late", span(late)),
                Some(Blocker::Paused) => "HELD, paused".into(),
                _ => "HELD".into(),
            };
            ("✖", text, Role::Broken)
        }
        Shown::Sending => ("→", "sending".into(), Role::Plain),
        Shown::Confirming => ("→", "confirming".into(), Role::Plain),
        Shown::Published => {
            let at = one.published_at.map(|at| wall.clock(at));
            let text = match at {
                Some(at) if at.len() == 5 => format!("went out {at}"),
                _ => "went out".into(),
            };
            ("✓", text, Role::Healthy)
        }
        Shown::Failed => ("✖", "failed".into(), Role::Broken),
        Shown::Missed => ("✖", "missed".into(), Role::Broken),
        Shown::NeedsDecision => ("?", "did it go out?".into(), Role::Attention),
        Shown::Cancelled => ("–", "cancelled".into(), Role::Plain),
    }
}

/// Whether a scheduled delivery may not go out as things are: its access ends
/// before, or nobody publishes.
fn at_risk(model: &Model, view: &DeliveryView) -> bool {
    let nobody = model
        .publisher
        .as_ref()
        .is_some_and(|it| !it.running || it.silent);
    let channel = model.channels.get(&view.delivery.channel_id);
    let ends = channel
        .filter(|one| one.lamp == Lamp::Attention)
        .and_then(|one| one.first_hit);
    nobody || ends.is_some_and(|hit| hit <= view.delivery.due)
}
