//! Waits on loopback for the browser. Whoever else knocks (another program of
//! this machine, a page that guesses the port) is turned away and changes
//! nothing: the listener goes on waiting for the right answer.
//!
//! Source: <https://www.rfc-editor.org/rfc/rfc8252#section-7.3> and
//! <https://www.rfc-editor.org/rfc/rfc8252#section-8.3>

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::attempt::Answer;
use super::pages::{self, Page};
use super::paste::{Callback, LONGEST, read};
use super::words::same;
use crate::support::clock::Clock;

/// The path the browser comes back to.
pub(super) const PATH: &str = "/callback";
/// How long a browser is left waiting for the end of the login.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a page may take that is given at the end.
const LAST_PAGE: Duration = Duration::from_secs(1);

/// A bound port that nobody was told of yet.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    at: SocketAddr,
}

/// A listener that answers. Dropping it closes the port; pages under way are
/// still given.
#[derive(Debug)]
pub(super) struct Listener {
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listener {
    /// Closes the port once the pages under way are given, or after a moment:
    /// for a program that ends now.
    pub async fn close(self, clock: &Clock) {
        drop(self.stop);
        tokio::select! {
            _ = self.serving => {}
            () = clock.sleep(LAST_PAGE) => {}
        }
    }
}

struct Door {
    host: String,
    path: String,
    state: String,
    used: AtomicBool,
    answers: mpsc::Sender<Answer>,
    clock: Clock,
}

impl Bound {
    /// Binds 127.0.0.1, on any port when `port` is 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn new(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let at = listener.local_addr()?;
        Ok(Self { listener, at })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.at.port()
    }

    /// Serves from now on: answers with `state` on `path` go to `answers`.
    pub fn serve(
        self,
        path: String,
        state: String,
        answers: mpsc::Sender<Answer>,
        clock: Clock,
    ) -> Listener {
        let door = Arc::new(Door {
            host: self.at.to_string(),
            path,
            state,
            used: AtomicBool::new(false),
            answers,
            clock,
        });
        let (stop, mut stopped) = watch::channel(());
        let router = Router::new().fallback(knock).with_state(door);
        let serving = tokio::spawn(async move {
            let end = async move {
                // An error is the end as well: the listener was dropped.
                let _ = stopped.changed().await;
            };
            let _ = axum::serve(self.listener, router)
                .with_graceful_shutdown(end)
                .await;
        });
        Listener { stop, serving }
    }
}

async fn knock(State(door): State<Arc<Door>>, request: Request) -> Response {
    page(match judge(&door, &request) {
        Ok(callback) => take(&door, callback).await,
        Err(page) => page,
    })
}

/// The answer in a request, or the page for whoever else knocks.
fn judge(door: &Door, request: &Request) -> Result<Callback, Page> {
    // A name that resolves to this machine is another site (DNS rebinding).
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    if host != Some(door.host.as_str()) {
        return Err(pages::NOT_OURS);
    }
    if request.uri().path() != door.path {
        return Err(pages::NOTHING);
    }
    if request.method() != Method::GET {
        return Err(pages::ONLY_GET);
    }
    let query = request.uri().query().unwrap_or_default();
    if query.len() > LONGEST {
        return Err(pages::NOT_OURS);
    }
    let callback = read(query).map_err(|_| pages::NOT_OURS)?;
    let ours = callback
        .state
        .as_deref()
        .is_some_and(|state| same(state, &door.state));
    if !ours || (callback.code.is_none() && callback.refused.is_none()) {
        return Err(pages::NOT_OURS);
    }
    Ok(callback)
}

async fn take(door: &Door, callback: Callback) -> Page {
    if door.used.swap(true, Ordering::AcqRel) {
        return pages::AGAIN;
    }
    let (ended, end) = oneshot::channel();
    if door
        .answers
        .send(Answer::came(callback, ended))
        .await
        .is_err()
    {
        return pages::AGAIN;
    }
    tokio::select! {
        worked = end => match worked {
            Ok(true) => pages::DONE,
            Ok(false) => {
                // The link may be opened again, for a better answer.
                door.used.store(false, Ordering::Release);
                pages::FAILED
            }
            // Nobody will say: the screen was left meanwhile.
            Err(_) => pages::CHECKING,
        },
        () = door.clock.sleep(PATIENCE) => pages::CHECKING,
    }
}

fn page(page: Page) -> Response {
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK);
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        (CONNECTION, "close"),
    ];
    (status, headers, page.html()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use proptest::prelude::*;

    use super::*;

    const HOST_OF_US: &str = "127.0.0.1:8917";
    const WORD: &str = "a-secret-word-of-this-login-0123456789-abcd";

    fn door() -> Door {
        Door {
            host: HOST_OF_US.into(),
            path: PATH.into(),
            state: WORD.into(),
            used: AtomicBool::new(false),
            answers: mpsc::channel(1).0,
            clock: Clock::real(),
        }
    }

    fn one_of(all: &'static [&'static str]) -> impl Strategy<Value = String> {
        prop::sample::select(all).prop_map(str::to_owned)
    }

    /// What a page that guesses, a scanner or a browser may put after the path.
    fn query() -> impl Strategy<Value = String> {
        let known = one_of(&[
            "code=abcdefgh",
            "code=",
            "code",
            "error=access_denied",
            "state=a-secret-word-of-this-login-0123456789-abcd",
            "state=a-secret-word-of-this-login-0123456789-abce",
            "state=A-SECRET-WORD-OF-THIS-LOGIN-0123456789-ABCD",
            "state=",
            "iss=https://evil.example",
            "%",
            "%00",
            "a[]=1",
            "code=%F0%28%8C%28",
        ]);
        let part = prop_oneof![3 => known, 1 => "[!-~]{0,40}", 1 => "x{0,9000}"];
        prop::collection::vec(part, 0..6).prop_map(|parts| parts.join("&"))
    }

    proptest! {
        #[test]
        fn outside_no_knock_is_taken_for_the_answer_without_the_word_of_the_login(
            host in one_of(&[HOST_OF_US, "localhost:8917", "evil.example", "127.0.0.1", "127.0.0.1:8917.evil.example", ""]),
            method in one_of(&["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
            path in one_of(&["/callback", "/callback/", "//callback", "/Callback", "/", "/callback%00", "/x/../callback"]),
            query in query(),
        ) {
            let door = door();
            let request = Request::builder()
                .method(method.as_str())
                .uri(format!("{path}?{query}"))
                .header(HOST, host.as_str())
                .body(Body::empty());
            // What is no request at all never gets here.
            let Ok(request) = request else { return Ok(()) };
            if let Ok(callback) = judge(&door, &request) {
                prop_assert_eq!(host, HOST_OF_US);
                prop_assert_eq!(method, "GET");
                prop_assert_eq!(path, PATH);
                prop_assert_eq!(callback.state.as_deref(), Some(WORD));
                prop_assert!(callback.code.is_some() || callback.refused.is_some());
            }
        }
    }

    #[test]
    fn the_answer_itself_is_taken() {
        let request = Request::builder()
            .uri(format!("{PATH}?code=abcdefgh&state={WORD}"))
            .header(HOST, HOST_OF_US)
            .body(Body::empty())
            .unwrap();
        let callback = judge(&door(), &request).map_err(|_| "turned away").unwrap();
        assert_eq!(callback.code.unwrap().expose(), "abcdefgh");
    }
}
