//! Line 2: what happened since the operator was here last.

use super::seed;
use super::stories::{press, seen};
use crate::ops::views::Since;
use crate::ops::{ErrorKind, OpError, Scope};
use crate::store::changes::{Changes, Cursor};
use crate::tui::act::{Effect, Load};
use crate::tui::model::Model;
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::{first, update};

/// A screen in the morning after.
fn morning(width: u16, height: u16) -> Model {
    let mut model = seed::model(width, height);
    seed::after_a_night(&mut model);
    model
}

fn asked(effects: &[Effect]) -> Vec<&Load> {
    let loads = effects.iter().filter_map(|effect| match effect {
        Effect::Load(_, load @ Load::Since(..)) => Some(load),
        _ => None,
    });
    loads.collect()
}

fn tell(model: &mut Model, since: Since) {
    let Effect::Load(id, _) = crate::tui::update::since_anew(model) else {
        unreachable!("it is a load");
    };
    update(model, Msg::Loaded(id, Loaded::Since(Ok(since))));
}

fn line(model: &Model) -> String {
    seen(model).lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn the_night_is_told_from_when_the_screen_was_left() {
    let model = morning(120, 36);
    assert!(
        line(&model).contains("Since Fri 18:10: 5 broke, 2 healed, 84 went out, 1 failed"),
        "{}",
        line(&model)
    );
}

#[test]
fn what_went_well_leaves_first_when_it_is_narrow() {
    let mut model = morning(80, 24);
    assert!(
        line(&model).starts_with(" Since Fri 18:10: 5 broke, 1 failed "),
        "{}",
        line(&model)
    );
    let at = model.news.since.at;
    tell(
        &mut model,
        Since {
            broke: 10_000,
            failed: 10_000,
            more: true,
            ..Since::nothing(at)
        },
    );
    assert!(
        line(&model).starts_with(" Since Fri 18:10: 10000+ broke "),
        "{}",
        line(&model)
    );
}

#[test]
fn a_night_in_which_nothing_happened_says_nothing() {
    let mut model = morning(120, 36);
    let at = model.news.since.at;
    tell(&mut model, Since::nothing(at));
    assert!(!line(&model).contains("Since"), "{}", line(&model));
}

#[test]
fn it_is_counted_after_the_first_frame_is_asked_for_and_with_every_change() {
    let mut model = seed::empty(120, 36);
    let left = seed::minutes(-1192);
    model.news.since.at = left;
    let effects = first(&mut model);
    assert_eq!(asked(&effects), [&Load::Since(None, left)]);
    seed::answer(&mut model, effects);
    let changes = Changes {
        cursor: Cursor::default(),
        channels: Vec::new(),
        objects: vec![("delivery".into(), "dlv_01".into())],
    };
    let again = update(&mut model, Msg::Changed(changes));
    assert_eq!(asked(&again), [&Load::Since(None, left)]);
}

#[test]
fn one_workspace_is_told_of_itself_alone() {
    let mut model = morning(120, 36);
    let effects = press(&mut model, "wacme<enter>");
    let Scope::Workspace(id) = model.scope.clone() else {
        panic!("acme is chosen");
    };
    let left = model.news.since.at;
    assert_eq!(asked(&effects), [&Load::Since(Some(id), left)]);
}

#[test]
fn a_count_that_cannot_be_read_leaves_what_is_known() {
    let mut model = morning(120, 36);
    let Effect::Load(id, _) = crate::tui::update::since_anew(&mut model) else {
        unreachable!("it is a load");
    };
    let error = OpError::new(ErrorKind::Failed, "busy", "The store is busy.", "Wait.");
    update(&mut model, Msg::Loaded(id, Loaded::Since(Err(error))));
    assert!(line(&model).contains("5 broke"), "{}", line(&model));
}
