//! What can be made to go wrong, and what is written down about it.

use super::*;
use allgreen::sandbox::faults::{Fault, Outage, Times};

const PUT: &str = "com.atproto.repo.putRecord";
const RKEY: &str = "3n2rzpbzt3k2z";

#[tokio::test]
async fn a_dropped_answer_leaves_the_post_live_and_a_dropped_request_does_not() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let bluesky = scene.bluesky();
    bluesky.fault_once(PUT, Fault::DropBeforeProcessing);
    bluesky.fault_once(PUT, Fault::DropAnswer);
    let body = scene.once(RKEY, "lost");
    let lost = scene.try_post(PUT, Some(&access), &body).await;
    assert!(lost.unwrap_err().is_request());
    assert_eq!(scene.get_record(RKEY).await.status, 400);
    let lost = scene.try_post(PUT, Some(&access), &body).await;
    assert!(lost.is_err());
    scene.get_record(RKEY).await.ok();
    assert_eq!(scene.put(&access, &body).await.ok().get("commit"), None);
    assert_eq!(bluesky.ledger().len(), 1);
    let statuses: Vec<Option<u16>> = bluesky
        .calls()
        .iter()
        .filter(|call| call.endpoint == PUT)
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [None, None, Some(200)]);
}

#[tokio::test]
async fn a_request_can_be_done_long_after_its_connection_died() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    scene.bluesky().fault_once(PUT, Fault::ProcessLater(150));
    let body = scene.once(RKEY, "late");
    assert!(scene.try_post(PUT, Some(&access), &body).await.is_err());
    assert_eq!(scene.get_record(RKEY).await.status, 400);
    while scene.get_record(RKEY).await.status != 200 {
        Clock::real().sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_undo_what_the_server_does() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    scene.bluesky().fault_once(PUT, Fault::Delay(400));
    let body = scene.once(RKEY, "slow");
    let slow = scene
        .request(Method::POST, &format!("/xrpc/{PUT}"), Some(&access))
        .json(&body)
        .timeout(Duration::from_millis(100));
    assert!(scene.send(slow).await.unwrap_err().is_timeout());
    scene.get_record(RKEY).await.ok();
    let finished = || {
        let calls = scene.bluesky().calls();
        calls
            .iter()
            .any(|c| c.endpoint == PUT && c.status == Some(200))
    };
    for _ in 0..500 {
        if finished() {
            return;
        }
        Clock::real().sleep(Duration::from_millis(10)).await;
    }
    panic!("the server stopped when its client hung up");
}

#[tokio::test]
async fn lying_broken_and_huge_answers_are_given_as_told() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let bluesky = scene.bluesky();
    let html = "<html>gone</html>".to_owned();
    bluesky.fault_once(PUT, Fault::Status(503, html.clone()));
    bluesky.fault_once(PUT, Fault::StatusThoughDone(504, html));
    bluesky.fault_once(PUT, Fault::BrokenJson);
    bluesky.fault_once(PUT, Fault::HugeJson(3 << 20));
    bluesky.fault_once(PUT, Fault::RateLimited { retry_after: 77 });
    bluesky.fault_once(PUT, Fault::Down);
    assert_eq!(bluesky.waiting_faults(), 6);
    let body = scene.once(RKEY, "x");
    let reply = scene.put(&access, &body).await;
    assert_eq!(
        (reply.status, reply.text.as_str()),
        (503, "<html>gone</html>")
    );
    assert_eq!(scene.get_record(RKEY).await.status, 400);
    assert_eq!(scene.put(&access, &body).await.status, 504);
    scene.get_record(RKEY).await.ok();
    let broken = scene.put(&access, &body).await;
    assert_eq!(broken.status, 200);
    assert!(serde_json::from_str::<Value>(&broken.text).is_err());
    let huge = scene.put(&access, &body).await;
    assert!(huge.text.len() > 3 << 20 && huge.ok()["cid"].is_string());
    let limited = scene.put(&access, &body).await;
    limited.refuses(429, "RateLimitExceeded", "Rate Limit Exceeded");
    assert_eq!(limited.header("retry-after"), "77");
    let down = scene.put(&access, &body).await;
    assert_eq!(down.status, 503);
    assert!(down.text.starts_with("<html>"));
    scene.put(&access, &body).await.ok();
}

#[tokio::test]
async fn a_fault_of_one_account_leaves_the_others_alone_until_it_is_cleared() {
    let scene = Scene::new().await;
    let bluesky = scene.bluesky();
    bluesky.create_account("bob.test", MAIN, "Bob").unwrap();
    let login = "com.atproto.server.createSession";
    let fault = Fault::Status(500, String::new());
    bluesky.fault(login, Some(ALICE), fault, Times::UntilCleared);
    for _ in 0..3 {
        assert_eq!(scene.log_in(MAIN).await.status, 500);
        scene.log_in_as("bob.test", MAIN).await.ok();
    }
    bluesky.clear_faults();
    scene.log_in(MAIN).await.ok();
}

