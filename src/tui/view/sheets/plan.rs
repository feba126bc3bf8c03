//! The release plan: what goes out by itself, what is late, what was missed,
//! and what becomes of each.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Canvas, Line, WIDE, error_lines, full, inside_width};
use crate::domain::delivery::Blocker;
use crate::domain::release::{Sums, Then};
use crate::ops::release::{ChannelPlan, PlanPost};
use crate::support::time::UtcMs;
use crate::tui::keys;
use crate::tui::model::Model;
use crate::tui::model::plan::{Plan, Row};
use crate::tui::theme::Role;
use crate::tui::view::channels::lamp;
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::{one_line, quoted, width};
use crate::tui::words::{self, count, span};

/// Cells of what becomes of a post.
const THEN: u16 = 19;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, plan: &Plan) {
    let model = canvas.model;
    let rows = plan.rows();
    let roomy = area.height >= 18;
    let head = head(model, plan, roomy);
    let foot = foot(model, plan, inside_width(area));
    let table = usize::from(!rows.is_empty() && plan.single().is_some() && roomy);
    let rules = 2 * usize::from(!rows.is_empty());
    let fixed = head.len() + foot.len() + table + rules + 2;
    let most = usize::from(area.height).saturating_sub(fixed).max(1);
    let shown = rows.len().min(most);
    let height = u16::try_from(fixed + shown).unwrap_or(u16::MAX);
    let (title, note) = (title(model, plan), note(plan));
    let keys = keys::sheet_line(model);
    let frame = Frame {
        title: &title,
        note: &note,
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let outside = centered(area, WIDE, height);
    let inside = frame.draw(outside, canvas.buffer, bold);
    let mut line = 0;
    let mut write = |canvas: &mut Canvas<'_>, lines: &[Line]| {
        for one in lines {
            if line < usize::from(inside.height) {
                text(canvas, inside, line, one);
            }
            line += 1;
        }
        line
    };
    let after = write(canvas, &head);
    if rows.is_empty() {
        write(canvas, &foot);
        return;
    }
    rule(canvas, outside, after);
    if table > 0 {
        names(canvas, inside, after + 1);
    }
    let first = after + 1 + table;
    let index = plan.index().unwrap_or(0);
    let from = (index + 1).saturating_sub(shown);
    let list = Rect {
        y: inside.y.saturating_add(u16::try_from(first).unwrap_or(0)),
        height: u16::try_from(shown).unwrap_or(0),
        ..inside
    }
    .intersection(inside);
    let at = Numbers::of(model, plan);
    for (line, row) in rows.iter().skip(from).take(shown).enumerate() {
        match row {
            Row::Channel(id) => {
                if let Some(part) = plan.parts().iter().find(|part| part.channel == *id) {
                    channel(canvas, list, line, plan, part);
                }
            }
            Row::Post(id) => {
                let mut posts = plan.posts();
                let found = posts.find(|(_, post)| post.view.delivery.id == *id);
                if let Some((part, one)) = found {
                    post(canvas, list, line, plan, part, one, at.of_post(id));
                }
            }
        }
        if plan.cursor() == Some(row) {
            cursor(canvas, list, line);
        }
    }
    rule(canvas, outside, first + shown);
    let below = Rect {
        y: inside
            .y
            .saturating_add(u16::try_from(first + shown + 1).unwrap_or(0)),
        height: u16::try_from(foot.len()).unwrap_or(0),
        ..inside
    }
    .intersection(inside);
    for (line, one) in foot.iter().enumerate() {
        text(canvas, below, line, one);
    }
}

/// When each post goes out, by its id.
struct Numbers<'p>(Vec<(&'p crate::domain::ids::DeliveryId, Option<UtcMs>)>);

