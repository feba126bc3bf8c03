//! Writing a post, told in keys: nothing typed is lost, nothing goes out that a
//! network would refuse, and nobody's change is written over unseen.

use std::time::Duration;

use super::flows::Hands;
use super::seed::{self, Seed, later, minutes};
use super::stories::{paste, press, said, seen};
use crate::domain::channel::Cause;
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::{ChannelId, MediaId, OperatorId, PostId, WorkspaceId};
use crate::domain::limits::ServerLimits;
use crate::domain::network::ChannelKind as K;
use crate::domain::role::Role;
use crate::ops::posts::{Desk, PostTime, Writing};
use crate::ops::views::{DeliveryView, Lamp, PostView};
use crate::ops::{ErrorKind, OpError};
use crate::store::posts::{DraftTime, Medium, Post};
use crate::tui::act::{Act, Answered, Done, Effect, Finish, Load, Opening};
use crate::tui::deadline::deadline;
use crate::tui::model::composer::Part;
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::Msg;
use crate::tui::term::signals::Asked;
use crate::tui::update::{first, update};

pub(super) const RED: &str = "Red is back. Our felt slippers come in eleven colours again, and the first hundred pairs ship free until Sunday night. Wool from the valley, soles from old tyres, made by six people you can visit any weekday.";

/// Acme as the composer likes it: two accounts that are well, one that is
/// broken, one that is paused.
pub(super) fn model(width: u16, height: u16) -> Model {
    let mut model = seed::model(width, height);
    more(&mut model);
    model
}

/// Three more accounts of Acme.
pub(super) fn more(model: &mut Model) {
    let all = [
        ("A11", K::Mastodon, "acme@mas.to", Lamp::Green),
        ("A12", K::Telegram, "acmenews", Lamp::Green),
        ("A13", K::Bluesky, "shop.acme.example", Lamp::Attention),
    ];
    for (id, kind, handle, lamp) in all {
        let view = seed::channel(&Seed {
            id,
            kind,
            handle,
            name: "",
            workspace: 0,
            lamp,
            cause: Cause::None,
            words: "",
            scheduled: 0,
            due: None,
            proof: 12,
        });
        model.channels.put(view);
    }
    model.recount();
    press(model, "<ctrl-l>");
}

/// Marks the four accounts of built-in networks.
fn mark_four(model: &mut Model) {
    for id in ["soc_A2", "soc_A11", "soc_A12", "soc_A13"] {
        assert!(model.channels.select(&ChannelId::from_stored(id)), "{id}");
        press(model, "<space>");
    }
}

/// Marks them and opens the composer.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    mark_four(model);
    press(model, "n")
}

fn kept(effects: &[Effect]) -> Option<Writing> {
    effects.iter().find_map(|effect| match effect {
        Effect::Keep(_, _, writing) => Some((**writing).clone()),
        _ => None,
    })
}

fn finished(effects: &[Effect]) -> Option<(Writing, Finish)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Act(_, Act::Finish(_, writing, how)) => Some(((**writing).clone(), how.clone())),
        _ => None,
    })
}

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
fn nothing_typed_is_lost_when_typing_rests_or_the_screen_is_left() {
    let mut model = model(120, 36);
    begin(&mut model);
    assert!(kept(&press(&mut model, "Red is back")).is_none());
    let effects = later(&mut model, 1);
    assert_eq!(kept(&effects).unwrap().text, "Red is back");
    for leave in ["esc", "ctrl-c", "signal", "gone"] {
        let mut model = self::model(120, 36);
        begin(&mut model);
        press(&mut model, "Red");
        let effects = match leave {
            "signal" => update(&mut model, Msg::Signal(Asked::HangUp)),
            "gone" => update(&mut model, Msg::Input(None)),
            key => press(&mut model, &format!("<{key}>")),
        };
        assert_eq!(kept(&effects).unwrap().text, "Red", "{leave}");
        let quits = effects.iter().position(|one| matches!(one, Effect::Quit));
        assert!(quits.is_none_or(|at| at > 0), "kept before it ends");
        assert_eq!(quits.is_some(), leave != "esc");
    }
}

