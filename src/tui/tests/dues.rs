//! What a channel or a login has due, whatever the queue shows.

use super::seed::{self, answer, minutes, now};
use super::stories::{press, seen, selected};
use crate::domain::delivery::State;
use crate::domain::dues::Dues;
use crate::domain::ids::ChannelId;
use crate::ops::views::Lamp;
use crate::ops::{ErrorKind, OpError};
use crate::store::changes::{Changes, Cursor};
use crate::support::time::UtcMs;
use crate::tui::act::{Effect, Load};
use crate::tui::deadline::deadline;
use crate::tui::keys::parse;
use crate::tui::model::{Dirty, Model};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::{first, update};

/// What channels of the seed have due: those of the timeline by their times, and
/// the others some other day.
pub fn dues(ids: &[ChannelId], midnight: UtcMs) -> Dues {
    let channels = seed::channels();
    let queue = seed::queue(&channels);
    let mut all = Dues::default();
    for id in ids {
        let found = channels.iter().find(|one| one.summary.channel.id == *id);
        let Some(found) = found else {
            continue;
        };
        let summary = &found.summary;
        let scheduled = queue
            .iter()
            .map(|one| &one.delivery)
            .filter(|one| one.channel_id == *id && one.state == State::Scheduled);
        let dues: Vec<UtcMs> = scheduled.map(|one| one.due).collect();
        let late = dues.iter().filter(|due| **due <= now());
        let coming = dues.iter().filter(|due| **due > now());
        let total = summary.count(State::Scheduled);
        all = all.and(Dues {
            total,
            late: late.clone().count() as u64,
            late_since: late.clone().min().copied(),
            today: coming.clone().filter(|due| **due < midnight).count() as u64,
            next: coming
                .min()
                .copied()
                .or(summary.next_due.filter(|due| *due > now())),
            goes_late: late.clone().count() as u64,
            goes_late_from: late.min().copied(),
            asks: 0,
            after_end: match found.lamp {
                Lamp::Attention => total,
                _ => 0,
            },
        });
    }
    all
}

fn of(effect: Effect) -> Option<(u64, Vec<String>)> {
    match effect {
        Effect::Load(id, Load::Dues(ids, midnight)) => {
            assert_eq!(
                midnight,
                UtcMs::parse_rfc3339("2026-11-21T23:00:00Z").unwrap()
            );
            Some((id, ids.iter().map(ToString::to_string).collect()))
        }
        _ => None,
    }
}

/// Keys, then rest; what was asked for, unanswered.
fn asked(model: &mut Model, run: &str) -> Vec<(u64, Vec<String>)> {
    let keys = parse(run).unwrap().into_iter();
    let mut effects: Vec<Effect> = keys
        .flat_map(|key| update(model, Msg::Input(Some(Input::Key(key)))))
        .collect();
    let boot = model.boot + std::time::Duration::from_millis(60);
    effects.extend(update(model, Msg::Now(model.now, boot)));
    effects.into_iter().filter_map(of).collect()
}

fn changed(channel: &str, delivery: Option<&str>) -> Msg {
    Msg::Changed(Changes {
        channels: vec![ChannelId::from_stored(channel)],
        objects: delivery
            .map(|id| ("delivery".to_owned(), id.to_owned()))
            .into_iter()
            .collect(),
        cursor: Cursor::default(),
    })
}

#[test]
fn what_is_at_risk_is_said_whatever_the_queue_shows() {
    let mut model = seed::model(120, 36);
    for narrowed in ["2/", "2"] {
        let effects = press(&mut model, narrowed);
        answer(&mut model, effects);
        if narrowed == "2/" {
            let effects = super::stories::paste(&mut model, "net:tt");
            answer(&mut model, effects);
            let effects = press(&mut model, "<enter>");
            answer(&mut model, effects);
            assert!(model.queue.views().is_empty());
        }
        press(&mut model, "1g");
        assert_eq!(selected(&model), "lgn_ANN");
        let screen = seen(&model);
        assert!(
            screen.contains("7 posts held: 1 late since 13:00, 2 more"),
            "{screen}"
        );
        assert!(
            screen.contains("6 go out on time, 1 goes out 1 h late"),
            "{screen}"
        );
        press(&mut model, "j");
        assert_eq!(selected(&model), "soc_A1");
        let screen = seen(&model);
        assert!(
            screen.contains("3 posts held: 1 late since 13:00, 1 more"),
            "{screen}"
        );
        assert!(
            screen.contains("2 go out on time, 1 goes out 1 h late"),
            "{screen}"
        );
    }
}

