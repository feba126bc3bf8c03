//! Opening, closing and confirming sheets.

use super::{aside, beside, filter, find, logins, moves, plan, posts, press, runbook, time, wall};
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::Network;
use crate::networks::Way;
use crate::ops::Scope;
use crate::tui::act::{Act, Effect, Load, SignIn};
use crate::tui::model::line::COUNTDOWN;
use crate::tui::model::sheet::{Choice, Disconnect, Help, Login, LoginField, Question};
use crate::tui::model::{Model, Pane, Pending, Sheet};
use crate::tui::widgets::Field;
use crate::tui::words;

/// Back by one: a search, an answer begun, a sheet, the details. Never out.
pub fn back(model: &mut Model) -> Vec<Effect> {
    if find::clear(model) || wall::clear(model) || super::composer::back(model) {
        return Vec::new();
    }
    let stays = match model.sheets.last_mut() {
        Some(Sheet::Help(help)) => clear(&mut help.search, &mut help.selected),
        Some(Sheet::Workspaces(choice) | Sheet::Networks(choice) | Sheet::Drafts(choice)) => {
            clear(&mut choice.search, &mut choice.selected)
        }
        Some(Sheet::Browser(sheet)) if sheet.typed.is_some() => {
            sheet.typed = None;
            true
        }
        Some(Sheet::Story(story)) if story.link.is_some() || story.again => {
            story.link = None;
            story.again = false;
            true
        }
        Some(Sheet::Plan(plan)) => plan.unmark(),
        _ => false,
    };
    if stays {
        return Vec::new();
    }
    let calendar = matches!(model.sheets.last(), Some(Sheet::Calendar(_)));
    if calendar && model.filters.typing.is_some() {
        return filter::clear(model).unwrap_or_default();
    }
    if let Some(closed) = model.sheets.pop() {
        if matches!(closed, Sheet::Channel(_)) {
            beside::begin(model);
        }
        return Vec::new();
    }
    if model.focus == Pane::Details {
        model.focus = model.list;
        beside::begin(model);
        return Vec::new();
    }
    if model.filters.typing.is_none() && super::marks::clear(model) {
        return Vec::new();
    }
    if model.filters.typing.is_none() && std::mem::take(&mut model.alone) {
        return Vec::new();
    }
    if model.filters.typing.is_none() && model.only.is_some() {
        return moves::show_only(model, None);
    }
    filter::clear(model).unwrap_or_default()
}

fn clear(search: &mut Field, selected: &mut usize) -> bool {
    let any = !search.text().is_empty();
    search.clear();
    if any {
        *selected = 0;
    }
    any
}

/// Like Esc in a sheet, else quits; asks when nobody would publish then.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    if !model.sheets.is_empty() {
        return back(model);
    }
    let ours = model
        .publisher
        .as_ref()
        .is_some_and(|view| view.running && view.pid == Some(model.set.pid));
    if ours && model.may_be_due() {
        let since = model.boot;
        model.sheets.push(Sheet::Quit(Question { since }));
        return Vec::new();
    }
    vec![Effect::Quit]
}

/// Opens the help.
pub fn help(model: &mut Model) -> Vec<Effect> {
    model.sheets.push(Sheet::Help(Help::default()));
    Vec::new()
}

/// Opens the list of workspaces.
pub fn workspaces(model: &mut Model) -> Vec<Effect> {
    model.sheets.push(Sheet::Workspaces(Choice::default()));
    super::loads::hub(model).into_iter().collect()
}

/// Opens a login for the channel here; one that waits for it comes back.
pub fn reconnect(model: &mut Model) -> Vec<Effect> {
    if model.takes_marks(Pane::Channels) {
        return reconnect_marked(model);
    }
    let Some(view) = model.nearest() else {
        return Vec::new();
    };
    let id = view.summary.channel.id.clone();
    reconnect_channel(model, &id)
}

/// One login for what is marked, or the health check over it when it takes more.
fn reconnect_marked(model: &mut Model) -> Vec<Effect> {
    if let Some(effects) = runbook::over_marks(model) {
        return effects;
    }
    let chosen = model.chosen_channels();
    let worst = chosen.iter().min_by_key(|view| {
        let hit = view.first_hit.map_or(i64::MAX, |at| at.0);
        (std::cmp::Reverse(view.lamp), hit)
    });
    match worst.map(|view| view.summary.channel.id.clone()) {
        Some(id) => reconnect_channel(model, &id),
        None => Vec::new(),
    }
}

