//! The release plan: opening it, answering post by post, doing it.

use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::release::Then;
use crate::ops::release::ChannelPlan;
use crate::ops::{OpError, civil};
use crate::tui::act::{Act, Effect, Load};
use crate::tui::acting;
use crate::tui::keys::Do;
use crate::tui::model::plan::Plan;
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Model, Pane, Sheet, Tone};

/// So many channels are in one plan; the rest comes when these are answered.
const MOST: usize = 200;

/// Opens the plan of every channel in view with late, held or missed posts.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let mut found: Vec<(bool, Option<_>, ChannelId)> = model
        .scoped()
        .filter_map(|view| {
            let (summary, missed) = (&view.summary, view.summary.count(State::Missed) > 0);
            let late = summary.next_due.is_some_and(|due| due < now);
            let fits = missed || late || view.held > 0;
            let first = summary.next_due;
            fits.then(|| (!missed && !late, first, summary.channel.id.clone()))
        })
        .collect();
    found.sort();
    let of: Vec<ChannelId> = found.into_iter().take(MOST).map(|(.., id)| id).collect();
    let asked = model.requests.fresh();
    let plan = Plan::new(of.clone(), asked);
    model.sheets.push(Sheet::Plan(Box::new(plan)));
    vec![Effect::Load(asked, Load::Plan(of))]
}

/// After a login: looks whether the posts of its channel need an answer.
pub fn after_login(model: &mut Model, channel: Option<&ChannelId>) -> Option<Effect> {
    let channel = channel?;
    let id = model.requests.fresh();
    model.mended = Some(id);
    Some(Effect::Load(id, Load::Plan(vec![channel.clone()])))
}

/// Asks again after a change; answers and marks stay.
pub fn again(model: &mut Model) -> Option<Effect> {
    let asked = model.requests.fresh();
    let plan = model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Plan(plan) => Some(plan),
        _ => None,
    })?;
    plan.asked = asked;
    Some(Effect::Load(asked, Load::Plan(plan.of.clone())))
}

/// Takes the plans that were asked for.
pub fn loaded(model: &mut Model, id: RequestId, result: Result<Vec<ChannelPlan>, OpError>) {
    let boot = model.boot;
    let here = model
        .channels
        .selected_id()
        .filter(|_| model.list == Pane::Channels)
        .cloned();
    if let Some(plan) = model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Plan(plan) if plan.asked == id => Some(plan),
        _ => None,
    }) {
        let first = plan.parts.is_none();
        match result {
            Ok(parts) => plan.take(parts, boot),
            Err(error) => plan.error = Some(error),
        }
        if let (true, Some(channel)) = (first, here) {
            plan.look_at(&channel);
        }
        return;
    }
    if model.mended != Some(id) {
        return;
    }
    model.mended = None;
    // A person in the middle of something else is not interrupted: the line
    // says what waits, and L opens it.
    let walks = matches!(model.sheets.last(), Some(Sheet::Runbook(_)));
    let free = (walks || model.sheets.is_empty()) && model.filters.typing.is_none();
    if let Ok(parts) = result
        && free
        && parts.iter().any(|part| !part.posts.is_empty())
    {
        let of = parts.iter().map(|part| part.channel.clone()).collect();
        let mut plan = Plan::new(of, id);
        plan.mended = true;
        plan.take(parts, boot);
        model.sheets.push(Sheet::Plan(Box::new(plan)));
    }
}

fn plan(model: &mut Model) -> Option<&mut Plan> {
    match model.sheets.last_mut() {
        Some(Sheet::Plan(plan)) if plan.busy.is_none() => {
            plan.error = None;
            Some(plan)
        }
        _ => None,
    }
}

/// Whether the keys are about a release plan.
pub fn is_open(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Plan(_)))
}

/// Folds, unfolds, marks.
pub fn run(model: &mut Model, does: Do) -> Vec<Effect> {
    if let Some(plan) = plan(model) {
        match does {
            Do::Fold(away) => plan.fold(!away),
            Do::Mark => plan.mark(),
            Do::Range => plan.mark_range(),
            _ => plan.mark_all(),
        }
    }
    Vec::new()
}

/// Answers for what is chosen; whether a plan is open to be answered.
pub fn answer(model: &mut Model, then: Then) -> bool {
    let Some(plan) = plan(model) else {
        return false;
    };
    plan.answer(|part, post| match then {
        // What is held cannot be sent, what is late cannot be put off.
        Then::Send if part.held.is_some() => None,
        Then::Later if !post.missed && part.held.is_none() => None,
        then => Some(then),
    });
    true
}

/// Leaves what is chosen undecided.
pub fn later(model: &mut Model) -> Vec<Effect> {
    answer(model, Then::Later);
    Vec::new()
}

/// Does what the plan says.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let request = model.requests.fresh();
    let Some(plan) = plan(model) else {
        return Vec::new();
    };
    let answers = plan.to_do();
    if answers.is_empty() {
        model.sheets.pop();
        let text = "Nothing was answered, nothing was changed.";
        model.line.say(Tone::Quiet, text, model.boot);
        return Vec::new();
    }
    plan.busy = Some(request);
    let command = command(model, &answers);
    vec![Effect::Act(request, Act::Settle(answers, command))]
}

/// The command line that does the same, where one does.
fn command(model: &Model, answers: &[(DeliveryId, Then)]) -> Option<String> {
    let Some(Sheet::Plan(plan)) = model.sheets.last() else {
        return None;
    };
    let ids: Vec<DeliveryId> = answers.iter().map(|(id, _)| id.clone()).collect();
    let all = |fits: fn(&Then) -> bool| answers.iter().all(|(_, then)| fits(then));
    let (late, missed): (Vec<_>, Vec<_>) = plan
        .posts()
        .filter(|(_, post)| ids.contains(&post.view.delivery.id))
        .partition(|(_, post)| !post.missed);
    if all(|then| *then == Then::Cancel) {
        return Some(format!("allgreen post cancel {}", acting::ids(&ids)));
    }
    if let [(id, Then::MoveTo(at))] = answers {
        let (_, post) = late.first().or(missed.first())?;
        let at = civil(*at, &post.view.delivery.timezone);
        return Some(format!("allgreen post reschedule {id} --at '{at}'"));
    }
    if !all(|then| *then == Then::Send) {
        return None;
    }
    if late.is_empty() {
        return Some(format!("allgreen post send {}", acting::ids(&ids)));
    }
    let part = plan.single().filter(|_| missed.is_empty())?;
    let name = model.channels.get(&part.channel)?.full_name();
    Some(format!("allgreen channel release {name}"))
}
