//! Keys about posts that are being written: where they go, and why one does
//! nothing here.

use super::reason::role;
use super::{Do, Place};
use crate::domain::delivery::State;
use crate::domain::role::Act;
use crate::ops::views::DeliveryView;
use crate::tui::layout;
use crate::tui::model::composer::{Button, Part};
use crate::tui::model::{Model, Sheet};

/// Where the keys go in the composer.
pub(super) fn place(model: &Model) -> Place {
    let Some(one) = model.composer() else {
        return Place::WriteAct;
    };
    match one.part {
        Part::To => Place::WriteTo,
        Part::Text => Place::WriteText,
        Part::Media if one.alt.is_none() && one.medium < one.media.len() => Place::WriteMedia,
        Part::Media | Part::When => Place::WriteField,
        Part::Late | Part::Buttons => Place::WriteAct,
    }
}

/// What Enter does there.
pub(super) fn go_word(model: &Model, word: &'static str) -> &'static str {
    let Some(one) = model.composer() else {
        return word;
    };
    match one.part {
        Part::Media if one.alt.is_some() => "keep it",
        Part::Media if one.medium == one.media.len() => match one.path.is_empty() {
            true => "",
            false => "add it",
        },
        Part::When => "to the buttons",
        Part::Late => "the other choice",
        Part::Buttons => match one.buttons().get(one.button) {
            Some(Button::Schedule) => "schedule it",
            Some(Button::Save) => "save it",
            Some(Button::Draft) => "leave it a draft",
            Some(Button::Now) => "publish it now",
            Some(Button::Drafts) => "choose one",
            None => word,
        },
        Part::To | Part::Text | Part::Media => word,
    }
}

/// Why a key of the composer does nothing now.
pub(super) fn here(model: &Model, does: Do) -> Option<String> {
    let one = model.composer()?;
    let target = one.target();
    if one.loading.is_some() && !matches!(does, Do::Back | Do::Quit | Do::Help | Do::Find) {
        return Some("the post is being read".into());
    }
    if one.busy.is_some() && !matches!(does, Do::Back | Do::Quit | Do::Help | Do::Find) {
        return Some("it is being stored".into());
    }
    match does {
        Do::Mark if one.part == Part::To => match target {
            None => Some("that is the text of all".into()),
            Some(target) => target.closed.map(|why| format!("it {why} already")),
        },
        Do::Cancel if one.part == Part::To => match target {
            Some(target) if target.own.is_some() => None,
            Some(_) => Some("it has the base text".into()),
            None => Some("this is the base text".into()),
        },
        Do::Edit if model.set.confined => Some("this session starts no other program".into()),
        Do::Fold(false) if one.preview => Some("this is the preview".into()),
        Do::Fold(false) => {
            let plan = layout::composer(model.size.0, model.size.1, one);
            (!plan.beside.is_empty()).then(|| "the preview is on the right".into())
        }
        Do::Fold(true) => (!one.preview).then(|| "the preview is not open".into()),
        _ => None,
    }
}

/// Why no new post can be begun here.
pub(super) fn new(model: &Model) -> Option<String> {
    match model.write_to() {
        Err(reason) => Some(reason.into()),
        Ok(None) => None,
        Ok(Some((workspace, _))) => role(model, &workspace, Act::Queue),
    }
}

/// Why `e` opens nothing here.
pub(super) fn edit(model: &Model) -> Option<String> {
    let view = match model.sheet() {
        Some(Sheet::Plan(plan)) => plan.under_cursor().map(|post| &post.view),
        _ => model.delivery(),
    };
    match view {
        None => Some("no post here".into()),
        Some(view) => is_writable(model, view),
    }
}

/// Why a post cannot be changed; `None` when it can.
pub fn is_writable(model: &Model, view: &DeliveryView) -> Option<String> {
    let refused = role(model, &view.delivery.workspace_id, Act::Queue);
    refused.or(match view.delivery.state {
        State::Draft | State::Scheduled | State::Failed | State::Missed => thread(view),
        State::Published => Some("it is live already; d writes another one".into()),
        State::Cancelled => Some("it was cancelled; d writes another one".into()),
        State::Sending | State::Unknown | State::Confirming => Some("it is on its way".into()),
        State::NeedsDecision => Some("decide about it first: Enter".into()),
    })
}

fn thread(view: &DeliveryView) -> Option<String> {
    (view.parts > 1).then(|| {
        format!(
            "a thread is changed with allgreen post edit {}",
            view.delivery.id
        )
    })
}

/// Why no other post like this one can be begun.
pub(super) fn duplicate(model: &Model) -> Option<String> {
    match model.delivery() {
        None => Some("no post here".into()),
        Some(view) => {
            let refused = role(model, &view.delivery.workspace_id, Act::Queue);
            refused.or_else(|| thread(view))
        }
    }
}
