//! Codes, tokens, and how logins end.

use super::*;

#[tokio::test]
async fn a_code_is_exchanged_for_a_pair_bound_to_the_key() {
    let client = Client::new().await;
    let code = client.allowed().await;
    let body = client.exchange(&code).await.ok();
    assert_eq!(body["token_type"], "DPoP");
    assert_eq!(body["scope"], SCOPE);
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["sub"], client.scene.did);
    assert!(body["refresh_token"].as_str().unwrap().starts_with("ref-"));
    let said = claims(body["access_token"].as_str().unwrap());
    assert_eq!(said["sub"], client.scene.did);
    assert_eq!(said["cnf"]["jkt"].as_str().unwrap().len(), 43);
    let issued = said["iat"].as_i64().unwrap();
    assert_eq!(said["exp"], issued + 3600);
}

#[tokio::test]
async fn a_code_works_once_and_its_reuse_ends_what_it_led_to() {
    let client = Client::new().await;
    client
        .exchange("cod-unknown")
        .await
        .no_grant("Invalid code");
    let code = client.allowed().await;
    let pair = pair(&client.exchange(&code).await);
    client.session(&pair.access).await.ok();
    client.exchange(&code).await.no_grant("Invalid code");
    client.session(&pair.access).await.is(DEAD);
    let reply = client.refresh(&pair.refresh).await;
    reply.no_grant("Invalid refresh token");
}

#[tokio::test]
async fn a_code_is_good_only_for_who_asked_and_is_used_up_by_a_wrong_try() {
    let client = Client::new().await;
    let stranger = Signer::new();
    let email = CLIENT.replace("generic", "email");
    let long = "x".repeat(43);
    let cases: [(&str, &str, &str); 5] = [
        ("code_verifier", &long, "Invalid code_verifier"),
        ("code_verifier", "short", "code_verifier too short"),
        ("code_verifier", "", "code_verifier is required"),
        (
            "redirect_uri",
            "http://127.0.0.1:1/callback",
            "The redirect_uri parameter must match the one used in the authorization request",
        ),
        ("client_id", &email, "Token was not issued to this client"),
    ];
    for (name, value, words) in cases {
        let code = client.allowed().await;
        let reply = client
            .exchange_by(&client.key, &code, &[(name, value)])
            .await;
        reply.no_grant(words);
        client.exchange(&code).await.no_grant("Invalid code");
    }
    let code = client.allowed().await;
    let reply = client.exchange_by(&stranger, &code, &[]).await;
    reply.no_grant("DPoP proof does not match the expected JKT");
    let code = client.allowed().await;
    client
        .scene
        .clock
        .advance(5 * MINUTE + Duration::from_millis(1));
    client
        .exchange(&code)
        .await
        .no_grant("This code has expired");
    client.logged_in().await;
    let code = client.allowed().await;
    let reply = client.exchange(&code).await;
    reply.no_grant("Code challenge already used");
}

#[tokio::test]
async fn a_refresh_gives_the_next_pair_and_the_one_before_is_dead_at_once() {
    let client = Client::new().await;
    let first = client.logged_in().await;
    let reply = client.refresh(&first.refresh).await;
    let body = reply.ok();
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["sub"], client.scene.did);
    let second = pair(&reply);
    assert_ne!(second.refresh, first.refresh);
    client.session(&first.access).await.is(DEAD);
    client.session(&second.access).await.ok();
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_login() {
    let client = Client::new().await;
    let first = client.logged_in().await;
    let second = pair(&client.refresh(&first.refresh).await);
    let reply = client.refresh(&first.refresh).await;
    reply.no_grant("Refresh token replayed");
    let reply = client.refresh(&second.refresh).await;
    reply.no_grant("Invalid refresh token");
    client.session(&second.access).await.is(DEAD);
}

#[tokio::test]
async fn a_refresh_with_another_key_ends_the_login() {
    let client = Client::new().await;
    let pair = client.logged_in().await;
    let reply = client.refresh_by(&Signer::new(), &pair.refresh).await;
    reply.no_grant("DPoP proof does not match the expected JKT");
    let reply = client.refresh(&pair.refresh).await;
    reply.no_grant("Invalid refresh token");
}

#[tokio::test]
async fn the_whole_login_ends_after_fourteen_days_whatever_is_refreshed() {
    let client = Client::new().await;
    let mut pair = client.logged_in().await;
    for _ in 0..13 {
        client.scene.clock.advance(DAY);
        pair = super::pair(&client.refresh(&pair.refresh).await);
    }
    client.scene.clock.advance(DAY - 10 * MINUTE);
    let reply = client.refresh(&pair.refresh).await;
    // The last access token ends with the login.
    assert_eq!(reply.ok()["expires_in"], 599);
    pair = super::pair(&reply);
    client.scene.clock.advance(10 * MINUTE);
    let expired = "\"exp\" claim timestamp check failed";
    let reply = client.session(&pair.access).await;
    reply.refuses(401, "invalid_token", expired);
    let reply = client.refresh(&pair.refresh).await;
    reply.no_grant("Session expired");
    let reply = client.refresh(&pair.refresh).await;
    reply.no_grant("Invalid refresh token");
}

#[tokio::test]
async fn a_login_is_given_back_once_or_more_often_by_its_own_client_only() {
    let client = Client::new().await;
    let pair = client.logged_in().await;
    let form = [("client_id", CLIENT), ("token", &*pair.refresh)];
    let reply = client
        .signed_by(&Signer::new(), "/oauth/revoke", &form)
        .await;
    assert_eq!(reply.ok(), json!({}));
    client.session(&pair.access).await.ok();
    for _ in 0..2 {
        let reply = client.signed("/oauth/revoke", &form).await;
        assert_eq!(reply.ok(), json!({}));
    }
    client.session(&pair.access).await.is(DEAD);
    let reply = client.refresh(&pair.refresh).await;
    reply.no_grant("Invalid refresh token");
}

#[tokio::test]
async fn a_takedown_ends_logins_for_good_and_so_do_removal_and_deletion() {
    let client = Client::new().await;
    let bluesky = client.scene.bluesky();
    let pair = client.logged_in().await;
    bluesky.takedown(ALICE, true).unwrap();
    let gone = async |pair: &Pair| {
        client.session(&pair.access).await.is(DEAD);
        let reply = client.refresh(&pair.refresh).await;
        reply.no_grant("Invalid refresh token");
    };
    gone(&pair).await;
    bluesky.takedown(ALICE, false).unwrap();
    gone(&pair).await;
    client.scene.clock.advance(DAY);
    let pair = client.logged_in().await;
    assert_eq!(bluesky.oauth_logins(ALICE).unwrap(), 1);
    bluesky.end_oauth(ALICE).unwrap();
    assert_eq!(bluesky.oauth_logins(ALICE).unwrap(), 0);
    gone(&pair).await;
    client.scene.clock.advance(DAY);
    let pair = client.logged_in().await;
    bluesky.delete_account(ALICE).unwrap();
    gone(&pair).await;
}

#[tokio::test]
async fn another_main_password_leaves_logins_alone() {
    let client = Client::new().await;
    let pair = client.logged_in().await;
    let bluesky = client.scene.bluesky();
    bluesky.change_main_password(ALICE, "another one").unwrap();
    client.session(&pair.access).await.ok();
    client.refresh(&pair.refresh).await.ok();
}
