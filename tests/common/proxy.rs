//! A network that loses, delays and doubles answers: a proxy in front of one
//! HTTP/1.1 server on loopback, spoiling the calls it was told to spoil.
//!
//! ```text
//! let proxy = Proxy::start("http://localhost:2583");
//! proxy.next("com.atproto.repo.putRecord", Fault::LoseAnswer);
//! // point the program at proxy.url(), let it send ..
//! let sent = proxy.wait_for("com.atproto.repo.putRecord", 1);
//! assert_eq!(sent[0].server_said, [200]);   // the server did it,
//! assert!(!sent[0].client_heard);           // and nobody was told
//! ```
//!
//! A call is named by what follows `/xrpc/`, or else by its path. Whatever was
//! forwarded once runs to its end at the server, also when the client has gone.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use rustix::process::Signal;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::{PATIENCE, http, process, runtime};

/// What a test does at a certain moment of a call.
pub type Hook = Arc<dyn Fn() + Send + Sync>;

/// What happens to one call.
#[derive(Clone)]
pub enum Fault {
    /// Nothing; for spoiling only the call after this one.
    Pass,
    /// The server does it, then the connection closes without a reply.
    LoseAnswer,
    /// The server gets it only after this time, even when the client has gone.
    DelayRequest(Duration),
    /// The server gets it when the gate opens, even when the client has gone.
    HoldRequest(Gate),
    /// The server does it at once; its reply waits for this time.
    DelayAnswer(Duration),
    /// The server gets it twice, one after the other; the second reply counts.
    Double,
    /// The server does it; the client reads of an internal error.
    Error500ThoughDone,
    /// The connection closes, and the server never hears of it.
    DropBefore,
    /// The server never hears of it; the client reads this.
    Answer {
        /// HTTP status.
        status: u16,
        /// Additional headers.
        headers: Vec<(String, String)>,
        /// JSON, or whatever the headers say.
        body: String,
    },
    /// Runs the hook when the call begins to arrive; the rest of it is lost.
    OnFirstByte(Hook),
    /// Runs the hook when the call has arrived in full, then forwards it.
    OnArrival(Hook),
}

impl Fault {
    /// Kills the sender (`kill -9`) when the first byte has left it; the server
    /// hears nothing.
    pub fn kill_on_first_byte(victim: &Victim) -> Self {
        Self::OnFirstByte(victim.killer())
    }

    /// Kills the sender (`kill -9`) when the whole call has left it; the server
    /// does it, and nobody is there to read the reply.
    pub fn kill_on_arrival(victim: &Victim) -> Self {
        Self::OnArrival(victim.killer())
    }

    /// The server's own words for an error, without the server.
    pub fn xrpc_error(status: u16, error: &str, message: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: serde_json::json!({ "error": error, "message": message }).to_string(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::LoseAnswer => "lose answer",
            Self::DelayRequest(_) => "delay request",
            Self::HoldRequest(_) => "hold request",
            Self::DelayAnswer(_) => "delay answer",
            Self::Double => "double",
            Self::Error500ThoughDone => "500 though done",
            Self::DropBefore => "drop before",
            Self::Answer { .. } => "answer",
            Self::OnFirstByte(_) => "on first byte",
            Self::OnArrival(_) => "on arrival",
        }
    }
}

/// The process a fault is to kill. It is named after it was started, and may
/// call before that: the fault waits for the name.
#[derive(Clone, Default)]
pub struct Victim(Arc<OnceLock<u32>>);

impl Victim {
    /// Names it, once.
    pub fn is(&self, pid: u32) {
        self.0.set(pid).expect("a victim is named once");
    }

    fn killer(&self) -> Hook {
        let Self(pid) = self.clone();
        Arc::new(move || {
            let pid = *pid.wait();
            process::send(pid, Signal::KILL);
            // Only when it is dead may the connection close: it must not learn
            // of that and act.
            process::wait_until_dead(pid);
        })
    }
}

/// Holds calls back until a test opens it; clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed one.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everything through, from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn passed(&self) {
        // Only a dropped sender ends the wait early, and this is the sender.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// One call as the proxy saw it.
