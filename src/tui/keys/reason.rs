//! Why a key does nothing here: one short sentence, or none when it does.

use super::super::model::{Model, Pane, Sheet};
use super::{Do, posts};
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::WorkspaceId;
use crate::domain::role::{Act, Role};
use crate::networks::Way;

/// The reason this key is greyed out; `None` when it works.
pub fn why_not(model: &Model, does: Do) -> Option<String> {
    let acting = matches!(
        does,
        Do::Reconnect
            | Do::Connect
            | Do::Probe
            | Do::Pause
            | Do::Disconnect
            | Do::Cancel
            | Do::Send
            | Do::Undo
            | Do::Live
            | Do::NotLive
            | Do::Leave
            | Do::Time
            | Do::Later
    );
    if acting && model.set.read_only {
        return Some("read only: nothing is changed from here".into());
    }
    if let Some(Sheet::Plan(plan)) = model.sheet() {
        return posts::plan(model, plan, does);
    }
    match does {
        Do::Plan => posts::nothing_late(model),
        Do::Time => posts::time(model),
        Do::Reconnect => channel(model, Act::Connect).or_else(|| unknown_network(model)),
        Do::Disconnect => channel(model, Act::Disconnect),
        Do::Probe => channel(model, Act::Probe).or_else(|| nobody_publishes(model)),
        Do::Pause => channel(model, Act::Pause),
        Do::Connect => connect(model),
        Do::Cancel if model.list == Pane::Notices && model.sheet().is_none() => {
            match model.news.selected() {
                None => Some("no notice here".into()),
                Some(notice) if notice.read_at.is_some() => Some("read already".into()),
                Some(_) => None,
            }
        }
        Do::Cancel => cancel(model),
        Do::Send => send(model),
        Do::Live | Do::NotLive | Do::Leave => decide(model),
        Do::Open => open(model),
        Do::Field(_) => match model.sheets.last() {
            Some(Sheet::Disconnect(sheet)) if sheet.cancels() > 0 => {
                Some("there is one field".into())
            }
            _ => None,
        },
        Do::Copy | Do::Bare | Do::Type if model.browser().is_some() => no_link(model),
        Do::Browse => no_link(model).or_else(|| nowhere_to_browse(model)),
        Do::CopyLine => no_tunnel(model),
        Do::GiveUp => model.browser().and_then(|(_, login)| match login {
            None => Some("nothing waits here".into()),
            Some(login) if login.checking => Some("an answer is being checked".into()),
            Some(_) => None,
        }),
        Do::NewLink => new_link(model),
        Do::OtherWay => other_way(model),
        Do::Another => model
            .browser()
            .and_then(|(sheet, login)| match (&sheet.channel, login) {
                (Some(_), _) => Some("this mends a channel".into()),
                (None, None) => Some("none waits yet".into()),
                (None, Some(_)) => None,
            }),
        Do::Copy => (model.channel().is_none() && model.delivery().is_none())
            .then(|| "nothing to copy here".into()),
        Do::Workspace => (model.workspaces.len() < 2).then(|| "there is only one workspace".into()),
        Do::AllWorkspaces => {
            (model.scope.workspace().is_none()).then(|| "all are shown already".into())
        }
        _ => None,
    }
}

fn no_link(model: &Model) -> Option<String> {
    let login = model.browser().and_then(|(_, login)| login);
    match login {
        Some(login) if login.checking => Some("an answer is being checked".into()),
        Some(login) if login.ready.is_some() => None,
        _ => Some("there is no link yet".into()),
    }
}

fn nowhere_to_browse(model: &Model) -> Option<String> {
    if model.set.local_display {
        return None;
    }
    Some(match model.set.over_ssh {
        true => "not over SSH".into(),
        false => "no display here".into(),
    })
}

fn no_tunnel(model: &Model) -> Option<String> {
    let ready = model.browser().and_then(|(_, login)| login?.ready.as_ref());
    let line = ready.and_then(|ready| ready.tunnel.as_ref());
    match (model.set.over_ssh, line) {
        (true, Some(_)) => None,
        (true, None) => Some("no line is known here".into()),
        (false, _) => Some("only over SSH".into()),
    }
}

fn new_link(model: &Model) -> Option<String> {
    let (_, login) = model.browser()?;
    let login = login?;
    Some(if login.ready.is_none() {
        "the link is being made".into()
    } else if login.checking {
        "an answer is being checked".into()
    } else {
        "the link here is still good".into()
    })
}

