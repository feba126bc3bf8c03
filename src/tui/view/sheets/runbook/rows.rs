//! A row of the health check: what it is about, whom it hits, how far it is.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::Canvas;
use super::{account, each};
use crate::domain::delivery::State;
use crate::domain::notice::Severity;
use crate::ops::runbook::{Progress, Step, What};
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::time::UtcMs;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::widgets::text::width;
use crate::tui::words::{self, Wall, count};

/// Cells of what a row is about.
const NAME: usize = 22;

/// The columns of a row.
struct Row {
    shape: &'static str,
    role: Role,
    kind: &'static str,
    name: String,
    channels: String,
    posts: String,
    when: String,
}

pub(super) fn row(canvas: &mut Canvas<'_>, list: Rect, line: usize, step: &Step) {
    let model = canvas.model;
    let it = columns(model, step);
    let style = canvas.style(it.role);
    let muted = canvas.style(Role::Muted);
    let plain = match step.progress {
        Progress::Done { .. } => muted,
        _ => Style::new(),
    };
    let wide = list.width >= 70;
    let mut pen = canvas.pen(list, line);
    pen.tab(1)
        .write(it.shape, style)
        .tab(3)
        .write(it.kind, plain);
    if !wide {
        let room = usize::from(list.width).saturating_sub(9);
        let text = match it.when.is_empty() {
            true => it.name,
            false => format!("{} · {}", it.name, it.when),
        };
        pen.tab(9).field(&text, room, plain);
        return;
    }
    match it.channels.is_empty() {
        true => {
            pen.tab(11).field(&it.name, NAME, plain);
            pen.tab(34).write(&it.when, plain);
        }
        false => {
            pen.tab(11).field(&it.name, NAME, plain);
            pen.tab(34).field(&it.channels, 12, plain);
            pen.tab(47).field(&it.posts, 9, plain);
            pen.tab(57).write(&it.when, plain);
        }
    }
}

fn columns(model: &Model, step: &Step) -> Row {
    let wall = model.wall();
    let (shape, role) = sign(step);
    let row = |kind, name: String, when: String| Row {
        shape,
        role,
        kind,
        name,
        channels: String::new(),
        posts: String::new(),
        when,
    };
    match &step.what {
        What::Login { channels, .. } => login(model, step, channels, row),
        What::Posts {
            state,
            count: n,
            posts,
        } => {
            let done = matches!(step.progress, Progress::Done { .. });
            let word = match (state, done) {
                (State::NeedsDecision, true) => "decided",
                (State::NeedsDecision, false) => "to decide",
                (State::Missed, _) => "missed",
                _ => "failed",
            };
            let said = progress(model, step).unwrap_or_else(|| of_posts(model, posts, *n, &wall));
            row("Posts", format!("{n} {word}"), said)
        }
        What::Soon(channels) => {
            let n = channels.len();
            let name = match n {
                0 => "all looked at".to_owned(),
                n => format!("{n} to look at"),
            };
            let said = progress(model, step).unwrap_or_else(|| reasons(channels, wall.now));
            row("Soon", name, said)
        }
        What::Hub { text, .. } => row("Hub", "this hub".into(), text.clone()),
    }
}

fn sign(step: &Step) -> (&'static str, Role) {
    match (&step.progress, &step.what) {
        (Progress::Done { .. }, _) => lamp(Lamp::Green),
        (_, What::Login { .. }) => lamp(Lamp::Broken),
        (_, What::Posts { state, .. }) => match state {
            State::NeedsDecision => ("?", Role::Attention),
            _ => ("✖", Role::Broken),
        },
        (_, What::Soon(_)) => lamp(Lamp::Attention),
        (_, What::Hub { severity, .. }) => match severity {
            Severity::Broken => lamp(Lamp::Broken),
            _ => lamp(Lamp::Attention),
        },
    }
}

