//! Statuses, and what keeps one from being made twice.

use std::time::Duration;

use serde_json::json;

use super::length;
use super::state::{Status, World};
use super::{Asked, Done, Refused, no};

/// How long a key is remembered.
const KEY: Duration = Duration::from_secs(3600);

/// Source: <https://docs.joinmastodon.org/methods/statuses/#create>
pub(super) fn post(world: &mut World, asked: &Asked<'_>) -> Done {
    let key = asked.req.header("idempotency-key");
    let key = key.map(|key| (asked.account.clone(), key.to_owned()));
    let key = key.filter(|_| !world.ignore_keys);
    // The lock comes before the look at what is known.
    if key.is_some() && world.settings.keys_locked {
        return Err(no(
            503,
            "There was a temporary problem serving your request, please try again",
        ));
    }
    let known = key.as_ref().and_then(|key| world.keys.get(key)).cloned();
    if let Some((id, at)) = known
        && asked.now.since(at) < KEY
    {
        if world.settings.repeats_fail {
            return Err(no(500, "Something went wrong on our end"));
        }
        let first = world.statuses.iter().find(|status| status.id == id);
        let first = first.ok_or_else(|| no(404, "Record not found"))?;
        return Ok((200, world.json_of(first)));
    }
    let text = |name: &str| asked.params.text(name).unwrap_or_default();
    let listed: Vec<String> = asked
        .params
        .json("media_ids")
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_else(|| asked.params.all("media_ids[]"));
    let (mut words, mut warning) = (text("status"), text("spoiler_text"));
    // A warning without a text is the text.
    if words.trim().is_empty() && !warning.is_empty() {
        words = std::mem::take(&mut warning);
    }
    attachable(world, asked, &listed)?;
    if words.trim().is_empty() && listed.is_empty() {
        return Err(no(422, "Validation failed: Text can't be blank"));
    }
    let most = world.settings.limits.max_characters;
    if length::counted(&world.settings, &warning, &words) > most {
        return Err(no(
            422,
            &format!("Validation failed: Text character limit of {most} exceeded"),
        ));
    }
    let visibility = Some(text("visibility")).filter(|one| !one.is_empty());
    let mut visibility = visibility.unwrap_or_else(|| "public".to_owned());
    if !["public", "unlisted", "private", "direct"].contains(&visibility.as_str()) {
        return Err(no(
            422,
            "Validation failed: Visibility is not included in the list",
        ));
    }
    let in_reply_to = asked.params.text("in_reply_to_id");
    if let Some(parent) = &in_reply_to
        && !world.statuses.iter().any(|status| &status.id == parent)
    {
        return Err(no(
            404,
            "The post you are trying to reply to does not appear to exist.",
        ));
    }
    let account = world.accounts.get(&asked.account);
    let (limited, antispam) = account.map_or((false, false), |a| (a.limited, a.antispam));
    // Without a word.
    // Source: <https://github.com/mastodon/mastodon/blob/main/app/services/post_status_service.rb>
    if limited && visibility == "public" {
        visibility = "unlisted".to_owned();
    }
    if !antispam {
        world.admit_status(&asked.account, asked.now)?;
    }
    let status = Status {
        id: world.id(),
        account: asked.account.clone(),
        text: words,
        spoiler_text: warning,
        visibility,
        language: asked.params.text("language"),
        media: listed,
        in_reply_to,
        at: asked.now,
    };
    let body = world.json_of(&status);
    // Looks like any other; it is not kept, and its key is not remembered.
    // Source: <https://github.com/mastodon/mastodon/blob/main/app/lib/antispam.rb>
    if antispam {
        return Ok((200, body));
    }
    for id in &status.media {
        if let Some(media) = world.media.get_mut(id) {
            media.attached = true;
        }
    }
    if let Some(key) = key {
        world.keys.insert(key, (status.id.clone(), asked.now));
    }
    world.statuses.push(status);
    Ok((200, body))
}

