//! A post on its way out of the composer, told in keys: nothing goes out that a
//! network would refuse, at a time that is none, or by mistake.

use std::time::Duration;

use super::composer::{RED, begin, finished, kept, mark_four, medium, model};
use super::flows::Hands;
use super::seed::{self, later, minutes};
use super::stories::{paste, press, said, seen};
use crate::domain::ids::ChannelId;
use crate::domain::limits::ServerLimits;
use crate::domain::network::ChannelKind as K;
use crate::ops::posts::{Desk, PostTime};
use crate::ops::{ErrorKind, OpError};
use crate::tui::act::{Answered, Done, Effect, Finish, Load};
use crate::tui::deadline::deadline;
use crate::tui::model::Model;
use crate::tui::model::composer::Part;
use crate::tui::msg::Msg;
use crate::tui::update::update;

#[test]
fn flow_d_a_post_for_four_channels_takes_five_keys_beside_marking_them_and_two_texts() {
    let mut model = model(120, 36);
    mark_four(&mut model);
    let mut hands = Hands::on(model);
    hands.press("n");
    hands.paste(RED);
    // Past the media to the time, then to the buttons.
    hands.press("<tab><tab>");
    hands.paste("tomorrow 9:30");
    let effects = hands.press("<enter><enter>");
    assert_eq!((hands.keys, hands.pastes), (5, 2));
    let mut model = hands.model;
    let (writing, how) = finished(&effects).unwrap_or_else(|| panic!("{}", seen(&model)));
    assert_eq!(writing.text, RED);
    assert_eq!(writing.to.len(), 4);
    assert_eq!(how, Finish::Send(PostTime::At("tomorrow 9:30".into())));
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(press(&mut model, "<enter>").is_empty(), "once");
    let done = Done {
        text: "Scheduled for 2026-11-22 09:30 Europe/Berlin on 4 channels.".into(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    let effects = update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    assert!(kept(&effects).is_none(), "nothing is kept of it");
    assert!(model.sheets.is_empty() && model.writings.is_empty());
    assert!(said(&model).starts_with("Scheduled for"));
    assert!(
        !seen(&model).contains("marked"),
        "what they were marked for is done"
    );
}

#[test]
fn without_a_tick_or_a_word_nothing_is_scheduled() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "<shift-tab>a");
    press(&mut model, "a");
    assert_eq!(model.composer().unwrap().ticked().count(), 0);
    press(&mut model, "<shift-tab><enter>");
    assert_eq!(said(&model), "Tick a channel first: Space.");
    press(&mut model, "j<space><shift-tab><enter>");
    assert_eq!(said(&model), "Write something first.");
}

#[test]
fn what_a_network_does_not_take_is_counted_as_it_counts_and_is_not_scheduled() {
    let mut model = model(120, 36);
    begin(&mut model);
    // 310 for Bluesky; Mastodon counts the link as 23.
    let link = format!("https://acme.example/{}", "x".repeat(279));
    paste(&mut model, &format!("{link} red again"));
    let screen = seen(&model);
    assert!(screen.contains("310/300"), "{screen}");
    assert!(screen.contains("33/500"), "{screen}");
    assert!(screen.contains("✖ 10 too many"), "{screen}");
    press(&mut model, "<tab><tab>tomorrow 9:30");
    let effects = press(&mut model, "<enter><enter>");
    assert!(finished(&effects).is_none());
    assert!(
        said(&model).contains("10 characters too long"),
        "{}",
        said(&model)
    );
    let one = model.composer().unwrap();
    assert_eq!(one.part, Part::To, "and the cursor is on it");
    assert_eq!(one.target().unwrap().kind, K::Bluesky);
}

#[test]
fn the_server_says_how_long_its_posts_may_be() {
    let mut model = model(120, 36);
    let effects = begin(&mut model);
    let Some(Effect::Load(id, Load::Desk(_))) = effects.first() else {
        panic!("{effects:?}");
    };
    let told = ServerLimits {
        characters: Some(5_000),
        ..ServerLimits::default()
    };
    let desk = Desk {
        limits: [(ChannelId::from_stored("soc_A11"), told)].into(),
        drafts: Vec::new(),
    };
    let msg = Msg::Answered(*id, Answered::Desk(Ok(Box::new(desk))));
    update(&mut model, msg);
    press(&mut model, "Red");
    assert!(seen(&model).contains("3/5000"), "{}", seen(&model));
}

#[test]
fn c4_a_time_that_is_none_or_comes_twice_is_not_taken() {
    for (time, why) in [
        ("2027-03-28 02:30", "does not exist"),
        ("2027-10-31 02:30", "comes twice"),
        ("tomorrow", "no clock time"),
        ("", "Say when"),
        ("2026-11-21 10:00", "passed"),
    ] {
        let mut model = model(120, 36);
        begin(&mut model);
        press(&mut model, "Red<tab><tab>");
        paste(&mut model, time);
        let effects = press(&mut model, "<enter><enter>");
        assert!(finished(&effects).is_none(), "{time}");
        assert!(said(&model).contains(why), "{time}: {}", said(&model));
        assert_eq!(model.composer().unwrap().part, Part::When);
    }
}

