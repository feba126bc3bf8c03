//! Stories told in keys, against update and model alone.

use std::time::Duration;

use super::look::{buffer, text};
use super::seed::{self, later};
use crate::domain::channel::Cause;
use crate::domain::delivery::Shown;
use crate::domain::ids::ChannelId;
use crate::domain::role::Role;
use crate::ops::views::Lamp;
use crate::ops::{ErrorKind, OpError, Scope};
use crate::store::changes::{Changes, Cursor};
use crate::tui::act::{Act, Answered, Effect, Load, Window};
use crate::tui::deadline::deadline;
use crate::tui::keys::parse;
use crate::tui::model::{Dirty, Model, Pane, Row, Sheet, Slot};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::term::gate::Input;
use crate::tui::update::update;

/// Presses a run of keys; what is asked for on the way.
pub fn press(model: &mut Model, run: &str) -> Vec<Effect> {
    let mut effects: Vec<Effect> = parse(run)
        .unwrap()
        .into_iter()
        .flat_map(|key| update(model, Msg::Input(Some(Input::Key(key)))))
        .collect();
    // The cursor comes to rest.
    let boot = model.boot + Duration::from_millis(60);
    effects.extend(update(model, Msg::Now(model.now, boot)));
    // What is shown beside the list comes by itself.
    let (beside, effects) = effects.into_iter().partition(|one| {
        matches!(
            one,
            Effect::Load(
                _,
                Load::Days(..) | Load::Dues(..) | Load::Page(..) | Load::Calendar(_)
            )
        )
    });
    seed::answer(model, beside);
    effects
}

/// Pastes a text; what is asked for then.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    update(model, Msg::Input(Some(Input::Paste(text.into()))))
}

/// The id of the channel or login under the cursor; of a folded section its
/// word.
pub fn selected(model: &Model) -> &str {
    match model.channels.rows().selected().unwrap() {
        Row::Channel(id) => id.as_str(),
        Row::Login(id) => id.as_str(),
        Row::Section(lamp) => lamp.words(),
    }
}

pub fn said(model: &Model) -> &str {
    model.line.message().map_or("", |message| &message.text)
}

pub fn seen(model: &Model) -> String {
    text(&buffer(model, model.size.0, model.size.1))
}

fn change(model: &mut Model, id: &str, lamp: Lamp) {
    let id = ChannelId::from_stored(id);
    let mut view = model.channels.get(&id).unwrap().clone();
    view.summary.channel.change += 1;
    view.lamp = lamp;
    let views = vec![(id, Some(view))];
    let request = model.requests.fresh();
    update(model, Msg::Loaded(request, Loaded::Channels(views)));
}

#[test]
fn the_cursor_moves_over_channels_and_skips_heads() {
    let mut model = seed::model(120, 36);
    assert_eq!(selected(&model), "lgn_ANN");
    press(&mut model, "jjjjjjj");
    assert_eq!(selected(&model), "soc_B2");
    press(&mut model, "k");
    assert_eq!(selected(&model), "soc_B1");
    press(&mut model, "G");
    assert_eq!(selected(&model), "soc_D18");
    press(&mut model, "g");
    assert_eq!(selected(&model), "lgn_ANN");
    press(&mut model, "<pgdn><ctrl-u><up><down><home>");
    assert_eq!(selected(&model), "lgn_ANN");
}

#[test]
fn news_never_moves_the_row_under_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jj");
    let row = model.channels.rows().selected_line();
    change(&mut model, "soc_B3", Lamp::Broken);
    assert_eq!(selected(&model), "soc_A6");
    assert_eq!(model.channels.rows().selected_line(), row);
    assert!(
        seen(&model).contains("Broken 7 · +1 new"),
        "{}",
        seen(&model)
    );
    press(&mut model, "<tab>");
    assert!(!seen(&model).contains("+1 new"));
    press(&mut model, "1");
    assert_eq!(selected(&model), "soc_A6");
}

