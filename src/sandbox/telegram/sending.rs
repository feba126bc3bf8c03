//! Messages. Nothing about them is idempotent: a repeat is another message.

use serde_json::{Value, json};

use super::Asked;
use super::errors::ApiError;
use super::files::{self, Kind};
use super::reading::user;
use super::state::{ChatKind, Message, Rights, World};

/// UTF-16 units of a text and of a caption.
///
/// Source: <https://core.telegram.org/bots/api#sendmessage>
const TEXT: usize = 4096;
const CAPTION: usize = 1024;

/// One message about to be created.
struct New {
    kind: &'static str,
    text: String,
    bytes: usize,
}

/// Source: <https://core.telegram.org/bots/api#sendmessage>
pub(super) fn message(world: &mut World, asked: &Asked) -> Result<Value, ApiError> {
    let chat = writable(world, asked, "text")?;
    let text = asked.params.text("text").unwrap_or_default();
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    if units(&text) > TEXT {
        return Err(ApiError::bad("message is too long"));
    }
    entities(asked, &text)?;
    let new = New {
        kind: "text",
        text,
        bytes: 0,
    };
    let sent = create(world, asked, chat, "sendMessage", vec![new])?;
    Ok(sent.into_iter().next().unwrap_or_default())
}

/// Source: <https://core.telegram.org/bots/api#sendphoto>
pub(super) fn file(world: &mut World, asked: &Asked, kind: Kind) -> Result<Value, ApiError> {
    let chat = writable(world, asked, kind.name())?;
    // The file may be attached under another name: `attach://name`.
    let named = asked.params.text(kind.name());
    let named = named.filter(|text| text.starts_with("attach://"));
    let bytes = files::check(&asked.params, named.as_deref().unwrap_or(kind.name()), kind)?;
    let caption = asked.params.text("caption").unwrap_or_default();
    let new = New {
        kind: kind.name(),
        text: captioned(asked, &caption)?,
        bytes,
    };
    let method = match kind {
        Kind::Photo => "sendPhoto",
        Kind::Video => "sendVideo",
        Kind::Document => "sendDocument",
    };
    let sent = create(world, asked, chat, method, vec![new])?;
    Ok(sent.into_iter().next().unwrap_or_default())
}

/// Source: <https://core.telegram.org/bots/api#sendmediagroup>
pub(super) fn group(world: &mut World, asked: &Asked) -> Result<Value, ApiError> {
    let media = asked.params.json("media");
    let items = media.as_ref().and_then(Value::as_array);
    let items = items.ok_or_else(|| ApiError::bad("can't parse media JSON object"))?;
    if !(2..=10).contains(&items.len()) {
        // The sentence is the documentation's rule, not a recorded answer.
        return Err(ApiError::bad("a media group must have 2-10 items"));
    }
    let kind = |item: &Value| item["type"].as_str().and_then(Kind::parse);
    let documents = items
        .iter()
        .filter(|item| kind(item) == Some(Kind::Document));
    let documents = documents.count();
    if documents != 0 && documents != items.len() {
        return Err(ApiError::bad(
            "document can't be mixed with other media types",
        ));
    }
    let mut new = Vec::new();
    let mut chat = 0;
    for item in items {
        let kind = kind(item).ok_or_else(|| ApiError::bad("can't parse InputMedia"))?;
        chat = writable(world, asked, kind.name())?;
        let named = item["media"].as_str().unwrap_or_default();
        let caption = item["caption"].as_str().unwrap_or_default();
        new.push(New {
            kind: kind.name(),
            bytes: files::check(&asked.params, named, kind)?,
            text: captioned(asked, caption)?,
        });
    }
    let sent = create(world, asked, chat, "sendMediaGroup", new)?;
    Ok(Value::Array(sent))
}

/// Lengths are counted in UTF-16 units, as those of entities are; that the
/// limits themselves are is not documented.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn captioned(asked: &Asked, caption: &str) -> Result<String, ApiError> {
    let caption = caption.trim();
    if units(caption) > CAPTION {
        return Err(ApiError::bad("message caption is too long"));
    }
    entities(asked, caption)?;
    Ok(caption.to_owned())
}

/// Markup is not understood here, so only its simplest mistake is found.
fn entities(asked: &Asked, text: &str) -> Result<(), ApiError> {
    let html = asked
        .params
        .text("parse_mode")
        .is_some_and(|mode| mode == "HTML");
    if html && text.matches('<').count() != text.matches('>').count() {
        return Err(ApiError::bad("can't parse entities: unclosed start tag"));
    }
    Ok(())
}

