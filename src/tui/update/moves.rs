//! Moving: cursor, panes, workspaces, and opening what is under the cursor.

use std::time::Duration;

use super::{acts, calendar, filter, loads, posts, wall};
use crate::ops::Scope;
use crate::tui::act::Effect;
use crate::tui::keys::Do;
use crate::tui::layout::layout;
use crate::tui::model::{Model, Only, Pane, Row, Sheet, Tone};

/// The details follow when the cursor rests this long: a run of moves costs
/// only the rows it touches.
const REST: Duration = Duration::from_millis(60);

/// The same over a slow line.
const REST_SLOW: Duration = Duration::from_millis(300);

/// Moves the cursor or the focus.
pub fn run(model: &mut Model, does: Do) -> Vec<Effect> {
    match does {
        Do::Turn(forwards) => {
            let step = if forwards { 1 } else { 3 };
            let here = model.focus.number() - 1;
            return focus(model, Pane::ALL[(here + step) % 4]);
        }
        Do::Focus(pane) => return focus(model, pane),
        _ => {}
    }
    if matches!(model.sheets.last(), Some(Sheet::Wall(_))) {
        return wall::step(model, does);
    }
    if matches!(model.sheets.last(), Some(Sheet::Calendar(_))) {
        return calendar::step(model, does);
    }
    let page = isize::try_from(page(model)).unwrap_or(1).max(1);
    let by = match does {
        Do::Move(by) => by,
        Do::Half(by) => by * (page / 2).max(1),
        Do::Page(by) => by * page,
        Do::First => isize::MIN / 2,
        Do::Last => isize::MAX / 2,
        _ => 0,
    };
    step(model, by)
}

/// Rows of the pane with the focus.
fn page(model: &Model) -> u16 {
    let plan = model.plan(model.size);
    match model.focus {
        Pane::Details => plan.details.height,
        pane => plan.pane(pane, model.list).height,
    }
}

fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    match model.sheets.last_mut() {
        Some(Sheet::Help(_) | Sheet::Workspaces(_) | Sheet::Networks(_) | Sheet::Drafts(_)) => {
            choose(model, by);
            return Vec::new();
        }
        Some(Sheet::Find(find)) => {
            find.step(by);
            return Vec::new();
        }
        Some(Sheet::Story(story)) => {
            let last = story
                .why
                .as_ref()
                .map_or(0, |why| why.events.len().saturating_sub(1));
            story.scroll = story.scroll.saturating_add_signed(by).min(last);
            return Vec::new();
        }
        Some(Sheet::Plan(plan)) => {
            plan.step(by);
            return Vec::new();
        }
        Some(Sheet::Runbook(sheet)) => {
            sheet.step(by);
            return Vec::new();
        }
        Some(Sheet::Handover(_)) => {
            scroll_handover(model, by);
            return Vec::new();
        }
        Some(Sheet::Channel(_) | Sheet::Group(_)) => {
            scroll_details(model, by);
            return Vec::new();
        }
        Some(_) => return Vec::new(),
        None => {}
    }
    match model.focus {
        Pane::Channels => model.channels.step(by),
        Pane::Notices => model.news.step(by),
        Pane::Queue => {
            model.queue.step(by);
            if model.queue.grow() {
                model.stretch_range();
                return vec![loads::queue_anew(model)];
            }
        }
        Pane::Details => {
            scroll_details(model, by);
            return Vec::new();
        }
    }
    model.stretch_range();
    model.details_scroll = 0;
    let rest = if model.set.slow { REST_SLOW } else { REST };
    model.moving = Some(model.boot + rest);
    Vec::new()
}

/// Folds what is below the nearest head over the cursor away, or shows what is
/// below the head under it.
pub fn fold(model: &mut Model, away: bool) -> Vec<Effect> {
    let folded = if away {
        model.channels.fold()
    } else {
        model.channels.unfold()
    };
    if folded {
        model.details_scroll = 0;
    }
    Vec::new()
}

fn scroll_handover(model: &mut Model, by: isize) {
    let most = match model.sheets.last() {
        Some(Sheet::Handover(sheet)) => crate::tui::view::handover_overflow(model, sheet),
        _ => 0,
    };
    if let Some(Sheet::Handover(sheet)) = model.sheets.last_mut() {
        sheet.scroll = sheet.scroll.saturating_add_signed(by).min(most);
    }
}

fn scroll_details(model: &mut Model, by: isize) {
    let to = isize::try_from(model.details_scroll)
        .unwrap_or(0)
        .saturating_add(by);
    model.details_scroll = u16::try_from(to.max(0)).unwrap_or(u16::MAX);
}

