//! Bluesky logins in the browser, with the real program: requests are pushed,
//! calls are signed, refresh tokens work once, and the whole login ends after
//! fourteen days.

use std::time::Duration;

use allgreen::domain::channel::{Cause, Status};
use allgreen::domain::delivery::State;
use allgreen::domain::ids::ChannelId;
use allgreen::domain::network::Network;
use allgreen::domain::publisher::PublisherKind;
use allgreen::ops::login::{Purpose, Ways, begin, parse};
use allgreen::sandbox::Sandbox;
use allgreen::sandbox::faults::Fault;
use allgreen::support::clock::Clock;
use tokio::sync::watch;

use crate::common::human::{Answer, Human};
use crate::common::logins::{Waiting, browse};
use crate::common::program::Desk;
use crate::common::simulated::sandbox;
use crate::common::{PATIENCE, eventually, runtime};
use crate::office::{Office, Person, minutes};

const MAIN: &str = "main-password-1";

/// A desk, and a server with two accounts.
struct Scene {
    sandbox: Sandbox,
    desk: Desk,
}

impl Scene {
    fn new() -> Self {
        let sandbox = sandbox();
        for name in ["ann", "bob"] {
            let handle = format!("{name}.test");
            let bluesky = sandbox.bluesky();
            bluesky.create_account(&handle, MAIN, name).unwrap();
        }
        let config = format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
            sandbox.base(),
            sandbox.directory()
        );
        Self {
            sandbox,
            desk: Desk::new(&config),
        }
    }

    fn connect(&self, how: &[&str]) -> Waiting {
        let words = ["connect", "bluesky", "--handle", "ann.test"];
        self.desk.log_in(&[&words, how].concat())
    }

    fn connected(&self) -> String {
        let login = self.connect(&["--no-browser"]);
        browse(&answered(&login, "ann.test", Answer::Allow));
        login.connected()["id"].as_str().unwrap().to_owned()
    }

    fn calls(&self, endpoint: &str) -> usize {
        let calls = self.sandbox.bluesky().calls();
        calls
            .iter()
            .filter(|call| call.endpoint == endpoint)
            .count()
    }

    fn live(&self) -> Vec<String> {
        self.sandbox.bluesky().live_posts("ann.test").unwrap()
    }

    fn logins(&self, account: &str) -> usize {
        self.sandbox.bluesky().oauth_logins(account).unwrap()
    }
}

fn answered(login: &Waiting, account: &str, answer: Answer) -> String {
    let mut human = Human::knowing(MAIN);
    let end = runtime().block_on(human.consent(&login.link, account, answer));
    end.unwrap().to_string()
}

#[test]
fn b2_an_account_is_connected_in_the_browser_and_publishes_before_and_after_a_refresh() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    let (_, page) = browse(&answered(&login, "ann.test", Answer::Allow));
    assert!(page.contains("Logged in"), "{page}");
    let channel = login.connected();
    assert_eq!(channel["lamp"], "green");
    assert_eq!(channel["loginMethod"], "oauth");
    assert_eq!(channel["handle"], "ann.test");
    assert_eq!(
        channel["scopes"],
        serde_json::json!(["atproto", "transition:generic"])
    );
    let id = channel["id"].as_str().unwrap();
    let first = scene.desk.schedule(id, "signed and sent", "in 1s");
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&first, "published");
    daemon.terminate(PATIENCE);
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", id])
        .run()
        .ok();
    assert_eq!(scene.calls("com.atproto.server.refreshSession"), 0);
    let second = scene.desk.schedule(id, "and again", "in 1s");
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&second, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(scene.live(), ["signed and sent", "and again"]);
    let after = scene.desk.channel(id);
    assert_eq!(after["grantExpiry"], "estimated");
    assert_eq!(
        after["grantExpiresAt"], channel["grantExpiresAt"],
        "a refresh does not move the end"
    );
}

#[test]
fn b2_the_dead_address_is_pasted() {
    let scene = Scene::new();
    let mut login = scene.connect(&["--paste", "-"]);
    let dead = answered(&login, "ann.test", Answer::Allow);
    login.running.type_line(&dead);
    assert_eq!(login.connected()["lamp"], "green");
    assert_eq!(scene.logins("ann.test"), 1);
}

#[test]
fn b4_a_refusal_and_another_account_change_nothing() {
    let scene = Scene::new();
    let login = scene.connect(&["--no-browser"]);
    browse(&answered(&login, "ann.test", Answer::Deny));
    login.refused("access_denied");
    let login = scene.connect(&["--no-browser"]);
    browse(&answered(&login, "bob.test", Answer::Allow));
    login.refused("another_account");
    assert_eq!(scene.logins("bob.test"), 0, "its tokens are given back");
    assert_eq!(scene.desk.json(&["channel", "list"]), serde_json::json!([]));
}

