//! The health check and the handover, told in keys: one row after the other, in
//! the order of the damage, with a count of the keys it takes.

use std::collections::HashMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::aside::{MONDAY, by_ann};
use super::flows::Hands;
use super::logins::{address, begun, link, news};
use super::look::snapshot;
use super::seed::{self, later, minutes};
use super::stories::{press, said, seen};
use crate::domain::channel::Cause;
use crate::domain::delivery::{Blocker, Shown, State};
use crate::domain::ids::{ChannelId, IncidentId, OperatorId};
use crate::domain::mend::Mend;
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::domain::role::Role;
use crate::networks::Way;
use crate::ops::Scope;
use crate::ops::release::{ChannelPlan, PlanPost};
use crate::ops::runbook::{Begun, Facts, Key, Of, Walk, order};
use crate::ops::views::{ChannelView, Lamp};
use crate::store::changes::{Changes, Cursor};
use crate::store::hands::Turn;
use crate::store::incidents::Incident;
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::{Loaded, LoginNews, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::update;
use crate::tui::view;

/// What the store would say of the channels of a model.
pub fn walk(model: &Model, turns: &[Turn], hub: Vec<Incident>) -> Walk {
    let mut channels: Vec<ChannelView> = model.channels.all().cloned().collect();
    channels.sort_by_key(|view| view.summary.channel.id.clone());
    let posts = seed::queue(&channels);
    let mut posts: Vec<_> = posts
        .into_iter()
        .filter(|view| matches!(view.shown, Shown::Missed | Shown::NeedsDecision))
        .collect();
    // What has no count any more was answered.
    posts.retain(|view| {
        let of = channels
            .iter()
            .find(|one| one.summary.channel.id == view.delivery.channel_id);
        of.is_some_and(|one| one.summary.count(view.delivery.state) > 0)
    });
    let counted = |state| {
        let of = channels.iter().map(|view| view.summary.count(state));
        (state, of.sum())
    };
    let states = [State::NeedsDecision, State::Missed, State::Failed];
    order(Facts {
        waiting: states.map(counted).into(),
        channels,
        posts,
        turns: turns.to_vec(),
        hub,
        begun: Begun {
            at: seed::now().0,
            decide: 1,
            missed: 1,
            failed: 0,
            soon: 4,
        },
        tips: HashMap::from([(Network::Bluesky, "Make an app password.")]),
        now: model.now,
    })
}

/// Answers what was asked about the health check; the rest.
fn answer(model: &mut Model, effects: Vec<Effect>, turns: &[Turn]) -> Vec<Effect> {
    let mut rest = Vec::new();
    for effect in effects {
        match effect {
            Effect::Load(id, Load::Runbook(..)) => {
                let walk = walk(model, turns, Vec::new());
                let answered = Answered::Runbook(Ok(Box::new(walk)));
                rest.extend(update(model, Msg::Answered(id, answered)));
            }
            other => rest.push(other),
        }
    }
    rest
}

fn open(model: &mut Model) {
    let effects = press(model, "H");
    assert!(answer(model, effects, &[]).is_empty());
}

fn cursor(model: &Model) -> Key {
    match model.sheets.last() {
        Some(Sheet::Runbook(sheet)) => sheet.chosen().unwrap().key.clone(),
        other => panic!("{other:?}"),
    }
}

fn login(id: &str) -> Key {
    Key::Login(id.into())
}

/// These channels are well now, and the store says so.
fn heal(model: &mut Model, ids: &[&str], turns: &mut Vec<Turn>) {
    let ids: Vec<ChannelId> = ids.iter().map(|id| ChannelId::from_stored(*id)).collect();
    for id in &ids {
        let mut view = model.channels.get(id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary.channel.publishable = true;
        view.summary.channel.cause = Cause::None;
        (view.lamp, view.held, view.words) = (Lamp::Green, 0, "healthy".into());
        (view.first_hit, view.fix, view.aside) = (None, String::new(), None);
        view.mend = Mend::Nothing;
        let request = model.requests.fresh();
        let views = vec![(id.clone(), Some(view))];
        update(model, Msg::Loaded(request, Loaded::Channels(views)));
        turns.push(Turn {
            channel: id.clone(),
            at: minutes(2),
            healed: true,
            by: Some((OperatorId::from_stored("opr_BOB"), "bob".into())),
        });
    }
    let changes = Changes {
        channels: ids,
        objects: Vec::new(),
        cursor: Cursor::default(),
    };
    let effects = update(model, Msg::Changed(changes));
    answer(model, effects, turns);
}

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
fn the_order_is_logins_by_first_damage_then_posts_then_what_is_soon() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    let mut seen_keys = Vec::new();
    for _ in 0..6 {
        seen_keys.push(cursor(&model));
        press(&mut model, "j");
    }
    assert_eq!(
        seen_keys,
        [
            login("lgn_ANN"),
            login("lgn_A2"),
            // No login mends a lost role: it stands by itself.
            login("soc_B1"),
            Key::Decide,
            Key::Missed,
            Key::Soon,
        ]
    );
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
fn s_sets_the_row_aside_the_walk_goes_on_and_it_stays_red() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    press(&mut model, "jjs");
    let effects = press(&mut model, "client looks for the Page admin<enter>");
    let Some(Effect::Act(id, Act::Aside(what))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(what.targets.len(), 1);
    let done = Done {
        text: what.text.clone(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    super::aside::set(&mut model, &["soc_B1"], &aside);
    let changes = Changes {
        channels: vec![ChannelId::from_stored("soc_B1")],
        objects: Vec::new(),
        cursor: Cursor::default(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    answer(&mut model, effects, &[]);
    // The next below it comes next, not those that were passed over.
    assert_eq!(cursor(&model), Key::Decide);
    let screen = seen(&model);
    let row = screen.lines().find(|line| line.contains("@ann until Mon"));
    let row = row.unwrap_or_else(|| panic!("{screen}"));
    assert!(row.contains("✖ Login   LinkedIn, Birch GmbH"), "{row}");
    assert!(screen.contains("0 of 6 done"), "{screen}");
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

/// Everything was mended, but for what ann took on.
fn all_done(width: u16, height: u16) -> Model {
    let mut model = seed::model(width, height);
    open(&mut model);
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    super::aside::set(&mut model, &["soc_B1"], &aside);
    for id in ["soc_C2", "soc_B3"] {
        let id = ChannelId::from_stored(id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary
            .counts
            .retain(|(state, _)| *state == State::Scheduled);
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    }
    later(&mut model, 11 * 60);
    let soon = ["soc_B2", "soc_A4", "soc_D1", "soc_C1"];
    let broken = ["soc_A1", "soc_A2", "soc_A3", "soc_A6", "soc_A7"];
    let mut turns = Vec::new();
    heal(&mut model, &soon, &mut Vec::new());
    heal(&mut model, &broken, &mut turns);
    model
}

#[test]
fn r_on_marks_walks_over_their_logins_and_on_a_tile_over_its_own() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "<space>jjjjj<space>r");
    let Some(Effect::Load(_, Load::Runbook(Of::Channels(ids), None))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(ids.len(), 5, "four of one login and one of another");
    // One login is one login, however many channels are marked.
    let mut model = seed::model(120, 36);
    model
        .set
        .ways
        .insert(Network::Instagram, &[Way::Browser][..]);
    let effects = press(&mut model, "<space>r");
    assert!(
        matches!(effects.as_slice(), [Effect::Begin(..)]),
        "{effects:?}"
    );
    let mut model = seed::model(120, 36);
    press(&mut model, "GG<space>r");
    assert_eq!(said(&model), "nothing that is marked is broken");

    let effects = press(&mut model, "<esc>Wr");
    assert!(
        matches!(effects.first(), Some(Effect::Load(_, Load::Runbook(Of::Scope(Scope::Workspace(id)), None))) if id.as_str() == "wsp_ACME"),
        "{effects:?}"
    );
    press(&mut model, "<esc>");
    assert!(model.wall_of_tiles().is_some(), "and back to the wall");
    let effects = press(&mut model, "H");
    assert!(matches!(
        effects.first(),
        Some(Effect::Load(_, Load::Runbook(Of::Scope(Scope::All), None)))
    ));
}

#[test]
fn a_viewer_walks_through_it_and_a_key_says_what_it_takes() {
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    open(&mut model);
    press(&mut model, "<enter>");
    assert_eq!(said(&model), "viewer here; that takes admin");
    press(&mut model, "s");
    assert_eq!(said(&model), "viewer here; that takes editor");
    assert!(matches!(
        press(&mut model, "y").as_slice(),
        [Effect::Copy(_)]
    ));
    model.set.read_only = true;
    press(&mut model, "<enter>");
    assert!(said(&model).starts_with("read only"));
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

#[test]
fn what_is_wrong_with_the_hub_is_walked_last_and_its_command_is_copied() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "H");
    let Some(Effect::Load(id, _)) = effects.first() else {
        panic!();
    };
    let walk = walk(&model, &[], vec![nobody()]);
    update(
        &mut model,
        Msg::Answered(*id, Answered::Runbook(Ok(Box::new(walk)))),
    );
    press(&mut model, "G");
    assert_eq!(cursor(&model), Key::Hub("inc_publisher".into()));
    assert!(
        seen(&model).contains("Nobody publishes."),
        "{}",
        seen(&model)
    );
    let effects = press(&mut model, "y");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text == "allgreen daemon"));
}

fn nobody() -> Incident {
    Incident {
        id: IncidentId::from_stored("inc_publisher"),
        kind: "nobody_publishes".into(),
        subject: "publisher".into(),
        cause: "none".into(),
        network: None,
        severity: Severity::Broken,
        text: "Nobody publishes. 41 posts wait for their times.".into(),
        command: Some("allgreen daemon".into()),
        opened_at: minutes(-60),
        resolved_at: None,
        failures: 1,
        channels: Vec::new(),
    }
}

#[test]
fn changes_are_read_one_reading_at_a_time() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "H");
    let changed = |model: &mut Model| {
        let changes = Changes {
            channels: vec![ChannelId::from_stored("soc_A1")],
            objects: Vec::new(),
            cursor: Cursor::default(),
        };
        let effects = update(model, Msg::Changed(changes));
        let runbooks = |effect: &Effect| matches!(effect, Effect::Load(_, Load::Runbook(..)));
        effects.into_iter().filter(runbooks).collect::<Vec<_>>()
    };
    assert!(changed(&mut model).is_empty(), "one is under way");
    let again = answer(&mut model, effects, &[]);
    assert!(matches!(
        again.as_slice(),
        [Effect::Load(_, Load::Runbook(_, Some(_)))]
    ));
    assert!(answer(&mut model, again, &[]).is_empty());
    assert_eq!(changed(&mut model).len(), 1);
}

#[test]
fn hostile_names_and_texts_stay_in_their_places() {
    let mut model = seed::model(80, 24);
    for id in ["soc_A2", "soc_B1"] {
        let id = ChannelId::from_stored(id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary.channel.handle = "日本語\u{1b}[2J\u{202e}👩‍👩‍👧".repeat(9);
        view.summary.channel.display_name = "日本\u{9b}2J👩‍👩‍👧".repeat(20);
        view.words = "x".repeat(300);
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    }
    open(&mut model);
    press(&mut model, "j");
    let screen = seen(&model);
    assert!(!screen.contains(['\u{1b}', '\u{9b}', '\u{202e}']));
    for line in screen.lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
    }
    let effects = press(&mut model, "y");
    let Some(Effect::Copy(text)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text:?}");
}

#[test]
fn the_health_check_looks_like_this() {
    for (width, height) in [(120, 36), (80, 24), (40, 12)] {
        let mut model = seed::model(width, height);
        let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
        super::aside::set(&mut model, &["soc_B1"], &aside);
        let mut turns = Vec::new();
        open(&mut model);
        heal(&mut model, &["soc_A2"], &mut turns);
        let name = format!("runbook_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
        press(&mut model, "jj");
        let name = format!("runbook_posts_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
        let model = all_done(width, height);
        let name = format!("runbook_over_{width}x{height}");
        insta::assert_snapshot!(name, snapshot(&model, width, height));
    }
}

#[test]
fn at_every_size_it_is_drawn_inside_of_its_frame() {
    let mut begun = seed::model(120, 36);
    open(&mut begun);
    let mut handed_over = seed::model(120, 36);
    super::handover::hand_over(&mut handed_over);
    press(&mut handed_over, "jjjj");
    let mut taking = seed::model(120, 36);
    press(&mut taking, "snote");
    let sizes = || (0..=12).chain((14..=130).step_by(19));
    for mut model in [begun, all_done(120, 36), handed_over, taking] {
        for (width, height) in sizes().flat_map(|width| sizes().map(move |height| (width, height)))
        {
            update(&mut model, Msg::Input(Some(Input::Resize(width, height))));
            let frame = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(frame);
            let cursor = view::draw(&model, frame, &mut buffer).cursor;
            assert_eq!(buffer.area, frame);
            if let Some(at) = cursor {
                assert!(
                    frame.contains(at) || frame.is_empty(),
                    "{width}x{height} {at:?}"
                );
            }
        }
    }
}
