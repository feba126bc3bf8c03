//! What the instance takes, and how much of it.

use super::*;

async fn upload(scene: &Scene, token: &str, bytes: Vec<u8>, description: &str) -> Reply {
    // By hand: the tests' client has no means for forms with files.
    let mut body = Vec::new();
    let head = format!(
        "--edge\r\ncontent-disposition: form-data; name=\"description\"\r\n\r\n{description}\r\n\
         --edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(b"\r\n--edge--\r\n");
    let asked = http().post(scene.at("/api/v2/media")).bearer_auth(token);
    let kind = "multipart/form-data; boundary=edge";
    done(asked.header("content-type", kind).body(body)).await
}

fn gif(bytes: usize) -> Vec<u8> {
    let mut gif = b"GIF89a\x01\0\x01\0\0\0\0".to_vec();
    gif.resize(bytes, 0);
    gif
}

/// One point high.
fn wide_gif(width: u16) -> Vec<u8> {
    let mut gif = gif(64);
    gif[6..8].copy_from_slice(&width.to_le_bytes());
    gif
}

fn film(bytes: usize) -> Vec<u8> {
    let mut film = b"\0\0\0\x18ftypmp42".to_vec();
    film.resize(bytes, 0);
    film
}

fn token(scene: &Scene) -> String {
    let scopes = ["read", "write"];
    scene.mastodon().create_token("acme", &scopes).unwrap()
}

#[tokio::test]
async fn the_instance_takes_what_it_says_and_no_more() {
    let scene = Scene::new().await;
    let token = token(&scene);
    let usual = scene.get("/api/v2/instance", "").await;
    let statuses = &usual.body["configuration"]["statuses"];
    assert_eq!(
        statuses,
        &json!({
            "max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23,
        })
    );
    let limits = json!({
        "max_characters": 30, "max_media_attachments": 1, "characters_reserved_per_url": 10,
        "image_size_limit": 2048, "image_matrix_limit": 4, "video_size_limit": 4096, "description_limit": 8,
        "supported_mime_types": ["image/gif", "video/mp4"], "status_url": "https://status.test",
    });
    scene.order("limits", limits.clone()).await;
    let told = scene.get("/api/v2/instance", "").await;
    let told = &told.body["configuration"];
    let old = scene.get("/api/v1/instance", "").await;
    assert!(old.body["uri"].is_string() && old.body.get("domain").is_none());
    for (part, field) in [
        ("statuses", "max_characters"),
        ("statuses", "max_media_attachments"),
        ("statuses", "characters_reserved_per_url"),
        ("media_attachments", "image_size_limit"),
        ("media_attachments", "video_size_limit"),
        ("media_attachments", "image_matrix_limit"),
        ("media_attachments", "supported_mime_types"),
    ] {
        assert_eq!(told[part][field], limits[field]);
        assert_eq!(old.body["configuration"][part][field], limits[field]);
    }
    assert_eq!(told["media_attachments"]["description_limit"], 8);
    let old_media = &old.body["configuration"]["media_attachments"];
    assert!(old_media.get("description_limit").is_none());
    assert_eq!(told["urls"]["status"], "https://status.test");

    let long = scene.post(&token, &"x".repeat(31)).await;
    let sentence = "Validation failed: Text character limit of 30 exceeded";
    assert_eq!(long.error(), (422, sentence));
    assert_eq!(scene.post(&token, &"x".repeat(30)).await.status, 200);
    let size = |less: &str| {
        format!(
            "Validation failed: File file size must be less than {less}, File must be less than {less}"
        )
    };
    let kind = "Validation failed: File content type is invalid, File is invalid";
    for (bytes, description, refused) in [
        (gif(2048), "", size("2 KB")),
        (wide_gif(5), "", "5x1 images are not supported".to_owned()),
        (film(4096), "", size("4 KB")),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01".to_vec(),
            "",
            kind.to_owned(),
        ),
        (b"a text".to_vec(), "", kind.to_owned()),
        (
            gif(64),
            "123456789",
            "Validation failed: Description is too long (maximum is 8 characters)".to_owned(),
        ),
    ] {
        let reply = upload(&scene, &token, bytes, description).await;
        assert_eq!(reply.error(), (422, refused.as_str()));
    }
    let image = upload(&scene, &token, gif(2047), "12345678").await;
    assert_eq!(image.status, 200, "{image:?}");
    let video = upload(&scene, &token, film(4095), "").await;
    assert_eq!(video.status, 202, "{video:?}");
    let attach = async |ids: Value| {
        let asked = http()
            .post(scene.at("/api/v1/statuses"))
            .bearer_auth(&token);
        let body = json!({ "status": "with files", "media_ids": ids });
        done(asked.json(&body)).await
    };
    let both = json!([image.text("id"), video.text("id")]);
    let many = attach(both.clone()).await;
    assert_eq!(many.error(), (422, "Cannot attach more than 1 files"));
    scene.order("limits", json!({})).await;
    let mixed = attach(both).await;
    let sentence = "Cannot attach a video to a post that already contains images";
    assert_eq!(mixed.error(), (422, sentence));
    let mut large = wide_gif(921);
    large[8..10].copy_from_slice(&1001_u16.to_le_bytes());
    let large = upload(&scene, &token, large, "").await;
    let sentence = "921x1001 GIF files are not supported";
    assert_eq!(large.error(), (422, sentence));
    let early = attach(json!([video.text("id")])).await;
    let sentence = "Cannot attach files that have not finished processing. Try again in a moment!";
    assert_eq!(early.error(), (422, sentence));
    assert_eq!(attach(json!([image.text("id")])).await.status, 200);
}

