//! What is mended and proved from the health check, told in keys, with a count of
//! the keys it takes.

use super::flows::Hands;
use super::logins::{address, begun, link, news};
use super::runbook::{all_done, answer, cursor, heal, login, open};
use super::seed::{self, later};
use super::stories::{press, said, seen};
use crate::domain::delivery::{Blocker, Shown};
use crate::domain::ids::ChannelId;
use crate::domain::mend::Mend;
use crate::domain::network::Network;
use crate::domain::role::Role;
use crate::networks::Way;
use crate::ops::release::{ChannelPlan, PlanPost};
use crate::ops::runbook::Key;
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::{Loaded, LoginNews, Msg};
use crate::tui::update::update;

/// Six broken channels that three logins on the networks' pages mend.
fn three_logins(width: u16, height: u16) -> Model {
    let mut model = seed::model(width, height);
    for network in [Network::Instagram, Network::Facebook, Network::Linkedin] {
        model.set.ways.insert(network, &[Way::Browser][..]);
        model.set.tips.insert(network, &["Be logged in there."][..]);
    }
    for id in ["soc_A2", "soc_B1"] {
        let id = ChannelId::from_stored(id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary.channel.login_method = Way::Browser.method().into();
        view.fix = "allgreen channel reconnect x".into();
        view.mend = Mend::Login;
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    }
    model
}

/// The late posts of a channel that was just mended.
fn late(model: &Model, channel: &str) -> ChannelPlan {
    let id = ChannelId::from_stored(channel);
    let view = model.channels.get(&id).unwrap();
    let post = seed::delivery("LATE", view, -60, Shown::Scheduled, "New in the shop");
    ChannelPlan {
        channel: id,
        on_time: Vec::new(),
        posts: vec![PlanPost {
            view: post,
            missed: false,
        }],
        held: None::<Blocker>,
        limit: std::time::Duration::from_secs(86_400),
        spacing: std::time::Duration::from_secs(60),
        wait_until: None,
    }
}

#[test]
fn flow_a_six_channels_and_three_logins_take_ten_keys_and_three_pastes() {
    let mut hands = Hands::on(three_logins(120, 36));
    let mut turns = Vec::new();
    let effects = hands.press("H");
    answer(&mut hands.model, effects, &[]);
    let logins: [(&str, &[&str]); 3] = [
        ("lgn_ANN", &["soc_A1", "soc_A3", "soc_A6", "soc_A7"]),
        ("lgn_A2", &["soc_A2"]),
        ("lgn_B1", &["soc_B1"]),
    ];
    for (name, channels) in logins {
        // The next one is chosen by itself: first damage first.
        assert_eq!(cursor(&hands.model), login(name));
        let id = begun(hands.press("<enter>"));
        link(&mut hands.model, id, name);
        assert!(matches!(hands.press("y").as_slice(), [Effect::Copy(_)]));
        let given = hands.paste(&address(name));
        assert!(
            matches!(given.as_slice(), [Effect::Answer(..)]),
            "{given:?}"
        );
        let done = Done {
            text: "Reconnected.".into(),
            command: None,
            channel: Some(ChannelId::from_stored(channels[0])),
            receipt: Vec::new(),
        };
        let effects = news(&mut hands.model, id, LoginNews::Ended(Ok(done)));
        heal(&mut hands.model, channels, &mut turns);
        // What is late asks once, on top of the health check.
        for effect in effects {
            if let Effect::Load(id, Load::Plan(_)) = effect {
                let parts = vec![late(&hands.model, channels[0])];
                let answer = Answered::Plan(Ok(parts));
                update(&mut hands.model, Msg::Answered(id, answer));
            }
        }
        assert!(matches!(hands.model.sheets.last(), Some(Sheet::Plan(_))));
        later(&mut hands.model, 1);
        let effects = hands.press("<enter>");
        let Some(Effect::Act(id, Act::Settle(..))) = effects.first() else {
            panic!("{effects:?}");
        };
        let done = Done {
            text: "1 sent late".into(),
            command: None,
            channel: None,
            receipt: Vec::new(),
        };
        let answer = Answered::Act(Ok(done));
        update(&mut hands.model, Msg::Answered(*id, answer));
        assert!(matches!(hands.model.sheets.last(), Some(Sheet::Runbook(_))));
    }
    assert_eq!((hands.keys, hands.pastes), (10, 3));
    let model = hands.model;
    assert_eq!(cursor(&model), Key::Decide, "and on with the posts");
    let screen = seen(&model);
    assert!(screen.contains("3 of 6 done"), "{screen}");
    assert!(screen.contains("mended 14:04 by you"), "{screen}");
}

#[test]
fn a_login_that_is_partly_mended_does_not_hold_the_cursor() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    let mut turns = Vec::new();
    heal(&mut model, &["soc_A1"], &mut turns);
    assert_eq!(cursor(&model), login("lgn_ANN"), "others of it are broken");
    assert!(chosen_is_open(&model));
    // Its first damage is mended, so another login comes before it now.
    press(&mut model, "j");
    assert_eq!(cursor(&model), login("soc_B1"));
    press(&mut model, "kk");
    assert_eq!(cursor(&model), login("lgn_A2"));
    press(&mut model, "k");
    assert_eq!(cursor(&model), Key::PartlyMended("lgn_ANN".into()));
    press(&mut model, "jj");
    assert_eq!(cursor(&model), login("lgn_ANN"));
    heal(&mut model, &["soc_A3", "soc_A6", "soc_A7"], &mut turns);
    assert_eq!(cursor(&model), login("soc_B1"));
    assert!(seen(&model).contains("1 of 6 done"), "{}", seen(&model));
}

