//! Logins in the browser, told in keys against update and model alone.

use std::time::Duration;

use super::seed::{self, later};
use super::stories::{paste, press, said, seen, selected};
use crate::domain::ids::ChannelId;
use crate::ops::login::{Paster, Purpose};
use crate::ops::{ErrorKind, OpError};
use crate::support::secret::Secret;
use crate::tui::act::{Act, Done, Effect, Load};
use crate::tui::deadline::deadline;
use crate::tui::model::logins::Ready;
use crate::tui::model::requests::RequestId;
use crate::tui::model::{Dirty, Model, Sheet};
use crate::tui::msg::{LoginNews, Msg};
use crate::tui::update::update;

pub(super) const LINK: &str = "https://mas.to/oauth/authorize?client_id=x&state=word-of-dune";

/// The channel `dune@mas.to` under the cursor, and `r`.
pub(super) fn reconnect(model: &mut Model) -> RequestId {
    assert!(model.channels.select(&ChannelId::from_stored("soc_D1")));
    begun(press(model, "r"))
}

pub(super) fn begun(effects: Vec<Effect>) -> RequestId {
    match effects.as_slice() {
        [Effect::Begin(id, _)] => *id,
        other => panic!("no login was begun: {other:?}"),
    }
}

pub(super) fn news(model: &mut Model, id: RequestId, news: LoginNews) -> Vec<Effect> {
    update(model, Msg::Login(id, news))
}

/// Its link is there.
pub(super) fn link(model: &mut Model, id: RequestId, word: &str) {
    link_as(model, id, word, |_| {});
}

pub(super) fn link_as(model: &mut Model, id: RequestId, word: &str, more: impl FnOnce(&mut Ready)) {
    let (paster, _) = Paster::of(word);
    let mut ready = Ready {
        link: Secret::new(LINK),
        listens: true,
        ends: model.now.plus(Duration::from_secs(15 * 60)),
        device: None,
        tunnel: None,
        paster,
    };
    more(&mut ready);
    news(model, id, LoginNews::Ready(Box::new(ready)));
}

pub(super) fn error(code: &'static str, what: &str, hint: &str) -> OpError {
    OpError::new(ErrorKind::Failed, code, what, hint)
}

pub(super) fn address(word: &str) -> String {
    format!("http://127.0.0.1:8917/callback?code=abc-123-def&state={word}\n")
}

/// Whether a paste was handed to this login.
fn given(effects: &[Effect], login: RequestId) -> bool {
    matches!(effects, [Effect::Answer(id, ..)] if *id == login)
}

pub(super) fn waiting(model: &mut Model) -> RequestId {
    let id = reconnect(model);
    link(model, id, "word-of-dune");
    id
}

#[test]
fn b1_r_asks_for_the_link_at_once_and_says_whom_it_asks() {
    let mut model = seed::model(120, 36);
    assert!(model.channels.select(&ChannelId::from_stored("soc_D1")));
    let effects = press(&mut model, "r");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Begin(_, Purpose::Reconnect { channel })] if channel.as_str() == "soc_D1"
    ));
    let id = begun(effects);
    let screen = seen(&model);
    assert!(screen.contains("Asking net.example for a link"), "{screen}");
    assert!(
        press(&mut model, "yb").is_empty(),
        "there is nothing to copy"
    );
    assert_eq!(said(&model), "there is no link yet");
    link(&mut model, id, "word-of-dune");
    let screen = seen(&model);
    assert!(screen.contains("net.example’s login page"), "{screen}");
    assert!(screen.contains("15 min left"), "{screen}");
    assert!(
        !format!("{model:?}").contains("word-of-dune"),
        "the secret word is in no log"
    );
}

