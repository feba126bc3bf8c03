//! What the keys of the sheet of a login in the browser do.

use super::logins::{begin_new, open_channel, open_new, top};
use super::sheets;
use crate::networks::Way;
use crate::support::secret::Secret;
use crate::tui::act::{Act, Effect};
use crate::tui::model::logins::{Note, Waiting};
use crate::tui::model::{Model, Sheet, Tone};
use crate::tui::widgets::Field;

/// Copies the link, or says that there is none yet.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    let what = "The link was sent to your terminal; if nothing arrives, b shows it.";
    with_link(model, what, |link| Effect::Copy(link.expose().to_owned()))
}

/// Shows the link alone.
pub fn bare(model: &mut Model) -> Vec<Effect> {
    let effects = with_link(model, "", |link| Effect::Bare(link.duplicate()));
    model.bare = !effects.is_empty();
    effects
}

/// Opens the link in the browser of this machine.
pub fn browse(model: &mut Model) -> Vec<Effect> {
    let id = model.requests.fresh();
    let what = "The browser was asked to open. Should nothing appear, y copies the link.";
    with_link(model, what, |link| {
        Effect::Act(id, Act::Browse(link.duplicate()))
    })
}

/// The login of the sheet on top.
fn waiting(model: &mut Model) -> Option<&mut Waiting> {
    let id = top(model)?.login?;
    model.logins.get_mut(id)
}

/// Does something with the link, and says so.
fn with_link(model: &mut Model, said: &str, effect: impl FnOnce(&Secret) -> Effect) -> Vec<Effect> {
    let Some(login) = waiting(model) else {
        return Vec::new();
    };
    let Some(ready) = &login.ready else {
        return Vec::new();
    };
    let effect = effect(&ready.link);
    note(login, said);
    vec![effect]
}

fn note(login: &mut Waiting, said: &str) {
    if !said.is_empty() {
        login.note = Some(Note {
            tone: Tone::Good,
            text: said.to_owned(),
            hint: String::new(),
        });
    }
}

/// Copies the line that brings a browser of another machine here.
pub fn copy_line(model: &mut Model) -> Vec<Effect> {
    let Some(login) = waiting(model) else {
        return Vec::new();
    };
    let line = login.ready.as_ref().and_then(|ready| ready.tunnel.clone());
    let Some(line) = line else {
        return Vec::new();
    };
    note(
        login,
        "The line was sent to your terminal; run it on the machine with the browser.",
    );
    vec![Effect::Copy(line)]
}

/// Puts the cursor into the field of the address.
pub fn type_it(model: &mut Model) -> Vec<Effect> {
    if let Some(sheet) = top(model) {
        sheet.typed = Some(Field::plain());
    }
    Vec::new()
}

/// Gives the login of this sheet up.
pub fn give_up(model: &mut Model) -> Vec<Effect> {
    let Some(sheet) = top(model) else {
        return Vec::new();
    };
    let login = sheet.login;
    model.sheets.pop();
    let Some(id) = login else {
        return Vec::new();
    };
    model.logins.remove(id);
    let text = "Given up: nothing was changed.";
    model.line.say(Tone::Good, text, model.boot);
    vec![Effect::GiveUp(id)]
}

/// Begins the login of another new account beside this one.
pub fn another(model: &mut Model) -> Vec<Effect> {
    let Some(sheet) = top(model) else {
        return Vec::new();
    };
    let (workspace, network) = (sheet.workspace.clone(), sheet.network);
    model.sheets.pop();
    begin_new(model, workspace, network, "")
}

/// From the browser to what is typed, or back. What waits goes on waiting.
pub fn other_way(model: &mut Model) -> Vec<Effect> {
    match model.sheets.last() {
        Some(Sheet::Browser(sheet)) => {
            let (channel, network) = (sheet.channel.clone(), sheet.network);
            let workspace = sheet.workspace.clone();
            let named = sheet.named.as_ref();
            let named = named.map_or_else(String::new, |(_, field)| field.text().to_owned());
            let ways = model.ways(network).iter().copied();
            let Some(way) = ways.into_iter().find(|way| *way != Way::Browser) else {
                return Vec::new();
            };
            model.sheets.pop();
            match channel {
                Some(channel) => sheets::type_for(model, &channel, way),
                None => sheets::type_new(model, workspace, network, way, &named),
            }
            Vec::new()
        }
        Some(Sheet::Login(login)) => {
            let (channel, network) = (login.channel.clone(), login.network);
            let workspace = login.workspace.clone();
            let named = match login.way {
                Way::AppPassword => login.who.text().to_owned(),
                _ => login.server.text().to_owned(),
            };
            model.sheets.pop();
            match channel {
                Some(channel) => open_channel(model, &channel),
                None if model.logins.of_new(&workspace, network).is_some() => {
                    open_new(model, workspace, network)
                }
                None => begin_new(model, workspace, network, &named),
            }
        }
        _ => Vec::new(),
    }
}
