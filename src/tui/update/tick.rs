//! Time goes on.

use std::time::Duration;

use super::loads;
use crate::support::time::UtcMs;
use crate::tui::act::Effect;
use crate::tui::model::{Dirty, Model};

/// How often every lamp is asked for anew: it depends on the clock, and no row
/// of the store changes when a proof gets old.
const LAMPS: Duration = Duration::from_secs(300);

/// Takes the time.
pub fn now(model: &mut Model, now: UtcMs, boot: Duration) -> Vec<Effect> {
    let silent = super::is_silent(model);
    model.now = now;
    model.boot = boot;
    if silent != super::is_silent(model) {
        model.touch(Dirty::Background);
    }
    let mut effects = Vec::new();
    let slot = model.current_slot();
    if slot != model.slot {
        let known = model.slot != UtcMs(0);
        model.slot = slot;
        model.touch(Dirty::Background);
        let every = i64::try_from(LAMPS.as_millis()).unwrap_or(i64::MAX);
        if known && slot.0.rem_euclid(every) == 0 {
            effects.extend(loads::all_channels(model));
            effects.extend(loads::hub(model));
            effects.extend(loads::queue(model));
            effects.extend(loads::due_soon(model));
        }
    }
    if model.moving.is_some_and(|until| until <= boot) {
        model.moving = None;
        super::beside::rested(model);
    }
    effects.extend(super::composing::tick(model));
    if model.line.expire(boot) {
        model.touch(Dirty::Background);
    }
    if !model.pending.is_empty() {
        model.touch(Dirty::Background);
    }
    let (over, waiting) = std::mem::take(&mut model.pending)
        .into_iter()
        .partition(|pending| pending.at <= boot);
    model.pending = waiting;
    let over: Vec<crate::tui::model::Pending> = over;
    for pending in over {
        let id = model.requests.fresh();
        let text = format!("{}…", pending.text);
        model.line.say(crate::tui::model::Tone::Quiet, text, boot);
        effects.push(Effect::Act(id, pending.act));
    }
    effects
}
