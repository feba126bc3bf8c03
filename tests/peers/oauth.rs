//! Logins at a whole OAuth 2 server with rotating refresh tokens: reuse of one
//! ends the family, so these stories show that it never happens.

use std::time::Duration;

use serde_json::json;

use crate::common::human::{Answer, Human, consent};
use crate::common::logins::{Waiting, browse};
use crate::common::program::Desk;
use crate::common::proxy::Fault;
use crate::common::{PATIENCE, eventually_some, runtime};
use crate::oauth_server::OAuthServer;

const REFRESHED: &str = "refresh_token.ok";

struct Scene {
    server: OAuthServer,
    desk: Desk,
}

impl Scene {
    fn new(knobs: &[(&str, &str)]) -> Self {
        let server = OAuthServer::start(knobs);
        let desk = Desk::new(&server.config());
        Self { server, desk }
    }

    fn connect(&self) -> Waiting {
        let api = &self.server.api;
        self.desk
            .log_in(&["connect", "mastodon", "--server", api, "--no-browser"])
    }

    fn connected(&self) -> String {
        let login = self.connect();
        browse(&answered(&login));
        login.connected()["id"].as_str().unwrap().to_owned()
    }

    fn lamp(&self, id: &str) -> String {
        self.desk.channel(id)["lamp"].as_str().unwrap().to_owned()
    }
}

/// Where the browser is sent after the person of this server has answered.
fn answered(login: &Waiting) -> String {
    let end = runtime().block_on(consent(&login.link, "alice", Answer::Allow));
    end.unwrap().to_string()
}

#[test]
fn ten_processes_that_refresh_one_login_are_one_grant() {
    let scene = Scene::new(&[("ACCESS_TTL", "3600")]);
    let id = scene.connected();
    let spacing = "[engine]\nrefresh_spacing = \"5s\"\n";
    let config = format!("{}{spacing}", scene.server.config());
    scene.desk.home.write_config(&config);
    scene.desk.wait_for_age(&id, Duration::from_secs(5));
    // Nobody publishes: each of the ten may have to do it itself.
    let all: Vec<_> = (0..10)
        .map(|_| {
            scene
                .desk
                .home
                .allgreen(["channel", "refresh", &id])
                .spawn()
        })
        .collect();
    for one in all {
        one.wait(PATIENCE * 2).ok();
    }
    assert_eq!(scene.server.count(REFRESHED), 1);
    let reused = scene.server.count("refresh_token.invalid_grant");
    assert_eq!(reused, 0, "no family was ended");
    scene.desk.wait_for_age(&id, Duration::from_secs(5));
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .run()
        .ok();
    assert_eq!(scene.server.count(REFRESHED), 2, "and the chain goes on");
    assert_eq!(scene.lamp(&id), "green");
}

#[test]
fn a_token_that_ends_soon_is_renewed_by_the_publisher_before_a_post() {
    let scene = Scene::new(&[("ACCESS_TTL", "60")]);
    let id = scene.connected();
    scene
        .desk
        .home
        .allgreen(["channel", "probe", &id])
        .run()
        .ok();
    assert_eq!(scene.server.count(REFRESHED), 1);
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["tokenExpiry"], "date");
    assert_eq!(channel["lamp"], "green");
}

#[test]
fn a_lost_refresh_answer_ends_in_held_posts_and_a_login_that_mends() {
    let scene = Scene::new(&[("ACCESS_TTL", "3600")]);
    let id = scene.connected();
    let post = scene.desk.schedule(&id, "kept", "in 1h");
    scene.server.proxy.next("/token", Fault::LoseAnswer);
    let lost = scene.desk.home.allgreen(["channel", "refresh", &id]).run();
    assert_eq!(
        scene.server.count(REFRESHED),
        1,
        "the server did it: {}",
        lost.stderr
    );
    let after_loss = scene.desk.channel(&id);
    assert_eq!(
        after_loss["status"], "ACTIVE",
        "an answer that did not come says nothing"
    );
    // The next one shows a refresh token that was used already.
    scene.desk.home.allgreen(["channel", "refresh", &id]).run();
    assert!(scene.server.count("refresh_token.invalid_grant") >= 1);
    let broken = scene.desk.channel(&id);
    assert_eq!(broken["lamp"], "broken", "{broken:#}");
    assert_eq!(broken["networkCode"], "invalid_grant");
    assert_eq!(scene.desk.delivery(&post)["state"], "held");
    let login = scene.desk.log_in(&["reconnect", &id, "--no-browser"]);
    browse(&answered(&login));
    assert_eq!(login.connected()["lamp"], "green");
    assert_eq!(scene.desk.delivery(&post)["state"], "scheduled");
}

