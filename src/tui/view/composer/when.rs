//! When a post goes out, and whether it may be late.

use ratatui::style::{Modifier, Style};

use super::{Canvas, cursor, field, name, rule};
use crate::tui::layout::ComposerLayout;
use crate::tui::model::composer::{Composer, Kind, Part};
use crate::tui::model::time::both_clocks;
use crate::tui::theme::Role;
use crate::tui::words;

/// What can be typed as a time.
const HINT: &str = "tomorrow 9:30 · mon 9:00 · in 20m · 2026-12-24 18:00";

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
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
