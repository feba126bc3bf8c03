//! Writes one row from left to right, never outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{cut, width};

/// A place in one row of a buffer.
pub struct Pen<'b> {
    buffer: &'b mut Buffer,
    left: u16,
    right: u16,
    y: u16,
    x: u16,
}

impl<'b> Pen<'b> {
    /// Row `row` of `area`; where that is outside of the buffer nothing is
    /// written.
    pub fn new(buffer: &'b mut Buffer, area: Rect, row: u16) -> Self {
        let inside = area.intersection(buffer.area);
        let y = area.y.saturating_add(row);
        let empty = y >= inside.bottom() || y < inside.top() || inside.is_empty();
        let right = if empty { inside.left() } else { inside.right() };
        Self {
            buffer,
            left: inside.left(),
            right,
            y,
            x: inside.left(),
        }
    }

    /// How many cells are left.
    pub fn left(&self) -> usize {
        usize::from(self.right.saturating_sub(self.x))
    }

    /// Goes to a column of the row, forwards only.
    pub fn tab(&mut self, column: u16) -> &mut Self {
        self.x = self.x.max(self.left.saturating_add(column)).min(self.right);
        self
    }

    /// Writes a text, cut where the row ends.
    pub fn write(&mut self, text: &str, style: Style) -> &mut Self {
        self.field(text, self.left(), style)
    }

    /// Writes a text in at most `cells`.
    pub fn field(&mut self, text: &str, cells: usize, style: Style) -> &mut Self {
        let cells = cells.min(self.left());
        if cells > 0 {
            let text = cut(text, cells);
            let (x, _) = self.buffer.set_stringn(self.x, self.y, &text, cells, style);
            self.x = x.min(self.right);
        }
        self
    }

    /// Writes a text that ends before `column`.
    pub fn right_to(&mut self, column: u16, text: &str, style: Style) -> &mut Self {
        let wide = u16::try_from(width(text)).unwrap_or(u16::MAX);
        self.tab(column.saturating_sub(wide)).write(text, style)
    }

    /// Fills the rest of the row with one shape.
    pub fn fill(&mut self, shape: &str, style: Style) -> &mut Self {
        while self.x < self.right {
            self.buffer.set_stringn(self.x, self.y, shape, 1, style);
            self.x += 1;
        }
        self
    }

    /// Lays a style over the whole row.
    pub fn wash(&mut self, style: Style) -> &mut Self {
        if self.left < self.right {
            let row = Rect::new(self.left, self.y, self.right - self.left, 1);
            self.buffer.set_style(row, style);
        }
        self
    }

    /// The column the next text begins in, counted from the row's left.
    pub fn column(&self) -> u16 {
        self.x.saturating_sub(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_outside_the_row() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        let area = Rect::new(2, 0, 4, 1);
        Pen::new(&mut buffer, area, 0)
            .write("ab", Style::new())
            .tab(3)
            .write("cdef", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["  ab …  "]));
        Pen::new(&mut buffer, area, 5).write("zz", Style::new());
        Pen::new(&mut buffer, Rect::new(50, 50, 9, 9), 0).write("zz", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["  ab …  "]));
    }
}
