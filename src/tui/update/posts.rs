//! Acts on a delivery, and its story.

use super::{acts, plan};
use crate::domain::delivery::Shown;
use crate::domain::ids::DeliveryId;
use crate::domain::release::Then;
use crate::ops::posts::Answer;
use crate::ops::views::DeliveryView;
use crate::tui::act::{Act, Effect, Load};
use crate::tui::keys::{self, Do};
use crate::tui::model::line::COUNTDOWN;
use crate::tui::model::sheet::{CancelMarked, Story};
use crate::tui::model::{Model, Pane, Pending, Sheet, Tone};
use crate::tui::widgets::Field;

/// `@acme 14:30`: names a delivery.
fn name(model: &Model, view: &DeliveryView) -> String {
    format!(
        "{} {}",
        model.account(view),
        model.wall().clock(view.delivery.due)
    )
}

/// Opens the story of the delivery under the cursor.
pub fn story(model: &mut Model) -> Vec<Effect> {
    match model.queue.selected().cloned() {
        Some(view) => open(model, view),
        None => Vec::new(),
    }
}

/// Opens the story of a delivery.
pub fn open(model: &mut Model, view: DeliveryView) -> Vec<Effect> {
    let asked = model.requests.fresh();
    let id = view.delivery.id.clone();
    model.sheets.push(Sheet::Story(Box::new(Story {
        delivery: view,
        why: None,
        asked,
        link: None,
        again: false,
        busy: None,
        error: None,
        scroll: 0,
    })));
    vec![Effect::Load(asked, Load::Why(id))]
}

/// Reads the open story again when its delivery is among the changed ones.
pub fn story_again(model: &mut Model, changed: &[&String]) -> Option<Effect> {
    let asked = model.requests.fresh();
    let story = model.sheets.iter_mut().find_map(|sheet| match sheet {
        Sheet::Story(story) => Some(story),
        _ => None,
    })?;
    let id = &story.delivery.delivery.id;
    if !changed.iter().any(|one| *one == id.as_str()) {
        return None;
    }
    story.asked = asked;
    Some(Effect::Load(asked, Load::Why(id.clone())))
}

/// Cancels the delivery, or puts the notice away.
pub fn cancel(model: &mut Model) -> Vec<Effect> {
    if model.sheets.is_empty() && model.list == Pane::Notices {
        return acts::read(model).into_iter().collect();
    }
    if plan::answer(model, Then::Cancel) {
        return Vec::new();
    }
    let (fits, left) = keys::fitting(model.chosen_posts(), |view| {
        keys::post_refuses(model, view, Do::Cancel)
    });
    let of = model.of_marked(fits.len(), &left);
    let posts = ids(&fits);
    if let [view] = fits.as_slice() {
        let text = format!("Cancelling {}{of}…", name(model, view));
        return cancel_all(model, posts, of, text);
    }
    if !posts.is_empty() {
        let since = model.boot;
        let sheet = CancelMarked { posts, of, since };
        model.sheets.push(Sheet::CancelMarked(Box::new(sheet)));
    }
    Vec::new()
}

/// The question was answered: cancels them.
pub fn cancel_marked(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::CancelMarked(sheet)) = model.sheets.pop() else {
        return Vec::new();
    };
    let text = format!("Cancelling {} posts{}…", sheet.posts.len(), sheet.of);
    cancel_all(model, sheet.posts, sheet.of, text)
}

fn cancel_all(model: &mut Model, posts: Vec<DeliveryId>, of: String, text: String) -> Vec<Effect> {
    let effects = acts::begin(model, Act::Cancel(posts), text);
    if let ([Effect::Act(id, _)], false) = (effects.as_slice(), of.is_empty()) {
        model.marks.tell(*id, of);
        // What they were marked for is done.
        model.marks.clear(Pane::Queue);
    }
    effects
}

fn ids(views: &[&DeliveryView]) -> Vec<DeliveryId> {
    let ids = views.iter().map(|view| view.delivery.id.clone());
    ids.collect()
}

/// Sends now or again, after a countdown.
pub fn send(model: &mut Model) -> Vec<Effect> {
    if plan::answer(model, Then::Send) {
        return Vec::new();
    }
    let (fits, left) = keys::fitting(model.chosen_posts(), |view| {
        keys::post_refuses(model, view, Do::Send)
    });
    let posts = ids(&fits);
    let known = model.pending.iter().any(|pending| {
        matches!(&pending.act, Act::SendNow(all) | Act::Retry(all)
            if all.iter().any(|id| posts.contains(id)))
    });
    if known || posts.is_empty() {
        return Vec::new();
    }
    let of = model.of_marked(posts.len(), &left);
    let failed = |view: &&DeliveryView| view.shown == Shown::Failed;
    let (act, what) = match fits.as_slice() {
        [view] if failed(view) => (Act::Retry(posts), name(model, view)),
        [view] => (Act::SendNow(posts), name(model, view)),
        all => {
            let what = format!("{} posts", all.len());
            (Act::SendNow(posts), what)
        }
    };
    let text = match of.strip_prefix(" of ") {
        Some(of) => format!("Sending {what} now ({of})"),
        None => format!("Sending {what} now"),
    };
    if !of.is_empty() {
        model.marks.clear(Pane::Queue);
    }
    let at = model.boot + COUNTDOWN;
    model.pending.push(Pending { act, text, at });
    Vec::new()
}

/// Takes the answer to "did it go out?".
pub fn decide(model: &mut Model, does: Do) -> Vec<Effect> {
    let Some(Sheet::Story(story)) = model.sheets.last_mut() else {
        return Vec::new();
    };
    if story.busy.is_some() {
        return Vec::new();
    }
    story.error = None;
    match does {
        Do::Live => {
            story.again = false;
            story.link = Some(Field::plain());
            Vec::new()
        }
        Do::NotLive => {
            story.again = true;
            Vec::new()
        }
        _ => resolve(model, Answer::Leave),
    }
}

/// Enter in the story: confirms the answer that was begun.
pub fn confirm(model: &mut Model) -> Vec<Effect> {
    let Some(Sheet::Story(story)) = model.sheets.last() else {
        return Vec::new();
    };
    if story.busy.is_some() {
        return Vec::new();
    }
    match (&story.link, story.again) {
        (Some(link), _) => {
            let link = (!link.is_empty()).then(|| link.text().trim().to_owned());
            resolve(model, Answer::Live(link))
        }
        (None, true) => resolve(model, Answer::NotLive),
        (None, false) => Vec::new(),
    }
}

fn resolve(model: &mut Model, answer: Answer) -> Vec<Effect> {
    let request = model.requests.fresh();
    let Some(Sheet::Story(story)) = model.sheets.last_mut() else {
        return Vec::new();
    };
    story.busy = Some(request);
    let id = story.delivery.delivery.id.clone();
    model
        .line
        .say(Tone::Quiet, "Writing that down…", model.boot);
    vec![Effect::Act(request, Act::Resolve(id, answer))]
}
