//! Publishing: one visible call carries everything. A repeat would make a second
//! post, so nothing is ever repeated that may have been done.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::api::{Api, Failed, Limits};
use super::limits::{self, Kind};
use super::{chats, ours};
use crate::domain::answer::AnswerClass;
use crate::networks::http::{Body, Part};
use crate::networks::{
    Call, MediaItem, Outcome, Publish, Refusal, Remote, Step, StepRecord, refused,
};

/// An armed request waits this long for a place and is then given back unsent.
const ARMED_WAIT: Duration = Duration::from_secs(2);
/// Time for an upload: this, and a second more per so many bytes.
const UPLOAD_TIME: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 50_000;

/// The frozen request: everything but the bytes of the media, which are named by
/// their place in the post and cannot change.
#[derive(Debug, Serialize, Deserialize)]
struct Frozen {
    method: String,
    fields: serde_json::Map<String, Value>,
    /// Fields that are files, each with the medium's place.
    files: Vec<(String, usize)>,
}

/// How the publish goes on: there are no steps before the one call.
pub(super) fn next(publish: &Publish, _steps: &[StepRecord]) -> Step {
    if let Some(frozen) = &publish.rendered {
        let method = serde_json::from_str(frozen).map(|frozen: Frozen| frozen.method);
        return Step::Visible(Call {
            name: method.unwrap_or_default(),
            rendered: frozen.clone(),
            media: None,
        });
    }
    let found = limits::problems(&publish.text, &publish.media, &publish.options);
    if let Some(problem) = found.first() {
        let what = format!("{} {}", problem.what, problem.hint);
        return Step::Refused(ours(AnswerClass::InvalidPost, "sendMessage", what));
    }
    let frozen = render(publish);
    Step::Visible(Call {
        rendered: json!(frozen).to_string(),
        name: frozen.method,
        media: None,
    })
}

/// Plain text without a `parse_mode`: what was written is what is shown.
fn render(publish: &Publish) -> Frozen {
    let mut fields = serde_json::Map::new();
    let mut files = Vec::new();
    fields.insert("chat_id".to_owned(), json!(publish.account));
    let text = publish.text.trim();
    let method = match publish.media.as_slice() {
        [] => {
            fields.insert("text".to_owned(), json!(text));
            "sendMessage"
        }
        [one] => {
            let kind = Kind::of(one);
            files.push((kind.name().to_owned(), 0));
            if !text.is_empty() {
                fields.insert("caption".to_owned(), json!(text));
            }
            match kind {
                Kind::Photo => "sendPhoto",
                Kind::Video => "sendVideo",
                Kind::Document => "sendDocument",
            }
        }
        many => {
            let mut media = Vec::new();
            for (at, item) in many.iter().enumerate() {
                let name = format!("file{at}");
                let mut entry =
                    json!({ "type": Kind::of(item).name(), "media": format!("attach://{name}") });
                // The caption of the first item is shown for the album.
                if at == 0 && !text.is_empty() {
                    entry["caption"] = json!(text);
                }
                media.push(entry);
                files.push((name, at));
            }
            fields.insert("media".to_owned(), Value::Array(media));
            "sendMediaGroup"
        }
    };
    let parent = publish.reply_to.as_ref().map(|reply| reply.parent.as_str());
    if let Some(id) = parent.and_then(|id| id.parse::<i64>().ok()) {
        fields.insert("reply_parameters".to_owned(), json!({ "message_id": id }));
    }
    Frozen {
        method: method.to_owned(),
        fields,
        files,
    }
}

/// Makes the call. A group that became a supergroup is written to once more
/// under its new id: the refusal proves that nothing was sent.
pub(super) async fn run(api: &Api<'_>, publish: &Publish, call: &Call) -> Outcome {
    let Ok(mut frozen) = serde_json::from_str::<Frozen>(&call.rendered) else {
        return Outcome::NotProcessed(ours(
            AnswerClass::AppFault,
            &call.name,
            "The frozen request cannot be read; that is a bug of ours.".to_owned(),
        ));
    };
    let first = match send(api, publish, &frozen).await {
        Ok(remote) => return Outcome::Published(remote),
        Err(NotSent::Failed(failed)) => *failed,
        Err(NotSent::Media(refusal)) => return Outcome::Refused(refusal),
    };
    let Some(to) = first.migrated_to.filter(|_| first.said_no) else {
        return outcome(first);
    };
    frozen
        .fields
        .insert("chat_id".to_owned(), json!(to.to_string()));
    // Messages of the old group have no place in the new one to be answered at.
    frozen.fields.remove("reply_parameters");
    match send(api, publish, &frozen).await {
        Ok(remote) => Outcome::Published(remote),
        Err(NotSent::Media(refusal)) => Outcome::Refused(refusal),
        Err(NotSent::Failed(mut failed)) => {
            failed.refusal = chats::moved(failed.refusal, to);
            outcome(*failed)
        }
    }
}

/// Why there is no post to name.
enum NotSent {
    /// The call did not bring one.
    Failed(Box<Failed>),
    /// A medium cannot be read; nothing was sent.
    Media(Refusal),
}

async fn send(api: &Api<'_>, publish: &Publish, frozen: &Frozen) -> Result<Remote, NotSent> {
    let body = body(publish, frozen)
        .await
        .map_err(|what| NotSent::Media(ours(AnswerClass::InvalidPost, &frozen.method, what)))?;
    let bytes: u64 = publish.media.iter().map(|item| item.bytes).sum();
    let limits = Limits {
        timeout: (!frozen.files.is_empty())
            .then(|| UPLOAD_TIME + Duration::from_secs(bytes / BYTES_PER_SECOND)),
        wait: Some(ARMED_WAIT),
    };
    let failed = |failed| NotSent::Failed(Box::new(failed));
    let message = if frozen.method == "sendMediaGroup" {
        let album: Album = api
            .call(&frozen.method, body, limits)
            .await
            .map_err(failed)?;
        album.0
    } else {
        api.call(&frozen.method, body, limits)
            .await
            .map_err(failed)?
    };
    Ok(remote(&message, publish))
}

