//! The composer, over the whole screen: where a post goes, its text, its media
//! and its time, and beside them how the chosen channel shows it.

mod preview;
mod targets;

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::{Canvas, bars};
use crate::domain::ids::WorkspaceId;
use crate::store::posts::Medium;
use crate::tui::layout::{ComposerLayout, composer};
use crate::tui::model::Model;
use crate::tui::model::composer::{Button, Composer, Kind, Part};
use crate::tui::model::time::both_clocks;
use crate::tui::theme::Role;
use crate::tui::widgets::Field;
use crate::tui::widgets::text::{quoted, width};
use crate::tui::words;

/// What can be typed as a time.
const HINT: &str = "tomorrow 9:30 · mon 9:00 · in 20m · 2026-12-24 18:00";

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
        media(canvas, &plan, one);
        when(canvas, &plan, one);
        if !plan.beside.is_empty() {
            preview::draw(canvas, plan.beside, one);
            divider(canvas, &plan);
        }
    }
    buttons(canvas, plan.buttons, one);
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

fn media(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
    let focused = one.part == Part::Media;
    let count = match one.media.len() {
        0 => "Media".to_owned(),
        n => format!("Media {n}"),
    };
    let bare = one.media.iter().filter(|one| one.alt.is_empty()).count();
    let said = match bare {
        _ if plan.media.height > 0 && !plan.low => String::new(),
        0 => String::new(),
        n => format!("· {n} without alt text"),
    };
    rule(canvas, plan.media_rule, &count, &said, focused);
    let area = plan.media;
    let high = usize::from(area.height);
    if high == 0 {
        return;
    }
    // The row with the cursor is in sight, with the others around it.
    let at = if focused { one.medium } else { one.media.len() };
    let first = (at + 1).saturating_sub(high);
    for (row, at) in (first..=one.media.len()).take(high).enumerate() {
        match one.media.get(at) {
            Some(medium) => {
                let alt = one.alt.as_ref().filter(|_| focused && at == one.medium);
                self::medium(canvas, area, row, at + 1, medium, alt);
                if focused && at == one.medium && alt.is_none() {
                    canvas.select(area, row, true);
                    cursor(canvas, area, row);
                }
            }
            None => {
                let hint = match one.taking {
                    Some(_) => "taking the file in…",
                    None => "a file on this machine: its path, then Enter",
                };
                canvas.pen(area, row).tab(1).write("+", Style::new());
                field(
                    canvas,
                    area,
                    row,
                    3,
                    &one.path,
                    hint,
                    focused && one.medium == at,
                );
            }
        }
    }
}

/// ` ✓ 1 felt-red.jpg    1080×1350  0.8 MB  “Red felt slippers on oak”`.
fn medium(
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: usize,
    number: usize,
    medium: &Medium,
    alt: Option<&Field>,
) {
    let plain = Style::new();
    let (shape, role) = match medium.alt.is_empty() {
        true => ("▲", Role::Attention),
        false => ("✓", Role::Healthy),
    };
    let style = canvas.style(role);
    let size = medium
        .size
        .map_or_else(String::new, |(width, height)| format!("{width}×{height}"));
    let narrow = area.width < 60;
    let alt_at = if narrow { 22 } else { 42 };
    let mut pen = canvas.pen(area, row);
    pen.tab(1).write(shape, style);
    pen.tab(3).write(&number.to_string(), plain);
    pen.tab(5).field(&medium.name, 16, plain);
    if !narrow {
        pen.tab(22).field(&size, 10, plain);
        pen.tab(33).field(&megabytes(medium.bytes), 8, plain);
    }
    match alt {
        Some(alt) => field(
            canvas,
            area,
            row,
            alt_at,
            alt,
            "what is to be seen on it",
            true,
        ),
        None => {
            let room = usize::from(area.width.saturating_sub(alt_at + 1));
            let text = match medium.alt.is_empty() {
                true => "no alt text yet".to_owned(),
                false => quoted(&medium.alt, room),
            };
            pen.tab(alt_at).field(&text, room, plain);
        }
    }
}

/// `0.8 MB`, as people say it.
fn megabytes(bytes: u64) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

