//! `channel disconnect`: for good, after saying in numbers what goes and stays.

use serde::Serialize;

use crate::cli::args::channel::Disconnect;
use crate::cli::ask;
use crate::cli::context::Context;
use crate::cli::json::ChannelJson;
use crate::cli::output::{Exit, Failure};
use crate::cli::words::count;
use crate::ops::disconnect::{DisconnectPreview, Receipt, Revoked, disconnect, preview};
use crate::ops::views;
use crate::store::disconnect::DisconnectCounts;

/// A channel after it was disconnected, as `--json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisconnectedJson {
    #[serde(flatten)]
    channel: ChannelJson,
    receipt: ReceiptJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptJson {
    already: bool,
    cancelled: u64,
    drafts_removed: u64,
    open: u64,
    cached_posts_deleted: u64,
    metrics_deleted: u64,
    comments_deleted: u64,
    published_kept: u64,
    siblings: u64,
    tokens_wiped: bool,
    wipe_pending: bool,
    backups_rewritten: usize,
    backups_problem: Option<String>,
    revoked: &'static str,
    revoked_detail: Option<String>,
    rule: &'static str,
}

impl From<&Receipt> for ReceiptJson {
    fn from(receipt: &Receipt) -> Self {
        let counts = &receipt.counts;
        let (revoked, revoked_detail) = match &receipt.revoked {
            Revoked::Asked => ("asked", None),
            Revoked::Refused(why) => ("refused", Some(why.clone())),
            Revoked::NotAsked(why) => ("not_asked", Some(why.clone())),
        };
        Self {
            already: receipt.already,
            cancelled: cancelled(counts),
            drafts_removed: counts.drafts,
            open: counts.open,
            cached_posts_deleted: counts.cached_posts,
            metrics_deleted: counts.metrics,
            comments_deleted: counts.comments,
            published_kept: counts.published,
            siblings: counts.siblings,
            tokens_wiped: receipt.wiped,
            wipe_pending: receipt.wipe_pending,
            backups_rewritten: receipt.backups_rewritten,
            backups_problem: receipt.backups_problem.clone(),
            revoked,
            revoked_detail,
            rule: receipt.rule,
        }
    }
}

fn cancelled(counts: &DisconnectCounts) -> u64 {
    counts.scheduled + counts.missed + counts.failed
}

fn cached(counts: &DisconnectCounts) -> u64 {
    counts.cached_posts + counts.metrics + counts.comments
}

/// `channel disconnect`
pub async fn run(context: &Context, command: &Disconnect) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, &command.id).await?;
    let before = preview(&hub, &id).await?;
    let name = views::channel(&hub, &id).await?.full_name();
    let would = words(&name, &before);
    if context.dry_run(&would)? {
        return Ok(Exit::Done);
    }
    if !before.already {
        confirm(context, command, &before, &would).await?;
    }
    let receipt = context.uncut(disconnect(&hub, &id)).await?;
    let view = views::channel(&hub, &id).await?;
    let json = DisconnectedJson {
        channel: ChannelJson::from(&view),
        receipt: ReceiptJson::from(&receipt),
    };
    context
        .output
        .done(&json, &receipt.words(&name).join("\n"))?;
    Ok(Exit::Done)
}

/// What will happen, in numbers.
fn words(name: &str, before: &DisconnectPreview) -> String {
    if before.already {
        return format!("{name} is disconnected already; nothing changes.");
    }
    let counts = &before.counts;
    let mut goes = vec![format!("{} cancelled", count(cancelled(counts), "post"))];
    if counts.drafts > 0 {
        goes.push(format!("{} removed", count(counts.drafts, "draft")));
    }
    if cached(counts) > 0 {
        goes.push(format!("{} deleted", count(cached(counts), "cached row")));
    }
    goes.push(if counts.siblings == 0 {
        "its tokens wiped".into()
    } else {
        format!(
            "its login stays for {}",
            count(counts.siblings, "other channel")
        )
    });
    let open = if counts.open > 0 {
        format!(
            " {} on the way end or are looked up.",
            count(counts.open, "post")
        )
    } else {
        String::new()
    };
    format!(
        "{name} is disconnected for good: {}; {} in the history.{open}",
        goes.join(", "),
        match counts.published {
            1 => "1 published post stays".to_owned(),
            n => format!("{n} published posts stay"),
        }
    )
}

/// Asks for the handle when posts would be cancelled, else for a yes.
async fn confirm(
    context: &Context,
    command: &Disconnect,
    before: &DisconnectPreview,
    would: &str,
) -> Result<(), Failure> {
    let handle = &before.channel.channel.handle;
    if let Some(typed) = &command.confirm_handle
        && !ask::same_name(typed, handle)
    {
        return Err(Failure::usage(
            "wrong_handle",
            format!("--confirm-handle says {typed}, but the channel is @{handle}."),
            "Nothing was changed; check which channel you mean.",
        ));
    }
    if !before.cancels_posts() {
        return ask::go_on(&context.flags, would).await;
    }
    if command.confirm_handle.is_some() {
        return ask::go_on(&context.flags, would).await;
    }
    if !ask::can_ask(&context.flags) {
        return Err(Failure::new(
            Exit::NeedsChoice,
            "needs_handle",
            would,
            format!(
                "Nothing was changed; repeat it with --yes --confirm-handle @{handle} to go on."
            ),
        ));
    }
    let question = format!("{would}\nType @{handle}, then Enter:");
    ask::type_name(&question, handle).await
}