fn other_way(model: &Model) -> Option<String> {
    let network = match model.sheet() {
        Some(Sheet::Browser(sheet)) => sheet.network,
        Some(Sheet::Login(login)) if login.busy.is_none() => login.network,
        _ => return Some("a login is under way".into()),
    };
    let ways = model.ways(network);
    let both = ways.contains(&Way::Browser) && ways.len() > 1;
    (!both).then(|| "there is no other way".into())
}

/// Whether Enter in the sheet would disconnect now.
pub(super) fn disconnects(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Disconnect(sheet)) if sheet.is_confirmed())
}

/// Whether the delivery was refused, so that `!` tries again.
pub(super) fn is_refused(model: &Model) -> bool {
    model
        .delivery()
        .is_some_and(|view| view.shown == Shown::Failed)
}

pub(super) fn role(model: &Model, workspace: &WorkspaceId, act: Act) -> Option<String> {
    if model.may(workspace, act) {
        return None;
    }
    let have = model.role(workspace).map_or("no member", Role::name);
    let needs = act.needs().map_or("hub admin", Role::name);
    Some(format!("{have} here; that takes {needs}"))
}

fn channel(model: &Model, act: Act) -> Option<String> {
    match model.channel() {
        None => Some("no channel here".into()),
        Some(view) => role(model, &view.summary.channel.workspace_id, act),
    }
}

fn unknown_network(model: &Model) -> Option<String> {
    let network = model.channel()?.summary.channel.kind.network();
    let known = model.set.tips.contains_key(&network);
    (!known).then(|| format!("{} is not built in yet", network.title()))
}

fn nobody_publishes(model: &Model) -> Option<String> {
    let publisher = model.publisher.as_ref()?;
    (!publisher.running).then(|| "nobody publishes, and only the publisher probes".into())
}

fn connect(model: &Model) -> Option<String> {
    match model.connect_to() {
        Some(workspace) => role(model, &workspace, Act::Connect),
        None => Some("choose a workspace with w first".into()),
    }
}

fn post(model: &Model) -> Result<(State, Shown), String> {
    let view = model.delivery().ok_or("no post here")?;
    match role(model, &view.delivery.workspace_id, Act::Queue) {
        Some(reason) => Err(reason),
        None => Ok((view.delivery.state, view.shown)),
    }
}

fn cancel(model: &Model) -> Option<String> {
    match post(model) {
        Err(reason) => Some(reason),
        Ok((State::Published, _)) => Some("it is live already".into()),
        Ok((State::Cancelled, _)) => Some("cancelled already".into()),
        Ok((State::Sending | State::Unknown | State::Confirming, _)) => {
            Some("it is on its way".into())
        }
        Ok((State::NeedsDecision, _)) => Some("decide about it first: Enter".into()),
        Ok(_) => None,
    }
}

fn send(model: &Model) -> Option<String> {
    match post(model) {
        Err(reason) => Some(reason),
        Ok((State::Published, _)) => Some("it is live already".into()),
        Ok((State::Cancelled, _)) => Some("it was cancelled; u takes that back".into()),
        Ok((State::Sending | State::Unknown | State::Confirming, _)) => {
            Some("it is on its way".into())
        }
        Ok((State::NeedsDecision, _)) => Some("decide about it first: Enter".into()),
        Ok((_, Shown::Held)) => Some("it is held: mend the channel first".into()),
        Ok(_) => None,
    }
}

fn decide(model: &Model) -> Option<String> {
    match post(model) {
        Err(reason) => Some(reason),
        Ok((State::NeedsDecision, _)) => None,
        Ok(_) => Some("there is nothing to decide".into()),
    }
}

fn open(model: &Model) -> Option<String> {
    let nothing = match model.list {
        Pane::Queue => model.queue.selected().is_none(),
        Pane::Notices => model.news.selected().is_none(),
        _ => model.channels.selected_id().is_none(),
    };
    nothing.then(|| "nothing here".into())
}

impl Model {
    /// The workspace a new channel goes to: the one that is shown, the only
    /// one, or that of the row under the cursor.
    pub fn connect_to(&self) -> Option<WorkspaceId> {
        if let Some(id) = self.scope.workspace() {
            return Some(id.clone());
        }
        if let [only] = self.workspaces.as_slice() {
            return Some(only.workspace.id.clone());
        }
        self.channel()
            .map(|view| view.summary.channel.workspace_id.clone())
    }
}
