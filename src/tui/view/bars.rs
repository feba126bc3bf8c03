//! Titles in their rules, the divider, the status line and the footer.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Canvas;
use crate::ops::views::Lamp;
use crate::tui::keys;
use crate::tui::layout::{Layout, Mode};
use crate::tui::model::{Model, Pane, Subject, Tone};
use crate::tui::theme::Role;
use crate::tui::widgets::Field;
use crate::tui::widgets::text::width;
use crate::tui::words;

/// Draws the rules with the titles of the panes.
pub fn titles(canvas: &mut Canvas<'_>, plan: &Layout) {
    let plain = Style::new();
    let tabs = plan.tabs;
    match (plan.mode, plan.divider) {
        (Mode::Four, Some(at)) => {
            let (left, right) = halves(tabs, at);
            title(canvas, left, Pane::Channels);
            details_title(canvas, right);
            let (left, right) = halves(plan.lower, at);
            title(canvas, left, Pane::Queue);
            title(canvas, right, Pane::Notices);
        }
        (Mode::Two, Some(at)) => {
            let (left, right) = halves(tabs, at);
            row_of_tabs(canvas, left, &[Pane::Channels, Pane::Queue, Pane::Notices]);
            canvas.pen(right, 0).write("┬", plain);
            details_title(canvas, right);
        }
        _ => row_of_tabs(canvas, tabs, &Pane::ALL),
    }
}

fn halves(area: Rect, at: u16) -> (Rect, Rect) {
    let at = at.min(area.width);
    (
        Rect::new(area.x, area.y, at, area.height),
        Rect::new(area.x + at, area.y, area.width - at, area.height),
    )
}

/// `1 Channels 250 · 3 marked`.
fn name(model: &Model, pane: Pane) -> String {
    let name = numbered(model, pane);
    match (model.marks.count(pane), model.marks.has_range(pane)) {
        (0, _) => name,
        (n, false) => format!("{name} · {n} marked"),
        (n, true) => format!("{name} · {n} marked, v ends"),
    }
}

/// `1 Channels 250`.
fn numbered(model: &Model, pane: Pane) -> String {
    let name = format!("{} {}", pane.number(), pane.title());
    if let (Some(only), Pane::Queue | Pane::Notices) = (&model.only, pane) {
        return format!("{name} · only {}", only.name);
    }
    if matches!(pane, Pane::Channels | Pane::Queue) && !model.channels.loaded() {
        // What is counted over all channels is not known yet.
        return name;
    }
    if model.filters.of(pane).shown().is_some() && pane != Pane::Details {
        return format!("{name} {}", found(model, pane));
    }
    let count = match pane {
        Pane::Channels => model.sums.channels as u64,
        Pane::Queue => model.sums.scheduled,
        Pane::Notices => model.news.unread() as u64,
        Pane::Details => 0,
    };
    match (pane, count) {
        (_, 0) => name,
        (Pane::Notices, n) => format!("{name} {n} new"),
        (_, n) => format!("{name} {n}"),
    }
}

/// How much a filter lets through: `12 of 250`; of the queue, which is read in
/// part, at least how many. The days of the calendar say their numbers.
fn found(model: &Model, pane: Pane) -> String {
    match pane {
        _ if model.in_calendar() => String::new(),
        Pane::Queue => {
            let more = model.queue.more_past || model.queue.more_future;
            format!(
                "{}{} fit",
                model.queue.views().len(),
                if more { "+" } else { "" }
            )
        }
        Pane::Notices => {
            format!(
                "{} of {}",
                model.news.notices().len(),
                model.news.all().len()
            )
        }
        Pane::Channels | Pane::Details => {
            let lamps = [Lamp::Green, Lamp::Attention, Lamp::Broken];
            let listed: usize = lamps.iter().map(|lamp| model.channels.listed(*lamp)).sum();
            format!("{listed} of {}", model.sums.channels)
        }
    }
}

