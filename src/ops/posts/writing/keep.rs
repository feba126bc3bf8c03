//! Keeping what is written as a draft, a moment after each change.

use super::super::super::acting::Acting;
use super::super::super::time::{civil, time_at, when};
use super::super::super::{Hub, OpError};
use super::super::content;
use super::{Seen, Writing, is_only_a_draft, of, put};
use crate::domain::delivery::State;
use crate::domain::ids::{DeliveryId, PostId};
use crate::domain::role::Act;
use crate::store::Tx;
use crate::store::posts::{DraftTime, Medium, NewDelivery, Post, Time};
use crate::support::time::UtcMs;

/// A draft as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The draft as it is now.
    pub seen: Seen,
    /// When.
    pub at: UtcMs,
    /// Somebody else changed or removed the draft since it was seen: this one
    /// stands beside theirs. Who and when, in a sentence.
    pub beside: Option<String>,
}

/// Keeps what is written: in the draft it was kept in before, or in a new one
/// when there is none yet or somebody else changed it. Nothing is refused for
/// what a network would not take.
///
/// # Errors
/// When the role does not allow it or the store cannot be written.
pub async fn keep(hub: &Hub, seen: Option<Seen>, writing: Writing) -> Result<Kept, OpError> {
    let spool = hub.paths.media.clone();
    let (kept, dropped) = hub
        .change(move |tx, acting| {
            let workspace = acting.require(tx, &writing.workspace, Act::Queue)?;
            let written = writing.when.as_deref().unwrap_or_default();
            let read = when(written, &workspace.timezone, acting.now);
            // One that cannot be read yet is kept as it was typed, and said to be
            // wrong when it is shown and scheduled.
            let draft = DraftTime {
                when: match &read {
                    Ok(time) => Some(civil(time.due, &workspace.timezone)),
                    Err(_) => writing.when.clone(),
                },
                only_on_time: writing.only_on_time,
            };
            let time = read.unwrap_or_else(|_| time_at(acting.now, &workspace.timezone));
            let (post, beside) = place(tx, acting, seen.as_ref(), &writing)?;
            let dropped = put(tx, acting, &spool, &post, &writing)?;
            tx.set_draft_time(&post, &draft)?;
            retarget(tx, acting, &post, &writing, &time)?;
            let seen = Seen::now(tx, &post)?;
            let at = acting.now;
            Ok((Kept { seen, at, beside }, dropped))
        })
        .await?;
    if !dropped.is_empty() {
        content::let_go(hub, dropped).await;
    }
    Ok(kept)
}

/// Where it is kept, and what to say when that is not where it was before.
fn place(
    tx: &Tx<'_>,
    acting: &Acting,
    seen: Option<&Seen>,
    writing: &Writing,
) -> Result<(PostId, Option<String>), OpError> {
    let beside = match seen {
        None => None,
        Some(seen) if tx.post(&seen.post).is_err() => Some("The draft was deleted".to_owned()),
        Some(seen) if seen.is_so(tx)? && is_only_a_draft(tx, &seen.post)? => {
            return Ok((seen.post.clone(), None));
        }
        Some(seen) => Some(seen.by_whom(tx)?),
    };
    let post = add(tx, acting, writing)?;
    let workspace = Some(&writing.workspace);
    let detail = serde_json::json!({ "draft": true });
    acting.audit(tx, workspace, "post.create", post.as_str(), &detail)?;
    Ok((post, beside))
}

/// Adds the post itself.
pub(super) fn add(tx: &Tx<'_>, acting: &Acting, writing: &Writing) -> Result<PostId, OpError> {
    let post = Post {
        id: PostId::fresh(acting.now, &acting.entropy),
        workspace_id: writing.workspace.clone(),
        text: writing.text.clone(),
        created_by: acting.operator.clone(),
        created_at: acting.now,
        edited_at: None,
        options: writing.options.clone(),
        draft: DraftTime::default(),
    };
    tx.add_post(&post)?;
    Ok(post.id)
}

/// Has the drafts of a post go where it says, each with its own text.
fn retarget(
    tx: &Tx<'_>,
    acting: &Acting,
    post: &PostId,
    writing: &Writing,
    time: &Time,
) -> Result<(), OpError> {
    let mut there = Vec::new();
    for one in tx.deliveries(&of(post))? {
        if one.state != State::Draft {
            continue;
        }
        let wanted = writing.to.iter().find(|(id, _)| *id == one.channel_id);
        match wanted {
            None => tx.untarget(&one.id)?,
            Some((id, own)) => {
                tx.set_delivery_text(&one.id, own.as_deref())?;
                tx.set_time(&one.id, time, false)?;
                tx.set_only_on_time(&one.id, writing.only_on_time)?;
                there.push(id);
            }
        }
    }
    for (id, own) in &writing.to {
        if there.contains(&id) {
            continue;
        }
        let channel = tx.channel(id)?;
        let delivery = NewDelivery {
            id: DeliveryId::fresh(acting.now, &acting.entropy),
            post_id: post.clone(),
            workspace_id: writing.workspace.clone(),
            channel_id: id.clone(),
            handle: channel.handle,
            state: State::Draft,
            time: time.clone(),
            only_on_time: writing.only_on_time,
            text: own.clone(),
            send_now: false,
            part: None,
        };
        tx.add_delivery(&delivery, &acting.operator, acting.now)?;
    }
    Ok(())
}

/// Takes every draft of a post away; its copies of media.
pub(super) fn clear(tx: &Tx<'_>, post: &PostId) -> Result<Vec<Medium>, OpError> {
    if tx.post(post).is_err() {
        return Ok(Vec::new());
    }
    let media = tx.media_of(post)?;
    for one in tx.deliveries(&of(post))? {
        if one.state == State::Draft {
            tx.untarget(&one.id)?;
        }
    }
    Ok(media)
}
