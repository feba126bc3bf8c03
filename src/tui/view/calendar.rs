//! The calendar: a column for each day, today named, what is held struck and
//! named as well, since not every terminal strikes.

use jiff::civil::Date;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::{Canvas, bars, head, queue};
use crate::domain::delivery::Shown;
use crate::ops::handover::name_of;
use crate::ops::views::DeliveryView;
use crate::tui::layout::wall;
use crate::tui::model::calendar::{Calendar, End, Entry, LIMIT, across, in_sight};
use crate::tui::model::{Model, Pane};
use crate::tui::theme::Role;
use crate::tui::widgets::text::{one_line, quoted, width};
use crate::tui::words::{self, count};

/// From so many cells on a row has room for the whole of a post.
const ROOMY: u16 = 26;

/// How the posts of all days are drawn.
#[derive(Clone, Copy)]
struct Shape {
    /// The first row of the posts.
    top: u16,
    /// Rows of all posts of a day.
    rows: u16,
    /// Rows of one post.
    tall: u16,
}

/// Draws it instead of the panes.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar) {
    let plan = wall(area.width, area.height);
    let model = canvas.model;
    line(canvas, plan.head, calendar);
    canvas.pen(plan.rule, 0).fill("─", Style::new());
    let chosen = model.ends_on(calendar.day);
    let any = calendar
        .shown()
        .any(|day| !calendar.of(day).is_empty() || !model.ends_on(day).is_empty());
    // On a screen with room the ends of the day have a row for their names.
    let (days, ends) = match plan.tiles.height {
        height @ 14.. => {
            let mut days = plan.tiles;
            days.height -= 1;
            let below = Rect::new(days.x, days.y + height - 1, days.width, 1);
            (days, below)
        }
        _ => (plan.tiles, Rect::ZERO),
    };
    let (columns, wide) = across(area.width);
    let shape = shape(calendar, days, wide);
    for (at, day) in calendar.shown().take(columns).enumerate() {
        let x = u16::try_from(at).unwrap_or(0) * wide;
        let column = Rect::new(days.x + x, days.y, wide, days.height).intersection(days);
        one_day(canvas, column, calendar, day, shape);
    }
    if !any {
        nothing(canvas, days, calendar);
    }
    end_names(canvas, ends, &chosen);
    foot(canvas, plan.more, calendar, &chosen);
    bars::row_of_keys(canvas, plan.footer);
}

fn shape(calendar: &Calendar, days: Rect, wide: u16) -> Shape {
    let top = if days.height >= 10 { 3 } else { 2 };
    let rows = days.height.saturating_sub(top);
    let most = calendar.shown().map(|day| calendar.of(day).len()).max();
    let fits = usize::from(rows) >= 2 * most.unwrap_or(0);
    let tall = if wide < ROOMY && fits { 2 } else { 1 };
    Shape { top, rows, tall }
}

/// ` allgreen  Calendar  Mon 16 to Sun 22 Nov · Acme · 34 posts, 4 held  14:02 CET`.
fn line(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar) {
    let model = canvas.model;
    let plain = Style::new();
    let bold = canvas.style(Role::Title);
    let (long, short, role) = head::publisher(model);
    let publisher = canvas.style(role);
    let wall = model.wall();
    let roomy = area.width >= 80;
    let clock = match (roomy, model.theirs) {
        (true, true) => "clients’ clocks".to_owned(),
        (true, false) => format!("{} {}", wall.clock(wall.now), wall.zone_name()),
        (false, true) => "clients’".to_owned(),
        (false, false) => wall.clock(wall.now),
    };
    let end = area.width.saturating_sub(1);
    let mut room = usize::from(end).saturating_sub(width(&clock) + 2);
    let mut pen = canvas.pen(area, 0);
    if roomy {
        pen.tab(1).write("allgreen", bold).tab(11);
        pen.write("Calendar  ", plain);
    } else {
        pen.tab(1);
    }
    pen.write(&range(calendar), bold);
    room = room.saturating_sub(usize::from(pen.column()));
    let filter = model.filters.of(Pane::Queue).shown();
    let mut said = vec![sums(calendar), name_of(&model.scope, &model.workspaces)];
    said.extend(filter.map(str::to_owned));
    if calendar.more {
        said.insert(0, format!("the first {LIMIT} posts only"));
        said.remove(1);
    }
    for text in said.into_iter().filter(|text| !text.is_empty()) {
        let text = format!(" · {text}");
        if width(&text) <= room {
            room -= width(&text);
            pen.write(&text, plain);
        }
    }
    if let Some(said) = [long, short]
        .into_iter()
        .find(|said| !said.is_empty() && width(said) + 4 <= room)
    {
        let before = u16::try_from(width(&clock) + width(&said) + 3).unwrap_or(0);
        pen.tab(end.saturating_sub(before)).write(&said, publisher);
    }
    pen.right_to(end, &clock, plain);
}

