//! How a token is fetched, what it may do, and how it ends.

use super::*;

#[tokio::test]
async fn a_code_is_good_once_for_ten_minutes_for_its_app_and_its_redirect() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let other = scene.app().await;
    let code = scene.code(&app, &[]).await;
    let foreign = [
        ("client_id", other.id.as_str()),
        ("client_secret", other.secret.as_str()),
    ];
    for wrong in [
        &foreign[..],
        &[("redirect_uri", SHOWN)],
        &[("redirect_uri", "http://localhost/callback")],
        &[("code", "guessed")],
    ] {
        let refused = scene.fetch(&app, &code, wrong).await;
        assert_eq!(refused.error(), (400, "invalid_grant"), "{wrong:?}");
        let words = refused.text("error_description");
        assert!(words.starts_with("The provided authorization grant is invalid"));
        assert!(refused.header("www-authenticate").contains("invalid_grant"));
    }
    // None of that used it up; the port that listens may have changed.
    let port = [("redirect_uri", "http://127.0.0.1:5000/callback")];
    let fetched = scene.fetch(&app, &code, &port).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    let replayed = scene.fetch(&app, &code, &[]).await;
    assert_eq!(replayed.error(), (400, "invalid_grant"));
    // A replay does not end what was made of the code.
    let token = fetched.text("access_token");
    assert_eq!(scene.whoami(&token).await.status, 200);

    let code = scene.code(&app, &[]).await;
    scene.minutes(10);
    let late = scene.fetch(&app, &code, &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant"));
    let code = scene.code(&app, &[]).await;
    scene.minutes(9);
    assert_eq!(scene.fetch(&app, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_challenge_that_was_sent_has_to_be_met() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let code = scene.code(&app, &[]).await;
    let wrong = [("code_verifier", "another-verifier")];
    let refused = scene.fetch(&app, &code, &wrong).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
    let refused = scene.fetch(&app, &code, &[("code_verifier", "")]).await;
    assert_eq!(refused.error(), (400, "invalid_request"));
    assert_eq!(
        refused.text("error_description"),
        "Missing required parameter: code_verifier."
    );
    assert_eq!(scene.fetch(&app, &code, &[]).await.status, 200);
    // A verifier for a challenge nobody sent.
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = scene.code(&app, &none).await;
    let refused = scene.fetch(&app, &code, &[]).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
    let fetched = scene.fetch(&app, &code, &[("code_verifier", "")]).await;
    assert_eq!(fetched.status, 200);
    // Servers without it look at neither.
    scene.order("pkce", json!({ "on": false })).await;
    let code = scene
        .code(&app, &[("code_challenge_method", "plain")])
        .await;
    let fetched = scene.fetch(&app, &code, &wrong).await;
    assert_eq!(fetched.status, 200, "{fetched:?}");
    let metadata = scene
        .get("/.well-known/oauth-authorization-server", "")
        .await;
    assert!(
        metadata
            .body
            .get("code_challenge_methods_supported")
            .is_none()
    );
}

#[tokio::test]
async fn an_app_says_who_it_is_in_the_body_or_by_basic_where_that_is_read() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let basic = async |secret: &str, code: &str| {
        let asked = http().post(scene.at("/oauth/token"));
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", LISTENING),
            ("code_verifier", VERIFIER),
        ];
        done(asked.basic_auth(&app.id, Some(secret)).form(&fields)).await
    };
    let code = scene.code(&app, &[]).await;
    for refused in [
        basic("guessed", &code).await,
        scene
            .fetch(&app, &code, &[("client_secret", "guessed")])
            .await,
        scene.fetch(&app, &code, &[("client_secret", "")]).await,
        scene.fetch(&app, &code, &[("client_id", "nobody")]).await,
    ] {
        assert_eq!(refused.error(), (401, "invalid_client"));
        let words = refused.text("error_description");
        assert!(words.starts_with("Client authentication failed due to unknown client"));
    }
    assert_eq!(basic(&app.secret, &code).await.status, 200);
    scene.order("refuse_basic", json!({ "on": true })).await;
    let code = scene.code(&app, &[]).await;
    let refused = basic(&app.secret, &code).await;
    assert_eq!(refused.error(), (401, "invalid_client"));
    let metadata = scene
        .get("/.well-known/oauth-authorization-server", "")
        .await;
    let methods = &metadata.body["token_endpoint_auth_methods_supported"];
    assert_eq!(methods, &json!(["client_secret_post"]));
    assert_eq!(scene.fetch(&app, &code, &[]).await.status, 200);
}

