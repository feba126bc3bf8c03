//! In what servers differ, what a server does without a word, and the instance
//! that is odd in everything.

use super::*;

async fn keyed(scene: &Scene, token: &str, key: &str, text: &str) -> Reply {
    let asked = http().post(scene.at("/api/v1/statuses")).bearer_auth(token);
    let asked = asked.header("idempotency-key", key);
    done(asked.json(&json!({ "status": text }))).await
}

fn token(mastodon: &Mastodon) -> String {
    mastodon.create_token("acme", &["read", "write"]).unwrap()
}

#[tokio::test]
async fn a_key_in_the_hands_of_another_request_is_refused_and_not_used_up() {
    let scene = Scene::new().await;
    let token = token(scene.mastodon());
    scene.order("lock_keys", json!({ "on": true })).await;
    let sentence = "There was a temporary problem serving your request, please try again";
    let busy = keyed(&scene, &token, "k1", "once").await;
    assert_eq!(busy.error(), (503, sentence));
    assert_eq!(scene.post(&token, "without a key").await.status, 200);
    scene.order("lock_keys", json!({ "on": false })).await;
    let made = keyed(&scene, &token, "k1", "once").await;
    let again = keyed(&scene, &token, "k1", "once").await;
    assert_eq!(made.text("id"), again.text("id"));
    scene.order("lock_keys", json!({ "on": true })).await;
    assert_eq!(
        keyed(&scene, &token, "k1", "once").await.error(),
        (503, sentence)
    );
    assert_eq!(scene.mastodon().statuses().len(), 2);
}

#[tokio::test]
async fn what_is_taken_for_spam_is_answered_and_never_there() {
    let scene = Scene::new().await;
    let token = token(scene.mastodon());
    let spam = json!({ "account": "acme", "on": true });
    scene.order("antispam", spam).await;
    let dropped = keyed(&scene, &token, "k1", "once").await;
    assert_eq!(dropped.status, 200);
    assert_eq!(dropped.text("visibility"), "public");
    let path = format!("/api/v1/statuses/{}", dropped.text("id"));
    let gone = scene.get(&path, &token).await;
    assert_eq!(gone.error(), (404, "Record not found"));
    scene
        .order("antispam", json!({ "account": "acme", "on": false }))
        .await;
    let kept = keyed(&scene, &token, "k1", "once").await;
    assert_ne!(kept.text("id"), dropped.text("id"));
    assert_eq!(scene.mastodon().statuses().len(), 1);
}

#[tokio::test]
async fn a_limited_account_posts_unlisted_and_is_told_only_when_it_looks() {
    let scene = Scene::new().await;
    let token = token(scene.mastodon());
    assert!(scene.whoami(&token).await.body.get("limited").is_none());
    scene
        .order("limited", json!({ "account": "acme", "on": true }))
        .await;
    let posted = scene.post(&token, "hello").await;
    assert_eq!(
        (posted.status, &*posted.text("visibility")),
        (200, "unlisted")
    );
    assert_eq!(scene.whoami(&token).await.body["limited"], true);
    scene
        .order("limited", json!({ "account": "acme", "on": false }))
        .await;
    assert_eq!(
        scene.post(&token, "hello").await.text("visibility"),
        "public"
    );
}

#[tokio::test]
async fn an_account_that_moved_says_where() {
    let scene = Scene::new().await;
    let token = token(scene.mastodon());
    let to = json!({ "account": "acme", "to": "acme@new.test" });
    scene.order("moved", to).await;
    let reply = scene.whoami(&token).await;
    assert_eq!(reply.body["moved"]["acct"], "acme@new.test");
    assert_eq!(scene.post(&token, "still here").await.status, 200);
    scene.order("moved", json!({ "account": "acme" })).await;
    assert!(scene.whoami(&token).await.body.get("moved").is_none());
}

#[tokio::test]
async fn a_suspended_account_is_told_so_whatever_became_of_its_token() {
    let scene = Scene::new().await;
    let token = token(scene.mastodon());
    scene.order("revoke_token", json!({ "token": token })).await;
    assert_eq!(scene.whoami(&token).await.status, 401);
    scene.order("suspend", json!({ "account": "acme" })).await;
    let reply = scene.whoami(&token).await;
    assert_eq!(reply.error(), (403, "Your login is currently disabled"));
}

#[tokio::test]
async fn an_older_server_compares_the_whole_redirect() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    scene.order("exact_redirects", json!({ "on": true })).await;
    let link = scene.link(&app, &[]);
    let end = consent(&link, "acme", Answer::Allow).await.unwrap_err();
    assert_eq!(end.text, "The redirect uri included is not valid.");
    let code = scene.code(&app, &[("redirect_uri", CALLBACK)]).await;
    let refused = scene.fetch(&app, &code, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
    let fetched = scene
        .fetch(&app, &code, &[("redirect_uri", CALLBACK)])
        .await;
    assert_eq!(fetched.status, 200);
}

#[tokio::test]
async fn a_server_without_the_second_instance_endpoint_has_the_first() {
    let scene = Scene::new().await;
    scene.order("instance_v2", json!({ "on": false })).await;
    assert_eq!(scene.get("/api/v2/instance", "").await.status, 404);
    assert_eq!(scene.get("/api/v1/instance", "").await.status, 200);
}

#[tokio::test]
async fn the_odd_instance_lacks_whatever_a_client_would_like_to_rely_on() {
    let mut scene = Scene::new().await;
    let first = token(scene.mastodon());
    let odd = scene.sandbox.odd_mastodon().clone();
    scene.base = scene.sandbox.odd_mastodon_base().to_owned();
    odd.create_account("acme").unwrap();
    let token = token(&odd);
    assert_ne!(first, token);
    assert_eq!(scene.whoami(&first).await.status, 401, "another server");
    let metadata = scene
        .get("/.well-known/oauth-authorization-server", "")
        .await;
    assert_eq!(metadata.status, 404);
    let app = scene.app().await;
    let code = scene.code(&app, &[]).await;
    let asked = http().post(scene.at("/oauth/token"));
    let asked = asked.basic_auth(&app.id, Some(&app.secret));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", LISTENING),
    ];
    let refused = done(asked.form(&fields)).await;
    assert_eq!(refused.error(), (401, "invalid_client"));
    let unproved = [("code_verifier", "another-verifier")];
    let fetched = scene.fetch(&app, &code, &unproved).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    let instance = scene.get("/api/v2/instance", "").await;
    let most = &instance.body["configuration"]["statuses"]["max_characters"];
    assert_eq!(most, 1000);
    let long = "x".repeat(1000);
    let (one, two) = (
        keyed(&scene, &token, "k1", &long).await,
        keyed(&scene, &token, "k1", &long).await,
    );
    assert_ne!(one.text("id"), two.text("id"), "no keys");
    assert_eq!(one.header("x-ratelimit-limit"), "");
    let id = scene.whoami(&token).await.text("id");
    for _ in 0..25 {
        scene.post(&token, "more").await;
    }
    let path = format!("/api/v1/accounts/{id}/statuses?limit=40");
    let page = scene.get(&path, &token).await;
    assert_eq!(page.body.as_array().unwrap().len(), 20);
    assert!(
        scene.mastodon().statuses().is_empty(),
        "the other is untouched"
    );
}
