//! All channels are asked about again while the screen is in use: portion by
//! portion, so that no key waits and nothing that is there leaves unasked.

use super::seed::{self, later};
use super::stories::{press, said, selected};
use crate::domain::ids::ChannelId;
use crate::ops::views::{ChannelView, Lamp, Portion};
use crate::ops::{ErrorKind, OpError};
use crate::tui::act::{Effect, Load};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;

/// What asks for a portion.
fn asked(effects: &[Effect]) -> Option<(RequestId, i64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::SomeChannels(from)) => Some((*id, *from)),
        _ => None,
    })
}

/// The channels that are asked about by name.
fn named(effects: &[Effect]) -> Vec<ChannelId> {
    let of = effects.iter().filter_map(|effect| match effect {
        Effect::Load(_, Load::Channels(ids)) => Some(ids.clone()),
        _ => None,
    });
    of.flatten().collect()
}

fn tell(model: &mut Model, id: RequestId, views: &[ChannelView], next: Option<i64>) -> Vec<Effect> {
    let views = views.to_vec();
    let portion = Loaded::SomeChannels(Ok(Portion { views, next }));
    update(model, Msg::Loaded(id, portion))
}

/// It is five past, or ten: lamps depend on the clock.
fn five_minutes(model: &mut Model) -> RequestId {
    let passed = model.now.0.rem_euclid(300_000) / 1_000;
    let effects = later(model, 300 - u64::try_from(passed).unwrap());
    let (id, from) = asked(&effects).unwrap_or_else(|| panic!("{effects:?}"));
    assert_eq!(from, 0);
    id
}

#[test]
fn what_changed_by_the_clock_alone_is_seen_and_the_cursor_stays() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jj");
    let here = selected(&model).to_owned();
    let mut all = seed::channels();
    let stale = all.iter().position(|one| one.lamp == Lamp::Green).unwrap();
    all[stale].lamp = Lamp::Attention;
    let stale = all[stale].summary.channel.id.clone();
    let id = five_minutes(&mut model);
    let (some, others) = all.split_at(all.len() / 2);
    let next = tell(&mut model, id, some, Some(1_000));
    assert_eq!(asked(&next), Some((id, 1_000)));
    let end = tell(&mut model, id, others, None);
    assert_eq!((asked(&end), named(&end)), (None, Vec::new()));
    assert_eq!(model.channels.get(&stale).unwrap().lamp, Lamp::Attention);
    assert_eq!(model.channels.all().count(), all.len());
    assert_eq!(selected(&model), here);
}

#[test]
fn what_did_not_come_is_asked_about_by_name_before_it_leaves() {
    let mut model = seed::model(120, 36);
    let mut all = seed::channels();
    let missing = all.pop().unwrap();
    let gone = missing.summary.channel.id.clone();
    for there in [true, false] {
        let id = five_minutes(&mut model);
        let end = tell(&mut model, id, &all, None);
        assert_eq!(named(&end), vec![gone.clone()]);
        assert!(model.channels.get(&gone).is_some(), "it stays until then");
        let view = there.then(|| missing.clone());
        let answer = Loaded::Channels(vec![(gone.clone(), view)]);
        let id = model.requests.fresh();
        update(&mut model, Msg::Loaded(id, answer));
        assert_eq!(model.channels.get(&gone).is_some(), there);
    }
}

#[test]
fn a_portion_that_cannot_be_read_leaves_all_as_it_was() {
    let mut model = seed::model(120, 36);
    let all = seed::channels();
    let id = five_minutes(&mut model);
    tell(&mut model, id, &all[..2], Some(1_000));
    let error = OpError::new(ErrorKind::Failed, "busy", "The store is busy.", "Wait.");
    let failed = update(
        &mut model,
        Msg::Loaded(id, Loaded::SomeChannels(Err(error))),
    );
    assert_eq!((asked(&failed), named(&failed)), (None, Vec::new()));
    assert!(said(&model).contains("The store is busy."));
    assert_eq!(model.channels.all().count(), all.len());
    // The next time begins from the first one.
    let id = five_minutes(&mut model);
    let end = tell(&mut model, id, &all, None);
    assert_eq!(named(&end), Vec::new());
}

#[test]
fn portions_that_tell_nothing_new_draw_nothing() {
    let mut model = seed::model(120, 36);
    let all = seed::channels();
    let id = five_minutes(&mut model);
    model.dirty = Dirty::No;
    for _ in 0..3 {
        tell(&mut model, id, &all, Some(1_000));
    }
    assert_eq!(model.dirty, Dirty::No);
    // Nor does an answer that nobody waits for any more.
    let old = id;
    tell(&mut model, id, &all, None);
    model.dirty = Dirty::No;
    assert!(tell(&mut model, old, &[], Some(2_000)).is_empty());
    assert_eq!(model.dirty, Dirty::No);
}
