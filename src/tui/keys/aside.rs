//! Why nothing can be set aside here.

use super::reason::role;
use crate::domain::aside::needs_a_hand;
use crate::domain::delivery::State;
use crate::domain::role::Act;
use crate::ops::views::{DeliveryView, Lamp};
use crate::tui::model::Model;
use crate::tui::model::aside::Choice;

/// Why `s` does nothing here.
pub(super) fn why_not(model: &Model) -> Option<String> {
    if model.wall_of_tiles().is_some() && model.sheets.len() == 1 && model.worst_of_tile().is_none()
    {
        return Some("every channel of it is healthy".into());
    }
    match model.to_set_aside() {
        Choice::Login(group) => {
            let first = model.channels.get(&group.first)?;
            role(model, &first.summary.channel.workspace_id, Act::Aside)
        }
        Choice::Channels(views) => {
            let Some(first) = views.first() else {
                return Some("no channel here".into());
            };
            let refused = views
                .iter()
                .find_map(|view| role(model, &view.summary.channel.workspace_id, Act::Aside));
            let well = views.iter().all(|view| view.lamp == Lamp::Green);
            let said = match (views.len(), first.summary.channel.paused_at) {
                (1, Some(_)) => "it is paused, not broken",
                (1, None) => "it is healthy: nothing to set aside",
                _ => "all of them are healthy",
            };
            refused.or_else(|| well.then(|| said.into()))
        }
        Choice::Posts(views) => {
            let Some(first) = views.first() else {
                return Some("no post here".into());
            };
            let refused = views
                .iter()
                .find_map(|view| role(model, &view.delivery.workspace_id, Act::Aside));
            let open = views.iter().any(|view| needs_a_hand(view.delivery.state));
            refused.or_else(|| (!open).then(|| not_open(first)))
        }
    }
}

fn not_open(view: &DeliveryView) -> String {
    let reason = match view.delivery.state {
        State::Published => "it is live already",
        State::Cancelled => "cancelled already",
        State::Scheduled if view.blocker.is_some() => "it is held: set its channel aside",
        State::Sending | State::Unknown | State::Confirming => "it is on its way",
        _ => "it needs no hand yet",
    };
    reason.into()
}
