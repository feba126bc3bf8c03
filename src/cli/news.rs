//! `notice` and `incident`: what happened and what goes on.

use super::args::hub::{Incident, Notice};
use super::context::Context;
use super::json::{IncidentJson, NoticeJson};
use super::output::table::Look;
use super::output::{Cell, Exit, Failure, Table};
use super::words::{ago, count, maybe_ago};
use crate::domain::ids::NoticeId;
use crate::domain::notice::Severity;
use crate::ops::{Hub, Scope, notices, views};

/// How many are listed.
const LISTED: u32 = 500;

/// Carries out a `notice` command.
///
/// # Errors
/// What `ops` refuses.
pub async fn notice(context: &Context, command: &Notice) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    match command {
        Notice::List { unread } => {
            let scope = context.scope(&hub).await?;
            let list = views::notices(&hub, &scope, *unread, LISTED).await?;
            let now = context.now();
            let mut table = Table::new(
                &["severity", "when", "text", "command", "id"],
                "Nothing happened.",
            );
            for one in &list {
                table.row(vec![
                    severity(one.severity),
                    ago(one.created_at, now),
                    one.text.as_str().into(),
                    one.command.as_deref().unwrap_or_default().into(),
                    one.id.as_str().into(),
                ]);
            }
            let json: Vec<_> = list.iter().map(NoticeJson::from).collect();
            context.output.list(&json, &table)?;
        }
        Notice::Read { ids, all } => read(context, &hub, ids, *all).await?,
    }
    Ok(Exit::Done)
}

async fn read(context: &Context, hub: &Hub, ids: &[String], all: bool) -> Result<(), Failure> {
    let unread = views::notices(hub, &Scope::All, true, u32::MAX).await?;
    let chosen = if all {
        unread.into_iter().map(|one| one.id).collect()
    } else {
        let every = views::notices(hub, &Scope::All, false, u32::MAX).await?;
        let known: Vec<_> = every.into_iter().map(|one| one.id).collect();
        ids.iter()
            .map(|text| beginning_with(&known, text))
            .collect::<Result<Vec<_>, _>>()?
    };
    let n = count(chosen.len() as u64, "notice");
    if context.dry_run(&format!("mark {n} as read."))? {
        return Ok(());
    }
    let done = if all {
        notices::read_all(hub).await?
    } else {
        notices::read(hub, &chosen).await?
    };
    context.output.done(
        &serde_json::json!({ "read": done }),
        &format!("Marked {} as read.", count(done as u64, "notice")),
    )
}

/// The one notice whose id begins with what was typed.
fn beginning_with(known: &[NoticeId], text: &str) -> Result<NoticeId, Failure> {
    let found: Vec<_> = known
        .iter()
        .filter(|id| id.as_str().to_lowercase().starts_with(&text.to_lowercase()))
        .collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::new(
            Exit::NotFound,
            "not_found",
            format!("There is no notice {text}."),
            "List notices with: allgreen notice list",
        )),
        many => Err(Failure::usage(
            "ambiguous",
            format!("\"{text}\" could be {} notices.", many.len()),
            "Write more of it, or the whole id.",
        )),
    }
}

/// Carries out an `incident` command.
///
/// # Errors
/// What `ops` refuses.
pub async fn incident(context: &Context, command: Incident) -> Result<Exit, Failure> {
    let Incident::List { open } = command;
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let list = views::incidents(&hub, &scope, open, LISTED).await?;
    let now = context.now();
    let mut table = Table::new(
        &["severity", "opened", "resolved", "text", "command", "id"],
        "No incident.",
    );
    for one in &list {
        table.row(vec![
            severity(one.severity),
            ago(one.opened_at, now),
            maybe_ago(one.resolved_at, now),
            one.text.as_str().into(),
            one.command.as_deref().unwrap_or_default().into(),
            one.id.as_str().into(),
        ]);
    }
    let json: Vec<_> = list.iter().map(IncidentJson::from).collect();
    context.output.list(&json, &table)?;
    Ok(Exit::Done)
}

fn severity(severity: Severity) -> Cell {
    match severity {
        Severity::Info => Cell::marked("info", Look::Good, "\u{25cf}", "+"),
        Severity::Attention => Cell::marked("attention", Look::Warn, "\u{25b2}", "!"),
        Severity::Broken => Cell::marked("broken", Look::Bad, "\u{2716}", "x"),
    }
}
