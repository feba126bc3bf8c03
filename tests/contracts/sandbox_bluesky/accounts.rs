//! Restricted, deactivated, deleted, renamed, moved; who is who.

use super::*;

#[tokio::test]
async fn an_active_account_says_so_without_a_session() {
    let scene = Scene::new().await;
    let body = scene.repo_status().await.ok();
    assert_eq!(body["did"], scene.did);
    assert_eq!(body["active"], true);
    assert_eq!(body["rev"].as_str().unwrap().len(), 13);
}

#[tokio::test]
async fn a_main_password_change_kills_refresh_tokens_and_spares_app_passwords() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    scene
        .bluesky()
        .change_main_password(ALICE, "another")
        .unwrap();
    scene.refresh(&refresh).await.is(REVOKED);
    scene.get_session(&access).await.ok();
    scene.log_in(&scene.app_password).await.ok();
    scene.log_in(MAIN).await.is(INVALID_LOGIN);
    scene.log_in("another").await.ok();
}

#[tokio::test]
async fn a_takedown_makes_an_app_password_look_revoked() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    scene.bluesky().takedown(ALICE, true).unwrap();
    scene.create(&access, "x").await.is(TAKEN_DOWN);
    scene.refresh(&refresh).await.is(TAKEN_DOWN);
    let did = &scene.did;
    scene.get_session(&access).await.refuses(
        400,
        "InvalidRequest",
        &format!("Could not find user info for account: {did}"),
    );
    scene.log_in(&scene.app_password).await.is(INVALID_LOGIN);
    scene.log_in(MAIN).await.is(TAKEN_DOWN);
    let body = json!({ "identifier": ALICE, "password": MAIN, "allowTakendown": true });
    let let_in = scene
        .post("com.atproto.server.createSession", None, &body)
        .await
        .ok();
    assert_eq!(let_in["active"], false);
    assert_eq!(let_in["status"], "takendown");
    let status = scene.repo_status().await.ok();
    let expected = json!({ "did": did, "active": false, "status": "takendown" });
    assert_eq!(status, expected);
    scene
        .get("com.atproto.identity.resolveHandle?handle=alice.test", None)
        .await
        .refuses(400, "HandleNotFound", "Unable to resolve handle");
    scene
        .get(&format!("com.atproto.repo.describeRepo?repo={did}"), None)
        .await
        .refuses(
            400,
            "RepoTakendown",
            &format!("Repo has been takendown: {did}"),
        );
    let list = format!("com.atproto.repo.listRecords?repo={did}&collection={POST}");
    scene.get(&list, None).await.refuses(
        400,
        "InvalidRequest",
        &format!("Could not find repo: {did}"),
    );

    scene.bluesky().takedown(ALICE, false).unwrap();
    scene.refresh(&refresh).await.is(REVOKED);
    scene.log_in(&scene.app_password).await.ok();
}

#[tokio::test]
async fn a_deactivated_account_logs_in_and_refreshes_but_cannot_write() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    scene.bluesky().deactivate(ALICE, true).unwrap();
    scene
        .create(&access, "x")
        .await
        .refuses(401, "AccountDeactivated", "Account is deactivated");
    for reply in [
        scene.get_session(&access).await,
        scene.refresh(&refresh).await,
        scene.log_in(&scene.app_password).await,
    ] {
        let body = reply.ok();
        assert_eq!(body["active"], false);
        assert_eq!(body["status"], "deactivated");
    }
    let expected = json!({ "did": scene.did, "active": false, "status": "deactivated" });
    assert_eq!(scene.repo_status().await.ok(), expected);
    scene.bluesky().deactivate(ALICE, false).unwrap();
    scene.create(&access, "x").await.ok();
}

