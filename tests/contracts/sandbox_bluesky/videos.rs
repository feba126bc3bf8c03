//! The video service, and the tokens the server vouches with.

use super::*;

/// The first bytes of an MP4 file, which is what it is known by.
const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";
const PDS: &str = "did:web:localhost";

impl Scene {
    /// A token for a method of a service.
    async fn vouched(&self, access: &str, aud: &str, lxm: &str) -> String {
        let exp = self.clock.now().0 / 1000 + 1800;
        let method = format!("com.atproto.server.getServiceAuth?aud={aud}&lxm={lxm}&exp={exp}");
        self.get(&method, Some(access)).await.text_at("token")
    }

    async fn video(&self, method: &str, token: Option<&str>) -> Reply {
        let path = format!("/video/xrpc/app.bsky.video.{method}");
        self.send(self.request(Method::GET, &path, token))
            .await
            .unwrap()
    }

    async fn upload_video(&self, token: &str, kind: &str, bytes: &[u8]) -> Reply {
        let path = format!(
            "/video/xrpc/app.bsky.video.uploadVideo?did={}&name=a.mp4",
            self.did
        );
        let request = self.request(Method::POST, &path, Some(token));
        let request = request.header("content-type", kind).body(bytes.to_vec());
        self.send(request).await.unwrap()
    }

    async fn limits(&self, access: &str) -> Value {
        let lxm = "app.bsky.video.getUploadLimits";
        let token = self.vouched(access, "did:web:127.0.0.1", lxm).await;
        self.video("getUploadLimits", Some(&token)).await.ok()
    }

    async fn job(&self, id: &str) -> Value {
        let found = self.video(&format!("getJobStatus?jobId={id}"), None).await;
        found.ok()["jobStatus"].clone()
    }
}

#[tokio::test]
async fn the_server_vouches_for_an_hour_at_most_and_a_minute_without_a_method() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let now = scene.clock.now().0 / 1000;
    let ask = async |query: &str| {
        let method = format!("com.atproto.server.getServiceAuth?aud={PDS}&{query}");
        scene.get(&method, Some(&access)).await
    };
    let token = ask("lxm=com.atproto.repo.uploadBlob")
        .await
        .text_at("token");
    let said = claims(&token);
    assert_eq!(said["iss"], scene.did.as_str());
    assert_eq!(
        (&said["aud"], &said["lxm"]),
        (&json!(PDS), &json!("com.atproto.repo.uploadBlob"))
    );
    assert_eq!(said["exp"], now + 60);
    for (query, message) in [
        (format!("exp={}", now - 10), "expiration is in past"),
        (
            format!("lxm=a.b.c&exp={}", now + 3700),
            "cannot request a token with an expiration more than an hour in the future",
        ),
        (
            format!("exp={}", now + 70),
            "cannot request a method-less token with an expiration more than a minute in the future",
        ),
    ] {
        ask(&query).await.refuses(400, "BadExpiration", message);
    }
    for aud in [
        "did:web:127.0.0.1%253A1",
        "did:web:a.example:b",
        "did:key:z1",
        "x",
    ] {
        let method = format!("com.atproto.server.getServiceAuth?aud={aud}");
        scene.get(&method, Some(&access)).await.refuses(
            400,
            "InvalidRequest",
            "aud must be a valid atproto DID or did#serviceId reference",
        );
    }
    for lxm in [
        "com.atproto.server.getSession",
        "chat.bsky.convo.sendMessage",
    ] {
        assert_eq!(ask(&format!("lxm={lxm}")).await.status, 400, "{lxm}");
    }
    scene
        .get(
            &format!("com.atproto.server.getServiceAuth?aud={PDS}"),
            None,
        )
        .await
        .is(NO_TOKEN);
}