impl<'p> Numbers<'p> {
    fn of(model: &Model, plan: &'p Plan) -> Self {
        let now = model.wall().now;
        let of = |part: &'p ChannelPlan| {
            let ids = part.posts.iter().map(|post| &post.view.delivery.id);
            ids.zip(plan.times(part, now))
        };
        Self(plan.parts().iter().flat_map(of).collect())
    }

    fn of_post(&self, id: &crate::domain::ids::DeliveryId) -> Option<UtcMs> {
        let found = self.0.iter().find(|(one, _)| *one == id);
        found.and_then(|(_, at)| *at)
    }
}

fn text(canvas: &mut Canvas<'_>, inside: Rect, line: usize, one: &Line) {
    if let Line::Full(said, role) = one {
        let look = canvas.model.set.look;
        full(&mut canvas.pen(inside, line), said, *role, look);
    }
}

/// A rule through the frame.
fn rule(canvas: &mut Canvas<'_>, outside: Rect, line: usize) {
    let plain = Style::new();
    let last = outside.width.saturating_sub(1);
    if line + 2 >= usize::from(outside.height) {
        return;
    }
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
    canvas.cursor = Some(ratatui::layout::Position::new(list.x, y));
}

fn title(model: &Model, plan: &Plan) -> String {
    let posts = plan.posts().count() + plan.on_time();
    let posts = count(posts as u64, "post", "posts");
    match (plan.single(), plan.parts.is_some()) {
        (_, false) => "Release plan".into(),
        (Some(part), _) => match model.channels.get(&part.channel) {
            Some(view) => format!(
                "Release plan · {} {} · {} · {posts}",
                words::network(view.summary.channel.kind.network()).trim(),
                words::channel(&view.summary.channel),
                view.summary.workspace.1
            ),
            None => format!("Release plan · {posts}"),
        },
        (None, _) => format!(
            "Release plan · {} · {posts}",
            count(plan.parts().len() as u64, "channel", "channels")
        ),
    }
}

fn note(plan: &Plan) -> String {
    match plan.marked() {
        0 if plan.mended => "reconnected".into(),
        0 => String::new(),
        n => format!("{n} marked"),
    }
}

/// What there is, in numbers.
fn head(model: &Model, plan: &Plan, roomy: bool) -> Vec<Line> {
    let say = |text: String, role| Line::Full(text, role);
    if plan.parts.is_none() {
        let text = match plan.error {
            Some(_) => "",
            None => "  Looking what is late, held or missed…",
        };
        return vec![say(text.into(), Role::Plain)];
    }
    if plan.parts().is_empty() {
        let text = "● Nothing is late, held or missed any more.";
        return vec![say(text.into(), Role::Healthy)];
    }
    let mut lines = Vec::new();
    lines.extend(plan.single().and_then(|part| state(model, part)));
    if !roomy {
        return lines;
    }
    let wall = model.wall();
    let (late, missed): (Vec<_>, Vec<_>) = plan.posts().partition(|(_, post)| !post.missed);
    let wide = [plan.on_time(), late.len(), missed.len()];
    let wide = wide.iter().max().map_or(1, |n| n.to_string().len());
    let number = |shape: &str, n: usize, what: &str, text: String, role| {
        let number = format!("{shape} {n:>wide$} {what:<8}");
        say(format!("{number}  {text}"), role)
    };
    let first = plan.parts().iter().flat_map(|part| &part.on_time).min();
    if let Some(first) = first {
        let held = plan.parts().iter().all(|part| part.held.is_some());
        let when = wall.stamp(*first);
        let today = if when.len() == 5 { "today " } else { "" };
        let text = match held {
            true => format!("if it is mended before {today}{when}"),
            false => format!("at their own times, the first {today}{when}"),
        };
        lines.push(number("●", plan.on_time(), "on time", text, Role::Healthy));
    }
    let limits: Vec<_> = plan.parts().iter().map(|part| part.limit).collect();
    let limit = match limits.as_slice() {
        [first, rest @ ..] if rest.iter().all(|one| one == first) => span(*first),
        _ => "the limit".into(),
    };
    if !late.is_empty() {
        let held = late.iter().all(|(part, _)| part.held.is_some());
        let waits = plan.parts().iter().filter_map(|part| part.wait_until).min();
        let text = match (held, waits) {
            (true, _) => format!("by less than {limit}: sent once it is mended"),
            (_, Some(until)) => format!(
                "by less than {limit}: waiting for you until {}",
                wall.clock(until)
            ),
            (false, None) => format!("by less than {limit}: sent now, one after the other"),
        };
        lines.push(number("▲", late.len(), "late", text, Role::Attention));
    }
    if !missed.is_empty() {
        let text = format!("by more than {limit}: not sent unless you say so");
        lines.push(number("✖", missed.len(), "missed", text, Role::Broken));
    }
    lines
}

