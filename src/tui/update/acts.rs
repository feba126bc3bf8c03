//! Acts on a channel or a notice, taking back, copying.

use crate::tui::act::{Act, Effect};
use crate::tui::model::{Model, Pane, Sheet, Tone};
use crate::tui::words;

/// Begins an act and says so until it is answered.
pub fn begin(model: &mut Model, act: Act, text: String) -> Vec<Effect> {
    let id = model.requests.fresh();
    model.line.say(Tone::Quiet, text, model.boot);
    vec![Effect::Act(id, act)]
}

/// Asks for a proof.
pub fn probe(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.channel() else {
        return Vec::new();
    };
    let id = view.summary.channel.id.clone();
    let text = format!("Probing {}…", words::channel(&view.summary.channel));
    begin(model, Act::Probe(id), text)
}

/// Pauses or resumes.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(view) = model.channel() else {
        return Vec::new();
    };
    let channel = &view.summary.channel;
    let pause = channel.paused_at.is_none();
    let word = if pause { "Pausing" } else { "Resuming" };
    let text = format!("{word} {}…", words::channel(channel));
    let id = channel.id.clone();
    begin(model, Act::Pause(id, pause), text)
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
    let (what, text) = match (model.sheets.last(), model.list) {
        (Some(Sheet::Story(story)), _) => match &story.why {
            Some(why) => ("The answer", why.sentence.clone()),
            None => ("The id", story.delivery.delivery.id.to_string()),
        },
        (None, Pane::Queue) => match model.queue.selected() {
            Some(view) => match &view.delivery.permalink {
                Some(link) => ("The link", link.clone()),
                None => ("The id", view.delivery.id.to_string()),
            },
            None => return Vec::new(),
        },
        _ => match model.channel() {
            Some(view) => ("The id", view.summary.channel.id.to_string()),
            None => return Vec::new(),
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
