//! The health check, told in keys: one row after the other, in the order of the
//! damage.

use super::aside::{MONDAY, by_ann};
use super::seed::{self, later, minutes};
use super::stories::{press, said, seen};
use crate::domain::channel::Cause;
use crate::domain::delivery::{Shown, State};
use crate::domain::ids::{ChannelId, IncidentId, OperatorId};
use crate::domain::mend::Mend;
use crate::domain::network::Network;
use crate::domain::notice::Severity;
use crate::domain::role::Role;
use crate::networks::Way;
use crate::ops::Scope;
use crate::ops::runbook::{Begun, Facts, Key, Of, Walk, order};
use crate::ops::views::{ChannelView, Lamp};
use crate::store::changes::{Changes, Cursor};
use crate::store::hands::Turn;
use crate::store::incidents::Incident;
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;
use std::collections::HashMap;

/// What the store would say of the channels of a model.
pub fn walk(model: &Model, turns: &[Turn], hub: Vec<Incident>) -> Walk {
    let mut channels: Vec<ChannelView> = model.channels.all().cloned().collect();
    channels.sort_by_key(|view| view.summary.channel.id.clone());
    let posts = seed::queue(&channels);
    let mut posts: Vec<_> = posts
        .into_iter()
        .filter(|view| matches!(view.shown, Shown::Missed | Shown::NeedsDecision))
        .collect();
    // What has no count any more was answered.
    posts.retain(|view| {
        let of = channels
            .iter()
            .find(|one| one.summary.channel.id == view.delivery.channel_id);
        of.is_some_and(|one| one.summary.count(view.delivery.state) > 0)
    });
    let counted = |state| {
        let of = channels.iter().map(|view| view.summary.count(state));
        (state, of.sum())
    };
    let states = [State::NeedsDecision, State::Missed, State::Failed];
    order(Facts {
        waiting: states.map(counted).into(),
        channels,
        posts,
        turns: turns.to_vec(),
        hub,
        begun: Begun {
            at: seed::now().0,
            decide: 1,
            missed: 1,
            failed: 0,
            soon: 4,
        },
        tips: HashMap::from([(Network::Bluesky, "Make an app password.")]),
        now: model.now,
    })
}

/// Answers what was asked about the health check; the rest.
pub(super) fn answer(model: &mut Model, effects: Vec<Effect>, turns: &[Turn]) -> Vec<Effect> {
    let mut rest = Vec::new();
    for effect in effects {
        match effect {
            Effect::Load(id, Load::Runbook(..)) => {
                let walk = walk(model, turns, Vec::new());
                let answered = Answered::Runbook(Ok(Box::new(walk)));
                rest.extend(update(model, Msg::Answered(id, answered)));
            }
            other => rest.push(other),
        }
    }
    rest
}

pub(super) fn open(model: &mut Model) {
    let effects = press(model, "H");
    assert!(answer(model, effects, &[]).is_empty());
}

pub(super) fn cursor(model: &Model) -> Key {
    match model.sheets.last() {
        Some(Sheet::Runbook(sheet)) => sheet.chosen().unwrap().key.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn login(id: &str) -> Key {
    Key::Login(id.into())
}

/// These channels are well now, and the store says so.
pub(super) fn heal(model: &mut Model, ids: &[&str], turns: &mut Vec<Turn>) {
    let ids: Vec<ChannelId> = ids.iter().map(|id| ChannelId::from_stored(*id)).collect();
    for id in &ids {
        let mut view = model.channels.get(id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary.channel.publishable = true;
        view.summary.channel.cause = Cause::None;
        (view.lamp, view.held, view.words) = (Lamp::Green, 0, "healthy".into());
        (view.first_hit, view.fix, view.aside) = (None, String::new(), None);
        view.mend = Mend::Nothing;
        let request = model.requests.fresh();
        let views = vec![(id.clone(), Some(view))];
        update(model, Msg::Loaded(request, Loaded::Channels(views)));
        turns.push(Turn {
            channel: id.clone(),
            at: minutes(2),
            healed: true,
            by: Some((OperatorId::from_stored("opr_BOB"), "bob".into())),
        });
    }
    let changes = Changes {
        channels: ids,
        objects: Vec::new(),
        cursor: Cursor::default(),
    };
    let effects = update(model, Msg::Changed(changes));
    answer(model, effects, turns);
}

/// Everything was mended, but for what ann took on.
pub(super) fn all_done(width: u16, height: u16) -> Model {
    let mut model = seed::model(width, height);
    open(&mut model);
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    super::aside::set(&mut model, &["soc_B1"], &aside);
    for id in ["soc_C2", "soc_B3"] {
        let id = ChannelId::from_stored(id);
        let mut view = model.channels.get(&id).unwrap().clone();
        view.summary.channel.change += 1;
        view.summary
            .counts
            .retain(|(state, _)| *state == State::Scheduled);
        let request = model.requests.fresh();
        let views = vec![(id, Some(view))];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(views)));
    }
    later(&mut model, 11 * 60);
    let soon = ["soc_B2", "soc_A4", "soc_D1", "soc_C1"];
    let broken = ["soc_A1", "soc_A2", "soc_A3", "soc_A6", "soc_A7"];
    let mut turns = Vec::new();
    heal(&mut model, &soon, &mut Vec::new());
    heal(&mut model, &broken, &mut turns);
    model
}

#[test]
fn the_order_is_logins_by_first_damage_then_posts_then_what_is_soon() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    let mut seen_keys = Vec::new();
    for _ in 0..6 {
        seen_keys.push(cursor(&model));
        press(&mut model, "j");
    }
    assert_eq!(
        seen_keys,
        [
            login("lgn_ANN"),
            login("lgn_A2"),
            // No login mends a lost role: it stands by itself.
            login("soc_B1"),
            Key::Decide,
            Key::Missed,
            Key::Soon,
        ]
    );
}