#[tokio::test]
async fn a_link_counts_the_same_however_long_and_a_mention_without_its_server() {
    let scene = Scene::new().await;
    let token = token(&scene);
    let fits = async |text: &str, most: usize| {
        for (limit, status) in [(most, 200), (most - 1, 422)] {
            let limits = json!({ "max_characters": limit });
            scene.order("limits", limits).await;
            assert_eq!(
                scene.post(&token, text).await.status,
                status,
                "{text} {limit}"
            );
        }
    };
    let link = format!("https://acme.test/{}", "long".repeat(50));
    fits(&format!("see {link}"), 4 + 23).await;
    fits(&format!("see {link}."), 4 + 23 + 1).await;
    fits(&format!("{link} {link}"), 23 + 1 + 23).await;
    fits("hi @birch@server.test, and you", "hi @birch, and you".len()).await;
    fits("@birch@server.test.", "@birch.".len()).await;
    fits("write to me@server.test", "write to me@server.test".len()).await;
    // One grapheme, though three letters to a machine.
    fits("\u{1F468}\u{200D}\u{1F680}!", 2).await;
    scene.order("whole_mentions", json!({ "on": true })).await;
    fits("hi @birch@server.test", "hi @birch@server.test".len()).await;
}

#[tokio::test]
async fn the_headers_tell_of_the_limit_that_has_the_least_left() {
    let scene = Scene::new().await;
    let (busy, calm) = (token(&scene), token(&scene));
    let shown = |reply: &Reply| {
        let header = |name: &str| reply.header(&format!("x-ratelimit-{name}")).to_owned();
        (header("limit"), header("remaining"), header("reset"))
    };
    let expect = |limit: &str, left: &str, reset: &str| {
        let reset = format!("2026-11-21T{reset}.000000Z");
        (limit.to_owned(), left.to_owned(), reset)
    };
    // Both have 299 left; then it is that of statuses.
    let first = scene.post(&busy, "first").await;
    assert_eq!(shown(&first), expect("300", "299", "15:00:00"));
    let read = scene.whoami(&busy).await;
    assert_eq!(shown(&read), expect("300", "298", "14:05:00"));
    let second = scene.post(&busy, "second").await;
    assert_eq!(shown(&second), expect("300", "297", "14:05:00"));
    for _ in 3..300 {
        assert_eq!(scene.whoami(&busy).await.status, 200);
    }
    // A post refused by the limit of calls is told when that one ends.
    let refused = scene.post(&busy, "third").await;
    assert_eq!(refused.error(), (429, "Too many requests"));
    assert_eq!(shown(&refused), expect("300", "0", "14:05:00"));
    assert_eq!(refused.header("retry-after"), "");
    // That limit is one of the token, not of the account.
    assert_eq!(scene.post(&calm, "third").await.status, 200);
    for n in 4..=300 {
        if n % 200 == 0 {
            scene.minutes(5);
        }
        assert_eq!(scene.post(&calm, "more").await.status, 200, "{n}");
    }
    let refused = scene.post(&calm, "one more").await;
    assert_eq!(refused.error(), (429, "Too many requests"));
    assert_eq!(shown(&refused), expect("300", "0", "15:00:00"));
    assert_eq!(scene.mastodon().statuses().len(), 300);
    scene.minutes(60);
    assert_eq!(scene.post(&calm, "one more").await.status, 200);

    scene.order("rate_headers", json!({ "on": false })).await;
    let silent = scene.whoami(&calm).await;
    assert_eq!(
        shown(&silent),
        (String::new(), String::new(), String::new())
    );
}

#[tokio::test]
async fn thirty_files_are_taken_in_half_an_hour() {
    let scene = Scene::new().await;
    let token = token(&scene);
    for _ in 0..30 {
        assert_eq!(upload(&scene, &token, gif(64), "").await.status, 200);
    }
    let refused = upload(&scene, &token, gif(64), "").await;
    assert_eq!(refused.error(), (429, "Too many requests"));
    assert_eq!(refused.header("x-ratelimit-limit"), "30");
    assert_eq!(
        refused.header("x-ratelimit-reset"),
        "2026-11-21T14:30:00.000000Z"
    );
    scene.minutes(29);
    assert_eq!(upload(&scene, &token, gif(64), "").await.status, 200);
}