fn attachable(world: &World, asked: &Asked<'_>, listed: &[String]) -> Result<(), Refused> {
    let most = world.settings.limits.max_media_attachments;
    if listed.len() > most {
        return Err(no(422, &format!("Cannot attach more than {most} files")));
    }
    let own = |id: &&String| {
        let media = world.media.get(*id);
        media.is_some_and(|one| one.account == asked.account && !one.attached)
    };
    let missing: Vec<&str> = listed
        .iter()
        .filter(|id| !own(id))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Err(no(
            422,
            &format!(
                "Media {} not found or already attached to another post",
                missing.join(", ")
            ),
        ));
    }
    let video = |id: &String| world.media.get(id).is_some_and(|media| media.video);
    if listed.len() > 1 && listed.iter().any(video) {
        return Err(no(
            422,
            "Cannot attach a video to a post that already contains images",
        ));
    }
    let ready = |id: &String| world.media.get(id).is_some_and(|m| m.ready_at <= asked.now);
    if !listed.iter().all(ready) {
        return Err(no(
            422,
            "Cannot attach files that have not finished processing. Try again in a moment!",
        ));
    }
    Ok(())
}

fn named<'w>(world: &'w World, asked: &Asked<'_>) -> Result<&'w Status, Refused> {
    let path = asked.req.path.trim_end_matches("/source");
    let id = path.rsplit('/').next().unwrap_or_default();
    let found = world.statuses.iter().find(|status| status.id == id);
    found
        .filter(|status| {
            status.account == asked.account || matches!(&*status.visibility, "public" | "unlisted")
        })
        .ok_or_else(|| no(404, "Record not found"))
}

/// Source: <https://docs.joinmastodon.org/methods/statuses/#get>
pub(super) fn get(world: &World, asked: &Asked<'_>) -> Done {
    Ok((200, world.json_of(named(world, asked)?)))
}

/// Source: <https://docs.joinmastodon.org/methods/statuses/#source>
pub(super) fn source(world: &World, asked: &Asked<'_>) -> Done {
    let status = named(world, asked)?;
    if status.account != asked.account {
        return Err(no(403, "This action is not allowed"));
    }
    let body = json!({ "id": status.id, "text": status.text, "spoiler_text": status.spoiler_text });
    Ok((200, body))
}

/// Source: <https://docs.joinmastodon.org/methods/accounts/#statuses>
pub(super) fn list(world: &World, asked: &Asked<'_>) -> Done {
    let id = asked
        .req
        .path
        .trim_end_matches("/statuses")
        .rsplit('/')
        .next();
    let id = id.unwrap_or_default();
    if !world.accounts.contains_key(id) {
        return Err(no(404, "Record not found"));
    }
    let number = |name: &str| asked.req.query(name).and_then(|n| n.parse::<u64>().ok());
    let limit = usize::try_from(number("limit").unwrap_or(20))
        .unwrap_or(20)
        .min(world.page);
    let before = number("max_id").unwrap_or(u64::MAX);
    let since = number("since_id").unwrap_or(0);
    let mine = id == asked.account;
    let no_replies = asked.req.query("exclude_replies") == Some("true");
    // Answers to oneself are a thread, not replies.
    let own = |of: &String| {
        let parent = world.statuses.iter().find(|one| one.id == *of);
        parent.is_some_and(|parent| parent.account == id)
    };
    let listed: Vec<_> = world
        .statuses
        .iter()
        .rev()
        .filter(|status| {
            let number = status.id.parse().unwrap_or(0);
            status.account == id && number > since && number < before
        })
        .filter(|status| mine || matches!(&*status.visibility, "public" | "unlisted"))
        .filter(|status| !no_replies || status.in_reply_to.as_ref().is_none_or(own))
        .take(limit)
        .map(|status| world.json_of(status))
        .collect();
    Ok((200, json!(listed)))
}
