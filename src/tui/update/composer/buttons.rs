//! The buttons of the composer, and what is in the way of each.

use super::super::composing::top;
use crate::ops::posts::PostTime;
use crate::tui::act::{Act, Effect, Finish};
use crate::tui::model::composer::{Button, Part};
use crate::tui::model::line::COUNTDOWN;
use crate::tui::model::sheet::Choice;
use crate::tui::model::{Model, Pending, Sheet, Tone};

/// Does what the button under the cursor says.
pub(super) fn press(model: &mut Model) -> Vec<Effect> {
    let Some(one) = top(model) else {
        return Vec::new();
    };
    let Some(button) = one.buttons().get(one.button).copied() else {
        return Vec::new();
    };
    match button {
        Button::Draft => {
            super::super::composing::part(model);
            model.sheets.pop();
            return Vec::new();
        }
        Button::Drafts => {
            model.sheets.push(Sheet::Drafts(Choice::default()));
            return Vec::new();
        }
        Button::Schedule | Button::Now | Button::Save => {}
    }
    if one.busy.is_some() || one.loading.is_some() {
        return Vec::new();
    }
    if let Some((reason, at)) = in_the_way(model, button) {
        model.line.say(Tone::Bad, reason, model.boot);
        if let Some(one) = top(model) {
            match at {
                Where::Target(at) => (one.part, one.chosen) = (Part::To, at),
                Where::Part(part) => one.part = part,
            }
        }
        return Vec::new();
    }
    finish(model, button)
}

/// Where a problem is.
enum Where {
    Target(usize),
    Part(Part),
}

/// The first thing that keeps a button from its work.
fn in_the_way(model: &Model, button: Button) -> Option<(String, Where)> {
    let one = model.composer()?;
    if one.ticked().next().is_none() {
        let text = "Tick a channel first: Space.";
        return Some((text.into(), Where::Part(Part::To)));
    }
    if one.taking.is_some() {
        let text = "The file is still being taken in.";
        return Some((text.into(), Where::Part(Part::Media)));
    }
    if one.is_blank() {
        return Some(("Write something first.".into(), Where::Part(Part::Text)));
    }
    let wrong = one.targets.iter().position(|target| {
        target.ticked && target.closed.is_none() && !target.checks.problems.is_empty()
    });
    if let Some(at) = wrong {
        let problem = &one.targets[at].checks.problems[0];
        let text = format!("{} {}", problem.what, problem.hint);
        return Some((text, Where::Target(at + 1)));
    }
    if button == Button::Now {
        return None;
    }
    let zone = model.zone_of(&one.workspace);
    match one.meant(zone, model.now) {
        None if button == Button::Save => None,
        None => Some((
            "Say when it goes out: tomorrow 9:30.".into(),
            Where::Part(Part::When),
        )),
        Some(Err(error)) => Some((
            format!("{} {}", error.what, error.hint),
            Where::Part(Part::When),
        )),
        Some(Ok(_)) => None,
    }
}

fn finish(model: &mut Model, button: Button) -> Vec<Effect> {
    let request = model.requests.fresh();
    let boot = model.boot;
    let Some(one) = top(model) else {
        return Vec::new();
    };
    let writing = Box::new(one.writing());
    let how = match button {
        Button::Save => Finish::Save,
        Button::Now => Finish::Send(PostTime::Now),
        _ => Finish::Send(PostTime::At(writing.when.clone().unwrap_or_default())),
    };
    let act = Act::Finish(one.id, writing, how);
    if button == Button::Now {
        // The draft stays until the countdown is over, and when it is stopped.
        let n = one.ticked().count() as u64;
        let to = crate::tui::words::count(n, "channel", "channels");
        let text = format!("Publishing on {to}");
        one.keeping.change(boot);
        let at = boot + COUNTDOWN;
        model.pending.push(Pending { act, text, at });
        model.sheets.pop();
        return Vec::new();
    }
    one.busy = Some(request);
    one.error = None;
    vec![Effect::Act(request, act)]
}