async fn body(publish: &Publish, frozen: &Frozen) -> Result<Body, String> {
    if frozen.files.is_empty() {
        return Ok(Body::Json(json!(frozen.fields).to_string()));
    }
    let mut parts = Vec::new();
    for (name, value) in &frozen.fields {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        parts.push(Part {
            name: name.clone(),
            file: None,
            bytes: text.into_bytes(),
        });
    }
    for (name, at) in &frozen.files {
        let item = publish
            .media
            .get(*at)
            .ok_or_else(|| "A medium of the post is missing. Add it again.".to_owned())?;
        let ending = item.mime.rsplit('/').next().unwrap_or("bin");
        parts.push(Part {
            name: name.clone(),
            // People see the name of a document; ours says nothing about us.
            file: Some((format!("{}.{ending}", at + 1), item.mime.clone())),
            bytes: read(item, *at).await?,
        });
    }
    Ok(Body::Multipart(parts))
}

/// The bytes of a medium, exactly those that were scheduled.
async fn read(item: &MediaItem, at: usize) -> Result<Vec<u8>, String> {
    let number = at + 1;
    let bytes = tokio::fs::read(&item.path).await.map_err(|error| {
        format!("The copy of medium {number} cannot be read ({error}). Add it again.")
    })?;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if hash == item.sha256 {
        Ok(bytes)
    } else {
        Err(format!(
            "The copy of medium {number} was changed after it was scheduled. Add it again."
        ))
    }
}

/// What a call without a post means for the post.
fn outcome(failed: Failed) -> Outcome {
    let Failed {
        refusal,
        trouble,
        said_no,
        ..
    } = failed;
    // The Bot API's own refusal comes before anything is done.
    match refusal.class {
        AnswerClass::Transient if said_no => Outcome::NotProcessed(refusal),
        AnswerClass::Unclassified if said_no => Outcome::Refused(refusal),
        _ => refused::visible(trouble, refusal),
    }
}

/// The message that was created.
///
/// Source: <https://core.telegram.org/bots/api#message>
#[derive(Debug, Deserialize)]
struct Message {
    message_id: i64,
    chat: Place,
}

#[derive(Debug, Deserialize)]
struct Place {
    id: i64,
    username: Option<String>,
}

/// The messages of an album, of which the first carries the text.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<Message>")]
struct Album(Message);

impl TryFrom<Vec<Message>> for Album {
    type Error = &'static str;

    fn try_from(messages: Vec<Message>) -> Result<Self, Self::Error> {
        messages.into_iter().next().map(Self).ok_or("no message")
    }
}

/// The post as it is kept. Its id is unlike that of every other post of the
/// channel: a message that is still worked on has the id 0, and the ids of an
/// upgraded group begin anew.
fn remote(message: &Message, publish: &Publish) -> Remote {
    let id = match message.message_id {
        0 => format!("{}/0", publish.key),
        id if message.chat.id.to_string() != publish.account && migrates(&publish.account) => {
            format!("{}/{id}", message.chat.id)
        }
        id => id.to_string(),
    };
    Remote {
        id,
        permalink: permalink(message),
    }
}

/// Whether a chat is a basic group, the only kind that gets another id.
fn migrates(chat: &str) -> bool {
    chat.starts_with('-') && !chat.starts_with("-100")
}

/// No public name is longer.
///
/// Source: <https://core.telegram.org/method/channels.updateUsername>
const LONGEST_NAME: usize = 32;

/// `t.me/<name>/<id>` of public chats, `t.me/c/<id without -100>/<id>` of
/// private ones. Basic groups have no links, nor has a video that is still
/// worked on, whose id is 0 meanwhile.
///
/// Source: <https://core.telegram.org/api/links#message-links>
fn permalink(message: &Message) -> Option<String> {
    let id = Some(message.message_id).filter(|id| *id > 0)?;
    let name = message.chat.username.as_deref().filter(|name| {
        (1..=LONGEST_NAME).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if let Some(name) = name {
        return Some(format!("https://t.me/{name}/{id}"));
    }
    let chat = message.chat.id.to_string();
    let private = chat.strip_prefix("-100").filter(|rest| rest.len() >= 10)?;
    Some(format!("https://t.me/c/{private}/{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(account: &str, chat: i64, message_id: i64) -> String {
        let publish = Publish {
            key: "dlv_1".into(),
            account: account.into(),
            text: String::new(),
            media: Vec::new(),
            options: crate::domain::post_options::PostOptions::default(),
            limits: Default::default(),
            reply_to: None,
            rendered: None,
            now: crate::support::time::UtcMs(0),
        };
        let message = Message {
            message_id,
            chat: Place {
                id: chat,
                username: None,
            },
        };
        remote(&message, &publish).id
    }

    #[test]
    fn no_two_posts_of_a_channel_are_kept_under_one_id() {
        assert_eq!(kept("-1001234567890", -1_001_234_567_890, 7), "7");
        assert_eq!(kept("-1001234567890", -1_001_234_567_890, 0), "dlv_1/0");
        assert_eq!(kept("-4711", -4711, 7), "7");
        assert_eq!(kept("-4711", -1_001_234_567_890, 7), "-1001234567890/7");
    }
}
