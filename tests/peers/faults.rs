//! The proxy spoils what it was told to spoil, and nothing else. Every story
//! about a lost or doubled answer rests on these.

use std::process::Command;
use std::time::Duration;

use reqwest::Method;

use crate::common::process::{Run, Running};
use crate::common::proxy::{Fault, Gate, Victim};
use crate::common::{PATIENCE, http, runtime};
use crate::recorded::{put, put_body};
use crate::server::{self, Account, Answer, Auth, Front, Peer};

const PUT: &str = "com.atproto.repo.putRecord";

/// An account behind fresh proxies, with a session got through them.
struct Scene {
    front: Front,
    account: Account<'static>,
    token: String,
}

impl Scene {
    fn new(stem: &str) -> Self {
        let peer = Peer::shared();
        let front = peer.front();
        let account = peer.account(stem);
        let password = account.app_password("allgreen");
        let token = front
            .xrpc()
            .post(
                "com.atproto.server.createSession",
                Auth::None,
                serde_json::json!({ "identifier": account.handle, "password": password }),
            )
            .ok()
            .text("accessJwt");
        Self {
            front,
            account,
            token,
        }
    }

    fn put(&self) -> Answer {
        put(&self.front.xrpc(), &self.account, &self.token, "hello")
    }

    /// A put that may stay without an answer.
    fn try_put(&self) -> Result<Answer, reqwest::Error> {
        self.front.xrpc().try_call(
            Method::POST,
            PUT,
            &[],
            Auth::Bearer(&self.token),
            Some(put_body(&self.account, "hello")),
        )
    }

    /// A put by a client that gives up soon.
    fn put_with_timeout(&self, limit: Duration) -> reqwest::Result<reqwest::Response> {
        let request = http()
            .post(format!("{}/xrpc/{PUT}", self.front.pds.url()))
            .bearer_auth(&self.token)
            .json(&put_body(&self.account, "hello"))
            .timeout(limit);
        // Sent inside, since a timeout belongs to a runtime.
        runtime().block_on(async { request.send().await })
    }
}

#[test]
fn the_proxy_is_a_plain_wire_that_takes_notes() {
    let scene = Scene::new("wire");
    scene.put().ok();
    let again = scene.put().ok();
    assert!(again.body.get("commit").is_none());

    let calls = scene.front.pds.wait_for(PUT, 2);
    assert_eq!(calls[0].body_sha256, calls[1].body_sha256);
    assert_eq!(calls[0].json()["record"]["text"], "hello");
    assert!(calls[0].id < calls[1].id && calls[0].at <= calls[1].at);
    for call in &calls {
        assert_eq!(call.server_said, [200]);
        assert!(call.client_heard && call.fault.is_none(), "{call:?}");
    }
    assert_eq!(scene.front.pds.calls("com.atproto.server.*").len(), 1);

    scene.front.pds.forget_calls();
    let query = [("repo", scene.account.did.as_str())];
    let about = "com.atproto.repo.describeRepo";
    scene.front.xrpc().get(about, Auth::None, &query).ok();
    let calls = scene.front.pds.wait_for("*", 1);
    assert_eq!((calls.len(), calls[0].verb.as_str()), (1, "GET"));
    assert!(calls[0].query.starts_with("repo=did"));
}

#[test]
fn identities_point_to_the_proxy_and_nothing_else_is_rewritten() {
    let scene = Scene::new("identity");
    let pds = scene.front.pds.url();

    let session = scene
        .front
        .xrpc()
        .get(
            "com.atproto.server.getSession",
            Auth::Bearer(&scene.token),
            &[],
        )
        .ok();
    let service = &session.body["didDoc"]["service"][0];
    assert_eq!(service["serviceEndpoint"], pds.as_str());

    let config: toml::Table = scene.front.config().parse().unwrap();
    let bluesky = &config["networks"]["bluesky"];
    assert_eq!(bluesky["api_base"].as_str(), Some(pds.as_str()));

    let document = format!("{}/{}", scene.front.plc.url(), scene.account.did);
    let document: serde_json::Value = runtime()
        .block_on(async { http().get(document).send().await?.json().await })
        .unwrap();
    assert_eq!(document["service"][0]["serviceEndpoint"], pds.as_str());
    assert_eq!(scene.front.plc.calls("/did:plc:*").len(), 1);

    let metadata = format!("{pds}/.well-known/oauth-protected-resource");
    let metadata: serde_json::Value = runtime()
        .block_on(async { http().get(metadata).send().await?.json().await })
        .unwrap();
    assert_eq!(metadata["resource"], Peer::shared().pds.as_str());
}

#[test]
fn the_proxy_loses_an_answer_although_the_server_did_it() {
    let scene = Scene::new("lost");
    scene.front.pds.next(PUT, Fault::LoseAnswer);

    assert!(scene.try_put().is_err());

    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert_eq!(call.server_said, [200]);
    assert!(!call.client_heard);
    assert_eq!(scene.account.texts(), ["hello"]);
    let again = scene.put().ok();
    assert!(again.body.get("commit").is_none(), "it was there already");
}

#[test]
fn the_proxy_drops_a_call_before_the_server_hears_of_it() {
    let scene = Scene::new("dropped");
    scene.front.pds.next(PUT, Fault::DropBefore);

    assert!(scene.try_put().is_err());

    assert_eq!(scene.front.pds.wait_for(PUT, 1)[0].forwarded, 0);
    assert_eq!(scene.account.texts(), [""; 0]);
}

