//! Logins in the browser at the reference AT Protocol server: requests pushed
//! first, every call signed, refresh tokens that work once.

use serde_json::json;

use crate::common::PATIENCE;
use crate::common::logins::{Waiting, browse};
use crate::common::program::Desk;
use crate::consent::answer;
use crate::server::{Account, Peer};

struct Scene {
    desk: Desk,
    ann: Account<'static>,
}

impl Scene {
    fn new() -> Self {
        // No proxy in between: what is signed is the address that is called.
        let peer = Peer::shared();
        let config = format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
            peer.pds, peer.plc
        );
        Self {
            ann: peer.account("signed"),
            desk: Desk::new(&config),
        }
    }

    fn connect(&self, who: &Account<'_>) -> Waiting {
        let words = [
            "connect",
            "bluesky",
            "--handle",
            &who.handle,
            "--no-browser",
        ];
        self.desk.log_in(&words)
    }

    fn connected(&self) -> String {
        let login = self.connect(&self.ann);
        browse(&answer(
            &login.link,
            &self.ann.handle,
            &self.ann.password,
            true,
        ));
        login.connected()["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_account_is_connected_in_the_browser_and_posts_with_signed_calls() {
    let scene = Scene::new();
    let login = scene.connect(&scene.ann);
    let back = answer(&login.link, &scene.ann.handle, &scene.ann.password, true);
    let (_, page) = browse(&back);
    assert!(page.contains("Logged in"), "{page}");
    let channel = login.connected();
    assert_eq!(channel["lamp"], "green");
    assert_eq!(channel["loginMethod"], "oauth");
    assert_eq!(channel["handle"], scene.ann.handle.as_str());
    assert_eq!(channel["platformAccountId"], scene.ann.did.as_str());
    // The end of such a login is a rule of the network, and said.
    assert_eq!(channel["grantExpiry"], "estimated");
    let id = channel["id"].as_str().unwrap();
    let post = scene.desk.schedule(id, "signed and sent", "in 1s");
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&post, "published");
    daemon.terminate(PATIENCE);
    // The proof of every hour is a refresh; the pair after it publishes, too.
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", id])
        .run()
        .ok();
    scene
        .desk
        .home
        .allgreen(["channel", "probe", id])
        .run()
        .ok();
    let again = scene.desk.schedule(id, "and again", "in 1s");
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&again, "published");
    daemon.terminate(PATIENCE);
    let grant = &scene.desk.channel(id)["grantExpiresAt"];
    assert_eq!(
        grant, &channel["grantExpiresAt"],
        "a refresh does not move the end"
    );
}

#[test]
fn a_rejected_login_and_one_as_somebody_else_change_nothing() {
    let scene = Scene::new();
    let login = scene.connect(&scene.ann);
    browse(&answer(
        &login.link,
        &scene.ann.handle,
        &scene.ann.password,
        false,
    ));
    login.refused("access_denied");
    let bob = Peer::shared().account("other");
    let login = scene.connect(&scene.ann);
    browse(&answer(&login.link, &bob.handle, &bob.password, true));
    login.refused("another_account");
    assert_eq!(scene.desk.json(&["channel", "list"]), json!([]));
}

#[test]
fn a_takedown_is_told_from_a_login_that_ended_and_an_app_password_takes_over() {
    let scene = Scene::new();
    let id = scene.connected();
    scene.ann.take_down();
    scene.desk.home.allgreen(["channel", "probe", &id]).run();
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["cause"], "restricted", "{channel:#}");
    scene.ann.lift_takedown();
    scene.desk.home.allgreen(["channel", "probe", &id]).run();
    // A takedown ends the logins of the account; whatever is left of this one,
    // an app password mends the channel without a browser.
    let password = scene.ann.app_password("allgreen");
    scene
        .desk
        .home
        .allgreen(["channel", "reconnect", &id, "--password-stdin"])
        .input(format!("{password}\n"))
        .run()
        .ok();
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["lamp"], "green");
    assert_eq!(channel["loginMethod"], "app_password");
    scene
        .desk
        .home
        .allgreen(["channel", "probe", &id])
        .run()
        .ok();
}

#[test]
fn a_disconnect_ends_the_login_at_the_server() {
    let scene = Scene::new();
    let id = scene.connected();
    let gone = scene
        .desk
        .home
        .allgreen(["channel", "disconnect", &id, "--yes"]);
    let outcome = gone.run().ok();
    let said = &outcome.stdout;
    assert!(
        said.contains("asked to forget the login, and did"),
        "{said}"
    );
}
