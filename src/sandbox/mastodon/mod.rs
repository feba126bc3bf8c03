//! Mastodon: one instance on one port. Statuses and sentences are those of the
//! documentation (<https://docs.joinmastodon.org/methods/>) and of the server's
//! source (<https://github.com/mastodon/mastodon>).

mod control;
mod media;
mod orders;
mod reads;
mod state;
mod statuses;

pub use control::ControlError;
pub use state::Status;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use self::state::World;
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
        (endpoint(req).to_owned(), token.map(|t| t.account.clone()))
    }

    fn answer(&self, req: &Request) -> Answer {
        if self.is_operator(&req.path) {
            return super::control::answer(self, req);
        }
        let mut world = self.world();
        let done = call(&mut world, req);
        let mut answer = match done {
            Ok((status, body)) => Answer::json(status, &body),
            Err((status, what)) => Answer::json(status, &json!({ "error": what })),
        };
        if let Some(token) = bearer(req).and_then(|token| world.tokens.get(token)) {
            let kind = kind_of(endpoint(req));
            let (most, left, reset) = world.window(&token.account, kind, req.now);
            answer.headers.extend(limits(most, left, reset));
        }
        answer
    }

    fn rate_limited(&self, now: UtcMs, retry_after: u64) -> Answer {
        let reset = now.plus(std::time::Duration::from_secs(retry_after));
        let mut answer = Answer::json(429, &json!({ "error": "Too many requests" }));
        answer.headers.extend(limits(300, 0, reset));
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
fn limits(most: usize, left: usize, reset: UtcMs) -> [(&'static str, String); 3] {
    [
        ("x-ratelimit-limit", most.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ]
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
        ("GET", ["api", "v2", "instance"]) => "instance",
        ("POST", ["api", "v2", "media"]) => "upload_media",
        ("GET", ["api", "v1", "media", _]) => "get_media",
        ("POST", ["api", "v1", "statuses"]) => "post_status",
        ("GET", ["api", "v1", "statuses"]) => "get_statuses",
        ("GET", ["api", "v1", "notifications"]) => "notifications",
        ("GET", ["api", "v1", "statuses", _]) => "get_status",
        ("GET", ["api", "v1", "statuses", _, "source"]) => "status_source",
        ("POST", ["oauth", "revoke"]) => "revoke",
        _ => "unknown",
    }
}

/// Which of the limits a call counts against besides that of all calls.
fn kind_of(endpoint: &str) -> &'static str {
    match endpoint {
        "post_status" | "upload_media" => {
            if endpoint == "post_status" {
                "statuses"
            } else {
                "media"
            }
        }
        _ => "all",
    }
}

fn call(world: &mut World, req: &Request) -> Done {
    let name = endpoint(req);
    match name {
        "instance" => return Ok((200, instance(world))),
        // A pasted token belongs to an app nobody here knows the secret of.
        // Source: <https://docs.joinmastodon.org/methods/oauth/#revoke>
        "revoke" => return Err(no(403, "unauthorized_client")),
        "unknown" => return Err(no(404, "Not Found")),
        _ => {}
    }
    let token = bearer(req).ok_or_else(|| no(401, "The access token is invalid"))?;
    let (account, scopes) = world.authorised(token)?;
    let needed = match name {
        "upload_media" | "get_media" => "write:media",
        "post_status" => "write:statuses",
        "verify_credentials" => "read:accounts",
        "notifications" => "read:notifications",
        _ => "read:statuses",
    };
    let whole = needed.split(':').next().unwrap_or_default();
    let profile = name == "verify_credentials" && scopes.iter().any(|s| s == "profile");
    if !profile && !scopes.iter().any(|s| s == needed || s == whole) {
        return Err(no(403, "This action is outside the authorized scopes"));
    }
    world.count(&account, "all", req.now)?;
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

/// Source: <https://docs.joinmastodon.org/entities/Instance/>
fn instance(world: &World) -> Value {
    json!({
        "domain": world.base.trim_start_matches("http://"), "title": "Sandbox", "version": "4.5.0",
        "configuration": {
            "urls": { "status": null },
            "statuses": {
                "max_characters": 500, "max_media_attachments": 4,
                "characters_reserved_per_url": 23,
            },
            "media_attachments": {
                "supported_mime_types": media::TYPES, "description_limit": 1500,
                "image_size_limit": 16_777_216, "video_size_limit": 103_809_024,
            },
        },
    })
}
