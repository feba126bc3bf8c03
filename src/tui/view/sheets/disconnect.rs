//! Disconnect for good: what goes and what stays, in numbers.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::store::disconnect::DisconnectCounts;
use crate::tui::model::sheet::Disconnect;
use crate::tui::theme::Role;
use crate::tui::words::{self, count};

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, asked: &Disconnect) {
    let model = canvas.model;
    let cells = inside_width(area);
    let Some(view) = model.channels.get(&asked.channel) else {
        return;
    };
    let wall = model.wall();
    let channel = &view.summary.channel;
    let name = words::channel(channel);
    let title = format!(
        "Disconnect for good · {} {name} · {}",
        channel.kind.network().title(),
        view.summary.workspace.1
    );
    let mut lines = Vec::new();
    let mut says = |label, text: String| {
        lines.extend(text_lines(label, &text, Role::Plain, cells, 4));
    };
    let by = model
        .person(&channel.connected_by)
        .map_or_else(String::new, |name| format!(" by {name}"));
    says(
        "Account",
        format!("{name}, connected {}{by}", wall.date(channel.connected_at)),
    );
    match &asked.counts {
        None => says("", "Counting what goes and what stays…".into()),
        Some(counts) => {
            says(
                "Goes",
                goes(counts, view.summary.next_due.map(|at| wall.stamp(at))),
            );
            says("Stays", stays(counts, &name));
            says("Return", "only as a new channel".into());
            says("Instead", "Esc, then P pauses it".into());
        }
    }
    lines.push(Line::Blank);
    let cancels = asked.cancels() > 0;
    if asked.counts.is_some() && cancels {
        let text = format!("Type {name}, then Enter. Enter on anything else keeps the channel.");
        lines.extend(text_lines("Confirm", &text, Role::Plain, cells, 2));
        lines.push(Line::Field(
            "Name",
            field_line(&asked.typed, true, cells, ""),
        ));
    } else if asked.counts.is_some() {
        let mark = |on: bool| if on { "▌" } else { " " };
        lines.push(Line::Full(
            format!("{}Keep it", mark(!asked.go)),
            Role::Plain,
        ));
        lines.push(Line::Full(
            format!("{}Disconnect it", mark(asked.go)),
            Role::Plain,
        ));
    }
    let ready = "After Enter 10 s are left in which u stops it.";
    if asked.is_confirmed() {
        lines.push(Line::Blank);
        lines.push(Line::Full(format!("▲ {ready}"), Role::Attention));
    }
    if let Some(error) = &asked.error {
        lines.extend(error_lines(error, cells));
    }
    sheet(canvas, area, &title, "", &lines);
}

fn goes(counts: &DisconnectCounts, next: Option<String>) -> String {
    let mut parts = vec!["the channel from every list".to_owned()];
    if counts.siblings == 0 {
        parts.push("its tokens".into());
    }
    let cancelled = counts.scheduled + counts.missed + counts.failed;
    if cancelled > 0 {
        let kinds: Vec<String> = [
            (counts.scheduled, "scheduled"),
            (counts.missed, "missed"),
            (counts.failed, "failed"),
        ]
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
        let next = next
            .filter(|_| counts.scheduled > 0)
            .map_or_else(String::new, |at| format!(", next {at}"));
        parts.push(format!(
            "{}: {}{next}",
            count(cancelled, "post is cancelled", "posts are cancelled"),
            kinds.join(", ")
        ));
    }
    for (n, one, many) in [
        (counts.drafts, "draft target", "draft targets"),
        (
            counts.cached_posts,
            "cached copy of a post",
            "cached copies of posts",
        ),
        (counts.metrics, "cached metric row", "cached metric rows"),
        (counts.comments, "cached comment", "cached comments"),
    ] {
        if n > 0 {
            parts.push(count(n, one, many));
        }
    }
    parts.join("; ")
}

fn stays(counts: &DisconnectCounts, name: &str) -> String {
    let mut parts = Vec::new();
    if counts.published > 0 {
        let posts = count(counts.published, "published post", "published posts");
        parts.push(format!("{posts} under the name {name}"));
    }
    parts.push("the audit trail".into());
    if counts.siblings > 0 {
        parts.push(format!(
            "the login: {} it",
            count(counts.siblings, "other channel uses", "other channels use")
        ));
    }
    if counts.open > 0 {
        parts.push(format!(
            "{} on the way",
            count(counts.open, "post", "posts")
        ));
    }
    parts.join("; ")
}