#[test]
fn until_it_is_read_only_the_held_ones_are_counted_and_nothing_is_foretold() {
    let mut model = seed::model(120, 36);
    let loads = asked(&mut model, "jjj");
    assert_eq!(asked(&mut model, ""), [], "once");
    let [(_, channels)] = loads.as_slice() else {
        panic!("only where the cursor rests: {loads:?}");
    };
    assert_eq!(selected(&model), channels[0]);
    let held = || {
        seen(&model)
            .lines()
            .find(|line| line.contains("At risk"))
            .unwrap()
            .to_owned()
    };
    assert!(held().trim_end().ends_with("held"), "{}", held());
    assert!(!seen(&model).contains("Then "), "{}", seen(&model));
    // Where nothing is held nothing is asked.
    assert_eq!(asked(&mut model, "G"), []);
}

#[test]
fn what_is_read_of_a_row_is_drawn_with_the_rest_of_it() {
    let by_itself = |model: &mut Model, ms: u64| {
        let boot = model.boot + std::time::Duration::from_millis(ms);
        update(model, Msg::Now(model.now, boot))
    };
    for answered in [true, false] {
        let mut model = seed::model(120, 36);
        update(
            &mut model,
            Msg::Input(Some(Input::Key(parse("j").unwrap()[0]))),
        );
        model.dirty = Dirty::No;
        let effects = by_itself(&mut model, 60);
        assert_eq!(model.dirty, Dirty::No, "it would be drawn twice");
        if answered {
            let loads = effects.into_iter();
            let (days, rest): (Vec<_>, Vec<_>) =
                loads.partition(|one| matches!(one, Effect::Load(_, Load::Days(..))));
            answer(&mut model, days);
            assert_eq!(model.dirty, Dirty::No);
            answer(&mut model, rest);
        } else {
            let late = deadline(&model).boot.unwrap() - model.boot;
            assert!(late <= std::time::Duration::from_millis(100), "{late:?}");
            by_itself(&mut model, 100);
        }
        assert_eq!(model.dirty, Dirty::Background);
        // A cursor that goes on is not woken for what it left.
        update(
            &mut model,
            Msg::Input(Some(Input::Key(parse("j").unwrap()[0]))),
        );
        by_itself(&mut model, 60);
        update(
            &mut model,
            Msg::Input(Some(Input::Key(parse("j").unwrap()[0]))),
        );
        assert_eq!(deadline(&model).boot, model.moving);
    }
}

#[test]
fn of_a_login_the_channels_that_hold_something_are_asked_for() {
    let mut model = seed::model(120, 36);
    asked(&mut model, "j");
    let loads = asked(&mut model, "k");
    let ids: Vec<&[String]> = loads.iter().map(|(_, ids)| ids.as_slice()).collect();
    assert_eq!(ids, [["soc_A1", "soc_A3", "soc_A6"]]);
}

#[test]
fn a_change_of_the_store_and_a_minute_read_it_again() {
    let mut model = seed::model(120, 36);
    press(&mut model, "j");
    let reads = |effects: Vec<Effect>| effects.into_iter().filter_map(of).count();
    assert_eq!(
        reads(update(&mut model, changed("soc_B4", None))),
        0,
        "another channel"
    );
    let effects = update(&mut model, changed("soc_A1", None));
    assert_eq!(reads(effects), 1);
    // One under way is not the newest any more: it is repeated after that.
    let effects = update(&mut model, changed("soc_A1", Some("dlv_12")));
    assert_eq!(reads(effects), 0);
    let id = model.requests.fresh() - 1;
    let moved = Dues {
        total: 3,
        today: 3,
        next: Some(minutes(30)),
        ..Dues::default()
    };
    let open = (1..=id).rev().find_map(|id| {
        let effects = update(&mut model, Msg::Loaded(id, Loaded::Dues(Ok(moved))));
        let again = reads(effects);
        (again > 0).then_some(again)
    });
    assert_eq!(open, Some(1));
    assert!(
        seen(&model).contains("3 posts held: 3 today, the first in 30 m"),
        "{}",
        seen(&model)
    );
    assert!(
        seen(&model).contains("3 go out on time"),
        "{}",
        seen(&model)
    );
    assert_eq!(
        reads(seed::later(&mut model, 60)),
        1,
        "a post may be late now"
    );
}

