//! How the screen changes: `update` takes a message and says what has to be
//! done elsewhere. No I/O, no waiting, no clock but the one that was told.

mod acts;
mod answers;
mod aside;
mod beside;
mod browser;
mod calendar;
mod composer;
mod composing;
mod filter;
pub mod find;
pub mod found;
mod loads;
mod logins;
mod marks;
mod mouse;
mod moves;
mod plan;
mod posts;
mod press;
mod runbook;
mod sheets;
mod theme;
mod tick;
mod time;
mod wall;

#[cfg(test)]
pub use loads::since_anew;
pub use loads::{broken_channels, first};
pub use logins::is_silent;
pub use theme::asked;

use super::View;
use super::act::Effect;
use super::model::find::Destination;
use super::model::{Dirty, Model, Pane, Tone};
use super::msg::Msg;
use super::term::gate::Input;
use super::term::signals::Asked;
use crate::ops::views;

/// Opens the screen at a place, before anything is known.
pub fn open_at(model: &mut Model, view: View) {
    let destination = match view {
        View::Channels => Destination::Pane(Pane::Channels),
        View::Queue => Destination::Pane(Pane::Queue),
        View::Notices => Destination::Pane(Pane::Notices),
        View::Wall => Destination::Wall,
        View::Calendar => Destination::Calendar,
    };
    let _ = find::arrive(model, destination);
}

/// Takes a message.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = take(model, msg);
    // Before anything is left.
    let leaves = |effect: &Effect| matches!(effect, Effect::Quit | Effect::Suspend);
    let keeps = composing::settle(model, effects.iter().any(leaves));
    effects.splice(0..0, keeps);
    model.recount();
    if model.moving.is_none() {
        model.shown = model.subject();
        effects.extend(beside::follow(model));
    }
    effects.extend(calendar::follow(model));
    effects.extend(composing::follow(model));
    keep_visible(model);
    effects
}

fn take(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Now(now, boot) => tick::now(model, now, boot),
        Msg::Input(None) => vec![Effect::Quit],
        Msg::Input(Some(input)) => {
            if let Input::Focus(focused) = input {
                return vec![Effect::Focus(focused)];
            }
            if let Input::Background(color) = input {
                theme::background(model, color);
                return Vec::new();
            }
            model.touch(match input {
                Input::Resize(..) => Dirty::Background,
                _ => Dirty::Input,
            });
            match input {
                Input::Key(key) => press::key(model, key),
                Input::Paste(text) => press::paste(model, &text),
                Input::Resize(width, height) => {
                    model.size = (width, height);
                    Vec::new()
                }
                Input::Click(x, y) => mouse::click(model, (x, y)),
                Input::Wheel(x, y, down) => mouse::wheel(model, (x, y), down),
                Input::Focus(_) | Input::Background(_) => Vec::new(),
            }
        }
        Msg::Signal(Asked::HangUp | Asked::End | Asked::Interrupt) => vec![Effect::Quit],
        Msg::Signal(Asked::Suspend) => {
            model.bare = false;
            vec![Effect::Suspend]
        }
        Msg::Signal(Asked::Continue) => {
            model.bare = false;
            vec![Effect::Repaint]
        }
        Msg::Written(true) => Vec::new(),
        Msg::Written(false) => vec![Effect::Quit],
        Msg::Changed(changes) => loads::changed(model, &changes),
        Msg::Publisher(view) => {
            model.publisher = Some(view);
            model.touch(Dirty::Background);
            Vec::new()
        }
        Msg::StoreBusy(busy) => {
            let now = model.wall().now;
            model.busy = busy.then(|| views::store_busy(now));
            model.touch(Dirty::Background);
            Vec::new()
        }
        Msg::Loaded(id, loaded) => loads::loaded(model, id, loaded),
        Msg::Answered(id, answered) => answers::answered(model, id, answered),
        Msg::Login(id, news) => logins::news(model, id, news),
        Msg::TaskPanicked => {
            model.touch(Dirty::Background);
            let text = "Part of the screen failed; the log says where. The rest goes on.";
            model.line.say(Tone::Bad, text, model.boot);
            Vec::new()
        }
    }
}

/// Settles what is in sight, from the size of the panes: drawing changes
/// nothing.
fn keep_visible(model: &mut Model) {
    let plan = model.plan(model.size);
    let height = |pane| usize::from(plan.pane(pane, model.list).height);
    let (channels, queue) = (height(Pane::Channels), height(Pane::Queue));
    let now = model.wall().now;
    if channels > 0 {
        model.channels.keep_visible(channels);
    }
    if queue > 0 {
        model.queue.keep_visible(queue, now);
    }
    model.news.offset = super::view::notices_offset(model, &plan);
    wall::keep_visible(model);
    composer::keep_visible(model);
    let most = super::view::details_overflow(model, &plan);
    model.details_scroll = model.details_scroll.min(most);
}
