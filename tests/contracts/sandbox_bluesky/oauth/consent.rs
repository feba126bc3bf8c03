//! The pages: signing in, saying yes, saying no.

use super::human::Answer;
use super::*;

#[tokio::test]
async fn a_yes_leads_back_with_a_code_and_who_gives_it() {
    let client = Client::new().await;
    let link = client.link().await;
    let back = client.answered(&link, Answer::Allow).await.unwrap();
    assert!(
        back.as_str()
            .starts_with("http://127.0.0.1:34567/callback?")
    );
    assert_eq!(query(&back, "state").unwrap(), "the-state");
    assert_eq!(query(&back, "iss").unwrap(), client.scene.sandbox.base());
    assert!(query(&back, "code").unwrap().starts_with("cod-"));
    assert_eq!(query(&back, "error"), None);
}

#[tokio::test]
async fn a_no_leads_back_too_and_ends_the_request() {
    let client = Client::new().await;
    let link = client.link().await;
    let back = client.answered(&link, Answer::Deny).await.unwrap();
    assert_eq!(query(&back, "error").unwrap(), "access_denied");
    let words = query(&back, "error_description").unwrap();
    assert_eq!(words, "The user rejected the request");
    assert_eq!(query(&back, "state").unwrap(), "the-state");
    assert_eq!(query(&back, "iss").unwrap(), client.scene.sandbox.base());
    let again = client.answered(&link, Answer::Allow).await.unwrap_err();
    assert_eq!(again.status, 400);
    assert!(again.text.contains("Unknown request_uri"), "{again:?}");
}

#[tokio::test]
async fn only_the_main_password_signs_in() {
    let client = Client::new().await;
    let link = client.link().await;
    let tried = async |password: &str| {
        let mut human = Human::knowing(password);
        let fresh = client.link().await;
        human.consent(&fresh, ALICE, Answer::Allow).await
    };
    let app = tried(&client.scene.app_password).await.unwrap_err();
    assert!(
        app.text.contains("App passwords are not allowed"),
        "{app:?}"
    );
    let wrong = tried("wrong").await.unwrap_err();
    assert!(wrong.text.contains("Invalid identifier or password"));
    client.scene.bluesky().takedown(ALICE, true).unwrap();
    let down = client.answered(&link, Answer::Allow).await.unwrap_err();
    assert!(down.text.contains("Account was taken down"), "{down:?}");
    client.scene.bluesky().takedown(ALICE, false).unwrap();
    client.scene.bluesky().deactivate(ALICE, true).unwrap();
    let fresh = client.link().await;
    let back = client.answered(&fresh, Answer::Allow).await.unwrap();
    assert_eq!(query(&back, "error").unwrap(), "access_denied");
}

#[tokio::test]
async fn somebody_signed_in_may_say_yes_as_another() {
    let client = Client::new().await;
    let bluesky = client.scene.bluesky();
    bluesky.create_account("bob.test", MAIN, "Bob").unwrap();
    let mut human = Human::knowing(MAIN);
    let link = client.link().await;
    human
        .consent(&link, "bob.test", Answer::Allow)
        .await
        .unwrap();
    let link = client.link().await;
    let back = human.consent(&link, ALICE, Answer::Allow).await.unwrap();
    let reply = client.exchange(&query(&back, "code").unwrap()).await;
    assert_eq!(reply.ok()["sub"], client.scene.did);
}

#[tokio::test]
async fn a_request_is_for_one_browser_one_client_and_one_answer() {
    let client = Client::new().await;
    let denied = |back: &Url, words: &str| {
        assert_eq!(query(back, "error").unwrap(), "access_denied");
        assert_eq!(query(back, "error_description").unwrap(), words);
    };
    let link = client.link().await;
    let mut human = Human::knowing(MAIN);
    human.consent(&link, ALICE, Answer::Allow).await.unwrap();
    let back = human.consent(&link, ALICE, Answer::Allow).await.unwrap();
    denied(&back, "This request was already authorized");

    let link = client.link().await;
    let plain = client.scene.http.get(&link).send().await.unwrap();
    assert_eq!(plain.status(), 200);
    let back = client.answered(&link, Answer::Allow).await.unwrap();
    denied(&back, "This request was initiated from another device");

    let link = client.link().await;
    let other = link.replace("transition%253Ageneric", "transition%253Aemail");
    assert_ne!(link, other);
    let back = client.answered(&other, Answer::Allow).await.unwrap();
    denied(&back, "This request was initiated for another client");

    let link = client.link().await;
    client
        .scene
        .clock
        .advance(5 * MINUTE + Duration::from_millis(1));
    let back = client.answered(&link, Answer::Allow).await.unwrap();
    denied(&back, "This request has expired");
    let gone = client.answered(&link, Answer::Allow).await.unwrap_err();
    assert!(gone.text.contains("Unknown request_uri"), "{gone:?}");
    let bare = format!(
        "{}/oauth/authorize?client_id=x",
        client.scene.sandbox.base()
    );
    assert_eq!(
        client
            .answered(&bare, Answer::Allow)
            .await
            .unwrap_err()
            .status,
        400
    );
}

#[tokio::test]
async fn a_form_that_another_page_sends_is_refused() {
    let client = Client::new().await;
    let link = Url::parse(&client.link().await).unwrap();
    let request = query(&link, "request_uri").unwrap();
    for path in ["sign-in", "consent"] {
        let form = [
            ("client_id", CLIENT),
            ("request_uri", &*request),
            ("answer", "allow"),
            ("username", ALICE),
            ("password", MAIN),
            ("csrf-token", "guessed"),
        ];
        let reply = client
            .unsigned(&format!("/oauth/authorize/{path}"), &form)
            .await;
        assert_eq!(reply.status, 400);
        assert!(reply.text.contains("Invalid CSRF token"), "{}", reply.text);
    }
    // The request was not hurt by that.
    client.answered(link.as_str(), Answer::Allow).await.unwrap();
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_text_on_the_page() {
    let client = Client::new().await;
    let hint = "a.b\"><script>alert(1)</script>";
    let reply = client.push(&[("login_hint", hint)]).await;
    let request = reply.json()["request_uri"].as_str().unwrap().to_owned();
    let link = client.link_of(CLIENT, &request);
    let page = client.scene.http.get(&link).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(!page.contains("<script>"), "{page}");
    assert!(page.contains("&lt;script&gt;"), "{page}");
}
