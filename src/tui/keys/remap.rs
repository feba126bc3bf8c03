//! Keys of one's own: what `[keys]` in the configuration says, held against the
//! table. A key of one's own comes first; those of before go on working, so that
//! what the screen says of them stays true, unless another action that has a key
//! of its own takes them.

use super::{Binding, Chord, Do, EVERYWHERE, Place, TABLE};
use crate::support::config::{ConfigError, KeySetting};
use crate::support::nearest::nearest;
use crate::tui::widgets::Field;

/// What terminals, tmux, screen and ssh take.
const TAKEN: &[&str] = &[
    "ctrl-h", "ctrl-i", "ctrl-j", "ctrl-m", "ctrl-s", "ctrl-q", "ctrl-b",
];

/// Where text is typed into a field, always or at times.
const FIELDS: &[Place] = &[
    Place::Story,
    Place::Time,
    Place::Aside,
    Place::Login,
    Place::Named,
    Place::Address,
    Place::Disconnect,
    Place::Choose,
    Place::Find,
    Place::Filter,
    Place::WriteText,
    Place::WriteField,
];

/// The name of an action in the configuration; none for what must be where
/// everybody looks for it: confirming, going back, getting out.
pub fn name(does: Do) -> Option<String> {
    let name = match does {
        Do::Go | Do::Back | Do::QuitNow | Do::Suspend | Do::Field(_) => return None,
        // These are beside fields, where letters are text.
        Do::NewLink | Do::OtherWay => return None,
        Do::Move(by) => turn("down", "up", by),
        Do::Half(by) => turn("half-down", "half-up", by),
        Do::Page(by) => turn("page-down", "page-up", by),
        Do::Side(by) => turn("right", "left", by),
        Do::Turn(true) => "next-pane",
        Do::Turn(false) => "previous-pane",
        Do::Fold(true) => "fold",
        Do::Fold(false) => "unfold",
        Do::Focus(pane) => return Some(pane.title().to_ascii_lowercase()),
        // `MarkAll` is mark-all.
        other => return Some(dashed(&format!("{other:?}"))),
    };
    Some(name.to_owned())
}

fn turn(forwards: &'static str, backwards: &'static str, by: isize) -> &'static str {
    if by > 0 { forwards } else { backwards }
}

fn dashed(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Every action with a name, in the order of the table, and its keys.
pub fn actions() -> Vec<(String, &'static str)> {
    let mut all: Vec<(String, &'static str)> = Vec::new();
    for row in TABLE {
        if let Some(name) = name(row.does)
            && !all.iter().any(|(known, _)| *known == name)
        {
            all.push((name, row.keys));
        }
    }
    all
}

/// The table with keys of one's own, and what is wrong with them. For what is
/// wrong the table's own keys hold.
pub fn table(settings: &[KeySetting]) -> (&'static [Binding], Vec<ConfigError>) {
    let mut problems = Vec::new();
    let mut own: Vec<&KeySetting> = Vec::new();
    for setting in settings {
        match unfit(setting) {
            Some(problem) => problems.push(problem),
            None => own.push(setting),
        }
    }
    // What conflicts is taken out one by one, the later one first.
    while let Some((at, problem)) = conflict(&own) {
        own.remove(at);
        problems.push(problem);
    }
    problems.sort_by_key(|problem| problem.line);
    if own.is_empty() {
        return (TABLE, problems);
    }
    // Once a screen, and kept as long as it is open.
    let rows: Vec<Binding> = TABLE.iter().map(|row| with(row, &own)).collect();
    (Vec::leak(rows), problems)
}

fn with(row: &Binding, own: &[&KeySetting]) -> Binding {
    let keys = keys(row, own).join(" ");
    Binding {
        keys: String::leak(keys),
        ..*row
    }
}

/// The keys of a row: its own first, then those of the table that no action
/// with keys of its own takes where it is.
fn keys(row: &Binding, own: &[&KeySetting]) -> Vec<String> {
    let Some(setting) = setting_of(row.does, own) else {
        return row.keys.split(' ').map(str::to_owned).collect();
    };
    let mut keys: Vec<String> = setting.keys.split_whitespace().map(str::to_owned).collect();
    for key in row.keys.split(' ') {
        let taken = |other: &Binding| {
            let apart = other.does == row.does || !meet(other, row);
            !apart && setting_of(other.does, own).is_some_and(|one| has(one, key))
        };
        if !has(setting, key) && !TABLE.iter().any(taken) {
            keys.push(key.to_owned());
        }
    }
    keys
}

fn setting_of<'a>(does: Do, own: &[&'a KeySetting]) -> Option<&'a KeySetting> {
    let name = name(does)?;
    own.iter().find(|one| one.action == name).copied()
}

