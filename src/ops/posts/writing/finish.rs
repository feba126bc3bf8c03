//! Done with writing: the post is scheduled, sent, or put into the one it
//! changes.

use super::super::super::acting::Acting;
use super::super::super::time::{time_at, time_to_come};
use super::super::super::views::{PostView, post_view, watch};
use super::super::super::{Hub, OpError};
use super::super::acts::{Before, Done, Inverse, Machine};
use super::super::content;
use super::super::create::{PostTime, add as add_to, targets, text_for, warnings_for};
use super::super::retry::check;
use super::keep::{add, clear};
use super::{Seen, Writing, are_same, is_only_a_draft, of, put};
use crate::domain::delivery::{Delivery, State};
use crate::domain::ids::ChannelId;
use crate::domain::machine::Event;
use crate::domain::role::Act;
use crate::domain::when::civil;
use crate::store::Tx;
use crate::store::posts::{DraftTime, Time};

/// Schedules what was written, or sends it now; its draft becomes the post.
/// Everything is checked before anything is stored.
///
/// # Errors
/// When a channel does not take it, the time is past or does not exist, the
/// role does not allow it, or somebody else changed the draft since it was
/// seen.
pub async fn send_written(
    hub: &Hub,
    seen: Option<Seen>,
    writing: Writing,
    when: PostTime,
) -> Result<PostView, OpError> {
    let (networks, watch, spool) = (hub.networks.clone(), watch(hub), hub.paths.media.clone());
    let (view, dropped) = hub
        .change(move |tx, acting| {
            let workspace = acting.require(tx, &writing.workspace, Act::Queue)?;
            let time = match &when {
                PostTime::At(text) => time_to_come(text, &workspace.timezone, acting.now)?,
                PostTime::Now | PostTime::Draft => time_at(acting.now, &workspace.timezone),
            };
            let new = writing.as_new(when);
            let channels = targets(tx, acting, &new)?;
            if channels.is_empty() {
                return Err(no_channel());
            }
            let mut warnings = Vec::new();
            for channel in &channels {
                let text = text_for(&new, channel);
                let media = &writing.media;
                let problems = content::check(tx, &networks, channel, text, media, &new.options)?;
                content::refuse_problem(channel, &problems)?;
                warnings.extend(warnings_for(tx, channel, text, &time, &watch)?);
            }
            let stored = seen.as_ref().filter(|seen| tx.post(&seen.post).is_ok());
            let id = match stored {
                Some(seen) => {
                    // It may be scheduled, or live, by somebody else's hand.
                    let theirs = "Theirs stays. Do it again to schedule yours beside it.";
                    refuse_changed(tx, seen, theirs)?;
                    if !is_only_a_draft(tx, &seen.post)? {
                        return Err(changed(tx, seen, theirs)?);
                    }
                    clear(tx, &seen.post)?;
                    seen.post.clone()
                }
                None => add(tx, acting, &writing)?,
            };
            let dropped = put(tx, acting, &spool, &id, &writing)?;
            tx.set_draft_time(&id, &DraftTime::default())?;
            let post = tx.post(&id)?;
            let mut done = Done::new("writing");
            for channel in &channels {
                for id in add_to(tx, acting, &new, &post, channel, &time)? {
                    let made = Before::made(&tx.delivery(&id)?);
                    done.inverse.deliveries.push(made);
                }
            }
            done.finish(tx, acting, "post.create")?;
            let mut view = post_view(tx, &id, acting.now)?;
            view.warnings = warnings;
            Ok((view, dropped))
        })
        .await?;
    if !dropped.is_empty() {
        content::let_go(hub, dropped).await;
    }
    Ok(view)
}

/// A post that was changed.
#[derive(Clone, Debug)]
pub struct Saved {
    /// As it is now.
    pub view: PostView,
    /// Whether undo takes it back: not when its media changed.
    pub undoable: bool,
}

