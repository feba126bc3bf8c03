//! Acts on one or several channels and posts, for the runner.

use std::time::Duration;

use futures_util::future::join_all;

use super::act::{Done, SetAside};
use super::words;
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::ops::probe::Asked;
use crate::ops::{ErrorKind, Hub, OpError, aside, pause, posts, probe, views};

/// How long a probe is waited for before the line stops speaking of it.
const PROBE_WAIT: Duration = Duration::from_secs(30);

/// How an act went, and the command that does the same.
pub fn done(text: impl Into<String>, command: impl Into<String>) -> Done {
    Done {
        text: text.into(),
        command: Some(command.into()),
        channel: None,
        receipt: Vec::new(),
    }
}

/// `3 channels`, `1 channel`.
fn several(n: usize, one: &str, many: &str) -> String {
    words::count(n as u64, one, many)
}

/// Ids, as a command line takes them.
pub fn ids<T: ToString>(ids: &[T]) -> String {
    let ids: Vec<String> = ids.iter().map(T::to_string).collect();
    ids.join(" ")
}

/// Asks the publisher for proofs and waits for them.
pub async fn probed(hub: &Hub, channels: &[ChannelId]) -> Result<Done, OpError> {
    if let [id] = channels {
        return probed_one(hub, id).await;
    }
    // Asked one after the other, waited for together.
    let mut asked = Vec::with_capacity(channels.len());
    for id in channels {
        asked.push(probe::probe(hub, id).await?);
    }
    let waiting = asked.iter().map(|one| probe::wait(hub, one, PROBE_WAIT));
    let (mut well, mut ill, mut open) = (0, 0, 0);
    for answer in join_all(waiting).await {
        match answer? {
            Asked::Done { ok: true, .. } => well += 1,
            Asked::Done { ok: false, .. } => ill += 1,
            Asked::Running | Asked::Queued => open += 1,
        }
    }
    let mut text = format!("Proved {}", several(well, "channel", "channels"));
    if ill > 0 {
        text.push_str(&format!(" · {ill} cannot publish, their rows say why"));
    }
    if open > 0 {
        text.push_str(&format!(" · the publisher is still at {open}"));
    }
    let command = format!("allgreen channel probe {}", ids(channels));
    Ok(done(text, command))
}

async fn probed_one(hub: &Hub, id: &ChannelId) -> Result<Done, OpError> {
    let view = views::channel(hub, id).await?;
    let name = words::channel(&view.summary.channel);
    let command = format!("allgreen channel probe {}", view.full_name());
    let asked = probe::probe(hub, id).await?;
    match probe::wait(hub, &asked, PROBE_WAIT).await? {
        Asked::Done { ok: true, text } => {
            let text = if text.is_empty() {
                "proved".to_owned()
            } else {
                text
            };
            Ok(done(format!("{name}: {text}"), command))
        }
        Asked::Done { ok: false, text } => Err(OpError::new(
            ErrorKind::Failed,
            "probe_failed",
            format!("{name}: {text}"),
            "Its row says what to do.",
        )),
        Asked::Running | Asked::Queued => Ok(done(
            format!("{name}: the publisher is still at it; the lamp will say."),
            command,
        )),
    }
}

/// Pauses channels, or lets them go on: all or none.
pub async fn paused(hub: &Hub, channels: &[ChannelId], stop: bool) -> Result<Done, OpError> {
    let views = pause::several(hub, channels, stop).await?;
    let word = if stop { "pause" } else { "resume" };
    if let [view] = views.as_slice() {
        let name = words::channel(&view.summary.channel);
        let text = match stop {
            true => format!("Paused {name} · its posts are held"),
            false => format!("Resumed {name} · it publishes again"),
        };
        let command = format!("allgreen channel {word} {}", view.full_name());
        return Ok(done(text, command));
    }
    let all = several(views.len(), "channel", "channels");
    Ok(Done {
        text: match stop {
            true => format!("Paused {all} · their posts are held"),
            false => format!("Resumed {all}"),
        },
        // The command takes one channel.
        command: None,
        channel: None,
        receipt: Vec::new(),
    })
}

/// Cancels posts, in one act that can be taken back.
pub async fn cancelled(hub: &Hub, posts: &[DeliveryId]) -> Result<Done, OpError> {
    let cancelled = posts::cancel(hub, posts).await?.len();
    let more = cancelled.saturating_sub(posts.len());
    let what = match posts.len() {
        1 => "Cancelled it".to_owned(),
        n => format!("Cancelled {n} posts"),
    };
    let follow = match (more, posts.len()) {
        (0, _) => "",
        (_, 1) => " and what follows it in its thread",
        _ => " · what follows them in their threads too",
    };
    let text = format!("{what}{follow} · u takes that back");
    Ok(done(text, format!("allgreen post cancel {}", ids(posts))))
}

/// Sends posts now.
pub async fn sent(hub: &Hub, posts: &[DeliveryId]) -> Result<Done, OpError> {
    posts::send_now(hub, posts).await?;
    let what = match posts.len() {
        1 => "it".to_owned(),
        n => format!("{n} posts"),
    };
    let text = format!("The publisher sends {what} now.");
    Ok(done(text, format!("allgreen post send {}", ids(posts))))
}

/// Tries failed posts again.
pub async fn retried(hub: &Hub, posts: &[DeliveryId]) -> Result<Done, OpError> {
    posts::retry(hub, posts).await?;
    let what = match posts.len() {
        1 => "it".to_owned(),
        n => format!("{n} posts"),
    };
    let text = format!("The publisher tries {what} again.");
    Ok(done(text, format!("allgreen post retry {}", ids(posts))))
}

/// Sets things aside, or takes them up again.
pub async fn set_aside(hub: &Hub, what: SetAside) -> Result<Done, OpError> {
    match what.until {
        Some(until) => {
            aside::set(hub, &what.targets, until, &what.note).await?;
        }
        None => {
            aside::end(hub, &what.targets).await?;
        }
    }
    Ok(done(what.text, what.command))
}
