//! One row's queue alone, one pane alone, and whose clock, told in keys.

use super::look::snapshot;
use super::seed::{self, answer};
use super::stories::{press, seen};
use crate::ops::Scope;
use crate::tui::act::{Effect, Load};
use crate::tui::model::{Model, Pane};

/// Presses, and answers what is asked for on the way.
fn press_and_answer(model: &mut Model, run: &str) {
    let effects = press(model, run);
    let rest = answer(model, effects);
    assert!(rest.is_empty(), "{rest:?}");
}

fn handles(model: &Model) -> Vec<&str> {
    let views = model.queue.views().iter();
    let mut handles: Vec<&str> = views.map(|view| view.channel_handle.as_str()).collect();
    handles.dedup();
    handles
}

#[test]
fn f_shows_the_queue_and_the_notices_of_one_row_and_again_all() {
    let mut model = seed::model(120, 36);
    let all = (model.queue.views().len(), model.news.notices().len());
    let due = model.due_soon;
    press_and_answer(&mut model, "jf");
    assert_eq!(handles(&model), ["acme"]);
    assert!(model.news.notices().is_empty());
    let screen = seen(&model);
    assert!(screen.contains("2 Queue · only @acme"), "{screen}");
    assert!(screen.contains("3 Notices · only @acme"), "{screen}");
    assert_eq!(model.due_soon, due, "what is due counts all the same");
    press_and_answer(&mut model, "f");
    assert_eq!((model.queue.views().len(), model.news.notices().len()), all);
    // Escape does the same, from the queue as well.
    press_and_answer(&mut model, "f2<esc>");
    assert_eq!(model.queue.views().len(), all.0);
    assert_eq!(model.only, None);
}

#[test]
fn f_on_a_login_shows_what_goes_to_any_of_its_channels() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "f");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Load(_, Load::Queue { channels, .. })] if channels.len() == 4
    ));
    answer(&mut model, effects);
    assert_eq!(model.queue.views().len(), 3);
    assert!(seen(&model).contains("only Meta login Ann Lee"));
    // Another workspace shows all of its rows.
    press_and_answer(&mut model, "wbirch<enter>");
    assert!(matches!(model.scope, Scope::Workspace(_)) && model.only.is_none());
}

#[test]
fn z_gives_a_pane_the_whole_screen_and_escape_gives_it_back() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2z");
    let screen = seen(&model);
    assert!(!screen.contains("Broken 6"), "{screen}");
    assert!(screen.contains("Advent calendar"), "{screen}");
    press(&mut model, "1");
    assert!(seen(&model).contains("Broken 6") && !seen(&model).contains("Advent"));
    press(&mut model, "<esc>");
    assert!(!model.alone);
    assert_eq!(model.focus, Pane::Channels);
    press(&mut model, "zz");
    assert!(!model.alone);
}

#[test]
fn t_shows_times_by_the_clock_of_the_client() {
    let mut model = seed::model(120, 36);
    let effects = crate::tui::update::first(&mut model);
    let channels = seed::channels();
    let mut views = seed::queue(&channels);
    for view in &mut views {
        view.delivery.timezone = "America/New_York".into();
    }
    answer(&mut model, effects);
    model.queue.replace(views, seed::now());
    assert!(seen(&model).contains("● 14:05     BS birch.example"));
    press(&mut model, "T");
    let screen = seen(&model);
    assert!(screen.contains("● 08:05     BS birch.example"), "{screen}");
    assert!(
        screen.contains("times are the clients’, T shows yours"),
        "{screen}"
    );
    press(&mut model, "T");
    assert!(seen(&model).contains("times are yours (CET), T shows the client’s"));
}

#[test]
fn it_looks_like_this() {
    for (name, keys) in [
        ("only", "jf"),
        ("alone", "2z"),
        ("details", "4z"),
        ("theirs", "2T"),
    ] {
        for (width, height) in [(40, 12), (80, 24), (120, 36)] {
            let mut model = seed::model(width, height);
            let effects = press(&mut model, keys);
            answer(&mut model, effects);
            let name = format!("scope_{name}_{width}x{height}");
            insta::assert_snapshot!(name, snapshot(&model, width, height));
        }
    }
}