#[tokio::test]
async fn a_network_that_is_down_is_down_on_both_ports_and_comes_back() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    scene.bluesky().down(true);
    let health = scene.request(Method::GET, "/xrpc/_health", None);
    assert!(scene.send(health).await.is_err());
    let plc = format!("{}/{}", scene.sandbox.directory(), scene.did);
    assert!(scene.send(scene.http.get(&plc)).await.is_err());
    scene.bluesky().outage(Outage::Unavailable);
    assert_eq!(scene.get_session(&access).await.status, 503);
    // The operator gets through, since he is not part of the network.
    let up = scene.request(Method::POST, "/control/bluesky/down", None);
    let up = scene.send(up.json(&json!({ "on": false }))).await.unwrap();
    up.ok();
    scene.get_session(&access).await.ok();
    assert_eq!(scene.send(scene.http.get(&plc)).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_operator_tells_and_asks_over_http_what_a_test_does_in_process() {
    let scene = Scene::new().await;
    let order = async |name: &str, body: Value| {
        let request = scene.request(Method::POST, &format!("/control/bluesky/{name}"), None);
        scene.send(request.json(&body)).await.unwrap()
    };
    let made = order(
        "create-account",
        json!({ "handle": "carol.test", "password": MAIN, "display_name": "Carol" }),
    )
    .await;
    let did = made.text_at("did");
    let app = order(
        "create_app_password",
        json!({ "account": "carol.test", "name": "a" }),
    )
    .await
    .text_at("password");
    let access = scene.log_in_as(&did, &app).await.text_at("accessJwt");
    let body = json!({ "repo": did, "collection": POST, "record": record("hi") });
    let create = "com.atproto.repo.createRecord";
    scene.post(create, Some(&access), &body).await.ok();
    scene.post(create, Some(&access), &body).await.ok();
    let fault = json!({ "endpoint": create, "fault": { "status": [500, "{}"] } });
    order("fault", fault).await.ok();
    assert_eq!(scene.post(create, Some(&access), &body).await.status, 500);
    let revoke = json!({ "account": did, "name": app });
    order("revoke_app_password", revoke).await.ok();
    scene.log_in_as(&did, &app).await.is(INVALID_LOGIN);
    order("expire_access_tokens", json!({ "account": did }))
        .await
        .ok();
    scene.get_session(&access).await.is(EXPIRED);
    order("clock_off", json!({ "ms": -3_600_000 })).await.ok();
    let late = scene.get("_health", None).await;
    assert_eq!(late.header("date"), "Sat, 21 Nov 2026 01:09:01 GMT");
    assert_eq!(
        order("takedown", json!({ "account": did })).await.status,
        400
    );
    let unknown = json!({ "account": "x.test", "on": true });
    assert_eq!(order("takedown", unknown).await.status, 400);
    assert_eq!(order("nonsense", json!({})).await.status, 400);

    let ledger = scene.request(Method::GET, "/ledger", None);
    let ledger = scene.send(ledger).await.unwrap().ok();
    assert_eq!(ledger.as_array().unwrap().len(), 2);
    assert_eq!(ledger[0]["did"], did);
    assert_eq!(ledger[0]["text"], "hi");
    assert_eq!(ledger[0]["copies"], 2);
    assert_eq!(ledger[0]["act"], "created");
    let calls = scene.request(Method::GET, "/calls", None);
    let calls = scene.send(calls).await.unwrap().ok();
    assert_eq!(
        calls["calls"][0]["endpoint"],
        "com.atproto.server.createSession"
    );
    assert_eq!(calls["calls"][0]["account"], did);
    assert_eq!(calls["calls"][0]["status"], 200);
    assert_eq!(calls["most_at_once"], 1);
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted() {
    let scene = Scene::new().await;
    let any = Times::Count(3);
    scene.bluesky().fault("*", None, Fault::Delay(300), any);
    let health = || scene.get("_health", None);
    tokio::join!(health(), health(), health());
    health().await;
    assert_eq!(scene.bluesky().most_at_once(), 3);
    scene.bluesky().forget_calls();
    assert_eq!(scene.bluesky().calls(), []);
    assert_eq!(scene.bluesky().most_at_once(), 0);
}

#[tokio::test]
async fn a_dropped_sandbox_closes_its_ports() {
    let scene = Scene::new().await;
    let url = format!("{}/xrpc/_health", scene.sandbox.base());
    let http = scene.http.clone();
    assert!(http.get(&url).send().await.is_ok());
    drop(scene);
    while http.get(&url).send().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
