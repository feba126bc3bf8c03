//! Stopping channels and letting them go on, one or several at once.

use crate::cli::context::Context;
use crate::cli::json::ChannelJson;
use crate::cli::output::{Exit, Failure, Shape};
use crate::cli::words::count;
use crate::domain::ids::ChannelId;
use crate::ops::views::{self, ChannelView};
use crate::ops::{Hub, pause as pausing};

/// `channel pause`: all of them or none.
pub async fn pause(context: &Context, names: &[String]) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let before = named(context, &hub, names).await?;
    if context.dry_run(&format!("pause {}.", together(&before)))? {
        return Ok(Exit::Done);
    }
    let after = pausing::several(&hub, &ids(&before), true).await?;
    let lines = after.iter().map(|view| {
        let held = match view.held {
            1 => "1 post is".to_owned(),
            0 => "its posts are".to_owned(),
            n => format!("{n} posts are"),
        };
        let name = view.full_name();
        format!("{name} is paused; {held} held until: allgreen channel resume {name}")
    });
    tell(context, names, &after, lines.collect())
}

/// `channel resume`: all of them or none.
pub async fn resume(context: &Context, names: &[String]) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let before = named(context, &hub, names).await?;
    if context.dry_run(&format!("resume {}.", together(&before)))? {
        return Ok(Exit::Done);
    }
    let after = pausing::several(&hub, &ids(&before), false).await?;
    let lines = before.iter().map(|view| match view.held {
        0 => format!("{} publishes again.", view.full_name()),
        n => format!(
            "{} publishes again; {} waited.",
            view.full_name(),
            count(n, "post")
        ),
    });
    tell(context, names, &after, lines.collect())
}

/// The channels that are named, each once.
async fn named(
    context: &Context,
    hub: &Hub,
    names: &[String],
) -> Result<Vec<ChannelView>, Failure> {
    let mut all: Vec<ChannelView> = Vec::new();
    for name in names {
        let id = context.channel(hub, name).await?;
        if all.iter().all(|one| one.summary.channel.id != id) {
            all.push(views::channel(hub, &id).await?);
        }
    }
    Ok(all)
}

fn ids(views: &[ChannelView]) -> Vec<ChannelId> {
    let ids = views.iter().map(|view| view.summary.channel.id.clone());
    ids.collect()
}

fn together(views: &[ChannelView]) -> String {
    match views {
        [one] => one.full_name(),
        several => count(several.len() as u64, "channel"),
    }
}

/// Prints what was done: as JSON one channel where one was named, else a list.
fn tell(
    context: &Context,
    names: &[String],
    after: &[ChannelView],
    lines: Vec<String>,
) -> Result<Exit, Failure> {
    let json: Vec<ChannelJson> = after.iter().map(ChannelJson::from).collect();
    match (context.output.shape, names, json.as_slice()) {
        (Shape::Json, [_], [one]) => context.output.json(one)?,
        (Shape::Json, _, several) => context.output.json(several)?,
        _ => context.output.say(&lines.join("\n"))?,
    }
    Ok(Exit::Done)
}
