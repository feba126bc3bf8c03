//! Rows of logins that mend several channels, and folding, told in keys.

use super::look::snapshot;
use super::seed::{self, later};
use super::stories::{press, said, seen, selected};
use crate::domain::ids::ChannelId;
use crate::domain::mend::Mend;
use crate::ops::views::Lamp;
use crate::tui::act::{Act, Effect};
use crate::tui::model::{Model, Row, Sheet};
use crate::tui::msg::{Loaded, Msg};
use crate::tui::update::update;

/// What is known of a channel changes.
fn change(model: &mut Model, id: &str, change: impl FnOnce(&mut crate::ops::views::ChannelView)) {
    let id = ChannelId::from_stored(id);
    let mut view = model.channels.get(&id).unwrap().clone();
    view.summary.channel.change += 1;
    change(&mut view);
    let views = vec![(id, Some(view))];
    let request = model.requests.fresh();
    update(model, Msg::Loaded(request, Loaded::Channels(views)));
}

/// The rows of the list from the top, as ids.
fn rows(model: &Model) -> Vec<String> {
    let rows = model.channels.rows().from(0);
    rows.map(|(_, row)| match row {
        Row::Section(lamp) => lamp.words().to_owned(),
        Row::Login(id) => id.to_string(),
        Row::Channel(id) => id.to_string(),
    })
    .collect()
}

#[test]
fn what_one_login_mends_stands_below_it_by_first_damage() {
    let model = seed::model(120, 36);
    let expected = [
        "Broken", "lgn_ANN", "soc_A1", "soc_A6", "soc_A3", "soc_A7", "soc_A2", "soc_B1",
    ];
    assert_eq!(rows(&model)[..8], expected);
    assert_eq!(selected(&model), "lgn_ANN");
    let screen = seen(&model);
    assert!(screen.contains("Broken 6 · 2 logins mend 5"), "{screen}");
    assert!(
        screen.contains("▌✖ ▾ Meta login Ann Lee · 4    password changed     7 1 h ago"),
        "{screen}"
    );
    assert!(screen.contains("4 Meta login Ann Lee · Acme"), "{screen}");
    assert!(screen.contains("one login mends all 4"), "{screen}");
    assert!(
        screen.contains("7 posts held: 1 late since 13:00"),
        "{screen}"
    );
    assert!(screen.contains(" r reconnect 4 "), "{screen}");
}

#[test]
fn r_on_a_login_opens_the_login_that_mends_them_all() {
    let mut model = seed::model(120, 36);
    press(&mut model, "r");
    let Some(Sheet::Login(login)) = model.sheets.last() else {
        panic!("{:?}", model.sheets);
    };
    assert_eq!(login.channel.as_ref().unwrap().as_str(), "soc_A1");
    let screen = seen(&model);
    assert!(
        screen.contains("Reconnect · Meta login Ann Lee · 4 channels"),
        "{screen}"
    );
}

#[test]
fn p_on_a_login_proves_all_below_it_and_d_wants_one_channel() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "p");
    assert!(matches!(&effects[0], Effect::Act(_, Act::Probe(ids)) if ids.len() == 4));
    assert!(press(&mut model, "D").is_empty() && model.sheets.is_empty());
    assert_eq!(said(&model), "this is a login: choose a channel below it");
}

#[test]
fn h_folds_the_nearest_head_away_and_l_shows_what_is_below_it() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjh");
    assert_eq!(selected(&model), "lgn_ANN");
    assert_eq!(rows(&model)[..4], ["Broken", "lgn_ANN", "soc_A2", "soc_B1"]);
    let screen = seen(&model);
    assert!(screen.contains("▌✖ ▸ Meta login Ann Lee · 4"), "{screen}");
    assert!(screen.contains("l show"), "{screen}");
    press(&mut model, "h");
    assert_eq!(selected(&model), "Broken");
    assert!(
        seen(&model).contains("▌▸ Broken 6 · 2 logins mend 5"),
        "{}",
        seen(&model)
    );
    press(&mut model, "h");
    assert_eq!(said(&model), "nothing to fold away here");
    press(&mut model, "<enter>");
    assert_eq!(selected(&model), "lgn_ANN");
    press(&mut model, "<right>");
    assert_eq!(rows(&model)[2], "soc_A1");
    press(&mut model, "G<left>");
    assert_eq!(selected(&model), "Healthy");
    press(&mut model, "k");
    assert_eq!(selected(&model), "soc_C1");
}

