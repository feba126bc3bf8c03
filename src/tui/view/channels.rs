//! Pane 1: channels in sections by lamp.

mod login;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Canvas, head};
use crate::domain::delivery::State;
use crate::ops::views::{ChannelView, Lamp};
use crate::tui::keys::{self, Do};
use crate::tui::model::Pane;
use crate::tui::model::Row;
use crate::tui::model::channels::first_hit;
use crate::tui::theme::Role;
use crate::tui::words::{self, span};

/// Where the columns begin. They leave in this order when room is short:
/// workspace, posts, cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    handle: u16,
    handle_end: u16,
    workspace: Option<(u16, u16)>,
    cause: Option<(u16, u16)>,
    /// Where the number of posts ends.
    posts: Option<u16>,
    hit: u16,
}

fn columns(cells: u16) -> Columns {
    let hit_wide = if cells >= 80 { 12 } else { 9 };
    let hit = cells.saturating_sub(hit_wide);
    let mut it = Columns {
        handle: 6,
        handle_end: hit.saturating_sub(1),
        workspace: None,
        cause: None,
        posts: None,
        hit,
    };
    if cells >= 63 {
        // Exact at 63 and at 80; what is more goes to handle and cause.
        let more = cells - 63;
        let workspace = 22 + more * 5 / 17;
        let cause = 31 + more * 9 / 17;
        it.handle_end = workspace - 1;
        it.workspace = Some((workspace, cause - 1));
        it.cause = Some((cause, hit - 6));
        it.posts = Some(hit - 1);
    } else if cells >= 52 {
        it.handle_end = 22;
        it.cause = Some((23, hit - 6));
        it.posts = Some(hit - 1);
    } else if cells >= 44 {
        it.handle_end = 20;
        it.cause = Some((21, hit - 1));
    }
    it
}

/// Draws the pane.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if model.channels.rows().len() == 0 {
        empty(canvas, area);
        return;
    }
    let columns = columns(area.width);
    let focused = model.focus == Pane::Channels;
    let rows = model.channels.rows();
    let selected = rows.selected_line();
    let lines = rows.from(model.channels.offset);
    for (line, (at, row)) in lines.take(usize::from(area.height)).enumerate() {
        match row {
            Row::Section(lamp) => section(canvas, area, line, *lamp, &columns),
            Row::Login(id) => {
                if let Some(group) = model.channels.group(id) {
                    login::draw(canvas, area, line, group, &columns);
                }
            }
            Row::Channel(id) => {
                if let Some(view) = model.channels.get(id) {
                    channel(canvas, area, line, view, &columns);
                }
            }
        }
        if selected == Some(at) && model.list == Pane::Channels {
            canvas.select(area, line, focused);
        }
    }
    let below = rows.len().saturating_sub(model.channels.offset);
    if !model.channels.loaded() && below < usize::from(area.height) {
        let style = canvas.style(Role::Muted);
        let text = "Loading the others…";
        canvas.pen(area, below).tab(1).write(text, style);
    }
}

fn empty(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let filter = model.filters.of(Pane::Channels).shown();
    if let Some(filter) = filter.filter(|_| model.channels.loaded()) {
        let text = format!("0 of {} fit {filter}. Esc shows all.", model.sums.channels);
        canvas.pen(area, 0).tab(1).write(&text, Style::new());
        return;
    }
    let first = match keys::why_not(model, Do::Connect) {
        _ if !model.channels.loaded() => "Loading…".to_owned(),
        None => "No channel here. c connects one.".to_owned(),
        Some(reason) => format!("No channel here. To connect one: {reason}."),
    };
    canvas.pen(area, 0).tab(1).write(&first, Style::new());
    if model.channels.loaded() && model.channels.all().next().is_none() {
        let more = "allgreen demo opens a made-up hub to look around in.";
        canvas.pen(area, 1).tab(1).write(more, Style::new());
    }
}

fn section(canvas: &mut Canvas<'_>, area: Rect, line: usize, lamp: Lamp, columns: &Columns) {
    let model = canvas.model;
    let (word, last) = match lamp {
        Lamp::Broken => ("Broken", "first hit"),
        Lamp::Attention => ("Attention", "in danger"),
        Lamp::Green => ("Healthy", "next due"),
    };
    let mut text = String::new();
    let news = model.sums.news(lamp);
    if news > 0 {
        text.push_str(&format!(" · +{news} new"));
    }
    let note = match lamp {
        // They are counted over all, whatever the filter shows.
        Lamp::Broken if model.filters.of(Pane::Channels).shown().is_some() => String::new(),
        Lamp::Broken => logins(model.sums.mended),
        Lamp::Attention => "they publish, act soon".into(),
        Lamp::Green => {
            head::oldest_proof(model).map_or_else(String::new, |age| format!("oldest proof {age}"))
        }
    };
    if !note.is_empty() {
        text.push_str(&format!(" · {note}"));
    }
    let title = canvas.style(Role::Title);
    let muted = canvas.style(Role::Muted);
    let plain = Style::new();
    let all = model.sums.lamps(lamp);
    let head = match model.filters.of(Pane::Channels).shown() {
        Some(_) => format!("{word} {} of {all}", model.channels.listed(lamp)),
        None => format!("{word} {all}"),
    };
    let end = usize::from(
        columns
            .posts
            .map_or(columns.hit, |posts| posts.saturating_sub(5)),
    );
    let folded = model.channels.rows().is_folded(&Row::Section(lamp));
    let mut pen = canvas.pen(area, line);
    pen.tab(1);
    if folded {
        pen.write("▸ ", plain);
    }
    pen.write(&head, title);
    let room = end.saturating_sub(usize::from(pen.column()) + 1);
    pen.field(&text, room, muted);
    if folded {
        return;
    }
    if let Some(posts) = columns.posts {
        pen.right_to(posts, "posts", muted);
    }
    pen.tab(columns.hit).write(last, muted);
}

