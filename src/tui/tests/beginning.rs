//! What the screen shows while the channels of a large hub are read: what is
//! broken first, and no number that is not known yet.

use super::look::snapshot;
use super::seed::{self, answer, broken};
use super::stories::{press, seen, selected};
use crate::domain::ids::ChannelId;
use crate::ops::views::ChannelView;
use crate::tui::View;
use crate::tui::act::{Effect, Load};
use crate::tui::model::Model;
use crate::tui::model::requests::RequestId;
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::{broken_channels, first, open_at, update};

/// A screen that was just opened: all is answered but for its channels, whose
/// two questions are handed back.
fn opened(mut model: Model) -> (Model, RequestId, RequestId) {
    let Some(Effect::Load(some, Load::BrokenChannels)) = broken_channels(&mut model) else {
        panic!("what is broken is asked for first");
    };
    let effects = first(&mut model);
    let all = read_others(&mut model, effects);
    (model, some, all)
}

/// Answers everything but the question for all channels, which is handed back.
fn read_others(model: &mut Model, effects: Vec<Effect>) -> RequestId {
    let is_all = |effect: &Effect| matches!(effect, Effect::Load(_, Load::AllChannels));
    let (all, others): (Vec<_>, Vec<_>) = effects.into_iter().partition(is_all);
    answer(model, others);
    match all.as_slice() {
        [Effect::Load(id, _)] => *id,
        other => panic!("all channels are asked for once: {other:?}"),
    }
}

fn tell_broken(model: &mut Model, id: RequestId, views: Vec<ChannelView>) {
    update(model, Msg::Loaded(id, Loaded::BrokenChannels(Ok(views))));
}

fn tell_all(model: &mut Model, id: RequestId) {
    let all = Loaded::AllChannels(Ok(seed::channels()));
    update(model, Msg::Loaded(id, all));
}

#[test]
fn what_is_broken_is_there_before_the_others_are_read() {
    for (width, height) in [(80, 24), (120, 36)] {
        let (mut model, some, _) = opened(seed::empty(width, height));
        let nothing = seen(&model);
        assert!(nothing.contains("✖ …"), "{nothing}");
        tell_broken(&mut model, some, broken());
        insta::assert_snapshot!(
            format!("broken_first_{width}x{height}"),
            snapshot(&model, width, height)
        );
    }
}

#[test]
fn the_others_come_below_and_the_cursor_stays() {
    let (mut model, some, all) = opened(seed::empty(120, 36));
    tell_broken(&mut model, some, broken());
    press(&mut model, "jj");
    let here = selected(&model).to_owned();
    let listed: Vec<_> = model.channels.rows().all().cloned().collect();
    tell_all(&mut model, all);
    assert_eq!(selected(&model), here);
    let then: Vec<_> = model.channels.rows().all().cloned().collect();
    assert!(then.starts_with(&listed), "{then:?}");
    assert!(then.len() > listed.len());
    // Nothing tells that it came in two parts.
    let (mut whole, _, all) = opened(seed::empty(120, 36));
    tell_all(&mut whole, all);
    press(&mut whole, "jj");
    assert_eq!(
        snapshot(&model, 120, 36),
        snapshot(&whole, 120, 36),
        "the same as read at once"
    );
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let (mut model, some, all) = opened(seed::empty(120, 36));
    tell_all(&mut model, all);
    let before = snapshot(&model, 120, 36);
    tell_broken(&mut model, some, Vec::new());
    assert_eq!(snapshot(&model, 120, 36), before);
}

#[test]
fn whoever_asked_for_one_channel_finds_the_cursor_on_no_other() {
    let mut model = seed::empty(120, 36);
    let healthy = seed::channels().pop().unwrap().summary.channel.id;
    model.channels.wanted = Some(healthy.clone());
    assert!(broken_channels(&mut model).is_none());
    let effects = first(&mut model);
    let all = read_others(&mut model, effects);
    assert_eq!(model.channels.selected_id(), None);
    tell_all(&mut model, all);
    assert_eq!(model.channels.selected_id(), Some(&healthy));
}

#[test]
fn a_hub_without_anything_broken_says_so_and_goes_on_reading() {
    let (mut model, some, all) = opened(seed::empty(120, 36));
    tell_broken(&mut model, some, Vec::new());
    let seen_so_far = seen(&model);
    assert!(seen_so_far.contains("✖ 0 broken"), "{seen_so_far}");
    assert!(seen_so_far.contains("● … healthy"), "{seen_so_far}");
    assert!(seen_so_far.contains("Loading…"), "{seen_so_far}");
    tell_all(&mut model, all);
    assert!(!seen(&model).contains("Loading"));
}

#[test]
fn no_number_is_said_before_all_that_it_counts_is_read() {
    let (mut model, some, all) = opened(seed::empty(120, 36));
    tell_broken(&mut model, some, broken());
    let one = ChannelId::from_stored("soc_B1");
    // A change that comes meanwhile makes no healthy channel the only one.
    let changed = seed::channels()
        .into_iter()
        .find(|view| view.lamp == crate::ops::views::Lamp::Green && view.summary.channel.id != one);
    let changed = changed.unwrap();
    let id = model.requests.fresh();
    let pair = (changed.summary.channel.id.clone(), Some(changed));
    update(&mut model, Msg::Loaded(id, Loaded::Channels(vec![pair])));
    let text = seen(&model);
    assert!(text.contains("● … healthy"), "{text}");
    assert!(!text.contains("1 Channels 1"), "{text}");
    tell_all(&mut model, all);
    let all = seed::channels().len();
    assert!(seen(&model).contains(&format!("1 Channels {all}")));
}

#[test]
fn the_wall_waits_for_all_of_them() {
    let mut model = seed::empty(120, 36);
    open_at(&mut model, View::Wall);
    let (mut model, some, all) = opened(model);
    tell_broken(&mut model, some, broken());
    let text = seen(&model);
    assert!(text.contains("Loading…"), "{text}");
    assert!(!text.contains("no channel yet"), "{text}");
    tell_all(&mut model, all);
    assert!(seen(&model).contains("Acme"));
}