#[tokio::test]
async fn a_video_is_taken_with_the_right_token_only_and_needs_its_time() {
    let scene = Scene::new().await;
    scene.bluesky().confirm_email(ALICE).unwrap();
    let (access, _) = scene.session().await;
    let blob = "com.atproto.repo.uploadBlob";
    for wrong in [
        access.clone(),
        scene.vouched(&access, "did:web:video.bsky.app", blob).await,
        scene
            .vouched(&access, PDS, "app.bsky.video.uploadVideo")
            .await,
    ] {
        let refused = scene.upload_video(&wrong, "video/mp4", MP4).await;
        assert_eq!(refused.status, 401, "{}", refused.text);
    }
    let token = scene.vouched(&access, PDS, blob).await;
    scene.clock.advance(Duration::from_secs(1801));
    assert_eq!(
        scene.upload_video(&token, "video/mp4", MP4).await.status,
        401,
        "expired"
    );

    let token = scene.vouched(&access, PDS, blob).await;
    assert_eq!(
        scene.upload_video(&token, "image/png", MP4).await.status,
        400
    );
    let taken = scene.upload_video(&token, "video/mp4", MP4).await.ok();
    assert_eq!(taken["state"], "JOB_STATE_CREATED");
    let id = taken["jobId"].as_str().unwrap();
    let working = scene.job(id).await;
    assert_eq!(working.get("blob"), None);
    scene.clock.advance(Duration::from_secs(3));
    let done = scene.job(id).await;
    assert_eq!(done["state"], "JOB_STATE_COMPLETED");

    // The blob is in the repository, and the same file again is known.
    let mut post = scene.once("3n2rzpbzt3k2z", "look");
    post["record"]["embed"] = json!({ "$type": "app.bsky.embed.video", "video": done["blob"] });
    scene.put(&access, &post).await.ok();
    let again = scene.upload_video(&token, "video/mp4", MP4).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"], "already_exists");
    assert_eq!(again.json()["jobId"], id);
    let unknown = scene.video("getJobStatus?jobId=nope", None).await;
    unknown.refuses(400, "JobNotFound", "job not found");
}

#[tokio::test]
async fn what_cannot_become_a_video_fails_and_says_with_which_code() {
    let scene = Scene::new().await;
    let bluesky = scene.bluesky().clone();
    bluesky.confirm_email(ALICE).unwrap();
    let (access, _) = scene.session().await;
    let token = scene
        .vouched(&access, PDS, "com.atproto.repo.uploadBlob")
        .await;
    let ends = async |bytes: &[u8]| {
        let taken = scene.upload_video(&token, "video/mp4", bytes).await.ok();
        scene.clock.advance(Duration::from_secs(3));
        let job = scene.job(taken["jobId"].as_str().unwrap()).await;
        assert_eq!(job["state"], "JOB_STATE_FAILED");
        job["failureCode"].clone()
    };
    assert_eq!(ends(b"no video at all").await, "validation_failure");
    bluesky.fail_video("encoding_failure");
    assert_eq!(ends(MP4).await, "encoding_failure");
    bluesky.fail_video("");
    assert_eq!(ends(MP4).await, Value::Null);
    bluesky.blob_limit(10);
    assert_eq!(ends(MP4).await, "pds_upload_unsupported_blob_size");
}

#[tokio::test]
async fn an_account_needs_a_confirmed_address_and_has_a_limit_a_day() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let token = scene
        .vouched(&access, PDS, "com.atproto.repo.uploadBlob")
        .await;
    let refused = scene.upload_video(&token, "video/mp4", MP4).await.json();
    assert_eq!(refused["jobStatus"]["error"], "unconfirmed_email");
    assert_eq!(refused["jobStatus"]["jobId"], "");
    assert_eq!(scene.limits(&access).await["canUpload"], false);
    assert_eq!(
        scene.get_session(&access).await.ok()["emailConfirmed"],
        false
    );

    scene.bluesky().confirm_email(ALICE).unwrap();
    scene.bluesky().video_limits(1, 1_000);
    let left = scene.limits(&access).await;
    assert_eq!(left["canUpload"], true);
    assert_eq!(left["remainingDailyVideos"], 1);
    scene.upload_video(&token, "video/mp4", MP4).await.ok();
    let left = scene.limits(&access).await;
    assert_eq!(
        (&left["canUpload"], &left["remainingDailyVideos"]),
        (&json!(false), &json!(0))
    );
    let mut other = MP4.to_vec();
    other.push(0);
    assert_eq!(
        scene.upload_video(&token, "video/mp4", &other).await.status,
        400
    );
    scene.clock.advance(Duration::from_secs(86_400));
    let (access, _) = scene.session().await;
    assert_eq!(scene.limits(&access).await["canUpload"], true, "a new day");
}
