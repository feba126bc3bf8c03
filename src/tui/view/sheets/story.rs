//! Did it go out? One plain dated sentence, and what it rests on.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::domain::delivery::Shown;
use crate::ops::views::DeliveryView;
use crate::tui::links;
use crate::tui::model::Model;
use crate::tui::model::sheet::Story;
use crate::tui::theme::Role;
use crate::tui::view::queue::verdict;
use crate::tui::widgets::text::{one_line, quoted, width, wrap};
use crate::tui::words::{self, Wall};

/// Within this a day has a name of its own.
const WEEK: Duration = Duration::from_secs(6 * 86_400);

/// Cells of the date before a fact.
const DATE: usize = 13;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, story: &Story) {
    let model = canvas.model;
    let wall = model.wall();
    let cells = inside_width(area);
    let view = &story.delivery;
    let title = format!(
        "Did it go out? · {} {} · {}",
        words::network(view.channel_kind.network()).trim(),
        model.account(view),
        model.workspace_of(view)
    );
    let room = usize::from(cells).saturating_sub(width(&title) + 4);
    let note = due(model, view, room);
    let (shape, said, role) = verdict(model, view);
    let mut lines = vec![Line::Full(format!("{shape} {said}"), role)];
    let sentence = match &story.why {
        Some(why) => why.sentence.clone(),
        None => "Looking it up…".into(),
    };
    let parts = wrap(&sentence, usize::from(cells.saturating_sub(2)), 4);
    lines.extend(linked(story, parts, 2, |_, part| format!("  {part}")));
    if let Some(aside) = view.aside.as_ref().filter(|one| one.lasts(wall.now)) {
        let text = format!(
            "  Set aside by {} until {}{}",
            aside.by_name,
            wall.stamp(aside.until),
            words::quoted_note(&aside.note)
        );
        lines.push(Line::Full(text, Role::Plain));
    }
    let text = quoted(&one_line(&view.text), usize::from(cells.saturating_sub(2)));
    lines.push(Line::Full(format!("  {text}"), Role::Muted));
    lines.push(Line::Blank);
    lines.extend(events(story, &wall, cells));
    if view.shown == Shown::NeedsDecision {
        lines.push(Line::Blank);
        lines.extend(decision(story, cells));
    }
    if let Some(error) = &story.error {
        lines.extend(error_lines(error, cells));
    }
    sheet(canvas, area, &title, &note, &lines);
}

/// When it is due, by the client's clock and the operator's where they differ
/// and there is room: `Sat 07:00 New York = 13:00 CET`.
fn due(model: &Model, view: &DeliveryView, room: usize) -> String {
    let one = &view.delivery;
    let mine = model.wall();
    let near = one.due.since(mine.now).max(mine.now.since(one.due)) < WEEK;
    let same = mine.zone.iana_name() == Some(one.timezone.as_str());
    let zone = TimeZone::get(&one.timezone).ok().filter(|_| near && !same);
    let both = zone.map(|zone| {
        let there = Wall {
            now: mine.now,
            zone,
        };
        let (there, here) = (there.clock_in_zone(one.due), mine.short(one.due));
        let day = there.split(' ').next().unwrap_or_default();
        // The day is said once, where it is the same one in both.
        let here = here
            .strip_prefix(day)
            .map_or(here.as_str(), str::trim_start);
        format!("due {there} = {here}")
    });
    both.filter(|text| width(text) < room)
        .unwrap_or_else(|| format!("due {}", mine.stamp(one.due)))
}

fn events(story: &Story, wall: &Wall, cells: u16) -> Vec<Line> {
    let Some(why) = &story.why else {
        return Vec::new();
    };
    let room = usize::from(cells).saturating_sub(DATE + 3);
    let mut lines = Vec::new();
    for (at, text) in why.events.iter().skip(story.scroll) {
        let parts = wrap(text, room, 2);
        lines.extend(linked(story, parts, DATE + 3, |row, part| {
            let date = if row == 0 {
                wall.stamp(*at)
            } else {
                String::new()
            };
            format!("  {date:<DATE$} {part}")
        }));
    }
    lines
}

/// The rows of a text that begins at a column; where the address of the post
/// stands in it, it is a link.
fn linked(
    story: &Story,
    parts: Vec<String>,
    column: usize,
    row: impl Fn(usize, &str) -> String,
) -> Vec<Line> {
    let address = story.delivery.delivery.permalink.as_deref();
    let found = links::cells_of(&parts, address.unwrap_or_default());
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    let rows = parts.iter().zip(found).enumerate();
    rows.map(|(at, (part, found))| {
        let line = Line::Full(row(at, part), Role::Plain);
        match (found, address) {
            (Some((from, cells)), Some(address)) => {
                let span = (column.saturating_add(from), cells);
                Line::Linked(Box::new(line), span, address.to_owned())
            }
            _ => line,
        }
    })
    .collect()
}

fn decision(story: &Story, cells: u16) -> Vec<Line> {
    let say = |text: &str| Line::Full(format!("  {text}"), Role::Plain);
    if story.busy.is_some() {
        return vec![say("Writing that down…")];
    }
    if let Some(link) = &story.link {
        let mut lines = text_lines(
            "Live",
            "Paste its link, then Enter; Enter alone if you have none.",
            Role::Plain,
            cells,
            2,
        );
        lines.push(Line::Field("Link", field_line(link, true, cells, "")));
        return lines;
    }
    if story.again {
        return vec![
            Line::Full(
                "▲ Enter sends it again. If it is live after all, it will be there twice.".into(),
                Role::Attention,
            ),
            say("Look at the profile first; Esc keeps everything as it is."),
        ];
    }
    vec![say("Look at the profile, then say which.")]
}
