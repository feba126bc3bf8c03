//! Bluesky: a PDS on one port, with the video service under `/video`, and the
//! PLC directory on the next.
//!
//! Every status, body and header is what the reference PDS (`@atproto/pds`
//! 0.5.35) was observed to answer; where something was read in its source or
//! guessed from a pattern only, a comment says so.

mod blobs;
mod cid;
mod control;
mod directory;
mod errors;
mod input;
mod lexicon;
mod limits;
mod oauth;
mod orders;
mod passwords;
mod reading;
mod reads;
mod records;
mod sessions;
mod state;
mod tid;
mod tokens;
mod video;

pub use control::ControlError;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::input::token;
use self::state::World;
use super::server::Site;
use super::traffic::Traffic;
use super::wire::{Answer, Request};
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The simulated Bluesky; cheap to clone, clones are the same network. What a
/// test tells it to do is in the methods; over HTTP the same is
/// `POST /control/bluesky/<method>`.
#[derive(Clone)]
pub struct Bluesky(Arc<Inner>);

struct Inner {
    clock: Clock,
    traffic: Traffic,
    world: Mutex<World>,
}

impl fmt::Debug for Bluesky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its passwords and tokens are of no account, but logs are no place
        // to get used to seeing such things.
        f.write_str("Bluesky")
    }
}

impl Bluesky {
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

/// The port of the PDS, and the way in for the operator.
pub(super) struct Pds(pub Bluesky);

/// The port of the PLC directory.
pub(super) struct Directory(pub Bluesky);

/// The name of `GET /<did>` of the directory in the log and for faults.
pub const PLC: &str = "plc";

/// The name of `/.well-known/atproto-did` in the log and for faults.
pub const WELL_KNOWN: &str = "atproto-did";

/// The one method that names its account in the body only.
const LOGIN: &str = "com.atproto.server.createSession";

impl Site for Pds {
    fn is_operator(&self, path: &str) -> bool {
        super::control::is_operator(path)
    }

    fn about(&self, req: &Request) -> (String, Option<String>) {
        let endpoint = match req.path.as_str() {
            "/.well-known/atproto-did" => WELL_KNOWN,
            path => path
                .strip_prefix("/xrpc/")
                .or_else(|| path.strip_prefix(video::PATH))
                .or_else(|| path.strip_prefix("/oauth/"))
                .or_else(|| path.strip_prefix("/.well-known/"))
                .unwrap_or(path),
        };
        let world = self.0.world();
        let token = token(req).and_then(tokens::named);
        let account = token.or_else(|| {
            let named = ["repo", "did", "actor", "handle"];
            let who = named.iter().find_map(|key| req.query(key));
            let who = match (who, endpoint) {
                (Some(who), _) => who.to_owned(),
                (None, LOGIN) => req.json()?["identifier"].as_str()?.to_owned(),
                (None, _) => return None,
            };
            let found = world.login(&who).map(|one| one.did.clone());
            found.or_else(|| who.starts_with("did:").then_some(who))
        });
        (endpoint.to_owned(), account)
    }

    fn answer(&self, req: &Request) -> Answer {
        if self.is_operator(&req.path) {
            return super::control::answer(&self.0, req);
        }
        let mut world = self.0.world();
        world.limits.begin();
        let mut answer = pds(&mut world, req).unwrap_or_else(|refused| refused);
        if answer.status != 429 {
            answer.headers.extend(world.limits.headers());
        }
        if world.oauth.admitted.take().is_some() {
            answer.headers.push(oauth::nonce_header(&world, req.now));
        }
        answer
    }

    fn rate_limited(&self, now: UtcMs, retry_after: u64) -> Answer {
        limits::refused_for(retry_after, now)
    }

    fn traffic(&self) -> &Traffic {
        &self.0.0.traffic
    }

    fn clock(&self) -> &Clock {
        &self.0.0.clock
    }
}

impl Site for Directory {
    fn is_operator(&self, _: &str) -> bool {
        false
    }