#[test]
fn b2_an_address_pasted_anywhere_finds_its_login_among_several() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "<esc>");
    assert!(model.sheets.is_empty());
    let screen = seen(&model);
    assert!(
        screen.contains("1 login waits: @dune@mas.to, 15 min left"),
        "{screen}"
    );
    press(&mut model, "cmasto<enter>mas.example");
    let birch = begun(press(&mut model, "<enter>"));
    link(&mut model, birch, "word-of-birch");

    // With the sheet of another login open, with the list, in another field.
    assert!(given(&paste(&mut model, &address("word-of-dune")), dune));
    assert_eq!(said(&model), "Checking the login of @dune@mas.to…");
    news(
        &mut model,
        dune,
        LoginNews::Again(error("bad_code", "Used.", "Again.")),
    );
    press(&mut model, "<esc>");
    assert!(seen(&model).contains("2 logins wait"));
    assert!(given(&paste(&mut model, &address("word-of-birch")), birch));
    press(&mut model, "cblue<enter>");
    assert!(given(&paste(&mut model, &address("word-of-dune")), dune));
    let Some(Sheet::Login(login)) = model.sheets.last() else {
        panic!("the other sheet stays");
    };
    assert!(login.who.is_empty(), "and takes nothing of the address");
    press(&mut model, "<esc>?keys");
    assert!(given(&paste(&mut model, &address("word-of-birch")), birch));
}

#[test]
fn b2_a_bare_code_belongs_to_the_open_sheet_only() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    assert!(given(&paste(&mut model, "abc-123-def"), dune));
    press(&mut model, "<esc>");
    assert!(paste(&mut model, "abc-123-def").is_empty());
    assert_eq!(said(&model), "A paste does nothing here.");
    press(&mut model, "cblue<enter>");
    paste(&mut model, "abc-123-def");
    assert!(
        matches!(model.sheets.last(), Some(Sheet::Login(login)) if login.who.text() == "abc-123-def")
    );
}

#[test]
fn b2_a_paste_that_is_no_answer_says_what_it_is_and_changes_nothing() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    for (text, words) in [
        (LINK, "That is the link to the login page"),
        ("https://mas.to/home", "That address holds no code."),
        ("no", "That is neither an address nor a code."),
        (
            &address("word-of-nobody"),
            "belongs to no login that waits here",
        ),
    ] {
        assert!(paste(&mut model, text).is_empty(), "{text}");
        assert!(seen(&model).contains(words), "{}", seen(&model));
        assert!(seen(&model).contains("15 min left"), "it goes on waiting");
    }
    press(&mut model, "<esc>");
    assert!(paste(&mut model, LINK).is_empty());
    assert!(
        said(&model).starts_with("That is the link"),
        "{}",
        said(&model)
    );
}

#[test]
fn b2_an_address_of_a_login_that_is_over_is_shown_in_no_field() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cmasto<enter>");
    assert!(paste(&mut model, &address("word-of-old")).is_empty());
    assert!(said(&model).starts_with("That address belongs to no login"));
    let (sheet, _) = model.browser().unwrap();
    assert!(sheet.named.as_ref().unwrap().1.is_empty());
}

#[test]
fn b2_an_address_can_be_typed_and_escape_leaves_only_the_field() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "ix?y");
    assert!(matches!(model.sheets.last(), Some(Sheet::Browser(sheet))
        if sheet.typed.as_ref().unwrap().text() == "x?y"));
    press(&mut model, "<esc>");
    assert!(model.browser().unwrap().0.typed.is_none());
    press(&mut model, "i");
    assert!(
        press(&mut model, "<enter>").is_empty(),
        "nothing is typed yet"
    );
    let effects = press(&mut model, "code=abc-123-def<enter>");
    assert!(given(&effects, dune), "{effects:?}");
}

