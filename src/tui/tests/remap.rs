//! Keys of one's own, pressed.

use super::seed;
use super::stories::{press, seen};
use crate::support::config::KeySetting;
use crate::tui::act::{Act, Effect};
use crate::tui::keys::table;
use crate::tui::model::{Model, Sheet};

fn screen(all: &[(&str, &str)]) -> Model {
    let settings: Vec<KeySetting> = all
        .iter()
        .map(|(action, keys)| KeySetting {
            action: (*action).into(),
            keys: (*keys).into(),
            line: 1,
        })
        .collect();
    let mut model = seed::model(120, 36);
    model.set.keys = table(&settings).0;
    model
}

#[test]
fn a_key_of_ones_own_works_and_is_what_footer_help_and_find_box_show() {
    let mut model = screen(&[("reconnect", "R"), ("probe", "F Ctrl-y")]);
    assert!(seen(&model).contains(" R reconnect 4 "), "{}", seen(&model));
    press(&mut model, "jjjjj");
    for key in ["F", "<ctrl-y>", "p"] {
        let effects = press(&mut model, key);
        assert!(
            matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(_))]),
            "{key}"
        );
    }
    press(&mut model, "?prove now");
    let help = seen(&model);
    assert!(help.contains("F or Ctrl-y or p "), "{help}");
    press(&mut model, "<esc><esc>:prove now that");
    let line = seen(&model);
    let line = line
        .lines()
        .find(|line| line.contains("Prove now"))
        .unwrap();
    assert!(line.trim_end_matches([' ', '│']).ends_with(" F"), "{line}");
    press(&mut model, "<esc><esc>R");
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(_))));
}

#[test]
fn two_keys_that_change_places_leave_nothing_of_the_old_ones() {
    let mut model = screen(&[("probe", "r"), ("reconnect", "p")]);
    press(&mut model, "jjjjj");
    let effects = press(&mut model, "r");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Act(_, Act::Probe(_))]
    ));
    press(&mut model, "p");
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(_))));
}

#[test]
fn in_a_field_a_key_of_ones_own_is_text() {
    let mut model = screen(&[("down", "b j")]);
    press(&mut model, "bb");
    assert_eq!(super::stories::selected(&model), "soc_A6");
    press(&mut model, "?bb");
    assert!(seen(&model).contains("> bb"), "{}", seen(&model));
}