#[test]
fn the_proxy_doubles_a_call() {
    let scene = Scene::new("doubled");
    scene.front.pds.next(PUT, Fault::Double);

    let answer = scene.put().ok();

    assert!(answer.body.get("commit").is_none(), "the second reply");
    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert_eq!(
        (call.forwarded, &call.server_said[..]),
        (2, &[200, 200][..])
    );
    assert_eq!(scene.account.texts(), ["hello"]);
}

#[test]
fn the_proxy_says_500_though_it_is_done() {
    let scene = Scene::new("liar");
    scene.front.pds.next(PUT, Fault::Error500ThoughDone);

    assert_eq!(scene.put().verdict(), (500, "InternalServerError"));

    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert_eq!(
        (&call.server_said[..], call.answer),
        (&[200][..], Some(500))
    );
    assert_eq!(scene.account.texts(), ["hello"]);
}

#[test]
fn a_call_delayed_past_the_clients_patience_arrives_after_all() {
    let scene = Scene::new("delayed");
    let gate = Gate::new();
    scene.front.pds.next(PUT, Fault::HoldRequest(gate.clone()));

    let gave_up = scene.put_with_timeout(Duration::from_millis(200));
    assert!(gave_up.unwrap_err().is_timeout());
    assert_eq!(scene.account.texts(), [""; 0]);

    gate.open();
    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert_eq!(call.server_said, [200]);
    assert!(!call.client_heard, "{call:?}");
    assert_eq!(scene.account.texts(), ["hello"]);

    let brief = Fault::DelayRequest(Duration::from_millis(50));
    scene.front.pds.next(PUT, brief);
    scene.put().ok();
}

#[test]
fn an_answer_delayed_past_the_clients_patience_is_about_something_done() {
    let scene = Scene::new("late");
    let late = Fault::DelayAnswer(Duration::from_millis(600));
    scene.front.pds.next(PUT, late);

    let gave_up = scene.put_with_timeout(Duration::from_millis(300));
    assert!(gave_up.unwrap_err().is_timeout());
    assert_eq!(scene.account.texts(), ["hello"]);

    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert!(call.server_said == [200] && !call.client_heard, "{call:?}");
}

#[test]
fn faults_wait_in_a_queue_and_spoil_one_call_each() {
    let scene = Scene::new("queue");
    let slow_down = Fault::xrpc_error(429, "RateLimitExceeded", "Rate Limit Exceeded");
    scene.front.pds.next(PUT, Fault::Pass);
    scene.front.pds.next(PUT, slow_down.clone());
    assert_eq!(scene.front.pds.unused_faults(), 2);

    scene.put().ok();
    assert_eq!(scene.put().verdict(), (429, "RateLimitExceeded"));
    scene.put().ok();
    assert_eq!(scene.front.pds.unused_faults(), 0);

    scene.front.pds.every("com.atproto.repo.*", slow_down);
    assert_eq!(scene.put().status, 429);
    assert_eq!(scene.put().status, 429);
    scene.front.pds.heal();
    scene.put().ok();
}

#[test]
fn a_proxy_that_is_down_refuses_and_comes_back_at_the_same_place() {
    let scene = Scene::new("away");
    scene.put().ok();
    scene.front.pds.down();
    assert!(scene.try_put().unwrap_err().is_connect());
    assert!(scene.try_put().unwrap_err().is_connect());
    assert_eq!(scene.front.pds.calls(PUT).len(), 1);
    scene.front.pds.up();
    scene.put().ok();
}

/// Starts a client that is a process of its own, as the program would be.
fn client(scene: &Scene) -> Running {
    const SCRIPT: &str = "const [url, token, body] = process.argv.slice(1)
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
        console.log((await fetch(url, { method: 'POST', headers, body })).status)";
    let mut node = Command::new(server::node());
    node.args(["--input-type=module", "--eval", SCRIPT])
        .arg(format!("{}/xrpc/{PUT}", scene.front.pds.url()))
        .arg(&scene.token)
        .arg(put_body(&scene.account, "hello").to_string());
    Run::of(node).spawn()
}

#[test]
fn a_client_killed_on_its_first_byte_has_sent_nothing() {
    let scene = Scene::new("first");
    let alive = client(&scene).wait(PATIENCE).ok();
    assert_eq!(alive.stdout, "200\n");
    scene.front.pds.forget_calls();

    let victim = Victim::default();
    scene
        .front
        .pds
        .next(PUT, Fault::kill_on_first_byte(&victim));
    let dying = client(&scene);
    victim.is(dying.pid());

    assert_eq!(dying.wait(PATIENCE).expect_killed().stdout, "");
    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert_eq!((call.forwarded, call.client_heard), (0, false));
}

#[test]
fn a_client_killed_on_arrival_has_posted_without_knowing() {
    let scene = Scene::new("last");
    let victim = Victim::default();
    scene.front.pds.next(PUT, Fault::kill_on_arrival(&victim));
    let dying = client(&scene);
    victim.is(dying.pid());

    assert_eq!(dying.wait(PATIENCE).expect_killed().stdout, "");
    let call = &scene.front.pds.wait_for(PUT, 1)[0];
    assert!(call.server_said == [200] && !call.client_heard, "{call:?}");
    assert_eq!(scene.account.texts(), ["hello"]);
}
