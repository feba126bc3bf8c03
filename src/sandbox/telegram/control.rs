//! What a test or an operator can do to the simulated Telegram.

use std::collections::BTreeMap;

use super::Telegram;
use super::state::{Bot, Chat, ChatKind, Message, Rights};
use crate::sandbox::calls::Call;
use crate::sandbox::faults::{Fault, Faults, Outage, Times};
use crate::sandbox::ledger::{self, Act, LedgerEntry};

/// Why the simulator did not do what it was told. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No bot has this id or name.
    #[error("the sandbox has no bot \"{0}\"; create it first")]
    NoBot(String),
    /// No chat has this id or `@name`.
    #[error("the sandbox has no chat \"{0}\"; create it first")]
    NoChat(String),
    /// Another bot or chat has that name.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// Only basic groups are upgraded.
    #[error("the chat {0} is no basic group")]
    NoGroup(String),
}

type Done<T = ()> = Result<T, ControlError>;

impl Telegram {
    /// Makes a bot; gives its token. Its id is the part before the colon.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn create_bot(&self, username: &str, name: &str) -> Done<String> {
        let mut world = self.world();
        if world.bots.values().any(|bot| bot.username == username) {
            return Err(ControlError::NameTaken(username.to_owned()));
        }
        let id = 1_000_000_000 + i64::try_from(world.entropy.below(8_000_000_000)).unwrap_or(0);
        let secret = secret(&world.entropy.bytes());
        let token = format!("{id}:{secret}");
        let bot = Bot {
            id,
            name: name.to_owned(),
            username: username.to_owned(),
            secret: Some(secret),
            frozen: false,
            logged_out: None,
        };
        world.bots.insert(id, bot);
        Ok(token)
    }

    /// Makes a chat, public with a username (without `@`); gives its id.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn create_chat(&self, kind: ChatKind, title: &str, username: Option<&str>) -> Done<i64> {
        let mut world = self.world();
        if let Some(name) = username
            && world.find(&format!("@{name}")).is_some()
        {
            return Err(ControlError::NameTaken(name.to_owned()));
        }
        let number = 1_000_000_000 + i64::try_from(world.entropy.below(1_000_000_000)).unwrap_or(0);
        // Source: <https://core.telegram.org/api/bots/ids>
        let id = match kind {
            ChatKind::Private => number,
            ChatKind::Group => -number,
            ChatKind::Channel | ChatKind::Supergroup => -1_000_000_000_000 - number,
        };
        let chat = Chat {
            id,
            kind,
            title: title.to_owned(),
            username: username.map(str::to_owned),
            members: BTreeMap::new(),
            people: 12,
            migrated_to: None,
            deleted: false,
            next_message: 0,
            sent: Vec::new(),
        };
        world.chats.insert(id, chat);
        Ok(id)
    }

    /// Gives a bot (id or username) these rights in a chat (id or `@name`),
    /// whatever it was there before.
    ///
    /// # Errors
    /// When bot or chat are not there.
    pub fn set_rights(&self, bot: &str, chat: &str, rights: Rights) -> Done {
        let bot = self.bot_id(bot)?;
        self.with_chat(chat, |chat| {
            chat.members.insert(bot, rights);
        })
    }

    /// Takes the token of a bot away and makes another one, which is given.
    ///
    /// # Errors
    /// When the bot is not there.
    pub fn revoke_token(&self, bot: &str) -> Done<String> {
        let fresh = secret(&self.world().entropy.bytes());
        self.with_bot(bot, |bot| {
            bot.secret = Some(fresh.clone());
            format!("{}:{fresh}", bot.id)
        })
    }

    /// Freezes the account of a bot, or lifts that.
    ///
    /// # Errors
    /// When the bot is not there.
    pub fn freeze(&self, bot: &str, on: bool) -> Done {
        self.with_bot(bot, |bot| bot.frozen = on)
    }

    /// Gives a chat another title and username.
    ///
    /// # Errors
    /// When the chat is not there.
    pub fn rename(&self, chat: &str, title: &str, username: Option<&str>) -> Done {
        self.with_chat(chat, |chat| {
            title.clone_into(&mut chat.title);
            chat.username = username.map(str::to_owned);
        })
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// When the chat is not there.
    pub fn delete_chat(&self, chat: &str) -> Done {
        self.with_chat(chat, |chat| chat.deleted = true)
    }

    /// Upgrades a basic group to a supergroup with the same members; gives the
    /// new id. The old one names it in each refusal.
    ///
    /// # Errors
    /// When the chat is not there or is no basic group.
    pub fn migrate(&self, chat: &str) -> Done<i64> {
        let (kind, title, members) = self.with_chat(chat, |chat| {
            (chat.kind, chat.title.clone(), chat.members.clone())
        })?;
        if kind != ChatKind::Group {
            return Err(ControlError::NoGroup(chat.to_owned()));
        }
        let id = self.create_chat(ChatKind::Supergroup, &title, None)?;
        self.with_chat(&id.to_string(), |new| new.members = members)?;
        self.with_chat(chat, |old| old.migrated_to = Some(id))?;
        Ok(id)
    }

    /// Whether rate limits are kept; they are, unless switched off.
    pub fn rate_limits(&self, on: bool) {
        self.world().limits = on;
    }

    /// Queues a fault for calls of a method (or `*`) of any chat, or of one.
    /// Faults are used up in the order in which they were queued.
    pub fn fault(&self, method: &str, chat: Option<&str>, fault: Fault, times: Times) {
        let chat = chat.map(|one| self.named(one));
        let traffic = &self.0.traffic;
        traffic.faults(|queue| queue.push(method, chat, fault, times));
    }

    /// Queues a fault for the next call of a method, whoever makes it.
    pub fn fault_once(&self, method: &str, fault: Fault) {
        self.fault(method, None, fault, Times::Count(1));
    }

    /// Takes every waiting fault back.
    pub fn clear_faults(&self) {
        self.0.traffic.faults(Faults::clear);
    }

    /// How many faults wait.
    pub fn waiting_faults(&self) -> usize {
        self.0.traffic.faults(|queue| queue.len())
    }

    /// Takes the whole network down, or brings it back.
    pub fn outage(&self, outage: Outage) {
        self.0.traffic.set_outage(outage);
    }

    /// Every call so far, in the order they arrived; without tokens.
    pub fn calls(&self) -> Vec<Call> {
        self.0.traffic.calls()
    }

    /// Empties the log of calls.
    pub fn forget_calls(&self) {
        self.0.traffic.forget_calls();
    }

    /// Every message that was ever created, in the order it was.
    pub fn messages(&self) -> Vec<Message> {
        self.world().messages.clone()
    }

    /// The same as entries of the ledger: the chat as the account, the method as
    /// the collection.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let entries = self.messages().into_iter().map(|message| LedgerEntry {
            network: "telegram".to_owned(),
            act: Act::Created,
            did: message.chat.to_string(),
            collection: message.method.to_owned(),
            rkey: message.id.to_string(),
            cid: message.kind.to_owned(),
            text: message.text,
            at: message.at,
            copies: 0,
        });
        ledger::counted(entries.collect())
    }

    /// The id of a chat as text; what is not there stays as it is named.
    pub(super) fn named(&self, chat: &str) -> String {
        let found = self.world().find(chat).map(|chat| chat.id.to_string());
        found.unwrap_or_else(|| chat.to_owned())
    }

    fn bot_id(&self, named: &str) -> Done<i64> {
        let world = self.world();
        let found = world.bots.values().find(|bot| {
            bot.username == named.trim_start_matches('@') || bot.id.to_string() == named
        });
        found
            .map(|bot| bot.id)
            .ok_or_else(|| ControlError::NoBot(named.to_owned()))
    }

    fn with_bot<T>(&self, named: &str, change: impl FnOnce(&mut Bot) -> T) -> Done<T> {
        let id = self.bot_id(named)?;
        let mut world = self.world();
        let found = world.bots.get_mut(&id).map(change);
        found.ok_or_else(|| ControlError::NoBot(named.to_owned()))
    }

    fn with_chat<T>(&self, named: &str, change: impl FnOnce(&mut Chat) -> T) -> Done<T> {
        let mut world = self.world();
        let id = world.find(named).map(|chat| chat.id);
        let found = id.and_then(|id| world.chats.get_mut(&id)).map(change);
        found.ok_or_else(|| ControlError::NoChat(named.to_owned()))
    }
}

/// The part of a token after the colon: 35 characters.
fn secret(bytes: &[u8; 26]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
