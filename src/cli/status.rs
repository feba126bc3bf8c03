//! `status`: how things stand, in a few lines or in one.

use super::args::hub::Status;
use super::context::Context;
use super::json::StatusJson;
use super::output::table::Look;
use super::output::{Cell, Exit, Failure, Shape, Table};
use super::publisher;
use super::words::{ago, count, span};
use crate::ops::views::{StatusView, status};

/// Prints how things stand.
///
/// # Errors
/// What `ops::views` refuses.
pub async fn run(context: &Context, command: &Status) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let view = status(&hub, &scope).await?;
    if command.oneline && context.output.shape != Shape::Json {
        context.output.text(&one_line(context, &view))?;
    } else {
        context
            .output
            .one(&StatusJson::from(&view), &table(context, &view))?;
    }
    Ok(Exit::Done)
}

/// For a status bar: what is red first, then what waits, then what comes.
fn one_line(context: &Context, view: &StatusView) -> String {
    let marks = if context.output.ascii {
        ["x", "!", "+"]
    } else {
        ["\u{2716}", "\u{25b2}", "\u{25cf}"]
    };
    let lamps = [view.lamps.broken, view.lamps.attention, view.lamps.green];
    let mut parts: Vec<String> = marks
        .iter()
        .zip(lamps)
        .map(|(mark, n)| format!("{mark} {n}"))
        .collect();
    let waiting = [
        (view.held, "held"),
        (view.missed, "missed"),
        (view.needs_decision, "to decide"),
        (view.failed, "failed"),
    ];
    parts.extend(
        waiting
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}")),
    );
    if let Some(at) = view.next_due {
        let now = context.now();
        parts.push(if at > now {
            format!("next in {}", span(at.since(now)))
        } else {
            "next is due".into()
        });
    }
    if !view.publisher.running || view.publisher.silent {
        parts.push(publisher::words(&view.publisher));
    }
    parts.join("  ")
}

fn table(context: &Context, view: &StatusView) -> Table {
    let now = context.now();
    let mut table = Table::facts();
    let who = Cell::new(
        publisher::words(&view.publisher),
        if view.publisher.running && !view.publisher.silent {
            Look::Good
        } else {
            Look::Bad
        },
    );
    table.fact("publisher", who);
    table.fact("broken", number(view.lamps.broken, Look::Bad));
    table.fact("attention", number(view.lamps.attention, Look::Warn));
    table.fact("green", number(view.lamps.green, Look::Good));
    table.fact("queued", view.queued.to_string());
    table.fact("held", number(view.held, Look::Bad));
    table.fact("missed", number(view.missed, Look::Bad));
    table.fact("to decide", number(view.needs_decision, Look::Warn));
    table.fact("failed", number(view.failed, Look::Bad));
    table.maybe("next due", view.next_due.map(|at| ago(at, now)));
    for incident in &view.incidents {
        table.fact("incident", incident.text.as_str());
    }
    if view.unread > 0 {
        table.fact(
            "notices",
            format!("{} unread", count(view.unread, "notice")),
        );
    }
    table
}

fn number(n: u64, look: Look) -> Cell {
    Cell::new(n.to_string(), if n > 0 { look } else { Look::Plain })
}
