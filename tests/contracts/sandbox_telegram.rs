//! The simulated Bot API, asked with a plain HTTP client: every status and
//! sentence is a documented one.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test may end it as the test itself may"
)]

use std::sync::Arc;
use std::time::Duration;

use allgreen::sandbox::faults::Fault;
use allgreen::sandbox::telegram::{ChatKind, Rights, Telegram};
use allgreen::sandbox::{Sandbox, SandboxOptions};
use allgreen::support::clock::Clock;
use allgreen::support::time::UtcMs;
use serde_json::{Value, json};

const BOT: &str = "acme_bot";

struct Scene {
    sandbox: Sandbox,
    clock: Clock,
    http: reqwest::Client,
    token: String,
}

fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}

impl Scene {
    async fn new() -> Self {
        let clock = Clock::manual(UtcMs::parse_rfc3339("2026-11-21T02:09:01Z").unwrap());
        let options = SandboxOptions {
            clock: clock.clone(),
            seed: 7,
            port: 0,
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let token = sandbox.telegram().create_bot(BOT, "Acme").unwrap();
        Self {
            sandbox,
            clock,
            http: client(),
            token,
        }
    }

    fn telegram(&self) -> &Telegram {
        self.sandbox.telegram()
    }

    fn chat(&self, kind: ChatKind, rights: Rights) -> i64 {
        let telegram = self.telegram();
        let id = telegram.create_chat(kind, "Acme", None).unwrap();
        telegram.set_rights(BOT, &id.to_string(), rights).unwrap();
        id
    }

    fn url(&self, token: &str, method: &str) -> String {
        format!("{}/bot{token}/{method}", self.sandbox.telegram_base())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }

    async fn call(&self, method: &str, body: Value) -> (u16, Value) {
        let url = self.url(&self.token, method);
        self.send(self.http.post(url).json(&body)).await
    }

    async fn refuses(&self, method: &str, body: Value, code: u16, description: &str) {
        let (status, said) = self.call(method, body).await;
        assert_eq!(status, code, "{said}");
        assert_eq!(said["ok"], json!(false));
        assert_eq!(said["error_code"], json!(code));
        assert_eq!(said["description"], json!(description));
    }
}

#[tokio::test]
async fn every_way_of_passing_parameters_is_read_the_same() {
    let scene = Scene::new().await;
    let id = scene.chat(ChatKind::Channel, Rights::Administrator { post: true });
    scene.telegram().rate_limits(false);
    let url = scene.url(&scene.token, "sendMessage");
    let (id, text) = (id.to_string(), "hello & bye");
    let fields = [("chat_id", id.as_str()), ("text", text)];
    let multipart = format!(
        "--B\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{id}\r\n--B\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--B--\r\n"
    );
    for request in [
        scene.http.get(&url).query(&fields),
        scene.http.post(&url).form(&fields),
        scene
            .http
            .post(&url)
            .json(&json!({ "chat_id": id.parse::<i64>().unwrap(), "text": text })),
        scene
            .http
            .post(&url)
            .header("content-type", "multipart/form-data; boundary=B")
            .body(multipart),
    ] {
        let (status, said) = scene.send(request).await;
        assert_eq!((status, &said["ok"]), (200, &json!(true)), "{said}");
        assert_eq!(said["result"]["text"], json!(text));
    }
    // No repeat is recognised as one.
    assert_eq!(scene.telegram().messages().len(), 4);
    assert_eq!(scene.telegram().ledger()[0].copies, 4);
}

#[tokio::test]
async fn tokens_that_are_wrong_are_refused_as_documented() {
    let scene = Scene::new().await;
    let ask = async |token: &str| {
        let (status, said) = scene.send(scene.http.get(scene.url(token, "getMe"))).await;
        (
            status,
            said["description"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(ask(&scene.token).await.0, 200);
    assert_eq!(ask("nonsense").await, (404, "Not Found".into()));
    assert_eq!(
        ask("x:y").await,
        (401, "Unauthorized: invalid token specified".into())
    );
    let fresh = scene.telegram().revoke_token(BOT).unwrap();
    assert_eq!(ask(&scene.token).await, (401, "Unauthorized".into()));
    assert_eq!(ask(&fresh).await.0, 200);
    assert!(
        scene
            .telegram()
            .calls()
            .iter()
            .all(|call| call.endpoint == "getMe")
    );
}

#[tokio::test]
async fn rights_are_kept_in_channels_and_groups() {
    let scene = Scene::new().await;
    let some = Rights::Restricted {
        messages: false,
        photos: false,
        videos: true,
        documents: true,
    };
    let admin = "Bad Request: need administrator rights in the channel chat";
    for (kind, rights, code, said) in [
        (
            ChatKind::Channel,
            Rights::Administrator { post: false },
            400,
            admin,
        ),
        (ChatKind::Channel, Rights::Member, 400, admin),
        (
            ChatKind::Channel,
            Rights::Kicked,
            403,
            "Forbidden: bot was kicked from the channel chat",
        ),
        (
            ChatKind::Group,
            Rights::Kicked,
            403,
            "Forbidden: bot was kicked from the group chat",
        ),
        (
            ChatKind::Supergroup,
            Rights::Left,
            403,
            "Forbidden: bot is not a member of the supergroup chat",
        ),
        (
            ChatKind::Supergroup,
            some,
            400,
            "Bad Request: not enough rights to send text messages to the chat",
        ),
    ] {
        let id = scene.chat(kind, rights);
        let body = json!({ "chat_id": id, "text": "x" });
        scene.refuses("sendMessage", body, code, said).await;
    }
    let body = json!({ "chat_id": -5, "text": "x" });
    scene
        .refuses("sendMessage", body, 400, "Bad Request: chat not found")
        .await;
    let id = scene.chat(ChatKind::Group, Rights::Member);
    scene.telegram().freeze(BOT, true).unwrap();
    let body = json!({ "chat_id": id, "text": "x" });
    scene
        .refuses(
            "sendMessage",
            body,
            400,
            "Bad Request: FROZEN_METHOD_INVALID",
        )
        .await;
    assert!(scene.telegram().messages().is_empty());
}

#[tokio::test]
async fn lengths_are_counted_in_utf_16_units() {
    let scene = Scene::new().await;
    let id = scene.chat(ChatKind::Group, Rights::Member);
    let body = |text: &str| json!({ "chat_id": id, "text": text });
    scene
        .refuses(
            "sendMessage",
            body("  "),
            400,
            "Bad Request: message text is empty",
        )
        .await;
    let long = "\u{1f600}".repeat(2049);
    scene
        .refuses(
            "sendMessage",
            body(&long),
            400,
            "Bad Request: message is too long",
        )
        .await;
    assert_eq!(
        scene
            .call("sendMessage", body(&"\u{1f600}".repeat(2048)))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn a_chat_takes_a_message_a_second_and_a_group_twenty_a_minute() {
    let scene = Scene::new().await;
    let id = scene.chat(ChatKind::Group, Rights::Member);
    let body = json!({ "chat_id": id, "text": "x" });
    for _ in 0..20 {
        assert_eq!(scene.call("sendMessage", body.clone()).await.0, 200);
        let again = scene.http.post(scene.url(&scene.token, "sendMessage"));
        let again = again.json(&body).send().await.unwrap();
        assert_eq!(again.status().as_u16(), 429);
        assert_eq!(again.headers()["retry-after"], "1");
        scene.clock.advance(Duration::from_secs(1));
    }
    let (status, said) = scene.call("sendMessage", body).await;
    assert_eq!(status, 429);
    assert_eq!(
        said["description"],
        json!("Too Many Requests: retry after 40")
    );
    assert_eq!(said["parameters"], json!({ "retry_after": 40 }));
}

#[tokio::test]
async fn an_upgraded_group_names_its_new_id() {
    let scene = Scene::new().await;
    let id = scene.chat(ChatKind::Group, Rights::Member);
    let new = scene.telegram().migrate(&id.to_string()).unwrap();
    let (status, said) = scene
        .call("sendMessage", json!({ "chat_id": id, "text": "x" }))
        .await;
    assert_eq!(status, 400);
    assert_eq!(
        said["description"],
        json!("Bad Request: group chat was upgraded to a supergroup chat")
    );
    assert_eq!(said["parameters"], json!({ "migrate_to_chat_id": new }));
    assert_eq!(
        scene
            .call("sendMessage", json!({ "chat_id": new, "text": "x" }))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn members_updates_and_leaving_answer_as_documented() {
    let scene = Scene::new().await;
    let id = scene.chat(ChatKind::Channel, Rights::Administrator { post: true });
    let me = scene.call("getMe", json!({})).await.1["result"]["id"].clone();
    let (_, said) = scene
        .call("getChatMember", json!({ "chat_id": id, "user_id": me }))
        .await;
    assert_eq!(said["result"]["status"], json!("administrator"));
    assert_eq!(said["result"]["can_post_messages"], json!(true));
    let (_, said) = scene
        .call("getChatMemberCount", json!({ "chat_id": id }))
        .await;
    assert_eq!(said["result"], json!(13));
    assert_eq!(
        scene.call("getUpdates", json!({})).await.1["result"],
        json!([])
    );
    assert_eq!(
        scene.call("leaveChat", json!({ "chat_id": id })).await.0,
        200
    );
    assert_eq!(scene.call("getChat", json!({ "chat_id": id })).await.0, 403);
    assert_eq!(scene.call("logOut", json!({})).await.0, 200);
    scene.refuses("getMe", json!({}), 400, "Logged out").await;
    let calls: Vec<String> = scene
        .telegram()
        .calls()
        .into_iter()
        .map(|c| c.endpoint)
        .collect();
    assert!(calls.contains(&"getUpdates".into()) && calls.contains(&"logOut".into()));
}

#[tokio::test]
async fn the_operator_orders_over_the_networks_own_port() {
    let scene = Scene::new().await;
    let order = async |name: &str, body: Value| {
        let url = format!("{}/control/telegram/{name}", scene.sandbox.telegram_base());
        scene.send(scene.http.post(url).json(&body)).await
    };
    let (status, said) = order(
        "create_chat",
        json!({ "kind": "channel", "title": "T", "username": "tee" }),
    )
    .await;
    assert_eq!(status, 200, "{said}");
    let rights =
        json!({ "bot": BOT, "chat": "@tee", "rights": { "administrator": { "post": true } } });
    assert_eq!(order("set_rights", rights).await.0, 200);
    let fault = json!({ "endpoint": "sendMessage", "account": "@tee", "fault": { "rate_limited": { "retry_after": 3 } } });
    assert_eq!(order("fault", fault).await.0, 200);
    let body = json!({ "chat_id": "@tee", "text": "x" });
    scene
        .refuses(
            "sendMessage",
            body.clone(),
            429,
            "Too Many Requests: retry after 3",
        )
        .await;
    assert_eq!(scene.call("sendMessage", body.clone()).await.0, 200);
    scene.clock.advance(Duration::from_secs(2));
    scene
        .telegram()
        .fault_once("sendMessage", Fault::DropAnswer);
    let lost = scene
        .http
        .post(scene.url(&scene.token, "sendMessage"))
        .json(&body)
        .send()
        .await;
    assert!(lost.is_err());
    assert_eq!(scene.telegram().messages().len(), 2);
    assert_eq!(
        order(
            "set_rights",
            json!({ "bot": "nobody", "chat": "@tee", "rights": "kicked" })
        )
        .await
        .0,
        400
    );
    assert_eq!(order("nonsense", json!({})).await.0, 400);
    let url = format!("{}/ledger", scene.sandbox.telegram_base());
    assert_eq!(
        scene
            .send(scene.http.get(url))
            .await
            .1
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

/// A PNG's head, of this size in pixels, `bytes` long.
fn png(width: u32, height: u32, bytes: usize) -> Vec<u8> {
    let mut png = vec![
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d,
    ];
    png.extend(b"IHDR");
    png.extend(width.to_be_bytes());
    png.extend(height.to_be_bytes());
    png.extend([8, 6, 0, 0, 0]);
    png.resize(bytes.max(png.len() + 4), 0);
    png
}

/// A multipart body of plain fields and files.
fn multipart(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.bytes());
    }
    for (name, bytes) in files {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--B--\r\n");
    body
}

#[tokio::test]
async fn photos_and_albums_have_limits() {
    let scene = Scene::new().await;
    scene.telegram().rate_limits(false);
    let id = scene.chat(ChatKind::Group, Rights::Member).to_string();
    let upload = async |method: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]| {
        let mut all = vec![("chat_id", id.as_str())];
        all.extend(fields);
        let request = scene
            .http
            .post(scene.url(&scene.token, method))
            .header("content-type", "multipart/form-data; boundary=B")
            .body(multipart(&all, files));
        let (status, said) = scene.send(request).await;
        let description = said["description"].as_str().unwrap_or_default().to_owned();
        (status, description)
    };
    let photo = async |bytes: &[u8]| upload("sendPhoto", &[], &[("photo", bytes)]).await;
    assert_eq!(photo(&png(5000, 5000, 0)).await.0, 200);
    let wrong = (400, "Bad Request: PHOTO_INVALID_DIMENSIONS".to_owned());
    assert_eq!(photo(&png(5001, 5000, 0)).await, wrong);
    assert_eq!(photo(&png(21, 1, 0)).await, wrong);
    assert_eq!(
        photo(b"no picture").await.1,
        "Bad Request: IMAGE_PROCESS_FAILED"
    );
    assert_eq!(photo(&png(9, 9, 10 << 20)).await.0, 200);
    assert!(
        photo(&png(9, 9, (10 << 20) + 1))
            .await
            .1
            .contains("too big for a photo")
    );
    let film = vec![1; (50 << 20) + 1];
    let (status, _) = upload("sendVideo", &[], &[("video", &film)]).await;
    assert_eq!(status, 413);
    let caption = "x".repeat(1025);
    let (_, said) = upload(
        "sendPhoto",
        &[("caption", &caption)],
        &[("photo", &png(9, 9, 0))],
    )
    .await;
    assert_eq!(said, "Bad Request: message caption is too long");
    let before = scene.telegram().messages().len();
    let one = png(9, 9, 0);
    for (count, wanted) in [(1, 400), (2, 200), (10, 200), (11, 400)] {
        let item = json!({ "type": "photo", "media": "attach://a" });
        let media = Value::Array(vec![item; count]).to_string();
        let (status, _) = upload("sendMediaGroup", &[("media", &media)], &[("a", &one)]).await;
        assert_eq!(status, wanted, "{count}");
    }
    assert_eq!(scene.telegram().messages().len(), before + 12);
}
