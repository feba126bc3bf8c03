//! The find box, told in keys: anything, from anywhere.

use super::look::{DARK, MONO, snapshot};
use super::seed::{self, answer};
use super::stories::{paste, press, said, seen, selected};
use crate::domain::delivery::Shown;
use crate::ops::Scope;
use crate::ops::views::{DeliveryView, PostSearch};
use crate::tui::act::{Act, Answered, Effect, Load};
use crate::tui::model::find::{Destination, Group, Target};
use crate::tui::model::{Model, Pane, Sheet};
use crate::tui::msg::Msg;
use crate::tui::update::update;

/// The search that was asked for last.
fn searches(effects: &[Effect]) -> Option<(u64, PostSearch)> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Load(id, Load::Find(search)) => Some((*id, search.clone())),
        _ => None,
    })
}

/// Posts of the seed that have these words.
fn posts(words: &str) -> Vec<DeliveryView> {
    let mut views = seed::queue(&seed::channels());
    views.retain(|view| view.text.to_lowercase().contains(words));
    views
}

fn tell(model: &mut Model, id: u64, views: Vec<DeliveryView>) -> Vec<Effect> {
    update(model, Msg::Answered(id, Answered::Found(Ok(views))))
}

fn groups(model: &Model) -> Vec<Group> {
    let Some(Sheet::Find(find)) = model.sheets.last() else {
        panic!("no find box: {:?}", model.sheets);
    };
    let mut groups: Vec<Group> = find.rows.iter().map(|row| row.group).collect();
    groups.dedup();
    groups
}

#[test]
fn b_a_name_and_a_time_of_the_clients_clock_open_the_story_of_the_post() {
    let mut model = seed::model(120, 36);
    for one in &mut model.workspaces {
        one.workspace.timezone = "America/New_York".into();
    }
    let effects = press(&mut model, ":acme 7:00");
    let (first, _) = searches(&effects).expect("posts are looked for");
    // The first letters are answered late: what was typed since is asked then.
    let effects = tell(&mut model, first, posts("slippers"));
    let (id, search) = searches(&effects).expect("what is typed now");
    assert!(matches!(&search.scope, Scope::Workspace(id) if id.as_str() == "wsp_ACME"));
    let due = search.around.unwrap();
    assert_eq!(due.to_string(), "2026-11-21T12:00:00Z", "7:00 in New York");
    assert!(
        seen(&model).contains("due around Sat 07:00 New York = Sat 13:00 Berlin"),
        "{}",
        seen(&model)
    );
    // Enter is faster than the answer, and is meant for it.
    assert!(press(&mut model, "<enter>").is_empty());
    let effects = tell(&mut model, id, posts("slippers"));
    assert!(
        matches!(effects.as_slice(), [Effect::Load(_, Load::Why(id))] if id.as_str() == "dlv_05")
    );
    assert!(matches!(model.sheets.as_slice(), [Sheet::Story(_)]));
}

#[test]
fn posts_arrive_below_and_move_neither_groups_nor_the_cursor() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, ":acm");
    let (id, _) = searches(&effects).unwrap();
    let effects = tell(&mut model, id, Vec::new());
    let (id, search) = searches(&effects).unwrap();
    assert_eq!(search.words, ["acm"]);
    let before = groups(&model);
    assert_eq!(before[0], Group::Workspaces);
    press(&mut model, "<down><down>");
    let screen = seen(&model);
    tell(&mut model, id, posts("felt"));
    let after = groups(&model);
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.last(), Some(&Group::Posts));
    let rows = |screen: &str| -> Vec<String> {
        let from = screen.lines().skip_while(|line| !line.contains("> acm"));
        from.take(7).map(str::to_owned).collect()
    };
    assert_eq!(rows(&seen(&model)), rows(&screen));
}

#[test]
fn an_answer_to_what_is_no_longer_typed_is_not_shown() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, ":fe");
    let (id, _) = searches(&effects).unwrap();
    press(&mut model, "<ctrl-u>zz");
    tell(&mut model, id, posts("felt"));
    assert!(!groups(&model).contains(&Group::Posts));
    assert!(seen(&model).contains("looking…"));
}

#[test]
fn a_channel_is_found_by_letters_and_shown_wherever_it_is_hidden() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "wdune<enter>");
    answer(&mut model, effects);
    assert!(model.scope.workspace().is_some());
    let effects = press(&mut model, "/net:ma<enter>:birch film");
    answer(&mut model, effects);
    press(&mut model, "<enter>");
    assert!(model.sheets.is_empty());
    assert_eq!(selected(&model), "soc_B2");
    assert!(seen(&model).contains("All workspaces"));
}

