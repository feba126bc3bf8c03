//! The frame of a sheet: a title above, its keys below, an inside.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::Pen;
use super::text::width;

/// What stands in the frame's lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// Above, on the left.
    pub title: &'a str,
    /// Above, on the right.
    pub note: &'a str,
    /// Below, on the left.
    pub keys: &'a str,
}

impl Frame<'_> {
    /// Clears `area`, draws the frame and returns the inside: one blank on the
    /// left and right of the text.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, bold: Style) -> Rect {
        let area = area.intersection(buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                buffer[(x, y)].reset();
            }
        }
        if area.width < 2 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let plain = Style::new();
        let last = area.height - 1;
        {
            let mut pen = Pen::new(buffer, area, 0);
            let room = usize::from(area.width.saturating_sub(4));
            pen.write("╭ ", plain).field(self.title, room, bold);
            pen.write(" ", plain).fill("─", plain);
            let note = width(self.note) + 4;
            let free = usize::from(area.width).saturating_sub(width(self.title) + 4);
            if !self.note.is_empty() && note < free {
                let at = usize::from(area.width) - note;
                let at = u16::try_from(at).unwrap_or(0);
                let text = format!(" {} ─", self.note);
                Pen::new(buffer, area, 0).tab(at).write(&text, plain);
            }
            Pen::new(buffer, area, 0)
                .tab(area.width - 1)
                .write("╮", plain);
        }
        for row in 1..last {
            Pen::new(buffer, area, row)
                .write("│", plain)
                .tab(area.width - 1)
                .write("│", plain);
        }
        {
            let mut pen = Pen::new(buffer, area, last);
            let room = usize::from(area.width.saturating_sub(4));
            pen.write("╰ ", plain).field(self.keys, room, plain);
            pen.write(" ", plain).fill("─", plain);
            Pen::new(buffer, area, last)
                .tab(area.width - 1)
                .write("╯", plain);
        }
        Rect::new(
            area.x.saturating_add(2).min(area.right()),
            area.y + 1,
            area.width.saturating_sub(4),
            area.height - 2,
        )
    }
}

/// A rectangle of this size in the middle of `area`, never outside of it.
pub fn centered(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    )
}
