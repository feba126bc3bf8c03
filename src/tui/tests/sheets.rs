//! Stories of sheets, told in keys: logging in with what was made in advance,
//! disconnecting, deciding.

use super::seed::{self, later};
use super::stories::{paste, press, said, seen, selected};
use crate::domain::ids::ChannelId;
use crate::networks::Credential;
use crate::ops::posts::Answer;
use crate::ops::{ErrorKind, OpError};
use crate::store::disconnect::DisconnectCounts;
use crate::tui::act::{Act, Answered, Done, Effect, Load};
use crate::tui::model::{Model, Sheet};
use crate::tui::msg::Msg;
use crate::tui::update::update;

#[test]
fn a_pasted_app_password_lands_in_its_field_wherever_the_cursor_is() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cblue<enter>acme.example");
    paste(&mut model, " abcd-efgh-ijkl-mnop\n");
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(_, Act::SignIn(sign_in))) = effects.first() else {
        panic!("{effects:?}");
    };
    let Credential::AppPassword {
        handle,
        server,
        password,
    } = &sign_in.credential
    else {
        panic!("{:?}", sign_in.credential);
    };
    assert_eq!(handle, "acme.example");
    assert_eq!(password.expose(), "abcd-efgh-ijkl-mnop");
    assert_eq!(*server, None);
    assert!(!seen(&model).contains("abcd"));
    assert!(!format!("{model:?}").contains("abcd"));
}

#[test]
fn a_login_that_fails_stays_open_and_one_that_works_shows_the_channel() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjrsecret");
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(id, Act::SignIn(sign_in))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(sign_in.channel.as_ref().unwrap().as_str(), "soc_A2");
    assert!(
        press(&mut model, "<enter>").is_empty(),
        "one login at a time"
    );
    let error = OpError::new(ErrorKind::Failed, "x", "It was refused.", "Make a new one.");
    update(&mut model, Msg::Answered(*id, Answered::Act(Err(error))));
    let screen = seen(&model);
    assert!(screen.contains("It was refused.") && screen.contains("Nothing was changed."));
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(id, _)) = effects.first() else {
        panic!("{effects:?}");
    };
    let done = Done {
        text: "Reconnected acme.example, proved just now.".into(),
        command: None,
        channel: Some(ChannelId::from_stored("soc_A2")),
        receipt: Vec::new(),
    };
    update(&mut model, Msg::Answered(*id, Answered::Act(Ok(done))));
    assert!(model.sheets.is_empty());
    assert_eq!(selected(&model), "soc_A2");
    assert!(seen(&model).contains("Reconnected acme.example"));
}

#[test]
fn a_bot_is_connected_by_its_chat_and_a_token_pasted_from_anywhere() {
    let mut model = seed::model(120, 36);
    press(&mut model, "ctele<enter>@acme_news");
    paste(
        &mut model,
        "123456789:AAbbccddeeffgghhiijjkkllmmnnoopp_-1\n",
    );
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(_, Act::SignIn(sign_in))) = effects.first() else {
        panic!("{effects:?}");
    };
    let Credential::BotToken { chat, token } = &sign_in.credential else {
        panic!("{:?}", sign_in.credential);
    };
    assert_eq!(chat, "@acme_news");
    assert!(token.expose().starts_with("123456789:"));
    assert!(!seen(&model).contains("AAbb"));
    assert!(!format!("{model:?}").contains("AAbb"));
}

#[test]
fn enter_goes_to_the_first_field_that_is_still_empty() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cmasto<enter><ctrl-t>");
    assert!(press(&mut model, "<enter>").is_empty());
    paste(&mut model, "https://mas.example");
    assert!(press(&mut model, "<enter>").is_empty());
    press(&mut model, "token-of-ann");
    let effects = press(&mut model, "<enter>");
    let Some(Effect::Act(_, Act::SignIn(sign_in))) = effects.first() else {
        panic!("{effects:?}");
    };
    assert!(
        matches!(&sign_in.credential, Credential::AccessToken { server, token }
        if server == "https://mas.example" && token.expose() == "token-of-ann")
    );
}