#[test]
fn a_time_beside_another_post_of_the_channel_is_told() {
    let mut model = model(120, 36);
    model.channels.select(&ChannelId::from_stored("soc_A2"));
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Load(id, Load::Near(place)) => Some((*id, place.clone())),
            _ => None,
        })
    };
    assert!(
        asked(&press(&mut model, "nRed<tab><tab>")).is_none(),
        "no time"
    );
    let (id, place) = asked(&paste(&mut model, "14:40")).unwrap();
    assert_eq!((place.at, place.post), (minutes(38), None));
    assert_eq!(place.channels, [ChannelId::from_stored("soc_A2")]);
    assert!(asked(&later(&mut model, 1)).is_none(), "one at a time");
    // However far the list of the queue is read.
    let found = vec![(ChannelId::from_stored("soc_A2"), minutes(28))];
    let answer = |id, found| Msg::Answered(id, Answered::Near(found));
    assert!(asked(&update(&mut model, answer(id, Ok(found.clone())))).is_none());
    let screen = seen(&model);
    assert!(
        screen.contains("another post goes out there at 14:30"),
        "{screen}"
    );
    // Another time, and what is known of the one before is not said of it.
    press(&mut model, "<ctrl-u>");
    assert!(!seen(&model).contains("another post"));
    let (id, _) = asked(&paste(&mut model, "15:05")).unwrap();
    press(&mut model, "<ctrl-u>");
    assert!(
        asked(&paste(&mut model, "15:00")).is_none(),
        "one at a time"
    );
    let again = update(&mut model, answer(id, Ok(found)));
    let (id, place) = asked(&again).unwrap_or_else(|| panic!("{again:?}"));
    assert_eq!(place.at, minutes(58), "what was typed meanwhile");
    assert!(!seen(&model).contains("another post"));
    let busy = || Err(OpError::new(ErrorKind::Failed, "busy", "Busy.", "Wait."));
    let failed = update(&mut model, answer(id, busy()));
    assert!(asked(&failed).is_none(), "not at once");
    assert!(
        seen(&model).contains("could not be read"),
        "{}",
        seen(&model)
    );
    // It is asked again after a pause, for which the screen wakes by itself.
    let retry = |model: &Model| model.composer().unwrap().near.retry();
    let at = retry(&model).unwrap();
    assert!(at >= model.boot + Duration::from_secs(1), "{at:?}");
    assert!(deadline(&model).boot.unwrap() <= at);
    assert!(
        asked(&press(&mut model, "<left><right>")).is_none(),
        "no key asks"
    );
    let now = model.now;
    let (id, same) = asked(&update(&mut model, Msg::Now(now, at))).unwrap();
    assert_eq!(same, place);
    assert_eq!(retry(&model), None, "it wakes for nothing meanwhile");
    assert!(seen(&model).contains("could not be read"), "until it is");
    // Failed once more, another time or channel does not wait.
    update(&mut model, answer(id, busy()));
    press(&mut model, "<ctrl-u>");
    let (id, _) = asked(&paste(&mut model, "15:10")).unwrap();
    update(&mut model, answer(id, Ok(Vec::new())));
    assert!(!seen(&model).contains("could not be read"));
    let later = model.boot + Duration::from_secs(600);
    assert!(asked(&update(&mut model, Msg::Now(now, later))).is_none());
}

#[test]
fn nothing_is_scheduled_before_its_file_is_there_and_nothing_kept_while_it_is_scheduled() {
    let mut model = model(120, 36);
    begin(&mut model);
    paste(&mut model, "Red");
    press(&mut model, "<tab>felt.jpg<enter>");
    let taking = model.composer().unwrap().taking.unwrap();
    press(&mut model, "<tab>tomorrow 9:30<enter>");
    assert!(finished(&press(&mut model, "<enter>")).is_none());
    assert!(
        said(&model).contains("still being taken in"),
        "{}",
        said(&model)
    );
    // It arrives while the find box lies over the post.
    press(&mut model, "<ctrl-p>");
    let file = Answered::File(Ok(Box::new(medium("felt.jpg", ""))));
    update(&mut model, Msg::Answered(taking, file));
    press(&mut model, "<esc>");
    assert_eq!(model.composer().unwrap().media.len(), 1);
    assert_eq!(kept(&later(&mut model, 6)).unwrap().media.len(), 1);
    let boot = model.boot;
    let one = model.writings.last_mut().unwrap();
    one.keeping.end(Ok(seed::now()), boot);
    one.keeping.change(boot);
    one.busy = Some(taking);
    assert!(kept(&later(&mut model, 6)).is_none(), "it is on its way");
    model.writings.last_mut().unwrap().busy = None;
    assert!(kept(&later(&mut model, 1)).is_some(), "it is not any more");
}

#[test]
fn publishing_now_counts_down_and_u_keeps_the_draft() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "Red<shift-tab><shift-tab>ll");
    let effects = press(&mut model, "<enter>");
    assert!(kept(&effects).is_some(), "its draft is kept meanwhile");
    assert!(model.sheets.is_empty());
    assert!(
        seen(&model).contains("Publishing on 4 channels in"),
        "{}",
        seen(&model)
    );
    press(&mut model, "u");
    assert!(said(&model).contains("Nothing was done"));
    assert!(finished(&later(&mut model, 20)).is_none());
    let mut model = self::model(120, 36);
    begin(&mut model);
    press(&mut model, "Red<shift-tab><shift-tab>ll<enter>");
    let (_, how) = finished(&later(&mut model, 11)).unwrap();
    assert_eq!(how, Finish::Send(PostTime::Now));
}