/// `2 logins mend 5`: how much of what is broken a login repairs.
fn logins((channels, logins): (usize, usize)) -> String {
    match logins {
        0 => String::new(),
        1 => format!("1 login mends {channels}"),
        n => format!("{n} logins mend {channels}"),
    }
}

fn channel(
    canvas: &mut Canvas<'_>,
    area: Rect,
    line: usize,
    view: &ChannelView,
    columns: &Columns,
) {
    let wall = canvas.model.wall();
    let plain = Style::new();
    let (shape, role) = lamp(view.lamp);
    let lamp_style = canvas.style(role);
    let channel = &view.summary.channel;
    let hit = match first_hit(view) {
        Some(at) if view.lamp == Lamp::Green && !wall.same_day(at, wall.now) => wall.clock(at),
        Some(at) => wall.relative(at),
        None => "–".into(),
    };
    let posts = posts(view);
    let below = canvas.model.channels.rows().login_of(&channel.id);
    let group = below.and_then(|login| canvas.model.channels.group(login));
    let marked = canvas.model.marks.has_channel(&channel.id);
    let indent = canvas.mark(area, line, Pane::Channels, marked);
    let indent = indent + if group.is_some() { 2 } else { 0 };
    let mut pen = canvas.pen(area, line);
    pen.tab(1 + indent).write(shape, lamp_style);
    pen.tab(3 + indent)
        .write(&words::network(channel.kind.network()), plain);
    pen.tab(columns.handle + indent).field(
        &words::channel(channel),
        room(columns.handle + indent, columns.handle_end),
        plain,
    );
    if let Some((from, to)) = columns.workspace {
        pen.tab(from)
            .field(&view.summary.workspace.1, room(from, to), plain);
    }
    // What is wrong with all of them stands at their login.
    let said = group.is_some_and(|group| group.words == view.words && group.lamp == view.lamp);
    if let Some((from, to)) = columns.cause.filter(|_| !said) {
        pen.tab(from)
            .field(&cause(&wall, view), room(from, to), plain);
    }
    if let Some(end) = columns.posts {
        pen.right_to(end, &posts, plain);
    }
    let aside = view.aside.as_ref().filter(|one| one.lasts(wall.now));
    // Who took all of them on stands at their login.
    let above = group.is_some_and(|group| group.aside == view.aside);
    if let Some(aside) = aside.filter(|_| !above) {
        let said = words::aside_in(&wall, aside, pen_room(area, columns));
        pen.tab(columns.hit).write(&said, plain);
    } else if posts != "–" || columns.posts.is_none() {
        pen.tab(columns.hit).write(&hit, plain);
    }
}

/// The cells of the last column.
fn pen_room(area: Rect, columns: &Columns) -> usize {
    room(columns.hit, area.width)
}

/// The cells between two columns.
fn room(from: u16, to: u16) -> usize {
    usize::from(to.saturating_sub(from))
}

/// How many posts the state of the channel concerns.
fn posts(view: &ChannelView) -> String {
    let n = match view.lamp {
        Lamp::Broken => view.held,
        Lamp::Attention if view.first_hit.is_none() => 0,
        _ => view.summary.count(State::Scheduled),
    };
    if n == 0 { "–".into() } else { n.to_string() }
}

fn cause(wall: &words::Wall, view: &ChannelView) -> String {
    let channel = &view.summary.channel;
    match (view.lamp, channel.last_proof_at) {
        _ if channel.paused_at.is_some() => format!(
            "‖ paused{}",
            match view.lamp {
                Lamp::Green => String::new(),
                _ => format!(", {}", view.words),
            }
        ),
        (Lamp::Green, Some(at)) => format!("proof {}", span(wall.now.since(at))),
        (Lamp::Green, None) => "no proof yet".into(),
        _ => view.words.clone(),
    }
}

/// Shape and role of a lamp.
pub fn lamp(lamp: Lamp) -> (&'static str, Role) {
    match lamp {
        Lamp::Green => ("●", Role::Healthy),
        Lamp::Attention => ("▲", Role::Attention),
        Lamp::Broken => ("✖", Role::Broken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_the_wireframes_and_leave_in_order() {
        let at_63 = columns(63);
        assert_eq!(at_63.workspace, Some((22, 30)));
        assert_eq!(at_63.cause.map(|(from, _)| from), Some(31));
        assert_eq!((at_63.posts, at_63.hit), (Some(53), 54));
        let at_80 = columns(80);
        assert_eq!(at_80.workspace.map(|(from, _)| from), Some(27));
        assert_eq!(at_80.cause.map(|(from, _)| from), Some(40));
        assert_eq!((at_80.posts, at_80.hit), (Some(67), 68));
        assert!(columns(60).workspace.is_none() && columns(60).posts.is_some());
        assert!(columns(48).posts.is_none() && columns(48).cause.is_some());
        assert!(columns(40).cause.is_none());
    }
}