#[test]
fn ctrl_l_settles_the_order_where_the_cursor_is() {
    let mut model = seed::model(120, 36);
    change(&mut model, "soc_B3", Lamp::Broken);
    let effects = press(&mut model, "<ctrl-l>");
    assert!(matches!(effects[0], Effect::Repaint));
    assert!(!seen(&model).contains("+1 new"));
}

#[test]
fn a_channel_that_is_gone_leaves_and_the_cursor_goes_on() {
    let mut model = seed::model(120, 36);
    press(&mut model, "j");
    let request = model.requests.fresh();
    let gone = vec![(ChannelId::from_stored("soc_A1"), None)];
    update(&mut model, Msg::Loaded(request, Loaded::Channels(gone)));
    assert_eq!(selected(&model), "soc_A6");
}

#[test]
fn tab_goes_through_the_panes_and_numbers_go_to_one() {
    let mut model = seed::model(120, 36);
    for pane in [Pane::Queue, Pane::Notices, Pane::Details, Pane::Channels] {
        press(&mut model, "<tab>");
        assert_eq!(model.focus, pane);
    }
    press(&mut model, "3");
    assert_eq!(model.focus, Pane::Notices);
    press(&mut model, "<shift-tab>");
    assert_eq!(model.focus, Pane::Queue);
}

#[test]
fn escape_goes_back_by_one_and_never_out() {
    let mut model = seed::model(120, 36);
    assert!(press(&mut model, "<enter>").is_empty());
    assert_eq!(model.focus, Pane::Details);
    let effects = press(&mut model, "<esc><esc><esc>");
    assert!(effects.is_empty());
    assert_eq!(model.focus, Pane::Channels);
}

#[test]
fn the_queue_opens_at_now_on_the_next_post() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2");
    assert_eq!(
        model.queue.selected().unwrap().delivery.id.as_str(),
        "dlv_06"
    );
    press(&mut model, "k");
    assert_eq!(model.queue.selected().unwrap().shown, Shown::Held);
}

#[test]
fn a_new_window_keeps_the_row_under_the_cursor_on_its_line() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2jj");
    let line = |model: &Model| {
        let index = model.queue.selected_index().unwrap();
        model.queue.row_of(index, seed::now()) - model.queue.offset
    };
    let before = line(&model);
    let channels = seed::channels();
    let mut views = seed::queue(&channels);
    for n in 0..5 {
        let id = format!("9{n}");
        let early = -700 - n;
        views.push(seed::delivery(
            &id,
            &channels[9],
            early,
            Shown::Published,
            "old",
        ));
    }
    let request = model.requests.overtake(Slot::Queue);
    let window = Window {
        views,
        more_past: true,
        more_future: false,
    };
    update(&mut model, Msg::Loaded(request, Loaded::Queue(Ok(window))));
    assert_eq!(
        model.queue.selected().unwrap().delivery.id.as_str(),
        "dlv_08"
    );
    assert_eq!(line(&model), before);
}

#[test]
fn sending_now_counts_down_and_u_stops_it() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2");
    assert!(press(&mut model, "!").is_empty());
    assert_eq!(model.pending.len(), 1);
    assert!(later(&mut model, 9).is_empty());
    assert!(seen(&model).contains("in 1 s · u stops it"));
    press(&mut model, "u");
    assert!(model.pending.is_empty());
    assert!(later(&mut model, 30).is_empty());
    assert!(said(&model).is_empty());
}

#[test]
fn sending_now_is_done_after_ten_seconds() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2!!");
    assert_eq!(model.pending.len(), 1, "one key twice is one act");
    let effects = later(&mut model, 10);
    assert!(
        matches!(&effects[0], Effect::Act(_, Act::SendNow(ids)) if ids[0].as_str() == "dlv_06")
    );
}

#[test]
fn quitting_drops_what_counts_down() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2!");
    let effects = press(&mut model, "q");
    assert!(matches!(effects.as_slice(), [Effect::Quit]));
    let line = crate::tui::farewell::line(&model).unwrap();
    assert!(line.contains("was dropped: nothing was done."), "{line}");
}

