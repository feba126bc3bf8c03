//! Text and media of a post: taken in, checked against each network.

use std::path::{Path, PathBuf};

use super::super::{Hub, OpError};
use crate::domain::channel::Channel;
use crate::domain::ids::MediaId;
use crate::domain::post_options::PostOptions;
use crate::networks::registry::Registry;
use crate::networks::{MediaItem, Problem};
use crate::store::Reads;
use crate::store::posts::Medium;
use crate::support::media::{MediaError, MediaRules, take};

/// Copies files into the spool, so that later edits of them cannot change an
/// approved post. On an error nothing new is left behind.
pub(super) async fn take_in(
    hub: &Hub,
    files: Vec<(PathBuf, String)>,
) -> Result<Vec<Medium>, OpError> {
    let mut taken = Vec::new();
    for (path, alt) in files {
        match take_one(hub, path, alt).await {
            Ok(medium) => taken.push(medium),
            Err(error) => {
                let_go(hub, taken).await;
                return Err(error);
            }
        }
    }
    Ok(taken)
}

pub(super) async fn take_one(hub: &Hub, path: PathBuf, alt: String) -> Result<Medium, OpError> {
    let (spool, now, entropy) = (
        hub.paths.media.clone(),
        hub.clock.now(),
        hub.entropy.clone(),
    );
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let id = MediaId::fresh(now, &entropy);
    let work = move || take(&path, &spool, &MediaRules::default(), now, &entropy);
    let spooled = tokio::task::spawn_blocking(work).await.map_err(|_| {
        OpError::failed(
            "media",
            format!("Copying {name} was interrupted."),
            "Try it again.",
        )
    })??;
    let file = spooled.path.file_name().unwrap_or_default();
    Ok(Medium {
        id,
        file: file.to_string_lossy().into_owned(),
        name,
        mime: spooled.mime.to_owned(),
        bytes: spooled.bytes,
        size: spooled.size,
        sha256: spooled.sha256,
        alt,
    })
}

/// Removes copies that no post was stored with. Asked inside a transaction: the
/// same content is kept once, and another post may have come to use it.
pub(super) async fn let_go(hub: &Hub, media: Vec<Medium>) {
    let spool = hub.paths.media.clone();
    let removed = hub
        .change(move |tx, _| {
            for one in media {
                if !tx.media_in_use(&one.file)? {
                    // A copy that stays harms nobody.
                    let _ = std::fs::remove_file(spool.join(&one.file));
                }
            }
            Ok(())
        })
        .await;
    if let Err(error) = removed {
        tracing::warn!(%error, "copies of a post that was not stored are left");
    }
}

/// Refuses when a copy is gone: a post with the same media that was refused
/// meanwhile took it along. Asked in the transaction that stores the post.
pub(super) fn check_copies(spool: &Path, media: &[Medium]) -> Result<(), OpError> {
    match media.iter().find(|one| !spool.join(&one.file).is_file()) {
        None => Ok(()),
        Some(one) => Err(OpError::failed(
            "media",
            format!("The copy of {} is gone.", one.name),
            "Try it again.",
        )),
    }
}

/// What is wrong with a text and media for a channel's network; empty when it
/// can go out.
///
/// # Errors
/// When the store cannot be read.
pub(in crate::ops) fn check(
    q: &Reads<'_>,
    networks: &Registry,
    channel: &Channel,
    text: &str,
    media: &[Medium],
    options: &PostOptions,
) -> Result<Vec<Problem>, OpError> {
    let Some((network, _)) = networks.get(channel.kind.network()) else {
        return Ok(vec![Problem {
            what: format!(
                "{} is not part of this version.",
                channel.kind.network().title()
            ),
            hint: "Choose another channel.".into(),
        }]);
    };
    let items: Vec<MediaItem> = media.iter().map(item).collect();
    let limits = q.server_limits(channel.kind.network(), &channel.server)?;
    Ok(network.problems(text, &items, options, &limits))
}

/// What keeps the later parts of a thread from going out on a channel.
pub(super) fn check_parts(
    q: &Reads<'_>,
    networks: &Registry,
    channel: &Channel,
    parts: &[String],
    options: &PostOptions,
) -> Result<Vec<Problem>, OpError> {
    let Some((network, _)) = networks.get(channel.kind.network()) else {
        return Ok(Vec::new());
    };
    if !parts.is_empty() && !network.threads() {
        return Ok(vec![Problem {
            what: format!("{} has no threads.", channel.kind.network().title()),
            hint: "Write one post for this channel, or choose another channel.".into(),
        }]);
    }
    let options = options.of_later_part();
    let limits = q.server_limits(channel.kind.network(), &channel.server)?;
    let mut problems = Vec::new();
    for (number, text) in (2..).zip(parts) {
        let found = network.problems(text, &[], &options, &limits);
        problems.extend(found.into_iter().map(|problem| Problem {
            what: format!("Part {number}: {}", problem.what),
            ..problem
        }));
    }
    Ok(problems)
}

/// The first problem of a post as a refusal, naming the channel.
pub(super) fn refuse_problem(channel: &Channel, problems: &[Problem]) -> Result<(), OpError> {
    match problems {
        [] => Ok(()),
        [first, ..] => Err(OpError::failed(
            "invalid_post",
            format!("{}: {}", channel.name(), first.what),
            first.hint.clone(),
        )),
    }
}

/// A medium under the name it had, which is the one a problem should name.
pub fn item(one: &Medium) -> MediaItem {
    MediaItem {
        path: PathBuf::from(&one.name),
        mime: one.mime.clone(),
        bytes: one.bytes,
        size: one.size,
        sha256: one.sha256.clone(),
        alt: one.alt.clone(),
    }
}

impl From<MediaError> for OpError {
    fn from(error: MediaError) -> Self {
        Self::in_two("media", &error.to_string())
    }
}
