//! The one HTTP client. It never follows a redirect, never repeats a request,
//! reads no more than it was told to, and says of every failure whether the
//! request may have reached the other side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;

use super::guard;
use crate::support::clock::Clock;
use crate::support::secret::Secret;
use crate::support::time::UtcMs;
use crate::support::timing::Timing;

/// Most a body may hold unless a call says otherwise.
const BODY_CAP: usize = 1 << 20;
/// The longest pause a network can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// A connection that idled longer is not used again.
const IDLE: Duration = Duration::from_secs(20);

/// What is sent with a call.
#[derive(Debug)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON text.
    Json(String),
    /// Bytes of a media type.
    Bytes(String, Vec<u8>),
}

/// One call.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its name, for logs and evidence (`putRecord`).
    pub name: &'a str,
    /// Method.
    pub method: Method,
    /// Whole address.
    pub url: String,
    /// Sent as a bearer token.
    pub bearer: Option<&'a Secret>,
    /// Body.
    pub body: Body,
    /// Whether private hosts, http and any port are allowed.
    pub allow_private: bool,
    /// Its own limit, for large uploads.
    pub timeout: Option<Duration>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, never more than the cap.
    pub body: Vec<u8>,
    /// When it was read.
    pub at: UtcMs,
}

/// No whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetError {
    /// Proven: the request never left, or never reached a host.
    NotSent(String),
    /// The other side may have acted on it.
    Unclear(String),
}

impl NetError {
    /// What happened, without address, query or token.
    pub fn text(&self) -> &str {
        match self {
            Self::NotSent(text) | Self::Unclear(text) => text,
        }
    }
}

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("The HTTP client could not be set up: {0}. Check the system's certificates.")]
pub struct HttpError(String);

/// Makes every call of every network; cheap to clone.
#[derive(Clone)]
pub struct Http(Arc<Inner>);

struct Inner {
    public: reqwest::Client,
    private: reqwest::Client,
    call_timeout: Duration,
    clock: Clock,
    /// Per host: its clock minus ours, in milliseconds, and when that was seen.
    clocks: Mutex<HashMap<String, (i64, UtcMs)>>,
}

impl Http {
    /// Makes the client.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(timing: &Timing, clock: Clock) -> Result<Self, HttpError> {
        let tls = tls()?;
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("allgreen/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .connect_timeout(timing.connect_timeout)
                .pool_idle_timeout(IDLE)
        };
        let made = |client: reqwest::ClientBuilder| {
            client.build().map_err(|error| HttpError(error.to_string()))
        };
        Ok(Self(Arc::new(Inner {
            public: made(builder().dns_resolver(Arc::new(guard::PublicOnly)))?,
            // Private hosts are not behind a proxy.
            private: made(builder().no_proxy())?,
            call_timeout: timing.call_timeout,
            clock,
            clocks: Mutex::new(HashMap::new()),
        })))
    }

    /// Makes one call.
    ///
    /// # Errors
    /// Whether it can have had an effect, and what happened.
    pub async fn call(&self, request: Request<'_>) -> Result<Reply, NetError> {
        let begun = self.0.clock.boot();
        let (name, method) = (request.name.to_owned(), request.method.clone());
        let host = url::Url::parse(&request.url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default();
        let limit = request.timeout.unwrap_or(self.0.call_timeout);
        let result = match tokio::time::timeout(limit, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(NetError::Unclear(format!(
                "No whole answer from {host} within {} s.",
                limit.as_secs().max(1)
            ))),
        };
        let ms = u64::try_from(self.0.clock.boot().saturating_sub(begun).as_millis())
            .unwrap_or(u64::MAX);
        match &result {
            Ok(reply) => {
                tracing::info!(%method, host, call = name, status = reply.status, ms, "call")
            }
            Err(error) => {
                tracing::info!(%method, host, call = name, error = error.text(), ms, "call failed")
            }
        }
        if let Ok(reply) = &result {
            self.remember_clock(&host, reply);
        }
        result
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Reply, NetError> {
        let url = guard::check(&request.url, request.allow_private).map_err(|refused| {
            NetError::NotSent(format!(
                "{refused} Set allow_private_hosts for this network if it is yours."
            ))
        })?;
        let client = if request.allow_private {
            &self.0.private
        } else {
            &self.0.public
        };
        let mut call = client.request(request.method, url);
        if let Some(token) = request.bearer {
            let mut value =
                HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                    NetError::NotSent("The token holds characters that cannot be sent.".into())
                })?;
            value.set_sensitive(true);
            call = call.header(AUTHORIZATION, value);
        }
        call = match request.body {
            Body::Empty => call,
            Body::Json(text) => call.header(CONTENT_TYPE, "application/json").body(text),
            Body::Bytes(mime, bytes) => call.header(CONTENT_TYPE, mime).body(bytes),
        };
        let mut answer = call.send().await.map_err(|error| explained(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| NetError::Unclear(plain(&error)))?
        {
            if body.len() + chunk.len() > BODY_CAP {
                return Err(NetError::Unclear(
                    "The answer is larger than anything this call returns.".into(),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply {
            status,
            headers,
            body,
            at: self.0.clock.now(),
        })
    }

    fn remember_clock(&self, host: &str, reply: &Reply) {
        let date = reply
            .headers
            .get(DATE)
            .and_then(|value| value.to_str().ok())
            .and_then(http_date);
        if let Some(theirs) = date {
            let mut clocks = self.0.clocks.lock().unwrap_or_else(PoisonError::into_inner);
            clocks.insert(
                host.to_owned(),
                (theirs.0.saturating_sub(reply.at.0), reply.at),
            );
        }
    }

    /// What the clocks of other hosts say: per host, theirs minus ours in
    /// milliseconds and when that was seen. Their headers have whole seconds.
    pub fn clock_evidence(&self) -> HashMap<String, (i64, UtcMs)> {
        self.0
            .clocks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Reply {
    /// The body as JSON, `None` when it is none.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status says success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long the network asks us to wait: `Retry-After` in seconds or as a
    /// date, else `RateLimit-Reset` as a Unix time; at most a day.
    pub fn retry_after(&self) -> Option<Duration> {
        let header = |name: &str| {
            self.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::trim)
        };
        let named = header(RETRY_AFTER.as_str()).and_then(|text| match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => http_date(text).map(|at| at.since(self.at)),
        });
        let reset = || {
            let unix: i64 = header("ratelimit-reset")?.parse().ok()?;
            Some(UtcMs(unix.saturating_mul(1000)).since(self.at))
        };
        named.or_else(reset).map(|pause| pause.min(LONGEST_PAUSE))
    }
}

fn http_date(text: &str) -> Option<UtcMs> {
    jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .map(UtcMs::from)
}

fn explained(error: &reqwest::Error) -> NetError {
    if error.is_connect() || error.is_builder() {
        NetError::NotSent(plain(error))
    } else {
        NetError::Unclear(plain(error))
    }
}

/// The innermost cause; only the outermost text holds the address.
fn plain(error: &reqwest::Error) -> String {
    use std::error::Error;
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    match cause {
        Some(cause) => format!(
            "{}.",
            cause
                .to_string()
                .chars()
                .filter(|c| !c.is_control())
                .take(200)
                .collect::<String>()
        ),
        None => "The connection failed.".into(),
    }
}

fn tls() -> Result<rustls::ClientConfig, HttpError> {
    let mut roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    // Roots of the system as well, for hubs behind a company's own authority;
    // none at all is fine, the built-in ones stand.
    for certificate in rustls_native_certs::load_native_certs().certs {
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
