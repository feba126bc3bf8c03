//! Writing and reading records, and the blobs they name.

use super::*;
use allgreen::sandbox::ledger::Act;

const RKEY: &str = "3n2rzpbzt3k2z";
/// The eight bytes by which a PNG is known.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn invalid(what: &str) -> (u16, &'static str, String) {
    let message = format!("Invalid app.bsky.feed.post record: {what}");
    (400, "InvalidRequest", message)
}

#[tokio::test]
async fn a_created_record_can_be_read_by_anyone() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let body = scene.create(&access, "hello").await.ok();
    let uri = body["uri"].as_str().unwrap();
    let rkey = uri.rsplit('/').next().unwrap();
    assert_eq!(uri, format!("at://{}/{POST}/{rkey}", scene.did));
    assert_eq!(rkey.len(), 13);
    let cid = body["cid"].as_str().unwrap();
    assert!(cid.starts_with("bafyrei") && cid.len() == 59, "{cid}");
    assert_eq!(body["commit"]["rev"].as_str().unwrap().len(), 13);
    assert_eq!(body["validationStatus"], "valid");
    let found = scene.get_record(rkey).await.ok();
    assert_eq!(
        found,
        json!({ "uri": uri, "cid": cid, "value": record("hello") })
    );
    let absent = format!("at://{}/{POST}/{RKEY}", scene.did);
    scene.get_record(RKEY).await.refuses(
        400,
        "RecordNotFound",
        &format!("Could not locate record: {absent}"),
    );
}

#[tokio::test]
async fn a_repeated_create_under_its_own_key_is_a_bare_500() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let mut body = scene.once(RKEY, "hello");
    body.as_object_mut().unwrap().remove("swapRecord");
    let method = "com.atproto.repo.createRecord";
    scene.post(method, Some(&access), &body).await.ok();
    scene.post(method, Some(&access), &body).await.refuses(
        500,
        "InternalServerError",
        "Internal Server Error",
    );
    assert_eq!(scene.bluesky().ledger().len(), 1);
}

#[tokio::test]
async fn a_put_with_swap_record_null_happens_once_whatever_comes_after() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let body = scene.once(RKEY, "once");
    let first = scene.put(&access, &body).await.ok();
    assert!(first["commit"]["cid"].is_string());
    let second = scene.put(&access, &body).await.ok();
    assert_eq!(second["cid"], first["cid"]);
    assert_eq!(second["uri"], first["uri"]);
    assert_eq!(second["validationStatus"], "valid");
    assert_eq!(second.get("commit"), None);
    let was = first["cid"].as_str().unwrap();
    scene
        .put(&access, &scene.once(RKEY, "twice"))
        .await
        .refuses(400, "InvalidSwap", &format!("Record was at {was}"));
    let ledger = scene.bluesky().ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].text.as_str(), ledger[0].copies), ("once", 1));
}

#[tokio::test]
async fn a_put_without_swap_record_edits_the_live_post() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let mut body = scene.once(RKEY, "before");
    body.as_object_mut().unwrap().remove("swapRecord");
    let first = scene.put(&access, &body).await.ok();
    assert_eq!(scene.put(&access, &body).await.ok().get("commit"), None);
    body["record"]["text"] = json!("after");
    let second = scene.put(&access, &body).await.ok();
    assert_ne!(second["cid"], first["cid"]);
    assert!(second["commit"]["cid"].is_string());
    let acts: Vec<Act> = scene.bluesky().ledger().iter().map(|e| e.act).collect();
    assert_eq!(acts, [Act::Created, Act::Edited]);
    assert_eq!(scene.bluesky().live_posts(ALICE).unwrap(), ["after"]);
}

#[tokio::test]
async fn a_record_is_deleted_once_and_the_repeat_is_fine() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    scene.put(&access, &scene.once(RKEY, "x")).await.ok();
    let body = json!({ "repo": scene.did, "collection": POST, "rkey": RKEY });
    let method = "com.atproto.repo.deleteRecord";
    let first = scene.post(method, Some(&access), &body).await.ok();
    assert!(first["commit"]["rev"].is_string());
    assert_eq!(
        scene.post(method, Some(&access), &body).await.ok(),
        json!({})
    );
    assert_eq!(scene.get_record(RKEY).await.status, 400);
}

#[tokio::test]
async fn somebody_elses_repository_cannot_be_written() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let bob = scene
        .bluesky()
        .create_account("bob.test", MAIN, "")
        .unwrap();
    let mut body = scene.once(RKEY, "x");
    body["repo"] = json!(bob);
    scene.put(&access, &body).await.refuses(
        401,
        "AuthenticationRequired",
        "Authentication Required",
    );
    body["repo"] = json!("did:plc:nobody");
    scene
        .put(&access, &body)
        .await
        .refuses(403, "AccountNotFound", "Account not found");
}

#[tokio::test]
async fn records_are_listed_newest_first_in_pages() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    for text in ["one", "two", "three"] {
        scene.create(&access, text).await.ok();
    }
    let list = format!(
        "com.atproto.repo.listRecords?repo={}&collection={POST}&limit=2",
        scene.did
    );
    let page = scene.get(&list, None).await.ok();
    let texts = |page: &Value| -> Vec<String> {
        let records = page["records"].as_array().unwrap();
        let text = |r: &Value| r["value"]["text"].as_str().unwrap().to_owned();
        records.iter().map(text).collect()
    };
    assert_eq!(texts(&page), ["three", "two"]);
    let next = format!("{list}&cursor={}", page["cursor"].as_str().unwrap());
    assert_eq!(texts(&scene.get(&next, None).await.ok()), ["one"]);
    let repo = format!("com.atproto.repo.describeRepo?repo={}", scene.did);
    let body = scene.get(&repo, None).await.ok();
    assert_eq!(body["collections"], json!([POST]));
    assert_eq!(body["handleIsCorrect"], true);
}

