//! Reads what is shown of the chosen thing alone, once the cursor rests on it.

use std::time::Duration;

use crate::domain::days::Days;
use crate::domain::dues::Dues;
use crate::domain::ids::ChannelId;
use crate::ops::OpError;
use crate::tui::act::{Effect, Load};
use crate::tui::model::beside::{DAYS, Page, Pages, Tab};
use crate::tui::model::dues::DuesOf;
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Slot};

/// How long what was just chosen waits for what is read of it.
const TOGETHER: Duration = Duration::from_millis(100);

/// The cursor came to rest: what is read of the row is drawn with the rest.
pub fn rested(model: &mut Model) {
    model.beside.drawn_by = Some(model.boot + TOGETHER);
}

/// Draws what was chosen when all of it is there, or it has waited long enough.
fn draw_together(model: &mut Model) {
    let reads = [Slot::Days, Slot::Dues, Slot::Page];
    let open = reads.into_iter().any(|slot| model.requests.is_open(slot));
    let over = model.beside.drawn_by.is_some_and(|by| by <= model.boot);
    if model.beside.drawn_by.is_some() && (over || !open) {
        model.beside.drawn_by = None;
        model.touch(Dirty::Background);
    }
}

/// Something of it is there.
fn came(model: &mut Model) {
    if model.beside.drawn_by.is_none() {
        model.touch(Dirty::Background);
    }
}

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
    let dues = model.dues_of();
    if dues != model.beside.dues_of {
        let channels = |of: &Option<DuesOf>| of.as_ref().map(|of| of.channels.clone());
        // Of the same ones what was known stays until the newer answer is there.
        if channels(&dues) != channels(&model.beside.dues_of) {
            model.beside.dues = None;
        }
        model.beside.dues_of = dues;
        if model.beside.dues_of.is_some() {
            let id = model.requests.overtake(Slot::Dues);
            effects.extend(dues_as(model, id));
        }
    }
    let page = model.page_of();
    if page != model.beside.page_of {
        model.beside.error = None;
        if let Some(of) = &page {
            let id = model.requests.overtake(Slot::Page);
            effects.push(Effect::Load(id, Load::Page(of.channels.clone(), of.tab)));
        }
        model.beside.page_of = page;
    }
    draw_together(model);
    effects
}

/// Reads again what is due, when posts changed or one of its channels did.
pub fn dues_changed(model: &mut Model, posts: bool, channels: &[ChannelId]) -> Option<Effect> {
    let of = model.beside.dues_of.as_ref()?;
    let touched = posts || of.channels.iter().any(|id| channels.contains(id));
    touched.then(|| dues_again(model))?
}

/// Reads again what is due of those that are shown.
pub fn dues_again(model: &mut Model) -> Option<Effect> {
    model.beside.dues_of.as_ref()?;
    let id = model.requests.begin(Slot::Dues)?;
    dues_as(model, id)
}

fn dues_as(model: &Model, id: RequestId) -> Option<Effect> {
    let of = model.beside.dues_of.as_ref()?;
    let midnight = model.wall().midnight(1);
    Some(Effect::Load(id, Load::Dues(of.channels.clone(), midnight)))
}

/// Takes what is due.
pub fn dues(model: &mut Model, id: RequestId, result: Result<Dues, OpError>) {
    if !model.requests.end(Slot::Dues, id) || model.beside.dues_of.is_none() {
        return;
    }
    // What cannot be read is left out; the next minute asks again.
    let dues = result.ok();
    if dues != model.beside.dues {
        model.beside.dues = dues;
        came(model);
    }
}

/// Takes the days.
pub fn days(model: &mut Model, id: RequestId, result: Result<Days, OpError>) {
    if !model.requests.end(Slot::Days, id) {
        return;
    }
    // What cannot be read is left out; the next turn asks again.
    if let (Some(of), Ok(days)) = (model.beside.days_of.clone(), result) {
        model.beside.days = Some((of, days));
        came(model);
    }
}

/// Takes a page.
pub fn page(model: &mut Model, id: RequestId, result: Result<Pages, OpError>) {
    if !model.requests.end(Slot::Page, id) {
        return;
    }
    match (model.beside.page_of.clone(), result) {
        (Some(of), Ok(pages)) => {
            if of.tab == Tab::Posts {
                let posts = pages.iter().map(|(_, page)| match page {
                    Page::Posts(view) => view.posts.len(),
                    _ => 0,
                });
                model.beside.posts = Some((of.clone(), posts.sum()));
            }
            model.beside.page = Some((of, pages));
        }
        (_, Err(error)) => model.beside.error = Some(error.to_string()),
        _ => {}
    }
    came(model);
}

/// Opens the next tab or the one before.
pub fn turn(model: &mut Model, forwards: bool) -> Vec<Effect> {
    if model.tabbed() {
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
