//! Every view and sheet at every size: nothing panics, nothing is drawn
//! outside.

use std::sync::atomic::{AtomicUsize, Ordering};

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
    "C",
    "CllG",
    "CT<pgdn>",
    ":",
    ":acme",
    ":acme 9:00",
    "L",
    "2jt",
    "2jttomorrow",
    "n",
    "n<shift-tab>jl",
    "nRed 日本語<tab><tab><tab>",
    "jjjjj4ll",
    "jjjjj4llll",
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
    let next = AtomicUsize::new(0);
    let ways = || {
        while let Some(way) = WAYS.get(next.fetch_add(1, Ordering::Relaxed)) {
            stays_inside(way);
        }
    };
    std::thread::scope(|scope| {
        let halves = [scope.spawn(ways), scope.spawn(ways)];
        for half in halves {
            half.join().unwrap();
        }
    });
}

fn stays_inside(way: &str) {
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
            // Writing beside the buffer panics.
            let frame = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(frame);
            if let Some(at) = view::draw(&model, frame, &mut buffer).cursor {
                assert!(
                    frame.contains(at),
                    "{way:?} {width}x{height}: the cursor is at {at}"
                );
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
