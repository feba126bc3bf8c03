//! Writing a post, told in keys: what is typed goes where it is shown, and text is
//! text and nothing else.

use super::seed::{self, Seed, later};
use super::stories::{paste, press, said, seen};
use crate::domain::channel::Cause;
use crate::domain::ids::{ChannelId, MediaId};
use crate::domain::network::ChannelKind as K;
use crate::domain::role::Role;
use crate::ops::posts::Writing;
use crate::ops::views::Lamp;
use crate::store::posts::Medium;
use crate::tui::act::{Act, Answered, Effect, Finish, Load};
use crate::tui::model::Model;
use crate::tui::model::composer::Part;
use crate::tui::msg::Msg;
use crate::tui::update::{first, update};
use std::time::Duration;

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
pub(super) fn mark_four(model: &mut Model) {
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

pub(super) fn kept(effects: &[Effect]) -> Option<Writing> {
    effects.iter().find_map(|effect| match effect {
        Effect::Keep(_, _, writing) => Some((**writing).clone()),
        _ => None,
    })
}

pub(super) fn finished(effects: &[Effect]) -> Option<(Writing, Finish)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Act(_, Act::Finish(_, writing, how)) => Some(((**writing).clone(), how.clone())),
        _ => None,
    })
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
