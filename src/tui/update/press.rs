//! Keys and pastes: to the field with the cursor, else through the table.

use crossterm::event::KeyEvent;

use super::{
    acts, aside, beside, browser, calendar, composer, composing, filter, find, logins, marks,
    moves, plan, posts, runbook, sheets, time, wall,
};
use crate::tui::act::Effect;
use crate::tui::keys::{self, Do};
use crate::tui::model::sheet::SETTLE;
use crate::tui::model::{Model, Pane, Sheet, Tone};
use crate::tui::widgets::Field;

/// Takes a key.
pub fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    model.line.key();
    let binding = keys::find(model, key);
    let does = binding.map(|binding| binding.does);
    if std::mem::take(&mut model.bare) {
        let mut effects = vec![Effect::FullScreen];
        effects.extend((does == Some(Do::QuitNow)).then_some(Effect::Quit));
        return effects;
    }
    if at_once(model, does) || !too_early(model) {
        // Where the cursor is in a field, keys are text first.
        let text = does.is_none() || is_text(key);
        if text && composer::type_into(model, key) {
            return Vec::new();
        }
        if text && type_into(model, key) {
            return typed(model);
        }
        return does.map_or_else(Vec::new, |does| run(model, does));
    }
    Vec::new()
}

/// Something was typed into the field with the cursor.
fn typed(model: &mut Model) -> Vec<Effect> {
    match model.sheets.last() {
        Some(Sheet::Composer(_)) => {
            composer::typed(model);
            Vec::new()
        }
        Some(Sheet::Find(_)) => find::typed(model),
        Some(Sheet::Calendar(_)) | None => filter::typed(model),
        Some(_) => Vec::new(),
    }
}

fn is_text(key: KeyEvent) -> bool {
    use crossterm::event::{KeyCode, KeyModifiers};
    matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL)
}

/// Whether a key may be for what is on the screen already, though nobody can
/// have read it: Esc keeps everything as it is, but for a plan, whose Esc
/// leaves the answer to the workspace's rule.
fn at_once(model: &Model, does: Option<Do>) -> bool {
    match does {
        Some(Do::QuitNow | Do::Suspend | Do::Repaint) => true,
        Some(Do::Back) => !plan::is_open(model),
        _ => false,
    }
}

/// Whether the sheet was not on the screen long enough to be read.
fn too_early(model: &Model) -> bool {
    let since = match model.sheets.last() {
        Some(Sheet::Quit(question)) => Some(question.since),
        Some(Sheet::CancelMarked(sheet)) => Some(sheet.since),
        Some(Sheet::Disconnect(sheet)) => sheet.since,
        Some(Sheet::Plan(plan)) => plan.since,
        _ => None,
    };
    since.is_some_and(|since| model.boot < since + SETTLE)
}

/// The field with the cursor.
fn field(model: &mut Model) -> Option<&mut Field> {
    if let Some(Sheet::Composer(_)) = model.sheets.last() {
        return composing::top(model).and_then(composer::field);
    }
    let Some(sheet) = model.sheets.last_mut() else {
        return model.filters.field();
    };
    match sheet {
        Sheet::Help(help) => Some(&mut help.search),
        Sheet::Find(find) => Some(&mut find.search),
        Sheet::Wall(tiles) if tiles.typing => Some(&mut tiles.search),
        Sheet::Calendar(_) => model.filters.field(),
        Sheet::Workspaces(choice) | Sheet::Networks(choice) | Sheet::Drafts(choice) => {
            Some(&mut choice.search)
        }
        Sheet::Login(login) if login.busy.is_none() => Some(login.field()),
        Sheet::Browser(sheet) => sheet.field(),
        Sheet::Disconnect(sheet) if sheet.cancels() > 0 => Some(&mut sheet.typed),
        Sheet::Story(story) => story.link.as_mut(),
        Sheet::Time(sheet) if sheet.busy.is_none() => Some(&mut sheet.field),
        Sheet::Aside(sheet) if sheet.busy.is_none() => Some(sheet.field()),
        _ => None,
    }
}

/// Whether the cursor is in a field.
pub fn has_field(model: &mut Model) -> bool {
    field(model).is_some()
}

fn type_into(model: &mut Model, key: KeyEvent) -> bool {
    let taken = field(model).is_some_and(|field| field.key(key));
    if taken {
        match model.sheets.last_mut() {
            Some(Sheet::Help(help)) => help.selected = 0,
            Some(Sheet::Workspaces(choice) | Sheet::Networks(choice) | Sheet::Drafts(choice)) => {
                choice.selected = 0
            }
            _ => {}
        }
    }
    taken
}

