//! The pictures of the README: the real views, drawn to SVG. They are compared
//! with what the screen shows now, so that they cannot go stale;
//! `INSTA_UPDATE=always` writes them anew, as it does with snapshots.

use std::fmt::Write;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::composer_looks::composing;
use super::logins::waiting;
use super::look::buffer;
use super::seed;
use super::stories::press;
use crate::tui::model::Model;

/// Pixels of a cell.
const CELL: (f32, u16) = (8.4, 18);
/// Pixels around the screen.
const EDGE: u16 = 14;
/// The terminal's own colours.
const PAPER: &str = "#15181d";
const INK: &str = "#d5d9e0";

fn colour(color: Color, own: &'static str) -> &'static str {
    match color {
        Color::Indexed(114) => "#87d787",
        Color::Indexed(221) => "#ffd75f",
        Color::Indexed(210) => "#ff8787",
        Color::Reset => own,
        other => panic!("no colour of the dark look: {other:?}"),
    }
}

/// What a cell looks like: its ink, its paper, and whether it is bold or quiet.
type Style = (&'static str, &'static str, bool, bool);

fn style(cell: &Cell) -> Style {
    let (ink, paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    let has = |modifier| cell.modifier.contains(modifier);
    let (ink, paper) = match has(Modifier::REVERSED) {
        true => (paper, ink),
        false => (ink, paper),
    };
    (ink, paper, has(Modifier::BOLD), has(Modifier::DIM))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A buffer as SVG, in runs of one style.
fn drawn(buffer: &Buffer) -> String {
    let area = buffer.area;
    let across = |cells: u16| f32::from(EDGE) + f32::from(cells) * CELL.0;
    let (width, height) = (
        across(area.width) + f32::from(EDGE),
        area.height * CELL.1 + 2 * EDGE,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let (ink, paper, bold, quiet) = style(&buffer[(x, y)]);
            let from = x;
            let mut text = String::new();
            while x < area.width && style(&buffer[(x, y)]) == (ink, paper, bold, quiet) {
                let symbol = buffer[(x, y)].symbol();
                text.push_str(symbol);
                x += u16::try_from(symbol.width().max(1)).unwrap();
            }
            let (left, top) = (across(from), EDGE + y * CELL.1);
            let wide = across(x) - left;
            if paper != PAPER {
                writeln!(out, "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{paper}\"/>", CELL.1).unwrap();
            }
            if text.trim().is_empty() {
                continue;
            }
            let weight = if bold { " font-weight=\"bold\"" } else { "" };
            let dim = if quiet { " opacity=\"0.6\"" } else { "" };
            writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{}\" fill=\"{ink}\"{weight}{dim} textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{}</text>",
                top + 14,
                escaped(&text)
            )
            .unwrap();
        }
    }
    out.push_str("</svg>\n");
    out
}

/// What leads to a view.
type Story = fn(&mut Model);

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "what insta reads to write snapshots anew"
)]
fn the_pictures_of_the_readme_are_what_the_screen_shows() {
    let views: [(&str, Story); 4] = [
        ("main", seed::after_a_night),
        ("wall", |model| {
            press(model, "W");
        }),
        ("composer", composing),
        ("login", |model| {
            waiting(model);
        }),
    ];
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    for (name, story) in views {
        let mut model = seed::model(120, 36);
        story(&mut model);
        let picture = drawn(&buffer(&model, 120, 36));
        let file = directory.join(format!("{name}.svg"));
        if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&file, &picture).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == picture,
            "{} is not what the screen shows; INSTA_UPDATE=always draws it anew",
            file.display()
        );
    }
}
