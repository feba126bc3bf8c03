//! The filter of a pane: typed after `/`, at work with every letter.

use super::{loads, moves, wall};
use crate::tui::act::Effect;
use crate::tui::model::{Model, Pane};

/// Begins to type the filter of the list with the cursor.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    if wall::filter(model) {
        return Vec::new();
    }
    if model.in_calendar() {
        // It shows what the queue shows.
        model.filters.typing = Some(Pane::Queue);
        return Vec::new();
    }
    let pane = model.list;
    let effects = moves::focus(model, pane);
    model.filters.typing = Some(pane);
    effects
}

/// Something was typed.
pub fn typed(model: &mut Model) -> Vec<Effect> {
    let Some(pane) = model.filters.typing else {
        return Vec::new();
    };
    if model.filters.read(pane) {
        return apply(model, pane);
    }
    Vec::new()
}

/// Keeps what is typed. What cannot be understood stays open until it is put
/// right or cleared, so that the text always says what is shown.
pub fn keep(model: &mut Model) -> Vec<Effect> {
    let pane = model.filters.typing;
    if pane.is_some_and(|pane| model.filters.of(pane).wrong.is_none()) {
        model.filters.typing = None;
    }
    Vec::new()
}

/// Takes the filter away that is being typed, or the one of the list with the
/// cursor; `None` when there is none.
pub fn clear(model: &mut Model) -> Option<Vec<Effect>> {
    let typing = model.filters.typing.take();
    let pane = typing.unwrap_or(model.list);
    let filter = model.filters.of_mut(pane);
    let shown = filter.shown().is_some();
    filter.field.clear();
    model.filters.read(pane);
    match (shown, typing) {
        (true, _) => Some(apply(model, pane)),
        (false, Some(_)) => Some(Vec::new()),
        (false, None) => None,
    }
}

/// Shows what fits now.
fn apply(model: &mut Model, pane: Pane) -> Vec<Effect> {
    match pane {
        Pane::Queue => {
            model.queue.reopen();
            loads::queue(model).into_iter().collect()
        }
        Pane::Notices => {
            show_notices(model, true);
            Vec::new()
        }
        Pane::Channels | Pane::Details => {
            settle_channels(model);
            model.channels.offset = 0;
            Vec::new()
        }
    }
}

/// Orders the channels that fit.
pub fn settle_channels(model: &mut Model) {
    let Model {
        channels,
        scope,
        filters,
        people,
        now,
        ..
    } = model;
    channels.filtered(!filters.of(Pane::Channels).filter.is_empty());
    channels.settle(scope.workspace(), |view| {
        filters.shows_channel(view, people, *now)
    });
}

/// Shows the notices that fit; `moving` says whether known ones may change
/// places.
pub fn show_notices(model: &mut Model, moving: bool) {
    let fitting = model
        .news
        .all()
        .iter()
        .filter(|notice| {
            let about = notice.channel_id.as_ref();
            let only = model.only.as_ref();
            if only.is_some_and(|only| !about.is_some_and(|id| only.channels.contains(id))) {
                return false;
            }
            let about = about.and_then(|id| model.channels.get(id));
            model.filters.shows_notice(notice, about, model.now)
        })
        .cloned()
        .collect();
    model.news.show(fitting, moving);
}