fn login(
    model: &Model,
    step: &Step,
    channels: &[ChannelView],
    row: impl Fn(&'static str, String, String) -> Row,
) -> Row {
    let wall = model.wall();
    let name = match channels {
        [one] => {
            let name = words::channel(&one.summary.channel);
            let whole = format!("{}, {name}", one.summary.channel.kind.network().title());
            // Two letters for the network rather than half a name.
            match width(&whole) <= NAME {
                true => whole,
                false => account(one),
            }
        }
        many => words::login(each(many)),
    };
    let done = matches!(step.progress, Progress::Done { .. });
    let held: u64 = channels.iter().map(|view| view.held).sum();
    let scheduled = |view: &ChannelView| view.summary.count(State::Scheduled);
    let posts = match done {
        true => channels.iter().map(scheduled).sum(),
        false => held,
    };
    let first = channels.iter().filter_map(|view| view.first_hit).min();
    let said = progress(model, step).unwrap_or_else(|| match (held, first) {
        (0, _) | (_, None) => channels
            .first()
            .map_or_else(String::new, |view| view.words.clone()),
        (_, Some(at)) => format!("{}, {}", wall.clock(at), wall.relative(at)),
    });
    Row {
        channels: count(channels.len() as u64, "channel", "channels"),
        posts: match posts {
            0 => "–".into(),
            n => count(n, "post", "posts"),
        },
        ..row("Login", name, said)
    }
}

/// `mended 14:04 by you`, `@ann until Mon`; nothing while it is open.
fn progress(model: &Model, step: &Step) -> Option<String> {
    let wall = model.wall();
    match &step.progress {
        Progress::Open => None,
        Progress::Aside(aside) => Some(format!(
            "@{} until {}",
            aside.by_name,
            wall.when(aside.until)
        )),
        Progress::Done { at, by } => {
            let by = by.as_ref().map_or_else(String::new, |(id, name)| {
                match *id == model.set.operator.id {
                    true => " by you".into(),
                    false => format!(" by {name}"),
                }
            });
            Some(match at {
                Some(at) => format!("mended {}{by}", wall.clock(*at)),
                None => "done".into(),
            })
        }
    }
}

/// `Hafen Hotel, Thu and Fri`, of one post its account and time.
fn of_posts(model: &Model, posts: &[DeliveryView], all: u64, wall: &Wall) -> String {
    let open: Vec<&DeliveryView> = posts.iter().filter(|view| view.aside.is_none()).collect();
    let unlisted = all.saturating_sub(posts.len() as u64);
    if open.is_empty() && unlisted > 0 {
        return format!("{unlisted} more that nobody took on");
    }
    if let [one] = open.as_slice() {
        return format!(
            "{} {} {}",
            words::network(one.channel_kind.network()).trim(),
            model.account(one),
            wall.clock(one.delivery.due)
        );
    }
    let mut whose: Vec<&str> = Vec::new();
    let mut days: Vec<String> = Vec::new();
    for view in open {
        let workspace = model.workspace_of(view);
        if !whose.contains(&workspace) {
            whose.push(workspace);
        }
        let day = match wall.same_day(view.delivery.due, wall.now) {
            true => "today".to_owned(),
            false => wall.when(view.delivery.due),
        };
        if !days.contains(&day) {
            days.push(day);
        }
    }
    let days = match days.as_slice() {
        [] => String::new(),
        [one] => format!(", {one}"),
        [one, other] => format!(", {one} and {other}"),
        [one, .., last] => format!(", {one} to {last}"),
    };
    match whose.as_slice() {
        [] => String::new(),
        [one] => format!("{one}{days}"),
        [one, other] => format!("{one}, {other}{days}"),
        [one, rest @ ..] => format!("{one} and {} more{days}", rest.len()),
    }
}

/// `1 login ends Thu, 2 refresh failing`.
fn reasons(channels: &[ChannelView], now: UtcMs) -> String {
    let mut all: Vec<(&str, usize)> = Vec::new();
    let open = channels
        .iter()
        .filter(|view| !view.aside.as_ref().is_some_and(|one| one.lasts(now)));
    for view in open {
        match all.iter_mut().find(|(words, _)| *words == view.words) {
            Some((_, n)) => *n += 1,
            None => all.push((&view.words, 1)),
        }
    }
    let parts: Vec<String> = all
        .iter()
        .map(|(words, n)| format!("{n} {words}"))
        .collect();
    parts.join(", ")
}
