//! The last days of a channel and the tabs of its details.

use super::look::{MONO, snapshot};
use super::seed::{self, minutes};
use super::stories::{press, said, seen};
use crate::domain::channel::{Cause, Evidence, Status};
use crate::domain::days::{Day, Days};
use crate::domain::ids::{ChannelId, OperatorId};
use crate::domain::reading::{Comment, CommentKind, Count, RecentPost};
use crate::ops::views::{
    ChannelView, CommentsView, HistoryView, Lamp, MetricsView, PostsView, ReadState,
};
use crate::ops::{ErrorKind, OpError};
use crate::store::history::HistoryRow;
use crate::store::reading::CachedPost;
use crate::support::time::UtcMs;
use crate::tui::act::{Effect, Load};
use crate::tui::keys::parse;
use crate::tui::model::Model;
use crate::tui::model::beside::{MOST, Page, Tab};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::update;

/// The days of channels of the seed: broken ones broke today, and on two days
/// nobody looked at Dune.
pub fn days(ids: &[ChannelId], midnights: &[UtcMs]) -> Days {
    let channels = seed::channels();
    let of = |id: &ChannelId| channels.iter().find(|one| one.summary.channel.id == *id);
    let broken = ids
        .iter()
        .filter_map(of)
        .any(|one| one.lamp == Lamp::Broken);
    let mut days = vec![Day::Well; midnights.len() - 1];
    if ids.iter().any(|id| id.as_str() == "soc_D1") {
        days[..12].fill(Day::Before);
        days[20..22].fill(Day::Unwatched);
    }
    if let (true, Some(today)) = (broken, days.last_mut()) {
        *today = Day::Broken;
    }
    let healthy = Some(if broken { 997 } else { 1000 });
    Days {
        days,
        healthy,
        since: None,
    }
}

/// A page of a channel of the seed.
pub fn page(id: &ChannelId, tab: Tab) -> Page {
    let channels = seed::channels();
    let found = channels.iter().find(|one| one.summary.channel.id == *id);
    let state = ReadState {
        channel: found.unwrap().clone(),
        why_not: (id.as_str() == "soc_A4").then_some("TikTok shows no posts to programs."),
        fetched_at: Some(minutes(-12)),
        failure: None,
    };
    let post = |n: i64, text: &str, counts: &[(Count, u64)]| CachedPost {
        post: RecentPost {
            id: format!("at://{n}"),
            text: text.into(),
            permalink: Some(format!("https://net.example/p/{n}")),
            at: minutes(-n * 1_000),
            counts: counts.to_vec(),
        },
        fetched_at: minutes(-12),
    };
    let posts = vec![
        post(
            1,
            "Good morning from the workshop",
            &[(Count::Likes, 12), (Count::Replies, 3)],
        ),
        post(
            2,
            "日本語 and 👩‍👩‍👧 in a text that is longer than any of the panes is wide, so that it is cut",
            &[(Count::Likes, 4_021)],
        ),
        post(
            9,
            "Hidden\u{1b}[31m\u{7} and \u{202e}turned",
            &[(Count::Reposts, 1)],
        ),
    ];
    match tab {
        Tab::Posts => Page::Posts(PostsView {
            own: state.why_not.is_some(),
            state,
            posts,
        }),
        Tab::Metrics => Page::Metrics(MetricsView { state, posts }),
        Tab::Comments => Page::Comments(CommentsView {
            state,
            comments: vec![Comment {
                id: "c1".into(),
                kind: CommentKind::Reply,
                post: None,
                author: "fan.example".into(),
                text: "Where can I buy them? The red ones, and do they come in forty-six?".into(),
                permalink: None,
                at: minutes(-40),
            }],
        }),
        Tab::Overview | Tab::History => Page::History(vec![
            happened(
                -119,
                "Broken: password changed.",
                Some((400, "190/460")),
                None,
            ),
            happened(-283_000, "Connected.", None, Some("bob")),
        ]),
    }
}

fn happened(at: i64, text: &str, seen: Option<(u16, &str)>, by: Option<&str>) -> HistoryView {
    HistoryView {
        row: HistoryRow {
            at: minutes(at),
            kind: "broken".into(),
            status: Status::Active,
            cause: Cause::None,
            publishable: true,
            evidence: Evidence {
                http_status: seen.map(|(status, _)| status),
                network_code: seen.map(|(_, code)| code.into()),
                ..Evidence::default()
            },
            by: by.map(|_| OperatorId::from_stored("opr_BOB")),
            text: text.into(),
        },
        by_name: by.map(str::to_owned),
    }
}

