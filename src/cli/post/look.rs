//! Looking at posts: the queue as a list, and one post in full.

use std::collections::HashMap;

use super::super::args::post::List;
use super::super::context::Context;
use super::super::json::{DeliveryJson, MediaJson, PostJson};
use super::super::output::{Cell, Exit, Failure, Table};
use super::super::words::{beginning, span, state, time};
use crate::domain::delivery::Shown;
use crate::domain::filter::{Filter, OF_POSTS};
use crate::domain::ids::PostId;
use crate::ops::names::{self, PostOrDelivery};
use crate::ops::views::{self, DeliveryView, QueueFilter};
use crate::ops::{Hub, Scope};
use crate::support::time::UtcMs;

/// `post list`
pub async fn list(context: &Context, command: &List) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    let scope = context.scope(&hub).await?;
    let zone = zone(&hub, &scope).await?;
    let (from, until) = match &command.on {
        Some(date) => day(date, &zone)?,
        None => (
            context.instant(command.due_after.as_deref(), &zone)?,
            context.instant(command.due_before.as_deref(), &zone)?,
        ),
    };
    let channel = match &command.channel {
        Some(text) => Some(context.channel(&hub, text).await?),
        None => None,
    };
    let found = views::queue(
        &hub,
        QueueFilter {
            // A channel names its own workspace.
            scope: if channel.is_some() { Scope::All } else { scope },
            channel,
            states: command.state.into_iter().collect(),
            from,
            until,
            filter: filter(command.filter.as_deref())?,
            limit: command.limit,
            ..QueueFilter::default()
        },
    )
    .await?;
    let json = json(&hub, &found).await?;
    context.output.list(&json, &table(&found))?;
    Ok(Exit::Done)
}

fn filter(text: Option<&str>) -> Result<Filter, Failure> {
    Filter::parse(text.unwrap_or_default(), OF_POSTS).map_err(|error| {
        let hint = "For example: --filter 'felt !shop net:ig state:held due:<2d'";
        Failure::usage("bad_filter", format!("{error}."), hint)
    })
}

/// Deliveries as a table; the order of columns is part of the contract.
pub fn table(found: &[DeliveryView]) -> Table {
    let mut table = Table::new(
        &["state", "due", "channel", "text", "reason", "id", "post"],
        "Nothing here. Write a post with: allgreen post create --to CHANNEL --text TEXT",
    );
    for view in found {
        let delivery = &view.delivery;
        table.row(vec![
            state(view.shown),
            due(view),
            name(view).into(),
            beginning(&view.marked_text(), 40).into(),
            reason(view).into(),
            delivery.id.as_str().into(),
            delivery.post_id.as_str().into(),
        ]);
    }
    table
}

/// When it is due; a draft is not.
fn due(view: &DeliveryView) -> Cell {
    if view.shown == Shown::Draft {
        return Cell::both("\u{2013}", "");
    }
    time(view.delivery.due, &view.delivery.timezone)
}

/// `acme/bs:@acme.example`
pub fn name(view: &DeliveryView) -> String {
    format!(
        "{}/{}:@{}",
        view.workspace_slug,
        view.channel_kind.network().short(),
        view.delivery.handle
    )
}

/// Why it is not going out as planned: the badge, the error, the lateness.
fn reason(view: &DeliveryView) -> String {
    // Seconds are the way of the network, not lateness.
    let late = view
        .late_by
        .filter(|late| late.as_secs() >= 60)
        .map(|late| format!("{} late", span(late)))
        .unwrap_or_default();
    let why = match (view.blocker, &view.delivery.last_error) {
        (Some(blocker), _) => blocker.words().to_owned(),
        (None, Some(error)) => error
            .evidence
            .message
            .clone()
            .unwrap_or_else(|| error.class.name().to_owned()),
        (None, None) => view.delivery.permalink.clone().unwrap_or_default(),
    };
    match (why.is_empty(), late.is_empty()) {
        (false, false) => format!("{why}, {late}"),
        _ => why + &late,
    }
}