#[test]
fn a_draft_that_could_not_be_kept_comes_back_with_its_text() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "Red");
    let effects = press(&mut model, "<esc>");
    assert!(model.sheets.is_empty());
    let Some(Effect::Keep(id, ..)) = effects.first() else {
        panic!("{effects:?}");
    };
    let error = OpError::new(
        ErrorKind::Failed,
        "disk_full",
        "The disk is full.",
        "Free some.",
    );
    update(&mut model, Msg::Answered(*id, Answered::Kept(Err(error))));
    assert!(matches!(model.sheets.last(), Some(Sheet::Composer(_))));
    let screen = seen(&model);
    assert!(
        screen.contains("NOT kept") && screen.contains("Red"),
        "{screen}"
    );
    // And it is tried again.
    later(&mut model, 2);
    assert!(kept(&later(&mut model, 5)).is_some());
}

#[test]
fn a_channel_gets_a_text_of_its_own_by_typing_and_the_base_text_back_by_x() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "Red is back<shift-tab>j<enter> for you");
    let one = model.composer().unwrap();
    assert_eq!(one.base.text(), "Red is back");
    let own = one.target().unwrap().own.as_ref().unwrap();
    assert_eq!(own.text(), "Red is back for you");
    assert!(seen(&model).contains("its own"), "{}", seen(&model));
    press(&mut model, "<shift-tab>x");
    assert!(model.composer().unwrap().target().unwrap().own.is_none());
    press(&mut model, "x");
    assert_eq!(said(&model), "it has the base text");
    // Moving in it makes nothing of its own.
    press(&mut model, "<enter><left><up><home>");
    assert!(model.composer().unwrap().target().unwrap().own.is_none());
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

#[test]
fn who_may_not_write_is_told_why() {
    let mut model = model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    model.channels.select(&ChannelId::from_stored("soc_A2"));
    for keys in ["n", "2e", "2d"] {
        assert!(press(&mut model, keys).is_empty(), "{keys}");
        assert_eq!(said(&model), "viewer here; that takes editor", "{keys}");
    }
    model.set.read_only = true;
    press(&mut model, "1n");
    assert!(said(&model).starts_with("read only"));
    let mut model = self::model(120, 36);
    for id in ["soc_A2", "soc_B4"] {
        model.channels.select(&ChannelId::from_stored(id));
        press(&mut model, "<space>");
    }
    press(&mut model, "n");
    assert_eq!(said(&model), "one post goes to channels of one workspace");
}

/// A post as the store has it.
fn post(model: &Model, texts: &[(&str, State, i64, Option<&str>)]) -> PostView {
    let delivery = |(id, state, due, own): &(&str, State, i64, Option<&str>)| {
        let channel = ChannelId::from_stored(format!("soc_{id}"));
        let view = model.channels.get(&channel).unwrap();
        let shown = match state {
            State::Draft => Shown::Draft,
            State::Published => Shown::Published,
            _ => Shown::Scheduled,
        };
        let mut one = seed::delivery(id, view, *due, shown, "Red is back");
        one.delivery.state = *state;
        one.delivery.text = own.map(str::to_owned);
        one
    };
    PostView {
        post: Post {
            id: PostId::from_stored("pst_1"),
            workspace_id: WorkspaceId::from_stored("wsp_ACME"),
            text: "Red is back".into(),
            created_by: OperatorId::from_stored("opr_BOB"),
            created_at: minutes(-90),
            edited_at: None,
            options: Default::default(),
            draft: Default::default(),
        },
        media: Vec::new(),
        deliveries: texts.iter().map(delivery).collect(),
        warnings: Vec::new(),
    }
}

