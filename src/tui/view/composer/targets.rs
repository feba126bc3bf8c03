//! The channels of a post that is being written, and how long it is for each.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{Canvas, cursor};
use crate::domain::lamp::broken;
use crate::tui::model::Model;
use crate::tui::model::composer::{Composer, Part, Target};
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::words;

/// The columns of the list in so many cells.
struct Columns {
    text: Option<u16>,
    count: u16,
    status: Option<u16>,
}

impl Columns {
    fn of(width: u16) -> Self {
        if width < 56 {
            return Self {
                text: None,
                count: width.saturating_sub(7),
                status: None,
            };
        }
        // Exact in the wireframe's 66 cells; more room is for the names.
        let more = width.saturating_sub(66).min(20);
        let less = 66_u16.saturating_sub(width);
        Self {
            text: Some(23 + more - less.min(4)),
            count: 34 + more - less,
            status: Some(41 + more - less),
        }
    }
}

/// `X @acme`.
pub(super) fn account(model: &Model, target: &Target) -> String {
    let network = target.kind.network();
    let name = model
        .channels
        .get(&target.channel)
        .map_or_else(String::new, |view| words::channel(&view.summary.channel));
    format!("{} {name}", words::network(network).trim())
}

/// Draws them, or how many they are where there is one line.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, one: &Composer, low: bool) {
    let plain = Style::new();
    let focused = one.part == Part::To;
    let ready = one
        .ticked()
        .filter(|target| waits(canvas.model, target).is_none())
        .filter(|target| target.checks.problems.is_empty())
        .count();
    let ticked = one.ticked().count();
    let said = match ticked {
        0 => "none ticked".to_owned(),
        _ if one.is_blank() => words::count(ticked as u64, "channel", "channels"),
        _ => format!("{ready} of {ticked} ready"),
    };
    if low && !focused {
        super::rule(canvas, area, "To", &said, false);
        return;
    }
    if area.height == 0 {
        return;
    }
    let columns = Columns::of(area.width);
    let mut head = canvas.pen(area, 0);
    head.tab(5).write("To", plain);
    if let Some(at) = columns.text {
        head.tab(at).write("text", plain);
    }
    match columns.status {
        Some(at) => {
            head.right_to(columns.count + 5, "count", plain);
            head.tab(at).write(&said, plain);
        }
        None => {
            head.right_to(area.width.saturating_sub(1), &said, plain);
        }
    }
    let base = one.base.text();
    let length = crate::domain::text::Length::of(base).graphemes;
    canvas
        .pen(area, 1)
        .tab(8)
        .write("base text", plain)
        .right_to(columns.count, &length.to_string(), plain);
    if one.chosen == 0 {
        select(canvas, area, 1, focused);
    }
    let rows = usize::from(area.height).saturating_sub(2);
    for (row, at) in (one.offset..one.targets.len()).take(rows).enumerate() {
        target(canvas, area, row + 2, &one.targets[at], one, &columns);
        if one.chosen == at + 1 {
            select(canvas, area, row + 2, focused);
        }
    }
    let hidden = one.targets.len().saturating_sub(one.offset + rows);
    if hidden > 0 && rows > 0 {
        let muted = canvas.style(Role::Muted);
        let text = format!("{hidden} more");
        let mut pen = canvas.pen(area, 0);
        pen.tab(columns.status.map_or(area.width, |at| at + 14));
        if pen.left() > text.len() {
            pen.right_to(area.width.saturating_sub(1), &text, muted);
        }
    }
}

/// Whose text is shown has the sign, the row with the cursor is reversed.
fn select(canvas: &mut Canvas<'_>, area: Rect, row: usize, focused: bool) {
    canvas.select(area, row, focused);
    if focused {
        cursor(canvas, area, row);
    }
}

fn target(
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: usize,
    target: &Target,
    one: &Composer,
    columns: &Columns,
) {
    let model = canvas.model;
    let plain = Style::new();
    let muted = canvas.style(Role::Muted);
    let view = model.channels.get(&target.channel);
    let (shape, role) = view.map_or((" ", Role::Plain), |view| lamp(view.lamp));
    let shape_style = canvas.style(role);
    let on = target.ticked && target.closed.is_none();
    let style = if on { plain } else { muted };
    let account = view.map_or_else(String::new, |view| words::channel(&view.summary.channel));
    let broken_style = canvas
        .style(Role::Broken)
        .remove_modifier(Modifier::REVERSED);
    let mut pen = canvas.pen(area, row);
    pen.tab(1).write(if on { "✓" } else { " " }, canvas_bold());
    pen.tab(3).write(shape, shape_style);
    pen.tab(5)
        .write(&words::network(target.kind.network()), style);
    let room = columns.text.unwrap_or(columns.count.saturating_sub(4));
    pen.tab(8)
        .field(&account, usize::from(room.saturating_sub(9)), style);
    if let Some(at) = columns.text {
        let word = if target.own.is_some() { "own" } else { "base" };
        if on || target.own.is_some() {
            pen.tab(at).write(word, style);
        }
    }
    if let Some(count) = target.checks.count.filter(|_| on && !one.is_blank()) {
        let style = if count.over() > 0 {
            broken_style
        } else {
            plain
        };
        pen.right_to(columns.count, &count.used.to_string(), style)
            .write(&format!("/{}", count.most), style);
    }
    let Some(at) = columns.status else { return };
    let (text, style) = status(model, target, on);
    let style = match style {
        Role::Broken => broken_style,
        Role::Muted => muted,
        _ => plain,
    };
    pen.tab(at).write(&text, style);
}

fn canvas_bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// What is wrong with it, or what becomes of the post there.
fn status(model: &Model, target: &Target, on: bool) -> (String, Role) {
    if let Some(why) = target.closed {
        return (why.to_owned(), Role::Muted);
    }
    if !on {
        return (String::new(), Role::Plain);
    }
    if let Some(count) = target.checks.count.filter(|count| count.over() > 0) {
        return (format!("✖ {} too many", count.over()), Role::Broken);
    }
    if let Some(problem) = target.checks.problems.first() {
        return (format!("✖ {}", problem.what), Role::Broken);
    }
    match waits(model, target) {
        Some(why) => (why.to_owned(), Role::Plain),
        None => (String::new(), Role::Plain),
    }
}

/// What holds a post there now.
pub(super) fn waits(model: &Model, target: &Target) -> Option<&'static str> {
    let channel = &model.channels.get(&target.channel)?.summary.channel;
    if broken(channel) {
        return Some("held until reconnected");
    }
    channel.paused_at.map(|_| "held until resumed")
}
