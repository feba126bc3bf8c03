//! Acts on the queue: cancel, delete, retry, reschedule, undo.

use super::super::args::post::{Many, Pick, Reschedule};
use super::super::ask;
use super::super::context::Context;
use super::super::output::{Exit, Failure, Shape};
use super::super::words::{count, local};
use super::{deliveries, held, ids, look, send};
use crate::domain::delivery::{Shown, State};
use crate::ops::Hub;
use crate::ops::posts::{self, How};
use crate::ops::views::DeliveryView;

/// The deliveries a command names, or everything a channel holds.
async fn picked(context: &Context, hub: &Hub, pick: &Pick) -> Result<Vec<DeliveryView>, Failure> {
    match &pick.channel {
        Some(channel) if pick.held => held(context, hub, channel).await,
        _ => deliveries(hub, &pick.ids).await,
    }
}

/// Prints deliveries after an act, or a sentence about them.
fn tell(context: &Context, json: &[impl serde::Serialize], sentence: &str) -> Result<(), Failure> {
    if context.output.shape == Shape::Json {
        context.output.json(json)
    } else {
        context.output.say(sentence)
    }
}

/// `post cancel`: undo takes it back, so nothing is asked for a single one.
pub async fn cancel(context: &Context, pick: &Pick) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let mut found = picked(context, &hub, pick).await?;
    // Of a whole post only what is not over; a delivery named by itself is
    // refused in words by the use case.
    if is_post(&pick.ids) {
        found.retain(|view| !is_over(view));
    }
    let found = posts::behind(&hub, &ids(&found)).await?;
    let open = found
        .iter()
        .filter(|view| view.shown != Shown::Cancelled)
        .count();
    let n = count(open as u64, "post");
    let would = format!("{n} will be cancelled and not go out.{}", next(&found));
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    if open > 1 {
        ask::go_on(&context.flags, &would).await?;
    }
    let after = posts::cancel(&hub, &ids(&found)).await?;
    let json = look::json(&hub, &after).await?;
    let sentence = if open == 0 {
        "Nothing was left to cancel.".to_owned()
    } else {
        format!("Cancelled {n}. Take it back with: allgreen post undo")
    };
    tell(context, &json, &sentence)?;
    Ok(Exit::Done)
}

/// Whether a whole post is among the names.
pub fn is_post(ids: &[String]) -> bool {
    ids.iter()
        .any(|id| id.to_ascii_lowercase().starts_with("pst_"))
}

/// Whether nothing can happen to it any more.
pub fn is_over(view: &DeliveryView) -> bool {
    matches!(view.shown, Shown::Published | Shown::Cancelled)
}

/// When the first of them was to go out.
fn next(found: &[DeliveryView]) -> String {
    found
        .iter()
        .filter(|view| view.delivery.state == State::Scheduled)
        .min_by_key(|view| view.delivery.due)
        .map(|view| {
            let delivery = &view.delivery;
            format!(
                " The first is due {}.",
                local(delivery.due, &delivery.timezone)
            )
        })
        .unwrap_or_default()
}

/// `post delete`: drafts go; everything a channel holds is cancelled.
pub async fn delete(context: &Context, pick: &Pick) -> Result<Exit, Failure> {
    if pick.held {
        return cancel(context, pick).await;
    }
    let hub = context.hub().await?;
    let found = picked(context, &hub, pick).await?;
    let found = posts::behind(&hub, &ids(&found)).await?;
    let drafts = found
        .iter()
        .filter(|view| view.shown != Shown::Cancelled)
        .count();
    let would = format!(
        "{} will be deleted for good.",
        count(drafts as u64, "draft")
    );
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    ask::go_on(&context.flags, &would).await?;
    let removed = posts::delete(&hub, &ids(&found)).await?;
    let sentence = if removed == 0 {
        "Nothing was left to delete; what was cancelled stays for the record, out of the queue."
            .to_owned()
    } else {
        format!("Deleted {}.", count(removed as u64, "draft"))
    };
    context
        .output
        .done(&serde_json::json!({ "deleted": removed }), &sentence)?;
    Ok(Exit::Done)
}

/// `post retry`
pub async fn retry(context: &Context, many: &Many) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let mut found = deliveries(&hub, &many.ids).await?;
    if is_post(&many.ids) {
        found.retain(|view| matches!(view.shown, Shown::Failed | Shown::Missed));
    }
    let n = count(found.len() as u64, "post");
    if context.dry_run(&format!("try {n} again now."))? {
        return Ok(Exit::Done);
    }
    let after = posts::retry(&hub, &ids(&found)).await?;
    send::follow(context, &hub, &after).await
}

/// `post reschedule`
pub async fn reschedule(context: &Context, command: &Reschedule) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let mut found = deliveries(&hub, &command.ids).await?;
    if is_post(&command.ids) {
        found.retain(|view| !is_over(view));
    }
    let how = match (&command.at, &command.by, command.spread) {
        (Some(at), ..) => How::At(at.clone()),
        (None, Some(by), _) => How::By(by.trim_start_matches('+').to_owned()),
        (None, None, every) => How::Spread {
            every: every.unwrap_or_default(),
            from: command.from.clone(),
        },
    };
    let n = count(found.len() as u64, "post");
    if context.dry_run(&format!("move {n}."))? {
        return Ok(Exit::Done);
    }
    let after = posts::reschedule(&hub, &ids(&found), how).await?;
    let json = look::json(&hub, &after).await?;
    let first = after.iter().min_by_key(|view| view.delivery.due);
    let when = first.map_or_else(String::new, |view| {
        local(view.delivery.due, &view.delivery.timezone)
    });
    let sentence = match after.len() {
        1 => format!("Moved to {when}. Take it back with: allgreen post undo"),
        _ => format!("Moved {n}, the first to {when}. Take it back with: allgreen post undo"),
    };
    tell(context, &json, &sentence)?;
    Ok(Exit::Done)
}

/// `post undo`
pub async fn undo(context: &Context) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    if context.dry_run("take back your last act on the queue.")? {
        return Ok(Exit::Done);
    }
    let undone = posts::undo_last(&hub).await?;
    let kept: Vec<_> = undone
        .kept
        .iter()
        .map(|(id, why)| serde_json::json!({ "id": id, "why": why }))
        .collect();
    // What was only just written has no "before".
    let mut sentence = if undone.what.starts_with("writing") {
        format!("Took back the {}: it is cancelled.", undone.what)
    } else if undone.asides > 0 {
        format!("Took back the {}.", undone.what)
    } else {
        let n = undone.restored.len() as u64;
        let be = if n == 1 { "is" } else { "are" };
        format!(
            "Took back the {}: {} {be} as before.",
            undone.what,
            count(n, "post")
        )
    };
    for (id, why) in &undone.kept {
        sentence.push_str(&format!("\n{id} stays: {why}"));
    }
    context.output.done(
        &serde_json::json!({
            "what": undone.what, "restored": undone.restored, "kept": kept,
        }),
        &sentence,
    )?;
    Ok(Exit::Done)
}