/// Opens the composer on the post under the cursor of the queue.
fn open(model: &mut Model, keys: &str, view: PostView) -> Opening {
    let effects = press(model, keys);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Load(id, Load::Post(_, _, opening)) => Some((*id, *opening)),
        _ => None,
    });
    let (id, opening) = asked.unwrap_or_else(|| panic!("{effects:?} {}", said(model)));
    let msg = Msg::Answered(id, Answered::Post(Ok(Box::new(view))));
    update(model, msg);
    opening
}

/// Puts the cursor of the queue on a post of Acme that waits.
fn on_a_waiting_one(model: &mut Model) {
    press(model, "2");
    let fits = |view: &&DeliveryView| {
        view.delivery.state == State::Scheduled && view.workspace_slug == "acme"
    };
    let found = model.queue.views().iter().find(fits).unwrap();
    let id = found.delivery.id.clone();
    assert!(model.queue.select(&id));
}

#[test]
fn a_waiting_post_is_changed_as_a_whole_and_what_is_typed_is_no_post_before() {
    let mut model = model(120, 36);
    on_a_waiting_one(&mut model);
    let waiting = [
        ("A2", State::Scheduled, 60, None),
        ("A11", State::Scheduled, 60, Some("Red is back, all of it")),
        ("A12", State::Published, -60, None),
    ];
    let view = post(&model, &waiting);
    assert_eq!(open(&mut model, "e", view), Opening::Waiting);
    let screen = seen(&model);
    assert!(screen.contains("Change a post that waits"), "{screen}");
    assert!(screen.contains("2026-11-21 15:02"), "{screen}");
    assert!(screen.contains("went out"), "{screen}");
    press(&mut model, "!");
    let effects = later(&mut model, 1);
    assert_eq!(
        kept(&effects).unwrap().text,
        "Red is back!",
        "a draft of its own"
    );
    press(&mut model, "<shift-tab><shift-tab>");
    let effects = press(&mut model, "<enter>");
    // What went out there is not sent there again.
    let to_live = |writing: &Writing| writing.to.iter().any(|(id, _)| id.as_str() == "soc_A12");
    let (writing, how) = finished(&effects).unwrap_or_else(|| panic!("{}", seen(&model)));
    assert_eq!(how, Finish::Save);
    assert!(!to_live(&writing));
}

#[test]
fn somebody_else_changed_it_and_nothing_is_written_over_unseen() {
    let mut model = model(120, 36);
    on_a_waiting_one(&mut model);
    let view = post(&model, &[("A2", State::Scheduled, 60, None)]);
    open(&mut model, "e", view);
    press(&mut model, "!<shift-tab><shift-tab>");
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?} {}", seen(&model));
    };
    let error = OpError::new(
        ErrorKind::Failed,
        "changed_meanwhile",
        "ann changed it at 2026-11-21 14:05, after you opened it.",
        "Yours is kept as a draft. Do it again to put yours over theirs.",
    );
    update(&mut model, Msg::Answered(*id, Answered::Act(Err(error))));
    let screen = seen(&model);
    assert!(screen.contains("ann changed it"), "{screen}");
    assert!(screen.contains("Red is back!"), "{screen}");
    assert!(finished(&press(&mut model, "<enter>")).is_some());
}

#[test]
fn a_copy_of_a_post_is_a_new_one() {
    let mut model = model(120, 36);
    on_a_waiting_one(&mut model);
    let view = post(&model, &[("A2", State::Scheduled, 60, None)]);
    assert_eq!(open(&mut model, "d", view), Opening::Copy);
    let screen = seen(&model);
    assert!(screen.contains("New post · Acme"), "{screen}");
    assert!(screen.contains("Schedule 1"), "{screen}");
    assert!(!screen.contains("15:02"), "its time is not the other one's");
}

