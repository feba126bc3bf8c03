//! The calendar, told in keys.

use jiff::civil::date;

use super::look::{ASCII, DARK, MONO, snapshot};
use super::seed::{self, answer, minutes};
use super::stories::{press, said, seen};
use crate::domain::delivery::Shown;
use crate::domain::ids::{ChannelId, DeliveryId, LoginId};
use crate::ops::views::DeliveryView;
use crate::ops::{ErrorKind, OpError};
use crate::store::changes::{Changes, Cursor};
use crate::tui::View;
use crate::tui::act::{Act, Effect, Load, Window};
use crate::tui::keys::parse;
use crate::tui::model::calendar::{LIMIT, Span};
use crate::tui::model::{Model, Sheet, Slot};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::{self, open_at, update};

fn chosen(model: &Model) -> &str {
    let calendar = model.calendar().expect("the calendar is open");
    calendar
        .selected
        .as_ref()
        .map_or("none", DeliveryId::as_str)
}

/// What each key of a run has read for the calendar.
fn reads(model: &mut Model, run: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for key in parse(run).unwrap() {
        let effects = update(model, Msg::Input(Some(Input::Key(key))));
        for effect in &effects {
            if let Effect::Load(_, Load::Calendar(span)) = effect {
                spans.push(span.clone());
            }
        }
        answer(model, effects);
    }
    spans
}

/// Answers with these posts, as if they had just been read.
fn shows(model: &mut Model, views: Vec<DeliveryView>, more: bool) {
    let request = model.requests.overtake(Slot::Calendar);
    let window = Window {
        views,
        more_past: false,
        more_future: more,
    };
    let loaded = Loaded::Calendar(Ok(window));
    update(model, Msg::Loaded(request, loaded));
}

/// Ann's login ends on Sunday, the access of one more channel on Friday before.
fn ends(model: &mut Model) {
    let mut all = seed::channels();
    for view in &mut all {
        let channel = &mut view.summary.channel;
        if channel.login_id == Some(LoginId::from_stored("lgn_ANN")) {
            channel.token.grant_expires_at = Some(minutes(1468));
        } else if channel.id == ChannelId::from_stored("soc_B3") {
            channel.token.grant_expires_at = Some(minutes(-1440));
        }
    }
    model.channels.replace(all);
}

/// Three weeks of an agency: the held ones on Saturday and Sunday.
fn busy(model: &mut Model) {
    let channels = seed::channels();
    let mut views = Vec::new();
    for n in 0..140_i64 {
        let at = n * 61 - 4_000;
        let channel = &channels[usize::try_from(n).unwrap() * 7 % channels.len()];
        let shown = match n {
            _ if at < 0 => Shown::Published,
            n if n % 5 == 0 => Shown::Held,
            _ => Shown::Scheduled,
        };
        views.push(seed::delivery(
            &format!("{n:03}"),
            channel,
            at,
            shown,
            "Felt slippers in eleven colours",
        ));
    }
    shows(model, views, false);
}

#[test]
fn the_week_opens_at_the_next_post_and_enter_tells_its_story_and_comes_back() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    let screen = seen(&model);
    assert!(screen.contains("Mon 16 to Sun 22 Nov"), "{screen}");
    assert!(screen.contains("Sat 21 today"), "{screen}");
    assert_eq!(chosen(&model), "dlv_06", "the next that is due");
    press(&mut model, "jj");
    assert_eq!(chosen(&model), "dlv_08");
    assert!(seen(&model).contains("HELD"), "held is said in a word");
    press(&mut model, "<enter>");
    assert!(matches!(model.sheets.last(), Some(Sheet::Story(_))));
    press(&mut model, "<esc>");
    assert_eq!(chosen(&model), "dlv_08", "and back to the same post");
    press(&mut model, "<esc>");
    assert!(model.sheets.is_empty(), "and back to the panes");
}

