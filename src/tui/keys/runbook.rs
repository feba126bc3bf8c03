//! What Enter does in the health check, and why a key of it does nothing.

use super::Do;
use super::reason::role;
use crate::domain::delivery::State;
use crate::domain::role::Act;
use crate::ops::runbook::{Step, What};
use crate::tui::model::Model;
use crate::tui::model::next::Next;
use crate::tui::model::runbook::Runbook;

/// The word of Enter.
pub(super) fn word(model: &Model, sheet: &Runbook) -> &'static str {
    if sheet.is_over() {
        return "prove all again";
    }
    let Some(step) = sheet.chosen() else {
        return "";
    };
    match model.next_of(step) {
        Next::LogIn(_) => "log in",
        Next::Probe(_) if matches!(step.what, What::Login { .. }) => "probe it",
        Next::Probe(_) => "probe them",
        Next::Plan(..) => "plan them",
        Next::Open(view) if view.delivery.state == State::NeedsDecision => "decide",
        Next::Open(_) => "open the first",
        Next::How(_) => "how",
        Next::Nothing => "",
    }
}

/// Why a key of it does nothing now.
pub(super) fn why_not(model: &Model, sheet: &Runbook, does: Do) -> Option<String> {
    match does {
        Do::Go if model.set.read_only => Some("read only: nothing is changed from here".into()),
        Do::Go if sheet.walk.is_none() => Some("it is being looked up".into()),
        Do::Go if sheet.is_over() => nothing_to_prove(model, sheet),
        Do::Go => match sheet.chosen() {
            None => Some("nothing here".into()),
            Some(step) if matches!(step.progress, crate::ops::runbook::Progress::Done { .. }) => {
                Some("it is done".into())
            }
            Some(step) => refused(model, step),
        },
        Do::Aside => match sheet.chosen() {
            Some(step) if matches!(step.what, What::Hub { .. }) => {
                Some("it concerns everybody".into())
            }
            Some(step) if matches!(step.progress, crate::ops::runbook::Progress::Done { .. }) => {
                Some("it is done".into())
            }
            Some(step) => whose(step).find_map(|id| role(model, id, Act::Aside)),
            None => Some("nothing here".into()),
        },
        Do::Reconnect | Do::Probe => match sheet.chosen() {
            Some(step) if matches!(step.what, What::Login { .. } | What::Soon(_)) => {
                let act = match does {
                    Do::Reconnect => Act::Connect,
                    _ => Act::Probe,
                };
                whose(step).next().and_then(|id| role(model, id, act))
            }
            _ => Some("no channel in this row".into()),
        },
        Do::Copy => sheet.walk.is_none().then(|| "nothing to copy yet".into()),
        _ => None,
    }
}

fn whose(step: &Step) -> Box<dyn Iterator<Item = &crate::domain::ids::WorkspaceId> + '_> {
    match &step.what {
        What::Login { channels, .. } | What::Soon(channels) => Box::new(
            channels
                .iter()
                .map(|view| &view.summary.channel.workspace_id),
        ),
        What::Posts { posts, .. } => Box::new(posts.iter().map(|view| &view.delivery.workspace_id)),
        What::Hub { .. } => Box::new(std::iter::empty()),
    }
}

/// Why the next thing of a row is not for this operator.
fn refused(model: &Model, step: &Step) -> Option<String> {
    let next = model.next_of(step);
    if next == Next::Nothing {
        return Some("nothing to do here".into());
    }
    let (workspace, act) = next.takes()?;
    role(model, workspace, act)
}

/// Why nothing of what it was about can be proved again.
fn nothing_to_prove(model: &Model, sheet: &Runbook) -> Option<String> {
    if !model.to_prove_again(sheet).is_empty() {
        return None;
    }
    let all = model.channels.all();
    let mut whose = all.map(|view| &view.summary.channel.workspace_id);
    let refused = whose.find_map(|id| role(model, id, Act::Probe));
    Some(refused.unwrap_or_else(|| "no channel to prove".into()))
}