/// `Mon 16 to Sun 22 Nov`.
fn range(calendar: &Calendar) -> String {
    let mut shown = calendar.shown();
    let first = calendar.first;
    let last = shown.by_ref().last().unwrap_or(first);
    let whole = last.strftime("%a %-d %b").to_string();
    if first == last {
        return first.strftime("%a %-d %b %Y").to_string();
    }
    let form = match (first.year(), first.month()) == (last.year(), last.month()) {
        true => "%a %-d",
        false => "%a %-d %b",
    };
    format!("{} to {whole}", first.strftime(form))
}

/// `34 posts, 4 held`, over all days on the screen.
fn sums(calendar: &Calendar) -> String {
    let all = calendar.shown().flat_map(|day| calendar.of(day));
    of_posts(all)
}

fn of_posts<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> String {
    let n = entries.clone().count();
    let held = entries.filter(|one| one.view.shown == Shown::Held).count();
    match (n, held) {
        (0, _) => String::new(),
        (n, 0) => count(n as u64, "post", "posts"),
        (n, held) => format!("{}, {held} held", count(n as u64, "post", "posts")),
    }
}

fn one_day(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar, day: Date, shape: Shape) {
    let model = canvas.model;
    let here = day == calendar.day;
    title(canvas, area, calendar, day);
    let of = calendar.of(day);
    let ends = model.ends_on(day);
    let muted = canvas.style(Role::Muted);
    let attention = canvas.style(Role::Attention);
    let mark = end_mark(&ends, area.width);
    let told = of_posts(of.iter());
    let told = match width(&told) < usize::from(area.width) {
        true => told,
        // `13, 4 held`
        false => told.replace(" posts,", ","),
    };
    if shape.top == 3 {
        canvas.pen(area, 1).tab(1).write(&told, muted);
        canvas.pen(area, 2).tab(1).write(&mark, attention);
    } else if mark.is_empty() {
        canvas.pen(area, 1).tab(1).write(&told, muted);
    } else {
        canvas.pen(area, 1).tab(1).write(&mark, attention);
    }
    let height = usize::from(shape.rows / shape.tall);
    let chosen = calendar.selected.as_ref().filter(|_| here);
    let cursor = of
        .iter()
        .position(|one| Some(&one.view.delivery.id) == chosen);
    let (first, rows) = in_sight(of.len(), cursor.unwrap_or(0), height);
    let mut y = shape.top;
    if first > 0 {
        let text = format!("+{first} earlier");
        canvas.pen(area, usize::from(y)).tab(1).write(&text, muted);
        y += 1;
    }
    for (at, entry) in of.iter().enumerate().skip(first).take(rows) {
        let row = Rect::new(area.x, area.y + y, area.width, shape.tall).intersection(area);
        post(canvas, row, entry);
        if cursor == Some(at) {
            select(canvas, row);
        }
        y += shape.tall;
    }
    let below = of.len().saturating_sub(first + rows);
    if below > 0 {
        let text = format!("+{below} more");
        canvas.pen(area, usize::from(y)).tab(1).write(&text, muted);
    }
    if here && cursor.is_none() {
        select(
            canvas,
            Rect::new(area.x, area.y, area.width, 1).intersection(area),
        );
    }
}

/// `Sat 21 today`; the month where it is another one.
fn title(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar, day: Date) {
    let model = canvas.model;
    let wall = model.wall();
    let today = wall.day(wall.now) == day;
    let form = match day.day() {
        1 => "%a %-d %b",
        _ => "%a %-d",
    };
    let name = day.strftime(form).to_string();
    let style = match (day == calendar.day, today) {
        (true, _) | (_, true) => canvas.style(Role::Title),
        _ => Style::new(),
    };
    let mut pen = canvas.pen(area, 0);
    pen.tab(1).write(&name, style);
    if today {
        pen.write(" today", style);
    }
}

/// `▲ login ends Ann Lee`, as much of it as there is room for.
fn end_mark(ends: &[End], cells: u16) -> String {
    match ends {
        [] => String::new(),
        [one] if cells >= ROOMY => format!("▲ login ends: {}", one.short),
        [_] => "▲ login ends".into(),
        many => format!("▲ {} logins end", many.len()),
    }
}

