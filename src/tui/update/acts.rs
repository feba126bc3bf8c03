//! Acts on a channel or a notice, taking back, copying.

use crate::domain::ids::ChannelId;
use crate::ops::views::ChannelView;
use crate::tui::act::{Act, Effect};
use crate::tui::keys::{self, Do};
use crate::tui::model::{Model, Pane, Sheet, Tone};
use crate::tui::words;

/// Begins an act and says so until it is answered.
pub fn begin(model: &mut Model, act: Act, text: String) -> Vec<Effect> {
    let id = model.requests.fresh();
    model.line.say(Tone::Quiet, text, model.boot);
    vec![Effect::Act(id, act)]
}

/// The names of what an act is about: one by its name, several by their number.
fn names(views: &[&ChannelView]) -> String {
    match views {
        [one] => words::channel(&one.summary.channel),
        many => words::count(many.len() as u64, "channel", "channels"),
    }
}

fn ids(views: &[&ChannelView]) -> Vec<ChannelId> {
    let ids = views.iter().map(|view| view.summary.channel.id.clone());
    ids.collect()
}

/// Begins an act on what is chosen here, and remembers what to say of the marks
/// that it does not fit.
fn begin_on(model: &mut Model, act: Act, text: &str, of: String) -> Vec<Effect> {
    let effects = begin(model, act, format!("{text}{of}…"));
    if let ([Effect::Act(id, _)], false) = (effects.as_slice(), of.is_empty()) {
        model.marks.tell(*id, of);
    }
    effects
}

/// Asks for proofs.
pub fn probe(model: &mut Model) -> Vec<Effect> {
    let (fits, left) = keys::fitting(model.chosen_channels(), |view| {
        keys::channel_refuses(model, view, Do::Probe, false)
    });
    let (ids, text) = (ids(&fits), format!("Probing {}", names(&fits)));
    let of = model.of_marked(ids.len(), &left);
    begin_on(model, Act::Probe(ids), &text, of)
}

/// Asks for proofs of all that is on the screen.
pub fn probe_all(model: &mut Model) -> Vec<Effect> {
    let views = in_view(model);
    let (fits, left) = keys::fitting(views, |view| {
        keys::channel_refuses(model, view, Do::Probe, false)
    });
    if fits.is_empty() {
        let reason = left.into_iter().next();
        let reason = reason.unwrap_or_else(|| "no channel here".into());
        model.line.say(Tone::Quiet, reason, model.boot);
        return Vec::new();
    }
    let (ids, text) = (ids(&fits), format!("Probing {} in view", names(&fits)));
    begin_on(model, Act::Probe(ids), &text, String::new())
}

/// The channels on the screen.
fn in_view(model: &Model) -> Vec<&ChannelView> {
    let plan = model.plan(model.size);
    let height = plan.pane(Pane::Channels, model.list).height;
    let lines = model.channels.rows().from(model.channels.offset);
    let ids = lines
        .take(usize::from(height))
        .filter_map(|(_, row)| row.channel());
    ids.filter_map(|id| model.channels.get(id)).collect()
}

/// Pauses, or resumes where all that is chosen is paused.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let stop = !model.all_paused();
    let (fits, left) = keys::fitting(model.chosen_channels(), |view| {
        keys::channel_refuses(model, view, Do::Pause, stop)
    });
    let word = if stop { "Pausing" } else { "Resuming" };
    let (ids, text) = (ids(&fits), format!("{word} {}", names(&fits)));
    let of = model.of_marked(ids.len(), &left);
    begin_on(model, Act::Pause(ids, stop), &text, of)
}

/// Stops what counts down, else takes the last act on the queue back.
pub fn undo(model: &mut Model) -> Vec<Effect> {
    if let Some(pending) = model.pending.pop() {
        let text = format!("Stopped: {}. Nothing was done.", lower_first(&pending.text));
        model.line.say(Tone::Good, text, model.boot);
        return Vec::new();
    }
    begin(model, Act::Undo, "Taking it back…".into())
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}

/// Copies the useful thing here.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    if matches!(model.sheets.last(), Some(Sheet::Browser(_))) {
        return super::browser::copy(model);
    }
    let sheet = super::runbook::text(model).or_else(|| super::runbook::handover_text(model));
    let (what, text) = match (model.sheets.last(), model.list) {
        _ if sheet.is_some() => ("The text", sheet.unwrap_or_default()),
        (Some(Sheet::Runbook(_) | Sheet::Handover(_)), _) => return Vec::new(),
        (Some(Sheet::Story(story)), _) => match &story.why {
            Some(why) => ("The answer", why.sentence.clone()),
            None => ("The id", story.delivery.delivery.id.to_string()),
        },
        (None, Pane::Queue) | (Some(Sheet::Calendar(_)), _) => match model.delivery() {
            Some(view) => match &view.delivery.permalink {
                Some(link) => ("The link", link.clone()),
                None => ("The id", view.delivery.id.to_string()),
            },
            None => return Vec::new(),
        },
        _ => match (model.channel(), model.login()) {
            (None, Some(login)) => ("The id", login.login.to_string()),
            (Some(view), _) => ("The id", view.summary.channel.id.to_string()),
            (None, None) => return Vec::new(),
        },
    };
    let said = format!("{what} went to your terminal. If nothing arrives, it takes no OSC 52.");
    model.line.say(Tone::Good, said, model.boot);
    vec![Effect::Copy(text)]
}

/// Marks the notice under the cursor as read.
pub fn read(model: &mut Model) -> Option<Effect> {
    let notice = model.news.selected()?;
    if notice.read_at.is_some() || model.set.read_only {
        return None;
    }
    let id = notice.id.clone();
    let request = model.requests.fresh();
    Some(Effect::Act(request, Act::Read(id)))
}