#[test]
fn three_answers_of_503_never_count() {
    let scene = Scene::new(&[("ACCESS_TTL", "3600")]);
    let id = scene.connected();
    scene.server.tell("fault?count=3&status=503");
    for _ in 0..3 {
        scene.desk.home.allgreen(["channel", "refresh", &id]).run();
        let channel = scene.desk.channel(&id);
        assert_eq!(channel["status"], "ACTIVE");
        assert_eq!(channel["publishable"], true);
    }
    assert_eq!(scene.server.count("fault.503"), 3);
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .run()
        .ok();
    assert_eq!(scene.server.count(REFRESHED), 1);
    assert_eq!(scene.lamp(&id), "green");
}

#[test]
fn a_refused_and_a_partial_consent_are_told_apart() {
    let scene = Scene::new(&[]);
    scene.server.tell("mode?consent=deny");
    let login = scene.connect();
    browse(&answered(&login));
    login.refused("access_denied");
    assert_eq!(scene.desk.json(&["channel", "list"]), json!([]));
    scene
        .server
        .tell("mode?consent=allow&deny_scopes=write:statuses");
    let login = scene.connect();
    browse(&answered(&login));
    let channel = login.connected();
    assert_eq!(channel["missingScopes"], json!(["write:statuses"]));
    assert_eq!(channel["cause"], "scope_missing");
    scene.server.tell("mode?deny_scopes=");
    let id = channel["id"].as_str().unwrap();
    let login = scene.desk.log_in(&["reconnect", id, "--no-browser"]);
    browse(&answered(&login));
    assert_eq!(login.connected()["lamp"], "green");
}

#[test]
fn a_code_typed_on_another_device_connects_and_a_refusal_there_is_said() {
    let scene = Scene::new(&[]);
    let api = &scene.server.api;
    for (allow, code) in [(false, Some("access_denied")), (true, None)] {
        let words = [
            "channel", "connect", "mastodon", "--server", api, "--device", "--json",
        ];
        let running = scene.desk.home.allgreen(words).spawn();
        let (typed, page) = eventually_some("the code", PATIENCE, || {
            let said = running.stderr();
            let line = |name: &str| {
                said.lines()
                    .find_map(|one| one.strip_prefix(name).map(str::to_owned))
            };
            Some((
                line("code: ")?,
                line("page: ").filter(|_| said.contains("left."))?,
            ))
        });
        let last = runtime().block_on(Human::default().type_code(&page, &typed, allow));
        let outcome = running.wait(PATIENCE * 2);
        match code {
            Some(code) => {
                let outcome = outcome.expect_code(1);
                assert!(outcome.stderr.contains(code), "{last}: {}", outcome.stderr);
            }
            None => assert_eq!(outcome.ok().json()["lamp"], "green", "{last}"),
        }
    }
}

#[test]
fn a_login_the_person_removes_at_the_server_is_revoked_here_and_mended() {
    let scene = Scene::new(&[("ACCESS_TTL", "3600")]);
    let id = scene.connected();
    scene.server.tell("revoke_all");
    scene.desk.home.allgreen(["channel", "probe", &id]).run();
    assert_eq!(scene.desk.channel(&id)["status"], "REVOKED");
    let login = scene.desk.log_in(&["reconnect", &id, "--no-browser"]);
    browse(&answered(&login));
    assert_eq!(login.connected()["lamp"], "green");
    let gone = ["channel", "disconnect", &id, "--yes"];
    scene.desk.home.allgreen(gone).run().ok();
}