/// Deliveries with the media of their posts.
pub async fn json(hub: &Hub, found: &[DeliveryView]) -> Result<Vec<DeliveryJson>, Failure> {
    let mut media: HashMap<PostId, Vec<MediaJson>> = HashMap::new();
    let mut list = Vec::with_capacity(found.len());
    for view in found {
        let post = &view.delivery.post_id;
        if view.media_count > 0 && !media.contains_key(post) {
            let whole = views::post(hub, post).await?;
            let of_post = whole.media.iter().map(MediaJson::from).collect();
            media.insert(post.clone(), of_post);
        }
        let of_post = media.get(post).cloned().unwrap_or_default();
        list.push(DeliveryJson::new(view, of_post));
    }
    Ok(list)
}

/// `post show`
pub async fn show(context: &Context, text: &str) -> Result<Exit, Failure> {
    let hub = context.hub().await?;
    match names::post(&hub, text).await? {
        PostOrDelivery::Post(id) => {
            let view = views::post(&hub, &id).await?;
            let mut facts = Table::facts();
            facts.fact("post", view.post.id.as_str());
            facts.fact("text", view.post.text.as_str());
            for medium in &view.media {
                facts.fact(
                    "media",
                    format!(
                        "{} {} \u{201c}{}\u{201d}",
                        medium.name, medium.mime, medium.alt
                    ),
                );
            }
            if let Some(card) = &view.post.options.link_card {
                facts.fact("card", format!("{} {}", card.url, card.title));
            }
            for delivery in &view.deliveries {
                for (field, value) in summary(delivery) {
                    facts.fact(field, value);
                }
            }
            context.output.one(&PostJson::from(&view), &facts)?;
        }
        PostOrDelivery::Delivery(id) => {
            let view = super::delivery(&hub, &id).await?;
            let json = json(&hub, std::slice::from_ref(&view)).await?;
            let mut facts = Table::facts();
            for (field, value) in summary(&view) {
                facts.fact(field, value);
            }
            if view.delivery.part_no == 1 {
                facts.fact("text", view.text.as_str());
            }
            facts.fact("post", view.delivery.post_id.as_str());
            facts.fact("attempts", view.delivery.attempt_no.to_string());
            if let [one] = json.as_slice() {
                context.output.one(one, &facts)?;
            }
        }
    }
    Ok(Exit::Done)
}

fn summary(view: &DeliveryView) -> Vec<(&'static str, Cell)> {
    let delivery = &view.delivery;
    let mut lines = vec![
        ("delivery", delivery.id.as_str().into()),
        ("channel", name(view).into()),
        ("state", state(view.shown)),
        ("due", due(view)),
    ];
    if view.parts > 1 {
        let part = format!("{} of {}", delivery.part_no, view.parts);
        lines.push(("part", part.into()));
        if delivery.part_no > 1 {
            lines.push(("text", view.text.as_str().into()));
        }
    }
    if let Some(upload) = view.upload {
        let (percent, medium) = (upload.percent(), upload.medium);
        lines.push(("upload", format!("medium {medium}: {percent} %").into()));
    }
    let reason = reason(view);
    if !reason.is_empty() {
        lines.push(("reason", reason.into()));
    }
    lines
}

/// The zone times are meant in: the workspace's, or UTC over several.
pub async fn zone(hub: &Hub, scope: &Scope) -> Result<String, Failure> {
    match scope {
        Scope::Workspace(id) => Ok(crate::ops::workspaces::show(hub, id)
            .await?
            .workspace
            .timezone),
        Scope::All => Ok("UTC".into()),
    }
}

/// A whole day in a zone.
fn day(date: &str, zone: &str) -> Result<(Option<UtcMs>, Option<UtcMs>), Failure> {
    let wrong = || {
        Failure::usage(
            "bad_date",
            format!("\"{date}\" is not a date."),
            "Write it as 2026-11-24.",
        )
    };
    let date: jiff::civil::Date = date.parse().map_err(|_| wrong())?;
    let start = |date: jiff::civil::Date| {
        date.in_tz(zone)
            .map(|start| UtcMs::from(start.timestamp()))
            .map_err(|_| wrong())
    };
    let next = date.tomorrow().map_err(|_| wrong())?;
    Ok((Some(start(date)?), Some(start(next)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_lasts_from_midnight_to_midnight_where_the_workspace_is() {
        let (from, until) = day("2026-03-29", "Europe/Berlin").unwrap();
        assert_eq!(from.unwrap().to_string(), "2026-03-28T23:00:00Z");
        // The clocks go forward that night: the day has 23 hours.
        assert_eq!(until.unwrap().to_string(), "2026-03-29T22:00:00Z");
        assert!(day("29.3.2026", "UTC").is_err());
    }
}
