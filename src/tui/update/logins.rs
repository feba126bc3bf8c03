//! Logins in the browser: begun, answered, and what becomes of them. What the
//! keys of their sheet do is in `browser`.

use super::answers;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::network::{ChannelKind, Network};
use crate::networks::Way;
use crate::ops::OpError;
use crate::ops::login::{Callback, PasteError, Purpose, parse};
use crate::tui::act::{Done, Effect};
use crate::tui::model::logins::{Note, Waiting};
use crate::tui::model::requests::RequestId;
use crate::tui::model::sheet::{Asks, Browser};
use crate::tui::model::{Dirty, Model, Sheet, Tone};
use crate::tui::msg::LoginNews;
use crate::tui::widgets::Field;

/// Opens the login of a channel: the one that waits, else a new one, whose link
/// is asked for at once.
pub fn open_channel(model: &mut Model, channel: &ChannelId) -> Vec<Effect> {
    let Some(view) = model.channels.get(channel) else {
        return Vec::new();
    };
    let of = &view.summary.channel;
    let login = model.logins.of_channel(channel);
    let sheet = Browser {
        network: of.kind.network(),
        channel: Some(channel.clone()),
        workspace: of.workspace_id.clone(),
        named: None,
        login,
        typed: None,
        error: None,
    };
    model.sheets.push(Sheet::Browser(Box::new(sheet)));
    if login.is_some() {
        return Vec::new();
    }
    begin(model)
}

/// Opens the login of a new account: the one that waits, else a new one.
pub fn open_new(model: &mut Model, workspace: WorkspaceId, network: Network) -> Vec<Effect> {
    match model.logins.of_new(&workspace, network) {
        Some(login) => {
            let named = model.logins.get(login).and_then(|one| one.named.clone());
            let named = named.map_or_else(String::new, |(_, text)| text);
            let sheet = new_sheet(model, workspace, network, &named);
            let login = Some(login);
            let sheet = Browser { login, ..sheet };
            model.sheets.push(Sheet::Browser(Box::new(sheet)));
            Vec::new()
        }
        None => begin_new(model, workspace, network, ""),
    }
}

/// Opens a login of a new account beside those that wait.
pub fn begin_new(
    model: &mut Model,
    workspace: WorkspaceId,
    network: Network,
    named: &str,
) -> Vec<Effect> {
    let sheet = new_sheet(model, workspace, network, named);
    let asks = sheet.asks();
    model.sheets.push(Sheet::Browser(Box::new(sheet)));
    if asks { Vec::new() } else { begin(model) }
}

fn new_sheet(model: &Model, workspace: WorkspaceId, network: Network, named: &str) -> Browser {
    let many = |kind: &ChannelKind| kind.network() == network && kind.server_is_identity();
    let asks = if ChannelKind::ALL.iter().any(many) {
        Some(Asks::Server)
    } else if model.ways(network).contains(&Way::AppPassword) {
        // The handle says which server is asked.
        Some(Asks::Handle)
    } else {
        None
    };
    Browser {
        network,
        channel: None,
        workspace,
        named: asks.map(|asks| (asks, Field::with(named))),
        login: None,
        typed: None,
        error: None,
    }
}

/// The sheet of a login in the browser, when it is the one on top.
pub fn top(model: &mut Model) -> Option<&mut Browser> {
    match model.sheets.last_mut()? {
        Sheet::Browser(sheet) => Some(sheet),
        _ => None,
    }
}

/// Asks for a link for the sheet on top.
fn begin(model: &mut Model) -> Vec<Effect> {
    let id = model.requests.fresh();
    let since = model.boot;
    let Some(sheet) = top(model) else {
        return Vec::new();
    };
    sheet.login = Some(id);
    sheet.error = None;
    sheet.typed = None;
    let named = sheet.named.as_ref();
    let named = named.map(|(asks, field)| (*asks, field.text().trim().to_owned()));
    let (network, workspace) = (sheet.network, sheet.workspace.clone());
    let channel = sheet.channel.clone();
    let said = |wanted| {
        let named = named.clone().filter(|(asks, _)| *asks == wanted);
        named.map(|(_, text)| text).filter(|text| !text.is_empty())
    };
    let purpose = match &channel {
        Some(channel) => Purpose::Reconnect {
            channel: channel.clone(),
        },
        None => Purpose::Connect {
            workspace: workspace.clone(),
            network,
            server: said(Asks::Server),
            account: said(Asks::Handle),
        },
    };
    model.logins.add(Waiting {
        id,
        network,
        workspace,
        channel,
        named,
        ready: None,
        checking: false,
        since,
        note: None,
    });
    vec![Effect::Begin(id, purpose)]
}

/// Enter: asks for a link, or checks what is typed.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let Some(sheet) = top(model) else {
        return Vec::new();
    };
    if sheet.login.is_none() {
        return begin(model);
    }
    let Some(typed) = &sheet.typed else {
        return Vec::new();
    };
    let text = typed.text().to_owned();
    if text.trim().is_empty() {
        return Vec::new();
    }
    paste(model, &text).unwrap_or_default()
}

