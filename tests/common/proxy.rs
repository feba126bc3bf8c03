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
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use reqwest::header::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{PATIENCE, http, runtime};
use wire::{Client, Reply, Request, RequestLine};

mod fault;
mod wire;

pub use fault::{Fault, Gate, Victim};

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
    /// The same by the clock of the machine, in milliseconds since 1970: what
    /// a program wrote before it is never later.
    pub wall: i64,
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
    /// The body of each reply of the server.
    pub server_bodies: Vec<Vec<u8>>,
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
            wall: jiff::Timestamp::now().as_millisecond(),
            body: Vec::new(),
            body_sha256: String::new(),
            fault,
            forwarded: 0,
            server_said: Vec::new(),
            server_bodies: Vec::new(),
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
                self.note(id, |call| {
                    call.server_said.push(status);
                    call.server_bodies.push(body.to_vec());
                });
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
            Fault::DropBefore | Fault::Reset | Fault::OnFirstByte(_) => return None,
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
            Fault::Pass
            | Fault::LoseAnswer
            | Fault::DelayAnswer(_)
            | Fault::HoldAnswer(_)
            | Fault::Error500ThoughDone
            | Fault::Truncate
            | Fault::Flood(_)
            | Fault::Drip => {}
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
            Fault::HoldAnswer(gate) => {
                gate.passed().await;
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
    let mut client = Client::of(stream);
    // An error here is the client leaving; there is nobody to tell.
    while let Ok(next) = serve_call(&mut client, &shared).await {
        match next {
            Next::Call => {}
            Next::Close => return,
            Next::Reset => return client.reset().expect("a connection to reset"),
        }
    }
}

/// What follows a call on its connection.
enum Next {
    Call,
    Close,
    Reset,
}

/// Serves one call.
async fn serve_call(client: &mut Client, shared: &Arc<Shared>) -> io::Result<Next> {
    let Some(line) = client.request_line().await? else {
        return Ok(Next::Close);
    };
    let fault = shared.take_fault(line.name());
    let id = shared.begin(&line, fault.as_ref().map(Fault::name));
    if let Some(Fault::OnFirstByte(hook)) = &fault {
        hook();
        shared.note(id, |call| call.done = true);
        return Ok(Next::Close);
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
    let spoilt = fault.clone();
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
        return match spoilt {
            Some(Fault::Reset) => Ok(Next::Reset),
            _ => Ok(Next::Close),
        };
    };
    if let Some(how @ (Fault::Truncate | Fault::Flood(_) | Fault::Drip)) = &spoilt {
        client.spoil(&reply, how).await?;
        drop(finish);
        return Ok(Next::Close);
    }
    let written = client.write(&reply, &request).await;
    shared.note(id, |call| call.client_heard = written.is_ok());
    drop(finish);
    written?;
    Ok(if request.keeps_alive() {
        Next::Call
    } else {
        Next::Close
    })
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
