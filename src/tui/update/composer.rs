//! Writing a post: opening the composer, moving in it, and its buttons.

use std::path::PathBuf;

mod buttons;
mod typing;

pub use typing::{field, paste, type_into, typed};

use super::composing::{changed, top};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, PostId, WorkspaceId};
use crate::domain::role::Act;
use crate::ops::views::DeliveryView;
use crate::tui::act::{Effect, Load, Opening};
use crate::tui::keys::{self, Do};
use crate::tui::layout;
use crate::tui::model::composer::{Composer, Kind, Loading, Part};
use crate::tui::model::sheet::Choice;
use crate::tui::model::{Model, Sheet, Tone};
use crate::tui::widgets::Field;

/// Opens it for a new post.
pub fn new(model: &mut Model) -> Vec<Effect> {
    match model.write_to() {
        Ok(Some((workspace, ticked))) => start(model, workspace, &ticked).1,
        Ok(None) => {
            let choice = Choice {
                to_write: true,
                ..Choice::default()
            };
            model.sheets.push(Sheet::Workspaces(choice));
            super::loads::hub(model).into_iter().collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Opens it for a workspace that was chosen.
pub fn new_in(model: &mut Model, workspace: WorkspaceId) -> Vec<Effect> {
    let at = model
        .workspaces
        .iter()
        .find(|one| one.workspace.id == workspace);
    let may = at.is_some() && model.may(&workspace, Act::Queue);
    if !may {
        let text = "That takes editor in that workspace.";
        model.line.say(Tone::Quiet, text, model.boot);
        return Vec::new();
    }
    start(model, workspace, &[]).1
}

/// Opens it as soon as channels and workspaces are known, when that was asked
/// for with the screen.
pub fn wanted(model: &mut Model) -> Vec<Effect> {
    let channels = model.channels.loaded() && model.channels.all().next().is_some();
    let known = !model.workspaces.is_empty() && channels;
    if !model.compose || !known || model.channels.wanted.is_some() {
        return Vec::new();
    }
    model.compose = false;
    super::press::run(model, Do::New)
}

fn start(model: &mut Model, workspace: WorkspaceId, ticked: &[ChannelId]) -> (usize, Vec<Effect>) {
    let (id, asked) = (model.requests.fresh(), model.requests.fresh());
    let composer = Composer::new(id, asked, model, workspace.clone(), ticked);
    model.writings.push(composer);
    model.sheets.push(Sheet::Composer(id));
    let effects = vec![Effect::Load(asked, Load::Desk(workspace))];
    (model.writings.len() - 1, effects)
}

/// Opens it for the post under the cursor, of the plan or in the sheet.
pub fn edit(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.writable().cloned() else {
        return Vec::new();
    };
    let opening = match view.delivery.state {
        State::Draft => Opening::Draft,
        _ => Opening::Waiting,
    };
    let one = &view.delivery;
    open(
        model,
        one.workspace_id.clone(),
        one.post_id.clone(),
        opening,
        Some(one.channel_id.clone()),
    )
}

/// Opens it with a copy of the post under the cursor.
pub fn duplicate(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.delivery().cloned() else {
        return Vec::new();
    };
    let one = view.delivery;
    open(model, one.workspace_id, one.post_id, Opening::Copy, None)
}

fn open(
    model: &mut Model,
    workspace: WorkspaceId,
    post: PostId,
    opening: Opening,
    on: Option<ChannelId>,
) -> Vec<Effect> {
    let request = model.requests.fresh();
    let (at, mut effects) = start(model, workspace, &[]);
    let one = &mut model.writings[at];
    if opening == Opening::Waiting {
        one.kind = Kind::Waiting;
        one.original = Some(post.clone());
    }
    one.was_draft = opening == Opening::Draft;
    one.part = Part::Text;
    one.loading = Some(Loading {
        request,
        copy: opening == Opening::Copy,
        on,
    });
    effects.push(Effect::Load(request, Load::Post(one.id, post, opening)));
    effects
}

/// Goes on with the chosen draft, in the place of the empty post.
pub fn go_on(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Drafts(choice)) = model.sheets.last() else {
        return Vec::new();
    };
    let found = super::found::drafts(model, choice.search.text());
    let chosen = found.get(choice.selected).map(|view| {
        let post = &view.post;
        (post.workspace_id.clone(), post.id.clone())
    });
    let Some((workspace, post)) = chosen else {
        return Vec::new();
    };
    model.sheets.pop();
    if matches!(model.sheets.last(), Some(Sheet::Composer(_))) {
        model.sheets.pop();
    }
    open(model, workspace, post, Opening::Draft, None)
}

/// Whether a key is the composer's own.
pub fn takes(does: Do) -> bool {
    use Do::{Cancel, Edit, Field, First, Fold, Go, Half, Last, Mark, MarkAll, Move, Page, Side};
    matches!(
        does,
        Cancel
            | Edit
            | Field(_)
            | First
            | Fold(_)
            | Go
            | Half(_)
            | Last
            | Mark
            | MarkAll
            | Move(_)
            | Page(_)
            | Side(_)
    )
}

/// Does what a key of the composer is for.
pub fn run(model: &mut Model, does: Do) -> Vec<Effect> {
    match does {
        Do::Field(forwards) => turn(model, forwards),
        Do::Move(by) => step(model, by),
        Do::Half(by) | Do::Page(by) => step(model, by * 5),
        Do::First => step(model, isize::MIN / 2),
        Do::Last => step(model, isize::MAX / 2),
        Do::Side(by) => aside(model, by),
        Do::Mark => tick(model),
        Do::MarkAll => tick_all(model),
        Do::Cancel => drop_it(model),
        Do::Edit => editor(model),
        Do::Fold(away) => preview(model, !away),
        _ => go(model),
    }
}

/// To the next part, or the one before.
pub fn turn(model: &mut Model, forwards: bool) -> Vec<Effect> {
    let size = model.size;
    if let Some(one) = top(model) {
        let here = Part::ALL.iter().position(|part| *part == one.part);
        let step = if forwards { 1 } else { Part::ALL.len() - 1 };
        one.alt = None;
        one.preview = false;
        one.part = Part::ALL[(here.unwrap_or(0) + step) % Part::ALL.len()];
        if one.part == Part::Buttons {
            one.button = 0;
        }
        if one.part == Part::Media && forwards {
            one.medium = one.media.len();
        }
        fit(one, size);
    }
    Vec::new()
}

/// Moves in the part with the cursor.
pub fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    let networks = model.set.networks.clone();
    let Some(one) = top(model) else {
        return Vec::new();
    };
    match one.part {
        Part::To => {
            one.chosen = one.chosen.saturating_add_signed(by).min(one.targets.len());
            one.check(&networks);
        }
        Part::Media if one.alt.is_none() => {
            let to = one.medium.checked_add_signed(by);
            match to.filter(|to| *to <= one.media.len()) {
                Some(to) => one.medium = to,
                None if by.abs() > 1 => one.medium = if by < 0 { 0 } else { one.media.len() },
                None => return turn(model, by > 0),
            }
        }
        Part::Media | Part::Text => {}
        Part::When | Part::Late | Part::Buttons if by.abs() == 1 => {
            let last = one.part == Part::Buttons && by > 0;
            if !last {
                return turn(model, by > 0);
            }
        }
        Part::When | Part::Late | Part::Buttons => {}
    }
    Vec::new()
}

/// To the next choice aside.
pub fn aside(model: &mut Model, by: isize) -> Vec<Effect> {
    let Some(one) = top(model) else {
        return Vec::new();
    };
    match one.part {
        Part::Late => {
            let on_time = by > 0;
            if one.only_on_time != on_time {
                one.only_on_time = on_time;
                changed(model);
            }
        }
        Part::Buttons => {
            let last = one.buttons().len() - 1;
            one.button = one.button.saturating_add_signed(by).min(last);
        }
        _ => {}
    }
    Vec::new()
}

/// Ticks the chosen channel, or takes the tick away.
pub fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(one) = top(model) else {
        return Vec::new();
    };
    if one.part == Part::Late {
        let by = if one.only_on_time { -1 } else { 1 };
        return aside(model, by);
    }
    let at = one.chosen.checked_sub(1);
    if let Some(target) = at.and_then(|at| one.targets.get_mut(at)) {
        if target.ticked && target.own.is_some() {
            let text = "It has a text of its own: x gives that up first.";
            model.line.say(Tone::Quiet, text, model.boot);
            return Vec::new();
        }
        target.ticked = !target.ticked;
        changed(model);
    }
    Vec::new()
}

