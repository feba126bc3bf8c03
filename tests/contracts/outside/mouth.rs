//! A server that gives the same answer to whatever it is asked, and what such
//! answers are made of.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use allgreen::domain::network::Network;
use allgreen::networks::catalogue::rows;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::runtime;

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Whether the body was made of one that a network gives.
    pub mutated: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Gives the answer it was told last.
pub struct Mouth {
    pub base: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Mouth {
    pub fn open() -> Self {
        let answer = Arc::new(Mutex::new(Vec::new()));
        let listener = runtime()
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::clone(&answer);
        runtime().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&said)));
            }
        });
        Self { base, answer }
    }

    pub fn says(&self, answer: &Answer) {
        let mut head = format!("HTTP/1.1 {} Said\r\n", answer.status);
        for (name, value) in &answer.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let bare = matches!(answer.status, 204 | 304);
        let body: &[u8] = if bare { b"" } else { &answer.body };
        if !bare {
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        let all = [head.as_bytes(), b"\r\n", body].concat();
        *self.answer.lock().unwrap() = all;
    }
}

/// Answers each request of a connection once its head and body are there.
async fn serve(mut stream: TcpStream, answer: Arc<Mutex<Vec<u8>>>) {
    let mut unread = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") else {
            match stream.read(&mut part).await {
                Ok(count @ 1..) => unread.extend_from_slice(&part[..count]),
                _ => return,
            }
            continue;
        };
        let head = String::from_utf8_lossy(&unread[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let whole = end + 4 + length.map_or(0, |length| length.trim().parse().unwrap());
        while unread.len() < whole {
            match stream.read(&mut part).await {
                Ok(count @ 1..) => unread.extend_from_slice(&part[..count]),
                _ => return,
            }
        }
        unread.drain(..whole);
        let said = answer.lock().unwrap().clone();
        if stream.write_all(&said).await.is_err() {
            return;
        }
    }
}