/// Takes a paste. What answers a login finds it from anywhere; otherwise a
/// paste outside of fields is nothing, and never keys.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    if std::mem::take(&mut model.bare) {
        effects.push(Effect::FullScreen);
    }
    match logins::paste(model, text) {
        Some(more) => effects.extend(more),
        None => effects.extend(put(model, text)),
    }
    effects
}

/// A paste that answers no login: into the field with the cursor.
fn put(model: &mut Model, text: &str) -> Vec<Effect> {
    if composer::paste(model, text) {
        return Vec::new();
    }
    if let Some(Sheet::Login(login)) = model.sheets.last_mut() {
        if login.busy.is_none() {
            login.paste(text);
        }
        return Vec::new();
    }
    match field(model) {
        Some(field) => {
            field.paste(text);
            return typed(model);
        }
        None => model
            .line
            .say(Tone::Quiet, "A paste does nothing here.", model.boot),
    }
    Vec::new()
}

/// Does what a key is for, or says why not.
pub fn run(model: &mut Model, does: Do) -> Vec<Effect> {
    if let Some(reason) = keys::why_not(model, does) {
        let stops = does == Do::Undo && !model.pending.is_empty();
        if !stops {
            model.line.say(Tone::Quiet, reason, model.boot);
            return Vec::new();
        }
    }
    match does {
        _ if model.composer().is_some() && composer::takes(does) => composer::run(model, does),
        Do::New => composer::new(model),
        Do::Edit => composer::edit(model),
        Do::Duplicate => composer::duplicate(model),
        Do::Mark | Do::Range | Do::MarkAll | Do::Fold(_) if plan::is_open(model) => {
            plan::run(model, does)
        }
        Do::Reconnect | Do::Probe if runbook::is_open(model) => runbook::act(model, does),
        Do::Move(_)
        | Do::First
        | Do::Last
        | Do::Half(_)
        | Do::Page(_)
        | Do::Turn(_)
        | Do::Focus(_) => moves::run(model, does),
        Do::Fold(away) if model.focus == Pane::Details => beside::turn(model, !away),
        Do::Fold(away) => moves::fold(model, away),
        Do::Open => moves::open(model),
        Do::Back => sheets::back(model),
        Do::Quit => sheets::quit(model),
        Do::QuitNow => vec![Effect::Quit],
        Do::Suspend => vec![Effect::Suspend],
        Do::Repaint => moves::repaint(model),
        Do::Help => sheets::help(model),
        Do::Find => find::open(model),
        Do::Wall => wall::open(model),
        Do::Calendar => calendar::open(model),
        Do::Side(_) if model.in_calendar() => calendar::step(model, does),
        Do::Side(by) if model.wall_of_tiles().is_none() => beside::turn(model, by > 0),
        Do::Side(_) => wall::step(model, does),
        Do::Mend => wall::mend(model),
        Do::Filter => filter::begin(model),
        Do::Workspace => sheets::workspaces(model),
        Do::AllWorkspaces => moves::show(model, crate::ops::Scope::All),
        Do::Reconnect => sheets::reconnect(model),
        Do::Connect => sheets::connect(model),
        Do::Disconnect => sheets::disconnect(model),
        Do::Only => moves::only(model),
        Do::Alone => {
            model.alone = !model.alone;
            Vec::new()
        }
        Do::Theirs => {
            model.theirs = !model.theirs;
            Vec::new()
        }
        Do::Mark => marks::mark(model),
        Do::Range => marks::range(model),
        Do::MarkAll => marks::all(model),
        Do::ProbeAll => acts::probe_all(model),
        Do::Probe => acts::probe(model),
        Do::Pause => acts::pause(model),
        Do::Undo => acts::undo(model),
        Do::Copy => acts::copy(model),
        Do::CopyLine => browser::copy_line(model),
        Do::Bare => browser::bare(model),
        Do::Browse => browser::browse(model),
        Do::Type => browser::type_it(model),
        Do::OtherWay => browser::other_way(model),
        Do::Another => browser::another(model),
        Do::GiveUp => browser::give_up(model),
        Do::Cancel => posts::cancel(model),
        Do::Send => posts::send(model),
        Do::Plan => plan::open(model),
        Do::Later => plan::later(model),
        Do::Time => time::open(model),
        Do::Aside => aside::open(model),
        Do::HealthCheck => runbook::open(model),
        Do::Live | Do::NotLive | Do::Leave => posts::decide(model, does),
        Do::Field(forwards) => sheets::turn_field(model, forwards),
        Do::Go | Do::NewLink => sheets::go(model),
    }
}
