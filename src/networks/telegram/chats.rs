//! What the bot is in a chat, and whether it may post there.

use serde::Deserialize;
use serde_json::json;

use super::api::{Api, Failed, MIGRATED};
use crate::domain::answer::AnswerClass;
use crate::domain::channel::Evidence;
use crate::domain::network::ChannelKind;
use crate::networks::evidence::clean;
use crate::networks::{Account, Checked, Refusal};

/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 100;

/// The bot itself.
///
/// Source: <https://core.telegram.org/bots/api#user>
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub id: i64,
    #[serde(default)]
    pub username: String,
}

/// A chat.
///
/// Source: <https://core.telegram.org/bots/api#chatfullinfo>
#[derive(Debug, Deserialize)]
pub(super) struct Chat {
    pub id: i64,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    pub username: Option<String>,
}

/// The bot in a chat. What is absent is not granted, except where `may` says so.
///
/// Source: <https://core.telegram.org/bots/api#chatmember>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Member {
    pub status: String,
    pub can_post_messages: bool,
    pub is_member: bool,
    pub can_send_messages: bool,
    pub can_send_photos: bool,
    pub can_send_videos: bool,
}

impl Chat {
    /// As people and the rest of the program see it.
    pub fn account(&self) -> Account {
        let title = clean(&self.title, LONGEST_NAME);
        let name = self
            .username
            .as_deref()
            .map(|name| clean(name, LONGEST_NAME));
        Account {
            kind: ChannelKind::Telegram,
            remote_id: self.id.to_string(),
            handle: name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| title.clone()),
            display_name: title,
            avatar_url: None,
        }
    }

    pub fn is_channel(&self) -> bool {
        self.kind == "channel"
    }
}

/// Whose token it is; the cheapest call a dead one fails.
pub(super) async fn me(api: &Api<'_>) -> Result<Me, Refusal> {
    let asked: Result<Me, Failed> = api.ask("getMe", &json!({})).await;
    asked.map_err(|failed| failed.refusal)
}

/// A chat by id or `@name`. A group that became a supergroup is asked for once
/// more under its new id.
pub(super) async fn chat(api: &Api<'_>, named: &str) -> Result<Chat, Refusal> {
    let first: Result<Chat, Failed> = api.ask("getChat", &json!({ "chat_id": named })).await;
    let failed = match first {
        Ok(chat) => return Ok(chat),
        Err(failed) => failed,
    };
    let Some(to) = failed.migrated_to else {
        return Err(failed.refusal);
    };
    let again: Result<Chat, Failed> = api.ask("getChat", &json!({ "chat_id": to })).await;
    again.map_err(|failed| moved(failed.refusal, to))
}

/// Notes in a refusal that the chat has a new id.
pub(super) fn moved(mut refusal: Refusal, to: i64) -> Refusal {
    refusal.evidence.network_code = Some(format!("{MIGRATED}{to}"));
    refusal
}

/// What the bot is in a chat.
pub(super) async fn member(api: &Api<'_>, chat: i64, bot: i64) -> Result<Member, Refusal> {
    let body = json!({ "chat_id": chat, "user_id": bot });
    let asked: Result<Member, Failed> = api.ask("getChatMember", &body).await;
    asked.map_err(|failed| failed.refusal)
}

/// Judges one chat of a login.
pub(super) async fn check(api: &Api<'_>, bot: i64, account: &str) -> Checked {
    let blocked = |account: Option<Account>, remote_id: &str, refusal| Checked {
        remote_id: remote_id.to_owned(),
        account,
        blocked: Some(refusal),
    };
    let chat = match chat(api, account).await {
        Ok(chat) => chat,
        Err(refusal) => return blocked(None, account, refusal),
    };
    match member(api, chat.id, bot).await {
        Ok(member) => Checked {
            remote_id: account.to_owned(),
            account: Some(chat.account()),
            blocked: missing(&chat, &member),
        },
        Err(refusal) => blocked(Some(chat.account()), account, refusal),
    }
}

/// Why the bot may not post in a chat; `None` when it may.
pub(super) fn missing(chat: &Chat, member: &Member) -> Option<Refusal> {
    let (class, code, what) = match member.status.as_str() {
        "creator" => return None,
        "administrator" if !chat.is_channel() || member.can_post_messages => return None,
        "administrator" => (
            AnswerClass::MissingScope,
            "can_post_messages",
            "The bot is an administrator of the channel but may not post messages.",
        ),
        "member" if !chat.is_channel() => return None,
        "member" => (
            AnswerClass::MissingScope,
            "not_admin",
            "The bot is no administrator of the channel.",
        ),
        "restricted" if !member.is_member => (
            AnswerClass::LostRole,
            "left",
            "The bot is not in the chat any more.",
        ),
        "restricted" if !member.can_send_messages => (
            AnswerClass::MissingScope,
            "can_send_messages",
            "The bot may not send messages in the group.",
        ),
        "restricted" if !member.can_send_photos => (
            AnswerClass::MissingScope,
            "can_send_photos",
            "The bot may not send photos in the group.",
        ),
        "restricted" if !member.can_send_videos => (
            AnswerClass::MissingScope,
            "can_send_videos",
            "The bot may not send videos in the group.",
        ),
        "restricted" => return None,
        "left" => (
            AnswerClass::LostRole,
            "left",
            "The bot is not in the chat any more.",
        ),
        "kicked" => (
            AnswerClass::LostRole,
            "kicked",
            "The bot was removed from the chat.",
        ),
        _ => (
            AnswerClass::Unclassified,
            "unknown_status",
            "Telegram says of the bot what this program does not know.",
        ),
    };
    Some(Refusal {
        class,
        cause: None,
        evidence: Evidence {
            http_status: Some(200),
            network_code: Some(code.to_owned()),
            message: Some(what.to_owned()),
            seen_by: Some("getChatMember".to_owned()),
        },
        retry_after: None,
        confirmed: false,
    })
}