#[test]
fn a_login_its_owner_removed_is_held_and_mended_in_the_browser() {
    let scene = Scene::new();
    let id = scene.connected();
    let post = scene.desk.schedule(&id, "at its time", "in 2s");
    scene.sandbox.bluesky().end_oauth("ann.test").unwrap();
    scene.desk.home.allgreen(["channel", "probe", &id]).run();
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["status"], "REVOKED", "{channel:#}");
    assert_eq!(scene.desk.delivery(&post)["state"], "held");
    let login = scene.desk.log_in(&["reconnect", &id, "--no-browser"]);
    browse(&answered(&login, "ann.test", Answer::Allow));
    assert_eq!(login.connected()["reconnected"], true);
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&post, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(scene.live(), ["at its time"]);
}

#[test]
fn e_a_disconnect_gives_the_tokens_back() {
    let scene = Scene::new();
    let id = scene.connected();
    assert_eq!(scene.logins("ann.test"), 1);
    let words = ["channel", "disconnect", &id, "--yes"];
    scene.desk.home.allgreen(words).run().ok();
    assert_eq!(scene.logins("ann.test"), 0);
    // One to learn the nonce, one that counts.
    assert_eq!(scene.calls("revoke"), 2);
}

#[test]
fn a_refresh_whose_answer_is_lost_ends_in_held_posts_and_never_in_two() {
    let scene = Scene::new();
    let id = scene.connected();
    let post = scene.desk.schedule(&id, "only once", "in 3s");
    // The server has moved on to a pair that nobody here knows.
    let bluesky = scene.sandbox.bluesky();
    let before = scene.calls("token");
    // The first call of a process only learns the nonce.
    bluesky.fault_once("token", Fault::Delay(0));
    bluesky.fault_once("token", Fault::DropAnswer);
    scene.desk.home.allgreen(["channel", "refresh", &id]).run();
    eventually("the refresh arrived", PATIENCE, || {
        scene.calls("token") > before + 1
    });
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&post, "held");
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["status"], "REVOKED", "{channel:#}");
    assert_eq!(scene.live(), Vec::<String>::new());
    let login = scene.desk.log_in(&["reconnect", &id, "--no-browser"]);
    browse(&answered(&login, "ann.test", Answer::Allow));
    login.connected();
    scene.desk.wait_for_state(&post, "published");
    daemon.terminate(PATIENCE);
    assert_eq!(scene.live(), ["only once"]);
    assert_eq!(bluesky.ledger().len(), 1);
}

/// Whether a channel says that it ended because a refresh was interrupted.
fn interrupted(channel: &serde_json::Value) -> bool {
    let detail = channel["statusDetail"].as_str().unwrap_or_default();
    detail.starts_with("interrupted during refresh at ")
}

#[test]
fn row_36_a_crash_with_the_answer_in_hand_is_tried_once_more_and_then_said_as_it_is() {
    let scene = Scene::new();
    let id = scene.connected();
    let post = scene.desk.schedule(&id, "held until then", "in 2s");
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .fault("refresh.answered")
        .run()
        .expect_killed();
    let before = scene.calls("token");
    // The next publisher finds what was asked of the one that died.
    scene.desk.home.allgreen(["daemon", "--once"]).run();
    // One to learn the nonce, one try.
    assert_eq!(scene.calls("token") - before, 2);
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["status"], "TOKEN_EXPIRED", "{channel:#}");
    assert_eq!(channel["cause"], "expired");
    assert!(interrupted(&channel), "{channel:#}");
    assert_eq!(scene.desk.delivery(&post)["state"], "held");
    let login = scene.desk.log_in(&["reconnect", &id, "--no-browser"]);
    browse(&answered(&login, "ann.test", Answer::Allow));
    login.connected();
    let daemon = scene.desk.home.daemon();
    scene.desk.wait_for_state(&post, "published");
    daemon.terminate(PATIENCE);
}

