//! `check`: is all green? For cron, monitoring and the morning.

use super::args::hub::Check;
use super::channel::acts;
use super::context::Context;
use super::json::CheckJson;
use super::output::{Exit, Failure, Shape, Table};
use super::words::{count, lamp};
use super::{json, publisher};
use crate::domain::channel::Cause;
use crate::domain::delivery::Blocker;
use crate::domain::publisher::CommandKind;
use crate::ops::Hub;
use crate::ops::views::{CheckView, Checked, Lamp, Verdict, check};

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
    context.output.one(&CheckJson::from(&view), &table(&view))?;
    if context.output.shape != Shape::Json {
        if command.guide {
            guide(context, &view)?;
        }
        context.output.progress(&summary(&view));
    }
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

/// What to do for each channel that is not green, step by step.
fn guide(context: &Context, view: &CheckView) -> Result<(), Failure> {
    for checked in &view.channels {
        let channel = &checked.channel;
        if channel.lamp == Lamp::Green {
            continue;
        }
        let mut lines = vec![format!("\n{}: {}", channel.full_name(), channel.words)];
        let steps = steps(channel.summary.channel.cause, &channel.fix);
        for (number, step) in steps.iter().enumerate() {
            lines.push(format!("  {}. {step}", number + 1));
        }
        context.output.text(&lines.join("\n"))?;
    }
    Ok(())
}

/// The ordered steps of a cause; the last one is the command that mends.
fn steps(cause: Cause, fix: &str) -> Vec<String> {
    let first: &[&str] = match cause {
        Cause::Restricted => &[
            "Log in at the network: it says what it restricts and how to clear that.",
            "Clear it there; usually a mail explains the steps.",
        ],
        Cause::SecurityReview => {
            &["Log in at the network and prove who you are; usually a mail explains the steps."]
        }
        Cause::RoleLost => &["Ask an admin of the account for your role again."],
        Cause::AccountGone => &[
            "See at the network whether the account was deactivated; it can often be brought back for 30 days.",
        ],
        Cause::AppRemoved | Cause::AccessWithdrawn | Cause::PasswordChanged => {
            &["Make a new app password in the account's settings, for this program alone."]
        }
        Cause::ScopeMissing => &["Log in again and leave every permission ticked."],
        _ => &[],
    };
    let mut steps: Vec<String> = first.iter().map(|step| (*step).to_owned()).collect();
    if !fix.is_empty() {
        steps.push(format!("Run: {fix}"));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_ends_with_the_command_that_mends_it() {
        for cause in Cause::ALL {
            let steps = steps(*cause, "allgreen channel reconnect x");
            assert_eq!(
                steps.last().map(String::as_str),
                Some("Run: allgreen channel reconnect x")
            );
        }
    }
}