fn title(canvas: &mut Canvas<'_>, area: Rect, pane: Pane) {
    let model = canvas.model;
    let plain = Style::new();
    let focused = model.focus == pane;
    let style = if focused {
        canvas.style(Role::Title)
    } else {
        plain
    };
    let text = name(model, pane);
    // Right of the divider a title begins with the joint itself.
    let mut pen = canvas.pen(area, 0);
    if pane == Pane::Notices {
        pen.write("┼", plain);
    }
    pen.write(if focused { "▌" } else { "─ " }, plain)
        .write(&text, style);
    if let Some(filter) = model.filters.of(pane).shown() {
        let room = pen.left().saturating_sub(4);
        pen.write(" · ", plain).field(filter, room, plain);
    }
    pen.write(" ", plain).fill("─", plain);
}

fn details_title(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let plain = Style::new();
    let focused = model.focus == Pane::Details;
    let style = if focused {
        canvas.style(Role::Title)
    } else {
        plain
    };
    let subject = match model.shown.clone() {
        Some(Subject::Channel(id)) => model.channels.get(&id).map(|view| {
            format!(
                "{} · {}",
                words::channel(&view.summary.channel),
                view.summary.workspace.1
            )
        }),
        Some(Subject::Login(id)) => model
            .channels
            .group(&id)
            .map(|group| format!("{} · {}", group.name, group.workspace)),
        Some(Subject::Section(lamp)) => Some(lamp.words().to_owned()),
        Some(Subject::Delivery(id)) => model
            .queue
            .get(&id)
            .map(|view| format!("{} · {}", model.account(view), model.workspace_of(view))),
        None => None,
    };
    let text = format!("4 {}", subject.unwrap_or_else(|| "Details".into()));
    let mut pen = canvas.pen(area, 0);
    pen.write("┬", plain);
    pen.write(if focused { "▌" } else { "─ " }, plain);
    pen.write(&text, style).write(" ", plain).fill("─", plain);
}

/// `▌1 Channels 250 ── 2 Queue 351 ── 3 Notices 3 ── 4 Details ─`.
fn row_of_tabs(canvas: &mut Canvas<'_>, area: Rect, panes: &[Pane]) {
    let model = canvas.model;
    let plain = Style::new();
    let bold = canvas.style(Role::Title);
    let names: Vec<(Pane, String)> = panes
        .iter()
        .map(|pane| (*pane, name(model, *pane)))
        .collect();
    let mut pen = canvas.pen(area, 0);
    for (n, (pane, text)) in names.iter().enumerate() {
        let here = *pane == model.focus || (*pane == model.list && model.focus == Pane::Details);
        if pen.left() < width(text) + 3 {
            break;
        }
        match (n, here) {
            (0, true) => pen.write("▌", plain),
            (0, false) => pen.write("─ ", plain),
            (_, true) => pen.write(" ─▌", plain),
            (_, false) => pen.write(" ── ", plain),
        };
        pen.write(text, if here { bold } else { plain });
    }
    pen.write(" ", plain).fill("─", plain);
}

/// Draws the line between left and right.
pub fn divider(canvas: &mut Canvas<'_>, plan: &Layout) {
    let Some(at) = plan.divider else {
        return;
    };
    let plain = Style::new();
    for area in [plan.list, plan.queue] {
        let column = Rect::new(area.x + at, area.y, 1, area.height);
        for row in 0..usize::from(area.height) {
            canvas.pen(column, row).write("│", plain);
        }
    }
}

