//! What operators do all day, told in keys and counted: flows (b), (c), (e),
//! (f) and (i). The others are with their views: (a) and (j) with the health
//! check, (d) with the composer, (g) with the bytes, (h) in a terminal.

use super::logins::{address, another, begun, done, link, news};
use super::plan::{corvid, part, settles};
use super::seed::{self, later};
use super::sheets::counted;
use super::stories::{press, seen, selected};
use crate::domain::ids::ChannelId;
use crate::ops::views::Why;
use crate::store::disconnect::DisconnectCounts;
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::keys::parse;
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::{LoginNews, Msg};
use crate::tui::update::update;

/// An operator whose keys and pastes are counted as they are made.
pub struct Hands {
    pub model: Model,
    pub keys: usize,
    pub pastes: usize,
}

impl Hands {
    pub fn on(model: Model) -> Self {
        Self {
            model,
            keys: 0,
            pastes: 0,
        }
    }

    pub fn press(&mut self, run: &str) -> Vec<Effect> {
        self.keys += parse(run).unwrap().len();
        press(&mut self.model, run)
    }

    pub fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.pastes += 1;
        super::stories::paste(&mut self.model, text)
    }
}

fn copied(effects: &[Effect]) -> &str {
    match effects {
        [Effect::Copy(text)] => text,
        other => panic!("nothing was copied: {other:?}"),
    }
}

#[test]
fn flow_b_did_the_nine_oclock_post_go_out_takes_the_name_the_time_and_two_keys() {
    let mut hands = Hands::on(seed::model(120, 36));
    let effects = hands.press(":acme 7:00");
    let id = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Load(id, Load::Find(_)) => Some(*id),
            _ => None,
        })
        .unwrap();
    // The first letters are answered late; what is typed is asked then.
    let again = update(
        &mut hands.model,
        Msg::Answered(id, Answered::Found(Ok(Vec::new()))),
    );
    let Some(Effect::Load(id, Load::Find(_))) = again.first() else {
        panic!("{again:?}");
    };
    let post = hands.model.queue.views()[0].clone();
    let found = Answered::Found(Ok(vec![post.clone()]));
    update(&mut hands.model, Msg::Answered(*id, found));
    let effects = hands.press("<enter>");
    let [Effect::Load(id, Load::Why(_))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let sentence = "Yes. It went out at 12:00 New York.".to_owned();
    let why = Why {
        sentence: sentence.clone(),
        verdict: "published",
        events: Vec::new(),
        delivery: post,
    };
    update(
        &mut hands.model,
        Msg::Answered(*id, Answered::Why(Ok(Box::new(why)))),
    );
    assert_eq!(copied(&hands.press("y")), sentence);
    // The nine letters of the question, and three keys.
    assert_eq!(hands.keys, 12);
}

#[test]
fn flow_c_a_login_in_the_wrong_browser_costs_two_more_keys_and_a_paste() {
    let mut hands = Hands::on(seed::model(120, 36));
    let channel = ChannelId::from_stored("soc_D1");
    assert!(hands.model.channels.select(&channel));
    let id = begun(hands.press("r"));
    link(&mut hands.model, id, "word-of-dune");
    copied(&hands.press("y"));
    hands.paste(&address("word-of-dune"));
    news(&mut hands.model, id, LoginNews::Ended(Err(another())));
    assert!(seen(&hands.model).contains("Another account answered"));
    let again = begun(hands.press("<enter>"));
    link(&mut hands.model, again, "second-word");
    copied(&hands.press("y"));
    let given = hands.paste(&address("second-word"));
    assert!(matches!(given.as_slice(), [Effect::Answer(id, ..)] if *id == again));
    news(&mut hands.model, again, LoginNews::Ended(Ok(done())));
    assert!(hands.model.sheets.is_empty());
    assert_eq!((hands.keys, hands.pastes), (4, 2));
}

