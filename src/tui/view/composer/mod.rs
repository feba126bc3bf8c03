//! The composer, over the whole screen: where a post goes, its text, its media
//! and its time, and beside them how the chosen channel shows it.

mod buttons;
mod media;
mod preview;
mod targets;
mod when;

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::{Canvas, bars};
use crate::domain::ids::WorkspaceId;
use crate::tui::layout::{ComposerLayout, composer};
use crate::tui::model::Model;
use crate::tui::model::composer::{Composer, Kind, Part};
use crate::tui::theme::Role;
use crate::tui::widgets::Field;
use crate::tui::widgets::text::width;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, one: &Composer) {
    let plan = composer(area.width, area.height, one);
    title(canvas, &plan, one);
    if one.preview && plan.beside.is_empty() {
        let inside = Rect::new(
            1,
            plan.title.bottom(),
            area.width.saturating_sub(2),
            plan.buttons.y.saturating_sub(plan.title.bottom()),
        );
        preview::draw(canvas, inside, one);
    } else {
        targets::draw(canvas, plan.to, one, plan.low);
        text(canvas, &plan, one);
        media::draw(canvas, &plan, one);
        when::draw(canvas, &plan, one);
        if !plan.beside.is_empty() {
            preview::draw(canvas, plan.beside, one);
            divider(canvas, &plan);
        }
    }
    buttons::draw(canvas, plan.buttons, one);
    footer(canvas, plan.footer);
}

/// The name of a workspace.
fn name<'a>(model: &'a Model, id: &WorkspaceId) -> &'a str {
    let found = model.workspaces.iter().find(|one| one.workspace.id == *id);
    found.map_or("", |one| one.workspace.name.as_str())
}

fn title(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
    let model = canvas.model;
    let (plain, bold) = (Style::new(), canvas.style(Role::Title));
    let what = match (one.kind, &one.loading) {
        (_, Some(_)) => "Reading the post",
        (Kind::New, None) => "New post",
        (Kind::Waiting, None) => "Change a post that waits",
    };
    let what = format!("{what} · {}", name(model, &one.workspace));
    let mut pen = canvas.pen(plan.title, 0);
    pen.write("─ ", plain)
        .write(&what, bold)
        .write(" ", plain)
        .fill("─", plain);
    if let Some(at) = plan.divider {
        canvas
            .pen(plan.title, 0)
            .tab(at)
            .write("┬─ ", plain)
            .write("Preview", bold)
            .write(" ", plain);
    }
}

fn divider(canvas: &mut Canvas<'_>, plan: &ComposerLayout) {
    let Some(at) = plan.divider else { return };
    let plain = Style::new();
    let column = Rect::new(at, plan.beside.y, 1, plan.beside.height);
    let rules = [plan.text_rule, plan.media_rule, plan.when_rule];
    for row in 0..usize::from(column.height) {
        let y = column.y.saturating_add(u16::try_from(row).unwrap_or(0));
        let joint = rules.iter().any(|rule| !rule.is_empty() && rule.y == y);
        let shape = if joint { "┤" } else { "│" };
        canvas.pen(column, row).write(shape, plain);
    }
}

/// A rule with a title; the part with the cursor has ▌ before it.
fn rule(canvas: &mut Canvas<'_>, area: Rect, text: &str, said: &str, focused: bool) {
    let plain = Style::new();
    let style = match focused {
        true => canvas.style(Role::Title),
        false => plain,
    };
    let mut pen = canvas.pen(area, 0);
    pen.write(if focused { "▌" } else { "─" }, plain)
        .write(if focused { "" } else { " " }, plain)
        .write(text, style)
        .write(" ", plain);
    if !said.is_empty() {
        let room = pen.left().saturating_sub(2);
        pen.field(said, room, plain).write(" ", plain);
    }
    pen.fill("─", plain);
}