#[test]
fn numbers_of_another_moment_or_none_at_all_foretell_nothing() {
    let held = Dues {
        total: 4,
        today: 4,
        ..Dues::default()
    };
    let refused = OpError::new(ErrorKind::Failed, "busy", "The store is busy.", "Wait.");
    for answer in [Ok(held), Err(refused)] {
        let mut model = seed::model(120, 36);
        let loads = asked(&mut model, "j");
        update(&mut model, Msg::Loaded(loads[0].0, Loaded::Dues(answer)));
        let screen = seen(&model);
        assert!(
            screen.contains("3 posts held") && !screen.contains("Then "),
            "{screen}"
        );
        assert!(!screen.contains("held:"), "{screen}");
    }
}

#[test]
fn what_comes_after_the_end_of_an_access_is_counted() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjjjj");
    assert_eq!(selected(&model), "soc_A4");
    assert!(
        seen(&model).contains("At risk  12 posts from Thu"),
        "{}",
        seen(&model)
    );
}

#[test]
fn who_quits_is_asked_whatever_the_queue_shows() {
    let mut model = seed::model(120, 36);
    update(
        &mut model,
        Msg::Publisher(crate::ops::publisher::PublisherView {
            pid: Some(4711),
            ..seed::daemon()
        }),
    );
    let due = model.due_soon.unwrap();
    assert!(due > 0);
    // Of another workspace than the one in which it is due.
    let effects = press(&mut model, "2/");
    answer(&mut model, effects);
    let effects = super::stories::paste(&mut model, "net:tt");
    answer(&mut model, effects);
    let effects = press(&mut model, "<enter>wdune<enter>");
    answer(&mut model, effects);
    assert!(model.queue.views().is_empty(), "{}", seen(&model));
    press(&mut model, "q");
    assert!(
        seen(&model).contains(&format!("{due} posts are due within 24 h")),
        "{}",
        seen(&model)
    );
    // It went out meanwhile.
    let effects = update(&mut model, changed("soc_A1", Some("dlv_12")));
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::DueSoon) => Some(*id),
        _ => None,
    });
    update(
        &mut model,
        Msg::Loaded(asked.unwrap(), Loaded::DueSoon(Ok(0))),
    );
    assert!(seen(&model).contains("Nothing is due within 24 h any more"));
}

#[test]
fn who_quits_before_it_is_counted_waits_for_the_number_and_no_longer() {
    for (due, esc, leaves) in [(0, false, true), (3, false, false), (0, true, false)] {
        let mut model = seed::empty(120, 36);
        let effects = first(&mut model);
        let counted = effects.iter().find_map(|effect| match effect {
            Effect::Load(id, Load::DueSoon) => Some(*id),
            _ => None,
        });
        let ours = crate::ops::publisher::PublisherView {
            pid: Some(4711),
            ..seed::daemon()
        };
        update(&mut model, Msg::Publisher(ours));
        let asked = press(&mut model, "q");
        assert!(!asked.iter().any(|effect| matches!(effect, Effect::Quit)));
        assert!(seen(&model).contains("Posts may be due within 24 h"));
        if esc {
            press(&mut model, "<esc>");
        }
        let answer = Msg::Loaded(counted.unwrap(), Loaded::DueSoon(Ok(due)));
        let then = update(&mut model, answer);
        let quits = then.iter().any(|effect| matches!(effect, Effect::Quit));
        assert_eq!(quits, leaves, "{due} due, Esc {esc}");
        if due > 0 {
            assert!(seen(&model).contains("3 posts are due within 24 h"));
        }
    }
}
