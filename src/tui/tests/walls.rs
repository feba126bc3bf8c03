//! The wall of workspaces, told in keys.

use super::look::{DARK, MONO, snapshot};
use super::seed::{self, answer};
use super::stories::{press, said, seen, selected};
use crate::domain::delivery::Shown;
use crate::domain::ids::{ChannelId, IncidentId, WorkspaceId};
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::ops::views::Lamp;
use crate::store::incidents::Incident;
use crate::store::weather::WEATHER;
use crate::tui::View;
use crate::tui::act::Window;
use crate::tui::model::wall::ordered;
use crate::tui::model::{Model, Pane, Sheet, Slot};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::{self, open_at};

fn chosen(model: &Model) -> &str {
    let tiles = model.wall_of_tiles().expect("the wall is open");
    tiles.selected.as_ref().map_or("", WorkspaceId::as_str)
}

/// A hub of many workspaces: every fourth broken, every third to look at.
fn many(width: u16, height: u16, workspaces: usize) -> Model {
    let mut model = seed::model(width, height);
    let (some, form) = (seed::channels(), seed::workspaces());
    let mut all = Vec::new();
    let mut places = Vec::new();
    for n in 0..workspaces {
        let mut place = form[n % form.len()].clone();
        place.workspace.id = WorkspaceId::from_stored(format!("wsp_{n:03}"));
        place.workspace.slug = format!("client-{n:03}");
        place.workspace.name = format!("Client {n:03}");
        for at in 0..(n * 7 % 31) {
            // The first rows of the seed are broken, the last healthy.
            let like = match (n % 20, at) {
                (0, 0..3) => at,
                (3, 0) => 5,
                _ => 12,
            };
            let mut view = some[like].clone();
            view.summary.channel.id = ChannelId::from_stored(format!("soc_{n}_{at}"));
            view.summary.channel.workspace_id = place.workspace.id.clone();
            all.push(view);
        }
        places.push(place);
    }
    model.workspaces = places;
    model.channels.replace(all);
    model
}

#[test]
fn the_wall_shows_the_worst_first_and_enter_opens_that_workspace() {
    let mut model = seed::model(120, 36);
    press(&mut model, "W");
    assert_eq!(chosen(&model), "wsp_ACME");
    let names: Vec<usize> = ["Acme", "Birch", "Corvid", "Dune"]
        .iter()
        .map(|name| seen(&model).find(name).expect("its tile"))
        .collect();
    assert!(names.is_sorted(), "{}", seen(&model));
    press(&mut model, "l");
    assert_eq!(chosen(&model), "wsp_BIRCH");
    let effects = press(&mut model, "<enter>");
    answer(&mut model, effects);
    assert!(model.sheets.is_empty());
    assert_eq!(
        model.scope.workspace().map(WorkspaceId::as_str),
        Some("wsp_BIRCH")
    );
    // And back to where all are.
    press(&mut model, "W<esc>");
    assert!(model.wall_of_tiles().is_none());
}

#[test]
fn r_goes_to_the_first_damage_and_says_when_there_is_none() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "Wlr");
    answer(&mut model, effects);
    assert_eq!(selected(&model), "soc_B1");
    assert_eq!(model.focus, Pane::Channels);
    let mut model = many(120, 36, 40);
    press(&mut model, "WGr");
    assert_eq!(said(&model), "every channel of it is healthy");
    assert!(model.wall_of_tiles().is_some());
}

#[test]
fn hjkl_move_over_the_tiles_and_stop_at_the_edges() {
    let mut model = many(120, 36, 40);
    let order = ordered(&model);
    press(&mut model, "W");
    let at = |model: &Model| order.iter().position(|id| id.as_str() == chosen(model));
    assert_eq!(at(&model), Some(0));
    press(&mut model, "kh");
    assert_eq!(at(&model), Some(0));
    press(&mut model, "lj");
    assert_eq!(at(&model), Some(6), "five stand side by side");
    press(&mut model, "h<up>");
    assert_eq!(at(&model), Some(0));
    press(&mut model, "G");
    assert_eq!(at(&model), Some(39));
    press(&mut model, "jl");
    assert_eq!(at(&model), Some(39));
}

#[test]
fn a_filter_narrows_the_tiles_and_escape_shows_all_then_leaves() {
    let mut model = seed::model(120, 36);
    press(&mut model, "W/du");
    assert_eq!(chosen(&model), "wsp_DUNE");
    assert!(seen(&model).contains("1 of 4"));
    assert!(!seen(&model).contains("Corvid"));
    press(&mut model, "<enter>");
    assert!(seen(&model).contains("1 of 4"), "it is kept");
    press(&mut model, "<esc>");
    assert!(seen(&model).contains("Corvid"));
    assert_eq!(chosen(&model), "wsp_DUNE");
    press(&mut model, "<esc>");
    assert!(model.sheets.is_empty());
}