fn text(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
    let model = canvas.model;
    let named = match one.target() {
        None => "Base text, for all without their own".to_owned(),
        Some(target) => {
            let of = if target.own.is_some() {
                "its own"
            } else {
                "the base text until you type"
            };
            format!("Text for {}, {of}", targets::account(model, target))
        }
    };
    // Where the preview is not beside it, the count of the chosen one is here.
    let count = one.target().and_then(|target| target.checks.count);
    let said = match count.filter(|_| plan.beside.is_empty()) {
        Some(count) if count.over() > 0 => {
            format!(
                "· {}/{} ✖ {} too many",
                count.used,
                count.most,
                count.over()
            )
        }
        Some(count) => format!("· {}/{}", count.used, count.most),
        None => String::new(),
    };
    let focused = one.part == Part::Text;
    rule(canvas, plan.text_rule, &named, &said, focused);
    let area = one.area();
    let inside = Rect::new(
        plan.text.x.saturating_add(1),
        plan.text.y,
        plan.text.width.saturating_sub(2),
        plan.text.height,
    );
    let muted = canvas.style(Role::Muted);
    if area.text().is_empty() && !focused {
        canvas.pen(inside, 0).write("nothing written yet", muted);
    }
    let high = usize::from(inside.height);
    for (row, line) in area.shown(high).enumerate() {
        canvas.pen(inside, row).write(&line, Style::new());
    }
    let hidden = area.height().saturating_sub(area.offset + high);
    if hidden > 0 && high > 0 {
        let edge = Rect::new(
            plan.text.right().saturating_sub(1),
            plan.text.bottom().saturating_sub(1),
            1,
            1,
        );
        canvas.pen(edge, 0).write("↓", muted);
    }
    if focused && high > 0 && model.sheets.len() == depth(model) {
        let (row, cell) = area.place();
        let x = inside.x + u16::try_from(cell).unwrap_or(0);
        let y = inside.y + u16::try_from(row).unwrap_or(0);
        canvas.cursor = Some(Position::new(x.min(inside.right()), y));
    }
}

/// How many sheets there are up to the composer: it has the cursor when it is
/// the last one.
fn depth(model: &Model) -> usize {
    let is =
        |sheet: &crate::tui::model::Sheet| matches!(sheet, crate::tui::model::Sheet::Composer(_));
    model.sheets.iter().rposition(is).map_or(0, |at| at + 1)
}

/// A field in a row, from a column on; the cursor sits in it.
fn field(
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: usize,
    at: u16,
    field: &Field,
    hint: &str,
    focused: bool,
) {
    let room = usize::from(area.width.saturating_sub(at + 2));
    let (text, cursor) = field.shown(room.max(1));
    let (plain, muted) = (Style::new(), canvas.style(Role::Muted));
    let mut pen = canvas.pen(area, row);
    pen.tab(at);
    match text.is_empty() {
        true => pen.field(hint, room, muted),
        false => pen.field(&text, room, plain),
    };
    if focused && canvas.model.sheets.len() == depth(canvas.model) && row < usize::from(area.height)
    {
        let x = area.x + at + u16::try_from(cursor).unwrap_or(0);
        let y = area.y + u16::try_from(row).unwrap_or(0);
        canvas.cursor = Some(Position::new(x.min(area.right().saturating_sub(1)), y));
        canvas.pen(area, row).write("▌", plain);
    }
}

fn cursor(canvas: &mut Canvas<'_>, area: Rect, row: usize) {
    if canvas.model.sheets.len() == depth(canvas.model) && row < usize::from(area.height) {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        canvas.cursor = Some(Position::new(area.x, y));
    }
}

/// The keys of the part with the cursor, or what just happened.
fn footer(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    if model.line.message().is_some() || !model.pending.is_empty() {
        bars::status(canvas, area);
        return;
    }
    let back = "Esc keeps the draft";
    let room = area
        .width
        .saturating_sub(u16::try_from(width(back)).unwrap_or(0) + 3);
    if area.width >= 60 {
        bars::row_of_keys(canvas, Rect::new(area.x, area.y, room, area.height));
        let plain = Style::new();
        canvas
            .pen(area, 0)
            .right_to(area.width.saturating_sub(1), back, plain);
    } else {
        bars::row_of_keys(canvas, area);
    }
}
