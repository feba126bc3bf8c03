//! Draws a model to text: the rows, then the runs of style
//! (`r3 c2-14 reverse bold red`).

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::tui::model::Model;
use crate::tui::theme::{Glyphs, Look, Palette};
use crate::tui::view;

/// The dark look.
pub const DARK: Look = Look::fixed(Palette::Dark, Glyphs::All);
/// Without colour.
pub const MONO: Look = Look::fixed(Palette::None, Glyphs::All);
/// ASCII without colour.
pub const ASCII: Look = Look::fixed(Palette::None, Glyphs::Ascii);

/// The buffer of a model at a size.
pub fn buffer(model: &Model, width: u16, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| {
            let area = frame.area();
            view::draw(model, area, frame.buffer_mut());
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

/// The words of a model that are links, at a size: `r3 c2-14 link https://…`.
pub fn links(model: &Model, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let painted = view::draw(model, area, &mut Buffer::empty(area));
    let links = painted.links.iter();
    let all = links.map(|one| {
        let last = one.x + one.cells - 1;
        format!("r{} c{}-{last} link {}\n", one.y, one.x, one.target)
    });
    all.collect()
}

/// Text and style runs of a model at a size.
pub fn snapshot(model: &Model, width: u16, height: u16) -> String {
    let buffer = buffer(model, width, height);
    let mut out = text(&buffer);
    out.push_str("-- styles --\n");
    out.push_str(&runs(&buffer));
    out.push_str(&links(model, width, height));
    out
}

/// What a story in keys leaves at several sizes, each with its name (`80x24`).
pub fn at_sizes(
    sizes: &[(u16, u16, Look)],
    begun: impl Fn(u16, u16) -> Model,
    story: impl Fn(&mut Model),
) -> Vec<(String, String)> {
    let at = |&(width, height, look): &(u16, u16, Look)| {
        let mut model = begun(width, height);
        model.set.look = look;
        story(&mut model);
        (format!("{width}x{height}"), snapshot(&model, width, height))
    };
    sizes.iter().map(at).collect()
}

/// The rows.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut skip = 0;
        for x in buffer.area.left()..buffer.area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            row.push_str(symbol);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

fn runs(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut from = buffer.area.left();
        while from < buffer.area.right() {
            let style = name(&buffer[(from, y)]);
            let mut to = from;
            while to + 1 < buffer.area.right() && name(&buffer[(to + 1, y)]) == style {
                to += 1;
            }
            if !style.is_empty() {
                out.push_str(&format!("r{y} c{from}-{to} {style}\n"));
            }
            from = to + 1;
        }
    }
    out
}

fn name(cell: &Cell) -> String {
    let mut parts = Vec::new();
    for (modifier, name) in [
        (Modifier::REVERSED, "reverse"),
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
    ] {
        if cell.modifier.contains(modifier) {
            parts.push(name.to_owned());
        }
    }
    match cell.fg {
        Color::Reset => {}
        Color::Indexed(114) => parts.push("green".into()),
        Color::Indexed(221) => parts.push("yellow".into()),
        Color::Indexed(210) => parts.push("red".into()),
        other => parts.push(format!("{other:?}")),
    }
    parts.join(" ")
}