#[test]
fn days_turn_past_the_edge_of_the_week_and_g_comes_back_to_today() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    press(&mut model, "l");
    assert_eq!(chosen(&model), "dlv_14", "Sunday");
    press(&mut model, "l");
    let screen = seen(&model);
    assert!(screen.contains("Mon 23 to Sun 29 Nov"), "{screen}");
    assert!(
        screen.contains("Nothing in this week. PgUp PgDn other weeks."),
        "{screen}"
    );
    press(&mut model, "<pgdn>");
    assert!(seen(&model).contains("Mon 30 Nov to Sun 6 Dec"));
    assert!(seen(&model).contains("Tue 1 Dec"));
    press(&mut model, "g");
    assert_eq!(model.calendar().unwrap().day, date(2026, 11, 21));
    assert_eq!(chosen(&model), "dlv_06");
    press(&mut model, "hhhhhh");
    assert!(seen(&model).contains("Mon 9 to Sun 15 Nov"));
}

#[test]
fn each_week_is_read_once_and_moving_in_it_reads_nothing() {
    let mut model = seed::model(120, 36);
    let read = reads(&mut model, "C");
    let wall = model.wall();
    let [span] = read.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(span.from, wall.begins(date(2026, 11, 16)));
    assert_eq!(span.until, wall.begins(date(2026, 11, 23)));
    assert!(reads(&mut model, "jkhlG").is_empty());
    assert_eq!(reads(&mut model, "ll").len(), 1, "past the edge");
    // And no read while it is closed.
    press(&mut model, "<esc>");
    assert!(reads(&mut model, "jjT").is_empty());
}

#[test]
fn what_could_not_be_read_says_so_and_ctrl_l_reads_it_again() {
    let mut model = seed::model(120, 36);
    for key in parse("C").unwrap() {
        update(&mut model, Msg::Input(Some(Input::Key(key))));
    }
    assert!(seen(&model).contains("Loading…"), "{}", seen(&model));
    let request = model.requests.overtake(Slot::Calendar);
    let error = OpError::new(ErrorKind::Failed, "busy", "The store is busy.", "");
    update(
        &mut model,
        Msg::Loaded(request, Loaded::Calendar(Err(error))),
    );
    let screen = seen(&model);
    assert!(
        screen.contains("It could not be read; Ctrl-l tries again."),
        "{screen}"
    );
    assert_eq!(reads(&mut model, "<ctrl-l>").len(), 1);
    assert_eq!(chosen(&model), "dlv_06");
}

#[test]
fn what_changes_is_read_again_and_the_cursor_stays_on_its_post() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    press(&mut model, "jj");
    let changes = Changes {
        cursor: Cursor::default(),
        objects: vec![("delivery".into(), "dlv_06".into())],
        channels: Vec::new(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    let reads = |effect: &Effect| matches!(effect, Effect::Load(_, Load::Calendar(_)));
    assert!(effects.iter().any(reads), "{effects:?}");
    let mut views = seed::queue(&seed::channels());
    views.retain(|view| view.delivery.id.as_str() != "dlv_06");
    shows(&mut model, views, false);
    assert_eq!(chosen(&model), "dlv_08");
    // The one under the cursor is gone: the one in its place.
    let mut views = seed::queue(&seed::channels());
    views.retain(|view| !["dlv_06", "dlv_08"].contains(&view.delivery.id.as_str()));
    shows(&mut model, views, false);
    assert!(
        ["dlv_09", "dlv_10"].contains(&chosen(&model)),
        "{}",
        chosen(&model)
    );
}

#[test]
fn x_cancels_and_t_moves_the_post_under_the_cursor_and_read_only_does_not() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    let effects = press(&mut model, "x");
    let cancels = |effect: &Effect| matches!(effect, Effect::Act(_, Act::Cancel(ids)) if ids == &[DeliveryId::from_stored("dlv_06")]);
    assert!(effects.iter().any(cancels), "{effects:?}");
    press(&mut model, "t");
    assert!(matches!(model.sheets.last(), Some(Sheet::Time(_))));
    let mut model = seed::model(120, 36);
    model.set.read_only = true;
    press(&mut model, "C");
    let effects = press(&mut model, "x");
    assert!(!effects.iter().any(cancels));
    assert_eq!(said(&model), "read only: nothing is changed from here");
    assert!(seen(&model).contains("read only"), "and it is seen");
    // Where there is no post there is nothing to act on.
    let mut model = seed::model(120, 36);
    press(&mut model, "C<pgdn>");
    press(&mut model, "x");
    assert_eq!(said(&model), "no post here");
}

