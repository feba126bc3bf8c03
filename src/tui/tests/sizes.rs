//! Every view and sheet at every size: nothing panics, nothing is drawn
//! outside.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::seed;
use super::stories::press;
use crate::tui::msg::Msg;
use crate::tui::term::gate::Input;
use crate::tui::update::update;
use crate::tui::view;

/// Where each run of keys leads to another view or sheet.
const WAYS: &[&str] = &[
    "",
    "jjjjj",
    "G",
    "<tab>",
    "<tab>G",
    "<tab><tab>",
    "4",
    "4jjj",
    "?",
    "?reconnect",
    "w",
    "wacme",
    "c",
    "cmasto<enter>",
    "cmasto<enter>mas.to<enter>",
    "r",
    "jD",
    "hh",
    "z",
    "4z",
    "fT",
    "vjj",
    "2 jjj x",
    "2<enter>",
    "3j",
    "W",
    "W/acme",
    ":",
    ":acme",
    ":acme 9:00",
    "L",
    "2jt",
    "2jttomorrow",
    "s",
    "snote",
    "H",
];

/// The sizes: every one up to 12, then steps of 7 up to 200.
fn sizes() -> impl Iterator<Item = u16> {
    (0..=12).chain((14..=200).step_by(7))
}

#[test]
fn nothing_is_drawn_outside_of_any_frame() {
    for way in WAYS {
        let mut model = seed::model(120, 36);
        press(&mut model, way);
        // Every pair for the first ones, every width and some heights for all.
        let all: Vec<u16> = sizes().collect();
        let few = [0, 1, 2, 4, 5, 7, 9, 12, 19, 21, 28, 35, 70, 200];
        let heights = if way.len() < 2 { &all[..] } else { &few[..] };
        for width in sizes() {
            for height in heights.iter().copied() {
                let resize = Input::Resize(width, height);
                update(&mut model, Msg::Input(Some(resize)));
                // A margin of one cell on each side must stay as it is.
                let whole = Rect::new(0, 0, width + 2, height + 2);
                let mut buffer = Buffer::filled(whole, ratatui::buffer::Cell::new("·"));
                let frame = Rect::new(0, 0, width, height);
                let mut inside = Buffer::empty(frame);
                let cursor = view::draw(&model, frame, &mut inside);
                buffer.merge(&inside);
                if let Some(at) = cursor {
                    assert!(
                        frame.is_empty() || frame.contains(at) || at.x >= width || at.y >= height
                    );
                }
                assert_eq!(inside.area, frame, "{way:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn a_pane_never_writes_beside_its_area() {
    let model = seed::model(120, 36);
    let frame = Rect::new(0, 0, 120, 36);
    let mut buffer = Buffer::empty(frame);
    view::draw(&model, frame, &mut buffer);
    for y in 3..21 {
        assert_eq!(buffer[(63, y)].symbol(), "│", "row {y}");
        assert_eq!(buffer[(64, y)].symbol(), " ", "row {y}");
    }
}
