//! What an app finds at an instance, and how it is registered there.

use super::*;

#[tokio::test]
async fn the_metadata_say_where_everything_is_and_are_missing_before_4_3() {
    let scene = Scene::new().await;
    let path = "/.well-known/oauth-authorization-server";
    let reply = scene.get(path, "").await;
    assert_eq!(reply.status, 200);
    for (field, path) in [
        ("issuer", "/"),
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("app_registration_endpoint", "/api/v1/apps"),
    ] {
        assert_eq!(reply.text(field), scene.at(path));
    }
    for (field, list) in [
        ("code_challenge_methods_supported", json!(["S256"])),
        ("response_types_supported", json!(["code"])),
        (
            "grant_types_supported",
            json!(["authorization_code", "client_credentials"]),
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post"]),
        ),
    ] {
        assert_eq!(reply.body[field], list, "{field}");
    }
    let scopes = reply.body["scopes_supported"].as_array().unwrap();
    for scope in ["read", "write", "profile", "read:notifications"] {
        assert!(scopes.contains(&json!(scope)), "{scope}");
    }
    scene.order("before_4_3", json!({ "on": true })).await;
    assert_eq!(scene.get(path, "").await.status, 404);
}

#[tokio::test]
async fn an_app_is_registered_with_a_list_of_redirects_or_with_lines() {
    let scene = Scene::new().await;
    let lines = format!("{SHOWN}\n{CALLBACK}");
    let by_form = scene
        .form(
            "/api/v1/apps",
            &[
                ("client_name", "A"),
                ("redirect_uris", &lines),
                ("scopes", "read write:media"),
                ("website", "https://app.test"),
            ],
        )
        .await;
    let list = json!({
        "client_name": "A", "redirect_uris": [SHOWN, CALLBACK], "scopes": "read write:media",
        "website": "https://app.test",
    });
    let by_json = done(http().post(scene.at("/api/v1/apps")).json(&list)).await;
    for reply in [&by_form, &by_json] {
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.body["redirect_uris"], json!([SHOWN, CALLBACK]));
        assert_eq!(reply.body["client_secret_expires_at"], 0);
        assert_eq!(reply.body["website"], "https://app.test");
    }
    for field in ["id", "client_id", "client_secret"] {
        assert_ne!(by_form.text(field), by_json.text(field));
    }
    // Before 4.3 a list was not read, and the answer has fewer fields.
    scene.order("before_4_3", json!({ "on": true })).await;
    let by_json = done(http().post(scene.at("/api/v1/apps")).json(&list)).await;
    let blank = "Validation failed: Redirect URI can't be blank";
    assert_eq!(by_json.error(), (422, blank));
    let fields = [("client_name", "A"), ("redirect_uris", lines.as_str())];
    let by_form = scene.form("/api/v1/apps", &fields).await;
    assert_eq!(by_form.status, 200);
    assert_eq!(by_form.text("redirect_uri"), lines);
    assert!(by_form.body.get("client_secret_expires_at").is_none());
}

#[tokio::test]
async fn a_registration_that_is_wrong_is_told_what_is_wrong() {
    let scene = Scene::new().await;
    scene.order("rate_limits", json!({ "on": false })).await;
    let long = "n".repeat(61);
    for (name, redirects, scopes, website, flaw) in [
        ("", CALLBACK, "read", "", "Application name can't be blank"),
        (
            &*long,
            CALLBACK,
            "read",
            "",
            "Application name is too long (maximum is 60 characters)",
        ),
        ("A", "", "read", "", "Redirect URI can't be blank"),
        (
            "A",
            "/callback",
            "read",
            "",
            "Redirect URI must be an absolute URI.",
        ),
        (
            "A",
            "https://app.test/#here",
            "read",
            "",
            "Redirect URI cannot contain a fragment.",
        ),
        (
            "A",
            "javascript:alert(1)",
            "read",
            "",
            "Redirect URI is forbidden by the server.",
        ),
        (
            "A",
            "localhost:4711/callback",
            "read",
            "",
            "Redirect URI must specify a scheme.",
        ),
        (
            "A",
            CALLBACK,
            "read everything",
            "",
            "Scopes doesn't match those configured on the server.",
        ),
        (
            "A",
            CALLBACK,
            "read",
            "app",
            "Application website is invalid",
        ),
    ] {
        let fields = [
            ("client_name", name),
            ("redirect_uris", redirects),
            ("scopes", scopes),
            ("website", website),
        ];
        let reply = scene.form("/api/v1/apps", &fields).await;
        let sentence = format!("Validation failed: {flaw}");
        assert_eq!(reply.error(), (422, sentence.as_str()));
    }
    // `profile` is a scope since 4.3.
    let fields = [
        ("client_name", "A"),
        ("redirect_uris", CALLBACK),
        ("scopes", "profile"),
    ];
    assert_eq!(scene.form("/api/v1/apps", &fields).await.status, 200);
    scene.order("before_4_3", json!({ "on": true })).await;
    assert_eq!(scene.form("/api/v1/apps", &fields).await.status, 422);
}

#[tokio::test]
async fn five_apps_are_registered_in_ten_minutes() {
    let scene = Scene::new().await;
    let fields = [("client_name", "A"), ("redirect_uris", CALLBACK)];
    for left in ["4", "3", "2", "1", "0"] {
        let reply = scene.form("/api/v1/apps", &fields).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("x-ratelimit-remaining"), left);
    }
    let refused = scene.form("/api/v1/apps", &fields).await;
    assert_eq!(refused.error(), (429, "Too many requests"));
    assert_eq!(refused.header("x-ratelimit-limit"), "5");
    let reset = "2026-11-21T14:10:00.000000Z";
    assert_eq!(refused.header("x-ratelimit-reset"), reset);
    assert_eq!(refused.header("retry-after"), "");
    scene.minutes(9);
    assert_eq!(scene.form("/api/v1/apps", &fields).await.status, 200);
    scene.order("rate_limits", json!({ "on": false })).await;
    for _ in 0..6 {
        assert_eq!(scene.form("/api/v1/apps", &fields).await.status, 200);
    }
}
