//! The health check: what needs a hand, what the chosen row asks for, and what
//! comes after all of it.

mod rows;

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, Line, WIDE, error_lines, inside_width, text_lines};
use crate::ops::runbook::{Walk, What, summary};
use crate::ops::views::{ChannelView, DeliveryView};
use crate::support::time::UtcMs;
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::model::facts::{self, Groups};
use crate::tui::model::runbook::Runbook;
use crate::tui::theme::Role;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::{one_line, quoted, width, wrap};
use crate::tui::words;

/// Most lines about the chosen row.
const ABOUT: usize = 7;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, sheet: &Runbook) {
    let model = canvas.model;
    let cells = inside_width(area);
    let (mut about, mut after) = texts(model, sheet, cells);
    let steps = sheet.steps();
    if area.height < 18 {
        after.clear();
    }
    // On a low screen some rows stay in sight, and at the end what it came to.
    let least = if sheet.is_over() {
        1
    } else {
        steps.len().min(5)
    };
    about.truncate(usize::from(area.height).saturating_sub(least + 3).max(1));
    let rules = if steps.is_empty() { 0 } else { 1 } + usize::from(!after.is_empty());
    let fixed = about.len() + after.len() + rules + 2;
    let room = usize::from(area.height).saturating_sub(fixed);
    let shown = steps.len().min(room.max(1));
    let height = u16::try_from(fixed + shown).unwrap_or(u16::MAX);
    let (title, note) = head(model, sheet);
    let keys = keys::sheet_line(model);
    let frame = Frame {
        title: &title,
        note: &note,
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let outside = centered(area, WIDE, height);
    let inside = frame.draw(outside, canvas.buffer, bold);
    let index = sheet.index().unwrap_or(0);
    let from = (index + 1).saturating_sub(shown);
    let list = part(inside, 0, shown);
    for (line, step) in steps.iter().skip(from).take(shown).enumerate() {
        rows::row(canvas, list, line, step);
        if from + line == index {
            cursor(canvas, list, line);
        }
    }
    let mut line = shown;
    for lines in [about, after] {
        if lines.is_empty() {
            continue;
        }
        if line > 0 {
            rule(canvas, outside, line);
            line += 1;
        }
        let place = part(inside, line, lines.len());
        super::paint(canvas, place, &lines);
        line += lines.len();
    }
}

/// Some rows of the inside.
fn part(inside: Rect, from: usize, rows: usize) -> Rect {
    Rect {
        y: inside.y.saturating_add(u16::try_from(from).unwrap_or(0)),
        height: u16::try_from(rows).unwrap_or(0),
        ..inside
    }
    .intersection(inside)
}

fn rule(canvas: &mut Canvas<'_>, outside: Rect, line: usize) {
    let plain = Style::new();
    if line + 2 >= usize::from(outside.height) {
        return;
    }
    let last = outside.width.saturating_sub(1);
    canvas
        .pen(outside, line + 1)
        .write("├", plain)
        .fill("─", plain);
    canvas.pen(outside, line + 1).tab(last).write("┤", plain);
}

fn cursor(canvas: &mut Canvas<'_>, list: Rect, line: usize) {
    let reverse = canvas.style(Role::Selected);
    if !canvas.model.set.slow {
        canvas.pen(list, line).wash(reverse);
    }
    canvas.pen(list, line).field("▌", 1, Style::new());
    let y = list.y.saturating_add(u16::try_from(line).unwrap_or(0));
    if y < list.bottom() {
        canvas.cursor = Some(Position::new(list.x, y));
    }
}

fn head(model: &Model, sheet: &Runbook) -> (String, String) {
    let Some(walk) = &sheet.walk else {
        return (format!("Health check · {}", sheet.name), String::new());
    };
    let begun = model.wall().begun(UtcMs(walk.begun.at));
    let note = match (walk.steps.len(), walk.done()) {
        (0, _) => String::new(),
        (all, done) => format!("{done} of {all} done"),
    };
    (format!("Health check · {} · {begun}", sheet.name), note)
}

/// What stands below the rows: about the chosen one, and what comes after.
fn texts(model: &Model, sheet: &Runbook, cells: u16) -> (Vec<Line>, Vec<Line>) {
    let say = |text: String, role| Line::Full(text, role);
    let mut about = Vec::new();
    let mut after = Vec::new();
    match (&sheet.walk, &sheet.error) {
        (None, None) => about.push(say("  Looking what needs a hand…".into(), Role::Plain)),
        (Some(walk), _) if sheet.is_over() => about.extend(over(model, walk, &sheet.name, cells)),
        (Some(walk), _) => {
            about.extend(chosen(model, sheet, cells));
            let text = walk.after(&model.wall());
            let text = format!("After this: {}", lower_first(&text));
            after.extend(text_at_full_width(&text, cells, 1));
        }
        (None, Some(_)) => {}
    }
    if let Some(error) = &sheet.error {
        about.extend(error_lines(error, cells));
    }
    (about, after)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

fn text_at_full_width(text: &str, cells: u16, most: usize) -> Vec<Line> {
    wrap(text, usize::from(cells), most)
        .into_iter()
        .map(|part| Line::Full(part, Role::Plain))
        .collect()
}

/// What it came to, in four lines.
fn over(model: &Model, walk: &Walk, name: &str, cells: u16) -> Vec<Line> {
    let lines = summary(walk, name, &model.wall());
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (sign, role) = match at {
            1 if walk.healthy == walk.channels => ("● ", Role::Healthy),
            _ => ("", Role::Plain),
        };
        let parts = wrap(&format!("{sign}{line}"), usize::from(cells), 3);
        out.extend(parts.into_iter().map(|part| Line::Full(part, role)));
    }
    out
}

/// What the row with the cursor is about, and what it takes.
fn chosen(model: &Model, sheet: &Runbook, cells: u16) -> Vec<Line> {
    let Some(step) = sheet.chosen() else {
        return Vec::new();
    };
    let wall = model.wall();
    match &step.what {
        What::Login { channels, .. } => {
            let Some(first) = channels.first() else {
                return Vec::new();
            };
            let id = &first.summary.channel.id;
            let known = model.channels.get(id).unwrap_or(first);
            let group = step.login().and_then(|login| model.channels.group(login));
            let groups = match group {
                Some(group) => facts::of_login(model, group),
                None => facts::channel(model, known),
            };
            let by_login = first.mends_by_login();
            let name = match channels.len() {
                1 => format!("{} · {}", account(first), first.summary.workspace.1),
                n => format!("{} · {n} channels", words::login(each(channels))),
            };
            let tip = model.set.tips.get(&first.summary.channel.kind.network());
            let tip = tip.and_then(|tips| tips.first()).filter(|_| by_login);
            with_head(name, groups, tip.copied(), cells)
        }
        What::Posts { posts, .. } => posts
            .iter()
            .take(ABOUT)
            .map(|view| Line::Full(one_post(model, view, cells), Role::Plain))
            .collect(),
        What::Soon(channels) => channels
            .iter()
            .take(ABOUT)
            .map(|view| {
                let aside = view.aside.as_ref().filter(|one| one.lasts(wall.now));
                let taken = aside.map_or_else(String::new, |one| {
                    format!(" · @{} until {}", one.by_name, wall.when(one.until))
                });
                let text = format!(
                    "▲ {} · {} · {}{taken}",
                    account(view),
                    view.summary.workspace.1,
                    view.words
                );
                Line::Full(text, Role::Attention)
            })
            .collect(),
        What::Hub { text, command, .. } => {
            let mut lines = text_at_full_width(text, cells, 3);
            if let Some(command) = command {
                lines.extend(text_lines("Run", command, Role::Plain, cells, 2));
            }
            lines
        }
    }
}

fn each(channels: &[ChannelView]) -> impl Iterator<Item = &crate::domain::channel::Channel> {
    channels.iter().map(|view| &view.summary.channel)
}

/// `X @acme`.
fn account(view: &ChannelView) -> String {
    let channel = &view.summary.channel;
    format!(
        "{} {}",
        words::network(channel.kind.network()).trim(),
        words::channel(channel)
    )
}

/// The headline with whose it is, then what to do, what is at risk, what then.
fn with_head(name: String, groups: Groups, tip: Option<&str>, cells: u16) -> Vec<Line> {
    let mut groups = groups.into_iter();
    let headline = groups.next().and_then(|group| group.into_iter().next());
    let said = headline.map_or_else(String::new, |fact| fact.text);
    // The lamp stands in the row already.
    let said = said
        .split_once(" · ")
        .map_or(said.as_str(), |(_, rest)| rest);
    let mut lines = vec![Line::Full(format!("{name} · {said}"), Role::Plain)];
    for fact in groups.next().unwrap_or_default() {
        // Enter is what to do here; before it is what the network wants.
        let (label, text) = match (fact.label, tip) {
            ("Do this", Some(tip)) => ("First", tip.to_owned()),
            (label, _) => (label, fact.text),
        };
        lines.extend(text_lines(
            label,
            &text,
            Role::Plain,
            cells,
            fact.lines.min(3),
        ));
    }
    lines.truncate(ABOUT);
    lines
}

fn one_post(model: &Model, view: &DeliveryView, cells: u16) -> String {
    let wall = model.wall();
    let mut text = format!(
        "{} {} {}",
        wall.clock(view.delivery.due),
        words::network(view.channel_kind.network()).trim(),
        model.account(view)
    );
    if let Some(aside) = view.aside.as_ref().filter(|one| one.lasts(wall.now)) {
        let until = wall.when(aside.until);
        text.push_str(&format!(" · @{} until {until}", aside.by_name));
    }
    let room = usize::from(cells).saturating_sub(width(&text) + 1);
    format!("{text} {}", quoted(&one_line(&view.marked_text()), room))
}
