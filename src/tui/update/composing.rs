//! What a composer waits for: its draft kept, its post read, a file taken in,
//! an editor ended, the post scheduled.

use std::time::Duration;

use crate::domain::ids::ChannelId;
use crate::ops::OpError;
use crate::ops::posts::{Desk, Kept};
use crate::ops::views::PostView;
use crate::store::posts::Medium;
use crate::support::time::UtcMs;
use crate::tui::act::{Effect, Load};
use crate::tui::model::composer::{Composer, Kind, Networks, Part};
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Pane, Sheet, Tone};

/// Keeps what is due to be kept.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    let boot = model.boot;
    keep(model, |one| {
        let due = one.keeping.due().is_some_and(|at| at <= boot);
        one.is_unkept() && one.busy.is_none() && due
    })
}

/// What is said when a composer is left with something in it.
fn parting(kind: Kind) -> &'static str {
    match kind {
        Kind::New => "Draft kept · n, then Drafts, goes on with it",
        Kind::Waiting => {
            "Not saved: the post is as it was. Yours is kept as a draft: n, then Drafts"
        }
    }
}

/// The composer on top is being left: says where its text is.
pub fn part(model: &mut Model) {
    let boot = model.boot;
    let Some(one) = top(model) else {
        return;
    };
    let kept = !one.is_unkept() && one.keeping.at.is_some();
    let text = parting(one.kind);
    if kept {
        model.line.say(Tone::Good, text, boot);
    }
}

/// Keeps what was left: the sheet is closed, or the screen is (`all`). What is
/// kept and has no sheet any more goes.
pub fn settle(model: &mut Model, all: bool) -> Vec<Effect> {
    if model.writings.is_empty() {
        return Vec::new();
    }
    let open: Vec<RequestId> = model
        .sheets
        .iter()
        .filter_map(|sheet| match sheet {
            Sheet::Composer(id) => Some(*id),
            _ => None,
        })
        .collect();
    let effects = keep(model, |one| {
        let closed = !open.contains(&one.id) && one.keeping.under_way.is_none();
        one.is_unkept() && one.busy.is_none() && (all || closed)
    });
    model.writings.retain(|one| {
        let waits = one.is_unkept() || one.keeping.under_way.is_some();
        open.contains(&one.id) || waits || one.busy.is_some() || one.taking.is_some()
    });
    effects
}

fn keep(model: &mut Model, which: impl Fn(&Composer) -> bool) -> Vec<Effect> {
    let mut effects = Vec::new();
    for one in &mut model.writings {
        if which(one) {
            let request = model.requests.fresh();
            one.keeping.begin(request);
            effects.push(Effect::Keep(request, one.id, Box::new(one.writing())));
        }
    }
    effects
}

/// A draft was kept, or not: then its sheet comes back, so that nothing typed
/// is lost unseen.
pub fn kept(
    model: &mut Model,
    id: RequestId,
    result: Result<Option<Kept>, OpError>,
) -> Vec<Effect> {
    let boot = model.boot;
    let waits = |one: &&mut Composer| one.keeping.under_way.is_some_and(|(by, _)| by == id);
    let Some(one) = model.writings.iter_mut().find(waits) else {
        return Vec::new();
    };
    let composer = one.id;
    let open = |sheet: &Sheet| matches!(sheet, Sheet::Composer(of) if *of == composer);
    let closed = !model.sheets.iter().any(open);
    match result {
        // It is scheduled or saved meanwhile.
        Ok(None) => {}
        Ok(Some(kept)) => {
            one.keeping.end(Ok(kept.at), boot);
            if let Some(beside) = kept.beside {
                let text = format!("{beside}: yours is a draft of its own beside it.");
                model.line.say(Tone::Bad, text.clone(), boot);
                one.keeping.beside = Some(text);
            } else if closed && !one.is_unkept() && model.pending.is_empty() {
                let text = parting(one.kind);
                model.line.say(Tone::Good, text, boot);
            }
        }
        Err(error) => {
            let text = format!("The draft is NOT kept: {error}");
            model.line.say(Tone::Bad, text, boot);
            one.keeping.end(Err(error.what), boot);
            if closed {
                model.sheets.push(Sheet::Composer(composer));
            }
        }
    }
    Vec::new()
}

/// Limits and drafts of a workspace are there.
pub fn desk(model: &mut Model, id: RequestId, result: Result<Box<Desk>, OpError>) -> Vec<Effect> {
    let networks = model.set.networks.clone();
    let Some(one) = model.writings.iter_mut().find(|one| one.asked == id) else {
        return Vec::new();
    };
    match result {
        Ok(desk) => {
            one.limits = desk.limits;
            one.drafts = desk.drafts;
            one.check(&networks);
        }
        Err(error) => one.error = Some(error),
    }
    Vec::new()
}

/// Asks what goes out near to what is written, when its time or its channels
/// changed, and a while after it could not be read.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    let (now, boot) = (model.now, model.boot);
    let mut effects = Vec::new();
    for at in 0..model.writings.len() {
        let zone = model.zone_of(&model.writings[at].workspace).to_owned();
        let place = model.writings[at].place(&zone, now);
        if let Some(place) = model.writings[at].near.wanted(place, boot) {
            let request = model.requests.fresh();
            model.writings[at].near.begin(request, &place);
            effects.push(Effect::Load(request, Load::Near(place)));
        }
    }
    effects
}