#[test]
fn cancelling_is_done_at_once_and_u_asks_for_it_back() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "2x");
    assert!(matches!(&effects[0], Effect::Act(_, Act::Cancel(_))));
    let effects = press(&mut model, "u");
    assert!(matches!(&effects[0], Effect::Act(_, Act::Undo)));
}

#[test]
fn a_key_that_does_nothing_says_why() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2k!");
    assert_eq!(said(&model), "it is held: mend the channel first");
    press(&mut model, "kx");
    assert_eq!(said(&model), "it is live already");
    press(&mut model, "10");
    assert_eq!(said(&model), "all are shown already");
}

#[test]
fn a_viewer_is_told_what_an_act_takes() {
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    assert!(press(&mut model, "jD").is_empty());
    assert_eq!(said(&model), "viewer here; that takes admin");
    assert!(!seen(&model).contains("disconnect"));
}

#[test]
fn read_only_drops_every_acting_key() {
    let mut model = seed::model(120, 36);
    model.set.read_only = true;
    for keys in ["r", "c", "p", "P", "D", "2x", "!", "u"] {
        assert!(press(&mut model, keys).is_empty(), "{keys}");
        assert!(model.sheets.is_empty() && model.pending.is_empty());
        assert!(said(&model).starts_with("read only"), "{keys}");
    }
    press(&mut model, "1");
    let footer = seen(&model).lines().last().unwrap().to_owned();
    assert!(!footer.contains("reconnect") && footer.contains("? keys"));
}

#[test]
fn w_shows_one_workspace_and_0_all() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "wbirch<enter>");
    assert!(matches!(&model.scope, Scope::Workspace(id) if id.as_str() == "wsp_BIRCH"));
    seed::answer(&mut model, effects);
    let screen = seen(&model);
    assert!(
        screen.contains("allgreen  Birch") && !screen.contains("IG @acme"),
        "{screen}"
    );
    press(&mut model, "0");
    assert_eq!(model.scope, Scope::All);
}

#[test]
fn help_runs_what_it_finds() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "?prove<enter>");
    assert!(model.sheets.is_empty());
    assert!(matches!(&effects[0], Effect::Act(_, Act::Probe(_))));
}

#[test]
fn help_in_a_sheet_is_about_the_sheet() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2kkk<enter>?not live");
    assert!(seen(&model).contains("It is not live: Enter sends it again"));
    press(&mut model, "<enter>");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Story(story)] if story.again));
}

#[test]
fn q_asks_when_nobody_would_publish_what_is_due() {
    let mut model = seed::model(120, 36);
    let mut ours = seed::daemon();
    ours.pid = Some(model.set.pid);
    update(&mut model, Msg::Publisher(ours));
    assert!(press(&mut model, "q").is_empty());
    assert!(press(&mut model, "!").is_empty(), "typed ahead");
    later(&mut model, 1);
    let effects = press(&mut model, "!");
    assert!(matches!(effects.as_slice(), [Effect::Quit]));
    let line = crate::tui::farewell::line(&model).unwrap();
    assert!(line.contains("nobody publishes now"), "{line}");
}

#[test]
fn a_notice_opens_its_channel_and_is_read() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "3<enter>");
    assert!(matches!(&effects[0], Effect::Act(_, Act::Read(_))));
    assert_eq!(model.focus, Pane::Channels);
    assert_eq!(selected(&model), "soc_A2");
}

