//! The release plan and the times of posts, told in keys: what is late is
//! answered post by post, and nothing is done before Enter.

use std::time::Duration;

use super::look::{DARK, MONO, at_sizes};
use super::seed::{self, later, minutes};
use super::stories::{paste, press, said, seen};
use crate::domain::delivery::{Blocker, Shown};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::domain::release::Then;
use crate::domain::role::Role;
use crate::domain::when::Order;
use crate::ops::release::{ChannelPlan, PlanPost};
use crate::ops::{ErrorKind, OpError};
use crate::store::changes::{Changes, Cursor};
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::Msg;
use crate::tui::update::update;

const HOUR: i64 = 60;

/// A channel's plan: posts as (id, minutes, text), missed from a day on.
pub(super) fn part(channel: &str, on_time: &[i64], posts: &[(&str, i64, &str)]) -> ChannelPlan {
    let id = ChannelId::from_stored(format!("soc_{channel}"));
    let channels = seed::channels();
    let view = channels
        .iter()
        .find(|view| view.summary.channel.id == id)
        .unwrap();
    let held = (!view.summary.channel.can_send()).then_some(Blocker::ChannelDisconnected);
    let posts = posts.iter().map(|(id, due, text)| {
        let missed = *due < -24 * HOUR;
        let shown = match missed {
            true => Shown::Missed,
            false => Shown::Scheduled,
        };
        let mut view = seed::delivery(id, view, *due, shown, text);
        view.delivery.timezone = "America/New_York".into();
        PlanPost { view, missed }
    });
    ChannelPlan {
        channel: id.clone(),
        on_time: on_time.iter().map(|by| minutes(*by)).collect(),
        posts: posts.collect(),
        held,
        limit: Duration::from_secs(24 * 3600),
        spacing: Duration::from_secs(60),
        wait_until: None,
    }
}

/// 18 in time, 4 late, 3 missed.
pub(super) fn corvid() -> ChannelPlan {
    let on_time: Vec<i64> = (0..18).map(|n| 8 + n * 400).collect();
    part(
        "C2",
        &on_time,
        &[
            (
                "L1",
                -23 * HOUR,
                "Weekend plan: a walk to the falls, boots on",
            ),
            ("L2", -22 * HOUR, "Friday treat: two for one until 6 pm"),
            ("L3", -20 * HOUR, "Opening hours on Saturday: ten to four"),
            ("L4", -5 * HOUR, "日本語 and 👩‍👩‍👧 and \u{1b}[2J control"),
            ("M1", -50 * HOUR, "Behind the scenes: how we grind glass"),
            ("M2", -68 * HOUR, "Tip of the week: clean lenses with water"),
            ("M3", -90 * HOUR, "Come in on Tuesday, we are open late"),
        ],
    )
}

/// Opens the plan with `L`, told these plans, and lets it be read.
fn open(model: &mut Model, parts: Vec<ChannelPlan>) {
    let effects = press(model, "L");
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::Plan(_)) => Some(*id),
        _ => None,
    });
    update(
        model,
        Msg::Answered(asked.unwrap(), Answered::Plan(Ok(parts))),
    );
    later(model, 1);
}

pub(super) fn settles(effects: &[Effect]) -> Vec<(String, Then)> {
    match effects.first() {
        Some(Effect::Act(_, Act::Settle(answers, _))) => answers
            .iter()
            .map(|(id, then)| (id.as_str().trim_start_matches("dlv_").to_owned(), *then))
            .collect(),
        _ => panic!("{effects:?}"),
    }
}

fn answer_of(effects: &[Effect], id: &str) -> Option<Then> {
    let all = settles(effects);
    all.into_iter()
        .find(|(one, _)| one == id)
        .map(|(_, then)| then)
}

#[test]
fn l_asks_for_every_channel_with_something_late_and_nothing_is_done_before_enter() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "L");
    let Some(Effect::Load(_, Load::Plan(of))) = effects.first() else {
        panic!("{effects:?}");
    };
    let ids: Vec<&str> = of.iter().map(ChannelId::as_str).collect();
    assert!(ids.contains(&"soc_A1"), "held: {ids:?}");
    assert!(!ids.contains(&"soc_B4"), "all in time: {ids:?}");
    assert!(press(&mut model, "<esc>").is_empty());
    assert!(model.sheets.is_empty());
}

