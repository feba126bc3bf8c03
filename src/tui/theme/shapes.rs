//! The shapes of our own chrome in others. Each is one cell on both sides, so
//! that nothing moves; letters of people's names stay as they are.

use ratatui::buffer::Buffer;

/// A shape and what stands for it, one cell on both sides.
type Shapes = &'static [(&'static str, &'static str)];

/// ✖ may be drawn as a picture, two cells wide; ✗ never is.
pub const SAFE: Shapes = &[("✖", "✗")];

/// Everything in ASCII.
pub const ASCII: Shapes = &[
    ("●", "+"),
    ("▲", "!"),
    ("✖", "x"),
    ("✓", "v"),
    ("→", ">"),
    ("≈", "~"),
    ("‖", "="),
    ("–", "-"),
    ("▌", ">"),
    ("▏", "|"),
    ("▸", ">"),
    ("▾", "v"),
    ("•", "*"),
    ("·", "."),
    ("…", "."),
    ("“", "\""),
    ("”", "\""),
    ("’", "'"),
    ("‘", "'"),
    ("─", "-"),
    ("│", "|"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("├", "+"),
    ("┤", "+"),
    ("╭", "+"),
    ("╮", "+"),
    ("╰", "+"),
    ("╯", "+"),
    ("×", "x"),
    ("↑", "^"),
    ("↓", "v"),
];

/// Replaces every shape of the buffer that is among these.
pub fn replace(buffer: &mut Buffer, shapes: Shapes) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        if let Some((_, other)) = shapes.iter().find(|(shape, _)| *shape == symbol) {
            cell.set_symbol(other);
        }
    }
}
