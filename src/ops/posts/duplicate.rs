//! Another post like one that there is.

use super::super::acting::Acting;
use super::super::names::full_name;
use super::super::views::PostView;
use super::super::{Hub, OpError};
use super::create::{NewPost, PostTime, ready, store};
use super::writing::{Writing, are_same};
use crate::domain::channel::{Channel, Status};
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{ChannelId, DeliveryId, MediaId, PostId};
use crate::domain::role::Act;
use crate::store::Reads;
use crate::store::posts::Medium;
use crate::store::queue::QueueQuery;

/// What is to be written once more.
#[derive(Clone, Debug)]
pub struct Duplicate {
    /// The post.
    pub post: PostId,
    /// Only what of it goes to the channel of this delivery.
    pub only: Option<DeliveryId>,
    /// When the new one goes out.
    pub when: PostTime,
    /// The zone of that time; the workspace's when left out.
    pub zone: Option<String>,
}

/// Where a post would go that is written once more, by the full names of channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// These get it.
    pub to: Vec<String>,
    /// These are disconnected and would be left out.
    pub gone: Vec<String>,
}

/// A post as it would be written once more.
struct Copy {
    new: NewPost,
    media: Vec<Medium>,
    /// Channels it went to that are gone.
    gone: Vec<Channel>,
}

/// Writes a post like another one: texts, media and what was chosen for it, for
/// the same channels. Everything is checked as for a new post.
///
/// # Errors
/// When the post is unknown, no channel of it is left, or a new post like it
/// would be refused.
pub async fn duplicate(hub: &Hub, wanted: Duplicate) -> Result<PostView, OpError> {
    let copy = hub
        .look(move |q, acting| {
            let mut copy = copy_of(q, acting, &wanted.post, wanted.only.as_ref())?;
            copy.new.when = wanted.when;
            copy.new.zone = wanted.zone;
            // The file is the same, what is said of it is another post's.
            for one in &mut copy.media {
                one.id = MediaId::fresh(acting.now, &acting.entropy);
            }
            Ok(copy)
        })
        .await?;
    let ready = ready(hub, &copy.new).await?;
    let mut view = store(hub, &copy.new, ready, copy.media).await?;
    view.warnings.extend(copy.gone.iter().map(|channel| {
        let name = channel.name();
        format!("{name} is disconnected and was left out.")
    }));
    Ok(view)
}

/// Where [`duplicate`] would write to; nothing is written.
///
/// # Errors
/// When the post is unknown or not the operator's to write, or no channel of it
/// is left.
pub async fn targets(
    hub: &Hub,
    post: &PostId,
    only: Option<&DeliveryId>,
) -> Result<Targets, OpError> {
    let (post, only) = (post.clone(), only.cloned());
    hub.look(move |q, acting| {
        let copy = copy_of(q, acting, &post, only.as_ref())?;
        let mut targets = Targets::default();
        let name = |channel: &Channel| -> Result<String, OpError> {
            let workspace = q.workspace(&channel.workspace_id)?;
            Ok(full_name(channel, &[workspace]))
        };
        for id in &copy.new.to {
            targets.to.push(name(&q.channel(id)?)?);
        }
        for channel in &copy.gone {
            targets.gone.push(name(channel)?);
        }
        Ok(targets)
    })
    .await
}

/// Whether what was written is a post as it is, but for its time.
///
/// # Errors
/// When the post is unknown or not the operator's to change.
pub async fn is_duplicate(hub: &Hub, of: &PostId, written: &Writing) -> Result<bool, OpError> {
    let (of, written) = (of.clone(), written.clone());
    hub.look(move |q, acting| {
        let copy = copy_of(q, acting, &of, None)?;
        let new = written.as_new(PostTime::Draft);
        let sorted = |texts: &[(ChannelId, String)]| {
            let mut texts = texts.to_vec();
            texts.sort();
            texts
        };
        let to = |of: &NewPost| {
            let mut to = of.to.clone();
            to.sort();
            to
        };
        Ok(to(&copy.new) == to(&new)
            && copy.new.text == new.text
            && copy.new.only_on_time == new.only_on_time
            && copy.new.options == new.options
            && copy.new.then == new.then
            && sorted(&copy.new.only_for) == sorted(&new.only_for)
            && are_same(&copy.media, &written.media))
    })
    .await
}

fn copy_of(
    q: &Reads<'_>,
    acting: &Acting,
    id: &PostId,
    only: Option<&DeliveryId>,
) -> Result<Copy, OpError> {
    let post = q.post(id)?;
    acting.require(q, &post.workspace_id, Act::Queue)?;
    let query = QueueQuery {
        post: Some(id.clone()),
        ..QueueQuery::default()
    };
    let all = q.deliveries(&query)?;
    let only = only.and_then(|only| all.iter().find(|one| one.id == *only));
    let mut firsts: Vec<&Delivery> = Vec::new();
    for one in all.iter().filter(|one| one.part_no <= 1) {
        let wanted = match only {
            // Of a later part, the thread on its channel.
            Some(only) if only.part_no > 1 => only.root_id.as_ref() == Some(&one.id),
            Some(only) => only.id == one.id,
            None => true,
        };
        let there = |first: &&mut &Delivery| first.channel_id == one.channel_id;
        match firsts.iter_mut().find(there) {
            _ if !wanted => {}
            None => firsts.push(one),
            // One that was cancelled and written there again is one target.
            Some(first) if first.state == State::Cancelled => *first = one,
            Some(_) => {}
        }
    }
    let mut gone = Vec::new();
    let mut live = Vec::new();
    for one in firsts {
        let channel = q.channel(&one.channel_id)?;
        match channel.status {
            Status::Disconnected => gone.push(channel),
            _ => live.push(one),
        }
    }
    if only.is_none() {
        let all = live.clone();
        live.retain(|one| one.is_copied(all.iter().copied()));
    }
    if live.is_empty() {
        let (code, what) = match gone.first() {
            Some(first) => {
                let name = first.name();
                ("disconnected", format!("{name} is disconnected for good."))
            }
            None => ("no_channel", "The post goes to no channel.".to_owned()),
        };
        let hint = "Write one for another channel: allgreen post create --to CHANNEL ...";
        return Err(OpError::failed(code, what, hint));
    }
    let mut threads = live.iter().map(|one| later_parts(&all, one));
    let then = threads.next().unwrap_or_default();
    if threads.any(|other| other != then) {
        return Err(OpError::failed(
            "several_threads",
            "The later parts of the thread are not the same on every channel.",
            "Name one delivery (dlv_...) instead of the post.",
        ));
    }
    let new = NewPost {
        to: live.iter().map(|one| one.channel_id.clone()).collect(),
        text: post.text,
        when: PostTime::Draft,
        zone: None,
        only_on_time: live.iter().any(|one| one.only_on_time),
        media: Vec::new(),
        only_for: live
            .iter()
            .filter_map(|one| Some((one.channel_id.clone(), one.text.clone()?)))
            .collect(),
        options: post.options,
        then,
    };
    let media = q.media_of(id)?;
    Ok(Copy { new, media, gone })
}

/// The texts of the parts of a thread behind its first.
fn later_parts(all: &[Delivery], first: &Delivery) -> Vec<String> {
    let mut parts: Vec<&Delivery> = all
        .iter()
        .filter(|one| one.root_id.as_ref() == Some(&first.id))
        .collect();
    parts.sort_by_key(|one| one.part_no);
    let text = |one: &Delivery| one.text.clone().unwrap_or_default();
    parts.into_iter().map(text).collect()
}
