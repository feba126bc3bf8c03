//! Drafts, posts that are changed and copies of posts, told in keys: nothing
//! typed is lost, and nobody's change is written over unseen.

use super::composer::{begin, finished, kept, model};
use super::seed::{self, later, minutes};
use super::stories::{press, said, seen};
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::{ChannelId, OperatorId, PostId, WorkspaceId};
use crate::ops::posts::{Desk, Writing};
use crate::ops::views::{DeliveryView, PostView};
use crate::ops::{ErrorKind, OpError};
use crate::store::posts::{DraftTime, Post};
use crate::tui::act::{Answered, Effect, Finish, Load, Opening};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::Msg;
use crate::tui::term::signals::Asked;
use crate::tui::update::update;

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