#[test]
fn y_copies_b_shows_the_link_alone_and_any_key_comes_back() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    let effects = press(&mut model, "y");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text == LINK));
    assert!(seen(&model).contains("sent to your terminal; if nothing arrives, b"));
    let effects = press(&mut model, "b");
    assert!(matches!(effects.as_slice(), [Effect::Bare(link)] if link.expose() == LINK));
    let effects = press(&mut model, "x");
    assert!(matches!(effects.as_slice(), [Effect::FullScreen]));
    assert!(
        model.logins.get(dune).is_some(),
        "that key did nothing else"
    );
    press(&mut model, "b");
    let effects = paste(&mut model, &address("word-of-dune"));
    assert!(matches!(
        effects.as_slice(),
        [Effect::FullScreen, Effect::Answer(id, ..)] if *id == dune
    ));
    press(&mut model, "b");
    let effects = press(&mut model, "<ctrl-c>");
    assert!(matches!(
        effects.as_slice(),
        [Effect::FullScreen, Effect::Quit]
    ));
}

#[test]
fn a_browser_is_started_only_where_somebody_sits_and_the_tunnel_is_for_ssh() {
    let mut model = seed::model(120, 36);
    let id = reconnect(&mut model);
    link_as(&mut model, id, "w", |ready| {
        ready.tunnel = Some("ssh -L 8917:127.0.0.1:8917 hub.example".into());
    });
    assert!(!seen(&model).contains("ssh -L"));
    assert!(press(&mut model, "o").is_empty());
    assert_eq!(said(&model), "no display here");
    model.set.local_display = true;
    let effects = press(&mut model, "o");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Act(_, Act::Browse(_))]
    ));
    model.set.local_display = false;
    model.set.over_ssh = true;
    assert!(seen(&model).contains("ssh -L 8917:127.0.0.1:8917 hub.example"));
    let effects = press(&mut model, "Y");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text.starts_with("ssh -L")));
    assert!(press(&mut model, "o").is_empty());
    assert_eq!(said(&model), "not over SSH");
}

#[test]
fn escape_leaves_it_waiting_r_brings_it_back_and_x_gives_it_up() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "<esc>");
    assert!(press(&mut model, "r").is_empty(), "no second link");
    assert!(seen(&model).contains("15 min left"));
    let effects = press(&mut model, "x");
    assert!(matches!(effects.as_slice(), [Effect::GiveUp(id)] if *id == dune));
    assert_eq!(said(&model), "Given up: nothing was changed.");
    assert!(model.logins.all().is_empty() && model.sheets.is_empty());
    assert_ne!(reconnect(&mut model), dune);
}

#[test]
fn an_answer_that_is_being_checked_is_not_given_up() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    news(&mut model, dune, LoginNews::Checking);
    assert!(paste(&mut model, &address("word-of-dune")).is_empty());
    assert!(seen(&model).contains("An answer is being checked already."));
    assert!(
        seen(&model).contains("✓ 1 log in  ▸ 2 check"),
        "{}",
        seen(&model)
    );
    assert!(press(&mut model, "x").is_empty());
    assert_eq!(said(&model), "an answer is being checked");
    let line = crate::tui::farewell::line(&model).unwrap();
    assert!(
        line.contains("1 login is being checked; this ends with it."),
        "{line}"
    );
    // Given up a moment before it was known that an answer had come.
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "x");
    news(&mut model, dune, LoginNews::Ended(Ok(done())));
    assert!(said(&model).starts_with("Reconnected dune@mas.to"));
}

pub(super) fn done() -> Done {
    Done {
        text: "Reconnected dune@mas.to, proved just now.".into(),
        command: Some("allgreen channel reconnect dune/ma:@dune@mas.to --paste -".into()),
        channel: Some(ChannelId::from_stored("soc_D1")),
        receipt: Vec::new(),
    }
}

#[test]
fn b6_a_login_that_works_shows_its_channel_and_the_command_that_does_the_same() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    news(&mut model, dune, LoginNews::Checking);
    news(&mut model, dune, LoginNews::Ended(Ok(done())));
    assert!(model.sheets.is_empty() && model.logins.all().is_empty());
    assert_eq!(selected(&model), "soc_D1");
    assert!(seen(&model).contains("--paste -"), "{}", seen(&model));
}