/// Keys, and what was asked for of the chosen thing.
fn asked(model: &mut Model, run: &str) -> Vec<Load> {
    let keys = parse(run).unwrap().into_iter();
    let effects = keys.flat_map(|key| update(model, Msg::Input(Some(Input::Key(key)))));
    let loads: Vec<Load> = effects.filter_map(of).collect();
    loads
}

fn of(effect: Effect) -> Option<Load> {
    match effect {
        Effect::Load(_, load @ (Load::Days(..) | Load::Page(..))) => Some(load),
        _ => None,
    }
}

fn rest(model: &mut Model) -> Vec<Load> {
    let boot = model.boot + std::time::Duration::from_millis(60);
    let now = model.now;
    let effects = update(model, Msg::Now(now, boot));
    effects.into_iter().filter_map(of).collect()
}

#[test]
fn the_last_days_are_read_for_one_thing_and_only_when_the_cursor_rests() {
    let mut model = seed::model(120, 36);
    assert_eq!(asked(&mut model, "jjjjjjjj"), []);
    let loads = rest(&mut model);
    let [Load::Days(ids, midnights)] = loads.as_slice() else {
        panic!("{loads:?}");
    };
    assert_eq!(ids, &[ChannelId::from_stored("soc_A4")]);
    assert_eq!(midnights.len(), 31);
    assert_eq!(rest(&mut model), [], "once");
}

#[test]
fn thirty_days_say_how_much_was_well_and_when_nobody_looked() {
    let mut model = seed::model(120, 36);
    let days = "●".repeat(29);
    press(&mut model, "jk");
    assert!(
        seen(&model).contains(&format!("30 days  {days}✖ 99.7 % healthy")),
        "{}",
        seen(&model)
    );
    press(&mut model, "jjjjjjjjj");
    assert_eq!(super::stories::selected(&model), "soc_D1");
    let screen = seen(&model);
    assert!(
        screen.contains("30 days  ●●●●●●●●··●●●●●●●● 100 % healthy, 2 days"),
        "{screen}"
    );
}

#[test]
fn what_is_known_for_hours_only_says_since_when() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jk");
    let (_, days) = model.beside.days.as_mut().unwrap();
    (days.healthy, days.since) = (Some(46), Some(minutes(-180)));
    let screen = seen(&model);
    assert!(screen.contains("✖ 4.6 % healthy"), "{screen}");
    assert!(screen.contains("since 11:02"), "{screen}");
}

#[test]
fn of_a_login_with_more_channels_than_are_told_no_days_are_read() {
    for (more, told) in [(0, true), (MOST, false)] {
        let mut model = seed::model(120, 36);
        let mut all = seed::channels();
        let of_ann = |one: &&ChannelView| {
            let login = one.summary.channel.login_id.as_ref();
            login.is_some_and(|id| id.as_str() == "lgn_ANN")
        };
        let ann = all.iter().find(of_ann).unwrap().clone();
        for n in 0..more {
            let mut copy = ann.clone();
            copy.summary.channel.id = ChannelId::from_stored(format!("soc_X{n:03}"));
            all.push(copy);
        }
        model.channels.replace(all);
        press(&mut model, "<ctrl-l>gj");
        asked(&mut model, "k");
        assert_eq!(super::stories::selected(&model), "lgn_ANN");
        let loads = rest(&mut model);
        assert_eq!(!loads.is_empty(), told, "{loads:?}");
        assert_eq!(seen(&model).contains("30 days"), told, "{}", seen(&model));
    }
}

#[test]
fn h_and_l_turn_the_tabs_where_the_details_have_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj4");
    assert!(seen(&model).contains("Overview · Posts · Metrics · Comments · History  h l"));
    press(&mut model, "l");
    assert!(
        seen(&model).contains("“Good morning from the workshop”"),
        "{}",
        seen(&model)
    );
    press(&mut model, "l");
    assert!(
        seen(&model).contains("12 likes · 3 replies"),
        "{}",
        seen(&model)
    );
    press(&mut model, "l");
    assert!(
        seen(&model).contains("@fan.example answers"),
        "{}",
        seen(&model)
    );
    press(&mut model, "lll");
    assert!(seen(&model).contains("400 · 190/460"), "{}", seen(&model));
    press(&mut model, "hhhhhhh");
    assert_eq!(model.tab(), Tab::Overview);
    // Escape leaves, and the next row begins with what is wrong.
    press(&mut model, "ll<esc>");
    assert_eq!(model.tab(), Tab::Overview);
}

