//! Pane 4 and the strip: what is wrong, do this, what is at risk; evidence
//! after that.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Canvas, tabs};
use crate::tui::links;
use crate::tui::model::beside::Tab;
use crate::tui::model::facts::{self, Fact, Groups};
use crate::tui::model::{Model, Pane, Subject};
use crate::tui::theme::Role;
use crate::tui::widgets::text::{cut, wrap};

/// Cells of a label and the blanks after it.
const LABEL: u16 = 9;

/// One line: label, text, role; the role of a headline is for its lamp only.
pub type Line = (Cow<'static, str>, String, Role);

/// The facts about what is chosen.
pub fn groups(model: &Model) -> Groups {
    match model.shown.clone() {
        Some(Subject::Delivery(id)) => model
            .queue
            .get(&id)
            .map_or_else(Vec::new, |view| facts::delivery(model, view)),
        Some(Subject::Channel(id)) => model
            .channels
            .get(&id)
            .map_or_else(Vec::new, |view| facts::channel(model, view)),
        Some(Subject::Login(id)) => model
            .channels
            .group(&id)
            .map_or_else(Vec::new, |group| facts::of_login(model, group)),
        Some(Subject::Section(lamp)) => facts::section(model, lamp),
        None => Vec::new(),
    }
}

fn lines_of(fact: &Fact, cells: u16) -> Vec<Line> {
    let label = if fact.role == Role::Plain || fact.role == Role::Muted {
        LABEL
    } else {
        0
    };
    let room = usize::from(cells.saturating_sub(label));
    let text = match fact.label {
        facts::DAYS_LABEL => facts::latest(&fact.text, room),
        _ => fact.text.clone(),
    };
    let mut lines = wrap(&text, room, fact.lines);
    if lines.is_empty() {
        // What is not read yet has its line, so that nothing moves.
        lines.push(String::new());
    }
    lines
        .into_iter()
        .enumerate()
        .map(|(at, text)| {
            let label = if at == 0 { fact.label } else { "" };
            (label.into(), text, fact.role)
        })
        .collect()
}

/// The lines of groups, a blank one between them.
pub fn lines(groups: &Groups, cells: u16) -> Vec<Line> {
    let mut out = Vec::new();
    for group in groups.iter().filter(|group| !group.is_empty()) {
        if !out.is_empty() {
            out.push(("".into(), String::new(), Role::Plain));
        }
        out.extend(group.iter().flat_map(|fact| lines_of(fact, cells)));
    }
    out
}

/// What the details show now, and how wide its labels are.
pub fn content(model: &Model, cells: u16) -> (Vec<Line>, u16) {
    match model.tab() {
        Tab::Overview => (lines(&groups(model), cells), LABEL),
        _ => (tabs::lines(model, cells), tabs::TIME),
    }
}

/// Draws lines from `from` on, with labels of this width.
pub fn paint(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line], from: usize, wide: u16) {
    for (row, (label, text, role)) in lines
        .iter()
        .skip(from)
        .take(usize::from(area.height))
        .enumerate()
    {
        let style = canvas.style(*role);
        let bold = canvas.style(Role::Title);
        let plain = Style::new();
        let mut pen = canvas.pen(area, row);
        match role {
            Role::Plain | Role::Muted => {
                let label_style = match (&**label, text.is_empty()) {
                    ("Do this", _) => bold,
                    // It has the line for itself.
                    (_, true) => style,
                    _ => plain,
                };
                pen.write(label, label_style).tab(wide).write(text, style);
            }
            // A headline: the lamp and its word in colour, the reason plain.
            _ => {
                let (head, rest) = text.split_at(text.find(" · ").unwrap_or(text.len()));
                pen.write(head, style).write(rest, plain);
            }
        }
    }
}

/// Draws the pane.
pub fn pane(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let (lines, wide) = content(model, area.width);
    if lines.is_empty() {
        return;
    }
    let above = tabs::above(model, area);
    let most = lines.len().saturating_sub(usize::from(above.height));
    let from = usize::from(model.details_scroll).min(most);
    paint(canvas, above, &lines, from, wide);
    link(canvas, above, &lines, from);
    tabs::draw(canvas, area);
    if model.focus == Pane::Details && model.sheets.is_empty() {
        canvas.cursor = Some(area.as_position());
    }
}

/// The address of a post is a link.
fn link(canvas: &mut Canvas<'_>, area: Rect, lines: &[Line], from: usize) {
    let model = canvas.model;
    // A sheet may cover it.
    let shown = model.shown.as_ref().filter(|_| model.sheets.is_empty());
    let Some(Subject::Delivery(id)) = shown else {
        return;
    };
    let view = model.queue.get(id);
    let address = view.and_then(|view| view.delivery.permalink.as_deref());
    let begins = lines
        .iter()
        .position(|(label, ..)| label == facts::LINK_LABEL);
    let (Some(address), Some(begins)) = (address, begins) else {
        return;
    };
    let parts: Vec<String> = lines[begins..].iter().map(|line| line.1.clone()).collect();
    let shown = begins..from + usize::from(area.height);
    for (at, found) in shown.zip(links::cells_of(&parts, address)) {
        if let (Some((first, cells)), true) = (found, at >= from) {
            canvas.link(area, at - from, (LABEL + first, cells), address);
        }
    }
}

/// Draws the strip: the headline in its rule, then what fits.
pub fn strip(canvas: &mut Canvas<'_>, area: Rect) {
    let model = canvas.model;
    let plain = Style::new();
    let mut groups = groups(model);
    let head = groups.first().and_then(|group| group.first()).cloned();
    let Some(head) = head else {
        canvas.pen(area, 0).fill("─", plain);
        return;
    };
    let style = canvas.style(head.role);
    let (lamp, rest) = head
        .text
        .split_at(head.text.find(" · ").unwrap_or(head.text.len()));
    canvas
        .pen(area, 0)
        .write("─ ", plain)
        .write(lamp, style)
        .write(rest, plain)
        .write(" ", plain)
        .fill("─", plain);
    groups.remove(0);
    let inside = Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height.saturating_sub(1),
    );
    // A strip has no room for blank lines.
    let flat = vec![groups.into_iter().flatten().collect()];
    let mut lines = lines(&flat, inside.width);
    let height = usize::from(inside.height);
    if lines.len() > height
        && let Some((_, text, _)) = lines.get_mut(height.saturating_sub(1))
    {
        // There is more: Enter shows it.
        let room = usize::from(inside.width.saturating_sub(LABEL));
        *text = cut(&format!("{}…", text.trim_end_matches('.')), room);
    }
    paint(canvas, inside, &lines, 0, LABEL);
}