#[test]
fn b6_a_login_that_works_meanwhile_never_moves_the_cursor() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "<esc>g");
    paste(&mut model, &address("word-of-dune"));
    news(&mut model, dune, LoginNews::Checking);
    news(&mut model, dune, LoginNews::Ended(Ok(done())));
    assert_eq!(selected(&model), "lgn_ANN");
    assert!(said(&model).starts_with("Reconnected dune@mas.to"));
}

#[test]
fn b2_a_refusal_is_said_in_words_and_enter_makes_a_new_link() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    let refused = error(
        "access_denied",
        "The login was refused on Mastodon's page; nothing was changed.",
        "Begin it again and allow it, as somebody who may.",
    );
    news(&mut model, dune, LoginNews::Ended(Err(refused)));
    assert!(seen(&model).contains("The login was refused on Mastodon's page"));
    assert!(
        press(&mut model, "yx").is_empty(),
        "there is nothing to copy or give up"
    );
    assert_ne!(begun(press(&mut model, "<enter>")), dune);
    assert!(!seen(&model).contains("refused"));

    // With the sheet closed the line says it, and the login waits no more.
    let dune = model.logins.all()[0].id;
    press(&mut model, "<esc>");
    let over = error(
        "login_timeout",
        "The login was not finished in time.",
        "Begin it again.",
    );
    news(&mut model, dune, LoginNews::Ended(Err(over)));
    assert_eq!(
        said(&model),
        "@dune@mas.to: The login was not finished in time. Begin it again."
    );
    assert!(!seen(&model).contains("login waits"));
}

#[test]
fn b2_a_code_that_does_not_do_leaves_the_login_waiting_for_a_better_one() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    news(&mut model, dune, LoginNews::Checking);
    let again = error(
        "bad_code",
        "mas.to does not take this code.",
        "Open the link again.",
    );
    news(&mut model, dune, LoginNews::Again(again));
    let screen = seen(&model);
    assert!(
        screen.contains("mas.to does not take this code."),
        "{screen}"
    );
    assert!(screen.contains("15 min left") && screen.contains("▸ 1 log in"));
    assert!(given(&paste(&mut model, &address("word-of-dune")), dune));
}

#[test]
fn b4_another_account_is_shown_beside_the_expected_one() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    news(&mut model, dune, LoginNews::Ended(Err(another())));
    let screen = seen(&model);
    for words in [
        "Another account answered",
        "nothing was changed",
        "@dune@mas.to",
        "@bob@mas.to",
        "did:D1",
        "9030",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    assert_ne!(begun(press(&mut model, "<enter>")), dune);
}

pub(super) fn another() -> OpError {
    let mut error = error(
        "another_account",
        "This channel is @dune@mas.to (did:D1), but the login is @bob@mas.to (9030); nothing was changed.",
        "Log in as @dune@mas.to, or connect the other account as a new channel.",
    );
    error.answered = vec![("bob@mas.to".into(), "9030".into())];
    error
}

#[test]
fn b2_after_a_minute_of_silence_the_sheet_says_why_once() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    model.dirty = Dirty::No;
    let at = deadline(&model).boot.unwrap();
    assert_eq!(at, model.boot + Duration::from_secs(60));
    later(&mut model, 59);
    assert!(!seen(&model).contains("blocked as a pop-up"));
    model.dirty = Dirty::No;
    later(&mut model, 1);
    assert_eq!(model.dirty, Dirty::Background);
    let screen = seen(&model);
    for words in ["blocked as a pop-up", "private window", "paste its address"] {
        assert!(screen.contains(words), "{screen}");
    }
    assert_eq!(deadline(&model).boot, None, "and then it is quiet");
    later(&mut model, 840);
    assert!(seen(&model).contains("less than 1 min left"));
}

