//! Telegram: the Bot API on one port, `/bot<token>/<method>`.
//!
//! Statuses and sentences are those of the open source server
//! (<https://github.com/tdlib/telegram-bot-api>) and of the documentation
//! (<https://core.telegram.org/bots/api>); where neither says, a comment does.

mod control;
mod errors;
mod files;
mod orders;
mod reading;
mod sending;
mod state;

pub use control::ControlError;
pub use state::{ChatKind, Message, Rights};

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use self::errors::{ApiError, refused};
use self::state::World;
use super::server::Site;
use super::traffic::Traffic;
use super::wire::{Answer, Request};
use crate::sandbox::params::Params;
use crate::support::clock::Clock;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// The simulated Telegram; cheap to clone, clones are the same network. What a
/// test tells it to do is in the methods; over HTTP the same is
/// `POST /control/telegram/<method>`.
#[derive(Clone)]
pub struct Telegram(Arc<Inner>);

struct Inner {
    clock: Clock,
    traffic: Traffic,
    world: Mutex<World>,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its tokens are of no account, but logs are no place to get used to
        // seeing such things.
        f.write_str("Telegram")
    }
}

impl Telegram {
    pub(super) fn new(clock: Clock, entropy: Entropy) -> Self {
        Self(Arc::new(Inner {
            clock,
            traffic: Traffic::default(),
            world: Mutex::new(World::new(entropy)),
        }))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Token and method of a path.
fn parts(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("/bot")?.split_once('/')
}

impl Site for Telegram {
    fn is_operator(&self, path: &str) -> bool {
        super::control::is_operator(path)
    }

    fn about(&self, req: &Request) -> (String, Option<String>) {
        // The token stays out of the log.
        let Some((_, method)) = parts(&req.path) else {
            return ("unknown".to_owned(), None);
        };
        let named = Params::of(req).and_then(|params| params.text("chat_id"));
        let chat = named.map(|named| {
            let found = self.world().find(&named).map(|chat| chat.id.to_string());
            found.unwrap_or(named)
        });
        let known = METHODS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(method));
        let name = known.map_or(method, |(name, _)| name);
        (name.to_owned(), chat)
    }

    fn answer(&self, req: &Request) -> Answer {
        if self.is_operator(&req.path) {
            return super::control::answer(self, req);
        }
        match call(&mut self.world(), req) {
            Ok(result) => Answer::json(200, &json!({ "ok": true, "result": result })),
            Err(error) => refused(&error),
        }
    }

    fn rate_limited(&self, _: UtcMs, retry_after: u64) -> Answer {
        refused(&ApiError::too_many(retry_after))
    }

    fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

fn call(world: &mut World, req: &Request) -> Result<Value, ApiError> {
    let (token, method) = parts(&req.path).ok_or_else(ApiError::not_found)?;
    if !matches!(req.method.as_str(), "GET" | "POST") {
        return Err(ApiError::not_found());
    }
    let bot = world.authorised(token, req.now)?;
    // Methods are named in any case.
    let known = METHODS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(method));
    let Some((name, handler)) = known else {
        return Err(ApiError::not_found());
    };
    let params = Params::of(req).ok_or_else(|| ApiError::bad("can't parse the request body"))?;
    // Which methods a frozen account loses is not documented; those that ask
    // the network about chats and those that write to them are taken for lost.
    if world.is_frozen(bot) && !matches!(*name, "getMe" | "getChat") {
        return Err(ApiError::bad("FROZEN_METHOD_INVALID"));
    }
    handler(
        world,
        &Asked {
            bot,
            params,
            now: req.now,
        },
    )
}

/// One call of a bot.
struct Asked {
    bot: i64,
    params: Params,
    now: UtcMs,
}

type Handler = fn(&mut World, &Asked) -> Result<Value, ApiError>;

#[rustfmt::skip]
const METHODS: &[(&str, Handler)] = &[
    ("getMe", |world, asked| reading::me(world, asked)),
    ("getChat", |world, asked| reading::chat(world, asked)),
    ("getChatMember", |world, asked| reading::member(world, asked)),
    ("getChatMemberCount", |world, asked| reading::count(world, asked)),
    ("sendMessage", sending::message),
    ("sendPhoto", |world, asked| sending::file(world, asked, files::Kind::Photo)),
    ("sendVideo", |world, asked| sending::file(world, asked, files::Kind::Video)),
    ("sendDocument", |world, asked| sending::file(world, asked, files::Kind::Document)),
    ("sendMediaGroup", sending::group),
    ("leaveChat", reading::leave),
    ("getUpdates", |_, _| Ok(json!([]))),
    ("logOut", reading::log_out),
];
