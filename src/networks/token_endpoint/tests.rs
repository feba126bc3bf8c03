//! Answers that are not as the standard has them, from the table of what the
//! `oauth2` crate refuses and networks send.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::normalise::answer;
use super::*;
use crate::domain::network::Network;
use crate::networks::login::Quirks;

proptest! {
    #[test]
    fn outside_no_answer_makes_the_normaliser_fail_or_grow(
        status in 100_u16..600,
        body in prop::collection::vec(any::<u8>(), 0..600),
        text in "[{\\[\"]?(\"(access_token|expires_in|scope|token_type|error|sub)\"?[:=][^,&]{0,20}[,&]?){0,6}[}\\]]?",
    ) {
        for body in [body.as_slice(), text.as_bytes()] {
            let (_, out) = answer(status, body);
            prop_assert!(out.len() <= 16 * body.len() + 1024);
        }
    }
}

fn normal(status: u16, body: &str) -> (u16, Value) {
    let (status, body) = answer(status, body.as_bytes());
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[test]
fn odd_successes_are_made_standard() {
    for (sent, wanted) in [
        (
            r#"{"access_token":"a"}"#,
            json!({"access_token": "a", "token_type": "bearer"}),
        ),
        (
            r#"{"access_token":"a","token_type":"Bearer","expires_in":"3600","scope":["read","write"]}"#,
            json!({"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "scope": "read write"}),
        ),
        (
            r#"{"access_token":"a","token_type":"bearer","scope":"user.info,video.publish","refresh_expires_in":86400}"#,
            json!({"access_token": "a", "token_type": "bearer", "scope": "user.info video.publish", "refresh_token_expires_in": 86400}),
        ),
        (
            "access_token=a&token_type=bearer&expires=5183944",
            json!({"access_token": "a", "token_type": "bearer", "expires_in": 5_183_944}),
        ),
        (
            r#"{"access_token":"a","token_type":null,"refresh_token":"","scope":"","sub":7}"#,
            json!({"access_token": "a", "token_type": "bearer"}),
        ),
    ] {
        assert_eq!(normal(200, sent), (200, wanted), "{sent}");
    }
}

#[test]
fn row_37_an_end_nobody_can_believe_is_no_end() {
    for end in [
        "0",
        "-1",
        "\"soon\"",
        "1e18",
        "999999999999",
        "null",
        "[]",
        "\"0\"",
    ] {
        let body = format!(r#"{{"access_token":"a","token_type":"b","expires_in":{end}}}"#);
        assert_eq!(
            normal(200, &body).1,
            json!({"access_token": "a", "token_type": "b"}),
            "{end}"
        );
    }
    let body = r#"{"access_token":"a","token_type":"b","expires_in":59.5}"#;
    assert_eq!(normal(200, body).1["expires_in"], 59);
}

#[test]
fn odd_refusals_are_refusals() {
    let meta = r#"{"error":{"message":"Invalid code.","type":"OAuthException","code":100}}"#;
    for status in [200, 400] {
        let (status, body) = normal(status, meta);
        assert_eq!(status, 400);
        assert_eq!(body["error"], "OAuthException");
        assert_eq!(body["error_description"], "Invalid code.");
    }
    let page = "<html>access_token=</html>";
    assert_eq!(
        answer(502, page.as_bytes()),
        (502, page.as_bytes().to_vec())
    );
    assert_eq!(normal(500, "[1]").1, json!([1]));
}

fn made(quirks: &'static Quirks) -> OAuthClient {
    OAuthClient {
        network: Network::Mastodon,
        server: "https://a.example".to_owned(),
        client_id: "id".to_owned(),
        client_secret: Some(Secret::new("hush")),
        authorize_url: Url::parse("https://a.example/oauth/authorize?lang=en").unwrap(),
        token_url: Url::parse("https://a.example/oauth/token").unwrap(),
        device_url: None,
        pushed_url: None,
        issuer: None,
        scopes: vec!["read".to_owned(), "write:media".to_owned()],
        more: vec![("force_login".to_owned(), "true".to_owned())],
        proof_key: None,
        account: None,
        quirks,
    }
}

fn query(quirks: &'static Quirks) -> Vec<(String, String)> {
    let ask = Authorize {
        state: "st ate".to_owned(),
        // Verifier and challenge of RFC 7636, appendix B.
        verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
        redirect: "http://127.0.0.1:5/callback".to_owned(),
    };
    let url = link(&made(quirks), &ask).unwrap();
    assert!(!url.as_str().contains("hush") && !url.as_str().contains("dBjft"));
    url.query_pairs().into_owned().collect()
}

fn has(pairs: &[(String, String)], name: &str) -> Vec<String> {
    let named = pairs.iter().filter(|(one, _)| one == name);
    named.map(|(_, value)| value.clone()).collect()
}

#[test]
fn the_link_carries_everything_once() {
    let pairs = query(&Quirks::STANDARD);
    for (name, value) in [
        ("lang", "en"),
        ("response_type", "code"),
        ("client_id", "id"),
        ("state", "st ate"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "http://127.0.0.1:5/callback"),
        ("scope", "read write:media"),
        ("force_login", "true"),
    ] {
        assert_eq!(has(&pairs, name), [value], "{name}");
    }
    assert_eq!(pairs.len(), 9);
}

#[test]
fn a_network_that_departs_from_the_standard_does_so_by_data() {
    static ODD: Quirks = Quirks {
        client_id: "client_key",
        between_scopes: ',',
        challenge: Challenge::Hex,
        client_auth: ClientAuth::Body,
    };
    let pairs = query(&ODD);
    assert_eq!(has(&pairs, "client_key"), ["id"]);
    assert!(has(&pairs, "client_id").is_empty());
    assert_eq!(has(&pairs, "scope"), ["read,write:media"]);
    assert_eq!(
        has(&pairs, "code_challenge"),
        ["13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"]
    );
}
