//! Reads what is shown of the chosen thing alone, once the cursor rests on it.

use crate::domain::days::Days;
use crate::ops::OpError;
use crate::tui::act::{Effect, Load};
use crate::tui::model::beside::{DAYS, Page, Tab};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Slot};

/// Asks for what is shown and not known.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    let days = model.days_of();
    if days.is_some() && days != model.beside.days_of {
        let id = model.requests.overtake(Slot::Days);
        if let Some(of) = &days {
            let wall = model.wall();
            let midnights = (1 - DAYS..=1).map(|day| wall.midnight(day)).collect();
            effects.push(Effect::Load(id, Load::Days(of.channels.clone(), midnights)));
        }
        model.beside.days_of = days;
    }
    let page = model.page_of();
    if page != model.beside.page_of {
        model.beside.error = None;
        if let Some(of) = &page {
            let id = model.requests.overtake(Slot::Page);
            effects.push(Effect::Load(id, Load::Page(of.channel.clone(), of.tab)));
        }
        model.beside.page_of = page;
    }
    effects
}

/// Takes the days.
pub fn days(model: &mut Model, id: RequestId, result: Result<Days, OpError>) {
    if !model.requests.end(Slot::Days, id) {
        return;
    }
    // What cannot be read is left out; the next turn asks again.
    if let (Some(of), Ok(days)) = (model.beside.days_of.clone(), result) {
        model.beside.days = Some((of, days));
        model.touch(Dirty::Background);
    }
}

/// Takes a page.
pub fn page(model: &mut Model, id: RequestId, result: Result<Page, OpError>) {
    if !model.requests.end(Slot::Page, id) {
        return;
    }
    match (model.beside.page_of.clone(), result) {
        (Some(of), Ok(page)) => model.beside.page = Some((of, page)),
        (_, Err(error)) => model.beside.error = Some(error.to_string()),
        _ => {}
    }
    model.touch(Dirty::Background);
}

/// Opens the next tab or the one before.
pub fn turn(model: &mut Model, forwards: bool) -> Vec<Effect> {
    if model.tabbed().is_some() {
        model.beside.tab = model.beside.tab.turned(forwards);
        model.details_scroll = 0;
    }
    Vec::new()
}

/// Details begin with what is wrong and what to do, and at once.
pub fn begin(model: &mut Model) {
    model.moving = None;
    model.beside.tab = Tab::Overview;
    model.details_scroll = 0;
}