/// Ticks all, again none.
pub fn tick_all(model: &mut Model) -> Vec<Effect> {
    if let Some(one) = top(model) {
        let free = |target: &&mut crate::tui::model::composer::Target| target.closed.is_none();
        let all = one.targets.iter_mut().filter(free).all(|one| one.ticked);
        for target in one.targets.iter_mut().filter(free) {
            // A text of its own is not lost by one key.
            target.ticked = !all || target.own.is_some();
        }
        changed(model);
    }
    Vec::new()
}

/// `x`: the chosen channel takes the base text again, or the medium goes.
pub fn drop_it(model: &mut Model) -> Vec<Effect> {
    let Some(one) = top(model) else {
        return Vec::new();
    };
    match one.part {
        Part::Media if one.medium < one.media.len() => {
            one.media.remove(one.medium);
        }
        Part::To => {
            let at = one.chosen.saturating_sub(1);
            if let Some(target) = one.targets.get_mut(at) {
                target.own = None;
            }
        }
        _ => return Vec::new(),
    }
    changed(model);
    Vec::new()
}

/// Opens the editor on the text that is shown.
pub fn editor(model: &mut Model) -> Vec<Effect> {
    let request = model.requests.fresh();
    let Some(one) = top(model) else {
        return Vec::new();
    };
    one.editing = Some((request, one.chosen));
    vec![Effect::Editor(request, one.area().text().to_owned())]
}

