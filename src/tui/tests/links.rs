//! Words that are links: the login page, and where a post is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::logins::waiting;
use super::look::{DARK, MONO, snapshot, text};
use super::seed::{self, later};
use super::stories::{press, seen};
use crate::ops::views::{DeliveryView, Why};
use crate::tui::act::{Answered, Effect, Load};
use crate::tui::model::Model;
use crate::tui::msg::Msg;
use crate::tui::update::update;
use crate::tui::view;

/// The words that are links at 120x36, and where each leads.
fn words(model: &Model) -> Vec<(String, String)> {
    let area = Rect::new(0, 0, 120, 36);
    let mut buffer = Buffer::empty(area);
    let painted = view::draw(model, area, &mut buffer);
    let rows: Vec<String> = text(&buffer).lines().map(str::to_owned).collect();
    let cut = |one: &crate::tui::links::Link| {
        let row = rows[usize::from(one.y)].chars();
        let row = row.skip(usize::from(one.x)).take(usize::from(one.cells));
        (row.collect(), one.target.clone())
    };
    painted.links.iter().map(cut).collect()
}

#[test]
fn b2_the_login_page_is_one_click_away_and_only_its_words_are() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    let found = words(&model);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "net.example’s login page");
    assert!(found[0].1.starts_with("https://mas.to/oauth/"), "{found:?}");
    let screen = seen(&model);
    assert!(
        screen.contains("Ctrl-click or Cmd-click these words"),
        "{screen}"
    );
    // Something over it covers the words.
    press(&mut model, "?");
    assert!(words(&model).is_empty());
    press(&mut model, "<esc><esc>");
    assert!(words(&model).is_empty());
}

#[test]
fn a_terminal_without_links_is_told_of_none() {
    let mut model = seed::model(120, 36);
    model.set.links = false;
    waiting(&mut model);
    assert!(words(&model).is_empty());
    let screen = seen(&model);
    assert!(screen.contains("the login page of net.example"), "{screen}");
    assert!(!screen.contains("click"), "{screen}");
}

const ADDRESS: &str = "https://net.example/p/1";

/// The cursor on a post that went out.
fn went_out(model: &mut Model) -> DeliveryView {
    press(model, "2");
    let out = |view: &&DeliveryView| view.delivery.permalink.is_some();
    let view = model.queue.views().iter().find(out).unwrap().clone();
    assert!(model.queue.select(&view.delivery.id));
    press(model, "jk");
    assert_eq!(
        model.queue.selected().unwrap().delivery.id,
        view.delivery.id
    );
    later(model, 1);
    view
}

/// Opens its story, where the network says it is there.
fn story(model: &mut Model, address: &str) {
    let mut view = went_out(model);
    let effects = press(model, "<enter>");
    let Some(Effect::Load(id, Load::Why(_))) = effects.first() else {
        panic!("{effects:?}");
    };
    view.delivery.permalink = Some(address.into());
    let why = Why {
        events: vec![
            (view.delivery.created_at, "Written by eva.".into()),
            (view.delivery.due, format!("Link: {address}")),
        ],
        verdict: "went_out",
        sentence: format!(
            "It went out on @birch.example at 2026-11-21 08:05 Europe/Berlin: {address}."
        ),
        delivery: view,
    };
    update(model, Msg::Answered(*id, Answered::Why(Ok(Box::new(why)))));
}

#[test]
fn where_a_post_is_is_a_link_in_its_details_and_its_story() {
    let mut model = seed::model(120, 36);
    went_out(&mut model);
    let link = || (ADDRESS.to_owned(), ADDRESS.to_owned());
    assert_eq!(words(&model), [link()]);
    story(&mut model, ADDRESS);
    assert_eq!(words(&model), [link(), link()]);
    for (width, height, look) in [(120, 36, MONO), (80, 24, DARK)] {
        let mut model = seed::model(width, height);
        model.set.look = look;
        story(
            &mut model,
            &format!("{ADDRESS}/{}", "red-felt-slippers-".repeat(5)),
        );
        let name = format!("story_with_a_link_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
    }
}

#[test]
fn a_hostile_address_is_text_and_no_link() {
    for address in [
        "https://net.example/\u{1b}\\\u{1b}]52;c;eA==\u{7}",
        "https://net.example@evil.example/",
        "javascript:alert(1)",
        "https://net.example/\u{202e}gpj.exe",
    ] {
        let mut model = seed::model(120, 36);
        story(&mut model, address);
        assert!(words(&model).is_empty(), "{address:?}");
    }
}
