//! What can be done with a post that is being written, and how its draft is
//! kept.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{Canvas, cursor};
use crate::tui::model::Model;
use crate::tui::model::composer::{Button, Composer, Part};
use crate::tui::theme::Role;
use crate::tui::widgets::text::width;
use crate::tui::words;

/// Draws them.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, one: &Composer) {
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