/// A post: one row, or two where a column is narrow and has room below.
fn post(canvas: &mut Canvas<'_>, area: Rect, entry: &Entry) {
    let model = canvas.model;
    let view = &entry.view;
    let (glyph, _, role) = queue::verdict(model, view);
    let lamp = canvas.style(role);
    let quiet = match view.shown {
        Shown::Published | Shown::Cancelled => Style::new().add_modifier(Modifier::DIM),
        _ => Style::new(),
    };
    let held = view.shown == Shown::Held;
    let named = match held {
        true => quiet.add_modifier(Modifier::CROSSED_OUT),
        false => quiet,
    };
    let loud = lamp.remove_modifier(Modifier::REVERSED);
    let at = entry.at.strftime("%H:%M").to_string();
    let network = words::network(view.channel_kind.network());
    let name = model.account(view);
    let word = word(model, view);
    let mut pen = canvas.pen(area, 0);
    pen.tab(1).write(glyph, lamp).tab(3).write(&at, quiet);
    if area.height > 1 {
        pen.tab(9).write(&network, quiet).tab(12);
        if width(word) <= pen.left() {
            pen.write(word, loud);
        }
        canvas.pen(area, 1).tab(3).write(&name, named);
    } else if area.width >= ROOMY {
        let after = if word.is_empty() { 0 } else { width(word) + 2 };
        let room = usize::from(area.width).saturating_sub(13 + after);
        pen.tab(9).write(&network, quiet).tab(12);
        pen.field(&name, room, named);
        pen.right_to(area.width.saturating_sub(1), word, loud);
    } else if held {
        pen.tab(9).write(word, loud).tab(14).write(&name, named);
    } else {
        pen.tab(9)
            .write(&network, quiet)
            .tab(12)
            .write(&name, named);
    }
}

/// What needs a hand, in one short word.
fn word(model: &Model, view: &DeliveryView) -> &'static str {
    let (_, _, role) = queue::verdict(model, view);
    match view.shown {
        Shown::Held => "HELD",
        Shown::Missed => "missed",
        Shown::Failed => "failed",
        Shown::NeedsDecision => "decide",
        Shown::Scheduled if role == Role::Attention && view.delivery.due < model.now => "late",
        Shown::Scheduled if role == Role::Attention => "risk",
        _ => "",
    }
}

fn select(canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let reverse = canvas.style(Role::Selected);
    if !canvas.model.set.slow {
        for row in 0..usize::from(area.height) {
            canvas.pen(area, row).wash(reverse);
        }
    }
    canvas.pen(area, 0).field("▌", 1, Style::new());
    if canvas.model.sheets.len() == 1 {
        canvas.cursor = Some(Position::new(area.x, area.y));
    }
}

fn nothing(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar) {
    let span = match calendar.days {
        1 => "on this day",
        7 => "in this week",
        _ => "in these days",
    };
    let others = match calendar.days {
        1 => "h l other days.",
        7 => "PgUp PgDn other weeks.",
        _ => "PgUp PgDn other days.",
    };
    let filter = canvas.model.filters.of(Pane::Queue).shown();
    let text = match filter {
        _ if !calendar.is_known() && calendar.failed => {
            "It could not be read; Ctrl-l tries again.".to_owned()
        }
        _ if !calendar.is_known() => "Loading…".to_owned(),
        Some(filter) => format!("Nothing {span} fits {filter}. {others}"),
        None => format!("Nothing {span}. {others}"),
    };
    canvas.pen(area, 2).tab(1).write(&text, Style::new());
}

/// `▲ Ends 14:30: Meta login Ann Lee, 3 channels · 16:00: …`, for the day with
/// the cursor.
fn end_names(canvas: &mut Canvas<'_>, area: Rect, ends: &[End]) {
    if ends.is_empty() || area.is_empty() {
        return;
    }
    let attention = canvas.style(Role::Attention);
    let text = said(canvas.model, ends);
    let mut pen = canvas.pen(area, 0);
    pen.tab(1)
        .write("▲", attention)
        .tab(3)
        .write(&text, Style::new());
}

fn said(model: &Model, ends: &[End]) -> String {
    let wall = model.wall();
    let all: Vec<String> = ends
        .iter()
        .map(|one| {
            let word = if one.at <= wall.now { "ended" } else { "ends" };
            let many = match one.channels {
                1 => String::new(),
                n => format!(" ({n} channels)"),
            };
            format!("{}{many} {word} {}", one.name, wall.begun(one.at))
        })
        .collect();
    all.join(" · ")
}

/// All about the post with the cursor, or what just happened.
fn foot(canvas: &mut Canvas<'_>, area: Rect, calendar: &Calendar, ends: &[End]) {
    let model = canvas.model;
    let plain = Style::new();
    let typing = model.filters.typing.is_some();
    if typing || model.line.message().is_some() || !model.pending.is_empty() {
        bars::status(canvas, area);
        return;
    }
    let Some(view) = calendar.chosen() else {
        let text = match ends {
            [] => String::new(),
            some => said(model, some),
        };
        if area.y > 0 && wall(1, model.size.1).tiles.height < 14 {
            canvas.pen(area, 0).tab(1).write(&text, plain);
        }
        return;
    };
    let (glyph, verdict, role) = queue::verdict(model, view);
    let lamp = canvas.style(role);
    let about = format!(
        "{verdict} · {} {} · {} · ",
        view.channel_kind.network().title(),
        model.account(view),
        model.workspace_of(view)
    );
    let mut pen = canvas.pen(area, 0);
    pen.tab(1).write(glyph, lamp).tab(3).write(&about, plain);
    let room = pen.left().saturating_sub(1);
    if room >= 8 {
        pen.write(&quoted(&one_line(&view.marked_text()), room), plain);
    }
}
