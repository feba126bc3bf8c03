//! The question whether an app may, and what becomes of each answer.

use super::*;
use crate::common::human::Human;

#[tokio::test]
async fn a_yes_brings_code_and_state_back_to_where_the_app_listens() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[]);
    let to = consent(&link, "birch", Answer::Allow).await.unwrap();
    assert!(to.as_str().starts_with(&format!("{LISTENING}?")), "{to}");
    assert_eq!(query(&to, "state").as_deref(), Some("st&te"));
    assert_eq!(query(&to, "error"), None);
    let code = query(&to, "code").unwrap();
    let reply = scene.fetch(&app, &code, &[]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.text("token_type"), "Bearer");
    assert_eq!(reply.text("scope"), SCOPES);
    assert_eq!(reply.body["created_at"], 1_795_269_660);
    for field in ["expires_in", "refresh_token"] {
        assert!(reply.body.get(field).is_none(), "{field}");
    }
    assert!(reply.header("cache-control").contains("no-store"));
    let token = reply.text("access_token");
    assert_eq!(scene.whoami(&token).await.text("username"), "birch");
}

#[tokio::test]
async fn a_no_brings_the_reason_and_the_state_back() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[]);
    let to = consent(&link, "acme", Answer::Deny).await.unwrap();
    assert!(to.as_str().starts_with(LISTENING));
    assert_eq!(query(&to, "error").as_deref(), Some("access_denied"));
    assert_eq!(
        query(&to, "error_description").as_deref(),
        Some("The resource owner or authorization server denied the request.")
    );
    assert_eq!(query(&to, "state").as_deref(), Some("st&te"));
    assert_eq!(query(&to, "code"), None);
    // Where a code would have been shown there is nobody to send back to.
    let link = scene.link(&app, &[("redirect_uri", SHOWN)]);
    let end = consent(&link, "acme", Answer::Deny).await.unwrap_err();
    assert_eq!(end.status, 400);
    assert!(end.text.contains("access_denied"), "{end:?}");
}

#[tokio::test]
async fn a_partial_yes_gives_a_token_that_says_and_does_less() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[]);
    let less = Answer::Untick(vec!["write:statuses", "read:statuses"]);
    let to = consent(&link, "acme", less).await.unwrap();
    let code = query(&to, "code").unwrap();
    let reply = scene.fetch(&app, &code, &[]).await;
    assert_eq!(reply.text("scope"), "read:accounts write:media");
    let refused = scene.post(&reply.text("access_token"), "hello").await;
    assert_eq!(
        refused.error(),
        (403, "This action is outside the authorized scopes")
    );
    // Nothing left is not a yes.
    let none = SCOPES.split(' ').collect();
    let to = consent(&link, "acme", Answer::Untick(none)).await.unwrap();
    assert_eq!(query(&to, "error").as_deref(), Some("invalid_scope"));
}

#[tokio::test]
async fn where_no_app_can_listen_the_code_is_shown_to_be_copied() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[("redirect_uri", SHOWN)]);
    let page = consent(&link, "acme", Answer::Allow).await.unwrap();
    let shown = scene.get(&page.as_str()[scene.base.len()..], "").await;
    assert_eq!(shown.status, 200);
    let (_, code) = shown.text.split_once("value=\"").unwrap();
    let code = code.split('"').next().unwrap();
    assert_eq!(query(&page, "state"), None);
    let reply = scene.fetch(&app, code, &[("redirect_uri", SHOWN)]).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn who_allowed_before_is_not_asked_again_unless_the_app_insists() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[]);
    let mut human = Human::default();
    let to = human.consent(&link, "acme", Answer::Allow).await.unwrap();
    let code = query(&to, "code").unwrap();
    let token = scene.fetch(&app, &code, &[]).await.text("access_token");
    // No page that could be denied, whoever would like to.
    let to = human.consent(&link, "birch", Answer::Deny).await.unwrap();
    let code = query(&to, "code").unwrap();
    let again = scene.fetch(&app, &code, &[]).await;
    assert_eq!(again.text("access_token"), token);
    // Other scopes are another question.
    let other = scene.link(&app, &[("scope", "read:accounts")]);
    let to = human.consent(&other, "acme", Answer::Deny).await.unwrap();
    assert!(query(&to, "error").is_some());
    // The page offers the remembered account, and a way to another one.
    let to = human.consent(&other, "birch", Answer::Allow).await.unwrap();
    let code = query(&to, "code").unwrap();
    let birch = scene.fetch(&app, &code, &[]).await.text("access_token");
    assert_eq!(scene.whoami(&birch).await.text("username"), "birch");
    // An app that insists gets the choice of accounts every time.
    let forced = scene.link(&app, &[("force_login", "true")]);
    for account in ["acme", "birch"] {
        let to = human.consent(&forced, account, Answer::Allow).await;
        let code = query(&to.unwrap(), "code").unwrap();
        let token = scene.fetch(&app, &code, &[]).await.text("access_token");
        assert_eq!(scene.whoami(&token).await.text("username"), account);
    }
    let to = human.consent(&forced, "birch", Answer::Deny).await.unwrap();
    assert!(query(&to, "error").is_some(), "{to}");
}

/// An app, what is other than usual in its link, and the page that comes of it.
type Untrusted<'a> = (&'a App, &'a [(&'a str, &'a str)], (u16, &'a str));