/// Successes as each network gives them.
fn successes(network: Network) -> &'static [&'static str] {
    match network {
        Network::Bluesky => &[
            r#"{"uri":"at://did:plc:acme/app.bsky.feed.post/3k2a","cid":"bafyreia","commit":{"cid":"b","rev":"r"},"validationStatus":"valid"}"#,
            r#"{"accessJwt":"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3OTUyMzM2MDB9.c2ln","refreshJwt":"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTUyMzM2MDB9.c2ln","handle":"ann.test","did":"did:plc:acme","active":true}"#,
            r#"{"handle":"ann.test","did":"did:plc:acme","active":true,"didDoc":{"id":"did:plc:acme","alsoKnownAs":["at://ann.test"],"service":[{"id":"\u0023atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"https://pds.example"}]}}"#,
            r#"{"did":"did:plc:acme","active":true,"rev":"3k2a"}"#,
            r#"{"uri":"at://did:plc:acme/app.bsky.feed.post/3k2a","cid":"bafyreia","value":{"$type":"app.bsky.feed.post","text":"Hi","createdAt":"2026-11-21T14:02:00.000Z"}}"#,
            r#"{"records":[{"uri":"at://did:plc:acme/app.bsky.feed.post/3k2a","cid":"b","value":{"text":"Hi","createdAt":"2026-11-21T14:02:00.000Z"}}],"cursor":"x"}"#,
            r#"{"feed":[{"post":{"uri":"at://did:plc:acme/app.bsky.feed.post/3k2a","cid":"b","author":{"did":"did:plc:acme","handle":"ann.test"},"record":{"text":"Hi","createdAt":"2026-11-21T14:02:00.000Z"},"likeCount":3,"replyCount":-1,"repostCount":1.5}}]}"#,
            r#"{"posts":[{"uri":"at://did:plc:acme/app.bsky.feed.post/3k2a","likeCount":3}],"notifications":[{"uri":"at://x/app.bsky.feed.post/1","reason":"reply","author":{"handle":"bob.test"},"record":{"text":"Nice","createdAt":"2026-11-21T14:02:00.000Z"},"indexedAt":"2026-11-21T14:02:00.000Z"}]}"#,
            r#"{"blob":{"$type":"blob","ref":{"$link":"bafkreia"},"mimeType":"image/png","size":67}}"#,
        ],
        Network::Mastodon => &[
            r#"{"id":"115","url":"https://mas.example/@acme/115","created_at":"2026-11-21T14:02:00.000Z","content":"<p>Hi</p>","media_attachments":[],"favourites_count":3,"reblogs_count":1,"replies_count":0,"account":{"id":"1","acct":"acme"}}"#,
            r#"{"id":"1","username":"acme","acct":"acme","display_name":"Acme","url":"https://mas.example/@acme","avatar":"https://mas.example/a.png","locked":false,"suspended":false}"#,
            r#"[{"id":"115","url":"https://mas.example/@acme/115","created_at":"2026-11-21T14:02:00.000Z","content":"<p>Hi</p>","text":"Hi","media_attachments":[]}]"#,
            r#"{"id":"115","text":"Hi","spoiler_text":""}"#,
            r#"[{"id":"9","type":"mention","created_at":"2026-11-21T14:02:00.000Z","account":{"acct":"bob@x.example"},"status":{"id":"7","content":"<p>Nice</p>","created_at":"2026-11-21T14:02:00.000Z","in_reply_to_id":"115","mentions":[]}}]"#,
            r#"{"domain":"mas.example","version":"4.4.0","configuration":{"statuses":{"max_characters":500,"max_media_attachments":4,"characters_reserved_per_url":23},"media_attachments":{"image_size_limit":1,"supported_mime_types":["image/png"]},"urls":{"status":"https://status.example"}}}"#,
            r#"{"access_token":"tok-0123456789","token_type":"Bearer","scope":"read write","created_at":1795226400,"expires_in":7200,"refresh_token":"ref-0123456789"}"#,
        ],
        _ => &[
            r#"{"ok":true,"result":{"message_id":7,"date":1795226400,"chat":{"id":-1001234567890,"type":"channel","title":"Acme","username":"acme_news"},"text":"Hi"}}"#,
            r#"{"ok":true,"result":{"id":4711,"is_bot":true,"first_name":"Acme","username":"acme_bot"}}"#,
            r#"{"ok":true,"result":{"id":-1001234567890,"type":"channel","title":"Acme","username":"acme_news"}}"#,
            r#"{"ok":true,"result":{"status":"administrator","can_post_messages":true,"user":{"id":4711,"is_bot":true,"first_name":"Acme"}}}"#,
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#,
            r#"{"ok":true,"result":[{"message_id":7,"chat":{"id":-1001234567890}}]}"#,
        ],
    }
}

/// An answer that may be anything: any bytes, any JSON, or one that the network
/// gives with a few bytes changed.
pub fn answer(network: Network) -> impl Strategy<Value = Answer> {
    let status = prop_oneof![
        6 => Just(200_u16),
        4 => prop::sample::select(vec![
            201, 202, 204, 206, 301, 307, 400, 401, 403, 404, 408, 409, 410, 413, 422, 429, 500,
            502, 503, 504,
        ]),
        1 => 200_u16..600,
    ];
    let known: Vec<String> = rows(network)
        .map(|row| row.body)
        .chain(successes(network).iter().copied())
        .map(str::to_owned)
        .collect();
    let mutated = (prop::sample::select(known), edits()).prop_map(|(body, edits)| {
        let mut bytes = body.into_bytes();
        for (at, edit) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            match edit {
                Edit::Set(byte) if at < bytes.len() => bytes[at] = byte,
                Edit::Set(byte) | Edit::Insert(byte) => bytes.insert(at, byte),
                Edit::Cut => bytes.truncate(at),
                Edit::Double => bytes.extend_from_within(at..),
            }
        }
        (bytes, true)
    });
    let random = prop::collection::vec(any::<u8>(), 0..512).prop_map(|bytes| (bytes, false));
    let strange = json().prop_map(|value| (value.to_string().into_bytes(), false));
    let replaced = (
        prop::sample::select(successes(network).to_vec()),
        any::<prop::sample::Index>(),
        hostile(),
    )
        .prop_map(|(body, at, value)| {
            let mut body = serde_json::from_str(body).unwrap();
            let count = leaves(&mut body, usize::MAX, &value);
            leaves(&mut body, at.index(count), &value);
            (body.to_string().into_bytes(), true)
        });
    let body = prop_oneof![3 => mutated, 3 => replaced, 1 => random, 2 => strange];
    (status, headers(), body).prop_map(|(status, headers, (body, mutated))| Answer {
        status,
        headers,
        body,
        mutated,
    })
}

