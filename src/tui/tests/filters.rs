//! Filters, told in keys.

use super::look::snapshot;
use super::seed::{self, answer};
use super::stories::{paste, press, seen, selected};
use crate::domain::delivery::Shown;
use crate::domain::ids::ChannelId;
use crate::domain::network::Network;
use crate::ops::views::{ChannelView, Lamp};
use crate::tui::act::{Effect, Load};
use crate::tui::model::channels::Row;
use crate::tui::model::{Model, Pane};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;

fn listed(model: &Model) -> Vec<&ChannelView> {
    let rows = model.channels.rows().all();
    rows.filter_map(|row| match row {
        Row::Channel(id) => model.channels.get(id),
        Row::Section(_) | Row::Login(_) => None,
    })
    .collect()
}

/// Types, and answers what is asked for on the way.
fn type_in(model: &mut Model, run: &str) {
    let effects = press(model, run);
    let rest = answer(model, effects);
    assert!(rest.is_empty(), "{rest:?}");
}

#[test]
fn a_filter_is_at_work_with_every_letter_and_escape_shows_all_again() {
    let mut model = seed::model(120, 36);
    let all = listed(&model).len();
    type_in(&mut model, "/net:");
    assert_eq!(listed(&model).len(), all, "half a filter hides nothing");
    type_in(&mut model, "ig");
    let shown = listed(&model);
    let network = |view: &&ChannelView| view.summary.channel.kind.network();
    assert!(!shown.is_empty() && shown.len() < all);
    assert!(shown.iter().all(|view| network(view) == Network::Instagram));
    let count = format!("{} of {all}", shown.len());
    let screen = seen(&model);
    assert!(screen.contains("/ net:ig"), "{screen}");
    assert!(
        screen.contains(&format!("1 Channels {count} · net:ig")),
        "{screen}"
    );
    // Arrows move in the list meanwhile, letters never act.
    type_in(&mut model, "<down>q");
    assert_eq!(model.filters.typing, Some(Pane::Channels));
    assert!(listed(&model).is_empty());
    assert!(seen(&model).contains(&format!("0 of {all} fit net:igq. Esc shows all.")));
    type_in(&mut model, "<backspace><enter>");
    assert_eq!(model.filters.typing, None);
    assert!(seen(&model).contains(&count), "it is kept");
    let here = selected(&model).to_owned();
    type_in(&mut model, "<esc>");
    assert_eq!(listed(&model).len(), all);
    assert_eq!(selected(&model), here, "the cursor stays on its channel");
    assert!(!seen(&model).contains("net:ig"));
}

#[test]
fn what_cannot_be_a_filter_is_said_and_changes_nothing() {
    let mut model = seed::model(120, 36);
    type_in(&mut model, "/lamp:red ");
    let before = listed(&model).len();
    paste(&mut model, "colour:red");
    assert_eq!(listed(&model).len(), before);
    assert!(
        seen(&model).contains("no filter colour:"),
        "{}",
        seen(&model)
    );
    type_in(&mut model, "<enter>");
    assert_eq!(
        model.filters.typing,
        Some(Pane::Channels),
        "not kept as it is"
    );
    type_in(&mut model, "<ctrl-w><ctrl-w><ctrl-w><enter>");
    assert_eq!(model.filters.typing, None);
    // A list says which fields it has, and does not just come up empty.
    let before = model.queue.views().len();
    press(&mut model, "2/");
    paste(&mut model, "lamp:red");
    assert_eq!(model.queue.views().len(), before);
    assert!(
        seen(&model).contains("no filter lamp: here (there are net: ws: state: login: by: due:)"),
        "{}",
        seen(&model)
    );
}

#[test]
fn a_channel_that_fits_no_more_stays_under_the_cursor_until_the_order_settles() {
    let mut model = seed::model(120, 36);
    type_in(&mut model, "/lamp:red<enter>j");
    let before = listed(&model).len();
    let id = ChannelId::from_stored(selected(&model));
    let mut view = model.channels.get(&id).unwrap().clone();
    view.summary.channel.change += 1;
    view.lamp = Lamp::Green;
    let request = model.requests.fresh();
    let healed = Loaded::Channels(vec![(id.clone(), Some(view))]);
    update(&mut model, Msg::Loaded(request, healed));
    assert_eq!(selected(&model), id.as_str());
    assert_eq!(listed(&model).len(), before);
    press(&mut model, "<ctrl-l>");
    assert_eq!(listed(&model).len(), before - 1);
    // Hidden ones are no news.
    assert!(!seen(&model).contains("new ·"), "{}", seen(&model));
}

#[test]
fn the_queue_is_asked_for_what_fits_and_what_is_due_counts_all_the_same() {
    let mut model = seed::model(120, 36);
    let due = model.due_soon;
    assert!(due > Some(0));
    let effects = press(&mut model, "2/state:held");
    let asked = effects.iter().filter(|effect| {
        matches!(effect, Effect::Load(_, Load::Queue { filter, .. }) if !filter.is_empty())
    });
    assert_eq!(asked.count(), 1, "one reading at a time: {effects:?}");
    let effects = answer(&mut model, effects);
    let rest = answer(&mut model, effects);
    assert!(rest.is_empty(), "{rest:?}");
    let views = model.queue.views();
    assert!(!views.is_empty() && views.iter().all(|view| view.shown == Shown::Held));
    assert!(
        seen(&model).contains("fit · state:held"),
        "{}",
        seen(&model)
    );
    assert_eq!(model.due_soon, due, "whoever quits is told of all");
    type_in(&mut model, "<esc>");
    assert!(
        model
            .queue
            .views()
            .iter()
            .any(|view| view.shown != Shown::Held)
    );
}

#[test]
fn notices_are_narrowed_and_the_unread_ones_still_counted() {
    let mut model = seed::model(120, 36);
    let (all, unread) = (model.news.notices().len(), model.news.unread());
    type_in(&mut model, "3/dune<enter>");
    let shown = model.news.notices();
    assert!(!shown.is_empty() && shown.len() < all);
    assert!(shown.iter().all(|notice| notice.text.contains("dune")));
    assert_eq!(model.news.unread(), unread);
    type_in(&mut model, "/<ctrl-u>nothing of the kind");
    assert!(seen(&model).contains("No notice fits"), "{}", seen(&model));
    type_in(&mut model, "<esc>");
    assert_eq!(model.news.notices().len(), all);
}

#[test]
fn a_paste_is_text_of_the_filter() {
    let mut model = seed::model(120, 36);
    type_in(&mut model, "/");
    paste(&mut model, "lamp:red\r\n");
    assert!(listed(&model).iter().all(|view| view.lamp == Lamp::Broken));
}

#[test]
fn a_filter_looks_like_this() {
    for (name, keys) in [
        ("typed", "/lamp:red ac"),
        ("kept", "/net:ig,bs<enter>"),
        ("wrong", "/colour:red"),
        ("nothing", "/net:tt ws:nobody<enter>"),
    ] {
        for (width, height) in [(40, 12), (80, 24), (120, 36)] {
            let mut model = seed::model(width, height);
            type_in(&mut model, keys);
            let name = format!("filter_{name}_{width}x{height}");
            insta::assert_snapshot!(name, snapshot(&model, width, height));
        }
    }
}
