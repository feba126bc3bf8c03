//! Setting aside, told in keys: who took it on, until when, and that it stays
//! as red as it is.

use super::look::{DARK, snapshot};
use super::seed::{self, minutes};
use super::stories::{press, said, seen, selected};
use crate::domain::aside::Aside;
use crate::domain::ids::{ChannelId, OperatorId};
use crate::domain::role::Role;
use crate::ops::aside::Target;
use crate::ops::views::Lamp;
use crate::ops::{ErrorKind, OpError};
use crate::tui::act::{Act, Answered, Done, Effect, SetAside};
use crate::tui::keys::parse;
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;

/// Ann took it on until a time.
pub fn by_ann(object: &str, until: i64, note: &str) -> Aside {
    Aside {
        object: object.into(),
        by: OperatorId::from_stored("opr_ANN"),
        by_name: "ann".into(),
        until: minutes(until),
        note: note.into(),
        at: minutes(-30),
        about: Vec::new(),
    }
}

/// Until Monday at nine.
pub const MONDAY: i64 = 42 * 60 + 58;

/// Sets channels aside, as the store would say.
pub fn set(model: &mut Model, ids: &[&str], aside: &Aside) {
    for id in ids {
        let id = ChannelId::from_stored(*id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.aside = Some(aside.clone());
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(model, Msg::Loaded(request, Loaded::Channels(views)));
    }
}

fn asked(effects: &[Effect]) -> &SetAside {
    match effects.first() {
        Some(Effect::Act(_, Act::Aside(what))) => what,
        other => panic!("{other:?}"),
    }
}

/// The line of the screen that holds a text.
fn line<'a>(screen: &'a str, text: &str) -> &'a str {
    let found = screen.lines().find(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("no {text} in\n{screen}"))
}

#[test]
fn s_a_note_and_enter_take_a_channel_on_until_the_next_working_morning() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjj");
    assert_eq!(selected(&model), "soc_B1");
    let keys = "sclient looks for the Page admin<enter>";
    assert_eq!(parse("s<enter>").unwrap().len(), 2, "and the note");
    let effects = press(&mut model, keys);
    let what = asked(&effects);
    assert_eq!(
        what.targets,
        [Target::Channel(ChannelId::from_stored("soc_B1"))]
    );
    // Saturday: the next working day is Monday.
    assert_eq!(what.until, Some(minutes(MONDAY)));
    assert_eq!(what.note, "client looks for the Page admin");
    assert_eq!(
        what.command,
        "allgreen aside birch/li:@birch-gmbh --until '2026-11-23 09:00' --note 'client looks for the Page admin'"
    );
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!();
    };
    let done = Done {
        text: what.text.clone(),
        command: Some(what.command.clone()),
        channel: None,
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    assert!(model.sheets.is_empty());
    assert_eq!(
        said(&model),
        "Set aside: LI Birch GmbH · Birch · u undoes that"
    );
}

#[test]
fn what_is_set_aside_stays_as_red_and_is_counted_as_before() {
    let mut model = seed::model(120, 36);
    let head = |model: &Model| {
        seen(model)
            .lines()
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (before, section) = (head(&model), line(&seen(&model), "Broken 6").to_owned());
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    set(&mut model, &["soc_B1"], &aside);
    let screen = seen(&model);
    assert_eq!(head(&model), before);
    assert_eq!(line(&screen, "Broken 6"), section);
    let row = line(&screen, "LI Birch GmbH");
    assert!(row.contains('✖') && row.contains("role lost"), "{row}");
    assert!(row.contains("– @ann, Mon│"), "{row}");
    let view = model
        .channels
        .get(&ChannelId::from_stored("soc_B1"))
        .unwrap();
    assert_eq!(view.lamp, Lamp::Broken);
    press(&mut model, "jjjjjj");
    let screen = seen(&model);
    assert!(
        screen.contains("by ann until Mon 09:00: “client looks for"),
        "{screen}"
    );
}

#[test]
fn its_time_over_the_row_is_everybodys_again() {
    let mut model = seed::model(120, 36);
    set(&mut model, &["soc_B1"], &by_ann("soc_B1", 10, ""));
    assert!(line(&seen(&model), "LI Birch GmbH").contains("– @a… 14:12"));
    seed::later(&mut model, 601);
    assert!(!line(&seen(&model), "LI Birch GmbH").contains("@a"));
}

#[test]
fn a_login_set_aside_says_so_once_above_its_channels() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "s<enter>");
    let what = asked(&effects);
    assert!(matches!(what.targets.as_slice(), [Target::Login(id)] if id.as_str() == "lgn_ANN"));
    let aside = by_ann("lgn_ANN", MONDAY, "");
    let mut model = seed::model(120, 36);
    set(
        &mut model,
        &["soc_A1", "soc_A3", "soc_A6", "soc_A7"],
        &aside,
    );
    let screen = seen(&model);
    assert_eq!(screen.matches("@ann, Mon").count(), 1, "{screen}");
    assert!(line(&screen, "▾ Meta login Ann Lee").contains("@ann, Mon"));
}

