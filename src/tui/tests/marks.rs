//! Marks, told in keys.

use super::look::{MONO, snapshot};
use super::seed::{self, answer, later};
use super::stories::{press, said, seen, selected};
use crate::tui::act::{Act, Answered, Done, Effect};
use crate::tui::model::{Model, Pane, Sheet};
use crate::tui::msg::Msg;
use crate::tui::update::update;

/// What an act is about, as ids.
fn ids(effects: &[Effect]) -> Vec<String> {
    match effects {
        [Effect::Act(_, Act::Probe(ids) | Act::Pause(ids, _))] => {
            ids.iter().map(ToString::to_string).collect()
        }
        [Effect::Act(_, Act::Cancel(ids) | Act::SendNow(ids))] => {
            ids.iter().map(ToString::to_string).collect()
        }
        other => panic!("no act: {other:?}"),
    }
}

fn ends(model: &mut Model, effects: &[Effect], text: &str) {
    let [Effect::Act(id, _)] = effects else {
        panic!("no act: {effects:?}");
    };
    let done = Done {
        text: text.into(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    update(model, Msg::Answered(*id, Answered::Act(Ok(done))));
}

#[test]
fn space_marks_row_by_row_and_escape_takes_the_marks_away_first() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj<space><space>");
    assert_eq!(model.marks.count(Pane::Channels), 2);
    assert_eq!(selected(&model), "soc_B2", "and goes on");
    let screen = seen(&model);
    assert!(screen.contains("1 Channels 22 · 2 marked"), "{screen}");
    assert!(screen.contains(" ✓ ✖ BS acme.example"), "{screen}");
    press(&mut model, "k<space>");
    assert_eq!(model.marks.count(Pane::Channels), 1);
    press(&mut model, "/lamp:red<enter><esc>");
    assert_eq!(model.marks.count(Pane::Channels), 0);
    assert!(seen(&model).contains("lamp:red"), "the filter is next");
    press(&mut model, "<esc>");
    assert!(!seen(&model).contains("lamp:red"));
}

#[test]
fn a_mark_on_a_login_is_one_on_all_below_it() {
    let mut model = seed::model(120, 36);
    press(&mut model, "<space>");
    assert_eq!(model.marks.count(Pane::Channels), 4);
    press(&mut model, "g<space>");
    assert_eq!(model.marks.count(Pane::Channels), 0);
}

#[test]
fn a_range_grows_and_shrinks_with_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjvjjj");
    assert_eq!(model.marks.count(Pane::Channels), 4);
    press(&mut model, "kk");
    assert_eq!(model.marks.count(Pane::Channels), 2);
    press(&mut model, "vjjj");
    assert_eq!(model.marks.count(Pane::Channels), 2, "v ended it");
    press(&mut model, "<esc>2gv");
    press(&mut model, "jj");
    assert_eq!(model.marks.count(Pane::Queue), 3);
}

#[test]
fn a_marks_all_that_fit_and_again_none() {
    let mut model = seed::model(120, 36);
    press(&mut model, "/lamp:red<enter>a");
    assert_eq!(model.marks.count(Pane::Channels), 6);
    press(&mut model, "a");
    assert_eq!(model.marks.count(Pane::Channels), 0);
}

#[test]
fn an_act_on_marks_says_how_many_it_fits() {
    let mut model = seed::model(120, 36);
    let mut view = model.channels.shown().nth(4).unwrap().clone();
    view.summary.channel.change += 1;
    view.summary.channel.paused_at = Some(seed::minutes(-10));
    let id = view.summary.channel.id.clone();
    let request = model.requests.fresh();
    let loaded = crate::tui::msg::Loaded::Channels(vec![(id, Some(view))]);
    update(&mut model, Msg::Loaded(request, loaded));
    press(&mut model, "jjjjj<space><space><space><space>");
    let effects = press(&mut model, "P");
    assert_eq!(ids(&effects), ["soc_B1", "soc_B2", "soc_A4"]);
    ends(
        &mut model,
        &effects,
        "Paused 3 channels · their posts are held",
    );
    assert_eq!(
        said(&model),
        "Paused 3 channels of 4 marked; not 1: paused already · their posts are held"
    );
    // What the filter hides is left alone, and that is said.
    press(&mut model, "/net:bs,yt<enter>");
    let effects = press(&mut model, "p");
    assert_eq!(ids(&effects), ["soc_A2", "soc_B2"]);
    assert_eq!(
        said(&model),
        "Probing 2 channels of 4 marked; not 2 out of sight…"
    );
    press(&mut model, "/<ctrl-u>net:ma<enter>");
    assert!(press(&mut model, "p").is_empty());
    assert_eq!(
        said(&model),
        "4 marked, none of it in sight; Esc forgets the marks"
    );
}