#[test]
fn every_place_has_a_name() {
    for (destination, name, _) in Destination::ALL {
        let mut model = seed::model(120, 36);
        press(&mut model, &format!(":{name}"));
        let Some(Sheet::Find(find)) = model.sheets.last() else {
            panic!("no find box");
        };
        let first = find.rows.first().map(|row| &row.target);
        assert!(
            matches!(first, Some(Target::Place(at)) if Destination::ALL[*at].0 == *destination),
            "{name}: {first:?}"
        );
        press(&mut model, "<enter>");
        assert!(
            !matches!(model.sheets.last(), Some(Sheet::Find(_))),
            "{name}"
        );
    }
    let mut model = seed::model(120, 36);
    press(&mut model, ":notices<enter>");
    assert_eq!(model.focus, Pane::Notices);
}

#[test]
fn an_action_is_run_and_a_greyed_out_one_says_why() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjj:pause");
    let screen = seen(&model);
    assert!(screen.contains("Pause or resume this channel"), "{screen}");
    assert!(screen.contains("allgreen channel pause acme/bs:@acme.example"));
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(&effects[0], Effect::Act(_, Act::Pause(ids, true)) if ids[0].as_str() == "soc_A2")
    );

    let mut model = seed::model(120, 36);
    model.set.read_only = true;
    press(&mut model, "jjjjj:pause");
    assert!(seen(&model).contains("read only: nothing is changed from here"));
    assert!(press(&mut model, "<enter>").is_empty());
    assert_eq!(said(&model), "read only: nothing is changed from here");
}

#[test]
fn it_opens_over_sheets_and_in_fields_and_escape_leaves_all_as_it_was() {
    // A sheet without a field: `:` and Ctrl-p.
    for key in [":", "<ctrl-p>"] {
        let mut model = seed::model(120, 36);
        press(&mut model, "2<enter>");
        press(&mut model, key);
        assert!(matches!(
            model.sheets.as_slice(),
            [Sheet::Story(_), Sheet::Find(_)]
        ));
        press(&mut model, "x<esc><esc>");
        assert!(matches!(model.sheets.as_slice(), [Sheet::Story(_)]));
    }
    let mut model = seed::model(120, 36);
    press(&mut model, "L:x<esc><esc>");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Plan(_)]));
    // In a field `:` is text.
    let mut model = seed::model(120, 36);
    press(&mut model, "cblue<enter>a:b");
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(login)) if login.who.text() == "a:b"));
    press(&mut model, "<ctrl-p>queue");
    paste(&mut model, "\n");
    press(&mut model, "<esc><esc>");
    assert!(matches!(model.sheets.last(), Some(Sheet::Login(login)) if login.who.text() == "a:b"));
}

#[test]
fn e_what_confirms_a_sheet_is_not_run_from_the_box() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jD<ctrl-p>keep");
    let Some(Sheet::Find(find)) = model.sheets.last() else {
        panic!("no find box");
    };
    let acts = find.rows.iter().any(|row| row.group == Group::Actions);
    assert!(!acts, "{:?}", find.rows);
    assert!(press(&mut model, "<enter>").is_empty());
    assert!(model.pending.is_empty());
}

#[test]
fn twenty_thousand_channels_give_a_handful_of_rows_the_broken_first() {
    let mut model = seed::model(120, 36);
    let some = seed::channels();
    let mut all = Vec::new();
    for n in 0..20_000 {
        let mut view = some[n % some.len()].clone();
        view.summary.channel.id = crate::domain::ids::ChannelId::from_stored(format!("soc_{n}"));
        view.summary.channel.handle = format!("shop{n}");
        all.push(view);
    }
    model.channels.replace(all);
    press(&mut model, ":shop");
    let Some(Sheet::Find(find)) = model.sheets.last() else {
        panic!("no find box");
    };
    let found: Vec<_> = find
        .rows
        .iter()
        .filter_map(|row| match &row.target {
            Target::Channel(id) => model.channels.get(id),
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), Group::Channels.most());
    assert!(
        found
            .iter()
            .all(|view| view.lamp == crate::ops::views::Lamp::Broken)
    );
}

#[test]
fn what_the_box_looks_like() {
    for (name, keys) in [
        ("find_empty", "j:"),
        ("find_acme", "j:acme"),
        ("find_time", ":acme 13:00"),
        ("find_nothing", ":zzzz"),
    ] {
        for (width, height, look) in [(80, 24, DARK), (120, 36, MONO), (40, 12, DARK)] {
            let mut model = seed::model(width, height);
            model.set.look = look;
            let effects = press(&mut model, keys);
            let mut asked = searches(&effects);
            while let Some((id, search)) = asked {
                let mut views = posts("felt");
                views.extend(
                    seed::queue(&seed::channels())
                        .into_iter()
                        .filter(|view| view.shown == Shown::Held),
                );
                if search.words == ["zzzz"] {
                    views.clear();
                }
                asked = searches(&tell(&mut model, id, views));
            }
            insta::assert_snapshot!(
                format!("{name}_{width}x{height}"),
                snapshot(&model, width, height)
            );
        }
    }
}