#[test]
fn drafts_are_gone_on_with_from_an_empty_post() {
    let mut model = model(120, 36);
    let effects = begin(&mut model);
    let Some(Effect::Load(id, Load::Desk(_))) = effects.first() else {
        panic!("{effects:?}");
    };
    let draft = post(&model, &[("A2", State::Draft, -5, None)]);
    let desk = Desk {
        limits: Default::default(),
        drafts: vec![draft.clone()],
    };
    let msg = Msg::Answered(*id, Answered::Desk(Ok(Box::new(desk))));
    update(&mut model, msg);
    assert!(seen(&model).contains("Drafts 1"), "{}", seen(&model));
    press(&mut model, "<shift-tab><shift-tab>lll<enter>");
    assert!(seen(&model).contains("“Red is back”"), "{}", seen(&model));
    assert_eq!(open(&mut model, "<enter>", draft), Opening::Draft);
    assert_eq!(model.writings.len(), 1, "the empty one is gone");
    assert!(model.composer().unwrap().when.is_empty());
}

#[test]
fn a_hostile_paste_and_a_long_one_are_text_and_nothing_else() {
    let mut model = model(80, 24);
    begin(&mut model);
    paste(
        &mut model,
        "a\u{1b}[2Jb\r\nc\u{202e}d 日本語 👩\u{200d}👩\u{200d}👧",
    );
    let screen = seen(&model);
    assert!(screen.contains("a[2Jb"), "{screen}");
    assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'));
    let clock = crate::support::clock::Clock::real();
    let before = clock.boot();
    paste(&mut model, &"Fünf Wörter mit 日本語. ".repeat(4_000));
    press(&mut model, "x<backspace>");
    let took = clock.boot().saturating_sub(before);
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn the_editor_gets_the_text_that_is_shown_and_a_failure_changes_nothing() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "Red<shift-tab>");
    let effects = press(&mut model, "e");
    let Some(Effect::Editor(id, text)) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(text, "Red");
    let failed = Answered::Edited(Err("vi ended with exit status: 1".into()));
    update(&mut model, Msg::Answered(*id, failed));
    assert_eq!(model.composer().unwrap().base.text(), "Red");
    assert!(said(&model).contains("as it was"), "{}", said(&model));
    let effects = press(&mut model, "e");
    let Some(Effect::Editor(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let edited = Answered::Edited(Ok("Red again\nand blue".into()));
    update(&mut model, Msg::Answered(*id, edited));
    assert_eq!(model.composer().unwrap().base.text(), "Red again\nand blue");
    assert!(kept(&later(&mut model, 1)).is_some());
    model.set.confined = true;
    press(&mut model, "e");
    assert_eq!(said(&model), "this session starts no other program");
}

pub(super) fn medium(name: &str, alt: &str) -> Medium {
    Medium {
        id: MediaId::from_stored(format!("med_{name}")),
        file: name.into(),
        name: name.into(),
        mime: "image/jpeg".into(),
        bytes: 812_345,
        size: Some((1080, 1350)),
        sha256: "00".into(),
        alt: alt.into(),
    }
}

#[test]
fn a_file_is_added_by_its_path_and_described() {
    let mut model = model(120, 36);
    begin(&mut model);
    press(&mut model, "Red<tab>");
    let effects = press(&mut model, "/tmp/red.jpg<enter>");
    let Some(Effect::Load(id, Load::File(path))) = effects.first() else {
        panic!("{effects:?} {}", seen(&model));
    };
    assert_eq!(path.to_str(), Some("/tmp/red.jpg"));
    let taken = Answered::File(Ok(Box::new(medium("red.jpg", ""))));
    update(&mut model, Msg::Answered(*id, taken));
    assert!(seen(&model).contains("no alt text yet"), "{}", seen(&model));
    press(&mut model, "<up><enter>Red slippers on oak<enter>");
    let effects = later(&mut model, 1);
    assert_eq!(kept(&effects).unwrap().media[0].alt, "Red slippers on oak");
    press(&mut model, "<up>x");
    assert!(model.composer().unwrap().media.is_empty());
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
fn a_draft_without_a_channel_or_with_an_odd_time_has_it_again() {
    let written = |when: &str, only_on_time| DraftTime {
        when: Some(when.into()),
        only_on_time,
    };
    for (texts, draft, when) in [
        // To no channel yet.
        (
            &[][..],
            written("2026-11-22 09:30", true),
            "2026-11-22 09:30",
        ),
        // Its deliveries were kept as due at once.
        (
            &[("A2", State::Draft, -5, None)][..],
            written("tomorrow 9:3x", false),
            "tomorrow 9:3x",
        ),
        (
            &[("A2", State::Draft, 60, None)][..],
            written("2026-11-21 15:02", false),
            "2026-11-21 15:02",
        ),
        (
            &[("A2", State::Draft, -5, None)][..],
            DraftTime::default(),
            "",
        ),
    ] {
        let mut model = model(120, 36);
        let mut view = post(&model, texts);
        let only = draft.only_on_time;
        view.post.draft = draft;
        let effects = begin(&mut model);
        let Some(Effect::Load(id, Load::Desk(_))) = effects.first() else {
            panic!("{effects:?}");
        };
        let desk = Desk {
            limits: Default::default(),
            drafts: vec![view.clone()],
        };
        let answer = Answered::Desk(Ok(Box::new(desk)));
        update(&mut model, Msg::Answered(*id, answer));
        press(&mut model, "<shift-tab><shift-tab>lll<enter>");
        open(&mut model, "<enter>", view);
        let one = model.composer().unwrap();
        assert_eq!((one.when.text(), one.only_on_time), (when, only));
    }
}

#[test]
fn compose_opens_it_once_channels_and_workspaces_are_known() {
    let mut model = seed::empty(120, 36);
    model.compose = true;
    model.channels.wanted = Some(ChannelId::from_stored("soc_A2"));
    let effects = first(&mut model);
    seed::answer(&mut model, effects);
    let one = model.composer().unwrap();
    let to: Vec<_> = one.ticked().map(|it| it.channel.as_str()).collect();
    assert_eq!(to, ["soc_A2"]);
    press(&mut model, "<esc>");
    assert!(model.composer().is_none(), "once");
}

#[test]
fn where_no_workspace_is_meant_it_is_asked_for_and_letters_stay_letters() {
    let mut model = model(120, 36);
    // The head of a section belongs to nobody.
    press(&mut model, "<ctrl-l>");
    press(&mut model, "Gh");
    assert!(model.channel().is_none(), "on the section");
    press(&mut model, "nacme");
    assert!(seen(&model).contains("Write a post in"), "{}", seen(&model));
    press(&mut model, "<enter>");
    let one = model.composer().unwrap();
    assert_eq!((one.ticked().count(), one.part), (0, Part::To));
    assert!(seen(&model).contains("New post · Acme"), "{}", seen(&model));
}

#[test]
fn what_is_typed_for_a_channel_goes_there_and_no_key_loses_it() {
    let mut model = model(120, 36);
    begin(&mut model);
    paste(&mut model, "All");
    // A channel that is not ticked gets a text of its own.
    press(&mut model, "<shift-tab>");
    while model
        .composer()
        .unwrap()
        .target()
        .is_none_or(|one| one.ticked)
    {
        press(&mut model, "j");
    }
    press(&mut model, "<enter>!");
    let own = model.composer().unwrap().target().unwrap();
    assert!(own.ticked && own.own.is_some());
    let channel = own.channel.clone();
    let kept = kept(&later(&mut model, 6)).unwrap();
    assert!(
        kept.to
            .iter()
            .any(|(id, text)| *id == channel && text.as_deref() == Some("All!"))
    );
    press(&mut model, "<shift-tab><space>");
    assert!(said(&model).contains("x gives that up first"));
    press(&mut model, "aa");
    assert!(model.composer().unwrap().target().unwrap().ticked);
    press(&mut model, "x<space>");
    assert!(!model.composer().unwrap().target().unwrap().ticked);
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