#[test]
fn r_mends_the_channel_of_a_held_post_from_here() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    press(&mut model, "jj");
    let id = model.channel().unwrap().summary.channel.id.clone();
    assert_eq!(id.as_str(), "soc_A2");
    press(&mut model, "r");
    assert!(model.sheets.len() > 1, "a login for it");
    assert!(model.calendar().is_some(), "over the calendar");
}

#[test]
fn by_the_clients_clocks_a_post_stands_on_the_clients_day() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    let channels = seed::channels();
    // 23:50 in Berlin on Saturday is Sunday morning in Tokyo.
    let mut late = seed::delivery("T1", &channels[12], 588, Shown::Scheduled, "Good morning");
    late.delivery.timezone = "Asia/Tokyo".into();
    shows(&mut model, vec![late.clone()], false);
    assert_eq!(model.calendar().unwrap().of(date(2026, 11, 21)).len(), 1);
    assert!(seen(&model).contains("23:50"));
    let read = reads(&mut model, "T");
    assert_eq!(read.len(), 1, "days of others begin earlier and end later");
    shows(&mut model, vec![late], false);
    assert_eq!(model.calendar().unwrap().of(date(2026, 11, 22)).len(), 1);
    let screen = seen(&model);
    assert!(screen.contains("07:50"), "{screen}");
    assert!(screen.contains("clients’ clocks"), "{screen}");
}

#[test]
fn the_scope_and_the_filter_of_the_queue_hold_here_too() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    let effects = press(&mut model, "wbirch<enter>");
    answer(&mut model, effects);
    let screen = seen(&model);
    assert!(screen.contains("Birch"), "{screen}");
    let calendar = model.calendar().unwrap();
    let of = calendar.of(date(2026, 11, 21)).iter();
    let of: Vec<&str> = of
        .map(|one| one.view.delivery.workspace_id.as_str())
        .collect();
    assert!(!of.is_empty());
    assert!(of.iter().all(|id| *id == "wsp_BIRCH"), "{of:?}");
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "2/state:held<enter>");
    answer(&mut model, effects);
    press(&mut model, "C");
    let calendar = model.calendar().unwrap();
    let of = calendar.of(date(2026, 11, 21)).iter();
    assert!(of.clone().count() > 0);
    assert!(of.clone().all(|one| one.view.shown == Shown::Held));
    assert!(seen(&model).contains("state:held"), "and it is said");
}

#[test]
fn the_filter_is_typed_in_the_calendar_too_and_esc_takes_it_away_before_the_calendar() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    assert!(seen(&model).contains("14 posts, 4 held"));
    let spans = reads(&mut model, "/state:held");
    assert!(!spans.is_empty(), "it is read anew");
    let screen = seen(&model);
    assert!(screen.contains("/ state:held"), "{screen}");
    let day = date(2026, 11, 21);
    let held = |model: &Model| {
        let of = model.calendar().unwrap().of(day).iter();
        of.clone().count() > 0 && of.clone().all(|one| one.view.shown == Shown::Held)
    };
    assert!(held(&model));
    reads(&mut model, "<enter>");
    assert!(held(&model) && model.in_calendar(), "it is kept");
    reads(&mut model, "/<esc>");
    assert!(model.in_calendar());
    let screen = seen(&model);
    assert!(
        screen.contains("14 posts, 4 held") && !screen.contains("state:"),
        "{screen}"
    );
    press(&mut model, "<esc>");
    assert!(!model.in_calendar());
}

#[test]
fn a_login_is_marked_once_on_the_day_it_ends_and_named_under_the_cursor() {
    let mut model = seed::model(120, 36);
    ends(&mut model);
    press(&mut model, "C");
    press(&mut model, "l");
    let screen = seen(&model);
    assert_eq!(screen.matches("▲ login ends").count(), 2, "{screen}");
    assert!(
        screen.contains("Meta login Ann Lee (4 channels) ends Sun 14:30"),
        "{screen}"
    );
    press(&mut model, "hh");
    assert!(seen(&model).contains("ended Fri 14:02"), "{}", seen(&model));
}

