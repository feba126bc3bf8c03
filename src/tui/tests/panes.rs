//! Snapshots: read them as a user would.

use super::look::{ASCII, DARK, MONO, at_sizes, snapshot};
use super::seed;
use super::stories::press;
use crate::domain::ids::IncidentId;
use crate::domain::notice::Severity;
use crate::domain::publisher::PublisherKind;
use crate::ops::publisher::PublisherView;
use crate::ops::views::{Lamp, Why};
use crate::ops::{ErrorKind, OpError};
use crate::store::disconnect::DisconnectCounts;
use crate::store::incidents::Incident;
use crate::tui::act::{Answered, Effect, Load, Window};
use crate::tui::model::{Model, Sheet, Slot};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;

macro_rules! main_screen {
    ($($name:ident: $width:literal x $height:literal $look:expr;)*) => {$(
        #[test]
        fn $name() {
            let mut model = seed::model($width, $height);
            seed::after_a_night(&mut model);
            if let Some(look) = $look {
                model.set.look = look;
            }
            insta::assert_snapshot!(snapshot(&model, $width, $height));
        }
    )*};
}

main_screen! {
    main_40x12_dark: 40 x 12 None;
    main_80x24_dark: 80 x 24 None;
    main_120x36_dark: 120 x 36 None;
    main_200x60_dark: 200 x 60 None;
    main_40x12_no_color: 40 x 12 Some(MONO);
    main_80x24_no_color: 80 x 24 Some(MONO);
    main_120x36_no_color: 120 x 36 Some(MONO);
    main_200x60_no_color: 200 x 60 Some(MONO);
    main_40x12_ascii: 40 x 12 Some(ASCII);
    main_80x24_ascii: 80 x 24 Some(ASCII);
    main_120x36_ascii: 120 x 36 Some(ASCII);
    main_200x60_ascii: 200 x 60 Some(ASCII);
}

/// A story in keys, then what is seen at 80x24 in colour and at 120x36 without.
fn seen(name: &str, keys: &str, after: impl Fn(&mut Model)) {
    let sizes = [(80, 24, DARK), (120, 36, MONO)];
    let story = |model: &mut Model| {
        press(model, keys);
        after(model);
    };
    for (size, seen) in at_sizes(&sizes, seed::model, story) {
        insta::assert_snapshot!(format!("{name}_{size}"), seen);
    }
}

/// Answers the top sheet.
fn tell(model: &mut Model, what: Answered) {
    let id = model.requests.fresh() - 1;
    update(model, Msg::Answered(id, what));
}

#[test]
fn queue_and_its_details() {
    seen("queue", "<tab>jj", |_| {});
}

#[test]
fn notices_with_the_cursor() {
    seen("notices", "3j", |_| {});
}

#[test]
fn details_of_a_channel() {
    seen("details", "jjjjj<enter>", |_| {});
}

#[test]
fn help_with_reasons() {
    seen("help", "jjjjjj?re", |_| {});
}

#[test]
fn the_list_of_workspaces() {
    seen("workspaces", "w", |_| {});
}

#[test]
fn connecting() {
    seen("connect", "cblue<enter>acme.exam", |_| {});
}

#[test]
fn the_list_of_networks() {
    seen("networks", "c", |_| {});
}

#[test]
fn connecting_a_bot() {
    seen("connect_bot", "ctele<enter>@acme", |_| {});
}

#[test]
fn a_login_under_way() {
    seen("login_busy", "jjjjjr", |model| {
        press(model, "abcd");
        press(model, "<enter>");
    });
}

#[test]
fn a_login_that_did_not_work() {
    seen("login_refused", "jjjjjrabcd<enter>", |model| {
        tell(
            model,
            Answered::Act(Err(OpError::new(
                ErrorKind::Failed,
                "wrong_password",
                "Bluesky does not take this app password for acme.example.",
                "Make a new one under Settings, Privacy and security, App passwords, and paste it.",
            ))),
        );
    });
}

#[test]
fn disconnecting_with_posts() {
    seen("disconnect", "jjjjjD", |model| {
        tell(
            model,
            Answered::Counts(Ok(DisconnectCounts {
                scheduled: 13,
                missed: 1,
                metrics: 312,
                comments: 45,
                published: 230,
                ..DisconnectCounts::default()
            })),
        );
        seed::later(model, 1);
        press(model, "acme.example");
    });
}

#[test]
fn disconnecting_without_posts() {
    seen("disconnect_bare", "jjjjjjD", |model| {
        tell(model, Answered::Counts(Ok(DisconnectCounts::default())));
    });
}

#[test]
fn did_it_go_out() {
    seen("story", "2kk<enter>", |model| {
        let view = seed::queue(&seed::channels()).remove(2);
        let Some(Sheet::Story(story)) = model.sheets.last_mut() else {
            panic!("no story");
        };
        story.delivery = view.clone();
        let id = story.asked;
        let why = Why {
            delivery: view,
            verdict: "nobody_knows",
            sentence: "It was sent to @birch.example for 2026-11-21 11:30 Europe/Berlin and nobody can tell whether it is live (the answer was lost). Look at the profile and decide.".into(),
            events: vec![
                (seed::minutes(-4000), "Written by eva.".into()),
                (seed::minutes(-152), "The answer was lost: connection closed.".into()),
                (seed::minutes(-140), "Looked for it: the network could not be read: HTTP 401, ExpiredToken.".into()),
            ],
        };
        update(model, Msg::Answered(id, Answered::Why(Ok(Box::new(why)))));
    });
}

