//! The health check: walking through what needs a hand. Enter does the next
//! thing of a row; what it leads to lies over it, and leads back.

use super::{acts, posts, sheets};
use crate::domain::ids::ChannelId;
use crate::ops::handover::{Handover, name_of};
use crate::ops::runbook::{Of, Step, Walk, What, items, summary};
use crate::ops::views::{ChannelView, Lamp};
use crate::ops::{OpError, Scope};
use crate::tui::act::{Act, Effect, Load};
use crate::tui::keys::Do;
use crate::tui::model::next::Next;
use crate::tui::model::plan::Plan;
use crate::tui::model::requests::RequestId;
use crate::tui::model::runbook::{HandingOver, Runbook, Told};
use crate::tui::model::{Dirty, Model, Sheet, Tone};
use crate::tui::words;

/// So many channels are proved at once at the end.
const MOST: usize = 500;

/// Opens the health check of the workspaces in view.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let scope = match model.wall_of_tiles() {
        // On the wall it is about all of them; r is about a tile.
        Some(_) => Scope::All,
        None => model.scope.clone(),
    };
    let name = name_of(&scope, &model.workspaces);
    over(model, Of::Scope(scope), name)
}

/// Opens it over these.
pub fn over(model: &mut Model, of: Of, name: String) -> Vec<Effect> {
    let asked = model.requests.fresh();
    let sheet = Runbook::new(of.clone(), name, asked);
    model.sheets.push(Sheet::Runbook(Box::new(sheet)));
    vec![Effect::Load(asked, Load::Runbook(of, None))]
}

/// Opens it over the marked channels, where more than one login would mend them.
pub fn over_marks(model: &mut Model) -> Option<Vec<Effect>> {
    let chosen = model.chosen_channels();
    let broken = chosen.iter().filter(|view| view.lamp == Lamp::Broken);
    let ids: Vec<ChannelId> = broken.map(|view| view.summary.channel.id.clone()).collect();
    if logins_of(&chosen) < 2 {
        return None;
    }
    let name = words::count(ids.len() as u64, "marked channel", "marked channels");
    Some(over(model, Of::Channels(ids), name))
}

/// How many rows these channels make: one per login that mends.
pub fn logins_of(views: &[&ChannelView]) -> usize {
    let mut rows: Vec<&str> = views
        .iter()
        .filter(|view| view.lamp == Lamp::Broken)
        .map(|view| {
            let channel = &view.summary.channel;
            match &channel.login_id {
                Some(login) if view.mends_by_login() => login.as_str(),
                _ => channel.id.as_str(),
            }
        })
        .collect();
    rows.sort_unstable();
    rows.dedup();
    rows.len()
}

fn sheet(model: &mut Model) -> Option<&mut Runbook> {
    model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Runbook(sheet) => Some(&mut **sheet),
        _ => None,
    })
}

/// Reads it again after a change, one reading at a time.
pub fn again(model: &mut Model) -> Option<Effect> {
    let asked = model.requests.fresh();
    let sheet = sheet(model)?;
    if sheet.asked.is_some() {
        sheet.stale = true;
        return None;
    }
    sheet.asked = Some(asked);
    let begun = sheet.walk.as_ref().map(|walk| walk.begun.clone());
    Some(Effect::Load(asked, Load::Runbook(sheet.of.clone(), begun)))
}

/// Takes what was asked for.
pub fn loaded(model: &mut Model, id: RequestId, result: Result<Walk, OpError>) -> Option<Effect> {
    let sheet = sheet(model).filter(|sheet| sheet.asked == Some(id))?;
    sheet.asked = None;
    match result {
        Ok(walk) => sheet.take(walk),
        Err(error) => sheet.error = Some(error),
    }
    let stale = std::mem::take(&mut sheet.stale);
    model.touch(Dirty::Background);
    stale.then(|| again(model)).flatten()
}

/// Enter: the next thing to do in the row with the cursor.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Runbook(sheet)) = model.sheets.last() else {
        return Vec::new();
    };
    if sheet.is_over() {
        return prove_all(model);
    }
    let Some(step) = sheet.chosen().cloned() else {
        return Vec::new();
    };
    match model.next_of(&step) {
        Next::LogIn(view) => log_in(model, view),
        Next::Probe(views) => prove(model, &views),
        Next::Plan(_, of) => {
            let asked = model.requests.fresh();
            let plan = Plan::new(of.clone(), asked);
            model.sheets.push(Sheet::Plan(Box::new(plan)));
            vec![Effect::Load(asked, Load::Plan(of))]
        }
        Next::Open(view) => posts::open(model, view.clone()),
        Next::How(command) => {
            let text = format!("In a shell: {command} · y copies it");
            model.line.say(Tone::Quiet, text, model.boot);
            Vec::new()
        }
        Next::Nothing => Vec::new(),
    }
}