#[test]
fn news_changes_a_tile_and_never_moves_the_one_under_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "Wll");
    let before = chosen(&model).to_owned();
    let line = |model: &Model| seen(model).find("Corvid");
    let at = line(&model);
    let id = ChannelId::from_stored("soc_C2");
    let mut view = model.channels.get(&id).unwrap().clone();
    view.summary.channel.change += 1;
    view.lamp = Lamp::Broken;
    let request = model.requests.fresh();
    let news = Msg::Loaded(request, Loaded::Channels(vec![(id, Some(view))]));
    update::update(&mut model, news);
    assert_eq!((chosen(&model), line(&model)), (before.as_str(), at));
    assert!(seen(&model).contains("✖ Corvid"));
}

#[test]
fn the_screen_opens_at_the_place_that_was_asked_for() {
    for (view, focus) in [(View::Queue, Pane::Queue), (View::Notices, Pane::Notices)] {
        let mut model = seed::empty(120, 36);
        open_at(&mut model, view);
        let effects = update::first(&mut model);
        answer(&mut model, effects);
        assert_eq!(model.focus, focus);
    }
    let mut model = seed::empty(120, 36);
    open_at(&mut model, View::Wall);
    let effects = update::first(&mut model);
    answer(&mut model, effects);
    assert!(matches!(model.sheets.as_slice(), [Sheet::Wall(_)]));
    assert_eq!(chosen(&model), "wsp_ACME", "worst first once all is known");
}

#[test]
fn what_the_wall_looks_like() {
    for (width, height, look) in [
        (80, 24, DARK),
        (120, 36, DARK),
        (120, 36, MONO),
        (200, 60, DARK),
        (40, 12, DARK),
    ] {
        let colour = if look == DARK { "" } else { "_no_color" };
        let mut model = seed::model(width, height);
        model.set.look = look;
        press(&mut model, "Wl");
        insta::assert_snapshot!(
            format!("wall_{width}x{height}{colour}"),
            snapshot(&model, width, height)
        );
        let mut model = many(width, height, 60);
        model.set.look = look;
        press(&mut model, "W");
        insta::assert_snapshot!(
            format!("wall_many_{width}x{height}{colour}"),
            snapshot(&model, width, height)
        );
    }
}

#[test]
fn a9_an_outage_of_theirs_is_said_on_the_tile_and_turns_no_lamp() {
    let mut model = seed::model(120, 36);
    let before = seen(&model).lines().next().map(str::to_owned);
    model.news.incidents = vec![Incident {
        id: IncidentId::from_stored("inc_1"),
        kind: WEATHER.into(),
        subject: "bluesky".into(),
        cause: "none".into(),
        network: Some(Network::Bluesky),
        severity: Severity::Attention,
        text: "Bluesky has trouble (HTTP 503): it is them, not you".into(),
        command: None,
        opened_at: seed::minutes(-20),
        resolved_at: None,
        failures: 9,
        channels: Vec::new(),
    }];
    assert_eq!(seen(&model).lines().next().map(str::to_owned), before);
    let channels = seed::channels();
    let mut views = seed::queue(&channels);
    let dune = channels.last().unwrap();
    views.push(seed::delivery("W1", dune, -9, Shown::Scheduled, "waits"));
    let request = model.requests.overtake(Slot::Queue);
    let window = Window {
        views,
        more_past: false,
        more_future: false,
    };
    update::update(&mut model, Msg::Loaded(request, Loaded::Queue(Ok(window))));
    // The one channel of Dune that wants attention is well again.
    let id = ChannelId::from_stored("soc_D1");
    let mut view = model.channels.get(&id).unwrap().clone();
    view.summary.channel.change += 1;
    view.lamp = Lamp::Green;
    let mut waits = dune.clone();
    waits.summary.channel.change += 1;
    waits.summary.next_due = Some(seed::minutes(-9));
    let waits_id = waits.summary.channel.id.clone();
    let request = model.requests.fresh();
    let loaded = Loaded::Channels(vec![(id, Some(view)), (waits_id, Some(waits))]);
    update::update(&mut model, Msg::Loaded(request, loaded));
    press(&mut model, "W");
    let screen = seen(&model);
    assert!(screen.contains("≈ Dune"), "{screen}");
    assert!(screen.contains("Bluesky down: 1 waits"), "{screen}");
    // A queue that shows less hides nothing of it, and no more is claimed than is
    // known.
    let mut narrowed = Vec::new();
    for more_past in [true, false] {
        let request = model.requests.overtake(Slot::Queue);
        let window = Window {
            views: Vec::new(),
            more_past,
            more_future: false,
        };
        update::update(&mut model, Msg::Loaded(request, Loaded::Queue(Ok(window))));
        narrowed.push(seen(&model).contains("Bluesky down: 1+ wait"));
    }
    assert_eq!(narrowed, [true, false], "{}", seen(&model));
    let screen = seen(&model);
    assert!(screen.contains("●●●●●●●●●"), "{screen}");
    // What is broken there is said first.
    assert!(screen.contains("✖ Acme"), "{screen}");
}
