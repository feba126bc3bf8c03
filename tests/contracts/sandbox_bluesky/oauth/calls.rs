//! Signed calls, and what a login may do.

use super::*;

const GET_SESSION: &str = "com.atproto.server.getSession";
const RKEY: &str = "3n2rzpbzt3k2z";

#[tokio::test]
async fn a_signed_call_says_who_it_is_and_writes() {
    let client = Client::new().await;
    let pair = client.logged_in().await;
    let reply = client.session(&pair.access).await;
    let expected = json!({ "did": client.scene.did, "handle": ALICE, "active": true });
    assert_eq!(reply.ok(), expected);
    assert!(!reply.header("dpop-nonce").is_empty());
    client.write(&pair.access, RKEY, "signed").await.ok();
    assert_eq!(
        client.scene.bluesky().live_posts(ALICE).unwrap(),
        ["signed"]
    );
    client.scene.bluesky().deactivate(ALICE, true).unwrap();
    client
        .write(&pair.access, "3n2rzpbzt3k3z", "more")
        .await
        .refuses(401, "AccountDeactivated", "Account is deactivated");
}

#[tokio::test]
async fn a_call_that_is_not_signed_rightly_is_refused() {
    let client = Client::new().await;
    let token = client.logged_in().await.access;
    let path = format!("/xrpc/{GET_SESSION}");
    let call = async |key: &Signer, claims: &Value| {
        let proof = key.sign(&key.head(), claims);
        client
            .call_with(GET_SESSION, &token, Some(&proof), None)
            .await
    };
    let bad_proof = |words| (401, "invalid_dpop_proof", words);
    client
        .call_with(GET_SESSION, &token, None, None)
        .await
        .is(bad_proof("DPoP proof required"));
    let good = client.claims("GET", &path, Some(&token)).await;
    let mut bare = good.clone();
    bare.as_object_mut().unwrap().remove("nonce");
    let reply = call(&client.key, &bare).await;
    let words = "Authorization server requires nonce in DPoP proof";
    reply.is((401, "use_dpop_nonce", words));
    assert!(!reply.header("dpop-nonce").is_empty());
    let challenge = reply.header("www-authenticate");
    assert!(challenge.starts_with("DPoP algs="), "{challenge}");
    assert!(
        challenge.contains("error=\"use_dpop_nonce\""),
        "{challenge}"
    );
    let mut other = good.clone();
    other["ath"] = json!(hash("another token"));
    let reply = call(&client.key, &other).await;
    reply.is(bad_proof("DPoP \"ath\" mismatch"));
    other.as_object_mut().unwrap().remove("ath");
    let reply = call(&client.key, &other).await;
    reply.is(bad_proof("DPoP \"ath\" mismatch"));
    let reply = call(&Signer::new(), &good).await;
    reply.is((401, "invalid_token", "Invalid DPoP key binding"));
    let fresh = client.claims("GET", &path, Some(&token)).await;
    call(&client.key, &fresh).await.ok();
    let reply = call(&client.key, &fresh).await;
    reply.is(bad_proof("DPoP proof replayed"));
    let reply = client.scene.get_session(&token).await;
    reply.is((400, "InvalidToken", "Malformed token"));
    let reply = client.session("garbage").await;
    reply.is((401, "invalid_token", "Malformed token"));
}

#[tokio::test]
async fn an_access_token_ends_after_an_hour_or_when_told_to() {
    let client = Client::new().await;
    let pair = client.logged_in().await;
    client
        .scene
        .clock
        .advance(60 * MINUTE - Duration::from_secs(2));
    client.session(&pair.access).await.ok();
    client.scene.clock.advance(Duration::from_secs(2));
    let expired = (401, "invalid_token", "\"exp\" claim timestamp check failed");
    client.session(&pair.access).await.is(expired);
    let pair = super::pair(&client.refresh(&pair.refresh).await);
    client.session(&pair.access).await.ok();
    client.scene.bluesky().expire_access_tokens(ALICE).unwrap();
    client.session(&pair.access).await.is(expired);
    let pair = super::pair(&client.refresh(&pair.refresh).await);
    client.session(&pair.access).await.ok();
}

