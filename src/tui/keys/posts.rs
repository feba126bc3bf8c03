//! Why a key about posts and their times does nothing here.

use super::Do;
use super::reason::role;
use crate::domain::delivery::State;
use crate::domain::role::Act;
use crate::ops::views::DeliveryView;
use crate::tui::model::Model;
use crate::tui::model::plan::Plan;

/// Why `L` has nothing to show.
pub(super) fn nothing_late(model: &Model) -> Option<String> {
    let sums = &model.sums;
    let late = sums.next_due.is_some_and(|due| due < model.now);
    let any = late || sums.held > 0 || sums.missed > 0;
    let none = model.channels.loaded() && !any;
    none.then(|| "nothing is late, held or missed".into())
}

/// Why none of the chosen posts can be given another time.
pub(super) fn time(model: &Model) -> Option<String> {
    let chosen = model.chosen_posts();
    let Some(first) = chosen.first() else {
        return Some("no post here".into());
    };
    match chosen.iter().any(|view| is_movable(model, view).is_none()) {
        true => None,
        false => is_movable(model, first),
    }
}

/// Why a post cannot be given another time; `None` when it can.
pub fn is_movable(model: &Model, view: &DeliveryView) -> Option<String> {
    let refused = role(model, &view.delivery.workspace_id, Act::Queue);
    refused.or(match view.delivery.state {
        State::Draft | State::Scheduled | State::Failed | State::Missed => None,
        State::Published => Some("it is live already".into()),
        State::Cancelled => Some("it was cancelled; u takes that back".into()),
        State::Sending | State::Unknown | State::Confirming => Some("it is on its way".into()),
        State::NeedsDecision => Some("decide about it first: Enter".into()),
    })
}

/// Why a key of the release plan does nothing now.
pub(super) fn plan(model: &Model, plan: &Plan, does: Do) -> Option<String> {
    let answers = matches!(does, Do::Send | Do::Cancel | Do::Time | Do::Later);
    if does == Do::Go && model.set.read_only {
        return Some("read only: nothing is changed from here".into());
    }
    if matches!(does, Do::Fold(_)) && plan.single().is_some() {
        return Some("there is one channel".into());
    }
    let chosen = match does {
        Do::Go => plan.posts().collect(),
        _ if answers => plan.chosen(),
        _ => return None,
    };
    if answers && chosen.is_empty() {
        return Some("no late or missed post here".into());
    }
    let mut workspaces = chosen
        .iter()
        .map(|(_, post)| &post.view.delivery.workspace_id);
    if let Some(reason) = workspaces.find_map(|id| role(model, id, Act::Queue)) {
        return Some(reason);
    }
    match does {
        Do::Send if chosen.iter().all(|(part, _)| part.held.is_some()) => {
            Some("it is held: mend the channel first".into())
        }
        Do::Later
            if chosen
                .iter()
                .all(|(part, post)| !post.missed && part.held.is_none()) =>
        {
            Some("it goes out by itself: x cancels it, t moves it".into())
        }
        _ => None,
    }
}
