//! What will become of a post that is to come, and changing it on the way: from
//! its story and from the release plan.

use super::look::{DARK, MONO, at_sizes};
use super::seed;
use super::stories::{press, said, seen};
use crate::domain::delivery::Shown;
use crate::ops::views::Why;
use crate::tui::act::{Answered, Effect, Load, Opening};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::Msg;
use crate::tui::update::update;

const SAID: &str = "Yes. It will go out on @birch.example at 2026-11-21 08:05 America/New_York. Proof 12 m ago, login good until 14 March 2027, both images checked, the daemon publishes.";

/// Opens the story of the next post.
fn open(model: &mut Model) {
    press(model, "2");
    let coming = |view: &&crate::ops::views::DeliveryView| {
        view.shown == Shown::Scheduled && view.delivery.due > model.now
    };
    let mut view = model.queue.views().iter().find(coming).unwrap().clone();
    assert!(model.queue.select(&view.delivery.id));
    let effects = press(model, "<enter>");
    let Some(Effect::Load(id, Load::Why(_))) = effects.first() else {
        panic!("{effects:?}");
    };
    view.delivery.timezone = "America/New_York".into();
    let why = Why {
        events: vec![(view.delivery.created_at, "Written by eva.".into())],
        verdict: "will_go_out",
        sentence: SAID.into(),
        delivery: view,
    };
    update(model, Msg::Answered(*id, Answered::Why(Ok(Box::new(why)))));
}

#[test]
fn the_story_of_a_coming_post_is_its_forecast_and_y_copies_it() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    let screen = seen(&model);
    assert!(screen.contains("Yes. It will go out"), "{screen}");
    assert!(!screen.contains("New York ="), "no room beside this name");
    let effects = press(&mut model, "y");
    assert!(matches!(effects.first(), Some(Effect::Copy(text)) if text == SAID));
}

#[test]
fn both_clocks_are_told_where_there_is_room() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    if let Some(Sheet::Story(story)) = model.sheets.last_mut() {
        story.delivery.channel_handle = "b".into();
        story.delivery.delivery.channel_id = crate::domain::ids::ChannelId::from_stored("soc_no");
    }
    let screen = seen(&model);
    assert!(
        screen.contains("due Sat 08:05 New York = 14:05 CET"),
        "{screen}"
    );
}

#[test]
fn e_in_a_story_opens_the_composer_and_escape_goes_back_to_the_story() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    let effects = press(&mut model, "e");
    let asks =
        |effect: &Effect| matches!(effect, Effect::Load(_, Load::Post(_, _, Opening::Waiting)));
    assert!(effects.iter().any(asks), "{effects:?}");
    assert!(model.composer().is_some());
    press(&mut model, "<esc>");
    assert!(matches!(model.sheets.last(), Some(Sheet::Story(_))));
    // What is live is not changed any more.
    press(&mut model, "<esc>ge");
    assert!(model.composer().is_none());
    assert!(
        said(&model).contains("d writes another one"),
        "{}",
        said(&model)
    );
}

#[test]
fn what_it_looks_like() {
    let sizes = [(120, 36, MONO), (80, 24, DARK), (60, 20, DARK)];
    for (size, seen) in at_sizes(&sizes, seed::model, open) {
        insta::assert_snapshot!(format!("forecast_{size}"), seen);
    }
}