#[tokio::test]
async fn a_post_that_breaks_the_lexicon_is_refused_with_the_rule_it_breaks() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let family = "👨‍👩‍👧‍👦";
    assert_eq!(family.len(), 25);
    let text = |text: &str| record(text);
    let without = |key: &str| {
        let mut record = record("x");
        record.as_object_mut().unwrap().remove(key);
        record
    };
    let with = |key: &str, value: Value| {
        let mut record = record("x");
        record[key] = value;
        record
    };
    let image = |size: u64| {
        json!({ "alt": "", "image": {
            "$type": "blob", "mimeType": "image/png", "size": size,
            "ref": { "$link": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e" },
        }})
    };
    let images = |list: Vec<Value>| {
        with(
            "embed",
            json!({ "$type": "app.bsky.embed.images", "images": list }),
        )
    };
    let cases = [
        (
            text(&"a".repeat(301)),
            "grapheme too big (maximum 300, got 301) at $.record.text",
        ),
        (
            text(&family.repeat(140)),
            "string too big (maximum 3000, got 3500) at $.record.text",
        ),
        (without("text"), "Missing required key \"text\" at $.record"),
        (
            without("createdAt"),
            "Missing required key \"createdAt\" at $.record",
        ),
        (
            with("createdAt", json!("yesterday")),
            "Invalid datetime (got \"yesterday\") at $.record.createdAt",
        ),
        (
            images(vec![image(69); 5]),
            "array too big (maximum 4, got 5) at $.record.embed.images",
        ),
        (
            images(vec![image(3_000_000)]),
            "blob too big (maximum 2000000, got 3000000) at $.record.embed.images[0].image",
        ),
    ];
    for (record, what) in cases {
        let mut body = scene.once(RKEY, "");
        body["record"] = record;
        let (status, name, message) = invalid(what);
        scene
            .put(&access, &body)
            .await
            .refuses(status, name, &message);
    }
    let mut body = scene.once("not-a-tid", "x");
    scene.put(&access, &body).await.refuses(
        400,
        "InvalidRequest",
        "Invalid record key for app.bsky.feed.post: Invalid TID string (got \"not-a-tid\") at $",
    );
    body = scene.once(RKEY, &family.repeat(119));
    // A facet beyond the text is accepted.
    body["record"]["facets"] = json!([{
        "index": { "byteStart": 0, "byteEnd": 99_999 },
        "features": [{ "$type": "app.bsky.richtext.facet#link", "uri": "https://example.com" }],
    }]);
    scene.put(&access, &body).await.ok();
}

#[tokio::test]
async fn a_blob_is_named_by_its_content_and_must_have_been_uploaded() {
    let scene = Scene::new().await;
    let (access, _) = scene.session().await;
    let upload = |bytes: Vec<u8>, kind: &'static str| {
        let path = "/xrpc/com.atproto.repo.uploadBlob";
        let request = scene.request(Method::POST, path, Some(&access)).body(bytes);
        scene.send(if kind.is_empty() {
            request
        } else {
            request.header("content-type", kind)
        })
    };
    // What the bytes are decides, not what they are called.
    let blob = upload(PNG.to_vec(), "image/jpeg").await.unwrap().ok()["blob"].clone();
    assert_eq!(blob["$type"], "blob");
    assert_eq!(blob["mimeType"], "image/png");
    assert_eq!(blob["size"], PNG.len());
    assert!(
        blob["ref"]["$link"]
            .as_str()
            .unwrap()
            .starts_with("bafkrei")
    );
    let again = upload(PNG.to_vec(), "image/png").await.unwrap().ok();
    assert_eq!(again["blob"], blob);
    upload(PNG.to_vec(), "").await.unwrap().refuses(
        400,
        "InvalidRequest",
        "Request encoding (Content-Type) required but not provided",
    );
    scene.bluesky().blob_limit(100);
    upload(vec![0; 101], "image/png").await.unwrap().refuses(
        413,
        "PayloadTooLarge",
        "request entity too large",
    );

    let mut body = scene.once(RKEY, "with a picture");
    body["record"]["embed"] = json!({
        "$type": "app.bsky.embed.images", "images": [{ "alt": "a", "image": blob }],
    });
    // Nothing names it for more than an hour: it may be collected, and is.
    scene.clock.advance(Duration::from_secs(3601));
    let cid = blob["ref"]["$link"].as_str().unwrap();
    scene.put(&access, &body).await.refuses(
        400,
        "BlobNotFound",
        &format!("Could not find blob: {cid}"),
    );
    upload(PNG.to_vec(), "image/png").await.unwrap().ok();
    scene.put(&access, &body).await.ok();
    scene.clock.advance(Duration::from_secs(3000));
    body["rkey"] = json!("3n2rzpbzt3k3a");
    scene.put(&access, &body).await.ok();
    assert_eq!(scene.bluesky().ledger()[1].copies, 2);
}
