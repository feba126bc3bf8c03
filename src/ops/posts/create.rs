//! Writing a post for one or several channels of a workspace.

use std::path::PathBuf;

use super::super::acting::Acting;
use super::super::connect::named_by;
use super::super::time::{check_zone, civil, time_at, time_to_come};
use super::super::views::{PostView, ends, post_view, watch};
use super::super::{Hub, OpError};
use super::acts::{Before, Done};
use super::content;
use crate::domain::channel::{Channel, Status};
use crate::domain::delivery::State;
use crate::domain::ids::{ChannelId, DeliveryId, PostId, WorkspaceId};
use crate::domain::lamp::{self, Watch};
use crate::domain::post_options::PostOptions;
use crate::domain::role::Act;
use crate::store::posts::{DraftTime, Medium, NewDelivery, Part, Post, Time};
use crate::store::queue::QueueQuery;
use crate::store::{Reads, Tx};

/// A post to write.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The channels it goes to, all of one workspace.
    pub to: Vec<ChannelId>,
    /// Its text.
    pub text: String,
    /// When it goes out.
    pub when: PostTime,
    /// The zone of that time; the workspace's when left out.
    pub zone: Option<String>,
    /// Never send it late.
    pub only_on_time: bool,
    /// Images or videos with their alternative texts, in order.
    pub media: Vec<(PathBuf, String)>,
    /// Texts of their own for some of the channels.
    pub only_for: Vec<(ChannelId, String)>,
    /// What else is chosen for it.
    pub options: PostOptions,
    /// The texts of the later parts of a thread, in order; each goes out right
    /// after the one before it. Media and card belong to the first part.
    pub then: Vec<String>,
}

/// When a post goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostTime {
    /// At a time as people write it ("tomorrow 9:30", RFC 3339).
    At(String),
    /// At once.
    Now,
    /// Not before it is scheduled.
    Draft,
}

/// A post that passed every check, ready to be stored.
pub(super) struct Ready {
    workspace: WorkspaceId,
    channels: Vec<Channel>,
    time: Time,
}

/// Writes a post. Everything is checked before anything is stored.
///
/// # Errors
/// When a channel does not take it, the time is past or does not exist, the
/// channels are of several workspaces, or the role does not allow it.
pub async fn create(hub: &Hub, new: NewPost) -> Result<PostView, OpError> {
    let ready = ready(hub, &new).await?;
    let media = content::take_in(hub, new.media.clone()).await?;
    let stored = store(hub, &new, ready, media.clone()).await;
    if stored.is_err() {
        content::let_go(hub, media).await;
    }
    stored
}

pub(super) async fn ready(hub: &Hub, new: &NewPost) -> Result<Ready, OpError> {
    let new = new.clone();
    hub.look(move |q, acting| {
        let channels = targets(q, acting, &new)?;
        let workspace = match channels.first() {
            Some(channel) => q.workspace(&channel.workspace_id)?,
            None => {
                return Err(OpError::usage(
                    "no_channel",
                    "The post goes to no channel.",
                    "Name at least one with --to.",
                ));
            }
        };
        let zone = new.zone.as_deref().unwrap_or(&workspace.timezone);
        check_zone(zone)?;
        let time = match &new.when {
            PostTime::At(text) => time_to_come(text, zone, acting.now)?,
            PostTime::Now | PostTime::Draft => time_at(acting.now, zone),
        };
        Ok(Ready {
            workspace: workspace.id,
            channels,
            time,
        })
    })
    .await
}

/// Refuses a time that has passed.
pub(in crate::ops) fn refuse_past(time: &Time, acting: &Acting) -> Result<(), OpError> {
    if time.due >= acting.now {
        return Ok(());
    }
    let now = civil(acting.now, &time.timezone);
    Err(OpError::usage(
        "past",
        format!(
            "{} {} has passed: it is {now} there.",
            time.civil, time.timezone
        ),
        "Choose a later time, or send it now.",
    ))
}

/// The channels, all live and of one workspace the operator may post in.
pub(super) fn targets(
    q: &Reads<'_>,
    acting: &Acting,
    new: &NewPost,
) -> Result<Vec<Channel>, OpError> {
    let mut channels: Vec<Channel> = Vec::new();
    for id in &new.to {
        if channels.iter().any(|one| one.id == *id) {
            continue;
        }
        let channel = q.channel(id)?;
        acting.require(q, &channel.workspace_id, Act::Queue)?;
        if channel.status == Status::Disconnected {
            return Err(OpError::failed(
                "disconnected",
                format!("{} is disconnected for good.", channel.name()),
                format!(
                    "Connect the account again: allgreen channel connect {} {}",
                    channel.kind.network().name(),
                    named_by(&channel)
                ),
            ));
        }
        if channels
            .iter()
            .any(|one| one.workspace_id != channel.workspace_id)
        {
            return Err(OpError::usage(
                "several_workspaces",
                "The channels of a post belong to one workspace.",
                "Write one post per workspace.",
            ));
        }
        channels.push(channel);
    }
    for (id, _) in &new.only_for {
        if !channels.iter().any(|one| one.id == *id) {
            return Err(OpError::usage(
                "not_a_target",
                format!("The post does not go to {id}, which has a text of its own."),
                "Name that channel as a target as well.",
            ));
        }
    }
    Ok(channels)
}

