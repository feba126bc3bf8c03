//! Sheets over the panes: 80 wide, in the middle when there is more room.

mod aside;
mod browser;
mod cancel;
mod channel;
mod choose;
mod disconnect;
mod find;
mod handover;
mod login;
mod plan;
mod question;
mod runbook;
mod story;
mod time;

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Canvas;
use crate::ops::OpError;
use crate::tui::keys;
use crate::tui::model::{Model, Sheet};
use crate::tui::theme::{Look, Role};
use crate::tui::widgets::frame::{Frame, centered};
use crate::tui::widgets::text::wrap;
use crate::tui::widgets::{Field, Pen};

/// The width of a sheet.
const WIDE: u16 = 80;

/// Cells of a label and the blanks after it.
const LABEL: u16 = 9;

/// Draws the top sheet.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    match canvas.model.sheets.last() {
        None | Some(Sheet::Wall(_) | Sheet::Calendar(_) | Sheet::Composer(_)) => {}
        Some(Sheet::Help(help)) => choose::help(canvas, area, help),
        Some(Sheet::Find(find)) => find::draw(canvas, area, find),
        Some(Sheet::Workspaces(choice)) => choose::workspaces(canvas, area, choice),
        Some(Sheet::Networks(choice)) => choose::networks(canvas, area, choice),
        Some(Sheet::Drafts(choice)) => choose::drafts(canvas, area, choice),
        Some(Sheet::Channel(id)) => channel::draw(canvas, area, id),
        Some(Sheet::Group(id)) => channel::group(canvas, area, id),
        Some(Sheet::Login(login)) => login::draw(canvas, area, login),
        Some(Sheet::Browser(sheet)) => browser::draw(canvas, area, sheet),
        Some(Sheet::Disconnect(sheet)) => disconnect::draw(canvas, area, sheet),
        Some(Sheet::Story(story)) => story::draw(canvas, area, story),
        Some(Sheet::CancelMarked(sheet)) => cancel::draw(canvas, area, sheet),
        Some(Sheet::Plan(sheet)) => plan::draw(canvas, area, sheet),
        Some(Sheet::Time(sheet)) => time::draw(canvas, area, sheet),
        Some(Sheet::Aside(sheet)) => aside::draw(canvas, area, sheet),
        Some(Sheet::Runbook(sheet)) => runbook::draw(canvas, area, sheet),
        Some(Sheet::Handover(sheet)) => handover::draw(canvas, area, sheet),
        Some(Sheet::Quit(_)) => question::draw(canvas, area),
    }
}

pub use handover::overflow as handover_overflow;

/// The most a channel's sheet shows at once.
pub fn channel_area(model: &Model) -> Rect {
    let (width, height) = model.size;
    let area = Rect::new(0, 0, width, height);
    Rect::new(0, 0, inside_width(area), channel::height(model, area))
}

/// What stands in a sheet, row by row.
enum Line {
    /// A blank row.
    Blank,
    /// A text over the whole width; a lamp at its beginning is coloured.
    Full(String, Role),
    /// Label and text.
    Text(&'static str, String, Role),
    /// A row with an address: its cells, counted from the row's left.
    Linked(Box<Line>, (u16, u16), String),
    /// Label and a field; the one with the cursor.
    Field(&'static str, FieldLine),
}

/// A field as it is drawn.
struct FieldLine {
    text: String,
    cursor: Option<u16>,
    hint: &'static str,
}

/// Rows for a text that may take several lines.
fn text_lines(label: &'static str, text: &str, role: Role, cells: u16, most: usize) -> Vec<Line> {
    let room = usize::from(cells.saturating_sub(LABEL));
    wrap(text, room, most)
        .into_iter()
        .enumerate()
        .map(|(at, part)| Line::Text(if at == 0 { label } else { "" }, part, role))
        .collect()
}

/// Rows for an error: what happened, what to do, and that nothing changed.
fn error_lines(error: &OpError, cells: u16) -> Vec<Line> {
    let mut lines = vec![Line::Blank];
    let room = usize::from(cells.saturating_sub(2));
    for (at, part) in wrap(&error.what, room, 3).into_iter().enumerate() {
        let shape = if at == 0 { "✖ " } else { "  " };
        lines.push(Line::Full(format!("{shape}{part}"), Role::Broken));
    }
    for part in wrap(&error.hint, room, 3) {
        lines.push(Line::Full(format!("  {part}"), Role::Plain));
    }
    lines.push(Line::Full("  Nothing was changed.".into(), Role::Plain));
    lines
}

fn field_line(field: &Field, focused: bool, cells: u16, hint: &'static str) -> FieldLine {
    let room = usize::from(cells.saturating_sub(LABEL + 1));
    let (text, cursor) = field.shown(room);
    FieldLine {
        text,
        cursor: focused.then(|| u16::try_from(cursor).unwrap_or(0)),
        hint,
    }
}

/// The width inside of a sheet in this area.
fn inside_width(area: Rect) -> u16 {
    WIDE.min(area.width).saturating_sub(4)
}

/// Draws a sheet around its lines.
fn sheet(canvas: &mut Canvas<'_>, area: Rect, title: &str, note: &str, lines: &[Line]) {
    let keys = keys::sheet_line(canvas.model);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let frame = Frame {
        title,
        note,
        keys: &keys,
    };
    let bold = canvas.style(Role::Title);
    let inside = frame.draw(centered(area, WIDE, height), canvas.buffer, bold);
    paint(canvas, inside, lines);
}

fn paint(canvas: &mut Canvas<'_>, inside: Rect, lines: &[Line]) {
    for (row, line) in lines.iter().take(usize::from(inside.height)).enumerate() {
        one(canvas, inside, row, line);
    }
}

fn one(canvas: &mut Canvas<'_>, inside: Rect, row: usize, line: &Line) {
    let plain = Style::new();
    let look = canvas.model.set.look;
    match line {
        Line::Blank => {}
        Line::Full(text, role) => full(&mut canvas.pen(inside, row), text, *role, look),
        Line::Text(label, text, role) => {
            let style = look.style(*role);
            canvas
                .pen(inside, row)
                .write(label, plain)
                .tab(LABEL)
                .write(text, style);
        }
        Line::Linked(line, cells, address) => {
            one(canvas, inside, row, line);
            canvas.link(inside, row, *cells, address);
        }
        Line::Field(label, field) => {
            let mark = if field.cursor.is_some() { "▌" } else { " " };
            let mut pen = canvas.pen(inside, row);
            pen.write(label, plain).tab(LABEL - 1).write(mark, plain);
            pen.write(&field.text, plain);
            if field.text.is_empty() {
                pen.write(field.hint, look.style(Role::Muted));
            }
            if let Some(cursor) = field.cursor {
                let y = inside.y + u16::try_from(row).unwrap_or(0);
                canvas.cursor = Some(Position::new(inside.x + LABEL + cursor, y));
            }
        }
    }
}

/// Only the lamp is coloured; a sentence in red is hard to read.
fn full(pen: &mut Pen<'_>, text: &str, role: Role, look: Look) {
    let style = look.style(role);
    match text
        .chars()
        .next()
        .filter(|shape| "●▲✖?→✓–".contains(*shape))
    {
        Some(shape) if role != Role::Muted => {
            let (lamp, rest) = text.split_at(shape.len_utf8());
            pen.write(lamp, style).write(rest, Style::new());
        }
        _ if role == Role::Muted => {
            pen.write(text, style);
        }
        _ => {
            pen.write(text, Style::new());
        }
    }
}
