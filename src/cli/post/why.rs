//! `post why`: did it go out, will it, and why, in one plain dated sentence.

use serde::Serialize;

use super::super::args::post::Why;
use super::super::context::Context;
use super::super::json::DeliveryJson;
use super::super::output::{Exit, Failure, Shape};
use super::super::words::local;
use super::look;
use crate::domain::ids::DeliveryId;
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::{Hub, Scope, views};
use crate::support::time::UtcMs;

/// The answer as `--json` prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WhyJson {
    verdict: &'static str,
    sentence: String,
    events: Vec<EventJson>,
    delivery: DeliveryJson,
}

#[derive(Clone, Debug, Serialize)]
struct EventJson {
    at: UtcMs,
    text: String,
}

/// Prints the answer for one delivery, or for each of a post.
pub async fn run(context: &Context, question: &Why) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let (answers, many) = match (&question.id, &question.channel, &question.at) {
        (None, Some(channel), Some(at)) => {
            let id = context.channel(&hub, channel).await?;
            let workspace = views::channel(&hub, &id)
                .await?
                .summary
                .channel
                .workspace_id;
            let zone = look::zone(&hub, &Scope::Workspace(workspace)).await?;
            let at = context.instant(Some(at), &zone)?.unwrap_or_default();
            (vec![views::why_at(&hub, &id, at).await?], false)
        }
        _ => {
            let text = question.id.as_deref().unwrap_or_default();
            match names::post(&hub, text).await? {
                PostOrDelivery::Delivery(id) => (vec![views::why(&hub, &id).await?], false),
                PostOrDelivery::Post(id) => {
                    let mut all = Vec::new();
                    for delivery in views::post(&hub, &id).await?.deliveries {
                        all.push(views::why(&hub, &delivery.delivery.id).await?);
                    }
                    (all, true)
                }
            }
        }
    };
    if context.output.shape == Shape::Json {
        let mut list = Vec::new();
        for answer in &answers {
            list.push(json(&hub, answer).await?);
        }
        match (many, list.as_slice()) {
            (false, [one]) => context.output.json(one)?,
            (_, all) => context.output.json(all)?,
        }
    } else {
        for answer in &answers {
            context.output.text(&story(answer))?;
        }
    }
    Ok(Exit::Done)
}

async fn json(hub: &Hub, answer: &views::Why) -> Result<WhyJson, Failure> {
    let delivery = look::json(hub, std::slice::from_ref(&answer.delivery)).await?;
    let Some(delivery) = delivery.into_iter().next() else {
        return Err(missing(&answer.delivery.delivery.id));
    };
    Ok(WhyJson {
        verdict: answer.verdict,
        sentence: answer.sentence.clone(),
        events: answer
            .events
            .iter()
            .map(|(at, text)| EventJson {
                at: *at,
                text: text.clone(),
            })
            .collect(),
        delivery,
    })
}

fn missing(id: &DeliveryId) -> Failure {
    Failure::new(
        Exit::NotFound,
        "not_found",
        format!("There is no delivery {id}."),
        "List posts with: allgreen post list",
    )
}

/// The sentence, and below it what happened.
fn story(answer: &views::Why) -> String {
    let zone = &answer.delivery.delivery.timezone;
    let mut lines = vec![answer.sentence.clone()];
    lines.extend(
        answer
            .events
            .iter()
            .map(|(at, text)| format!("  {}  {text}", local(*at, zone))),
    );
    lines.join("\n")
}