#[test]
fn row_36_new_tokens_that_a_locked_store_cannot_take_survive_the_crash_of_their_holder() {
    let scene = Scene::new();
    let id = scene.connected();
    // The first call of a process only learns the nonce.
    scene.sandbox.bluesky().fault_once("token", Fault::Delay(0));
    scene
        .sandbox
        .bluesky()
        .fault_once("token", Fault::Delay(1_000));
    let refreshing = scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .fault("refresh.rescued")
        .spawn();
    let other = rusqlite::Connection::open(scene.desk.home.file("allgreen.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    eventually("the refresh is on the wire", PATIENCE, || {
        let sent = "SELECT count(*) FROM login WHERE refresh_sent_at IS NOT NULL";
        other
            .query_row(sent, [], |row| row.get::<_, i64>(0))
            .unwrap()
            == 1
    });
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Locked for longer than ten seconds: kept beside the store, then killed.
    refreshing.wait(PATIENCE).expect_killed();
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    scene.desk.home.allgreen(["check"]).run().expect_code(2);
    // Refresh tokens work once: only the new ones prove anything.
    scene
        .desk
        .home
        .allgreen(["channel", "refresh", &id])
        .run()
        .ok();
    let channel = scene.desk.channel(&id);
    assert_eq!(channel["lamp"], "green", "{channel:#}");
    assert_eq!(scene.logins("ann.test"), 1);
    let kept = std::fs::read(scene.desk.home.file("allgreen.db.rescue")).unwrap();
    assert!(kept.iter().all(|byte| *byte == 0), "wiped after the import");
}

/// Connects in the browser of an office whose clock stands.
pub async fn channel(office: &Office, person: &Person) -> ChannelId {
    let purpose = Purpose::Connect {
        workspace: office.main().await,
        network: Network::Bluesky,
        server: None,
        account: Some(person.handle.clone()),
    };
    let mut login = begin(&office.hub, purpose, Ways::Browser).await.unwrap();
    let link = login.link().to_string();
    let mut human = Human::knowing(MAIN);
    let back = human.consent(&link, &person.handle, Answer::Allow).await;
    let pasted = parse(back.unwrap().as_str()).unwrap();
    login.paster().give(pasted).unwrap();
    let answer = login.wait().await.unwrap();
    let connected = login.finish(&office.hub, answer).await.unwrap();
    connected.channel.channel.id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_in_the_browser_ends_after_fourteen_days_and_says_what_lasts_longer() {
    let office = Office::open().await;
    let ann = office.person("ann");
    let id = channel(&office, &ann).await;
    let shown = async || {
        let id = id.clone();
        office
            .hub
            .store
            .read(move |q| q.channel(&id))
            .await
            .unwrap()
    };
    let began = office.clock.now();
    let first = shown().await;
    let fourteen = Duration::from_secs(14 * 86_400);
    assert_eq!(first.token.grant_expires_at, Some(began.plus(fourteen)));
    let late = office.post(&id, "too late", fourteen + minutes(60)).await;
    let engine = office.engine();
    let (stop, stopped) = watch::channel(false);
    let running = engine.clone();
    let task = tokio::spawn(async move { running.run(PublisherKind::Daemon, stopped).await });
    let pass = |time: Duration| {
        office.clock.advance(time);
        engine.wake();
    };
    // Refreshed every day, nearly to the end.
    for _ in 0..13 {
        let before = shown().await.token.generation;
        pass(minutes(23 * 60));
        let refreshed = async || shown().await.token.generation > before;
        until(&pass, "it is refreshed", refreshed).await;
    }
    let near = shown().await;
    assert!(office.clock.now() < began.plus(fourteen));
    assert!(near.publishable, "{near:#?}");
    assert_eq!(near.token.grant_expires_at, Some(began.plus(fourteen)));
    pass(began.plus(fourteen).since(office.clock.now()));
    let over = async || !shown().await.publishable;
    until(&pass, "it is over", over).await;
    let ended = shown().await;
    assert_eq!(ended.cause, Cause::Expired, "{ended:#?}");
    assert_eq!(ended.status, Status::TokenExpired);
    let said = ended.evidence.message.unwrap_or_default();
    assert!(said.contains("an app password has no such end"), "{said}");
    pass(minutes(60));
    let delivery = office
        .hub
        .store
        .read({
            let late = late.clone();
            move |q| q.delivery(&late)
        })
        .await
        .unwrap();
    assert_eq!(delivery.state, State::Scheduled);
    let live = office.sandbox.bluesky().live_posts(&ann.did).unwrap();
    assert!(live.is_empty(), "{live:?}");
    stop.send(true).unwrap();
    task.await.unwrap().unwrap();
}

/// Lets time pass until a condition holds.
async fn until(pass: &impl Fn(Duration), what: &str, condition: impl AsyncFn() -> bool) {
    let real = Clock::real();
    for _ in 0..100 {
        for _ in 0..10 {
            if condition().await {
                return;
            }
            real.sleep(Duration::from_millis(3)).await;
        }
        pass(minutes(10));
    }
    panic!("time passed in vain until {what}");
}