/// Whether the keys are about the health check.
pub fn is_open(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Runbook(_)))
}

/// `r` and `p` in the row with the cursor, whatever Enter would do there.
pub fn act(model: &mut Model, does: Do) -> Vec<Effect> {
    let Some(Sheet::Runbook(sheet)) = model.sheets.last() else {
        return Vec::new();
    };
    let channels = match sheet.chosen().map(|step| &step.what) {
        Some(What::Login { channels, .. } | What::Soon(channels)) => channels.clone(),
        _ => return Vec::new(),
    };
    match (does, channels.first()) {
        (Do::Reconnect, Some(first)) => log_in(model, first),
        _ => prove(model, &channels.iter().collect::<Vec<_>>()),
    }
}

fn log_in(model: &mut Model, view: &ChannelView) -> Vec<Effect> {
    let id = view.summary.channel.id.clone();
    if model.channels.get(&id).is_none() {
        return Vec::new();
    }
    if logins_may(model, view) {
        return sheets::reconnect_channel(model, &id);
    }
    let network = view.summary.channel.kind.network();
    let text = format!("{} is not built in yet", network.title());
    model.line.say(Tone::Quiet, text, model.boot);
    Vec::new()
}

/// Whether a login can be opened for a channel: its network is built in.
fn logins_may(model: &Model, view: &ChannelView) -> bool {
    !model.ways(view.summary.channel.kind.network()).is_empty()
}

fn prove(model: &mut Model, views: &[&ChannelView]) -> Vec<Effect> {
    let ids: Vec<ChannelId> = views
        .iter()
        .map(|view| view.summary.channel.id.clone())
        .collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let text = match views {
        [one] => format!("Probing {}…", words::channel(&one.summary.channel)),
        many => format!("Probing {} channels…", many.len()),
    };
    acts::begin(model, Act::Probe(ids), text)
}

/// At the end everything it was about is proved again.
fn prove_all(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Runbook(sheet)) = model.sheets.last() else {
        return Vec::new();
    };
    let all = model.to_prove_again(sheet);
    let (count, first) = (all.len(), all.into_iter().take(MOST).cloned());
    let first: Vec<ChannelView> = first.collect();
    let effects = prove(model, &first.iter().collect::<Vec<_>>());
    if count > MOST {
        let text = format!("Probing the first {MOST} of {count} channels…");
        model.line.say(Tone::Quiet, text, model.boot);
    }
    effects
}

/// What `y` copies: what it came to, else what is open with its commands.
pub fn text(model: &Model) -> Option<String> {
    let Some(Sheet::Runbook(sheet)) = model.sheets.last() else {
        return None;
    };
    let walk = sheet.walk.as_ref()?;
    let wall = model.wall();
    let hub = sheet.chosen().map(|step: &Step| &step.what);
    let lines = match hub {
        _ if sheet.is_over() => summary(walk, &sheet.name, &wall),
        Some(What::Hub {
            command: Some(command),
            ..
        }) => vec![command.clone()],
        _ => {
            let items = items(walk, &wall);
            let numbered = items.iter().enumerate();
            numbered
                .flat_map(|(at, item)| item.lines(at + 1, &wall))
                .collect()
        }
    };
    Some(lines.join("\n"))
}

/// Opens what is handed over.
pub fn hand_over(model: &mut Model) -> Vec<Effect> {
    let asked = model.requests.fresh();
    let name = name_of(&model.scope, &model.workspaces);
    model.sheets.push(Sheet::Handover(Box::new(HandingOver {
        title: format!("Handover · {name}"),
        name,
        asked,
        told: None,
        error: None,
        scroll: 0,
    })));
    vec![Effect::Load(asked, Load::Handover(model.scope.clone()))]
}

/// Takes what is handed over.
pub fn told(model: &mut Model, id: RequestId, result: Result<Box<Handover>, OpError>) {
    for sheet in &mut model.sheets {
        if let Sheet::Handover(sheet) = sheet
            && sheet.asked == id
        {
            match result {
                Ok(told) => sheet.told = Some(Told::Handover(told)),
                Err(error) => sheet.error = Some(error),
            }
            return;
        }
    }
}

/// What is handed over, as text.
pub fn handover_text(model: &Model) -> Option<String> {
    let Some(Sheet::Handover(sheet)) = model.sheets.last() else {
        return None;
    };
    Some(sheet.lines(&model.wall())?.join("\n"))
}
