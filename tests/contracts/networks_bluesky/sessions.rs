use std::sync::Arc;

use allgreen::domain::answer::AnswerClass;
use allgreen::domain::channel::Cause;
use allgreen::networks::{Ends, Session, Tokens};
use allgreen::sandbox::faults::{Fault, Outage, Times};
use allgreen::support::secret::Secret;

use super::{ALICE, Scene, harmless, refused, renewed, sandbox};

const REFRESH: &str = "com.atproto.server.refreshSession";
const CREATE: &str = "com.atproto.server.createSession";
const STATUS: &str = "com.atproto.sync.getRepoStatus";

/// The same login without the kept password.
fn without_password(session: &Session) -> Session {
    let old = &session.tokens;
    Session {
        tokens: Arc::new(Tokens {
            access: old.access.duplicate(),
            refresh: old.refresh.as_ref().map(Secret::duplicate),
            password: None,
            client_secret: None,
            proof_key: None,
            access_ends: Ends { ..old.access_ends },
            grant_ends: Ends { ..old.grant_ends },
        }),
        ..session.clone()
    }
}

#[tokio::test]
async fn a4_every_proof_is_one_refresh_and_brings_a_new_pair() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.bluesky().forget_calls();
    let good = renewed(scene.networked.probe(&scene.net, &session, &[]).await);
    assert_eq!(scene.calls(), ["refreshSession"]);
    assert!(good.blocked.is_none() && good.healed.is_none());
    assert_eq!(good.server, session.server);
    assert_eq!(good.tokens.password.unwrap().expose(), scene.app_password);
    assert_ne!(
        good.tokens.refresh.unwrap().expose(),
        session.tokens.refresh.as_ref().unwrap().expose()
    );
}

#[tokio::test]
async fn b3_a_changed_main_password_heals_by_itself() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene
        .bluesky()
        .change_main_password(ALICE, "another")
        .unwrap();
    scene.bluesky().forget_calls();
    let good = renewed(scene.refresh(&session).await);
    assert_eq!(scene.calls(), ["refreshSession", "createSession"]);
    assert!(good.healed.unwrap().contains("app password"));
}

#[tokio::test]
async fn a5_a_removed_app_password_is_confirmed_and_named() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene
        .bluesky()
        .revoke_app_password(ALICE, "allgreen")
        .unwrap();
    scene.bluesky().forget_calls();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(
        scene.calls(),
        ["refreshSession", "createSession", "getRepoStatus"]
    );
    assert_eq!(refusal.class, AnswerClass::Revoked);
    assert_eq!(refusal.cause(), Some(Cause::AppRemoved));
    assert!(refusal.confirmed);
    assert_eq!(refusal.evidence.http_status, Some(401));
    assert_eq!(refusal.evidence.seen_by.as_deref(), Some("createSession"));
}

#[tokio::test]
async fn without_a_kept_password_the_refresh_alone_speaks_unconfirmed() {
    let scene = Scene::new().await;
    let session = without_password(&scene.session().await);
    scene.bluesky().forget_refresh_tokens(None).unwrap();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.cause(), Some(Cause::AccessWithdrawn));
    assert!(!refusal.confirmed);
}

#[tokio::test]
async fn a1_a_takedown_is_restricted_although_it_looks_like_a_wrong_password() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.bluesky().takedown(ALICE, true).unwrap();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.cause(), Some(Cause::Restricted));
    assert!(refusal.confirmed);
    assert_eq!(refusal.evidence.network_code.as_deref(), Some("takendown"));

    // Lifted: the old session stays dead, the kept password opens a new one.
    scene.bluesky().takedown(ALICE, false).unwrap();
    let good = renewed(scene.refresh(&session).await);
    assert!(good.blocked.is_none());
}

#[tokio::test]
async fn a1_a_deactivated_account_renews_but_is_blocked() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.bluesky().deactivate(ALICE, true).unwrap();
    let blocked = renewed(scene.refresh(&session).await).blocked.unwrap();
    assert_eq!(blocked.cause(), Some(Cause::Restricted));
    scene.bluesky().deactivate(ALICE, false).unwrap();
    assert!(renewed(scene.refresh(&session).await).blocked.is_none());
}

#[tokio::test]
async fn a1_a_deleted_account_is_gone() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene.bluesky().delete_account(ALICE).unwrap();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.cause(), Some(Cause::AccountGone));
    assert!(refusal.confirmed);
}