#[test]
fn e_the_dated_ones_are_cancelled_the_missed_ones_moved_and_the_rest_goes_out() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    // The second late one is dated; the missed ones go to the same clock time
    // four days on. 18 keys.
    press(&mut model, "jxjjj<space><space><space>t");
    paste(&mut model, "+4d");
    press(&mut model, "<enter>");
    let screen = seen(&model);
    assert!(
        screen.contains("18 on time · 3 sent late, 14:02 to 14:04 · 1 cancelled · 3 moved"),
        "{screen}"
    );
    let effects = press(&mut model, "<enter>");
    assert_eq!(settles(&effects).len(), 7);
    assert_eq!(answer_of(&effects, "L1"), Some(Then::Send));
    assert_eq!(answer_of(&effects, "L2"), Some(Then::Cancel));
    let moved = minutes(-50 * HOUR + 96 * HOUR);
    assert_eq!(answer_of(&effects, "M1"), Some(Then::MoveTo(moved)));
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!()
    };
    assert!(
        press(&mut model, "<enter>").is_empty(),
        "one order at a time"
    );
    let done = Done {
        text: "3 sent late · 3 moved · 1 cancelled · u takes it back.".into(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    assert!(model.sheets.is_empty());
    assert!(said(&model).contains("u takes it back"));
}

#[test]
fn a_late_post_that_lands_beside_another_one_is_named() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    press(&mut model, "<space><space><space><space>t");
    paste(&mut model, "every 20m");
    press(&mut model, "<enter>");
    let screen = seen(&model);
    assert!(screen.contains("4 sent late, 14:02 to 15:02"), "{screen}");
    assert!(
        screen.contains("▲ 1 post lands within 10 min of another one: 14:02 and 14:10"),
        "{screen}"
    );
}

#[test]
fn what_was_missed_is_only_sent_when_somebody_says_so() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    let effects = press(&mut model, "<enter>");
    assert_eq!(answer_of(&effects, "M1"), None, "missed ones ask");
    assert_eq!(settles(&effects).len(), 4);
    model.sheets.clear();
    open(&mut model, vec![corvid()]);
    press(&mut model, "G!");
    assert!(seen(&model).contains("5 sent late"));
    press(&mut model, "s");
    assert!(seen(&model).contains("3 later"));
    press(&mut model, "!");
    let effects = press(&mut model, "<enter>");
    assert_eq!(answer_of(&effects, "M3"), Some(Then::Send));
}

#[test]
fn a_late_one_cannot_be_put_off_and_a_held_one_cannot_be_sent() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    press(&mut model, "s");
    assert_eq!(
        said(&model),
        "it goes out by itself: x cancels it, t moves it"
    );
    press(&mut model, "<esc>");
    let held = part("A1", &[148], &[("H1", -62, "New in the shop")]);
    open(&mut model, vec![held]);
    press(&mut model, "!");
    assert_eq!(said(&model), "it is held: mend the channel first");
    let screen = seen(&model);
    assert!(screen.contains("✖ Broken, password changed"), "{screen}");
    assert!(press(&mut model, "<enter>").is_empty());
    assert!(
        said(&model).contains("nothing was changed"),
        "{}",
        said(&model)
    );
}

#[test]
fn several_channels_are_a_line_each_and_unfold() {
    let mut model = seed::model(120, 36);
    let held = part("A1", &[148], &[("H1", -62, "New in the shop")]);
    open(&mut model, vec![held, corvid()]);
    let screen = seen(&model);
    assert!(
        screen.contains("18 on time · 4 late · 3 missed"),
        "{screen}"
    );
    assert!(!screen.contains("Weekend plan"));
    press(&mut model, "jl");
    assert!(seen(&model).contains("Weekend plan"));
    // On the line of a channel an answer is for all of its posts.
    press(&mut model, "x");
    assert!(seen(&model).contains("7 cancelled"), "{}", seen(&model));
    press(&mut model, "jh");
    assert!(!seen(&model).contains("Weekend plan"));
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(_, Act::Settle(_, command))) = effects.first() else {
        panic!("{effects:?}");
    };
    let command = command.as_deref().unwrap();
    assert!(
        command.starts_with("allgreen post cancel dlv_L1 dlv_L2"),
        "{command}"
    );
}

#[test]
fn marks_ranges_and_all_choose_what_an_answer_is_for() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    press(&mut model, "jvjjv");
    assert!(seen(&model).contains("3 marked"), "{}", seen(&model));
    press(&mut model, "<esc>");
    assert!(!seen(&model).contains("marked"));
    assert_eq!(model.sheets.len(), 1, "Esc takes the marks first");
    press(&mut model, "a");
    assert!(seen(&model).contains("7 marked"));
    press(&mut model, "x");
    assert!(seen(&model).contains("18 on time · 7 cancelled"));
    press(&mut model, "aa");
    assert!(!seen(&model).contains("marked"));
}

