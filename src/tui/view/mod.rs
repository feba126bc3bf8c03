//! What is drawn: pure functions of the model, one file per pane and sheet.

mod bars;
mod calendar;
mod channels;
mod composer;
mod details;
mod head;
mod notices;
pub mod queue;
mod sheets;
mod tabs;
mod wall;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::layout::{Layout, Mode};
use super::links::{self, Link, Painted};
use super::model::{Model, Pane};
use super::theme::Role;
use super::widgets::Pen;
use crate::domain::ids::NoticeId;

/// Where panes draw, and in which styles.
pub struct Canvas<'a> {
    /// The whole screen.
    pub buffer: &'a mut Buffer,
    /// What is shown.
    pub model: &'a Model,
    /// Where the terminal's cursor goes: the row or field that is chosen.
    pub cursor: Option<Position>,
    /// The words that are links.
    pub links: Vec<Link>,
}

impl Canvas<'_> {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.model.set.look.style(role)
    }

    /// Row `row` of `area`.
    pub fn pen(&mut self, area: Rect, row: usize) -> Pen<'_> {
        Pen::new(self.buffer, area, u16::try_from(row).unwrap_or(u16::MAX))
    }

    /// Makes cells of a row a link, where the terminal takes them and the address
    /// is one of the web.
    pub fn link(&mut self, area: Rect, row: usize, (from, cells): (u16, u16), address: &str) {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        let words = Rect::new(
            area.x.saturating_add(from),
            area.y.saturating_add(row),
            cells,
            1,
        );
        let words = words.intersection(area).intersection(self.buffer.area);
        if words.is_empty() || !self.model.set.links {
            return;
        }
        if let Some(target) = links::target(address) {
            let line = Style::new().add_modifier(Modifier::UNDERLINED);
            self.buffer.set_style(words, line);
            self.links.push(Link {
                x: words.x,
                y: words.y,
                cells: words.width,
                target,
            });
        }
    }

    /// The sign of a marked row. The first mark in a list opens the two cells it
    /// needs before every row: how far these move.
    pub fn mark(&mut self, area: Rect, row: usize, pane: Pane, marked: bool) -> u16 {
        if self.model.marks.count(pane) == 0 {
            return 0;
        }
        if marked {
            let bold = self.style(Role::Title);
            self.pen(area, row).tab(1).write("✓", bold);
        }
        2
    }

    /// Marks the row under the cursor of a list: ▌, reversed when its pane has
    /// the focus (over a slow line the mark has to do).
    pub fn select(&mut self, area: Rect, row: usize, focused: bool) {
        let reverse = self.style(Role::Selected);
        let plain = Style::new();
        let slow = self.model.set.slow;
        if focused && !slow {
            self.pen(area, row).wash(reverse);
        }
        self.pen(area, row).field("▌", 1, plain);
        if focused && self.model.sheets.is_empty() {
            let y = area
                .y
                .saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
            self.cursor = Some(Position::new(area.x, y));
        }
    }
}

/// Draws the screen and returns where the cursor goes and what is a link.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) -> Painted {
    let plan = model.plan((area.width, area.height));
    let mut canvas = Canvas {
        buffer,
        model,
        cursor: None,
        links: Vec::new(),
    };
    if plan.mode == Mode::TooSmall {
        too_small(&mut canvas, area);
    } else {
        if let Some(one) = model.composer_below() {
            composer::draw(&mut canvas, area, one);
        } else if let Some(tiles) = model.wall_of_tiles() {
            wall::draw(&mut canvas, area, tiles);
        } else if let Some(calendar) = model.calendar() {
            calendar::draw(&mut canvas, area, calendar);
        } else {
            main(&mut canvas, &plan);
        }
        sheets::draw(&mut canvas, area);
    }
    let painted = Painted {
        cursor: canvas.cursor,
        links: canvas.links,
    };
    model.set.look.finish(buffer);
    painted
}

fn main(canvas: &mut Canvas<'_>, plan: &Layout) {
    head::draw(canvas, plan);
    bars::titles(canvas, plan);
    let model = canvas.model;
    for pane in [Pane::Channels, Pane::Queue, Pane::Notices] {
        let area = plan.pane(pane, model.list);
        if area.is_empty() {
            continue;
        }
        match pane {
            Pane::Channels => channels::draw(canvas, area),
            Pane::Queue => queue::draw(canvas, area),
            _ => notices::draw(canvas, notices::area(plan, area)),
        }
    }
    if !plan.details.is_empty() {
        details::pane(canvas, plan.details);
    }
    if !plan.strip.is_empty() {
        details::strip(canvas, plan.strip);
    }
    bars::divider(canvas, plan);
    bars::status(canvas, plan.status);
    bars::footer(canvas, plan.footer);
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let (width, height) = super::layout::SMALLEST;
    let text = format!("too small, {width}x{height} needed");
    let lines =
        super::widgets::text::wrap(&text, usize::from(area.width), usize::from(area.height));
    for (row, line) in lines.iter().enumerate() {
        canvas.pen(area, row).write(line, Style::new());
    }
}

/// The first notice to show, so that the one under the cursor is in sight.
pub fn notices_offset(model: &Model, plan: &Layout) -> usize {
    let area = plan.pane(Pane::Notices, model.list);
    notices::offset(model, notices::area(plan, area))
}

pub use sheets::handover_overflow;
/// The notice on a line of its pane.
pub fn notice_at(model: &Model, line: usize) -> Option<NoticeId> {
    let plan = model.plan(model.size);
    let area = notices::area(&plan, plan.pane(Pane::Notices, model.list));
    notices::at(model, area, line).map(|notice| notice.id.clone())
}

/// How far the details can be scrolled.
pub fn details_overflow(model: &Model, plan: &Layout) -> u16 {
    let area = match model.sheets.last() {
        Some(super::model::Sheet::Channel(_) | super::model::Sheet::Group(_)) => {
            sheets::channel_area(model)
        }
        _ => plan.details,
    };
    let lines = details::content(model, area.width).0.len();
    let over = lines.saturating_sub(usize::from(tabs::above(model, area).height));
    u16::try_from(over).unwrap_or(u16::MAX)
}
