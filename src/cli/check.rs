//! `check`: is all green? For cron, monitoring and the morning.

use std::time::Duration;

use super::args::hub::Check;
use super::channel::acts;
use super::context::Context;
use super::json::CheckJson;
use super::output::{Exit, Failure, Shape, Table};
use super::words::{count, lamp};
use super::{json, publisher};
use crate::domain::delivery::Blocker;
use crate::domain::publisher::CommandKind;
use crate::domain::words::Wall;
use crate::ops::Hub;
use crate::ops::runbook::{self, Of};
use crate::ops::views::{CheckView, Checked, Verdict, check};

/// Says whether all is green; the exit code is the verdict.
///
/// # Errors
/// When it could not be found out: the caller turns that into "cannot tell".
pub async fn run(context: &Context, command: &Check) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    if command.probe && !context.dry_run_flag() {
        let before = check(&hub, &scope, command.horizon).await?;
        probe_all(context, &hub, &before).await?;
    }
    let view = check(&hub, &scope, command.horizon).await?;
    if command.guide && context.output.shape != Shape::Json {
        guide(context, &hub, Of::Scope(scope), command.horizon).await?;
        return Ok(Exit::Verdict(view.verdict.exit_code()));
    }
    context.output.one(&CheckJson::from(&view), &table(&view))?;
    context.output.progress(&summary(&view));
    Ok(Exit::Verdict(view.verdict.exit_code()))
}

/// Has every channel proved. What cannot be proved shows in its lamp.
async fn probe_all(context: &Context, hub: &Hub, view: &CheckView) -> Result<(), Failure> {
    let ids: Vec<_> = view
        .channels
        .iter()
        .map(|checked| checked.channel.summary.channel.id.clone())
        .collect();
    acts::ask_all(context, hub, CommandKind::Probe, &ids).await?;
    Ok(())
}

fn table(view: &CheckView) -> Table {
    let mut table = Table::new(
        &["lamp", "channel", "why", "at risk", "do this"],
        "No channel is connected.",
    );
    for checked in &view.channels {
        let channel = &checked.channel;
        table.row(vec![
            lamp(json::lamp_name(channel.lamp)),
            channel.full_name().into(),
            channel.words.as_str().into(),
            at_risk(checked).into(),
            channel.fix.as_str().into(),
        ]);
    }
    table
}

fn at_risk(checked: &Checked) -> String {
    let risk = checked.at_risk;
    if risk.d7 == 0 {
        return String::new();
    }
    format!(
        "{} in 1 h, {} in 24 h, {} in 7 d",
        risk.h1, risk.h24, risk.d7
    )
}

fn summary(view: &CheckView) -> String {
    let all = view.green + view.attention + view.broken;
    let mut text = format!("{} of {} healthy.", view.green, count(all, "channel"));
    if let Some(waits) = view.waits {
        let see = match waits {
            Blocker::Restored => "allgreen restore",
            Blocker::ClockSuspect
            | Blocker::ChannelDisconnected
            | Blocker::Paused
            | Blocker::EarlierPart => "allgreen incident list",
        };
        text.push_str(&format!(" Nothing goes out. {}: {see}.", waits.words()));
    }
    if view.verdict == Verdict::CannotTell || !view.publisher.running {
        text.push_str(&format!(
            " {}: start one with: allgreen daemon",
            publisher::words(&view.publisher)
        ));
    }
    text
}

/// What needs a hand, numbered, with the command for each; no table, and no sign
/// without its word.
///
/// # Errors
/// When the store cannot be read.
pub async fn guide(
    context: &Context,
    hub: &Hub,
    of: Of,
    horizon: Option<Duration>,
) -> Result<(), Failure> {
    let walk = runbook::walk_ahead(hub, &of, None, horizon).await?;
    let wall = Wall {
        now: context.now(),
        zone: jiff::tz::TimeZone::system(),
    };
    let items = runbook::items(&walk, &wall);
    let healthy = format!(
        "{} of {} healthy.",
        walk.healthy,
        count(walk.channels as u64, "channel")
    );
    let mut lines = vec![match items.len() {
        0 => format!("Nothing needs you. {healthy}"),
        1 => format!("1 thing needs a hand. {healthy}"),
        n => format!("{n} things need a hand. {healthy}"),
    }];
    for (at, item) in items.iter().enumerate() {
        lines.extend(item.lines(at + 1, &wall));
    }
    lines.push(walk.after(&wall));
    context.output.text(&lines.join("\n"))
}
