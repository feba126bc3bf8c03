//! Lines 1 and 2: the lamps with their words, who publishes, what time it is;
//! what happened, and what waits.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Canvas;
use crate::domain::notice::Severity;
use crate::domain::publisher::PublisherKind;
use crate::ops::views::Lamp;
use crate::tui::layout::Layout;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::text::width;
use crate::tui::words::{self, span};

/// Draws both lines and the standing one.
pub fn draw(canvas: &mut Canvas<'_>, plan: &Layout) {
    lamps(canvas, plan.head);
    sums(canvas, plan.sums);
    standing(canvas, plan.standing);
}

/// Columns of the parts of line 1: scope, three lamps, publisher.
fn columns(cells: u16) -> Option<[u16; 5]> {
    match cells {
        120.. => Some([11, 30, 48, 63, 78]),
        80.. => Some([11, 28, 33, 38, 55]),
        _ => None,
    }
}

fn lamps(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let plain = Style::new();
    let title = canvas.style(Role::Title);
    let wide = area.width >= 120;
    let counts = [
        ("✖", Lamp::Broken, "broken", Role::Broken),
        ("▲", Lamp::Attention, "attention", Role::Attention),
        ("●", Lamp::Green, "healthy", Role::Healthy),
    ]
    .map(|(shape, lamp, word, role)| {
        let known = model.channels.knows(lamp);
        let n = model.sums.lamps(lamp);
        // What is not there needs no colour, and "not read yet" is not "none".
        let style = if known && n > 0 {
            canvas.style(role)
        } else {
            plain
        };
        let n = if known { n.to_string() } else { "…".into() };
        (format!("{shape} {n}"), word, style)
    });
    let (long, short, role) = publisher(model);
    let said = if wide { &long } else { &short };
    let publisher_style = canvas.style(role);
    let clocks = clocks(model, area.width);
    let mut pen = canvas.pen(area, 0);
    match columns(area.width) {
        Some([scope, broken, attention, healthy, publisher]) => {
            pen.tab(1).write("allgreen", title);
            let room = usize::from(broken - scope - 1);
            pen.tab(scope).field(&scope_name(model), room, plain);
            for (at, (count, word, style)) in [broken, attention, healthy].iter().zip(counts) {
                pen.tab(*at).write(&count, style);
                if wide {
                    pen.write(&format!(" {word}"), plain);
                }
            }
            pen.tab(publisher).write(said, publisher_style);
        }
        None => {
            if area.width >= 60 {
                pen.tab(1).write("allgreen ", title);
            }
            for (count, _, style) in counts {
                pen.write(" ", plain).write(&count, style);
                pen.write(" ", plain);
            }
            pen.write(" ", plain).write(said, publisher_style);
        }
    }
    let end = area.width.saturating_sub(1);
    let free = usize::from(end.saturating_sub(pen.column()));
    if let Some(clock) = clocks.iter().find(|clock| width(clock) < free) {
        pen.right_to(end, clock, plain);
    }
}

/// The clock, the longest form first.
fn clocks(model: &Model, cells: u16) -> Vec<String> {
    let wall = model.wall();
    let mut forms = Vec::new();
    if cells >= 120 {
        forms.push(wall.full(wall.now));
    }
    forms.push(wall.short(wall.now));
    forms.push(format!("{} {}", wall.clock(wall.now), wall.zone_name()));
    forms.push(wall.clock(wall.now));
    forms
}

fn scope_name(model: &Model) -> String {
    match model.workspace() {
        Some(one) => one.workspace.name.clone(),
        None => "All workspaces".into(),
    }
}

/// Who publishes, long and short.
pub fn publisher(model: &Model) -> (String, String, Role) {
    let Some(view) = &model.publisher else {
        return (String::new(), String::new(), Role::Plain);
    };
    let say = |long: &str, short: &str, role| (long.to_owned(), short.to_owned(), role);
    if !view.running {
        let due = model.due_soon.unwrap_or(0);
        let long = if model.set.no_publish {
            "✖ NOBODY PUBLISHES: --no-publish".to_owned()
        } else if due == 0 {
            "✖ NOBODY PUBLISHES".to_owned()
        } else {
            format!("✖ NOBODY PUBLISHES: {due} due in 24 h")
        };
        return (long, "✖ NOBODY PUBLISHES".into(), Role::Broken);
    }
    if view.silent {
        let pid = view.pid.unwrap_or_default();
        let quiet = view.heartbeat_at.map_or_else(String::new, |at| {
            format!(" {}", span(model.wall().now.since(at)))
        });
        let long = format!("✖ publisher pid {pid} silent{quiet}");
        return (long, "✖ publisher silent".into(), Role::Broken);
    }
    match view.kind {
        Some(PublisherKind::Screen) if view.pid == Some(model.set.pid) => say(
            "▲ this screen publishes, stops at q",
            "▲ this screen",
            Role::Attention,
        ),
        Some(PublisherKind::Screen) => {
            say("● another screen publishes", "● a screen", Role::Healthy)
        }
        Some(PublisherKind::Command) => say("● a command publishes", "● a command", Role::Healthy),
        _ => say("● daemon publishes", "● daemon", Role::Healthy),
    }
}