#[test]
fn a_tab_stays_open_while_the_cursor_goes_through_the_channels() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj4lll");
    press(&mut model, "1jj");
    assert!(
        seen(&model).contains("@fan.example answers"),
        "{}",
        seen(&model)
    );
    // A post has no tabs, and neither has a section.
    press(&mut model, "2");
    assert!(!seen(&model).contains("Overview ·"));
    press(&mut model, "1Gh");
    assert!(!seen(&model).contains("Overview ·"));
    press(&mut model, "4l");
    assert_eq!(said(&model), "only channels and their logins have tabs");
}

#[test]
fn the_tabs_of_a_login_are_those_of_each_of_its_channels() {
    let mut model = seed::model(120, 50);
    assert_eq!(super::stories::selected(&model), "lgn_ANN");
    press(&mut model, "4");
    assert!(
        seen(&model).contains("Overview · Posts · Metrics"),
        "{}",
        seen(&model)
    );
    press(&mut model, "l");
    let screen = seen(&model);
    for text in [
        "IG @acme",
        "FB Acme Shop",
        "“Good morning from the workshop”",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    // What was counted stays beside its name.
    press(&mut model, "l");
    let screen = seen(&model);
    assert!(
        screen.contains("Overview · Posts 12 · Metrics · Comments · History  h l"),
        "{screen}"
    );
    // Something happened to one of them meanwhile: there may be more by now.
    let acme = ChannelId::from_stored("soc_A1");
    let mut view = model.channels.get(&acme).unwrap().clone();
    view.summary.channel.change += 1_000;
    model.channels.put(view);
    let screen = seen(&model);
    assert!(
        screen.contains("Overview · Posts · Metrics · Comments · History  h l"),
        "{screen}"
    );
    // Opened, it is read again and counted; and it is not known for ever.
    press(&mut model, "h");
    assert!(seen(&model).contains("Posts 12"), "{}", seen(&model));
    press(&mut model, "l");
    assert!(seen(&model).contains("Posts 12"), "{}", seen(&model));
    let (now, boot) = (minutes(6), model.boot);
    update(&mut model, Msg::Now(now, boot));
    assert!(!seen(&model).contains("Posts 12"), "{}", seen(&model));
    // Another row has a number of its own, or none yet.
    press(&mut model, "h1");
    asked(&mut model, "jjj");
    rest(&mut model);
    let screen = seen(&model);
    assert!(
        screen.contains("Overview · Posts · Metrics") && screen.contains("Reading…"),
        "{screen}"
    );
    // Where there is no room it is in the sheet.
    let mut model = seed::model(80, 24);
    press(&mut model, "<enter>l");
    assert!(
        seen(&model).contains("“Good morning from the workshop”"),
        "{}",
        seen(&model)
    );
}

#[test]
fn where_there_is_no_room_the_tabs_are_in_the_sheet() {
    let mut model = seed::model(80, 24);
    press(&mut model, "jjjjj<enter>l");
    assert!(
        seen(&model).contains("“Good morning from the workshop”"),
        "{}",
        seen(&model)
    );
    press(&mut model, "<esc><enter>");
    assert!(seen(&model).contains("Do this"), "{}", seen(&model));
}

#[test]
fn a_page_of_another_channel_is_never_shown_and_an_error_is() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj4l1");
    asked(&mut model, "j");
    rest(&mut model);
    let screen = seen(&model);
    assert!(
        screen.contains("Reading…") && !screen.contains("Good morning from the workshop”"),
        "{screen}"
    );
    let id = model.requests.fresh() - 1;
    let error = OpError::new(
        ErrorKind::Failed,
        "busy",
        "The store is busy.",
        "Try again.",
    );
    let refused = Loaded::Page(Box::new(Err(error)));
    update(&mut model, Msg::Loaded(id, refused));
    assert!(
        seen(&model).contains("The store is busy."),
        "{}",
        seen(&model)
    );
}

#[test]
fn what_the_tabs_look_like() {
    for (name, keys) in [
        ("posts", "4l"),
        ("metrics", "4ll"),
        ("comments", "4lll"),
        ("history", "4llll"),
    ] {
        for (width, height) in [(120, 36), (80, 24)] {
            let mut model = seed::model(width, height);
            model.set.look = MONO;
            press(&mut model, &format!("jjjjj{keys}"));
            let whole = snapshot(&model, width, height);
            insta::assert_snapshot!(format!("tab_{name}_{width}x{height}"), whole);
        }
    }
    let mut model = seed::model(40, 12);
    model.set.look = MONO;
    press(&mut model, "jjjjj<enter>llll");
    insta::assert_snapshot!("tab_history_40x12", snapshot(&model, 40, 12));
}
