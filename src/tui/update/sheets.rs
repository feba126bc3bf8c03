//! Opening, closing and confirming sheets.

use super::{moves, posts, press};
use crate::domain::network::Network;
use crate::ops::Scope;
use crate::tui::act::{Act, Effect, Load, SignIn};
use crate::tui::model::line::COUNTDOWN;
use crate::tui::model::sheet::{Choice, Disconnect, Help, Login, LoginField, Question};
use crate::tui::model::{Model, Pane, Pending, Sheet};
use crate::tui::widgets::Field;
use crate::tui::words;

/// Back by one: a search, an answer begun, a sheet, the details. Never out.
pub fn back(model: &mut Model) -> Vec<Effect> {
    let stays = match model.sheets.last_mut() {
        Some(Sheet::Help(help)) => clear(&mut help.search, &mut help.selected),
        Some(Sheet::Workspaces(choice)) => clear(&mut choice.search, &mut choice.selected),
        Some(Sheet::Story(story)) if story.link.is_some() || story.again => {
            story.link = None;
            story.again = false;
            true
        }
        _ => false,
    };
    if stays {
        return Vec::new();
    }
    if model.sheets.pop().is_none() && model.focus == Pane::Details {
        model.focus = model.list;
    }
    Vec::new()
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
    if ours && model.due_within_a_day() > 0 {
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

/// Opens a login for the channel here.
pub fn reconnect(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.channel() else {
        return Vec::new();
    };
    let channel = &view.summary.channel;
    let login = Login {
        network: channel.kind.network(),
        channel: Some(channel.id.clone()),
        workspace: channel.workspace_id.clone(),
        handle: Field::with(&channel.handle),
        server: Field::plain(),
        password: Field::masked(),
        focus: LoginField::Password,
        busy: None,
        error: None,
    };
    model.sheets.push(Sheet::Login(Box::new(login)));
    Vec::new()
}

/// Opens a login for a new channel.
pub fn connect(model: &mut Model) -> Vec<Effect> {
    let Some(workspace) = model.connect_to() else {
        return Vec::new();
    };
    let login = Login {
        network: Network::Bluesky,
        channel: None,
        workspace,
        handle: Field::plain(),
        server: Field::plain(),
        password: Field::masked(),
        focus: LoginField::Handle,
        busy: None,
        error: None,
    };
    model.sheets.push(Sheet::Login(Box::new(login)));
    Vec::new()
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
        Some(Sheet::Disconnect(sheet)) if sheet.cancels() == 0 => sheet.go = !sheet.go,
        _ => {}
    }
    Vec::new()
}

/// Does what the sheet is for.
pub fn go(model: &mut Model) -> Vec<Effect> {
    match model.sheets.last() {
        Some(Sheet::Help(_)) => run_found(model),
        Some(Sheet::Workspaces(_)) => choose_workspace(model),
        Some(Sheet::Login(_)) => sign_in(model),
        Some(Sheet::Disconnect(_)) => confirm_disconnect(model),
        Some(Sheet::Story(_)) => posts::confirm(model),
        Some(Sheet::Quit(_)) => vec![Effect::Quit],
        Some(Sheet::Channel(_)) | None => Vec::new(),
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
    let found = super::found::workspaces(model, choice.search.text());
    let Some(row) = found.get(choice.selected) else {
        return Vec::new();
    };
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
    if !login.is_complete() {
        login.turn(true);
        return Vec::new();
    }
    login.busy = Some(request);
    login.error = None;
    let handle = login
        .handle
        .text()
        .trim()
        .trim_start_matches('@')
        .to_owned();
    let server = login.server.text().trim().to_owned();
    let act = Act::SignIn(SignIn {
        network: login.network,
        workspace: login.workspace.clone(),
        channel: login.channel.clone(),
        handle,
        server: (!server.is_empty()).then_some(server),
        password: login.password.secret(),
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
