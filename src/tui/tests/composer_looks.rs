//! The composer as it is seen.

use std::time::Duration;

use super::composer::{RED, begin, medium, model, more};
use super::look::{DARK, MONO, at_sizes, snapshot};
use super::seed;
use super::stories::{paste, press};
use crate::tui::model::Model;

/// What is seen at four sizes.
fn looks(name: &str, story: impl Fn(&mut Model)) {
    let sizes = [
        (120, 36, MONO),
        (80, 24, DARK),
        (60, 20, DARK),
        (40, 12, DARK),
    ];
    for (size, seen) in at_sizes(&sizes, model, story) {
        insta::assert_snapshot!(format!("{name}_{size}"), seen);
    }
}

#[test]
fn an_empty_post() {
    looks("composer_empty", |model| {
        begin(model);
    });
}

/// Has a post written for four channels, one with a text of its own.
pub fn composing(model: &mut Model) {
    more(model);
    begin(model);
    paste(model, RED);
    press(model, "<shift-tab>j<enter>");
    paste(
        model,
        " Which colour would you wear to the office on Monday? And which one to the beach, if there were one? https://acme.example/red",
    );
    if let Some(one) = model.writings.last_mut() {
        one.media = vec![
            medium("felt-red.jpg", "Red felt slippers on oak"),
            medium("felt-blue.jpg", ""),
        ];
        one.medium = 2;
        one.keeping.at = Some(seed::now());
    }
    press(model, "<tab><tab>tomorrow 9:30<shift-tab><shift-tab>");
    model.line.expire(model.boot + Duration::from_secs(60));
}

#[test]
fn a_post_with_all_there_is() {
    looks("composer", |model| {
        composing(model);
    });
}

#[test]
fn the_buttons_and_the_channels_have_the_cursor() {
    looks("composer_to", |model| {
        begin(model);
        paste(model, RED);
        press(model, "<shift-tab>jj");
    });
    looks("composer_buttons", |model| {
        begin(model);
        paste(model, RED);
        press(model, "<tab><tab>tomorrow 9:30<enter>");
    });
}

#[test]
fn the_preview_where_it_is_not_beside() {
    let mut model = model(80, 24);
    begin(&mut model);
    paste(&mut model, RED);
    press(&mut model, "<shift-tab>jl");
    insta::assert_snapshot!("composer_preview_80x24", snapshot(&model, 80, 24));
    press(&mut model, "<esc>");
    assert!(model.composer().is_some_and(|one| !one.preview));
}
