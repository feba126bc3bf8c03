//! The health check: what needs a hand, what the chosen row asks for, and what
//! comes after all of it.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, Line, WIDE, error_lines, inside_width, text_lines};
use crate::domain::delivery::State;
use crate::domain::notice::Severity;
use crate::ops::runbook::{Progress, Step, Walk, What, summary};
use crate::ops::views::{ChannelView, DeliveryView, Lamp};
use crate::support::time::UtcMs;
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::model::facts::{self, Groups};
use crate::tui::model::runbook::Runbook;
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::{one_line, quoted, width, wrap};
use crate::tui::words::{self, Wall, count};

/// Most lines about the chosen row.
const ABOUT: usize = 7;

/// Cells of what a row is about.
const NAME: usize = 22;

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
        row(canvas, list, line, step);
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

fn row(canvas: &mut Canvas<'_>, list: Rect, line: usize, step: &Step) {
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