/// The chat, when the bot may send such a thing there.
fn writable(world: &World, asked: &Asked, kind: &str) -> Result<i64, ApiError> {
    let named = asked.params.text("chat_id");
    let (id, rights) = world.chat_of(asked.bot, named.as_deref())?;
    let chat = world
        .chats
        .get(&id)
        .ok_or_else(|| ApiError::bad("chat not found"))?;
    if let Some(to) = chat.migrated_to {
        return Err(ApiError::upgraded(to));
    }
    if chat.deleted {
        return Err(ApiError::forbidden("the group chat was deleted"));
    }
    let what = chat.what();
    let may = |yes: bool, things: &str| {
        if yes {
            Ok(id)
        } else {
            let what = format!("not enough rights to send {things} to the chat");
            Err(ApiError::bad(&what))
        }
    };
    match rights {
        Rights::Kicked => Err(ApiError::forbidden(&format!(
            "bot was kicked from the {what} chat"
        ))),
        Rights::Left => Err(ApiError::forbidden(&format!(
            "bot is not a member of the {what} chat"
        ))),
        Rights::Administrator { post } if chat.kind == ChatKind::Channel && !post => Err(
            ApiError::bad("need administrator rights in the channel chat"),
        ),
        Rights::Administrator { .. } => Ok(id),
        _ if chat.kind == ChatKind::Channel => Err(ApiError::bad(
            "need administrator rights in the channel chat",
        )),
        Rights::Member => Ok(id),
        Rights::Restricted {
            messages,
            photos,
            videos,
            documents,
        } => match kind {
            "photo" => may(photos, "photos"),
            "video" => may(videos, "videos"),
            "document" => may(documents, "documents"),
            _ => may(messages, "text messages"),
        },
    }
}

fn create(
    world: &mut World,
    asked: &Asked,
    chat_id: i64,
    method: &'static str,
    new: Vec<New>,
) -> Result<Vec<Value>, ApiError> {
    let reply_to = match asked.params.json("reply_parameters") {
        None => None,
        Some(reply) => {
            let id = reply["message_id"].as_i64();
            let there = |message: &Message| message.chat == chat_id && Some(message.id) == id;
            let lonely = reply["allow_sending_without_reply"].as_bool() == Some(true);
            match world.messages.iter().any(there) {
                true => id,
                false if lonely => None,
                false => return Err(ApiError::bad("message to be replied not found")),
            }
        }
    };
    world.pace(chat_id, new.len(), asked.now)?;
    let album: [u8; 6] = world.entropy.bytes();
    let album = album
        .iter()
        .map(|byte| format!("{byte:03}"))
        .collect::<String>();
    let album = (method == "sendMediaGroup").then_some(album);
    let mut answers = Vec::new();
    for one in new {
        let Some(chat) = world.chats.get_mut(&chat_id) else {
            continue;
        };
        chat.next_message += 1;
        let message = Message {
            chat: chat_id,
            id: chat.next_message,
            bot: asked.bot,
            method,
            kind: one.kind,
            text: one.text,
            bytes: one.bytes,
            album: album.clone(),
            reply_to,
            at: asked.now,
        };
        answers.push(json_of(world, &message));
        world.messages.push(message);
    }
    Ok(answers)
}

/// Source: <https://core.telegram.org/bots/api#message>
fn json_of(world: &World, message: &Message) -> Value {
    let chat = world.chats.get(&message.chat);
    let short = chat.map_or(Value::Null, super::state::Chat::short);
    let mut value = json!({
        "message_id": message.id, "date": message.at.0 / 1000, "chat": short,
    });
    if chat.is_some_and(|chat| chat.kind == ChatKind::Channel) {
        value["sender_chat"] = short;
    } else if let Some(bot) = world.bots.get(&message.bot) {
        value["from"] = user(bot);
    }
    let text = if message.kind == "text" {
        "text"
    } else {
        "caption"
    };
    if !message.text.is_empty() {
        value[text] = json!(message.text);
    }
    let file = json!({ "file_id": format!("file{}", message.id), "file_size": message.bytes });
    match message.kind {
        "text" => {}
        "photo" => value["photo"] = json!([file]),
        kind => value[kind] = file,
    }
    if let Some(album) = &message.album {
        value["media_group_id"] = json!(album);
    }
    if let Some(id) = message.reply_to {
        value["reply_to_message"] = json!({ "message_id": id });
    }
    value
}