#[derive(Clone)]
pub struct Call {
    /// Counts up from 1 in the order of arrival.
    pub id: u64,
    /// `GET`, `POST` ..
    pub verb: String,
    /// What follows `/xrpc/`, or the path.
    pub name: String,
    /// The text after the question mark.
    pub query: String,
    /// When its first line arrived, counted from the start of the proxy.
    pub at: Duration,
    /// The request body.
    pub body: Vec<u8>,
    /// SHA-256 of the request body in hexadecimal.
    pub body_sha256: String,
    /// What was done to it.
    pub fault: Option<&'static str>,
    /// How often it was forwarded.
    pub forwarded: u32,
    /// The status of each reply of the server.
    pub server_said: Vec<u16>,
    /// The status of the reply that was made up or passed on.
    pub answer: Option<u16>,
    /// Whether a reply was written while the client was still there.
    pub client_heard: bool,
    /// Whether the proxy is through with it.
    pub done: bool,
}

impl Call {
    /// The request body as JSON; `null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Without the body, which may hold a password and is long anyway.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "#{} {:>6} ms {} {} ({} B {:.8}) fault: {} forwarded: {} server: {:?} answer: {:?} heard: {} done: {}",
            self.id,
            self.at.as_millis(),
            self.verb,
            self.name,
            self.body.len(),
            self.body_sha256,
            self.fault.unwrap_or("none"),
            self.forwarded,
            self.server_said,
            self.answer,
            self.client_heard,
            self.done,
        )
    }
}

/// The proxy; gone when dropped, but for calls already on their way.
pub struct Proxy {
    address: SocketAddr,
    /// Bound and never listening: keeps the port ours while the proxy is down.
    _claim: TcpSocket,
    accepting: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts one in front of `upstream`, such as `http://localhost:2583`.
    pub fn start(upstream: &str) -> Self {
        let _inside = runtime().enter();
        let claim = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = claim.local_addr().expect("the address just bound");
        let proxy = Self {
            address,
            _claim: claim,
            accepting: Mutex::new(None),
            shared: Arc::new(Shared {
                upstream: upstream.trim_end_matches('/').to_owned(),
                started: Instant::now(),
                rules: Mutex::new(Vec::new()),
                rewrites: Mutex::new(Vec::new()),
                begun: AtomicU64::new(0),
                calls: Mutex::new(Vec::new()),
                changed: Condvar::new(),
            }),
        };
        proxy.up();
        proxy
    }

    /// Where it listens, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Spoils the next call of this name that no earlier fault waits for.
    /// `name` may end in `*`.
    pub fn next(&self, name: &str, fault: Fault) {
        self.shared.rule(name, |rule| rule.queue.push_back(fault));
    }

    /// Spoils each call of this name once the faults of [`Proxy::next`] are used
    /// up, until [`Proxy::heal`]. `name` may end in `*`.
    pub fn every(&self, name: &str, fault: Fault) {
        self.shared.rule(name, |rule| rule.every = Some(fault));
    }

    /// Forgets all faults and accepts connections again.
    pub fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
        self.up();
    }

    /// Faults of [`Proxy::next`] that no call has met yet.
    pub fn unused_faults(&self) -> usize {
        let rules = self.shared.rules.lock().unwrap();
        rules.iter().map(|rule| rule.queue.len()).sum()
    }

    /// Refuses connections, and cuts the open ones.
    pub fn down(&self) {
        let task = self.accepting.lock().unwrap().take();
        if let Some(task) = task {
            task.abort();
            // The port is closed when the task is gone, not when it is told to go.
            let _ = runtime().block_on(task);
        }
    }

    /// Accepts connections again.
    pub fn up(&self) {
        let mut accepting = self.accepting.lock().unwrap();
        if accepting.is_none() {
            let _inside = runtime().enter();
            let listener = socket(self.address).listen(1024).expect("the proxy's port");
            let shared = Arc::clone(&self.shared);
            *accepting = Some(runtime().spawn(accept(listener, shared)));
        }
    }

    /// Replaces a text in everything the server answers from now on.
    pub fn replace_in_answers(&self, from: &str, to: &str) {
        let rewrite = (from.to_owned(), to.to_owned());
        self.shared.rewrites.lock().unwrap().push(rewrite);
    }

    /// The calls of this name so far, oldest first. `name` may end in `*`.
    pub fn calls(&self, name: &str) -> Vec<Call> {
        let calls = self.shared.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| matches(name, &call.name))
            .cloned()
            .collect()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.shared.calls.lock().unwrap().clear();
    }

    /// Waits until `count` calls of this name are through, and returns them.
    ///
    /// # Panics
    /// After [`PATIENCE`], with the whole log.
    pub fn wait_for(&self, name: &str, count: usize) -> Vec<Call> {
        self.wait(&format!("{count} x {name} done"), |calls| {
            let done: Vec<Call> = calls
                .iter()
                .filter(|call| call.done && matches(name, &call.name))
                .cloned()
                .collect();
            (done.len() >= count).then_some(done)
        })
    }

    /// Waits until `count` calls of this name have begun to arrive.
    ///
    /// # Panics
    /// After [`PATIENCE`], with the whole log.
    pub fn wait_for_arrival(&self, name: &str, count: usize) -> Vec<Call> {
        self.wait(&format!("{count} x {name} arrived"), |calls| {
            let here: Vec<Call> = calls
                .iter()
                .filter(|call| matches(name, &call.name))
                .cloned()
                .collect();
            (here.len() >= count).then_some(here)
        })
    }

    fn wait<T>(&self, what: &str, mut find: impl FnMut(&[Call]) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut calls = self.shared.calls.lock().unwrap();
        loop {
            if let Some(found) = find(&calls) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let log = calls.clone();
                // Unlocked first: a panic would poison the log for everyone else.
                drop(calls);
                panic!("not within {PATIENCE:?}: {what}; the calls were: {log:#?}");
            }
            calls = self.shared.changed.wait_timeout(calls, left).unwrap().0;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.down();
    }
}