#[tokio::test]
async fn a_token_of_the_app_itself_speaks_for_nobody() {
    let scene = Scene::new().await;
    let fields = [
        ("client_name", "A"),
        ("redirect_uris", SHOWN),
        ("scopes", "read write:media"),
    ];
    let app = scene.form("/api/v1/apps", &fields).await;
    let (id, secret) = (app.text("client_id"), app.text("client_secret"));
    let ask = async |grant: &str, scope: &str| {
        let fields = [
            ("grant_type", grant),
            ("client_id", &id),
            ("client_secret", &secret),
            ("scope", scope),
        ];
        scene.form("/oauth/token", &fields).await
    };
    let token = ask("client_credentials", "").await;
    assert_eq!(token.text("scope"), "read");
    let nobody = scene.whoami(&token.text("access_token")).await;
    let sentence = "This method requires an authenticated user";
    assert_eq!(nobody.error(), (422, sentence));
    let beyond = ask("client_credentials", "write:statuses").await;
    assert_eq!(beyond.error(), (400, "invalid_scope"));
    for grant in ["password", "refresh_token"] {
        let refused = ask(grant, "read").await;
        assert_eq!(refused.error(), (400, "unsupported_grant_type"));
    }
    let refused = ask("", "read").await;
    assert_eq!(refused.error(), (400, "invalid_request"));
    assert_eq!(
        refused.text("error_description"),
        "Missing required parameter: grant_type."
    );
}

#[tokio::test]
async fn an_app_gets_the_same_token_again_while_it_lives() {
    let scene = Scene::new().await;
    let (app, other) = (scene.app().await, scene.app().await);
    let first = scene.token(&app).await;
    assert_eq!(scene.token(&app).await, first);
    // Scopes in another order are the same scopes.
    let turned = SCOPES.split(' ').rev().collect::<Vec<_>>().join(" ");
    let code = scene.code(&app, &[("scope", &turned)]).await;
    let again = scene.fetch(&app, &code, &[]).await;
    assert_eq!(again.text("access_token"), first);
    let code = scene.code(&app, &[("scope", "read:accounts")]).await;
    let less = scene.fetch(&app, &code, &[]).await.text("access_token");
    let elsewhere = scene.token(&other).await;
    assert!(first != less && first != elsewhere && less != elsewhere);
    scene.mastodon().revoke_token(&first).unwrap();
    assert_ne!(scene.token(&app).await, first);
}

#[tokio::test]
async fn a_token_is_revoked_by_its_app_as_often_as_that_asks() {
    let scene = Scene::new().await;
    let (app, other) = (scene.app().await, scene.app().await);
    let token = scene.token(&app).await;
    let revoke = async |app: &App, token: &str| {
        let fields = [
            ("client_id", app.id.as_str()),
            ("client_secret", app.secret.as_str()),
            ("token", token),
        ];
        scene.form("/oauth/revoke", &fields).await
    };
    let pasted = scene.mastodon().create_token("acme", &["read"]).unwrap();
    let thief = App {
        secret: "guessed".into(),
        ..app.clone()
    };
    for (app, token) in [(&other, &token), (&app, &pasted), (&thief, &token)] {
        let refused = revoke(app, token).await;
        assert_eq!(refused.error(), (403, "unauthorized_client"));
        assert_eq!(
            refused.text("error_description"),
            "You are not authorized to revoke this token"
        );
        assert_eq!(scene.whoami(token).await.status, 200);
    }
    for token in [token.as_str(), &token, "not-there"] {
        let reply = revoke(&app, token).await;
        assert_eq!((reply.status, &reply.body), (200, &json!({})));
    }
    let ended = scene.whoami(&token).await;
    assert_eq!(ended.error(), (401, "The access token was revoked"));
    assert_eq!(
        ended.header("www-authenticate"),
        "Bearer realm=\"Doorkeeper\", error=\"invalid_token\", \
         error_description=\"The access token was revoked\""
    );
    let unknown = scene.whoami("not-there").await;
    assert_eq!(unknown.error(), (401, "The access token is invalid"));
}

#[tokio::test]
async fn a_password_reset_ends_every_token_and_taking_back_ends_those_of_apps() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let token = scene.token(&app).await;
    let pasted = scene.mastodon().create_token("acme", &["read"]).unwrap();
    let waiting = scene.code(&app, &[]).await;
    scene.order("unlink", json!({ "account": "acme" })).await;
    assert_eq!(scene.whoami(&token).await.status, 401);
    assert_eq!(scene.whoami(&pasted).await.status, 200);
    let late = scene.fetch(&app, &waiting, &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant"));
    let token = scene.token(&app).await;
    scene
        .order("password_reset", json!({ "account": "acme" }))
        .await;
    for token in [&token, &pasted] {
        let ended = scene.whoami(token).await;
        assert_eq!(ended.error(), (401, "The access token was revoked"));
    }
}

