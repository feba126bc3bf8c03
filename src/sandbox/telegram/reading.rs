//! Who the bot is, where it is, and what it may do there.

use serde_json::{Value, json};

use super::Asked;
use super::errors::ApiError;
use super::state::{Bot, Chat, ChatKind, Rights, World};

/// Source: <https://core.telegram.org/bots/api#getme>
pub(super) fn me(world: &World, asked: &Asked) -> Result<Value, ApiError> {
    let bot = world
        .bots
        .get(&asked.bot)
        .ok_or_else(ApiError::unauthorized)?;
    let mut user = user(bot);
    user["can_join_groups"] = json!(true);
    user["can_read_all_group_messages"] = json!(false);
    user["supports_inline_queries"] = json!(false);
    Ok(user)
}

pub(super) fn user(bot: &Bot) -> Value {
    json!({ "id": bot.id, "is_bot": true, "first_name": bot.name, "username": bot.username })
}

/// The chat, when the bot may read it: whoever is out of a private chat may not.
fn readable<'w>(world: &'w World, asked: &Asked) -> Result<(&'w Chat, Rights), ApiError> {
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
    match rights {
        Rights::Kicked => Err(ApiError::forbidden(&format!(
            "bot was kicked from the {what} chat"
        ))),
        Rights::Left if chat.username.is_none() => Err(ApiError::forbidden(&format!(
            "bot is not a member of the {what} chat"
        ))),
        _ => Ok((chat, rights)),
    }
}

/// Source: <https://core.telegram.org/bots/api#getchat>
pub(super) fn chat(world: &World, asked: &Asked) -> Result<Value, ApiError> {
    let (chat, _) = readable(world, asked)?;
    let mut full = chat.short();
    full["accent_color_id"] = json!(0);
    full["max_reaction_count"] = json!(11);
    Ok(full)
}

/// Source: <https://core.telegram.org/bots/api#getchatmember>
pub(super) fn member(world: &World, asked: &Asked) -> Result<Value, ApiError> {
    let (chat, _) = readable(world, asked)?;
    let id = asked.params.text("user_id").and_then(|id| id.parse().ok());
    let bot = id.and_then(|id: i64| world.bots.get(&id));
    let bot = bot.ok_or_else(|| ApiError::bad("PARTICIPANT_ID_INVALID"))?;
    let rights = chat.members.get(&bot.id).copied().unwrap_or(Rights::Left);
    let mut member = json!({ "user": user(bot) });
    match rights {
        Rights::Administrator { post } => {
            member["status"] = json!("administrator");
            member["can_be_edited"] = json!(false);
            member["is_anonymous"] = json!(false);
            member["can_manage_chat"] = json!(true);
            // Present in channels only, as documented.
            if chat.kind == ChatKind::Channel {
                member["can_post_messages"] = json!(post);
                member["can_edit_messages"] = json!(post);
            }
        }
        Rights::Member => member["status"] = json!("member"),
        Rights::Restricted {
            messages,
            photos,
            videos,
            documents,
        } => {
            member["status"] = json!("restricted");
            member["is_member"] = json!(true);
            member["can_send_messages"] = json!(messages);
            member["can_send_photos"] = json!(photos);
            member["can_send_videos"] = json!(videos);
            member["can_send_documents"] = json!(documents);
            member["until_date"] = json!(0);
        }
        Rights::Left => member["status"] = json!("left"),
        Rights::Kicked => {
            member["status"] = json!("kicked");
            member["until_date"] = json!(0);
        }
    }
    Ok(member)
}

/// Source: <https://core.telegram.org/bots/api#getchatmembercount>
pub(super) fn count(world: &World, asked: &Asked) -> Result<Value, ApiError> {
    let (chat, _) = readable(world, asked)?;
    let inside = |rights: &&Rights| !matches!(rights, Rights::Left | Rights::Kicked);
    let bots = chat.members.values().filter(inside).count();
    Ok(json!(chat.people + bots as u64))
}

/// Source: <https://core.telegram.org/bots/api#leavechat>
pub(super) fn leave(world: &mut World, asked: &Asked) -> Result<Value, ApiError> {
    let id = readable(world, asked)?.0.id;
    if let Some(chat) = world.chats.get_mut(&id) {
        chat.members.insert(asked.bot, Rights::Left);
    }
    Ok(json!(true))
}

/// Source: <https://core.telegram.org/bots/api#logout>
pub(super) fn log_out(world: &mut World, asked: &Asked) -> Result<Value, ApiError> {
    if let Some(bot) = world.bots.get_mut(&asked.bot) {
        bot.logged_out = Some(asked.now);
    }
    Ok(json!(true))
}
