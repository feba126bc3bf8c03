//! `backup` and `restore`: a copy to take away, and going back to one.

use std::path::Path;

use serde::Serialize;

use super::args::store::{Backup, Restore};
use super::ask;
use super::context::Context;
use super::output::{Exit, Failure};
use super::words::{count, span};
use crate::ops::restore::{self, Place};
use crate::ops::{OpError, backup};
use crate::support::entropy::Entropy;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoredJson {
    /// The host that must publish no more; `null` once that is confirmed.
    confirm_host: Option<String>,
    /// Where the database is that was there before.
    before: Option<String>,
    missed: Option<u64>,
    unknown: Option<u64>,
    reconnect: Option<u64>,
}

/// Carries out `backup`.
///
/// # Errors
/// What `ops::backup` refuses.
pub async fn take(context: &Context, command: &Backup) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let file = std::path::absolute(&command.file).unwrap_or_else(|_| command.file.clone());
    let what = format!("write a copy without credentials to {}.", file.display());
    if context.dry_run(&what)? {
        return Ok(Exit::Done);
    }
    backup::export(&hub, file.clone(), context.flags.yes).await?;
    let json = serde_json::json!({ "file": file.display().to_string() });
    context.output.done(
        &json,
        &format!(
            "{} is whole. It holds every post and all history, but no token and no media: after a restore every channel is reconnected.",
            file.display()
        ),
    )?;
    Ok(Exit::Done)
}

/// Carries out `restore`.
///
/// # Errors
/// What `ops::restore` refuses.
pub async fn go_back(context: &Context, command: &Restore) -> Result<Exit, Failure> {
    if context.flags.read_only {
        return Err(Failure::usage(
            "read_only",
            "Restoring changes everything, and --read-only forbids it.",
            "Leave that flag out.",
        ));
    }
    let mut before = None;
    if let Some(file) = &command.file {
        let Some(aside) = put(context, file).await? else {
            return Ok(Exit::Done);
        };
        before = aside;
    }
    confirm(context, command.confirm_host.as_deref(), before).await
}

/// Puts the backup in place; `None` when it was only a dry run.
async fn put(context: &Context, file: &Path) -> Result<Option<Option<String>>, Failure> {
    let paths = super::config::places(context)?;
    paths.create()?;
    let place = Place {
        paths,
        entropy: Entropy::os(),
        operator: context.flags.operator.clone(),
        now: context.now(),
    };
    let file = file.to_path_buf();
    let look = file.clone();
    let (place, found) = off_thread(move || {
        let found = restore::look(&place, &look)?;
        Ok((place, found))
    })
    .await?;
    let age = restore::age(&file, context.now())
        .map_or_else(String::new, |age| format!(", written {} ago", span(age)));
    let would = format!(
        "{} from {}{age} takes the place of the present store, which is kept beside it. It holds {}; {} due by now will be missed and not sent.",
        file.display(),
        found.host,
        count(found.scheduled, "scheduled post"),
        found.due,
    );
    if context.dry_run(&would)? {
        return Ok(None);
    }
    ask::go_on(&context.flags, &would).await?;
    let aside = off_thread(move || restore::put(&place, &file)).await?;
    Ok(Some(aside.map(|path| path.display().to_string())))
}

async fn confirm(
    context: &Context,
    named: Option<&str>,
    before: Option<String>,
) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    if let Some(path) = &before {
        context.output.progress(&format!(
            "The store before it, with its sealed tokens, is kept as {path}."
        ));
    }
    let Some(host) = restore::waits_for(&hub).await? else {
        return Err(Failure::failed(
            "not_restored",
            "This store was not restored, or somebody confirmed it already.",
            "Name a backup: allgreen restore FILE.",
        ));
    };
    let typed = match named {
        Some(typed) => typed.to_owned(),
        None if ask::can_ask(&context.flags) => {
            ask::text(&format!(
                "Two stores that publish would post everything twice. Make sure that {host} publishes no more, then type its name:"
            ))
            .await?
        }
        None => {
            let json = RestoredJson {
                confirm_host: Some(host.clone()),
                before,
                missed: None,
                unknown: None,
                reconnect: None,
            };
            context.output.done(
                &json,
                &format!(
                    "Restored; it speaks to no network yet. Make sure that {host} publishes no more, then: allgreen restore --confirm-host {host}"
                ),
            )?;
            return Ok(Exit::NeedsChoice);
        }
    };
    let done = restore::confirm(&hub, &typed).await?;
    let json = RestoredJson {
        confirm_host: None,
        before,
        missed: Some(done.missed),
        unknown: Some(done.unknown),
        reconnect: Some(done.reconnect),
    };
    context.output.done(
        &json,
        &format!(
            "Confirmed: this store may publish. {} missed, {} to be looked up, {} to reconnect.",
            count(done.missed, "post"),
            count(done.unknown, "send"),
            count(done.reconnect, "channel"),
        ),
    )?;
    Ok(Exit::Done)
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpError> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Failure::interrupted()),
    }
}
