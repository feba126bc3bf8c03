//! What is read from the store, when, and what its answers change.

use super::{calendar, filter, wall};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::notice::Severity;
use crate::ops::OpError;
use crate::ops::views::{ChannelView, Lamp};
use crate::store::changes::Changes;
use crate::store::notices::Notice;
use crate::tui::act::{Effect, Load, Window};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Pane, Sheet, Slot, Tone};
use crate::tui::msg::Loaded;
use crate::tui::widgets::text::one_line;

/// More changed channels than this are read all at once.
const MANY: usize = 200;

/// Everything a screen begins with.
pub fn first(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    effects.extend(hub(model));
    // Before what takes long: who quits at once is asked all the same.
    effects.extend(due_soon(model));
    effects.extend(all_channels(model));
    effects.extend(queue(model));
    effects.extend(calendar::read(model));
    effects.extend(news(model));
    effects.extend(since(model));
    effects
}

/// Reads what is broken: before everything else, which would only slow it down.
/// Whoever asked for one channel must not find the cursor on another one until
/// all are there.
pub fn broken_channels(model: &mut Model) -> Option<Effect> {
    let wanted = model.channels.wanted.is_some();
    (!wanted).then(|| Effect::Load(model.requests.fresh(), Load::BrokenChannels))
}

/// Reads every channel.
pub fn all_channels(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::Channels)?;
    if !model.channels.loaded() {
        return Some(Effect::Load(id, Load::AllChannels));
    }
    // Nobody waits for them: in portions neither keys wait nor is there ever a
    // second list of all of them.
    model.channels.begin_again();
    Some(Effect::Load(id, Load::SomeChannels(0)))
}

/// Reads the window of the queue.
pub fn queue(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::Queue)?;
    Some(queue_as(model, id))
}

/// Counts what is due within a day.
pub fn due_soon(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::DueSoon)?;
    Some(Effect::Load(id, Load::DueSoon))
}

/// Reads another window of the queue; one under way does not count any more.
pub fn queue_anew(model: &mut Model) -> Effect {
    let id = model.requests.overtake(Slot::Queue);
    queue_as(model, id)
}

fn queue_as(model: &Model, id: RequestId) -> Effect {
    Effect::Load(
        id,
        Load::Queue {
            workspace: model.scope.workspace().cloned(),
            channels: model
                .only
                .as_ref()
                .map_or_else(Vec::new, |only| only.channels.clone()),
            filter: model.filters.of(Pane::Queue).filter.clone(),
            past: model.queue.past,
            future: model.queue.future,
        },
    )
}

/// Reads notices and incidents.
pub fn news(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::News)?;
    Some(Effect::Load(
        id,
        Load::News(model.scope.workspace().cloned()),
    ))
}

/// Reads notices of another workspace.
pub fn news_anew(model: &mut Model) -> Effect {
    let id = model.requests.overtake(Slot::News);
    Effect::Load(id, Load::News(model.scope.workspace().cloned()))
}

/// Counts what happened since the operator was here last.
pub fn since(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::Since)?;
    Some(since_as(model, id))
}

/// Counts it in another workspace.
pub fn since_anew(model: &mut Model) -> Effect {
    let id = model.requests.overtake(Slot::Since);
    since_as(model, id)
}

fn since_as(model: &Model, id: RequestId) -> Effect {
    let workspace = model.scope.workspace().cloned();
    Effect::Load(id, Load::Since(workspace, model.news.since.at))
}

/// Reads workspaces and people.
pub fn hub(model: &mut Model) -> Option<Effect> {
    let id = model.requests.begin(Slot::Hub)?;
    Some(Effect::Load(id, Load::Hub))
}

/// Reads these channels, and those of these posts.
fn some_channels(model: &mut Model, channels: Vec<ChannelId>, of: Vec<DeliveryId>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !channels.is_empty() {
        let id = model.requests.fresh();
        effects.push(Effect::Load(id, Load::Channels(channels)));
    }
    if !of.is_empty() {
        let id = model.requests.fresh();
        effects.push(Effect::Load(id, Load::ChannelsOf(of)));
    }
    effects
}

/// Reads once more what changed while all channels were being read.
fn meanwhile(model: &mut Model) -> Vec<Effect> {
    let (mut channels, mut of) = std::mem::take(&mut model.channels.meanwhile);
    channels.sort();
    channels.dedup();
    of.sort();
    of.dedup();
    if channels.len() + of.len() > MANY {
        return all_channels(model).into_iter().collect();
    }
    some_channels(model, channels, of)
}