#[test]
fn a_login_opens_the_plan_when_something_is_late_and_keys_of_that_moment_are_dropped() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jrsecret");
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let done = Done {
        text: "Reconnected acme.example, proved just now.".into(),
        command: None,
        channel: Some(ChannelId::from_stored("soc_A2")),
        receipt: Vec::new(),
    };
    let effects = update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    let Some(Effect::Load(asked, Load::Plan(of))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(of[0].as_str(), "soc_A2");
    update(
        &mut model,
        Msg::Answered(*asked, Answered::Plan(Ok(vec![corvid()]))),
    );
    assert!(matches!(model.sheets.as_slice(), [Sheet::Plan(_)]));
    assert!(press(&mut model, "<enter>x").is_empty(), "not read yet");
    assert_eq!(model.sheets.len(), 1);
    later(&mut model, 1);
    assert!(!press(&mut model, "<enter>").is_empty());
}

#[test]
fn a_login_with_nothing_late_or_in_the_middle_of_something_else_opens_nothing() {
    for (keys, parts) in [("", vec![part("A2", &[28], &[])]), ("w", vec![corvid()])] {
        let mut model = seed::model(120, 36);
        let done = Done {
            text: "Reconnected.".into(),
            command: None,
            channel: Some(ChannelId::from_stored("soc_A2")),
            receipt: Vec::new(),
        };
        let request = model.requests.fresh();
        let effects = update(&mut model, Msg::Answered(request, Answered::Act(Ok(done))));
        let Some(Effect::Load(asked, Load::Plan(_))) = effects.first() else {
            panic!("{effects:?}");
        };
        press(&mut model, keys);
        update(&mut model, Msg::Answered(*asked, Answered::Plan(Ok(parts))));
        assert!(!model.sheets.iter().any(|one| matches!(one, Sheet::Plan(_))));
    }
}

#[test]
fn answers_and_the_cursor_stay_with_their_posts_while_others_go_out() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    press(&mut model, "jjx");
    let changes = Changes {
        cursor: Cursor::default(),
        objects: vec![("delivery".into(), "dlv_L1".into())],
        channels: Vec::new(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::Plan(_)) => Some(*id),
        _ => None,
    });
    let mut less = corvid();
    less.posts.remove(0);
    update(
        &mut model,
        Msg::Answered(asked.unwrap(), Answered::Plan(Ok(vec![less]))),
    );
    press(&mut model, "!x");
    let effects = press(&mut model, "<enter>");
    assert_eq!(answer_of(&effects, "L1"), None, "it is out");
    assert_eq!(answer_of(&effects, "L3"), Some(Then::Cancel));
}

#[test]
fn an_order_that_is_refused_says_so_and_keeps_the_answers() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    let effects = press(&mut model, "x<enter>");
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let error = OpError::new(ErrorKind::Failed, "x", "It was refused.", "Look again.");
    update(&mut model, Msg::Answered(*id, Answered::Act(Err(error))));
    let screen = seen(&model);
    assert!(
        screen.contains("It was refused.") && screen.contains("1 cancelled"),
        "{screen}"
    );
    assert!(!press(&mut model, "<enter>").is_empty());
}

#[test]
fn a_viewer_and_a_read_only_screen_look_and_change_nothing() {
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    open(&mut model, vec![corvid()]);
    press(&mut model, "x");
    assert_eq!(said(&model), "viewer here; that takes editor");
    assert!(
        press(&mut model, "<enter>").is_empty(),
        "Enter is an act too"
    );
    let mut model = seed::model(120, 36);
    model.set.read_only = true;
    open(&mut model, vec![corvid()]);
    assert!(press(&mut model, "!xt<enter>").is_empty());
    assert!(said(&model).starts_with("read only"));
}

#[test]
fn c4_a_post_gets_another_time_as_people_write_it() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2jt");
    let id = model.queue.selected().unwrap().delivery.id.clone();
    press(&mut model, "tomorrow");
    assert!(
        seen(&model).contains("has no clock time"),
        "{}",
        seen(&model)
    );
    assert!(press(&mut model, "<enter>").is_empty());
    press(&mut model, "<space>9:30");
    assert!(
        seen(&model).contains("= Sun 22 Nov 09:30 CET, in 19 h"),
        "{}",
        seen(&model)
    );
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(request, Act::Reschedule(ids, order))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(*ids, [id]);
    assert_eq!(*order, Order::At("tomorrow 9:30".into()));
    let done = Done {
        text: "Moved it.".into(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*request, Answered::Act(Ok(done))));
    assert!(model.sheets.is_empty());
    // u asks for the way back.
    let effects = press(&mut model, "u");
    assert!(matches!(effects.first(), Some(Effect::Act(_, Act::Undo))));
}