    fn about(&self, req: &Request) -> (String, Option<String>) {
        let did = req.path.trim_start_matches('/');
        (PLC.to_owned(), Some(did.to_owned()))
    }

    fn answer(&self, req: &Request) -> Answer {
        directory::lookup(&self.0.world(), req.path.trim_start_matches('/'))
    }

    fn rate_limited(&self, now: UtcMs, retry_after: u64) -> Answer {
        limits::refused_for(retry_after, now)
    }

    fn traffic(&self) -> &Traffic {
        &self.0.0.traffic
    }

    fn clock(&self) -> &Clock {
        &self.0.0.clock
    }
}

/// One method of the PDS.
fn pds(world: &mut World, req: &Request) -> Result<Answer, Answer> {
    if let Some(method) = req.path.strip_prefix(video::PATH) {
        return video::answer(world, req, method);
    }
    let Some(method) = req.path.strip_prefix("/xrpc/") else {
        return Ok(match req.path.as_str() {
            "/.well-known/atproto-did" => directory::well_known(world, req),
            _ => oauth::answer(world, req).unwrap_or_else(|| Answer::text(404, "Not Found")),
        });
    };
    if method == "_health" {
        return Ok(directory::health());
    }
    // One address: everything comes from loopback.
    world
        .limits
        .spend(&[limits::EVERYTHING], "127.0.0.1", 1, req.now)?;
    oauth::admit(world, req);
    let found = METHODS.iter().find(|(_, name, _)| *name == method);
    if let Some((verb, _, handler)) = found {
        if req.method != *verb {
            // Source: the XRPC server's catch-all; not observed.
            return Err(errors::invalid(format!(
                "Incorrect HTTP method ({}) expected {verb}",
                req.method
            )));
        }
        return handler(world, req);
    }
    // Handed on to an AppView, for which a session is needed first (source:
    // the reference server's pipethrough).
    sessions::caller(world, req)?.may(oauth::Right::app_view(method))?;
    match method {
        "app.bsky.actor.getProfile" if world.app_view => directory::profile(world, req),
        "app.bsky.feed.getAuthorFeed" if world.app_view => reads::author_feed(world, req),
        "app.bsky.feed.getPosts" if world.app_view => reads::posts(world, req),
        "app.bsky.notification.listNotifications" if world.app_view => {
            reads::notifications(world, req)
        }
        _ => Err(errors::upstream()),
    }
}

type Handler = fn(&mut World, &Request) -> Result<Answer, Answer>;

/// The methods that this server has itself.
#[rustfmt::skip]
const METHODS: &[(&str, &str, Handler)] = &[
    ("POST", LOGIN, sessions::create),
    ("POST", "com.atproto.server.refreshSession", sessions::refresh),
    ("GET", "com.atproto.server.getSession", |world, req| sessions::get(world, req)),
    ("POST", "com.atproto.server.deleteSession", sessions::delete),
    ("GET", "com.atproto.server.describeServer", |world, _| Ok(directory::describe_server(world))),
    ("GET", "com.atproto.server.getServiceAuth", |world, req| video::vouch(world, req)),
    ("POST", "com.atproto.server.createAppPassword", passwords::create),
    ("GET", "com.atproto.server.listAppPasswords", |world, req| passwords::list(world, req)),
    ("POST", "com.atproto.server.revokeAppPassword", passwords::revoke),
    ("GET", "com.atproto.identity.resolveHandle", |world, req| directory::resolve_handle(world, req)),
    ("GET", "com.atproto.sync.getRepoStatus", |world, req| directory::repo_status(world, req)),
    ("GET", "com.atproto.repo.describeRepo", |world, req| directory::describe_repo(world, req)),
    ("POST", "com.atproto.repo.createRecord", records::create),
    ("POST", "com.atproto.repo.putRecord", records::put),
    ("POST", "com.atproto.repo.deleteRecord", records::delete),
    ("GET", "com.atproto.repo.getRecord", |world, req| reading::get(world, req)),
    ("GET", "com.atproto.repo.listRecords", |world, req| reading::list(world, req)),
    ("POST", "com.atproto.repo.uploadBlob", blobs::upload),
];