fn when(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
    let model = canvas.model;
    let (plain, muted) = (Style::new(), canvas.style(Role::Muted));
    let focused = matches!(one.part, Part::When | Part::Late);
    let said = match plan.when.height {
        0 if one.when.is_empty() => "not yet".to_owned(),
        0 => one.when.text().to_owned(),
        _ => String::new(),
    };
    rule(canvas, plan.when_rule, "When", &said, focused);
    let area = plan.when;
    if area.is_empty() {
        return;
    }
    let zone = model.zone_of(&one.workspace);
    let hint = match (one.kind, one.when.is_empty()) {
        (Kind::Waiting, true) => "as they are now, or another time for all",
        _ => HINT,
    };
    let here = one.part == Part::When && one.busy.is_none();
    field(canvas, area, 0, 1, &one.when, hint, here);
    let (text, role) = match one.meant(zone, model.now) {
        None => (
            format!("the clock of {}, {zone}", name(model, &one.workspace)),
            Role::Muted,
        ),
        Some(Ok(when)) => {
            let whose = name(model, &one.workspace);
            let said = both_clocks(model, when.instant, &when.zone, whose);
            (format!("= {said}"), Role::Plain)
        }
        Some(Err(error)) => (format!("✖ {} {}", error.what, error.hint), Role::Plain),
    };
    let style = canvas.style(role);
    canvas.pen(area, 1).tab(1).write(&text, style);
    let late = one.part == Part::Late;
    let limit = model
        .workspaces
        .iter()
        .find(|it| it.workspace.id == one.workspace)
        .map_or_else(
            || "24 h".to_owned(),
            |it| words::span(it.workspace.late_limit),
        );
    let choices = [
        format!("send up to {limit} late"),
        "only on time".to_owned(),
    ];
    let chosen = usize::from(one.only_on_time);
    let mut pen = canvas.pen(area, 2);
    pen.write(if late { "▌" } else { " " }, plain);
    pen.write("If late: ", plain);
    for (at, choice) in choices.iter().enumerate() {
        if at > 0 {
            pen.write("  |  ", plain);
        }
        let mut style = if at == chosen { plain } else { muted };
        if at == chosen && late {
            style = style.add_modifier(Modifier::REVERSED);
        } else if at == chosen {
            style = style.add_modifier(Modifier::BOLD);
        }
        pen.write(choice, style);
    }
    if late {
        cursor(canvas, area, 2);
    }
}

fn cursor(canvas: &mut Canvas<'_>, area: Rect, row: usize) {
    if canvas.model.sheets.len() == depth(canvas.model) && row < usize::from(area.height) {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        canvas.cursor = Some(Position::new(area.x, y));
    }
}

fn buttons(canvas: &mut Canvas<'_>, area: Rect, one: &Composer) {
    let plain = Style::new();
    let focused = one.part == Part::Buttons;
    let n = one.ticked().count();
    let wrong = one
        .ticked()
        .filter(|target| !target.checks.problems.is_empty())
        .count() as u64;
    let (muted, broken) = (canvas.style(Role::Muted), canvas.style(Role::Broken));
    let narrow = area.width < 60;
    let mut pen = canvas.pen(area, 0);
    pen.write(if focused { "▌" } else { " " }, plain);
    if one.busy.is_some() {
        pen.write("Storing it…", plain);
        return;
    }
    for (at, button) in one.buttons().into_iter().enumerate() {
        let text = match button {
            Button::Schedule => format!("[ Schedule {n} ]"),
            Button::Save => "[ Save ]".to_owned(),
            Button::Draft => "Save draft".to_owned(),
            Button::Now => "Publish now".to_owned(),
            Button::Drafts => format!("Drafts {}", one.drafts.len()),
        };
        let style = match focused && at == one.button {
            true => plain.add_modifier(Modifier::REVERSED),
            false => plain,
        };
        if at > 0 {
            pen.write(if narrow { "  " } else { "    " }, plain);
        }
        pen.write(&text, style);
        if at == 0 && wrong > 0 && !narrow {
            let text = words::count(wrong, "problem", "problems");
            pen.write(
                &format!(" {text} first"),
                broken.remove_modifier(Modifier::REVERSED),
            );
        }
    }
    let (said, style) = kept(canvas.model, one);
    let mut pen = canvas.pen(area, 0);
    pen.tab(0);
    let used = 1 + width(&said);
    let free = usize::from(area.width).saturating_sub(taken(one, n, wrong, narrow) + 3);
    if used <= free {
        let style = if style == Role::Muted { muted } else { broken };
        pen.right_to(area.width.saturating_sub(1), &said, style);
    }
    if focused {
        cursor(canvas, area, 0);
    }
}

/// How many cells the buttons take.
fn taken(one: &Composer, n: usize, wrong: u64, narrow: bool) -> usize {
    let gap = if narrow { 2 } else { 4 };
    let texts = one.buttons().into_iter().map(|button| match button {
        Button::Schedule => format!("[ Schedule {n} ]").len(),
        Button::Save => 8,
        Button::Draft => 10,
        Button::Now => 11,
        Button::Drafts => format!("Drafts {}", one.drafts.len()).len(),
    });
    let first = if wrong > 0 && !narrow { 18 } else { 0 };
    texts.map(|cells| cells + gap).sum::<usize>() + first
}

/// How the draft is kept.
fn kept(model: &Model, one: &Composer) -> (String, Role) {
    let keeping = &one.keeping;
    match (&keeping.trouble, keeping.at) {
        (Some(_), _) => ("✖ draft NOT kept".into(), Role::Broken),
        (None, Some(at)) => (
            format!("draft kept {}", model.wall().clock(at)),
            Role::Muted,
        ),
        (None, None) if one.is_unkept() => ("not kept yet".into(), Role::Muted),
        (None, None) => (String::new(), Role::Muted),
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
