//! The mouse, and the notice on the desktop: both off unless somebody wants them.

use super::seed;
use super::stories::{press, said, seen, selected};
use crate::domain::notice::Severity;
use crate::tui::act::Effect;
use crate::tui::model::{Model, Pane, Slot};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::update;

fn input(model: &mut Model, input: Input) -> Vec<Effect> {
    update(model, Msg::Input(Some(input)))
}

/// Clicks on the first row of the screen that holds a text, at its column.
fn click(model: &mut Model, text: &str) {
    let screen = seen(model);
    let found = screen.lines().enumerate().find_map(|(y, row)| {
        let at = row.find(text)?;
        Some((row[..at].chars().count(), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("{text}:\n{screen}"));
    input(
        model,
        Input::Click(u16::try_from(x).unwrap(), u16::try_from(y).unwrap()),
    );
}

#[test]
fn a_click_puts_the_cursor_where_it_is_and_acts_on_nothing() {
    let mut model = seed::model(120, 36);
    click(&mut model, "YT Birch Films     Birch");
    assert_eq!(selected(&model), "soc_B2");
    click(&mut model, "Meet the team");
    assert_eq!(model.focus, Pane::Queue);
    assert_eq!(
        model.queue.selected().unwrap().delivery.id.as_str(),
        "dlv_10"
    );
    click(&mut model, "3 posts held");
    assert_eq!(model.focus, Pane::Notices);
    assert_eq!(model.news.selected().unwrap().id.as_str(), "ntc_03");
    click(&mut model, "30 days");
    assert_eq!(model.focus, Pane::Details);
    assert!(model.sheets.is_empty());
}

#[test]
fn a_click_on_what_is_no_row_moves_nothing() {
    let mut model = seed::model(120, 36);
    for text in [
        "Attention 4",
        "now 14:02",
        "seen before",
        "allgreen",
        "q quit",
    ] {
        click(&mut model, text);
        assert_eq!(selected(&model), "lgn_ANN", "{text}");
    }
    press(&mut model, "1jD");
    input(&mut model, Input::Click(3, 10));
    assert_eq!(model.sheets.len(), 1, "a sheet is answered with keys");
}

#[test]
fn the_wheel_moves_in_the_pane_under_it_and_in_a_sheet() {
    let mut model = seed::model(120, 36);
    input(&mut model, Input::Wheel(10, 10, true));
    assert_eq!(selected(&model), "soc_A3");
    input(&mut model, Input::Wheel(10, 10, false));
    assert_eq!(selected(&model), "lgn_ANN");
    let before = model.queue.selected_index();
    input(&mut model, Input::Wheel(10, 25, true));
    assert_eq!(model.focus, Pane::Queue);
    assert_eq!(model.queue.selected_index(), before.map(|at| at + 3));
    press(&mut model, "?");
    input(&mut model, Input::Wheel(0, 0, true));
    press(&mut model, "<esc>");
    assert_eq!(model.queue.selected_index(), before.map(|at| at + 3));
}

#[test]
fn colon_mouse_takes_it_and_gives_it_back() {
    let mut model = seed::model(120, 36);
    for on in [true, false] {
        let effects = press(&mut model, ":mouse<enter>");
        let taken = effects.iter().find_map(|effect| match effect {
            Effect::Mouse(on) => Some(*on),
            _ => None,
        });
        assert_eq!(taken, Some(on));
    }
    assert_eq!(
        said(&model),
        "The mouse is the terminal’s again and marks text."
    );
}

#[test]
fn while_the_mouse_is_on_the_help_says_how_text_is_marked_and_links_open() {
    let told = |width, height, on| {
        let mut model = seed::model(width, height);
        model.mouse = on;
        press(&mut model, "?");
        let screen = seen(&model);
        // The last of the keys is in sight as well.
        press(&mut model, "<up>");
        (
            screen.contains("Mouse: Shift marks text, (Ctrl-)Shift-click"),
            screen,
        )
    };
    for (width, height) in [(120, 36), (80, 24), (60, 14)] {
        let (on, screen) = told(width, height, true);
        assert!(on, "{screen}");
        assert!(!told(width, height, false).0);
    }
}

#[test]
fn a_click_after_the_screen_changed_its_size_hits_what_is_shown() {
    let mut model = seed::model(120, 36);
    for (width, height) in [(80, 24), (200, 60), (120, 30)] {
        for (text, id) in [("Birch Films", "soc_B2"), ("@dune", "soc_D1")] {
            input(&mut model, Input::Resize(width, height));
            assert_eq!(model.size, (width, height));
            click(&mut model, text);
            assert_eq!(selected(&model), id, "{width}x{height} {text}");
        }
    }
}

#[test]
fn clicks_and_the_wheel_anywhere_at_any_size_act_on_nothing() {
    for (width, height) in [(1, 1), (20, 5), (40, 12), (80, 24), (200, 60)] {
        let mut model = seed::model(width, height);
        for x in (0..=width).step_by(7) {
            for y in 0..=height {
                input(&mut model, Input::Click(x, y));
                input(&mut model, Input::Wheel(x, y, y % 2 == 0));
            }
        }
        assert!(model.sheets.is_empty());
    }
}

/// News arrive; what the desktop is told.
fn news(model: &mut Model, notices: Vec<crate::store::notices::Notice>) -> Vec<String> {
    let id = model.requests.overtake(Slot::News);
    let loaded = Loaded::News(Ok((notices, Vec::new())));
    let effects = update(model, Msg::Loaded(id, loaded));
    let told = effects.into_iter().filter_map(|effect| match effect {
        Effect::Notify(text) => Some(text),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_desktop_is_told_once_of_what_breaks_and_only_where_that_is_wanted() {
    for wanted in [false, true] {
        let mut model = seed::model(120, 36);
        model.set.notify = wanted;
        assert_eq!(news(&mut model, seed::notices()), [""; 0], "old news");
        let mut all = seed::notices();
        all.push(seed::notice(8, -1, Severity::Attention, "Soon", false));
        assert_eq!(news(&mut model, all.clone()), [""; 0]);
        all.push(seed::notice(
            9,
            -2,
            Severity::Broken,
            "Please\nreconnect\u{7} @dune",
            false,
        ));
        let told = news(&mut model, all.clone());
        assert_eq!(
            told,
            if wanted {
                vec!["Please reconnect @dune"]
            } else {
                vec![]
            }
        );
        assert_eq!(news(&mut model, all.clone()), [""; 0], "once");
        // Another workspace is looked at: nothing of it is new.
        press(&mut model, "wacme<enter>");
        all.push(seed::notice(10, -3, Severity::Broken, "Elsewhere", false));
        assert_eq!(news(&mut model, all), [""; 0]);
    }
}