#[tokio::test]
async fn b4_an_account_that_moved_is_followed_when_its_password_moved_along() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let other = sandbox(&scene.clock, 8).await;
    // The new server does not know the app password yet.
    other
        .bluesky()
        .adopt_account(&scene.did, ALICE, "elsewhere", "")
        .unwrap();
    scene.bluesky().move_account(ALICE, other.base()).unwrap();
    let blocked = renewed(scene.refresh(&session).await).blocked.unwrap();
    assert_eq!(blocked.cause(), Some(Cause::AccessWithdrawn));
    assert!(blocked.evidence.message.unwrap().contains(other.base()));

    other
        .bluesky()
        .change_main_password(ALICE, &scene.app_password)
        .unwrap();
    let good = renewed(scene.refresh(&session).await);
    assert_eq!(good.server, other.base());
    assert!(good.healed.unwrap().contains(other.base()));

    // The same when the old server has forgotten everything.
    scene.bluesky().forget_refresh_tokens(None).unwrap();
    scene
        .bluesky()
        .revoke_app_password(&scene.did, "allgreen")
        .unwrap();
    let good = renewed(scene.refresh(&session).await);
    assert_eq!(good.server, other.base());
}

#[tokio::test]
async fn a5_no_outage_on_any_of_the_three_calls_flips_a_channel() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    // Everything is really gone; what is tested is who says so.
    scene
        .bluesky()
        .revoke_app_password(ALICE, "allgreen")
        .unwrap();
    for endpoint in [REFRESH, CREATE, STATUS] {
        for fault in [
            Fault::Down,
            Fault::DropBeforeProcessing,
            Fault::DropAnswer,
            Fault::BrokenJson,
            Fault::RateLimited { retry_after: 60 },
            Fault::Status(500, "{\"error\":\"InternalServerError\"}".into()),
            Fault::Status(403, "<html>blocked</html>".into()),
            Fault::Status(302, String::new()),
        ] {
            let what = format!("{endpoint} {fault:?}");
            if fault == Fault::BrokenJson && endpoint != STATUS {
                // It breaks successes only, and these two are refused.
                continue;
            }
            scene
                .bluesky()
                .fault(endpoint, None, fault, Times::UntilCleared);
            harmless(&refused(scene.refresh(&session).await), &what);
            scene.bluesky().clear_faults();
        }
    }
    for outage in [Outage::Closed, Outage::Unavailable] {
        scene.bluesky().outage(outage);
        let refusal = refused(scene.refresh(&session).await);
        assert_eq!(refusal.class, AnswerClass::Transient);
    }
}

#[tokio::test]
async fn a5_a_rate_limit_says_when_and_a_broken_success_is_visible() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    scene
        .bluesky()
        .fault_once(REFRESH, Fault::RateLimited { retry_after: 290 });
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.class, AnswerClass::RateLimited);
    assert_eq!(refusal.retry_after.unwrap().as_secs(), 290);

    scene
        .bluesky()
        .fault_once(REFRESH, Fault::Status(200, "{\"accessJwt\":".into()));
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.class, AnswerClass::Unclassified);
}

#[tokio::test]
async fn row_37_another_accounts_session_is_not_kept() {
    let scene = Scene::new().await;
    let mut session = scene.session().await;
    session.remote_user_id = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa".into();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(
        refusal.evidence.network_code.as_deref(),
        Some("DifferentAccount")
    );
    harmless(&refusal, "another account");
}

#[tokio::test]
async fn e_a_revoked_session_cannot_be_refreshed_and_revoking_twice_is_fine() {
    let scene = Scene::new().await;
    let session = without_password(&scene.session().await);
    scene.networked.revoke(&scene.net, &session).await.unwrap();
    scene.networked.revoke(&scene.net, &session).await.unwrap();
    let refusal = refused(scene.refresh(&session).await);
    assert_eq!(refusal.class, AnswerClass::Revoked);
    scene.bluesky().down(true);
    let refusal = scene
        .networked
        .revoke(&scene.net, &session)
        .await
        .unwrap_err();
    assert_eq!(refusal.class, AnswerClass::Transient);
}

#[tokio::test]
async fn no_evidence_repeats_a_secret_whatever_the_server_echoes() {
    let scene = Scene::new().await;
    let session = scene.session().await;
    let refresh = session.tokens.refresh.as_ref().unwrap().expose().to_owned();
    let echo = format!(
        "{{\"error\":\"X\",\"message\":\"\\u001b[31m{refresh} {}\"}}",
        scene.app_password
    );
    for endpoint in [REFRESH, CREATE] {
        scene.bluesky().forget_refresh_tokens(None).unwrap();
        scene
            .bluesky()
            .fault_once(endpoint, Fault::Status(400, echo.clone()));
        let said = format!("{:?}", refused(scene.refresh(&session).await));
        assert!(said.contains("[secret]"), "{said}");
        assert!(
            !said.contains(&refresh) && !said.contains(&scene.app_password),
            "{said}"
        );
        assert!(!said.contains("\\u{1b}"), "{said}");
    }
}