/// What goes out near to it is known.
pub fn neighbours(
    model: &mut Model,
    id: RequestId,
    result: Result<Vec<(ChannelId, UtcMs)>, OpError>,
) {
    let boot = model.boot;
    let all = model.writings.iter_mut();
    for one in all.filter(|one| one.near.waits_for(id)) {
        one.near.end(result.as_ref().ok(), boot);
    }
}

/// A post to write on is there.
pub fn opened(
    model: &mut Model,
    id: RequestId,
    result: Result<Box<PostView>, OpError>,
) -> Vec<Effect> {
    let (networks, now) = (model.set.networks.clone(), model.now);
    let waits = |one: &Composer| one.loading.as_ref().is_some_and(|load| load.request == id);
    let Some(at) = model.writings.iter().position(waits) else {
        return Vec::new();
    };
    let zone = model.zone_of(&model.writings[at].workspace).to_owned();
    let one = &mut model.writings[at];
    let Some(load) = one.loading.take() else {
        return Vec::new();
    };
    match result {
        Ok(view) => {
            one.take(&view, &zone, now, load.copy);
            if let Some(channel) = &load.on {
                let own = |target: &crate::tui::model::composer::Target| {
                    target.channel == *channel && target.own.is_some()
                };
                one.chosen = one.targets.iter().position(own).map_or(0, |at| at + 1);
            }
            one.check(&networks);
        }
        Err(error) => {
            let composer = one.id;
            model.line.say(Tone::Bad, error.to_string(), model.boot);
            model
                .sheets
                .retain(|sheet| !matches!(sheet, Sheet::Composer(of) if *of == composer));
        }
    }
    Vec::new()
}

/// A file was taken in.
pub fn taken(
    model: &mut Model,
    id: RequestId,
    result: Result<Box<Medium>, OpError>,
) -> Vec<Effect> {
    let (networks, boot) = (model.set.networks.clone(), model.boot);
    let waits = |one: &&mut Composer| one.taking == Some(id);
    let Some(one) = model.writings.iter_mut().find(waits) else {
        return Vec::new();
    };
    one.taking = None;
    match result {
        Ok(medium) => {
            one.media.push(*medium);
            one.medium = one.media.len();
            one.path.clear();
            touched(one, &networks, boot);
            model.touch(Dirty::Input);
        }
        Err(error) => model.line.say(Tone::Bad, error.to_string(), boot),
    }
    Vec::new()
}

/// A text came back from the editor.
pub fn edited(model: &mut Model, id: RequestId, result: Result<String, String>) -> Vec<Effect> {
    let (networks, boot) = (model.set.networks.clone(), model.boot);
    let waits = |one: &&mut Composer| one.editing.is_some_and(|(by, _)| by == id);
    let Some(one) = model.writings.iter_mut().find(waits) else {
        return Vec::new();
    };
    let whose = one.editing.take().map_or(0, |(_, whose)| whose);
    match result {
        Ok(text) => {
            one.chosen = whose;
            one.part = Part::To;
            let differs = one.area().text() != text;
            if differs {
                one.write(|area| {
                    area.replace(&text);
                    ((), true)
                });
                touched(one, &networks, boot);
                model.touch(Dirty::Input);
            }
        }
        Err(why) => {
            let text = format!("The text is as it was: {why}.");
            model.line.say(Tone::Bad, text, boot);
        }
    }
    Vec::new()
}

/// The composer on top was changed: it is looked at anew, and kept in a moment.
pub fn changed(model: &mut Model) {
    let (networks, boot) = (model.set.networks.clone(), model.boot);
    if let Some(one) = top(model) {
        touched(one, &networks, boot);
    }
    model.touch(Dirty::Input);
}

/// The same for one that may lie under another sheet.
fn touched(one: &mut Composer, networks: &Networks, boot: Duration) {
    one.error = None;
    one.keeping.change(boot);
    one.check(networks);
}

/// The composer on top.
pub fn top(model: &mut Model) -> Option<&mut Composer> {
    match model.sheets.last() {
        Some(Sheet::Composer(id)) => model.writings.iter_mut().find(|one| one.id == *id),
        _ => None,
    }
}

/// What was written is scheduled or saved: there is nothing left to keep.
pub fn finished(model: &mut Model, id: RequestId) {
    let Some(at) = model.writings.iter().position(|one| one.busy == Some(id)) else {
        return;
    };
    let one = model.writings.remove(at);
    let composer = one.id;
    if one.kind == Kind::New {
        // What they were marked for is done.
        model.marks.clear(Pane::Channels);
    }
    model
        .sheets
        .retain(|sheet| !matches!(sheet, Sheet::Composer(of) if *of == composer));
}

/// It was not: the composer says why. The error, when it is of no composer.
pub fn not_finished(model: &mut Model, id: RequestId, error: OpError) -> Option<OpError> {
    let boot = model.boot;
    let Some(one) = model.writings.iter_mut().find(|one| one.busy == Some(id)) else {
        return Some(error);
    };
    one.busy = None;
    let text = error.to_string();
    one.error = Some(error);
    let composer = one.id;
    model.line.say(Tone::Bad, text, boot);
    let open = |sheet: &Sheet| matches!(sheet, Sheet::Composer(of) if *of == composer);
    if !model.sheets.iter().any(open) {
        model.sheets.push(Sheet::Composer(composer));
    }
    None
}
