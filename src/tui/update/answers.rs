//! How acts ended, and what sheets had asked.

use crate::domain::ids::ChannelId;
use crate::ops::OpError;
use crate::tui::act::{Answered, Done, Effect};
use crate::tui::model::requests::RequestId;
use crate::tui::model::runbook::HandingOver;
use crate::tui::model::{Dirty, Model, Pane, Sheet, Tone};

/// Takes an answer.
pub fn answered(model: &mut Model, id: RequestId, answered: Answered) -> Vec<Effect> {
    model.touch(Dirty::Background);
    match answered {
        Answered::Act(Ok(done)) => return went_well(model, id, done),
        Answered::Act(Err(error)) => did_not(model, id, error),
        Answered::Why(result) => {
            for sheet in &mut model.sheets {
                if let Sheet::Story(story) = sheet
                    && story.asked == id
                {
                    match result {
                        Ok(why) => {
                            story.delivery = why.delivery.clone();
                            story.why = Some(*why);
                        }
                        Err(error) => story.error = Some(error),
                    }
                    break;
                }
            }
        }
        Answered::Desk(result) => return super::composing::desk(model, id, result),
        Answered::Near(result) => super::composing::neighbours(model, id, result),
        Answered::Post(result) => return super::composing::opened(model, id, result),
        Answered::File(result) => return super::composing::taken(model, id, result),
        Answered::Kept(result) => return super::composing::kept(model, id, result),
        Answered::Edited(result) => return super::composing::edited(model, id, result),
        Answered::Found(result) => return super::find::found(model, id, result),
        Answered::Plan(result) => super::plan::loaded(model, id, result),
        Answered::Runbook(result) => {
            let result = result.map(|walk| *walk);
            return super::runbook::loaded(model, id, result)
                .into_iter()
                .collect();
        }
        Answered::Handover(result) => super::runbook::told(model, id, result),
        Answered::Counts(result) => {
            let boot = model.boot;
            for sheet in &mut model.sheets {
                if let Sheet::Disconnect(sheet) = sheet
                    && sheet.asked == id
                {
                    match result {
                        Ok(counts) => {
                            sheet.counts = Some(counts);
                            sheet.since = Some(boot);
                        }
                        Err(error) => sheet.error = Some(error),
                    }
                    break;
                }
            }
        }
    }
    Vec::new()
}

/// Whether a sheet waits for this request.
fn waits(sheet: &Sheet, id: RequestId) -> bool {
    match sheet {
        Sheet::Login(login) => login.busy == Some(id),
        Sheet::Story(story) => story.busy == Some(id),
        Sheet::Plan(plan) => plan.busy == Some(id),
        Sheet::Time(sheet) => sheet.busy == Some(id),
        Sheet::Aside(sheet) => sheet.busy == Some(id),
        _ => false,
    }
}

fn went_well(model: &mut Model, id: RequestId, done: Done) -> Vec<Effect> {
    model.sheets.retain(|sheet| !waits(sheet, id));
    super::composing::finished(model, id);
    show(model, done.channel.as_ref());
    let mut effects = super::logins::give_up_for(model, done.channel.as_ref());
    effects.extend(super::plan::after_login(model, done.channel.as_ref()));
    if !done.receipt.is_empty() {
        receipt(model, &done);
    }
    let text = match model.marks.told(id) {
        None => done.text,
        // Of the marks before what may be done about it.
        Some(of) => match done.text.split_once(" · ") {
            Some((head, rest)) => format!("{head}{of} · {rest}"),
            None => format!("{} ({})", done.text, of.trim_start_matches(" of ")),
        },
    };
    if !text.is_empty() {
        model
            .line
            .say_with(Tone::Good, text, done.command, model.boot);
    }
    effects
}

/// Shows what went and what stayed; below what the operator is busy with.
fn receipt(model: &mut Model, done: &Done) {
    let asked = model.requests.fresh();
    let lines = done.receipt.clone();
    let sheet = HandingOver::of("Disconnected for good".into(), lines, asked);
    let wall = matches!(model.sheets.first(), Some(Sheet::Wall(_)));
    let sheet = Sheet::Handover(Box::new(sheet));
    model.sheets.insert(usize::from(wall), sheet);
}

/// What was just connected is looked at, wherever it sorts.
pub fn show(model: &mut Model, channel: Option<&ChannelId>) {
    let Some(channel) = channel else {
        return;
    };
    super::filter::settle_channels(model);
    if !model.channels.select(channel) {
        model.channels.wanted = Some(channel.clone());
    }
    model.list = Pane::Channels;
    if model.focus != Pane::Details {
        model.focus = Pane::Channels;
    }
}

fn did_not(model: &mut Model, id: RequestId, error: OpError) {
    let Some(error) = super::composing::not_finished(model, id, error) else {
        return;
    };
    for sheet in &mut model.sheets {
        match sheet {
            Sheet::Login(login) if login.busy == Some(id) => {
                login.busy = None;
                login.error = Some(error);
                return;
            }
            Sheet::Story(story) if story.busy == Some(id) => {
                story.busy = None;
                story.error = Some(error);
                return;
            }
            Sheet::Plan(plan) if plan.busy == Some(id) => {
                plan.busy = None;
                plan.error = Some(error);
                return;
            }
            Sheet::Time(sheet) if sheet.busy == Some(id) => {
                sheet.busy = None;
                sheet.error = Some(error);
                return;
            }
            Sheet::Aside(sheet) if sheet.busy == Some(id) => {
                sheet.busy = None;
                sheet.error = Some(error);
                return;
            }
            _ => {}
        }
    }
    model.line.say(Tone::Bad, error.to_string(), model.boot);
}