/// Whether the only channel publishes.
fn state(model: &Model, part: &ChannelPlan) -> Option<Line> {
    let view = model.channels.get(&part.channel)?;
    let channel = &view.summary.channel;
    Some(match part.held {
        Some(Blocker::Paused) => Line::Full(
            "‖ Paused: nothing goes out before P resumes it.".into(),
            Role::Plain,
        ),
        Some(Blocker::ChannelDisconnected) => Line::Full(
            format!(
                "✖ Broken, {}: nothing goes out before it is mended.",
                view.words
            ),
            Role::Broken,
        ),
        Some(blocker) => Line::Full(format!("✖ {}.", blocker.words()), Role::Broken),
        None => {
            let proof = channel.last_proof_at.map(|at| model.wall().clock(at));
            let proof = proof.map_or_else(String::new, |at| format!(" Proof {at}."));
            Line::Full(format!("● It may publish.{proof}"), Role::Healthy)
        }
    })
}

/// Names of the columns.
fn names(canvas: &mut Canvas<'_>, inside: Rect, line: usize) {
    let muted = canvas.style(Role::Muted);
    let columns = Columns::of(inside.width, 0);
    let mut pen = canvas.pen(inside, line);
    pen.tab(columns.due).write("was due", muted);
    if let Some(late) = columns.late {
        pen.tab(late).write("late", muted);
    }
    if let Some(text) = columns.text {
        pen.tab(text).write("text", muted);
    }
    pen.tab(columns.then).write("then", muted);
}

/// Where the columns of a post begin.
struct Columns {
    due: u16,
    late: Option<u16>,
    text: Option<u16>,
    then: u16,
}

impl Columns {
    fn of(cells: u16, indent: u16) -> Self {
        let due = 3 + indent;
        let (late, text, then) = match cells {
            60.. => (Some(due + 11), Some(due + 17), cells - THEN),
            40.. => (Some(due + 11), None, due + 17),
            _ => (None, None, due + 11),
        };
        Self {
            due,
            late,
            text,
            then,
        }
    }
}