/// A login for these scopes.
async fn with_scopes(client: &Client, scopes: &str) -> String {
    let redirect = ("redirect_uri", "http://127.0.0.1/callback");
    let id = Url::parse_with_params("http://localhost", [redirect, ("scope", scopes)]);
    let id = id.unwrap().as_str().replace("localhost/?", "localhost?");
    let pushed = client.push(&[("client_id", &id), ("scope", scopes)]).await;
    let request = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    let link = client.link_of(&id, &request);
    let back = client.answered(&link, human::Answer::Allow).await.unwrap();
    let code = query(&back, "code").unwrap();
    let reply = client
        .exchange_by(&client.key, &code, &[("client_id", &id)])
        .await;
    assert_eq!(reply.ok()["scope"], scopes);
    pair(&reply).access
}

fn missing(reply: &Reply, scope: &str) {
    let words = format!("Missing required scope \"{scope}\"");
    reply.refuses(403, "ScopeMissingError", &words);
}

#[tokio::test]
async fn a_login_that_only_says_who_it_is_may_do_nothing_else() {
    let client = Client::new().await;
    client.scene.bluesky().app_view(true);
    let token = with_scopes(&client, "atproto").await;
    client.session(&token).await.ok();
    let create = "repo:app.bsky.feed.post?action=create";
    missing(&client.write(&token, RKEY, "no").await, create);
    let body = json!({ "repo": client.scene.did, "collection": POST, "record": record("no") });
    let reply = client
        .call("com.atproto.repo.createRecord", &token, Some(&body))
        .await;
    missing(&reply, create);
    let body = json!({ "repo": client.scene.did, "collection": POST, "rkey": RKEY });
    let reply = client
        .call("com.atproto.repo.deleteRecord", &token, Some(&body))
        .await;
    missing(&reply, "repo:app.bsky.feed.post?action=delete");
    let blob = "com.atproto.repo.uploadBlob";
    let reply = client.call(blob, &token, Some(&json!({}))).await;
    missing(&reply, "blob:application/json");
    let read = "app.bsky.notification.listNotifications";
    let reply = client.call(read, &token, None).await;
    assert_eq!(reply.status, 403, "{}", reply.text);
    assert!(reply.text.contains("rpc:app.bsky.notification"));
    let aud = "did:web:localhost";
    let vouch = format!("com.atproto.server.getServiceAuth?aud={aud}&lxm={blob}");
    let reply = client.call(&vouch, &token, None).await;
    missing(&reply, &format!("rpc:{blob}?aud={aud}"));
}

#[tokio::test]
async fn a_login_may_do_what_its_scopes_name() {
    let client = Client::new().await;
    client.scene.bluesky().app_view(true);
    let scopes = "atproto repo:app.bsky.feed.post?action=create";
    let token = with_scopes(&client, scopes).await;
    let body = json!({ "repo": client.scene.did, "collection": POST, "record": record("yes") });
    client
        .call("com.atproto.repo.createRecord", &token, Some(&body))
        .await
        .ok();
    let reply = client.write(&token, RKEY, "no").await;
    missing(&reply, "repo:app.bsky.feed.post?action=update");
    client.scene.clock.advance(DAY);
    let token = client.logged_in().await.access;
    client.write(&token, RKEY, "yes").await.ok();
    client
        .call("app.bsky.notification.listNotifications", &token, None)
        .await
        .ok();
    let body = json!({ "name": "another" });
    let method = "com.atproto.server.createAppPassword";
    let reply = client.call(method, &token, Some(&body)).await;
    let words = "OAuth credentials are not supported for this endpoint";
    reply.refuses(403, "Forbidden", words);
}