#[test]
fn flow_e_a_plan_with_a_dated_post_and_three_missed_ones_takes_twelve_keys_and_a_paste() {
    let mut hands = Hands::on(seed::model(120, 36));
    let effects = hands.press("L");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::Plan(_)) => Some(*id),
        _ => None,
    });
    let plan = Answered::Plan(Ok(vec![corvid()]));
    update(&mut hands.model, Msg::Answered(asked.unwrap(), plan));
    later(&mut hands.model, 1);
    hands.press("jxjjj<space><space><space>t");
    hands.paste("+4d");
    let effects = hands.press("<enter><enter>");
    assert_eq!(settles(&effects).len(), 7);
    assert_eq!((hands.keys, hands.pastes), (12, 1));
}

#[test]
fn flow_e_one_late_post_that_makes_no_sense_any_more_is_two_keys() {
    let mut model = seed::model(120, 36);
    // It comes by itself after a login.
    press(&mut model, "L");
    let mut hands = Hands::on(model);
    let asked = hands.model.sheets.iter().find_map(|sheet| match sheet {
        Sheet::Plan(plan) => Some(plan.asked),
        _ => None,
    });
    let plan = part("C2", &[], &[("L1", -60, "Flash sale: today only")]);
    let answer = Answered::Plan(Ok(vec![plan]));
    update(&mut hands.model, Msg::Answered(asked.unwrap(), answer));
    later(&mut hands.model, 1);
    let effects = hands.press("x<enter>");
    assert_eq!(settles(&effects).len(), 1);
    assert_eq!(hands.keys, 2);
}

#[test]
fn flow_f_a_disconnect_is_its_key_the_name_enter_and_y_for_the_receipt() {
    let mut hands = Hands::on(seed::model(120, 36));
    assert!(
        hands
            .model
            .channels
            .select(&ChannelId::from_stored("soc_A2"))
    );
    hands.press("D");
    let counts = DisconnectCounts {
        scheduled: 2,
        ..DisconnectCounts::default()
    };
    counted(&mut hands.model, counts);
    later(&mut hands.model, 1);
    hands.press("@acme.example<enter>");
    let effects = later(&mut hands.model, 10);
    let Some(Effect::Act(id, Act::Disconnect(..))) = effects.first() else {
        panic!("{effects:?}");
    };
    let receipt = ["acme.example is disconnected for good.", "Gone: 2 posts."];
    let done = Done {
        text: "Disconnected acme.example: 2 posts cancelled, tokens wiped.".into(),
        command: None,
        channel: None,
        receipt: receipt.map(str::to_owned).to_vec(),
    };
    update(
        &mut hands.model,
        Msg::Answered(*id, Answered::Act(Ok(done))),
    );
    let screen = seen(&hands.model);
    assert!(screen.contains("Gone: 2 posts."), "{screen}");
    assert_eq!(copied(&hands.press("y")), receipt.join("\n"));
    // The thirteen letters of its name, and three keys.
    assert_eq!(hands.keys, 16);
    press(&mut hands.model, "<esc>");
    assert!(hands.model.sheets.is_empty());
}

#[test]
fn a_receipt_never_covers_what_the_operator_is_busy_with() {
    let mut model = seed::model(120, 36);
    let done = Done {
        text: "Disconnected.".into(),
        command: None,
        channel: None,
        receipt: vec!["Gone: 2 posts.".into()],
    };
    press(&mut model, "?");
    let id = model.requests.fresh();
    update(&mut model, Msg::Answered(id, Answered::Act(Ok(done))));
    assert!(matches!(model.sheets.last(), Some(Sheet::Help(_))));
    press(&mut model, "<esc>");
    assert!(
        seen(&model).contains("Gone: 2 posts."),
        "it is there afterwards"
    );
}

#[test]
fn flow_i_anything_is_found_from_anywhere_by_one_key_and_its_letters() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2jj?");
    let mut hands = Hands::on(model);
    hands.press("<ctrl-p>corvid<enter>");
    assert!(seen(&hands.model).contains("Corvid"));
    // Its six letters, and two keys.
    assert_eq!(hands.keys, 8);
    let mut hands = Hands::on(seed::model(120, 36));
    hands.press("1/net:bs !birch<enter>");
    assert_eq!(selected(&hands.model), "soc_A2");
    // The thirteen letters of the filter, and three keys.
    assert_eq!(hands.keys, 16);
}
