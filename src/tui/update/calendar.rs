//! The calendar: moving over its days and posts, and reading what they hold.

use super::posts;
use crate::tui::act::{Effect, Load, Window};
use crate::tui::keys::Do;
use crate::tui::model::calendar::{Calendar, across, moved};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Model, Sheet, Slot};

/// Opens the calendar at today.
pub fn open(model: &mut Model) -> Vec<Effect> {
    model.sheets.clear();
    model.filters.typing = None;
    let today = model.wall().day(model.now);
    let calendar = Box::new(Calendar::at(today));
    model.sheets.push(Sheet::Calendar(calendar));
    // Reading follows from what is on the screen.
    Vec::new()
}

fn calendar_mut(model: &mut Model) -> Option<&mut Calendar> {
    model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Calendar(calendar) => Some(&mut **calendar),
        _ => None,
    })
}

/// Settles which days are on the screen and where the cursor is; what has to be
/// read for that.
pub fn follow(model: &mut Model) -> Option<Effect> {
    let (days, _) = across(model.size.0);
    calendar_mut(model)?.show(days);
    let span = model.span_of(model.calendar()?);
    let effect = if model.calendar()?.asked.as_ref() == Some(&span) {
        None
    } else {
        let id = model.requests.overtake(Slot::Calendar);
        read_as(model, id)
    };
    settle(model);
    effect
}

/// Reads the days on the screen again.
pub fn read(model: &mut Model) -> Option<Effect> {
    let (days, _) = across(model.size.0);
    calendar_mut(model)?.show(days);
    let id = model.requests.begin(Slot::Calendar)?;
    read_as(model, id)
}

fn read_as(model: &mut Model, id: RequestId) -> Option<Effect> {
    let span = model.span_of(model.calendar()?);
    calendar_mut(model)?.ask(span.clone());
    Some(Effect::Load(id, Load::Calendar(span)))
}

/// Takes the posts of the days on the screen.
pub fn take(model: &mut Model, window: Window) {
    let entries = model.placed(window.views);
    if let Some(calendar) = calendar_mut(model) {
        calendar.take(entries, window.more_future);
    }
    settle(model);
}

/// The days on the screen could not be read.
pub fn failed(model: &mut Model) {
    if let Some(calendar) = calendar_mut(model) {
        calendar.failed = true;
    }
}

fn settle(model: &mut Model) {
    let now = model.wall().now;
    let today = model.wall().day(now);
    if let Some(calendar) = calendar_mut(model) {
        calendar.settle(now, today);
    }
}

/// Moves the cursor: over the posts of the day, to another day, by all the days
/// on the screen, or to today.
pub fn step(model: &mut Model, does: Do) -> Vec<Effect> {
    let today = model.wall().day(model.now);
    let height = model.size.1;
    let Some(calendar) = calendar_mut(model) else {
        return Vec::new();
    };
    let days = |n: isize, of: usize| {
        let of = isize::try_from(of).unwrap_or(1);
        i64::try_from(n.saturating_mul(of)).unwrap_or(0)
    };
    match does {
        Do::Side(n) => calendar.turn(moved(calendar.day, days(n, 1))),
        Do::Page(n) => calendar.turn(moved(calendar.day, days(n, calendar.days))),
        Do::First => calendar.turn(today),
        Do::Move(n) => calendar.step(n),
        Do::Half(n) => {
            let half = isize::try_from(height / 4).unwrap_or(1).max(1);
            calendar.step(n.saturating_mul(half));
        }
        Do::Last => calendar.step(isize::MAX / 2),
        _ => {}
    }
    Vec::new()
}

/// Opens the story of the post with the cursor.
pub fn enter(model: &mut Model) -> Vec<Effect> {
    match model.calendar().and_then(Calendar::chosen).cloned() {
        Some(view) => posts::open(model, view),
        None => Vec::new(),
    }
}
