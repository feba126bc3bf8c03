//! Serves one simulated network on one port, over connections that can be cut.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::calls::Call;
use super::faults::Fault;
use super::traffic::Traffic;
use super::wire::{Answer, Request};
use crate::support::clock::Clock;
use crate::support::time::UtcMs;

/// More than any body a network takes; what is longer is refused unread.
const LONGEST_BODY: usize = 64 << 20;

/// What is served on one port.
pub(super) trait Site: Send + Sync + 'static {
    /// Requests of the operator are neither logged nor hit by faults.
    fn is_operator(&self, path: &str) -> bool;
    /// The name of the endpoint and the account a request is about.
    fn about(&self, request: &Request) -> (String, Option<String>);
    /// Does the request.
    fn answer(&self, request: &Request) -> Answer;
    /// The network's 429.
    fn rate_limited(&self, now: UtcMs, retry_after: u64) -> Answer;
    fn traffic(&self) -> &Traffic;
    fn clock(&self) -> &Clock;
}

/// Serves until `stop` loses its sender.
pub(super) fn serve(listener: TcpListener, site: Arc<dyn Site>, mut stop: watch::Receiver<()>) {
    let service = Router::new()
        .fallback(handle)
        .with_state(site)
        .into_make_service_with_connect_info::<Cut>();
    tokio::spawn(async move {
        let server = axum::serve(Doors(listener), service).with_graceful_shutdown(async move {
            let _ = stop.changed().await;
        });
        // Serving ends only by the stop above; there is no error to tell.
        let _ = server.await;
    });
}

/// Cuts its connection: whatever is still to be written is never sent.
#[derive(Clone, Debug, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Nothing of this answer reaches the client.
    fn cut(&self) -> Response {
        self.0.store(true, Ordering::Release);
        Response::default()
    }
}

impl Connected<IncomingStream<'_, Doors>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.io().cut.clone()
    }
}

/// Accepts connections that can be cut. An outage does not close this door,
/// since the operator comes in by it too: the first request decides.
struct Doors(TcpListener);

impl Listener for Doors {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // Without it small answers wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let cut = Cut::default();
        (Wire { stream, cut }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be cut.
struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl Wire {
    fn whole(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.whole()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn handle(
    State(site): State<Arc<dyn Site>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: axum::extract::Request,
) -> Response {
    // A task of its own: a client that hangs up must not undo what a real
    // server would go on doing.
    let done = tokio::spawn(process(site, cut.clone(), request));
    done.await.unwrap_or_else(|_| cut.cut())
}

async fn process(site: Arc<dyn Site>, cut: Cut, request: axum::extract::Request) -> Response {
    let operator = site.is_operator(request.uri().path());
    let _in_flight = (!operator).then(|| site.traffic().enter());
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut request = Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query).into_owned().collect(),
        headers: parts.headers,
        body: axum::body::Bytes::new(),
        now: site.clock().now(),
    };
    match axum::body::to_bytes(body, LONGEST_BODY).await {
        Ok(body) => request.body = body,
        // Longer than anything that is taken, or the client hung up within it.
        Err(_) => return cut.cut(),
    }
    let date = UtcMs(request.now.0.saturating_add(site.traffic().date_off_ms()));
    if operator {
        return site.answer(&request).into_response(date);
    }
    let (endpoint, account) = site.about(&request);
    let logged = site.traffic().arrived(Call {
        method: request.method.clone(),
        endpoint,
        account,
        at: request.now,
        status: None,
        fault: None,
    });
    let Some(answer) = outcome(&site, &request, logged.fault.clone()).await else {
        return cut.cut();
    };
    site.traffic().answered(&logged, answer.status);
    answer.into_response(date)
}

/// What is answered; `None` closes the connection instead.
async fn outcome(site: &Arc<dyn Site>, request: &Request, fault: Option<Fault>) -> Option<Answer> {
    match fault {
        None => Some(site.answer(request)),
        Some(Fault::DropBeforeProcessing) => None,
        Some(Fault::DropAnswer) => {
            site.answer(request);
            None
        }
        Some(Fault::Delay(ms)) => {
            let answer = site.answer(request);
            real_time(ms).await;
            Some(answer)
        }
        Some(Fault::ProcessLater(ms)) => {
            let (site, mut request) = (Arc::clone(site), request.clone());
            tokio::spawn(async move {
                real_time(ms).await;
                request.now = site.clock().now();
                site.answer(&request);
            });
            None
        }
        Some(Fault::Status(status, body)) => Some(verbatim(status, body)),
        Some(Fault::StatusThoughDone(status, body)) => {
            site.answer(request);
            Some(verbatim(status, body))
        }
        Some(Fault::BrokenJson) => Some(site.answer(request).broken()),
        Some(Fault::HugeJson(bytes)) => Some(site.answer(request).huge(bytes)),
        Some(Fault::RateLimited { retry_after }) => {
            Some(site.rate_limited(request.now, retry_after))
        }
        Some(Fault::Down) => Some(Answer::nobody_home()),
    }
}

/// Waits in real time: a slow answer is slow for a socket, whatever the clock
/// of the simulation says.
async fn real_time(ms: u64) {
    Clock::real().sleep(Duration::from_millis(ms)).await;
}

fn verbatim(status: u16, body: String) -> Answer {
    let kind = if serde_json::from_str::<serde_json::Value>(&body).is_ok() {
        "application/json; charset=utf-8"
    } else {
        "text/html"
    };
    Answer::typed(status, kind, body.into_bytes())
}
