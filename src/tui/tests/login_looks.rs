//! Logins in the browser as they look.

use std::time::Duration;

use super::logins::{LINK, another, error, link_as, news, reconnect, waiting};
use super::look::{DARK, MONO, at_sizes};
use super::seed::{self, later};
use super::stories::{paste, press, seen};
use crate::ops::login::Device;
use crate::tui::model::Model;
use crate::tui::msg::LoginNews;

/// What is seen at 80x24 in colour and at 120x36 without.
fn looks(name: &str, story: impl Fn(&mut Model)) {
    let sizes = [(80, 24, DARK), (120, 36, MONO)];
    for (size, seen) in at_sizes(&sizes, seed::model, story) {
        insta::assert_snapshot!(format!("{name}_{size}"), seen);
    }
}

#[test]
fn a_login_that_waits() {
    looks("waiting", |model| {
        waiting(model);
    });
}

#[test]
fn a_login_that_waits_over_ssh_in_silence() {
    looks("over_ssh", |model| {
        model.set.over_ssh = true;
        let id = reconnect(model);
        link_as(model, id, "w", |ready| {
            ready.tunnel = Some("ssh -L 8917:127.0.0.1:8917 hub.example".into());
            ready.device = Some(Device {
                user_code: "ABCD-EFGH".into(),
                page: "https://mas.to/device".into(),
                page_with_code: None,
                lives: Duration::from_secs(600),
            });
        });
        later(model, 61);
    });
}

#[test]
fn a_login_that_was_refused() {
    looks("refused", |model| {
        let id = waiting(model);
        let refused = error(
            "access_denied",
            "The login was refused on Mastodon's page; nothing was changed.",
            "Begin it again and allow it, as somebody who may.",
        );
        news(model, id, LoginNews::Ended(Err(refused)));
    });
}

#[test]
fn a_login_of_another_account() {
    looks("another", |model| {
        let id = waiting(model);
        news(model, id, LoginNews::Ended(Err(another())));
    });
}

#[test]
fn a_paste_of_the_link_itself() {
    looks("pasted_link", |model| {
        waiting(model);
        paste(model, LINK);
    });
}

#[test]
fn asking_for_the_server() {
    looks("server", |model| {
        press(model, "cmasto<enter>");
    });
}

#[test]
fn an_answer_that_is_checked() {
    looks("checking", |model| {
        let id = waiting(model);
        news(model, id, LoginNews::Checking);
    });
}

#[test]
fn logins_that_wait_while_the_list_is_open() {
    looks("status_line", |model| {
        waiting(model);
        press(model, "<esc>");
    });
}

#[test]
fn where_room_is_short_what_happened_goes_before_advice() {
    let mut model = seed::model(60, 20);
    model.set.over_ssh = true;
    let id = reconnect(&mut model);
    link_as(&mut model, id, "w", |ready| {
        ready.tunnel = Some("ssh -L 8917:127.0.0.1:8917 hub.example".into());
    });
    paste(&mut model, LINK);
    let screen = seen(&model);
    for words in ["Open it, log in, and copy", "Waiting for browser", "ssh -L"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
}

#[test]
fn the_sheet_is_never_drawn_outside_of_the_frame() {
    let mut model = seed::model(120, 36);
    waiting(&mut model);
    later(&mut model, 61);
    for width in [0, 1, 2, 9, 20, 40, 60, 80, 120] {
        for height in [0, 1, 2, 5, 8, 12, 24, 36] {
            let frame = ratatui::layout::Rect::new(0, 0, width, height);
            let mut buffer = ratatui::buffer::Buffer::empty(frame);
            crate::tui::view::draw(&model, frame, &mut buffer);
            assert_eq!(buffer.area, frame);
        }
    }
}