/// Draws the status line: what counts down, else what just happened.
pub fn status(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let plain = Style::new();
    let attention = canvas.style(Role::Attention);
    let list = model.sheets.is_empty() || model.in_calendar();
    if let (Some(pane), true) = (model.filters.typing, list) {
        typing(canvas, area, pane);
        return;
    }
    if let Some(pending) = model.pending.last() {
        let left = pending.left(model.boot);
        let more = match model.pending.len() {
            1 => String::new(),
            n => format!(" (+{} more)", n - 1),
        };
        canvas.pen(area, 0).tab(1).write("▲", attention).write(
            &format!(" {} in {left} s{more} · u stops it", pending.text),
            plain,
        );
        return;
    }
    let waits = waits(model);
    let Some(message) = model.line.message() else {
        if let Some((short, long)) = &waits {
            canvas
                .pen(area, 0)
                .tab(1)
                .write("→", plain)
                .write(&format!(" {short}{long}"), plain);
        }
        return;
    };
    let (shape, role) = match message.tone {
        Tone::Good => ("●", Role::Healthy),
        Tone::Quiet => ("–", Role::Plain),
        Tone::Bad => ("✖", Role::Broken),
    };
    let style = canvas.style(role);
    let muted = canvas.style(Role::Muted);
    let mut pen = canvas.pen(area, 0);
    pen.tab(1)
        .write(shape, style)
        .write(" ", plain)
        .write(&message.text, plain);
    if let Some(command) = &message.command
        && width(command) + 3 < pen.left()
    {
        pen.right_to(area.width.saturating_sub(1), command, muted);
    } else if let Some((short, _)) = &waits
        && width(short) + 3 < pen.left()
    {
        pen.right_to(area.width.saturating_sub(1), short, plain);
    }
}

/// A filter as it is typed, and what is said of it on the right; where its
/// cursor is.
pub fn search(
    canvas: &mut Canvas<'_>,
    area: Rect,
    field: &Field,
    said: &str,
    style: Style,
) -> Position {
    let (plain, bold) = (Style::new(), canvas.style(Role::Key));
    let room = usize::from(area.width)
        .saturating_sub(width(said) + 7)
        .max(12);
    let (text, cursor) = field.shown(room);
    let mut pen = canvas.pen(area, 0);
    pen.tab(1)
        .write("/", bold)
        .write(" ", plain)
        .write(&text, plain);
    if width(said) + 3 < pen.left() {
        pen.right_to(area.width.saturating_sub(1), said, style);
    }
    Position::new(area.x + 3 + u16::try_from(cursor).unwrap_or(0), area.y)
}

/// The filter that is being typed, and what it does.
fn typing(canvas: &mut Canvas<'_>, area: Rect, pane: Pane) {
    let model = canvas.model;
    let filter = model.filters.of(pane);
    let (said, style) = match &filter.wrong {
        Some(wrong) if area.width < 100 => (wrong.short(), canvas.style(Role::Broken)),
        Some(wrong) => (wrong.to_string(), canvas.style(Role::Broken)),
        None => (found(model, pane), Style::new()),
    };
    canvas.cursor = Some(search(canvas, area, &filter.field, &said, style));
}

/// `1 login waits`, and for which account, how long, and what ends it. The one
/// whose sheet is open needs no mention.
fn waits(model: &Model) -> Option<(String, String)> {
    let open = model.browser().and_then(|(sheet, _)| sheet.login);
    let logins: Vec<_> = model
        .logins
        .all()
        .iter()
        .filter(|login| Some(login.id) != open)
        .collect();
    let [first, ..] = logins.as_slice() else {
        return None;
    };
    let short = words::count(logins.len() as u64, "login waits", "logins wait");
    let names: Vec<String> = logins.iter().map(|login| model.name_of(login)).collect();
    let mut long = format!(": {}", names.join(", "));
    if let ([_], Some(ready)) = (logins.as_slice(), &first.ready) {
        let left = words::minutes_left(&model.wall(), ready.ends);
        long.push_str(&format!(", {} min left", left.max(1)));
    }
    long.push_str(" · paste the address you end on");
    Some((short, long))
}

/// Draws the footer, unless a sheet has its own line.
pub fn footer(canvas: &mut Canvas<'_>, area: Rect) {
    if canvas.model.sheets.is_empty() {
        row_of_keys(canvas, area);
    }
}

/// Draws the keys of this place from their table.
pub fn row_of_keys(canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let gap = if area.width >= 120 { 3 } else { 2 };
    let room = usize::from(area.width.saturating_sub(2));
    let keys = keys::footer(canvas.model, room, gap);
    let bold = canvas.style(Role::Key);
    let plain = Style::new();
    let mut pen = canvas.pen(area, 0);
    pen.tab(1);
    for (n, (key, word)) in keys.iter().enumerate() {
        if n > 0 {
            pen.write(&" ".repeat(gap), plain);
        }
        pen.write(key, bold).write(" ", plain).write(word, plain);
    }
}
