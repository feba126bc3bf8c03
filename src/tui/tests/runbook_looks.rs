//! The health check as it is seen, and the handover at every size.

use super::aside::{MONDAY, by_ann};
use super::look::snapshot;
use super::runbook::{all_done, heal, open};
use super::seed;
use super::stories::{press, seen};
use crate::domain::ids::ChannelId;
use crate::tui::act::Effect;
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::update;
use crate::tui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[test]
fn hostile_names_and_texts_stay_in_their_places() {
    let mut model = seed::model(80, 24);
    for id in ["soc_A2", "soc_B1"] {
        let id = ChannelId::from_stored(id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary.channel.handle = "日本語\u{1b}[2J\u{202e}👩‍👩‍👧".repeat(9);
        view.summary.channel.display_name = "日本\u{9b}2J👩‍👩‍👧".repeat(20);
        view.words = "x".repeat(300);
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    }
    open(&mut model);
    press(&mut model, "j");
    let screen = seen(&model);
    assert!(!screen.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
    for line in screen.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
    let effects = press(&mut model, "y");
    let Some(Effect::Copy(text)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
}

#[test]
fn the_health_check_looks_like_this() {
    for (width, height) in [(120, 36), (80, 24), (40, 12)] {
        let mut model = seed::model(width, height);
        let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
        super::aside::set(&mut model, &["soc_B1"], &aside);
        let mut turns = Vec::new();
        open(&mut model);
        heal(&mut model, &["soc_A2"], &mut turns);
        let name = format!("runbook_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
        press(&mut model, "jj");
        let name = format!("runbook_posts_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
        let model = all_done(width, height);
        let name = format!("runbook_over_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
    }
}

#[test]
fn at_every_size_it_is_drawn_inside_of_its_frame() {
    let mut begun = seed::model(120, 36);
    open(&mut begun);
    let mut handed_over = seed::model(120, 36);
    super::handover::hand_over(&mut handed_over);
    press(&mut handed_over, "jjjj");
    let mut taking = seed::model(120, 36);
    press(&mut taking, "snote");
    let sizes = || (0..=12).chain((14..=130).step_by(19));
    for mut model in [begun, all_done(120, 36), handed_over, taking] {
        for (width, height) in sizes().flat_map(|width| sizes().map(move |height| (width, height)))
        {
            update(&mut model, Msg::Input(Some(Input::Resize(width, height))));
            let frame = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(frame);
            let cursor = view::draw(&model, frame, &mut buffer).cursor;
            assert_eq!(buffer.area, frame);
            if let Some(at) = cursor {
                assert!(
                    frame.contains(at) || frame.is_empty(),
                    "{width}x{height} {at:?}"
                );
            }
        }
    }
}