#[tokio::test]
async fn a_deleted_account_is_not_found_anywhere_but_in_the_directory() {
    let scene = Scene::new().await;
    let (access, refresh) = scene.session().await;
    scene.bluesky().delete_account(ALICE).unwrap();
    scene
        .create(&access, "x")
        .await
        .refuses(403, "AccountNotFound", "Account not found");
    let did = &scene.did;
    let gone = format!("Could not find user info for account: {did}");
    scene
        .refresh(&refresh)
        .await
        .refuses(400, "InvalidRequest", &gone);
    scene.log_in(&scene.app_password).await.is(INVALID_LOGIN);
    scene.repo_status().await.refuses(
        400,
        "RepoNotFound",
        &format!("Could not find repo for DID: {did}"),
    );
    let url = format!("{}/{did}", scene.sandbox.directory());
    assert_eq!(scene.send(scene.http.get(url)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_handle_leads_to_a_did_and_the_did_back_to_handle_and_server() {
    let scene = Scene::new().await;
    let resolve = "com.atproto.identity.resolveHandle?handle=alice.test";
    assert_eq!(scene.get(resolve, None).await.ok()["did"], scene.did);
    let nobody = "com.atproto.identity.resolveHandle?handle=nobody.test";
    scene
        .get(nobody, None)
        .await
        .refuses(400, "HandleNotFound", "Unable to resolve handle");
    let request = scene.request(Method::GET, "/.well-known/atproto-did", None);
    let reply = scene.send(request.header("host", ALICE)).await.unwrap();
    assert_eq!((reply.status, &reply.text), (200, &scene.did));
    assert!(reply.header("content-type").starts_with("text/plain"));
    let request = scene.request(Method::GET, "/.well-known/atproto-did", None);
    assert_eq!(scene.send(request).await.unwrap().status, 404);

    let directory = scene.sandbox.directory();
    let url = format!("{directory}/{}", scene.did);
    let doc = scene.send(scene.http.get(&url)).await.unwrap().ok();
    assert_eq!(doc["id"], scene.did);
    assert_eq!(doc["alsoKnownAs"], json!(["at://alice.test"]));
    assert_eq!(doc["service"][0]["serviceEndpoint"], scene.sandbox.base());
    let url = format!("{directory}/did:plc:nobody");
    assert_eq!(scene.send(scene.http.get(url)).await.unwrap().status, 404);
}

#[tokio::test]
async fn a_renamed_and_moved_account_is_found_by_its_did_at_the_new_server() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    scene.bluesky().rename_handle(ALICE, "alicia.test").unwrap();
    assert_eq!(
        scene.get_session(&access).await.ok()["handle"],
        "alicia.test"
    );
    scene
        .bluesky()
        .move_account(&scene.did, "http://127.0.0.1:9/")
        .unwrap();
    let url = format!("{}/{}", scene.sandbox.directory(), scene.did);
    let doc = scene.send(scene.http.get(url)).await.unwrap().ok();
    assert_eq!(doc["alsoKnownAs"], json!(["at://alicia.test"]));
    assert_eq!(doc["service"][0]["serviceEndpoint"], "http://127.0.0.1:9");
    assert_eq!(scene.repo_status().await.ok()["status"], "deactivated");
}

#[tokio::test]
async fn the_server_describes_itself_and_hands_unknown_methods_to_nobody() {
    let scene = Scene::new().await;
    let body = scene
        .get("com.atproto.server.describeServer", None)
        .await
        .ok();
    assert_eq!(body["did"], "did:web:localhost");
    assert_eq!(body["availableUserDomains"], json!([".test"]));
    assert_eq!(body["inviteCodeRequired"], false);
    assert_eq!(body["blobUploadLimit"], 5_242_880);
    let health = scene.get("_health", None).await.ok();
    assert_eq!(health, json!({ "version": "0.5.35" }));
    let (access, _) = scene.session().await;
    let profile = format!("app.bsky.actor.getProfile?actor={}", scene.did);
    for method in [&profile, "com.example.unknown"] {
        scene.get(method, Some(&access)).await.refuses(
            502,
            "UpstreamFailure",
            "Upstream service unreachable",
        );
    }
    scene.bluesky().app_view(true);
    let body = scene.get(&profile, Some(&access)).await.ok();
    assert_eq!(body["displayName"], "Alice");
    assert_eq!(body["postsCount"], 0);
    scene
        .bluesky()
        .create_account("bob.test", MAIN, "")
        .unwrap();
    scene.bluesky().takedown("bob.test", true).unwrap();
    scene
        .get("app.bsky.actor.getProfile?actor=bob.test", Some(&access))
        .await
        .refuses(400, "AccountTakedown", "Account has been suspended");
}
