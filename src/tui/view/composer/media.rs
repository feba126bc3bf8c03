//! The media of a post that is being written, and the field for a file.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Canvas, cursor, field, rule};
use crate::store::posts::Medium;
use crate::tui::layout::ComposerLayout;
use crate::tui::model::composer::{Composer, Part};
use crate::tui::theme::Role;
use crate::tui::widgets::Field;
use crate::tui::widgets::text::quoted;

/// Draws them.
pub(super) fn draw(canvas: &mut Canvas<'_>, plan: &ComposerLayout, one: &Composer) {
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
                medium_row(canvas, area, row, at + 1, medium, alt);
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
fn medium_row(
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
