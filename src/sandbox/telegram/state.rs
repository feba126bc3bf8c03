//! What the simulated Telegram knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::ApiError;
use crate::support::entropy::Entropy;
use crate::support::time::UtcMs;

/// Messages a chat takes within a second and a group within a minute. The exact
/// numbers are not published; the simulator takes the advice as the limit.
///
/// Source: <https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this>
const PER_CHAT_MS: i64 = 1000;
const PER_GROUP: usize = 20;
const GROUP_MS: i64 = 60_000;
/// How long `logOut` keeps a bot from the cloud server.
///
/// Source: <https://core.telegram.org/bots/api#logout>
const LOGGED_OUT_MS: i64 = 600_000;

/// Everything behind one lock.
#[derive(Debug)]
pub(super) struct World {
    pub entropy: Entropy,
    pub bots: BTreeMap<i64, Bot>,
    pub chats: BTreeMap<i64, Chat>,
    pub messages: Vec<Message>,
    pub limits: bool,
}

/// One bot.
#[derive(Debug)]
pub(super) struct Bot {
    pub id: i64,
    pub name: String,
    pub username: String,
    /// The part after the colon; `None` once it was revoked.
    pub secret: Option<String>,
    pub frozen: bool,
    pub logged_out: Option<UtcMs>,
}

/// What sort of chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// A channel.
    Channel,
    /// A large group.
    Supergroup,
    /// A basic group.
    Group,
    /// A person.
    Private,
}

impl ChatKind {
    /// Its `type` in answers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Supergroup => "supergroup",
            Self::Group => "group",
            Self::Private => "private",
        }
    }
}

/// One chat.
#[derive(Debug)]
pub(super) struct Chat {
    pub id: i64,
    pub kind: ChatKind,
    pub title: String,
    pub username: Option<String>,
    /// By bot; one that is not here never met the chat.
    pub members: BTreeMap<i64, Rights>,
    pub people: u64,
    pub migrated_to: Option<i64>,
    pub deleted: bool,
    pub next_message: i64,
    pub sent: Vec<UtcMs>,
}

/// What a bot is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// Administrator; in channels only `post` lets it write.
    Administrator {
        /// `can_post_messages`.
        post: bool,
    },
    /// An ordinary member.
    Member,
    /// A member some things were taken from.
    Restricted {
        /// `can_send_messages`.
        messages: bool,
        /// `can_send_photos`.
        photos: bool,
        /// `can_send_videos`.
        videos: bool,
        /// `can_send_documents`.
        documents: bool,
    },
    /// It left.
    Left,
    /// It was thrown out.
    Kicked,
}

/// A message that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The chat.
    pub chat: i64,
    /// Its id there.
    pub id: i64,
    /// The bot that sent it.
    pub bot: i64,
    /// The method it came by.
    pub method: &'static str,
    /// `text`, `photo`, `video` or `document`.
    pub kind: &'static str,
    /// Text or caption; may be empty.
    pub text: String,
    /// Bytes of its file.
    pub bytes: usize,
    /// The album it is part of.
    pub album: Option<String>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// When.
    pub at: UtcMs,
}

impl World {
    pub fn new(entropy: Entropy) -> Self {
        Self {
            entropy,
            bots: BTreeMap::new(),
            chats: BTreeMap::new(),
            messages: Vec::new(),
            limits: true,
        }
    }

    /// The bot of a token.
    pub fn authorised(&self, token: &str, now: UtcMs) -> Result<i64, ApiError> {
        let (id, secret) = token.split_once(':').ok_or_else(ApiError::not_found)?;
        // What is no number before the colon is no token at all.
        let id: i64 = id.parse().map_err(|_| ApiError::invalid_token())?;
        let bot = self.bots.get(&id).ok_or_else(ApiError::unauthorized)?;
        if bot.secret.as_deref() != Some(secret) {
            return Err(ApiError::unauthorized());
        }
        let out = bot.logged_out.filter(|at| now.0 - at.0 < LOGGED_OUT_MS);
        if out.is_some() {
            return Err(ApiError::logged_out());
        }
        Ok(id)
    }

    pub fn is_frozen(&self, bot: i64) -> bool {
        self.bots.get(&bot).is_some_and(|bot| bot.frozen)
    }

    /// A chat by its id or `@name`.
    pub fn find(&self, named: &str) -> Option<&Chat> {
        match named.strip_prefix('@') {
            Some(name) => self.chats.values().find(|chat| {
                let own = chat.username.as_deref();
                own.is_some_and(|own| own.eq_ignore_ascii_case(name))
            }),
            None => self.chats.get(&named.parse().ok()?),
        }
    }

    /// The chat a bot names, with what it is there.
    pub fn chat_of(&self, bot: i64, named: Option<&str>) -> Result<(i64, Rights), ApiError> {
        let named = named.ok_or_else(|| ApiError::bad("chat_id is empty"))?;
        let unknown = || ApiError::bad("chat not found");
        let chat = self.find(named).ok_or_else(unknown)?;
        match chat.members.get(&bot) {
            Some(rights) => Ok((chat.id, *rights)),
            // Whoever is not in a public chat can still see it.
            None if chat.username.is_some() && named.starts_with('@') => {
                Ok((chat.id, Rights::Left))
            }
            None => Err(unknown()),
        }
    }

    /// Refuses a message that comes too soon; `count` messages at once.
    pub fn pace(&mut self, chat: i64, count: usize, now: UtcMs) -> Result<(), ApiError> {
        let limits = self.limits;
        let Some(chat) = self.chats.get_mut(&chat) else {
            return Ok(());
        };
        chat.sent.retain(|at| now.0 - at.0 < GROUP_MS);
        let wait = |until: i64| {
            let ms = u64::try_from(until - now.0).unwrap_or(0);
            ApiError::too_many(ms.div_ceil(1000).max(1))
        };
        if limits {
            if let Some(last) = chat.sent.last().filter(|at| now.0 - at.0 < PER_CHAT_MS) {
                return Err(wait(last.0 + PER_CHAT_MS));
            }
            let group = matches!(chat.kind, ChatKind::Group | ChatKind::Supergroup);
            if group && chat.sent.len() + count > PER_GROUP {
                let first = chat.sent.first().map_or(now.0, |at| at.0);
                return Err(wait(first + GROUP_MS));
            }
        }
        chat.sent.extend(std::iter::repeat_n(now, count));
        Ok(())
    }
}

impl Chat {
    /// As a `Chat` inside of messages.
    pub fn short(&self) -> Value {
        let mut chat = json!({ "id": self.id, "type": self.kind.name(), "title": self.title });
        if let Some(name) = &self.username {
            chat["username"] = json!(name);
        }
        chat
    }

    /// "channel", "supergroup", "group": how sentences name it.
    pub fn what(&self) -> &'static str {
        self.kind.name()
    }
}