#[test]
fn c4_a_time_that_the_clocks_skip_is_refused_and_one_that_comes_twice_asks_which() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2jt");
    paste(&mut model, "2027-03-28 02:30");
    let screen = seen(&model);
    assert!(
        screen.contains("does not exist in Europe/Berlin"),
        "{screen}"
    );
    assert!(press(&mut model, "<enter>").is_empty());
    press(&mut model, "<ctrl-u>");
    paste(&mut model, "2027-10-31 02:30");
    let screen = seen(&model);
    assert!(screen.contains("comes twice in Europe/Berlin"), "{screen}");
    assert!(press(&mut model, "<enter>").is_empty());
    press(&mut model, "<space>CEST");
    assert!(!press(&mut model, "<enter>").is_empty());
}

#[test]
fn what_is_live_or_on_its_way_gets_no_other_time() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2gt");
    assert_eq!(said(&model), "it is live already");
    assert!(model.sheets.is_empty());
}

#[test]
fn a_story_that_is_open_is_told_anew_when_its_post_changes() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2j<enter>");
    let id = model.queue.selected().unwrap().delivery.id.clone();
    let changes = |id: &DeliveryId| Changes {
        cursor: Cursor::default(),
        objects: vec![("delivery".into(), id.to_string())],
        channels: Vec::new(),
    };
    let again = |effects: Vec<Effect>| {
        let why = |effect: &Effect| matches!(effect, Effect::Load(_, Load::Why(_)));
        effects.iter().any(why)
    };
    assert!(again(update(&mut model, Msg::Changed(changes(&id)))));
    let other = DeliveryId::from_stored("dlv_ZZ");
    assert!(!again(update(&mut model, Msg::Changed(changes(&other)))));
}

/// What is seen at three sizes.
fn looks(name: &str, story: impl Fn(&mut Model)) {
    let sizes = [(120, 36, MONO), (80, 24, DARK), (40, 12, DARK)];
    for (size, seen) in at_sizes(&sizes, seed::model, story) {
        insta::assert_snapshot!(format!("{name}_{size}"), seen);
    }
}

#[test]
fn the_plan_of_one_channel() {
    looks("plan", |model| {
        open(model, vec![corvid()]);
        press(model, "jxjjj<space><space>t+4d<enter>k<space>kkk");
    });
}

#[test]
fn the_plan_of_several_channels() {
    looks("plan_several", |model| {
        let held = part(
            "A1",
            &[148],
            &[("H1", -62, "New in the shop: red felt slippers")],
        );
        let waiting = part("A2", &[28], &[]);
        open(model, vec![held, waiting, corvid()]);
        press(model, "jljj");
    });
}

#[test]
fn the_plan_of_what_is_held() {
    looks("plan_held", |model| {
        let held = part(
            "A1",
            &[148],
            &[("H1", -62, "New in the shop: red felt slippers")],
        );
        open(model, vec![held]);
    });
}

#[test]
fn another_time() {
    looks("time", |model| {
        press(model, "2jt");
        paste(model, "tomorrow 9:30 America/New_York");
    });
}

#[test]
fn a_time_that_is_none() {
    looks("time_refused", |model| {
        press(model, "2jt");
        paste(model, "2027-03-28 02:30");
    });
}

#[test]
fn e_changes_the_text_of_a_late_post_before_the_plan_is_done() {
    let mut model = seed::model(120, 36);
    open(&mut model, vec![corvid()]);
    let effects = press(&mut model, "je");
    let post = effects.iter().find_map(|effect| match effect {
        Effect::Load(_, Load::Post(_, post, _)) => Some(post.as_str()),
        _ => None,
    });
    assert_eq!(post, Some("pst_L2"), "{effects:?}");
    press(&mut model, "<esc>");
    assert!(matches!(model.sheets.last(), Some(Sheet::Plan(_))));
    let held = part("A1", &[148], &[("H1", -62, "New in the shop")]);
    model.sheets.clear();
    open(&mut model, vec![held, corvid()]);
    press(&mut model, "e");
    assert_eq!(said(&model), "no post here", "on the line of a channel");
}
