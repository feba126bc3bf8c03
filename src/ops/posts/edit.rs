//! Changing text and media of a post that has not gone out.

use std::path::PathBuf;

use super::super::acting::Acting;
use super::super::views::{PostView, post_view};
use super::super::{Hub, OpError};
use super::acts::{Done, Machine};
use super::content;
use super::retry::check;
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::{DeliveryId, PostId};
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::store::Tx;
use crate::store::posts::Medium;
use crate::store::queue::QueueQuery;

/// What to change of a post; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PostChange {
    /// Its text. Deliveries that went out keep what they went out with.
    pub text: Option<String>,
    /// The text of one channel only; `None` inside takes the post's again.
    pub only_for: Vec<(DeliveryId, Option<String>)>,
    /// Its media, replacing all of them.
    pub media: Option<Vec<(PathBuf, String)>>,
}

/// Changes a post. Everything is checked before anything is stored.
///
/// # Errors
/// When nothing of it can be changed any more, a network does not take it, or
/// the role does not allow it.
pub async fn edit(hub: &Hub, id: &PostId, change: PostChange) -> Result<PostView, OpError> {
    let media = match change.media.clone() {
        Some(files) => {
            let post = id.clone();
            hub.look(move |q, acting| {
                acting.require(q, &q.post(&post)?.workspace_id, Act::Queue)?;
                Ok(())
            })
            .await?;
            Some(content::take_in(hub, files).await?)
        }
        None => None,
    };
    let (id, machine) = (id.clone(), Machine::of(hub));
    let (taken, spool) = (media.clone(), hub.paths.media.clone());
    let stored = hub
        .change(move |tx, acting| {
            let post = tx.post(&id)?;
            let replaced = match &media {
                Some(_) => tx.media_of(&id)?,
                None => Vec::new(),
            };
            acting.require(tx, &post.workspace_id, Act::Queue)?;
            let query = QueueQuery {
                post: Some(id.clone()),
                ..QueueQuery::default()
            };
            let all = tx.deliveries(&query)?;
            let (open, closed): (Vec<_>, Vec<_>) = all.into_iter().partition(Delivery::is_open);
            refuse_closed(&open, &closed, &change)?;
            let mut done = Done::new("editing");
            for one in &open {
                machine.act(tx, acting, &one.id, Event::Edit, &mut done)?;
            }
            if let Some(text) = &change.text {
                done.inverse.post_text = Some((id.clone(), post.text.clone()));
                for one in closed.iter().filter(|one| one.text.is_none()) {
                    tx.set_delivery_text(&one.id, Some(&post.text))?;
                }
                tx.set_post_text(&id, text, &acting.operator, acting.now)?;
            }
            for (delivery, text) in &change.only_for {
                tx.set_delivery_text(delivery, text.as_deref())?;
            }
            if let Some(media) = &media {
                content::check_copies(&spool, media)?;
                replace_media(tx, acting, &id, media)?;
                // The old copies may be gone by then, so there is no way back.
                done.inverse = super::acts::Inverse::default();
            }
            for one in open.iter().filter(|one| one.state == State::Scheduled) {
                check(tx, &machine, &tx.delivery(&one.id)?)?;
            }
            done.finish(tx, acting, "post.edit")?;
            Ok((post_view(tx, &id, acting.now)?, replaced))
        })
        .await;
    match stored {
        Ok((view, replaced)) => {
            content::let_go(hub, replaced).await;
            Ok(view)
        }
        Err(error) => {
            content::let_go(hub, taken.unwrap_or_default()).await;
            Err(error)
        }
    }
}

fn replace_media(
    tx: &Tx<'_>,
    acting: &Acting,
    id: &PostId,
    media: &[Medium],
) -> Result<(), OpError> {
    tx.set_media(id, media)?;
    let workspace = tx.post(id)?.workspace_id;
    let detail = serde_json::json!({ "media": media.len() });
    acting.audit(tx, Some(&workspace), "post.edit", id.as_str(), &detail)
}

fn refuse_closed(
    open: &[Delivery],
    closed: &[Delivery],
    change: &PostChange,
) -> Result<(), OpError> {
    let named = change
        .only_for
        .iter()
        .find_map(|(id, _)| (!open.iter().any(|one| one.id == *id)).then_some(id));
    let blocking = match named {
        Some(id) => closed.iter().find(|one| one.id == *id),
        None if open.is_empty() => closed.first(),
        // The media of a post are one set: those of a sent one stay as they were.
        None if change.media.is_some() => closed.iter().find(|one| one.state != State::Cancelled),
        None => None,
    };
    if let Some(one) = blocking {
        return Err(OpError::failed(
            "not_editable",
            format!(
                "{} on @{} is {} and cannot be changed any more.",
                one.id,
                one.handle,
                one.state.name().replace('_', " ")
            ),
            "Write a new post instead.",
        ));
    }
    match named {
        Some(id) => Err(OpError::not_found(
            format!("{id} is no delivery of this post."),
            "Show the post to see its deliveries.",
        )),
        None => Ok(()),
    }
}
