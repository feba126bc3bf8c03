//! The one HTTP client: every call of every network goes through
//! [`Http::send`], which knows whom it may call, how long it waits, how much it
//! reads, and what it says about a call that brought no answer.

mod error;
mod offsets;
mod proof;
mod reply;
mod request;
mod start;
mod tls;
mod uploaded;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::{Host, Url};

pub use error::{HttpError, NetError, Trouble};
pub use offsets::ClockEvidence;
pub use proof::new_key;
pub use reply::Reply;
pub use request::{Body, Method, Part, Request};
pub use uploaded::Uploaded;

use super::guard::{self, Names, Resolver, SystemNames};
use crate::support::clock::Clock;
use crate::support::fault;
use crate::support::proxy;
use crate::support::timing::Timing;
use offsets::Offsets;
use proof::Nonces;
use start::StartBy;

/// Calls in flight to one host at once.
const PER_HOST: usize = 16;
/// A pooled connection that idled longer is not trusted with a request.
const POOL_IDLE: Duration = Duration::from_secs(20);
/// Hosts whose budget is remembered before unused ones are dropped.
const HOSTS: usize = 256;
/// No real-time limit gets shorter than this, however fast the clock runs.
const SHORTEST: Duration = Duration::from_millis(50);

/// Makes every call of every network; cheap to clone, clones share connections.
#[derive(Clone)]
pub struct Http(Arc<Inner>, Option<StartBy>);

struct Inner {
    clock: Clock,
    call_timeout: Duration,
    proxies: Arc<[String]>,
    /// Connects to public addresses only.
    strict: reqwest::Client,
    /// Connects anywhere: for networks whose settings allow private hosts.
    open: reqwest::Client,
    /// The same without the environment's proxy: this machine is not behind it.
    local: reqwest::Client,
    budgets: Mutex<HashMap<String, Arc<Semaphore>>>,
    offsets: Mutex<Offsets>,
    nonces: Mutex<Nonces>,
}

impl Http {
    /// Builds the client. Certificates are trusted when the system or Mozilla's
    /// list (which is built in) trusts them.
    ///
    /// # Errors
    /// When the TLS configuration or the client cannot be built.
    pub fn new(timing: &Timing, clock: Clock) -> Result<Self, HttpError> {
        Self::with_names(timing, clock, Arc::new(SystemNames))
    }