#[test]
fn what_changes_while_all_channels_are_read_is_read_once_more() {
    let mut model = seed::model(120, 36);
    let green = seed::channels();
    let acme = ChannelId::from_stored("soc_A1");
    let reading = model.requests.begin(Slot::Channels).unwrap();
    let changes = Changes {
        channels: vec![acme.clone()],
        objects: Vec::new(),
        cursor: Cursor::default(),
    };
    update(&mut model, Msg::Changed(changes));
    // All of them as they were before that change.
    let loaded = Loaded::AllChannels(Ok(green.clone()));
    let effects = update(&mut model, Msg::Loaded(reading, loaded));
    let again = effects.iter().any(
        |effect| matches!(effect, Effect::Load(_, Load::Channels(ids)) if *ids == [acme.clone()]),
    );
    assert!(again, "{effects:?}");
    // Nothing changed while they were read: nothing is read again.
    let reading = model.requests.overtake(Slot::Channels);
    let loaded = Loaded::AllChannels(Ok(green));
    let effects = update(&mut model, Msg::Loaded(reading, loaded));
    let again = |effect: &Effect| matches!(effect, Effect::Load(_, Load::Channels(_)));
    assert!(!effects.iter().any(again), "{effects:?}");
}

#[test]
fn a_change_of_the_store_reads_only_what_it_names() {
    let mut model = seed::model(120, 36);
    let changes = Changes {
        channels: Vec::new(),
        objects: vec![("notice".into(), "ntc_1".into())],
        cursor: Cursor::default(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Load(_, Load::News(_))]
    ));
    let changes = Changes {
        channels: vec![ChannelId::from_stored("soc_A1")],
        objects: vec![("term".into(), "3".into())],
        cursor: Cursor::default(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Load(_, Load::Channels(ids)), Effect::Load(_, Load::Queue { .. }), Effect::Load(_, Load::Since(..)),
         // One of those whose posts are counted in the details.
         Effect::Load(_, Load::Dues(..))]
            if ids.len() == 1
    ));
}

#[test]
fn an_idle_screen_wants_no_frame_and_wakes_by_the_minute() {
    let mut model = seed::model(120, 36);
    model.dirty = Dirty::No;
    let at = deadline(&model);
    assert_eq!(at.wall, seed::minutes(1));
    assert_eq!(at.boot, None);
    later(&mut model, 59);
    assert_eq!(model.dirty, Dirty::No);
    let before = seen(&model);
    later(&mut model, 1);
    assert_eq!(model.dirty, Dirty::Background);
    assert_ne!(before, seen(&model));
}

#[test]
fn the_last_minute_before_a_post_is_told_by_ten_seconds() {
    let mut model = seed::model(120, 36);
    later(&mut model, 121);
    assert!(seen(&model).contains("next due 14:05 in 50 s") || seen(&model).contains("in 1 m"));
    model.dirty = Dirty::No;
    let wall = deadline(&model).wall;
    assert!(wall.since(model.now) <= Duration::from_secs(10), "{wall}");
}

#[test]
fn messages_go_after_five_seconds_and_errors_with_a_key() {
    let mut model = seed::model(120, 36);
    press(&mut model, "10");
    assert!(!said(&model).is_empty());
    later(&mut model, 5);
    assert_eq!(said(&model), "");
    let error = OpError::new(ErrorKind::Failed, "x", "It broke.", "Try again.");
    update(&mut model, Msg::Answered(99, Answered::Act(Err(error))));
    later(&mut model, 60);
    assert_eq!(said(&model), "It broke. Try again.");
    press(&mut model, "j");
    assert_eq!(said(&model), "");
}

