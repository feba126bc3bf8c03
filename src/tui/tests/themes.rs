//! Colours that follow the terminal's background or a person's choice.

use std::time::Duration;

use super::look::{buffer, snapshot};
use super::seed;
use super::stories::{press, said, seen};
use crate::tui::model::{Dirty, Model};
use crate::tui::msg::Msg;
use crate::tui::term::gate::Input;
use crate::tui::theme::{Glyphs, Look, Paper, Theme};
use crate::tui::update::{asked, update};

const WHITE: (u8, u8, u8) = (255, 255, 255);
const BLACK: (u8, u8, u8) = (0, 0, 0);

/// A screen in a terminal of 256 colours that did not answer yet.
fn screen(theme: Theme) -> Model {
    let mut model = seed::model(120, 36);
    let paper = Paper {
        dark: None,
        many_colors: true,
    };
    model.set.look = Look::new(theme, paper, Glyphs::All);
    asked(&mut model);
    model.dirty = Dirty::No;
    model
}

fn tell(model: &mut Model, color: (u8, u8, u8)) {
    let effects = update(model, Msg::Input(Some(Input::Background(color))));
    assert!(effects.is_empty());
}

/// The colour of the first lamp.
fn lamp(model: &Model) -> ratatui::style::Color {
    let buffer = buffer(model, 120, 36);
    let cell = buffer.content.iter().find(|cell| cell.symbol() == "✖");
    cell.unwrap().fg
}

#[test]
fn the_screen_takes_the_colours_of_the_background_when_the_terminal_names_it() {
    use ratatui::style::Color;
    let mut model = screen(Theme::Auto);
    assert_eq!(lamp(&model), Color::Red, "the first frame waits for nobody");
    tell(&mut model, WHITE);
    assert_eq!(lamp(&model), Color::Indexed(160));
    assert_eq!(model.dirty, Dirty::Background);
    let mut model = screen(Theme::Auto);
    tell(&mut model, BLACK);
    assert_eq!(lamp(&model), Color::Indexed(210));
}

#[test]
fn an_answer_that_is_late_or_was_never_asked_for_changes_nothing() {
    let mut model = screen(Theme::Auto);
    let before = lamp(&model);
    let boot = model.boot + Duration::from_secs(3);
    let now = model.now;
    update(&mut model, Msg::Now(now, boot));
    tell(&mut model, WHITE);
    assert_eq!(lamp(&model), before);
    let mut model = screen(Theme::Auto);
    tell(&mut model, WHITE);
    tell(&mut model, BLACK);
    let one_answer = ratatui::style::Color::Indexed(160);
    assert_eq!(lamp(&model), one_answer, "one question has one answer");
}

#[test]
fn a_theme_that_was_chosen_stays_whatever_the_terminal_says() {
    let mut model = screen(Theme::Dark);
    tell(&mut model, WHITE);
    assert_eq!(lamp(&model), ratatui::style::Color::Indexed(210));
}

#[test]
fn a_theme_that_needs_the_background_has_colours_after_any_other() {
    let mut model = screen(Theme::Dark);
    assert!(model.set.look.asks_background());
    tell(&mut model, BLACK);
    for theme in ["contrast", "auto", "blue-orange"] {
        press(&mut model, &format!(":theme {theme}<enter>"));
        let told = lamp(&model);
        let of_paper = matches!(told, ratatui::style::Color::Indexed(16..));
        assert!(of_paper, "{theme}: {told:?}");
    }
}

#[test]
fn colon_theme_light_shows_it_and_says_how_to_keep_it() {
    let mut model = screen(Theme::Auto);
    tell(&mut model, BLACK);
    press(&mut model, "jj:theme light");
    let shown = seen(&model);
    assert!(shown.contains("Colours for a light background"), "{shown}");
    press(&mut model, "<enter>");
    assert_eq!(lamp(&model), ratatui::style::Color::Indexed(160));
    assert_eq!(
        said(&model),
        "Theme light. To keep it: theme = \"light\" under [ui] in config.toml."
    );
    // The cursor is where it was, and so is a sheet below the box.
    assert_eq!(super::stories::selected(&model), "soc_A6");
    press(&mut model, "D:theme none<enter>");
    assert!(!model.sheets.is_empty());
    // What the terminal said is still known.
    press(&mut model, "<esc>:theme auto<enter>");
    assert_eq!(lamp(&model), ratatui::style::Color::Indexed(210));
}

#[test]
fn the_word_theme_lists_them_all() {
    let mut model = screen(Theme::Auto);
    press(&mut model, ":theme");
    let shown = seen(&model);
    for (_, name) in Theme::ALL {
        assert!(shown.contains(&format!("theme {name}")), "{name}: {shown}");
    }
    let at_80 = {
        let mut model = seed::model(80, 24);
        press(&mut model, ":theme");
        snapshot(&model, 80, 24)
    };
    insta::assert_snapshot!("find_theme_80x24", at_80);
}

#[test]
fn every_theme_at_a_glance() {
    for (theme, paper, name) in [
        (Theme::Auto, WHITE, "light"),
        (Theme::Contrast, WHITE, "contrast"),
        (Theme::BlueOrange, BLACK, "blue-orange"),
    ] {
        let mut model = screen(theme);
        tell(&mut model, paper);
        let whole = snapshot(&model, 120, 36);
        // The text is that of any theme; what differs is its styles.
        let (_, styles) = whole.split_once("-- styles --\n").unwrap();
        insta::assert_snapshot!(format!("theme_{name}_120x36"), styles);
    }
    let mut model = seed::model(80, 24);
    let paper = Paper {
        dark: Some(true),
        many_colors: true,
    };
    model.set.look = Look::new(Theme::Contrast, paper, Glyphs::Safe);
    insta::assert_snapshot!("theme_contrast_80x24_safe", snapshot(&model, 80, 24));
}