#[derive(Clone, Debug)]
enum Edit {
    Set(u8),
    Insert(u8),
    Cut,
    Double,
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, Edit)>> {
    let edit = prop_oneof![
        4 => any::<u8>().prop_map(Edit::Set),
        2 => prop::sample::select(br#""{}[],:0-9e.\u"#.to_vec()).prop_map(Edit::Insert),
        1 => Just(Edit::Cut),
        1 => Just(Edit::Double),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), edit), 0..4)
}

/// Puts `value` in the place of leaf number `at`; how many leaves there are.
fn leaves(body: &mut serde_json::Value, at: usize, value: &serde_json::Value) -> usize {
    use serde_json::Value;
    fn walk(body: &mut Value, next: &mut usize, at: usize, value: &Value) {
        match body {
            Value::Array(items) => items.iter_mut().for_each(|one| walk(one, next, at, value)),
            Value::Object(map) => map.values_mut().for_each(|one| walk(one, next, at, value)),
            leaf => {
                if *next == at {
                    *leaf = value.clone();
                }
                *next += 1;
            }
        }
    }
    let mut next = 0;
    walk(body, &mut next, at, value);
    next
}

/// A value that no network should give.
fn hostile() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let text = prop_oneof![
        any::<String>(),
        Just("\u{1b}]0;x\u{7}\u{202e}y\u{9b}".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        Just("https://a:b@evil.example/\u{9b}31m".to_owned()),
        Just("x".repeat(100_000)),
        Just(String::new()),
    ];
    prop_oneof![
        4 => text.prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Array(Vec::new())),
    ]
}

/// JSON with the names that networks use and values that they do not.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        hostile(),
        "[a-z0-9]{0,12}".prop_map(serde_json::Value::from)
    ];
    let name = prop::sample::select(vec![
        "id",
        "uri",
        "cid",
        "ok",
        "result",
        "url",
        "error",
        "message",
        "message_id",
        "chat",
        "description",
        "error_description",
        "access_token",
        "refresh_token",
        "accessJwt",
        "refreshJwt",
        "did",
        "handle",
        "active",
        "expires_in",
        "parameters",
        "retry_after",
        "migrate_to_chat_id",
        "error_code",
        "value",
        "text",
        "created_at",
        "acct",
        "username",
        "media_attachments",
        "blob",
        "scope",
        "status",
        "user",
        "title",
        "didDoc",
        "account",
    ]);
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Headers that say when, in every way and in none.
fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let value = prop_oneof![
        "[ -~]{0,40}",
        any::<i128>().prop_map(|number| number.to_string()),
        "[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} [A-Z+0-9-]{1,5}",
        Just("Sat, 21 Nov 2026 14:02:00 GMT".to_owned()),
        "[0-9]{1,6}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,9})?Z",
    ];
    let name = prop::sample::select(vec![
        "retry-after",
        "date",
        "ratelimit-reset",
        "x-ratelimit-reset",
        "location",
        "dpop-nonce",
        "www-authenticate",
    ]);
    prop::collection::vec((name, value), 0..3)
}