#[test]
fn healthy_ones_begin_folded_away_where_the_others_fill_the_pane() {
    let mut small = seed::model(80, 24);
    assert_eq!(rows(&small).last().unwrap(), "Healthy");
    assert!(seen(&small).contains(" ▸ Healthy 12 · oldest proof 44 m"));
    press(&mut small, "Gl");
    assert_eq!(selected(&small), "soc_B4");
    assert!(rows(&seed::model(120, 36)).len() > 20);
    // What was asked for is never folded away.
    let mut asked = seed::empty(80, 24);
    asked.channels.wanted = Some(ChannelId::from_stored("soc_C2"));
    let effects = crate::tui::update::first(&mut asked);
    seed::answer(&mut asked, effects);
    assert_eq!(selected(&asked), "soc_C2");
}

#[test]
fn news_of_one_below_changes_its_login_where_it_is() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jj");
    let before = rows(&model);
    for id in ["soc_A1", "soc_A3", "soc_A6", "soc_A7"] {
        change(&mut model, id, |view| {
            view.lamp = Lamp::Green;
            view.words = "healthy".into();
            view.held = 0;
            view.first_hit = None;
            view.fix.clear();
            view.mend = Mend::Nothing;
        });
    }
    assert_eq!(rows(&model), before, "nothing moves under the cursor");
    assert_eq!(selected(&model), "soc_A6");
    let screen = seen(&model);
    assert!(screen.contains("● ▾ Meta login Ann Lee · 4"), "{screen}");
    press(&mut model, "<ctrl-l>");
    assert!(!rows(&model).contains(&"lgn_ANN".to_owned()));
    assert_eq!(selected(&model), "soc_A6");
}

#[test]
fn a_login_whose_channels_are_gone_leaves_with_them() {
    let mut model = seed::model(120, 36);
    for id in ["soc_A1", "soc_A3", "soc_A6", "soc_A7"] {
        let request = model.requests.fresh();
        let gone = vec![(ChannelId::from_stored(id), None)];
        update(&mut model, Msg::Loaded(request, Loaded::Channels(gone)));
    }
    assert_eq!(rows(&model)[..3], ["Broken", "soc_A2", "soc_B1"]);
    assert_eq!(selected(&model), "soc_A2");
}

#[test]
fn a_login_is_a_filter_and_one_that_mends_one_channel_has_no_row() {
    let mut model = seed::model(120, 36);
    press(&mut model, "/login:ann<enter>");
    assert_eq!(
        rows(&model),
        ["Broken", "lgn_ANN", "soc_A1", "soc_A6", "soc_A3", "soc_A7"]
    );
    press(&mut model, "/<ctrl-u>net:ig<enter>");
    assert_eq!(rows(&model), ["Broken", "soc_A1"]);
    // What is hidden is mended all the same, and that is said.
    later(&mut model, 1);
    assert!(seen(&model).contains("one login mends all 4"));
}

#[test]
fn a_login_looks_like_this() {
    for (name, keys) in [
        ("folded", "h"),
        ("section", "hh"),
        ("reconnect", "r"),
        ("below", "j"),
    ] {
        for (width, height) in [(40, 12), (80, 24), (120, 36)] {
            let mut model = seed::model(width, height);
            press(&mut model, keys);
            let name = format!("login_row_{name}_{width}x{height}");
            insta::assert_snapshot!(name, snapshot(&model, width, height));
        }
    }
    let mut model = seed::model(40, 12);
    press(&mut model, "<enter>");
    insta::assert_snapshot!("login_row_sheet_40x12", snapshot(&model, 40, 12));
    // A name that is too long gives way, not the number, in whatever letters.
    let mut model = seed::model(40, 12);
    for id in ["soc_A1", "soc_A3", "soc_A6", "soc_A7"] {
        change(&mut model, id, |view| {
            view.summary.channel.login_user = "日本語の会社 👩‍👩‍👧 GmbH & Co. KG".into();
        });
    }
    insta::assert_snapshot!("login_row_long_40x12", snapshot(&model, 40, 12));
}