#[tokio::test]
async fn a_request_that_cannot_be_trusted_ends_in_a_page_and_not_at_the_app() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let unknown = App {
        id: "nobody".into(),
        secret: String::new(),
    };
    let redirect = (400, "The redirect uri included is not valid.");
    let cases: [Untrusted<'_>; 8] = [
        (
            &unknown,
            &[],
            (401, "Client authentication failed due to unknown client"),
        ),
        (
            &app,
            &[("client_id", "")],
            (400, "Missing required parameter: client_id."),
        ),
        (
            &app,
            &[("redirect_uri", "https://evil.test/callback")],
            redirect,
        ),
        (
            &app,
            &[("redirect_uri", "http://localhost:4711/callback")],
            redirect,
        ),
        (&app, &[("redirect_uri", "")], redirect),
        // These could be told the app; Mastodon shows them all the same.
        (
            &app,
            &[("response_type", "token")],
            (
                400,
                "The authorization server does not support this response type.",
            ),
        ),
        (
            &app,
            &[("scope", "read:accounts write")],
            (
                400,
                "The requested scope is invalid, unknown, or malformed.",
            ),
        ),
        (
            &app,
            &[("code_challenge_method", "plain")],
            (400, "The code_challenge_method must be S256."),
        ),
    ];
    for (app, other, (status, words)) in cases {
        let link = scene.link(app, other);
        let end = consent(&link, "acme", Answer::Allow).await.unwrap_err();
        assert_eq!(end.status, status, "{other:?}");
        assert!(end.text.contains(words), "{other:?}: {end:?}");
    }
    // Servers that are set up so tell the app, where its redirect can be trusted.
    scene.order("redirect_errors", json!({ "on": true })).await;
    for (app, other, _) in cases {
        let to = consent(&scene.link(app, other), "acme", Answer::Allow).await;
        let name = other.first().map(|(name, _)| *name);
        let error = match name {
            Some("response_type") => "unsupported_response_type",
            Some("scope") => "invalid_scope",
            Some("code_challenge_method") => "invalid_code_challenge_method",
            _ => {
                assert!(to.is_err(), "{other:?}: {to:?}");
                continue;
            }
        };
        let to = to.unwrap();
        assert_eq!(query(&to, "error").as_deref(), Some(error));
        assert_eq!(query(&to, "state").as_deref(), Some("st&te"));
    }
    let link = scene.link(&app, &[("redirect_uri", "http://localhost/callback")]);
    assert!(consent(&link, "acme", Answer::Allow).await.is_ok());
}

#[tokio::test]
async fn an_answer_counts_only_when_it_comes_from_the_page_of_that_browser() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let link = scene.link(&app, &[("force_login", "true")]);
    let opened = done(http().get(&link)).await;
    assert_eq!(
        (opened.status, opened.header("location")),
        (302, "/auth/sign_in")
    );
    let cookie = opened.header("set-cookie").split(';').next().unwrap();
    let form = async |path: &str, cookie: &str, fields: &[(&str, &str)]| {
        let asked = http().post(scene.at(path)).header("cookie", cookie);
        done(asked.form(fields)).await
    };
    let sign_in = http()
        .get(scene.at("/auth/sign_in"))
        .header("cookie", cookie);
    let page = done(sign_in).await;
    let (_, token) = page
        .text
        .split_once("authenticity_token\" value=\"")
        .unwrap();
    let token = token.split('"').next().unwrap();
    let fields = [("authenticity_token", token), ("account", "acme")];
    for (cookie, fields) in [("", &fields[..]), (cookie, &fields[1..])] {
        let refused = form("/auth/sign_in", cookie, fields).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("Security verification failed"));
    }
    let signed_in = form("/auth/sign_in", cookie, &fields).await;
    assert_eq!(signed_in.status, 302);
    let signed = signed_in.header("set-cookie").split(';').next().unwrap();
    assert_ne!(signed, cookie, "a session from before signing in ends");
    // Signed in for this very link it is asked once; then the app insists again.
    for status in [200, 302] {
        let opened = done(http().get(&link).header("cookie", signed)).await;
        assert_eq!(opened.status, status, "{opened:?}");
    }
    let calm = scene.link(&app, &[]);
    let opened = done(http().get(&calm).header("cookie", signed)).await;
    assert_eq!(opened.status, 200);
    // The token of the old session is none of the new one.
    let wish = [
        ("authenticity_token", token),
        ("client_id", &app.id),
        ("redirect_uri", LISTENING),
        ("response_type", "code"),
        ("scope", SCOPES),
        ("scopes[]", "read:accounts"),
    ];
    for cookie in [signed, cookie, ""] {
        assert_eq!(form("/oauth/authorize", cookie, &wish).await.status, 422);
    }
}

#[tokio::test]
async fn an_account_that_may_do_nothing_can_allow_nothing() {
    let scene = Scene::new().await;
    let link = scene.link(&scene.app().await, &[]);
    let mastodon = scene.mastodon();
    mastodon.freeze("acme", true).unwrap();
    let end = consent(&link, "acme", Answer::Allow).await.unwrap_err();
    assert_eq!(end.text, "Your login is currently disabled");
    mastodon.freeze("acme", false).unwrap();
    mastodon.unconfirmed("acme", true).unwrap();
    let end = consent(&link, "acme", Answer::Allow).await.unwrap_err();
    assert_eq!(end.text, "Your login is missing a confirmed e-mail address");
    mastodon.unconfirmed("acme", false).unwrap();
    assert!(consent(&link, "acme", Answer::Allow).await.is_ok());
    mastodon.suspend("acme").unwrap();
    assert!(consent(&link, "acme", Answer::Allow).await.is_err());
}
