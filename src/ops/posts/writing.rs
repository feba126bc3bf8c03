//! What a person is writing: kept as a draft while they write, scheduled or put
//! into its post when they are done. What somebody else changed meanwhile is
//! never written over unseen.

mod finish;
mod keep;
mod near;

pub use finish::{Saved, save, send_written};
pub use keep::{Kept, keep};
pub use near::{Place, near};

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::super::acting::Acting;
use super::super::views::{PostView, post_view};
use super::super::{Hub, OpError};
use super::content;
use super::create::{NewPost, PostTime};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, MediaId, PostId, WorkspaceId};
use crate::domain::limits::ServerLimits;
use crate::domain::post_options::PostOptions;
use crate::domain::role::Act;
use crate::domain::when::civil;
use crate::store::posts::Medium;
use crate::store::queue::QueueQuery;
use crate::store::{Reads, Tx};

/// How many of the newest posts are looked at for those that go nowhere yet.
const NEWEST: u32 = 5_000;

/// A post as it is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its text.
    pub text: String,
    /// Where it goes, with the text of its own where a channel has one.
    pub to: Vec<(ChannelId, Option<String>)>,
    /// When it goes out, as written, by the clock of its workspace.
    pub when: Option<String>,
    /// Never send it late.
    pub only_on_time: bool,
    /// Its media, taken in already, in order.
    pub media: Vec<Medium>,
    /// What else was chosen.
    pub options: PostOptions,
}

impl Writing {
    pub(super) fn as_new(&self, when: PostTime) -> NewPost {
        let own = |(id, text): &(ChannelId, Option<String>)| Some((id.clone(), text.clone()?));
        NewPost {
            to: self.to.iter().map(|(id, _)| id.clone()).collect(),
            text: self.text.clone(),
            when,
            zone: None,
            only_on_time: self.only_on_time,
            media: Vec::new(),
            only_for: self.to.iter().filter_map(own).collect(),
            options: self.options.clone(),
            then: Vec::new(),
        }
    }
}

/// A post as its writer saw it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which one.
    pub post: PostId,
    mark: String,
}

impl Seen {
    /// How it is now.
    fn now(q: &Reads<'_>, post: &PostId) -> Result<Self, OpError> {
        let stored = q.post(post)?;
        let media = q.media_of(post)?.into_iter().map(|one| (one.id, one.alt));
        let media: Vec<_> = media.collect();
        let deliveries: Vec<_> = q
            .deliveries(&of(post))?
            .into_iter()
            .map(|one| (one.id, one.state, one.due, one.text, one.only_on_time))
            .collect();
        Ok(Self {
            post: post.clone(),
            mark: format!("{:?}", (stored.text, stored.edited_at, media, deliveries)),
        })
    }

    /// Whether nobody changed it since.
    fn is_so(&self, q: &Reads<'_>) -> Result<bool, OpError> {
        Ok(Self::now(q, &self.post)? == *self)
    }

    /// Who changed it, and when: `bob changed it at 2026-11-21 14:05`.
    fn by_whom(&self, q: &Reads<'_>) -> Result<String, OpError> {
        let (person, at) = q.last_hand(&self.post)?;
        let zone = q.workspace(&q.post(&self.post)?.workspace_id)?.timezone;
        let name = q.person(&person)?.name;
        Ok(format!("{name} changed it at {}", civil(at, &zone)))
    }
}

/// Whether a post is a draft and nothing else: no part of it waits, went out or
/// belongs to a thread. Only such a one is written on in place.
fn is_only_a_draft(q: &Reads<'_>, post: &PostId) -> Result<bool, OpError> {
    let all = q.deliveries(&of(post))?;
    Ok(all
        .iter()
        .all(|one| one.state == State::Draft && one.root_id.is_none() && one.part_no <= 1))
}

fn of(post: &PostId) -> QueueQuery {
    QueueQuery {
        post: Some(post.clone()),
        ..QueueQuery::default()
    }
}

/// A post that is opened to be written on.
#[derive(Clone, Debug)]
pub struct Opened {
    /// As it is stored.
    pub view: PostView,
    /// The same, to notice that it was changed.
    pub seen: Seen,
    /// Whether it is a draft and nothing else, to be written on in place.
    pub only_draft: bool,
}

/// Opens a post to write on.
///
/// # Errors
/// When it is unknown or not the operator's to change.
pub async fn open(hub: &Hub, post: &PostId) -> Result<Opened, OpError> {
    let post = post.clone();
    hub.look(move |q, acting| {
        acting.require(q, &q.post(&post)?.workspace_id, Act::Queue)?;
        Ok(Opened {
            view: post_view(q, &post, acting.now)?,
            seen: Seen::now(q, &post)?,
            only_draft: is_only_a_draft(q, &post)?,
        })
    })
    .await
}

/// What a writer in a workspace needs beside the post.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// What the server of each channel says its posts may be.
    pub limits: HashMap<ChannelId, ServerLimits>,
    /// The drafts there, the one changed last in front.
    pub drafts: Vec<PostView>,
}

/// Reads what a writer in a workspace needs.
///
/// # Errors
/// When the workspace is unknown or not the operator's to write in.
pub async fn desk(hub: &Hub, workspace: &WorkspaceId) -> Result<Desk, OpError> {
    let workspace = workspace.clone();
    hub.look(move |q, acting| {
        acting.require(q, &workspace, Act::Queue)?;
        let mut limits = HashMap::new();
        for channel in q.channels(Some(&workspace), false)? {
            let told = q.server_limits(channel.kind.network(), &channel.server)?;
            limits.insert(channel.id, told);
        }
        let mut drafts = Vec::new();
        for id in q.drafts_of(&workspace, NEWEST)? {
            if is_only_a_draft(q, &id)? {
                drafts.push(post_view(q, &id, acting.now)?);
            }
        }
        Ok(Desk { limits, drafts })
    })
    .await
}

/// Copies a file into the spool, for a post that is being written.
///
/// # Errors
/// Why it was not taken; nothing is left behind then.
pub async fn take(hub: &Hub, path: PathBuf, alt: String) -> Result<Medium, OpError> {
    content::take_one(hub, path, alt).await
}

/// Whether two posts show the same media in the same words.
pub(super) fn are_same(some: &[Medium], others: &[Medium]) -> bool {
    let shown = |one: &Medium| (one.file.clone(), one.name.clone(), one.alt.clone());
    some.iter().map(shown).eq(others.iter().map(shown))
}

/// Writes text and media of a post; the copies that are not among them any
/// more.
fn put(
    tx: &Tx<'_>,
    acting: &Acting,
    spool: &Path,
    post: &PostId,
    writing: &Writing,
) -> Result<Vec<Medium>, OpError> {
    tx.set_post_text(post, &writing.text, &acting.operator, acting.now)?;
    let before = tx.media_of(post)?;
    if !are_same(&before, &writing.media) {
        content::check_copies(spool, &writing.media)?;
        // The same copy may belong to another post as well.
        let own = |one: &Medium| Medium {
            id: MediaId::fresh(acting.now, &acting.entropy),
            ..one.clone()
        };
        let media: Vec<Medium> = writing.media.iter().map(own).collect();
        tx.set_media(post, &media)?;
    }
    let stays = |one: &Medium| writing.media.iter().any(|kept| kept.file == one.file);
    Ok(before.into_iter().filter(|one| !stays(one)).collect())
}