#[test]
fn tab_leads_to_the_time_and_nonsense_is_said_before_enter() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjjs<tab><ctrl-u>someday");
    let effects = press(&mut model, "<enter>");
    assert!(effects.is_empty());
    assert!(seen(&model).contains("✖"), "{}", seen(&model));
    let effects = press(&mut model, "<ctrl-u>in 2h<enter>");
    assert_eq!(asked(&effects).until, Some(minutes(120)));
}

#[test]
fn an_emptied_time_takes_it_up_again() {
    let mut model = seed::model(120, 36);
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    set(&mut model, &["soc_B1"], &aside);
    press(&mut model, "jjjjjjs");
    let screen = seen(&model);
    assert!(
        screen.contains("set aside by ann until Mon 09:00"),
        "{screen}"
    );
    press(&mut model, "<tab><ctrl-u>");
    assert!(
        seen(&model).contains("Enter take it up again"),
        "{}",
        seen(&model)
    );
    let effects = press(&mut model, "<enter>");
    let what = asked(&effects);
    assert_eq!(what.until, None);
    assert_eq!(what.command, "allgreen aside birch/li:@birch-gmbh --end");
}

#[test]
fn a_refusal_stays_in_the_sheet_with_the_note() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "jjjjjjsnote<enter>");
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let error = OpError::new(ErrorKind::Failed, "x", "It is healthy.", "Look again.");
    update(&mut model, Msg::Answered(*id, Answered::Act(Err(error))));
    let screen = seen(&model);
    assert!(
        screen.contains("It is healthy.") && screen.contains("note"),
        "{screen}"
    );
    assert!(matches!(model.sheets.last(), Some(Sheet::Aside(_))));
}

#[test]
fn s_says_why_it_does_nothing() {
    let mut model = seed::model(120, 36);
    press(&mut model, "Gs");
    assert_eq!(said(&model), "it is healthy: nothing to set aside");
    press(&mut model, "2s");
    assert_eq!(said(&model), "it needs no hand yet");
    press(&mut model, "ks");
    assert_eq!(said(&model), "it is held: set its channel aside");
    press(&mut model, "ks");
    assert_eq!(said(&model), "it is live already");
    let effects = press(&mut model, "ksnote<enter>");
    assert!(
        matches!(asked(&effects).targets.as_slice(), [Target::Post(id)] if id.as_str() == "dlv_03")
    );
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    press(&mut model, "s");
    assert_eq!(said(&model), "viewer here; that takes editor");
    model.set.read_only = true;
    press(&mut model, "s");
    assert!(said(&model).starts_with("read only"));
}

#[test]
fn marks_are_set_aside_together_and_the_wall_takes_the_first_damage() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj<space><space>");
    let effects = press(&mut model, "s<enter>");
    assert_eq!(asked(&effects).targets.len(), 2);
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "Ws<enter>");
    assert_eq!(
        asked(&effects).targets,
        [Target::Channel(ChannelId::from_stored("soc_A1"))]
    );
}

#[test]
fn setting_aside_looks_like_this() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut model = seed::model(width, height);
        model.set.look = DARK;
        set(
            &mut model,
            &["soc_B1"],
            &by_ann("soc_B1", MONDAY, "client looks for the Page admin"),
        );
        press(&mut model, "jjjjjj");
        let name = format!("aside_row_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
        press(&mut model, "s");
        let name = format!("aside_sheet_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
    }
}