fn chosen_is_open(model: &Model) -> bool {
    match model.sheets.last() {
        Some(Sheet::Runbook(sheet)) => sheet.chosen().unwrap().is_open(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn enter_does_the_next_thing_of_each_row_and_leads_back() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    press(&mut model, "j");
    assert!(press(&mut model, "<enter>").is_empty());
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(_))));
    press(&mut model, "<esc>j");
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids[0].as_str() == "soc_B1"),
        "what no login mends is proved again: {effects:?}"
    );
    // Letters keep their sense, whatever Enter does there.
    let effects = press(&mut model, "kp");
    assert!(
        matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids[0].as_str() == "soc_A2")
    );
    press(&mut model, "r");
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(_))));
    press(&mut model, "<esc>jjp");
    assert_eq!(said(&model), "no channel in this row");
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Load(_, Load::Why(id))] if id.as_str() == "dlv_03")
    );
    assert!(matches!(model.sheets.last(), Some(Sheet::Story(_))));
    let effects = press(&mut model, "<esc>j<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Load(_, Load::Plan(of))] if of[0].as_str() == "soc_C2")
    );
    let effects = press(&mut model, "<esc>j<enter>");
    assert!(matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids.len() == 4));
    press(&mut model, "<esc>");
    assert!(model.sheets.is_empty());
}

#[test]
fn all_done_it_ends_in_four_lines_that_y_copies_and_enter_proves_all_again() {
    let mut model = all_done(120, 36);
    let screen = seen(&model);
    assert!(screen.contains("21 of 22 healthy"), "{screen}");
    let effects = press(&mut model, "y");
    let Some(Effect::Copy(text)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "Health check of all 4 workspaces, Sat 21 Nov 14:02 CET, 11 m",
            "21 of 22 healthy · 5 mended · 1 decided · 1 missed answered",
            "1 set aside: Birch GmbH, ann, Mon, “client looks for the Page admin”",
            "Nothing ends before 20 Jan 27 (10 Bluesky channels). The next post is due.",
        ]
    );
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids.len() == 21),
        "{effects:?}"
    );
}

#[test]
fn proving_all_again_is_for_those_who_may_and_leaves_out_what_is_still_taken() {
    let mut model = all_done(120, 36);
    // What ann took on until Monday is nobody's on Tuesday.
    later(&mut model, 4 * 86_400);
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids.len() == 22),
        "{effects:?}"
    );
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    assert!(press(&mut model, "<enter>").is_empty());
    assert!(said(&model).starts_with("viewer here"), "{}", said(&model));
}

#[test]
fn of_what_is_soon_enter_takes_what_the_operator_may() {
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(match one.workspace.id.as_str() {
            "wsp_ACME" => Role::Admin,
            _ => Role::Viewer,
        });
    }
    open(&mut model);
    press(&mut model, "G");
    assert_eq!(cursor(&model), Key::Soon);
    assert!(seen(&model).contains("probe them"), "{}", seen(&model));
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Act(_, Act::Probe(ids))] if ids.len() == 1 && ids[0].as_str() == "soc_A4"),
        "{effects:?}"
    );
}