#[tokio::test]
async fn an_app_that_is_cleaned_up_is_unknown_everywhere() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let token = scene.token(&app).await;
    let code = scene.code(&app, &[]).await;
    scene.order("forget_apps", json!({})).await;
    let refused = scene.fetch(&app, &code, &[]).await;
    assert_eq!(refused.error(), (401, "invalid_client"));
    let link = scene.link(&app, &[]);
    let end = consent(&link, "acme", Answer::Allow).await.unwrap_err();
    assert_eq!(end.status, 401);
    let ended = scene.whoami(&token).await;
    assert_eq!(ended.error(), (401, "The access token is invalid"));
    let again = scene.app().await;
    let token = scene.token(&again).await;
    assert_eq!(scene.whoami(&token).await.status, 200);
}

#[tokio::test]
async fn every_endpoint_takes_its_own_scope_or_the_broad_one_and_no_other() {
    let scene = Scene::new().await;
    let all = [
        "read:accounts",
        "read:statuses",
        "write:statuses",
        "write:media",
        "profile",
    ];
    let account = scene.mastodon().create_account("corvid").unwrap();
    let full = scene.mastodon().create_token("corvid", &["write"]).unwrap();
    let status = scene.post(&full, "hello").await.text("id");
    let reads = [
        (
            "/api/v1/accounts/verify_credentials".to_owned(),
            vec!["read:accounts", "profile"],
        ),
        (
            format!("/api/v1/accounts/{account}/statuses"),
            vec!["read:statuses"],
        ),
        (format!("/api/v1/statuses/{status}"), vec!["read:statuses"]),
        (
            format!("/api/v1/statuses/{status}/source"),
            vec!["read:statuses"],
        ),
    ];
    for scope in all.into_iter().chain(["read", "write"]) {
        let token = scene.mastodon().create_token("corvid", &[scope]).unwrap();
        for (path, allowed) in &reads {
            let may = scope == "read" || allowed.contains(&scope);
            let reply = scene.get(path, &token).await;
            assert_eq!(reply.status, if may { 200 } else { 403 }, "{scope} {path}");
        }
        let may = ["write", "write:statuses"].contains(&scope);
        let reply = scene.post(&token, "hello").await;
        assert_eq!(reply.status, if may { 200 } else { 403 }, "{scope}");
        let may = ["write", "write:media"].contains(&scope);
        let asked = http().post(scene.at("/api/v2/media")).bearer_auth(&token);
        let reply = done(asked).await;
        assert_eq!(reply.status, if may { 422 } else { 403 }, "{scope}");
    }
    let token = scene.mastodon().create_token("corvid", &all).unwrap();
    assert_eq!(scene.post(&token, "hello").await.status, 200);
    let dropped = json!({ "token": token, "scope": "write:statuses" });
    scene.order("drop_scope", dropped).await;
    let refused = scene.post(&token, "hello").await;
    assert_eq!(
        refused.error(),
        (403, "This action is outside the authorized scopes")
    );
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"Doorkeeper\", error=\"insufficient_scope\", \
         error_description=\"Access to this resource requires scope _write write:statuses_.\""
    );
}

#[tokio::test]
async fn where_tokens_end_a_refresh_token_is_good_once_and_a_second_use_ends_everything() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    scene
        .order("expiring_tokens", json!({ "seconds": 3600 }))
        .await;
    let metadata = scene
        .get("/.well-known/oauth-authorization-server", "")
        .await;
    let grants = metadata.body["grant_types_supported"].as_array().unwrap();
    assert!(grants.contains(&json!("refresh_token")));
    let code = scene.code(&app, &[]).await;
    let first = scene.fetch(&app, &code, &[]).await;
    assert_eq!(first.body["expires_in"], 3600);
    let refresh = async |app: &App, token: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", app.id.as_str()),
            ("client_secret", app.secret.as_str()),
        ];
        scene.form("/oauth/token", &fields).await
    };
    scene.minutes(60);
    let token = first.text("access_token");
    let ended = scene.whoami(&token).await;
    assert_eq!(ended.error(), (401, "The access token expired"));
    let other = scene.app().await;
    let stolen = refresh(&other, &first.text("refresh_token")).await;
    assert_eq!(stolen.error(), (400, "invalid_grant"));
    let second = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!(second.text("scope"), SCOPES);
    assert_ne!(second.text("refresh_token"), first.text("refresh_token"));
    let token = second.text("access_token");
    assert_eq!(scene.whoami(&token).await.status, 200);
    let replayed = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!(replayed.error(), (400, "invalid_grant"));
    let ended = scene.whoami(&token).await;
    assert_eq!(ended.error(), (401, "The access token was revoked"));
    let refused = refresh(&app, &second.text("refresh_token")).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
}
