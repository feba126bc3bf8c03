//! `post plan`: what becomes of a channel's late and missed posts.

use std::collections::HashMap;

use serde::Serialize;

use super::super::context::Context;
use super::super::output::table::Look;
use super::super::output::{Cell, Exit, Failure, Table};
use super::super::words::{beginning, span, time};
use crate::domain::ids::{ChannelId, DeliveryId};
use crate::ops::release::{ReleasePlan, plan};
use crate::ops::views::{self, DeliveryView, QueueFilter};
use crate::ops::{Hub, Scope};
use crate::support::time::UtcMs;

/// A release plan as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct PlanJson {
    pub channel_id: ChannelId,
    pub on_time: Vec<DeliveryId>,
    pub late: Vec<DeliveryId>,
    pub missed: Vec<DeliveryId>,
    pub retried: Vec<DeliveryId>,
    pub looked_up: Vec<DeliveryId>,
    pub wait_until: Option<UtcMs>,
}

impl From<&ReleasePlan> for PlanJson {
    fn from(plan: &ReleasePlan) -> Self {
        let plan = plan.clone();
        Self {
            channel_id: plan.channel,
            on_time: plan.on_time,
            late: plan.late,
            missed: plan.missed,
            retried: plan.retried,
            looked_up: plan.looked_up,
            wait_until: plan.wait_until,
        }
    }
}

/// `post plan`
pub async fn run(context: &Context, channel: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let id = context.channel(&hub, channel).await?;
    let plan = plan(&hub, &id).await?;
    let table = table(&hub, &plan).await?;
    context.output.one(&PlanJson::from(&plan), &table)?;
    if context.output.shape == super::super::output::Shape::Table {
        context.output.progress(&sentence(&plan));
    }
    Ok(Exit::Done)
}

async fn table(hub: &Hub, plan: &ReleasePlan) -> Result<Table, Failure> {
    let filter = QueueFilter {
        scope: Scope::All,
        channel: Some(plan.channel.clone()),
        ..QueueFilter::default()
    };
    let views: HashMap<DeliveryId, DeliveryView> = views::queue(hub, filter)
        .await?
        .into_iter()
        .map(|view| (view.delivery.id.clone(), view))
        .collect();
    let groups = [
        ("on time", Look::Good, &plan.on_time),
        ("late", Look::Warn, &plan.late),
        ("missed", Look::Bad, &plan.missed),
        ("tried again", Look::Warn, &plan.retried),
        ("looked up", Look::Warn, &plan.looked_up),
    ];
    let mut table = Table::new(&["then", "was due", "late", "text", "id"], "Nothing waits.");
    for (word, look, ids) in groups {
        for view in ids.iter().filter_map(|id| views.get(id)) {
            let delivery = &view.delivery;
            table.row(vec![
                Cell::new(word, look),
                time(delivery.due, &delivery.timezone),
                view.late_by.map(span).unwrap_or_default().into(),
                beginning(&view.text, 40).into(),
                delivery.id.as_str().into(),
            ]);
        }
    }
    Ok(table)
}

/// The plan in numbers: what needs no hand first.
pub fn sentence(plan: &ReleasePlan) -> String {
    let mut parts = vec![format!("{} on time", plan.on_time.len())];
    let rest = [
        (plan.late.len(), "late, sent one after the other"),
        (plan.missed.len(), "missed, not sent unless you say so"),
        (plan.retried.len(), "tried again"),
        (plan.looked_up.len(), "looked up again"),
    ];
    parts.extend(
        rest.iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{n} {what}")),
    );
    format!("{}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_said_in_numbers() {
        let id = |n: u8| DeliveryId::from_stored(format!("dlv_{n}"));
        let plan = ReleasePlan {
            channel: ChannelId::from_stored("soc_1"),
            on_time: vec![id(1), id(2)],
            late: vec![id(3)],
            missed: Vec::new(),
            retried: Vec::new(),
            looked_up: Vec::new(),
            wait_until: None,
        };
        assert_eq!(
            sentence(&plan),
            "2 on time, 1 late, sent one after the other."
        );
        crate::cli::json::tests::assert_keys(
            &PlanJson::from(&plan),
            "channelId, onTime, late, missed, retried, lookedUp, waitUntil",
        );
    }
}