#[test]
fn a_cursor_move_costs_few_bytes_and_the_details_follow_when_it_rests() {
    use crate::tui::term::Screen;
    let mut model = seed::model(120, 36);
    let mut screen = Screen::new(120, 36);
    let mut paint = |model: &Model| {
        screen
            .frame(|buffer| crate::tui::view::draw(model, buffer.area, buffer))
            .len()
    };
    let first = paint(&model);
    assert!(first < 7_000, "{first}");
    let small = seed::model(80, 24);
    let small = Screen::new(80, 24)
        .frame(|buffer| crate::tui::view::draw(&small, buffer.area, buffer))
        .len();
    assert!(small < 3_500, "{small}");
    let key = parse("j").unwrap()[0];
    update(&mut model, Msg::Input(Some(Input::Key(key))));
    let moved = paint(&model);
    assert!(moved < 300, "{moved}");
    assert!(!seen(&model).contains("4 @acme · Acme"));
    later(&mut model, 1);
    assert!(seen(&model).contains("4 @acme · Acme"));
    paint(&model);
    assert_eq!(paint(&model), 0);
    // Another channel breaks, far from the cursor.
    let healthy = model.channels.all().filter(|one| one.lamp == Lamp::Green);
    let id = healthy.map(|one| one.summary.channel.id.clone()).min();
    change(&mut model, id.unwrap().as_str(), Lamp::Broken);
    let flipped = paint(&model);
    assert!((1..=600).contains(&flipped), "{flipped}");

    model.set.slow = true;
    paint(&model);
    let key = parse("k").unwrap()[0];
    update(&mut model, Msg::Input(Some(Input::Key(key))));
    let slow = paint(&model);
    assert!(slow < 60, "{slow}");
}

#[test]
fn twenty_thousand_channels_are_drawn_between_two_keys() {
    let mut model = seed::model(120, 36);
    let template = seed::channels();
    let views: Vec<_> = (0..20_000)
        .map(|n| {
            let mut view = template[n % template.len()].clone();
            view.summary.channel.id = ChannelId::from_stored(format!("soc_N{n:05}"));
            view
        })
        .collect();
    let id = model.requests.overtake(Slot::Channels);
    update(&mut model, Msg::Loaded(id, Loaded::AllChannels(Ok(views))));
    let clock = crate::support::clock::Clock::real();
    let before = clock.boot();
    for _ in 0..20 {
        press(&mut model, "j");
        seen(&model);
    }
    // A debug build on a busy machine; a release build needs a tenth of it.
    let each = (clock.boot() - before) / 20;
    assert!(each < Duration::from_millis(150), "{each:?}");
}

#[test]
fn an_overtaken_answer_changes_nothing() {
    let mut model = seed::model(120, 36);
    let stale = model.requests.overtake(Slot::Queue);
    model.requests.overtake(Slot::Queue);
    let window = Window {
        views: Vec::new(),
        more_past: false,
        more_future: false,
    };
    update(&mut model, Msg::Loaded(stale, Loaded::Queue(Ok(window))));
    assert!(!model.queue.views().is_empty());
}

#[test]
fn the_account_that_was_asked_for_has_the_cursor_when_it_is_there() {
    let mut model = seed::empty(120, 36);
    model.channels.wanted = Some(ChannelId::from_stored("soc_C2"));
    let effects = crate::tui::update::first(&mut model);
    seed::answer(&mut model, effects);
    assert_eq!(selected(&model), "soc_C2");
}

#[test]
fn a_narrow_screen_opens_details_as_a_sheet() {
    let mut model = seed::model(60, 20);
    press(&mut model, "j<enter>");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Channel(_)]));
    assert!(seen(&model).contains("Do this"));
    press(&mut model, "q");
    assert!(model.sheets.is_empty());
}

#[test]
fn a_paused_channel_says_so_and_p_resumes() {
    let mut model = seed::model(120, 36);
    press(&mut model, "j");
    let mut view = seed::channel(&seed::Seed {
        id: "A1",
        kind: crate::domain::network::ChannelKind::Instagram,
        handle: "acme",
        name: "Acme",
        workspace: 0,
        lamp: Lamp::Green,
        cause: Cause::None,
        words: "healthy",
        scheduled: 3,
        due: Some(30),
        proof: 5,
    });
    view.summary.channel.change = 9;
    view.summary.channel.paused_at = Some(seed::minutes(-10));
    let id = view.summary.channel.id.clone();
    let request = model.requests.fresh();
    let views = vec![(id, Some(view))];
    update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    assert!(seen(&model).contains("‖ paused") && seen(&model).contains("P resume"));
    let effects = press(&mut model, "P");
    assert!(matches!(&effects[0], Effect::Act(_, Act::Pause(_, false))));
}
