//! `handover`: what broke, healed and is open, for whoever comes next.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::hub::Handover as Command;
use super::context::Context;
use super::json::AsideJson;
use super::output::{Exit, Failure, Shape};
use crate::domain::ids::DeliveryId;
use crate::domain::words::Wall;
use crate::ops::handover::{Handover, Turned, handover, name_of};
use crate::ops::workspaces;
use crate::support::time::UtcMs;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HandoverJson {
    since: UtcMs,
    channels: usize,
    healthy: usize,
    broke: Vec<TurnedJson>,
    healed: Vec<TurnedJson>,
    went_out: u64,
    failed: u64,
    more: bool,
    open: Vec<OpenJson>,
    theirs: Vec<String>,
    due_soon: u64,
    more_due: bool,
    next_due_at: Option<UtcMs>,
    at_risk: Vec<DeliveryId>,
}

#[derive(Serialize)]
struct TurnedJson {
    channel: String,
    at: UtcMs,
    said: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenJson {
    kind: &'static str,
    text: String,
    first: Vec<String>,
    commands: Vec<String>,
    set_aside: Option<AsideJson>,
}

/// Prints what there is to hand over.
///
/// # Errors
/// What `ops` refuses, and a time that is none.
pub async fn run(context: &Context, command: &Command) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let zone = TimeZone::system();
    let since = context.instant(command.since.as_deref(), zone.iana_name().unwrap_or("UTC"))?;
    let told = handover(&hub, &scope, since).await?;
    let wall = Wall {
        now: context.now(),
        zone,
    };
    if context.output.shape == Shape::Json {
        context.output.json(&json(&told, &wall))?;
    } else {
        let of = name_of(&scope, &workspaces::list(&hub).await?);
        context.output.text(&told.lines(&of, &wall).join("\n"))?;
    }
    Ok(Exit::Done)
}

fn json(told: &Handover, wall: &Wall) -> HandoverJson {
    let turned = |rows: &[Turned]| {
        rows.iter()
            .map(|row| TurnedJson {
                channel: row.name.clone(),
                at: row.at,
                said: row.said.clone(),
            })
            .collect()
    };
    let open = told.open(wall).into_iter();
    HandoverJson {
        since: told.since,
        channels: told.walk.channels,
        healthy: told.walk.healthy,
        broke: turned(&told.broke),
        healed: turned(&told.healed),
        went_out: told.went_out,
        failed: told.failed,
        more: told.more,
        open: open
            .map(|item| OpenJson {
                kind: item.kind,
                text: item.text,
                first: item.first,
                commands: item.commands,
                set_aside: item.aside.as_ref().map(AsideJson::from),
            })
            .collect(),
        theirs: told.theirs.clone(),
        due_soon: told.due,
        more_due: told.more_due,
        next_due_at: told.next,
        at_risk: told
            .at_risk
            .iter()
            .map(|view| view.delivery.id.clone())
            .collect(),
    }
}