/// What waits for the calls of one name.
struct Rule {
    name: String,
    queue: VecDeque<Fault>,
    every: Option<Fault>,
}

struct Shared {
    upstream: String,
    started: Instant,
    rules: Mutex<Vec<Rule>>,
    rewrites: Mutex<Vec<(String, String)>>,
    begun: AtomicU64,
    calls: Mutex<Vec<Call>>,
    changed: Condvar,
}

impl Shared {
    fn rule(&self, name: &str, change: impl FnOnce(&mut Rule)) {
        let mut rules = self.rules.lock().unwrap();
        let at = rules.iter().position(|rule| rule.name == name);
        let at = at.unwrap_or_else(|| {
            rules.push(Rule {
                name: name.to_owned(),
                queue: VecDeque::new(),
                every: None,
            });
            rules.len() - 1
        });
        change(&mut rules[at]);
    }

    /// The fault this call meets: the oldest rule that has one to give.
    fn take_fault(&self, name: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        rules
            .iter_mut()
            .filter(|rule| matches(&rule.name, name))
            .find_map(|rule| rule.queue.pop_front().or_else(|| rule.every.clone()))
    }

    fn begin(&self, line: &RequestLine, fault: Option<&'static str>) -> u64 {
        let id = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        self.calls.lock().unwrap().push(Call {
            id,
            verb: line.verb.to_string(),
            name: line.name().to_owned(),
            query: line.query().to_owned(),
            at: self.started.elapsed(),
            body: Vec::new(),
            body_sha256: String::new(),
            fault,
            forwarded: 0,
            server_said: Vec::new(),
            answer: None,
            client_heard: false,
            done: false,
        });
        self.changed.notify_all();
        id
    }

    /// Notes something about a call, unless the log was cleared meanwhile.
    fn note(&self, id: u64, change: impl FnOnce(&mut Call)) {
        let mut calls = self.calls.lock().unwrap();
        if let Some(call) = calls.iter_mut().find(|call| call.id == id) {
            change(call);
        }
        self.changed.notify_all();
    }

    /// Forwards one request and notes what the server said.
    async fn forward(&self, id: u64, request: &Request) -> Reply {
        self.note(id, |call| call.forwarded += 1);
        let sent = http()
            .request(
                request.line.verb.clone(),
                format!("{}{}", self.upstream, request.line.target),
            )
            .headers(request.forwarded_headers())
            .body(request.body.clone())
            .send()
            .await;
        let received = match sent {
            Ok(answer) => {
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                answer.bytes().await.map(|body| (status, headers, body))
            }
            Err(error) => Err(error),
        };
        match received {
            Ok((status, headers, body)) => {
                self.note(id, |call| call.server_said.push(status));
                Reply {
                    status,
                    headers,
                    body: self.rewritten(body.to_vec()),
                }
            }
            Err(error) => Reply::made_up(
                502,
                serde_json::json!({ "error": "Proxy", "message": error.to_string() }).to_string(),
            ),
        }
    }

    fn rewritten(&self, body: Vec<u8>) -> Vec<u8> {
        let rewrites = self.rewrites.lock().unwrap();
        match String::from_utf8(body) {
            Ok(text) => rewrites
                .iter()
                .fold(text, |text, (from, to)| text.replace(from, to))
                .into_bytes(),
            Err(binary) => binary.into_bytes(),
        }
    }

