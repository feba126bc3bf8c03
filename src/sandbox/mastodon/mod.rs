//! Mastodon: one instance on one port. Statuses and sentences are those of the
//! documentation (<https://docs.joinmastodon.org/methods/>) and of the server's
//! source (<https://github.com/mastodon/mastodon>).

mod control;
mod instance;
mod length;
mod media;
mod oauth;
mod orders;
mod reads;
mod settings;
mod state;
mod statuses;
mod throttle;

pub use control::ControlError;
pub use settings::{Limits, Settings};
pub use state::Status;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use self::state::World;
use self::throttle::Window;
use super::params::Params;
use super::server::Site;
use super::traffic::Traffic;
use super::wire::{Answer, Request};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The simulated instance; cheap to clone, clones are the same network. What a
/// test tells it to do is in the methods; over HTTP the same is
/// `POST /control/mastodon/<method>`.
#[derive(Clone)]
pub struct Mastodon(Arc<Inner>);

struct Inner {
    clock: Clock,
    traffic: Traffic,
    world: Mutex<World>,
}

impl fmt::Debug for Mastodon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mastodon")
    }
}

impl Mastodon {
    pub(super) fn new(clock: Clock, entropy: Entropy, base: &str) -> Self {
        Self(Arc::new(Inner {
            clock,
            traffic: Traffic::default(),
            world: Mutex::new(World::new(entropy, base)),
        }))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal: status and sentence.
type Refused = (u16, String);
type Done = Result<(u16, Value), Refused>;

fn no(status: u16, what: &str) -> Refused {
    (status, what.to_owned())
}

/// One call of a token.
struct Asked<'r> {
    account: String,
    params: Params,
    req: &'r Request,
    now: UtcMs,
}

impl Site for Mastodon {
    fn is_operator(&self, path: &str) -> bool {
        super::control::is_operator(path)
    }

    fn about(&self, req: &Request) -> (String, Option<String>) {
        let world = self.world();
        let token = bearer(req).and_then(|token| world.tokens.get(token));
        (
            endpoint(req).to_owned(),
            token.and_then(|t| t.account.clone()),
        )
    }

    fn answer(&self, req: &Request) -> Answer {
        if self.is_operator(&req.path) {
            return super::control::answer(self, req);
        }
        let mut world = self.world();
        if !req.path.starts_with("/api/") {
            return oauth::answer(&mut world, req);
        }
        let name = endpoint(req);
        let (done, window) = match world.admit(req) {
            Err((refused, window)) => (Err(refused), Some(window)),
            Ok(()) => {
                let done = call(&mut world, req);
                (done, world.tightest(name, req))
            }
        };
        let mut answer = match done {
            Ok((status, body)) => Answer::json(status, &body),
            Err((status, what)) => {
                let mut answer = Answer::json(status, &json!({ "error": what }));
                answer
                    .headers
                    .extend(challenge(status, &what, needed(name)));
                answer
            }
        };
        if world.settings.rate_headers {
            answer.headers.extend(window.into_iter().flat_map(limits));
        }
        answer
    }

    fn rate_limited(&self, now: UtcMs, retry_after: u64) -> Answer {
        let mut answer = Answer::json(429, &json!({ "error": "Too many requests" }));
        if self.world().settings.rate_headers {
            answer.headers.extend(limits(Window {
                most: 300,
                left: 0,
                reset: now.plus(std::time::Duration::from_secs(retry_after)),
            }));
        }
        answer
    }

    fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

/// There is no `Retry-After`.
///
/// Source: <https://docs.joinmastodon.org/api/rate-limits/>
fn limits(window: Window) -> [(&'static str, String); 3] {
    [
        ("x-ratelimit-limit", window.most.to_string()),
        ("x-ratelimit-remaining", window.left.to_string()),
        (
            "x-ratelimit-reset",
            format!("{:.6}", window.reset.timestamp()),
        ),
    ]
}

/// The sentence for a token that may do less than this.
const OUTSIDE: &str = "This action is outside the authorized scopes";

/// What a refusal of the token itself says beside its body; characters that may
/// not stand there become underscores.
///
/// Source: <https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/oauth/error_response.rb>
fn challenge(status: u16, what: &str, needed: &[&str]) -> Option<(&'static str, String)> {
    let (error, description) = match status {
        401 => ("invalid_token", what.to_owned()),
        403 if what == OUTSIDE => {
            let scopes = needed.join(" ");
            let described = format!("Access to this resource requires scope _{scopes}_.");
            ("insufficient_scope", described)
        }
        _ => return None,
    };
    Some(oauth::challenge(error, &description))
}

fn bearer(req: &Request) -> Option<&str> {
    req.header("authorization")?.strip_prefix("Bearer ")
}

/// The name of an endpoint, without ids.
fn endpoint(req: &Request) -> &'static str {
    let path: Vec<&str> = req.path.trim_start_matches('/').split('/').collect();
    match (req.method.as_str(), path.as_slice()) {
        ("GET", ["api", "v1", "accounts", "verify_credentials"]) => "verify_credentials",
        ("GET", ["api", "v1", "accounts", _, "statuses"]) => "account_statuses",
        ("GET", ["api", "v1", "instance"]) => "instance_v1",
        ("GET", ["api", "v2", "instance"]) => "instance",
        ("POST", ["api", "v1", "apps"]) => "register_app",
        ("POST", ["api", "v2", "media"]) => "upload_media",
        ("GET", ["api", "v1", "media", _]) => "get_media",
        ("POST", ["api", "v1", "statuses"]) => "post_status",
        ("GET", ["api", "v1", "statuses"]) => "get_statuses",
        ("GET", ["api", "v1", "notifications"]) => "notifications",
        ("GET", ["api", "v1", "statuses", _]) => "get_status",
        ("GET", ["api", "v1", "statuses", _, "source"]) => "status_source",
        ("GET", [".well-known", "oauth-authorization-server"]) => "oauth_metadata",
        ("GET", ["oauth", "authorize"]) => "authorize",
        ("POST", ["oauth", "authorize"]) => "consent",
        ("GET", ["oauth", "authorize", "native"]) => "show_code",
        ("GET" | "POST", ["auth", "sign_in"]) => "sign_in",
        ("POST", ["oauth", "token"]) => "token",
        ("POST", ["oauth", "revoke"]) => "revoke",
        _ => "unknown",
    }
}

/// The scopes of which any allows an endpoint.
fn needed(endpoint: &str) -> &'static [&'static str] {
    match endpoint {
        "upload_media" | "get_media" => &["write", "write:media"],
        "post_status" => &["write", "write:statuses"],
        "verify_credentials" => &["profile", "read", "read:accounts"],
        "notifications" => &["read", "read:notifications"],
        _ => &["read", "read:statuses"],
    }
}

fn call(world: &mut World, req: &Request) -> Done {
    let name = endpoint(req);
    match name {
        "instance" => return instance::second(world),
        "instance_v1" => return Ok((200, instance::first(world))),
        "register_app" => return oauth::register(world, req),
        "unknown" => return Err(no(404, "Not Found")),
        _ => {}
    }
    let account = world.authorised(bearer(req), needed(name), req.now)?;
    let params = Params::of(req).ok_or_else(|| no(400, "Bad Request"))?;
    let asked = Asked {
        account,
        params,
        req,
        now: req.now,
    };
    match name {
        "verify_credentials" => world.verified(&asked.account),
        "upload_media" => media::upload(world, &asked),
        "get_media" => media::get(world, &asked),
        "post_status" => statuses::post(world, &asked),
        "account_statuses" => statuses::list(world, &asked),
        "get_status" => statuses::get(world, &asked),
        "get_statuses" => reads::bulk(world, &asked),
        "notifications" => reads::notifications(world, &asked),
        _ => statuses::source(world, &asked),
    }
}