/// Reads what a change of the store touches, and nothing else.
pub fn changed(model: &mut Model, changes: &Changes) -> Vec<Effect> {
    let mut effects = Vec::new();
    let of = |kind: &str| -> Vec<&String> {
        changes
            .objects
            .iter()
            .filter(|(named, _)| named == kind)
            .map(|(_, object)| object)
            .collect()
    };
    let deliveries = of("delivery");
    if deliveries.len() + changes.channels.len() > MANY {
        effects.extend(all_channels(model));
    } else {
        let of: Vec<DeliveryId> = deliveries
            .iter()
            .map(|id| DeliveryId::from_stored(id.as_str()))
            .collect();
        if model.requests.is_open(Slot::Channels) {
            let (channels, posts) = &mut model.channels.meanwhile;
            channels.extend_from_slice(&changes.channels);
            posts.extend_from_slice(&of);
        }
        effects.extend(some_channels(model, changes.channels.clone(), of));
    }
    // What holds a post is the state of its channel.
    if !deliveries.is_empty() || !changes.channels.is_empty() {
        effects.extend(queue(model));
        effects.extend(calendar::read(model));
        effects.extend(since(model));
        let all = !deliveries.is_empty();
        effects.extend(super::beside::dues_changed(model, all, &changes.channels));
    }
    if !deliveries.is_empty() {
        effects.extend(due_soon(model));
        for writing in &mut model.writings {
            writing.near.changed();
        }
    }
    if !deliveries.is_empty() || !changes.channels.is_empty() {
        effects.extend(super::plan::again(model));
        effects.extend(super::runbook::again(model));
        effects.extend(super::posts::story_again(model, &deliveries));
    }
    if !of("notice").is_empty() || !of("incident").is_empty() {
        effects.extend(news(model));
    }
    effects
}

/// Takes an answer.
pub fn loaded(model: &mut Model, id: RequestId, loaded: Loaded) -> Vec<Effect> {
    match loaded {
        Loaded::BrokenChannels(result) => {
            begin(model, result);
            Vec::new()
        }
        Loaded::AllChannels(result) => {
            if model.requests.end(Slot::Channels, id)
                && let Some(views) = told(model, result)
            {
                model.channels.replace(views);
                // The broken ones stay where they are, with the cursor on one
                // of them: the others come below.
                filter::settle_channels(model);
                go_to_wanted(model);
                wall::settle(model, false);
                model.touch(Dirty::Background);
            }
            all_read(model)
        }
        Loaded::SomeChannels(result) => {
            if !model.requests.counts(Slot::Channels, id) {
                return Vec::new();
            }
            // What cannot be read stays as it was.
            let Some(portion) = told(model, result) else {
                model.requests.end(Slot::Channels, id);
                return all_read(model);
            };
            for view in portion.views {
                model.channels.put(view);
            }
            if model.channels.changed {
                model.touch(Dirty::Background);
            }
            if let Some(next) = portion.next {
                return vec![Effect::Load(id, Load::SomeChannels(next))];
            }
            model.requests.end(Slot::Channels, id);
            settle(model);
            wall::settle(model, false);
            // Asked for by name before they are taken for gone.
            let missing = model.channels.not_seen();
            let mut effects = some_channels(model, missing, Vec::new());
            effects.extend(all_read(model));
            effects
        }
        Loaded::Channels(views) => {
            take_channels(model, views);
            model.touch(Dirty::Background);
            Vec::new()
        }
        Loaded::Queue(result) => {
            if model.requests.end(Slot::Queue, id)
                && let Some(window) = told(model, result)
            {
                take_window(model, window);
                model.touch(Dirty::Background);
            }
            again(model, Slot::Queue)
        }
        Loaded::Calendar(result) => {
            if model.requests.end(Slot::Calendar, id) {
                match told(model, result) {
                    Some(window) => calendar::take(model, window),
                    None => calendar::failed(model),
                }
                model.touch(Dirty::Background);
            }
            again(model, Slot::Calendar)
        }
        Loaded::News(result) => {
            let mut told_of = None;
            if model.requests.end(Slot::News, id)
                && let Some((notices, incidents)) = told(model, result)
            {
                let moving = model.focus != Pane::Notices;
                told_of = broke(model, &notices);
                model.news.take(notices);
                filter::show_notices(model, moving);
                model.news.incidents = incidents;
                model.touch(Dirty::Background);
            }
            let mut effects = again(model, Slot::News);
            effects.extend(told_of);
            effects
        }
        Loaded::Hub(result) => {
            if model.requests.end(Slot::Hub, id)
                && let Some((workspaces, people)) = told(model, result)
            {
                model.workspaces = workspaces;
                model.people = people;
                wall::settle(model, false);
                model.touch(Dirty::Background);
            }
            let mut effects = again(model, Slot::Hub);
            effects.extend(super::composer::wanted(model));
            effects
        }
        Loaded::Days(result) => {
            super::beside::days(model, id, result);
            Vec::new()
        }
        Loaded::Dues(result) => {
            super::beside::dues(model, id, result);
            again(model, Slot::Dues)
        }
        Loaded::DueSoon(result) => {
            let asked =
                model.due_soon.is_none() && matches!(model.sheets.last(), Some(Sheet::Quit(_)));
            if model.requests.end(Slot::DueSoon, id)
                && let Some(due) = told(model, result)
                && Some(due) != model.due_soon
            {
                model.due_soon = Some(due);
                model.touch(Dirty::Background);
                if asked && due == 0 {
                    // The question was there only because nobody knew yet.
                    return vec![Effect::Quit];
                }
            }
            again(model, Slot::DueSoon)
        }
        Loaded::Page(result) => {
            super::beside::page(model, id, *result);
            Vec::new()
        }
        Loaded::Since(result) => {
            if model.requests.end(Slot::Since, id)
                && let Some(since) = told(model, result)
            {
                model.news.since = since;
                model.touch(Dirty::Background);
            }
            again(model, Slot::Since)
        }
    }
}