#[test]
fn a_new_account_is_asked_for_its_server_and_a_token_is_one_key_away() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cmasto<enter>mas.example");
    let effects = press(&mut model, "<ctrl-t>");
    assert!(effects.is_empty());
    let Some(Sheet::Login(login)) = model.sheets.last() else {
        panic!("no fields to type into");
    };
    assert_eq!(login.server.text(), "mas.example", "what was typed is kept");
    press(&mut model, "<ctrl-t>");
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Begin(_, Purpose::Connect { server: Some(server), .. })] if server == "mas.example")
    );
    let id = begun(effects);
    // The server is no Mastodon: it is asked for again, with the reason.
    let why = error(
        "bad_address",
        "No such server.",
        "Name it, such as mastodon.social.",
    );
    news(&mut model, id, LoginNews::Ended(Err(why)));
    let screen = seen(&model);
    assert!(
        screen.contains("No such server.") && screen.contains("mas.example"),
        "{screen}"
    );
    press(&mut model, "<ctrl-u>mas.to");
    let id = begun(press(&mut model, "<enter>"));
    link(&mut model, id, "word-of-new");
    press(&mut model, "<esc>");
    assert!(seen(&model).contains("1 login waits: a new account on mas.to"));
    // c on the same network comes back to it, and c there begins one more.
    assert!(press(&mut model, "cmasto<enter>").is_empty());
    assert!(seen(&model).contains("mas.to’s login page"));
    press(&mut model, "cmas.example");
    assert_ne!(begun(press(&mut model, "<enter>")), id);
    assert_eq!(model.logins.all().len(), 2);
}

#[test]
fn where_the_handle_says_which_server_is_asked_it_is_asked_for() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cblue<enter>acme.example<ctrl-t>");
    let screen = seen(&model);
    assert!(
        screen.contains("ends after 14 days") && screen.contains("Ctrl-t password"),
        "{screen}"
    );
    let effects = press(&mut model, "<enter>");
    assert!(
        matches!(effects.as_slice(), [Effect::Begin(_, Purpose::Connect { server: None, account: Some(who), .. })] if who == "acme.example")
    );
    let id = begun(effects);
    assert!(seen(&model).contains("Asking Bluesky for a link"));
    link(&mut model, id, "w");
    press(&mut model, "t");
    assert!(
        matches!(model.sheets.as_slice(), [Sheet::Login(login)] if login.who.text() == "acme.example")
    );
}

#[test]
fn t_takes_a_token_meanwhile_and_mending_it_so_gives_the_other_login_up() {
    let mut model = seed::model(120, 36);
    let dune = waiting(&mut model);
    press(&mut model, "t");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Login(_)]));
    let effects = press(&mut model, "token-of-dune<enter>");
    let Some(Effect::Act(id, Act::SignIn(_))) = effects.first() else {
        panic!("{effects:?}");
    };
    let answered = crate::tui::act::Answered::Act(Ok(done()));
    let effects = update(&mut model, Msg::Answered(*id, answered));
    assert!(
        matches!(effects.as_slice(), [Effect::GiveUp(id), Effect::Load(_, Load::Plan(_))] if *id == dune)
    );
    assert!(model.logins.all().is_empty());
    // A network with one way says so.
    press(&mut model, "ctele<enter><ctrl-t>");
    assert_eq!(said(&model), "there is no other way");
}

#[test]
fn quitting_says_what_was_given_up() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    press(&mut model, "<esc>");
    let effects = press(&mut model, "q");
    assert!(matches!(effects.as_slice(), [Effect::Quit]));
    let line = crate::tui::farewell::line(&model).unwrap();
    assert!(
        line.contains("1 login was given up: nothing was changed."),
        "{line}"
    );
}

#[test]
fn every_key_of_the_sheet_is_in_its_help() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    press(&mut model, "?");
    let screen = seen(&model);
    for words in [
        "Copy the link to the clipboard of your terminal",
        "Show the link alone",
        "Type the address instead of pasting it",
        "Log in with a token or password instead",
        "Give this login up",
        "Make a new link (the link here is still good)",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
}

#[test]
fn the_help_of_the_sheet_runs_what_it_finds() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    let effects = press(&mut model, "?clipboard<enter>");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text == LINK));
    press(&mut model, "?new link<enter>");
    assert_eq!(said(&model), "the link here is still good");
}
