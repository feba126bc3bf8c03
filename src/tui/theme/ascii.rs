//! The shapes of our own chrome in ASCII. Each is one cell on both sides, so
//! that nothing moves; letters of people's names stay as they are.

use ratatui::buffer::Buffer;

const SHAPES: &[(&str, &str)] = &[
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

/// Replaces every shape of the buffer that has an ASCII one.
pub fn replace(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        if let Some((_, ascii)) = SHAPES.iter().find(|(shape, _)| *shape == symbol) {
            cell.set_symbol(ascii);
        }
    }
}
