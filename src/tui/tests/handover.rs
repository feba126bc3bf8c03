//! What is handed over to the next shift, told in keys.

use super::flows::Hands;
use super::look::{MONO, snapshot};
use super::runbook::walk;
use super::seed::{self, later, minutes};
use super::stories::{press, seen, selected};
use crate::domain::delivery::Shown;
use crate::ops::handover::{Handover, Turned};
use crate::tui::act::{Act, Answered, Effect, Load};
use crate::tui::model::Model;
use crate::tui::msg::Msg;
use crate::tui::update::update;

/// What there is to hand over, over the seed.
fn handed(model: &Model) -> Handover {
    let channels = seed::channels();
    let turned = |name: &str, ago: i64, said: &str| Turned {
        name: name.into(),
        at: minutes(-ago),
        said: said.into(),
    };
    let at_risk = seed::queue(&channels).into_iter();
    Handover {
        at: model.now,
        since: minutes(-720),
        walk: walk(model, &[], Vec::new()),
        broke: vec![
            turned("acme/ig:@acme", 119, "password changed"),
            turned("acme/bs:@acme.example", 20, "token expired"),
        ],
        healed: vec![turned("dune/ma:@dune@mas.to", 300, "by bob")],
        went_out: 84,
        failed: 1,
        more: false,
        theirs: Vec::new(),
        publisher: "a daemon publishes".into(),
        due: 23,
        more_due: false,
        next: Some(minutes(3)),
        at_risk: at_risk.filter(|view| view.shown == Shown::Held).collect(),
    }
}

pub fn hand_over(model: &mut Model) {
    let effects = press(model, ":handover<enter>");
    told(model, &effects);
}

/// What there is to hand over was read.
fn told(model: &mut Model, effects: &[Effect]) {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::Handover(_)) => Some(*id),
        _ => None,
    });
    let answered = Answered::Handover(Ok(Box::new(handed(model))));
    update(model, Msg::Answered(asked.unwrap(), answered));
}

#[test]
fn flow_j_a_note_by_day_and_the_handover_in_the_evening_take_few_keys() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjj");
    assert_eq!(selected(&model), "soc_B1");
    let mut hands = Hands::on(model);
    let effects = hands.press("sask the client<enter>");
    assert!(matches!(
        effects.first(),
        Some(Effect::Act(_, Act::Aside(_)))
    ));
    // The fourteen letters of the note, and two keys.
    assert_eq!(hands.keys, 16);
    let mut model = hands.model;
    press(&mut model, "<esc>");
    let mut hands = Hands::on(model);
    let effects = hands.press(":handover<enter>");
    told(&mut hands.model, &effects);
    let effects = hands.press("y");
    // The eight letters of its name, and three keys.
    assert_eq!(hands.keys, 11);
    let mut model = hands.model;
    let Some(Effect::Copy(text)) = effects.first() else {
        panic!("{effects:?}");
    };
    for part in [
        "Handover of all 4 workspaces",
        "84 posts went out, 1 failed",
        "12:03 acme/ig:@acme, password changed",
        "09:02 dune/ma:@dune@mas.to, by bob",
        "Run: allgreen channel reconnect x",
        "Due in 12 h: 23 posts, the next 14:05; 4 at risk",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    assert!(
        !text.contains(['✖', '▲', '●']),
        "no sign without its word:\n{text}"
    );
    press(&mut model, "q");
    assert!(model.sheets.is_empty());
}

#[test]
fn a_handover_is_as_old_as_it_is_and_says_where_counting_stopped() {
    let mut model = seed::model(120, 36);
    hand_over(&mut model);
    let copied = |model: &mut Model| match press(model, "y").first() {
        Some(Effect::Copy(text)) => text.clone(),
        other => panic!("{other:?}"),
    };
    let fresh = copied(&mut model);
    later(&mut model, 3 * 3_600);
    assert_eq!(copied(&mut model), fresh);
    let mut told = handed(&model);
    (told.more, told.more_due) = (true, true);
    let text = told.lines("all", &model.wall()).join("\n");
    for part in [
        "  at least 84 posts went out, 1 failed",
        "Due in 12 h: at least 23 posts",
        "; at least 4 at risk",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn a_text_that_is_longer_than_the_screen_can_be_read_to_its_end() {
    let mut model = seed::model(80, 24);
    hand_over(&mut model);
    assert!(seen(&model).contains("Handover of all 4 workspaces"));
    press(&mut model, "GG");
    let screen = seen(&model);
    assert!(screen.contains("Nothing ends before"), "{screen}");
    press(&mut model, "gj");
    assert!(!seen(&model).contains("Handover of all 4 workspaces,"));
}

#[test]
fn the_handover_looks_like_this() {
    for (width, height) in [(120, 36), (80, 24), (40, 12)] {
        let mut model = seed::model(width, height);
        hand_over(&mut model);
        model.set.look = MONO;
        let name = format!("handover_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
    }
}