#[test]
fn more_posts_than_fit_are_counted_and_more_than_are_read_is_said() {
    let mut model = seed::model(120, 24);
    press(&mut model, "C");
    let channels = seed::channels();
    let many = |n: i64| {
        let of = |n: i64| seed::delivery(&n.to_string(), &channels[12], n, Shown::Scheduled, "x");
        (0..n).map(of).collect::<Vec<_>>()
    };
    shows(&mut model, many(60), true);
    let screen = seen(&model);
    assert!(screen.contains("more"), "{screen}");
    assert!(
        screen.contains(&format!("the first {LIMIT} posts only")),
        "{screen}"
    );
    press(&mut model, "G");
    assert_eq!(chosen(&model), "dlv_59");
    let screen = seen(&model);
    assert!(screen.contains("earlier"), "{screen}");
    assert!(
        screen.contains("15:01"),
        "the last one is in sight: {screen}"
    );
}

#[test]
fn the_find_box_and_the_shell_lead_there() {
    let mut model = seed::model(120, 36);
    press(&mut model, ":calendar<enter>");
    assert!(model.calendar().is_some());
    press(&mut model, "W");
    assert!(model.calendar().is_none() && model.wall_of_tiles().is_some());
    press(&mut model, "C");
    assert!(model.calendar().is_some() && model.wall_of_tiles().is_none());
    let mut model = seed::empty(120, 36);
    open_at(&mut model, View::Calendar);
    let effects = update::first(&mut model);
    answer(&mut model, effects);
    assert_eq!(chosen(&model), "dlv_06");
}

#[test]
fn a_frame_that_grows_reads_what_it_shows() {
    let mut model = seed::model(40, 12);
    press(&mut model, "C");
    let effects = update(&mut model, Msg::Input(Some(Input::Resize(120, 36))));
    answer(&mut model, effects);
    let calendar = model.calendar().unwrap();
    assert_eq!(calendar.shown().count(), 7);
    assert_eq!(calendar.of(date(2026, 11, 22)).len(), 1);
}

#[test]
fn hostile_names_stay_in_their_column() {
    let mut model = seed::model(120, 36);
    press(&mut model, "C");
    let mut channels = seed::channels();
    let handle = "日本語日本語\u{1b}[31m👩‍👩‍👧";
    let channel = &mut channels[12].summary.channel;
    channel.handle = handle.into();
    channel.display_name = handle.into();
    let all = channels.clone();
    model.channels.replace(all);
    let view = seed::delivery("H", &channels[12], 20, Shown::Held, "a\u{1b}[2Jb\nc");
    shows(&mut model, vec![view], false);
    let screen = seen(&model);
    assert!(!screen.contains('\u{1b}'), "{screen}");
    assert!(screen.contains("日本"), "{screen}");
}

#[test]
fn what_the_calendar_looks_like() {
    for (width, height, look) in [
        (80, 24, DARK),
        (120, 36, DARK),
        (120, 36, MONO),
        (120, 36, ASCII),
        (200, 50, DARK),
        (40, 12, DARK),
        (30, 20, DARK),
    ] {
        let kind = match look {
            look if look == MONO => "_no_color",
            look if look == ASCII => "_ascii",
            _ => "",
        };
        let mut model = seed::model(width, height);
        model.set.look = look;
        ends(&mut model);
        press(&mut model, "C");
        press(&mut model, "jj");
        insta::assert_snapshot!(
            format!("calendar_{width}x{height}{kind}"),
            snapshot(&model, width, height)
        );
        if kind.is_empty() {
            press(&mut model, "gjjjjjjjjjjjj");
            busy(&mut model);
            insta::assert_snapshot!(
                format!("calendar_busy_{width}x{height}"),
                snapshot(&model, width, height)
            );
            press(&mut model, "<pgdn><pgdn><pgdn><pgdn>");
            insta::assert_snapshot!(
                format!("calendar_empty_{width}x{height}"),
                snapshot(&model, width, height)
            );
        }
    }
}