#[test]
fn several_posts_are_cancelled_after_a_question_whose_safe_answer_has_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2kk<space><space><space><space>");
    assert!(press(&mut model, "x").is_empty());
    assert!(matches!(model.sheets.as_slice(), [Sheet::CancelMarked(_)]));
    let screen = seen(&model);
    assert!(screen.contains("Cancel 3 posts?"), "{screen}");
    assert!(
        screen.contains("This cancels 3 posts of 4 marked; not 1: it is live already."),
        "{screen}"
    );
    assert!(press(&mut model, "!").is_empty(), "typed ahead");
    later(&mut model, 1);
    assert!(press(&mut model, "<enter>").is_empty());
    assert!(model.sheets.is_empty(), "Enter keeps them");
    assert_eq!(model.marks.count(Pane::Queue), 4, "and the marks");
    press(&mut model, "x");
    later(&mut model, 1);
    press(&mut model, "<esc>");
    assert!(model.sheets.is_empty(), "so does Esc");
    assert_eq!(model.marks.count(Pane::Queue), 4);
    press(&mut model, "x");
    later(&mut model, 1);
    let left = press(&mut model, "<ctrl-c>");
    assert!(matches!(left.as_slice(), [Effect::Quit]), "{left:?}");
    press(&mut model, "<esc>");
    press(&mut model, "x");
    later(&mut model, 1);
    let effects = press(&mut model, "!");
    assert_eq!(ids(&effects), ["dlv_05", "dlv_06", "dlv_07"]);
    assert_eq!(model.marks.count(Pane::Queue), 0);
    ends(
        &mut model,
        &effects,
        "Cancelled 3 posts · u takes that back",
    );
    assert_eq!(
        said(&model),
        "Cancelled 3 posts of 4 marked; not 1: it is live already · u takes that back"
    );
    let effects = press(&mut model, "u");
    assert!(
        matches!(&effects[0], Effect::Act(_, Act::Undo)),
        "all as one"
    );
}

#[test]
fn several_posts_are_sent_after_one_countdown_that_u_stops() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2k<space><space><space>!");
    assert_eq!(model.pending.len(), 1);
    let screen = seen(&model);
    assert!(
        screen.contains("Sending 2 posts now (3 marked; not 1: it is held"),
        "{screen}"
    );
    let effects = later(&mut model, 10);
    assert_eq!(ids(&effects), ["dlv_06", "dlv_07"]);
    press(&mut model, "2<space>!u");
    assert!(model.pending.is_empty());
}

#[test]
fn marks_of_posts_outlive_another_window_of_the_queue() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2<space><space>");
    let effects = crate::tui::update::first(&mut model);
    answer(&mut model, effects);
    assert_eq!(model.chosen_posts().len(), 2);
    let effects = press(&mut model, "/state:held<enter>");
    let effects = answer(&mut model, effects);
    answer(&mut model, effects);
    assert_eq!(
        model.chosen_posts().len(),
        0,
        "never the row under the cursor"
    );
    assert!(press(&mut model, "x").is_empty());
    assert!(said(&model).starts_with("2 marked, none of it in sight"));
}

#[test]
fn read_only_marks_but_does_not_act() {
    let mut model = seed::model(120, 36);
    model.set.read_only = true;
    press(&mut model, "2<space><space>");
    assert_eq!(model.marks.count(Pane::Queue), 2);
    assert!(press(&mut model, "x").is_empty() && model.sheets.is_empty());
    assert!(press(&mut model, "!").is_empty() && model.pending.is_empty());
}

#[test]
fn marks_look_like_this() {
    for (name, keys) in [
        ("channels", "<space>jj<space>"),
        ("range", "jjjvjjj"),
        ("queue", "2k<space><space><space>"),
        ("cancel", "2k<space><space><space>x"),
    ] {
        for (width, height) in [(40, 12), (80, 24), (120, 36)] {
            let mut model = seed::model(width, height);
            if width == 120 {
                model.set.look = MONO;
            }
            press(&mut model, keys);
            let name = format!("marks_{name}_{width}x{height}");
            insta::assert_snapshot!(name, snapshot(&model, width, height));
        }
    }
}