fn choose(model: &mut Model, by: isize) {
    let len = match model.sheets.last() {
        Some(Sheet::Help(help)) => super::found::keys(model, help.search.text()).len(),
        Some(Sheet::Workspaces(choice)) => super::found::workspaces(model, choice).len(),
        Some(Sheet::Networks(choice)) => super::found::networks(model, choice.search.text()).len(),
        Some(Sheet::Drafts(choice)) => super::found::drafts(model, choice.search.text()).len(),
        _ => 0,
    };
    let last = len.saturating_sub(1);
    match model.sheets.last_mut() {
        Some(Sheet::Help(help)) => {
            help.selected = help.selected.saturating_add_signed(by).min(last);
        }
        Some(Sheet::Workspaces(choice) | Sheet::Networks(choice) | Sheet::Drafts(choice)) => {
            choice.selected = choice.selected.saturating_add_signed(by).min(last);
        }
        _ => {}
    }
}

/// Gives a pane the focus. Leaving a list settles its order.
pub fn focus(model: &mut Model, pane: Pane) -> Vec<Effect> {
    let left = model.focus;
    model.focus = pane;
    model.moving = None;
    if pane != Pane::Details && pane != model.list {
        model.list = pane;
        model.details_scroll = 0;
    }
    if left == pane {
        return Vec::new();
    }
    match left {
        Pane::Channels if model.channels.is_unsettled() => filter::settle_channels(model),
        Pane::Notices => model.news.settle(),
        _ => {}
    }
    // Where there is no room for details beside the list, they are a sheet.
    if pane == Pane::Details && !has_details(model) {
        model.focus = model.list;
        return open(model);
    }
    Vec::new()
}

fn has_details(model: &Model) -> bool {
    let plan = layout(model.size.0, model.size.1, false);
    !plan.details.is_empty()
}

/// Opens what is under the cursor: a channel's details, a post's story, what a
/// notice is about.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if model.wall_of_tiles().is_some() {
        return wall::enter(model);
    }
    if model.in_calendar() {
        return calendar::enter(model);
    }
    match model.list {
        Pane::Queue => posts::story(model),
        Pane::Notices => open_notice(model),
        _ => {
            if let Some(Row::Section(_)) = model.channels.rows().selected() {
                return fold(model, false);
            }
            if has_details(model) {
                return focus(model, Pane::Details);
            }
            let sheet = match model.channels.rows().selected() {
                Some(Row::Channel(id)) => Sheet::Channel(id.clone()),
                Some(Row::Login(id)) => Sheet::Group(id.clone()),
                _ => return Vec::new(),
            };
            super::beside::begin(model);
            model.sheets.push(sheet);
            Vec::new()
        }
    }
}

fn open_notice(model: &mut Model) -> Vec<Effect> {
    let Some(notice) = model.news.selected().cloned() else {
        return Vec::new();
    };
    let mut effects: Vec<Effect> = acts::read(model).into_iter().collect();
    if let Some(id) = &notice.delivery_id
        && model.queue.select(id)
    {
        effects.extend(focus(model, Pane::Queue));
        effects.extend(posts::story(model));
        return effects;
    }
    let Some(id) = &notice.channel_id else {
        return effects;
    };
    effects.extend(focus(model, Pane::Channels));
    if !model.channels.select(id) {
        let text = match model.channels.get(id) {
            Some(_) => "That channel is in another workspace; 0 shows all.",
            None => "That channel is not connected any more.",
        };
        model.line.say(Tone::Quiet, text, model.boot);
    }
    effects
}

/// Paints and orders everything anew.
pub fn repaint(model: &mut Model) -> Vec<Effect> {
    filter::settle_channels(model);
    model.news.settle();
    wall::settle(model, true);
    let mut effects = vec![Effect::Repaint];
    effects.extend(loads::first(model));
    effects
}

/// Shows these workspaces.
pub fn show(model: &mut Model, scope: Scope) -> Vec<Effect> {
    model.scope = scope;
    // What was not read so far is not new for that.
    model.news.newest = None;
    model.only = None;
    filter::settle_channels(model);
    model.channels.offset = 0;
    model.queue.forget();
    vec![
        loads::queue_anew(model),
        loads::news_anew(model),
        loads::since_anew(model),
    ]
}

/// Shows the queue and the notices of the row under the cursor alone, or all
/// again.
pub fn only(model: &mut Model) -> Vec<Effect> {
    let Some(here) = model.only_here() else {
        return Vec::new();
    };
    let shown = |only: &Only| here.channels.iter().all(|id| only.channels.contains(id));
    let again = model.only.as_ref().is_some_and(shown);
    show_only(model, (!again).then_some(here))
}

/// Shows the queue and the notices of these channels, or of all.
pub fn show_only(model: &mut Model, only: Option<Only>) -> Vec<Effect> {
    model.only = only;
    filter::show_notices(model, true);
    model.queue.reopen();
    vec![loads::queue_anew(model)]
}