/// Opens a login for a channel; one that waits for it comes back.
pub fn reconnect_channel(model: &mut Model, id: &ChannelId) -> Vec<Effect> {
    let Some(view) = model.channels.get(id) else {
        return Vec::new();
    };
    let channel = &view.summary.channel;
    let id = channel.id.clone();
    let way = way(model, channel.kind.network(), Some(&channel.login_method));
    if way == Way::Browser || model.logins.of_channel(&id).is_some() {
        return logins::open_channel(model, &id);
    }
    type_for(model, &id, way);
    Vec::new()
}

/// Opens the fields of a login for a channel that is there.
pub fn type_for(model: &mut Model, id: &ChannelId, way: Way) {
    let Some(view) = model.channels.get(id) else {
        return;
    };
    let channel = &view.summary.channel;
    // A handle or a chat is found by its stable id whatever it is called now.
    let who = match way {
        Way::AppPassword => &channel.handle,
        _ => &channel.remote_id,
    };
    let server = match way {
        Way::AppPassword => Field::plain(),
        _ => Field::with(&channel.server),
    };
    let login = Login {
        network: channel.kind.network(),
        way,
        channel: Some(channel.id.clone()),
        workspace: channel.workspace_id.clone(),
        who: Field::with(who),
        server,
        secret: Field::masked(),
        focus: LoginField::Secret,
        busy: None,
        error: None,
    };
    model.sheets.push(Sheet::Login(Box::new(login)));
}

/// Opens the fields of a login for a new account, whose handle or server may be
/// known already.
pub fn type_new(
    model: &mut Model,
    workspace: WorkspaceId,
    network: Network,
    way: Way,
    named: &str,
) {
    let (who, server) = match way {
        Way::AppPassword => (named, ""),
        _ => ("", named),
    };
    let mut login = Login {
        network,
        way,
        channel: None,
        workspace,
        who: Field::with(who),
        server: Field::with(server),
        secret: Field::masked(),
        focus: LoginField::Secret,
        busy: None,
        error: None,
    };
    let first = login.first_empty();
    login.focus = first.unwrap_or(LoginField::Secret);
    model.sheets.push(Sheet::Login(Box::new(login)));
}

/// The way a login is offered: the one used before where that is one of them,
/// else the one the network offers first.
fn way(model: &Model, network: Network, before: Option<&str>) -> Way {
    let ways = model.ways(network);
    let used = ways.iter().find(|way| Some(way.method()) == before);
    let way = used.or(ways.first()).copied();
    way.unwrap_or(Way::AppPassword)
}

/// Opens the list of networks for a new channel.
pub fn connect(model: &mut Model) -> Vec<Effect> {
    if model.connect_to().is_some() {
        model.sheets.push(Sheet::Networks(Choice::default()));
    }
    Vec::new()
}

/// Opens the login of the chosen network; one that is not built in says so.
fn choose_network(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Networks(choice)) = model.sheets.last() else {
        return Vec::new();
    };
    let found = super::found::networks(model, choice.search.text());
    let (Some(row), Some(workspace)) = (found.get(choice.selected), model.connect_to()) else {
        return Vec::new();
    };
    let network = row.network;
    if let Some(reason) = &row.reason {
        let text = format!("{}: {reason}", network.title());
        model
            .line
            .say(crate::tui::model::Tone::Quiet, text, model.boot);
        return Vec::new();
    }
    model.sheets.pop();
    match way(model, network, None) {
        Way::Browser => logins::open_new(model, workspace, network),
        way => {
            type_new(model, workspace, network, way, "");
            Vec::new()
        }
    }
}

/// Opens the page of numbers before a disconnect.
pub fn disconnect(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.channel() else {
        return Vec::new();
    };
    let id = view.summary.channel.id.clone();
    let handle = view.summary.channel.handle.clone();
    let asked = model.requests.fresh();
    model.sheets.push(Sheet::Disconnect(Box::new(Disconnect {
        channel: id.clone(),
        handle,
        counts: None,
        asked,
        typed: Field::plain(),
        go: false,
        error: None,
        since: None,
    })));
    vec![Effect::Load(asked, Load::Counts(id))]
}

