//! Another time for posts: what is typed, and what it means in both clocks.

use ratatui::layout::Rect;

use super::{Canvas, Line, error_lines, field_line, inside_width, sheet, text_lines};
use crate::ops::views::DeliveryView;
use crate::tui::model::Model;
use crate::tui::model::time::{Timing, both_clocks};
use crate::tui::theme::Role;
use crate::tui::widgets::text::{one_line, quoted};
use crate::tui::words::{self, count};

/// What can be typed.
const HINT: &str = "tomorrow 9:30 · mon 9:00 · in 20m · +3d";

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, asked: &Timing) {
    let model = canvas.model;
    let cells = inside_width(area);
    let (title, note) = match asked.posts.as_slice() {
        [one] => (
            format!("Time · {}", name(model, one)),
            format!("due {}", model.wall().stamp(one.delivery.due)),
        ),
        all => (
            format!("Time · {}", count(all.len() as u64, "post", "posts")),
            String::new(),
        ),
    };
    let mut lines = Vec::new();
    if let [one] = asked.posts.as_slice() {
        let room = usize::from(cells).saturating_sub(9);
        let text = quoted(&one_line(&one.marked_text()), room);
        lines.push(Line::Text("Post", text, Role::Muted));
    }
    let field = field_line(&asked.field, asked.busy.is_none(), cells, HINT);
    lines.push(Line::Field("When", field));
    let mut said = meaning(model, asked, cells);
    // What is below does not move while one types.
    while said.len() < 3 {
        said.push(Line::Blank);
    }
    lines.extend(said);
    let help = match asked.posts.len() {
        1 => "+3d keeps the clock time, +72h counts the hours.",
        _ => {
            "+3d moves each and keeps its clock time; every 2h from mon 9:00 puts them one after the other."
        }
    };
    lines.extend(text_lines("", help, Role::Muted, cells, 2));
    if let Some(error) = &asked.error {
        lines.extend(error_lines(error, cells));
    }
    sheet(canvas, area, &title, &note, &lines);
}

fn name(model: &Model, view: &DeliveryView) -> String {
    format!(
        "{} {} · {}",
        words::network(view.channel_kind.network()).trim(),
        model.account(view),
        model.workspace_of(view)
    )
}

/// What is typed means this, or why it means nothing.
fn meaning(model: &Model, asked: &Timing, cells: u16) -> Vec<Line> {
    if asked.busy.is_some() {
        return text_lines("", "Moving…", Role::Plain, cells, 1);
    }
    let times = match asked.meant(model.now) {
        None => return text_lines("", "Nothing is moved before Enter.", Role::Muted, cells, 1),
        Some(Err(error)) => {
            let mut lines = text_lines("", &format!("✖ {}", error.what), Role::Plain, cells, 2);
            lines.extend(text_lines("", &error.hint, Role::Plain, cells, 3));
            return lines;
        }
        Some(Ok((_, times))) => times,
    };
    let said = |at: usize| {
        let (view, when) = (&asked.posts[at], &times[at]);
        both_clocks(model, when.instant, &when.zone, model.workspace_of(view))
    };
    let text = match times.len() {
        0 => String::new(),
        1 => format!("= {}", said(0)),
        n if times[0].instant == times[n - 1].instant => format!("= {}, all {n}", said(0)),
        n => {
            let mut lines = text_lines("", &format!("first = {}", said(0)), Role::Plain, cells, 2);
            let last = format!("last  = {}", said(n - 1));
            lines.extend(text_lines("", &last, Role::Plain, cells, 2));
            return lines;
        }
    };
    text_lines("", &text, Role::Plain, cells, 2)
}