#[test]
fn s_sets_the_row_aside_the_walk_goes_on_and_it_stays_red() {
    let mut model = seed::model(120, 36);
    open(&mut model);
    press(&mut model, "jjs");
    let effects = press(&mut model, "client looks for the Page admin<enter>");
    let Some(Effect::Act(id, Act::Aside(what))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(what.targets.len(), 1);
    let done = Done {
        text: what.text.clone(),
        command: None,
        channel: None,
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    let aside = by_ann("soc_B1", MONDAY, "client looks for the Page admin");
    super::aside::set(&mut model, &["soc_B1"], &aside);
    let changes = Changes {
        channels: vec![ChannelId::from_stored("soc_B1")],
        objects: Vec::new(),
        cursor: Cursor::default(),
    };
    let effects = update(&mut model, Msg::Changed(changes));
    answer(&mut model, effects, &[]);
    // The next below it comes next, not those that were passed over.
    assert_eq!(cursor(&model), Key::Decide);
    let screen = seen(&model);
    let row = screen.lines().find(|line| line.contains("@ann until Mon"));
    let row = row.unwrap_or_else(|| panic!("{screen}"));
    assert!(row.contains("✖ Login   LinkedIn, Birch GmbH"), "{row}");
    assert!(screen.contains("0 of 6 done"), "{screen}");
}

#[test]
fn r_on_marks_walks_over_their_logins_and_on_a_tile_over_its_own() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "<space>jjjjj<space>r");
    let Some(Effect::Load(_, Load::Runbook(Of::Channels(ids), None))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(ids.len(), 5, "four of one login and one of another");
    // One login is one login, however many channels are marked.
    let mut model = seed::model(120, 36);
    model
        .set
        .ways
        .insert(Network::Instagram, &[Way::Browser][..]);
    let effects = press(&mut model, "<space>r");
    assert!(
        matches!(effects.as_slice(), [Effect::Begin(..)]),
        "{effects:?}"
    );
    let mut model = seed::model(120, 36);
    press(&mut model, "GG<space>r");
    assert_eq!(said(&model), "nothing that is marked is broken");

    let effects = press(&mut model, "<esc>Wr");
    assert!(
        matches!(effects.first(), Some(Effect::Load(_, Load::Runbook(Of::Scope(Scope::Workspace(id)), None))) if id.as_str() == "wsp_ACME"),
        "{effects:?}"
    );
    press(&mut model, "<esc>");
    assert!(model.wall_of_tiles().is_some(), "and back to the wall");
    let effects = press(&mut model, "H");
    assert!(matches!(
        effects.first(),
        Some(Effect::Load(_, Load::Runbook(Of::Scope(Scope::All), None)))
    ));
}

#[test]
fn a_viewer_walks_through_it_and_a_key_says_what_it_takes() {
    let mut model = seed::model(120, 36);
    model.set.operator.hub_admin = false;
    for one in &mut model.workspaces {
        one.role = Some(Role::Viewer);
    }
    open(&mut model);
    press(&mut model, "<enter>");
    assert_eq!(said(&model), "viewer here; that takes admin");
    press(&mut model, "s");
    assert_eq!(said(&model), "viewer here; that takes editor");
    assert!(matches!(
        press(&mut model, "y").as_slice(),
        [Effect::Copy(_)]
    ));
    model.set.read_only = true;
    press(&mut model, "<enter>");
    assert!(said(&model).starts_with("read only"));
}

#[test]
fn what_is_wrong_with_the_hub_is_walked_last_and_its_command_is_copied() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "H");
    let Some(Effect::Load(id, _)) = effects.first() else {
        panic!();
    };
    let walk = walk(&model, &[], vec![nobody()]);
    update(
        &mut model,
        Msg::Answered(*id, Answered::Runbook(Ok(Box::new(walk)))),
    );
    press(&mut model, "G");
    assert_eq!(cursor(&model), Key::Hub("inc_publisher".into()));
    assert!(
        seen(&model).contains("Nobody publishes."),
        "{}",
        seen(&model)
    );
    let effects = press(&mut model, "y");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text == "allgreen daemon"));
}

fn nobody() -> Incident {
    Incident {
        id: IncidentId::from_stored("inc_publisher"),
        kind: "nobody_publishes".into(),
        subject: "publisher".into(),
        cause: "none".into(),
        network: None,
        severity: Severity::Broken,
        text: "Nobody publishes. 41 posts wait for their times.".into(),
        command: Some("allgreen daemon".into()),
        opened_at: minutes(-60),
        resolved_at: None,
        failures: 1,
        channels: Vec::new(),
    }
}

#[test]
fn changes_are_read_one_reading_at_a_time() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "H");
    let changed = |model: &mut Model| {
        let changes = Changes {
            channels: vec![ChannelId::from_stored("soc_A1")],
            objects: Vec::new(),
            cursor: Cursor::default(),
        };
        let effects = update(model, Msg::Changed(changes));
        let runbooks = |effect: &Effect| matches!(effect, Effect::Load(_, Load::Runbook(..)));
        effects.into_iter().filter(runbooks).collect::<Vec<_>>()
    };
    assert!(changed(&mut model).is_empty(), "one is under way");
    let again = answer(&mut model, effects, &[]);
    assert!(matches!(
        again.as_slice(),
        [Effect::Load(_, Load::Runbook(_, Some(_)))]
    ));
    assert!(answer(&mut model, again, &[]).is_empty());
    assert_eq!(changed(&mut model).len(), 1);
}