/// Takes a paste that belongs to a login; `None` when it belongs elsewhere.
pub fn paste(model: &mut Model, text: &str) -> Option<Vec<Effect>> {
    let here = model
        .browser()
        .and_then(|(_, login)| login)
        .map(|login| login.id);
    match parse(text) {
        Ok(answer) if answer.state.is_some() => match model.logins.of_answer(&answer) {
            Some(id) => Some(give(model, id, answer)),
            // It holds a code: no field of something else may show it.
            None => {
                let what = "That address belongs to no login that waits here.";
                let hint = "If its login is over, begin it again: the new link leads to a new one.";
                Some(say(model, here, what.into(), hint.into()))
            }
        },
        // A bare code says nothing of whose it is: it goes to the open sheet.
        Ok(answer) => here.map(|id| give(model, id, answer)),
        Err(error) => {
            let waits = !model.logins.all().is_empty();
            let address = matches!(error, PasteError::TheLink | PasteError::NoCode);
            let field = super::press::has_field(model);
            (here.is_some() || (waits && address && !field))
                .then(|| say(model, here, error.to_string(), error.hint().into()))
        }
    }
}

/// Says why a paste changed nothing: in the open sheet, else in the status
/// line.
fn say(model: &mut Model, here: Option<RequestId>, text: String, hint: String) -> Vec<Effect> {
    match here.and_then(|id| model.logins.get_mut(id)) {
        Some(login) => {
            let tone = Tone::Bad;
            login.note = Some(Note { tone, text, hint });
        }
        None => model
            .line
            .say(Tone::Bad, format!("{text} {hint}"), model.boot),
    }
    Vec::new()
}

fn give(model: &mut Model, id: RequestId, answer: Callback) -> Vec<Effect> {
    let open = is_open(model, id);
    let here = open.then_some(id);
    let Some(login) = model.logins.get_mut(id) else {
        return Vec::new();
    };
    if login.checking {
        let what = "An answer is being checked already.";
        return say(model, here, what.into(), String::new());
    }
    let Some(ready) = &login.ready else {
        let what = "The link of this login is not there yet, so this answers another one.";
        return say(model, here, what.into(), String::new());
    };
    let paster = ready.paster.clone();
    login.note = None;
    for sheet in &mut model.sheets {
        if let Sheet::Browser(sheet) = sheet
            && sheet.login == Some(id)
        {
            sheet.typed = None;
        }
    }
    if let Some(login) = model.logins.get(id).filter(|_| !open) {
        let text = format!("Checking the login of {}…", model.name_of(login));
        model.line.say(Tone::Quiet, text, model.boot);
    }
    vec![Effect::Answer(id, paster, answer)]
}

/// Whether the sheet of a login is the one the keys are about.
fn is_open(model: &Model, id: RequestId) -> bool {
    matches!(model.sheet(), Some(Sheet::Browser(sheet)) if sheet.login == Some(id))
}

/// Takes what happened to a login.
pub fn news(model: &mut Model, id: RequestId, news: LoginNews) -> Vec<Effect> {
    model.touch(Dirty::Background);
    let boot = model.boot;
    match news {
        LoginNews::Ready(ready) => {
            if let Some(login) = model.logins.get_mut(id) {
                login.ready = Some(*ready);
                login.since = boot;
            }
            Vec::new()
        }
        LoginNews::Checking => {
            if let Some(login) = model.logins.get_mut(id) {
                login.checking = true;
                login.note = None;
            }
            Vec::new()
        }
        LoginNews::Again(error) => {
            again(model, id, error);
            Vec::new()
        }
        LoginNews::Ended(Ok(done)) => worked(model, id, done),
        LoginNews::Ended(Err(error)) => {
            ended(model, id, error);
            Vec::new()
        }
    }
}

fn again(model: &mut Model, id: RequestId, error: OpError) {
    let (boot, open) = (model.boot, is_open(model, id));
    let Some(login) = model.logins.get_mut(id) else {
        return;
    };
    login.checking = false;
    login.since = boot;
    if !open {
        let text = error.to_string();
        model.line.say(Tone::Bad, text, boot);
        return;
    }
    login.note = Some(Note {
        tone: Tone::Bad,
        text: error.what,
        hint: error.hint,
    });
}

fn worked(model: &mut Model, id: RequestId, done: Done) -> Vec<Effect> {
    let open = is_open(model, id);
    model.logins.remove(id);
    model
        .sheets
        .retain(|sheet| !matches!(sheet, Sheet::Browser(sheet) if sheet.login == Some(id)));
    let mut others = give_up_for(model, done.channel.as_ref());
    others.extend(super::plan::after_login(model, done.channel.as_ref()));
    if open {
        answers::show(model, done.channel.as_ref());
    }
    let (text, command) = (done.text, done.command);
    model.line.say_with(Tone::Good, text, command, model.boot);
    others
}

/// Gives up the logins of a channel that was mended in another way.
pub fn give_up_for(model: &mut Model, channel: Option<&ChannelId>) -> Vec<Effect> {
    let waiting = channel.and_then(|channel| model.logins.of_channel(channel));
    let Some(id) = waiting else {
        return Vec::new();
    };
    model.logins.remove(id);
    vec![Effect::GiveUp(id)]
}

fn ended(model: &mut Model, id: RequestId, error: OpError) {
    let Some(login) = model.logins.remove(id) else {
        return;
    };
    let mut sheets = model.sheets.iter_mut().filter_map(|sheet| match sheet {
        Sheet::Browser(sheet) => Some(sheet),
        _ => None,
    });
    let sheet = sheets.find(|sheet| sheet.login == Some(id));
    if let Some(sheet) = sheet {
        sheet.login = None;
        sheet.typed = None;
        sheet.error = Some(error);
        return;
    }
    let text = format!("{}: {error}", model.name_of(&login));
    model.line.say(Tone::Bad, text, model.boot);
}

/// Whether the sheet has to say why nothing may be heard.
pub fn is_silent(model: &Model) -> bool {
    model.browser().is_some_and(|(_, login)| {
        login.is_some_and(|login| login.takes_answers() && login.silent_from() <= model.boot)
    })
}