/// Shows the preview in the place of the parts, or the parts again.
pub fn preview(model: &mut Model, on: bool) -> Vec<Effect> {
    if let Some(one) = top(model) {
        one.preview = on;
    }
    Vec::new()
}

/// Back by one: a preview, an alternative text; whether there was any.
pub fn back(model: &mut Model) -> bool {
    let Some(one) = top(model) else {
        return false;
    };
    if one.preview {
        one.preview = false;
        return true;
    }
    if one.alt.take().is_some() {
        return true;
    }
    super::composing::part(model);
    false
}

/// Enter outside of the text.
pub fn go(model: &mut Model) -> Vec<Effect> {
    let request = model.requests.fresh();
    let confined = model.set.confined;
    let Some(one) = top(model) else {
        return Vec::new();
    };
    match one.part {
        Part::To => {
            one.preview = false;
            one.part = Part::Text;
        }
        Part::Text => {}
        Part::Media if one.alt.is_some() => {
            one.alt = None;
            one.medium += 1;
        }
        Part::Media if one.medium < one.media.len() => {
            one.alt = Some(Field::with(&one.media[one.medium].alt));
        }
        Part::Media if one.path.is_empty() => return turn(model, true),
        Part::Media if one.taking.is_some() => {}
        Part::Media if confined => {
            let text = "this session reads no file of this machine";
            model.line.say(Tone::Quiet, text, model.boot);
        }
        Part::Media => {
            one.taking = Some(request);
            let path = PathBuf::from(one.path.text().trim());
            return vec![Effect::Load(request, Load::File(path))];
        }
        Part::When => {
            one.part = Part::Buttons;
            one.button = 0;
        }
        Part::Late => return tick(model),
        Part::Buttons => return buttons::press(model),
    }
    Vec::new()
}

/// The text has its cursor in sight, the lists their rows.
pub fn keep_visible(model: &mut Model) {
    let size = model.size;
    if let Some(one) = top(model) {
        fit(one, size);
    }
}

fn fit(one: &mut Composer, (width, height): (u16, u16)) {
    let plan = layout::composer(width, height, one);
    let (wide, high) = (plan.text.width.saturating_sub(2), plan.text.height);
    one.area_mut().fit(usize::from(wide), usize::from(high));
    let rows = usize::from(plan.to.height).saturating_sub(2).max(1);
    let at = one.chosen.saturating_sub(1);
    one.offset = one.offset.min(at).max((at + 1).saturating_sub(rows));
}

impl Model {
    /// The post that `e` would open.
    pub fn writable(&self) -> Option<&DeliveryView> {
        match self.sheet() {
            Some(Sheet::Plan(plan)) => plan.under_cursor().map(|post| &post.view),
            _ => self.delivery(),
        }
        .filter(|view| keys::is_writable(self, view).is_none())
    }
}
