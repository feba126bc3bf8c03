//! Logging in, refreshing, leaving; app passwords; rate limits.

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_login_answers_both_tokens_and_who_it_is() {
    let scene = Scene::new().await;
    let body = scene.log_in(&scene.app_password).await.ok();
    assert_eq!(body["did"], scene.did);
    assert_eq!(body["handle"], ALICE);
    assert_eq!(body["email"], "alice@example.com");
    assert_eq!(body["emailConfirmed"], false);
    assert_eq!(body["active"], true);
    assert_eq!(body.get("status"), None);
    let service = &body["didDoc"]["service"][0];
    assert_eq!(service["id"], "#atproto_pds");
    assert_eq!(service["serviceEndpoint"], scene.sandbox.base());

    let access = claims(body["accessJwt"].as_str().unwrap());
    assert_eq!(access["scope"], "com.atproto.appPass");
    assert_eq!(access["aud"], "did:web:localhost");
    assert_eq!(access["sub"], scene.did);
    let issued = access["iat"].as_i64().unwrap();
    assert_eq!(issued, scene.clock.now().0 / 1000);
    assert_eq!(access["exp"], issued + 7200);
    let refresh = claims(body["refreshJwt"].as_str().unwrap());
    assert_eq!(refresh["scope"], "com.atproto.refresh");
    assert_eq!(refresh["exp"], issued + 7_776_000);
    assert!(refresh["jti"].is_string());
}

#[tokio::test]
async fn handle_did_and_email_log_in_and_the_main_password_shows_in_the_scope() {
    let scene = Scene::new().await;
    for who in [ALICE, "ALICE.test", "alice@example.com", &scene.did] {
        scene.log_in_as(who, &scene.app_password).await.ok();
    }
    let access = scene.log_in(MAIN).await.text_at("accessJwt");
    assert_eq!(claims(&access)["scope"], "com.atproto.access");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_handle_look_the_same() {
    let scene = Scene::new().await;
    scene.log_in("aaaa-bbbb-cccc-dddd").await.is(INVALID_LOGIN);
    scene.log_in_as("nobody.test", MAIN).await.is(INVALID_LOGIN);
    let body = json!({ "identifier": ALICE });
    scene
        .post("com.atproto.server.createSession", None, &body)
        .await
        .refuses(
            400,
            "InvalidRequest",
            "Missing required key \"password\" at $",
        );
}

#[tokio::test]
async fn a_session_is_asked_with_a_living_access_token_only() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    let body = scene.get_session(&access).await.ok();
    assert_eq!(body["did"], scene.did);
    assert_eq!(body["active"], true);
    assert_eq!(body.get("accessJwt"), None);
    let method = "com.atproto.server.getSession";
    scene.get(method, None).await.is(NO_TOKEN);
    scene.get_session("garbage").await.is(UNVERIFIED);
    scene.get_session(&refresh).await.is(UNVERIFIED);
    let forged = format!("{}x", &access[..access.len() - 1]);
    scene.get_session(&forged).await.is(UNVERIFIED);
    scene.clock.advance(2 * HOUR - Duration::from_secs(1));
    scene.get_session(&access).await.ok();
    scene.clock.advance(Duration::from_secs(1));
    scene.get_session(&access).await.is(EXPIRED);
}

#[tokio::test]
async fn a_refresh_rotates_and_the_old_token_leads_to_the_same_successor_for_two_hours() {
    let scene = Scene::new().await;
    let (_, first) = scene.session().await;
    let body = scene.refresh(&first).await.ok();
    for key in ["accessJwt", "didDoc", "email", "active"] {
        assert!(body.get(key).is_some(), "{key}");
    }
    let access = body["accessJwt"].as_str().unwrap();
    assert_eq!(claims(access)["scope"], "com.atproto.appPass");
    let jti = |reply: &Reply| claims(&reply.text_at("refreshJwt"))["jti"].clone();
    let (a, b, c) = tokio::join!(
        scene.refresh(&first),
        scene.refresh(&first),
        scene.refresh(&first)
    );
    let second = body["refreshJwt"].as_str().unwrap();
    for reply in [&a, &b, &c] {
        assert_eq!(jti(reply), claims(second)["jti"]);
    }
    assert_ne!(claims(second)["jti"], claims(&first)["jti"]);
    scene.clock.advance(2 * HOUR - Duration::from_secs(1));
    scene.refresh(&first).await.ok();
    scene.clock.advance(Duration::from_secs(1));
    scene.refresh(&first).await.is(REVOKED);
    scene.refresh(second).await.ok();
}

