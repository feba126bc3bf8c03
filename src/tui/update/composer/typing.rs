//! What is typed and pasted in the composer.

use crossterm::event::KeyEvent;

use super::super::composing::{changed, top};
use crate::tui::layout;
use crate::tui::model::composer::{Composer, Part};
use crate::tui::model::{Model, Tone};
use crate::tui::widgets::Field;

/// Something was typed into one of its fields.
pub fn typed(model: &mut Model) {
    let Some(one) = top(model) else {
        return;
    };
    match (one.part, &one.alt) {
        (Part::Media, Some(alt)) => {
            let text = alt.text().trim().to_owned();
            if let Some(medium) = one.media.get_mut(one.medium) {
                medium.alt = text;
            }
            changed(model);
        }
        (Part::When, _) => changed(model),
        _ => {}
    }
}

/// A key for the text with the cursor; whether it was one of a text's.
pub fn type_into(model: &mut Model, key: KeyEvent) -> bool {
    let (width, height) = model.size;
    let Some(one) = top(model) else {
        return false;
    };
    if one.part != Part::Text || one.loading.is_some() || one.busy.is_some() {
        return false;
    }
    let page = usize::from(layout::composer(width, height, one).text.height);
    let said = one.write(|area| {
        let said = area.key(key, page.max(1));
        (said, said == Some(true))
    });
    if said == Some(true) {
        changed(model);
    }
    said.is_some()
}

/// A paste for the text with the cursor; whether there is one.
pub fn paste(model: &mut Model, text: &str) -> bool {
    let Some(one) = top(model) else {
        return false;
    };
    if one.part != Part::Text || one.loading.is_some() || one.busy.is_some() {
        return false;
    }
    let all = one.write(|area| (area.paste(text), true));
    changed(model);
    if !all {
        let text = "The text is full at 1 MiB: the rest of the paste was left out.";
        model.line.say(Tone::Bad, text, model.boot);
    }
    true
}

/// The field with the cursor.
pub fn field(one: &mut Composer) -> Option<&mut Field> {
    if one.loading.is_some() || one.busy.is_some() {
        return None;
    }
    match one.part {
        Part::When => Some(&mut one.when),
        Part::Media if one.alt.is_some() => one.alt.as_mut(),
        Part::Media if one.medium == one.media.len() => Some(&mut one.path),
        _ => None,
    }
}
