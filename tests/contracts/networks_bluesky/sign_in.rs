use allgreen::domain::channel::Expiry;
use allgreen::networks::Credential;
use allgreen::sandbox::bluesky::PLC;
use allgreen::sandbox::faults::{Fault, Outage, Times};
use allgreen::support::config::NetworkSettings;
use allgreen::support::secret::Secret;

use super::{ALICE, MAIN, Scene};

/// Signs in and gives the code of the refusal.
async fn code(scene: &Scene, who: &str, password: &str) -> &'static str {
    let error = scene.try_sign_in(who, password).await.unwrap_err();
    assert!(
        error.what.ends_with('.') && error.hint.ends_with('.'),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains(password), "{error:?}");
    error.code
}

#[tokio::test]
async fn b6_a_login_ends_with_a_proof_made_with_the_tokens_that_publish() {
    let scene = Scene::new().await;
    scene.bluesky().app_view(true);
    let it = scene
        .try_sign_in(
            "\u{202a}@Alice.test\u{202c}",
            &format!(" {}\n", scene.app_password),
        )
        .await
        .unwrap();
    assert_eq!(
        scene.calls(),
        [
            "resolveHandle",
            PLC,
            "createSession",
            "refreshSession",
            "getSession",
            "getProfile"
        ]
    );
    assert_eq!(it.server, scene.sandbox.base());
    assert_eq!(it.remote_user_id, scene.did);
    assert_eq!(it.scopes, ["com.atproto.appPass"]);
    let account = &it.accounts[0];
    assert_eq!(
        (account.handle.as_str(), account.display_name.as_str()),
        (ALICE, "Alice")
    );
    let now = scene.clock.now().0;
    assert_eq!(it.tokens.access_ends.expiry, Expiry::Date);
    assert_eq!(it.tokens.access_ends.at.unwrap().0, now + 7_200_000);
    assert_eq!(it.tokens.grant_ends.at.unwrap().0, now + 90 * 86_400_000);
    assert_eq!(it.tokens.password.unwrap().expose(), scene.app_password);
}

#[tokio::test]
async fn b3_an_account_may_be_named_by_its_did_and_its_profile_may_be_missing() {
    let scene = Scene::new().await;
    let it = scene
        .try_sign_in(&scene.did, &scene.app_password)
        .await
        .unwrap();
    assert_eq!(it.accounts[0].handle, ALICE);
    assert_eq!(it.accounts[0].display_name, "");
}

#[tokio::test]
async fn b3_what_may_be_a_main_password_is_sent_nowhere() {
    let scene = Scene::new().await;
    for word in ["correct horse battery", "hunter2", "abcd-efgh-ijkl", ""] {
        let error = scene.try_sign_in(ALICE, word).await.unwrap_err();
        assert_eq!(error.code, "not_an_app_password");
        assert!(
            error
                .hint
                .contains("https://bsky.app/settings/app-passwords")
        );
    }
    assert_eq!(scene.calls(), [""; 0]);
}

#[tokio::test]
async fn b3_a_main_password_is_refused_and_its_session_ended() {
    let scene = Scene::new().await;
    assert_eq!(code(&scene, ALICE, MAIN).await, "main_password");
    assert_eq!(scene.calls().last().unwrap(), "deleteSession");
}

#[tokio::test]
async fn each_refusal_has_its_own_name() {
    let scene = Scene::new().await;
    let word = scene.app_password.clone();
    let bluesky = scene.bluesky();
    assert_eq!(
        code(&scene, ALICE, "aaaa-bbbb-cccc-dddd").await,
        "wrong_password"
    );
    assert_eq!(code(&scene, "nobody.test", &word).await, "unknown_handle");
    assert_eq!(code(&scene, "alice", &word).await, "bad_handle");
    assert_eq!(
        code(&scene, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", &word).await,
        "account_gone"
    );

    bluesky.takedown(ALICE, true).unwrap();
    assert_eq!(code(&scene, &scene.did, &word).await, "restricted");
    bluesky.takedown(ALICE, false).unwrap();
    bluesky.deactivate(ALICE, true).unwrap();
    assert_eq!(code(&scene, &scene.did, &word).await, "restricted");
    assert_eq!(scene.calls().last().unwrap(), "deleteSession");
    bluesky.deactivate(ALICE, false).unwrap();

    bluesky.fault_once(
        "com.atproto.server.createSession",
        Fault::RateLimited { retry_after: 290 },
    );
    let error = scene.try_sign_in(ALICE, &word).await.unwrap_err();
    assert_eq!(
        (error.code, error.hint.as_str()),
        ("rate_limited", "Try again in 290 s.")
    );
}

#[tokio::test]
async fn trouble_of_theirs_is_never_called_a_wrong_password() {
    let scene = Scene::new().await;
    for endpoint in [
        "com.atproto.identity.resolveHandle",
        PLC,
        "com.atproto.server.createSession",
        "com.atproto.server.refreshSession",
        "com.atproto.server.getSession",
    ] {
        for (fault, wanted) in [
            (Fault::Down, "unreachable"),
            (Fault::DropAnswer, "unreachable"),
            (Fault::BrokenJson, "unexpected_answer"),
            (Fault::Status(418, "{}".into()), "unexpected_answer"),
        ] {
            // Nobody reads what getSession says; that it answers is the proof.
            if endpoint.ends_with("getSession") && fault == Fault::BrokenJson {
                continue;
            }
            scene
                .bluesky()
                .fault(endpoint, None, fault.clone(), Times::Count(1));
            let found = code(&scene, ALICE, &scene.app_password).await;
            let unreadable = wanted == "unexpected_answer" && found == "unreachable";
            assert!(
                found == wanted || unreadable,
                "{endpoint} {fault:?}: {found}"
            );
            scene.bluesky().clear_faults();
        }
    }
    for outage in [Outage::Closed, Outage::Unavailable] {
        scene.bluesky().outage(outage);
        assert_eq!(
            code(&scene, ALICE, &scene.app_password).await,
            "unreachable"
        );
    }
}

#[tokio::test]
async fn without_leave_a_private_server_is_not_called() {
    let scene = Scene::new().await;
    let mut net = scene.net.clone();
    net.settings = NetworkSettings::default();
    for server in [scene.sandbox.base(), "https://127.0.0.1", "localhost"] {
        let credential = Credential::AppPassword {
            handle: ALICE.into(),
            server: Some(server.into()),
            password: Secret::new(scene.app_password.as_str()),
        };
        let error = scene
            .networked
            .sign_in(&net, &credential)
            .await
            .unwrap_err();
        assert_eq!(error.code, "private_address", "{server}: {error:?}");
    }
    assert_eq!(scene.calls(), [""; 0]);
}