/// What waited for all channels.
fn all_read(model: &mut Model) -> Vec<Effect> {
    let mut effects = again(model, Slot::Channels);
    effects.extend(meanwhile(model));
    effects.extend(super::composer::wanted(model));
    effects
}

/// What the desktop is told of news, if that is wanted: what broke, and nothing
/// that was there before.
fn broke(model: &Model, notices: &[Notice]) -> Option<Effect> {
    let newest = model.news.newest.filter(|_| model.set.notify)?;
    let new = |one: &&Notice| {
        one.severity == Severity::Broken && one.read_at.is_none() && one.created_at > newest
    };
    let all: Vec<&Notice> = notices.iter().filter(new).collect();
    let text = match (all.first()?, all.len() - 1) {
        (first, 0) => first.text.clone(),
        (first, more) => format!("{} · {more} more", first.text),
    };
    Some(Effect::Notify(one_line(&text)))
}

/// The value, or its error on the status line.
fn told<T>(model: &mut Model, result: Result<T, OpError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            model.touch(Dirty::Background);
            model.line.say(Tone::Bad, error.to_string(), model.boot);
            None
        }
    }
}

fn again(model: &mut Model, slot: Slot) -> Vec<Effect> {
    if !model.requests.take_again(slot) {
        return Vec::new();
    }
    let effect = match slot {
        Slot::Channels => all_channels(model),
        Slot::Queue => queue(model),
        Slot::Calendar => calendar::read(model),
        Slot::News => news(model),
        Slot::Hub => hub(model),
        Slot::Since => since(model),
        Slot::DueSoon => due_soon(model),
        Slot::Dues => super::beside::dues_again(model),
        // What overtakes is never repeated.
        Slot::Days | Slot::Page => None,
    };
    effect.into_iter().collect()
}

/// Takes the broken channels, if they are there before the others.
fn begin(model: &mut Model, broken: Result<Vec<ChannelView>, OpError>) {
    // What went wrong is said by the answer with all of them.
    if let (false, Ok(broken)) = (model.channels.knows(Lamp::Broken), broken) {
        model.channels.begin(broken);
        filter::settle_channels(model);
        // What the screen was opened for.
        model.touch(Dirty::Input);
    }
}

fn settle(model: &mut Model) {
    keep(model);
    go_to_wanted(model);
}

/// Orders the channels, unless the cursor is among them: then only what is
/// gone leaves.
fn keep(model: &mut Model) {
    let here = model.focus == Pane::Channels && model.channels.rows().selected_line().is_some();
    if here {
        model.channels.drop_gone();
    } else {
        filter::settle_channels(model);
    }
}

/// Puts the cursor on the channel that was asked for.
fn go_to_wanted(model: &mut Model) {
    if let Some(wanted) = model.channels.wanted.take() {
        filter::settle_channels(model);
        let selected = model.channels.select(&wanted);
        // Not there at all: it comes with a later answer.
        if !selected && model.channels.get(&wanted).is_none() {
            model.channels.wanted = Some(wanted);
        }
    }
}

fn take_channels(model: &mut Model, views: Vec<(ChannelId, Option<ChannelView>)>) {
    let mut moved = false;
    for (id, view) in views {
        match view {
            Some(view) => moved |= model.channels.put(view),
            None => {
                model.channels.forget(&id);
                moved = true;
            }
        }
    }
    if moved || model.channels.wanted.is_some() {
        settle(model);
    }
}

fn take_window(model: &mut Model, window: Window) {
    model.queue.more_past = window.more_past;
    model.queue.more_future = window.more_future;
    let now = model.wall().now;
    model.queue.replace(window.views, now);
}