pub(super) async fn store(
    hub: &Hub,
    new: &NewPost,
    ready: Ready,
    media: Vec<Medium>,
) -> Result<PostView, OpError> {
    let (new, networks, watch) = (new.clone(), hub.networks.clone(), watch(hub));
    let spool = hub.paths.media.clone();
    hub.change(move |tx, acting| {
        // Again, now that it counts: roles and channels may have changed.
        let channels = targets(tx, acting, &new)?;
        let draft = new.when == PostTime::Draft;
        let mut warnings = Vec::new();
        for channel in &ready.channels {
            let text = text_for(&new, channel);
            let mut problems = content::check(tx, &networks, channel, text, &media, &new.options)?;
            problems.extend(content::check_parts(
                tx,
                &networks,
                channel,
                &new.then,
                &new.options,
            )?);
            if draft {
                warnings.extend(
                    problems
                        .iter()
                        .map(|one| format!("{}: {}", channel.name(), one.what)),
                );
            } else {
                content::refuse_problem(channel, &problems)?;
                warnings.extend(warnings_for(tx, channel, text, &ready.time, &watch)?);
            }
        }
        let post = Post {
            id: PostId::fresh(acting.now, &acting.entropy),
            workspace_id: ready.workspace.clone(),
            text: new.text.clone(),
            created_by: acting.operator.clone(),
            created_at: acting.now,
            edited_at: None,
            options: new.options.clone(),
            draft: DraftTime::default(),
        };
        tx.add_post(&post)?;
        content::check_copies(&spool, &media)?;
        tx.set_media(&post.id, &media)?;
        let mut done = Done::new("writing");
        for channel in &channels {
            for id in add(tx, acting, &new, &post, channel, &ready.time)? {
                let made = Before::made(&tx.delivery(&id)?);
                done.inverse.deliveries.push(made);
            }
        }
        done.finish(tx, acting, "post.create")?;
        let mut view = post_view(tx, &post.id, acting.now)?;
        view.warnings = warnings;
        Ok(view)
    })
    .await
}

pub(super) fn text_for<'a>(new: &'a NewPost, channel: &Channel) -> &'a str {
    let own = new.only_for.iter().find(|(id, _)| *id == channel.id);
    own.map_or(&new.text, |(_, text)| text)
}

/// Adds what goes to one channel: a delivery, or one for each part of a thread.
pub(super) fn add(
    tx: &Tx<'_>,
    acting: &Acting,
    new: &NewPost,
    post: &Post,
    channel: &Channel,
    time: &Time,
) -> Result<Vec<DeliveryId>, OpError> {
    let own = new.only_for.iter().find(|(id, _)| *id == channel.id);
    let first = own.map(|(_, text)| text.clone());
    let later = new.then.iter().cloned().map(Some);
    let mut made: Vec<DeliveryId> = Vec::new();
    for (number, text) in (1..).zip(std::iter::once(first).chain(later)) {
        let id = DeliveryId::fresh(acting.now, &acting.entropy);
        let part = made.first().zip(made.last()).map(|(root, after)| Part {
            root: root.clone(),
            after: after.clone(),
            number,
        });
        let delivery = NewDelivery {
            id: id.clone(),
            post_id: post.id.clone(),
            workspace_id: post.workspace_id.clone(),
            channel_id: channel.id.clone(),
            handle: channel.handle.clone(),
            state: if new.when == PostTime::Draft {
                State::Draft
            } else {
                State::Scheduled
            },
            time: time.clone(),
            only_on_time: new.only_on_time,
            text,
            send_now: new.when == PostTime::Now,
            part,
        };
        tx.add_delivery(&delivery, &acting.operator, acting.now)?;
        made.push(id);
    }
    Ok(made)
}

/// What to know about posting on this channel then; nothing is refused for it.
pub(super) fn warnings_for(
    q: &Reads<'_>,
    channel: &Channel,
    text: &str,
    time: &Time,
    watch: &Watch,
) -> Result<Vec<String>, OpError> {
    let mut warnings = Vec::new();
    let name = channel.name();
    if lamp::broken(channel) {
        let words = channel.cause.words();
        warnings.push(format!(
            "{name} cannot publish now ({words}): the post will be held until it can."
        ));
    } else if channel.paused_at.is_some() {
        warnings.push(format!(
            "{name} is paused: the post will be held until it is resumed."
        ));
    } else if let Some(end) = ends(channel, watch).filter(|end| *end <= time.due) {
        warnings.push(format!(
            "The access to {name} ends {} {}, before this post is due.",
            civil(end, &time.timezone),
            time.timezone
        ));
    }
    let query = QueueQuery {
        channel: Some(channel.id.clone()),
        states: vec![State::Scheduled],
        ..QueueQuery::default()
    };
    for other in q.deliveries(&query)? {
        let same = match &other.text {
            Some(own) => own == text,
            None => q.post(&other.post_id)?.text == text,
        };
        if same {
            warnings.push(format!(
                "The same text is scheduled for {name} already, at {} {}.",
                other.civil, other.timezone
            ));
            break;
        }
    }
    Ok(warnings)
}
