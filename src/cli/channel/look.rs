//! Looking at channels: list, one in full, its history.

use crate::cli::args::channel::{LampWord, List};
use crate::cli::context::Context;
use crate::cli::json::{ChannelJson, HistoryJson, lamp_name};
use crate::cli::output::table::Look;
use crate::cli::output::{Cell, Exit, Failure, Table};
use crate::cli::words::{ago, lamp, maybe_ago};
use crate::domain::channel::{Channel, Expiry, Status};
use crate::ops::views::{self, ChannelView, Lamp, Pages};
use crate::support::time::UtcMs;

/// How many lines of history are printed.
const HISTORY: u32 = 500;

/// Prints the channels of the scope, what needs a person first.
pub async fn list(context: &Context, command: &List) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let mut channels = views::channels_with(&hub, &scope, command.include_disconnected).await?;
    channels.retain(|view| {
        command.lamp.is_none_or(|word| fits(word, view.lamp))
            && command
                .network
                .is_none_or(|network| view.summary.channel.kind.network() == network)
    });
    let now = context.now();
    let mut table = Table::new(
        &["lamp", "channel", "why", "held", "next due", "proof", "id"],
        "No channel here. Connect one with: allgreen channel connect bluesky --handle NAME",
    );
    for view in &channels {
        let channel = &view.summary.channel;
        table.row(vec![
            lamp_cell(view),
            view.full_name().into(),
            why(view).into(),
            Cell::new(
                view.held.to_string(),
                if view.held > 0 {
                    Look::Bad
                } else {
                    Look::Plain
                },
            ),
            maybe_ago(view.summary.next_due, now),
            maybe_ago(channel.last_proof_at, now),
            channel.id.as_str().into(),
        ]);
    }
    let json: Vec<_> = channels.iter().map(ChannelJson::from).collect();
    context.output.list(&json, &table)?;
    Ok(Exit::Done)
}

fn fits(word: LampWord, lamp: Lamp) -> bool {
    matches!(
        (word, lamp),
        (LampWord::Green, Lamp::Green)
            | (LampWord::Attention, Lamp::Attention)
            | (LampWord::Broken, Lamp::Broken)
    )
}

fn lamp_cell(view: &ChannelView) -> Cell {
    if view.summary.channel.status == Status::Disconnected {
        return Cell::marked("disconnected", Look::Dim, "\u{2013}", "-");
    }
    lamp(lamp_name(view.lamp))
}

/// The cause in words, with the pause beside it: the lamp keeps its truth.
fn why(view: &ChannelView) -> String {
    if view.summary.channel.paused_at.is_some() {
        format!("{}, paused", view.words)
    } else {
        view.words.clone()
    }
}

/// Prints everything known about one channel.
pub async fn show(context: &Context, text: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, text).await?;
    let view = views::channel(&hub, &id).await?;
    let pages = views::pages(&hub, &view.summary.channel).await?;
    context.output.one(
        &ChannelJson::from(&view),
        &facts(&view, &pages, context.now()),
    )?;
    Ok(Exit::Done)
}

fn facts(view: &ChannelView, pages: &Pages, now: UtcMs) -> Table {
    let channel = &view.summary.channel;
    let mut table = Table::facts();
    table.fact("channel", view.full_name());
    table.fact("id", channel.id.as_str());
    table.fact("lamp", lamp_cell(view));
    table.fact("why", why(view));
    table.fact("status", channel.status.name());
    table.fact("since", ago(channel.status_since, now));
    evidence(&mut table, channel);
    if !view.fix.is_empty() {
        table.fact("do this", view.fix.as_str());
    }
    table.fact("publishes", if channel.can_send() { "yes" } else { "no" });
    table.fact("held", view.held.to_string());
    table.maybe("next due", view.summary.next_due.map(|at| ago(at, now)));
    table.fact("account", channel.remote_id.as_str());
    table.fact("server", channel.server.as_str());
    table.fact("login", channel.login_method.as_str());
    table.fact("connected", ago(channel.connected_at, now));
    table.maybe("reconnected", channel.reconnected_at.map(|at| ago(at, now)));
    tokens(&mut table, channel, now);
    table.fact("last proof", maybe_ago(channel.last_proof_at, now));
    table.fact("last post", maybe_ago(channel.last_published_at, now));
    table.maybe("paused", channel.paused_at.map(|at| ago(at, now)));
    table.maybe(
        "disconnected",
        channel.disconnected_at.map(|at| ago(at, now)),
    );
    table.maybe(
        "follows",
        channel.previous_id.as_ref().map(|id| id.as_str()),
    );
    table.maybe("permissions", pages.permissions.as_deref());
    table.maybe("status page", pages.status.as_deref());
    table
}

fn evidence(table: &mut Table, channel: &Channel) {
    let evidence = &channel.evidence;
    table.maybe("said", evidence.message.as_deref());
    table.maybe(
        "http status",
        evidence.http_status.map(|status| status.to_string()),
    );
    table.maybe("network code", evidence.network_code.as_deref());
    table.maybe("seen by", evidence.seen_by.as_deref());
    if !channel.missing_scopes.is_empty() {
        table.fact("missing", channel.missing_scopes.join(" "));
    }
}

fn tokens(table: &mut Table, channel: &Channel, now: UtcMs) {
    let token = &channel.token;
    table.fact(
        "token ends",
        ends(token.token_expires_at, token.token_expiry, now),
    );
    table.fact(
        "login ends",
        ends(token.grant_expires_at, token.grant_expiry, now),
    );
    table.fact("last refresh", maybe_ago(token.last_refreshed_at, now));
    table.fact(
        "last refresh try",
        maybe_ago(token.last_refresh_attempt_at, now),
    );
    table.maybe("refresh error", token.last_refresh_error.as_deref());
}

/// An end date: a date, an estimate, "does not end" and "unknown" are four
/// different things.
fn ends(at: Option<UtcMs>, expiry: Expiry, now: UtcMs) -> Cell {
    match (expiry, at) {
        (Expiry::Never, _) => "does not end".into(),
        (Expiry::Date, Some(at)) => ago(at, now),
        (Expiry::Estimated, Some(at)) => ago(at, now).followed_by(" (estimated)"),
        _ => "unknown".into(),
    }
}

/// Prints what happened to a channel.
pub async fn history(context: &Context, text: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, text).await?;
    let rows = views::history(&hub, &id, HISTORY).await?;
    let now = context.now();
    let mut table = Table::new(
        &[
            "when", "kind", "status", "cause", "text", "http", "code", "by",
        ],
        "Nothing happened yet.",
    );
    for line in &rows {
        let row = &line.row;
        let evidence = &row.evidence;
        table.row(vec![
            ago(row.at, now),
            row.kind.as_str().into(),
            row.status.name().into(),
            row.cause.name().into(),
            row.text.as_str().into(),
            evidence
                .http_status
                .map(|status| status.to_string())
                .unwrap_or_default()
                .into(),
            evidence.network_code.as_deref().unwrap_or_default().into(),
            line.by_name.as_deref().unwrap_or_default().into(),
        ]);
    }
    let json: Vec<_> = rows.iter().map(HistoryJson::from).collect();
    context.output.list(&json, &table)?;
    Ok(Exit::Done)
}