fn has(setting: &KeySetting, key: &str) -> bool {
    let chord = Chord::named(key);
    let mut keys = setting.keys.split_whitespace();
    keys.any(|one| Chord::named(one) == chord)
}

/// Whether both are keys of one place.
fn meet(a: &Binding, b: &Binding) -> bool {
    a.places.iter().any(|place| b.places.contains(place))
}

/// What is wrong with a setting by itself.
fn unfit(setting: &KeySetting) -> Option<ConfigError> {
    let say = |what: String, hint: String| ConfigError {
        line: setting.line,
        what,
        hint,
    };
    let names: Vec<String> = actions().into_iter().map(|(name, _)| name).collect();
    if !names.contains(&setting.action) {
        let hint = match nearest(&setting.action, names.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean {near}?"),
            None => "assets/config.toml lists them.".into(),
        };
        return Some(say(
            format!("There is no action \"{}\".", setting.action),
            hint,
        ));
    }
    if setting.keys.trim().is_empty() {
        let what = format!("{} has no key.", setting.action);
        return Some(say(what, "Write one, or take the line out.".into()));
    }
    let bad = setting.keys.split_whitespace().find_map(|key| {
        let lower = key.to_ascii_lowercase();
        if TAKEN.contains(&lower.as_str()) {
            Some(format!("{key} never arrives: terminals take it."))
        } else if Chord::named(key).is_none() {
            Some(format!("There is no key \"{key}\"."))
        } else if edits(&setting.action, key) {
            let action = &setting.action;
            Some(format!("{key} edits a field where {action} is a key too."))
        } else {
            None
        }
    })?;
    let hint = "Write a letter, Ctrl-x, or a name: Space, PgDn, Home, Left.";
    Some(say(bad, hint.into()))
}

/// Whether a field takes this key somewhere where the action is: it would lose
/// it. Letters are text there anyway, and what the table has is meant so.
fn edits(action: &str, key: &str) -> bool {
    let Some(chord) = Chord::named(key) else {
        return false;
    };
    let taken = |row: &Binding| {
        name(row.does).as_deref() == Some(action)
            && row.places.iter().any(|place| FIELDS.contains(place))
            && !row.chords().any(|one| one == chord)
    };
    !chord.is_text() && Field::plain().key(chord.event()) && TABLE.iter().any(taken)
}

/// The first setting that takes a key something else has, and what it is.
fn conflict(own: &[&KeySetting]) -> Option<(usize, ConfigError)> {
    for place in EVERYWHERE {
        let rows: Vec<(&Binding, Vec<String>)> = TABLE
            .iter()
            .filter(|row| row.places.contains(place))
            .map(|row| (row, keys(row, own)))
            .collect();
        for (at, (row, keys)) in rows.iter().enumerate() {
            for (other, others) in &rows[at + 1..] {
                let same = |key: &&String| {
                    others
                        .iter()
                        .any(|one| Chord::named(one) == Chord::named(key))
                };
                let Some(key) = keys.iter().find(same).filter(|_| row.does != other.does) else {
                    continue;
                };
                let index = |row: &Binding| {
                    let setting = setting_of(row.does, own)?;
                    own.iter()
                        .position(|one| has(setting, key) && one.action == setting.action)
                };
                let guilty = index(row).max(index(other))?;
                return Some((guilty, said(own[guilty], key, (row, other), *place)));
            }
        }
    }
    None
}

