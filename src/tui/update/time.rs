//! Another time for posts.

use crate::domain::release::Then;
use crate::domain::when::Order;
use crate::ops::views::DeliveryView;
use crate::tui::act::{Act, Effect};
use crate::tui::keys::is_movable;
use crate::tui::model::time::Timing;
use crate::tui::model::{Model, Sheet};

/// Opens the sheet for the chosen posts that can still be moved.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let (posts, for_plan): (Vec<DeliveryView>, bool) = match model.sheets.last() {
        Some(Sheet::Plan(plan)) => {
            let chosen = plan.chosen().into_iter();
            (chosen.map(|(_, post)| post.view.clone()).collect(), true)
        }
        _ => {
            let chosen = model.chosen_posts().into_iter();
            let fit = chosen.filter(|view| is_movable(model, view).is_none());
            (fit.cloned().collect(), false)
        }
    };
    if !posts.is_empty() {
        let sheet = Timing::new(posts, for_plan);
        model.sheets.push(Sheet::Time(Box::new(sheet)));
    }
    Vec::new()
}

/// Enter: moves the posts, or answers with the times in the plan below.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let (request, now) = (model.requests.fresh(), model.now);
    let Some(Sheet::Time(sheet)) = model.sheets.last_mut() else {
        return Vec::new();
    };
    if sheet.busy.is_some() {
        return Vec::new();
    }
    sheet.error = None;
    let Some(Ok((order, times))) = sheet.meant(now) else {
        return Vec::new();
    };
    let ids = sheet.posts.iter().map(|view| view.delivery.id.clone());
    if !sheet.for_plan {
        sheet.busy = Some(request);
        return vec![Effect::Act(request, Act::Reschedule(ids.collect(), order))];
    }
    // Spread from now on, a late post is still sent late; else it is moved.
    let late = matches!(order, Order::Every { from: None, .. });
    let answers: Vec<_> = ids
        .zip(times)
        .map(|(id, when)| match late {
            true => (id, Then::SendAt(when.instant)),
            false => (id, Then::MoveTo(when.instant)),
        })
        .collect();
    model.sheets.pop();
    if let Some(Sheet::Plan(plan)) = model.sheets.last_mut() {
        for (id, then) in answers {
            plan.set(id, then);
        }
        plan.unmark();
    }
    Vec::new()
}