#[test]
fn a_countdown_that_can_be_stopped() {
    seen("countdown", "<tab>!", |model| {
        seed::later(model, 3);
    });
}

#[test]
fn quitting_when_nobody_would_publish() {
    seen("quit", "", |model| {
        let mut ours = seed::daemon();
        ours.kind = Some(PublisherKind::Screen);
        ours.pid = Some(4711);
        update(model, Msg::Publisher(ours));
        press(model, "q");
    });
}

#[test]
fn nobody_publishes() {
    seen("nobody", "", |model| {
        update(model, Msg::Publisher(PublisherView::default()));
    });
}

#[test]
fn an_incident_that_stands() {
    seen("standing", "", |model| {
        let id = model.requests.overtake(Slot::News);
        let incident = Incident {
            id: IncidentId::from_stored("inc_1"),
            kind: "app_fault".into(),
            subject: "x".into(),
            cause: "app_fault".into(),
            network: None,
            severity: Severity::Broken,
            text: "The app of this hub at X is refused: its client secret is wrong.".into(),
            command: None,
            opened_at: seed::minutes(-75),
            resolved_at: None,
            failures: 3,
            channels: Vec::new(),
        };
        let news = Loaded::News(Ok((seed::notices(), vec![incident])));
        update(model, Msg::Loaded(id, news));
    });
}

/// Rows 1 and 29: what keeps posts stands above the panes, the worst first.
#[test]
fn a_network_that_is_not_reached_and_a_busy_store_stand_above_the_panes() {
    let mut model = seed::model(120, 36);
    let one = |id: &str, kind: &str, cause: &str, text: &str| Incident {
        id: IncidentId::from_stored(id.to_owned()),
        kind: kind.into(),
        subject: id.into(),
        cause: cause.into(),
        network: None,
        severity: Severity::Attention,
        text: text.into(),
        command: None,
        opened_at: seed::minutes(-3),
        resolved_at: None,
        failures: 1,
        channels: Vec::new(),
    };
    let id = model.requests.overtake(Slot::News);
    let incidents = vec![
        one(
            "inc_1",
            "overdue",
            "network",
            "The name x.example could not be resolved",
        ),
        one(
            "inc_2",
            "weather",
            "transient",
            "Bluesky cannot be reached from here",
        ),
        one("inc_3", "overdue", "rate_limit", "Too much was asked"),
    ];
    let news = Loaded::News(Ok((seed::notices(), incidents)));
    update(&mut model, Msg::Loaded(id, news));
    let standing = |model: &Model| {
        (
            model.standing().map(|one| one.text.clone()),
            model.standing_more(),
        )
    };
    let (text, more) = standing(&model);
    assert_eq!(
        text.as_deref(),
        Some("The name x.example could not be resolved")
    );
    assert_eq!(more, 1, "a rate limit has its place in the list");
    update(&mut model, Msg::StoreBusy(true));
    let (text, more) = standing(&model);
    assert!(text.unwrap().starts_with("The store is busy"));
    assert_eq!(more, 2);
    update(&mut model, Msg::StoreBusy(false));
    assert_eq!(standing(&model).1, 1);
}

#[test]
fn a_first_start() {
    for (width, height) in [(80, 24), (120, 36)] {
        let mut model = seed::empty(width, height);
        let effects = crate::tui::update::first(&mut model);
        for effect in effects {
            let Effect::Load(id, load) = effect else {
                continue;
            };
            let nothing = match load {
                Load::BrokenChannels => Loaded::BrokenChannels(Ok(Vec::new())),
                Load::AllChannels => Loaded::AllChannels(Ok(Vec::new())),
                Load::Queue { .. } => Loaded::Queue(Ok(Window {
                    views: Vec::new(),
                    more_past: false,
                    more_future: false,
                })),
                Load::News(_) => Loaded::News(Ok((Vec::new(), Vec::new()))),
                _ => Loaded::Hub(Ok((
                    seed::workspaces().into_iter().take(1).collect(),
                    Default::default(),
                ))),
            };
            update(&mut model, Msg::Loaded(id, nothing));
        }
        insta::assert_snapshot!(
            format!("first_start_{width}x{height}"),
            snapshot(&model, width, height)
        );
    }
}

#[test]
fn all_is_well() {
    seen("all_well", "", |model| {
        let mut views = seed::channels();
        views.retain(|view| view.lamp == Lamp::Green);
        for view in &mut views {
            view.summary.counts.truncate(1);
        }
        let id = model.requests.overtake(Slot::Channels);
        update(model, Msg::Loaded(id, Loaded::AllChannels(Ok(views))));
    });
}