    /// Does to a complete request what its fault says; without a reply, the
    /// connection closes.
    async fn carry_out(&self, id: u64, request: &Request, fault: Fault) -> Option<Reply> {
        match fault {
            Fault::DropBefore | Fault::OnFirstByte(_) => return None,
            Fault::Answer {
                status,
                headers,
                body,
            } => {
                let mut reply = Reply::made_up(status, body);
                for (name, value) in headers {
                    reply.headers.insert(
                        HeaderName::try_from(name).expect("a header name"),
                        HeaderValue::try_from(value).expect("a header value"),
                    );
                }
                return Some(reply);
            }
            Fault::DelayRequest(time) => tokio::time::sleep(time).await,
            Fault::HoldRequest(ref gate) => gate.passed().await,
            Fault::OnArrival(ref hook) => hook(),
            Fault::Double => drop(self.forward(id, request).await),
            Fault::Pass | Fault::LoseAnswer | Fault::DelayAnswer(_) | Fault::Error500ThoughDone => {
            }
        }
        let reply = self.forward(id, request).await;
        match fault {
            Fault::LoseAnswer => None,
            Fault::Error500ThoughDone => Some(Reply::made_up(
                500,
                r#"{"error":"InternalServerError","message":"Internal Server Error"}"#.to_owned(),
            )),
            Fault::DelayAnswer(time) => {
                tokio::time::sleep(time).await;
                Some(reply)
            }
            _ => Some(reply),
        }
    }
}

/// `name` is `pattern`, or begins with it where that ends in `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    // Lets the claim and the listener share the port.
    socket.set_reuseaddr(true).expect("an address for reuse");
    socket.bind(address).expect("a port on loopback");
    socket
}

/// Serves connections until aborted, which cuts those that are open.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            open.spawn(serve(stream, Arc::clone(&shared)));
        }
        while open.try_join_next().is_some() {}
    }
}

/// Serves the calls of one connection, one after the other.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut client = Client {
        stream,
        unread: Vec::new(),
    };
    // An error here is the client leaving; there is nobody to tell.
    while let Ok(true) = serve_call(&mut client, &shared).await {}
}

/// Serves one call; answers whether another may follow.
async fn serve_call(client: &mut Client, shared: &Arc<Shared>) -> io::Result<bool> {
    let Some(line) = client.request_line().await? else {
        return Ok(false);
    };
    let fault = shared.take_fault(line.name());
    let id = shared.begin(&line, fault.as_ref().map(Fault::name));
    if let Some(Fault::OnFirstByte(hook)) = &fault {
        hook();
        shared.note(id, |call| call.done = true);
        return Ok(false);
    }
    let request = match client.rest_of_request(line).await {
        Ok(request) => Arc::new(request),
        Err(error) => {
            shared.note(id, |call| call.done = true);
            return Err(error);
        }
    };
    shared.note(id, |call| {
        call.body_sha256 = hex(&Sha256::digest(&request.body));
        call.body.clone_from(&request.body);
    });

    // On its own, so that what was sent reaches the server whatever happens to
    // this connection.
    let on_its_way = tokio::spawn({
        let (shared, request) = (Arc::clone(shared), Arc::clone(&request));
        async move {
            let reply = shared
                .carry_out(id, &request, fault.unwrap_or(Fault::Pass))
                .await;
            let answer = reply.as_ref().map(|reply| reply.status);
            shared.note(id, |call| {
                call.answer = answer;
                call.done = answer.is_none();
            });
            (reply, Finish { id, shared })
        }
    });
    let (reply, finish) = on_its_way.await.map_err(io::Error::other)?;
    let Some(reply) = reply else {
        return Ok(false);
    };
    let written = client.write(&reply, &request).await;
    shared.note(id, |call| call.client_heard = written.is_ok());
    drop(finish);
    written?;
    Ok(request.keeps_alive())
}

/// Marks a call as done when dropped: after its reply was written, or when
/// nobody is left to write it to.
struct Finish {
    id: u64,
    shared: Arc<Shared>,
}

impl Drop for Finish {
    fn drop(&mut self) {
        self.shared.note(self.id, |call| call.done = true);
    }
}

struct RequestLine {
    verb: Method,
    target: String,
}

impl RequestLine {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    fn name(&self) -> &str {
        let path = self.path();
        path.strip_prefix("/xrpc/").unwrap_or(path)
    }
}