    /// The same with another way to find the addresses of names.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_names(
        timing: &Timing,
        clock: Clock,
        names: Arc<dyn Names>,
    ) -> Result<Self, HttpError> {
        Self::build(timing, clock, names, tls::config()?)
    }

    fn build(
        timing: &Timing,
        clock: Clock,
        names: Arc<dyn Names>,
        tls: rustls::ClientConfig,
    ) -> Result<Self, HttpError> {
        let proxies: Arc<[String]> = proxy::hosts().into();
        let build = |strict: Option<Arc<[String]>>| {
            let names = Arc::clone(&names);
            let resolver = Resolver { names, strict };
            builder(tls.clone(), real(timing.connect_timeout, &clock), resolver)
        };
        let strict = Some(Arc::clone(&proxies));
        let open = || build(None);
        let inner = Arc::new(Inner {
            strict: build(strict).build()?,
            open: open().build()?,
            local: open().no_proxy().build()?,
            call_timeout: real(timing.call_timeout, &clock),
            clock,
            proxies,
            budgets: Mutex::default(),
            offsets: Mutex::default(),
            nonces: Mutex::default(),
        });
        Ok(Self(inner, None))
    }

    /// The same client for one errand whose first changing call must begin to
    /// leave before this instant of [`Clock::boot`], or does not leave at all.
    pub fn starting_by(&self, until: Duration) -> Self {
        Self(Arc::clone(&self.0), Some(StartBy::new(until)))
    }

    /// How far the clocks of the hosts called last are from ours, newest first.
    pub fn clock_evidence(&self) -> Vec<ClockEvidence> {
        self.offsets().list()
    }

    /// Forgets that evidence: it was of a clock that has been set since.
    pub fn forget_clock_evidence(&self) {
        self.offsets().forget();
    }

    /// Makes one call and reads its answer, whatever its status.
    ///
    /// # Errors
    /// When there was no whole answer; [`NetError::sent`] says whether the
    /// request can have taken effect.
    pub async fn send(&self, request: &Request<'_>) -> Result<Reply, NetError> {
        let started = self.0.clock.boot();
        let result = self.follow(request).await;
        let took = self.0.clock.boot().saturating_sub(started);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        // Allow-list: never a path with values in it, a query or a body.
        let (method, host) = (request.method.name(), host_of(&request.url));
        let call = request.name;
        match &result {
            Ok(reply) => {
                tracing::info!(method, host, call, status = reply.status, ms, "call");
            }
            Err(error) => {
                let trouble = error.trouble.name();
                tracing::info!(
                    method,
                    host,
                    call,
                    trouble,
                    status = error.status,
                    ms,
                    "call"
                );
            }
        }
        result
    }

    /// Sends, and follows redirects as far as the request allows; each target is
    /// judged anew and another origin never sees the token.
    async fn follow(&self, request: &Request<'_>) -> Result<Reply, NetError> {
        let mut url = request.url.clone();
        let mut auth = request.auth;
        let mut left = match request.method {
            Method::Get => request.redirects,
            // A 307 would repeat the body to whoever is named.
            Method::Post => 0,
        };
        let limit = self.1.as_ref();
        let limit = limit.filter(|limit| request.method == Method::Post && limit.is_for());
        loop {
            let host = host_of(&url).to_owned();
            guard::check(&url, request.private, &self.0.proxies)
                .map_err(|why| NetError::forbidden(&host, &why))?;
            let slot = self.slot(&host, request).await?;
            let mut reply = self.exchange(request, &url, auth, limit).await?;
            // Nothing was done then: the server wants the proof anew, with the
            // nonce it has just given.
            if request.proof.is_some() && self.nonces().note(&url, &reply) {
                reply = self.exchange(request, &url, auth, limit).await?;
                self.nonces().note(&url, &reply);
            }
            drop(slot);
            self.note_date(&host, &reply);
            let Some(next) = reply.location(&url).filter(|_| left > 0) else {
                return Ok(reply);
            };
            left -= 1;
            if next.origin() != url.origin() {
                auth = None;
            }
            url = next;
        }
    }

    async fn exchange(
        &self,
        request: &Request<'_>,
        url: &Url,
        auth: Option<&crate::support::secret::Secret>,
        start: Option<&StartBy>,
    ) -> Result<Reply, NetError> {
        let host = host_of(url);
        fault::panics_saying("call.panic", || {
            let token = auth.map_or("no token", crate::support::secret::Secret::expose);
            format!("a defect in a call to {url} with {token}")
        });
        let limit = request
            .timeout
            .map_or(self.0.call_timeout, |limit| real(limit, &self.0.clock));
        let builder = self
            .client(url, request.private)
            .request(request.method.into(), url.clone())
            // Holds for the whole call, the last byte of the answer included.
            .timeout(limit);
        let same_origin = url.origin() == request.url.origin();
        // A proof is made for the origin the token belongs to, and no other.
        let proof = match request.proof.filter(|_| same_origin) {
            None => None,
            Some(key) => {
                let nonce = self.nonces().of(url);
                let now = self.0.clock.now();
                let made = proof::header(key, request.method, url, auth, nonce.as_deref(), now);
                Some(made.ok_or_else(|| NetError::unbuildable(host))?)
            }
        };
        let builder = request.fill(builder, auth, proof, same_origin)?;
        let failed = |error| NetError::from_send(host, error);
        let mut built = builder.build().map_err(failed)?;
        if let Some(start) = start {
            if start.is_over(&self.0.clock) {
                return Err(NetError::too_late(host));
            }
            built = start.guard(built, &self.0.clock);
        }
        let client = self.client(url, request.private);
        let response = client.execute(built).await.map_err(failed)?;
        reply::read(host, response, request.cap, self.0.clock.now()).await
    }

    fn client(&self, url: &Url, private: bool) -> &reqwest::Client {
        let here = match url.host() {
            // Source: <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match (private, here) {
            (false, _) => &self.0.strict,
            (true, false) => &self.0.open,
            (true, true) => &self.0.local,
        }
    }

    /// One of the host's places; waiting for it is not sending.
    async fn slot(
        &self,
        host: &str,
        request: &Request<'_>,
    ) -> Result<OwnedSemaphorePermit, NetError> {
        let budget = {
            let mut budgets = self
                .0
                .budgets
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if budgets.len() >= HOSTS {
                budgets.retain(|_, budget| Arc::strong_count(budget) > 1);
            }
            let budget = budgets.entry(host.to_owned());
            Arc::clone(budget.or_insert_with(|| Arc::new(Semaphore::new(PER_HOST))))
        };
        let limit = request
            .wait
            .map_or(self.0.call_timeout, |wait| real(wait, &self.0.clock));
        match tokio::time::timeout(limit, budget.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(NetError::busy(host)),
        }
    }

    fn note_date(&self, host: &str, reply: &Reply) {
        if let Some(theirs) = reply.date() {
            let now = self.0.clock.now();
            self.offsets().note(host, theirs, now);
        }
    }

    fn nonces(&self) -> std::sync::MutexGuard<'_, Nonces> {
        self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offsets(&self) -> std::sync::MutexGuard<'_, Offsets> {
        self.0
            .offsets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn builder(
    tls: rustls::ClientConfig,
    connect_timeout: Duration,
    resolver: impl Resolve + 'static,
) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("allgreen/", env!("CARGO_PKG_VERSION")))
        // Followed by hand, so that each target is judged. The default retries
        // stay: they repeat only what the protocol says was not processed.
        .redirect(Policy::none())
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(POOL_IDLE)
        .dns_resolver(Arc::new(resolver))
}

/// A limit of the program's time as real time: sockets know no scaled clock.
fn real(limit: Duration, clock: &Clock) -> Duration {
    (limit / clock.factor().max(1)).max(SHORTEST.min(limit))
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or("(no host)")
}
