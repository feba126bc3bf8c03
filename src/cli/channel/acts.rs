//! Acts on channels: prove, refresh, release.

use serde::Serialize;

use crate::cli::args::channel::{Probe, Release};
use crate::cli::context::Context;
use crate::cli::json::ChannelJson;
use crate::cli::output::{Exit, Failure, Shape};
use crate::cli::post::plan;
use crate::cli::publisher;
use crate::cli::words::count;
use crate::domain::ids::ChannelId;
use crate::domain::publisher::CommandKind;
use crate::ops::Hub;
use crate::ops::probe::{Asked, ask};
use crate::ops::release::{LateAnswer, ReleaseAnswer, release as release_late};
use crate::ops::views::{self, ChannelView};

/// A channel after the publisher was asked about it, as `--json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskedJson {
    #[serde(flatten)]
    channel: ChannelJson,
    outcome: &'static str,
    said: Option<String>,
}

/// `channel probe`
pub async fn probe(context: &Context, command: &Probe) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let mut ids = Vec::new();
    if command.all {
        let scope = context.scope(&hub).await?;
        let all = views::channels(&hub, &scope).await?;
        ids.extend(all.into_iter().map(|view| view.summary.channel.id));
    } else {
        for text in &command.ids {
            ids.push(context.channel(&hub, text).await?);
        }
    }
    if context.dry_run(&format!("prove {}.", count(ids.len() as u64, "channel")))? {
        return Ok(Exit::Done);
    }
    let asked = ask_all(context, &hub, CommandKind::Probe, &ids).await?;
    report(context, &hub, &asked, true).await
}

/// `channel refresh`
pub async fn refresh(context: &Context, text: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, text).await?;
    let view = views::channel(&hub, &id).await?;
    if context.dry_run(&format!("refresh the login of {}.", view.full_name()))? {
        return Ok(Exit::Done);
    }
    let asked = ask_all(context, &hub, CommandKind::Refresh, &[id]).await?;
    report(context, &hub, &asked, false).await
}

/// Asks the publisher about each channel at once, then waits for all of them.
///
/// # Errors
/// When the role does not allow it, or the publisher is silent.
pub async fn ask_all(
    context: &Context,
    hub: &Hub,
    kind: CommandKind,
    ids: &[ChannelId],
) -> Result<Vec<(ChannelId, Asked)>, Failure> {
    let mut commands = Vec::new();
    for id in ids {
        commands.push((id.clone(), ask(hub, kind, id.as_str()).await?));
    }
    if !ids.is_empty() {
        let n = count(ids.len() as u64, "channel");
        context.output.progress(&match kind {
            CommandKind::Refresh => format!("Refreshing the login of {n}."),
            CommandKind::Read => format!("Reading {n}."),
            _ => format!("Proving {n}."),
        });
    }
    // The span is for all of them together, not for each.
    let until = context.now().plus(context.wait());
    let mut asked = Vec::new();
    for (id, command) in commands {
        let left = until.since(context.now());
        let outcome = publisher::carried_out(context, hub, &command, left).await?;
        asked.push((id, outcome));
    }
    Ok(asked)
}

/// Prints each channel with what was said about it.
async fn report(
    context: &Context,
    hub: &Hub,
    asked: &[(ChannelId, Asked)],
    as_list: bool,
) -> Result<Exit, Failure> {
    let mut json = Vec::new();
    let mut open = 0;
    let mut refused = None;
    for (id, outcome) in asked {
        let view = views::channel(hub, id).await?;
        let (word, said) = match outcome {
            Asked::Done { ok: true, text } => ("done", Some(text.clone())),
            Asked::Done { ok: false, text } => {
                refused.get_or_insert_with(|| not_proved(&view, text));
                ("failed", Some(text.clone()))
            }
            Asked::Running => ("running", None),
            Asked::Queued => ("queued", None),
        };
        if said.is_none() {
            open += 1;
        }
        if context.output.shape != Shape::Json
            && word == "done"
            && let Some(said) = &said
        {
            context.output.say(said)?;
        }
        json.push(AskedJson {
            channel: ChannelJson::from(&view),
            outcome: word,
            said,
        });
    }
    if context.output.shape == Shape::Json {
        match (as_list, json.as_slice()) {
            (false, [one]) => context.output.json(one)?,
            (_, all) => context.output.json(all)?,
        }
    }
    if let Some(failure) = refused {
        return Err(failure);
    }
    if open > 0 {
        return Ok(publisher::queued(context, open, "request"));
    }
    Ok(Exit::Done)
}

fn not_proved(view: &ChannelView, said: &str) -> Failure {
    let hint = if view.fix.is_empty() {
        format!("See: allgreen channel show {}", view.full_name())
    } else {
        format!("Run: {}", view.fix)
    };
    Failure::failed("not_proved", said, hint)
}

/// `channel release`
pub async fn release(context: &Context, command: &Release) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, &command.id).await?;
    let before = crate::ops::release::plan(&hub, &id).await?;
    let late = before.late.len() as u64;
    if context.dry_run(&format!(
        "send {} now, one after the other.",
        count(late, "late post")
    ))? {
        return Ok(Exit::Done);
    }
    let answer = ReleaseAnswer {
        late: LateAnswer::Send,
        spread: command.spread,
        ..ReleaseAnswer::default()
    };
    let after = release_late(&hub, &id, answer).await?;
    let sentence = format!("{} released.", count(late, "late post"));
    context
        .output
        .done(&plan::PlanJson::from(&after), &sentence)?;
    Ok(Exit::Done)
}
