//! The request that is pushed, and the proofs it is signed with.

use super::*;

#[tokio::test]
async fn the_server_says_where_its_pages_are() {
    let client = Client::new().await;
    let base = client.scene.sandbox.base();
    let get = |path: &'static str| {
        let request = client.scene.request(Method::GET, path, None);
        client.scene.send(request)
    };
    let resource = get("/.well-known/oauth-protected-resource")
        .await
        .unwrap()
        .ok();
    assert_eq!(resource["resource"], base);
    assert_eq!(resource["authorization_servers"], json!([base]));
    let said = get("/.well-known/oauth-authorization-server")
        .await
        .unwrap()
        .ok();
    assert_eq!(said["issuer"], base);
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("revocation_endpoint", "revoke"),
        ("pushed_authorization_request_endpoint", "par"),
    ] {
        assert_eq!(said[name], format!("{base}/oauth/{path}"));
    }
    for name in [
        "require_pushed_authorization_requests",
        "authorization_response_iss_parameter_supported",
        "client_id_metadata_document_supported",
    ] {
        assert_eq!(said[name], true, "{name}");
    }
    assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
}

#[tokio::test]
async fn a_request_is_pushed_in_the_second_attempt_with_a_nonce() {
    let client = Client::new().await;
    let mut claims = client.claims("POST", "/oauth/par", None).await;
    let nonce = claims.as_object_mut().unwrap().remove("nonce").unwrap();
    let proof = client.key.sign(&client.key.head(), &claims);
    let reply = client
        .with_proof("/oauth/par", &[("client_id", CLIENT)], &proof)
        .await;
    reply.denies(
        400,
        "use_dpop_nonce",
        "Authorization server requires nonce in DPoP proof",
    );
    assert_eq!(reply.header("dpop-nonce"), nonce.as_str().unwrap());
    let reply = client.push(&[]).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let body = reply.json();
    let name = body["request_uri"].as_str().unwrap();
    assert!(
        name.starts_with("urn:ietf:params:oauth:request_uri:req-"),
        "{name}"
    );
    assert_eq!(body["expires_in"], 299);
    assert!(!reply.header("dpop-nonce").is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_before_anybody_is_asked() {
    let client = Client::new().await;
    let chat = "atproto transition:chat.bsky";
    let other = "http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%2Fother&scope=atproto";
    let named = "http://localhost:34567/callback";
    let cases = [
        (
            "redirect_uri",
            named,
            "invalid_request",
            "Invalid authorization request: Use of \"localhost\" hostname is not allowed (RFC 8252), use a loopback IP such as \"127.0.0.1\" instead at body.redirect_uri",
        ),
        (
            "redirect_uri",
            "http://127.0.0.1:34567/other",
            "invalid_request",
            "Invalid redirect_uri http://127.0.0.1:34567/other",
        ),
        (
            "redirect_uri",
            "http://127.0.0.2:34567/callback",
            "invalid_request",
            "Invalid redirect_uri http://127.0.0.2:34567/callback",
        ),
        (
            "redirect_uri",
            "https://127.0.0.1:34567/callback",
            "invalid_request",
            "Invalid redirect_uri https://127.0.0.1:34567/callback",
        ),
        (
            "redirect_uri",
            "",
            "invalid_request",
            "redirect_uri is required",
        ),
        (
            "code_challenge",
            "",
            "invalid_request",
            "Use of PKCE is required",
        ),
        (
            "code_challenge_method",
            "plain",
            "invalid_request",
            "atproto requires use of \"S256\" code_challenge_method",
        ),
        (
            "code_challenge_method",
            "",
            "invalid_request",
            "atproto requires use of \"S256\" code_challenge_method",
        ),
        (
            "response_type",
            "token",
            "invalid_request",
            "atproto only supports the \"code\" response_type",
        ),
        (
            "scope",
            chat,
            "invalid_scope",
            "Scope \"transition:chat.bsky\" is not declared in the client metadata",
        ),
        (
            "scope",
            "transition:generic",
            "invalid_scope",
            "The \"atproto\" scope is required",
        ),
        (
            "client_id",
            other,
            "invalid_scope",
            "Scope \"transition:generic\" is not declared in the client metadata",
        ),
        (
            "login_hint",
            "alice",
            "invalid_request",
            "Invalid login_hint \"alice\"",
        ),
    ];
    for (name, value, error, words) in cases {
        client
            .push(&[(name, value)])
            .await
            .denies(400, error, words);
    }
    for bad in [
        "http://localhost:80?scope=atproto",
        "http://localhost/path",
        "http://localhost?scope=atproto&other=1",
        "http://localhost?redirect_uri=http%3A%2F%2Flocalhost%2Fcallback",
        "http://localhost?scope=transition%3Ageneric",
        "https://app.example/client.json",
    ] {
        let reply = client.push(&[("client_id", bad)]).await;
        assert_eq!(reply.status, 400, "{bad}");
        assert_eq!(reply.json()["error"], "invalid_client_metadata", "{bad}");
    }
    // Any port does, and without a word on it the client may say who it is only.
    let reply = client.push(&[("redirect_uri", "http://127.0.0.1:1/callback")]);
    assert_eq!(reply.await.status, 201);
    let bare = [
        ("client_id", "http://localhost"),
        ("redirect_uri", "http://[::1]:99/"),
        ("scope", "atproto"),
    ];
    assert_eq!(client.push(&bare).await.status, 201);
}

#[tokio::test]
async fn only_a_proof_that_is_right_in_every_part_is_taken() {
    let client = Client::new().await;
    let (path, form) = ("/oauth/par", [("client_id", CLIENT)]);
    client
        .unsigned(path, &form)
        .await
        .denies(401, "invalid_dpop_proof", "DPoP proof required");
    let now = client.scene.clock.now().0 / 1000;
    let claims = [
        ("htm", json!("GET"), "DPoP \"htm\" mismatch"),
        (
            "htu",
            json!("https://elsewhere.example/oauth/par"),
            "DPoP \"htu\" mismatch",
        ),
        ("htu", json!(null), "Invalid DPoP \"htu\" type"),
        ("jti", json!(null), "DPoP \"jti\" missing"),
        (
            "ath",
            json!(hash("a token")),
            "DPoP \"ath\" claim not allowed",
        ),
        (
            "iat",
            json!(null),
            "Failed to verify DPoP proof: missing required \"iat\" claim",
        ),
        (
            "iat",
            json!(now - 191),
            "Failed to verify DPoP proof: \"iat\" claim timestamp check failed (too far in the past)",
        ),
        (
            "iat",
            json!(now + 181),
            "Failed to verify DPoP proof: \"iat\" claim timestamp check failed (it should be in the past)",
        ),
    ];
    for (name, value, words) in claims {
        let mut claims = client.claims("POST", path, None).await;
        claims[name] = value;
        let proof = client.key.sign(&client.key.head(), &claims);
        let reply = client.with_proof(path, &form, &proof).await;
        reply.denies(401, "invalid_dpop_proof", words);
        assert!(reply.header("www-authenticate").starts_with("DPoP algs="));
    }
    let heads = [
        ("typ", json!("JWT")),
        ("alg", json!("none")),
        ("jwk", json!({})),
    ];
    for (name, value) in heads {
        let mut head = client.key.head();
        head[name] = value;
        let claims = client.claims("POST", path, None).await;
        let proof = client.key.sign(&head, &claims);
        let reply = client.with_proof(path, &form, &proof).await;
        assert_eq!(reply.json()["error"], "invalid_dpop_proof", "{name}");
    }
    // Signed by somebody else than the key says.
    let claims = client.claims("POST", path, None).await;
    let proof = Signer::new().sign(&client.key.head(), &claims);
    client.with_proof(path, &form, &proof).await.denies(
        401,
        "invalid_dpop_proof",
        "Failed to verify DPoP proof: signature verification failed",
    );
    let secret = json!({ "d": "private" });
    let mut head = client.key.head();
    head["jwk"]["d"] = secret["d"].clone();
    let proof = client
        .key
        .sign(&head, &client.claims("POST", path, None).await);
    let reply = client.with_proof(path, &form, &proof).await;
    assert_eq!(reply.json()["error"], "invalid_dpop_proof");
}

#[tokio::test]
async fn a_proof_works_once_and_a_nonce_for_three_minutes_at_most() {
    let client = Client::new().await;
    let path = "/oauth/revoke";
    let form = [("client_id", CLIENT), ("token", "none")];
    let claims = client.claims("POST", path, None).await;
    let proof = client.key.sign(&client.key.head(), &claims);
    client.with_proof(path, &form, &proof).await.ok();
    client.with_proof(path, &form, &proof).await.denies(
        401,
        "invalid_dpop_proof",
        "DPoP proof replayed",
    );
    let mut made = client.claims("POST", path, None).await;
    let mut again = async || {
        made["jti"] = json!(unique());
        made["iat"] = json!(client.scene.clock.now().0 / 1000);
        let proof = client.key.sign(&client.key.head(), &made);
        client.with_proof(path, &form, &proof).await
    };
    client.scene.clock.advance(2 * MINUTE);
    again().await.ok();
    client.scene.clock.advance(MINUTE);
    let reply = again().await;
    reply.denies(400, "use_dpop_nonce", "DPoP \"nonce\" mismatch");
    assert!(!reply.header("dpop-nonce").is_empty());
}

#[tokio::test]
async fn what_is_in_the_address_does_not_count() {
    let client = Client::new().await;
    let path = format!("/oauth/par?client_id={}", hash("x"));
    let reply = client.unsigned(&path, &[("scope", "atproto")]).await;
    assert_eq!(reply.json()["error"], "invalid_request");
    let request = client.scene.request(Method::GET, "/oauth/par", None);
    assert_eq!(client.scene.send(request).await.unwrap().status, 405);
    let request = client.scene.request(Method::POST, "/oauth/token", None);
    let request = request.header("content-type", "text/plain").body("a=b");
    assert_eq!(client.scene.send(request).await.unwrap().status, 415);
}