/// One part of line 2, and whether it waits for a hand.
type Sum = (String, bool);

fn waiting(model: &Model, wide: bool) -> Vec<Sum> {
    let wall = model.wall();
    let sums = &model.sums;
    let mut parts = Vec::new();
    for (n, word, hand) in [
        (sums.held, "held", false),
        (sums.missed, "missed", true),
        (
            sums.to_decide,
            if wide { "to decide" } else { "decide" },
            true,
        ),
        (sums.failed, "failed", true),
    ] {
        if n > 0 {
            parts.push((format!("{n} {word}"), hand));
        }
    }
    parts.push((
        match (model.next_due(), wide) {
            (Some(at), true) => format!("next due {} {}", wall.clock(at), wall.relative(at)),
            (Some(at), false) => format!("next {}", wall.clock(at)),
            (None, _) => "nothing due".into(),
        },
        false,
    ));
    parts
}

fn sums(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if area.is_empty() || !model.channels.loaded() {
        return;
    }
    let plain = Style::new();
    let hand = canvas.style(Role::Attention);
    if let Some(text) = all_well(model) {
        canvas.pen(area, 0).tab(1).write(&text, plain);
        return;
    }
    let wide = area.width >= 120;
    let at = match area.width {
        120.. => 64,
        80.. => 38,
        _ => 1,
    };
    let mut pen = canvas.pen(area, 0);
    if at > 1 {
        let room = usize::from(at) - 2;
        pen.tab(1).field(&since(model, room), room, plain);
    }
    pen.tab(at);
    for (n, (text, needs_hand)) in waiting(model, wide).into_iter().enumerate() {
        if n > 0 {
            pen.write(" · ", plain);
        }
        pen.write(&text, if needs_hand { hand } else { plain });
    }
}

/// What happened since the operator was here last, in so many cells; empty when
/// nothing did. What went well leaves first.
fn since(model: &Model, room: usize) -> String {
    let it = &model.news.since;
    let more = if it.more { "+" } else { "" };
    let mut parts: Vec<(u8, String)> = [
        (4, it.broke, "broke"),
        (2, it.healed, "healed"),
        (1, it.sent, "went out"),
        (3, it.failed, "failed"),
    ]
    .iter()
    .filter(|(_, n, _)| *n > 0)
    .map(|(keep, n, word)| (*keep, format!("{n}{more} {word}")))
    .collect();
    let at = model.wall().clock(it.at);
    while let Some(first) = parts.iter().map(|(keep, _)| *keep).min() {
        let words: Vec<&str> = parts.iter().map(|(_, word)| word.as_str()).collect();
        let text = format!("Since {at}: {}", words.join(", "));
        if width(&text) <= room {
            return text;
        }
        parts.retain(|(keep, _)| *keep != first);
    }
    String::new()
}

/// The sentence of a screen on which nothing needs anybody.
fn all_well(model: &Model) -> Option<String> {
    let wall = model.wall();
    let all = model.sums.channels;
    let publishes = model
        .publisher
        .as_ref()
        .is_some_and(|view| view.running && !view.silent);
    let waits = waiting(model, true).len() > 1;
    if all == 0 || waits || !publishes || model.sums.lamps(Lamp::Green) != all {
        return None;
    }
    let oldest =
        oldest_proof(model).map_or_else(String::new, |age| format!(", oldest proof {age}"));
    let next = match model.next_due() {
        Some(at) => format!(", next post {} {}", wall.clock(at), wall.relative(at)),
        None => ", nothing scheduled".into(),
    };
    Some(format!(
        "Nothing needs you. {all} of {all} healthy{oldest}{next}."
    ))
}

/// How old the oldest proof of a healthy channel is.
pub fn oldest_proof(model: &Model) -> Option<String> {
    let at = model.sums.oldest_proof?;
    Some(span(model.wall().now.since(at)))
}

fn standing(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let Some(incident) = model.standing() else {
        return;
    };
    let wall = model.wall();
    let (mark, role) = match incident.severity {
        Severity::Broken => ("✖", Role::Broken),
        Severity::Attention | Severity::Info => ("▲", Role::Attention),
    };
    let role = canvas.style(role);
    let plain = Style::new();
    let bold = canvas.style(Role::Title);
    let mut text = words::span(wall.now.since(incident.opened_at));
    match model.standing_more() {
        0 => {}
        more => text.push_str(&format!(", and {more} more")),
    }
    let mut pen = canvas.pen(area, 0);
    pen.tab(1).write(mark, role).write(" ", plain);
    let room = pen.left().saturating_sub(width(&text) + 4);
    pen.field(&incident.text, room, bold).write(" · ", plain);
    pen.write(&text, plain);
}