fn said(
    setting: &KeySetting,
    key: &str,
    (a, b): (&Binding, &Binding),
    place: Place,
) -> ConfigError {
    let called = |row: &Binding| name(row.does).unwrap_or_else(|| format!("“{}”", row.long));
    let default = TABLE
        .iter()
        .find(|row| name(row.does).as_ref() == Some(&setting.action))
        .map_or("", |row| row.keys);
    ConfigError {
        line: setting.line,
        what: format!(
            "{key} would be both {} and {} in {}.",
            called(a),
            called(b),
            place.words()
        ),
        hint: format!("{} stays {default}.", setting.action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(all: &[(&str, &str)]) -> (&'static [Binding], Vec<String>) {
        let settings: Vec<KeySetting> = all
            .iter()
            .enumerate()
            .map(|(at, (action, keys))| KeySetting {
                action: (*action).into(),
                keys: (*keys).into(),
                line: at + 1,
            })
            .collect();
        let (table, problems) = table(&settings);
        (table, problems.iter().map(ToString::to_string).collect())
    }

    fn keys_of(table: &'static [Binding], does: Do, place: Place) -> &'static str {
        let found = table
            .iter()
            .find(|row| row.does == does && row.places.contains(&place));
        found.unwrap().keys
    }

    #[test]
    fn a_key_of_ones_own_comes_first_and_the_old_one_goes_on() {
        let (table, problems) = set(&[("reconnect", "R Ctrl-y")]);
        assert_eq!(problems, [""; 0]);
        assert_eq!(keys_of(table, Do::Reconnect, Place::Channels), "R Ctrl-y r");
        assert_eq!(keys_of(table, Do::Probe, Place::Channels), "p");
    }

    #[test]
    fn two_actions_can_change_places() {
        let (table, problems) = set(&[("probe", "r"), ("reconnect", "p")]);
        assert_eq!(problems, [""; 0]);
        assert_eq!(keys_of(table, Do::Reconnect, Place::Channels), "p");
        assert_eq!(keys_of(table, Do::Probe, Place::Channels), "r");
    }

    #[test]
    fn a_conflict_names_both_actions_and_the_place_and_the_default_stays() {
        let (table, problems) = set(&[("probe", "r"), ("pause", "R")]);
        assert_eq!(
            problems,
            ["line 1: r would be both reconnect and probe in the channels. probe stays p."]
        );
        assert_eq!(keys_of(table, Do::Probe, Place::Channels), "p");
        assert_eq!(keys_of(table, Do::Pause, Place::Channels), "R P");
        let (_, problems) = set(&[("probe", "R"), ("pause", "R")]);
        assert_eq!(
            problems,
            ["line 2: R would be both probe and pause in the channels. pause stays P."]
        );
    }

    #[test]
    fn what_confirms_or_leads_out_is_where_everybody_looks_for_it() {
        let (table, problems) = set(&[("probe", "Esc"), ("pause", "Ctrl-c"), ("find", "Enter")]);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(
            problems[0].contains("“Back by one, never out”"),
            "{problems:?}"
        );
        assert!(std::ptr::eq(table, TABLE));
        for does in [Do::Go, Do::Back, Do::QuitNow, Do::Suspend] {
            assert_eq!(name(does), None);
        }
    }

    #[test]
    fn what_is_no_action_or_no_key_is_said() {
        let (table, problems) = set(&[
            ("reconect", "R"),
            ("probe", "Ctrl-s"),
            ("pause", "Hyper"),
            ("copy", " "),
        ]);
        assert!(std::ptr::eq(table, TABLE));
        assert_eq!(
            problems,
            [
                "line 1: There is no action \"reconect\". Did you mean reconnect?",
                "line 2: Ctrl-s never arrives: terminals take it. Write a letter, Ctrl-x, or a name: Space, PgDn, Home, Left.",
                "line 3: There is no key \"Hyper\". Write a letter, Ctrl-x, or a name: Space, PgDn, Home, Left.",
                "line 4: copy has no key. Write one, or take the line out.",
            ]
        );
    }

    #[test]
    fn what_edits_a_field_is_no_key_of_an_action_beside_it() {
        for key in ["Ctrl-e", "Ctrl-w", "Ctrl-u", "Ctrl-k", "Home", "Backspace"] {
            let (table, problems) = set(&[("find", key), ("probe", key)]);
            assert!(
                problems[0].starts_with(&format!(
                    "line 1: {key} edits a field where find is a key too."
                )),
                "{problems:?}"
            );
            assert_eq!(keys_of(table, Do::Find, Place::Filter), ": Ctrl-p");
        }
        let (_, problems) = set(&[("find", "F Ctrl-y"), ("repaint", "Ctrl-r")]);
        assert!(!problems.iter().any(|one| one.contains("edits")));
    }

    #[test]
    fn whatever_is_set_every_key_means_one_thing_per_place() {
        for (action, _) in actions() {
            for key in [
                "r", "x", "j", "l", "Y", "F", "9", "Ctrl-p", "Tab", "Down", "Enter",
            ] {
                let (table, _) = set(&[(&action, key), ("mark", "m"), ("copy", "X")]);
                for place in EVERYWHERE {
                    let mut seen = Vec::new();
                    let here = table.iter().filter(|row| row.places.contains(place));
                    for chord in here.flat_map(Binding::chords) {
                        assert!(!seen.contains(&chord), "{action} {key} {place:?}");
                        seen.push(chord);
                    }
                }
            }
        }
    }

    #[test]
    fn the_keys_of_the_table_written_out_change_nothing() {
        let all = actions();
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, keys)| (name.as_str(), *keys))
            .collect();
        let (table, problems) = set(&all);
        assert_eq!(problems, [""; 0]);
        let shown = |row: &&Binding| !row.short.is_empty();
        for (own, row) in table.iter().filter(shown).zip(TABLE.iter().filter(shown)) {
            assert_eq!(own.key(), row.key(), "{}", row.long);
        }
    }

    #[test]
    fn the_default_file_lists_every_action() {
        let kept = crate::support::config::TEMPLATE;
        let listed: String = actions()
            .iter()
            .map(|(name, keys)| format!("# {name} = \"{keys}\"\n"))
            .collect();
        assert!(
            kept.contains(&listed),
            "assets/config.toml wants under [keys]:\n{listed}"
        );
    }
}