/// Puts what was written into the post it changes, and removes the draft it was
/// kept in. A channel that is not among its targets any more is cancelled, one
/// that is new is scheduled with the others; what went out stays as it is.
///
/// # Errors
/// As [`send_written`], and when nothing of the post can be changed any more.
pub async fn save(
    hub: &Hub,
    original: Seen,
    draft: Option<Seen>,
    writing: Writing,
) -> Result<Saved, OpError> {
    let (machine, spool) = (Machine::of(hub), hub.paths.media.clone());
    let (saved, dropped) = hub
        .change(move |tx, acting| {
            acting.require(tx, &writing.workspace, Act::Queue)?;
            refuse_changed(tx, &original, "Do it again to put yours over theirs.")?;
            let id = original.post.clone();
            let before = tx.post(&id)?;
            let all = tx.deliveries(&of(&id))?;
            let (open, closed): (Vec<_>, Vec<_>) = all.into_iter().partition(Delivery::is_open);
            let time = time(tx, acting, &open, &writing)?;
            let media_changed = !are_same(&tx.media_of(&id)?, &writing.media);
            refuse_closed(&open, &closed, media_changed)?;
            let mut done = Done::new("editing");
            let changed = before.text != writing.text;
            for one in closed.iter().filter(|one| changed && one.text.is_none()) {
                tx.set_delivery_text(&one.id, Some(&before.text))?;
            }
            for one in &open {
                let wanted = writing.to.iter().find(|(to, _)| *to == one.channel_id);
                let Some((_, own)) = wanted else {
                    machine.cancel(tx, acting, &one.id, &mut done)?;
                    continue;
                };
                machine.act(tx, acting, &one.id, Event::Edit, &mut done)?;
                tx.set_delivery_text(&one.id, own.as_deref())?;
                tx.set_only_on_time(&one.id, writing.only_on_time)?;
                if let Some(time) = time.as_ref().filter(|time| time.due != one.due) {
                    machine.set_time(tx, acting, &one.id, time, &mut done)?;
                }
            }
            if changed {
                done.inverse.post_text = Some((id.clone(), before.text.clone()));
            }
            let mut dropped = put(tx, acting, &spool, &id, &writing)?;
            let known: Vec<&ChannelId> = open.iter().map(|one| &one.channel_id).collect();
            let added = writing.to.iter().filter(|(to, _)| !known.contains(&to));
            let added: Vec<_> = added.cloned().collect();
            if let Some(time) = time.or_else(|| time_of(open.first())) {
                add_more(tx, acting, &original, &writing, added, &time, &mut done)?;
            }
            if media_changed {
                // The old copies may be gone by then, so there is no way back.
                done.inverse = Inverse::default();
                let workspace = Some(&writing.workspace);
                let detail = serde_json::json!({ "media": writing.media.len() });
                acting.audit(tx, workspace, "post.edit", id.as_str(), &detail)?;
            }
            for one in tx.deliveries(&of(&id))? {
                if one.state == State::Scheduled {
                    check(tx, &machine, &one)?;
                }
            }
            // What somebody else wrote in it meanwhile stays.
            if let Some(draft) = &draft
                && tx.post(&draft.post).is_ok()
                && draft.is_so(tx)?
                && is_only_a_draft(tx, &draft.post)?
            {
                dropped.extend(clear(tx, &draft.post)?);
                tx.remove_untargeted(&draft.post)?;
            }
            done.finish(tx, acting, "post.edit")?;
            let view = post_view(tx, &id, acting.now)?;
            let undoable = !media_changed;
            Ok((Saved { view, undoable }, dropped))
        })
        .await?;
    if !dropped.is_empty() {
        content::let_go(hub, dropped).await;
    }
    Ok(saved)
}

/// The time that was written, when there is one.
fn time(
    tx: &Tx<'_>,
    acting: &Acting,
    open: &[Delivery],
    writing: &Writing,
) -> Result<Option<Time>, OpError> {
    let Some(text) = &writing.when else {
        return Ok(None);
    };
    let zone = tx.workspace(&writing.workspace)?.timezone;
    // Left as it was, nothing moves: not even what is late, or due in the hour
    // that comes twice.
    if open.iter().all(|one| civil(one.due, &zone) == text.trim()) {
        return Ok(None);
    }
    Ok(Some(time_to_come(text, &zone, acting.now)?))
}

fn time_of(delivery: Option<&Delivery>) -> Option<Time> {
    delivery.map(|one| Time {
        due: one.due,
        civil: one.civil.clone(),
        timezone: one.timezone.clone(),
    })
}

/// Schedules the post on more channels.
fn add_more(
    tx: &Tx<'_>,
    acting: &Acting,
    original: &Seen,
    writing: &Writing,
    added: Vec<(ChannelId, Option<String>)>,
    time: &Time,
    done: &mut Done,
) -> Result<(), OpError> {
    let some = Writing {
        to: added,
        ..writing.clone()
    };
    let new = some.as_new(PostTime::At(time.civil.clone()));
    let post = tx.post(&original.post)?;
    for channel in &targets(tx, acting, &new)? {
        for id in add_to(tx, acting, &new, &post, channel, time)? {
            let made = Before::made(&tx.delivery(&id)?);
            done.inverse.deliveries.push(made);
        }
    }
    Ok(())
}

fn refuse_changed(tx: &Tx<'_>, seen: &Seen, then: &str) -> Result<(), OpError> {
    if seen.is_so(tx)? {
        return Ok(());
    }
    Err(changed(tx, seen, then)?)
}

fn changed(tx: &Tx<'_>, seen: &Seen, then: &str) -> Result<OpError, OpError> {
    Ok(OpError::failed(
        "changed_meanwhile",
        format!("{}, after you opened it.", seen.by_whom(tx)?),
        format!("Yours is kept as a draft. {then}"),
    ))
}

fn refuse_closed(
    open: &[Delivery],
    closed: &[Delivery],
    media_changed: bool,
) -> Result<(), OpError> {
    if open.is_empty() {
        return Err(OpError::failed(
            "not_editable",
            "Nothing of this post can be changed any more.",
            "Yours is kept as a draft; schedule it as a new post.",
        ));
    }
    let live = closed.iter().find(|one| one.state != State::Cancelled);
    match live.filter(|_| media_changed) {
        None => Ok(()),
        Some(one) => Err(OpError::failed(
            "not_editable",
            format!("The media stay: @{} has it with these already.", one.handle),
            "Put the media back as they were, or write a new post.",
        )),
    }
}

fn no_channel() -> OpError {
    OpError::usage(
        "no_channel",
        "The post goes to no channel.",
        "Tick at least one.",
    )
}