#[test]
fn a_network_that_is_not_built_in_says_so_and_opens_nothing() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cwhats<enter>");
    assert_eq!(said(&model), "WhatsApp: coming");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Networks(_)]));
}

#[test]
fn letters_in_a_field_are_text_and_a_paste_outside_is_nothing() {
    let mut model = seed::model(120, 36);
    press(&mut model, "cblue<enter>q?D");
    assert!(matches!(model.sheets.as_slice(), [Sheet::Login(login)] if login.who.text() == "q?D"));
    press(&mut model, "<esc>");
    paste(&mut model, "qD!");
    assert!(model.sheets.is_empty());
    assert_eq!(said(&model), "A paste does nothing here.");
}

pub(super) fn counted(model: &mut Model, counts: DisconnectCounts) {
    let Some(Sheet::Disconnect(sheet)) = model.sheets.last() else {
        panic!("no sheet");
    };
    let id = sheet.asked;
    update(model, Msg::Answered(id, Answered::Counts(Ok(counts))));
}

#[test]
fn e_a_disconnect_needs_the_name_and_then_ten_seconds() {
    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "jjjjjD");
    assert!(matches!(&effects[0], Effect::Load(_, Load::Counts(_))));
    let counts = DisconnectCounts {
        scheduled: 2,
        ..DisconnectCounts::default()
    };
    counted(&mut model, counts.clone());
    press(&mut model, "@acme.example<enter>");
    assert!(!model.sheets.is_empty(), "keys typed ahead are dropped");
    later(&mut model, 1);
    press(&mut model, "@acme.example<enter>");
    assert!(model.sheets.is_empty());
    assert!(seen(&model).contains("Disconnecting acme.example in 10 s · u stops it"));
    let effects = later(&mut model, 10);
    assert!(
        matches!(&effects[0], Effect::Act(_, Act::Disconnect(id, seen)) if id.as_str() == "soc_A2" && *seen == counts)
    );
}

#[test]
fn e_enter_on_anything_else_keeps_the_channel() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjD");
    counted(
        &mut model,
        DisconnectCounts {
            scheduled: 2,
            ..DisconnectCounts::default()
        },
    );
    later(&mut model, 1);
    press(&mut model, "acme<enter>");
    assert!(model.sheets.is_empty() && model.pending.is_empty());
    assert_eq!(said(&model), "Kept: nothing was changed.");
}

#[test]
fn e_without_posts_the_safe_answer_has_the_cursor() {
    let mut model = seed::model(120, 36);
    press(&mut model, "jjjjjD");
    counted(&mut model, DisconnectCounts::default());
    later(&mut model, 1);
    press(&mut model, "<enter>");
    assert!(model.pending.is_empty());
    press(&mut model, "D");
    counted(&mut model, DisconnectCounts::default());
    later(&mut model, 1);
    press(&mut model, "<down><enter>");
    assert_eq!(model.pending.len(), 1);
}

#[test]
fn c5_a_decision_is_live_with_a_link_or_not_live_after_a_second_key() {
    let mut model = seed::model(120, 36);
    press(&mut model, "2kkk<enter>");
    press(&mut model, "2");
    let effects = press(&mut model, "<esc>1");
    assert!(effects.is_empty());
    paste(&mut model, "https://net.example/p/9");
    let effects = press(&mut model, "<enter>");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Act(_, Act::Resolve(_, Answer::Live(Some(link))))] if link == "https://net.example/p/9"
    ));

    let mut model = seed::model(120, 36);
    press(&mut model, "2kkk<enter>");
    assert!(press(&mut model, "2").is_empty());
    let effects = press(&mut model, "<enter>");
    assert!(matches!(
        effects.as_slice(),
        [Effect::Act(_, Act::Resolve(_, Answer::NotLive))]
    ));

    let mut model = seed::model(120, 36);
    let effects = press(&mut model, "2kkk<enter>3");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Act(_, Act::Resolve(_, Answer::Leave))))
    );
}