struct Request {
    line: RequestLine,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    fn keeps_alive(&self) -> bool {
        !has_token(&self.headers, header::CONNECTION, "close")
    }

    /// What belongs to the call rather than to this connection. Packed answers
    /// are not asked for, since texts in them are replaced.
    fn forwarded_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for name in [
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::EXPECT,
            header::TE,
            header::ACCEPT_ENCODING,
        ] {
            headers.remove(name);
        }
        headers
    }
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn made_up(status: u16, body: String) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Self {
            status,
            headers,
            body: body.into_bytes(),
        }
    }
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|t| t.trim().eq_ignore_ascii_case(token))
        })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A connection, with what arrived and was not needed yet.
struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    /// The first line of the next request; none when the client has finished.
    async fn request_line(&mut self) -> io::Result<Option<RequestLine>> {
        let Some(line) = self.line().await? else {
            return Ok(None);
        };
        let mut words = line.split(' ');
        let (Some(verb), Some(target)) = (words.next(), words.next()) else {
            return Err(broken("no request line"));
        };
        Ok(Some(RequestLine {
            verb: Method::from_bytes(verb.as_bytes()).map_err(|_| broken("no verb"))?,
            target: target.to_owned(),
        }))
    }

    async fn rest_of_request(&mut self, line: RequestLine) -> io::Result<Request> {
        let mut headers = HeaderMap::new();
        loop {
            let text = self.line().await?.ok_or_else(|| broken("cut in headers"))?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| broken("no header"))?;
            headers.append(
                HeaderName::try_from(name.trim()).map_err(|_| broken("header name"))?,
                HeaderValue::try_from(value.trim()).map_err(|_| broken("header value"))?,
            );
        }
        if has_token(&headers, header::EXPECT, "100-continue") {
            self.stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await?;
        }
        let body = if has_token(&headers, header::TRANSFER_ENCODING, "chunked") {
            self.chunks().await?
        } else {
            let length = headers
                .get(header::CONTENT_LENGTH)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(0);
            self.exactly(length).await?
        };
        Ok(Request {
            line,
            headers,
            body,
        })
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?.ok_or_else(|| broken("cut in chunks"))?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("chunk size"))?;
            if size == 0 {
                // Trailers, which nobody here sends, up to the empty line.
                while self.line().await?.is_some_and(|line| !line.is_empty()) {}
                return Ok(body);
            }
            body.extend(self.exactly(size).await?);
            self.line().await?;
        }
    }

    /// One line without its end; none when the client has finished.
    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.unread.drain(..at + 2).take(at).collect();
                return String::from_utf8(line)
                    .map(Some)
                    .map_err(|_| broken("no text"));
            }
            if self.more().await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            if self.more().await? == 0 {
                return Err(broken("cut in the body"));
            }
        }
        Ok(self.unread.drain(..count).collect())
    }

    async fn more(&mut self) -> io::Result<usize> {
        let mut part = [0; 16 * 1024];
        let count = self.stream.read(&mut part).await?;
        self.unread.extend_from_slice(&part[..count]);
        Ok(count)
    }

    /// Writing to a client that has gone succeeds once; reading tells at once.
    fn still_there(&mut self) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        match self.stream.try_read(&mut part) {
            Ok(0) => Err(io::ErrorKind::BrokenPipe.into()),
            Ok(count) => {
                self.unread.extend_from_slice(&part[..count]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write(&mut self, reply: &Reply, request: &Request) -> io::Result<()> {
        self.still_there()?;
        let mut bytes = format!("HTTP/1.1 {} Proxied\r\n", reply.status).into_bytes();
        let bodiless = request.line.verb == Method::HEAD || matches!(reply.status, 204 | 304);
        for (name, value) in &reply.headers {
            let ours = *name == header::CONNECTION
                || *name == header::TRANSFER_ENCODING
                || (*name == header::CONTENT_LENGTH && !bodiless)
                || *name == "keep-alive";
            if !ours {
                bytes.extend_from_slice(name.as_str().as_bytes());
                bytes.extend_from_slice(b": ");
                bytes.extend_from_slice(value.as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
        }
        if bodiless {
            bytes.extend_from_slice(b"\r\n");
        } else {
            let length = format!("content-length: {}\r\n\r\n", reply.body.len());
            bytes.extend_from_slice(length.as_bytes());
            bytes.extend_from_slice(&reply.body);
        }
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }
}
