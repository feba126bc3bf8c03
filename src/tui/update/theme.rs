//! Colours that follow the terminal, or a person.

use std::time::Duration;

use crate::tui::model::{Dirty, Model, Tone};
use crate::tui::theme::Theme;

/// How long an answer of the terminal about its background counts. One that is
/// later would change the colours of a screen that is being read.
const ANSWERED: Duration = Duration::from_secs(2);

/// The terminal is being asked for its background.
pub fn asked(model: &mut Model) {
    model.asked = Some(model.boot + ANSWERED);
}

/// The terminal says what colour its background has.
pub fn background(model: &mut Model, color: (u8, u8, u8)) {
    let asked = model.asked.take();
    if asked.is_some_and(|until| model.boot <= until) {
        model.set.look = model.set.look.on_background(color);
        model.touch(Dirty::Background);
    }
}

/// Shows another theme until the screen is left.
pub fn choose(model: &mut Model, theme: Theme) {
    model.set.look = model.set.look.in_theme(theme);
    let name = theme.name();
    let text = format!("Theme {name}. To keep it: theme = \"{name}\" under [ui] in config.toml.");
    model.line.say(Tone::Good, text, model.boot);
}