#[tokio::test]
async fn a_refresh_needs_a_living_refresh_token_and_no_body() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    scene.refresh(&access).await.is(UNVERIFIED);
    let method = "com.atproto.server.refreshSession";
    scene.bare(method, None).await.is(NO_TOKEN);
    scene
        .post(method, Some(&refresh), &json!({}))
        .await
        .refuses(
            400,
            "InvalidRequest",
            "A request body was provided when none was expected",
        );
    scene.clock.advance(90 * 24 * HOUR);
    scene.refresh(&refresh).await.is(EXPIRED);
    let (_, fresh) = scene.session().await;
    scene.bluesky().forget_refresh_tokens(None).unwrap();
    scene.refresh(&fresh).await.is(REVOKED);
}

#[tokio::test]
async fn leaving_kills_the_refresh_token_but_not_the_access_token() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    let method = "com.atproto.server.deleteSession";
    scene.bare(method, Some(&access)).await.is(UNVERIFIED);
    for _ in 0..2 {
        let reply = scene.bare(method, Some(&refresh)).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    }
    scene.refresh(&refresh).await.is(REVOKED);
    scene.get_session(&access).await.ok();
}

#[tokio::test]
async fn app_passwords_are_made_with_the_main_password_only() {
    let scene = Scene::new().await;
    let method = "com.atproto.server.createAppPassword";
    let (app, _) = scene.session().await;
    let body = json!({ "name": "second" });
    scene
        .post(method, Some(&app), &body)
        .await
        .refuses(400, "InvalidToken", "Bad token scope");
    let main = scene.log_in(MAIN).await.text_at("accessJwt");
    let made = scene.post(method, Some(&main), &body).await.ok();
    assert_eq!(made["name"], "second");
    assert_eq!(made["createdAt"], "2026-11-21T02:09:01.196Z");
    assert_eq!(made["privileged"], false);
    let value = made["password"].as_str().unwrap();
    let parts: Vec<usize> = value.split('-').map(str::len).collect();
    assert_eq!(parts, [4, 4, 4, 4]);
    scene.log_in(value).await.ok();
    scene.post(method, Some(&main), &body).await.refuses(
        500,
        "InternalServerError",
        "Internal Server Error",
    );
    let list = scene
        .get("com.atproto.server.listAppPasswords", Some(&app))
        .await
        .ok();
    assert_eq!(list["passwords"].as_array().unwrap().len(), 2);
    let first = json!({
        "name": "allgreen", "createdAt": "2026-11-21T02:09:01.196Z", "privileged": false
    });
    assert_eq!(list["passwords"][0], first);
}

#[tokio::test]
async fn a_revoked_app_password_still_writes_until_its_access_token_expires() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    let method = "com.atproto.server.revokeAppPassword";
    for _ in 0..2 {
        let body = json!({ "name": "allgreen" });
        let reply = scene.post(method, Some(&access), &body).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, ""));
    }
    scene.refresh(&refresh).await.is(REVOKED);
    scene.log_in(&scene.app_password).await.is(INVALID_LOGIN);
    scene.get_session(&access).await.ok();
    scene.create(&access, "still there").await.ok();
    scene.clock.advance(2 * HOUR);
    scene.create(&access, "no more").await.is(EXPIRED);
    assert_eq!(scene.repo_status().await.ok()["active"], true);
}

#[tokio::test]
async fn the_thirty_first_login_within_five_minutes_is_told_to_wait() {
    let scene = Scene::new().await;
    for left in (0..30).rev() {
        let reply = scene.log_in("wrong").await;
        reply.is(INVALID_LOGIN);
        assert_eq!(reply.header("ratelimit-remaining"), left.to_string());
        assert_eq!(reply.header("ratelimit-policy"), "30;w=300");
    }
    scene.clock.advance(Duration::from_secs(10));
    let reply = scene.log_in(&scene.app_password).await;
    reply.refuses(429, "RateLimitExceeded", "Rate Limit Exceeded");
    let reset = scene.clock.now().0 / 1000 + 290;
    assert_eq!(reply.header("ratelimit-limit"), "30");
    assert_eq!(reply.header("ratelimit-remaining"), "0");
    assert_eq!(reply.header("ratelimit-reset"), reset.to_string());
    assert_eq!(reply.header("retry-after"), "290");
    scene.clock.advance(Duration::from_secs(290));
    let reply = scene.log_in(&scene.app_password).await;
    reply.ok();
    let access = reply.text_at("accessJwt");
    let reply = scene.get_session(&access).await;
    assert_eq!(reply.header("ratelimit-policy"), "3000;w=300");
}