/// To the next field.
pub fn turn_field(model: &mut Model, forwards: bool) -> Vec<Effect> {
    match model.sheets.last_mut() {
        Some(Sheet::Login(login)) => login.turn(forwards),
        Some(Sheet::Aside(sheet)) => sheet.on_note = !sheet.on_note,
        Some(Sheet::Disconnect(sheet)) if sheet.cancels() == 0 => sheet.go = !sheet.go,
        _ => {}
    }
    Vec::new()
}

/// Does what the sheet is for.
pub fn go(model: &mut Model) -> Vec<Effect> {
    match model.sheets.last() {
        Some(Sheet::Help(_)) => run_found(model),
        Some(Sheet::Find(_)) => find::go(model),
        Some(Sheet::Wall(_)) => wall::keep(model),
        Some(Sheet::Workspaces(_)) => choose_workspace(model),
        Some(Sheet::Networks(_)) => choose_network(model),
        Some(Sheet::Login(_)) => sign_in(model),
        Some(Sheet::Browser(_)) => logins::go(model),
        Some(Sheet::Disconnect(_)) => confirm_disconnect(model),
        Some(Sheet::Story(_)) => posts::confirm(model),
        Some(Sheet::Plan(_)) => plan::go(model),
        Some(Sheet::Time(_)) => time::go(model),
        Some(Sheet::Drafts(_)) => super::composer::go_on(model),
        Some(Sheet::Aside(_)) => aside::go(model),
        Some(Sheet::Runbook(_)) => runbook::go(model),
        Some(Sheet::Quit(_)) => vec![Effect::Quit],
        Some(Sheet::CancelMarked(_)) => posts::cancel_marked(model),
        Some(Sheet::Calendar(_)) | None => filter::keep(model),
        Some(Sheet::Channel(_) | Sheet::Group(_) | Sheet::Composer(_) | Sheet::Handover(_)) => {
            Vec::new()
        }
    }
}

fn run_found(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Help(help)) = model.sheets.last() else {
        return Vec::new();
    };
    let found = super::found::keys(model, help.search.text());
    let does = found.get(help.selected).map(|(binding, _)| binding.does);
    model.sheets.pop();
    does.map_or_else(Vec::new, |does| press::run(model, does))
}

fn choose_workspace(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Workspaces(choice)) = model.sheets.last() else {
        return Vec::new();
    };
    let found = super::found::workspaces(model, choice);
    let Some(row) = found.get(choice.selected) else {
        return Vec::new();
    };
    if choice.to_write {
        let Some(id) = row.map(|view| view.workspace.id.clone()) else {
            return Vec::new();
        };
        model.sheets.pop();
        return super::composer::new_in(model, id);
    }
    let scope = match row {
        None => Scope::All,
        Some(view) => Scope::Workspace(view.workspace.id.clone()),
    };
    model.sheets.pop();
    moves::show(model, scope)
}

fn sign_in(model: &mut Model) -> Vec<Effect> {
    let request = model.requests.fresh();
    let Some(Sheet::Login(login)) = model.sheets.last_mut() else {
        return Vec::new();
    };
    if login.busy.is_some() {
        return Vec::new();
    }
    if let Some(field) = login.first_empty() {
        login.focus = field;
        return Vec::new();
    }
    login.busy = Some(request);
    login.error = None;
    let act = Act::SignIn(SignIn {
        network: login.network,
        workspace: login.workspace.clone(),
        channel: login.channel.clone(),
        credential: login.credential(),
    });
    vec![Effect::Act(request, act)]
}

fn confirm_disconnect(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Disconnect(sheet)) = model.sheets.last() else {
        return Vec::new();
    };
    // Enter on anything else keeps the channel.
    if !sheet.is_confirmed() {
        let known = sheet.counts.is_some();
        if known {
            model.sheets.pop();
            let text = "Kept: nothing was changed.";
            model
                .line
                .say(crate::tui::model::Tone::Good, text, model.boot);
        }
        return Vec::new();
    }
    let (id, counts) = (sheet.channel.clone(), sheet.counts.clone());
    let name = model
        .channels
        .get(&id)
        .map_or_else(String::new, |view| words::channel(&view.summary.channel));
    model.sheets.clear();
    if let Some(counts) = counts {
        let at = model.boot + COUNTDOWN;
        let text = format!("Disconnecting {name}");
        let act = Act::Disconnect(id, counts);
        model.pending.push(Pending { act, text, at });
    }
    Vec::new()
}