fn channel(canvas: &mut Canvas<'_>, list: Rect, line: usize, plan: &Plan, part: &ChannelPlan) {
    let model = canvas.model;
    let Some(view) = model.channels.get(&part.channel) else {
        return;
    };
    let (shape, role) = lamp(view.lamp);
    let (style, plain) = (canvas.style(role), Style::new());
    let fold = match (part.posts.is_empty(), plan.is_open(&part.channel)) {
        (true, _) => " ",
        (false, true) => "▾",
        (false, false) => "▸",
    };
    let missed = part.posts.iter().filter(|post| post.missed).count();
    let numbers: Vec<String> = [
        (part.on_time.len(), "on time"),
        (part.posts.len() - missed, "late"),
        (missed, "missed"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    let numbers = numbers.join(" · ");
    let wide = list.width >= 60;
    let at = if wide { 41 } else { 24 };
    let mut pen = canvas.pen(list, line);
    pen.tab(1).write(shape, style).tab(3).write(fold, plain);
    pen.tab(5)
        .write(&words::network(view.summary.channel.kind.network()), plain);
    pen.tab(8).field(
        &words::channel(&view.summary.channel),
        if wide { 18 } else { 15 },
        plain,
    );
    if wide {
        pen.tab(27).field(&view.summary.workspace.1, 12, plain);
    }
    pen.tab(at).write(&numbers, plain);
}

fn post(
    canvas: &mut Canvas<'_>,
    list: Rect,
    line: usize,
    plan: &Plan,
    part: &ChannelPlan,
    post: &PlanPost,
    at: Option<UtcMs>,
) {
    let model = canvas.model;
    let wall = model.wall();
    let due = post.view.delivery.due;
    let (shape, role) = match post.missed {
        true => ("✖", Role::Broken),
        false => ("▲", Role::Attention),
    };
    let (style, plain) = (canvas.style(role), Style::new());
    let indent = if plan.single().is_some() { 0 } else { 2 };
    let columns = Columns::of(list.width, indent);
    let said = then(model, plan.then(part, post), post.missed, at);
    let marked = plan.is_marked(&post.view.delivery.id);
    let mut pen = canvas.pen(list, line);
    pen.tab(1 + indent).write(shape, style);
    pen.write(if marked { "✓" } else { " " }, plain);
    pen.tab(columns.due).field(&wall.stamp(due), 10, plain);
    if let Some(late) = columns.late {
        pen.tab(late).field(&span(wall.now.since(due)), 5, plain);
    }
    if let Some(column) = columns.text {
        let room = usize::from(columns.then.saturating_sub(column + 2));
        let text = quoted(&one_line(&post.view.marked_text()), room);
        pen.tab(column).write(&text, plain);
    }
    pen.tab(columns.then).write(&said, plain);
}

/// What becomes of a post, in its column.
fn then(model: &Model, then: Then, missed: bool, at: Option<UtcMs>) -> String {
    let at = at.map(|at| model.wall().stamp(at)).unwrap_or_default();
    match then {
        Then::Send | Then::SendAt(_) => format!("send {at}"),
        Then::MoveTo(_) => {
            let long = format!("move to {at}");
            match width(&long) <= usize::from(THEN) {
                true => long,
                false => format!("to {at}"),
            }
        }
        Then::Cancel => "cancel".into(),
        Then::Later if missed => "decide later".into(),
        Then::Later => "held".into(),
    }
}

/// What it adds up to, and what to look out for.
fn foot(model: &Model, plan: &Plan, cells: u16) -> Vec<Line> {
    let mut lines = Vec::new();
    if plan.parts.is_some() && !plan.rows().is_empty() {
        let sums = plan.sums(model.wall().now);
        lines.push(Line::Full(numbers(model, plan, &sums), Role::Plain));
        lines.extend(crowded(model, &sums));
    }
    if plan.busy.is_some() {
        lines.push(Line::Full("  Doing it…".into(), Role::Plain));
    }
    if let Some(error) = &plan.error {
        lines.extend(error_lines(error, cells));
    }
    lines
}

fn numbers(model: &Model, plan: &Plan, sums: &Sums) -> String {
    let wall = model.wall();
    let sent = match sums.between {
        Some((first, last)) if first == last => format!("sent late, {}", wall.clock(first)),
        Some((first, last)) => format!("sent late, {} to {}", wall.clock(first), wall.clock(last)),
        None => "sent late".into(),
    };
    let is_held =
        |part: &ChannelPlan, post: &PlanPost| !post.missed && plan.then(part, post) == Then::Later;
    let held = plan.posts().filter(|(part, post)| is_held(part, post));
    let held = held.count();
    let parts: Vec<String> = [
        (plan.on_time(), "on time"),
        (sums.sent, sent.as_str()),
        (sums.cancelled, "cancelled"),
        (sums.moved, "moved"),
        (held, "held"),
        (sums.later - held, "later"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    parts.join(" · ")
}

fn crowded(model: &Model, sums: &Sums) -> Option<Line> {
    let wall = model.wall();
    let (at, other) = sums.crowded.first()?;
    let text = format!(
        "▲ {} within 10 min of another one: {} and {}",
        count(sums.crowded.len() as u64, "post lands", "posts land"),
        wall.clock(*at),
        wall.clock(*other)
    );
    Some(Line::Full(text, Role::Attention))
}
