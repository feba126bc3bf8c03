//! Stories told in keys, against update and model alone.

use crate::tui::act::Effect;
use crate::tui::keys::parse;
use crate::tui::model::Model;
use crate::tui::msg::Msg;
use crate::tui::term::gate::Input;
use crate::tui::update::update;

/// Presses a run of keys; what is asked for on the way.
pub fn press(model: &mut Model, run: &str) -> Vec<Effect> {
    parse(run)
        .unwrap()
        .into_iter()
        .flat_map(|key| update(model, Msg::Input(Some(Input::Key(key)))))
        .collect()
}
